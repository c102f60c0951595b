"""As many lists as the index takes: loaded, changed, reported, shown, kept in a snapshot, dropped."""

import json

import pytest
from harness.events import NAME
from harness.resolver import SINK4
from harness.wait import until
from test_snapshot import write_snapshot

LISTS = 1000
TRUE4 = ["192.0.2.68"]


def listed(i):
    return f"n{i}.many.evil.example"


def write_lists(lists, number=LISTS):
    """A name on each list, in the way of feeds: in a single transaction."""
    made = {
        f"list-{i}": ({"action": "sinkhole", "priority": i}, [listed(i)]) for i in range(number)
    }
    return lists.put_all(made)


@pytest.fixture
def rig(own_redis, make_resolver, lists_for, folder):
    own_redis.start()
    resolver = make_resolver(
        own_redis, snapshot_file=folder / "lists.snapshot", snapshot_interval=1, reconcile_interval=1
    )
    return resolver, lists_for(resolver, own_redis), resolver.client.ask


def enforced(ask, numbers=(0, 1, 499, LISTS - 1)):
    return [ask(listed(i)).addresses for i in numbers] == [[SINK4]] * len(numbers)


def reported(text):
    state = json.loads(text)
    return len(state) == LISTS and all(one["count"] == 1 for one in state.values())


def test_each_is_enforced_and_reported(rig, own_redis, events_for):
    resolver, lists, ask = rig
    events = events_for(resolver, own_redis)
    write_lists(lists)
    assert enforced(ask)
    lists.wait_state(lists=reported)
    hit = events.wait({NAME: listed(499)})[0]
    assert hit["sinkwatch"]["list"] == "list-499"
    shown = [json.loads(line) for line in resolver.command("--json", "list").splitlines()]
    assert len(shown) == LISTS and {one["count"] for one in shown} == {1}
    assert f"list-{LISTS - 1}" in resolver.command("status")
    checked = json.loads(resolver.command("--json", "check", listed(7)))
    assert checked["verdict"]["list"] == "list-7"


def test_one_of_them_changes(rig):
    resolver, lists, ask = rig
    write_lists(lists)
    lists.policy("list-499", action="monitor")
    assert ask(listed(499)).addresses == TRUE4
    lists.replace("list-500", "www.clean.example")
    assert ask(listed(500)).addresses == TRUE4
    assert ask("www.clean.example").addresses == [SINK4]
    lists.client.hset(lists.key("list:list-7"), "four.address.example", "")  # found by reconciliation
    until(lambda: ask("four.address.example").addresses == [SINK4], "the plain write")
    lists.drop(*(f"list-{i}" for i in range(1, LISTS)))
    assert ask(listed(0)).addresses == [SINK4]
    assert ask(listed(999)).addresses == TRUE4
    write_lists(lists)
    assert enforced(ask)


def test_replaced_one_after_the_other(rig):
    """Each replacement needs a separate number for a moment: 1,024 are there."""
    resolver, lists, ask = rig
    write_lists(lists)
    for i in range(0, LISTS, 20):
        lists.replace(f"list-{i}", listed(i), f"more{i}.many.clean.example")
    assert enforced(ask, range(0, LISTS, 20))
    assert [ask(f"more{i}.many.clean.example").addresses for i in (0, 980)] == [[SINK4]] * 2


def test_more_than_there_is_room_for(rig):
    """A list without room is refused by name, and all others are in force. A full load reads the lists
    in the order of Redis's hash, so any list can be one without room."""
    resolver, lists, ask = rig
    write_lists(lists, 1100)
    lists.wait_state(lists=lambda text: "no room for another list" in text)
    state = json.loads(lists.wait_state(state="following")["lists"])
    held = [name for name, one in state.items() if one["count"] == 1 and not one.get("problem")]
    assert LISTS <= len(held) < 1100
    assert enforced(ask, [int(name.removeprefix("list-")) for name in (held[0], held[500], held[-1])])
    lists.drop(*(f"list-{i}" for i in range(500)))
    assert ask(listed(0)).addresses == TRUE4
    until(lambda: enforced(ask, range(500, 1100, 50)), "those that have room now", 30)


def test_start_and_restart(rig, own_redis):
    resolver, lists, ask = rig
    write_lists(lists)
    resolver.stop()
    resolver.start()
    lists.wait_state(state="following", lists=reported)
    assert enforced(ask)
    write_snapshot(lists, "list-0")
    resolver.stop()
    own_redis.kill()
    resolver.start()
    resolver.says(f"{LISTS} lists with {LISTS + 1} indicators in force")
    assert enforced(ask)


def test_made_by_the_command(rig):
    resolver, lists, ask = rig
    for i in range(0, 100):
        resolver.command("list", "set", f"list-{i}", "--action", "sinkhole")
    resolver.command("add", "list-42", "evil.example", "--wait")
    assert ask("www.evil.example").addresses == [SINK4]
