/*
 * follow.c - the change stream: wait for entries, apply them in order, notice lost ones.
 *
 * Entries are applied in the order of the stream, but the hashes decide: an entry only says where
 * to look. After `policy`, `replace` and `drop` the list is read again. An indicator of `add` or
 * `remove` is skipped when the list's hash contradicts the entry (D-096). Either a later entry
 * undoes the change, or the hash never had the change: the writer may have the right to write to
 * the stream and not to the list. An entry that is not younger than the last full reading of the
 * list is already part of that reading.
 */
#include "base/clock.h"
#include "base/expires.h"
#include "base/log.h"
#include "feed/feeder.h"
#include "redis/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries in a batch. The whole batch needs a single sweep and a single report, so a large batch
 * helps a feeder that is behind. An entry may hold thousands of indicators, hence the limit. */
#define BATCH_MAX 256
#define NARROWER                                                                                   \
    16 /* the next batch is that many times smaller, after a reply that was too large */
#define ASK_MAX 20000 /* indicators with facts asked for ahead */

struct entry { /* borrowed from the XREAD reply */
    struct sw_stream_id id;
    const char *id_text;
    const redisReply *op;   /* NULL when missing */
    const redisReply *list; /* text, NULL when missing */
    const redisReply *fields;
    bool valid;        /* fields is an array of text */
    bool asked;        /* Redis was asked for the facts of the entry's indicators */
    redisReply *facts; /* the HMGET reply, freed with the batch; NULL: none */
};

static void refuse_entry(struct sw_feed *feed, const struct entry *entry, const char *why)
{
    sw_load_refuse(&feed->hooks, SW_REFUSED_ENTRY, "", entry->id_text, strlen(entry->id_text), why);
}

/* Parse an entry [id, [field, value, ...]]; false when there is not even an id. */
static bool read_entry(const redisReply *reply, struct entry *out)
{
    struct entry entry = {.valid = false};
    if (!sw_reply_is_array(reply, 2))
        return false;
    const redisReply *id = reply->element[0];
    entry.fields = reply->element[1];
    if (!sw_reply_is_text(id) || sw_stream_id_parse(id->str, id->len, &entry.id) != SW_OK)
        return false;
    entry.id_text = id->str;
    entry.valid = sw_reply_is_array(entry.fields, 2);
    for (size_t i = 0; entry.valid && i + 1 < entry.fields->elements; i += 2) {
        const redisReply *name = entry.fields->element[i], *value = entry.fields->element[i + 1];
        if (!sw_reply_is_text(name) || !sw_reply_is_text(value))
            entry.valid = false;
        else if (sw_reply_equals(name, "op"))
            entry.op = value;
        else if (sw_reply_equals(name, "list"))
            entry.list = value;
    }
    *out = entry;
    return true;
}

/* ---- applying ---- */

/* `add` of an indicator that has already expired: removed if the index holds the indicator. */
static void add_expired(struct sw_feed *feed, struct sw_list *list,
                        const struct sw_indicator *indicator)
{
    if (sw_index_remove(feed->index, list->id, indicator) == SW_OK) {
        list->expired++;
        list->surplus++;
        sw_feed_removed(feed, list, indicator);
    }
}

/* An indicator of a list of kind ioc is in force. Of a large batch only the lists are known. */
static void note_added(struct sw_feed *feed, const struct sw_list *list,
                       const struct sw_indicator *indicator)
{
    sw_feed_added(feed, indicator);
    if (feed->everything)
        sw_feed_came(feed, list);
}

static void add_one(struct sw_feed *feed, struct sw_list *list, const redisReply *item,
                    uint32_t until)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    enum sw_status status = sw_indicator_parse(item->str, item->len, &indicator, why);
    if (status != SW_OK) {
        list->refused++;
        list->surplus++;
        sw_load_refuse(&feed->hooks, SW_REFUSED_INDICATOR, list->name, item->str, item->len, why);
        return;
    }
    if (until != 0 && until <= sw_feed_wall_us(feed) / 1000000) {
        add_expired(feed, list, &indicator);
        return;
    }
    status = sw_index_add_until(feed->index, list->id, &indicator, until);
    if (status == SW_OK && list->effect.kind == SW_KIND_IOC)
        note_added(feed, list, &indicator);
    else if (status != SW_OK && status != SW_EEXIST)
        sw_load_refuse(&feed->hooks, SW_REFUSED_ROOM, list->name, item->str, item->len,
                       status == SW_ETOOBIG ? SW_LOAD_NO_SET : sw_strerror(status));
    if (status == SW_ETOOBIG) { /* counted as by a reading: the sizes stay equal */
        list->refused++;
        list->surplus++;
    }
}

