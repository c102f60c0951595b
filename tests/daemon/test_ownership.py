"""The owner of an address: ownership in events, history, anomalies, the Carbanak case."""

import json
import time
from datetime import datetime
from types import SimpleNamespace

import pytest
from harness.events import ANOMALY, ANOMALY_NAME, NAME, field
from harness.wait import live, until
from harness.zones import CROWDED_SERVERS

ADDRESS = "213.24.76.23"
AGENCY = "Example agency"  # the registrant in the tests' table: harness/mmdb.py


@pytest.fixture
def case(make_resolver, shared_redis, lists_for, events_for):
    """A separate resolver, since history and anomalies stay with a resolver."""

    class Case:
        pass

    c = Case()
    c.resolver = make_resolver(shared_redis)
    c.ask = c.resolver.client.ask
    c.lists = lists_for(c.resolver, shared_redis)
    c.events = events_for(c.resolver, shared_redis)
    c.client = shared_redis.client
    return c


def seen(case, kind, key):
    """{address or name: facts} of one P:seen:* hash, without the entries of holders."""
    entries = case.client.hgetall(case.lists.key(f"seen:{kind}:{key}"))
    return {entry: json.loads(facts) for entry, facts in entries.items() if " " not in entry}


def raised(case, kind):
    """All anomalies of a kind; the resolver ends first, since then all events are written."""
    case.resolver.stop()
    return [a for a in case.events.all("anomalies") if field(a, ANOMALY) == kind]


def test_event_carries_as_organisation_prefix_and_registrant(case):
    case.lists.put("carbanak", "systemsvc.net")
    assert case.ask("systemsvc.net").addresses == [ADDRESS]
    event = case.events.wait({NAME: "systemsvc.net"})[0]
    (owner,) = event["sinkwatch"]["owners"]
    assert owner["ip"] == ADDRESS
    assert owner["as"] == {"number": 8342, "organization": {"name": "RTComm.RU"}}
    assert owner["prefix"] == "213.24.76.0/23"
    assert (owner["registered"], owner["registrant"]) == ("213.24.76.0/24", AGENCY)
    assert (owner["netname"], owner["country"]) == ("EXAMPLE-NET", "RU")
    assert field(event, "threat.indicator.as.number") == 8342


def test_event_of_an_unknown_address_has_no_owner(case):
    case.lists.put("bad", "evil.example")
    case.ask("www.evil.example")
    event = case.events.wait({NAME: "www.evil.example"})[0]
    assert field(event, "sinkwatch.owners.as.number") is None
    assert event["dns"]["resolved_ip"] == ["192.0.2.66"]


@pytest.mark.parametrize("indicator", ["213.24.76.0/24", "AS8342"])
def test_protected_owner(case, indicator):
    case.lists.put("friends", indicator, kind="protected", owner="A government agency")
    case.lists.put("carbanak", "systemsvc.net")
    case.ask("systemsvc.net")
    anomaly = case.events.anomaly({ANOMALY: "protected-owner", ANOMALY_NAME: "systemsvc.net"})
    details = anomaly["sinkwatch"]["anomaly"]
    assert details["address"] == ADDRESS
    assert details["protected"] == {
        "list": "friends",
        "owner": "A government agency",
        "indicator": indicator,
    }
    assert details["owner"]["registrant"] == AGENCY


def test_protected_owner_of_a_listed_name_elsewhere_is_no_anomaly(case):
    case.lists.put("friends", "213.24.76.0/24", kind="protected", owner="A government agency")
    case.lists.put("carbanak", "winsystemsvc.net", "systemsvc.net")
    case.ask("winsystemsvc.net")
    case.ask("systemsvc.net")
    case.events.anomaly({ANOMALY_NAME: "systemsvc.net"})
    case.resolver.stop()  # writes the remaining events
    elsewhere = [
        field(a, ANOMALY)
        for a in case.events.all("anomalies")
        if field(a, ANOMALY_NAME) == "winsystemsvc.net"
    ]
    assert elsewhere == ["special-address"]  # the address is for documentation


def test_anomaly_is_raised_once_and_then_counted(case):
    case.lists.put("friends", "AS8342", kind="protected", owner="A government agency")
    case.lists.put("carbanak", "systemsvc.net")
    for _ in range(20):
        case.ask("systemsvc.net")
    case.events.wait({NAME: "systemsvc.net"}, count=20)
    until(lambda: seen(case, "name", "systemsvc.net")[ADDRESS]["count"] >= 20, "a count of 20")
    assert len(raised(case, "protected-owner")) == 1


