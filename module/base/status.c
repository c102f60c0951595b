/*
 * status.c - a message for each status code.
 */
#include "base/status.h"

const char *sw_strerror(enum sw_status status)
{
    switch (status) {
    case SW_OK:
        return "no error";
    case SW_ENOTFOUND:
        return "not found";
    case SW_EEXIST:
        return "already there";
    case SW_ENOMEM:
        return "out of memory";
    case SW_EINVAL:
        return "value not allowed";
    case SW_ESYNTAX:
        return "syntax error";
    case SW_ETOOBIG:
        return "too big";
    case SW_EIO:
        return "input or output error";
    case SW_EREDIS:
        return "error reply from Redis";
    case SW_ECLOSED:
        return "connection closed";
    case SW_EFORMAT:
        return "not in the expected format";
    case SW_ETIMEOUT:
        return "timed out";
    case SW_EREFUSED:
        return "refused by a safety rule";
    }
    return "unknown status";
}
