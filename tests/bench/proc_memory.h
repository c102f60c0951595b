/*
 * proc_memory.h - the memory known to a benchmark: present, highest, and available.
 */
#ifndef TESTS_BENCH_PROC_MEMORY_H
#define TESTS_BENCH_PROC_MEMORY_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A figure of /proc in octets, by its name with the colon; 0 when absent. */
static inline double proc_bytes(const char *file, const char *name)
{
    unsigned long kib = 0;
    char line[256];
    FILE *f = fopen(file, "r");
    while (f && fgets(line, sizeof(line), f) && kib == 0)
        if (strncmp(line, name, strlen(name)) == 0)
            (void)sscanf(line + strlen(name), " %lu kB", &kib);
    if (f)
        fclose(f);
    return (double)kib * 1024;
}

/* Resident memory of this process. */
static inline double resident(void)
{
    return proc_bytes("/proc/self/status", "VmRSS:");
}

/* The most that was resident since the last call of forget_peak(). */
static inline double resident_peak(void)
{
    return proc_bytes("/proc/self/status", "VmHWM:");
}

/* Begin a new highest value (proc(5): clear_refs); where the kernel refuses, the old value
 * stays. */
static inline void forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) {
        (void)fputs("5\n", f);
        fclose(f);
    }
}

/* Whether so many octets can be had with a quarter to spare; says so when not. */
static inline bool has_room(const char *what, double bytes)
{
    double have = proc_bytes("/proc/meminfo", "MemAvailable:");
    if (have > bytes * 1.25)
        return true;
    printf("\n%s: skipped, it needs %.1f GB of memory, %.1f are available\n", what, bytes / 1e9,
           have / 1e9);
    return false;
}

#endif
