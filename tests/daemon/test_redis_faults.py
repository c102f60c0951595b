"""Redis away, killed, frozen, emptied: the resolver answers, enforces, and catches up."""

import pytest
from harness.events import NAME, read_file
from harness.resolver import SINK4
from harness.wait import until

WWW = "www.evil.example"


def test_redis_away_at_start(own_redis, make_resolver, lists_for):
    resolver = make_resolver(own_redis)
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    own_redis.start()
    lists = lists_for(resolver, own_redis)
    lists.wait_state(state="following")
    lists.put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask(WWW).addresses == [SINK4]


def test_lists_that_were_there_before_the_resolver(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis, start=False)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole", wait=False)
    resolver.start()
    lists.wait_state(state="following")
    assert resolver.client.ask(WWW).addresses == [SINK4]


def test_enforcement_goes_on_and_events_arrive_later(
    own_redis, make_resolver, lists_for, events_for
):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists = lists_for(resolver, own_redis)
    events = events_for(resolver, own_redis)
    lists.put("bad", "evil.example", "203.0.113.0/24", action="sinkhole")
    own_redis.kill()
    for i in range(50):
        assert resolver.client.ask(f"n{i}.many.evil.example").addresses == [SINK4]
    assert resolver.client.ask("four.address.example").addresses == [SINK4]
    assert resolver.client.ask("www.clean.example").addresses == ["198.51.100.10"]
    own_redis.start()
    lists.wait_state(state="following")
    until(lambda: len(names_of(events)) >= 51, "the events kept in the meantime")
    wanted = {f"n{i}.many.evil.example" for i in range(50)} | {"four.address.example"}
    assert sorted(names_of(events)) == sorted(wanted)  # each once
    lists.remove("bad", "evil.example")
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]


def names_of(events):
    return [event["dns"]["question"]["name"] for event in events.all()]


