/*
 * index_race.c - many readers against the only writer of the index.
 *
 *   index_race [SECONDS]      else SINKWATCH_STRESS_SECONDS, else 5
 *
 * The writer adds, removes, replaces, drops, changes policies, and makes the index grow and shrink;
 * another thread saves the index to a file, again and again. Meanwhile readers check the promises
 * of the index:
 *   - a name that is listed throughout is found at every moment, with the right form and policy;
 *   - a name that was never listed is never found;
 *   - a replaced list shows all of the old or all of the new content within a view;
 *   - a view's policy was published as a whole, and is the same for the whole view;
 *   - an announced addition is found, an announced removal is not;
 *   - prefixes that come and go are found whole, longest first.
 * ThreadSanitizer sees the rest. Exit code 1 and a line for the first broken promise.
 */
#include "../unit/index_hits.h"

#include "base/clock.h"
#include "base/rcu.h"
#include "index/image.h"
#include "index/impl.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define READERS 3
#define ALWAYS  300   /* names that stay listed */
#define FLIP    64    /* names in each content of the replaced list */
#define WAVE    20000 /* names that come and go, so that shards grow and shrink */
#define KEPT    8     /* announced names that stay for a while */
#define NETS    64    /* prefixes that come and go, of all lengths */

static struct sw_index *ix;
static atomic_bool stop;
static atomic_uint_fast64_t added, removed; /* last numbers announced; 0 = none */
static atomic_uint_fast64_t questions;
static atomic_bool saved;            /* the saver is done */
static unsigned images;              /* the saver's, read after the join */
static _Atomic(const char *) broken; /* the first broken promise */

