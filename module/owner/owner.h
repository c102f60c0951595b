/*
 * owner.h - the owner of an address: matched prefix, AS number and organisation, registrant.
 *
 * Up to SW_MMDB_MAX MMDB files of each role are open. AS files have the layout of GeoLite2-ASN,
 * DB-IP ASN lite, IPinfo or GeoIP2-ISP, which is recognised, or field paths from the settings.
 * Owner files hold registrants or countries (made by scripts/make-owner-mmdb, or GeoLite2-Country).
 * Files of a role are asked in the order of the settings. AS number, organisation and prefix come
 * from the first file that knows the AS number; registrant, netname and country come each from the
 * first file that has a value. The feeder opens and replaces files. Workers look up AS numbers
 * while some list holds an AS; the recorder looks up everything.
 *
 * Reload, step by step: stat says the file changed -> read the whole new file into memory ->
 * open and verify the copy aside -> publish -> wait for readers -> close the former database. A
 * file that is missing, cut short, of the wrong type or broken is refused with a reason; the former
 * database stays.
 *
 * Threads      sw_owner_find*: any thread inside an RCU section, no locks, no allocation kept;
 *              sw_owners_refresh(): the feeder
 * Standards    MaxMind DB file format 2.0
 * Decision     D-049
 */
#ifndef SW_OWNER_OWNER_H
#define SW_OWNER_OWNER_H

#include "base/addr.h"
#include "base/class.h"
#include "base/counters.h"
#include "base/settings.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_OWNERTEXT_MAX 96

struct sw_ownerclass { /* the class field of a database */
    uint8_t class;     /* enum sw_class; SW_HOLDER_UNKNOWN: no field, or no known value */
    uint8_t source;    /* number of the database: sources.h */
};

struct sw_owner {
    struct sw_addr prefix;             /* matched network in the AS database; family 0 when none */
    uint32_t asn;                      /* 0 when not found */
    char org[SW_OWNERTEXT_MAX];        /* AS organisation, "" when none */
    struct sw_addr registered;         /* matched network in the registrant database */
    char registrant[SW_OWNERTEXT_MAX]; /* "" when none */
    char netname[SW_OWNERTEXT_MAX];
    char country[4];                       /* ISO 3166-1 alpha-2, "" when none */
    struct sw_ownerclass as_class;         /* of the AS database */
    struct sw_ownerclass registrant_class; /* of the registrant database */
    uint8_t class; /* enum sw_class of the holder, and of the AS: holder.h */
    uint8_t carrier_class;
};

struct sw_owners; /* the open databases */

/** No file is opened before sw_owners_refresh(). settings must outlive the result. NULL: no
 * memory. */
struct sw_owners *sw_owners_new(const struct sw_settings *settings, struct sw_counters *counters);
void sw_owners_free(struct sw_owners *owners);

/**
 * Open each configured file that is new or changed since the last call (by device, inode, size,
 * time). Problems are logged once per change and kept for sw_owners_status(). Feeder only.
 * Returns true when a database was replaced.
 */
bool sw_owners_refresh(struct sw_owners *owners);

/** A line of JSON text for the status: {"asn":[{"path":...,"open":true,"type":...,"epoch":...,
 * "records":...,"fields":{"asn":...},"error":""}],"owner":[...],"classes":[...]}. `fields` gives
 * the path of each field. A role without files has no member; a file that is not open lacks type,
 * epoch, records and fields. Feeder only. The caller frees; NULL: out of memory. */
char *sw_owners_status(const struct sw_owners *owners);

/** A number that changes with each replaced database or table of classes. Any thread. */
uint64_t sw_owners_changes(const struct sw_owners *owners);

/** Whether an AS database is open now. Any thread. */
bool sw_owners_have_asn(const struct sw_owners *owners);

/**
 * AS number of an address. Inside an RCU section. SW_OK sets *asn (and *prefix when not NULL);
 * SW_ENOTFOUND. Of an address that embeds an IPv4 address (NAT64, 6to4, mapped) the latter counts.
 */
enum sw_status sw_owner_find_asn(const struct sw_owners *owners, const struct sw_addr *addr,
                                 uint32_t *asn, struct sw_addr *prefix);

/** Everything known about an address; fields not known are empty. Inside an RCU section.
 * SW_OK when anything was found, else SW_ENOTFOUND with an empty *out. */
enum sw_status sw_owner_find(const struct sw_owners *owners, const struct sw_addr *addr,
                             struct sw_owner *out);

#endif
