/* Structured DNS errors: the JSON text, escaping, members that are left out when room is short. */
#include "flow/structured.h"

#include "suite.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKED  15
#define CENSORED 16
#define FILTERED 17

static struct sw_settings settings;
static struct sw_verdict verdict;

static void setup(void)
{
    sw_settings_init(&settings);
    memset(&verdict, 0, sizeof(verdict));
}

static void set(char *to, const char *text)
{
    memcpy(to, text, strlen(text) + 1);
}

/* The text in this room; "" when there is none. Valid JSON, or the test fails. */
static const char *text_in(uint16_t ede, size_t room)
{
    static char out[SW_STRUCTURED_MAX + 1];
    json_error_t error;
    size_t len = sw_structured_text(&settings, &verdict, ede, room, out);
    ck_assert_uint_le(len, room);
    out[len] = '\0';
    if (len > 0) {
        json_t *json = json_loadb(out, len, JSON_REJECT_DUPLICATES, &error);
        ck_assert_msg(json_is_object(json), "%s: %s", out, error.text);
        json_decref(json);
    }
    return out;
}

static const char *text(uint16_t ede)
{
    return text_in(ede, SW_STRUCTURED_MAX);
}

START_TEST(all_members)
{
    set(settings.structured_contact[0], "mailto:noc@example.net");
    set(settings.structured_contact[1], "tel:+358-555-1234567");
    set(settings.structured_organization, "Example Net");
    set(settings.structured_justification, "a policy");
    set(verdict.justification, "malware");
    verdict.sub_error = 1;
    ck_assert_str_eq(
        text(BLOCKED),
        "{\"c\":[\"mailto:noc@example.net\",\"tel:+358-555-1234567\"],\"j\":\"malware\","
        "\"s\":1,\"o\":\"Example Net\",\"l\":\"en\"}");
    ck_assert_str_eq(text(FILTERED), text(BLOCKED));
}
END_TEST

START_TEST(nothing_without_substance)
{
    ck_assert_str_eq(text(BLOCKED), "");
    set(settings.structured_organization, "Example Net");
    ck_assert_str_eq(text(BLOCKED), "");
    set(settings.structured_justification, "a policy");
    ck_assert_str_eq(text(BLOCKED), "{\"j\":\"a policy\",\"o\":\"Example Net\",\"l\":\"en\"}");
    settings.structured_organization[0] = '\0';
    set(settings.structured_language, "fi");
    ck_assert_str_eq(text(BLOCKED), "{\"j\":\"a policy\",\"l\":\"fi\"}");
    settings.structured_justification[0] = '\0';
    verdict.sub_error = 2;
    ck_assert_str_eq(text(BLOCKED), "{\"s\":2}");
}
END_TEST

START_TEST(codes)
{
    set(settings.structured_contact[0], "tel:1");
    verdict.sub_error = 5;
    ck_assert_str_eq(text(BLOCKED), "{\"c\":[\"tel:1\"],\"s\":5}");
    ck_assert_str_eq(text(FILTERED), "{\"c\":[\"tel:1\"]}");
    verdict.sub_error = 1;
    ck_assert_str_eq(text(CENSORED), "{\"c\":[\"tel:1\"]}");
    ck_assert_str_eq(text(4), "");
    ck_assert_str_eq(text(SW_EDE_OFF), "");
    ck_assert_uint_eq(sw_structured_code(4), BLOCKED);
    ck_assert_uint_eq(sw_structured_code(FILTERED), FILTERED);
    ck_assert_uint_eq(sw_structured_code(SW_EDE_OFF), SW_EDE_OFF);
}
END_TEST

START_TEST(escaping)
{
    set(verdict.justification, "\"q\" \\ \x01\x7f \xc3\xa9 \xf0\x9f\x98\x80");
    ck_assert_str_eq(text(BLOCKED), "{\"j\":\"\\\"q\\\" \\\\ \\u0001\\u007f \xc3\xa9 "
                                    "\xf0\x9f\x98\x80\",\"l\":\"en\"}");
}
END_TEST

static const char *const damaged[] = {"\xff",         "\xc3",         "\xc0\x80",
                                      "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xf0\x9f\x98", "\x80"};

START_TEST(what_is_no_utf8_is_replaced)
{
    set(verdict.justification, damaged[_i]);
    ck_assert_ptr_nonnull(strstr(text(BLOCKED), "\xef\xbf\xbd"));
}
END_TEST

/* With each amount of room: the whole, the short form, or nothing, and never more than that. */
START_TEST(room)
{
    set(settings.structured_contact[0], "tel:1");
    set(settings.structured_organization, "Example \xc3\xa9");
    set(verdict.justification, "because");
    verdict.sub_error = 3;
    char whole[SW_STRUCTURED_MAX + 1];
    set(whole, text(BLOCKED));
    const char *brief = "{\"c\":[\"tel:1\"],\"s\":3}";
    for (size_t n = 0; n < strlen(whole) + 2; n++) {
        const char *have = text_in(BLOCKED, n);
        ck_assert_str_eq(have, n >= strlen(whole) ? whole : n >= strlen(brief) ? brief : "");
    }
}
END_TEST

int main(void)
{
    return RUN_SUITE("structured", FIXTURE(setup, NULL),
                     TESTS(all_members, nothing_without_substance, codes, escaping),
                     LOOP(what_is_no_utf8_is_replaced, 8), TESTS(room));
}
