"""Starting: settings with errors, a single thread, without us."""

import shutil
import subprocess

import pytest
from harness.resolver import SINK4, Resolver
from harness.wait import FACTOR, until

WWW = "www.evil.example"
WRONG = [
    ("no-such-key: 1", "no-such-key"),
    ("redis-port: 99999", "redis-port"),
    ("redis-port: many", "redis-port"),
    ("sinkhole-ipv4: 2001:db8::1", "sinkhole-ipv4"),
    ("ede: perhaps", "ede"),
    ("event-window: -5", "event-window"),
    ("cname-target: a..b", "cname-target"),
    ("just some words", "no key"),
]


@pytest.mark.parametrize(("line", "word"), WRONG, ids=[line for line, _ in WRONG])
def test_settings_error_is_named_with_file_line_and_key(
    make_resolver, shared_redis, lists_for, line, word
):
    resolver = make_resolver(shared_redis, start=False)
    resolver.settings.pop(line.partition(":")[0], None)
    resolver.more_settings = [line]
    resolver.start()
    where = f"{resolver.settings_path}:{len(resolver.settings) + 1}:"
    resolver.says(where)
    complaint = [text for text in resolver.log().splitlines() if where in text]
    assert word in complaint[0]
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="refused")
    assert resolver.client.ask(WWW).rcode == "REFUSED"


def test_unreadable_settings_file_is_named(make_resolver, shared_redis):
    resolver = make_resolver(shared_redis, start=False)
    resolver.settings_path = resolver.folder / "not-there.conf"
    resolver.write_settings = lambda: None
    resolver.start()
    resolver.says(str(resolver.settings_path))
    assert resolver.client.ask(WWW).addresses == ["192.0.2.66"]


def test_one_thread(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, options={"threads": 1})
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask(WWW).addresses == [SINK4]


def test_programs_that_read_unbound_conf_without_the_daemon(env, make_resolver, shared_redis, folder):
    """unbound-host -C loads the modules of the file, and has not the symbols of the daemon; a file
    with another module-config works. unbound-checkconf looks for no library (D-205)."""
    resolver = make_resolver(shared_redis, server=[f'local-data: "{WWW} A 192.0.2.1"'])
    conf = folder / "host.conf"
    for chain, works in (("dynlib validator iterator", False), ("validator iterator", True)):
        text = (resolver.folder / "unbound.conf").read_text()
        text = text.replace('"dynlib validator iterator"', f'"{chain}"').replace("logfile:", "#")
        conf.write_text(text)
        host = env.unbound.with_name("unbound-host")
        command = [host, "-C", conf, "-t", "A", WWW]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60 * FACTOR, check=False
        )
        assert (done.returncode == 0) == works, done
        assert ("192.0.2.1" in done.stdout) == works
        assert ("unable to load dynamic library" in done.stderr) != works
        # A sanitizer's runtime, which is not preloaded here, has its own reason.
        assert env.sanitizer or ("undefined symbol" in done.stderr) != works
    conf.write_text(conf.read_text() + f'dynlib:\n dynlib-file: "{folder}/absent.so"\n')
    subprocess.run([env.checkconf, conf], check=True, capture_output=True, timeout=60 * FACTOR)


def test_says_what_it_is(lists, resolver, env):
    state = lists.wait_state(state="following")
    assert state["version"]
    assert env.unbound_version() in state["unbound"]
    resolver.says("sinkwatch")


def test_plain_unbound_does_not_need_us(env, authority, folder):
    resolver = Resolver(env, folder / "plain", authority)
    try:
        resolver.start()
        until(lambda: resolver.client.ask(WWW).addresses == ["192.0.2.66"], "the true answer")
        resolver.stop()
    finally:
        resolver.kill()


@pytest.mark.parametrize("place", [0, 1], ids=["first", "second"])
def test_beside_another_dynlib_module(make_resolver, shared_redis, lists_for, place):
    """Two libraries that export the same six names: this library and a copy."""
    resolver = make_resolver(shared_redis, start=False, chain="dynlib dynlib validator iterator")
    resolver.folder.mkdir(parents=True)
    other = resolver.folder / "other.so"
    shutil.copy(resolver.module, other)
    files = [resolver.module, other]
    resolver.module = files.pop(place)
    resolver.clauses = [f'  dynlib-file: "{files[0]}"']
    resolver.start()
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="refused")
    assert resolver.client.ask(WWW).rcode == "REFUSED"
    assert resolver.client.ask("www.clean.example").addresses
