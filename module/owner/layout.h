/*
 * layout.h - where in a database's record the values that we want are.
 *
 * Vendors lay records out differently: {"autonomous_system_number": 8342} (GeoLite2-ASN, DB-IP,
 * GeoIP2-ISP), {"asn": "AS8342"} (IPinfo), {"country": {"iso_code": "RU"}} (GeoLite2-Country).
 * A field path names the way in, "country.iso_code"; a step of digits indexes an array. At
 * opening, every known path is tried on a sample of the records; for each field the path that
 * gave most values is kept. A path from the settings comes first: it is kept when it gave any;
 * the known ones are for files (there can be several) that do not have it.
 *
 * Step by step: sw_layout_init(settings) -> sw_layout_try() for records of the sample ->
 * sw_layout_choose() -> sw_layout_asn() and sw_layout_text() read values.
 *
 * Threads      init, try, choose: the opener; reading: any, the layout is constant then
 * Memory       no allocation; paths are kept inside the struct
 * Security     text from a file is made valid UTF-8 without control characters
 * Standards    MaxMind DB file format 2.0, "Output Data Section"
 */
#ifndef SW_OWNER_LAYOUT_H
#define SW_OWNER_LAYOUT_H

#include "base/settings.h"
#include "base/status.h"

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_role {                /* what a database is configured for */
               SW_ROLE_ASN,   /* asn-mmdb: has to give AS numbers */
               SW_ROLE_OWNER, /* owner-mmdb: has to give a registrant, a netname or a country */
};

enum sw_field {
    SW_FIELD_ASN,
    SW_FIELD_ORG,
    SW_FIELD_REGISTRANT,
    SW_FIELD_NETNAME,
    SW_FIELD_COUNTRY,
    SW_FIELD_COUNT
};

#define SW_PATHSTEPS_MAX  8 /* steps of a field path; the deepest known layout has 4 */
#define SW_CANDIDATES_MAX 6

struct sw_fieldpath {
    char text[SW_TEXT_MAX];                 /* "country\0iso_code": dots are NUL */
    const char *step[SW_PATHSTEPS_MAX + 1]; /* into text; NULL after the last; [0] NULL: none */
    size_t found;                           /* records of the sample that had a value */
};

struct sw_layout {
    enum sw_role role;
    struct sw_fieldpath candidate[SW_FIELD_COUNT][SW_CANDIDATES_MAX];
    bool configured[SW_FIELD_COUNT]; /* the first candidate is a path of the settings */
    const struct sw_fieldpath *chosen[SW_FIELD_COUNT]; /* into candidate; NULL: field not there */
};

/**
 * Prepare the paths to try for a role. *layout points into itself: do not copy or move it.
 * SW_EINVAL when a path of the settings has an empty step or too many; why: SW_WHY_MAX bytes.
 */
enum sw_status sw_layout_init(struct sw_layout *layout, enum sw_role role,
                              const struct sw_settings *settings, char *why);

/** Try every candidate on one record and count those that give a usable value. */
void sw_layout_try(struct sw_layout *layout, MMDB_entry_s record);

/** Keep the best path of each field. False when the role's fields are not there. */
bool sw_layout_choose(struct sw_layout *layout);

/** The path kept for a field, with dots, and "" for none; returns out. */
char *sw_layout_path(const struct sw_layout *layout, enum sw_field field, char *out, size_t room);

/** The usual field paths for what the role cannot do without, for messages; returns out. */
char *sw_layout_wanted(const struct sw_layout *layout, char *out, size_t room);

/** AS number of a record; 0 when it has none. Numbers and text ("AS8342", "8342") are read. */
uint32_t sw_layout_asn(const struct sw_layout *layout, MMDB_entry_s record);

/** Text of a field, cut to room octets with the NUL; "" when the record has none. */
void sw_layout_text(const struct sw_layout *layout, enum sw_field field, MMDB_entry_s record,
                    char *out, size_t room);

/** Copy text of unknown origin: at most room octets with the NUL, cut between characters; what
 * is no UTF-8 (RFC 3629) and every control character becomes '?'. room > 0. */
void sw_text_clean(char *out, size_t room, const char *text, size_t len);

#endif
