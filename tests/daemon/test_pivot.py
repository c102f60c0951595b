"""sinkwatch pivot over several hops: name, addresses, names, ... with owners, dates and limits."""

import json

import pytest
from cli_rig import NONE, USAGE, sw  # noqa: F401

DAY = "2026-11-%02dT00:00:00.000Z"


def see(sw, name, address, day, owner=None, list="", anomalies=()):
    """The history that resolvers keep of a name on an address."""
    seen = {"first": DAY % day, "last": DAY % (day + 1), "count": day}
    more = {"anomalies": list_of(anomalies)} if anomalies else {}
    of_name = {**seen, **(owner or {}), **more}
    sw.redis.hset(sw.key(f"seen:name:{name}"), address, json.dumps(of_name))
    of_addr = {**seen, **({"list": list} if list else {})}
    sw.redis.hset(sw.key(f"seen:addr:{address}"), name, json.dumps(of_addr))


def list_of(words):
    return [str(word) for word in words]


CARRIER = {"asn": 8342, "org": "RTComm.RU", "prefix": "213.24.76.0/23", "registrant": "Agency"}
HOSTER = {"asn": 64500, "org": "Hoster", "prefix": "192.0.2.0/24"}


@pytest.fixture
def case(sw):
    """evil - 213.24.76.23 - registry, other - 192.0.2.9 - far; and back from registry to evil."""
    see(sw, "evil.example", "213.24.76.23", 9, CARRIER, "bad", ["protected-owner state AS8342"])
    see(sw, "evil.example", "192.0.2.1", 2, HOSTER, "bad")
    see(sw, "registry.example", "213.24.76.23", 8)
    see(sw, "other.example", "213.24.76.23", 7)
    see(sw, "other.example", "192.0.2.9", 6, HOSTER)
    see(sw, "far.example", "192.0.2.9", 5)
    see(sw, "registry.example", "192.0.2.1", 3, HOSTER)
    return sw


def ids(graph):
    return {node["id"]: node["hop"] for node in graph["nodes"]}


def test_hops_are_followed_and_end(case):
    (one,) = case.json("pivot", "evil.example", "--hops", "1")
    assert ids(one) == {"evil.example": 0, "213.24.76.23": 1, "192.0.2.1": 1}
    assert one["cut"] == {"max": 0, "hops": 2}
    (four,) = case.json("pivot", "evil.example", "--hops", "4")
    assert ids(four) == {
        **ids(one), "registry.example": 2, "other.example": 2, "192.0.2.9": 3, "far.example": 4,
    }  # fmt: skip
    (all_of_it,) = case.json("pivot", "evil.example", "--hops", "16")
    assert ids(all_of_it) == ids(four) and all_of_it["cut"] == {"max": 0, "hops": 0}
    pairs = [(edge["name"], edge["address"]) for edge in all_of_it["edges"]]
    assert len(pairs) == len(set(pairs)) == 7


def test_other_way_round(case):
    (graph,) = case.json("pivot", "192.0.2.9", "--hops", "3")
    assert ids(graph)["evil.example"] == 3 and ids(graph)["far.example"] == 1
    assert graph["start"] == "192.0.2.9"


def test_owners_dates_and_lists(case):
    (graph,) = case.json("pivot", "evil.example", "--hops", "2")
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert nodes["213.24.76.23"]["owner"] == CARRIER
    assert nodes["evil.example"]["list"] == "bad" and "list" not in nodes["registry.example"]
    edge = next(e for e in graph["edges"] if e["name"] == "evil.example" and e["asn"] == 8342)
    assert (edge["first"], edge["last"], edge["count"]) == (DAY % 9, DAY % 10, 9)
    assert edge["anomalies"] == ["protected-owner state AS8342"]


def test_limit_keeps_what_was_seen_last(case):
    (graph,) = case.json("pivot", "evil.example", "--hops", "5", "--max", "4")
    assert list(ids(graph)) == ["evil.example", "213.24.76.23", "192.0.2.1", "registry.example"]
    assert graph["cut"]["max"] > 0
    out = case("pivot", "evil.example", "--hops", "1", "--max", "4")
    assert "stopped at --hops 1: 2 names and addresses were not followed" in out
    out = case("pivot", "evil.example", "--hops", "5", "--max", "4")
    assert "stopped at --max 4" in out


def test_tree(case):
    lines = case("pivot", "evil.example", "--hops", "4").splitlines()
    assert lines[0].startswith("evil.example  (bad)")
    assert lines[1].startswith("  213.24.76.23  AS8342 RTComm.RU; Agency")
    assert "2026-11-09 00:00 to 2026-11-10 00:00, 9 times" in lines[1]
    assert lines[1].endswith("protected-owner")
    text = "\n".join(lines)
    assert "\n    registry.example" in text and "\n        far.example" in text
    assert text.count("is elsewhere in this tree") == 2  # registry - 192.0.2.1, seen from both


def test_a_wide_address_is_cut(sw):
    for i in range(300):
        see(sw, f"n{i:03d}.example", "192.0.2.1", 1 + i % 20)
    (graph,) = sw.json("pivot", "192.0.2.1", "--hops", "3", "--max", "50")
    assert len(graph["nodes"]) == 50 and graph["cut"]["max"] == 251
    out = sw("pivot", "192.0.2.1", "--hops", "1", "--max", "50")
    assert "251 further sights were left out" in out


def test_hostile_and_broken_entries(sw):
    see(sw, "evil.example", "192.0.2.1", 1, {"org": "\x1b[31mred", "asn": 1})
    sw.redis.hset(sw.key("seen:name:evil.example"), "192.0.2.2", "no json")
    sw.redis.hset(sw.key("seen:addr:192.0.2.1"), "b\x1b[0m.example", json.dumps({"first": 7}))
    out = sw("pivot", "evil.example", "--hops", "3")
    assert "\x1b" not in out and "1 entry is" in sw.err


def test_nothing_and_nonsense(sw):
    assert "nothing was seen" in sw("pivot", "a.example", "--hops", "2", code=NONE)
    sw("pivot", "a.example", "--hops", "0", code=USAGE)
    sw("pivot", "a.example", "--hops", "2", "--max", "1", code=USAGE)
