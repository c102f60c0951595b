"""Each sub-command, by a table: a wrong option, a missing word, no Redis, no rights. The exit code,
and with --json the reason as an object. D-180."""

import json
import re
import socket

import pytest
from cli_rig import INPUT, LISTEN, NONE, OK, REDIS, ROOT, SETTINGS, USAGE, sw  # noqa: F401
from command_words import all_commands, said

# path -> words of a plausible run; each asks Redis first, or early.
ASKS_REDIS = {
    "list": "", "list show": "bad", "list set": "bad", "list drop": "bad --yes", "add": "bad a.example",
    "remove": "bad a.example", "import": "bad {file}", "export": "bad --output {folder}/bad.txt", "feed": "", "feed list": "",
    "feed add": "ads https://lists.example/x", "feed show": "ads", "feed run": "ads", "feed pause": "ads",
    "feed resume": "ads", "feed remove": "ads", "feed log": "", "rollback": "bad", "check": "a.example",
    "pivot": "a.example", "sweep": "--list bad", "report": "--output {folder}/report.html", "events": "",
    "anomalies": "", "status": "", "hunt": "--folder {folder} bad",
}  # fmt: skip
# path -> words, exit code without Redis: another answer than "Redis cannot be reached" is right.
OTHERWISE = {
    "metrics": ("--textfile {folder}/x.prom", REDIS),  # a text that says so, then the code
    "notify": ("--file {folder}/none.conf --once", INPUT),  # the file of targets comes first
    "memory": ("--folder {folder}/none a.example", INPUT),
    "memory export": ("--folder {folder}/none", INPUT),
    "memory import": ("--folder {folder} {folder}/none.json", INPUT),
    "memory forget": ("--folder {folder}/none a.example", INPUT),
    "memory send": ("--folder {folder}/none --to http://127.0.0.1:1/", INPUT),
    "memory status": ("--folder {folder}/none", INPUT),
    "checkconf": ("{folder}/none.conf", SETTINGS),
    "web": ("--listen {folder}/web.sock", REDIS),
    "setup": ("", REDIS),  # without rights: a result, with the answer of Redis to each question
    "top": ("--once", REDIS),
    "doctor": ("--unbound {folder}/none --unbound-conf {folder}/none", 8),
    "help": ("frobnicate", USAGE),
}  # fmt: skip
NEVER_FAIL = {"version"}
# Their output is a result whatever happened: findings, problems of a file.
RESULT_ANYWAY = {"checkconf", "doctor"}


@pytest.fixture
def table(env, sw, folder):
    """[(path, usage line, words)] of all sub-commands."""
    (folder / "list.txt").write_text("a.example\n")
    rows = []
    for path, text in all_commands(env.cli).items():
        name = " ".join(path)
        if path and name not in NEVER_FAIL:
            words = ASKS_REDIS[name] if name in ASKS_REDIS else OTHERWISE[name][0]
            rows.append((path, text, words.format(folder=folder, file=folder / "list.txt").split()))
    assert len(rows) == len(ASKS_REDIS) + len(OTHERWISE)
    return rows


def fails(sw, code, *words):
    """A run fails with this code, with one object on standard output; returns what it says."""
    sw("--json", *words, code=code)
    assert sw.err.strip() and len(sw.out.splitlines()) == 1, (words, sw.out, sw.err)
    error = json.loads(sw.out)["error"]
    assert error["code"] == code and error["messages"], (words, error)
    assert all(message and "\x1b" not in message for message in error["messages"])
    return error


def test_a_wrong_option_and_a_missing_word(sw, table):
    for path, text, words in table:
        error = fails(sw, USAGE, *path, *words, "--frobnicate")
        assert error["kind"] == "usage" and "--frobnicate" in error["messages"][0], (path, error)
        assert f"sinkwatch {' '.join(path)} --help" in error["hints"][0]
        usage = re.search(r"^Usage: .*\[OPTION\.\.\.\] *(?:\n +)?(.*)$", text, re.M)
        if usage and usage[1] and usage[1][0] not in "[-" and path[-1] not in ("sweep", "memory"):
            error = fails(sw, USAGE, *path)
            assert error["kind"] == "usage", (path, error)


