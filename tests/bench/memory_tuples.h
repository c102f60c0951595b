/*
 * memory_tuples.h - tuples for benchmarks of the memory: the i-th is the same in each run and
 * program.
 *
 * Names are those of SINKWATCH_DATA/names with a host label before each, else made-up names.
 */
#ifndef TESTS_BENCH_MEMORY_TUPLES_H
#define TESTS_BENCH_MEMORY_TUPLES_H

#include "index_names.h"
#include "memory/memory.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define DAY   86400u
#define START (20400u * DAY) /* 2025-11-08 */
#define NAMES 50000          /* names of the data that are read at most */

static char (*names)[80]; /* of SINKWATCH_DATA */
static size_t names_n;

struct tuple {
    struct sw_sighting sighting;
    struct sw_name owner, zone;
    uint8_t address[4];
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void figure(const char *name, double value, const char *unit, uint64_t n)
{
    const char *out = getenv("SW_BENCH_OUT");
    out = out ? out : getenv("SINKWATCH_BENCH");
    FILE *f = fopen(out ? out : "build/bench.jsonl", "a");
    printf("%-36s %14.1f %s\n", name, value, unit);
    if (!f) {
        perror("bench.jsonl");
        return;
    }
    fprintf(f, "{\"name\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"n\":%ju}\n", name, value, unit,
            (uintmax_t)n);
    fclose(f);
}

static void must(enum sw_status status, const char *what)
{
    if (status == SW_OK)
        return;
    fprintf(stderr, "memory: %s: %s\n", what, sw_strerror(status));
    exit(1);
}

static void read_names(void)
{
    static const char *const files[] = {"opendns-top-domains.txt", "opendns-random-domains.txt"};
    const char *data = getenv("SINKWATCH_DATA");
    char path[512], line[128];
    names = calloc(NAMES, sizeof(names[0]));
    for (size_t i = 0; names && i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/names/%s", data ? data : "../shared/data", files[i]);
        FILE *in = fopen(path, "r");
        while (in && names_n < NAMES && fgets(line, sizeof(line), in)) {
            line[strcspn(line, "\r\n")] = 0;
            if (line[0] && strlen(line) < sizeof(names[0]))
                memcpy(names[names_n++], line, strlen(line) + 1);
        }
        if (in)
            fclose(in);
    }
}

/* The i-th tuple: the same in each run. Hosts of one domain share address space. */
static void make_tuple(uint64_t i, uint32_t day, struct tuple *tuple)
{
    static const char *const hosts[] = {"www", "api", "cdn", "mail", "img", "static", "m", "ns1"};
    uint64_t r = scramble(i), domain = scramble(r) % (i / 8 + 64);
    char text[160];
    if (names_n > 0) {
        snprintf(text, sizeof(text), "%s%s%u.%s", hosts[r % 8], r % 3 ? "-" : "",
                 (unsigned)(r >> 8) % 1000, names[domain % names_n]);
        must(sw_name_parse(text, strlen(text), &tuple->owner, NULL), text);
    } else {
        uint8_t wire[SW_NAME_MAX + 16];
        tuple->owner.len = (uint8_t)listed_name(r, wire);
        memcpy(tuple->owner.wire, wire, tuple->owner.len);
    }
    must(sw_name_copy(sw_name_suffix(tuple->owner.wire, 2), SW_NAME_MAX, &tuple->zone), "zone");
    uint64_t network = scramble(domain) % 200000;
    tuple->address[0] = (uint8_t)(1 + network % 220);
    tuple->address[1] = (uint8_t)(network >> 8);
    tuple->address[2] = (uint8_t)(network >> 4);
    tuple->address[3] = (uint8_t)(r >> 16);
    uint64_t first = START + day * (uint64_t)DAY + (r >> 24) % (DAY / 2);
    tuple->sighting = (struct sw_sighting){.owner = tuple->owner.wire,
                                           .zone = tuple->zone.wire,
                                           .rdata = tuple->address,
                                           .rdata_len = 4,
                                           .type = 1,
                                           .first = first,
                                           .last = first + (r >> 40) % (DAY / 2),
                                           .count = 1 + (r >> 56) % 9};
}

static void remove_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(folder);
}

#endif