def test_changes_made_while_disconnected_are_applied(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    own_redis.kill()
    own_redis.start()
    lists.replace("bad", "clean.example")
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    assert resolver.client.ask("www.clean.example").addresses == [SINK4]


def test_killed_again_and_again(own_redis, make_resolver, lists_for, events_for):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists = lists_for(resolver, own_redis)
    events = events_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    for i in range(5):
        own_redis.kill()
        assert resolver.client.ask(f"n{i}.many.evil.example").addresses == [SINK4]
        own_redis.start()
        events.wait({NAME: f"n{i}.many.evil.example"})
    lists.wait_state(state="following")
    assert sorted(names_of(events)) == [f"n{i}.many.evil.example" for i in range(5)]


def test_hung_redis_delays_no_answer(own_redis, make_resolver, lists_for, events_for):
    """SIGSTOP: connections stay open and nothing comes back. An answer that waited for Redis would
    wait longer than a client does."""
    own_redis.start()
    resolver = make_resolver(own_redis, redis_timeout=60000)
    lists = lists_for(resolver, own_redis)
    events = events_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    names = [f"n{i}.many.{zone}.example" for i in range(300) for zone in ("evil", "clean")]
    own_redis.freeze()
    try:
        for name in names:
            assert resolver.client.ask(name).rcode == "NOERROR"
    finally:
        own_redis.thaw()
    until(
        lambda: len(set(names_of(events))) == 300,
        lambda: f"300 events, {len(names_of(events))} came",
    )


def test_stops_in_time_while_redis_hangs(own_redis, make_resolver, lists_for):
    """In less time than Redis may take, and than stop() allows."""
    own_redis.start()
    resolver = make_resolver(own_redis, redis_timeout=60000)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    resolver.client.ask(WWW)
    own_redis.freeze()
    try:
        resolver.stop()
    finally:
        own_redis.thaw()


def test_flushall_and_another_list_leave_the_lost_one(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    own_redis.client.flushall()
    lists.put("new", "clean.example", action="sinkhole")
    assert resolver.client.ask("www.clean.example").addresses == [SINK4]
    assert resolver.client.ask(WWW).addresses == [SINK4]
    lists.wait_state(last_error="Redis has lost lists; keeping the last good ones (1): bad")
    assert "bad: Redis has lost the list" in resolver.command("status", check=False)
    assert "there is no list 'bad'" in resolver.command("list", "drop", "bad", check=False)
    resolver.command("list", "drop", "bad", "--lost", "--wait")
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    assert resolver.client.ask("www.clean.example").addresses == [SINK4]
    lists.wait_state(last_error="")


def test_what_is_lost_stays_so_after_a_restart(own_redis, make_resolver, lists_for, folder):
    own_redis.start()
    snapshot = {"snapshot_file": folder / "snapshot", "snapshot_interval": 1}
    resolver = make_resolver(own_redis, **snapshot)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    own_redis.client.flushall()
    lists.put("new", "clean.example", action="sinkhole")
    words = "Redis has lost lists; keeping the last good ones (1): bad"
    lists.wait_state(last_error=words)
    resolver.stop()
    resolver.start()
    lists.wait_state(state="following", last_error=words)
    assert resolver.client.ask(WWW).addresses == [SINK4]
    assert resolver.client.ask("www.clean.example").addresses == [SINK4]


def test_stream_trimmed_past_our_position(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    with own_redis.client.pipeline(transaction=True) as tx:
        tx.hset(lists.key("list:bad"), "clean.example", "")
        tx.hdel(lists.key("list:bad"), "evil.example")
        for i in range(3):
            tx.xadd(
                lists.key("changes"),
                {"op": "add", "list": "bad", "i": f"x{i}.example"},
                maxlen=1,
                approximate=False,
            )
        change_id = tx.execute()[-1]
    lists.wait_applied(change_id)
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    assert resolver.client.ask("www.clean.example").addresses == [SINK4]


def test_plain_hset_is_noticed_by_reconciliation(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis, reconcile_interval=1)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "winsystemsvc.net", action="sinkhole")
    own_redis.client.hset(lists.key("list:bad"), "systemsvc.net", "")
    until(
        lambda: resolver.client.ask("systemsvc.net").addresses == [SINK4],
        "the name written with plain HSET to be enforced",
    )


def test_wrong_password_and_then_the_right_one(own_redis, make_resolver, lists_for):
    own_redis.start()
    own_redis.client.config_set("requirepass", "right")
    own_redis.client.execute_command("AUTH", "right")
    resolver = make_resolver(own_redis, redis_password="wrong")
    until(
        lambda: "WRONGPASS" in resolver.log() or "invalid" in resolver.log(),
        "words about the password",
    )
    assert "wrong" not in resolver.log().replace("WRONGPASS", "")
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]
    own_redis.client.config_set("requirepass", "wrong")
    lists = lists_for(resolver, own_redis)
    lists.wait_state(state="following")


def test_acl_user_over_tcp(folder, make_resolver, lists_for):
    from harness.process import free_port
    from harness.redis_server import Redis

    port = free_port()
    server = Redis(folder / "tcp", port=port)
    server.start()
    try:
        server.client.acl_setuser(
            "res", enabled=True, passwords=["+pw"], keys=["{r*"], categories=["+@all"]
        )
        resolver = make_resolver(
            server,
            redis_socket=None,
            redis_host="127.0.0.1",
            redis_port=port,
            redis_user="res",
            redis_password="pw",
        )
        lists = lists_for(resolver, server)
        lists.wait_state(state="following")
        lists.put("bad", "evil.example", action="sinkhole")
        assert resolver.client.ask(WWW).addresses == [SINK4]
        resolver.stop()
    finally:
        server.stop()


@pytest.mark.parametrize("redis_up", [True, False], ids=["redis-up", "redis-away"])
def test_event_file_is_written_whatever_redis_does(own_redis, make_resolver, lists_for, redis_up):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists_for(resolver, own_redis).put("bad", "evil.example", action="sinkhole")
    if not redis_up:
        own_redis.kill()
    resolver.client.ask(WWW)
    path = resolver.settings["event-file"]
    until(
        lambda: any(e["dns"]["question"]["name"] == WWW for e in read_file(path)),
        "the line in the file",
    )
