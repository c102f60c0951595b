/* sweep_memory.c - answers of a sweep as sightings in the memory's files (D-165). See sweep.h. */
#include "base/clock.h"
#include "cli/output.h"
#include "cli/sweep/sweep.h"
#include "memory/intake/keeper.h"
#include "memory/intake/received.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST_US   60000000  /* for the last file */
#define ROOM      (1 << 18) /* octets of the ring in use, at which no further name is asked for */
#define RECORD_AT 2         /* the rdata in a record: after the length */

struct sweep_memory {
    struct sw_settings settings; /* with the folder of this run */
    struct sw_keeper *keeper;
    struct sw_received received;
};

/* The folder is never made here: the resolver, which runs as another user, could not use it. */
static int check_folder(const char *folder)
{
    struct stat st;
    if (stat(folder, &st) == 0 && !S_ISDIR(st.st_mode))
        errno = ENOTDIR;
    else if (access(folder, W_OK | X_OK) == 0)
        return CLI_OK;
    cli_error("memory %s: %s", cli_clean_text(folder), strerror(errno));
    return CLI_INPUT;
}

struct sweep_memory *sweep_memory_new(struct cli *cli, const struct sweep_options *options,
                                      int *code)
{
    const char *folder = options->memory;
    *code = folder ? check_folder(folder) : CLI_OK;
    if (!folder || *code != CLI_OK)
        return NULL;
    struct sweep_memory *memory = cli_alloc(1, sizeof(*memory));
    memory->settings = cli->settings;
    snprintf(memory->settings.memory_folder, sizeof(memory->settings.memory_folder), "%s", folder);
    memory->keeper = sw_keeper_new(&memory->settings, 1);
    if (memory->keeper)
        sw_keeper_patience(memory->keeper, LAST_US);
    if (memory->keeper && sw_keeper_start(memory->keeper) == SW_OK)
        return memory;
    cli_error("out of memory");
    *code = CLI_NONE;
    sweep_memory_free(memory);
    return NULL;
}

/* Hand the RRset over to the keeper. */
static void put(struct sweep_memory *memory)
{
    struct sw_received *r = &memory->received;
    if (r->records > 0)
        sw_ring_put(sw_keeper_ring(memory->keeper, 0), r, sw_received_size(r));
    r->records = 0;
}

/* Whether a record belongs to the RRset under way, and has room there. */
static bool fits(const struct sw_received *r, const struct sw_name *owner, uint16_t type,
                 size_t size)
{
    return r->records > 0 && r->type == type && r->owner_len == owner->len &&
           memcmp(r->body, owner->wire, owner->len) == 0 && size <= sizeof(r->body) - r->body_len;
}

/* The zone is not known: that is the root in the files. */
static void add_record(void *arg, const struct sw_name *owner, uint16_t type, const uint8_t *rdata,
                       size_t len)
{
    static const uint8_t unknown[1] = {0};
    struct sweep_memory *memory = arg;
    uint8_t record[RECORD_AT + SW_NAME_MAX];
    record[0] = (uint8_t)(len >> 8);
    record[1] = (uint8_t)len;
    memcpy(record + RECORD_AT, rdata, len);
    if (!fits(&memory->received, owner, type, RECORD_AT + len)) {
        put(memory);
        sw_received_begin(&memory->received, (uint32_t)(sw_clock_wall_us() / 1000000), type,
                          owner->wire, owner->len, unknown, sizeof(unknown));
    }
    sw_received_add(&memory->received, record, RECORD_AT + len);
}

void sweep_memory_note(struct sweep_memory *memory, const uint8_t *packet, size_t len)
{
    if (!memory)
        return;
    sweep_answer_records(packet, len, add_record, memory);
    put(memory);
}

bool sweep_memory_has_room(const struct sweep_memory *memory)
{
    return !memory || sw_ring_used(sw_keeper_ring(memory->keeper, 0)) < ROOM;
}

json_t *sweep_memory_finish(struct sweep_memory *memory)
{
    if (!memory)
        return json_null();
    sw_keeper_stop(memory->keeper);
    json_t *status = sw_keeper_status(memory->keeper), *out = json_object();
    cli_json_set(out, "folder", memory->settings.memory_folder);
    json_object_set(out, "records", json_object_get(status, "tuples_written"));
    json_object_set(out, "left_out", json_object_get(status, "left_out"));
    if (json_object_get(status, "problem"))
        json_object_set(out, "problem", json_object_get(status, "problem"));
    json_decref(status);
    return out;
}

void sweep_memory_free(struct sweep_memory *memory)
{
    if (!memory)
        return;
    sw_keeper_free(memory->keeper);
    free(memory);
}
