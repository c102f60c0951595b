/*
 * fuzz_index.c - index/index.h: the input as a program of calls, on the index and on a naive
 * model; every answer has to be the same. The program's words: tests/unit/index_program.h.
 *
 * p_run() asks for the whole universe at the end, which is right for a few long programs; for many
 * short programs this would be nearly all of the work, so here every 16th indicator is asked for.
 */
#include "../unit/index_program.h"
#include "fuzz.h"

#define EACH 16

/* Names of many labels, around the 64 that the index keeps in a word, and the most that leave room
 * for a question a label below. */
static void deep_names(struct program *p)
{
    static const unsigned labels[] = {62, 63, 64, 65, 126};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
        for (int form = 0; form < SW_FORM_COUNT; form++) {
            struct sw_indicator *ind = &p->universe[p->n++];
            P_CHECK(p->n <= P_UNIVERSE);
            *ind = (struct sw_indicator){.type = SW_INDICATOR_DOMAIN, .form = (enum sw_form)form};
            for (unsigned k = 0; k < labels[i]; k++)
                memcpy(ind->name.wire + 2 * (size_t)k, "\1z", 2);
            ind->name.len = (uint8_t)(2 * labels[i] + 1);
        }
    }
}

/* Parsed once, copied for each input. */
static const struct program *fresh(void)
{
    static struct program first;
    struct program *p = &first;
    if (p->n > 0)
        return p;
    for (unsigned l = 0; l < P_LISTS; l++)
        p->list[l].id = SW_LISTS_MAX;
    p_universe(p);
    deep_names(p);
    return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct program *p = fuzz_copy(fresh(), sizeof(*p));
    p->data = data;
    p->len = size;
    p->ix = sw_index_new();
    FUZZ_CHECK(p->ix != NULL);
    while (p->at < p->len)
        p_step(p);
    for (size_t u = size % EACH; u < p->n; u += EACH)
        p_ask(p, &p->universe[u], P_HITS);
    p_counts(p);
    sw_index_free(p->ix);
    free(p);
    return 0;
}
