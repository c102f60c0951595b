/*
 * settings.h - the settings file: a "key: value" on each line, as in unbound.conf.
 *
 * Read by the module at init (path from the environment variable SINKWATCH_CONF, else
 * SW_SETTINGS_DEFAULT) and by the sinkwatch command. conf/sinkwatch.conf documents every key; a
 * check compares that file with the table in settings.c.
 *
 * Threads      read before threads start, constant afterwards
 * Errors       all problems of a file are reported, not just the first
 */
#ifndef SW_BASE_SETTINGS_H
#define SW_BASE_SETTINGS_H

#include "base/addr.h"
#include "base/groups.h"
#include "base/name.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SW_SETTINGS_ENV     "SINKWATCH_CONF"
#define SW_SETTINGS_DEFAULT "/etc/sinkwatch/sinkwatch.conf"
#define SW_PATH_MAX         256
#define SW_TEXT_MAX         128
#define SW_SENTINELS_MAX    8
#define SW_CONTACTS_MAX     4
#define SW_MMDB_MAX         16 /* files for each key */
#define SW_CLASSTABLES_MAX  8

struct sw_settings {
    /* Redis */
    char redis_socket[SW_PATH_MAX];        /* redis-socket: unix socket; wins over host and port */
    char redis_host[SW_TEXT_MAX];          /* redis-host: default 127.0.0.1 */
    uint16_t redis_port;                   /* redis-port: default 6379 */
    char redis_user[SW_TEXT_MAX];          /* redis-user: ACL user (Redis 6); "" = default user */
    char redis_password[SW_TEXT_MAX];      /* redis-password: "" = no AUTH */
    char redis_password_file[SW_PATH_MAX]; /* redis-password-file: first line of the file */
    char redis_sentinel[SW_SENTINELS_MAX][SW_TEXT_MAX]; /* redis-sentinel, repeated: HOST:PORT;
                                                           "" after the last */
    char redis_sentinel_master[SW_TEXT_MAX];  /* redis-sentinel-master: default mymaster */
    char sentinel_user[SW_TEXT_MAX];          /* redis-sentinel-user: "" = default user */
    char sentinel_password[SW_TEXT_MAX];      /* redis-sentinel-password: "" = no AUTH */
    char sentinel_password_file[SW_PATH_MAX]; /* redis-sentinel-password-file */
    char redis_primary[SW_TEXT_MAX];  /* redis-primary: HOST:PORT, "sentinel", "" = the same */
    bool redis_tls;                   /* redis-tls: yes|no, default no */
    char redis_tls_ca[SW_PATH_MAX];   /* redis-tls-ca: "" = the system's */
    char redis_tls_cert[SW_PATH_MAX]; /* redis-tls-cert: our own, "" = none */
    char redis_tls_key[SW_PATH_MAX];  /* redis-tls-key: "" = in redis-tls-cert */
    char redis_tls_name[SW_TEXT_MAX]; /* redis-tls-name: "" = redis-host */
    char redis_prefix[SW_TEXT_MAX];   /* redis-prefix: default {sinkwatch} */
    uint32_t redis_timeout_ms;        /* redis-timeout: per command, default 1000 */
    bool keep_lists;                  /* keep-lists: yes|no, default yes */
    bool redis_notices;               /* redis-notices: yes|no, default yes */
    uint32_t reconcile_s;             /* reconcile-interval: default 60, 0 = never */
    uint32_t sweep_s;                 /* sweep-interval: default 30, 0 = never */
    /* local snapshot */
    char snapshot_file[SW_PATH_MAX]; /* snapshot-file: "" = none */
    uint32_t snapshot_s;             /* snapshot-interval: default 60 */
    /* this resolver */
    char resolver_id[SW_TEXT_MAX]; /* resolver-id: default host name */
    /* ownership */
    char asn_mmdb[SW_MMDB_MAX][SW_PATH_MAX];   /* asn-mmdb, repeated: AS databases, asked in
                                                  this order; "" after the last */
    char owner_mmdb[SW_MMDB_MAX][SW_PATH_MAX]; /* owner-mmdb, repeated: registrants, countries */
    char asn_field[SW_TEXT_MAX];         /* asn-number-field: path in the record, "" = by layout */
    char org_field[SW_TEXT_MAX];         /* asn-organization-field */
    char registrant_field[SW_TEXT_MAX];  /* owner-registrant-field */
    char netname_field[SW_TEXT_MAX];     /* owner-netname-field */
    char country_field[SW_TEXT_MAX];     /* owner-country-field */
    char asn_class_field[SW_TEXT_MAX];   /* asn-class-field: class of the AS */
    char owner_class_field[SW_TEXT_MAX]; /* owner-class-field: class of the registrant */
    char class_table[SW_CLASSTABLES_MAX][SW_PATH_MAX]; /* class-table, repeated: asked in this
                                                          order; "" after the last */
    bool shipped_classes;                              /* shipped-classes: yes|no, default yes */
    char top_names[SW_PATH_MAX]; /* top-names: the operator's list of top names */
    uint32_t top_names_max;      /* top-names-max: lines of that file, default 10000 */
    uint32_t protected_classes;  /* protected-classes: SW_CLASS_BIT() of each class */
    uint32_t odd_names;          /* odd-names-min: default 20 */
    uint32_t odd_percent;        /* odd-percent: default 10 */
    uint32_t odd_wait_h;         /* odd-wait-hours: default 6 */
    uint32_t mmdb_check_s;       /* mmdb-check-interval: default 5 */
    uint32_t tracked_max;        /* tracked-addresses-max: default 100000 */
    uint32_t history_max;        /* history-max: addresses kept per name, default 200 */
    uint32_t history_days;       /* history-days: default 400 */
    uint32_t baseline_days;      /* baseline-days: default 7 */
    uint32_t baseline_count;     /* baseline-count: default 3 */
    uint32_t flux_hours;         /* flux-hours: default 24 */
    uint32_t flux_as;            /* flux-as-min: default 5 */
    uint32_t flux_percent;       /* flux-as-percent: default 50 */
    /* clients */
    struct sw_groups groups; /* client-group, repeated: NAME PREFIX... */
    /* answers */
    struct sw_addr sinkhole4;   /* sinkhole-ipv4: default landing address, none */
    struct sw_addr sinkhole6;   /* sinkhole-ipv6 */
    struct sw_name cname;       /* cname-target: default walled garden, none */
    bool ede;                   /* ede: yes|no, default yes */
    bool ptr_addresses;         /* ptr-addresses: yes|no, default no */
    bool structured_errors;     /* structured-errors: yes|no, default no */
    uint16_t structured_option; /* structured-option: EDNS option code, default 26 */
    char structured_contact[SW_CONTACTS_MAX][SW_TEXT_MAX]; /* structured-contact, repeated: URIs;
                                                              "" after the last */
    char structured_organization[SW_TEXT_MAX];             /* structured-organization: "" = none */
    char structured_justification[SW_TEXT_MAX];            /* structured-justification */
    char structured_language[SW_TEXT_MAX];                 /* structured-language: default en */
    /* events */
    char event_file[SW_PATH_MAX];   /* event-file: JSON lines, "" = none */
    char event_dnstap[SW_PATH_MAX]; /* event-dnstap: unix socket, "" = none */
    bool event_redis;               /* event-redis: yes|no, default yes */
    uint32_t event_stream_max;      /* event-stream-max: entries kept, default 1000000 */
    uint32_t event_window_ms;       /* event-window: aggregation, default 1000, 0 = none */
    uint32_t ring_kib;              /* event-ring: KiB for each worker, default 1024 */
    uint32_t backlog_max;           /* event-backlog-max: events kept while Redis is away,
                                       default 100000 */
    char event_spool[SW_PATH_MAX];  /* event-spool: folder, "" = none */
    uint32_t spool_max_mib;         /* event-spool-max: MiB, default 256 */
    /* memory */
    char memory_folder[SW_PATH_MAX];  /* memory-folder: "" = no memory */
    uint32_t memory_days;             /* memory-days: default 400 */
    uint32_t memory_interval_s;       /* memory-interval: default 60 */
    uint32_t memory_max_mib;          /* memory-size-max: MiB on disk, default 4096 */
    uint32_t memory_ram_mib;          /* memory-ram-max: MiB, default 64 */
    uint32_t memory_domain_limit;     /* memory-domain-limit: default 1000, 0 = no limit */
    char memory_exclude[SW_PATH_MAX]; /* memory-exclude: file with names, "" = none */
    uint32_t memory_cut_label;        /* memory-cut-label: octets, default 0 = never */
    uint32_t memory_inquiries;        /* memory-inquiries: in a minute, default 60, 0 = none */
    /* diagnosis */
    bool verbose; /* verbose: yes|no, default no */
};

/** Gets the message of a problem, for people: "FILE:LINE: KEY: PROBLEM; ALLOWED". */
typedef void sw_settings_error_fn(void *arg, const char *message);

/** All defaults. */
void sw_settings_init(struct sw_settings *settings);

/**
 * Read and validate a file on top of the defaults.
 *
 * on_error  called once for each problem; a key with a problem keeps the default
 *
 * SW_OK      no problem
 * SW_EIO     file unreadable (also reported); *out holds the defaults
 * SW_EINVAL  at least one problem was reported; *out holds all other values
 */
enum sw_status sw_settings_read(const char *path, struct sw_settings *out,
                                sw_settings_error_fn *on_error, void *arg);

/**
 * Cut a line without its line end into "key: value", in place; a '#' after a blank begins a
 * comment. Other files of the same form are read with this function as well.
 *
 * Returns NULL for a good line (*key is NULL for a blank line or a comment), else a message.
 */
const char *sw_settings_split(char *line, char **key, char **value);

/** The path of the settings file: from the environment, else the default. */
const char *sw_settings_path(void);

/** Key names in the order of the table, NULL after the last (for checks and completion). */
const char *sw_settings_key(size_t i);

#endif
