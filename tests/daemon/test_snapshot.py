"""The local snapshot: in force from the first query without Redis, or refused with the reason."""

import json
import shutil
import struct
import time
from datetime import datetime, timezone

import pytest
from harness.resolver import SINK4
from harness.wait import until

WWW = "www.evil.example"
TRUE = ["192.0.2.66"]
CLEAN = "www.clean.example"
HEADER_VERSION = 8  # offset in the file (module/index/image_format.h)


def addresses(resolver, name, **options):
    return resolver.client.ask(name, **options).addresses


def snapshot_of(lists):
    return json.loads(lists.state()["snapshot"])


def written(lists):
    """When the writing of the snapshot began, by the clock of this machine."""
    text = snapshot_of(lists)["written"]
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@pytest.fixture
def rig(own_redis, make_resolver, lists_for, folder):
    """A resolver with a list and a snapshot of the list, Redis gone; not running."""
    own_redis.start()
    path = folder / "lists.snapshot"
    resolver = make_resolver(own_redis, snapshot_file=path, snapshot_interval=1)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    write_snapshot(lists)
    resolver.stop()
    own_redis.kill()
    return resolver, lists, path


def write_snapshot(lists, name="bad"):
    """Wait for a file with the lists now in force: a file that is begun from now on."""
    now = datetime.now(timezone.utc)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as precise as a report
    lists.add(name, "more.example")
    until(lambda: written(lists) >= now, "a snapshot of what is in force")


def first_answer(resolver):
    """The first query of all: the harness's own asks for evil.example, which is listed."""
    resolver.launch()
    # an event before the resolver listens is lost, and should not be waited for
    return until(lambda: addresses(resolver, WWW, timeout=0.2), "the first answer")


def test_enforced_from_the_first_query_without_redis(rig, own_redis):
    resolver, lists, path = rig
    assert path.stat().st_mode & 0o777 == 0o600
    assert first_answer(resolver) == [SINK4]
    resolver.says("from snapshot")
    shutil.rmtree(own_redis.folder)  # without data: the last good lists stay
    own_redis.folder.mkdir()
    own_redis.start()
    lists.wait_state(state="following")
    assert addresses(resolver, WWW) == [SINK4]
    lists.wait_state(last_error=lambda text: "keeping the last good" in text)
    assert "snapshot of" in resolver.command("status")


def test_a_reload_goes_on_from_it(rig):
    resolver, _, _ = rig
    assert first_answer(resolver) == [SINK4]
    resolver.reload()
    assert until(lambda: addresses(resolver, WWW), "an answer") == [SINK4]


def test_what_changed_meanwhile_is_followed(own_redis, make_resolver, lists_for, folder):
    own_redis.start()
    path = folder / "lists.snapshot"
    resolver = make_resolver(own_redis, snapshot_file=path, snapshot_interval=1)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "evil.example", action="sinkhole")
    write_snapshot(lists)
    resolver.stop()
    lists.wait = False
    with lists.client.pipeline(transaction=True) as tx:
        tx.hdel(lists.key("list:bad"), "evil.example")
        tx.xadd(lists.key("changes"), {"op": "remove", "list": "bad", "i": "evil.example"})
        tx.hset(lists.key("list:bad"), "clean.example", "")
        tx.xadd(lists.key("changes"), {"op": "add", "list": "bad", "i": "clean.example"})
        tx.execute()
    resolver.start()
    until(lambda: addresses(resolver, CLEAN) == [SINK4], "the change to be followed")
    assert addresses(resolver, WWW) == TRUE
    lists.wait_state(state="following", full_loads="0")


def test_an_end_comes_after_a_start_without_redis(own_redis, make_resolver, lists_for, folder):
    own_redis.start()
    path = folder / "lists.snapshot"
    resolver = make_resolver(own_redis, snapshot_file=path, snapshot_interval=1)
    lists = lists_for(resolver, own_redis)
    lists.put("bad", "clean.example", action="sinkhole")
    end = int(time.time()) + 10
    resolver.command("add", "bad", "evil.example", "--expires", end, "--wait")
    write_snapshot(lists)
    resolver.stop()
    own_redis.kill()
    answer = first_answer(resolver)
    assert answer == [SINK4] or time.time() >= end
    until(lambda: addresses(resolver, WWW) == TRUE, "the end to come")
    assert time.time() >= end - 0.001
    assert addresses(resolver, CLEAN) == [SINK4]


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        octet = file.read(1)[0]
        file.seek(at)
        file.write(bytes([octet ^ 0x10]))


def write(path, at, octets):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(octets)


def version(path, more):
    """The file claims another version of the format."""
    with open(path, "rb") as file:
        file.seek(HEADER_VERSION)
        (now,) = struct.unpack("=I", file.read(4))
    write(path, HEADER_VERSION, struct.pack("=I", now + more))


HARM = {
    "flipped": (lambda path: flip(path, path.stat().st_size // 2), "checksum"),
    "older": (lambda path: version(path, -1), "of the format; this is"),
    "newer": (lambda path: version(path, 1), "of the format; this is"),
    "foreign": (lambda path: write(path, 0, b"REDIS001"), "no snapshot of Sinkwatch"),
    "open": (lambda path: path.chmod(0o640), "mode 0640"),
}


@pytest.mark.parametrize("harm", HARM)
def test_refused_with_the_reason(rig, own_redis, harm):
    resolver, lists, path = rig
    damage, words = HARM[harm]
    damage(path)
    assert first_answer(resolver) == TRUE
    resolver.says("refused: ", words)
    own_redis.start()
    lists.put("bad", "evil.example", action="sinkhole")  # a full load follows
    assert addresses(resolver, WWW) == [SINK4]
    lists.wait_state(snapshot=lambda text: words in json.loads(text)["refused"])
    assert "refused" in resolver.command("status")
