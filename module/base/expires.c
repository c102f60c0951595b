#include "base/expires.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

static enum sw_status from_us(int64_t us, uint32_t *at)
{
    int64_t s = us / 1000000 + (us % 1000000 > 0);
    *at = 0;
    if (s > UINT32_MAX)
        return SW_ESYNTAX;
    *at = s < 1 ? 1 : (uint32_t)s;
    return SW_OK;
}

enum sw_status sw_expires_parse(const char *text, size_t len, uint32_t *at)
{
    int64_t us;
    *at = 0;
    if (len == 0)
        return SW_OK;
    return sw_time_parse(text, len, &us) == SW_OK ? from_us(us, at) : SW_ESYNTAX;
}

static enum sw_status from_json(const json_t *value, uint32_t *at)
{
    double number = json_number_value(value);
    if (json_is_null(value))
        return SW_OK;
    if (json_is_string(value) && json_string_length(value) > 0)
        return sw_expires_parse(json_string_value(value), json_string_length(value), at);
    if (!json_is_number(value) || !(number >= -1e12 && number <= 1e12))
        return SW_ESYNTAX;
    return from_us((int64_t)(number * 1e6), at);
}

/* Whether a text without outer white space begins with { and ends with }. */
static bool braced(const char *text, size_t len)
{
    static const char space[] = " \t\r\n";
    while (len > 0 && strchr(space, text[len - 1]))
        len--;
    while (len > 0 && strchr(space, *text))
        text++, len--;
    return len >= 2 && text[0] == '{' && text[len - 1] == '}';
}

enum sw_status sw_facts_expires(const char *facts, size_t len, uint32_t *at)
{
    enum sw_status status = SW_OK;
    *at = 0;
    if (len == 0)
        return SW_OK;
    /* Most facts have no end and need no parse. A key "expires" with escapes is not supported. */
    if (!memmem(facts, len, "\"expires\"", 9))
        return braced(facts, len) ? SW_OK : SW_ESYNTAX;
    json_t *object = json_loadb(facts, len, 0, NULL);
    const json_t *value = json_object_get(object, "expires");
    if (value)
        status = from_json(value, at);
    else if (!json_is_object(object))
        status = SW_ESYNTAX;
    json_decref(object);
    return status;
}
