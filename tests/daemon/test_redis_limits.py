"""A Redis with endless replies, at each step of the conversation: the resolver answers, logs the
fault, stays small, and recovers when the server behaves again (D-095)."""

import itertools

import pytest
from harness.bad_redis import KINDS, BadRedis
from harness.events import NAME
from harness.process import free_port
from harness.redis_server import Redis
from harness.resolver import SINK4
from harness.wait import FACTOR, until
from test_high_availability import certificates  # noqa: F401  (a fixture)

NUMBERS = itertools.count()
MEMORY_KIB = 256 * 1024  # more than at rest: module/REDIS.md names 172 MiB for a single reply
# The first word of a command that only one connection sends, or a greeting of every connection.
STEPS = ["AUTH", "PING", "EXISTS", "INFO", "HSCAN", "XREAD", "EXPIRE", "PSUBSCRIBE", "XADD"]


@pytest.fixture
def redis_on_tcp(folder):
    server = Redis(folder / "redis", port=free_port())
    server.start()
    server.client.acl_setuser(
        "res", enabled=True, passwords=["+pw"], keys=["*"], channels=["*"], categories=["+@all"]
    )
    yield server
    server.stop()


def connect(make_resolver, server, bad, **settings):
    changes = {"redis_socket": None, "redis_host": "127.0.0.1", "redis_port": bad.port}
    changes |= {"redis_user": "res", "redis_password": "pw", "redis_timeout": 300}
    return make_resolver(server, reconcile_interval=1, **{**changes, **settings})


def misbehaves(resolver, lists, bad, step, kind):
    """A kind at a step: noticed, survived, said."""
    logged = len(resolver.log())
    rest = resolver.memory_kib()
    peak = rest
    bad.go_bad(step, kind)

    def noticed():
        nonlocal peak
        # Events for the recorder to write; and answers, whatever the feeder does.
        ask = resolver.client.ask
        assert ask(f"n{next(NUMBERS)}.many.evil.example").addresses == [SINK4]  # at each look
        assert ask("www.clean.example").addresses == ["198.51.100.10"]  # at each look
        peak = max(peak, resolver.memory_kib())
        return bad.hung_up or bad.tolerated

    until(noticed, f"{kind} at {step} to be met")
    assert not bad.tolerated, f"{kind} at {step}: the connection was held"
    bad.go_good()
    words = KINDS[kind][3] if step != "TLS" else "TLS: nothing within"
    if step != "PSUBSCRIBE":  # the first failure alone is told: the other connection does without
        until(
            lambda: words in resolver.log()[logged:] or "nothing within" in resolver.log()[logged:],
            lambda: f"{words!r} in {resolver.log()[logged:]}",
        )
    if FACTOR == 1:
        assert peak - rest < MEMORY_KIB, f"{kind} at {step}: {peak - rest} KiB more"


def recovers(resolver, lists, events):
    name = f"new{next(NUMBERS)}.many.clean.example"
    lists.add("bad", name)  # returns when applied
    assert resolver.client.ask(name).addresses == [SINK4]
    events.wait({NAME: name})
    lists.wait_state(state="following", last_error="")


@pytest.mark.parametrize("step", STEPS)
def test_reply_that_does_not_end(step, redis_on_tcp, make_resolver, lists_for, events_for):
    bad = BadRedis(redis_on_tcp.port)
    resolver = connect(make_resolver, redis_on_tcp, bad)
    lists, events = lists_for(resolver, redis_on_tcp), events_for(resolver, redis_on_tcp)
    lists.put("bad", "evil.example", action="sinkhole")
    try:
        for kind in KINDS:
            misbehaves(resolver, lists, bad, step, kind)
            recovers(resolver, lists, events)
    finally:
        bad.stop()


@pytest.mark.parametrize("step", ["SENTINEL", "ROLE"])
def test_sentinel(step, redis_on_tcp, make_resolver, lists_for, events_for):
    """After the misbehaving sentinel the next is asked: here the same sentinel, later."""
    bad = BadRedis(redis_on_tcp.port)
    resolver = connect(
        make_resolver, redis_on_tcp, bad, redis_sentinel=f"127.0.0.1:{bad.port}"
    )
    lists, events = lists_for(resolver, redis_on_tcp), events_for(resolver, redis_on_tcp)
    lists.put("bad", "evil.example", action="sinkhole")
    try:
        for kind in KINDS:
            misbehaves(resolver, lists, bad, step, kind)
            recovers(resolver, lists, events)
    finally:
        bad.stop()


@pytest.mark.parametrize("step", ["TLS", "XREAD", "XADD"])
def test_over_tls(step, redis_on_tcp, make_resolver, lists_for, events_for, certificates):  # noqa: F811
    bad = BadRedis(redis_on_tcp.port, certificates)
    resolver = connect(
        make_resolver,
        redis_on_tcp,
        bad,
        redis_tls="yes",
        redis_tls_ca=certificates / "ca.crt",
    )
    lists, events = lists_for(resolver, redis_on_tcp), events_for(resolver, redis_on_tcp)
    lists.put("bad", "evil.example", action="sinkhole")
    try:
        for kind in ["drip"] if step == "TLS" else ["drip", "huge string", "line without an end"]:
            misbehaves(resolver, lists, bad, step, kind)
            recovers(resolver, lists, events)
    finally:
        bad.stop()
