"""Triggers nsdname and nsip: the name servers of the zones that an answer comes from."""

import pytest
from harness.events import CLIENT, NAME, TAKEN, TRIGGER
from harness.resolver import SINK4

WWW = "www.clean.example"
NS = "ns.clean.example"


def nsdname(**more):
    return {"action": "refused", "triggers": ["nsdname"], **more}


def nsip(**more):
    return {"action": "refused", "triggers": ["nsip"], **more}


ZONES = ["clean", "evil", "first", "second", "third", "signed", "child.signed"]


@pytest.fixture(autouse=True)
def delegations(ask):
    """Records that the iterator leaves in the cache on the way down; stub zones leave none."""
    for zone in ZONES:
        assert ask(f"{zone}.example", "NS").rcode == "NOERROR"
        assert ask(f"ns.{zone}.example").addresses == ["127.0.0.1"]


@pytest.fixture
def rcode(ask):
    return lambda name=WWW, rdtype="A", **options: ask(name, rdtype, **options).rcode


@pytest.mark.parametrize("indicator", [NS, f"={NS}", "clean.example", "*.clean.example"])
def test_name_of_a_server(lists, rcode, events, indicator):
    lists.put("bad", indicator, **nsdname())
    for _ in range(2):
        assert rcode() == "REFUSED"
    assert rcode("www.evil.example") == "NOERROR"
    hit = events.wait({NAME: WWW, TRIGGER: "nsdname"}, count=2)[0]
    assert hit["threat"]["indicator"]["name"] == indicator


def test_name_with_another_trigger(lists, rcode):
    """A server's name is not the queried name, and the other way round."""
    lists.put("asked", "=ns.clean.example", action="refused")
    lists.put("served", "=www.clean.example", "=clean.example", **nsdname())
    assert rcode() == "NOERROR"
    assert rcode(NS) == "REFUSED"


@pytest.mark.parametrize("indicator", ["127.0.0.1", "127.0.0.0/8"])
def test_address_of_a_server(lists, rcode, events, indicator):
    lists.put("bad", indicator, **nsip())
    for _ in range(2):
        assert rcode() == "REFUSED"
    hit = events.wait({NAME: WWW, TRIGGER: "nsip"}, count=2)[0]
    assert hit["threat"]["indicator"]["name"] == indicator


def test_other_addresses(lists, rcode):
    lists.put("bad", "127.0.0.2", "198.51.100.10", **nsip())
    assert rcode() == "NOERROR"


KINDS = [
    (WWW, "A", "NOERROR"),
    (WWW, "TXT", "NOERROR"),
    (WWW, "MX", "NOERROR"),
    ("nothing.clean.example", "A", "NXDOMAIN"),
    ("clean.example", "NS", "NOERROR"),
    ("to-evil.clean.example", "A", "NOERROR"),
]


@pytest.mark.parametrize(("name", "rdtype", "before"), KINDS)
@pytest.mark.parametrize("policy", [nsdname(), nsip()], ids=["nsdname", "nsip"])
def test_what_was_cached_before(lists, rcode, policy, name, rdtype, before):
    for cd in (False, True):
        assert rcode(name, rdtype, cd=cd) == before
    lists.put("bad", NS, "127.0.0.1", **policy)
    for cd in (False, True):
        assert rcode(name, rdtype, cd=cd) == "REFUSED"
    lists.drop("bad")
    assert rcode(name, rdtype) == before


def test_server_that_is_added_and_removed(lists, rcode):
    lists.put("bad", "ns.other.example", **nsdname())
    assert rcode() == "NOERROR"
    lists.add("bad", NS)
    assert rcode() == "REFUSED"
    lists.remove("bad", NS)
    assert rcode() == "NOERROR"


@pytest.mark.parametrize("zone", ["clean", "first", "second", "third"])
@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
def test_each_zone_of_a_chain(lists, rcode, events, zone, cached):
    name = "chain.clean.example"
    if cached:
        assert rcode(name) == "NOERROR"
    lists.put("bad", f"ns.{zone}.example", **nsdname())
    assert rcode(name) == "REFUSED"
    events.wait({NAME: name, TRIGGER: "nsdname"})


def test_child_of_a_zone_that_is_served_so(lists, rcode):
    """The closest zone counts, not the zones above."""
    lists.put("bad", "ns.signed.example", **nsdname())
    assert rcode("www.signed.example") == "REFUSED"
    assert rcode("www.child.signed.example") == "NOERROR"
    lists.put("also", "ns.child.signed.example", **nsdname())
    assert rcode("www.child.signed.example") == "REFUSED"


def test_secure_answer_loses_ad(lists, ask):
    assert ask("www.signed.example", do=True).ad
    lists.put("bad", "ns.signed.example", **nsdname(action="nxdomain"))
    for _ in range(2):
        answer = ask("www.signed.example", do=True)
        assert (answer.rcode, answer.ad) == ("NXDOMAIN", False)
    assert ask("signed.example", "DNSKEY").rcode == "NOERROR"  # chains of trust stay whole


def test_allow_list(lists, rcode):
    lists.put("bad", "127.0.0.1", **nsip())
    lists.put("ours", NS, kind="allow", priority=1, triggers=["nsdname"])
    assert rcode() == "NOERROR"
    assert rcode("www.evil.example") == "REFUSED"


def test_name_goes_first(lists, ask):
    lists.put("served", NS, **nsdname())
    lists.put("asked", "clean.example", action="nxdomain")
    assert ask(WWW).rcode == "NXDOMAIN"


def test_monitor_is_recorded_each_time(lists, ask, events):
    lists.put("bad", NS, **nsdname(action="monitor"))
    for source in ("127.0.0.7", "127.0.0.8", "127.0.0.9"):
        assert ask(WWW, source=source).addresses == ["198.51.100.10"]
        events.wait({NAME: WWW, CLIENT: source})


def test_others_stay_in_the_cache(lists, ask, resolver):
    lists.put("bad", NS, **nsdname())
    ask("www.evil.example")
    before = resolver.statistic("total.num.cachehits")
    ask("www.evil.example")
    assert resolver.statistic("total.num.cachehits") == before + 1


@pytest.mark.parametrize("name", ["www.evil.example", "to-evil.clean.example"])
@pytest.mark.parametrize(
    ("trigger", "indicator"), [("nsdname", "ns.evil.example"), ("nsip", "127.0.0.1")]
)
def test_listed_servers_that_fail(lists, ask, events, upstream, trigger, indicator, name):
    """The rule acts and is recorded, as for a listed name whose servers fail (D-083)."""
    upstream.fail("evil.example")
    lists.put("bad", indicator, action="sinkhole", triggers=[trigger])
    for _ in range(2):
        assert ask(name).addresses == [SINK4]
    events.wait({NAME: name, TRIGGER: trigger, TAKEN: "sinkhole"}, count=2)
    lists.policy("bad", action="monitor", triggers=[trigger])
    for _ in range(2):
        assert ask(name).rcode == "SERVFAIL"
    events.wait({NAME: name, TRIGGER: trigger, TAKEN: "monitor"}, count=2)
    upstream.forget()
