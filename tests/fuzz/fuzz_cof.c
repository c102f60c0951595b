/*
 * fuzz_cof.c - journal/cof.h: lines of anybody's archive. A line that is taken is written and
 * read again: the same sightings.
 */
#include "fuzz.h"

#include "journal/cof.h"
#include "journal/rdata_text.h"

#define TAKEN_MAX 64

struct one {
    struct sw_name owner;
    uint8_t rdata[SW_RDATA_MAX];
    struct sw_sighting sighting;
};

struct taken {
    size_t n;
    struct one one[TAKEN_MAX];
};

static enum sw_status take(void *arg, const struct sw_sighting *sighting)
{
    struct taken *taken = arg;
    uint8_t folded[SW_RDATA_MAX];
    FUZZ_CHECK(sw_rdata_kept(sighting->type) && sighting->first <= sighting->last);
    FUZZ_CHECK(sw_rdata_canonical(sighting->type, sighting->rdata, sighting->rdata_len, folded) ==
               SW_OK);
    FUZZ_CHECK(memcmp(folded, sighting->rdata, sighting->rdata_len) == 0);
    if (taken->n == TAKEN_MAX)
        return SW_ECLOSED;
    struct one *one = &taken->one[taken->n++];
    FUZZ_CHECK(sw_name_copy(sighting->owner, SW_NAME_MAX, &one->owner) == SW_OK);
    memcpy(one->rdata, sighting->rdata, sighting->rdata_len);
    one->sighting = *sighting;
    one->sighting.owner = one->owner.wire;
    one->sighting.rdata = one->rdata;
    one->sighting.zone = NULL;
    return SW_OK;
}

static void write_and_read(const struct one *one)
{
    static struct taken again;
    const char *why;
    char *line = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&line, &len);
    FUZZ_CHECK(out != NULL);
    sw_cof_write(out, &one->sighting);
    FUZZ_CHECK(fclose(out) == 0 && len > 0 && line[len - 1] == '\n');
    again.n = 0;
    enum sw_status status = sw_cof_read(line, len, take, &again, &why);
    FUZZ_CHECK(status == SW_OK && again.n == 1);
    const struct sw_sighting *a = &one->sighting, *b = &again.one[0].sighting;
    FUZZ_CHECK(a->type == b->type && a->first == b->first && a->last == b->last);
    FUZZ_CHECK(a->count == b->count && a->rdata_len == b->rdata_len);
    FUZZ_CHECK(memcmp(a->rdata, b->rdata, a->rdata_len) == 0);
    FUZZ_CHECK(sw_name_equal(a->owner, b->owner));
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct taken taken;
    const char *why = NULL;
    char *copy = fuzz_copy(data, size);
    taken.n = 0;
    enum sw_status status = sw_cof_read(copy, size, take, &taken, &why);
    FUZZ_CHECK(status == SW_OK || (why && fuzz_words_ok(why, 200)));
    FUZZ_CHECK(taken.n == 0 || status == SW_OK || status == SW_ECLOSED);
    for (size_t i = 0; i < taken.n; i++)
        write_and_read(&taken.one[i]);
    free(copy);
    return 0;
}
