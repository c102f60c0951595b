"""sinkwatch top: on a terminal played by a model of the screen, and printed once."""

import datetime
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pyte
import pytest
from cli_rig import NONE, OK, USAGE, Command, event, put, sw  # noqa: F401
from harness.wait import FACTOR, until

# Control characters of a terminal: colour, title, cursor, C1, direction of text; markup.
HOSTILE = "\x1b[31mred\x1b]0;owned\x07\x9b2J\r\n\u202eevil.example<script>"
DOWN, LEFT, RIGHT, F1, F4, F6, F10 = (
    b"\x1b[B", b"\x1b[D", b"\x1b[C", b"\x1b[[A", b"\x1b[[D", b"\x1b[17~", b"\x1b[21~")  # fmt: skip


class Terminal:
    """The command on a pseudo-terminal, and the screen that it draws."""

    def __init__(self, sw, *words, columns=80, lines=24, **env):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.ours, theirs = pty.openpty()
        self._size(columns, lines)
        self.process = subprocess.Popen(
            [str(sw.env.cli), "-c", str(sw.conf), "top", *words],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={**os.environ, "TERM": "linux", **env},
        )  # fmt: skip
        os.close(theirs)

    def _size(self, columns, lines):
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        self.screen.resize(lines, columns)
        self._size(columns, lines)
        self.process.send_signal(signal.SIGWINCH)

    def lines(self):
        while select.select([self.ours], [], [], 0)[0]:
            try:
                data = os.read(self.ours, 65536)
            except OSError:  # the other side was closed
                break
            if not data:
                break
            self.raw += data
            self.stream.feed(data)
        return self.screen.display

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines())

    def shows(self, *words):
        until(lambda: all(word in self.text() for word in words),
              lambda: f"{words} on the screen:\n{self.text()}", 20)  # fmt: skip

    def hides(self, *words):
        until(lambda: not any(word in self.text() for word in words),
              lambda: f"no {words} on the screen:\n{self.text()}", 20)  # fmt: skip

    def press(self, keys):
        os.write(self.ours, keys.encode() if isinstance(keys, str) else keys)

    def wait(self):
        def ended():
            self.lines()  # a full pipe would hold the command up
            return self.process.poll() is not None

        until(ended, "the end of the command", 20)
        return self.process.returncode

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(30 * FACTOR)
        os.close(self.ours)


@pytest.fixture
def top(sw):
    started = []

    def start(*words, of=sw, **options):
        started.append(Terminal(of, *words, **options))
        return started[-1]

    yield start
    for terminal in started:
        terminal.end()


def hit(name, client="192.0.2.53", list="bad", taken="nxdomain", count=1):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    action = {"wanted": taken, "taken": taken}
    return {**event(name, client, list=list, count=count, action=action), "@timestamp": now}


def fill(sw):
    put(sw, "events", *[hit("often.example", f"192.0.2.{i % 3}", count=5) for i in range(9)],
        hit("seldom.example", "2001:db8::1", "other", "sinkhole"), hit(HOSTILE, HOSTILE))  # fmt: skip


def test_views_sorting_filter_tags_help(sw, top):
    fill(sw)
    sw.report("ns1", "0-0", hits=77, last_error="no disk\x1b[2J")
    screen = top()
    screen.shows("top ", " UTC  11 events", "often.example", "seldom.example", "2001:db8::1", "F10Quit")
    assert all(len(line) <= 80 for line in screen.lines())
    screen.press("2")
    screen.shows("Hitsv", "Last client")
    rows = [line.split() for line in screen.lines()[3:6]]
    assert rows[0][0] == "45" and rows[0][3] == "often.example"
    screen.press("I")
    screen.shows("Hits^")
    until(lambda: "often" in screen.lines()[5], "the turned order")
    screen.press("I")
    screen.press(F6 * 3)
    screen.shows("Namev")
    screen.press("/")
    screen.press("SELD")
    screen.hides("often.example")
    screen.press("\n")
    screen.shows("filter: SELD", "seldom.example")
    screen.press(b"\x1b")
    screen.shows("often.example")
    until(lambda: "often" in "".join(screen.lines()[3:5]), "all rows again")
    at = next(i for i, line in enumerate(screen.lines()) if "seldom" in line) - 3
    screen.press(DOWN * at + b" ")
    until(lambda: screen.lines()[3].startswith("*") and "seldom" in screen.lines()[3],
          "the tagged row at the top")  # fmt: skip
    screen.press("U")
    until(lambda: not any(line.startswith("*") for line in screen.lines()), "no tag")
    screen.press(RIGHT)
    screen.shows("Last name", "192.0.2.1")
    screen.press("4")
    screen.shows("other", "sinkhole", "seldom.example")
    screen.press("5")
    screen.shows("ns1", "77", "no disk\\x1b[2J")
    screen.press(F1)
    screen.shows("tagged rows stay at the top")
    screen.press("h")
    screen.hides("tagged rows stay at the top")
    screen.press(F10)
    assert screen.wait() == OK


