/* classtable.c - parse, compile and ask a table of classes. See classtable.h. */
#include "owner/classtable.h"

#include "base/fold.h"
#include "base/policy.h"
#include "owner/layout.h"
#include "owner/nameset.h"
#include "owner/owner.h"
#include "owner/patterns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unistr.h>

#define FIRST_RULES      256
#define SHORTEST         2 /* letters of a pattern in a script with spaces */
#define SHORTEST_OF_WORD 3 /* letters of a pattern that is only a part of a word */

struct rule {
    enum sw_class class;
    unsigned line;
    uint32_t asn; /* 0: a pattern */
    char pattern[SW_CLASSPATTERN_MAX];
};

struct sw_classtable {
    struct rule *rule; /* in the order of lines */
    size_t n, room;
    uint32_t *by_asn; /* numbers of the rules with an AS, in the order of AS numbers */
    size_t asns;
    struct sw_patterns *patterns;
    struct sw_nameset *suffixes; /* with the numbers of rules */
};

struct parsing {
    const char *name;
    unsigned line;
    struct sw_classtable *table;
    sw_classtable_error_fn *on_error;
    void *arg;
    size_t problems;
    char why[SW_WHY_MAX]; /* of the present line */
};

/* ---- a line ---- */

static void problem(struct parsing *p)
{
    char message[SW_PATH_MAX + SW_WHY_MAX + 16], clean[sizeof(message)];
    snprintf(message, sizeof(message), "%s:%u: %s", p->name, p->line, p->why);
    sw_text_clean(clean, sizeof(clean), message, strlen(message));
    p->problems++;
    if (p->on_error)
        p->on_error(p->arg, clean);
}

static bool refuse(struct parsing *p, const char *words)
{
    snprintf(p->why, sizeof(p->why), "%s", words);
    return false;
}

/* A pattern taken apart: where it begins and ends, and the words between. */
struct pattern {
    bool at_start, at_end, open_start, open_end;
    const char *words;
    size_t len;
};

static void take_apart(const char *text, size_t len, struct pattern *out)
{
    memset(out, 0, sizeof(*out));
    if (len > 0 && (text[0] == '^' || text[0] == '*')) {
        out->at_start = text[0] == '^';
        out->open_start = text[0] == '*';
        text++;
        len--;
    }
    if (len > 0 && (text[len - 1] == '$' || text[len - 1] == '*')) {
        out->at_end = text[len - 1] == '$';
        out->open_end = text[len - 1] == '*';
        len--;
    }
    out->words = text;
    out->len = len;
}

static bool has_inner_sign(const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->len; i++)
        if (strchr("^$*", pattern->words[i]))
            return true;
    return false;
}

/* Whether a pattern is so short that nearly every registrant has it. */
static bool is_too_short(const struct pattern *pattern, const char *words, size_t len)
{
    size_t letters = u8_mbsnlen((const uint8_t *)words, len);
    if (sw_fold_unspaced_first(words, len))
        return letters < 1;
    if (pattern->at_start && pattern->at_end)
        return letters < 1;
    return letters < (pattern->open_start || pattern->open_end ? SHORTEST_OF_WORD : SHORTEST);
}

/* The octets that a registrant with this pattern has; 0 when the pattern is refused. */
static size_t compile(struct parsing *p, const char *text, size_t text_len,
                      char out[SW_FOLDED_MAX + 4])
{
    struct pattern pattern;
    char folded[SW_FOLDED_MAX];
    take_apart(text, text_len, &pattern);
    if (has_inner_sign(&pattern)) {
        refuse(p, "\"*\", \"^\" and \"$\" are allowed at the ends of a pattern only");
        return 0;
    }
    size_t len = sw_fold(pattern.words, pattern.len, folded, sizeof(folded));
    if (len < 2 || is_too_short(&pattern, folded + 1, len - 2)) {
        refuse(p, "the pattern matches everything, or nearly; more letters are needed");
        return 0;
    }
    const char *words = folded + 1;
    len -= 2;
    size_t used = 0;
    if (pattern.at_start)
        out[used++] = '^';
    if (pattern.at_start || (!pattern.open_start && !sw_fold_unspaced_first(words, len)))
        out[used++] = ' ';
    memcpy(out + used, words, len);
    used += len;
    if (pattern.at_end || (!pattern.open_end && !sw_fold_unspaced_last(words, len)))
        out[used++] = ' ';
    if (pattern.at_end)
        out[used++] = '$';
    return used;
}

