"""The case from end to end, with the real tables of that time: which anomalies come out, and no
other.

Public reporting of May 2015: systemsvc.net resolves to 213.24.76.23, announced by RTComm.RU
(AS8342), registered to a government agency; the campaign's other names are where such names are;
a reverse look-up finds more names on the address. Databases are made here by the project's own
makers, from a RouteViews table of 13 May 2014 and a registry's dump.
"""

import csv
import json
import subprocess
from datetime import datetime, timedelta

import pytest
from harness.authority import Authority
from harness.environment import ROOT, data
from harness.events import ANOMALY_NAME, Events, field
from harness.lists import Lists
from harness.resolver import Resolver
from harness.wait import until

ODD = "systemsvc.net"
ADDRESS = "213.24.76.23"
HOSTER = "91.194.254.38"  # among the addresses that were reported for the campaign
# Reported for the second half of 2014 and for 2015; the table has no network around these addresses
# yet.
UNANNOUNCED = ["131.72.138.18", "216.170.117.7", "216.170.117.88", "37.46.114.148"]
# Names that were not on any list; made up, since the real names belong to people.
EARLY, LATE = ["mail.agency.example", "www.agency.example"], ["portal.agency.example"]
ELSEWHERE = "www.clean.example"
# More names than reported addresses: some live on other addresses of the hosters named.
OTHERS = ["91.194.254.100", "91.194.254.101", "5.61.32.119", "88.198.184.242", "37.59.202.125"]
DAY = 86400
DUMP = """\
inetnum: 213.24.0.0 - 213.24.255.255
netname: RTCOMM
descr: RTComm.RU
country: RU

inetnum: 213.24.76.0 - 213.24.76.255
netname: AGENCY
descr: A government agency
country: RU
"""


def indicators(kind):
    with data("ioc/carbanak_2015.csv").open(newline="") as table:
        return [row["value"] for row in csv.DictReader(table) if row["type"] == kind]


def make(script, out, *words):
    command = [ROOT / "scripts" / script, "--quiet", "--strict", *words, out]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
    return out


@pytest.fixture(scope="module")
def tables(session_folder):
    """(AS database, registrant database): half a million networks, and two."""
    folder = session_folder / "carbanak"
    folder.mkdir()
    names = data("asn/asnames.json.gz")
    table = data("asn/ipasn_20140513.dat.gz")
    (folder / "ripe.db").write_text(DUMP)
    return (
        make("make-asn-mmdb", folder / "asn.mmdb", "--names", names, table),
        make("make-owner-mmdb", folder / "owner.mmdb", folder / "ripe.db"),
    )


class World:
    """All names of the campaign on an authority, and a resolver with a list of these names."""

    def __init__(self, env, folder, server, settings, odd_at):
        self.names = indicators("domain")
        self.addresses = indicators("ipv4")
        known = [at for at in self.addresses if at not in UNANNOUNCED and at != odd_at]
        others = [name for name in self.names if name != ODD]
        self.at = dict(zip(others, [*UNANNOUNCED, *known, *OTHERS]))
        assert len(self.at) == len(others) == 33, "an address of its own for each name"
        self.folder = folder
        self.authority = None
        self.client = server.client
        self.settings = settings
        self.env = env
        self.move(odd_at)
        self.resolver = Resolver(env, folder / "u", self.authority, settings)
        self.lists = Lists(self.client, settings["redis-prefix"], settings["resolver-id"])
        self.events = Events(self.client, settings["redis-prefix"])
        self.ask = self.resolver.client.ask

    def move(self, odd_at):
        """The authority with the odd name at this address."""
        self._stop_authority()
        zones = {name: f"@ A {address}\n" for name, address in self.at.items()}
        zones[ODD] = f"@ A {odd_at}\nwww CNAME @\n"
        labels = [name.partition(".")[0] for name in EARLY + LATE]
        zones["agency.example"] = "".join(f"{label} A {ADDRESS}\n" for label in labels)
        zones["clean.example"] = "www A 93.184.216.34\n"
        folder = self.folder / odd_at
        folder.mkdir(parents=True)
        self.authority = Authority(folder, zones, {}, ())
        self.authority.anchor_file.touch()
        self.authority.start()
        self.at[ODD] = odd_at

    def start(self):
        self.resolver.authority = self.authority
        self.resolver.start()
        self.lists.wait_state(state="following")

    def _stop_authority(self):
        if self.authority:
            self.authority.stop()
            self.authority = None

    def kill(self):
        self.resolver.kill()
        self._stop_authority()

    def list_all(self):
        self.lists.put("agencies", "213.24.76.0/24", kind="protected", owner="A government agency")
        self.lists.put("carbanak", *self.names, *self.addresses, action="monitor")

    def seen(self, kind, key):
        entries = self.client.hgetall(self.lists.key(f"seen:{kind}:{key}"))
        return {entry: json.loads(facts) for entry, facts in entries.items() if " " not in entry}

    def ask_for(self, names, times):
        """Ask, until the history has each name so often."""
        for _ in range(times):
            for name in names:
                assert self.ask(name).addresses == [self.at[name]]
        for name in names:
            until(
                lambda name=name: sum(f["count"] for f in self.seen("name", name).values()) >= times,
                lambda name=name: f"{times} sights of {name}: {self.seen('name', name)}",
            )

    def raised(self):
        """(type, name, address, other names) of each anomaly."""
        found = [anomaly["sinkwatch"]["anomaly"] for anomaly in self.events.all("anomalies")]
        return sorted(
            (a["type"], a["name"], a["address"], *a.get("names", ())) for a in found
        )  # fmt: skip