static void promise(bool kept, const char *words)
{
    const char *none = NULL;
    if (!kept) {
        atomic_compare_exchange_strong(&broken, &none, words);
        atomic_store(&stop, true);
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct sw_indicator name_of(const char *kind, uint64_t i)
{
    struct sw_indicator ind;
    char text[64], why[SW_WHY_MAX];
    snprintf(text, sizeof(text), "%s%llu.test", kind, (unsigned long long)i);
    if (sw_indicator_parse(text, strlen(text), &ind, why) != SW_OK)
        abort();
    return ind;
}

static struct sw_indicator net_of(unsigned i)
{
    struct sw_indicator ind = {.type = SW_INDICATOR_PREFIX};
    ind.addr = (struct sw_addr){.family = 4, .plen = 24, .octets = {10, (uint8_t)i, 1}};
    return ind;
}

/* The i-th prefix that comes and goes: a prefix of each length, IPv4 and IPv6 in turn. */
static struct sw_indicator passing_net(uint64_t i)
{
    struct sw_indicator ind = {.type = SW_INDICATOR_PREFIX};
    ind.addr = (struct sw_addr){.family = i % 2 == 0 ? 4 : 6, .octets = {0x20, (uint8_t)i, 0xb8}};
    ind.addr.octets[3] = ind.addr.family == 6 ? 0xb8 : 1;
    sw_addr_mask(&ind.addr, (unsigned)(i % NETS / 2 + 1) * (i % 2 == 0 ? 1 : 4));
    return ind;
}

/* ---- readers ---- */

/* Hits for a name of this kind; each must be the list's with that name. */
static size_t find(const struct sw_view *view, const char *kind, uint64_t i, const char *list,
                   struct sw_hit *hit)
{
    struct sw_indicator ind = name_of(kind, i);
    struct sw_hit hits[4];
    size_t n = find_name(view, ind.name.wire, ind.name.len, hits, 4);
    promise(n <= 1, "a name is found once");
    if (n > 0) {
        promise(strcmp(hits[0].list->name, list) == 0, "a name is found on its list");
        promise(hits[0].form == SW_FORM_SUBTREE && hits[0].labels == 2, "a hit is whole");
        *hit = hits[0];
    }
    return n;
}

static void read_always(const struct sw_view *view, uint64_t *rnd)
{
    struct sw_hit one = {0}, two = {0}, net = {0};
    uint64_t i = next_random(rnd);
    size_t n = find(view, "always", i % ALWAYS, "always", &one);
    n += find(view, "always", i / 7 % ALWAYS, "always", &two);
    promise(n == 2, "what is listed throughout is found");
    promise(n != 2 || one.list == two.list, "a view has one policy for a list");
    promise(n != 2 || one.list->priority == one.list->ttl, "a policy is whole");
    struct sw_addr addr = {.family = 4, .plen = 32, .octets = {10, (uint8_t)(i % 100), 1, 9}};
    n = find_addr(view, &addr, &net, 1);
    promise(n == 1 && net.plen == 24, "a prefix that is listed throughout is found");
    promise(find_asn(view, 64500, &net, 1) == 1, "an AS listed throughout is found");
    promise(find(view, "never", i % 100000, "", &one) == 0, "what was never listed is not found");
}

static void read_flip(const struct sw_view *view, uint64_t *rnd)
{
    struct sw_hit hit;
    size_t old = 0, new = 0, both = 0, asked = 4;
    for (size_t k = 0; k < asked; k++) {
        uint64_t i = next_random(rnd) % FLIP;
        old += find(view, "flipa", i, "flip", &hit);
        new += find(view, "flipb", i, "flip", &hit);
        both += find(view, "flipc", i, "flip", &hit);
    }
    promise((old == asked && new == 0) || (old == 0 && new == asked),
            "a replaced list shows its old or its new content");
    promise(both == asked, "what both contents hold is found throughout");
}

/* Indicators that come and go may be found or not, but whole. */
static void read_passing(const struct sw_view *view, uint64_t *rnd)
{
    struct sw_hit hit;
    (void)find(view, "wave", next_random(rnd) % WAVE, "wave", &hit);
    (void)find(view, "passing", next_random(rnd) % 10, "passing", &hit);
    struct sw_hit nets[HITS_MAX];
    struct sw_indicator net = passing_net(next_random(rnd) % NETS);
    unsigned longest = sw_addr_bits(&net.addr) + 1;
    net.addr.plen = (uint8_t)sw_addr_bits(&net.addr);
    size_t n = find_addr(view, &net.addr, nets, HITS_MAX);
    for (size_t i = 0; i < n; i++) {
        promise(strcmp(nets[i].list->name, "nets") == 0, "a prefix is found on its list");
        promise(nets[i].plen < longest, "prefixes are found longest first, each once");
        longest = nets[i].plen;
    }
}

static void read_announced(void)
{
    struct sw_hit hit;
    uint64_t in = atomic_load(&added), out = atomic_load(&removed);
    sw_rcu_enter();
    struct sw_view view = sw_index_view(ix);
    size_t found_in = in > 0 ? find(&view, "news", in, "news", &hit) : 1;
    size_t found_out = out > 0 ? find(&view, "news", out, "news", &hit) : 0;
    sw_rcu_leave();
    /* a removal meanwhile is possible only if the writer went on so far */
    promise(found_in == 1 || atomic_load(&added) >= in + KEPT, "what was added is found");
    promise(found_out == 0, "what was removed is not found");
}

static void *reader(void *arg)
{
    uint64_t rnd = (uint64_t)(uintptr_t)arg * UINT64_C(0x9E3779B97F4A7C15) + 1;
    while (!atomic_load(&stop)) {
        sw_rcu_enter();
        struct sw_view view = sw_index_view(ix);
        for (int k = 0; k < 8; k++) {
            read_always(&view, &rnd);
            read_flip(&view, &rnd);
            read_passing(&view, &rnd);
        }
        sw_rcu_leave();
        read_announced();
        atomic_fetch_add(&questions, 8 * 18 + 2);
    }
    return NULL;
}

/* ---- the writer ---- */

static void must(enum sw_status status, const char *what)
{
    if (status != SW_OK) {
        fprintf(stderr, "%s: %s\n", what, sw_strerror(status));
        exit(2);
    }
}

static sw_list_id set_list(const char *name, uint16_t mark)
{
    struct sw_policy policy;
    sw_list_id id;
    sw_policy_init(&policy, name);
    policy.priority = mark;
    policy.ttl = mark;
    must(sw_index_list_set(ix, &policy, &id), "list_set");
    return id;
}

static void add(sw_list_id id, const char *kind, uint64_t i)
{
    struct sw_indicator ind = name_of(kind, i);
    must(sw_index_add(ix, id, &ind), "add");
}

static void del(sw_list_id id, const char *kind, uint64_t i)
{
    struct sw_indicator ind = name_of(kind, i);
    must(sw_index_remove(ix, id, &ind), "remove");
}

static void fill_always(sw_list_id always)
{
    for (uint64_t i = 0; i < ALWAYS; i++)
        add(always, "always", i);
    for (unsigned i = 0; i < 100; i++) {
        struct sw_indicator net = net_of(i);
        must(sw_index_add(ix, always, &net), "add");
    }
    struct sw_indicator as = {.type = SW_INDICATOR_ASN, .asn = 64500};
    must(sw_index_add(ix, always, &as), "add");
}

static void fill_flip(sw_list_id id, bool b)
{
    for (uint64_t i = 0; i < FLIP; i++) {
        add(id, b ? "flipb" : "flipa", i);
        add(id, "flipc", i);
    }
}

static void write_flip(sw_list_id *flip, bool b, bool abandon)
{
    sw_list_id staged;
    must(sw_index_stage_begin(ix, *flip, &staged), "stage_begin");
    fill_flip(staged, b);
    if (abandon)
        sw_index_stage_abandon(ix, staged);
    else
        must(sw_index_stage_swap(ix, flip, staged), "stage_swap");
}

static void write_news(sw_list_id news)
{
    uint64_t k = atomic_load(&added) + 1;
    add(news, "news", k);
    atomic_store(&added, k);
    if (k > KEPT) {
        del(news, "news", k - KEPT);
        atomic_store(&removed, k - KEPT);
    }
}

/* A wave goes up and down; every fourth time the wave goes down by dropping the list. */
static void write_wave(sw_list_id *wave, uint64_t step)
{
    uint64_t at = step % (2 * WAVE);
    if (at < WAVE)
        add(*wave, "wave", at);
    else if (step / (2 * WAVE) % 4 != 3)
        del(*wave, "wave", at - WAVE);
    else if (at == WAVE)
        must(sw_index_list_drop(ix, *wave), "drop");
    else if (at == WAVE + 1)
        *wave = set_list("wave", 1);
}

static void write_passing(uint64_t step)
{
    sw_list_id id = set_list("passing", 1);
    for (uint64_t i = step % 3; i < 10; i++)
        add(id, "passing", i);
    must(sw_index_list_drop(ix, id), "drop");
}

/* A prefix in, another prefix out. */
static void write_net(sw_list_id nets, uint64_t step)
{
    struct sw_indicator in = passing_net(step), out = passing_net(step + NETS / 2);
    must(sw_index_add(ix, nets, &in) == SW_EINVAL ? SW_EINVAL : SW_OK, "add a prefix");
    (void)sw_index_remove(ix, nets, &out);
}

/* The index into a file, shard by shard, during changes; may be given up when the index changes too
 * fast. */
static void *saver(void *arg)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    enum sw_status status = sw_image_write(arg, fd, "", 0, 1);
    struct sw_image_found found = {.index = NULL};
    char why[SW_WHY_MAX] = "";
    promise(status == SW_OK || status == SW_ETOOBIG, "the index is written while it changes");
    if (status == SW_OK) {
        promise(sw_image_load(fd, &found, why) == SW_OK, "what was written is a whole index");
        images++;
    }
    sw_index_free(found.index);
    free(found.note);
    close(fd);
    atomic_store(&saved, true);
    return NULL;
}

/* Begin to save, or take the saver back at the end. */
static void write_image(struct sw_image **image, pthread_t *thread, bool last)
{
    if (*image && (last || atomic_load(&saved))) {
        pthread_join(*thread, NULL);
        sw_image_end(*image);
        *image = NULL;
    } else if (!*image && !last) {
        atomic_store(&saved, false);
        *image = sw_image_begin(ix);
        if (!*image || pthread_create(thread, NULL, saver, *image) != 0)
            exit(2);
    }
}

/* All lists again, with the same content, as in a full load. */
static void write_renewal(sw_list_id *flip, sw_list_id *news, sw_list_id *wave, uint64_t step)
{
    sw_list_id always = set_list("always", 1), staged;
    uint64_t at = step % (2 * WAVE), to = at < WAVE ? at : WAVE;
    must(sw_index_renew(ix, ALWAYS + 2 * FLIP + KEPT + WAVE), "renew");
    must(sw_index_stage_begin(ix, always, &staged), "stage_begin");
    fill_always(staged);
    must(sw_index_stage_swap(ix, &always, staged), "stage_swap");
    must(sw_index_stage_begin(ix, *news, &staged), "stage_begin");
    for (uint64_t k = atomic_load(&removed) + 1; k <= atomic_load(&added); k++)
        add(staged, "news", k);
    must(sw_index_stage_swap(ix, news, staged), "stage_swap");
    must(sw_index_stage_begin(ix, *wave, &staged), "stage_begin");
    for (uint64_t i = at < WAVE ? 0 : at - WAVE; i < to; i++)
        add(staged, "wave", i);
    must(sw_index_stage_swap(ix, wave, staged), "stage_swap");
    write_flip(flip, step % 2 == 0, false);
    must(ix->gates.next == 0 ? SW_OK : SW_EINVAL, "renewal");
}

static uint64_t writer(int64_t until)
{
    sw_list_id always = set_list("always", 1), flip = set_list("flip", 1);
    sw_list_id wave = set_list("wave", 1), news = set_list("news", 1), nets = set_list("nets", 1);
    struct sw_image *image = NULL;
    pthread_t thread;
    uint64_t step = 0;
    (void)always;
    for (; !atomic_load(&stop) && sw_clock_mono_us() < until; step++) {
        if (step % 5000 == 4999 && step / WAVE % 8 != 7)
            write_renewal(&flip, &news, &wave, step);
        write_wave(&wave, step);
        if (step % 4 == 0)
            write_news(news);
        if (step % 4 == 1)
            write_net(nets, step / 4);
        if (step % 1000 == 7)
            write_image(&image, &thread, false);
        if (step % 200 == 0)
            write_flip(&flip, step / 200 % 2 == 0, step % 1000 == 600);
        if (step % 128 == 1)
            (void)set_list("always", (uint16_t)(step / 128));
        if (step % 512 == 2)
            write_passing(step);
        if (step % 30000 == 3)
            sw_index_tidy(ix);
    }
    write_image(&image, &thread, true);
    return step;
}

static void prepare(void)
{
    ix = sw_index_new();
    if (!ix)
        exit(2);
    sw_list_id always = set_list("always", 1), flip = set_list("flip", 1);
    fill_always(always);
    fill_flip(flip, false);
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : getenv("SINKWATCH_STRESS_SECONDS");
    long seconds = text ? strtol(text, NULL, 10) : 5;
    pthread_t threads[READERS];
    prepare();
    for (uintptr_t i = 0; i < READERS; i++) {
        if (pthread_create(&threads[i], NULL, reader, (void *)(i + 1)) != 0)
            return 2;
    }
    uint64_t steps = writer(sw_clock_mono_us() + seconds * 1000000);
    atomic_store(&stop, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    printf("%llu writer's steps, %u images, %llu questions, %zu octets at the end\n",
           (unsigned long long)steps, images, (unsigned long long)atomic_load(&questions),
           sw_index_bytes(ix));
    sw_index_free(ix);
    const char *words = atomic_load(&broken);
    if (words)
        printf("broken: %s\n", words);
    printf("%d passed, %d failed\n", !words, words != NULL);
    return words != NULL;
}
