"""An alias to a listed name is acted upon when seen, with any result of the target's resolution
(D-083)."""

import pytest
from harness.events import INDICATOR, NAME, TAKEN, TRIGGER, WANTED, field
from harness.resolver import GARDEN, GARDEN4, SINK4
from harness.wait import until

ALIAS = "to-evil.clean.example"  # -> www.evil.example
CHAIN = "chain.clean.example"  # -> a.first.example -> b.second.example -> c.third.example
TRUE4 = "192.0.2.66"
GETS = {  # action: rcode, addresses
    "nxdomain": ("NXDOMAIN", []),
    "nodata": ("NOERROR", []),
    "refused": ("REFUSED", []),
    "sinkhole": ("NOERROR", [SINK4]),
    "cname": ("NOERROR", [GARDEN4]),
}
RESOLVER = {"options": {"threads": 1}, "server": ["discard-timeout: 0"]}
RECORDED = {  # lists that only record: the action taken, the list's policy
    "monitor": ("monitor", {"action": "monitor"}),
    "passthru": ("passthru", {"action": "passthru"}),
    "shadow": ("monitor", {"action": "nxdomain", "shadow": True}),
}


@pytest.fixture(autouse=True)
def afterwards(upstream):
    """Other tests have the same authority."""
    yield
    upstream.forget()


@pytest.fixture
def failing(resolver, upstream):
    upstream.fail("evil.example")


@pytest.mark.parametrize("action", GETS)
def test_listed_alias_is_not_followed(lists, ask, upstream, events, action):
    """Neither the first time nor later is anything asked beyond the alias; the alias itself once."""
    lists.put("bad", "evil.example", action=action)
    for _ in range(3):
        answer = ask(ALIAS)
        assert (answer.rcode, answer.addresses) == GETS[action]
        assert answer.aliases == ([GARDEN] if action == "cname" else [])
    assert upstream.asked("evil.example") == []
    assert len(upstream.asked(ALIAS)) == 1
    hits = events.wait({NAME: ALIAS, TAKEN: action, TRIGGER: "cname"}, count=3)
    assert {field(hit, INDICATOR) for hit in hits} == {"evil.example"}


def test_listed_alias_is_not_followed_for_a_dropped_client(lists, resolver, upstream, events):
    lists.put("bad", "evil.example", action="drop")
    pending = [resolver.client.send(ALIAS) for _ in range(3)]
    events.wait({NAME: ALIAS, TAKEN: "drop"}, count=3)
    assert all(one.nothing_came() for one in pending)
    assert resolver.client.ask(ALIAS, tcp=True).rcode == "REFUSED"
    assert upstream.asked("evil.example") == []


@pytest.mark.parametrize("listed", ["a.first.example", "b.second.example", "c.third.example"])
def test_aliases_are_followed_up_to_the_listed_one(lists, ask, upstream, listed):
    zones = ["first.example", "second.example", "third.example"]
    at = zones.index(listed.partition(".")[2])
    lists.put("bad", listed, action="nxdomain")
    for _ in range(3):
        assert ask(CHAIN).rcode == "NXDOMAIN"
    assert [bool(upstream.asked(zone)) for zone in zones] == [i < at for i in range(3)]


def test_alias_is_followed_where_the_list_observes(lists, ask, upstream, events):
    lists.put("bad", "evil.example", action="nxdomain", observe=True)
    assert ask(ALIAS).rcode == "NXDOMAIN"
    assert upstream.asked("evil.example")
    assert TRUE4 in str(events.wait({NAME: ALIAS})[0])


def test_part_of_an_answer_is_nobodys_true_answer(lists, ask, upstream):
    """An alias that was not followed for a verdict is resolved for the next verdict."""
    lists.put("bad", "evil.example", action="nxdomain")
    assert ask(ALIAS).rcode == "NXDOMAIN"
    lists.policy("bad", action="monitor")
    assert ask(ALIAS).addresses == [TRUE4]
    lists.policy("bad", action="nxdomain", observe=True)
    assert ask(ALIAS).rcode == "NXDOMAIN"
    lists.drop("bad")
    assert ask(ALIAS).addresses == [TRUE4]
    lists.put("bad", "192.0.2.0/24", action="sinkhole")
    assert ask(ALIAS).addresses == [SINK4]


def test_alias_and_allow(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    lists.put("good", ALIAS, kind="allow", priority=1)
    for _ in range(2):
        assert ask(ALIAS).addresses == [TRUE4]


def test_clients_who_wait_get_it_at_once(lists, resolver, upstream):
    lists.put("bad", "evil.example", action="sinkhole")
    upstream.drop("evil.example")
    with upstream.hold(ALIAS) as hold:
        before = resolver.statistic("total.num.queries")
        pending = [resolver.client.send(ALIAS, source=f"127.0.0.{i}") for i in range(2, 8)]
        upstream.wait_held(hold)
        until(lambda: resolver.statistic("total.num.queries") >= before + 6, "all questions")
    assert [one.answer().addresses for one in pending] == [[SINK4]] * 6
    assert upstream.asked("evil.example") == []


@pytest.mark.parametrize("observe", [False, True])
@pytest.mark.parametrize("action", GETS)
def test_servers_of_the_listed_name_fail(failing, lists, ask, events, action, observe):
    lists.put("bad", "evil.example", action=action, observe=observe)
    for _ in range(2):
        answer = ask(ALIAS)
        assert (answer.rcode, answer.addresses) == GETS[action]
    events.wait({NAME: ALIAS, TAKEN: action, TRIGGER: "cname"}, count=2)


@pytest.mark.parametrize("name", ["www.evil.example", ALIAS])
@pytest.mark.parametrize("how", RECORDED)
def test_failure_of_what_is_only_recorded(failing, lists, ask, events, how, name):
    taken, policy = RECORDED[how]
    lists.put("bad", "evil.example", **policy)
    for _ in range(2):
        assert ask(name).rcode == "SERVFAIL"
    events.wait({NAME: name, WANTED: policy["action"], TAKEN: taken}, count=2)


@pytest.mark.parametrize("name", ["www.evil.example", ALIAS])
def test_failure_of_an_exempt_name(failing, lists, ask, events, name):
    """Resolved and from the cache: both are recorded as exempted."""
    lists.put("bad", "evil.example", action="nxdomain")
    lists.put("good", "evil.example", kind="allow", priority=1)
    for _ in range(2):
        assert ask(name).rcode == "SERVFAIL"
    events.wait({NAME: name, TAKEN: "passthru"}, count=2)


@pytest.mark.parametrize("name", ["www.evil.example", ALIAS])
def test_failure_that_some_clients_see(failing, lists, resolver, ask, events, name):
    """A client's rule is acted upon, the other client gets the failure."""
    lists.put("bad", "127.0.0.7", triggers=["client"], action="sinkhole")
    assert ask(name, source="127.0.0.6").rcode == "SERVFAIL"
    assert ask(name, source="127.0.0.7").addresses == [SINK4]
    lists.drop("bad")
    assert ask(name, source="127.0.0.7").rcode == "SERVFAIL"


def test_failure_of_a_listed_name_that_is_observed(failing, lists, ask, events):
    lists.put("bad", "evil.example", action="sinkhole", observe=True)
    assert ask("www.evil.example").addresses == [SINK4]
    events.wait({NAME: "www.evil.example", TAKEN: "sinkhole"})