@pytest.fixture
def world(env, folder, tables, shared_redis, settings_for):
    made = []

    def build(odd_at):
        asn, owner = tables
        settings = settings_for(
            shared_redis, folder, asn_mmdb=asn, owner_mmdb=owner, odd_wait_hours=0
        )
        made.append(World(env, folder, shared_redis, settings, odd_at))
        made[0].start()
        made[0].list_all()
        return made[0]

    yield build
    for one in made:
        one.kill()


def test_what_the_analyst_saw(world):
    """Each name looked at, again and again: one address is odd, and other names share the
    address."""
    w = world(ADDRESS)
    unannounced = [name for name, address in w.at.items() if address in UNANNOUNCED]
    announced = [name for name in w.at if name not in unannounced]
    assert (len(announced), len(unannounced)) == (30, 4)
    for name in [*EARLY, ELSEWHERE]:
        w.ask(name, source="127.0.0.8")
    w.ask_for(announced, 3)
    until(lambda: set(w.seen("addr", ADDRESS)) >= {ODD, *EARLY}, "the names that were there before")
    for name in LATE:
        assert w.ask(name, source="127.0.0.9").addresses == [ADDRESS]
    until(lambda: set(w.seen("addr", ADDRESS)) == {ODD, *EARLY, *LATE}, "the reverse look-up")
    odd = w.events.anomaly({ANOMALY_NAME: ODD})["sinkwatch"]["anomaly"]
    assert odd["owner"]["as"] == {
        "number": 8342,
        "organization": {"name": "RTCOMM-AS OJSC RTComm.RU, RU"},
    }
    assert (odd["owner"]["registrant"], odd["owner"]["netname"]) == (
        "A government agency",
        "AGENCY",
    )
    expected = [
        ("odd-owner", ODD, ADDRESS),
        ("protected-owner", ODD, ADDRESS),
        # documents with the first and the second neighbour; the next comes with the fourth
        *(("shared-address", ODD, ADDRESS, name) for name in sorted(EARLY)),
    ]
    until(lambda: len(w.raised()) >= len(expected), lambda: f"{expected}, not {w.raised()}")
    pivot = w.resolver.command("pivot", ADDRESS)
    assert all(name in pivot for name in [ODD, *EARLY, *LATE])
    # the four that nobody announced yet, when the table was made, are named as just that
    w.ask_for(unannounced, 3)
    expected += [("no-owner", name, w.at[name]) for name in unannounced]
    until(lambda: len(w.raised()) >= len(expected), lambda: f"{expected}, not {w.raised()}")
    w.resolver.stop()  # writes the remaining events
    assert w.raised() == sorted(expected)
    hits = w.events.all()
    names = {field(event, "dns.question.name") for event in hits if field(event, "sinkwatch.list")}
    assert names == set(w.names), "each name is a hit, and no other"
    for name in (ELSEWHERE, "93.184.216.34"):
        assert not list(w.client.scan_iter(w.lists.key(f"seen:*:{name}").replace("{", "?")))


def test_the_day_it_moved(world):
    """A name with half a year at a hoster moves into the agency's network: that is said, too."""
    w = world(HOSTER)
    w.ask_for([ODD, "update-java.net"], 3)
    w.resolver.stop()
    assert w.raised() == []
    age(w, ODD, HOSTER, 180 * DAY, DAY)
    w.move(ADDRESS)
    w.start()
    w.ask_for(["update-java.net"], 1)
    for _ in range(3):
        assert w.ask(ODD).addresses == [ADDRESS]
    for name in EARLY:
        assert w.ask(name).addresses == [ADDRESS]
    until(lambda: set(w.seen("addr", ADDRESS)) == {ODD, *EARLY}, "the reverse look-up")
    expected = [
        ("owner-change", ODD, ADDRESS),
        ("protected-owner", ODD, ADDRESS),
        *(("shared-address", ODD, ADDRESS, name) for name in sorted(EARLY)),
    ]
    until(lambda: len(w.raised()) >= len(expected), lambda: f"{expected}, not {w.raised()}")
    w.resolver.stop()  # writes the remaining events
    assert w.raised() == expected
    change = w.events.anomaly({"sinkwatch.anomaly.type": "owner-change"})["sinkwatch"]["anomaly"]
    assert change["former"]["as"]["number"] == 43449
    assert set(w.seen("name", ODD)) == {HOSTER, ADDRESS}


def age(w, name, address, first, last):
    """As if these sights had begun and ended so many seconds ago: a test cannot wait for days."""
    key = w.lists.key(f"seen:name:{name}")
    facts = json.loads(w.client.hget(key, address))
    for member, ago in (("first", first), ("last", last)):
        then = datetime.fromisoformat(facts[member].replace("Z", "+00:00")) - timedelta(seconds=ago)
        facts[member] = then.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    w.client.hset(key, address, json.dumps(facts))
