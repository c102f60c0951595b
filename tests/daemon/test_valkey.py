"""Valkey instead of Redis: lists, events, functions, the rights of the roles, and a server that dies.
D-209."""

import pytest
import redis
from doctor_rig import user_without
from harness.events import NAME
from harness.redis_server import VALKEY, Redis
from harness.resolver import SINK4
from harness.wait import until

pytestmark = pytest.mark.skipif(not VALKEY, reason="this Debian has no valkey-server")
WWW = "www.evil.example"


@pytest.fixture
def valkey(folder):
    server = Redis(folder / "valkey", keep=True, program=VALKEY, options=["--notify-keyspace-events", "Kgh"])
    server.start()
    yield server
    server.stop()


def test_lists_events_and_a_server_that_dies(valkey, make_resolver, lists_for, events_for):
    assert "valkey_version" in valkey.client.info("server")
    resolver = make_resolver(valkey)
    lists = lists_for(resolver, valkey)
    events = events_for(resolver, valkey)
    lists.wait_state(state="following")
    lists.put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask(WWW).addresses == [SINK4]
    events.wait({NAME: WWW})
    valkey.kill()
    assert resolver.client.ask("n1.many.evil.example").addresses == [SINK4]
    valkey.start()
    events.wait({NAME: "n1.many.evil.example"})
    # A write without an entry in the change stream: the notification leads to a look.
    lists.wait_state(state="following")
    valkey.client.hdel(lists.key("list:bad"), "evil.example")
    until(lambda: resolver.client.ask(WWW).addresses == ["192.0.2.66"], "the notification")
    # The functions of `sinkwatch setup`.
    resolver.command("setup", check=False)
    keys = [lists.key(key) for key in ("list:bad", "changes")]
    lists.wait_applied(valkey.client.fcall("sinkwatch_add", 2, *keys, "bad", "evil.example", ""))
    assert resolver.client.ask(WWW).addresses == [SINK4]


def test_users_of_the_roles(valkey):
    """The rules of conf/users.acl are taken, and a user has the rights of the role and no others."""
    for role in ("feed", "resolver", "subscriber", "sweep", "reader", "notifier", "analyst"):
        user_without(valkey.client, role)
    reader = redis.Redis(unix_socket_path=str(valkey.socket), username="reader-x", password="pw")
    assert reader.hgetall("{sinkwatch}:lists") == {}
    for call in (lambda: reader.hset("{sinkwatch}:lists", "a", "{}"), lambda: reader.get("other")):
        with pytest.raises(redis.exceptions.NoPermissionError):
            call()