def test_known_operator_is_given_as_an_explanation(case):
    case.lists.put("friends", "AS8342", kind="protected", owner="A government agency")
    case.lists.put("sinkholes", ADDRESS, kind="known", owner="A sinkhole operator")
    case.lists.put("carbanak", "systemsvc.net")
    case.ask("systemsvc.net")
    anomaly = case.events.anomaly({ANOMALY: "protected-owner"})
    known = {"list": "sinkholes", "owner": "A sinkhole operator"}
    assert anomaly["sinkwatch"]["anomaly"]["known"] == known


def test_history_of_a_listed_name(case):
    case.lists.put("carbanak", "systemsvc.net")
    case.ask("systemsvc.net")
    case.ask("systemsvc.net")
    until(
        lambda: seen(case, "name", "systemsvc.net")[ADDRESS]["count"] >= 2,
        "two observations in the history",
    )
    facts = seen(case, "name", "systemsvc.net")[ADDRESS]
    assert facts["count"] == 2
    assert (facts["asn"], facts["org"], facts["registrant"]) == (8342, "RTComm.RU", AGENCY)
    assert facts["first"] <= facts["last"]


def test_names_asked_after_the_address_is_tracked(case):
    """From the moment a listed name resolves to an address, any client's name there is noted."""
    case.lists.put("carbanak", "systemsvc.net")
    case.ask("systemsvc.net")
    until(
        lambda: case.client.zscore(case.lists.key("tracked"), ADDRESS), "the address to be tracked"
    )
    case.ask("mail.neighbour.example", source="127.0.0.8")
    case.ask("portal.neighbour.example", source="127.0.0.9")
    names = {"mail.neighbour.example", "portal.neighbour.example", "systemsvc.net"}
    until(
        lambda: set(seen(case, "addr", ADDRESS)) == names,
        lambda: f"{names} on the address, it has {seen(case, 'addr', ADDRESS)}",
    )
    anomaly = case.events.anomaly({ANOMALY: "shared-address"})
    assert field(anomaly, "sinkwatch.anomaly.address") == ADDRESS


def test_names_cached_before_the_address_is_tracked(case):
    case.lists.put("carbanak", "systemsvc.net")
    case.ask("mail.neighbour.example", source="127.0.0.8")
    case.ask("systemsvc.net")
    names = {"mail.neighbour.example", "systemsvc.net"}
    until(
        lambda: set(seen(case, "addr", ADDRESS)) == names,
        lambda: f"{names} on the address, it has {seen(case, 'addr', ADDRESS)}",
    )
    anomaly = case.events.anomaly({ANOMALY: "shared-address"})
    assert "mail.neighbour.example" in anomaly["sinkwatch"]["anomaly"]["names"]


def test_cached_names_are_judged_by_their_time_to_live(make_resolver, shared_redis, lists_for):
    """D-138: an expired RRset is no sighting, and a valid RRset was seen at the time of storing."""
    resolver = make_resolver(shared_redis, server=["serve-expired: yes", "ede: yes"])
    case = SimpleNamespace(
        ask=resolver.client.ask, client=shared_redis.client, lists=lists_for(resolver, shared_redis)
    )
    begin = time.time()
    case.ask("left.short.example")
    case.ask("stays.short.example")
    asked = time.time()
    live(3)  # the time to live of `left` is a second
    case.lists.put("bad", "listed.short.example")
    case.ask("listed.short.example")
    place = until(lambda: len(at := seen(case, "addr", "192.0.2.71")) >= 2 and at, "the neighbour")
    resolver.stop()  # writes the remaining events
    assert set(seen(case, "addr", "192.0.2.71")) == {"listed.short.example", "stays.short.example"}
    first = datetime.fromisoformat(place["stays.short.example"]["first"]).timestamp()
    assert begin - 1 <= first <= asked + 1
    assert place["stays.short.example"]["last"] == place["stays.short.example"]["first"]


