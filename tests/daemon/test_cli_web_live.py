"""The live events of sinkwatch web: the entries that a page got and those passed over make up all
that were written, whether the server stood still, Redis trimmed the stream, or the connection broke. D-225, D-236."""

import json
import os
import signal
import threading
import urllib.request

import pytest
from cli_rig import Command
from harness.desk import Desk
from harness.wait import FACTOR

READ_AT_ONCE, LAG_MAX = 4000, 40000  # of cli/web/web_live.c
HIT = {"@timestamp": "2026-11-20T00:00:00.000Z", "event": {"action": "nxdomain"}, "client": {"ip": "192.0.2.1"},
       "dns": {"question": {"name": "live.example", "type": "A"}}, "sinkwatch": {"list": "bad", "count": 1}}  # fmt: skip


class Follower:
    """A page: adds up the pieces, as cli/web/page/desk.js does."""

    def __init__(self, desk):
        self.base, self.got, self.upto = None, 0, 0
        self.connect(desk)

    def connect(self, desk):
        self.answer = urllib.request.urlopen(desk.url + "api/live", timeout=60 * FACTOR)

    def read(self):
        """The next piece."""
        for line in self.answer:
            if line.startswith(b"data: "):
                piece = json.loads(line[6:])
                break
        entries = piece.get("entries", 0)
        if self.base is None:
            self.base = piece["upto"] - entries
        self.upto, self.got = piece["upto"], self.got + entries
        return piece

    @property
    def passed(self):
        return self.upto - self.base - self.got


@pytest.fixture(scope="module")
def sw(env, session_folder, shared_redis, settings_for):
    folder = session_folder / "web-live"
    folder.mkdir()
    command = Command(env, folder, shared_redis, settings_for(shared_redis, folder))
    command("list", "set", "bad")
    command.script = shared_redis.client.register_script(
        "for i = 1, tonumber(ARGV[1]) do redis.call('XADD', KEYS[1], '*', 'e', ARGV[2]) end"
    )
    command.write = lambda n: command.script(keys=[command.key("events")], args=[n, json.dumps(HIT)])
    yield command
    shared_redis.client.delete(*shared_redis.client.scan_iter(match=command.prefix.replace("{", "?") + "*"))


def catch_up(sw, page, name):
    """Write entries until the page is followed, then one with this name; read until it is there."""
    done = threading.Event()

    def write():
        while not done.wait(0.1):
            sw.write(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        page.read()
    finally:
        done.set()
        writer.join()
    sw.redis.xadd(sw.key("events"), {"e": json.dumps({**HIT, "dns": {"question": {"name": name, "type": "A"}}})})
    while name not in [one["name"] for one in page.read()["sample"]]:
        pass


def test_no_address_of_a_client_with_hide_clients(sw):
    """The indicator of a rule with the trigger client is an address of clients as well."""
    hits = [{**HIT, "dns": {"question": {"name": f"{trigger}.example", "type": "A"}},
             "sinkwatch": {"list": "bad", "count": 1, "trigger": trigger, "indicator": indicator}}
            for trigger, indicator in (("client", "192.0.2.1"), ("address", "203.0.113.9"))]  # fmt: skip
    with Desk(sw, "--hide-clients") as desk:
        page = Follower(desk)
        catch_up(sw, page, "begin.example")
        for hit in hits:
            sw.redis.xadd(sw.key("events"), {"e": json.dumps(hit)})
        pieces = []
        while not any(one["name"] == "address.example" for piece in pieces for one in piece["sample"]):
            pieces.append(page.read())
        text = json.dumps(pieces)
        assert "client.example" in text and "203.0.113.9" in text and "192.0.2.1" not in text
        assert desk.document("clients", name="192.0.2.1")["clients"] == []
        assert len(desk.document("clients", name="203.0.113.9")["clients"]) == 1
        page.answer.close()
        desk.end()


def written(sw):
    return sw.redis.xinfo_stream(sw.key("events"))["entries-added"]


def test_every_entry_is_counted_or_passed_over(sw):
    with Desk(sw) as desk:
        page = Follower(desk)
        catch_up(sw, page, "first.example")
        assert page.passed == 0
        begin, reached = written(sw), page.upto
        for n, passed in ((10, 0), (3 * READ_AT_ONCE, 0), (READ_AT_ONCE + LAG_MAX + 500, LAG_MAX + 500)):
            os.kill(desk.process.pid, signal.SIGSTOP)
            sw.write(n)
            os.kill(desk.process.pid, signal.SIGCONT)
            got, lost, target = page.got, page.passed, page.upto + n
            while page.upto < target:
                page.read()
            assert (page.got - got, page.passed - lost) == (n - passed, passed), n
        page.answer.close()
        sw.write(7)  # nobody follows, or the server does not know that yet
        page.connect(desk)
        catch_up(sw, page, "again.example")
        assert page.upto - reached == written(sw) - begin
        assert page.passed >= LAG_MAX + 500 and page.got + page.passed == page.upto - page.base
        desk.end()


def test_entries_that_redis_trimmed_are_passed_over(sw):
    """Entries that the limit of the stream removed before they were read."""
    with Desk(sw) as desk:
        page = Follower(desk)
        catch_up(sw, page, "begin.example")
        for n, kept in ((30, 10), (2500, 700), (3 * READ_AT_ONCE, READ_AT_ONCE + 1000)):
            os.kill(desk.process.pid, signal.SIGSTOP)
            sw.write(n)
            sw.redis.xtrim(sw.key("events"), maxlen=kept, approximate=False)
            os.kill(desk.process.pid, signal.SIGCONT)
            got, lost, behind = page.got, page.passed, []
            while page.got < got + kept:
                behind.append(page.read().get("behind", 0))
            sw.write(1)
            page.read()
            assert (page.got - got, page.passed - lost) == (kept + 1, n - kept), n
            assert behind == ([1000, 0] if kept > READ_AT_ONCE else [0]), "entries that are gone are not to be read"
        page.answer.close()
        desk.end()
