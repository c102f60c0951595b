"""Cards of wide ranges and of large histories in sinkwatch web: an answer has a bounded amount of
work and rows, says what it has not looked at, and all pages together have everything. D-224."""

import ipaddress
import json
import random
import subprocess
import urllib.parse

import pytest
from cli_rig import ROOT, Command
from harness.desk import Desk

NETWORKS = {"10.0.0.0/9": (64500, "Plain Hosting"), "10.128.0.0/9": (64501, "Other Hosting"), "172.16.0.0/12": (64502, "Carrier")}
REGISTRANTS = {"10.1.0.0/16": ("Ministry of Tests", "RU"), "10.200.7.0/24": ("Quiet Ltd", "NL")}
TIMES = {"first": "2026-11-01T00:00:00.000Z", "last": "2026-11-02T00:00:00.000Z", "count": 1}
MANY = 1300  # names of an address, addresses of a name: more than one answer reads
QUESTIONS = {  # a question, and the networks that it stands for
    "0.0.0.0/1": ["10.0.0.0/8"], "128.0.0.0/1": ["172.16.0.0/12"], "10.0.0.0/9": ["10.0.0.0/9"], "10.1.0.0/20": ["10.1.0.0/20"],
    "10.1.0.0/19": ["10.1.0.0/19"], "10.200.7.0/24": ["10.200.7.0/24"], "10.200.7.8/31": ["10.200.7.8/31"], "AS64501": ["10.128.0.0/9"],
    "AS64502": ["172.16.0.0/12"], "registrant:Quiet": ["10.200.7.0/24"], "registrant:Ministry of Tests": ["10.1.0.0/16"],
    "country:RU": ["10.1.0.0/16"], "country:AQ": [], "203.0.113.0/24": [],
}  # fmt: skip


def databases(folder):
    rows = {"asn": "".join(f"{net}\t{asn}\t{org}\n" for net, (asn, org) in NETWORKS.items()),
            "owner": "".join(f"{net}\t{name}\tNET\t{country}\n" for net, (name, country) in REGISTRANTS.items())}  # fmt: skip
    for kind, text in rows.items():
        (folder / f"{kind}.tsv").write_text(text)
        subprocess.run([ROOT / f"scripts/make-{kind}-mmdb", "--quiet", folder / f"{kind}.tsv", folder / f"{kind}.mmdb"], check=True, capture_output=True)
    return {f"{kind}-mmdb": folder / f"{kind}.mmdb" for kind in rows}


def tracked_addresses():
    """{address: seen last}: 5,300, of which few are in 172.16.0.0/12 and seen long ago."""
    rng = random.Random(224)
    found = {f"172.16.{i}.1": 100 + i for i in range(7)}
    for network, n in (("10.0.0.0/9", 1200), ("10.1.0.0/20", 300), ("10.128.0.0/9", 3600), ("10.200.7.0/24", 193)):
        net = ipaddress.ip_network(network)
        while n:
            address = str(net[rng.randrange(net.num_addresses)])
            if address not in found:
                found[address] = rng.randrange(1000, 9000)
                n -= 1
    return found


@pytest.fixture(scope="module")
def room(env, session_folder, shared_redis, settings_for):
    folder = session_folder / "web-pages"
    folder.mkdir()
    settings = {**settings_for(shared_redis, folder), **databases(folder)}
    settings.pop("memory-folder", None)
    command = Command(env, folder, shared_redis, settings)
    command("list", "set", "bad")
    command.tracked = tracked_addresses()
    pipe = shared_redis.client.pipeline(transaction=False)
    pipe.zadd(command.key("tracked"), command.tracked)
    for i, address in enumerate(command.tracked):
        pipe.hset(command.key(f"seen:addr:{address}"), f"n{i}.example", json.dumps({**TIMES, "list": "bad"}))
        pipe.hset(command.key(f"seen:name:n{i}.example"), address, json.dumps({**TIMES, "asn": 64500, "registrant": "Ministry of Tests"}))
    each = json.dumps(TIMES)
    pipe.hset(command.key("seen:addr:192.0.2.1"), mapping={f"m{i}.example": each for i in range(MANY)})
    pipe.hset(command.key("seen:name:many.example"), mapping={str(ipaddress.ip_address("192.0.2.0") + i): each for i in range(MANY)})
    pipe.execute()
    command("add", "bad", "n5.example", "m17.example")
    yield command
    keys = list(shared_redis.client.scan_iter(match=command.prefix.replace("{", "?") + "*"))
    for at in range(0, len(keys), 1000):
        shared_redis.client.delete(*keys[at : at + 1000])


@pytest.fixture(scope="module")
def desk(room):
    with Desk(room) as server:
        yield server
        server.end()


def pages(desk, question):
    """All pages of a card, from the first on."""
    start, found = "", []
    while start is not None:
        card = desk.document("card", q=question, **{"from": start})
        found.append(card)
        start = card["next"]
        assert len(found) < 100, question
    return found


def commands(room):
    """Commands that the server of Redis has run so far."""
    return sum(one["calls"] for one in room.redis.info("commandstats").values())


