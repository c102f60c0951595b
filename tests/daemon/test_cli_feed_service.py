"""The service that runs the feeds: when they are due, one service of several, whatever dies."""

import contextlib
import os
import resource
import signal

import pytest
from cli_rig import INPUT, NONE, OK, USAGE, bad, sw, text_file  # noqa: F401
from harness.wait import DEADLINE, FACTOR, until
from harness.web import Answer, Web


@pytest.fixture
def web():
    server = Web()
    server.routes["/list"] = Answer("a.example\nb.example\n")
    yield server
    server.stop()


@pytest.fixture
def serve(bad, folder):
    """Start a service; its output goes to a file."""
    running = []

    def start(*words):
        log = folder / f"service{len(running)}.log"
        with log.open("w") as out:
            process = bad.start("feed", "run", "--daemon", "--files", folder, "--lease=3s", *words,
                                stdout=out, stderr=out)  # fmt: skip
        process.log = log
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30 * FACTOR)


def status(sw, name="bad"):
    return sw.redis.hgetall(sw.key(f"feed:{name}"))


def due(sw, name="bad"):
    sw.redis.hset(sw.key(f"feed:{name}"), "next", "2026-01-01T00:00:00Z")


def test_feeds_run_when_they_are_due(bad, serve, web):
    service = serve()
    until(lambda: bad.redis.exists(bad.key("feeds:lease")), "the lease")
    bad("feed", "add", "bad", web.url())
    until(lambda: len(bad.list("bad")) == 2, "the first run")
    until(lambda: status(bad)["outcome"] == "updated", "its status")
    assert "run by: " in bad("feed", "list")
    web.routes["/list"] = Answer("a.example\nc.example\n")
    due(bad)
    until(lambda: "c.example" in bad.list("bad"), "the second run")
    until(lambda: status(bad)["next"] > "2026-02", "its status")
    asked = len(web.asked)
    bad("feed", "pause", "bad")
    due(bad)
    other = Answer("d.example\n")
    web.routes["/other"] = other
    bad("list", "set", "other", "--action", "nxdomain")
    bad("feed", "add", "other", web.url("/other"))
    until(lambda: bad.list("other"), "a run of the feed that is not paused")
    assert [one.path for one in web.asked[asked:]] == ["/other"]
    bad("feed", "resume", "bad")
    until(lambda: "/list" in [one.path for one in web.asked[asked:]], "a run after the pause")
    service.terminate()
    assert service.wait(timeout=30 * FACTOR) == OK
    assert not bad.redis.exists(bad.key("feeds:lease"))
    assert "bad: 2 indicators from the source" in service.log.read_text()


def test_a_failure_is_tried_again_later_and_told(bad, serve, web):
    web.routes["/list"] = Answer("", 500)
    serve()
    bad("feed", "add", "bad", web.url(), "--every=1h")
    for failures in (1, 2, 3):
        until(lambda n=failures: status(bad)["failures"] == str(n), f"failure {failures}", 3 * DEADLINE)
        assert status(bad)["next"] > status(bad)["last_run"]
        due(bad)
    web.routes["/list"] = Answer("a.example\n")
    until(lambda: status(bad)["failures"] == "0", "a success", 3 * DEADLINE)
    assert "feed-recovered" in bad("feed", "log")


def test_a_second_service_stands_by_and_takes_over(bad, serve, web):
    bad("feed", "add", "bad", web.url())
    first = serve()
    until(lambda: status(bad).get("outcome") == "updated", "the first run")
    second = serve()
    until(lambda: "standing by" in second.log.read_text(), "the second service")
    asked = len(web.asked)
    web.routes["/list"] = Answer("c.example\n")
    first.kill()
    first.wait()
    due(bad)
    until(lambda: "c.example" in bad.list("bad"), "a run of the second service")
    assert "running the feeds" in second.log.read_text() and len(web.asked) == asked + 1


