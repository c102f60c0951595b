/*
 * mmdb.h - an MMDB file, read whole, checked whole, then asked by any thread.
 *
 * An updater can cut a mapped file short under a reader, which kills the process (SIGBUS). So the
 * file is copied first: to sealed memory (memfd_create), which libmaxminddb maps by a name under
 * /proc/self/fd. Where there is no /proc (chroot), the copy is a file in a temporary folder that is
 * unlinked at once. Then the tree and all records are verified (verify.h), and the layout is
 * recognised (layout.h). For AS databases the AS number of every record is decoded into a table, so
 * that a look-up by a worker decodes nothing.
 *
 * Threads      open and close: the feeder; look-ups: any number at once, no locks
 * Memory       the file's size; AS databases: a quarter of its data section and 4 octets for
 *              each distinct record more
 * Reliability  refused as a whole, with a reason, or trusted as a whole
 * Standards    MaxMind DB file format 2.0
 * Decision     D-013
 */
#ifndef SW_OWNER_MMDB_H
#define SW_OWNER_MMDB_H

#include "base/addr.h"
#include "base/settings.h"
#include "base/status.h"
#include "owner/layout.h"
#include "owner/owner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define SW_MMDBTYPE_MAX 64
#define SW_MMDBSIZE_MAX (INT64_C(1) << 30) /* octets; MaxMind's largest file has a third of that */

struct sw_mmdb; /* an open database, constant */

/**
 * Open and check a file for a role.
 *
 * path      regular file
 * settings  field paths; used only during the call
 * seen      always set: the result of fstat() or stat(), zero when there is no file
 * out       set on SW_OK; the caller closes it
 * why       SW_WHY_MAX bytes, set on failure, for people, without the path
 * SW_OK, SW_EIO (missing, unreadable, changed during the read, no place for the copy),
 * SW_EFORMAT (no MMDB, broken, does not fit the role), SW_EINVAL (field path), SW_ETOOBIG,
 * SW_ENOMEM.
 */
enum sw_status sw_mmdb_open(const char *path, enum sw_role role, const struct sw_settings *settings,
                            struct stat *seen, struct sw_mmdb **out, char *why);

/** Requires: no thread uses the database any more. NULL is fine. */
void sw_mmdb_close(struct sw_mmdb *db);

/** AS number and matched network (prefix may be NULL) of an address: SW_OK or SW_ENOTFOUND. */
enum sw_status sw_mmdb_asn(const struct sw_mmdb *db, const struct sw_addr *addr, uint32_t *asn,
                           struct sw_addr *prefix);

/** Fill the fields that are still empty in *out and that a database of this role knows. AS role:
 * prefix, asn and org together, country, class. Owner role: registrant, netname, country, class
 * (without the source of the class), and the network (registered) of the first field found.
 * SW_ENOTFOUND and *out unchanged: nothing to add. */
enum sw_status sw_mmdb_fill(const struct sw_mmdb *db, const struct sw_addr *addr,
                            struct sw_owner *out);

/** The path of a field in the records, "" for none (returns out); the type from the metadata,
 * cleaned; the build time; the number of distinct records; whether two databases are equal octet
 * for octet. */
bool sw_mmdb_unread(const struct sw_mmdb *db, enum sw_owner_field field); /* sw_layout_unread() */
char *sw_mmdb_field(const struct sw_mmdb *db, enum sw_owner_field field, char *out, size_t room);
const char *sw_mmdb_type(const struct sw_mmdb *db);
int64_t sw_mmdb_epoch(const struct sw_mmdb *db); /* seconds since 1970 */
uint32_t sw_mmdb_records(const struct sw_mmdb *db);
bool sw_mmdb_same(const struct sw_mmdb *a, const struct sw_mmdb *b);

#endif
