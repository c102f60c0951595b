/* Indicators that would hurt the operator's own clients, and what cli/lists/harm.h says of them. */
#include "cli/lists/harm.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static bool harmful(const char *text)
{
    struct sw_indicator indicator;
    char why[SW_WHY_MAX] = "";
    ck_assert_msg(sw_indicator_parse(text, strlen(text), &indicator, why) == SW_OK, "%s: %s", text,
                  why);
    why[0] = '\0';
    bool is_harmful = cli_harmful(&indicator, why);
    ck_assert_msg(is_harmful == (why[0] != '\0'), "%s: '%s'", text, why);
    return is_harmful;
}

START_TEST(top_level_domains_and_public_suffixes_are_harmful)
{
    static const char *const yes[] = {
        "com",    "=com",      "*.com",    "nosuchtld",   "co.uk",       "*.co.uk",
        "CO.UK.", "github.io", "xn--p1ai", "*.github.io", "anything.ck", /* *.ck is on the list */
    };
    static const char *const no[] = {
        "example.com",
        "=github.io",
        "=co.uk",
        "www.github.io",
        "a.co.uk",
        "systemsvc.net",
        "example.nosuchtld",
        "www.ck", /* !www.ck is on the list */
        "192.0.2.0/24",
        "AS64500",
        "ec2-52-20-133-164.compute-1.amazonaws.com", /* by a private wildcard rule */
    };
    for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
        ck_assert_msg(harmful(yes[i]), "%s", yes[i]);
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        ck_assert_msg(!harmful(no[i]), "%s", no[i]);
}
END_TEST

int main(void)
{
    return RUN_SUITE("harm", TESTS(top_level_domains_and_public_suffixes_are_harmful));
}
