"""unbound-control reload: deinit and init, again and again, with traffic between."""

import threading

from harness.events import NAME
from harness.resolver import SINK4
from harness.wait import until


def reload_and_wait(resolver, lists):
    """Reload, and wait until the new instance has the lists."""
    started = lists.state().get("started")
    resolver.reload()
    lists.wait_state(started=lambda text: text and text != started, state="following")


def traffic(resolver, number):
    questions = [
        {"name": f"n{i}.many.{zone}.example"} for i in range(number) for zone in ("clean", "evil")
    ]
    return resolver.client.ask_many(questions, threads=4)


def test_lists_are_enforced_after_a_reload(lists, resolver, ask):
    lists.put("bad", "evil.example", "203.0.113.5", "AS8342", action="sinkhole")
    reload_and_wait(resolver, lists)
    assert ask("www.evil.example").addresses == [SINK4]
    assert ask("four.address.example").addresses == [SINK4]
    assert ask("as1.network.example").addresses == [SINK4]
    assert ask("www.clean.example").addresses == ["198.51.100.10"]


def test_changes_are_followed_after_a_reload(lists, resolver, ask, events):
    reload_and_wait(resolver, lists)
    lists.put("bad", "evil.example", action="sinkhole")
    assert ask("www.evil.example").addresses == [SINK4]
    events.wait({NAME: "www.evil.example"})


def test_settings_are_read_again(lists, resolver, ask):
    lists.put("bad", "evil.example", action="sinkhole")
    resolver.settings["sinkhole-ipv4"] = "198.18.7.7"
    resolver.write_settings()
    reload_and_wait(resolver, lists)
    assert ask("www.evil.example").addresses == ["198.18.7.7"]
    resolver.settings["sinkhole-ipv4"] = SINK4
    resolver.write_settings()
    reload_and_wait(resolver, lists)


def test_nothing_grows_over_many_reloads(lists, resolver, env):
    """With a list that is large enough for a lost index to show."""
    lists.put(
        "bad", "evil.example", *(f"n{i}.big.example" for i in range(20000)), action="sinkhole"
    )
    half = 50 if env.long else 4 if env.sanitizer else 10
    memory = []
    for i in range(2 * half):
        reload_and_wait(resolver, lists)
        answers = traffic(resolver, 50)
        assert [answer.addresses for answer in answers[1::2]] == [[SINK4]] * 50
        memory.append(resolver.memory_kib())
        if i == half:
            files, threads = resolver.open_files(), resolver.running_threads()
    # A loss with each reload would be `half` more. A single block comes and goes: a connection that
    # the feeder has just made, a socket for a question to a name server.
    until(
        lambda: resolver.open_files() < files + half // 2 and resolver.running_threads() <= threads,
        lambda: f"{files} files and {threads} threads: {resolver.open_files()}, "
        f"{resolver.running_threads()}",
    )
    if not env.sanitizer:  # a sanitizer keeps freed memory aside, and reports leaks itself
        # The heap takes a few steps, mostly early; a lost index of this list would be a step of
        # more than 300 KiB each time.
        steps = sorted(b - a for a, b in zip(memory[half:], memory[half + 1 :]))
        assert steps[len(steps) // 2] < 128, memory
        assert max(memory[half:]) < 1.25 * max(memory[:half]), memory


def test_reload_during_traffic(lists, resolver):
    """Clients keep asking while the module comes and goes; Unbound may refuse, never die."""
    lists.put("bad", "evil.example", action="sinkhole")
    stop = threading.Event()
    failures = []

    def keep_asking():
        while not stop.is_set():
            try:
                traffic(resolver, 5)
            except Exception as error:  # no socket for a moment
                failures.append(error)

    askers = [threading.Thread(target=keep_asking) for _ in range(2)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(5):
            reload_and_wait(resolver, lists)
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    resolver.check_alive()
    assert resolver.client.ask("www.evil.example").addresses == [SINK4]


def test_events_of_the_last_moment_are_written(lists, resolver, ask, events):
    lists.put("bad", "evil.example", action="sinkhole")
    for i in range(20):
        ask(f"n{i}.many.evil.example")
    reload_and_wait(resolver, lists)

    def names():
        hits = (event for event in events.all() if event["event"]["action"] == "sinkhole")
        return {event["dns"]["question"]["name"] for event in hits}

    wanted = {f"n{i}.many.evil.example" for i in range(20)}
    until(lambda: names() == wanted, lambda: f"an event for each of 20 names, {len(names())} came")


def test_reload_while_redis_hangs(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis, redis_timeout=30000)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    own_redis.freeze()
    try:
        resolver.reload()
        until(lambda: resolver.client.ask("www.clean.example").addresses, "an answer after reload")
    finally:
        own_redis.thaw()
    lists.wait_state(state="following")
    until(lambda: resolver.client.ask("www.evil.example").addresses == [SINK4], "enforcement")
