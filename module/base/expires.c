/* expires.c - see expires.h. */
#include "base/expires.h"

#include "base/clock.h"
#include "base/log.h"
#include "feed/feeder.h"

#include <jansson.h>
#include <string.h>

#define BUDGET_US INT64_C(10000)   /* for a call of sw_feed_expire(): bounds the delay of changes */
#define SOME      256              /* indicators removed between two looks at the clock */
#define JUMP_US   INT64_C(2000000) /* a slewed clock makes no steps of this size */

/* ---- as text ---- */

static enum sw_status from_us(int64_t us, uint32_t *at)
{
    int64_t s = us / 1000000 + (us % 1000000 > 0);
    *at = 0;
    if (s > UINT32_MAX)
        return SW_ESYNTAX;
    *at = s < 1 ? 1 : (uint32_t)s;
    return SW_OK;
}

enum sw_status sw_expires_parse(const char *text, size_t len, uint32_t *at)
{
    int64_t us;
    *at = 0;
    if (len == 0)
        return SW_OK;
    return sw_time_parse(text, len, &us) == SW_OK ? from_us(us, at) : SW_ESYNTAX;
}

static enum sw_status from_json(const json_t *value, uint32_t *at)
{
    double number = json_number_value(value);
    if (json_is_null(value))
        return SW_OK;
    if (json_is_string(value) && json_string_length(value) > 0)
        return sw_expires_parse(json_string_value(value), json_string_length(value), at);
    if (!json_is_number(value) || !(number >= -1e12 && number <= 1e12))
        return SW_ESYNTAX;
    return from_us((int64_t)(number * 1e6), at);
}

/* Whether a text without outer white space begins with { and ends with }. */
static bool braced(const char *text, size_t len)
{
    static const char space[] = " \t\r\n";
    while (len > 0 && strchr(space, text[len - 1]))
        len--;
    while (len > 0 && strchr(space, *text))
        text++, len--;
    return len >= 2 && text[0] == '{' && text[len - 1] == '}';
}

enum sw_status sw_facts_expires(const char *facts, size_t len, uint32_t *at)
{
    enum sw_status status = SW_OK;
    json_t *object;
    const json_t *value;
    *at = 0;
    if (len == 0)
        return SW_OK;
    /* Most facts have no end and need no parse. A key "expires" with escapes is not supported. */
    if (!memmem(facts, len, "\"expires\"", 9))
        return braced(facts, len) ? SW_OK : SW_ESYNTAX;
    object = json_loadb(facts, len, 0, NULL);
    value = json_object_get(object, "expires");
    if (value)
        status = from_json(value, at);
    else if (!json_is_object(object))
        status = SW_ESYNTAX;
    json_decref(object);
    return status;
}

/* ---- in time ---- */

int64_t sw_feed_wall_us(const struct sw_feed *feed)
{
    return feed->host.wall_us ? feed->host.wall_us(feed->host.arg) : sw_clock_wall_us();
}

/* An indicator was removed: the list's hash in Redis still has the field, so the surplus grows. */
static void on_gone(void *arg, sw_list_id id)
{
    struct sw_feed *feed = arg;
    sw_count(&feed->counters->indicators_expired, 1);
    for (size_t i = 0; i < feed->lists.n; i++) {
        struct sw_list *list = feed->lists.list[i];

        if (list->held && list->id == id) {
            list->expired++;
            list->surplus++;
            if (sw_lists_shields(&feed->lists, list))
                sw_feed_changed_everything(feed);
        }
    }
}

/* A clock that was set back: a full load restores indicators that expired by the wrong time. */
static void notice_jump(struct sw_feed *feed, int64_t wall_us)
{
    int64_t ahead = wall_us - sw_clock_mono_us();
    bool back = feed->clock_known && ahead < feed->clock_ahead - JUMP_US, any = false;
    feed->clock_ahead = ahead;
    feed->clock_known = true;
    for (size_t i = 0; back && i < feed->lists.n; i++)
        any = any || feed->lists.list[i]->expired > 0;
    if (!any)
        return;
    sw_log(SW_LOG_WARNING, "the clock was set back: reading all lists again, since indicators "
                           "have expired");
    feed->load_due = true;
}

void sw_feed_expire(struct sw_feed *feed)
{
    int64_t wall_us = sw_feed_wall_us(feed), until = sw_clock_mono_us() + BUDGET_US;
    uint32_t now = wall_us < 0 ? 0 : (uint32_t)(wall_us / 1000000);
    bool before = feed->everything; /* set by the current batch, which is enforced at its end */
    notice_jump(feed, wall_us);
    feed->expiring = true;
    while (feed->expiring && sw_clock_mono_us() < until)
        feed->expiring = sw_index_expire(feed->index, now, SOME, on_gone, feed) == SOME;
    if (feed->everything && !before)
        sw_feed_enforce(feed);
}
