#include "base/server.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum sw_status sw_server_parse(const char *text, struct sw_server *out)
{
    const char *colon = strrchr(text, ':');
    struct sw_server server = {.port = 0};
    char *end;
    if (!colon || colon == text)
        return SW_ESYNTAX;
    bool bracket = text[0] == '[';
    size_t len = (size_t)(colon - text);
    if (bracket && (len < 3 || colon[-1] != ']'))
        return SW_ESYNTAX;
    text += bracket;
    len -= bracket ? 2 : 0;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (len == 0 || len >= sizeof(server.host) || *end != '\0' || end == colon + 1 || port == 0 ||
        port > UINT16_MAX)
        return SW_ESYNTAX;
    memcpy(server.host, text, len);
    server.port = (uint16_t)port;
    *out = server;
    return SW_OK;
}
