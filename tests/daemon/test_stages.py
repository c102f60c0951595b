"""A single verdict, reached in any way: question, each alias, answer, in this order (D-091, D-092).

chain.clean -> a.first -> b.second -> c.third (198.51.100.50) is the chain of these tests.
"""

import pytest
from harness.events import LIST, NAME, TAKEN
from harness.resolver import GARDEN, GARDEN4, SINK4

RESOLVER = {
    "settings": {"client_group": ['"kids 127.1.0.0/16"']},
    "options": {"threads": 1},
}
CHAIN = "chain.clean.example"
A, B, C, ADDRESS = "a.first.example", "b.second.example", "c.third.example", "198.51.100.50"
WAYS = {  # to the listed name C: the question, and further members of the list
    "directly": (C, {}),
    "observe": (C, {"observe": True}),
    "by-alias": (B, {}),
    "by-two-aliases": (CHAIN, {}),
}


def got(answer):
    return answer.rcode, answer.aliases, answer.addresses


SUNK = ("NOERROR", [], [SINK4])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("other", ["nothing", "list-for-a-group", "cached-before", "list-of-clients"])
@pytest.mark.parametrize("kind", ["allow", "ioc"])
def test_name_decides_before_its_address(lists, ask, way, other, kind):
    """Whatever the priority of a list with the address, and whether the answer was resolved."""
    name, more = WAYS[way]
    if other == "cached-before":
        assert ask(name).addresses == [ADDRESS]
    lists.put("names", f"={C}", action="sinkhole", priority=1000, **more)
    action = {} if kind == "allow" else {"action": "nxdomain"}
    lists.put("address", ADDRESS, kind=kind, priority=10, **action)
    if other == "list-for-a-group":
        lists.put("kids", f"={C}", action="refused", priority=2000, groups=["kids"])
    if other == "list-of-clients":
        lists.put("clients", "127.99.0.1", action="refused", triggers=["client"])
    for _ in range(2):
        assert got(ask(name)) == SUNK
        assert got(ask(name, source="127.1.0.1")) == SUNK


@pytest.mark.parametrize("priorities", [(10, 1000), (1000, 10), (1000, 1000)])
@pytest.mark.parametrize("names", [("a", "z"), ("z", "a")])
@pytest.mark.parametrize("cached", [False, True])
def test_first_alias_decides(lists, ask, events, priorities, names, cached):
    """Neither the priority nor the name of the list of a later alias counts."""
    if cached:
        assert ask(CHAIN).addresses == [ADDRESS]
    lists.put(names[0], A, action="nxdomain", priority=priorities[0])
    lists.put(names[1], B, action="sinkhole", priority=priorities[1])
    for _ in range(2):
        assert ask(CHAIN).rcode == "NXDOMAIN"
    (hit, *_) = events.wait({NAME: CHAIN, TAKEN: "nxdomain", LIST: names[0]})
    assert [h["winner"] for h in hit["sinkwatch"]["hits"]][0]


def test_what_leaves_the_answer_gives_way_to_a_smaller_number_later(lists, ask):
    lists.put("names", CHAIN, kind="allow", priority=100)
    lists.put("address", ADDRESS, action="nxdomain", priority=100)
    assert ask(CHAIN).addresses == [ADDRESS]
    lists.policy("address", action="nxdomain", priority=99)
    assert ask(CHAIN).rcode == "NXDOMAIN"
    lists.put("alias", B, action="sinkhole", priority=99)
    assert got(ask(CHAIN)) == SUNK


@pytest.mark.parametrize("later", [C, ADDRESS], ids=["name", "address"])
@pytest.mark.parametrize("first", [C, B, ADDRESS], ids=["name", "alias", "address"])
def test_list_in_shadow_mode_changes_nothing(lists, ask, first, later):
    lists.put("trial", first, action="nodata", shadow=True, priority=1)
    assert ask(CHAIN).addresses == [ADDRESS]
    lists.put("names", later, action="nxdomain")
    assert ask(CHAIN).rcode == "NXDOMAIN"
    lists.put("allowed", CHAIN, kind="allow", priority=2)
    assert ask(CHAIN).addresses == [ADDRESS]


@pytest.mark.parametrize("indicator", [C, ADDRESS], ids=["name", "address"])
def test_who_is_spared_by_tcp_only_gets_the_next_rule(lists, ask, indicator):
    lists.put("limit", indicator, action="tcp-only", priority=1)
    lists.put("block", indicator, action="nxdomain")
    for name in (C, CHAIN):
        for _ in range(2):
            assert ask(name).tc
            assert ask(name, tcp=True).rcode == "NXDOMAIN"


def test_tcp_only_by_name_and_a_rule_by_address(lists, ask):
    lists.put("limit", C, action="tcp-only")
    lists.put("block", ADDRESS, action="nxdomain")
    for _ in range(2):
        assert ask(C).tc
        assert ask(C, tcp=True).rcode == "NXDOMAIN"


CLIENT, OTHER = "127.2.1.1", "127.2.1.2"


@pytest.mark.parametrize("name", [C, CHAIN])
def test_client_is_weighed_with_the_whole_answer(lists, ask, name):
    """A client that is exempt from the name's list is not exempt from the address's list, if that
    list goes first."""
    lists.put("names", C, action="sinkhole", priority=1000)
    lists.put("address", ADDRESS, action="nxdomain", priority=10)
    lists.put("staff", CLIENT, kind="allow", triggers=["client"], priority=500)
    for _ in range(2):
        assert got(ask(name, source=OTHER)) == SUNK
        assert ask(name, source=CLIENT).rcode == "NXDOMAIN"
    lists.policy("address", action="nxdomain", priority=600)
    for _ in range(2):
        assert got(ask(name, source=OTHER)) == SUNK
        assert ask(name, source=CLIENT).addresses == [ADDRESS]


# ---- walled gardens ----

COVERED = {
    "name": "garden.example",
    "itself": f"={GARDEN}",
    "address": "198.51.100.0/24",
    "both": "198.51.100.99",
}


@pytest.mark.parametrize("what", COVERED)
@pytest.mark.parametrize("cached", [False, True])
def test_garden_that_its_list_covers_is_reachable(lists, ask, events, what, cached):
    if cached:
        assert ask(GARDEN).addresses == [GARDEN4]
    lists.put("bad", "evil.example", COVERED[what], action="cname")
    for _ in range(2):
        assert got(ask(GARDEN)) == ("NOERROR", [], [GARDEN4])
        assert got(ask(GARDEN.upper())) == ("NOERROR", [], [GARDEN4])
        assert got(ask("www.evil.example")) == ("NOERROR", [GARDEN], [GARDEN4])
    events.wait({NAME: GARDEN, LIST: "bad", TAKEN: "monitor"})


def test_garden_on_a_list_with_another_garden_is_sent_there(lists, ask):
    lists.put("bad", "evil.example", action="cname")
    lists.put("worse", GARDEN, action="cname", cname="www.clean.example")
    assert ask(GARDEN).aliases == ["www.clean.example"]
    assert got(ask("www.evil.example")) == ("NOERROR", [GARDEN], [GARDEN4])


def test_alias_to_a_covered_garden(lists, ask):
    """alias.garden leads to the garden, with an address in a listed prefix."""
    lists.put("bad", "198.51.100.0/24", action="cname")
    assert got(ask("alias.garden.example")) == ("NOERROR", [GARDEN], [GARDEN4])