static void remove_one(struct sw_feed *feed, struct sw_list *list, const redisReply *item)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    if (sw_indicator_parse(item->str, item->len, &indicator, why) == SW_OK) {
        enum sw_status status = sw_index_remove(feed->index, list->id, &indicator);
        if (status == SW_OK)
            sw_feed_removed(feed, list, &indicator);
        if (status == SW_ENOTFOUND && list->expired > 0) {
            list->expired--;
            list->surplus--;
        }
    } else if (list->refused > 0) {
        list->refused--;
        list->surplus--;
    }
}

static bool is_item(const struct entry *entry, size_t i)
{
    return sw_reply_equals(entry->fields->element[i], "i");
}

/* Whether the entry has no field `expires`: then the facts may have the end. */
static bool tells_no_end(const struct entry *entry)
{
    for (size_t i = 0; i + 1 < entry->fields->elements; i += 2)
        if (sw_reply_equals(entry->fields->element[i], "expires"))
            return false;
    return true;
}

static size_t count_items(const struct entry *entry)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < entry->fields->elements; i += 2)
        n += is_item(entry, i);
    return n;
}

/* HMGET of the facts of an entry's indicators, appended. */
static enum sw_status append_ask(struct sw_feed *feed, const struct entry *entry, const char *name)
{
    size_t n = entry->fields->elements / 2;
    const char **argv = calloc(n + 2, sizeof(*argv));
    size_t *len = calloc(n + 2, sizeof(*len));
    enum sw_status status = SW_ENOMEM;
    char key[SW_KEY_MAX];
    int argc = 2;
    if (argv && len) {
        argv[0] = "HMGET";
        argv[1] = sw_redis_key(feed->redis, key, sizeof(key), "list:%s", name);
        len[0] = 5;
        len[1] = strlen(key);
        for (size_t i = 0; i + 1 < entry->fields->elements; i += 2) {
            if (is_item(entry, i)) {
                argv[argc] = entry->fields->element[i + 1]->str;
                len[argc++] = entry->fields->element[i + 1]->len;
            }
        }
        status = sw_redis_append_argv(feed->redis, argc, argv, len);
    }
    free(argv);
    free(len);
    return status;
}

/* No reply holds an entry, or what belongs to it. */
static void load_instead(struct sw_feed *feed, const char *what)
{
    sw_log(SW_LOG_WARNING, "%s too large for a reply: reading all lists again", what);
    feed->load_due = true;
}

/* The reply of append_ask(). An error reply leaves no facts: a later reading of the list reports
 * the error. */
static enum sw_status take_facts(struct sw_feed *feed, struct entry *entry)
{
    redisReply *reply = sw_redis_reply(feed->redis);

    if (!reply) {
        if (sw_redis_was_too_large(feed->redis))
            load_instead(feed, "the facts of an entry are");
        return sw_feed_failed(feed, SW_ECLOSED, "asking when indicators end");
    }
    entry->asked = true;
    if (sw_reply_is_array(reply, count_items(entry)))
        entry->facts = reply;
    else
        freeReplyObject(reply);
    return SW_OK;
}

/* Read the facts of an entry's indicators; nil: the hash does not have the indicator. */
static enum sw_status ask_facts(struct sw_feed *feed, struct entry *entry, const char *name)
{
    if (entry->asked || count_items(entry) == 0)
        return SW_OK;
    enum sw_status status = append_ask(feed, entry, name);
    return status == SW_OK ? take_facts(feed, entry) : status;
}

/* The end from a field `expires`, or from facts; 0 when there is no valid end. Returns whether the
 * text can be read. */
static bool read_end(const redisReply *value, bool facts, uint32_t *until)
{
    *until = 0;
    if (!sw_reply_is_text(value))
        return true;
    return (facts ? sw_facts_expires(value->str, value->len, until)
                  : sw_expires_parse(value->str, value->len, until)) == SW_OK;
}

