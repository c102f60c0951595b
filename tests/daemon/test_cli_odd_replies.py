"""Every sub-command and each view of sinkwatch web, with each reply of Redis in turn replaced by a
reply of another type: no crash, an end in time, and the fault named. The next look at a view is
right again."""

import json
import os
import signal
import threading
import urllib.error
import urllib.request

import pytest
from cli_rig import TIME, Command
from harness.odd_redis import ODD, OddRedis
from harness.redis_server import Redis
from harness.wait import FACTOR, until

STEPS_MAX = 100  # replies of one run that are replaced in turn
KINDS = list(ODD)  # of odd replies
ANOMALY = {
    "@timestamp": TIME,
    "event": {"action": "shared-address"},
    "sinkwatch": {"anomaly": {"type": "shared-address", "name": "evil.example", "address": "192.0.2.9"}},
}
# fill() makes the further data that a row needs. Words of the command, and the text on standard
# input.
RUNS = [
    (["list"], ""),
    (["list", "show", "bad"], ""),
    (["list", "set", "bad", "--action", "nodata"], ""),
    (["list", "set", "new", "--action", "nodata"], ""),
    (["list", "drop", "bad", "--yes"], ""),
    (["add", "bad", "a.example", "192.0.2.7"], ""),
    (["add", "bad", "a.example", "--expires", "2099-01-01T00:00:00Z", "--wait=1"], ""),
    (["remove", "bad", "evil.example", "none.example"], ""),
    (["import", "bad", "-"], "a.example\nb.example\n"),
    (["import", "--replace", "--max-shrink=100", "bad", "-"], "a.example\nb.example\n"),
    (["rollback", "bad"], ""),
    (["setup"], ""),
    (["setup", "--check"], ""),
    (["check", "www.evil.example"], ""),
    (["pivot", "evil.example"], ""),
    (["pivot", "192.0.2.9"], ""),
    (["pivot", "192.0.2.0/24"], ""),
    (["report", "--since", "9d"], ""),
    (["events"], ""),
    (["anomalies"], ""),
    (["status"], ""),
    (["metrics"], ""),
    (["top", "--once"], ""),
]
RECORDS = '{"resolver":"ns1","records":1,"end":"all"}\n' + json.dumps(
    {"rrname": "evil.example", "rrtype": "A", "rdata": "192.0.2.9", "time_first": 1764000000,
     "time_last": 1764000060, "count": 1})  # fmt: skip
CHANGE = {"list": "bad", "indicators": ["a.example", "192.0.2.7", "evil.example"]}
VIEWS = [
    ("search?q=evil.example", None),
    ("card?q=www.evil.example", None),
    ("card?q=192.0.2.9", None),
    ("card?q=192.0.2.8/30", None),
    ("card?q=AS64500", None),
    ("card?q=192.0.0.0/12", None),
    ("find?q=evil", None),
    ("graph?q=evil.example", None),
    ("clients?name=evil.example", None),
    ("anomalies?address=192.0.2.9", None),
    ("fleet", None),
    ("feeds", None),
    ("lists", None),
    ("preview", CHANGE),
    ("add", CHANGE),
]


@pytest.fixture(scope="module")
def server(session_folder):
    redis = Redis(session_folder / "odd")
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def odd(folder, server):
    middle = OddRedis(server.socket, folder / "odd.sock")
    yield middle
    middle.stop()


@pytest.fixture
def sw(env, folder, server, odd):
    return Command(
        env,
        folder,
        server,
        {"redis-socket": odd.path, "redis-prefix": "{sinkwatch}", "redis-timeout": 400},
    )


def fill(sw):
    """The same contents before each run."""
    sw.redis.flushall()
    for suffix in ("list:bad", "list:bad:previous"):
        sw.redis.hset(sw.key(suffix), mapping={"evil.example": "", f"x-{len(suffix)}.example": "{}"})
    sw.redis.hset(sw.key("lists"), mapping={"bad": '{"action":"nxdomain"}', "other": "{}"})
    sw.redis.xadd(sw.key("changes"), {"op": "policy", "list": "bad"})
    for stream in ("events", "anomalies"):
        sw.redis.xadd(sw.key(stream), {"e": json.dumps(ANOMALY)})
    seen = json.dumps({"first": TIME, "last": TIME, "count": 1, "asn": 64500, "list": "bad"})
    sw.redis.hset(sw.key("seen:name:evil.example"), "192.0.2.9", seen)
    sw.redis.hset(sw.key("seen:addr:192.0.2.9"), "evil.example", seen)
    sw.redis.zadd(sw.key("tracked"), {"192.0.2.9": 1})
    sw.report("ns1", "9999999999999-0", lists='{"bad":{"count":1}}', refused="[]", mmdb="{}")