/* "AS64500": the number; 0 for any other text. */
static uint32_t asn_of(const char *text, size_t len)
{
    uint64_t number = 0;
    if (len < 3 || len > 12 || (text[0] | 0x20) != 'a' || (text[1] | 0x20) != 's')
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static struct rule *new_rule(struct sw_classtable *table)
{
    if (table->n == table->room) {
        size_t room = table->room ? 2 * table->room : FIRST_RULES;
        struct rule *rule = realloc(table->rule, room * sizeof(*rule));
        if (!rule)
            return NULL;
        table->rule = rule;
        table->room = room;
    }
    return &table->rule[table->n];
}

static const char *class_text(enum sw_class class)
{
    return class == SW_HOLDER_UNKNOWN ? "none" : sw_class_name(class);
}

/* A second line with the same pattern: reported if the class is another. */
static void again(struct parsing *p, const struct rule *first, enum sw_class class)
{
    if (first->class == class)
        return;
    snprintf(p->why, sizeof(p->why),
             "%.96s has class %s in line %u already; a holder has one class, the first line counts",
             first->pattern, class_text(first->class), first->line);
    problem(p);
}

/* Add a suffix of names, ".gov.ua". Results as add_rule(). */
static enum sw_status add_suffix(struct parsing *p, const char *text, size_t len)
{
    struct sw_name name;
    const char *why = NULL;
    if (sw_name_parse(text + 1, len - 1, &name, &why) != SW_OK || name.len == 1) {
        snprintf(p->why, sizeof(p->why), "a dot, and no name behind it: %s",
                 why ? why : "the root is above all names");
        problem(p);
        return SW_OK;
    }
    enum sw_status status = sw_nameset_add(p->table->suffixes, &name, (uint32_t)p->table->n);
    p->table->n += status == SW_OK;
    return status;
}

/* Add the rule of a line. SW_OK, also when the line was refused; SW_ENOMEM. */
static enum sw_status add_rule(struct parsing *p, enum sw_class class, const char *text, size_t len)
{
    struct sw_classtable *table = p->table;
    char octets[SW_FOLDED_MAX + 4];
    uint32_t earlier, asn = asn_of(text, len);
    struct rule *rule = new_rule(table);
    if (!rule)
        return SW_ENOMEM;
    *rule = (struct rule){.class = class, .line = p->line, .asn = asn};
    snprintf(rule->pattern, sizeof(rule->pattern), "%.*s", (int)len, text);
    if (text[0] == '.')
        return add_suffix(p, text, len);
    if (asn == 0) {
        size_t used = compile(p, text, len, octets);
        if (used == 0) {
            problem(p);
            return SW_OK;
        }
        enum sw_status status =
            sw_patterns_add(table->patterns, octets, used, (uint32_t)table->n, &earlier);
        if (status == SW_EEXIST)
            again(p, &table->rule[earlier], class);
        if (status != SW_OK)
            return status == SW_EEXIST ? SW_OK : status;
    }
    table->asns += asn != 0;
    table->n++;
    return SW_OK;
}

static bool is_clean(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return !u8_check((const uint8_t *)text, len);
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && **text == ' ') {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && (*text)[*len - 1] == ' ')
        (*len)--;
}

