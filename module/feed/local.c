/* local.c - see local.h. */
#include "feed/local.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "feed/feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPIRE_ALL 4096 /* indicators removed by a call; nothing waits at start */

/* ---- start ---- */

static enum sw_status refuse(char why[SW_WHY_MAX], const char *words)
{
    snprintf(why, SW_WHY_MAX, "%s", words);
    return SW_EFORMAT;
}

/* The file has to belong to this user with no access for others: it holds the key of the hashes. */
static enum sw_status check_owner(int fd, char why[SW_WHY_MAX])
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return refuse(why, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return refuse(why, "no regular file");
    if (st.st_uid != geteuid()) {
        snprintf(why, SW_WHY_MAX, "the file belongs to user %u, not to this user (%u)",
                 (unsigned)st.st_uid, (unsigned)geteuid());
        return SW_EFORMAT;
    }
    if (st.st_mode & 077) {
        snprintf(why, SW_WHY_MAX, "others may read or write the file (mode %04o); must be 0600",
                 (unsigned)st.st_mode & 07777);
        return SW_EFORMAT;
    }
    return SW_OK;
}

/* The note of a file: an object with the members `prefix`, equal to the settings', and `lists`. */
static enum sw_status read_note(const struct sw_settings *settings,
                                const struct sw_image_found *found, json_t **note,
                                char why[SW_WHY_MAX])
{
    *note = json_loadb(found->note, found->note_len, 0, NULL);
    const char *prefix = json_string_value(json_object_get(*note, "prefix"));
    if (!prefix || !json_is_array(json_object_get(*note, "lists")))
        return refuse(why, "inconsistent: the note");
    if (strcmp(prefix, settings->redis_prefix) != 0)
        return refuse(why, "of another redis-prefix");
    return SW_OK;
}

static enum sw_status load(const struct sw_settings *settings, int fd, struct sw_local_start *start)
{
    struct sw_image_found found = {.index = NULL};
    enum sw_status status = check_owner(fd, start->refused);
    if (status == SW_OK)
        status = sw_image_load(fd, &found, start->refused);
    if (status != SW_OK)
        return status;
    status = read_note(settings, &found, &start->note, start->refused);
    free(found.note);
    if (status != SW_OK) {
        sw_index_free(found.index);
        sw_local_forget(start);
        return status;
    }
    start->index = found.index;
    start->written_us = found.written_us;
    return SW_OK;
}

static size_t indicators(const struct sw_index *index, size_t *lists)
{
    sw_list_id ids[SW_LISTS_MAX];
    size_t n = 0;

    *lists = sw_index_lists(index, ids, SW_LISTS_MAX);
    for (size_t i = 0; i < *lists; i++)
        n += sw_index_count(index, ids[i]);
    return n;
}

void sw_local_open(const struct sw_settings *settings, int64_t wall_us,
                   struct sw_local_start *start)
{
    const char *path = settings->snapshot_file;
    int64_t began = sw_clock_mono_us();
    char text[SW_TIMETEXT_MAX];
    size_t lists, n;
    *start = (struct sw_local_start){.index = NULL};
    if (!path[0])
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        sw_log(SW_LOG_INFO, "snapshot %s: none yet; lists come from Redis", path);
        return;
    }
    if (fd < 0)
        snprintf(start->refused, SW_WHY_MAX, "open: %s", strerror(errno));
    else
        (void)load(settings, fd, start);
    if (fd >= 0)
        close(fd);
    if (!start->index) {
        if (!start->refused[0])
            snprintf(start->refused, SW_WHY_MAX, "out of memory");
        sw_log(SW_LOG_ERROR, "snapshot %s refused: %s; lists come from Redis", path,
               start->refused);
        return;
    }
    while (sw_index_expire(start->index, (uint32_t)(wall_us / 1000000), EXPIRE_ALL, NULL, NULL) ==
           EXPIRE_ALL)
        continue;
    n = indicators(start->index, &lists);
    sw_log(SW_LOG_INFO,
           "%zu lists with %zu indicators in force, from snapshot %s of %s (%lld s old), in %lld "
           "ms",
           lists, n, path, sw_time_text(start->written_us, text),
           (long long)(wall_us - start->written_us) / 1000000,
           (long long)(sw_clock_mono_us() - began) / 1000);
}

void sw_local_forget(struct sw_local_start *start)
{
    json_decref(start->note);
    start->note = NULL;
}

/* ---- the note ---- */

static json_t *list_note(const struct sw_list *list)
{
    char read_at[SW_STREAMID_MAX];
    return json_pack("{s:s, s:s#, s:I, s:I, s:I, s:b, s:b, s:s}", "name", list->name, "policy",
                     list->policy_text ? list->policy_text : "", list->policy_len, "refused",
                     (json_int_t)list->refused, "expired", (json_int_t)list->expired, "surplus",
                     (json_int_t)list->surplus, "unread", list->unread, "lost", list->lost,
                     "read_at", sw_stream_id_text(&list->read_at, read_at));
}

/* The note for the file. While the stream cannot be followed, the member `server` is empty: then a
 * start from the file begins with a full load. NULL: no memory, or a policy that is no UTF-8. */
