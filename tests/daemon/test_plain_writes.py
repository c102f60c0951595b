"""Somebody types HSET and HDEL, without an entry in the change stream: enforced all the same."""

import pytest
from harness.resolver import SINK4
from harness.wait import until

WWW = "www.evil.example"
TRUE = ["192.0.2.66"]
NEVER = 86400  # seconds between reconciliations


@pytest.fixture
def world(own_redis, make_resolver, lists_for):
    """(resolver, lists, client); words: the server's notices about written keys; user: changes to
    the rights of everybody."""

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


def becomes(resolver, addresses):
    """Wait until the answer is this answer."""
    until(lambda: resolver.client.ask(WWW).addresses == addresses, f"{WWW} to be {addresses}", 20)


def test_with_notifications_no_reconciliation_is_needed(world):
    resolver, lists, client = world("Kgh", reconcile_interval=NEVER)
    key = lists.key("list:bad")
    for _ in range(3):
        client.hset(key, "evil.example", "")
        becomes(resolver, [SINK4])
        client.hdel(key, "evil.example")
        becomes(resolver, TRUE)
    client.rename(key, key + ":staging:aside")
    client.hset(key, "evil.example", "")
    becomes(resolver, [SINK4])
    client.hset(lists.key("lists"), "bad", '{"action": "monitor"}')
    becomes(resolver, TRUE)


def test_a_feed_that_uses_the_stream_makes_nobody_read_lists(world):
    resolver, lists, client = world("Kgh", reconcile_interval=NEVER)
    for i in range(100):
        lists.add("bad", f"n{i}.example")
    lists.remove("bad", *(f"n{i}.example" for i in range(50)))
    lists.replace("bad", "evil.example", "a.example")
    lists.wait_state(notices=lambda n: int(n or 0) >= 102)
    assert resolver.client.ask(WWW).addresses == [SINK4]
    # a plain write is found by a look that comes after the looks of all these notices
    client.hset(lists.key("list:bad"), "clean.example", "")
    ask = resolver.client.ask
    until(lambda: ask("www.clean.example").addresses == [SINK4], "the plain write")
    lists.wait_state(lists_reread="1")


def test_without_notifications_reconciliation_finds_it(world):
    resolver, lists, client = world("", reconcile_interval=2)
    key = lists.key("list:bad")
    client.hset(key, "evil.example", "")
    becomes(resolver, [SINK4])
    client.hdel(key, "evil.example")
    becomes(resolver, TRUE)
    lists.wait_state(notices="0")


def test_an_acl_that_forbids_to_subscribe(world):
    resolver, lists, client = world("Kgh", ["resetchannels"], reconcile_interval=2)
    client.hset(lists.key("list:bad"), "evil.example", "")
    becomes(resolver, [SINK4])
    lists.wait_state(last_error="")
    resolver.says("no keyspace notifications")


def test_on_a_replica(folder, own_redis, make_resolver, lists_for):
    """The replica's own setting counts: writes that arrive from the primary are notified there."""
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
        becomes(resolver, [SINK4])
        resolver.stop()
    finally:
        primary.stop()
