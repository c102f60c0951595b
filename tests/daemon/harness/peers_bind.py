"""Behaviour of BIND 9.21 with policy zones, as shown by BIND's system tests rpz, rpzrecurse and
rpzextra.

Facts in our words: own rules and questions, in the zones of peers_world.py, that stand for those of
BIND. A row without an answer of ours means the same answer.
"""

from .peers_reasons import Group, Row

QNAME = Group(
    "rules by name",
    [
        """
h1.near.example       CNAME .
h2.near.example       CNAME *.
h3.near.example       DNAME example.com.
h4.near.example       A     192.0.2.12
none1.near.example    CNAME garden.near.example.
none2.near.example    CNAME garden-alias.near.example.
h5.near.example       A     192.0.2.41
h6.near.example       CNAME h6.near.example.
h7.near.example       CNAME *.far.example.
h8.near.example       CNAME rpz-drop.
h9.near.example       CNAME rpz-tcp-only.
h1.sealed.example     CNAME .
h7.sealed.example     A     192.0.2.11
x.dead.example        A     192.0.2.34
c2.near.example       A     192.0.2.17
c4.near.example       CNAME .
P3.NEAR.Example       CNAME .
""",
        "h5.near.example A 192.0.2.42",
    ],
    [
        Row(". NS", "true"),
        Row("h1.near.example A", "NXDOMAIN"),
        Row("h1.near.example TXT", "NXDOMAIN"),
        Row("sub.h1.near.example A", "true"),
        Row("h2.near.example A", "NODATA"),
        Row("h3.near.example A", "NODATA", "true", "alias of a tree"),
        Row("sub.h3.near.example A", "true"),
        Row("to1.near.example A", "NXDOMAIN"),
        Row("to1c.near.example A", "NXDOMAIN"),
        Row("to2.near.example A", "NODATA"),
        Row("h4.near.example A", "A 192.0.2.12"),
        Row("h4.near.example AAAA", "NODATA"),
        Row("none1.near.example A", "CNAME garden.near.example.; A 198.51.100.99"),
        Row(
            "none2.near.example A",
            "CNAME garden-alias.near.example.; CNAME garden.near.example.; A 198.51.100.99",
        ),
        Row("h5.near.example A", "A 192.0.2.41"),
        Row("h6.near.example A", "true"),
        Row("h7.near.example A", "CNAME h7.near.example.far.example.; A 203.0.113.107"),
        Row("h8.near.example ANY", "no answer"),
        Row("h8.near.example A tcp", "no answer", "REFUSED", "drop on a stream"),
        Row("h9.near.example A", "TC"),
        Row("h9.near.example A tcp", "true"),
        Row("h1.near.example A do", "NXDOMAIN"),
        Row("h1.near.example A norecurse", "true"),
        Row("h1.sealed.example A", "NXDOMAIN"),
        Row("h1.sealed.example A do", "true", "NXDOMAIN", "signed answers"),
        Row("h1.sealed.example SRV", "NXDOMAIN"),
        Row("h1.sealed.example SRV do", "true", "NXDOMAIN", "signed answers"),
        Row("to-near.sealed.example A do", "NXDOMAIN"),
        Row("to-sealed.near.example A do", "true", "NXDOMAIN", "signed answers"),
        Row("h7.sealed.example A cd", "A 192.0.2.11"),
        Row("x.dead.example A", "SERVFAIL", "A 192.0.2.34", "waiting"),
        Row(
            "c1.near.example A", "CNAME c2.near.example.; A 192.0.2.17", "A 192.0.2.17",
            "whole answer",
        ),
        Row("p3.near.example A", "NXDOMAIN"),
    ],
)  # fmt: skip

