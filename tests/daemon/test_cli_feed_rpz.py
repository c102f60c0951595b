"""Feeds by zone transfer: AXFR, IXFR, TSIG and NOTIFY with nsd, and a primary that lies (D-178)."""

import json

import pytest
from cli_rig import INPUT, NONE, OK, USAGE, bad, sw, text_file  # noqa: F401
from harness.primary import ADDRESS, KEY, ZONE, Liar, Primary, key_text, rule, soa
from harness.process import free_port
from harness.wait import FACTOR, until


@pytest.fixture
def feed(bad, folder):
    """A list bad, and a feed of a port."""

    def run(code=OK):
        return bad("feed", "run", "bad", "--files", folder, code=code)

    def add(port, *words):
        bad("feed", "add", "bad", f"rpz://{ADDRESS}:{port}/{ZONE}", "--max-shrink=100", *words)

    def state():
        return json.loads(bad.redis.hget(bad.key("feed:bad"), "state") or "{}")

    bad.run, bad.add, bad.state = run, add, state
    return bad


@pytest.fixture
def liar():
    server = Liar()
    yield server
    server.stop()


def records(names):
    return "".join(f"{name} CNAME .\n*.{name} CNAME .\n" for name in names)


def listed(names):
    return {form + name for name in names for form in ("=", "*.")}


@pytest.mark.parametrize("algorithm", ["hmac-sha256", "hmac-sha512"])
def test_a_real_primary_whole_then_by_changes(feed, folder, text_file, algorithm):
    names = {f"n{i}.example" for i in range(5000)}
    primary = Primary(folder / "nsd", records(sorted(names)), algorithm=algorithm)
    try:
        feed.add(primary.port, f"--tsig-file={text_file(key_text(algorithm), 'key')}")
        feed.run()
        assert set(feed.list("bad")) == listed(names)
        before = feed.last_change()
        feed.run()
        assert feed.last_change() == before
        changed = names - {"n7.example"} | {"new.example"}
        primary.set(records(sorted(changed)))
        until(primary.answers, "the primary to have the change")
        feed.run()
        assert set(feed.list("bad")) == listed(changed)
        ops = {op: set(each) for op, _, each in feed.changes()[-2:]}
        assert ops == {"remove": listed({"n7.example"}), "add": listed({"new.example"})}
        feed.add(primary.port, f"--tsig-file={text_file(key_text(algorithm, secret='d3Jvbmc='), 'other')}")
        feed.run(code=INPUT)
        assert set(feed.list("bad")) == listed(changed)
    finally:
        primary.stop()


def test_a_notice_of_the_primary_is_followed_at_once(feed, folder, text_file):
    port = free_port(ADDRESS)
    primary = Primary(folder / "nsd", records(["a.example"]), notify_port=port)
    feed.add(primary.port, "--every=1d", f"--tsig-file={text_file(key_text(), 'key')}")
    service = feed.start("feed", "run", "--daemon", "--files", folder, "--listen", f"{ADDRESS}:{port}")
    try:
        until(lambda: set(feed.list("bad")) == listed(["a.example"]), "the first transfer")
        primary.set(records(["a.example", "b.example"]))
        until(lambda: set(feed.list("bad")) == listed(["a.example", "b.example"]), "the notified change", 10)
        assert service.poll() is None
    finally:
        service.terminate()
        service.communicate(timeout=30 * FACTOR)
        primary.stop()


BEGIN = [soa(5), rule("a.example"), soa(5)]
LIES = {
    "no signature": ([BEGIN], {}, "signature"),
    "wrong key": ([BEGIN], {"key": (*KEY[:2], "d3Jvbmc=")}, "wrong signature"),
    "other key name": ([BEGIN], {"key": (KEY[0], "other", KEY[2])}, "another key"),
    "end not signed": ([BEGIN[:2], BEGIN[2:]], {"key": KEY, "signed": {0}}, "not signed"),
    "cut": ([BEGIN[:2]], {"key": KEY}, "before the end"),
    "outside": ([[soa(5), rule("a.example", zone="other.example"), soa(5)]], {"key": KEY}, "outside of the zone"),
    "other zone": ([[soa(5, "x.example")]], {"key": KEY}, "outside of the zone"),
    "back": ([[soa(3), rule("a.example"), soa(3)]], {"key": KEY}, "goes back"),
    "endless": ([[soa(5), rule("a.example")], [rule("b.example")]], {"key": KEY, "endless": True}, "--max-size"),
    "changed": ([[soa(5), rule("a.example"), soa(6)]], {"key": KEY}, "changed during"),
    "behind": ([[*BEGIN, rule("b.example")]], {"key": KEY}, "behind the end"),
    "steps": ([[soa(9), soa(4), rule("a.example"), soa(7), soa(8), soa(9)]], {"key": KEY}, "not ours"),
    "circle": ([[soa(9), soa(4), soa(4), soa(4)]], {"key": KEY}, "not newer"),
    "refused": ([5], {}, "REFUSED"),
    "broken": ([b"\0" * 20], {}, "signature"),
    "short": ([b"\0" * 5], {}, "broken"),
}  # fmt: skip