static enum sw_status parse_line(struct parsing *p, const char *text, size_t len)
{
    enum sw_class class = SW_HOLDER_UNKNOWN;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    if (len == 0 || text[0] == '#' || strspn(text, " \t") >= len)
        return SW_OK;
    const char *tab = memchr(text, '\t', len);
    const char *pattern = tab ? tab + 1 : text + len;
    const char *end = tab ? memchr(pattern, '\t', (size_t)(text + len - pattern)) : NULL;
    size_t pattern_len = (size_t)((end ? end : text + len) - pattern);
    size_t class_len = tab ? (size_t)(tab - text) : len;
    trim(&pattern, &pattern_len);
    trim(&text, &class_len);
    bool none = class_len == 4 && memcmp(text, "none", 4) == 0;
    if (!is_clean(text, class_len) || !is_clean(pattern, pattern_len))
        refuse(p, "no UTF-8 text, or a control character");
    else if (!tab || pattern_len == 0)
        refuse(p, "a class, a tab and a pattern are needed");
    else if (pattern_len >= SW_CLASSPATTERN_MAX)
        snprintf(p->why, sizeof(p->why), "a pattern of %zu octets; up to %d are allowed",
                 pattern_len, SW_CLASSPATTERN_MAX - 1);
    else if (!none && sw_class_parse(text, class_len, &class) != SW_OK)
        snprintf(p->why, sizeof(p->why), "unknown class \"%.*s\"; allowed are none %s",
                 class_len < 24 ? (int)class_len : 24, text, sw_class_names());
    else
        return add_rule(p, class, pattern, pattern_len);
    problem(p);
    return SW_OK;
}

/* ---- a table ---- */

static int by_asn(const void *a, const void *b, void *arg)
{
    const struct rule *rule = arg;
    uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;
    uint32_t asn = rule[one].asn, other = rule[two].asn;
    return asn != other ? (asn > other) - (asn < other) : (one > two) - (one < two);
}

/* Number the AS; of two lines with an AS the later is reported and dropped. */
static enum sw_status index_asns(struct parsing *p)
{
    struct sw_classtable *table = p->table;
    size_t n = 0;
    table->by_asn = calloc(table->asns + 1, sizeof(*table->by_asn));
    if (!table->by_asn)
        return SW_ENOMEM;
    for (size_t i = 0; i < table->n; i++)
        if (table->rule[i].asn != 0)
            table->by_asn[n++] = (uint32_t)i;
    qsort_r(table->by_asn, n, sizeof(*table->by_asn), by_asn, table->rule);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const struct rule *rule = &table->rule[table->by_asn[i]];
        const struct rule *last = kept > 0 ? &table->rule[table->by_asn[kept - 1]] : NULL;
        if (!last || last->asn != rule->asn) {
            table->by_asn[kept++] = table->by_asn[i];
            continue;
        }
        p->line = rule->line;
        again(p, last, rule->class);
    }
    table->asns = kept;
    return SW_OK;
}

/* sw_nameset_again_fn: a second line with the same suffix. */
static void note_again(void *arg, uint32_t first, uint32_t second)
{
    struct parsing *p = arg;
    p->line = p->table->rule[second].line;
    again(p, &p->table->rule[first], p->table->rule[second].class);
}

static struct sw_classtable *new_table(void)
{
    struct sw_classtable *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->patterns = sw_patterns_new();
    table->suffixes = sw_nameset_new();
    if (table->patterns && table->suffixes)
        return table;
    sw_classtable_free(table);
    return NULL;
}

enum sw_status sw_classtable_parse(const char *name, const char *text, size_t len,
                                   sw_classtable_error_fn *on_error, void *arg, size_t *problems,
                                   struct sw_classtable **out)
{
    struct sw_classtable *table = new_table();
    struct parsing p = {.name = name, .table = table, .on_error = on_error, .arg = arg};
    if (!table)
        return SW_ENOMEM;
    enum sw_status status = SW_OK;
    size_t at = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0; /* byte order mark */
    while (at < len && status == SW_OK) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line_len = end ? (size_t)(end - (text + at)) : len - at;
        p.line++;
        status = parse_line(&p, text + at, line_len);
        at += line_len + 1;
    }
    if (status == SW_OK)
        status = index_asns(&p);
    sw_nameset_build(table->suffixes, note_again, &p);
    if (status == SW_OK)
        status = sw_patterns_build(table->patterns);
    *problems = p.problems;
    if (status == SW_OK)
        *out = table;
    else
        sw_classtable_free(table);
    return status;
}

void sw_classtable_free(struct sw_classtable *table)
{
    if (!table)
        return;
    sw_patterns_free(table->patterns);
    sw_nameset_free(table->suffixes);
    free(table->by_asn);
    free(table->rule);
    free(table);
}

/* ---- files ---- */

