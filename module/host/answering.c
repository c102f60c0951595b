/* answering.c - see answering.h. */
#include "host/answering.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "host/module.h"
#include "journal/cof.h"
#include "journal/inquiry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define US_PER_MIN INT64_C(60000000)
#define BURST      10             /* inquiries at once, with memory-inquiries of 10 or more */
#define WORK_US    INT64_C(10000) /* before a pause of the same length */
#define FILES_MAX  64             /* files that are open at once */
#define EVERY      256            /* tuples between two looks at the clock */

enum place_state { PLACE_FREE, PLACE_WAITS, PLACE_WORK, PLACE_DONE };

struct place {
    enum place_state state; /* under lock */
    char id[SW_FEED_ANSWER_ID];
    char text[SW_INQUIRY_MAX];
    size_t len; /* over SW_INQUIRY_MAX: the text is not kept */
    bool busy;  /* over the rate: answered without a look */
    char *answer;
    size_t answer_len;
};

struct sw_answering {
    struct sw_module *module;
    pthread_mutex_t lock;
    struct place place[SW_ANSWERS_MAX];
    atomic_bool waits; /* there is a place to answer: without the lock */
    bool running;      /* the keeper's: an answer is being made */
    /* the feeder's */
    int64_t credit_us; /* time for which inquiries are still allowed */
    int64_t filled_us; /* monotonic clock: credit_us was filled last */
};

/* An answer that is being made. */
struct making {
    struct sw_answering *answering;
    struct sw_inquiry inquiry;
    struct sw_past_question question; /* the one in progress */
    FILE *rows;
    uint32_t n;
    bool damaged;          /* a file was left out */
    uint32_t looked_at;    /* tuples that are not in a file yet */
    const char *end, *why; /* end: NULL as long as nothing is left out */
    int64_t until_us, paused_us;
};

struct sw_answering *sw_answering_new(struct sw_module *module)
{
    struct sw_answering *answering = calloc(1, sizeof(*answering));
    if (!answering)
        return NULL;
    answering->module = module;
    answering->credit_us = US_PER_MIN;
    answering->filled_us = sw_clock_mono_us();
    pthread_mutex_init(&answering->lock, NULL);
    return answering;
}

void sw_answering_free(struct sw_answering *answering)
{
    if (!answering)
        return;
    for (size_t i = 0; i < SW_ANSWERS_MAX; i++)
        free(answering->place[i].answer);
    pthread_mutex_destroy(&answering->lock);
    free(answering);
}

/* ---- the feeder ---- */

/* Whether the rate allows one more inquiry: a bucket that fills in the course of time. */
static bool has_credit(struct sw_answering *answering)
{
    uint32_t rate = answering->module->settings.memory_inquiries;
    int64_t now = sw_clock_mono_us(), cost = US_PER_MIN / (rate ? rate : 1);
    int64_t most = cost * (rate < BURST ? rate : BURST);
    answering->credit_us += now - answering->filled_us;
    answering->filled_us = now;
    if (answering->credit_us > most)
        answering->credit_us = most;
    if (rate == 0 || answering->credit_us < cost)
        return false;
    answering->credit_us -= cost;
    return true;
}

static struct place *find(struct sw_answering *answering, enum place_state state)
{
    for (size_t i = 0; i < SW_ANSWERS_MAX; i++)
        if (answering->place[i].state == state)
            return &answering->place[i];
    return NULL;
}

void sw_answering_ask(struct sw_answering *answering, const char *id, const char *text, size_t len)
{
    pthread_mutex_lock(&answering->lock);
    struct place *place = find(answering, PLACE_FREE);
    if (place) {
        snprintf(place->id, sizeof(place->id), "%s", id);
        place->len = len;
        memcpy(place->text, text, len < sizeof(place->text) ? len : sizeof(place->text));
        place->busy = !has_credit(answering);
        place->state = PLACE_WAITS;
        atomic_store_explicit(&answering->waits, true, memory_order_release);
    }
    pthread_mutex_unlock(&answering->lock);
    if (place)
        sw_keeper_wake(answering->module->keeper);
}

bool sw_answering_take(struct sw_answering *answering, struct sw_feed_answer *out)
{
    pthread_mutex_lock(&answering->lock);
    struct place *place = find(answering, PLACE_DONE);
    if (place) {
        memcpy(out->id, place->id, sizeof(out->id));
        out->text = place->answer;
        out->len = place->answer_len;
        place->answer = NULL;
        place->state = PLACE_FREE;
    }
    pthread_mutex_unlock(&answering->lock);
    return place != NULL;
}

/* ---- the keeper ---- */

/* Called between rows: the rings are emptied, and every other 10 milliseconds are a pause. */
static bool between(void *arg)
{
    const struct timespec pause = {.tv_nsec = WORK_US * 1000};
    struct making *making = arg;
    int64_t now = sw_clock_mono_us();
    if (now >= making->until_us) {
        making->end = "time";
        return false;
    }
    if (now - making->paused_us < WORK_US)
        return true;
    if (!sw_keeper_go_on(making->answering->module->keeper)) {
        making->end = "failed";
        making->why = "the resolver ends";
        return false;
    }
    nanosleep(&pause, NULL);
    making->paused_us = sw_clock_mono_us();
    return true;
}