def test_no_redis(sw, table, folder):
    for path, _, words in table:
        name = " ".join(path)
        code = REDIS if name in ASKS_REDIS else OTHERWISE[name][1]
        run = ["--socket", folder / "nobody.sock", *path, *words]
        if name in RESULT_ANYWAY:
            sw("--json", *run, code=code)
            assert all(json.loads(line) for line in sw.out.splitlines()), path
            continue
        error = fails(sw, code, *run)
        if code == REDIS:
            assert error["kind"] == "redis" and "nobody.sock" in error["messages"][0], (path, error)


def test_a_place_that_is_taken(sw, folder):
    """A code of its own, after which systemd tries again; a wrong place is a wrong option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for command in ("metrics", "web"):
            error = fails(sw, LISTEN, command, "--listen", f"127.0.0.1:{port}")
            assert error["kind"] == "listen" and f"port {port}: cannot listen" in error["messages"][0], error
            error = fails(sw, LISTEN, command, "--listen", folder / "none" / "x.sock")
            assert error["kind"] == "listen" and "x.sock: cannot listen" in error["messages"][0], error
            assert fails(sw, USAGE, command, "--listen", "127.0.0.1:http")["kind"] == "usage"
            unit = (ROOT / f"conf/systemd/sinkwatch-{command}.service").read_text()
            never = re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.M)[1].split()
            assert str(USAGE) in never and str(LISTEN) not in never


def test_no_rights(sw, table):
    """A user who may do nothing: Redis refuses the first command of each sub-command."""
    sw.redis.execute_command("ACL", "SETUSER", "nothing", "reset", "on", ">pw", "+ping")
    sw.conf.write_text(sw.conf.read_text() + "redis-user: nothing\nredis-password: pw\n")
    try:
        for path, _, words in table:
            if " ".join(path) not in ASKS_REDIS:
                continue
            error = fails(sw, REDIS, *path, *words)
            assert error["kind"] == "redis", (path, error)
            assert any("NOPERM" in message for message in error["messages"]), (path, error)
            assert any("users.acl" in hint for hint in error["hints"]), (path, error)
    finally:
        sw.redis.execute_command("ACL", "DELUSER", "nothing")


@pytest.mark.parametrize("words", ["-h", "--help", "-?", "help", "list -h", "help list", "help list set", "-V", "-v",
                                   "version", "--version", "--json list --help", "help help", "feed run -h"])  # fmt: skip
def test_help_and_version(env, words):
    out = said(env.cli, *words.split())
    assert out.startswith(("Usage: sinkwatch", "sinkwatch "))
    same = {"list -h": "help list", "-h": "help", "-v": "version", "feed run -h": "help feed run"}
    assert words not in same or out == said(env.cli, *same[words].split())


def test_a_result_or_an_error_but_not_both(sw):
    """An object of an error never follows a result; a failure without words is no object."""
    sw("list", "set", "bad", "--action", "nxdomain")
    sw("--json", "add", "bad", "a.example", "com", code=6)
    assert "error" not in json.loads(sw.out) and sw.err
    sw("--json", "events", code=NONE)
    assert sw.out == "" or json.loads(sw.out)["error"]["kind"] == "nothing"
    sw("--json", "metrics", "--socket", "/none.sock", code=REDIS)
    assert sw.out.endswith("# EOF\n")
    sw("--json", "version", code=OK)
    assert list(json.loads(sw.out)) == ["version"]


def test_many_messages_are_counted(sw, folder):
    """Problems of a file: the first hundred, and how many more."""
    conf = folder / "odd.conf"
    conf.write_text("".join(f"odd-key-{i}: 1\n" for i in range(130)))
    error = fails(sw, SETTINGS, "-c", conf, "list")
    assert len(error["messages"]) == 100 and error["left_out"] >= 1
