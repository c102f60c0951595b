/* resp.c - see resp.h. */
#include "redis/resp.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define CRLF_LEN   2
#define NUMBER_MAX 19 /* digits of a 63-bit number */

void sw_resp_init(struct sw_resp *resp, uint64_t octets_max, uint64_t elements_max)
{
    *resp = (struct sw_resp){.octets_max = octets_max, .elements_max = elements_max, .due = {1}};
}

static enum sw_status fail(struct sw_resp *resp, enum sw_status status, const char *why)
{
    resp->why = why;
    return status;
}

/* Whether octets belong to an array that the wanted part has empty. */
static bool is_left_out(const struct sw_resp *resp)
{
    return resp->part && resp->part->depth_max && resp->depth > resp->part->depth_max;
}

static void put(struct sw_resp *resp, const char *data, size_t len)
{
    if (!resp->part)
        return;
    if (is_left_out(resp))
        resp->left_out += len;
    else
        resp->put(resp->put_arg, data, len);
}

/* Put the header of a string or array. */
static void put_header(struct sw_resp *resp, char type, uint64_t number)
{
    char header[NUMBER_MAX + 4];
    if (resp->part)
        put(resp, header,
            (size_t)snprintf(header, sizeof(header), "%c%" PRIu64 "\r\n", type, number));
}

/* Account for a complete value, which also completes each array that ends there. True: the reply
 * is complete. */
static bool value_complete(struct sw_resp *resp)
{
    while (--resp->due[resp->depth] == 0 && resp->depth > 0)
        resp->depth--;
    return resp->due[0] == 0;
}

