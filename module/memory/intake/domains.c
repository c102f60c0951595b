#include "memory/intake/domains.h"

#include "memory/intake/suffixes.h"

#include <errno.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define SLOTS_MIN 1024

struct place {     /* a registrable domain, or a name that is left out */
    uint64_t hash; /* 0: free */
    uint32_t count;
};

struct table { /* open addressing, linear probing, at most half in use */
    struct place *place;
    size_t size, n;
};

struct sw_domains {
    uint32_t limit;
    uint64_t seed;
    struct sw_suffixes *suffixes; /* NULL: the list is not there as text */
    psl_ctx_t *psl;               /* then; or NULL */
    struct table counts, excluded;
};

/* The text form is installed beside the form for libpsl. */
static void load_suffixes(struct sw_domains *domains)
{
    const char *path = psl_dist_filename();
    char text[256];
    size_t len = strlen(path), ending = strlen(".dafsa");
    if (len > ending && strcmp(path + len - ending, ".dafsa") == 0)
        len -= ending;
    snprintf(text, sizeof(text), "%.*s%s", (int)len, path, path[len] ? ".dat" : "");
    if (sw_suffixes_load(text, &domains->suffixes) != SW_OK)
        domains->psl = psl_latest(NULL);
}

struct sw_domains *sw_domains_new(uint32_t limit)
{
    struct sw_domains *domains = calloc(1, sizeof(*domains));
    if (!domains)
        return NULL;
    domains->limit = limit;
    load_suffixes(domains);
    if (getrandom(&domains->seed, sizeof(domains->seed), 0) < 0) {
        sw_domains_free(domains);
        return NULL;
    }
    return domains;
}

void sw_domains_free(struct sw_domains *domains)
{
    if (!domains)
        return;
    sw_suffixes_free(domains->suffixes);
    psl_free(domains->psl);
    free(domains->counts.place);
    free(domains->excluded.place);
    free(domains);
}

/* ---- the table ---- */

static uint64_t hash_of(const struct sw_domains *domains, const uint8_t *name)
{
    uint64_t hash = XXH3_64bits_withSeed(name, sw_name_size(name, SW_NAME_MAX), domains->seed);
    return hash ? hash : 1;
}

/* The place of a hash, or the free place where the hash belongs. The table is not empty. */
static struct place *place_of(const struct table *table, uint64_t hash)
{
    size_t at = (size_t)hash & (table->size - 1);
    while (table->place[at].hash && table->place[at].hash != hash)
        at = (at + 1) & (table->size - 1);
    return &table->place[at];
}

static bool grow(struct table *table)
{
    struct table larger = {.size = table->size ? table->size * 2 : SLOTS_MIN, .n = table->n};
    larger.place = calloc(larger.size, sizeof(*larger.place));
    if (!larger.place)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->place[i].hash)
            *place_of(&larger, table->place[i].hash) = table->place[i];
    free(table->place);
    *table = larger;
    return true;
}

/* The place of a hash, made if need be; NULL: no memory. */
static struct place *place_made(struct table *table, uint64_t hash)
{
    if (table->n * 2 >= table->size && !grow(table))
        return NULL;
    struct place *place = place_of(table, hash);
    table->n += !place->hash;
    place->hash = hash;
    return place;
}

/* ---- the file of names to be left out ---- */

/* Cut a line at a comment and at blanks on both sides; returns its first character. */
static char *stripped(char *line)
{
    line[strcspn(line, "#\r\n")] = '\0';
    line += strspn(line, " \t");
    for (size_t n = strlen(line); n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
        line[n - 1] = '\0';
    return line;
}

/* A line to a name; a leading "*." is accepted, since names below are covered anyway. NULL: the
 * line is taken, or empty; else words for people. */
static const char *exclude_line(struct sw_domains *domains, char *line)
{
    const char *why = NULL, *text = stripped(line);
    struct sw_name name;
    if (!*text)
        return NULL;
    text += strncmp(text, "*.", 2) == 0 ? 2 : 0;
    if (sw_name_parse(text, strlen(text), &name, &why) != SW_OK)
        return why ? why : "no name";
    if (name.len == 1)
        return "the root would leave out everything";
    if (!place_made(&domains->excluded, hash_of(domains, name.wire)))
        return "out of memory";
    return NULL;
}

size_t sw_domains_exclude(struct sw_domains *domains, const char *path,
                          void problem(const char *path, unsigned line, const char *why))
{
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    FILE *file = fopen(path, "re");
    if (!file) {
        problem(path, 0, strerror(errno));
        return 0;
    }
    while (getline(&line, &size, file) >= 0) {
        const char *why = exclude_line(domains, line);
        number++;
        if (why)
            problem(path, number, why);
    }
    if (ferror(file))
        problem(path, 0, "cannot be read to the end");
    free(line);
    fclose(file);
    return domains->excluded.n;
}

bool sw_domains_excluded(const struct sw_domains *domains, const uint8_t *name)
{
    if (domains->excluded.n == 0)
        return false;
    for (; *name; name += 1 + *name)
        if (place_of(&domains->excluded, hash_of(domains, name))->hash)
            return true;
    return false;
}

/* ---- registrable domains ---- */

const uint8_t *sw_domains_of(const struct sw_domains *domains, const uint8_t *name)
{
    char text[SW_NAMETEXT_MAX];
    unsigned labels = 1;
    if (domains->suffixes)
        return sw_suffixes_of(domains->suffixes, name);
    if (!domains->psl || !*name)
        return name;
    const char *domain = psl_registrable_domain(domains->psl, sw_name_text(name, text));
    if (!domain)
        return name;
    for (; (domain = strchr(domain, '.')); domain++)
        labels++;
    return sw_name_suffix(name, labels);
}

bool sw_domains_take(struct sw_domains *domains, const uint8_t *domain)
{
    if (domains->limit == 0)
        return true;
    struct place *place = place_made(&domains->counts, hash_of(domains, domain));
    if (!place || place->count >= domains->limit)
        return false;
    place->count++;
    return true;
}

void sw_domains_clear(struct sw_domains *domains)
{
    free(domains->counts.place);
    domains->counts = (struct table){.place = NULL};
}
