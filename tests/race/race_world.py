"""The questions of the race test: rules, each with separate names, and the zones of these names.

A rule is an indicator; a question is touched by a single rule at most. So the state of that rule
decides which answers to the question are right. A rule about a client touches all questions of the
client: that is names which no other rule touches, and which others ask for at the same time.

The data of some names move: a zone has two servers with different data. A rule touches the data of
one server, and no rule touches the data of the other.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

A, AAAA, SRV, HTTPS = 1, 28, 33, 65
ADDRESS, NO_NAME, NO_DATA, MOVES = range(4)  # enum sw_race_kind
UNLISTED, MONITOR, SINKHOLE, NXDOMAIN, NODATA, REFUSED, DROP, TCP_ONLY, CNAME = (
    1 << n for n in range(9)
)
STATE = {
    "monitor": MONITOR,
    "sinkhole": SINKHOLE,
    "nxdomain": NXDOMAIN,
    "nodata": NODATA,
    "refused": REFUSED,
    "drop": DROP,
    "tcp-only": TCP_ONLY,
    "cname": CNAME,
}
TTLS = (300, 1, 60, 0, 300, 1, 300, 2)
LISTS = 4  # that flap
ALWAYS, WATCHED = "always", "watched"  # that do not
STILL = {ALWAYS: "nxdomain", WATCHED: "monitor"}
# Further flapping lists of a configuration, and the data to compare with.
TRIGGERS = {"clients": ["client"], "servers": ["nsdname"], "server-addresses": ["nsip"]}
# Head of a zone with servers that stay cached: expired NS records are not judged (D-057).
SERVED = """@ 86400 SOA ns hostmaster.example. 1 3600 600 86400 60
@ 86400 NS ns
ns 86400 A {}
"""
MOVING = "moving.example"
# The addresses of the servers move, too, and come along with each answer.
MOVING_HEAD = "@ 5 SOA ns0 hostmaster.example. 1 3600 600 86400 1\n"
MOVING_SERVERS = 4
DATA = {A: "A {}", AAAA: "AAAA {}", HTTPS: "HTTPS 1 . alpn=h2 ipv4hint={}"}
MOVING_TTLS = (1, 10, 1, 2, 1, 0, 1, 15)  # 10 and more: renewed ahead of time by prefetching


class Question(NamedTuple):
    name: str
    rdtype: int
    kind: int
    address: str
    away: str = ""


@dataclass
class Rule:
    number: int
    kind: str
    indicator: str
    owner: str | None  # the rule's list; None: never listed
    questions: list = field(default_factory=list)
    sources: tuple = (0,)  # clients that ask the rule's questions: see race_load.c


class World:
    """Rules of every kind, `width` of each, and of the lists `more` of TRIGGERS; with zones and AS
    table."""

    def __init__(self, width=8, more=()):
        self.rules, self.more, self.served = [], more, []
        self.plain = {".": "", "evil.example": "@ A 192.0.2.66\n"}
        self.plain["garden.example"] = "landing A 198.51.100.99\nlanding AAAA 2001:db8:1::99\n"
        self.away = {"evil.example": "@ A 192.0.2.66\n"}  # zones of the server that does not agree
        self.zones = {"race.example": [], "target.example": [], "secure.example": []}
        self.zones[MOVING], self.moved = [MOVING_HEAD], [MOVING_HEAD]
        self.asn = []
        self.addresses = 0
        for i in range(width):
            self.ttl = TTLS[i % len(TTLS)]
            self._names(i)
            self._chains(i)
            self._addresses(i)
            self._negatives(i)
            self._signed(i)
        for i in range(2 * width):
            self.ttl = TTLS[i % 4] or 5
            self._still(i)
        self.companion = self._rule("clean", "-", None)
        for i in range(width):
            self.ttl = MOVING_TTLS[i % len(MOVING_TTLS)]
            self._moving_addresses(i)
            self._moving_aliases(i)
        for i in range(width):
            self.ttl = TTLS[i % len(TTLS)]
            if "servers" in more:
                self._servers(i)
        if "clients" in more:
            self._clients(width)
        self.plain |= {z: "\n".join(t) + "\n" for z, t in self.zones.items() if z != "secure.example"}
        self.away[MOVING] = "\n".join(self.moved) + "\n"
        self.signed = {"secure.example": "\n".join(self.zones["secure.example"]) + "\n"}

    def _rule(self, kind, indicator, owner=""):
        number = len(self.rules)
        owner = f"flap{number % LISTS}" if owner == "" else owner
        self.rules.append(Rule(number, kind, indicator, owner))
        return self.rules[-1]

    def _address(self):
        """Octets that are nowhere else in an answer: 5.0.1.0 is in the type, class and TTL of an alias."""
        self.addresses += 1
        return f"5.10.{self.addresses >> 8}.{self.addresses & 255}"

    def _record(self, name, data):
        """Add a record to the zone that the name is in; the name."""
        zone = name.split(".", name.count(".") - 1)[-1]
        self.zones[zone].append(f"{name}. {self.ttl} {data}")
        return name

    def _a(self, rule, name, address=None):
        address = address or self._address()
        self._record(name, f"A {address}")
        rule.questions.append(Question(name, A, ADDRESS, address))

    def _aaaa(self, rule, name, address=None):
        self.addresses += 1
        address = address or f"2a00:5::{self.addresses:x}"
        self._record(name, f"AAAA {address}")
        rule.questions.append(Question(name, AAAA, ADDRESS, address))

    def _names(self, i):
        rule = self._rule("name", f"=n{i}.race.example")
        self._a(rule, f"n{i}.race.example")
        self._aaaa(rule, f"n{i}.race.example")
        subtree = self._rule("subtree", f"s{i}.race.example")
        for name in ("a", "b.c", "d.e.f"):
            self._a(subtree, f"{name}.s{i}.race.example")
            self._aaaa(subtree, f"{name}.s{i}.race.example")
        below = self._rule("below", f"*.w{i}.race.example")
        self._a(below, f"x.w{i}.race.example")
        self._a(below, f"y.z.w{i}.race.example")

    def _chains(self, i):
        """c0 -> c1 -> c2 -> c3: a chain for each listed alias."""
        for at in (1, 2, 3):
            rule = self._rule(f"alias{at}", f"=c{at}-{i}-{at}.target.example")
            name = [f"c0-{i}-{at}.race.example"]
            name += [f"c{n}-{i}-{at}.target.example" for n in (1, 2, 3)]
            for n in range(3):
                self._record(name[n], f"CNAME {name[n + 1]}.")
            address = self._address()
            self._record(name[3], f"A {address}")
            self._record(name[3], f"AAAA 2a00:6::{self.addresses:x}")
            for n in range(at + 1):
                rule.questions.append(Question(name[n], A, ADDRESS, address))
                rule.questions.append(Question(name[n], AAAA, ADDRESS, f"2a00:6::{self.addresses:x}"))

    def _addresses(self, i):
        self._a(self._rule("address", f"5.1.0.{i}"), f"ad{i}.race.example", f"5.1.0.{i}")
        rule = self._rule("prefix", f"5.2.{i}.0/24")
        self._a(rule, f"pa{i}.race.example", f"5.2.{i}.1")
        self._a(rule, f"pb{i}.race.example", f"5.2.{i}.2")
        rule = self._rule("address6", f"2a00:7::{i + 1:x}")
        self._aaaa(rule, f"ad6-{i}.race.example", f"2a00:7::{i + 1:x}")
        rule = self._rule("prefix6", f"2a00:8:{i + 1:x}::/48")
        self._aaaa(rule, f"pr6-{i}.race.example", f"2a00:8:{i + 1:x}::1")
        self.asn.append((f"5.{i + 16}.0.0/16", 64600 + i, f"Race {i}"))
        self._a(self._rule("as", f"AS{64600 + i}"), f"as{i}.race.example", f"5.{i + 16}.0.1")
        rule = self._rule("hint", f"5.3.0.{i}")
        name = self._record(f"h{i}.race.example", f"HTTPS 1 . alpn=h2 ipv4hint=5.3.0.{i}")
        rule.questions.append(Question(name, HTTPS, ADDRESS, f"5.3.0.{i}"))

    def _negatives(self, i):
        rule = self._rule("no-name", f"no{i}.race.example")
        rule.questions.append(Question(f"no{i}.race.example", A, NO_NAME, "5.0.0.0"))
        rule = self._rule("no-data", f"nd{i}.race.example")
        self._record(f"nd{i}.race.example", 'TXT "no address"')
        rule.questions.append(Question(f"nd{i}.race.example", A, NO_DATA, "5.0.0.0"))

    def _signed(self, i):
        rule = self._rule("signed", f"=n{i}.secure.example")
        self._a(rule, f"n{i}.secure.example")
        self._aaaa(rule, f"n{i}.secure.example")
        rule = self._rule("signed-alias", f"=t{i}.secure.example")
        self._a(rule, f"t{i}.secure.example")
        alias = self._record(f"a{i}.secure.example", f"CNAME t{i}.secure.example.")
        rule.questions.append(Question(alias, A, ADDRESS, rule.questions[0].address))
        self._a(self._rule("signed-address", f"5.4.0.{i}"), f"d{i}.secure.example", f"5.4.0.{i}")

    def _still(self, i):
        self._a(self._rule("clean", "-", None), f"ok{i}.race.example")
        self._a(self._rule("clean", "-", None), f"ok{i}.secure.example")
        self._a(self._rule("always", f"=al{i}.race.example", ALWAYS), f"al{i}.race.example")
        self._a(self._rule("watched", f"=mo{i}.race.example", WATCHED), f"mo{i}.race.example")

    def _moving_addresses(self, i):
        """Of names, and of the zone's servers."""
        network = f"AS{64800 + i}"
        self.asn.append((f"5.{i + 96}.0.0/16", 64800 + i, f"Moved {i}"))
        self._moving("moved", f"5.5.0.{i}", f"ma{i}", A, f"5.5.0.{i}")
        self._moving("moved-prefix", f"5.6.{i}.0/24", f"mp{i}", A, f"5.6.{i}.1")
        self._moving("moved-as", network, f"mn{i}", A, f"5.{i + 96}.0.1")
        self._moving("moved6", f"2a00:9::{i + 1:x}", f"m6-{i}", AAAA, f"2a00:9::{i + 1:x}")
        self._moving("moved-hint", f"5.7.0.{i}", f"mh{i}", HTTPS, f"5.7.0.{i}")
        if i < MOVING_SERVERS:
            self._moving("moved-server", f"5.7.1.{i}", f"ns{i}", A, f"5.7.1.{i}")
            for zone in (self.zones[MOVING], self.moved):
                zone.append(f"@ 5 NS ns{i}")

    def _moving(self, kind, indicator, label, rdtype, address):
        """A name with a listed and another address; aliases to the name inside and outside of the
        zone; a record that brings the name along."""
        rule = self._rule(kind, indicator)
        name, away = f"{label}.{MOVING}", self._away(rdtype)
        self.zones[MOVING].append(f"{name}. {self.ttl} {DATA[rdtype].format(address)}")
        self.moved.append(f"{name}. {self.ttl} {DATA[rdtype].format(away)}")
        for alias in (f"to-{label}.race.example", f"to-{label}.{MOVING}"):
            self._agreed(alias, f"CNAME {name}.")
            rule.questions.append(Question(alias, rdtype, MOVES, address, away))
        rule.questions.append(Question(name, rdtype, MOVES, address, away))
        self._companion(label, name)

    def _companion(self, label, name):
        """SRV with first four octets that pass for an address: priority and weight."""
        octets = self._address()
        a, b, c, d = map(int, octets.split("."))
        srv = self._agreed(f"srv-{label}.{MOVING}", f"SRV {a << 8 | b} {c << 8 | d} 80 {name}.", 1)
        self.companion.questions.append(Question(srv, SRV, ADDRESS, octets))

    def _moving_aliases(self, i):
        """Between two targets, and between an alias and an own address."""
        for label, stays in (("mt", f"CNAME mc{i}.target.example."), ("mk", "A {}")):
            target, address, away = f"{label}{i}.target.example", self._address(), self._address()
            rule = self._rule("moved-alias" if label == "mt" else "moved-kind", f"={target}")
            self._record(target, f"A {address}")
            if label == "mt":
                self._record(f"mc{i}.target.example", f"A {away}")
            name = f"{label}{i}.{MOVING}"
            self.zones[MOVING].append(f"{name}. {self.ttl} CNAME {target}.")
            self.moved.append(f"{name}. {self.ttl} {stays.format(away)}")
            alias = self._agreed(f"to-{label}{i}.race.example", f"CNAME {name}.")
            rule.questions += [Question(n, A, MOVES, address, away) for n in (name, alias)]

    def _away(self, rdtype):
        address = self._address()
        return f"2a00:5::{self.addresses:x}" if rdtype == AAAA else address

    def _agreed(self, name, data, ttl=60):
        """A record that is the same everywhere; the name."""
        line = f"{name}. {ttl} {data}"
        if name.endswith(MOVING):
            self.moved.append(line)
        self.zones[name.split(".", 1)[1]].append(line)
        return name

    def _servers(self, i):
        """Zones of a single server each, with a listed name, address or AS."""
        self.asn.append((f"5.{i + 64}.0.0/16", 64700 + i, f"Served {i}"))
        self._zone(f"sn{i}.example", f"5.8.0.{i}", "server", f"=ns.sn{i}.example", "servers")
        address = f"5.8.1.{i}"
        self._zone(f"sa{i}.example", address, "server-address", address, "server-addresses")
        address = f"5.{i + 64}.0.1"
        self._zone(f"ss{i}.example", address, "server-as", f"AS{64700 + i}", "server-addresses")

    def _zone(self, zone, server, kind, indicator, owner):
        rule = self._rule(kind, indicator, owner)
        self.served.append(zone)
        self.zones[zone] = [SERVED.format(server)]
        self._a(rule, f"www.{zone}")
        self._aaaa(rule, f"www.{zone}")
        rule.questions.append(Question(f"none.{zone}", A, NO_NAME, "5.0.0.0"))
        rule.questions.append(Question(f"ns.{zone}", AAAA, NO_DATA, "2a00:5::"))
        alias = self._record(f"to-{zone.split('.')[0]}.race.example", f"CNAME www.{zone}.")
        rule.questions.append(Question(alias, A, ADDRESS, rule.questions[0].address))

    def _clients(self, width):
        """Single clients, and pairs in a prefix; everybody else is never listed."""
        everybody = self._rule("clean", "-", None)
        for i in range(width):
            self.ttl = TTLS[i % len(TTLS)]
            self._a(everybody, f"sh{i}.race.example")
            self._aaaa(everybody, f"sh{i}.race.example")
            self._a(everybody, f"sh{i}.secure.example")
            everybody.questions.append(Question(f"none{i}.race.example", A, NO_NAME, "5.0.0.0"))
        for i in range(1, width, 3):
            self._client("client", f"127.0.1.{i}", everybody, (i,))
            first = 64 + 4 * i
            self._client("client-prefix", f"127.0.1.{first}/30", everybody, (first, first + 3))

    def _client(self, kind, indicator, everybody, sources):
        rule = self._rule(kind, indicator, "clients")
        rule.questions, rule.sources = everybody.questions, sources

    def of_list(self, owner):
        return [rule for rule in self.rules if rule.owner == owner]

    def write_questions(self, path):
        with path.open("w") as out:
            for rule in self.rules:
                for source in rule.sources:
                    for name, rdtype, kind, address, away in rule.questions:
                        question = f"{name} {rdtype} {kind} {address} {away or address}"
                        out.write(f"{rule.number} {question} {source}\n")
