"""Any number of lists on a name or address: priority, kind and group decide, and nothing else
(D-090)."""

import json
import random
import subprocess

import pytest
from harness.events import NAME
from harness.resolver import SINK4
from harness.wait import FACTOR

RESOLVER = {
    "settings": {
        "client_group": [f'"g{i} 127.1.{i}.0/24"' for i in range(1, 32)],
    },
    "options": {"threads": 1},
}
WWW, TRUE4 = "www.evil.example", "192.0.2.66"
PARENTS = {
    "name": [WWW, "=www.evil.example", "evil.example", "example"],
    "address": [TRUE4, "192.0.2.0/24", "192.0.0.0/16"],
}
OTHER = "127.0.0.9"


@pytest.fixture
def cli_check(env, resolver):
    """The command's verdict on a word, by the resolver's own settings."""

    def check(word):
        words = [env.cli, "-c", resolver.settings_path, "--json", "check", word]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60 * FACTOR)
        return json.loads(done.stdout)

    return check


def put_all(lists, made):
    """Many lists at once: name -> (policy, indicators), in this order; enforced on return."""
    with lists.client.pipeline(transaction=True) as tx:
        for name, (policy, indicators) in made.items():
            tx.hset(lists.key("lists"), name, json.dumps(policy))
            lists._change(tx, "policy", name)
            tx.hset(lists.key(f"list:{name}"), mapping=dict.fromkeys(indicators, ""))
            lists._change(tx, "add", name, indicators)
        return lists._done(tx, True)


def shuffled(made, order):
    names = list(made)
    if order == "last":
        names.reverse()
    elif order == "shuffled":
        random.Random(1).shuffle(names)
    return {name: made[name] for name in names}


ORDERS = ["first", "last", "shuffled"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("what", PARENTS)
@pytest.mark.parametrize("n", [64, 1000])
@pytest.mark.parametrize("winner", ["sinkhole", "allow"])
def test_smallest_number_wins(lists, ask, events, cli_check, n, what, order, winner):
    best = {"kind": "allow"} if winner == "allow" else {"action": "sinkhole"}
    best["priority"] = 1
    where = PARENTS[what]
    made = {"best": (best, [where[-1]])}
    for i in range(n - 1):
        made[f"feed{i}"] = ({"action": "nxdomain", "priority": 10 + i % 900}, [where[i % len(where)]])
    put_all(lists, shuffled(made, order))
    answer = ask(WWW)
    assert answer.addresses == ([TRUE4] if winner == "allow" else [SINK4])
    (hit,) = events.wait({NAME: WWW})
    hits = hit["sinkwatch"]["hits"]
    assert (hits[0]["list"], hits[0]["winner"]) == ("best", True)
    assert sum(h["winner"] for h in hits) == 1
    assert len(hits) + hit["sinkwatch"]["hits_more"] == n
    told = cli_check(WWW if what == "name" else TRUE4)
    assert told["verdict"]["list"] == "best"
    assert len(told["matches"]) + told["matches_more"] == n


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("what", PARENTS)
@pytest.mark.parametrize("kind", ["watch", "known", "protected"])
def test_kinds_that_never_act_take_no_seat(lists, ask, events, what, kind, order):
    where = PARENTS[what]
    made = {"bad": ({"action": "nxdomain"}, [where[-1]])}
    for i in range(64):
        made[f"other{i}"] = ({"kind": kind, "priority": 0}, [where[i % len(where)]])
    put_all(lists, shuffled(made, order))
    assert ask(WWW).rcode == "NXDOMAIN"
    (hit,) = events.wait({NAME: WWW})
    assert hit["sinkwatch"]["hits"][0]["list"] == "bad"
    assert hit["sinkwatch"].get("hits_more", 0) == (49 if kind == "watch" else 0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("what", PARENTS)
def test_each_of_31_groups_gets_its_own(lists, ask, what, order):
    where = PARENTS[what]
    made = {}
    for i in range(1, 32):
        made[f"own{i}"] = (
            {"action": "sinkhole", "sinkhole4": f"198.18.1.{i}", "groups": [f"g{i}"]},
            [where[i % len(where)]],
        )
        made[f"also{i}"] = ({"action": "nxdomain", "priority": 2000, "groups": [f"g{i}"]}, [where[0]])
    put_all(lists, shuffled(made, order))
    for i in range(1, 32):
        assert ask(WWW, source=f"127.1.{i}.1").addresses == [f"198.18.1.{i}"]
    assert ask(WWW, source=OTHER).addresses == [TRUE4]


def test_lists_for_groups_that_do_not_exist_hide_nothing(lists, ask):
    made = {f"no{i}": ({"action": "refused", "priority": 0, "groups": [f"x{i}"]}, [WWW]) for i in range(40)}
    made["bad"] = ({"action": "nxdomain"}, ["evil.example"])
    put_all(lists, made)
    assert ask(WWW).rcode == "NXDOMAIN"


@pytest.mark.parametrize("order", ORDERS)
def test_many_lists_of_clients(lists, ask, order):
    made = {}
    for i in range(64):
        made[f"net{i}"] = (
            {"action": "refused", "triggers": ["client"], "priority": 100 + i},
            ["127.3.0.0/24" if i % 2 else "127.3.0.7"],
        )
    made["best"] = ({"action": "nxdomain", "triggers": ["client"], "priority": 1}, ["127.3.0.0/16"])
    put_all(lists, shuffled(made, order))
    assert ask(WWW, source="127.3.0.7").rcode == "NXDOMAIN"
    assert ask("www.clean.example", source="127.3.0.8").rcode == "NXDOMAIN"
    assert ask(WWW, source=OTHER).addresses == [TRUE4]


def test_watched_addresses_push_no_listed_one_out(lists, ask):
    """An answer with 250 addresses of a watched network, and a listed address."""
    lists.put("watched", "198.51.101.0/24", kind="watch", priority=0)
    lists.put("bad", "203.0.113.5", action="nxdomain", priority=60000)
    assert ask("many.large.example", tcp=True).rcode == "NXDOMAIN"
