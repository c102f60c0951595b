"""Somebody types HSET and HDEL, without an entry in the change stream: enforced all the same."""

import time

import pytest
from harness.resolver import SINK4
from harness.wait import FACTOR, until

WWW = "www.evil.example"
TRUE = ["192.0.2.66"]
NEVER = 86400  # seconds between reconciliations


@pytest.fixture
def world(own_redis, make_resolver, lists_for):
    """(resolver, its lists, client); words: what the server tells about written keys; user: changes
    to what everybody may do."""

    def make(words, user=(), **settings):
        own_redis.start()
        own_redis.client.execute_command("ACL", "SETUSER", "default", *user)
        own_redis.client.config_set("notify-keyspace-events", words)
        resolver = make_resolver(own_redis, **settings)
        lists = lists_for(resolver, own_redis)
        lists.wait_state(state="following")
        lists.put("bad", "other.example", action="sinkhole")
        assert resolver.client.ask(WWW).addresses == TRUE
        assert resolver.client.ask(WWW).addresses == TRUE  # from the cache
        return resolver, lists, own_redis.client

    return make


def takes(resolver, addresses):
    """Seconds until the answer is this one."""
    start = time.monotonic()
    until(lambda: resolver.client.ask(WWW).addresses == addresses, f"{WWW} to be {addresses}", 20)
    return time.monotonic() - start


def test_with_notifications_within_a_second(world):
    resolver, lists, client = world("Kgh", reconcile_interval=NEVER)
    key = lists.key("list:bad")
    for _ in range(3):
        client.hset(key, "evil.example", "")
        assert takes(resolver, [SINK4]) < 1.0 * FACTOR
        client.hdel(key, "evil.example")
        assert takes(resolver, TRUE) < 1.0 * FACTOR
    client.rename(key, key + ":staging:aside")
    client.hset(key, "evil.example", "")
    assert takes(resolver, [SINK4]) < 1.0 * FACTOR
    client.hset(lists.key("lists"), "bad", '{"action": "monitor"}')
    assert takes(resolver, TRUE) < 1.0 * FACTOR


def test_a_feed_that_uses_the_stream_makes_nobody_read_lists(world):
    resolver, lists, client = world("Kgh", reconcile_interval=NEVER)
    for i in range(100):
        lists.add("bad", f"n{i}.example")
    lists.remove("bad", *(f"n{i}.example" for i in range(50)))
    lists.replace("bad", "evil.example", "a.example")
    state = lists.wait_state(notices=lambda n: int(n or 0) >= 102)
    time.sleep(1.5 * FACTOR)  # two looks
    assert state["lists_reread"] == "0"
    assert lists.state()["lists_reread"] == "0"
    assert resolver.client.ask(WWW).addresses == [SINK4]


def test_without_notifications_within_the_interval(world):
    resolver, lists, client = world("", reconcile_interval=2)
    key = lists.key("list:bad")
    client.hset(key, "evil.example", "")
    assert takes(resolver, [SINK4]) < (2 * 2 + 1) * FACTOR
    client.hdel(key, "evil.example")
    assert takes(resolver, TRUE) < (2 * 2 + 1) * FACTOR
    assert lists.state()["notices"] == "0"


def test_an_acl_that_forbids_to_subscribe(world):
    resolver, lists, client = world("Kgh", ["resetchannels"], reconcile_interval=2)
    client.hset(lists.key("list:bad"), "evil.example", "")
    assert takes(resolver, [SINK4]) < (2 * 2 + 1) * FACTOR
    assert lists.state()["last_error"] == ""
    assert "no keyspace notifications" in resolver.log()


def test_on_a_replica(folder, own_redis, make_resolver, lists_for):
    """Its own setting counts: writes that reach it from the primary are told there."""
    from harness.process import free_port
    from harness.redis_server import Redis

    port = free_port()
    primary = Redis(folder / "primary", port=port, options=["--repl-diskless-sync-delay", "0"])
    primary.start()
    try:
        own_redis.start()
        own_redis.client.replicaof("127.0.0.1", port)
        own_redis.client.config_set("notify-keyspace-events", "Kgh")
        resolver = make_resolver(
            own_redis, reconcile_interval=NEVER, redis_primary=f"127.0.0.1:{port}"
        )
        lists = lists_for(resolver, primary)
        lists.wait_state(state="following")
        lists.put("bad", "other.example", action="sinkhole")
        primary.client.hset(lists.key("list:bad"), "evil.example", "")
        assert takes(resolver, [SINK4]) < 1.0 * FACTOR
        resolver.stop()
    finally:
        primary.stop()
