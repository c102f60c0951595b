"""The event of each hit: in the Redis stream and in the JSON-lines file."""

import json
import re
from collections import Counter

import pytest
from harness.events import (
    CLIENT,
    COUNT,
    INDICATOR,
    LIST,
    NAME,
    SHADOW,
    TAKEN,
    TRIGGER,
    WANTED,
    field,
    read_file,
)
from harness.wait import until

WWW = "www.evil.example"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def test_hit_says_who_asked_what_and_what_was_done(lists, ask, events, resolver):
    lists.put("carbanak", "evil.example", action="sinkhole")
    ask(WWW, source="127.0.0.42")
    event = events.wait({NAME: WWW})[0]
    expected = {
        CLIENT: "127.0.0.42",
        "network.transport": "udp",
        "dns.question.type": "A",
        LIST: "carbanak",
        INDICATOR: "evil.example",
        "threat.feed.name": "carbanak",
        "threat.indicator.name": "evil.example",
        "threat.indicator.type": "domain-name",
        TRIGGER: "qname",
        WANTED: "sinkhole",
        TAKEN: "sinkhole",
        SHADOW: False,
        COUNT: 1,
        "sinkwatch.ede": 4,
        "observer.name": resolver.settings["resolver-id"],
    }
    assert {path: field(event, path) for path in expected} == expected
    assert TIME.fullmatch(event["@timestamp"])


@pytest.mark.parametrize("observe", [False, True], ids=["decided", "observed"])
def test_hit_on_an_alias_carries_the_chain(lists, ask, events, observe):
    """The listed alias decides, so nothing beyond is asked for; a list with observe resolves all."""
    lists.put("bad", "b.second.example", action="nxdomain", observe=observe)
    ask("chain.clean.example")
    event = events.wait({NAME: "chain.clean.example", TRIGGER: "cname"})[0]
    chain = ["a.first.example", "b.second.example"]
    if observe:
        chain.append("c.third.example")
        assert event["dns"]["resolved_ip"] == ["198.51.100.50"]
    assert event["sinkwatch"]["chain"] == chain


@pytest.mark.parametrize(
    ("indicator", "kind", "name", "rdtype"),
    [
        ("203.0.113.0/24", "ipv4-addr", "four.address.example", "A"),
        ("2001:db8:bad::5", "ipv6-addr", "six.address.example", "AAAA"),
        ("AS8342", "autonomous-system", "as1.network.example", "A"),
    ],
)
def test_hit_on_an_address_names_the_indicator(lists, ask, events, indicator, kind, name, rdtype):
    lists.put("bad", indicator, action="nxdomain")
    ask(name, rdtype)
    event = events.wait({NAME: name, INDICATOR: indicator})[0]
    assert field(event, "threat.indicator.type") == kind


def test_winner_and_others_are_marked(lists, ask, events):
    lists.put("first", "evil.example", action="nxdomain", priority=1)
    lists.put("second", "192.0.2.66", "www.evil.example", action="sinkhole", priority=2)
    ask(WWW)
    hits = events.wait({NAME: WWW})[0]["sinkwatch"]["hits"]
    assert [(h["list"], h["winner"]) for h in hits if h["winner"]] == [("first", True)]
    assert ("second", "www.evil.example") in [(h["list"], h["indicator"]) for h in hits]


def test_dnssec_state_of_the_true_answer(lists, ask, events):
    lists.put("bad", "www.signed.example", "www.clean.example", action="monitor")
    ask("www.signed.example")
    ask("www.clean.example")
    assert "secure" in str(events.wait({NAME: "www.signed.example"})[0]["sinkwatch"]["dnssec"])
    assert events.wait({NAME: "www.clean.example"})[0]["sinkwatch"]["dnssec"] != "secure"


def test_every_repeated_query_is_a_hit(lists, ask, events, resolver):
    lists.put("bad", "evil.example", action="monitor")
    for i in range(30):
        ask(WWW, source=f"127.0.0.{10 + i % 3}")
    hits = events.wait({NAME: WWW}, count=30)
    assert sum(hit["sinkwatch"]["count"] for hit in hits) == 30
    assert {hit["client"]["ip"] for hit in hits} == {"127.0.0.10", "127.0.0.11", "127.0.0.12"}


def test_many_concurrent_hits_are_each_recorded_once(lists, resolver, events):
    lists.put("bad", "evil.example", action="nxdomain")
    questions = [{"name": f"n{i % 50}.many.evil.example"} for i in range(1000)]
    answers = resolver.client.ask_many(questions)
    assert {answer.rcode for answer in answers} == {"NXDOMAIN"}

    def counted():
        return sum(event["sinkwatch"]["count"] for event in events.all())

    until(lambda: counted() >= 1000, lambda: f"1000 hits, {counted()} came")
    assert counted() == 1000
    ids = [event["event"]["id"] for event in events.all()]
    assert len(set(ids)) == len(ids)


