"""A list is replaced as a whole or not at all, whatever happens meanwhile."""

import random
import os
import resource
import signal
import subprocess
import threading

import pytest
from cli_rig import NONE, OK, PARTLY, REDIS, USAGE, bad, sw, text_file  # noqa: F401
from harness.wait import FACTOR, until


def names(first, last, suffix="example"):
    return "".join(f"n{i}.{suffix}\n" for i in range(first, last))


def staging_keys(sw):
    return [key for key in sw.redis.scan_iter(sw.key("list:bad:staging:*"))]


MANY = 9000  # more than the 64 KiB that a format is recognised from, and more than a pipe holds


def begin(sw, *words, **options):
    """An import that has written a first batch and waits for more."""
    process = sw.start("import", *words, "bad", "-", **options)
    process.stdin.write(names(0, MANY))
    process.stdin.flush()
    if "--replace" in words:
        until(lambda: any(sw.redis.hlen(key) >= MANY - 1000 for key in staging_keys(sw)), "staged names")
    return process


def end(process, more=""):
    out, err = process.communicate(more, timeout=30 * FACTOR)
    return process.returncode, out, err


def test_two_replacements_at_once_do_not_mix(bad):
    """Each builds a key of its own, whatever process numbers and clock say."""
    bad("add", "bad", "old.example")
    one = begin(bad, "--replace")
    two = bad.start("import", "--replace", "bad", "-")
    two.stdin.write(names(0, MANY, "net"))
    two.stdin.flush()
    staged = lambda: [bad.redis.hlen(key) >= MANY - 1000 for key in staging_keys(bad)]  # noqa: E731
    until(lambda: staged() == [True, True], "two staging keys")
    assert {end(one)[0], end(two)[0]} == {OK}
    assert set(bad.list("bad")) == set(names(0, MANY, "net").split())
    assert not staging_keys(bad) and not bad.redis.exists(bad.key("list:bad:staging"))


@pytest.mark.parametrize("loss", ["deleted", "a part deleted", "expired", "another type"])
def test_a_staging_key_that_is_lost_is_never_put_in_force(bad, loss):
    bad("add", "bad", "old.example")
    process = begin(bad, "--replace")
    (key,) = staging_keys(bad)
    if loss == "expired":
        until(lambda: not bad.redis.pexpire(key, 1), "the end of the key")  # each batch renews the key
    elif loss == "a part deleted":
        bad.redis.hdel(key, "n1.example", "n2.example")
    else:
        bad.redis.delete(key)
        if loss == "another type":
            bad.redis.set(key, "x")
    code, _, err = end(process, names(MANY, MANY + 100))
    assert code == REDIS and "left as it is" in err, err
    assert set(bad.list("bad")) == {"old.example"} and not staging_keys(bad)
    assert bad.changes()[-1][0] == "add"


def test_another_writer_does_not_foil_the_swap_for_good(bad):
    """A WATCH that trips is tried again; the former content is that of the other writer."""
    bad("add", "bad", "old.example")
    stop = threading.Event()

    def write():
        while not stop.is_set():
            bad.redis.hset(bad.key("list:bad"), "busy.example", "")

    writer = threading.Thread(target=write)
    writer.start()
    code, _, err = end(begin(bad, "--replace"))
    stop.set()
    writer.join()
    assert code in (OK, REDIS), err
    if code == REDIS:
        assert "other programs changed" in err and "old.example" in bad.list("bad")
    else:
        assert "n1.example" in bad.list("bad")


def test_nothing_is_done_where_resolvers_could_not_be_told(bad):
    bad("add", "bad", "old.example")
    bad.redis.set(bad.key("changes"), "x")
    for words in (["import", "--replace"], ["import"]):
        bad(*words, "bad", "-", stdin=names(0, 3), code=REDIS)
        assert "no stream" in bad.err
    for words in (["add", "bad", "b.example"], ["remove", "bad", "old.example"], ["list", "drop", "bad"]):
        bad(*words, code=REDIS)
    assert set(bad.list("bad")) == {"old.example"} and not staging_keys(bad)


def test_a_killed_command_leaves_a_key_that_expires_and_is_seen(bad):
    process = begin(bad, "--replace")
    process.kill()
    process.communicate()
    (key,) = staging_keys(bad)
    assert 0 < bad.redis.ttl(key) <= 3600 and 0 < bad.redis.ttl(bad.key("list:bad:staging")) <= 3600
    assert "being built since" in bad("list", "show", "bad")
    (shown,) = bad.json("list", "show", "bad")
    assert list(shown["stagings"]) == [key.rsplit(":", 1)[1]]
    bad("list", "drop", "bad", "--yes")
    assert not [key for key in bad.redis.scan_iter(bad.key("list:bad*"))]