ADDRESSES = Group(
    "rules by address",
    [
        """
32.1.113.0.203.rpz-ip           CNAME *.
28.32.113.0.203.rpz-ip          CNAME .
32.33.113.0.203.rpz-ip          CNAME 32.33.113.0.203.
32.34.113.0.203.rpz-ip          CNAME *.
32.35.113.0.203.rpz-ip          CNAME rpz-passthru.
128.1.zz.a.db8.2001.rpz-ip      CNAME .
32.21.113.0.203.rpz-ip          A 192.0.2.1
32.22.113.0.203.rpz-ip          A 192.0.2.2
32.5.113.0.203.rpz-ip           A 192.0.2.51
32.6.113.0.203.rpz-ip           CNAME garden.near.example.
h6.near.example                 CNAME h9.near.example.
32.40.113.0.203.rpz-ip          CNAME .
""",
        """
32.5.113.0.203.rpz-ip           A 192.0.2.52
32.7.113.0.203.rpz-ip           CNAME .
""",
    ],
    [
        Row("h1.near.example A", "NODATA"),
        Row("h2.near.example A", "true"),
        Row("p3.near.example A", "true"),
        Row("p2.near.example A", "NXDOMAIN"),
        Row("p2.near.example AAAA", "true"),
        Row("p2.near.example TXT", "true"),
        Row("p2.near.example ANY", "NXDOMAIN", "AAAA 2001:db8:b::32", "any"),
        Row("p4.near.example A", "NODATA"),
        Row("p5.near.example A", "true"),
        Row("h1.near.example AAAA", "NXDOMAIN"),
        Row("h2.near.example AAAA", "true"),
        Row("pair.near.example A", "A 192.0.2.1"),
        Row("h5.near.example A", "A 192.0.2.51"),
        Row("h6.near.example A", "CNAME h9.near.example.; A 203.0.113.9"),
        Row("h7.near.example A", "NXDOMAIN"),
        Row("c1.near.example A", "NXDOMAIN"),
        Row("h6.near.example A norecurse", "true"),
    ],
)

GONE = Group("rules that are gone", [], [Row(row.question, "true") for row in ADDRESSES.rows[:12]])

NSDNAME = Group(
    "rules by the name of a server",
    [
        """
*.far.example.rpz-nsdname       CNAME .
ns.deep.far.example.rpz-nsdname A 192.0.2.3
h2.far.example                  CNAME rpz-passthru.
32.103.113.0.203.rpz-ip         CNAME rpz-passthru.
h4.far.example                  A 192.0.2.4
"""
    ],
    [
        Row("h1.near.example A", "true"),
        Row("h1.near.example A do", "true"),
        Row("h1.far.example A", "NXDOMAIN"),
        Row("h1.far.example ANY", "NXDOMAIN"),
        Row("h2.far.example A", "true"),
        Row("h3.far.example A", "true"),
        Row("h4.far.example A", "A 192.0.2.4"),
        Row("h1.deep.far.example A", "A 192.0.2.3"),
    ],
    servers=True,
)

NSIP = Group(
    "rules by the address of a server",
    [
        """
32.1.0.0.127.rpz-nsip           CNAME .
h2.near.example                 CNAME rpz-passthru.
32.3.113.0.203.rpz-ip           CNAME rpz-passthru.
ns.far.example.rpz-nsdname      CNAME *.
"""
    ],
    [
        Row("h1.near.example A", "NXDOMAIN"),
        Row("h2.near.example A", "true"),
        Row("h3.near.example A", "true"),
        Row("h1.far.example A", "NXDOMAIN", "NODATA", "servers by name first"),
    ],
    servers=True,
)

GARDEN = Group(
    "landing data for a server",
    [
        """
32.1.0.0.127.rpz-nsip           A    192.0.2.41
32.1.0.0.127.rpz-nsip           AAAA 2001:db8:41::41
32.1.0.0.127.rpz-nsip           TXT  "landing"
"""
    ],
    [
        Row("h1.near.example A", "A 192.0.2.41"),
        Row("h1.near.example AAAA", "AAAA 2001:db8:41::41"),
        Row("h1.near.example TXT", 'TXT "landing"'),
    ],
    servers=True,
)

