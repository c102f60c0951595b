/*
 * status.h - the status codes of all functions that can fail.
 *
 * A function that can fail returns enum sw_status. Results go through pointers and are left
 * untouched unless SW_OK is returned.
 *
 * Threads      constants only
 */
#ifndef SW_BASE_STATUS_H
#define SW_BASE_STATUS_H

enum sw_status {
    SW_OK = 0,
    SW_ENOTFOUND = -1, /* not there: a usual result, no error */
    SW_EEXIST = -2,    /* already there: nothing was changed */
    SW_ENOMEM = -3,
    SW_EINVAL = -4,   /* a value outside the allowed range */
    SW_ESYNTAX = -5,  /* text that does not parse */
    SW_ETOOBIG = -6,  /* over a stated limit */
    SW_EIO = -7,      /* file or socket: the reason is in errno or a message */
    SW_EREDIS = -8,   /* Redis answered with an error, or with an unexpected type */
    SW_ECLOSED = -9,  /* connection gone, or stopping */
    SW_EFORMAT = -10, /* a file with wrong content (MMDB, snapshot) */
    SW_ETIMEOUT = -11,
    SW_EREFUSED = -12, /* refused by a safety rule */
};

/** A short message for people; static, never NULL. */
const char *sw_strerror(enum sw_status status);

#endif
