"""Questions upstream, and that the resolver's own queries are never acted on."""

import pytest
from harness.events import NAME
from harness.resolver import GARDEN, SINK4
from harness.wait import until

# Queries on different threads never share a query state.
RESOLVER = {"options": {"threads": 1}}
WWW = "www.evil.example"
NEEDS_NO_ANSWER = ["nxdomain", "nodata", "refused", "sinkhole", "cname"]


@pytest.mark.parametrize("action", NEEDS_NO_ANSWER)
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "HTTPS", "TXT"])
def test_nothing_is_asked_upstream_for_a_listed_name(lists, ask, upstream, action, rdtype):
    lists.put("bad", "evil.example", action=action)
    ask(WWW, rdtype)
    assert upstream.asked("evil.example") == []


def test_nothing_is_asked_upstream_for_a_dropped_name(lists, resolver, upstream, events):
    lists.put("bad", "evil.example", action="drop")
    pending = resolver.client.send(WWW)
    events.wait({NAME: WWW})
    assert pending.nothing_came()
    assert upstream.asked("evil.example") == []


def test_nothing_is_asked_upstream_for_a_truncated_answer(lists, ask, upstream):
    lists.put("bad", "evil.example", action="tcp-only")
    assert ask(WWW).tc
    assert upstream.asked("evil.example") == []
    assert ask(WWW, tcp=True).addresses == ["192.0.2.66"]
    assert upstream.asked(WWW)


@pytest.mark.parametrize("action", NEEDS_NO_ANSWER)
def test_observe_asks_for_the_true_answer(lists, ask, upstream, events, action):
    lists.put("bad", "evil.example", action=action, observe=True)
    assert ask(WWW).addresses != ["192.0.2.66"]
    assert (WWW, "A") in upstream.asked(WWW)
    assert "192.0.2.66" in str(events.wait({NAME: WWW})[0])


@pytest.mark.parametrize("policy", [{"action": "monitor"}, {"action": "nxdomain", "shadow": True}])
def test_true_answer_is_asked_for_once(lists, ask, upstream, policy):
    """The message stays out of the cache, the records do not."""
    lists.put("bad", "evil.example", **policy)
    for _ in range(3):
        assert ask(WWW).addresses == ["192.0.2.66"]
    assert upstream.asked(WWW).count((WWW, "A")) == 1


def test_answer_rewritten_by_address_is_asked_for_once(lists, ask, upstream):
    lists.put("bad", "203.0.113.0/24", action="nxdomain")
    for _ in range(3):
        assert ask("four.address.example").rcode == "NXDOMAIN"
    assert len(upstream.asked("four.address.example")) == 1


def test_clean_answers_come_from_the_cache(lists, ask, upstream):
    lists.put("bad", "evil.example", "203.0.113.0/24", "AS8342", action="nxdomain")
    for _ in range(3):
        assert ask("www.clean.example").addresses == ["198.51.100.10"]
    assert len(upstream.asked("www.clean.example")) == 1


def test_walled_garden_is_resolved_once(lists, ask, upstream):
    lists.put("bad", "evil.example", action="cname")
    for _ in range(3):
        assert ask(WWW).aliases == [GARDEN]
    assert upstream.asked(GARDEN).count((GARDEN, "A")) == 1


@pytest.mark.parametrize("action", ["nxdomain", "sinkhole", "drop", "refused", "cname"])
@pytest.mark.parametrize("indicator", ["evil.example", "127.0.0.1"], ids=["qname", "address"])
def test_zone_whose_name_server_is_listed_resolves(lists, ask, upstream, indicator, action):
    """hosted.example is reached through ns2.evil.example."""
    lists.put("bad", indicator, action=action)
    assert ask("www.hosted.example").addresses == ["198.51.100.80"]
    assert upstream.asked("ns2.evil.example")


def test_name_server_found_by_the_resolver_is_acted_on_for_clients(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    assert ask("www.hosted.example").addresses == ["198.51.100.80"]
    assert ask("ns2.evil.example").rcode == "NXDOMAIN"
    assert ask("ns2.evil.example", "AAAA").rcode == "NXDOMAIN"


def test_name_server_resolves_after_clients_were_turned_away(lists, ask):
    lists.put("bad", "evil.example", action="sinkhole", sinkhole4="198.18.0.9")
    assert ask("ns2.evil.example").addresses == ["198.18.0.9"]
    assert ask("www.hosted.example").addresses == ["198.51.100.80"]


def test_client_and_resolver_wait_for_one_name_server(lists, resolver, upstream):
    """A query state serves both: the client is turned away, the resolver gets the truth."""
    lists.put("bad", "127.0.0.1", action="nxdomain")
    with upstream.hold("ns2.evil.example") as hold:
        hosted = resolver.client.send("www.hosted.example")
        upstream.wait_held(hold)
        listed = resolver.client.send("ns2.evil.example", source="127.0.0.2")
    assert hosted.answer().addresses == ["198.51.100.80"]
    assert listed.answer().rcode == "NXDOMAIN"


@pytest.mark.parametrize("first", ["client", "resolver"])
@pytest.mark.parametrize("action", ["nxdomain", "sinkhole", "drop"])
@pytest.mark.parametrize("indicator", ["198.51.100.99", GARDEN], ids=["address", "qname"])
def test_client_and_resolver_wait_for_one_walled_garden(
    lists, resolver, ask, upstream, events, indicator, action, first
):
    """A query state serves a client, which is turned away, and the resolver, which needs the true
    answer as the walled garden of another list."""
    lists.put("bad", "evil.example", action="cname")
    lists.put("worse", indicator, action=action, observe=True)
    names = [GARDEN, WWW] if first == "client" else [WWW, GARDEN]
    with upstream.hold(GARDEN) as hold:
        one = resolver.client.send(names[0], source="127.0.0.2")
        upstream.wait_held(hold)
        before = resolver.statistic("total.num.queries")
        two = resolver.client.send(names[1], source="127.0.0.3")
        until(lambda: resolver.statistic("total.num.queries") > before, "the second question")
    client, aliased = (one, two) if first == "client" else (two, one)
    assert aliased.answer().addresses == ["198.51.100.99"]
    if action == "drop":
        events.wait({NAME: GARDEN})
        assert client.nothing_came()
    else:
        assert client.answer().addresses == ([SINK4] if action == "sinkhole" else [])
    assert len(upstream.asked(GARDEN)) == 1  # so both shared the query


def test_sub_queries_are_not_recorded(lists, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    ask("www.hosted.example")
    ask("www.evil.example")
    events.wait({NAME: "www.evil.example"})
    assert [e for e in events.all() if e["dns"]["question"]["name"] == "ns2.evil.example"] == []