/* Whether the hash contradicts `has` for the n-th indicator of an entry. Unread facts contradict
 * nothing. */
static bool contradicts(const struct entry *entry, size_t n, bool has)
{
    return entry->facts && (entry->facts->element[n]->type != REDIS_REPLY_NIL) != has;
}

/* `add`: every field i that the hash has. A field `expires` holds for all later fields i. */
static void apply_add(struct sw_feed *feed, struct entry *entry, struct sw_list *list)
{
    bool by_facts = entry->facts && tells_no_end(entry);
    bool readable = true;
    uint32_t until = 0;
    size_t item = 0;
    for (size_t i = 0; i + 1 < entry->fields->elements; i += 2) {
        const redisReply *value = entry->fields->element[i + 1];
        if (sw_reply_equals(entry->fields->element[i], "expires"))
            readable = read_end(value, false, &until);
        if (!is_item(entry, i))
            continue;
        if (by_facts)
            readable = read_end(entry->facts->element[item], true, &until);
        if (contradicts(entry, item++, true))
            continue;
        if (!readable)
            sw_load_refuse(&feed->hooks, SW_REFUSED_FACTS, list->name, value->str, value->len,
                           SW_EXPIRES_WHY);
        sw_count(&feed->counters->changes_applied, 1);
        add_one(feed, list, value, until);
    }
}

/* `remove`: every field i that the hash does not have any more. */
static void apply_remove(struct sw_feed *feed, struct entry *entry, struct sw_list *list)
{
    size_t item = 0;
    for (size_t i = 0; i + 1 < entry->fields->elements; i += 2) {
        if (!is_item(entry, i) || contradicts(entry, item++, false))
            continue;
        sw_count(&feed->counters->changes_applied, 1);
        remove_one(feed, list, entry->fields->element[i + 1]);
    }
}

/* `add`, `remove`. After `add` an unknown list is read in full instead. */
static enum sw_status apply_items(struct sw_feed *feed, struct entry *entry, const char *name,
                                  bool add)
{
    struct sw_list *list = sw_lists_find(&feed->lists, name);
    if (!list || !list->held)
        return add ? sw_feed_read_list(feed, name, true) : SW_OK;
    enum sw_status status = ask_facts(feed, entry, name);

    if (status != SW_OK)
        return status;
    feed->dirty = true;
    if (add)
        apply_add(feed, entry, list);
    else
        apply_remove(feed, entry, list);
    return SW_OK;
}

/* Whether {prefix}:lists names a list now. */
static enum sw_status ask_whether_there(struct sw_feed *feed, const char *name, bool *there)
{
    char key[SW_KEY_MAX];
    sw_redis_take_part(feed->redis, 1, 0); /* the policy is not read here */
    redisReply *reply = sw_redis_command(
        feed->redis, "HGET %s %s", sw_redis_key(feed->redis, key, sizeof(key), "lists"), name);

    if (!reply)
        return sw_feed_failed(feed, SW_ECLOSED, "asking whether a list is there");
    *there = sw_reply_is_text(reply);
    freeReplyObject(reply);
    return SW_OK;
}

static enum sw_status apply_drop(struct sw_feed *feed, const char *name)
{
    struct sw_list *list = sw_lists_find(&feed->lists, name);
    bool there = false;
    if (!list)
        return SW_OK;
    enum sw_status status = ask_whether_there(feed, name, &there);
    if (status != SW_OK)
        return status;
    if (there) /* the list was created again later, or the entry is false */
        return sw_feed_read_list(feed, name, true);
    if (sw_lists_shields(&feed->lists, list))
        sw_feed_changed_everything(feed);
    sw_lists_drop(&feed->lists, list);
    sw_count(&feed->counters->changes_applied, 1);
    feed->dirty = true;
    sw_feed_tell_lost(feed);
    return SW_OK;
}

/* `track`, from resolvers of older versions: every field i is an address. */
static void apply_track(struct sw_feed *feed, const struct entry *entry)
{
    for (size_t i = 0; i + 1 < entry->fields->elements; i += 2)
        if (sw_reply_equals(entry->fields->element[i], "i"))
            sw_feed_track_text(feed, entry->fields->element[i + 1]);
}

