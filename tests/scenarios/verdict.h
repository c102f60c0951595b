/*
 * verdict.h - raised anomalies of a scenario compared with the labels, and the tables of precision
 * and recall. A part of run_scenarios.c, which has the run and the scores.
 */
#ifndef SW_TESTS_VERDICT_H
#define SW_TESTS_VERDICT_H

static bool has(const json_t *array, const char *text)
{
    json_t *one;
    size_t i;
    json_array_foreach(array, i, one)
    {
        if (strcmp(json_string_value(one), text) == 0)
            return true;
    }
    return false;
}

static struct score *score_of(const char *scenario, const char *key)
{
    for (int type = 0; type < SW_ANOMALY_COUNT; type++) {
        const char *name = sw_anomaly_name((enum sw_anomaly_type)type);
        if (strncmp(key, name, strlen(name)) == 0 && key[strlen(name)] == ' ')
            return &scores[type];
    }
    stop(scenario, key);
    return NULL;
}

static bool is_of_type(const char *key, enum sw_anomaly_type type)
{
    const char *name = sw_anomaly_name(type);
    return strncmp(key, name, strlen(name)) == 0 &&
           (key[strlen(name)] == ' ' || key[strlen(name)] == '\0');
}

/* How many texts of an array are about a type. */
static unsigned count_type(const json_t *array, enum sw_anomaly_type type)
{
    unsigned n = 0;
    json_t *one;
    size_t i;
    json_array_foreach(array, i, one) n += is_of_type(json_string_value(one), type);
    return n;
}

static unsigned raised_documents(enum sw_anomaly_type type)
{
    unsigned n = 0;
    json_t *one;
    size_t i;
    json_array_foreach(run.documents, i, one) n +=
        is_of_type(text_at(one, "sinkwatch.anomaly.type"), type);
    return n;
}

/* The number of documents of each type: a document for each label, or as `documents` says. */
static bool compare_documents(const json_t *scenario)
{
    const char *name = text_at(scenario, "name");
    const json_t *said = json_object_get(scenario, "documents");
    bool good = true;
    for (int t = 0; t < SW_ANOMALY_COUNT; t++) {
        enum sw_anomaly_type type = (enum sw_anomaly_type)t;
        const json_t *number = json_object_get(said, sw_anomaly_name(type));
        unsigned want = number ? (unsigned)json_integer_value(number)
                               : count_type(json_object_get(scenario, "expect"), type);
        unsigned got = raised_documents(type), right = got < want ? got : want;
        bool known = count_type(json_object_get(scenario, "known_errors"), type) > 0;
        scores[t].doc_right += right;
        scores[t].doc_missed += want - right;
        scores[t].doc_wrong += got - right;
        if (got == want)
            continue;
        printf("%s%s: %u documents of %s, %u expected\n", known ? "known   " : "DIFFERS ", name,
               got, sw_anomaly_name(type), want);
        good = good && known;
    }
    return good;
}

static void print_missed(const json_t *known, const char *name, const char *key)
{
    printf("%s%s: missed %s\n", has(known, key) ? "known   " : "DIFFERS ", name, key);
}

static bool compare_labels(const json_t *scenario, json_t *missed, json_t *wrong)
{
    const char *name = text_at(scenario, "name"), *key;
    const json_t *expect = json_object_get(scenario, "expect"),
                 *known = json_object_get(scenario, "known_errors");
    json_t *one, *value;
    size_t i;
    bool good = true;
    json_array_foreach(expect, i, one)
    {
        key = json_string_value(one);
        bool found = json_object_get(run.raised, key) != NULL;
        struct score *score = score_of(name, key);
        *(found ? &score->right : &score->missed) += 1;
        if (!found) {
            json_array_append(missed, one);
            print_missed(known, name, key);
        }
        good = good && found != has(known, key);
    }
    json_object_foreach(run.raised, key, value)
    {
        if (has(expect, key))
            continue;
        score_of(name, key)->wrong++;
        json_array_append_new(wrong, json_string(key));
        printf("%s%s: raised %s\n", has(known, key) ? "known   " : "DIFFERS ", name, key);
        good = good && has(known, key);
    }
    json_array_foreach(known, i, one)
    {
        key = json_string_value(one);
        if (!has(expect, key) && !json_object_get(run.raised, key)) {
            printf("DIFFERS %s: no longer raised: %s\n", name, key);
            good = false;
        }
    }
    return good;
}

static void print_line(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    printf("%s\n", text);
    free(text);
    json_decref(object);
}

/* The verdict, every label and every document, each a line of JSON. */
static void print_lines(const char *name, bool good, json_t *missed, json_t *wrong)
{
    json_t *labels = json_array(), *value, *one;
    const char *key;
    size_t i;
    json_object_foreach(run.raised, key, value) json_array_append_new(labels, json_string(key));
    print_line(json_pack("{s:s, s:b, s:o, s:O, s:O, s:I}", "scenario", name, "as_labelled", good,
                         "raised", labels, "missed", missed, "unexpected", wrong, "documents",
                         (json_int_t)json_array_size(run.documents)));
    json_array_foreach(run.documents, i, one)
        print_line(json_pack("{s:s, s:O}", "scenario", name, "document", one));
}

static bool compare(const json_t *scenario)
{
    json_t *missed = json_array(), *wrong = json_array();
    const char *reason = text_at(scenario, "reason");
    bool good = compare_labels(scenario, missed, wrong);
    good = compare_documents(scenario) && good;
    if (reason[0] != '\0')
        printf("        reason: %s\n", reason);
    if (theirs)
        print_lines(text_at(scenario, "name"), good, missed, wrong);
    json_decref(missed);
    json_decref(wrong);
    return good;
}

static void print_part(unsigned part, unsigned all)
{
    if (all == 0)
        printf(" %9s", "-");
    else
        printf(" %9.3f", (double)part / all);
}

static void print_counts(unsigned right, unsigned missed, unsigned wrong)
{
    printf(" %6u %6u %6u", right, missed, wrong);
    print_part(right, right + wrong);
    print_part(right, right + missed);
}

static void print_table(void)
{
    printf("\n%-16s %42s %43s\n%-16s", "", "by label", "by document", "anomaly");
    for (int i = 0; i < 2; i++)
        printf(" %6s %6s %6s %9s %9s", "right", "missed", "wrong", "precision", "recall");
    for (int type = 0; type < SW_ANOMALY_COUNT; type++) {
        const struct score *s = &scores[type];
        printf("\n%-16s", sw_anomaly_name((enum sw_anomaly_type)type));
        print_counts(s->right, s->missed, s->wrong);
        print_counts(s->doc_right, s->doc_missed, s->doc_wrong);
    }
    printf("\n%u scenarios, %u answers; timelines from public reports: %u of %u\n\n", scenarios,
           answers, from_reports, scenarios);
}

#endif
