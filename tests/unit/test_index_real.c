/*
 * test_index_real.c - the index with names as in feeds, against a sorted array of texts.
 *
 * Once with generated names that have the real lists' shape, and once with the list of 1.16 M
 * indicators and the 20,000 looked-up names of the shared data, where SINKWATCH_DATA names that
 * folder (else ../shared/data); a skipped test without these data.
 *
 * The questions are the listed names themselves, names below, neighbouring names, and looked-up
 * names; then every second name is removed, and all is asked again.
 */
#include "index_words.h"

#include "suite.h"

#include <unistd.h>

struct names {
    char **text;
    size_t n;
};

static struct names listed, asked;
static sw_list_id list_id;

/* ---- names ---- */

static void keep(struct names *names, const char *text)
{
    if ((names->n & (names->n - 1)) == 0) {
        names->text = realloc(names->text, (2 * names->n + 1) * sizeof(*names->text));
        ck_assert_ptr_nonnull(names->text);
    }
    names->text[names->n] = strdup(text);
    ck_assert_ptr_nonnull(names->text[names->n]);
    names->n++;
}

static void forget(struct names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->text[i]);
    free(names->text);
    *names = (struct names){0};
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_once(struct names *names)
{
    size_t kept = 0;
    qsort(names->text, names->n, sizeof(*names->text), by_text);
    for (size_t i = 0; i < names->n; i++) {
        if (kept > 0 && strcmp(names->text[kept - 1], names->text[i]) == 0)
            free(names->text[i]);
        else
            names->text[kept++] = names->text[i];
    }
    names->n = kept;
}

/* The lines that are names; their text, once folded and checked. */
static void read_names(struct names *names, const char *command)
{
    char line[512], why[SW_WHY_MAX], text[SW_INDICATORTEXT_MAX];
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof(line), f)) {
        struct sw_indicator i;
        if (sw_indicator_parse(line, strcspn(line, "\n"), &i, why) == SW_OK &&
            i.type == SW_INDICATOR_DOMAIN && i.form == SW_FORM_SUBTREE)
            keep(names, sw_indicator_text(&i, text));
    }
    ck_assert_int_eq(pclose(f), 0);
}

static uint64_t random_state = 1;

static unsigned below(unsigned n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(random_state >> 33) % n;
}

/* A label of 1 to 20 letters, digits and hyphens, now and then up to 63. */
static char *make_label(char *out)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    unsigned len = below(50) == 0 ? 1 + below(SW_LABEL_MAX) : 1 + below(10) + below(10);
    for (unsigned i = 0; i < len; i++)
        *out++ = letters[below(i == 0 || i + 1 == len ? 36 : 37)];
    return out;
}

/* Of a hundred names 68 have two labels, 28 three, 3 four, 1 up to 13; a quarter of names with more
 * than two labels are below a provider of free names (ten providers). */
static void make_name(char *out)
{
    static const char *const tlds[] = {"com", "net", "org", "ru", "info", "xyz", "top", "de"};
    static const char *const hosts[] = {
        "no-ip.biz", "duckdns.org", "ddns.net",  "000webhost.com", "blogspot.com",
        "hopto.org", "weebly.com",  "zapto.org", "netlify.app",    "co.uk"};
    unsigned pick = below(100);
    unsigned labels = pick < 68 ? 2 : pick < 96 ? 3 : pick < 99 ? 4 : 4 + below(10);
    bool hosted = labels > 2 && below(4) == 0;
    char *at = out;
    for (unsigned k = hosted ? 2 : 1; k < labels && at - out < SW_NAME_MAX - 90; k++) {
        at = make_label(at);
        *at++ = '.';
    }
    snprintf(at, 90, "%s", hosted ? hosts[below(10)] : tlds[below(8)]);
}

/* ---- the model ---- */

static bool is_listed(const char *text)
{
    return bsearch(&text, listed.text, listed.n, sizeof(*listed.text), by_text) != NULL;
}

/* Forms are mixed by the names' own octets. */
static enum sw_form form_of(const char *text)
{
    unsigned sum = (unsigned)strlen(text) + (unsigned char)text[0];
    return sum % 5 == 0 ? SW_FORM_EXACT : sum % 5 == 1 ? SW_FORM_BELOW : SW_FORM_SUBTREE;
}

