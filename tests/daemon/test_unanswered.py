"""Each matched question is recorded, also where Unbound gives the reply up (D-082)."""

import pytest
from harness.events import CLIENT, NAME, TRANSPORT
from harness.stream import Stream
from harness.wait import until

ADDRESS = "127.0.0.1"
SLOW = "198.51.100.90"  # address of every name below slow.example
CLIENTS = [f"127.0.0.{i}" for i in range(2, 8)]
QUEUE = 8  # num-queries-per-thread
RULES = {  # indicator and policy; the name is given as NAME
    "monitor": ("NAME", {"action": "monitor"}),
    "observed": ("NAME", {"action": "nxdomain", "observe": True}),
    "shadow": ("NAME", {"action": "refused", "shadow": True}),
}
ANSWERED = {**RULES, "address": (SLOW, {"action": "sinkhole"}),
            "drop": (SLOW, {"action": "drop"})}  # fmt: skip


@pytest.fixture
def run(make_resolver, shared_redis, lists_for, events_for):
    """run(lines): a resolver with a single worker, with lists and events."""

    def start(*lines):
        resolver = make_resolver(shared_redis, server=lines, options={"threads": 1})
        lists = lists_for(resolver, shared_redis)
        lists.wait_state(state="following")
        return resolver, lists, events_for(resolver, shared_redis)

    return start


def put(lists, rules, rule, name):
    indicator, policy = rules[rule]
    lists.put("bad", indicator.replace("NAME", name), **policy)


def arrived(resolver, count):
    until(lambda: resolver.statistic("total.num.queries") >= count, "all questions to have arrived")


def each_once(events, name, clients):
    """A hit for each client, and no more: a later question is recorded behind all hits."""
    hits = events.wait({NAME: name}, count=len(clients))
    assert sorted(hit["client"]["ip"] for hit in hits) == sorted(clients)


@pytest.mark.parametrize("rule", ANSWERED)
def test_replies_older_than_discard_timeout(run, upstream, rule):
    resolver, lists, events = run("discard-timeout: 200", "jostle-timeout: 60000")
    name = "late.slow.example"
    put(lists, ANSWERED, rule, name)
    before = resolver.statistic("total.num.queries")
    with upstream.hold(name) as hold:
        pending = [resolver.client.send(name, source=source) for source in CLIENTS]
        upstream.wait_held(hold)
        arrived(resolver, before + len(CLIENTS))
        age = resolver.statistic("time.up") + 0.5
        until(lambda: resolver.statistic("time.up") > age, "the replies to be too old")
    each_once(events, name, CLIENTS)
    assert all(one.nothing_came() for one in pending)
    assert resolver.client.ask("www.clean.example").addresses
    each_once(events, name, CLIENTS)


@pytest.mark.parametrize("rule", RULES)
def test_questions_jostled_out_of_the_request_list(run, upstream, rule):
    resolver, lists, events = run(
        f"num-queries-per-thread: {QUEUE}", "jostle-timeout: 1", "discard-timeout: 0"
    )
    put(lists, RULES, rule, "slow.example")
    names = [f"n{i}.slow.example" for i in range(3 * QUEUE)]
    with upstream.hold("slow.example"):
        for i, name in enumerate(names):
            before = resolver.statistic("total.num.queries")
            resolver.client.send(name, source=CLIENTS[i % len(CLIENTS)])
            arrived(resolver, before + 1)
        assert resolver.statistic("total.requestlist.overwritten") >= QUEUE
    taken = len(names) - int(resolver.statistic("total.requestlist.exceeded"))
    hits = events.wait({}, count=taken)
    asked = [hit["dns"]["question"]["name"] for hit in hits]
    assert len(asked) == len(set(asked)) == taken


@pytest.mark.parametrize("rule", RULES)
def test_request_list_is_flushed(run, upstream, rule):
    resolver, lists, events = run("jostle-timeout: 60000")
    put(lists, RULES, rule, "slow.example")
    with upstream.hold("slow.example"):
        before = resolver.statistic("total.num.queries")
        for i, source in enumerate(CLIENTS):
            resolver.client.send(f"f{i}.slow.example", source=source)
        arrived(resolver, before + len(CLIENTS))
        resolver.control("flush_requestlist")
    for i, source in enumerate(CLIENTS):
        each_once(events, f"f{i}.slow.example", [source])


@pytest.mark.parametrize("rule", ANSWERED)
def test_client_that_hangs_up(run, upstream, rule):
    """The client's question is resolved without the client, and another waiting client gets an
    answer."""
    resolver, lists, events = run("jostle-timeout: 60000")
    name = "gone.slow.example"
    put(lists, ANSWERED, rule, name)
    before = resolver.statistic("total.num.queries")
    with upstream.hold(name) as hold:
        stream = Stream(ADDRESS, resolver.port, source=CLIENTS[0])
        stream.send(name)
        upstream.wait_held(hold)
        arrived(resolver, before + 1)
        stream.reset()
        pending = resolver.client.send(name, source=CLIENTS[1])
        arrived(resolver, before + 2)
    each_once(events, name, CLIENTS[:2])
    events.wait({NAME: name, CLIENT: CLIENTS[0], TRANSPORT: "tcp"})
    assert rule == "drop" or pending.answer()


def test_request_list_goes_with_a_reload(run, upstream):
    resolver, lists, events = run("jostle-timeout: 60000")
    lists.put("bad", "slow.example", action="monitor")
    with upstream.hold("slow.example") as hold:
        resolver.client.send("reload.slow.example", source=CLIENTS[0])
        upstream.wait_held(hold)
        resolver.reload()
    each_once(events, "reload.slow.example", CLIENTS[:1])
