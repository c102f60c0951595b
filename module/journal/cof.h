/*
 * cof.h - sightings in the Passive DNS Common Output Format: a JSON object on each line.
 *
 *     {"rrname":"www.example.net.","rrtype":"A","rdata":"192.0.2.1","time_first":1764000000,
 *      "time_last":1764003600,"count":7,"bailiwick":"example.net."}
 *
 * In input: rdata can be an array, times can be numbers or text with digits, zone_time_first and
 * zone_time_last stand for times in DNSDB's lines of zone files; count and bailiwick can be
 * missing; other members are ignored.
 *
 * Threads      pure functions
 * Security     input is anybody's: fuzz_cof.c
 * Standards    draft-dulaunoy-dnsop-passive-dns-cof
 */
#ifndef SW_JOURNAL_COF_H
#define SW_JOURNAL_COF_H

#include "memory/memory.h"

#include <stdio.h>

/** Write a sighting as a line. */
void sw_cof_write(FILE *out, const struct sw_sighting *sighting);

/** Takes a sighting of a line, borrowed during the call. Any code but SW_OK ends the line. */
typedef enum sw_status sw_cof_fn(void *arg, const struct sw_sighting *sighting);

/**
 * Read a line: a sighting for each rdata.
 *
 * why  set to static words on SW_ESYNTAX and SW_ENOTFOUND
 * SW_OK; SW_ESYNTAX: no such object, or a member is wrong, and nothing was taken; SW_ENOTFOUND: a
 * record of a type that is not kept; a code of take.
 */
enum sw_status sw_cof_read(const char *line, size_t len, sw_cof_fn *take, void *arg,
                           const char **why);

#endif