static enum sw_status read_all(int fd, size_t size, char *text, size_t *len)
{
    *len = 0;
    while (*len < size) {
        ssize_t n = read(fd, text + *len, size - *len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return SW_EIO;
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return SW_OK;
}

/* The content of an open file; the caller frees *text. */
static enum sw_status content(int fd, struct stat *seen, char **text, size_t *len, char *why)
{
    if (fstat(fd, seen) != 0 || !S_ISREG(seen->st_mode)) {
        snprintf(why, SW_WHY_MAX, "not a regular file");
        return SW_EIO;
    }
    if (seen->st_size > SW_CLASSTABLE_MAX) {
        snprintf(why, SW_WHY_MAX, "%lld octets; up to %d are allowed", (long long)seen->st_size,
                 SW_CLASSTABLE_MAX);
        return SW_ETOOBIG;
    }
    *text = malloc((size_t)seen->st_size + 1);
    if (!*text) {
        snprintf(why, SW_WHY_MAX, "out of memory");
        return SW_ENOMEM;
    }
    if (read_all(fd, (size_t)seen->st_size, *text, len) == SW_OK)
        return SW_OK;
    snprintf(why, SW_WHY_MAX, "cannot be read: %s", strerror(errno));
    free(*text);
    return SW_EIO;
}

enum sw_status sw_classtable_read(const char *path, sw_classtable_error_fn *on_error, void *arg,
                                  size_t *problems, struct stat *seen, struct sw_classtable **out,
                                  char *why)
{
    char *text;
    size_t len;
    memset(seen, 0, sizeof(*seen));
    *problems = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(why, SW_WHY_MAX, "cannot be opened: %s", strerror(errno));
        return SW_EIO;
    }
    enum sw_status status = content(fd, seen, &text, &len, why);
    close(fd);
    if (status != SW_OK)
        return status;
    status = sw_classtable_parse(path, text, len, on_error, arg, problems, out);
    free(text);
    if (status != SW_OK)
        snprintf(why, SW_WHY_MAX, "out of memory");
    return status;
}

/* The assembler reads the file; the compiler is run in the top folder of the tree. */
__asm__(".pushsection .rodata\n"
        ".global sw_shipped_classes\n"
        ".hidden sw_shipped_classes\n"
        "sw_shipped_classes:\n"
        ".incbin \"conf/classes.tsv\"\n"
        ".byte 0\n"
        ".popsection\n");
extern const char sw_shipped_classes[] __attribute__((visibility("hidden")));

enum sw_status sw_classtable_shipped(struct sw_classtable **out)
{
    size_t problems;
    return sw_classtable_parse("classes.tsv", sw_shipped_classes, strlen(sw_shipped_classes), NULL,
                               NULL, &problems, out);
}

/* ---- look-ups ---- */

static bool give(const struct rule *rule, struct sw_classmatch *out)
{
    out->class = rule->class;
    out->line = rule->line;
    memcpy(out->pattern, rule->pattern, sizeof(out->pattern));
    return true;
}

bool sw_classtable_find(const struct sw_classtable *table, const char *text,
                        struct sw_classmatch *out)
{
    char folded[SW_FOLDED_MAX + 2];
    folded[0] = '^';
    size_t len = sw_fold(text, strnlen(text, SW_OWNERTEXT_MAX), folded + 1, SW_FOLDED_MAX);
    if (len < 2)
        return false;
    folded[1 + len] = '$';
    uint32_t number = sw_patterns_find(table->patterns, folded, len + 2);
    return number != SW_PATTERN_NONE && give(&table->rule[number], out);
}

bool sw_classtable_find_asn(const struct sw_classtable *table, uint32_t asn,
                            struct sw_classmatch *out)
{
    size_t low = 0, high = table->asns;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct rule *rule = &table->rule[table->by_asn[middle]];
        if (rule->asn == asn)
            return give(rule, out);
        if (rule->asn < asn)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

bool sw_classtable_find_name(const struct sw_classtable *table, const uint8_t *wire,
                             struct sw_classmatch *out, unsigned *labels)
{
    uint32_t number;
    *labels = sw_nameset_find(table->suffixes, wire, &number);
    return *labels > 0 && give(&table->rule[number], out);
}

size_t sw_classtable_rules(const struct sw_classtable *table)
{
    return table->n;
}