def test_expired_answer_is_a_hit_and_no_sighting(
    make_resolver, shared_redis, lists_for, events_for, upstream
):
    name, server = "hit.short.example", ["serve-expired: yes", "ede: yes", "ede-serve-expired: yes"]
    resolver = make_resolver(shared_redis, server=server)
    case = SimpleNamespace(client=shared_redis.client, lists=lists_for(resolver, shared_redis))
    case.lists.put("bad", name)
    events = events_for(resolver, shared_redis)
    assert resolver.client.ask(name).addresses == ["192.0.2.71"]
    with upstream.hold(name):
        until(lambda: 3 in dict(resolver.client.ask(name).ede), "an expired answer (RFC 8914)")
    events.wait({NAME: name, "sinkwatch.cached.expired": True})
    resolver.stop()
    hits = [e["sinkwatch"] for e in events.all() if field(e, NAME) == name]
    true = sum(hit["count"] for hit in hits if "cached" not in hit)
    assert seen(case, "name", name)["192.0.2.71"]["count"] == true


def test_names_on_a_tracked_address_are_still_answered(case):
    """An address that a listed name resolves to is never itself put on a list."""
    case.lists.put("carbanak", "systemsvc.net", action="nxdomain", observe=True)
    assert case.ask("systemsvc.net").rcode == "NXDOMAIN"
    until(
        lambda: case.client.zscore(case.lists.key("tracked"), ADDRESS), "the address to be tracked"
    )
    answer = case.ask("mail.neighbour.example")
    assert (answer.addresses, answer.ede) == ([ADDRESS], [])


def test_stranger_is_not_recorded(case):
    """A name on no tracked address leaves no trace."""
    case.lists.put("carbanak", "systemsvc.net")
    case.ask("systemsvc.net")
    until(lambda: seen(case, "addr", ADDRESS), "the history of the address")
    case.ask("far.neighbour.example")
    case.ask("www.clean.example")
    case.ask("mail.neighbour.example")
    until(lambda: "mail.neighbour.example" in seen(case, "addr", ADDRESS), "the neighbour")
    case.resolver.stop()  # writes the remaining events
    keys = case.client.keys(case.lists.key("seen:*"))
    for stranger in (
        "far.neighbour.example",
        "www.clean.example",
        "198.51.100.71",
        "198.51.100.10",
    ):
        assert not [key for key in keys if stranger in key]
    assert "far.neighbour" not in str(case.events.all())
    assert "www.clean" not in str(case.events.all())


def test_watched_name_is_observed_and_answered(case):
    case.lists.put("ours", "www.clean.example", kind="watch")
    assert case.ask("www.clean.example").addresses == ["198.51.100.10"]
    until(
        lambda: "198.51.100.10" in seen(case, "name", "www.clean.example"),
        "the watched name's history",
    )


@pytest.mark.parametrize("name", ["a.first.example", "b.second.example", "c.third.example"])
def test_watched_alias_of_a_chain_is_observed(case, name):
    """Each name of the chain comes in a separate response; the whole answer is observed."""
    case.lists.put("ours", name, kind="watch")
    assert case.ask("chain.clean.example").addresses == ["198.51.100.50"]
    until(
        lambda: "198.51.100.50" in seen(case, "name", "chain.clean.example"),
        "the history of what leads through the watched name",
    )


def test_watched_name_outside_its_declared_owners(case):
    case.lists.put("ours", "as2.network.example", kind="watch", owners=["AS15133"])
    case.lists.put("theirs", "as1.network.example", kind="watch", owners=["AS15133"])
    case.ask("as2.network.example")
    case.ask("as1.network.example")
    anomaly = case.events.anomaly({ANOMALY: "unexpected-owner"})["sinkwatch"]["anomaly"]
    assert anomaly["name"] == "as1.network.example"
    assert anomaly["expected"] == {"list": "theirs", "owners": ["AS15133"]}
    assert anomaly["owner"]["as"]["number"] == 8342
    until(lambda: seen(case, "name", "as2.network.example"), "the other name's history")
    assert len(raised(case, "unexpected-owner")) == 1


def know_the_servers(case, zone):
    """Into the RRset cache, where iteration from the root would have put the records; the tests use
    stubs."""
    case.ask(zone, "NS")
    case.ask(f"ns.{zone}")


