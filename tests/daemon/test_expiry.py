"""Indicators that end by themselves, set by the command, with Redis and without."""

import json
import time

from harness.resolver import SINK4
from harness.wait import until

WWW = "www.evil.example"
TRUE = ["192.0.2.66"]
CLEAN = "www.clean.example"


def addresses(resolver, name):
    return resolver.client.ask(name).addresses


def ends(resolver, name, end):
    """The name is sent to the sinkhole until the end, and answered truly from then on."""
    taken = addresses(resolver, name)
    if time.time() < end:
        assert taken == [SINK4]
    until(lambda: addresses(resolver, name) != [SINK4], f"{name} to be answered again")
    assert time.time() >= end - 0.001


def test_an_end_comes_with_redis_killed(own_redis, make_resolver, lists_for):
    own_redis.start()
    resolver = make_resolver(own_redis)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "clean.example", action="sinkhole")
    end = int(time.time()) + 5
    resolver.command("add", "bad", "evil.example", "--expires", end, "--wait")
    own_redis.kill()
    ends(resolver, WWW, end)
    assert addresses(resolver, WWW) == TRUE
    assert addresses(resolver, CLEAN) == [SINK4]


def test_what_the_command_writes(resolver, lists):
    lists.put("bad", action="sinkhole", lifetime=3600)
    resolver.command("add", "bad", "evil.example", "--facts", '{"campaign":"x"}')
    resolver.command("add", "bad", "clean.example", "--expires", "never")
    resolver.command("add", "bad", "evil.example", "--for", "2d", "--wait")
    shown = json.loads(resolver.command("--json", "list", "show", "bad"))["indicators"]
    assert shown["clean.example"] == {}
    assert shown["evil.example"]["campaign"] == "x"
    left = parsed(shown["evil.example"]["expires"]) - time.time()
    assert 2 * 86400 - 600 < left <= 2 * 86400 + 1
    assert addresses(resolver, WWW) == [SINK4]
    resolver.command("add", "bad", "evil.example", "--wait")  # the list's lifetime, once more
    shown = json.loads(resolver.command("--json", "list", "show", "bad"))["indicators"]
    assert parsed(shown["evil.example"]["expires"]) - time.time() <= 3601
    done = resolver.command("add", "bad", "evil.example", "--expires", "2001-01-01T00:00:00Z", check=False)
    assert "has passed: the indicators would never be in force" in done
    assert addresses(resolver, WWW) == [SINK4]


def parsed(text):
    return time.mktime(time.strptime(text[:19] + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) - time.timezone
