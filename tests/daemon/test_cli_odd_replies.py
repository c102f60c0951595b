"""Every sub-command, with each reply of Redis in turn replaced by a reply of another type: the
command does not crash, ends in time, and names the fault."""

import json
import os

import pytest
from cli_rig import TIME, Command
from harness.odd_redis import ODD, OddRedis
from harness.redis_server import Redis
from harness.wait import FACTOR

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
