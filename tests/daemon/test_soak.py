"""Nothing that clients send ends or starves the resolver: Unbound's own counters before and after
many questions.

SOAK_QUESTIONS=N asks N questions instead of some thousands; `make soak` asks a million.
"""

import os
import sys
from pathlib import Path

import pytest
from harness.process import free_port
from harness.stream import Stream, stream_lines
from harness.wait import until

sys.path.append(str(Path(__file__).resolve().parents[1] / "soak"))

from soak_load import ADDRESS, STREAMS, Load, put_lists  # noqa: E402

QUESTIONS = int(os.environ.get("SOAK_QUESTIONS", "20000"))
QUEUE = 128  # num-queries-per-thread: with 2,048 slots of clients lost, nobody joins a question any more
CONNECTIONS = 60
SLOW = "198.51.100.90"
GROWTH_KIB = 65536  # of memory, beyond the caches that were filled before


@pytest.fixture
def rig(make_resolver, shared_redis, lists_for, upstream, folder):
    ports = {kind: free_port() for kind in ("tls", "https")}
    lines = [
        *stream_lines(folder, ADDRESS, ports["tls"], ports["https"]),
        f"num-queries-per-thread: {QUEUE}",
        f"incoming-num-tcp: {CONNECTIONS}",
        "discard-timeout: 0",  # 1.17.1 and 1.22.0 lose slots by this setting themselves
        "jostle-timeout: 60000",
    ]
    resolver = make_resolver(shared_redis, server=lines, options={"threads": 1}, event_window=5)
    lists = lists_for(resolver, shared_redis)
    lists.wait_state(state="following")
    put_lists(lists)
    upstream.forget()
    return resolver, Load(resolver, ports, upstream)


def connections(resolver):
    return resolver.statistic("total.tcpusage")


def waiting(resolver):
    return resolver.statistic("total.requestlist.current.all")


def at_rest(resolver):
    """Nothing is asked or connected any more; open connections and used slots then."""
    until(lambda: not waiting(resolver) and not connections(resolver), "all questions to be gone")
    assert resolver.statistic("total.requestlist.current.user") == 0
    assert resolver.statistic("mem.streamwait") == 0
    assert resolver.statistic("mem.http.query_buffer") == 0
    assert resolver.statistic("mem.http.response_buffer") == 0
    return resolver.open_files(), resolver.memory_kib()


def all_join(resolver, upstream):
    """Five clients of the same slow name are answered, so no slot of a client is lost."""
    before = resolver.statistic("total.num.queries")
    with upstream.hold("join.slow.example") as hold:
        pending = [resolver.client.send("join.slow.example", source=f"127.0.0.{i}") for i in range(2, 7)]
        upstream.wait_held(hold)
        until(lambda: resolver.statistic("total.num.queries") >= before + 5, "all questions")
    assert [one.answer().addresses for one in pending] == [[SLOW]] * 5


def all_connect(resolver, load):
    """As many connections as there are handlers are served at the same time, each with the right
    answer."""
    for kind in STREAMS:
        streams = [Stream(ADDRESS, load.ports[kind], kind) for _ in range(CONNECTIONS // 2)]
        asked = [stream.send(f"c{i}.many.clean.example") for i, stream in enumerate(streams)]
        for one, stream in zip(asked, streams):
            assert list(stream.answers(1)) == [one]
            stream.close()


def test_counters_before_and_after(rig, upstream):
    resolver, load = rig
    load.run(2000)  # caches are filled, every handler and buffer was used
    files, memory = at_rest(resolver)
    load.run(QUESTIONS)
    files_then, memory_then = at_rest(resolver)
    assert load.unanswered == 0
    assert files_then <= files
    assert memory_then - memory < GROWTH_KIB or resolver.env.sanitizer
    assert resolver.statistic("total.requestlist.exceeded") == 0
    all_join(resolver, upstream)
    all_connect(resolver, load)
    at_rest(resolver)
    print(f"{load.sent} questions, {load.slow_rounds} slow rounds; {memory} KiB, then {memory_then}")
