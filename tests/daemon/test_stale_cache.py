"""Expired, prefetched and late answers contradict no list either."""

import pytest
from harness.resolver import SINK4
from harness.wait import live, until
from harness.zones import ACTED_ADDRESS

RESOLVER = {
    "server": [
        "serve-expired: yes",
        "serve-expired-ttl: 3600",
        "ede: yes",
        "ede-serve-expired: yes",
        "prefetch: yes",
    ]
}
TRUE4 = ["192.0.2.71"]
BY = [("{}", "name"), ("192.0.2.71", "address")]


def expire(ask, name):
    """Ask until the answer is an expired answer: the answer says so (RFC 8914, code 3: stale
    answer)."""
    until(lambda: 3 in dict(ask(name).ede), f"an expired answer for {name}")


@pytest.mark.parametrize(("indicator", "by"), BY, ids=["name", "address"])
def test_expired_answer_cached_before_listed(lists, resolver, ask, upstream, indicator, by):
    name = f"by-{by}.short.example"
    assert ask(name).addresses == TRUE4
    with upstream.hold(name):  # refreshing takes long: the expired answer stays the only answer
        expire(ask, name)
        lists.put("bad", indicator.format(name), action="sinkhole")
        pending = resolver.client.send(name)
    assert pending.answer().addresses == [SINK4]
    assert ask(name).addresses == [SINK4]


@pytest.mark.parametrize(("indicator", "by"), BY, ids=["name", "address"])
def test_expired_answer_given_after_a_time_out(
    make_resolver, shared_redis, lists_for, upstream, indicator, by
):
    """serve-expired-client-timeout: the client waits a while, then gets the expired answer."""
    server = [*RESOLVER["server"], "serve-expired-client-timeout: 100"]
    resolver = make_resolver(shared_redis, server=server)
    name = f"late-{by}.short.example"
    upstream.forget()
    assert resolver.client.ask(name).addresses == TRUE4
    with upstream.hold(name):
        expire(resolver.client.ask, name)
        lists = lists_for(resolver, shared_redis)
        lists.put("bad", indicator.format(name), action="sinkhole")
        pending = resolver.client.send(name)
    assert pending.answer().addresses == [SINK4]


def test_answers_stay_enforced_while_they_expire_and_are_refreshed(lists, ask, upstream):
    lists.put("bad", "192.0.2.71", action="sinkhole", ttl=0)

    def refreshed():
        assert ask("refresh.short.example").addresses == [SINK4]  # at each look
        return len(upstream.asked("refresh.short.example")) > 3

    until(refreshed, "three refreshed answers")


def test_expired_clean_answers_are_still_served(lists, ask, upstream):
    lists.put("bad", "evil.example", action="sinkhole")
    assert ask("clean.short.example").addresses == TRUE4
    with upstream.hold("clean.short.example"):
        expire(ask, "clean.short.example")
        assert ask("clean.short.example").addresses == TRUE4


def answers_to(ask, action):
    """The answers for an address, and for an alias, of an action; a dropped question is refused over TCP."""
    answers = [ask(f"n.{action}.{how}.acted.example", tcp=action == "drop") for how in ("address", "alias")]
    return [(answer.rcode, answer.addresses, answer.aliases, answer.tc) for answer in answers]


@pytest.mark.parametrize("timeout", [0, 100], ids=["at once", "after a time-out"])
def test_expired_answers_after_failures(make_resolver, shared_redis, lists_for, upstream, timeout):
    """Every action by address and by alias acts on the expired answer as on the resolved answer."""
    server = ["serve-expired: yes", "cache-max-ttl: 1", f"serve-expired-client-timeout: {timeout}"]
    resolver = make_resolver(shared_redis, server=server)
    ask, lists = resolver.client.ask, lists_for(resolver, shared_redis)
    rules = {}
    for action, address in ACTED_ADDRESS.items():
        policy = {"action": action, "observe": True}
        rules[action] = (policy, [address, f"{action}.many.evil.example"])
    lists.put_all(rules)
    lists.put("shadow", "203.0.113.77", action="nxdomain", shadow=True)
    fresh = {action: answers_to(ask, action) for action in ACTED_ADDRESS}
    shadow = ask("net4.address.example").addresses
    assert shadow == ["203.0.113.77"]
    live(2.1)
    for zone in ("acted.example", "evil.example", "address.example"):
        upstream.fail(zone)
    assert {action: answers_to(ask, action) for action in ACTED_ADDRESS} == fresh
    assert ask("net4.address.example").addresses == shadow
    upstream.forget()
