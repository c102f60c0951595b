"""The world the tests resolve: zones as text, each with its purpose.

Owner and target names are relative to the zone without a final dot. SOA, NS and the name server's
address are added by the authority. Addresses are documentation ranges (RFC 5737, RFC 3849), but for
the public facts of the Carbanak case and the networks that the AS database of the tests knows
(mmdb.py).
"""

# Listed by most tests: every type that a client may ask for.
EVIL = """
@       A     192.0.2.66
@       AAAA  2001:db8::66
@       TXT   "evil text"
@       MX    10 mail
@       HTTPS 1 . alpn=h2 ipv4hint=192.0.2.66 ipv6hint=2001:db8::66
www     A     192.0.2.66
www     AAAA  2001:db8::66
www     TXT   "evil text"
www     HTTPS 1 . alpn=h2 ipv4hint=192.0.2.66
deep.sub A    192.0.2.66
mail    A     192.0.2.67
alias   CNAME www
ns2     A     127.0.0.1
*.many  A     192.0.2.68
"""

# Never listed: names that must stay untouched, and aliases that lead elsewhere.
CLEAN = """
@       A     198.51.100.10
@       MX    10 mail
www     A     198.51.100.10
www     AAAA  2001:db8:1::10
www     TXT   "clean text"
www     HTTPS 1 . alpn=h3,h2 ipv4hint=198.51.100.10
mail    A     198.51.100.11
two     A     198.51.100.12
two     A     198.51.100.13
to-evil CNAME www.evil.example.
to-unserved CNAME alias-target.unserved.example.
chain   CNAME a.first.example.
mode    HTTPS 0 www.evil.example.
svcmode SVCB  0 www.evil.example.
*.many  A     198.51.100.40
"""

# chain.clean -> a.first -> b.second -> c.third: three aliases, each in a separate zone.
FIRST = "a CNAME b.second.example.\n"
SECOND = "b CNAME c.third.example.\n"
THIRD = "c A 198.51.100.50\nc AAAA 2001:db8:1::50\n"

# Answers for the address triggers.
ADDRESS = """
four     A     203.0.113.5
six      AAAA  2001:db8:bad::5
net4     A     203.0.113.77
net6     AAAA  2001:db8:bad:1::77
both     A     198.51.100.20
both     A     203.0.113.5
hint4    HTTPS 1 . alpn=h2 ipv4hint=203.0.113.5
hint6    HTTPS 1 . alpn=h2 ipv6hint=2001:db8:bad::5
svc4     SVCB  1 . alpn=h2 ipv4hint=203.0.113.5
svc6     SVCB  1 . alpn=h2 ipv6hint=2001:db8:bad::5
text     TXT   "203.0.113.5"
alias    CNAME four
other    A     203.0.112.5
*.four   A     203.0.113.5
"""

# Names in networks of the AS database.
NETWORK = """
as1     A     213.24.76.99
as2     A     93.184.216.34
as6     AAAA  2a00:1450:4001::99
hint    HTTPS 1 . alpn=h2 ipv4hint=213.24.76.99
*.as1   A     213.24.76.99
"""

SIGNED = """
@       A     198.51.100.60
www     A     198.51.100.60
www     AAAA  2001:db8:1::60
www     TXT   "signed text"
www     HTTPS 1 . alpn=h2 ipv4hint=198.51.100.60
bad     A     192.0.2.69
alias   CNAME www
to-evil CNAME www.evil.example.
to-bogus CNAME www.bogus.example.
to-plain CNAME www.plain.signed.example.
other   A     198.51.100.61
*.wild  A     198.51.100.62
plain   NS    ns.plain
ns.plain A    127.0.0.1
"""

# Delegated by that zone without a DS: proven to be insecure.
UNSIGNED = "www A 198.51.100.64\nto-signed CNAME www.signed.example.\nto-evil CNAME www.evil.example.\n"

CHILD = "www A 198.51.100.63\n"

# Signed; address and target are changed after signing, so that the answers are bogus.
BOGUS = "www A 192.0.2.70\nalias CNAME www\nforged CNAME www.before.example.\n"

# Signed with NSEC3 (RFC 5155), so that proving a name of many labels absent takes the validator seconds.
HASHED = "www A 198.51.100.65\n"

# Resolved through a name server with a name that can be listed (stub-host).
HOSTED = "www A 198.51.100.80\n"

