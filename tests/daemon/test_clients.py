"""Trigger client: a list names clients, for any question, cached answers included."""

import pytest
from harness.events import CLIENT, NAME, TAKEN, TRIGGER
from harness.resolver import GARDEN, GARDEN4, SINK4
from harness.wait import until

RESOLVER = {
    "settings": {"client_group": ['"kids 127.1.0.0/16"']},
    "options": {"threads": 1},
}
BAD, NEAR, OTHER = "127.2.1.1", "127.2.1.2", "127.0.0.9"
WWW = "www.clean.example"
TRUE4 = "198.51.100.10"


def policy(**more):
    return {"triggers": ["client"], **more}


@pytest.fixture
def rcode(ask):
    return lambda source, name=WWW, **options: ask(name, source=source, **options).rcode


EXPECTED = [
    ("nxdomain", "NXDOMAIN"),
    ("nodata", "NOERROR"),
    ("refused", "REFUSED"),
    ("sinkhole", "NOERROR"),
    ("cname", "NOERROR"),
    ("monitor", "NOERROR"),
    ("passthru", "NOERROR"),
]
ADDRESSES = {
    "nodata": [],
    "sinkhole": [SINK4],
    "cname": [GARDEN4],
    "monitor": [TRUE4],
    "passthru": [TRUE4],
}


@pytest.mark.parametrize(("action", "wanted"), EXPECTED)
def test_each_action(lists, ask, events, action, wanted):
    """Also for an answer that was cached before, and for clients that come after others."""
    assert ask(WWW, source=BAD).addresses == [TRUE4]
    lists.put("clients", BAD, **policy(action=action))
    for _ in range(2):
        answer = ask(WWW, source=BAD)
        assert (answer.rcode, answer.addresses) == (wanted, ADDRESSES.get(action, []))
        assert ask(WWW, source=NEAR).addresses == [TRUE4]
    assert ask("alias.garden.example", source=OTHER).rcode == "NOERROR"
    hits = events.wait({NAME: WWW, TAKEN: action, TRIGGER: "client"}, count=2)
    assert {hit["client"]["ip"] for hit in hits} == {BAD}
    assert hits[0]["threat"]["indicator"]["name"] == BAD


def test_drop(lists, resolver, ask, events):
    lists.put("clients", BAD, **policy(action="drop"))
    pending = resolver.client.send(WWW, source=BAD)
    events.wait({NAME: WWW, TAKEN: "drop", CLIENT: BAD})
    assert pending.nothing_came()
    assert ask(WWW, source=NEAR).addresses == [TRUE4]


def test_tcp_only(lists, ask):
    lists.put("clients", BAD, **policy(action="tcp-only"))
    assert ask(WWW, source=BAD).tc
    assert ask(WWW, source=BAD, tcp=True).addresses == [TRUE4]
    assert ask(WWW, source=NEAR).addresses == [TRUE4]


def test_prefix(lists, rcode):
    lists.put("clients", "127.2.1.0/24", **policy(action="refused"))
    assert [rcode(s) for s in (BAD, NEAR, OTHER, "127.2.2.1")] == [
        "REFUSED",
        "REFUSED",
        "NOERROR",
        "NOERROR",
    ]


def test_the_same_address_in_an_answer_is_no_client(lists, ask):
    """And a list without the trigger does not speak of clients."""
    lists.put("clients", TRUE4, **policy(action="refused"))
    assert ask(WWW).rcode == "NOERROR"
    lists.put("answers", "127.0.0.0/8", action="refused")
    assert ask(WWW, source=BAD).rcode == "NOERROR"


def test_both_in_one_list(lists, ask):
    lists.put("both", BAD, TRUE4, **policy(action="refused", triggers=["client", "address"]))
    assert ask(WWW, source=NEAR).rcode == "REFUSED"
    assert ask("www.evil.example", source=BAD).rcode == "REFUSED"
    assert ask("www.evil.example", source=NEAR).rcode == "NOERROR"


def test_cached_before_by_others(lists, rcode):
    """Cached data of any kind and origin is not served past the list."""
    names = [WWW, "chain.clean.example", "nothing.clean.example", "www.signed.example"]
    before = [rcode(OTHER, name) for name in names]
    lists.put("clients", BAD, **policy(action="refused"))
    for name in names:
        assert rcode(BAD, name) == "REFUSED"
        assert rcode(BAD, name, cd=True) == "REFUSED"
    assert [rcode(OTHER, name) for name in names] == before
    assert [rcode(BAD, name) for name in names] == ["REFUSED"] * len(names)


def test_indicators_come_and_go(lists, rcode):
    lists.put("clients", "192.0.2.1", **policy(action="refused"))
    assert [rcode(BAD), rcode(NEAR)] == ["NOERROR", "NOERROR"]
    lists.add("clients", BAD)
    assert [rcode(BAD), rcode(NEAR)] == ["REFUSED", "NOERROR"]
    lists.remove("clients", BAD)
    lists.add("clients", NEAR)
    assert [rcode(BAD), rcode(NEAR)] == ["NOERROR", "REFUSED"]
    lists.drop("clients")
    assert [rcode(BAD), rcode(NEAR)] == ["NOERROR", "NOERROR"]