/* An entry about a list. */
static enum sw_status apply_to_list(struct sw_feed *feed, struct entry *entry)
{
    const char *name = entry->list->str;
    struct sw_list *list;
    if (strlen(name) != entry->list->len || !sw_listname_ok(name)) {
        sw_load_refuse(&feed->hooks, SW_REFUSED_LIST_NAME, "", name, entry->list->len,
                       "a list name has 1 to 63 characters of a-z 0-9 . _ -");
        return SW_OK;
    }
    list = sw_lists_find(&feed->lists, name);
    if (list)
        list->entry_us = sw_clock_mono_us();
    if (list && sw_stream_id_compare(&entry->id, &list->read_at) <= 0)
        return SW_OK;
    if (sw_reply_equals(entry->op, "add"))
        return apply_items(feed, entry, name, true);
    if (sw_reply_equals(entry->op, "remove"))
        return apply_items(feed, entry, name, false);
    if (sw_reply_equals(entry->op, "drop"))
        return apply_drop(feed, name);
    sw_count(&feed->counters->changes_applied, 1);
    return sw_feed_read_list(feed, name, sw_reply_equals(entry->op, "replace"));
}

static enum sw_status apply(struct sw_feed *feed, struct entry *entry)
{
    static const char *const of_lists[] = {"add", "remove", "policy", "replace", "drop"};
    if (!entry->valid || !entry->op) {
        refuse_entry(feed, entry, "an entry needs a field op");
        return SW_OK;
    }
    if (sw_reply_equals(entry->op, "track")) {
        apply_track(feed, entry);
        return SW_OK;
    }
    for (size_t i = 0; i < sizeof(of_lists) / sizeof(of_lists[0]); i++) {
        if (!sw_reply_equals(entry->op, of_lists[i]))
            continue;
        if (entry->list)
            return apply_to_list(feed, entry);
        refuse_entry(feed, entry, "an entry with this op needs a field list");
        return SW_OK;
    }
    refuse_entry(feed, entry, "op is none of add remove policy replace drop track");
    return SW_OK;
}

/* ---- batches ---- */

/* Whether apply_items() would ask for facts. */
static bool will_ask(struct sw_feed *feed, const struct entry *entry)
{
    const struct sw_list *list;
    if (!entry->valid || !entry->list || strlen(entry->list->str) != entry->list->len ||
        (!sw_reply_equals(entry->op, "add") && !sw_reply_equals(entry->op, "remove")))
        return false;
    list = sw_lists_find(&feed->lists, entry->list->str);
    return list && list->held && sw_stream_id_compare(&entry->id, &list->read_at) > 0;
}

/* Ask for the facts of a batch in a single pipeline, so that an entry does not cost a round trip.
 * Entries beyond ASK_MAX indicators ask later, each in apply_items(). */
static enum sw_status ask_for_batch(struct sw_feed *feed, struct entry *entries, size_t n)
{
    bool ask[BATCH_MAX] = {false};
    enum sw_status status = SW_OK;
    size_t items = 0;
    for (size_t i = 0; i < n && status == SW_OK && items < ASK_MAX; i++) {
        size_t more = will_ask(feed, &entries[i]) ? count_items(&entries[i]) : 0;
        ask[i] = more > 0;
        items += more;
        if (ask[i])
            status = append_ask(feed, &entries[i], entries[i].list->str);
    }
    for (size_t i = 0; i < n && status == SW_OK; i++)
        if (ask[i])
            status = take_facts(feed, &entries[i]);
    return status;
}

/* Apply all entries of a batch; the position advances with each applied entry. */
static enum sw_status apply_entries(struct sw_feed *feed, struct entry *entries, size_t n)
{
    for (size_t i = 0; i < n && !sw_feed_stopping(feed); i++) {
        enum sw_status status = sw_feed_compare(feed, &entries[i].id);
        if (status == SW_OK)
            status = apply(feed, &entries[i]);
        if (status != SW_OK)
            return status;
        sw_feed_advance(feed, &entries[i].id);
        if (feed->load_due)
            return SW_OK;
    }
    if (feed->timed.ms == 0)
        feed->timed = feed->position.id;
    return sw_feed_finish_batch(feed);
}

