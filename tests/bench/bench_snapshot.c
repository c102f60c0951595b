/*
 * bench_snapshot.c - the local snapshot, and indicators with an end.
 *
 * With 10 M names, and with LONG=1 with 100 M too (first argument: another number): the cost of
 * writing the snapshot, in memory as well, and the added time of single changes meanwhile; then a
 * separate process that starts from the file, to the first answer (without the start of Unbound),
 * and the resident memory then; the same with the file not in the page cache. And the cost of an
 * end: memory, setting, taking out.
 *
 * The file lies in SINKWATCH_BUILD or ".", and is removed.
 */
#include "../unit/index_hits.h"

#include "base/clock.h"
#include "feed/local.h"
#include "index/image.h"
#include "proc_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STARTS  5
#define CHANGES 2000000 /* at most, while a file is written */
#define PREFIX  "{sinkwatch}"

static const char note[] = "{\"prefix\":\"" PREFIX "\",\"server\":\"\",\"lists\":[]}";
static FILE *json;
static char path[SW_PATH_MAX];

static double now_s(void)
{
    return (double)sw_clock_mono_us() / 1e6;
}

static void must(bool ok, const char *what)
{
    if (!ok) {
        perror(what);
        exit(1);
    }
}

static void figure(const char *name, double value, const char *unit, size_t n, const char *words)
{
    fprintf(json, "{\"name\":\"%s\",\"value\":%.4f,\"unit\":\"%s\",\"n\":%zu,\"with\":\"%s\"}\n",
            name, value, unit, n, words);
    fflush(json);
    printf("  %-30s %12.3f %-6s %s\n", name, value, unit, words);
    fflush(stdout);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct sw_indicator nth(size_t i)
{
    struct sw_indicator ind = {.type = SW_INDICATOR_DOMAIN};
    char text[64];
    int len = snprintf(text, sizeof(text), "host%zu.example%zu.test", i, i % 99991);
    must(sw_name_parse(text, (size_t)len, &ind.name, NULL) == SW_OK, "name");
    return ind;
}

static bool listed(const struct sw_index *index, size_t i)
{
    struct sw_indicator ind = nth(i);
    struct sw_view view = sw_index_view(index);
    struct sw_hit hit;
    return find_name(&view, ind.name.wire, ind.name.len, &hit, 1) == 1;
}

static struct sw_index *make(size_t n, sw_list_id *id)
{
    struct sw_index *index = sw_index_new();
    struct sw_policy policy;
    sw_policy_init(&policy, "l");
    must(index && sw_index_list_set(index, &policy, id) == SW_OK, "index");
    for (size_t i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        must(sw_index_add(index, *id, &ind) == SW_OK, "add");
    }
    return index;
}

/* ---- start ---- */

/* The work of init, in a new process: from main() to the first answer. */
static int start(size_t n)
{
    struct sw_settings settings;
    struct sw_local_start found;
    double began = now_s();
    sw_settings_init(&settings);
    snprintf(settings.snapshot_file, sizeof(settings.snapshot_file), "%s", path);
    sw_local_open(&settings, sw_clock_wall_us(), &found);
    bool ok = found.index && listed(found.index, n / 2) && !listed(found.index, n);
    printf("%.6f\n%.0f\n", now_s() - began, resident_peak());
    sw_local_forget(&found);
    return ok ? 0 : 1;
}

/* Seconds from exec to the first answer; *bytes: the most that was resident. */
static double start_once(const char *self, size_t n, bool cold, double *bytes)
{
    char command[2 * SW_PATH_MAX], line[64] = "";
    if (cold) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        must(fd >= 0 && fsync(fd) == 0, "fsync");
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    snprintf(command, sizeof(command), "%s --start %zu '%s'", self, n, path);
    double began = now_s();
    FILE *child = popen(command, "r");
    must(child && fgets(line, sizeof(line), child) != NULL, "child");
    double took = now_s() - began; /* exec and reading the clock included */
    must(fgets(line, sizeof(line), child) != NULL, "child");
    *bytes = strtod(line, NULL);
    must(pclose(child) == 0, "the start failed");
    return took;
}

static void bench_start(const char *self, size_t n, const char *size)
{
    for (int cold = 0; cold < 2; cold++) {
        double took[STARTS], bytes = 0;
        char name[64];
        for (int i = 0; i < STARTS; i++)
            took[i] = start_once(self, n, cold, &bytes);
        qsort(took, STARTS, sizeof(took[0]), by_value);
        snprintf(name, sizeof(name), "snapshot_start_%s%s_s", size, cold ? "_cold" : "");
        figure(name, took[STARTS / 2], "s", STARTS,
               cold ? "median; file dropped from the page cache" : "median; reach <= 0.5");
        if (cold)
            continue;
        snprintf(name, sizeof(name), "snapshot_start_bytes_%s", size);
        figure(name, bytes / (double)n, "B", 1, "for each name, the most resident until then");
    }
}

/* ---- writing ---- */

struct writing {
    struct sw_image *image;
    int fd;
    atomic_bool over;
    enum sw_status status;
    double took;
};

static void *write_image(void *arg)
{
    struct writing *w = arg;
    double began = now_s();
    w->status = sw_image_write(w->image, w->fd, note, sizeof(note) - 1, sw_clock_wall_us());
    w->took = now_s() - began;
    atomic_store(&w->over, true);
    return NULL;
}

/* A name in, a name out, all the while; sorted times in microseconds. */
static size_t changes(struct sw_index *index, sw_list_id id, size_t n, const atomic_bool *over,
                      double *us)
{
    size_t k = 0;
    for (; k < CHANGES && !atomic_load(over); k++) {
        struct sw_indicator ind = nth(n + k % 1000);
        int64_t began = sw_clock_mono_us();
        (void)sw_index_add(index, id, &ind);
        (void)sw_index_remove(index, id, &ind);
        us[k] = (double)(sw_clock_mono_us() - began);
        usleep(100);
    }
    qsort(us, k, sizeof(*us), by_value);
    return k;
}

static void bench_write(struct sw_index *index, sw_list_id id, size_t n, const char *size)
{
    struct writing w = {.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    double *us = calloc(CHANGES, sizeof(*us));
    pthread_t thread;
    char name[64];
    struct stat st;
    must(w.fd >= 0 && us != NULL, path);
    forget_peak();
    double before = resident(), began = now_s();
    w.image = sw_image_begin(index);
    double begin_s = now_s() - began;
    must(w.image && pthread_create(&thread, NULL, write_image, &w) == 0, "thread");
    size_t k = changes(index, id, n, &w.over, us);
    pthread_join(thread, NULL);
    double most = resident_peak() - (double)k * sizeof(*us);
    sw_image_end(w.image);
    errno = 0;
    must(w.status == SW_OK && fstat(w.fd, &st) == 0, sw_strerror(w.status));
    close(w.fd);
    snprintf(name, sizeof(name), "snapshot_write_%s_s", size);
    figure(name, w.took, "s", 1, "in its own thread");
    snprintf(name, sizeof(name), "snapshot_begin_%s_ms", size);
    figure(name, begin_s * 1e3, "ms", 1, "the feeder's share");
    snprintf(name, sizeof(name), "snapshot_change_p99_%s_us", size);
    figure(name, k > 0 ? us[k * 99 / 100] : 0, "us", k, "one in, one out, while it is written");
    snprintf(name, sizeof(name), "snapshot_change_max_%s_us", size);
    figure(name, k > 0 ? us[k - 1] : 0, "us", k, "");
    snprintf(name, sizeof(name), "snapshot_bytes_%s", size);
    figure(name, (double)st.st_size / (double)n, "B", n, "of file for each name");
    snprintf(name, sizeof(name), "snapshot_write_peak_%s", size);
    figure(name, most / before, "ratio", 1, "of the process while it is written");
    free(us);
}

/* ---- ends ---- */

static void bench_ends(size_t n)
{
    sw_list_id id;
    struct sw_index *index = make(n, &id);
    size_t before = sw_index_bytes(index), out = 0;
    uint64_t random = 88172645463325252u;
    double began = now_s();
    for (size_t i = 0; i < n; i++) {
        struct sw_indicator ind = nth(i);
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        must(sw_index_add_until(index, id, &ind, 1 + (uint32_t)(random >> 40)) == SW_EEXIST, "end");
    }
    figure("expiry_set_ns", (now_s() - began) * 1e9 / (double)n, "ns", n,
           "added again with an end");
    figure("expiry_bytes", (double)(sw_index_bytes(index) - before) / (double)n, "B", n,
           "more for each with an end");
    began = now_s();
    for (size_t got; (got = sw_index_expire(index, UINT32_MAX, 256, NULL, NULL)) > 0;)
        out += got;
    must(out == n, "expire");
    figure("expiry_out_ns", (now_s() - began) * 1e9 / (double)n, "ns", n, "taken out");
    sw_index_free(index);
}

static void bench(const char *self, size_t n)
{
    char size[16];
    sw_list_id id;
    snprintf(size, sizeof(size), n >= 1000000 ? "%zum" : "%zuk",
             n >= 1000000 ? n / 1000000 : n / 1000);
    if (!has_room("snapshot", 25.0 * (double)n))
        return;
    struct sw_index *index = make(n, &id);
    bench_write(index, id, n, size);
    sw_index_free(index);
    bench_start(self, n, size);
    unlink(path);
}

int main(int argc, char **argv)
{
    const char *out = getenv("SINKWATCH_BENCH"), *folder = getenv("SINKWATCH_BUILD");
    const char *more = getenv("LONG");
    if (argc == 4 && strcmp(argv[1], "--start") == 0) {
        snprintf(path, sizeof(path), "%s", argv[3]);
        return start(strtoull(argv[2], NULL, 10));
    }
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    snprintf(path, sizeof(path), "%s/bench.snapshot", folder ? folder : ".");
    json = fopen(out ? out : "build/bench.jsonl", "a");
    must(json != NULL, "bench.jsonl");
    printf("  %-30s %12s\n", "figure", "value");
    bench(argv[0], n);
    if (argc < 2 && more && more[0] != '\0')
        bench(argv[0], 100000000);
    bench_ends(n < 1000000 ? n : 1000000);
    return fclose(json) != 0;
}
