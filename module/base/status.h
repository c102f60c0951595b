/*
 * status.h - one way to say how a call ended.
 *
 * Every function that can fail returns enum sw_status; what it found out goes through
 * pointers, which are left untouched unless SW_OK is returned.
 *
 * Threads      constants only
 */
#ifndef SW_BASE_STATUS_H
#define SW_BASE_STATUS_H

enum sw_status {
    SW_OK = 0,
    SW_ENOTFOUND = -1, /* looked for and not there: the usual "no" */
    SW_EEXIST = -2,    /* already there: nothing was changed */
    SW_ENOMEM = -3,
    SW_EINVAL = -4,   /* a value outside of what is allowed */
    SW_ESYNTAX = -5,  /* text that does not parse */
    SW_ETOOBIG = -6,  /* over a stated limit */
    SW_EIO = -7,      /* file or socket: errno or a message tells more */
    SW_EREDIS = -8,   /* Redis answered with an error, or with an unexpected type */
    SW_ECLOSED = -9,  /* connection gone, or stopping */
    SW_EFORMAT = -10, /* a file that is not what it should be (MMDB, snapshot) */
    SW_ETIMEOUT = -11,
    SW_EREFUSED = -12, /* refused by a safety rule */
};

/** A few words for people, never NULL, static. */
const char *sw_strerror(enum sw_status status);

#endif