OVERRIDES = Group(
    "actions given for a whole zone",
    [
        "h1.near.example A 192.0.2.1",
        ("h2.near.example A 192.0.2.2", "passthru"),
        ("h3.near.example A 192.0.2.3", "disabled"),
        ("h5.near.example A 192.0.2.5\nh5.sealed.example A 192.0.2.5", "nodata"),
        ("h6.near.example A 192.0.2.6", "nxdomain"),
        ("h7.near.example A 192.0.2.7", "cname", "text.near.example"),
        ("h4.near.example A 192.0.2.4", "cname", "garden.near.example"),
        ("h8.near.example A 192.0.2.8", "drop"),
        ("h9.near.example A 192.0.2.9", "tcp-only"),
    ],
    [
        Row("h1.near.example A", "A 192.0.2.1"),
        Row("h2.near.example A", "true"),
        Row("h3.near.example A", "true"),
        Row("h5.near.example A", "NODATA"),
        Row("h5.sealed.example A do", "NODATA"),
        Row("h6.near.example A", "NXDOMAIN"),
        Row("h7.near.example ANY", 'CNAME text.near.example.; TXT "text"'),
        Row("h4.near.example A", "CNAME garden.near.example.; A 198.51.100.99"),
        Row("h8.near.example ANY", "no answer"),
        Row("h9.near.example A", "TC"),
        Row("h9.near.example A tcp", "true"),
    ],
)

TYPES = Group(
    "types that once ended a server",
    ["h1.near.example A 192.0.2.1\n*.h2.near.example A 192.0.2.1\n*.h3.near.example CNAME far.example."],
    [
        Row(f"{name} {rdtype}", "any answer")
        for name in ("h1.near.example", "x.h2.near.example", "x.h3.near.example")
        for rdtype in ("RRSIG", "SIG", "ANY", "ANY do")
    ],
)

# 64 zones are the most that BIND takes; the first that has the name decides.
MANY = 64
ZONES = Group(
    "64 zones",
    [
        f"n{i}.dead.example A 192.0.2.{i}\nall.dead.example A 192.0.2.{i}\n"
        + "".join(f"from{j}.dead.example A 192.0.2.{i}\n" for j in range(8, MANY + 1, 8) if j <= i)
        for i in range(1, MANY + 1)
    ],
    [
        *(Row(f"n{i}.dead.example A", f"A 192.0.2.{i}") for i in range(1, MANY + 1)),
        Row("all.dead.example A", "A 192.0.2.1"),
        *(Row(f"from{j}.dead.example A", f"A 192.0.2.{j}") for j in range(8, MANY + 1, 8)),
        Row("other.dead.example A", "SERVFAIL"),
    ],
)

CLIENTS = Group(
    "rules about clients",
    [
        "32.4.0.0.127.rpz-client-ip A 192.0.2.2\n24.0.0.0.127.rpz-client-ip A 192.0.2.1",
        "24.0.0.0.127.rpz-client-ip A 192.0.2.3",
    ],
    [
        Row("x.dead.example A from=127.0.0.4", "A 192.0.2.2"),
        Row("x.dead.example A from=127.0.0.5", "A 192.0.2.1"),
        Row("h1.near.example A from=127.0.1.5", "true"),
    ],
)

CLIENTS2 = Group(
    "some clients",
    ["32.3.0.0.127.rpz-client-ip A 192.0.2.1\n31.6.0.0.127.rpz-client-ip CNAME ."],
    [
        Row("x.dead.example A from=127.0.0.4", "SERVFAIL"),
        Row("x.dead.example A from=127.0.0.6", "NXDOMAIN"),
        Row("x.dead.example A from=127.0.0.7", "NXDOMAIN"),
        Row("x.dead.example A from=127.0.0.3", "A 192.0.2.1"),
    ],
)

CLIENT_FIRST = Group(
    "a client's rule and a name's",
    ["32.1.113.0.203.rpz-ip CNAME *.\n32.9.0.0.127.rpz-client-ip A 192.0.2.17"],
    [
        Row("h1.near.example A", "NODATA"),
        Row("h1.near.example A from=127.0.0.9", "A 192.0.2.17"),
    ],
)

