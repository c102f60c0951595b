"""Client groups: a list may be for some clients only, decided for each client at the answer."""

import pytest
from harness.events import CLIENT, NAME, TAKEN
from harness.resolver import GARDEN, GARDEN4, SINK4
from harness.wait import until

# The narrow prefix lies within the wide prefix: the longest counts.
RESOLVER = {
    "settings": {"client_group": ['"kids 127.1.0.0/16"', '"guests 127.1.2.0/24 127.3.0.0/16"']},
    "options": {"threads": 1},
}
KID, GUEST, GUEST2, OTHER = "127.1.1.1", "127.1.2.1", "127.3.0.9", "127.0.0.9"
EVERYBODY = [OTHER, KID, GUEST, GUEST2]
TRUE4 = ["198.51.100.90"]


@pytest.fixture
def rcodes(ask):
    return lambda name: [ask(name, source=source).rcode for source in EVERYBODY]


def test_list_for_one_group(lists, rcodes):
    lists.put("bad", "evil.example", action="nxdomain", groups=["kids"])
    for _ in range(2):  # in any order: a client's answer is not the next client's answer
        assert rcodes("evil.example") == ["NOERROR", "NXDOMAIN", "NOERROR", "NOERROR"]


def test_list_for_several_groups(lists, rcodes):
    lists.put("bad", "evil.example", action="refused", groups=["kids", "guests"])
    assert rcodes("evil.example") == ["NOERROR", "REFUSED", "REFUSED", "REFUSED"]


def test_group_that_is_not_known_is_nobody(lists, rcodes):
    lists.put("bad", "evil.example", action="refused", groups=["staff"])
    assert rcodes("evil.example") == ["NOERROR"] * 4


def test_allow_list_for_one_group(lists, rcodes):
    lists.put("bad", "evil.example", action="refused")
    lists.put("ours", "evil.example", kind="allow", priority=1, groups=["guests"])
    assert rcodes("evil.example") == ["REFUSED", "REFUSED", "NOERROR", "NOERROR"]


def test_only_those_it_acts_on_are_recorded(lists, rcodes, events):
    lists.put("bad", "www.evil.example", action="nxdomain", groups=["guests"])
    rcodes("www.evil.example")
    hits = events.wait({NAME: "www.evil.example"}, count=2)
    assert sorted(hit["client"]["ip"] for hit in hits) == [GUEST, GUEST2]
    lists.policy("bad", action="refused")
    rcodes("www.evil.example")
    events.wait({NAME: "www.evil.example", TAKEN: "refused", CLIENT: OTHER})
    assert len(events.wait({NAME: "www.evil.example", TAKEN: "nxdomain"}, count=2)) == 2


def test_policy_that_takes_a_group_in(lists, rcodes):
    lists.put("bad", "evil.example", action="nxdomain", groups=["kids"])
    assert rcodes("evil.example")[2] == "NOERROR"
    lists.policy("bad", action="nxdomain", groups=["guests"])
    assert rcodes("evil.example") == ["NOERROR", "NOERROR", "NXDOMAIN", "NXDOMAIN"]


@pytest.fixture
def waiting(resolver, upstream):
    """Everybody asks for the same name, with the answer held back meanwhile."""

    def ask_all(name, hold):
        before = resolver.statistic("total.num.queries")
        pending = [resolver.client.send(name, source=source) for source in EVERYBODY]
        upstream.wait_held(hold)
        until(
            lambda: resolver.statistic("total.num.queries") >= before + len(EVERYBODY),
            "all questions to have arrived",
        )
        return pending

    return ask_all


def landed(answer):
    return (answer.rcode, answer.aliases, answer.addresses)


TRUTH = ("NOERROR", [], TRUE4)


@pytest.mark.parametrize("indicator", ["198.51.100.90", "one.slow.example"])
def test_groups_that_wait_for_one_answer(lists, waiting, upstream, events, indicator):
    lists.put("for-kids", indicator, action="sinkhole", groups=["kids"])
    lists.put("for-guests", indicator, action="nxdomain", groups=["guests"])
    with upstream.hold("slow.example") as hold:
        pending = waiting("one.slow.example", hold)
    answers = [landed(one.answer()) for one in pending]
    gone = ("NXDOMAIN", [], [])
    assert answers == [TRUTH, ("NOERROR", [], [SINK4]), gone, gone]
    hits = events.wait({NAME: "one.slow.example"}, count=3)
    assert sorted(hit["client"]["ip"] for hit in hits) == sorted([KID, GUEST, GUEST2])


def test_gardens_of_their_own(lists, waiting, upstream):
    lists.put("for-kids", TRUE4[0], action="cname", groups=["kids"])
    lists.put("for-guests", TRUE4[0], action="cname", cname="www.clean.example", groups=["guests"])
    with upstream.hold("slow.example") as hold:
        pending = waiting("two.slow.example", hold)
    other, kid, guest, guest2 = [landed(one.answer()) for one in pending]
    assert other == TRUTH
    assert kid == ("NOERROR", [GARDEN], [GARDEN4])
    assert guest == guest2
    assert guest[1][0] == "www.clean.example" and guest[2]


def test_drop_for_some_who_wait(lists, waiting, upstream, events):
    lists.put("bad", TRUE4[0], action="drop", groups=["kids"])
    with upstream.hold("slow.example") as hold:
        other, kid, *guests = waiting("three.slow.example", hold)
    answers = [one.answer() for one in (other, *guests)]
    assert [landed(a) for a in answers] == [TRUTH] * 3
    (hit,) = events.wait({NAME: "three.slow.example"})
    assert hit["sinkwatch"]["action"] == {"wanted": "drop", "taken": "drop"}
    assert kid.nothing_came()


def test_drop_for_one_who_asks_alone(lists, resolver, ask, events):
    lists.put("bad", "evil.example", action="drop", groups=["kids"])
    assert ask("evil.example", source=OTHER).rcode == "NOERROR"
    pending = resolver.client.send("evil.example", source=KID)
    events.wait({NAME: "evil.example", TAKEN: "drop", CLIENT: KID})
    assert pending.nothing_came()


def test_tcp_only_for_one_group(lists, ask):
    lists.put("bad", "evil.example", action="tcp-only", groups=["kids"])
    assert ask("evil.example", source=KID).tc
    assert not ask("evil.example", source=KID, tcp=True).tc
    assert not ask("evil.example", source=OTHER).tc