static bool is_in_as(const struct making *making, const struct sw_sighting *sighting)
{
    struct sw_addr addr;
    uint32_t asn = 0;
    if (making->inquiry.what.type != SW_INDICATOR_ASN)
        return true;
    if (sw_addr_from_octets(sighting->rdata, sighting->rdata_len, &addr) != SW_OK)
        return false;
    sw_rcu_enter();
    bool is = sw_owner_find_asn(making->answering->module->owners, &addr, &asn, NULL) == SW_OK &&
              asn == making->inquiry.what.asn;
    sw_rcu_leave();
    return is;
}

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    struct making *making = arg;
    if (!is_in_as(making, sighting))
        return SW_OK;
    if (making->n == making->inquiry.limit)
        making->end = "limit";
    else if ((size_t)ftell(making->rows) > SW_ANSWER_OCTETS)
        making->end = "size";
    if (making->end)
        return SW_ENOTFOUND;
    struct sw_sighting row = *sighting;
    if (making->question.ask != SW_ASK_OWNER && making->question.ask != SW_ASK_OWNER_BELOW)
        row.zone = NULL; /* as from the files */
    sw_cof_write(making->rows, &row);
    making->n++;
    return SW_OK;
}

/* Likewise for a tuple that is not in a file yet. */
static enum sw_status take_waiting(void *arg, const struct sw_sighting *sighting)
{
    struct making *making = arg;
    if (++making->looked_at % EVERY == 0 && !between(making))
        return SW_ECLOSED;
    return sw_past_wants(&making->question, sighting) ? take(arg, sighting) : SW_OK;
}

/* Some of the files. */
static enum sw_status look_in(void *arg, struct sw_past *past)
{
    struct making *making = arg;
    struct sw_past_question questions[2];
    size_t n = sw_inquiry_questions(&making->inquiry, questions);
    enum sw_status status = SW_OK;
    for (size_t i = 0; i < n && !making->end && status == SW_OK; i++) {
        making->question = questions[i];
        making->question.between = between;
        status = sw_past_ask(past, &making->question, take, making);
    }
    making->damaged |= sw_past_is_damaged(past);
    return making->end ? SW_ECLOSED : status;
}

/* First the tuples that are not in a file: later they may get into a file that is not listed. */
static void look(struct making *making)
{
    struct sw_module *module = making->answering->module;
    struct sw_past_question questions[2];
    size_t n = sw_inquiry_questions(&making->inquiry, questions);
    for (size_t i = 0; i < n && !making->end; i++) {
        making->question = questions[i];
        sw_keeper_each(module->keeper, take_waiting, making);
    }
    if (making->end)
        return;
    const struct sw_past_options options = {FILES_MAX, sw_keeper_stopping(module->keeper), true};
    enum sw_status status = sw_past_each(module->settings.memory_folder, &options, look_in, making);
    if (!making->end && making->damaged) {
        making->end = "failed";
        making->why = "a damaged file of the memory is left out";
    }
    if (making->end || status == SW_OK || status == SW_ENOTFOUND) /* nothing was written yet */
        return;
    making->end = "failed";
    making->why = status == SW_EEXIST ? "files were replaced meanwhile" : sw_strerror(status);
}

/* The rows of an inquiry, and how they end. */
static void inquire(struct making *making, const struct place *place)
{
    if (place->busy) {
        making->end = "busy";
        return;
    }
    if (sw_inquiry_parse(place->text, place->len, &making->inquiry, &making->why) != SW_OK) {
        making->end = "refused";
        return;
    }
    making->paused_us = sw_clock_mono_us();
    making->until_us = making->paused_us + SW_ANSWER_US;
    look(making);
}

/* The first line, then the rows. NULL: out of memory. */
static char *answer_text(const struct making *making, const char *rows, size_t rows_len,
                         size_t *len)
{
    char *text = NULL;
    json_t *head =
        json_pack("{s:s, s:I, s:s}", "resolver", making->answering->module->settings.resolver_id,
                  "records", (json_int_t)making->n, "end", making->end ? making->end : "all");
    if (head && making->why)
        json_object_set_new(head, "why", json_string(making->why));
    FILE *out = open_memstream(&text, len);
    if (head && out) {
        json_dumpf(head, out, JSON_COMPACT);
        putc('\n', out);
        fwrite(rows, 1, rows_len, out);
    }
    json_decref(head);
    if (out)
        fclose(out);
    return text;
}

static void make(struct sw_answering *answering, struct place *place)
{
    struct making making = {.answering = answering};
    char *rows = NULL;
    size_t rows_len = 0;
    making.rows = open_memstream(&rows, &rows_len);
    if (!making.rows)
        return;
    inquire(&making, place);
    fclose(making.rows);
    if (rows)
        place->answer = answer_text(&making, rows, rows_len, &place->answer_len);
    free(rows);
}

void sw_answering_run(struct sw_answering *answering)
{
    if (!answering || answering->running ||
        !atomic_exchange_explicit(&answering->waits, false, memory_order_acquire))
        return;
    answering->running = true;
    while (sw_keeper_go_on(answering->module->keeper)) {
        pthread_mutex_lock(&answering->lock);
        struct place *place = find(answering, PLACE_WAITS);
        if (place)
            place->state = PLACE_WORK;
        pthread_mutex_unlock(&answering->lock);
        if (!place)
            break;
        make(answering, place);
        pthread_mutex_lock(&answering->lock);
        place->state = place->answer ? PLACE_DONE : PLACE_FREE;
        pthread_mutex_unlock(&answering->lock);
    }
    answering->running = false;
}

bool sw_answering_go_on(struct sw_module *module)
{
    sw_answering_run(module->answering);
    return sw_keeper_go_on(module->keeper);
}
