"""Bad items in Redis: each is refused by itself, visible in the status; all else applies."""

import json

import pytest

WWW = "www.evil.example"
BAD_INDICATORS = [
    "..",
    "evil..example",
    "a b.example",
    "300.1.2.3",
    "192.0.2.1/33",
    "192.0.2.1/24",
    "2001:db8::/200",
    "AS0",
    "AS99999999999",
    "",
    ".",
    "*.",
    "0.0.0.0/0",
    "::/0",
    "x" * 64 + ".example",
    "x." * 130 + "example",
    "\x00evil.example",
    "\u202eevil",
]
BAD_POLICIES = {
    "unknown-action": ('{"action":"explode"}', "explode"),
    "unknown-member": ('{"acton":"nxdomain"}', "acton"),
    "unknown-kind": ('{"kind":"evil"}', "evil"),
    "not-json": ("nxdomain", "JSON"),
    "array": ("[]", "object"),
    "wrong-type": ('{"priority":"high"}', "priority"),
    "out-of-range": ('{"priority":70000}', "priority"),
    "not-an-address": ('{"action":"sinkhole","sinkhole4":"localhost"}', "sinkhole4"),
    "negative-ttl": ('{"ttl":-1}', "ttl"),
}


def refused(lists, name):
    """Refused items of a list, from the status."""
    return [item for item in json.loads(lists.state()["refused"]) if item["list"] == name]


def counts(text, name):
    """(indicators, refused items) of a list, from the status."""
    state = json.loads(text)[name]
    return state["count"], state["refused"]


@pytest.mark.parametrize("item", BAD_INDICATORS, ids=lambda item: repr(item[:20]))
def test_bad_indicator_is_refused_by_itself(lists, ask, item):
    lists.put("mixed", "systemsvc.net", item, "evil.example", action="refused")
    assert ask(WWW).rcode == "REFUSED"
    assert ask("systemsvc.net").rcode == "REFUSED"
    assert ask("www.clean.example").rcode == "NOERROR"
    lists.wait_state(refused=lambda _: any(entry["why"] for entry in refused(lists, "mixed")))
    lists.wait_state(lists=lambda text: counts(text, "mixed") == (2, 1))


def test_refused_items_are_counted(lists):
    before = int(lists.wait_state(state="following")["items_refused"])
    lists.put("mixed", "a..example", "b..example", "systemsvc.net")
    lists.wait_state(items_refused=lambda n: int(n) == before + 2)


@pytest.mark.parametrize(("text", "word"), list(BAD_POLICIES.values()), ids=list(BAD_POLICIES))
def test_bad_policy_is_refused_with_the_reason(lists, ask, text, word):
    lists.policy_text("odd", text)
    lists.put("fine", "evil.example", action="refused")
    assert ask(WWW).rcode == "REFUSED"
    lists.wait_state(refused=lambda _: any(word in entry["why"] for entry in refused(lists, "odd")))


@pytest.mark.parametrize("facts", ["a note", '{"campaign":', '{"expires":"soon"}', '{"expires":1'])
def test_bad_facts_are_told_and_the_indicator_is_in_force(lists, ask, shared_redis, facts):
    with shared_redis.client.pipeline(transaction=True) as tx:
        tx.hset(lists.key("list:noted"), "evil.example", facts)
        tx.hset(lists.key("lists"), "noted", '{"action":"refused"}')
        tx.xadd(lists.key("changes"), {"op": "replace", "list": "noted"})
        lists.wait_applied(tx.execute()[-1])
    assert ask(WWW).rcode == "REFUSED"
    lists.wait_state(refused=lambda _: any("facts" in one["why"] for one in refused(lists, "noted")))
    lists.wait_state(refused_by_reason=lambda text: json.loads(text)["facts"] >= 1)


def test_bad_policy_leaves_the_former_one_in_force(lists, ask):
    lists.put("bad", "evil.example", action="refused")
    lists.policy_text("bad", '{"action":"explode"}')
    assert ask(WWW).rcode == "REFUSED"
    lists.policy("bad", action="nxdomain")
    assert ask(WWW).rcode == "NXDOMAIN"


def test_wrong_type_under_a_list_key(lists, ask, shared_redis):
    shared_redis.client.set(lists.key("list:odd"), "not a hash")
    lists.policy("odd", action="refused")
    lists.put("fine", "evil.example", action="refused")
    assert ask(WWW).rcode == "REFUSED"
    lists.wait_state(refused=lambda _: refused(lists, "odd"))


def test_list_without_a_policy(lists, ask, shared_redis):
    shared_redis.client.hset(lists.key("list:orphan"), "clean.example", "")
    lists.add("orphan", "winsystemsvc.net")
    lists.put("fine", "evil.example", action="refused")
    assert ask("www.clean.example").rcode == "NOERROR"
    assert ask("winsystemsvc.net").rcode == "NOERROR"
    assert ask(WWW).rcode == "REFUSED"
    lists.wait_state(refused=lambda _: refused(lists, "orphan"))


def test_bad_list_name(lists, ask):
    lists.policy_text("No Such List!", '{"action":"refused"}')
    lists.put("fine", "evil.example", action="refused")
    assert ask(WWW).rcode == "REFUSED"
    lists.wait_state(refused=lambda text: "No Such List!" in text)


@pytest.mark.parametrize(
    "fields",
    [
        ["op", "explode", "list", "fine"],
        ["op", "add"],
        ["list", "fine"],
        ["nothing", "at all"],
        ["op", "add", "list", "no-such-list", "i", "clean.example"],
        ["op", "remove", "list", "fine", "i", "never.was.there.example"],
        ["op", "add", "list", "fine", "i", "..", "i", "clean.example"],
    ],
    ids=" ".join,
)
def test_odd_change_entries_do_no_harm(lists, ask, shared_redis, fields):
    lists.put("fine", "evil.example", action="refused")
    change_id = shared_redis.client.execute_command("XADD", lists.key("changes"), "*", *fields)
    lists.wait_applied(change_id)
    assert ask(WWW).rcode == "REFUSED"


def test_wrong_type_under_the_lists_key(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis, start=False, reconcile_interval=1)
    lists = lists_for(resolver, own_redis)
    own_redis.client.set(lists.key("lists"), "not a hash")
    resolver.start()
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    lists.wait_state(last_error=lambda text: text)
    own_redis.client.delete(lists.key("lists"))
    lists.put("fine", "evil.example", action="refused")
    assert resolver.client.ask(WWW).rcode == "REFUSED"


def test_wrong_type_under_the_changes_key(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis, start=False)
    lists = lists_for(resolver, own_redis)
    own_redis.client.set(lists.key("changes"), "not a stream")
    resolver.start()
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    lists.wait_state(last_error=lambda text: text)
    own_redis.client.delete(lists.key("changes"))
    lists.put("fine", "evil.example", action="refused")
    assert resolver.client.ask(WWW).rcode == "REFUSED"