static enum sw_status apply_batch(struct sw_feed *feed, const redisReply *reply)
{
    struct entry entries[BATCH_MAX];
    size_t n = reply->elements < BATCH_MAX ? reply->elements : BATCH_MAX;
    for (size_t i = 0; i < n; i++)
        if (!read_entry(reply->element[i], &entries[i]))
            return sw_feed_failed(feed, SW_EREDIS, "following changes: odd entry");
    /* The stream reaches to the last entry at least, whether the state was asked for or not. */
    if (n > 0 && sw_stream_id_compare(&feed->lists.now, &entries[n - 1].id) < 0)
        feed->lists.now = entries[n - 1].id;
    enum sw_status status = ask_for_batch(feed, entries, n);
    if (status == SW_OK)
        status = apply_entries(feed, entries, n);
    for (size_t i = 0; i < n; i++)
        freeReplyObject(entries[i].facts);
    return status;
}

/* The entries of a stream in an XREAD reply, [[key, [entry, ...]], ...]; NULL: none. */
static const redisReply *entries_of(const struct sw_feed *feed, const redisReply *reply,
                                    const char *stream)
{
    char key[SW_KEY_MAX];
    sw_redis_key(feed->redis, key, sizeof(key), "%s", stream);
    for (size_t i = 0; sw_reply_is_array(reply, 1) && i < reply->elements; i++) {
        const redisReply *one = reply->element[i];
        if (sw_reply_is_array(one, 2) && sw_reply_equals(one->element[0], key) &&
            sw_reply_is_array(one->element[1], 0))
            return one->element[1];
    }
    return NULL;
}

/* How long XREAD may wait, milliseconds. Busy is checked before done: a sweep that ends between the
 * two checks is then noticed by the second check, and reported after 1 ms. */
static int block_ms(struct sw_feed *feed)
{
    if (feed->expiring)
        return 1; /* XREAD takes 0 for no limit */
    if (sw_sweeper_busy(feed->sweeper))
        return SW_FEED_SWEEP_MS;
    struct sw_stream_id done = sw_sweeper_done(feed->sweeper);
    return sw_stream_id_compare(&done, &feed->applied) == 0 ? SW_FEED_BLOCK_MS : 1;
}

#define STREAMS 3

struct stream { /* of XREAD */
    const char *name;
    const struct sw_stream_id *at; /* last entry that was read */
    bool read;
};

/* XREAD, and XINFO STREAM in the same pipeline if that is due: that saves a round trip for each
 * batch. */
static redisReply *read_batch(struct sw_feed *feed, bool ask, enum sw_status *asked,
                              struct sw_stream_state *state)
{
    const struct stream streams[] = {
        {SW_STREAM_CHANGES, &feed->position.id, true},
        {SW_STREAM_TRACKS, &feed->tracks_at, feed->tracks_ok},
        {SW_STREAM_INQUIRIES, &feed->inquiries_at, feed->inquiries_ok},
    };
    char block[16], count[16];
    char key[STREAMS][SW_KEY_MAX], from[STREAMS][SW_STREAMID_MAX];
    const char *argv[6 + 2 * STREAMS] = {"XREAD", "COUNT", count, "BLOCK", block, "STREAMS"};
    int n = 0;
    feed->batch = feed->batch > 0 && feed->batch < BATCH_MAX ? feed->batch : BATCH_MAX;
    snprintf(count, sizeof(count), "%u", feed->batch);
    snprintf(block, sizeof(block), "%d", block_ms(feed));
    for (size_t i = 0; i < STREAMS; i++) {
        if (!streams[i].read)
            continue;
        argv[6 + n] = sw_redis_key(feed->redis, key[n], SW_KEY_MAX, "%s", streams[i].name);
        sw_stream_id_text(streams[i].at, from[n++]);
    }
    for (int i = 0; i < n; i++)
        argv[6 + n + i] = from[i];
    sw_redis_set_timeout(feed->redis, SW_FEED_BLOCK_MS);
    if (sw_redis_append_argv(feed->redis, 6 + 2 * n, argv, NULL) != SW_OK ||
        (ask && sw_stream_append_ask(feed->redis) != SW_OK))
        return NULL;
    redisReply *reply = sw_redis_reply(feed->redis);
    if (reply && ask)
        *asked = sw_stream_take_state(feed->redis, state);
    return reply;
}