def test_delegation_of_a_watched_name_is_seen(case):
    know_the_servers(case, "clean.example")
    case.lists.put("ours", "www.clean.example", kind="watch", ns_owners=["AS15133"])
    case.ask("www.clean.example")
    until(lambda: seen(case, "zone", "clean.example"), "the history of the zone's servers")
    ((address, facts),) = seen(case, "zone", "clean.example").items()
    assert address.startswith("127.")
    assert facts["server"] == "ns.clean.example"
    for kind in ("special-address", "unexpected-owner"):
        anomaly = case.events.anomaly({ANOMALY: kind, "sinkwatch.anomaly.address": address})
        assert anomaly["sinkwatch"]["anomaly"]["delegation"] == {
            "zone": "clean.example",
            "server": "ns.clean.example",
            "servers": ["ns.clean.example"],
        }
    event = case.events.wait({NAME: "www.clean.example", "event.action": "answer"})[0]
    assert event["sinkwatch"]["delegation"]["servers"] == ["ns.clean.example"]


def test_no_number_of_name_servers_hides_a_protected_address(case):
    """D-228: the server is behind the eight that a document names."""
    servers = [f"s{i:02}.crowded.example" for i in range(CROWDED_SERVERS)]
    case.lists.put("agency", "213.24.76.0/24", kind="protected")
    case.lists.put("bad", "www.crowded.example", "=crowded.example", action="monitor")
    know_the_servers(case, "crowded.example")
    for server in servers:
        case.ask(server)
    case.ask("www.crowded.example")
    anomaly = case.events.anomaly(
        {ANOMALY: "protected-owner", "sinkwatch.anomaly.address": "213.24.76.77"}
    )["sinkwatch"]["anomaly"]
    assert anomaly["delegation"]["zone"] == "crowded.example"
    assert anomaly["delegation"]["server"] == servers[-1]
    event = case.events.wait({NAME: "www.crowded.example"})[0]
    assert len(event["sinkwatch"]["delegation"]["servers"]) == 8


def test_delegation_is_seen_of_watched_and_listed_names_alone(case):
    for zone in ("clean.example", "systemsvc.net", "neighbour.example"):
        know_the_servers(case, zone)
    case.lists.put("carbanak", "systemsvc.net")
    case.lists.put("ours", "www.clean.example", kind="watch")
    case.ask("systemsvc.net")
    case.ask("mail.neighbour.example")
    case.ask("www.clean.example")
    until(lambda: seen(case, "zone", "clean.example"), "the history of the zone's servers")
    case.resolver.stop()  # writes the last sights
    zones = sorted(case.client.keys(case.lists.key("seen:zone:*")))
    assert zones == [case.lists.key(f"seen:zone:{z}") for z in ("clean.example", "systemsvc.net")]


def test_carbanak_case_from_end_to_end(case):
    case.lists.put("agency", "213.24.76.0/24", kind="protected", owner="A government agency")
    case.lists.put("carbanak", "systemsvc.net", action="monitor")
    case.ask("mail.neighbour.example", source="127.0.0.8")
    assert case.ask("systemsvc.net", source="127.0.0.7").addresses == [ADDRESS]
    event = case.events.wait({NAME: "systemsvc.net", "client.ip": "127.0.0.7"})[0]
    assert field(event, "threat.feed.name") == "carbanak"
    case.events.anomaly({ANOMALY: "protected-owner", ANOMALY_NAME: "systemsvc.net"})
    case.ask("portal.neighbour.example", source="127.0.0.9")
    until(lambda: "portal.neighbour.example" in seen(case, "addr", ADDRESS), "the reverse look-up")
    pivot = case.resolver.command("pivot", ADDRESS)
    assert "mail.neighbour.example" in pivot
    assert "portal.neighbour.example" in pivot
    case.lists.policy("carbanak", action="sinkhole")
    answer = case.ask("systemsvc.net")
    assert ADDRESS not in answer.addresses
    assert answer.ede
    assert case.ask("winsystemsvc.net").addresses == ["198.51.100.70"]
    assert case.ask("mail.neighbour.example").addresses == [ADDRESS]
    assert case.ask("www.signed.example", do=True).ad
    case.resolver.stop()  # writes the remaining events
    # exactly the analyst's finding: the owner of the network, and the other names there
    found = [anomaly["sinkwatch"]["anomaly"] for anomaly in case.events.all("anomalies")]
    assert {(a["type"], a["name"], a["address"]) for a in found} == {
        ("protected-owner", "systemsvc.net", ADDRESS),
        ("shared-address", "systemsvc.net", ADDRESS),
    }
    others = {name for a in found for name in a.get("names", [])}
    assert others == {"mail.neighbour.example", "portal.neighbour.example"}
    assert found[0]["owner"]["registrant"] == AGENCY
