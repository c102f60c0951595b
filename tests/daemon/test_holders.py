"""Ownership without a tip-off: an indicator list, AS data and registrants, and no protected list."""

import json
import subprocess

import pytest
from harness.authority import Authority
from harness.environment import ROOT
from harness.events import ANOMALY, ANOMALY_NAME, Events
from harness.lists import Lists
from harness.resolver import Resolver
from harness.wait import until

ODD, ADDRESS = "systemsvc.net", "213.24.76.23"
SCHOOL, AT_SCHOOL = "school.example", "88.198.184.20"
CROWD, OWN, HIDDEN, HIDDEN_6 = "crowd.example", "own.example", "213.24.77.9", "2001:db8:7::9"
HOSTED = {f"c2-{i}.example": f"91.194.254.{i + 1}" for i in range(33)}
NETWORKS = """\
213.24.0.0/16	8342	JSC RTComm.RU
91.194.254.0/24	64500	Example Hosting
88.198.184.0/24	64501	Example Telecom
45.0.0.0/8	64500	Example Hosting
46.0.0.0/8	64500	Example Hosting
2001:db8::/32	64500	Example Hosting
"""
REGISTRANTS = """\
213.24.76.0/23	Federal Security Service		RU
2001:db8:7::/48	Federal Security Service		RU
88.198.184.0/28	Acme University		FI
88.198.184.16/28	Zzyzx		FI
"""


def make(script, table, text):
    """A database made by the project's own maker."""
    table.write_text(text)
    out = table.with_suffix(".mmdb")
    command = [ROOT / "scripts" / script, "--quiet", "--strict", table, out]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def crowd(first, n):
    """Records with n addresses, and one of each family among them that belongs to an agency."""
    four = [f"@ A {first}.0.{i // 250}.{i % 250}\n" for i in range(n)]
    six = [f"@ AAAA 2001:db8:{first}::{i:x}\n" for i in range(n // 2)]
    return "".join([*four, f"@ A {HIDDEN}\n", *six, f"@ AAAA {HIDDEN_6}\n"])


@pytest.fixture
def world(env, folder, shared_redis, settings_for):
    """A resolver with small databases, a table of classes, and the indicator list."""

    class World:
        pass

    w = World()
    w.table = folder / "own.tsv"
    w.table.write_text("isp\ta pattern that nobody has\nbroken\n")
    at = {**HOSTED, ODD: ADDRESS, SCHOOL: AT_SCHOOL}
    (folder / "a").mkdir()
    zones = {name: f"@ A {address}\n" for name, address in at.items()}
    w.authority = Authority(
        folder / "a",
        {**zones, CROWD: crowd(45, 1200) + f"www CNAME {CROWD}.\n", OWN: crowd(46, 900)},
        {},
        (),
    )
    w.authority.anchor_file.touch()
    w.authority.start()
    settings = settings_for(
        shared_redis,
        folder,
        asn_mmdb=make("make-asn-mmdb", folder / "asn.tsv", NETWORKS),
        owner_mmdb=make("make-owner-mmdb", folder / "owner.tsv", REGISTRANTS),
        class_table=w.table,
        odd_wait_hours=0,
    )
    w.resolver = Resolver(env, folder / "u", w.authority, settings)
    w.resolver.start()
    w.lists = Lists(shared_redis.client, settings["redis-prefix"], settings["resolver-id"])
    w.events = Events(shared_redis.client, settings["redis-prefix"])
    w.client = shared_redis.client
    w.lists.wait_state(state="following")
    w.lists.put("carbanak", *at, CROWD, action="monitor")
    yield w
    w.resolver.kill()
    w.authority.stop()


def raised(w):
    found = [anomaly["sinkwatch"]["anomaly"] for anomaly in w.events.all("anomalies")]
    return sorted((a["type"], a["name"], a["address"]) for a in found)


def details(w, kind, name):
    return w.events.anomaly({ANOMALY: kind, ANOMALY_NAME: name})["sinkwatch"]["anomaly"]


def ask(w, *names):
    for name in names:
        assert len(w.resolver.client.ask(name).addresses) == 1


def test_the_seed_without_a_protected_list(world):
    w = world
    ask(w, ODD)
    odd = details(w, "protected-owner", ODD)
    assert odd["protected"] == {"indicator": "class:government"}
    assert odd["owner"]["registrant"] == "Federal Security Service"
    reason = odd["class"]
    assert (reason["name"], reason["table"]) == ("government", "classes.tsv")
    line = (ROOT / "conf" / "classes.tsv").read_text().splitlines()[reason["line"] - 1]
    assert line.split("\t")[:2] == ["government", reason["pattern"]]
    # a name that was seen before its siblings stands apart once they are known
    ask(w, *HOSTED)
    odd = details(w, "odd-owner", ODD)
    assert odd["spread"]["list"] == "carbanak" and odd["spread"]["government"] == 1
    assert odd["spread"]["names"] == odd["spread"]["hosting"] + 1 >= 20
    # a list says more than the class, and is a fact of its own: the history is judged again
    w.lists.put("state", "registrant:FEDERAL SECURITY SERVICE", kind="protected", owner="FSB")
    listed = w.events.anomaly({"sinkwatch.anomaly.protected.list": "state"})
    assert listed["sinkwatch"]["anomaly"]["protected"] == {
        "list": "state",
        "owner": "FSB",
        "indicator": "registrant:federal security service",
    }
    # a changed table of classes is in force without a reload, also for the history
    ask(w, SCHOOL)
    w.table.write_text("education\tzzyzx\n")
    status = w.lists.key(f"resolver:{w.lists.resolver}")
    until(
        lambda: json.loads(w.client.hget(status, "mmdb"))["classes"][0]["refused"] == 0,
        lambda: f"the new table in the status: {w.client.hgetall(status)}",
    )
    school = details(w, "odd-owner", SCHOOL)
    assert (school["class"]["name"], school["class"]["line"]) == ("education", 1)
    assert school["class"]["table"] == str(w.table)
    w.resolver.says("own.tsv:2: a class, a tab and a pattern are needed")
    w.resolver.stop()  # writes the last sights
    assert raised(w) == [
        ("odd-owner", SCHOOL, AT_SCHOOL),
        ("odd-owner", ODD, ADDRESS),
        ("protected-owner", ODD, ADDRESS),
        ("protected-owner", ODD, ADDRESS),
    ]


def test_hundreds_of_addresses_hide_none(world):
    """An answer with more addresses than an event has room for (D-127): over TCP, through an alias,
    and for a watched name; each finding has a single document, from the cache as well."""
    w = world
    w.lists.put("own", OWN, kind="watch", owners=["AS64500"], action="monitor")
    for kind, name, n in (("A", CROWD, 1201), ("AAAA", f"www.{CROWD}", 601), ("A", OWN, 901)):
        for _ in range(2):
            assert len(w.resolver.client.ask(name, kind, tcp=True, timeout=20).addresses) == n
    w.events.anomaly({ANOMALY: "protected-owner", "sinkwatch.anomaly.address": HIDDEN})
    w.events.anomaly({ANOMALY: "protected-owner", "sinkwatch.anomaly.address": HIDDEN_6})
    w.events.anomaly({ANOMALY: "unexpected-owner", ANOMALY_NAME: OWN})
    w.resolver.stop()
    found = [a for a in raised(w) if a[0] in ("protected-owner", "unexpected-owner")]
    assert found == [
        ("protected-owner", CROWD, HIDDEN),
        ("protected-owner", f"www.{CROWD}", HIDDEN_6),
        ("unexpected-owner", OWN, HIDDEN),
    ]
