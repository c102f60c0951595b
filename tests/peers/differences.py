"""Answers of Unbound's policy scenarios that differ with Sinkwatch's lists.

ROWS holds, for a scenario, {step: (reason, our answer)}; the step is that of the check, or of the
question where no answer is expected. A reason of the sort FAULT is followed by the right answer.
Every answer without a row has to be the scenario's, and an answer with a row has to be the row's.
"""


def landing(number):
    """A landing name that cannot be resolved leaves the alias alone (D-093)."""
    return ("landing name", f"www.gotham{number}.a. CNAME g{number}.target.a.")


def aliases():
    """rpz_cname_handle: landing names in the policy zone, and aliases to listed names."""
    steps = (
        (21, 2), (31, 3), (41, 4), (61, 6), (71, 7), (91, 6), (101, 7), (121, 9), (131, 10), (151, 12),
        (161, 13), (181, 15), (201, 15), (221, 17),
    )  # fmt: skip
    rows = {step: landing(number) for step, number in steps}
    rows[51] = rows[81] = ("whole answer", "www.gotham5.a. A 1.2.3.65")
    target = "g14.target.a. A 1.2.3.14; www.gotham14.a. CNAME g14.target.a."
    rows[171] = rows[191] = ("whole answer", target)
    return rows


ROWS = {
    "rpz_cached_cname": {
        40: ("whole answer", "b.foo. A 10.99.99.99"),
        70: ("whole answer", "b.foo. A 10.99.99.99"),
    },
    "rpz_clientip": {
        61: ("negative SOA", "a.a. A 127.0.0.1"),
        63: ("negative SOA", 'a.a. TXT "42"'),
        65: ("negative SOA", "NODATA"),
    },
    "rpz_cname_handle": aliases(),
    "rpz_cname_tag": {
        61: landing(2),
        71: landing(3),
        81: landing(4),
    },
    # Scenarios that releases after 1.22.0 have:
    "dns64_respip_bypass": {21: ("dns64", "NXDOMAIN"), 31: ("dns64", "NXDOMAIN")},
    "respip_cname_loop_tagged": {
        2: ("landing name", "loop1.far.test. CNAME loop2.far.test.; loop2.far.test. A 192.0.2.2"),
    },
    "respip_dns64_lookup": {
        90: ("dns64 landing", "NODATA"),
        110: ("dns64", "NXDOMAIN"),
        170: ("dns64", "NXDOMAIN"),
        190: ("dns64 landing", "NODATA"),
    },
    "rpz_clientip_passthru_dns64": {16: ("dns64", "NXDOMAIN")},
    "rpz_cname_wild": {20: ("landing name", "SERVFAIL"), 40: ("landing name", "SERVFAIL")},
    "rpz_qname": {
        71: ("wildcards", 'x.b.a. TXT "wildcard local data"'),
        101: ("whole answer", 'f.example. TXT "local data 2nd zone"'),
    },
    "rpz_respip_tcponly": {41: ("tcp-only", "NODATA")},
    "rpz_rootwc": {
        20: ("root wildcard", "SERVFAIL"),
        40: ("root wildcard", "SERVFAIL"),
    },
    "rpz_signal_nxdomain_ra": {
        11: ("recursion flag", "NXDOMAIN"),
        21: ("recursion flag", "NXDOMAIN"),
        31: ("recursion flag", "NXDOMAIN"),
        41: ("recursion flag", "NXDOMAIN"),
        51: ("recursion flag", "NXDOMAIN"),
    },
    "rpz_val_block": {
        31: ("keys", "SERVFAIL"),
        33: ("keys", "SERVFAIL"),
        51: ("whole answer", "foo4.com. A 4.0.5.5"),
        61: ("whole answer", "alt.foo5.org. A 4.0.5.6; foo5.com. CNAME alt.foo5.org."),
    },
}

# Scenarios in which Unbound answers some questions before any module: these answers are not
# rewritten.
LOCAL = {
    "auth_nsec3_wild": "authority zone",
    "auth_xfr_ixfrisaxfr": "authority zone",
    "auth_xfr_ixfrmismatch": "authority zone",
    "auth_xfr_ixfrnotimpl": "authority zone",
    "auth_xfr_notify": "authority zone",
    "auth_zonefile_down": "authority zone",
    "ede_acl_refused": "refused client",
    "ede_cache_snoop_not_auth": "refused question",
    "ede_cache_snoop_noth_auth": "refused question",
    "ede_localzone_dname_expansion": "local zone",
    "local_acl_override": "local zone",
    "local_cname": "local zone",
    "local_cnameother": "local zone",
    "local_transparent_sametype": "local zone",
    "local_typetransparent": "local zone",
    "localdata": "local zone",
    "version_bind": "class CH",
    "version_bind_hide": "class CH",
    "views": "view",
}

# Answers that differ from the model, and are right: {scenario: reason}.
BLOCKING = {
    "local_cname": "an alias in local data leads to a listed name: the alias stays in front",
    "val_keyprefetch_verify": "the listed name is not asked for; the servers know no other first question",
    "ttl_min": "a question without recursion is answered with the cached delegation before any module",
    "val_negcache_ds": "the listed name is not asked for, and so no denial for its zone is cached",
    "val_negcache_dssoa": "the listed name is not asked for, and so no denial for its zone is cached",
    "dns64_prefetch_cache": "with dns64 before dynlib a rewritten answer is resolved each time (D-028)",
    "fwd_any": "an answer to ANY is made of what is cached: the listed address is not in it",
}

# Differences with the other two thirds of the names and addresses (LONG=1).
BLOCKING_LONG = {}

# Known faults with lists that act: the present answer.
BLOCKING_FAULTS = {}

# Known faults with lists that change no answer, by kind of list: scenarios in which something differs.
WATCHING_FAULTS = {}

# Known faults in scenarios of our own.
OWN_FAULTS = {}