/* The length in a header "$12" or "*-1": digits without leading zeros, or -1 for nil. */
static bool header_length(const struct sw_resp *resp, int64_t *out)
{
    const char *digits = resp->line + 1;
    size_t len = resp->line_len - 1 - CRLF_LEN;
    int64_t number = 0;
    if (len == 2 && digits[0] == '-' && digits[1] == '1') {
        *out = -1;
        return true;
    }
    if (len == 0 || len > NUMBER_MAX || (digits[0] == '0' && len > 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9' || number > (INT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (digits[i] - '0');
    }
    *out = number;
    return true;
}

/* Octets of a string that are wanted. */
static uint64_t wanted_of(const struct sw_resp *resp, uint64_t len)
{
    if (is_left_out(resp))
        return 0;
    return resp->part && resp->part->string_max && len > resp->part->string_max
               ? resp->part->string_max
               : len;
}

static enum sw_status begin_bulk(struct sw_resp *resp, int64_t number)
{
    uint64_t len = (uint64_t)number, wanted = wanted_of(resp, len);
    uint64_t so_far = resp->octets - resp->left_out;
    if (wanted > resp->octets_max || so_far > resp->octets_max - wanted ||
        len - wanted > SW_RESP_LEFT_OUT_MAX)
        return fail(resp, SW_ETOOBIG, "the reply announces too large a string");
    put_header(resp, '$', wanted);
    resp->wanted = wanted;
    resp->bulk = len + CRLF_LEN;
    return SW_ENOTFOUND;
}

static enum sw_status begin_array(struct sw_resp *resp, int64_t number)
{
    uint64_t elements = (uint64_t)number;
    bool emptied = resp->part && resp->part->depth_max && resp->depth >= resp->part->depth_max;
    if (!emptied && elements > resp->elements_max - resp->elements)
        return fail(resp, SW_ETOOBIG, "the reply announces too many elements");
    if (resp->depth == SW_RESP_DEPTH_MAX)
        return fail(resp, SW_ETOOBIG, "the reply's arrays are nested too deeply");
    resp->elements += emptied ? 0 : elements;
    put_header(resp, '*', emptied ? 0 : elements);
    resp->due[++resp->depth] = elements;
    return SW_ENOTFOUND;
}

/* Handle a complete line: a value, or the header of a value. SW_OK: the reply is complete. */
static enum sw_status end_line(struct sw_resp *resp)
{
    int64_t number = 0;
    char type = resp->line[0];
    if ((type == '$' || type == '*') && !header_length(resp, &number))
        return fail(resp, SW_ESYNTAX, "a length that is no number");
    size_t len = resp->line_len;
    resp->line_len = 0;
    if (type == '$' && number >= 0)
        return begin_bulk(resp, number);
    if (type == '*' && number > 0)
        return begin_array(resp, number);
    if (type == '$' || type == '*')
        put(resp, resp->line, len);
    return value_complete(resp) ? SW_OK : SW_ENOTFOUND;
}

static enum sw_status scan_line_octet(struct sw_resp *resp, char octet)
{
    bool ends = resp->line_len >= CRLF_LEN && resp->last == '\r' && octet == '\n';
    if (resp->line_len == 0 && (octet == '\0' || !strchr("+-:$*", octet)))
        return fail(resp, SW_ESYNTAX, "an unknown type of value");
    if (resp->line_len < sizeof(resp->line))
        resp->line[resp->line_len] = octet;
    else if (resp->line[0] != '+' && resp->line[0] != '-')
        return fail(resp, SW_ESYNTAX, "a number that is too long");
    resp->last = octet;
    resp->line_len++;
    if (resp->line[0] != '$' && resp->line[0] != '*') /* a header is put as a whole */
        put(resp, &octet, 1);
    if (ends)
        return end_line(resp);
    return resp->line_len < SW_RESP_LINE_MAX ? SW_ENOTFOUND
                                             : fail(resp, SW_ETOOBIG, "a line without an end");
}

/* Put the wanted octets of the next n octets of a bulk string. */
static void put_bulk(struct sw_resp *resp, const char *data, size_t n)
{
    size_t wanted = n < resp->wanted ? n : (size_t)resp->wanted;
    resp->wanted -= wanted;
    resp->left_out += n - wanted;
    put(resp, data, wanted);
}

/* Skip octets of a bulk string, which must end with CR LF. */
static enum sw_status scan_bulk(struct sw_resp *resp, const char *data, size_t len, size_t *n)
{
    if (resp->bulk > CRLF_LEN) {
        uint64_t text = resp->bulk - CRLF_LEN;
        *n = len < text ? len : (size_t)text;
        resp->bulk -= *n;
        put_bulk(resp, data, *n);
        return SW_ENOTFOUND;
    }
    *n = 1;
    if (*data != (resp->bulk-- == CRLF_LEN ? '\r' : '\n'))
        return fail(resp, SW_ESYNTAX, "a string that is longer than announced");
    put(resp, data, 1);
    return resp->bulk == 0 && value_complete(resp) ? SW_OK : SW_ENOTFOUND;
}

static void begin_next(struct sw_resp *resp)
{
    uint64_t left_out = resp->left_out;
    sw_resp_init(resp, resp->octets_max, resp->elements_max);
    resp->left_out = left_out;
}

enum sw_status sw_resp_scan(struct sw_resp *resp, const char *data, size_t len, size_t *used)
{
    enum sw_status status = SW_ENOTFOUND;
    size_t at = 0;
    if (sw_resp_at_start(resp))
        resp->left_out = 0;
    while (at < len && status == SW_ENOTFOUND) {
        size_t n = 1;
        status = resp->bulk > 0 ? scan_bulk(resp, data + at, len - at, &n)
                                : scan_line_octet(resp, data[at]);
        at += n;
        resp->octets += n;
        if (status == SW_ENOTFOUND && (resp->octets - resp->left_out > resp->octets_max ||
                                       resp->left_out > SW_RESP_LEFT_OUT_MAX))
            status = fail(resp, SW_ETOOBIG, "the reply is too large");
    }
    if (status == SW_OK)
        begin_next(resp);
    if (status == SW_OK || status == SW_ENOTFOUND)
        *used = at;
    return status;
}

enum sw_status sw_resp_sieve(struct sw_resp *resp, const struct sw_resp_part *part, sw_resp_fn *fn,
                             void *arg, const char *data, size_t len, size_t *used)
{
    resp->part = part;
    resp->put = fn;
    resp->put_arg = arg;
    enum sw_status status = sw_resp_scan(resp, data, len, used);
    resp->part = NULL;
    return status;
}