def test_new_hits_pause_and_clear(sw, top):
    put(sw, "events", hit("first.example"))
    screen = top("--view", "names")
    screen.shows("first.example")
    put(sw, "events", hit("second.example"))
    screen.shows("second.example")
    screen.press("p")
    screen.shows("PAUSED")
    put(sw, "events", hit("third.example"))
    screen.press("c")
    screen.hides("first.example")
    assert "third.example" not in screen.text()
    screen.press("p")
    screen.shows("third.example")
    screen.press("q")
    assert screen.wait() == OK


def test_the_selection_stays_on_its_row(sw, top):
    fill(sw)
    screen = top("--view", "names")
    screen.shows("often.example", "seldom.example")
    at = next(i for i, line in enumerate(screen.lines()) if "seldom" in line)

    def selected():
        lines = screen.lines()
        return [line for y, line in enumerate(lines[:-1])
                if y > 2 and screen.screen.buffer[y][0].reverse]  # fmt: skip

    screen.press(DOWN * (at - 3))
    until(lambda: "seldom.example" in selected()[0], "the selected row")
    put(sw, "events", hit("seldom.example", count=900))
    until(lambda: "901" in selected()[0] and "901" in screen.lines()[3], "the row at the top")
    screen.press("q")
    assert screen.wait() == OK


def test_hostile_texts_are_no_control_sequences(sw, top):
    put(sw, "events", hit(HOSTILE, HOSTILE, HOSTILE, HOSTILE))
    screen = top(columns=200)
    screen.shows("\\x1b[31mred\\x1b]0;owned\\x07")
    for view in "2345":
        screen.press(view)
        screen.shows("1 hits")
    screen.press("2\n")
    screen.shows("filter: \\x1b[31mred")
    screen.press("q")
    assert screen.wait() == OK
    for bad in (b"\x1b[31mred", b"]0;owned", b"\x07", b"\xc2\x9b", "\u202e".encode()):
        assert bad not in screen.raw.replace(b"\\x1b]0;owned", b""), bad
    sw("top", "--once")
    assert not [c for c in sw.out if ord(c) < 32 and c != "\n"] and "\u202e" not in sw.out


def test_the_size_changes(sw, top):
    fill(sw)
    screen = top("--view", "names", columns=132, lines=40)
    screen.shows("often.example")
    for columns, lines in ((80, 24), (60, 12), (200, 50), (41, 6)):
        screen.resize(columns, lines)
        until(lambda: "Hits" in screen.lines()[2] and "F1Help" in screen.lines()[lines - 1],
              lambda: f"a screen of {columns} x {lines}:\n{screen.text()}")  # fmt: skip
    screen.resize(30, 5)
    screen.shows("too small")
    screen.resize(80, 24)
    screen.shows("often.example", "F10Quit")
    screen.press("q")
    assert screen.wait() == OK


def test_redis_is_killed_under_it(env, folder, own_redis, settings_for, top):
    own_redis.start()
    sw = Command(env, folder, own_redis, settings_for(own_redis, folder))
    put(sw, "events", hit("before.example"))
    screen = top("--view", "names", of=sw)
    screen.shows("before.example")
    own_redis.kill()
    screen.shows("Redis at", "Trying again", "before.example")
    own_redis.start()
    put(sw, "events", hit("after.example"))
    screen.shows("after.example", "F10Quit")
    screen.press("q")
    assert screen.wait() == OK