# Which names are answered with nothing asked upstream: dead.example's server only fails.
RULE_OF_SERVERS = "ns.elsewhere.example.rpz-nsdname CNAME .\n"
RULE_OF_ADDRESSES = "32.255.255.255.255.rpz-ip CNAME .\n"
RECURSION = [
    Group(
        f"a name beside {words}",
        [f"q1.dead.example CNAME .\n{beside}"],
        [Row("q1.dead.example A", "NXDOMAIN"), Row("q2.dead.example A", "SERVFAIL")],
        servers="nsdname" in beside,
    )
    for words, beside in (
        ("nothing", ""),
        ("an address", RULE_OF_ADDRESSES),
        ("a server", RULE_OF_SERVERS),
        ("a client", "32.9.0.0.127.rpz-client-ip CNAME *.\n"),
    )
] + [
    Group(
        "a zone behind one with addresses",
        [
            "q1.dead.example CNAME .",
            f"{RULE_OF_ADDRESSES}q2.dead.example CNAME .",
            "q3.dead.example CNAME .",
            f"{RULE_OF_ADDRESSES}q4.dead.example CNAME .",
            "q5.dead.example CNAME .",
        ],
        [
            Row("q1.dead.example A", "NXDOMAIN"),
            Row("q2.dead.example A", "NXDOMAIN"),
            Row("q3.dead.example A", "SERVFAIL", "NXDOMAIN", "at once"),
            Row("q4.dead.example A", "SERVFAIL", "NXDOMAIN", "at once"),
            Row("q5.dead.example A", "SERVFAIL", "NXDOMAIN", "at once"),
            Row("q6.dead.example A", "SERVFAIL"),
        ],
    ),
]

WILDCARDS = Group(
    "wildcards",
    [
        "*.h1.near.example CNAME .\nh1.near.example CNAME .\n*.h2.near.example CNAME .\n"
        "h3.near.example CNAME rpz-passthru.\n*.h3.near.example CNAME rpz-passthru.",
        "*.h4.near.example CNAME .\nh3.near.example CNAME .\nwww.h3.near.example CNAME .",
    ],
    [
        Row("www.h1.near.example A", "NXDOMAIN"),
        Row("h1.near.example A", "NXDOMAIN"),
        Row("www.h2.near.example A", "NXDOMAIN"),
        Row("h2.near.example A", "true"),
        Row("www.h4.near.example A", "NXDOMAIN"),
        Row("h3.near.example A", "true"),
        Row("www.h3.near.example A", "true"),
    ],
)

# Views with other policies each: groups of clients here.
BAD, GOOD, ALLOWED = "h1.near.example", "h2.near.example", "h3.near.example"
VIEWS = Group(
    "a policy for each group of clients",
    [
        (f"{BAD} CNAME .", "", "", ["one"]),
        (f"{ALLOWED} CNAME .", "", "", ["two"]),
        (f"{GOOD} CNAME .\n{BAD} CNAME .", "", "", ["four"]),
        (
            "".join(f"{name} CNAME rpz-passthru.\n" for name in (BAD, GOOD, ALLOWED)), "", "",
            ["one", "two", "three", "four"],
        ),
        f"{GOOD} CNAME .\n{ALLOWED} CNAME .",
    ],
    [
        Row(f"{name} A from=127.0.0.{20 + number}", "NXDOMAIN" if name in blocked else "true")
        for number, blocked in (
            (1, (BAD,)), (2, (ALLOWED,)), (3, ()), (4, (GOOD, BAD)), (5, (GOOD, ALLOWED)),
        )
        for name in (BAD, GOOD, ALLOWED)
    ],
)  # fmt: skip

GROUPS = [
    QNAME, ADDRESSES, GONE, NSDNAME, NSIP, GARDEN, OVERRIDES, TYPES, ZONES, CLIENTS, CLIENTS2, CLIENT_FIRST,
    *RECURSION, WILDCARDS, VIEWS,
]  # fmt: skip
