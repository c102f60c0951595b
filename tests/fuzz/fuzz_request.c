/*
 * fuzz_request.c - cli/serve: the headers that decide on the rights of a request, and a place.
 *
 * The lines of the input are Host, Origin, Sec-Fetch-Site, Authorization, the user, Content-Type
 * and Sinkwatch-Change; an empty line is a missing header. The eighth line is a place to listen,
 * the ninth is Accept.
 *
 * For any octets: no right without the token, without a user where one is asked for, or to a change
 * without the header; a refusal has a status and words; a place that is understood is a path, or an
 * address with all bits.
 */
#include "cli/serve/serve_parts.h"
#include "fuzz.h"

#include <strings.h>

#define LINES 9
#define PLACE 7
#define TOKEN "0123456789abcdef-token"

static void check_place(const char *text)
{
    struct serve_place place;
    if (!serve_place_parse(text, &place))
        return;
    FUZZ_CHECK(place.path[0] ? strcmp(place.path, text) == 0
                             : place.addr.plen == sw_addr_bits(&place.addr));
}

static void check_admission(const struct serve_claim *claim)
{
    static const struct serve_config plain = {.names = {"desk.example"}, .n_names = 1},
                                     by_user = {.user_header = "X-Remote-User"};
    struct serve_rights open = {.config = &plain}, closed = {.config = &plain, .token = TOKEN},
                        named = {.config = &by_user};
    const char *why = "";
    unsigned status = serve_admit(&open, claim, &why);
    FUZZ_CHECK(status == 0 || (status >= 400 && status < 500 && why[0]));
    if (status == 0)
        FUZZ_CHECK(claim->host && (!claim->site || strcmp(claim->site, "cross-site") != 0));
    if (status == 0 && claim->is_change)
        FUZZ_CHECK(claim->change && claim->media);
    status = serve_admit(&closed, claim, &why);
    FUZZ_CHECK(status != 0 || claim->authorization);
    if (status == 0 && strncasecmp(claim->authorization, "Bearer", 6) == 0)
        FUZZ_CHECK(strcmp(claim->authorization + 7, TOKEN) == 0);
    FUZZ_CHECK(serve_admit(&named, claim, &why) != 0 || (claim->user && claim->user[0]));
}

static void check_accept(const char *accept)
{
    unsigned any = serve_quality_of(accept, "text/plain", "0.0.4");
    FUZZ_CHECK(any <= 1000);
    if (!strchr(accept, '*') && !strcasestr(accept, "text/plain"))
        FUZZ_CHECK(any == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line[LINES] = {NULL};
    for (size_t i = 0, next = 0; i < LINES; i++) {
        size_t len = fuzz_line(data, size, &next);
        char *text = calloc(len + 1, 1);
        FUZZ_CHECK(text != NULL);
        if (len > 0)
            memcpy(text, data, len);
        line[i] = text;
        data += next;
        size -= next;
    }
    struct serve_claim claim = {.is_change = line[6][0] != '\0'};
    const char **field[] = {&claim.host, &claim.origin, &claim.site,  &claim.authorization,
                            &claim.user, &claim.media,  &claim.change};
    for (size_t i = 0; i < PLACE; i++)
        *field[i] = line[i][0] ? line[i] : NULL;
    check_admission(&claim);
    check_place(line[PLACE]);
    check_accept(line[LINES - 1]);
    for (size_t i = 0; i < LINES; i++)
        free(line[i]);
    return 0;
}
