/*
 * fuzz_suffixes.c - memory/intake/suffixes.h: a public suffix list.
 *
 * The input is a list, and behind a zero octet a name. Whatever the list holds: for the name, for
 * each rule and for names below a rule, the registrable domain is that of a naive model, which
 * reads the rules in ASCII one after another. A list with a rule in another script is asked only.
 */
#include "fuzz_file.h"
#include "memory/intake/suffixes.h"

#define RULES_MAX 64

struct rule {
    char mark; /* '!' exception, '*' all names directly below, 0 the name */
    struct sw_name name;
};

struct model {
    struct rule rule[RULES_MAX];
    size_t n;
    bool whole; /* all rules of the list are here */
};

static void read_rule(struct model *model, const char *line, size_t len)
{
    struct rule rule = {.mark = 0};
    len = strcspn(line, " \t\r\n") < len ? strcspn(line, " \t\r\n") : len;
    for (size_t i = 0; i < len; i++)
        model->whole &= (unsigned char)line[i] < 0x80;
    if (len >= 2 && line[0] == '/' && line[1] == '/')
        return;
    if (len > 0 && line[0] == '!')
        rule.mark = '!', line++, len--;
    else if (len >= 2 && line[0] == '*' && line[1] == '.')
        rule.mark = '*', line += 2, len -= 2;
    if (len == 0 || (len >= 2 && line[0] == '/' && line[1] == '/') ||
        sw_name_parse(line, len, &rule.name, NULL) != SW_OK || rule.name.len == 1)
        return;
    if (model->n == RULES_MAX)
        model->whole = false;
    else
        model->rule[model->n++] = rule;
}

static void read_model(struct model *model, const char *text)
{
    *model = (struct model){.whole = true};
    while (*text) {
        size_t len = strcspn(text, "\n");
        read_rule(model, text, len);
        text += len + (text[len] != '\0');
    }
}

static bool has(const struct model *model, char mark, const uint8_t *name)
{
    for (size_t i = 0; i < model->n; i++)
        if (model->rule[i].mark == mark && sw_name_equal(model->rule[i].name.wire, name))
            return true;
    return false;
}

/* By the algorithm of the list, over all rules: an exception, nearest to the root, goes before the
 * longest rule. A name of k labels begins at label[n - k]. */
static const uint8_t *expected(const struct model *model, const uint8_t *name)
{
    const uint8_t *label[SW_NAME_MAX];
    size_t n = 0, suffix = 1;
    for (const uint8_t *at = name; *at; at += 1 + *at)
        label[n++] = at;
    for (size_t k = 1; k <= n; k++)
        if (has(model, 0, label[n - k]) || has(model, '*', label[n - k]) ||
            (k > 1 && has(model, '*', label[n - k + 1])))
            suffix = k;
    for (size_t k = n; k >= 1; k--)
        if (has(model, '!', label[n - k]))
            suffix = k - 1;
    return suffix < n ? label[n - 1 - suffix] : name;
}

static void compare(const struct sw_suffixes *suffixes, const struct model *model,
                    const struct sw_name *name)
{
    const uint8_t *got = sw_suffixes_of(suffixes, name->wire);
    FUZZ_CHECK(got >= name->wire && got < name->wire + name->len);
    if (model->whole)
        FUZZ_CHECK(got == expected(model, name->wire));
}

/* A name with one more label in front. False: there is no room. */
static bool prepend(struct sw_name *name)
{
    if (name->len + 2 > SW_NAME_MAX)
        return false;
    memmove(name->wire + 2, name->wire, name->len);
    memcpy(name->wire, "\001b", 2);
    name->len = (uint8_t)(name->len + 2);
    return true;
}

static void compare_rule(const struct sw_suffixes *suffixes, const struct model *model,
                         const struct sw_name *rule)
{
    struct sw_name name = *rule;
    compare(suffixes, model, &name);
    for (int i = 0; i < 3 && prepend(&name); i++)
        compare(suffixes, model, &name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model model;
    struct sw_suffixes *suffixes = NULL;
    const uint8_t *end = size ? memchr(data, 0, size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    char path[FUZZ_PATH_MAX], *text = calloc(1, len + 1);
    FUZZ_CHECK(text);
    memcpy(text, data, len);
    int fd = fuzz_file(data, len, path);
    enum sw_status status = sw_suffixes_load(path, &suffixes);
    close(fd);
    read_model(&model, text);
    FUZZ_CHECK(status == SW_OK || status == SW_ENOTFOUND);
    FUZZ_CHECK(!model.whole || (status == SW_OK) == (model.n > 0));
    for (size_t i = 0; i < model.n && status == SW_OK; i++)
        compare_rule(suffixes, &model, &model.rule[i].name);
    struct sw_name name;
    if (status == SW_OK && end &&
        sw_name_parse((const char *)end + 1, size - len - 1, &name, NULL) == SW_OK)
        compare(suffixes, &model, &name);
    sw_suffixes_free(suffixes);
    free(text);
    return 0;
}