static char *make_note(const struct sw_feed *feed)
{
    char at[SW_STREAMID_MAX];
    json_t *lists = json_array();
    json_t *note = json_pack("{s:s, s:s, s:s, s:I, s:o}", "prefix", feed->settings->redis_prefix,
                             "server", feed->stream_ok ? feed->server : "", "position",
                             sw_stream_id_text(&feed->position.id, at), "added",
                             (json_int_t)feed->position.added, "lists", lists);
    bool ok = note != NULL;
    for (size_t i = 0; ok && i < feed->lists.n; i++) {
        if (feed->lists.list[i]->held)
            ok = json_array_append_new(lists, list_note(feed->lists.list[i])) == 0;
    }
    char *text = ok ? json_dumps(note, JSON_COMPACT) : NULL;
    json_decref(note);
    return text;
}

static bool id_from(const json_t *object, const char *name, struct sw_stream_id *out)
{
    const json_t *text = json_object_get(object, name);
    return json_is_string(text) &&
           sw_stream_id_parse(json_string_value(text), json_string_length(text), out) == SW_OK;
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* Create the feeder's entry for a list of the index. */
static bool adopt_list(struct sw_feed *feed, const json_t *note)
{
    const char *name = json_string_value(json_object_get(note, "name"));
    const json_t *policy = json_object_get(note, "policy");
    struct sw_policy parsed;
    char why[SW_WHY_MAX];
    sw_list_id id;

    if (!name || !json_is_string(policy) || sw_index_list_find(feed->index, name, &id) != SW_OK ||
        sw_policy_parse(name, json_string_value(policy), json_string_length(policy), &parsed,
                        why) != SW_OK)
        return false;
    struct sw_list *list = sw_lists_get(&feed->lists, name);
    if (!list || list->held)
        return false;
    list->policy_len = json_string_length(policy);
    list->policy_text = strndup(json_string_value(policy), list->policy_len);
    list->held = true;
    list->id = id;
    list->effect = sw_effect_of(&parsed);
    list->unread = json_is_true(json_object_get(note, "unread"));
    list->lost = json_is_true(json_object_get(note, "lost")) && feed->settings->keep_lists;
    list->refused = (uint64_t)number(note, "refused");
    list->expired = (uint64_t)number(note, "expired");
    list->surplus = number(note, "surplus");
    return list->policy_text && id_from(note, "read_at", &list->read_at);
}

/* Create the feeder's entries for lists that are missing in the note, so that a load can drop such
 * lists. */
static bool adopt_others(struct sw_feed *feed)
{
    sw_list_id ids[SW_LISTS_MAX];
    size_t n = sw_index_lists(feed->index, ids, SW_LISTS_MAX);
    struct sw_view view = sw_index_view(feed->index);
    bool whole = true;

    for (size_t i = 0; i < n; i++) {
        const struct sw_policy *policy = sw_view_list(&view, ids[i]);
        struct sw_list *list = sw_lists_get(&feed->lists, policy->name);
        if (!list || list->held)
            continue;
        list->held = true;
        list->unread = true;
        list->id = ids[i];
        list->effect = sw_effect_of(policy);
        whole = false;
    }
    return whole;
}

void sw_local_adopt(struct sw_feed *feed, struct sw_local_start *start)
{
    const char *server = json_string_value(json_object_get(start->note, "server"));
    struct sw_local *local = &feed->local;
    size_t i;
    json_t *list;
    bool whole = true;
    memcpy(local->refused, start->refused, sizeof(local->refused));
    local->started_from_us = local->written_us = start->written_us;
    if (!start->note)
        return;
    json_array_foreach(json_object_get(start->note, "lists"), i, list)
    {
        whole = adopt_list(feed, list) && whole;
    }
    whole = adopt_others(feed) && whole;
    if (whole && server && server[0] && strlen(server) < sizeof(feed->server) &&
        id_from(start->note, "position", &feed->position.id)) {
        memcpy(feed->server, server, strlen(server) + 1);
        feed->position.added = (uint64_t)number(start->note, "added");
        feed->load_due = false;
        feed->tracked_due = true;
    }
    local->changes = sw_index_changes(feed->index);
    sw_local_forget(start);
}

void sw_local_is_current(struct sw_feed *feed)
{
    feed->local.loaded = true;
}

/* ---- writing ---- */

static enum sw_status failed(struct sw_local *local, const char *doing)
{
    snprintf(local->why, sizeof(local->why), "%s: %s", doing, strerror(errno));
    return SW_EIO;
}

/* fsync of the folder puts the new name on disk. */
static enum sw_status sync_folder(struct sw_local *local)
{
    char path[SW_PATH_MAX];
    enum sw_status status = SW_OK;
    snprintf(path, sizeof(path), "%s", local->path);
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(local, "opening the folder");
    if (fsync(fd) != 0)
        status = failed(local, "fsync of the folder");
    close(fd);
    return status;
}

static enum sw_status write_file(struct sw_local *local, int fd)
{
    enum sw_status status =
        sw_image_write(local->image, fd, local->note, strlen(local->note), local->writing_us);
    if (status == SW_EIO)
        return failed(local, "writing");
    if (status != SW_OK)
        snprintf(local->why, sizeof(local->why), "%s",
                 status == SW_ETOOBIG ? "the lists changed too fast" : sw_strerror(status));
    if (status == SW_OK && fsync(fd) != 0)
        return failed(local, "fsync");
    return status;
}

/* Write FILE.new and rename it to FILE. An old FILE.new, left by a crash, is removed first. */
static enum sw_status replace_file(struct sw_local *local)
{
    char temp[SW_PATH_MAX + 8];
    snprintf(temp, sizeof(temp), "%s.new", local->path);
    if (unlink(temp) != 0 && errno != ENOENT)
        return failed(local, "removing the former temporary file");
    int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(local, "creating it");
    enum sw_status status = write_file(local, fd);
    close(fd);
    if (status == SW_OK && rename(temp, local->path) != 0)
        status = failed(local, "renaming");
    if (status == SW_OK)
        return sync_folder(local);
    unlink(temp);
    return status;
}

static void *run(void *arg)
{
    struct sw_local *local = arg;
    local->status = replace_file(local);
    atomic_store_explicit(&local->stage, SW_LOCAL_WRITTEN, memory_order_release);
    return NULL;
}

static void note_problem(struct sw_feed *feed, const char *why)
{
    struct sw_local *local = &feed->local;
    if (strcmp(local->problem, why) == 0)
        return;
    snprintf(local->problem, sizeof(local->problem), "%s", why);
    feed->report_due = 0;
    if (why[0])
        sw_log(SW_LOG_ERROR, "snapshot %s: %s", feed->settings->snapshot_file, why);
}

static void begin(struct sw_feed *feed)
{
    struct sw_local *local = &feed->local;
    local->due = sw_clock_mono_us() + (int64_t)feed->settings->snapshot_s * 1000000;
    local->path = feed->settings->snapshot_file;
    local->writing_us = sw_feed_wall_us(feed);
    local->why[0] = '\0';
    local->note = make_note(feed);
    local->image = local->note ? sw_image_begin(feed->index) : NULL;
    local->changes = sw_index_changes(feed->index);
    atomic_store_explicit(&local->stage, SW_LOCAL_WRITING, memory_order_relaxed);
    if (local->image && sw_thread_start(&local->thread, "sw-snapshot", run, local))
        return;
    atomic_store_explicit(&local->stage, SW_LOCAL_IDLE, memory_order_relaxed);
    sw_image_end(local->image);
    free(local->note);
    local->image = NULL;
    local->note = NULL;
    local->changes = 0;
    note_problem(feed, "out of memory");
}

/* Writing is over: join the thread and take the result. */
static void finish(struct sw_feed *feed)
{
    struct sw_local *local = &feed->local;
    pthread_join(local->thread, NULL);
    sw_image_end(local->image);
    free(local->note);
    local->image = NULL;
    local->note = NULL;
    atomic_store_explicit(&local->stage, SW_LOCAL_IDLE, memory_order_relaxed);
    if (local->status == SW_OK) {
        local->written_us = local->writing_us;
        feed->report_due = 0;
    } else {
        local->changes = 0; /* due again after the interval */
    }
    if (local->status != SW_ECLOSED)
        note_problem(feed, local->status == SW_OK ? "" : local->why);
}

/* Whether a write is due: the index holds the lists of Redis at `position`, and differs from the
 * file. */
static bool is_due(const struct sw_feed *feed)
{
    return feed->settings->snapshot_file[0] && !feed->load_due && feed->local.loaded &&
           sw_index_changes(feed->index) != feed->local.changes &&
           sw_clock_mono_us() >= feed->local.due;
}

void sw_local_tick(struct sw_feed *feed)
{
    /* Acquire: pairs with run()'s release; status and why are set then. */
    int stage = atomic_load_explicit(&feed->local.stage, memory_order_acquire);

    if (stage == SW_LOCAL_WRITTEN)
        finish(feed);
    else if (stage == SW_LOCAL_IDLE && is_due(feed))
        begin(feed);
}

void sw_local_stop(struct sw_feed *feed)
{
    if (atomic_load_explicit(&feed->local.stage, memory_order_acquire) == SW_LOCAL_IDLE)
        return;
    sw_image_cancel(feed->local.image);
    finish(feed);
}

/* ---- status ---- */

static void set_time(json_t *object, const char *name, int64_t us)
{
    char text[SW_TIMETEXT_MAX];
    if (us != 0)
        json_object_set_new(object, name, json_string(sw_time_text(us, text)));
}

json_t *sw_local_json(const struct sw_feed *feed)
{
    const struct sw_local *local = &feed->local;
    json_t *object = json_object();
    json_object_set_new(object, "lists_from",
                        json_string(local->loaded            ? "redis"
                                    : local->started_from_us ? "snapshot"
                                                             : "none"));
    set_time(object, "started_from", local->started_from_us);
    set_time(object, "written", local->written_us);
    if (local->refused[0])
        json_object_set_new(object, "refused", json_string(local->refused));
    if (local->problem[0])
        json_object_set_new(object, "problem", json_string(local->problem));
    return object;
}