def run(sw, words, stdin, case=""):
    """Exit code and standard error; the command did not die."""
    # Memory that lives until the end of a run is freed by the end of the process.
    process = sw.start(*words, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    out, err = process.communicate(stdin, timeout=60 * FACTOR)
    said = f"{case}sinkwatch {' '.join(words)}: {process.returncode}\n{out}{err}"
    assert 0 <= process.returncode <= 7, said
    assert "Sanitizer" not in err and "runtime error" not in err, said
    assert "\x1b[2J" not in out + err, said
    assert process.returncode == 0 or err or "--json" in words or out, f"not a word: {said}"
    return process.returncode, err


def kinds_at(step, count):
    """The kinds of replies for a step: count in turn, so that each kind comes at some steps; in the
    long form all."""
    if os.environ.get("LONG"):
        return KINDS
    return [KINDS[(count * step + i) % len(KINDS)] for i in range(count)]


@pytest.mark.parametrize("words, stdin", RUNS, ids=[" ".join(words) for words, _ in RUNS])
def test_each_reply_replaced(sw, odd, words, stdin):
    fill(sw)
    odd.after(0, b"")
    run(sw, words, stdin)
    steps = odd.seen
    assert 1 < steps <= STEPS_MAX
    for step in range(1, steps + 1):
        for name in kinds_at(step, 6 if steps > 4 else len(KINDS)):
            fill(sw)
            odd.after(step, ODD[name])
            code, err = run(sw, words, stdin, f"{name} at {step}: ")
            if name in ("huge array", "huge string", "no type", "nothing"):
                assert code == 3 or "setup" in words, f"{name} at {step}: {code} {err}"


def test_setup_as_a_reader(sw, server):
    """Settings that the user may not read are unknown: neither good nor bad."""
    server.client.execute_command("ACL", "SETUSER", "looker", "on", ">pw", "%R~*", "-@all", "+ping")
    sw.conf.write_text(sw.conf.read_text() + "redis-user: looker\nredis-password: pw\n")
    (found,) = sw.json("setup", "--check", code=1)
    assert set(found) == {"functions", "version", "role", "appendonly", "maxmemory"}
    assert all(how.startswith("unknown: NOPERM") for how in found.values()), found


def test_sweep(sw, odd, authority):
    words = ["sweep", "--list", "bad", "--forward", f"127.0.0.1@{authority.port}", "--no-dnssec"]
    words += ["--events", "--rate", "0", "--retries", "0"]
    fill(sw)
    odd.after(0, b"")
    assert run(sw, words, "")[0] in (0, 1)
    steps = odd.seen
    assert 4 < steps <= STEPS_MAX
    for step in range(1, steps + 1):
        for name in kinds_at(step, 1):
            fill(sw)
            odd.after(step, ODD[name])
            run(sw, words, "")


def test_notify(sw, odd, folder):
    conf = folder / "notify.conf"
    conf.write_text("target: t\nvia: command\ncommand: /bin/true\ntypes: shared-address\n")
    words = ["notify", "--file", str(conf), "--once"]
    fill(sw)
    odd.after(0, b"")
    assert run(sw, words, "")[0] == 0
    steps = odd.seen
    assert 10 < steps <= STEPS_MAX
    for step in range(1, steps + 1):
        for name in kinds_at(step, 1):
            fill(sw)
            odd.after(step, ODD[name])
            run(sw, words, "")


def test_memory_of_a_fleet(sw, odd):
    """A resolver is played that answers each inquiry."""
    stop = threading.Event()

    def play():
        last = "0-0"
        while not stop.is_set():
            found = sw.redis.xread({sw.key("memory:inquiries"): last}, block=100)
            for last, _ in found[0][1] if found else []:
                sw.redis.hset(sw.key(f"memory:answers:{last}"), "ns1", RECORDS)

    words = ["memory", "--fleet", "--wait", "1", "evil.example"]
    fill(sw)
    sw.report("ns1", "0-1", memory='{"folder":"/m"}')
    thread = threading.Thread(target=play)
    thread.start()
    try:
        odd.after(0, b"")
        assert run(sw, words, "")[0] == 0
        for step in range(1, min(odd.seen, 8) + 1):
            for name in kinds_at(step, 2):
                odd.after(step, ODD[name])
                run(sw, words, "", f"{name} at {step}: ")
    finally:
        stop.set()
        thread.join()


class Web:
    """A server whose Redis is behind the odd one."""

    def __init__(self, sw):
        words = ("web", "--listen", "127.0.0.1:0", "--allow-changes")
        self.process = sw.start(*words, env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
        self.url = self.process.stdout.readline().split()[-1]

    def ask(self, path, body):
        """Status and document."""
        headers = {"Content-Type": "application/json", "Sinkwatch-Change": "1"}
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.url}api/{path}", data, headers if body else {})
        try:
            with urllib.request.urlopen(request, timeout=30 * FACTOR) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=30 * FACTOR)
        assert self.process.returncode == 0 and "runtime error" not in err, err  # the end of the server, no condition


@pytest.fixture
def web(sw):
    fill(sw)
    server = Web(sw)
    yield server
    server.end()


def look_again(web, path, body):
    """The document of a view. A busy machine may miss redis-timeout, and a search may end before all
    lists are looked through; nothing else fails."""
    got = [0, None]

    def answered():
        got[:] = web.ask(path, body)
        whole = got[0] == 200 and not got[1].get("next") if path.startswith("find") else got[0] == 200
        return whole or (got[0] != 200 and "replies are due" in got[1]["error"]["message"])

    until(answered, path, 30)
    assert got[0] == 200, f"{path}: {got}"
    return got[1]


def look_at(sw, odd, web, path, body):
    """A view with each reply replaced in turn. The connection is kept from one look to the next."""
    odd.after(0, b"")
    right, steps = look_again(web, path, body), odd.seen
    assert 0 < steps <= STEPS_MAX
    for step in range(1, steps + 1):
        for name in kinds_at(step, 6):
            if name in ("huge string", "nothing") and step < steps:  # half a second each
                continue
            if path == "add":
                fill(sw)
            odd.after(step, ODD[name])
            status, found = web.ask(path, body)
            said = f"{name} at {step} of {path}: {status} {found}"
            assert status in (200, 409, 503), said
            assert status == 200 or found["error"]["message"], said
            if name in ("huge array", "huge string", "no type", "nothing") and path != "add":
                assert status != 200, said
            odd.after(0, b"")
            found = look_again(web, path, body)
            assert path == "add" or found == right, f"after {said}: {found}"


def test_views_of_the_desk(sw, odd, web):
    for path, body in VIEWS:
        look_at(sw, odd, web, path, body)
