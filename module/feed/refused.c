/* refused.c - see refused.h. */
#include "feed/refused.h"

#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINES_A_MINUTE 20
#define MINUTE_US      INT64_C(60000000)

const char *sw_refused_reason_name(enum sw_refused_reason reason)
{
    static const char *const names[SW_REFUSED_COUNT] = {[SW_REFUSED_INDICATOR] = "indicator",
                                                        [SW_REFUSED_POLICY] = "policy",
                                                        [SW_REFUSED_NO_POLICY] = "no-policy",
                                                        [SW_REFUSED_LIST_NAME] = "list-name",
                                                        [SW_REFUSED_KEY] = "key",
                                                        [SW_REFUSED_ENTRY] = "entry",
                                                        [SW_REFUSED_ROOM] = "room",
                                                        [SW_REFUSED_FACTS] = "facts"};
    assert(reason < SW_REFUSED_COUNT);
    return names[reason];
}

/* Copy octets as printable ASCII, others as \xNN; a text that does not fit is cut with "...". */
static void copy_printable(char *out, size_t max, const char *text, size_t len)
{
    size_t used = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        size_t need = c >= 0x20 && c < 0x7f ? 1 : 4;
        if (used + need + 4 > max) {
            memcpy(out + used, "...", 3);
            used += 3;
            break;
        }
        if (need == 1)
            out[used] = (char)c;
        else
            snprintf(out + used, 5, "\\x%02x", c);
        used += need;
    }
    out[used] = '\0';
}

static bool is_kept(const struct sw_refused *refused, const struct sw_refused_item *item)
{
    for (size_t i = 0; i < refused->kept; i++) {
        const struct sw_refused_item *kept = &refused->items[i];
        if (strcmp(kept->item, item->item) == 0 && strcmp(kept->list, item->list) == 0 &&
            strcmp(kept->why, item->why) == 0)
            return true;
    }
    return false;
}

void sw_refused_tick(struct sw_refused *refused, int64_t now_us)
{
    if (now_us - refused->window_us < MINUTE_US)
        return;
    if (refused->silent > 0)
        sw_log(SW_LOG_WARNING, "%" PRIu64 " more items refused; sinkwatch status shows the last",
               refused->silent);
    refused->window_us = now_us;
    refused->logged = 0;
    refused->silent = 0;
}

/* Log an item, unless this minute already has LINES_A_MINUTE lines. */
static void log_item(struct sw_refused *refused, const struct sw_refused_item *item)
{
    if (refused->logged >= LINES_A_MINUTE) {
        refused->silent++;
        return;
    }
    refused->logged++;
    sw_log(SW_LOG_WARNING, "refused: %s%s%s: %s", item->list, *item->list ? ": " : "", item->item,
           item->why);
}

void sw_refused_note(struct sw_refused *refused, const struct sw_refusal *refusal, int64_t now_us)
{
    struct sw_refused_item item;
    assert(refusal->reason < SW_REFUSED_COUNT);
    refused->counts[refusal->reason]++;
    sw_refused_tick(refused, now_us);
    copy_printable(item.list, sizeof(item.list), refusal->list, strlen(refusal->list));
    copy_printable(item.item, sizeof(item.item), refusal->item, refusal->item_len);
    copy_printable(item.why, sizeof(item.why), refusal->why, strlen(refusal->why));
    if (is_kept(refused, &item))
        return;
    refused->items[refused->next] = item;
    refused->next = (refused->next + 1) % SW_REFUSED_KEPT;
    if (refused->kept < SW_REFUSED_KEPT)
        refused->kept++;
    log_item(refused, &item);
}

json_t *sw_refused_items_json(const struct sw_refused *refused)
{
    json_t *array = json_array();
    for (size_t i = 1; array && i <= refused->kept; i++) {
        const struct sw_refused_item *item =
            &refused->items[(refused->next + SW_REFUSED_KEPT - i) % SW_REFUSED_KEPT];
        json_t *one =
            json_pack("{s:s, s:s, s:s}", "list", item->list, "item", item->item, "why", item->why);
        if (!one || json_array_append_new(array, one) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

json_t *sw_refused_reasons_json(const struct sw_refused *refused)
{
    json_t *object = json_object();
    for (unsigned i = 0; object && i < SW_REFUSED_COUNT; i++) {
        if (refused->counts[i] == 0)
            continue;
        if (json_object_set_new(object, sw_refused_reason_name(i),
                                json_integer((json_int_t)refused->counts[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
