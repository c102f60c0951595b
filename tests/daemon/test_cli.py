"""The command: options, exit codes, terminal, rights and manual."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from cli_rig import (  # noqa: F401
    NONE,
    REDIS,
    ROOT,
    SETTINGS,
    USAGE,
    Command,
    bad,
    event,
    on_terminal,
    put,
    sw,
    text_file,
)
from harness.wait import until

# ---- options, help, exit codes ----


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("frobnicate",),
        ("--frobnicate", "list"),
        ("list", "frobnicate"),
        ("list", "show"),
        ("add", "bad"),
        ("status", "surplus"),
        ("import", "bad"),
        ("--port", "0", "list"),
        ("--port", "1x", "list"),
        ("events", "-n", "-1"),
        ("add", "bad", "a.example", "--facts", "[1]"),
        ("add", "bad", "a.example", "--facts", "{"),
        ("add", "bad", "a.example", "--wait=0"),
        ("import", "--format", "xls", "bad", "-"),
        ("list", "set", "bad", "--ttl", "86401"),
        ("list", "set", "bad", "--ede", "maybe"),
    ],
)
def test_wrong_usage(sw, words):
    sw(*words, code=USAGE)
    assert "sinkwatch" in sw.err and sw.out == ""


def test_help_at_each_level_has_examples(sw):
    names = re.findall(r"^  (\w+)  +\w", sw("--help"), re.M)
    assert len(names) >= 10
    for name in [*names, "list show", "list set", "list drop"]:
        out = sw(*name.split(), "--help")
        assert f"sinkwatch {name}" in out and "Example" in out
        assert max(map(len, out.splitlines())) <= 100
    assert "Exit codes" in sw("--help")
    assert sw("--version").startswith("sinkwatch ")


def test_a_misspelt_command_is_guessed(sw):
    sw("chekc", "a.example", code=USAGE)
    assert "sinkwatch check" in sw.err


@pytest.mark.parametrize(
    "words, hint",
    [
        ("ls", "'sinkwatch list'"),
        ("rm x", "'sinkwatch remove'"),
        ("show x", "'sinkwatch list show'"),
        ("list add x", "'sinkwatch add'"),
        ("list ls", "'sinkwatch list'"),
        ("feed ls", "'sinkwatch feed list'"),
        ("sweep --forward 192.0.2.1:53", "the port goes after an @"),
        ("sweep --forward ns.example", "is no address"),
        ("sweep --forward 192.0.2.1@0", "from 1 to 65535"),
        ("events -n 3 --since 1h", "only one of -n, --after and --since"),
    ],
)
def test_words_that_people_try_first(sw, words, hint):
    sw(*words.split(), code=USAGE)
    assert hint in sw.err


def test_a_word_with_a_hyphen_first(bad):
    bad("add", "bad", "--", "-x.example.net")
    assert "-x.example.net" in bad.list("bad")
    bad("add", "--help")
    assert "after --" in bad.out


def test_global_options_stand_anywhere(bad):
    first = bad("--json", "list")
    assert bad("list", "--json") == first
    assert json.loads(first)["name"] == "bad"


def test_no_redis(sw, folder):
    for words in [("list",), ("status",), ("add", "bad", "a.example"), ("check", "a.example")]:
        sw("--socket", folder / "nobody.sock", *words, code=REDIS)
        assert "nobody.sock" in sw.err and sw.out == ""


def test_host_and_port_go_before_the_socket_of_the_settings(sw):
    sw("--host", "127.0.0.1", "--port", "1", "list", code=REDIS)
    assert "127.0.0.1:1" in sw.err


def test_an_error_of_redis(bad):
    bad.redis.delete(bad.key("list:bad"))
    bad.redis.set(bad.key("list:bad"), "a string")
    bad("add", "bad", "a.example", code=REDIS)
    assert "WRONGTYPE" in bad.err
    assert bad.changes() == [("policy", "bad", [])]


def test_a_server_with_too_many_clients(own_redis, env, folder, settings_for):
    own_redis.start()
    sw = Command(env, folder, own_redis, settings_for(own_redis, folder))
    own_redis.client.config_set("maxclients", 1)  # the one that asks
    sw("list", code=REDIS)
    assert "max number of clients reached" in sw.err


def test_bad_settings(sw, folder):
    conf = folder / "other.conf"
    conf.write_text("redis-port: many\nrediss-host: x\n")
    sw("list", "-c", conf, code=SETTINGS)
    assert ":1:" in sw.err and ":2:" in sw.err
    sw("list", "-c", folder / "missing.conf", code=SETTINGS)


def test_full_disk_is_no_success(bad):
    with open("/dev/full", "w") as full:
        bad("list", code=NONE, stdout=full)
    assert "standard output" in bad.err


# ---- rights ----


def signals_of(process, kind):
    """The set of signals of a process: SigCgt caught, SigIgn ignored."""
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    mask = int(re.search(rf"^{kind}:\s*([0-9a-f]+)", text, re.MULTILINE)[1], 16)
    return {number for number in signal.Signals if mask >> (number - 1) & 1}


@pytest.mark.parametrize(
    "words",
    [
        ["web", "--listen", "127.0.0.1:0"],
        ["metrics", "--listen", "127.0.0.1:0"],
        ["feed", "run", "--daemon"],
        ["memory", "import", "--folder", ".", "-"],
        ["import", "--replace", "bad", "-"],
    ],
    ids=lambda words: words[0],
)
def test_nohup_keeps_a_command_that_goes_on(bad, folder, words):
    """A signal that was ignored at the start stays ignored, whichever else is caught."""
    ignore = lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)  # noqa: E731
    process = bad.start(*words, cwd=folder, preexec_fn=ignore)
    try:
        until(lambda: signal.SIGTERM in signals_of(process, "SigCgt"), "a caught signal")
        assert signal.SIGHUP in signals_of(process, "SigIgn")
    finally:
        process.kill()
        print(process.communicate()[1])


def test_the_users_of_the_example_acl_have_the_rights_they_need(
    env, folder, own_redis, settings_for, text_file
):
    own_redis.start()
    for line in (ROOT / "conf/users.acl").read_text().splitlines():
        _, user, *rules = line.split()
        if user in ("feed", "reader"):
            rules = [re.sub("^off$", "on", re.sub("^>.*", ">pw", rule)) for rule in rules]
            own_redis.client.execute_command("ACL", "SETUSER", user, *rules)
    settings = {"redis-prefix": "{sinkwatch}", "redis-password": "pw"}

    def user(name):
        return Command(env, folder, own_redis, settings_for(
            own_redis, folder, **settings, redis_user=name))  # fmt: skip

    feed = user("feed")
    feed("list", "set", "bad", "--action", "nxdomain", "--wait=1")
    feed("add", "bad", "a.example", "b.example")
    feed("remove", "bad", "b.example")
    feed("import", "bad", text_file("c.example\n"))
    feed("import", "--replace", "bad", text_file("d.example\n"))
    feed("list", "set", "old")
    feed("list", "drop", "old")
    put(feed, "events", event())
    reader = user("reader")
    reader("check", "d.example")
    for words in [("list",), ("list", "show", "bad"), ("events",)]:
        reader(*words)
    for words in [("status",), ("anomalies",), ("pivot", "d.example"), ("pivot", "192.0.2.1")]:
        reader(*words, code=NONE)
    reader("add", "bad", "e.example", code=REDIS)
    assert "NOPERM" in reader.err and "users.acl" in reader.err
    assert set(feed.list("bad")) == {"d.example"}


# ---- output on a terminal ----


def test_tables_fit_the_terminal_and_colours_can_be_turned_off(sw):
    sw("list", "set", "x" * 63, "--note", "n" * 120)
    plain = re.compile(r"\x1b\[\d*m")
    for columns in (100, 60):
        out = on_terminal(sw, "list", columns=columns, env={"NO_COLOR": ""})
        assert "\x1b[1m" in out
        widths = [len(plain.sub("", line)) for line in out.splitlines()]
        assert widths and max(widths) <= columns
    assert "\x1b" not in on_terminal(sw, "--no-color", "list")
    assert "\x1b" not in on_terminal(sw, "list", env={"NO_COLOR": "1"})
    assert "x" * 63 in sw("list") and "n" * 120 in sw("list")


# ---- documents of the command ----


def options_in(text):
    return set(re.findall(r"--([a-z][a-z0-9-]+)", text)) - {"help", "usage", "version"}


def test_manual_knows_every_option_and_command(sw):
    manual = (ROOT / "conf/man/sinkwatch.1").read_text().replace("\\-", "-")
    commands = re.findall(r"^  (\w+)  +\w", sw("--help"), re.M)
    synopsis = manual.split(".Sh DESCRIPTION")[0]
    assert [name for name in commands if not re.search(rf"^\.Cm {name}\b", synopsis, re.M)] == []
    for name in [*commands, "list show", "list set", "list drop", "feed add", "feed run", "feed log"]:
        options = options_in(sw(*name.split(), "--help").split("Example")[0])
        assert f".Cm {name}" in manual or f", {name}" in manual or f".It Cm {name}" in manual
        for option in options:
            assert f"-{option}" in manual, f"sinkwatch.1 lacks --{option}"


def test_manual_and_readme_know_every_format(sw):
    names = re.findall(r"^  ([a-z]+)  +\S", sw("import", "--help").split("Formats, and")[1], re.M)
    table = (ROOT / "README.md").read_text().split("| format | names covered |")[1].split("\n\n")[0].lower()
    manual = (ROOT / "conf/man/sinkwatch.1").read_text()
    assert len(names) == 14 and names[-1] == "auto"
    assert [name for name in names[:-1] if not re.search(rf"\b{name}\b", table)] == []
    assert [name for name in names[:-1] if f".It Cm {name}\n" not in manual] == []


def test_manual_of_the_settings_has_every_key_with_default_and_range():
    manual = (ROOT / "conf/man/sinkwatch.conf.5").read_text().replace("\\-", "-")
    manual = manual.replace("\\(dq", '"')
    conf = (ROOT / "conf/sinkwatch.conf").read_text()
    keys = re.findall(r"^#([a-z][a-z0-9-]*):", conf, re.M)
    assert len(keys) > 25
    assert re.findall(r"^\.It Li ([a-z][a-z0-9-]*):", manual, re.M) == keys
    words = " ".join(manual.split())
    for sentence in re.findall(
        r"(Default: [^.]*\.|\d+ to \d+\.)", " ".join(conf.replace("#", " ").split())
    ):
        assert sentence in words, sentence


@pytest.mark.skipif(not shutil.which("man"), reason="man is not installed (man-db)")
@pytest.mark.parametrize("page", ["sinkwatch.1", "sinkwatch.conf.5"])
def test_manual_pages_are_clean(page):
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(ROOT / "conf/man" / page)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == ""
