"""Behaviour of the PowerDNS Recursor 5 with policy zones, as shown by the regression tests
test_RPZ.py.

Facts in our words, in the zones of peers_world.py; see peers_bind.py.
"""

from .peers_reasons import Group, Row

DATA = Group(
    "data and actions",
    [
        """
h1.near.example   A     192.0.2.1
h2.near.example   A     192.0.2.1
h2.near.example   A     192.0.2.2
h2.near.example   MX    10 mx.near.example.
h2.near.example   TXT   "some text"
h3.near.example   CNAME h2.near.example.
h8.near.example   CNAME rpz-drop.
none.near.example CNAME rpz-tcp-only.
h9.near.example   CNAME rpz-tcp-only.
h7.near.example   CNAME rpz-passthru.
h7.near.example   CNAME rpz-passthru.
"""
    ],
    [
        Row("h1.near.example A do cd", "A 192.0.2.1"),
        Row("h1.near.example A do cd tcp", "A 192.0.2.1"),
        Row("h4.near.example A do cd", "true"),
        Row("h2.near.example A", "A 192.0.2.1; A 192.0.2.2"),
        Row("h2.near.example MX", "MX 10 mx.near.example."),
        Row("h2.near.example TXT", 'TXT "some text"'),
        Row("h2.near.example AAAA", "NODATA"),
        Row("h3.near.example A", "CNAME h2.near.example.; A 203.0.113.2"),
        Row("h3.near.example CNAME", "CNAME h2.near.example."),
        Row("none.near.example A do cd", "TC"),
        Row("none.near.example A do cd tcp", "NXDOMAIN"),
        Row("h9.near.example A", "TC"),
        Row("h8.near.example A do cd", "no answer"),
        Row("h8.near.example A tcp", "no answer", "REFUSED", "drop on a stream"),
        Row("h7.near.example A", "true"),
    ],
)

# A default policy without an action: all rules of the zone exempt.
DEFAULT = Group(
    "a zone of which the rules exempt",
    [("h1.near.example A 192.0.2.1\nh8.near.example CNAME rpz-drop.\nh9.near.example CNAME rpz-tcp-only.",
      "passthru")],
    [
        Row("h1.near.example A", "true"),
        Row("h1.near.example TXT", "true"),
        Row("h8.near.example A", "true"),
        Row("h9.near.example A", "true"),
    ],
)  # fmt: skip

CUSTOM = Group(
    "a zone of which the rules lead to one name",
    [("h1.near.example CNAME .", "cname", "h1.sealed.example")],
    [
        Row("h1.near.example A do", "CNAME h1.sealed.example.; A 203.0.113.201"),
        Row("h1.near.example A", "CNAME h1.sealed.example.; A 203.0.113.201"),
    ],
)

ORDER = Group(
    "which rule wins",
    [
        """
*.h1.near.example        CNAME rpz-passthru.
32.2.113.0.203.rpz-ip    A 192.0.2.1
32.3.113.0.203.rpz-ip    CNAME rpz-passthru.
h4.near.example          CNAME rpz-passthru.
32.4.113.0.203.rpz-ip    A 192.0.2.1
32.1.0.0.127.rpz-nsip    CNAME rpz-passthru.
""",
        """
www.h1.near.example      CNAME .
h2.near.example          CNAME rpz-passthru.
h3.near.example          A 192.0.2.1
32.101.113.0.203.rpz-ip  CNAME .
32.11.113.0.203.rpz-ip   CNAME .
""",
    ],
    [
        Row("www.h1.near.example A", "true"),
        Row("h2.near.example A", "A 192.0.2.1"),
        Row("h4.near.example A", "true"),
        Row("h3.near.example A", "A 192.0.2.1"),
        Row("h1.far.example A", "true"),
    ],
    servers=True,
)

SERVER = Group(
    "a server's rule before an address's",
    ["32.1.0.0.127.rpz-nsip A 192.0.2.1", "32.101.113.0.203.rpz-ip CNAME ."],
    [Row("h1.far.example A", "A 192.0.2.1")],
    servers=True,
)

CHAIN = Group(
    "a rule within a chain, whose target has one",
    ["c2.near.example CNAME garden.near.example.\ngarden.near.example A 192.0.2.253"],
    [
        Row(
            "c1.near.example A",
            "CNAME c2.near.example.; CNAME garden.near.example.; A 198.51.100.99",
            "CNAME garden.near.example.; A 198.51.100.99",
            "whole answer",
        )
    ],
)

END = Group(
    "a rule by address at the end of a chain",
    ["32.1.113.0.203.rpz-ip CNAME .\n32.2.113.0.203.rpz-ip CNAME *.\n32.40.113.0.203.rpz-ip A 192.0.2.103"],
    [
        Row("to1.near.example A", "NXDOMAIN"),
        Row("to2.near.example A", "NODATA"),
        Row(
            "c3.near.example A", "CNAME c4.near.example.; A 192.0.2.103", "A 192.0.2.103",
            "whole answer",
        ),
    ],
)  # fmt: skip

GROUPS = [DATA, DEFAULT, CUSTOM, ORDER, SERVER, CHAIN, END]
