/*
 * fuzz_notice.c - cli/notify/notice.h: an entry of a stream, as a notice for people and programs.
 *
 * The first line is the id of the entry, the rest the object. For any octets: type and id have the
 * safe characters only, the summary as well, and the JSON is one object in printable ASCII without
 * characters of markup, with the same document inside (D-189).
 */
#include "cli/notify/notice.h"
#include "fuzz.h"

#define TYPE_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

static void check_json(const struct notice *notice)
{
    size_t len = 0;
    char *json = notice_json(notice, 0, &len);
    FUZZ_CHECK(json && strlen(json) == len);
    for (const char *c = json; *c; c++)
        FUZZ_CHECK(*c >= 0x20 && *c < 0x7f && !strchr("<>&'`", *c));
    json_t *object = json_loadb(json, len, JSON_ALLOW_NUL, NULL);
    FUZZ_CHECK(json_equal(json_object_get(object, "document"), notice->document));
    FUZZ_CHECK(strcmp(json_string_value(json_object_get(object, "id")), notice->id) == 0);
    json_decref(object);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t rest, line = fuzz_line(data, size, &rest);
    char *id = calloc(line + 1, 1), *text = fuzz_copy(data + rest, size - rest);
    char types[] = "woke events-lost", lists[] = "carbanak ads";
    const struct notify_target all = {.severity = 0};
    const struct notify_target some = {.severity = 50, .types = types, .lists = lists};
    struct notice notice;
    FUZZ_CHECK(id != NULL);
    memcpy(id, data, line);
    if (notice_read(&notice, "anomalies", id, text, size - rest)) {
        FUZZ_CHECK(notice.type[0] && notice.type[strspn(notice.type, TYPE_CHARS)] == '\0');
        FUZZ_CHECK(strspn(notice.id + strlen("anomalies-"), "0123456789-") == strlen(id));
        FUZZ_CHECK(fuzz_words_ok(notice.summary, NOTICE_SUMMARY_MAX));
        FUZZ_CHECK(!strpbrk(notice.summary, "<>&'`\"$|!*[]{}\\"));
        FUZZ_CHECK(notice.severity <= 100 && notice_wanted(&notice, &all));
        FUZZ_CHECK(notice_is_news(&notice, "anomalies"));
        notice_wanted(&notice, &some);
        check_json(&notice);
        notice_free(&notice);
    }
    free(id);
    free(text);
    return 0;
}