@pytest.mark.parametrize("question", QUESTIONS)
def test_pages_of_a_range_have_all_addresses(desk, room, question):
    networks = [ipaddress.ip_network(one) for one in QUESTIONS[question]]
    right = {a for a in room.tracked if any(ipaddress.ip_address(a) in one for one in networks)}
    cards, seen = pages(desk, question), []
    for card in cards:
        here = [one["address"] for one in card["addresses"]]
        assert len(here) <= 100 and len(card["names"]) <= 1000
        assert {row["address"] for row in card["names"]} <= set(here)
        assert card["names_of_all"] or " were not read" in " ".join(card["unknown"]), card["unknown"]
        if card["next"] and card["tracked"]:
            assert f"number {card['offset'] + 1} to {card['next']} of {len(room.tracked)}" in " ".join(card["unknown"])
        seen += here
    assert len(seen) == len(set(seen)) and set(seen) == right
    times = [room.tracked[a] for a in seen]
    assert times == sorted(times, reverse=True)
    if cards[-1]["in_range"]:
        assert cards[-1]["in_range"] == len(right)


def test_a_card_of_a_range_asks_a_bounded_number_of_questions(desk, room):
    """A look at 5,300 tracked addresses, of which each has a name."""
    before = commands(room)
    card = desk.document("card", q="0.0.0.0/1")
    assert commands(room) - before < 1000
    assert len(card["addresses"]) == 100 and card["next"]
    assert all(row["holder"]["class"] == "government" and row["holder"]["protected"] for row in card["names"])
    before = commands(room)
    graph = desk.document("graph", q="0.0.0.0/1")
    assert commands(room) - before < 1000 and 40 <= len(graph["nodes"]) <= 160


def rows_of_all(cards, member, key):
    seen = []
    for card in cards:
        assert len(card[member]) <= 100
        seen += [row[key] for row in card[member]]
    return seen


def test_pages_of_a_large_history(desk, room):
    """An address with many names, and a name with many addresses, come in parts."""
    cards = pages(desk, "192.0.2.1")
    names = rows_of_all(cards, "names", "name")
    assert sorted(names) == sorted(f"m{i}.example" for i in range(MANY))
    assert "names more than this part" in " ".join(cards[0]["unknown"]) and not cards[0]["names_of_all"]
    listed = [row["name"] for card in cards for row in card["names"] if row["lists"]]
    assert listed == ["m17.example"]
    cards = pages(desk, "many.example")
    assert len(set(rows_of_all(cards, "addresses", "address"))) == MANY
    assert f"has {MANY} entries" in " ".join(cards[0]["unknown"]) and cards[0]["history_total"] == MANY


def test_begins_of_pages(desk):
    for good in ("", "0", "100", "s0", "s0.100", "999999999"):
        assert desk.document("card", q="many.example", **{"from": good})["kind"] == "name", good
    for bad in ("-1", "x", "s", "s.1", "1.5", "s1.2.3", "9999999999", "s" + 24 * "1", "s1.x", " 1"):
        assert desk.ask(f"api/card?q=many.example&from={bad}".replace(" ", "%20")).status == 400, bad


def found(desk, part):
    """{name: (lists, addresses)} of all looks."""
    start, names = "", {}
    while start is not None:
        data = desk.document("find", q=part, **{"from": start})
        for one in data["names"]:
            lists, addresses = names.setdefault(one["name"], (set(), set()))
            lists.update([one["list"]] if one["list"] else [])
            addresses.update([one["address"]] if one["address"] else [])
        assert start != data["next"]
        start = data["next"]
    return names


def test_names_by_a_part(desk, room):
    """The names on lists and on tracked addresses that contain a text, letter case aside."""
    seen = {f"n{i}.example": address for i, address in enumerate(room.tracked)}
    room.redis.hset(room.key("list:zoo"), mapping={f"*.x{i}.n77.example": "" for i in range(250)})
    room("list", "set", "zoo")
    for part in ("n77", "N299.", "7.example", "nobody", "x24"):
        names = found(desk, part)
        on_lists = {"n5.example", "m17.example", *(f"x{i}.n77.example" for i in range(250))}
        right = {name for name in (*seen, *on_lists) if part.lower() in name}
        assert set(names) == right, part
        for name, (lists, addresses) in names.items():
            assert addresses == ({seen[name]} if name in seen else set()) and (lists != set()) == (name in on_lists), name
    # An address with more names than a reply has: each name is found, or the answer counts the address.
    key = room.key("seen:addr:192.0.2.77")
    room.redis.hset(key, mapping={f"q{i}.example": '{"first":"2026-01-01T00:00:00Z","last":"2026-01-02T00:00:00Z","count":1}' for i in range(20000)})
    room.redis.zadd(room.key("tracked"), {"192.0.2.77": 9999})
    try:
        whole = 0
        for i in range(0, 20000, 999):
            data = desk.document("find", q=f"q{i}.ex", **{"from": "h0"})
            assert [one["name"] for one in data["names"]] == [f"q{i}.example"] or data["partly"] == 1, (i, data)
            whole += data["partly"] == 0
        assert whole
    finally:
        room.redis.zrem(room.key("tracked"), "192.0.2.77")
        room.redis.unlink(key)
    for bad in ("a", "", "a*", "a b", "<b>", "x[1]", "x" * 1500):
        assert desk.ask("api/find?" + urllib.parse.urlencode({"q": bad})).status == 400, bad
    for bad in ("x", "l", "lbad", "lbad:", "lbad:x", "h", "hx", "h1.5", "h9999999999", "l" + "y" * 80 + ":0"):
        assert desk.ask(f"api/find?q=n7&from={bad}").status == 400, bad
    # No octet behind the end of the word is read, which a sanitizer sees.
    for short in ("l", "h", "lx", "x", "l:", "lx:"):
        assert desk.ask(f"api/find?q=ab&from={short}").status == 400, short
