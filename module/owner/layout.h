/*
 * layout.h - the paths of AS number, organisation, registrant, ... in a database's records.
 *
 * Vendors lay records out differently: {"autonomous_system_number": 8342} (GeoLite2-ASN, DB-IP,
 * GeoIP2-ISP), {"asn": "AS8342"} (IPinfo), {"country": {"iso_code": "RU"}} (GeoLite2-Country).
 * A field path names the way in, "country.iso_code"; a step of digits indexes an array. At
 * opening, every known path is tried on a sample of the records; for each field the path that
 * gave most values is kept. A path from the settings comes first and is kept when any record has a
 * value there. The known paths serve the other files, as several files can be open.
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

#include "base/class.h"
#include "base/settings.h"
#include "base/status.h"

#include <maxminddb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sw_role {                /* the purpose of a database */
               SW_ROLE_ASN,   /* asn-mmdb: has to give AS numbers */
               SW_ROLE_OWNER, /* owner-mmdb: has to give a registrant, a netname or a country */
};

enum sw_owner_field {
    SW_OWNER_ASN,
    SW_OWNER_ORG,
    SW_OWNER_REGISTRANT,
    SW_OWNER_NETNAME,
    SW_OWNER_COUNTRY,
    SW_OWNER_CLASS, /* a word that sw_class_of_value() knows */
    SW_OWNER_COUNT
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
    struct sw_fieldpath candidate[SW_OWNER_COUNT][SW_CANDIDATES_MAX];
    bool configured[SW_OWNER_COUNT]; /* the first candidate is a path of the settings */
    const struct sw_fieldpath *chosen[SW_OWNER_COUNT]; /* into candidate; NULL: field not there */
};

/**
 * Prepare the paths to try for a role. *layout points into itself: never copy or move the struct.
 * SW_EINVAL when a path of the settings has an empty step or too many; why: SW_WHY_MAX bytes.
 */
enum sw_status sw_layout_init(struct sw_layout *layout, enum sw_role role,
                              const struct sw_settings *settings, char *why);

/** Try every candidate on a record and count the candidates that give a usable value. */
void sw_layout_try(struct sw_layout *layout, MMDB_entry_s record);

/** Keep the best path of each field. False when the role's fields are not there. */
bool sw_layout_choose(struct sw_layout *layout);

/** The path kept for a field, with dots, and "" for none; returns out. */
char *sw_layout_path(const struct sw_layout *layout, enum sw_owner_field field, char *out,
                     size_t room);

/** Whether the settings give a path for a field at which no record has a usable value. */
bool sw_layout_unread(const struct sw_layout *layout, enum sw_owner_field field);

/** The class of a record; SW_HOLDER_UNKNOWN when the record has none. */
enum sw_class sw_layout_class(const struct sw_layout *layout, MMDB_entry_s record);

/** The usual paths of the fields that a role requires, for messages; returns out. */
char *sw_layout_wanted(const struct sw_layout *layout, char *out, size_t room);

/** AS number of a record, 0 for none. Numbers and text ("AS8342", "8342") are read. */
uint32_t sw_layout_asn(const struct sw_layout *layout, MMDB_entry_s record);

/** Text of a field, cut to room octets with the NUL; "" when the record has none. */
void sw_layout_text(const struct sw_layout *layout, enum sw_owner_field field, MMDB_entry_s record,
                    char *out, size_t room);

/** Copy text of unknown origin: at most room octets with the NUL, cut between characters. Each
 * control character and each octet outside valid UTF-8 (RFC 3629) becomes '?'. room > 0. */
void sw_text_clean(char *out, size_t room, const char *text, size_t len);

#endif