/* XREAD returned no entry although the stream's end was younger than the position before the call:
 * the entries between were deleted (XDEL). */
static void look_for_deleted(struct sw_feed *feed, const struct sw_stream_state *state)
{
    if (sw_stream_id_compare(&feed->position.id, &feed->awaited) < 0) {
        sw_log(SW_LOG_WARNING, "changes were deleted from the stream: reading all lists again");
        feed->load_due = true;
    }
    feed->awaited = state->last;
}

/* There is no reply, perhaps because the batch was too large. The cause is looked for step by step:
 * the next batches have no inquiries, then no entries about tracked addresses, then fewer entries.
 * Instead of a single entry that is too large, all lists are read. */
static void no_batch(struct sw_feed *feed)
{
    bool too_large = sw_redis_was_too_large(feed->redis);
    if (feed->inquiries_ok && (too_large || feed->inquiries_new)) {
        sw_feed_leave_inquiries(feed, too_large ? sw_redis_error(feed->redis) : NULL);
        return;
    }
    if (!too_large)
        return;
    if (feed->tracks_ok) {
        sw_feed_leave_tracks(feed);
        return;
    }
    if (feed->batch == 1)
        load_instead(feed, "an entry of the change stream is");
    feed->batch = feed->batch > NARROWER ? feed->batch / NARROWER : 1;
}

/* An error about one of the streams, and the reply does not say which: one stream is left out
 * for a minute. */
static void leave_out_stream(struct sw_feed *feed, const redisReply *reply)
{
    if (feed->inquiries_ok)
        sw_feed_leave_inquiries(feed, sw_reply_words(reply));
    else
        sw_feed_leave_tracks(feed);
    feed->state_due = 0; /* perhaps {prefix}:changes is no stream any more */
}

/* XREAD returned no entry of {prefix}:changes. */
static enum sw_status no_entries(struct sw_feed *feed, bool ask, enum sw_status asked,
                                 const struct sw_stream_state *state)
{
    enum sw_status status = ask ? sw_feed_take_state(feed, asked, state) : SW_OK;
    if (status != SW_OK)
        return status;
    sw_feed_look_for_missed(feed);
    look_for_deleted(feed, state);
    status = feed->load_due ? SW_OK : sw_feed_compare(feed, NULL);
    return status == SW_OK && feed->dirty ? sw_feed_finish_batch(feed) : status;
}

enum sw_status sw_feed_follow(struct sw_feed *feed)
{
    bool ask = sw_feed_state_is_due(feed);
    struct sw_stream_state state = {.last = feed->awaited};
    enum sw_status asked = ask ? SW_ECLOSED : SW_OK;
    redisReply *reply = read_batch(feed, ask, &asked, &state);
    const redisReply *entries = entries_of(feed, reply, SW_STREAM_CHANGES);
    const redisReply *tracks = entries_of(feed, reply, SW_STREAM_TRACKS);
    const redisReply *inquiries = entries_of(feed, reply, SW_STREAM_INQUIRIES);
    enum sw_status status = SW_OK;

    if (!reply) {
        no_batch(feed);
        return sw_feed_failed(feed, SW_ECLOSED, "following changes");
    }
    sw_feed_take_tracks(feed, tracks);
    if (reply->type != REDIS_REPLY_ERROR)
        sw_feed_take_inquiries(feed, inquiries);
    if (entries) {
        feed->batch *= 2;
        if (ask)
            status = sw_feed_judge_stream(feed, asked, &state);
        if (status == SW_OK && feed->stream_ok && !feed->load_due)
            status = apply_batch(feed, entries);
    } else if (sw_reply_is_key_error(reply)) {
        leave_out_stream(feed, reply);
        if (ask)
            status = sw_feed_judge_stream(feed, asked, &state);
    } else if (reply->type != REDIS_REPLY_NIL && !tracks && !inquiries) {
        status = sw_feed_failed(feed, SW_EREDIS, "following changes");
    } else {
        status = no_entries(feed, ask, asked, &state);
    }
    freeReplyObject(reply);
    return status;
}