def test_the_list_in_force_never_expires(bad):
    bad("import", "--replace", "bad", "-", stdin=names(0, 3))
    assert bad.redis.ttl(bad.key("list:bad")) == -1


def test_an_unchanged_replacement_keeps_the_former_content(bad):
    bad("import", "--replace", "bad", "-", stdin=names(0, 30))
    bad("import", "--replace", "bad", "-", stdin=names(1, 31))
    before = len(bad.changes())
    assert "0 added, 0 removed" in bad("import", "--replace", "bad", "-", stdin=names(1, 31))
    assert len(bad.changes()) == before and not staging_keys(bad)
    bad("rollback", "bad")
    assert set(bad.list("bad")) == set(names(0, 30).split())


def test_signals_that_are_ignored_stay_ignored(bad):
    process = begin(bad, "--replace", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    process.send_signal(signal.SIGHUP)
    code, _, err = end(process)
    assert code == OK, err
    assert len(bad.list("bad")) == MANY


def test_an_interrupted_import_says_how_far_it_came(bad):
    process = begin(bad)
    until(lambda: len(bad.list("bad")) >= 1000, "the first batch")
    process.send_signal(signal.SIGINT)
    until(lambda: process.poll() is not None, "the end of the command")
    code, _, err = end(process)
    assert code == -signal.SIGINT
    assert len(bad.list("bad")) >= 1000 and "are on the list" in err and "the rest is not" in err


def test_dry_run_is_judged_as_the_import_is(sw, text_file):
    """A list that is only observed may hold suffixes: in a dry run as well."""
    path = text_file("com\nco.uk\ngithub.io\nok.example\n")
    for name, kind, code, accepted in (("seen", "watch", OK, 4), ("acts", "ioc", PARTLY, 1)):
        sw("list", "set", name, "--kind", kind)
        (dry,) = sw.json("import", "--dry-run", name, path, code=code)
        assert not sw.list(name)
        (done,) = sw.json("import", name, path, code=code)
        assert dry["accepted"] == done["accepted"] == accepted and dry["added"] == done["added"]
        assert dry["refused"] == done["refused"]
        sw("list", "drop", name, "--yes")
    sw("import", "--dry-run", "no such list", path, code=NONE)
    sw("import", "--dry-run", "nowhere", path, code=NONE)
    assert "list set nowhere" in sw.err


def test_dry_run_of_a_replacement_shows_the_difference(bad):
    bad("import", "bad", "-", stdin=names(0, 100))
    before = bad.list("bad"), bad.changes()
    out = bad("import", "--dry-run", "--replace", "bad", "-", stdin=names(1, 102))
    assert "2 added, 1 removed, 99 as before" in out and "would be the list" in out
    bad("import", "--dry-run", "--replace", "bad", "-", stdin=names(0, 3), code=NONE)
    assert "shrink from 100 to 3" in bad.err
    assert (bad.list("bad"), bad.changes()) == before and not staging_keys(bad)


def test_difference_against_sets(bad):
    """Random lists and replacements, up to several replies of HSCAN: counts and examples are those of sets."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    universe = [f"n{i}.example" for i in range(3000)]
    for some in (0, 1, 9, 10, 11, 600, 2500):
        now = set(rng.sample(universe, some))
        if now:
            bad("import", "--replace", "--max-shrink=100", "bad", "-", stdin="\n".join(now) + "\n")
        kept = rng.sample(sorted(now), rng.choice([0, len(now) // 2, len(now)]))
        then = set(kept) | set(rng.sample(universe, rng.choice([1, 5, 10, 400])))
        said = bad.json("import", "--dry-run", "--replace", "--max-shrink=100", "bad", "-", stdin="\n".join(then) + "\n")[0]["diff"]
        assert (said["added"], said["removed"]) == (len(then - now), len(now - then)), said
        for sign, wanted in (("added", then - now), ("removed", now - then)):
            first = said[f"{sign}_first"]
            assert len(set(first)) == len(first) == min(10, len(wanted)) and set(first) <= wanted, (sign, said)


def test_growth_is_limited_where_told(bad):
    bad("import", "bad", "-", stdin=names(0, 100))
    bad("import", "--replace", "--max-growth=50", "bad", "-", stdin=names(0, 151), code=NONE)
    assert "grow from 100 to 151" in bad.err and len(bad.list("bad")) == 100
    bad("import", "--replace", "--max-growth=50", "bad", "-", stdin=names(0, 150))


@pytest.mark.skipif(bool(os.environ["SINKWATCH_SANITIZER"]), reason="a sanitizer needs memory of its own")
@pytest.mark.parametrize("words, rest", [
    (["--given", "--format=rpz"], lambda i: f"d{i}.example A 192.0.2.1\n"),  # memory of the command
    (["--format=json"], lambda i: '{"indicator": "a.example", "note": "' + 10 * "x" if i == 0 else 10 * "x"),  # of a reader
], ids=["owners", "object"])  # fmt: skip
def test_an_import_without_memory_leaves_the_list(bad, words, rest):
    bad("add", "bad", "old.example")
    process = bad.start("import", "--replace", *words, "bad", "-")
    first = "n{}.example CNAME .\n" if "--given" in words else '{{"indicator": "n{}.example"}}\n'
    process.stdin.write("".join(first.format(i) for i in range(MANY)))
    process.stdin.flush()
    until(lambda: any(bad.redis.hlen(key) >= MANY - 3000 for key in staging_keys(bad)), "staged names")
    resource.prlimit(process.pid, resource.RLIMIT_AS, (1, 1))
    code, _, err = end(process, "".join(map(rest, range(80000))))
    assert code == NONE and err == "sinkwatch: out of memory: nothing more is written\n", (code, err)
    assert set(bad.list("bad")) == {"old.example"} and all(bad.redis.ttl(key) > 0 for key in staging_keys(bad))


# ---- adding and removing ----


def test_counts_are_of_what_changed(bad, text_file):
    text = "dup1.example\ndup1.example\nDUP1.example\ndup1.example.\nbücher.example\nxn--bcher-kva.example\n"
    assert "2 added, 4 there already or repeated" in bad("import", "bad", text_file(text))
    assert len(bad.list("bad")) == 2
    assert "1 indicator added" in bad("add", "bad", "x.example", "x.example", "X.example")


def test_an_end_that_has_passed_is_refused(bad):
    for words in (["--expires", "2020-01-01T00:00:00Z"], ["--facts", '{"expires":"2020-01-01T00:00:00Z"}']):
        bad("add", "bad", "a.example", *words, code=USAGE)
        assert "has passed" in bad.err
    bad("add", "bad", "a.example", "--facts", '{"expires":"soon"}', code=USAGE)
    assert not bad.list("bad")


SPELLINGS = {
    "c2.example": ["c2.example.", "C2.Example", "C2.EXAMPLE."],
    "=c2.example": ["=C2.example"],
    "*.c2.example": ["*.C2.example."],
    "xn--bcher-kva.example": ["bücher.example", "BÜCHER.example"],
    "2001:db8::1": ["2001:DB8::1", "2001:db8:0::1"],
    "192.0.2.1": ["192.0.2.1/32"],
    "AS64500": ["as64500"],
}


@pytest.mark.parametrize("canonical", SPELLINGS)
def test_every_spelling_of_an_indicator_goes(bad, canonical):
    key = bad.key("list:bad")
    for has_canonical in (True, False):
        fields = SPELLINGS[canonical] + ["other.example"] + [canonical] * has_canonical
        bad.redis.hset(key, mapping={field: "" for field in fields})
        assert "1 indicator removed" in bad("remove", "bad", canonical)
        assert set(bad.list("bad")) == {"other.example"}
        assert bad.changes()[-1][2].count(canonical) >= 1


def test_a_refused_removal_does_nothing(bad):
    bad("add", "bad", "a.example")
    before = bad.changes()
    bad("remove", "bad", "b.example", "no indicator", code=NONE)
    bad("remove", "--as-written", "bad", "b.example", code=NONE)
    assert bad.changes() == before and set(bad.list("bad")) == {"a.example"}


def test_many_other_spellings_at_once(bad):
    bad.redis.hset(bad.key("list:bad"), mapping={f"N{i}.Example": "" for i in range(2500)})
    bad("remove", "bad", *[f"n{i}.example" for i in range(2500)])
    assert not bad.list("bad")
    assert max(len(indicators) for _, _, indicators in bad.changes()) <= 1000


def test_nohup_survives_the_end_of_the_terminal(bad, text_file):
    """The same by the program nohup, as people use it."""
    path = text_file(names(0, 10))
    words = ["nohup", bad.env.cli, "-c", bad.conf, "import", "--replace", "bad", path]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    assert done.returncode == OK, done.stderr
    assert len(bad.list("bad")) == 10
