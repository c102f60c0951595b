/*
 * fuzz_settings.c - base/settings.h: the settings file.
 *
 * For any file, the resulting values are within the documented ranges, and there is a problem in
 * words exactly when the status says so.
 */
#include "base/settings.h"
#include "fuzz_file.h"

#define MESSAGE_MAX 1000

static void on_error(void *arg, const char *message)
{
    unsigned *problems = arg;
    FUZZ_CHECK(fuzz_words_ok(message, MESSAGE_MAX));
    (*problems)++;
}

static bool text_ok(const char *text, size_t max)
{
    return text[0] == '\0' || fuzz_words_ok(text, max);
}

static bool path_ok(const char *path, size_t max)
{
    return text_ok(path, max) && (path[0] == '\0' || path[0] == '/');
}

static void check_texts(const struct sw_settings *s)
{
    FUZZ_CHECK(path_ok(s->redis_socket, 108)); /* sun_path of unix(7) */
    FUZZ_CHECK(fuzz_words_ok(s->redis_host, SW_TEXT_MAX) && !strchr(s->redis_host, ' '));
    FUZZ_CHECK(fuzz_words_ok(s->redis_prefix, SW_TEXT_MAX) && !strchr(s->redis_prefix, ' '));
    FUZZ_CHECK(fuzz_words_ok(s->resolver_id, SW_TEXT_MAX) && !strchr(s->resolver_id, ' '));
    FUZZ_CHECK(text_ok(s->redis_user, SW_TEXT_MAX) && text_ok(s->redis_password, SW_TEXT_MAX));
    FUZZ_CHECK(path_ok(s->redis_password_file, SW_PATH_MAX));
    FUZZ_CHECK(path_ok(s->asn_mmdb[0], SW_PATH_MAX) && path_ok(s->owner_mmdb[0], SW_PATH_MAX));
    FUZZ_CHECK(text_ok(s->asn_field, SW_TEXT_MAX) && text_ok(s->org_field, SW_TEXT_MAX));
    FUZZ_CHECK(text_ok(s->registrant_field, SW_TEXT_MAX) && text_ok(s->netname_field, SW_TEXT_MAX));
    FUZZ_CHECK(text_ok(s->country_field, SW_TEXT_MAX));
    FUZZ_CHECK(text_ok(s->asn_class_field, SW_TEXT_MAX));
    FUZZ_CHECK(text_ok(s->owner_class_field, SW_TEXT_MAX));
    FUZZ_CHECK(path_ok(s->class_table[0], SW_PATH_MAX));
    FUZZ_CHECK(path_ok(s->event_file, SW_PATH_MAX));
}

static void check_values(const struct sw_settings *s)
{
    FUZZ_CHECK(s->redis_port > 0 && s->redis_timeout_ms >= 50 && s->redis_timeout_ms <= 60000);
    FUZZ_CHECK(s->mmdb_check_s >= 1 && s->history_max >= 1 && s->history_days >= 1);
    FUZZ_CHECK(s->tracked_max <= 10000000 && s->backlog_max <= 100000000);
    FUZZ_CHECK(s->ring_kib >= 16 && s->ring_kib <= 1048576);
    FUZZ_CHECK(s->sinkhole4.family == 0 || (s->sinkhole4.family == 4 && s->sinkhole4.plen == 32));
    FUZZ_CHECK(s->sinkhole6.family == 0 || (s->sinkhole6.family == 6 && s->sinkhole6.plen == 128));
    FUZZ_CHECK(s->cname.len != 1 && s->cname.len == sw_name_size(s->cname.wire, s->cname.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sw_settings settings;
    char path[FUZZ_PATH_MAX];
    unsigned problems = 0;
    int fd = fuzz_file(data, size, path);
    enum sw_status status = sw_settings_read(path, &settings, on_error, &problems);
    close(fd);
    FUZZ_CHECK(status == (problems == 0 ? SW_OK : SW_EINVAL));
    check_texts(&settings);
    check_values(&settings);
    return 0;
}
