"""Action drop: a client on UDP gets no answer, a client on a stream is refused (D-080); nobody else
notices."""

import itertools

import pytest
from harness.events import NAME, TAKEN, TRANSPORT, WANTED
from harness.process import free_port
from harness.stream import Stream, stream_lines
from harness.wait import until

ADDRESS = "127.0.0.1"
QUEUE = 32  # num-queries-per-thread; Unbound takes 16 times as many clients for a worker
SLOW = "198.51.100.90"  # address of every name below slow.example
STREAMS = ["tcp", "tls", "https"]
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def ports():
    return {kind: free_port() for kind in ("tls", "https")}


@pytest.fixture
def run(make_resolver, shared_redis, lists_for, events_for, folder, ports):
    """run(): a resolver with a single worker that takes few questions at a time, with lists and
    events."""

    def start(server=()):
        lines = [f"num-queries-per-thread: {QUEUE}", "discard-timeout: 0", "jostle-timeout: 60000"]
        lines += stream_lines(folder, ADDRESS, ports["tls"], ports["https"])
        resolver = make_resolver(shared_redis, server=[*lines, *server], options={"threads": 1})
        lists = lists_for(resolver, shared_redis)
        lists.wait_state(state="following")
        return resolver, lists, events_for(resolver, shared_redis)

    return start


def connect(resolver, ports, kind, source=ADDRESS):
    return Stream(ADDRESS, ports.get(kind, resolver.port), kind, source)


def arrived(resolver, count):
    until(lambda: resolver.statistic("total.num.queries") >= count, "all questions to have arrived")


def all_get_an_answer(resolver, upstream, clients=5):
    """Clients that ask for the same slow name together: the first begins the resolution, the others
    join."""
    name = f"join{next(NUMBERS)}.slow.example"
    before = resolver.statistic("total.num.queries")
    with upstream.hold(name) as hold:
        pending = [resolver.client.send(name, source=f"127.0.0.{i + 2}") for i in range(clients)]
        upstream.wait_held(hold)
        arrived(resolver, before + clients)
    return [one.answer().addresses for one in pending] == [[SLOW]] * clients


RULES = {  # indicator, policy: dropped by the name at once, by name, alias and address when resolved
    "name": ("drop.slow.example", {}),
    "observed": ("drop.slow.example", {"observe": True}),
    "address": (SLOW, {}),
}


@pytest.mark.parametrize("rule", RULES)
def test_dropped_replies_are_not_counted_as_waiting(run, upstream, rule):
    """Of all earlier dropped clients no slot is left taken."""
    resolver, lists, _ = run()
    indicator, policy = RULES[rule]
    lists.put("bad", indicator, action="drop", **policy)
    total = 16 * QUEUE + 200
    for _ in range(0, total, 100):
        before = resolver.statistic("total.num.queries")
        pending = [resolver.client.send("drop.slow.example") for _ in range(100)]
        arrived(resolver, before + len(pending))
        assert all(one.nothing_came() for one in pending)
    lists.drop("bad")
    assert all_get_an_answer(resolver, upstream)
    assert resolver.statistic("total.requestlist.exceeded") == 0
    assert resolver.statistic("total.requestlist.current.all") == 0
    assert resolver.statistic("total.requestlist.current.user") == 0


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("rule", RULES)
def test_dropped_client_on_a_stream_is_refused(run, upstream, ports, kind, rule):
    """The other questions on that connection are answered."""
    resolver, lists, events = run()
    indicator, policy = RULES[rule]
    lists.put("bad", indicator, action="drop", **policy)
    with upstream.hold("slow.example"), connect(resolver, ports, kind) as stream:
        refused = [stream.send("drop.slow.example", edns=edns) for edns in (False, True)]
        clean = stream.send("www.clean.example")
        answers = stream.answers(1 if rule != "name" else 3)
        assert answers[clean].addresses == ["198.51.100.10"]
        upstream.forget()
        answers |= stream.answers(3 - len(answers))
        assert [answers[one].rcode for one in refused] == ["REFUSED"] * 2
        assert [answers[one].ede for one in refused] == [[], [(17, "bad")]]
        again = stream.send("www.clean.example")
        assert stream.answers(1)[again].addresses == ["198.51.100.10"]
    events.wait({NAME: "drop.slow.example", WANTED: "drop", TAKEN: "refused"}, count=2)


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("rule", ["observed", "address"])
def test_two_connections_that_ask_in_turn(run, upstream, ports, kind, rule):
    """A connection waits twice for the same name, another in between: then others are served."""
    resolver, lists, _ = run()
    indicator, policy = RULES[rule]
    lists.put("bad", indicator, action="drop", **policy)
    for _ in range(4):
        before = resolver.statistic("total.num.queries")
        with upstream.hold("slow.example") as hold:
            streams = [connect(resolver, ports, kind) for _ in range(2)]
            for i, turn in enumerate((0, 1, 0)):
                streams[turn].send("drop.slow.example")
                arrived(resolver, before + i + 1)
            upstream.wait_held(hold)
        for stream, count in zip(streams, (2, 1)):
            assert [a.rcode for a in stream.answers(count).values()] == ["REFUSED"] * count
            stream.close()
        others = [connect(resolver, ports, kind) for _ in range(4)]
        for stream in others:
            stream.send("www.clean.example")
        for stream in others:
            (answer,) = stream.answers(1).values()
            assert answer.addresses == ["198.51.100.10"]
            stream.close()
        resolver.forget_answers()
        resolver.check_alive()


def test_drop_concerns_each_client_alone(run, upstream):
    """Of clients that wait together some are dropped, some refused, some get the true answer."""
    resolver, lists, events = run()
    lists.put("bad", "127.0.0.2", "127.0.0.4", triggers=["client"], action="drop")
    name = "mixed.slow.example"
    sources = [f"127.0.0.{i}" for i in range(2, 6)]
    before = resolver.statistic("total.num.queries")
    with upstream.hold(name) as hold:
        udp = [resolver.client.send(name, source=source) for source in sources]
        tcp = [resolver.client.send_tcp(name, source=source) for source in sources]
        upstream.wait_held(hold)
        arrived(resolver, before + 8)
    assert [one.answer().rcode for one in tcp] == ["REFUSED", "NOERROR"] * 2
    assert [udp[i].answer().addresses for i in (1, 3)] == [[SLOW]] * 2
    assert udp[0].nothing_came() and udp[2].nothing_came()
    events.wait({NAME: name, TAKEN: "drop", TRANSPORT: "udp"}, count=2)
    events.wait({NAME: name, TAKEN: "refused", TRANSPORT: "tcp"}, count=2)
    lists.drop("bad")
    assert all_get_an_answer(resolver, upstream)