/* Every second name, after the removal. */
static bool is_removed(const char *text, bool half)
{
    return half && (unsigned char)text[strlen(text) / 2] % 2 == 0;
}

static struct sw_indicator rule_of(const char *text)
{
    struct sw_indicator i = ind(text);
    i.form = form_of(text);
    return i;
}

/* The index must agree with the array about the name and the names above. */
static void ask(const char *text, bool half)
{
    struct sw_hit hits[HITS_MAX];
    struct sw_indicator question = ind(text);
    size_t found = find_wire(question.name.wire, question.name.len, hits, HITS_MAX), n = 0;
    unsigned labels = (unsigned)sw_name_labels(question.name.wire);
    for (const char *at = text; at; labels--) {
        enum sw_form form = form_of(at);
        bool whole = at == text;
        if (is_listed(at) && !is_removed(at, half) &&
            (whole ? form != SW_FORM_BELOW : form != SW_FORM_EXACT)) {
            if (n >= found || hits[n].labels != labels || hits[n].form != form)
                ck_abort_msg("'%s': '%s' is not found", text, at);
            n++;
        }
        at = strchr(at, '.');
        at = !at ? NULL : at + 1;
    }
    if (n != found)
        ck_abort_msg("'%s': %zu found instead of %zu", text, found, n);
}

static void ask_about(const struct names *names, bool half, size_t step)
{
    char text[SW_NAMETEXT_MAX + 8];
    for (size_t i = 0; i < names->n; i += step) {
        const char *name = names->text[i];
        ask(name, half);
        if (strlen(name) > 240)
            continue;
        snprintf(text, sizeof(text), "www.%s", name);
        ask(text, half);
        snprintf(text, sizeof(text), "x%s", name); /* no label boundary */
        if (strcspn(text, ".") <= SW_LABEL_MAX)
            ask(text, half);
    }
}

static void compare_all(void)
{
    size_t left = 0, step = listed.n / 100000 + 1;
    list_id = list("l");
    sort_once(&listed);
    for (size_t i = 0; i < listed.n; i++) {
        struct sw_indicator rule = rule_of(listed.text[i]);
        ck_assert(sw_index_add(ix, list_id, &rule) == SW_OK);
    }
    ck_assert_uint_eq(sw_index_count(ix, list_id), listed.n);
    ask_about(&listed, false, step);
    ask_about(&asked, false, 1);
    for (size_t i = 0; i < listed.n; i++) {
        struct sw_indicator rule = rule_of(listed.text[i]);
        left += !is_removed(listed.text[i], true);
        if (is_removed(listed.text[i], true))
            ck_assert(sw_index_remove(ix, list_id, &rule) == SW_OK);
    }
    ck_assert_uint_eq(sw_index_count(ix, list_id), left);
    ask_about(&listed, true, step);
    ask_about(&asked, true, 1);
    forget(&listed);
    forget(&asked);
}

START_TEST(generated_names)
{
    char text[SW_NAMETEXT_MAX];
    for (unsigned i = 0; i < 100000; i++) {
        make_name(text);
        keep(i % 5 == 0 ? &asked : &listed, text);
    }
    compare_all();
}
END_TEST

/* ---- real names, if present ---- */

static char list_file[512], names_folder[512];

static bool find_real(void)
{
    const char *root = getenv("SINKWATCH_DATA");
    root = root ? root : "../shared/data";
    snprintf(list_file, sizeof(list_file), "%s/ioc/maltrail_1.16M.txt.gz", root);
    snprintf(names_folder, sizeof(names_folder), "%s/names", root);
    return !strchr(root, '\'') && access(list_file, R_OK) == 0 && access(names_folder, R_OK) == 0;
}

START_TEST(real_names)
{
    if (!find_real()) {
        suite_skip(names_folder);
        return;
    }
    char command[600];
    snprintf(command, sizeof(command), "gzip -dc '%s'", list_file);
    read_names(&listed, command);
    snprintf(command, sizeof(command), "cat '%s'/*.txt", names_folder);
    read_names(&asked, command);
    ck_assert_uint_gt(listed.n, 1000000);
    ck_assert_uint_gt(asked.n, 10000);
    compare_all();
}
END_TEST

int main(void)
{
    return RUN_SUITE("index_real", TIMEOUT(240), FIXTURE(setup, teardown),
                     TESTS(generated_names, real_names));
}