SLOW = "* A 198.51.100.90\n* AAAA 2001:db8:1::90\nalias CNAME www.evil.example.\n"

GARDEN = "landing A 198.51.100.99\nlanding AAAA 2001:db8:1::99\nalias CNAME landing\n"

# A DNAME (RFC 6672) into a zone that tests list, and a DNAME between clean zones; large answers;
# loops.
RENAMED = "old DNAME evil.example.\ninner DNAME renamed.example.\n"
LARGE = (
    "\n".join(f"many A 198.51.101.{i}" for i in range(250))
    + "\nmany A 203.0.113.5\n"
    + "\n".join(f'text TXT "{i:03} {"x" * 200}"' for i in range(40))
    + "\none CNAME two\ntwo CNAME one\nself CNAME self\n"
    + "sink CNAME www.sunk.example.\n"
)
# Where a sinkhole itself may point back.
SUNK = "www A 198.18.0.1\nback CNAME www.evil.example.\n"

# TTL of a second, for answers that expire; extra records of an answer last longer.
SHORT = "$TTL 1\n* A 192.0.2.71\nstays 600 A 192.0.2.71\nbrief MX 10 lasting\nlasting 30 A 192.0.2.72\n"

# For each action of a list: names with an alias, or an address, to be listed for that action.
ACTIONS = ("monitor", "passthru", "nxdomain", "nodata", "refused", "drop", "tcp-only", "sinkhole", "cname")
ACTED_ADDRESS = {action: f"203.0.113.{101 + i}" for i, action in enumerate(ACTIONS)}
ACTED = "".join(
    f"*.{action}.alias CNAME target.{action}.many.evil.example.\n*.{action}.address A {address}\n"
    for action, address in ACTED_ADDRESS.items()
)

# The case (public reporting, May 2015): see D-045.
SYSTEMSVC = "@ A 213.24.76.23\nwww CNAME @\n"
WINSYSTEMSVC = "@ A 198.51.100.70\n"
NEIGHBOURS = (
    "mail A 213.24.76.23\nportal A 213.24.76.23\nfar A 198.51.100.71\n*.far A 198.51.100.71\n"
)
REVERSE = "23 PTR mail.neighbour.example.\n99 PTR as1.network.example.\n"

# A zone with more name servers than a document names, the last one in a protected network.
CROWDED_SERVERS = 12
CROWDED = "www A 198.51.100.95\n" + "".join(
    f"@ NS s{i:02}\ns{i:02} A {'213.24.76.77' if i == CROWDED_SERVERS - 1 else f'198.51.102.{i}'}\n"
    for i in range(CROWDED_SERVERS)
)

# Asked for by the harness, to see whether a server answers; never listed. Each authority has this
# zone.
STARTED = "started.example"

PLAIN = {
    ".": "",
    "evil.example": EVIL,
    "clean.example": CLEAN,
    "first.example": FIRST,
    "second.example": SECOND,
    "third.example": THIRD,
    "address.example": ADDRESS,
    "network.example": NETWORK,
    "hosted.example": HOSTED,
    "plain.signed.example": UNSIGNED,
    "slow.example": SLOW,
    "garden.example": GARDEN,
    "renamed.example": RENAMED,
    "large.example": LARGE,
    "sunk.example": SUNK,
    "short.example": SHORT,
    "acted.example": ACTED,
    "crowded.example": CROWDED,
    "systemsvc.net": SYSTEMSVC,
    "winsystemsvc.net": WINSYSTEMSVC,
    "neighbour.example": NEIGHBOURS,
    "76.24.213.in-addr.arpa": REVERSE,
}

# Signed in this order; the DS of a child goes into the parent.
SIGNED_ZONES = {
    "child.signed.example": CHILD,
    "signed.example": SIGNED,
    "bogus.example": BOGUS,
    "hashed.example": HASHED,
}
BY_HASH = ("hashed.example",)
PARENT_OF = {"child.signed.example": "signed.example"}
ANCHORS = ("signed.example", "bogus.example", "hashed.example")
TAMPER = {"bogus.example": {"192.0.2.70": "192.0.2.99", "www.before.example.": "www.evil.example."}}

# Found through stub-host: ns2.evil.example.
BY_HOST = {"hosted.example": "ns2.evil.example"}