def test_a_service_that_was_frozen_does_not_write_over_its_successor(bad, serve, web):
    """The first service is stopped in the middle of a run, and wakes when the second has run it."""
    go = []

    def slow(_request):
        if not go:
            go.append(1)
            until(lambda: len(go) > 1, "the word", 6 * DEADLINE)
            return Answer("old.example\n")
        return Answer("new.example\n")

    web.routes["/list"] = slow
    bad("feed", "add", "bad", web.url())
    first = serve()
    until(lambda: web.asked, "a request of the first service")
    worker = int(bad.redis.get(bad.key("feed:bad:lease")).split()[1])
    for pid in (first.pid, worker):
        os.kill(pid, signal.SIGSTOP)
    try:
        second = serve()
        until(lambda: "running the feeds" in second.log.read_text(), "the second service")
        bad.redis.delete(bad.key("feed:bad:lease"))  # as after its end, a minute later
        until(lambda: bad.list("bad"), "a run of the second service", 3 * DEADLINE)
        until(lambda: status(bad).get("outcome") == "updated", "its status")
    finally:
        go.append(2)
        for pid in (first.pid, worker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    until(lambda: "lease" in first.log.read_text(), "the words of the first service", 3 * DEADLINE)
    assert set(bad.list("bad")) == {"new.example"} and status(bad)["outcome"] == "updated"
    assert len(bad.changes()) == 2  # the policy, and one replacement


def test_a_run_that_dies_is_a_failure_and_no_more(bad, serve, web):
    go = []

    def wait(_request):
        until(lambda: go, "the word", 6 * DEADLINE)
        return Answer("a.example\n")

    web.routes["/list"] = wait
    service = serve()
    bad("feed", "add", "bad", web.url())
    until(lambda: web.asked, "a request")
    worker = int(bad.redis.get(bad.key("feed:bad:lease")).split()[1])
    assert worker != service.pid
    os.kill(worker, signal.SIGKILL)
    until(lambda: status(bad).get("failures") == "1", "the failure")
    assert "signal 9" in status(bad)["problem"] and not bad.redis.exists(bad.key("feed:bad:lease"))
    go.append(1)
    until(lambda: bad.list("bad") or due(bad), "another run", 6 * DEADLINE)


@pytest.mark.skipif(bool(os.environ["SINKWATCH_SANITIZER"]), reason="a sanitizer needs memory of its own")
def test_a_run_without_memory_is_a_failure_and_no_more(bad, serve, web):
    """Its process can write no status: the service does (D-247)."""
    def starve(_request):
        worker = int(until(lambda: bad.redis.get(bad.key("feed:bad:lease")), "the lease").split()[1])
        resource.prlimit(worker, resource.RLIMIT_AS, (1, 1))
        return Answer('{"indicator": "a.example", "note": "' + (64 << 20) * "x" + '"}\n')

    web.routes["/list"] = starve
    serve()
    bad("feed", "add", "bad", web.url(), "--format=json")
    until(lambda: status(bad).get("failures") == "1", "the failure")
    assert "out of memory" in status(bad)["problem"] and not bad.redis.exists(bad.key("feed:bad:lease"))


def test_wrong_definitions_and_a_list_that_is_gone_hold_nobody_up(bad, serve, web, folder):
    for name in ("b", "c", "gone"):
        bad("list", "set", name, "--action", "nxdomain")
    bad.redis.hset(bad.key("feeds"), "aaa", "{")
    bad.redis.hset(bad.key("feeds"), "bbb", '{"source":"x:y","list":"b"}')
    bad.redis.hset(bad.key("feeds"), "ccc", '{"source":"file:/x","list":"c","options":{"format":"doc"}}')
    bad("feed", "add", "gone", web.url())
    bad("list", "drop", "gone", "--yes")
    bad("feed", "add", "bad", web.url())
    service = serve("--jobs=1")
    until(lambda: bad.list("bad"), "a run of the good feed")
    for name in ("bbb", "ccc", "gone"):
        until(lambda n=name: status(bad, n).get("failures") == "1", f"failure of {name}", 3 * DEADLINE)
    assert "no such kind of source" in status(bad, "bbb")["problem"]
    assert "option" in status(bad, "ccc")["problem"]
    assert "no list 'gone'" in status(bad, "gone")["problem"]
    assert service.log.read_text().count("'aaa'") == 1


def test_redis_that_is_away_is_waited_for(own_redis, env, folder, settings_for, web):
    from cli_rig import Command

    own_redis.start()
    sw = Command(env, folder, own_redis, settings_for(own_redis, folder))
    sw("list", "set", "bad", "--action", "nxdomain")
    sw("feed", "add", "bad", web.url())
    log = folder / "service.log"
    with log.open("w") as out:
        service = sw.start("feed", "run", "--daemon", "--lease=3s", stdout=out, stderr=out)
    try:
        until(lambda: status(sw).get("outcome") == "updated", "the first run")
        # A run gives its lease back last. A lease that outlives Redis keeps other runs away for minutes.
        until(lambda: not sw.redis.exists(sw.key("feed:bad:lease")), "the end of the first run")
        own_redis.kill()
        until(lambda: "Redis at" in log.read_text(), "words about Redis")
        own_redis.start()
        web.routes["/list"] = Answer("c.example\n")
        until(lambda: "Redis is back" in log.read_text(), "the connection")
        until(lambda: sw.list("bad") == {"c.example": ""} or due(sw), "another run", 3 * DEADLINE)
    finally:
        service.terminate()
        assert service.wait(timeout=30 * FACTOR) == OK


def test_words_that_make_no_sense(bad):
    bad("feed", "run", code=USAGE)
    bad("feed", "run", "bad", "--daemon", code=USAGE)
    bad("feed", "run", "--daemon", "--lease=1s", code=USAGE)
    bad("feed", "run", "nothing", code=NONE)