def test_name_that_no_rule_names_leaves_no_event(lists, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    ask("mail.clean.example")
    ask(WWW)
    events.wait({NAME: WWW})
    assert {event["dns"]["question"]["name"] for event in events.all()} == {WWW}


def test_failed_resolution_of_a_recorded_name_is_a_hit(lists, ask, events):
    lists.put("bad", "www.bogus.example", action="monitor")
    assert ask("www.bogus.example").rcode == "SERVFAIL"
    events.wait({NAME: "www.bogus.example"})


PLACES = (1, 2, 10, 11, 12, 13)  # of the listed alias in its chain; Unbound sees twelve aliases


def test_each_alias_before_a_failure_is_a_hit(lists, ask, upstream, events):
    """As many hits as questions, the first when the name is resolved, the others with the cached
    failure; none behind the last alias that Unbound has seen."""
    for place in PLACES:
        names = [f"c{i}.place{place}.many.clean.example" for i in range(20)]
        for name, target in zip(names, names[1:]):
            upstream.make(name, "A", "NOERROR", f"CNAME {target}.")
    heads = {f"c0.place{place}.many.clean.example": place for place in PLACES}
    lists.put("bad", *(f"=c{place}.place{place}.many.clean.example" for place in PLACES), action="monitor")
    for _ in range(3):
        assert {ask(head).rcode for head in heads} == {"SERVFAIL"}

    def hits():
        return Counter(heads[field(event, NAME)] for event in events.all())

    seen = [place for place in PLACES if upstream.asked(f"c{place - 1}.place{place}.many.clean.example")]
    assert seen == [1, 2, 10, 11, 12]
    until(lambda: hits() == dict.fromkeys(seen, 3), lambda: hits())


def test_file_holds_one_object_a_line_and_the_same_as_redis(lists, resolver, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    asked = [f"f{i}.many.evil.example" for i in range(100)]
    for name in asked:
        ask(name)
    events.wait({LIST: "bad"}, count=100)
    path = resolver.settings["event-file"]

    def in_file():
        return [e for e in read_file(path) if field(e, NAME) in asked]

    until(lambda: len(in_file()) >= 100, lambda: f"100 lines, {len(in_file())} are there")
    assert sorted(field(e, NAME) for e in in_file()) == sorted(asked)
    by_id = {e["event"]["id"]: e for e in in_file()}
    assert all(by_id[e["event"]["id"]] == e for e in events.all())


def test_odd_octets_in_a_name_make_valid_json(lists, resolver, events):
    lists.put("bad", "evil.example", action="nxdomain")
    name = r"a\"b\\c\000\255.evil.example."
    resolver.client.ask(name)
    event = events.wait({LIST: "bad"})[0]
    assert json.loads(json.dumps(event)) == event
    assert field(event, NAME).endswith(".evil.example")


def test_hits_within_a_window_are_one_event_with_an_exact_count(
    make_resolver, shared_redis, lists_for, events_for
):
    resolver = make_resolver(shared_redis, event_window=60000)
    lists = lists_for(resolver, shared_redis)
    events = events_for(resolver, shared_redis)
    lists.put("bad", "evil.example", action="nxdomain")
    for _ in range(25):
        resolver.client.ask(WWW, source="127.0.0.5")
    resolver.client.ask(WWW, source="127.0.0.6")
    resolver.stop()  # ends the window
    counts = {field(e, CLIENT): field(e, COUNT) for e in events.all() if field(e, NAME) == WWW}
    assert counts == {"127.0.0.5": 25, "127.0.0.6": 1}


def test_event_file_that_was_moved_away_is_made_anew(lists, resolver, ask):
    """In the way of logrotate."""
    lists.put("bad", "evil.example", action="nxdomain")
    path = resolver.settings["event-file"]
    ask("before.many.evil.example")
    until(
        lambda: any(field(e, NAME) == "before.many.evil.example" for e in read_file(path)), "a line"
    )
    path.rename(path.with_suffix(".1"))

    def in_new_file():
        ask("after.many.evil.example")
        return any(field(e, NAME) == "after.many.evil.example" for e in read_file(path))

    until(in_new_file, "the line in the new file")


def test_events_can_be_kept_from_redis(make_resolver, shared_redis, lists_for, events_for):
    resolver = make_resolver(shared_redis, event_redis="no")
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="nxdomain")
    events = events_for(resolver, shared_redis)
    resolver.client.ask(WWW)
    path = resolver.settings["event-file"]
    until(lambda: any(field(e, NAME) == WWW for e in read_file(path)), "the line in the file")
    resolver.stop()  # writes the remaining events
    assert events.all() == []


@pytest.mark.parametrize("kind", ["link", "spool"])
def test_what_cannot_be_written_is_in_the_state(kind, folder, shared_redis, make_resolver, lists_for):
    """A link in place of the event file is not followed; a file in place of the spool is no folder."""
    target = folder / "target"
    target.write_text("as it was\n")
    (folder / "e.jsonl").symlink_to(target)
    settings = {"event_file": folder / "e.jsonl"} if kind == "link" else {"event_spool": target}
    resolver = make_resolver(shared_redis, **settings)
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "evil.example", action="nxdomain")
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"
    key, words = ("event-file", "symbolic link") if kind == "link" else ("event-spool", "director")
    lists.wait_state(last_error=lambda said: key in said and words in said)
    resolver.says(key, words)
    assert key in resolver.command("status", check=False)
    assert target.read_text() == "as it was\n"


def test_event_file_that_cannot_be_written(
    make_resolver, shared_redis, lists_for, events_for, folder
):
    resolver = make_resolver(shared_redis, event_file=folder / "no" / "such" / "folder" / "e.jsonl")
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="nxdomain")
    events = events_for(resolver, shared_redis)
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"
    events.wait({NAME: WWW})
    resolver.says("e.jsonl")
