/*
 * fields.h - a table of the names of all JSON members that the journal writes.
 *
 * A name is a path of nested objects ("dns.question.name"); "[]." leads into the objects of an
 * array and is resolved from such an element on. Members are written in the order of the table
 * (json.h), so the members of an object are neighbours in the table. module/REDIS.md explains
 * every row; a unit test compares the two.
 *
 * Threads      constants
 * Standards    Elastic Common Schema (names without "sinkwatch")
 */
#ifndef SW_JOURNAL_FIELDS_H
#define SW_JOURNAL_FIELDS_H

/* X(enumerator, "path") in the order of writing and documentation */
#define SW_FIELDS(X)                                                                               \
    X(TIMESTAMP, "@timestamp")                                                                     \
    X(EVENT_KIND, "event.kind")                                                                    \
    X(EVENT_CATEGORY, "event.category")                                                            \
    X(EVENT_TYPE, "event.type")                                                                    \
    X(EVENT_ACTION, "event.action")                                                                \
    X(EVENT_ID, "event.id")                                                                        \
    X(EVENT_SEVERITY, "event.severity")                                                            \
    X(CLIENT_IP, "client.ip")                                                                      \
    X(CLIENT_PORT, "client.port")                                                                  \
    X(NETWORK_TRANSPORT, "network.transport")                                                      \
    X(QUESTION_NAME, "dns.question.name")                                                          \
    X(QUESTION_TYPE, "dns.question.type")                                                          \
    X(QUESTION_CLASS, "dns.question.class")                                                        \
    X(RESPONSE_CODE, "dns.response_code")                                                          \
    X(ANSWERS, "dns.answers")                                                                      \
    X(ANSWER_TYPE, "dns.answers[].type")                                                           \
    X(ANSWER_DATA, "dns.answers[].data")                                                           \
    X(RESOLVED_IP, "dns.resolved_ip")                                                              \
    X(INDICATOR_TYPE, "threat.indicator.type")                                                     \
    X(INDICATOR_NAME, "threat.indicator.name")                                                     \
    X(INDICATOR_ASN, "threat.indicator.as.number")                                                 \
    X(INDICATOR_ORG, "threat.indicator.as.organization.name")                                      \
    X(FEED_NAME, "threat.feed.name")                                                               \
    X(OBSERVER_NAME, "observer.name")                                                              \
    X(OBSERVER_PRODUCT, "observer.product")                                                        \
    X(ACTION_WANTED, "sinkwatch.action.wanted")                                                    \
    X(ACTION_TAKEN, "sinkwatch.action.taken")                                                      \
    X(SHADOW, "sinkwatch.shadow")                                                                  \
    X(TRIGGER, "sinkwatch.trigger")                                                                \
    X(LIST, "sinkwatch.list")                                                                      \
    X(INDICATOR, "sinkwatch.indicator")                                                            \
    X(CHAIN, "sinkwatch.chain")                                                                    \
    X(COUNT, "sinkwatch.count")                                                                    \
    X(FIRST, "sinkwatch.first")                                                                    \
    X(LAST, "sinkwatch.last")                                                                      \
    X(CACHED_UNTIL, "sinkwatch.cached.until")                                                      \
    X(CACHED_EXPIRED, "sinkwatch.cached.expired")                                                  \
    X(DNSSEC, "sinkwatch.dnssec")                                                                  \
    X(EDE, "sinkwatch.ede")                                                                        \
    X(HITS, "sinkwatch.hits")                                                                      \
    X(HITS_MORE, "sinkwatch.hits_more")                                                            \
    X(HIT_LIST, "sinkwatch.hits[].list")                                                           \
    X(HIT_INDICATOR, "sinkwatch.hits[].indicator")                                                 \
    X(HIT_KIND, "sinkwatch.hits[].kind")                                                           \
    X(HIT_TRIGGER, "sinkwatch.hits[].trigger")                                                     \
    X(HIT_ACTION, "sinkwatch.hits[].action")                                                       \
    X(HIT_WINNER, "sinkwatch.hits[].winner")                                                       \
    X(OWNERS, "sinkwatch.owners")                                                                  \
    X(OWNER_IP, "sinkwatch.owners[].ip")                                                           \
    X(OWNER_PREFIX, "sinkwatch.owners[].prefix")                                                   \
    X(OWNER_ASN, "sinkwatch.owners[].as.number")                                                   \
    X(OWNER_ORG, "sinkwatch.owners[].as.organization.name")                                        \
    X(OWNER_REGISTERED, "sinkwatch.owners[].registered")                                           \
    X(OWNER_REGISTRANT, "sinkwatch.owners[].registrant")                                           \
    X(OWNER_NETNAME, "sinkwatch.owners[].netname")                                                 \
    X(OWNER_COUNTRY, "sinkwatch.owners[].country")                                                 \
    X(DELEGATION, "sinkwatch.delegation.zone")                                                     \
    X(SERVERS, "sinkwatch.delegation.servers")                                                     \
    X(TRUNCATED, "sinkwatch.truncated")                                                            \
    X(UNJUDGED, "sinkwatch.unjudged")                                                              \
    X(LOST, "sinkwatch.lost")                                                                      \
    X(LOST_WHERE, "sinkwatch.lost_where")                                                          \
    X(ANOMALY_TYPE, "sinkwatch.anomaly.type")                                                      \
    X(ANOMALY_NAME, "sinkwatch.anomaly.name")                                                      \
    X(ANOMALY_ADDRESS, "sinkwatch.anomaly.address")                                                \
    X(ANOMALY_OWNER, "sinkwatch.anomaly.owner")                                                    \
    X(CLASS_NAME, "sinkwatch.anomaly.class.name")                                                  \
    X(CLASS_TABLE, "sinkwatch.anomaly.class.table")                                                \
    X(CLASS_LINE, "sinkwatch.anomaly.class.line")                                                  \
    X(CLASS_PATTERN, "sinkwatch.anomaly.class.pattern")                                            \
    X(CLASS_DATABASE, "sinkwatch.anomaly.class.database")                                          \
    X(CLASS_FIELD, "sinkwatch.anomaly.class.field")                                                \
    X(SPREAD_LIST, "sinkwatch.anomaly.spread.list")                                                \
    X(SPREAD_NAMES, "sinkwatch.anomaly.spread.names")                                              \
    X(SPREAD_HOSTING, "sinkwatch.anomaly.spread.hosting")                                          \
    X(SPREAD_ISP, "sinkwatch.anomaly.spread.isp")                                                  \
    X(SPREAD_CONTENT, "sinkwatch.anomaly.spread.content")                                          \
    X(SPREAD_ENTERPRISE, "sinkwatch.anomaly.spread.enterprise")                                    \
    X(SPREAD_EDUCATION, "sinkwatch.anomaly.spread.education")                                      \
    X(SPREAD_GOVERNMENT, "sinkwatch.anomaly.spread.government")                                    \
    X(SPREAD_MILITARY, "sinkwatch.anomaly.spread.military")                                        \
    X(SPREAD_POLICE, "sinkwatch.anomaly.spread.police")                                            \
    X(SPREAD_BANK, "sinkwatch.anomaly.spread.bank")                                                \
    X(SPREAD_HEALTH, "sinkwatch.anomaly.spread.health")                                            \
    X(SPREAD_INTERGOVERNMENTAL, "sinkwatch.anomaly.spread.intergovernmental")                      \
    X(SPREAD_SINKHOLE, "sinkwatch.anomaly.spread.sinkhole")                                        \
    X(SPREAD_PARKING, "sinkwatch.anomaly.spread.parking")                                          \
    X(PROTECTED_LIST, "sinkwatch.anomaly.protected.list")                                          \
    X(PROTECTED_OWNER, "sinkwatch.anomaly.protected.owner")                                        \
    X(PROTECTED_INDICATOR, "sinkwatch.anomaly.protected.indicator")                                \
    X(EXPECTED_LIST, "sinkwatch.anomaly.expected.list")                                            \
    X(EXPECTED_OWNERS, "sinkwatch.anomaly.expected.owners")                                        \
    X(RENAMED_FROM, "sinkwatch.anomaly.renamed_from")                                              \
    X(ANOMALY_FORMER, "sinkwatch.anomaly.former")                                                  \
    X(SILENT_SINCE, "sinkwatch.anomaly.silent_since")                                              \
    X(ALIAS_TARGET, "sinkwatch.anomaly.target")                                                    \
    X(FLUX_AS, "sinkwatch.anomaly.flux.as_total")                                                  \
    X(FLUX_ADDRESSES, "sinkwatch.anomaly.flux.addresses_total")                                    \
    X(FLUX_HOURS, "sinkwatch.anomaly.flux.hours")                                                  \
    X(SPECIAL_BLOCK, "sinkwatch.anomaly.special.block")                                            \
    X(SPECIAL_NAME, "sinkwatch.anomaly.special.name")                                              \
    X(SPECIAL_SOURCE, "sinkwatch.anomaly.special.source")                                          \
    X(DELEGATION_ZONE, "sinkwatch.anomaly.delegation.zone")                                        \
    X(DELEGATION_SERVER, "sinkwatch.anomaly.delegation.server")                                    \
    X(DELEGATION_SERVERS, "sinkwatch.anomaly.delegation.servers")                                  \
    X(ANOMALY_NAMES, "sinkwatch.anomaly.names")                                                    \
    X(ANOMALY_NAMES_TOTAL, "sinkwatch.anomaly.names_total")                                        \
    X(NEIGHBOURS, "sinkwatch.anomaly.neighbours")                                                  \
    X(NEIGHBOUR_NAME, "sinkwatch.anomaly.neighbours[].name")                                       \
    X(NEIGHBOUR_FIRST, "sinkwatch.anomaly.neighbours[].first")                                     \
    X(NEIGHBOUR_LAST, "sinkwatch.anomaly.neighbours[].last")                                       \
    X(NEIGHBOUR_COUNT, "sinkwatch.anomaly.neighbours[].count")                                     \
    X(NEIGHBOUR_CLASS, "sinkwatch.anomaly.neighbours[].class")                                     \
    X(NEIGHBOUR_PUBLIC, "sinkwatch.anomaly.neighbours[].public_body")                              \
    X(NEIGHBOUR_SUFFIX, "sinkwatch.anomaly.neighbours[].suffix")                                   \
    X(NEIGHBOUR_TABLE, "sinkwatch.anomaly.neighbours[].table")                                     \
    X(NEIGHBOUR_LINE, "sinkwatch.anomaly.neighbours[].line")                                       \
    X(NEIGHBOUR_TOP, "sinkwatch.anomaly.neighbours[].top")                                         \
    X(NEIGHBOUR_RANK, "sinkwatch.anomaly.neighbours[].rank")                                       \
    X(KNOWN_LIST, "sinkwatch.anomaly.known.list")                                                  \
    X(KNOWN_OWNER, "sinkwatch.anomaly.known.owner")                                                \
    X(FINDING_ID, "sinkwatch.anomaly.finding.id")                                                  \
    X(FINDING_MEMBERS, "sinkwatch.anomaly.finding.members")                                        \
    X(EPISODE_BEGIN, "sinkwatch.anomaly.episode")                                                  \
    X(ANOMALY_FIRST, "sinkwatch.anomaly.first")                                                    \
    X(ANOMALY_COUNT, "sinkwatch.anomaly.count")                                                    \
    X(HISTORY_UNREAD, "sinkwatch.anomaly.history_unread")                                          \
    X(ANOMALY_HISTORY, "sinkwatch.anomaly.history")                                                \
    X(HISTORY_FIRST, "sinkwatch.anomaly.history[].first")                                          \
    X(HISTORY_LAST, "sinkwatch.anomaly.history[].last")                                            \
    X(HISTORY_COUNT, "sinkwatch.anomaly.history[].count")

enum sw_field {
#define SW_FIELD_ENUM(id, path) SW_FIELD_##id,
    SW_FIELDS(SW_FIELD_ENUM)
#undef SW_FIELD_ENUM
        SW_FIELD_END
};

/** The whole path of a field. */
const char *sw_field_path(enum sw_field field);

#endif
