/*
 * anomaly.h - odd ownership, as pure functions over an observation, its history and the lists.
 *
 * Each anomaly states facts with their evidence, never intent:
 *   protected-owner  an indicator's name resolves into an owner that a `protected` list names
 *   shared-address   other names were seen on an address that an indicator's name resolves to
 * A `known` list that covers the address or its AS is reported along as an explanation.
 *
 * Threads      the recorder; finds in the index inside its own RCU section
 */
#ifndef SW_OWNER_ANOMALY_H
#define SW_OWNER_ANOMALY_H

#include "index/index.h"
#include "owner/history.h"

enum sw_anomaly_type { SW_ANOMALY_PROTECTED_OWNER, SW_ANOMALY_SHARED_ADDRESS, SW_ANOMALY_COUNT };

/** Name as events carry it ("protected-owner"); static. */
const char *sw_anomaly_name(enum sw_anomaly_type type);

struct sw_anomaly {
    enum sw_anomaly_type type;
    struct sw_addr addr;
    char list[SW_LISTNAME_MAX];              /* the protected list, "" for others */
    char protected_owner[SW_NOTE_MAX];       /* its owner text */
    char protected_by[SW_INDICATORTEXT_MAX]; /* indicator of that list: prefix or AS */
    char known_list[SW_LISTNAME_MAX];        /* explanation, "" when none */
    char known_owner[SW_NOTE_MAX];
    size_t other_names; /* shared-address: how many other names */
};

/**
 * protected-owner: whether an address (with its owner) lies in a protected prefix or AS.
 * Fills *out and returns true when so. Inside an RCU section. The most specific protected
 * prefix wins over an AS number.
 */
bool sw_anomaly_protected_owner(const struct sw_view *view, const struct sw_addr *addr,
                                const struct sw_owner *owner, struct sw_anomaly *out);

/** shared-address: n other names are on this address. True when n > 0. Adds `known`. */
bool sw_anomaly_shared_address(const struct sw_view *view, const struct sw_addr *addr,
                               const struct sw_owner *owner, size_t other_names,
                               struct sw_anomaly *out);

#endif