def test_trigger_that_is_added_to_a_list(lists, rcode):
    lists.put("clients", BAD, action="refused")
    assert rcode(BAD) == "NOERROR"
    lists.policy("clients", **policy(action="refused"))
    assert rcode(BAD) == "REFUSED"
    lists.policy("clients", action="refused")
    assert rcode(BAD) == "NOERROR"


def test_client_goes_before_a_name_of_the_same_priority(lists, ask, events):
    lists.put("clients", BAD, **policy(action="refused"))
    lists.put("bad", "evil.example", action="nxdomain")
    assert ask("www.evil.example", source=BAD).rcode == "REFUSED"
    assert ask("www.evil.example", source=NEAR).rcode == "NXDOMAIN"
    (hit,) = events.wait({NAME: "www.evil.example", CLIENT: BAD})
    assert hit["sinkwatch"]["trigger"] == "client"
    assert {(one["list"], one["winner"]) for one in hit["sinkwatch"]["hits"]} == {
        ("clients", True),
        ("bad", False),
    }


def test_name_of_a_smaller_priority_goes_first(lists, ask, events):
    lists.put("clients", BAD, **policy(action="refused"))
    lists.put("portal", "clean.example", kind="allow", priority=1)
    assert ask(WWW, source=BAD).addresses == [TRUE4]
    assert ask("www.evil.example", source=BAD).rcode == "REFUSED"
    (hit,) = events.wait({NAME: WWW, CLIENT: BAD})
    assert {(one["list"], one["winner"]) for one in hit["sinkwatch"]["hits"]} == {
        ("clients", False),
        ("portal", True),
    }


def test_client_that_is_exempt(lists, ask, resolver):
    """An allow list of clients costs clean answers nothing: clean answers stay in the cache."""
    lists.put("bad", "evil.example", action="nxdomain")
    lists.put("analysts", BAD, **policy(kind="allow", priority=1))
    for _ in range(2):
        assert ask("www.evil.example", source=BAD).addresses == ["192.0.2.66"]
        assert ask("www.evil.example", source=NEAR).rcode == "NXDOMAIN"
    ask(WWW)
    before = resolver.statistic("total.num.cachehits")
    ask(WWW)
    assert resolver.statistic("total.num.cachehits") == before + 1


def test_shadow(lists, ask, events):
    lists.put("clients", BAD, **policy(action="nxdomain", shadow=True))
    assert ask(WWW, source=BAD).addresses == [TRUE4]
    (hit,) = events.wait({NAME: WWW, CLIENT: BAD})
    assert hit["sinkwatch"]["shadow"] is True


def test_group(lists, rcode):
    lists.put("clients", "127.0.0.0/8", **policy(action="refused", groups=["kids"]))
    assert [rcode("127.1.0.1"), rcode(BAD)] == ["REFUSED", "NOERROR"]


def test_secure_answer(lists, ask):
    lists.put("clients", BAD, **policy(action="nxdomain"))
    answer = ask("www.signed.example", source=BAD, do=True)
    assert (answer.rcode, answer.ad) == ("NXDOMAIN", False)
    answer = ask("www.signed.example", source=NEAR, do=True)
    assert (answer.rcode, answer.ad) == ("NOERROR", True)


def test_nothing_is_asked_upstream_for_a_client_alone(lists, ask, upstream):
    lists.put("clients", BAD, **policy(action="nxdomain"))
    with upstream.hold("slow.example"):
        assert ask("never.slow.example", source=BAD).rcode == "NXDOMAIN"


def test_clients_that_wait_for_one_answer(lists, resolver, upstream, events):
    lists.put("clients", BAD, **policy(action="cname"))
    lists.put("nearby", NEAR, **policy(action="sinkhole"))
    with upstream.hold("slow.example") as hold:
        before = resolver.statistic("total.num.queries")
        pending = [
            resolver.client.send("some.slow.example", source=source)
            for source in (OTHER, BAD, NEAR)
        ]
        upstream.wait_held(hold)
        until(
            lambda: resolver.statistic("total.num.queries") >= before + 3,
            "all questions to have arrived",
        )
    other, bad, near = [one.answer() for one in pending]
    assert other.addresses == ["198.51.100.90"]
    assert (bad.aliases, bad.addresses) == ([GARDEN], [GARDEN4])
    assert near.addresses == [SINK4]
    hits = events.wait({NAME: "some.slow.example"}, count=2)
    assert sorted(hit["client"]["ip"] for hit in hits) == [BAD, NEAR]


def test_answers_are_not_asked_for_again(lists, ask, upstream):
    """All pass through the module, but not to the authority."""
    lists.put("clients", BAD, **policy(action="refused"))
    first = ask("a.slow.example", source=OTHER).addresses
    with upstream.hold("slow.example"):
        assert ask("a.slow.example", source=OTHER).addresses == first
        assert ask("a.slow.example", source=BAD).rcode == "REFUSED"