def test_a_primary_that_lies_leaves_the_list(feed, liar, text_file):
    feed.add(liar.port, "--max-size=20000", "--timeout=20s", f"--tsig-file={text_file(key_text(), 'key')}")
    liar.key, liar.script = KEY, [[soa(4), rule("good.example"), rule("*.good.example", "*."), soa(4)]]
    feed.run()
    good = {"=good.example", "*.good.example"}
    assert set(feed.list("bad")) == good
    for name, (script, more, words) in LIES.items():
        liar.script, liar.key, liar.signed, liar.endless = script, None, None, False
        for key, value in more.items():
            setattr(liar, key, value)
        feed.run(code=INPUT)
        assert words in feed.err, (name, feed.err)
        assert set(feed.list("bad")) == good, name
    assert len(liar.questions) == 1 + len(LIES)


def test_changes_of_many_kinds(feed, liar):
    feed.add(liar.port)
    liar.script = [[soa(1), rule("a.example"), rule("b.example"), soa(1)]]
    feed.run()
    liar.script = [[soa(3), soa(1), rule("a.example"), soa(2), rule("c.example")], [soa(2), rule("c.example"), soa(3),
                   rule("*.d.example", "rpz-drop."), rule("32.1.2.0.192.rpz-ip"), soa(3)]]  # fmt: skip
    feed.run()
    assert set(feed.list("bad")) == {"=b.example", "*.d.example", "192.0.2.1"}
    liar.script = [[soa(3)]]
    feed.run()
    liar.script = [4]  # no IXFR there, and then no AXFR either
    feed.run(code=INPUT)
    assert [query.question[0].rdtype for query in liar.questions[-2:]] == [251, 252]
    liar.script = [[soa(4), rule("whole.example"), soa(4)]]
    feed.run()
    assert set(feed.list("bad")) == {"=whole.example"}


def test_a_primary_that_is_faster_than_the_reader(feed, liar):
    """No read waits then: --timeout holds all the same."""
    make, made = liar._message, {}

    def message(query, part, mac, context, n):
        if n > 1:
            return made[1]
        made[n] = make(query, part, mac, context, n)
        return made[n]

    liar._message, liar.endless = message, True
    liar.script = [[soa(5)], [rule(f"n{i}.example") for i in range(1500)]]
    feed.add(liar.port, "--timeout=1s", "--max-size=100000000")
    feed.run(code=INPUT)
    assert "--timeout" in feed.err
    assert set(feed.list("bad")) == set()


def test_two_rules_of_one_indicator(feed, liar):
    """A step that takes one of them away says nothing of the other: the whole zone is asked for."""
    feed("list", "set", "bad", "--trigger", "qname", "--trigger", "nsdname")
    feed.add(liar.port)
    liar.script = [[soa(1), rule("a.example"), rule("a.example.rpz-nsdname"), rule("b.example"), soa(1)]]
    feed.run()
    assert set(feed.list("bad")) == {"=a.example", "=b.example"}
    liar.script = [[soa(2), soa(1), rule("a.example.rpz-nsdname"), soa(2), soa(2)]]
    feed.run(code=INPUT)  # the liar answers the second question with changes as well
    assert [query.question[0].rdtype for query in liar.questions[-2:]] == [251, 252]
    assert set(feed.list("bad")) == {"=a.example", "=b.example"}


@pytest.mark.parametrize("source", ["rpz:x", "rpz:///z.example", "rpz://h", "rpz://h:x/z", "rpz://h/", "rpz://h/.",
                                    "rpz://h/a..b", "rpz://[::1/z"])  # fmt: skip
def test_wrong_sources(feed, source):
    feed("feed", "add", "bad", source, code=USAGE)