def test_colours_and_none(sw, top):
    fill(sw)
    for env, coloured in ({}, True), ({"NO_COLOR": "1"}, False):
        screen = top(**env)
        screen.shows("often.example")
        screen.press("q")
        assert screen.wait() == OK
        assert (b"\x1b[30" in screen.raw or b"[46m" in screen.raw or b";46" in screen.raw) == coloured


def test_once(sw):
    sw("top", "--once", code=NONE)
    fill(sw)
    text = sw("top", "-b", "--rows", "2")
    assert "often.example" in text and "and 9 more" in text and text.count("\n") < 25
    (data,) = sw.json("top", "--once")
    (row, *others) = data["names"]
    assert row["name"] == "often.example" and row["hits"] == 45
    assert row["last"].endswith("Z") and "\x1b" not in str(others)
    assert [row["list"] for row in data["lists"]] == ["bad", "other"]
    (data,) = sw.json("top", "--once", "--view", "clients", "-F", "DB8")
    assert [row["client"] for row in data["clients"]] == ["2001:db8::1"] and "names" not in data

    def last_minute():
        put(sw, "events", hit("now.example"))
        (data,) = sw.json("top", "--once", "-F", "now.example")
        return data["names"][0]["1_min"] > 0

    until(last_minute, "hits of the last minute")
    sw("top", code=USAGE)
    assert "no terminal" in sw.err
    sw("top", "--view", "cats", code=USAGE)


def many(sw, n):
    """So many hits of one client, each of another name."""
    event = ('{"client":{"ip":"192.0.2.1"},"dns":{"question":{"name":"n%d.example"}},'
             '"sinkwatch":{"list":"bad","count":1}}')  # fmt: skip
    script = ("for i = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', 'e', "
              "string.format(ARGV[2], i)) end")  # fmt: skip
    sw.redis.eval(script, 1, sw.key("events"), n, event)


def test_more_names_than_rows_are_kept(sw):
    """A tally has an end: the names not seen for longest go, and their number is said."""
    many(sw, 10500)
    (data,) = sw.json("top", "--once", "-n", "20000", "--rows", "1000")
    assert len(data["names"]) == 1000 and data["names_forgotten"] == 5000 and data["more"] == {"names": 4500}
    assert data["lists"][0]["hits"] == data["events_read"] == 10500


def test_an_event_from_before_1970_is_counted_once(sw):
    put(sw, "events", {**hit("old.example"), "@timestamp": "1969-12-31T23:59:50Z"})
    (data,) = sw.json("top", "--once")
    assert data["names"][0]["hits"] == 1


def test_rows_go_while_the_screen_is_too_small(sw, top):
    """Keys find the rows of now, not the rows that were forgotten since the last drawing."""
    old = "2020-01-01T00:00:00Z"
    put(sw, "events", *[{**hit(name), "@timestamp": old} for name in ("a.example", "b.example")])
    screen = top("--view", "names")
    screen.shows("a.example", "b.example")
    screen.resize(30, 5)
    screen.shows("too small")

    def reads():
        return sw.redis.info("commandstats")["cmdstat_xread"]["calls"]

    before = reads()
    many(sw, 12000)
    until(lambda: reads() > before + 14, "all events are read")
    screen.press(DOWN + DOWN + b" ")
    screen.resize(80, 24)
    screen.shows("12002 events", "rows gone")
    screen.press("q")
    assert screen.wait() == OK


def test_more_events_than_it_reads_are_counted(sw, top):
    screen = top("--view", "lists")
    screen.shows("nothing yet")
    screen.press("p")
    screen.shows("PAUSED")
    many(sw, 30000)
    screen.press("p")
    screen.shows("30000 events", "rows gone")
    assert re.search(r"sampled: \d+ unread", screen.text())
    screen.press("q")
    assert screen.wait() == OK
