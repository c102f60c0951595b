"""Feeds: sources by file and HTTP; a source that fails in any way leaves the list as it is (D-170,
D-172, D-173, D-174)."""

import json
import time

import pytest
from cli_rig import INPUT, NONE, OK, PARTLY, REDIS, USAGE, bad, sw, text_file  # noqa: F401
from harness.wait import FACTOR, until
from harness.web import Answer, Web, certificate


@pytest.fixture
def web():
    server = Web()
    yield server
    server.stop()


@pytest.fixture
def feed(bad, folder):
    """The command with a list bad, for feeds that may read the folder of the test."""

    def run(*words, name="bad", code=OK, **options):
        return bad("feed", "run", name, "--files", folder, *words, code=code, **options)

    def status(name="bad"):
        return bad.redis.hgetall(bad.key(f"feed:{name}"))

    def log():
        entries = bad.redis.xrange(bad.key("feeds:log"))
        return [json.loads(fields["e"]) for _, fields in entries]

    bad.run, bad.status, bad.log = run, status, log
    return bad


def names(n, suffix="example"):
    return "".join(f"n{i}.{suffix}\n" for i in range(n))


# ---- definitions


def test_a_definition_is_kept_shown_paused_and_removed(feed, folder):
    feed("feed", "add", "bad", "file:/x", "--every=2h", "--format=hosts", "--allow-suffix=com",
         "--allow-suffix=net", "--stale-after=7d", "--stale=shadow", "--whole")  # fmt: skip
    kept = json.loads(feed.redis.hget(feed.key("feeds"), "bad"))
    assert kept == {
        "source": "file:/x", "list": "bad", "every": 7200, "stale_after": 604800, "stale": "shadow",
        "options": {"format": "hosts", "allow-suffix": ["com", "net"], "whole": True},
    }  # fmt: skip
    (shown,) = feed.json("feed", "show", "bad")
    assert shown["definition"] == kept and shown["state"] == "new" and shown["status"] == {}
    assert "stale after" in feed("feed", "show", "bad") and "2h" in feed("feed", "list")
    feed.redis.hset(feed.key("feed:bad"), mapping={"failures": 3, "seconds": "0.25", "indicators": "many", "added": "1e999"})
    for words in (["show", "bad"], ["list"]):
        status = feed.json("feed", *words)[0]["status"]
        assert status == {"failures": 3, "seconds": 0.25, "indicators": "many", "added": "1e999"}
    feed.redis.delete(feed.key("feed:bad"))
    feed("feed", "pause", "bad")
    assert "paused" in feed("feed") and "resume" in (feed.run(code=NONE) or feed.err)
    feed("feed", "resume", "bad")
    feed("feed", "remove", "bad")
    feed("feed", "remove", "bad", code=NONE)
    feed("feed", "list", code=NONE)
    feed("feed", "show", "bad", code=NONE)


@pytest.mark.parametrize(
    "words, why",
    [
        (["x", "https://a.example/l"], "no list 'x'"),
        (["a b", "https://a.example/l"], "no name of a feed"),
        (["bad", "gopher://a.example/l"], "is no source"),
        (["bad", "https://user:pw@a.example/l"], "--password-file"),
        (["bad", "https:///l"], "no host"),
        (["bad", "https:/a.example/l"], "no host"),
        (["bad", "https:/a.example/x://b.example/l"], "no host"),
        (["bad", "taxii+https:/me:pw@a.example/x://b.example/l"], "no host"),
        (["bad", "http://a.example/l", "--proxy=b.example", "--token-file=/t"], "shown --token-file"),
        (["bad", "misp+http://a.example/l", "--proxy=b.example", "--header-file=/t"], "shown --header-file"),
        (["bad", "https://a.example/l", "--proxy=http://me:pw@b.example"], "--proxy-password-file"),
        (["bad", "https://a.example/l", "--proxy-password-file=/t"], "belongs to --proxy"),
        (["bad", "file:x"], "begins with '/'"),
        (["bad", "file:/x", "--user=me"], "--user is not for"),
        (["bad", "file:/x", "--every=1s"], "--every"),
        (["bad", "file:/x", "--stale=burn"], "--stale"),
        (["bad", "file:/x", "--format=doc"], "--format"),
        (["bad", "file:/x", "--max-shrink=101"], "--max-shrink"),
        (["bad", "file:/x", "--list=other"], "no list 'other'"),
    ],
)
def test_a_definition_that_cannot_work_is_refused(feed, words, why):
    code = NONE if "no list" in why else USAGE
    feed("feed", "add", *words, code=code)
    assert why in feed.err and not feed.redis.exists(feed.key("feeds"))


def test_two_feeds_cannot_write_one_list(feed):
    feed("feed", "add", "bad", "file:/x")
    feed("feed", "add", "other", "file:/y", "--list=bad", code=NONE)
    assert "feed 'bad'" in feed.err
    feed("feed", "add", "bad", "file:/y")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"source":1}', '{"source":"file:/x","list":"A B"}', "{",
             '{"source":"file:/x","list":"bad","every":1}', '{"source":"file:/x","list":"bad","options":{"x":1}}',
             '{"source":"file:/x","list":"bad","options":{"allow-suffix":[1]}}',
             '{"source":"file:/x","list":"bad","stale":"burn"}'],
)  # fmt: skip
def test_a_definition_of_others_that_is_wrong_harms_no_other_feed(feed, text):
    feed("feed", "add", "good", "file:/x", "--list=bad")
    feed.redis.hset(feed.key("feeds"), "wrong", text)
    assert "good" in feed("feed", "list") and "'wrong'" in feed.err
    feed("feed", "run", "wrong", code=NONE)
    feed("feed", "show", "wrong", code=NONE)
    feed("feed", "remove", "wrong")


# ---- files


def test_a_file_is_read_once_and_again_when_it_changes(feed, text_file):
    path = text_file("a.example\nb.example\nbad..name\n")
    feed("feed", "add", "bad", f"file://{path}")
    assert "2 added" in feed.run(code=PARTLY)
    assert set(feed.list("bad")) == {"a.example", "b.example"}
    assert "unchanged" in feed.run()
    text_file("a.example\nc.example\n")
    assert "1 added, 1 removed" in feed.run()
    assert [(one["event"]["action"], one["sinkwatch"]["feed"]["added"]) for one in feed.log()] == [
        ("feed-updated", 2), ("feed-updated", 1),
    ]  # fmt: skip
    assert "+1 -1, 2 on the list" in feed("feed", "log")
    assert feed.status()["outcome"] == "updated" and feed.status()["host"]


def test_content_that_somebody_changed_by_hand_is_fetched_again(feed, text_file):
    feed("feed", "add", "bad", f"file:{text_file(names(3))}")
    feed.run()
    feed("add", "bad", "mine.example")
    assert "1 removed" in feed.run()
    feed.redis.delete(feed.key("list:bad"))
    assert "3 added" in feed.run()


def test_another_definition_is_another_content(feed, text_file):
    path = text_file(names(3))
    feed("feed", "add", "bad", f"file:{path}")
    feed.run()
    feed("feed", "add", "bad", f"file:{path}", "--scope=exact")
    feed.run()
    assert set(feed.list("bad")) == {"=n0.example", "=n1.example", "=n2.example"}


def test_files_outside_of_the_folders_are_not_read(feed, folder, text_file):
    outside = text_file("secret.example\n")
    inside = folder / "in"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    for path in (outside, f"{inside}/link", f"{inside}/../{outside.name}", "/etc/passwd", "/dev/zero"):
        feed("feed", "add", "bad", f"file:{path}")
        feed("feed", "run", "bad", "--files", inside, code=INPUT)
        assert "--files" in feed.err
    feed("feed", "add", "bad", "file:/nowhere/x", "--top-file=/etc/passwd")
    feed("feed", "run", "bad", "--files", inside, code=INPUT)
    assert not feed.list("bad") and "root" not in feed.err


def test_a_folder_of_misp_events(feed, folder):
    feeds = folder / "misp"
    feeds.mkdir()
    uuid = "5a1d5a1d-0000-4000-8000-00000000000"
    for i in range(3):
        attribute = {"type": "domain", "value": f"n{i}.example", "to_ids": True, "uuid": f"{uuid}{i}"}
        event = {"Event": {"uuid": f"{uuid}{i}", "info": "x", "Attribute": [attribute]}}
        (feeds / f"{uuid}{i}.json").write_text(json.dumps(event))
    (feeds / "manifest.json").write_text(json.dumps({f"{uuid}{i}": {} for i in range(3)}))
    feed("feed", "add", "bad", f"file:{feeds}")
    assert "3 added" in feed.run()
    (feeds / f"{uuid}1.json").write_text('{"Event": {"Attribute": [')
    feed.run("--now", code=INPUT)
    assert len(feed.list("bad")) == 3


# ---- HTTP


def test_requests_are_conditional_and_compressed(feed, web):
    def route(request):
        if request.headers.get("If-None-Match") == '"1"':
            return Answer(status=304)
        return Answer(names(30), packed=True, ETag='"1"', Last_Modified="Mon, 30 Nov 2026 00:00:00 GMT")

    web.routes["/list"] = route
    feed("feed", "add", "bad", web.url())
    feed.run()
    assert len(feed.list("bad")) == 30
    assert "unchanged" in feed.run()
    first, second = web.asked
    assert "gzip" in first.headers["Accept-Encoding"] and first.headers["User-Agent"].startswith("sinkwatch/")
    assert "If-None-Match" not in first.headers
    assert second.headers["If-Modified-Since"] == "Mon, 30 Nov 2026 00:00:00 GMT"
    feed.run("--now")
    assert "If-None-Match" not in web.asked[-1].headers
    assert len(feed.changes()) == 2  # the policy, and one replacement


HTML = "<!DOCTYPE html><html><body>503 n1.example</body></html>"
FAILURES = {
    "status 404": (Answer("n1.example\n", 404), INPUT, "404"),
    "status 500 with a list": (Answer(names(40), 500), INPUT, "500"),
    "a 304 that nobody asked for": (Answer(status=304), INPUT, "304"),
    "a part": (Answer(names(40), 206), INPUT, "206"),
    "empty": (Answer(""), NONE, "nothing in"),
    "no content": (Answer("", 204), INPUT, "204"),
    "only comments": (Answer("# moved to another place\n"), NONE, "nothing in"),
    "a page": (Answer(HTML), INPUT, "HTML"),
    "a page after a redirect": (Answer(status=302, Location="/page"), INPUT, "HTML"),
    "redirects without an end": (Answer(status=302, Location="/list"), INPUT, "redirect"),
    "a redirect to a file": (Answer(status=302, Location="file:///etc/passwd"), INPUT, "rotocol"),
    "cut": (Answer(names(4000), cut=20000), INPUT, "cut"),
    "cut compression": (Answer(names(4000), packed=True, cut=100), INPUT, "cut"),
    "cut gzip file": (Answer(b"\x1f\x8b\x08\x00" + bytes(6) + b"\x4b\xd4"), INPUT, "cut"),
    "broken compression": (Answer(b"\x1f\x8b\x08\x00" + b"x" * 99, Content_Encoding="gzip"), INPUT, ""),
    "chunked without its end": (
        Answer(b"400\r\n" + b"n1.example\n" * 10, cut=100, Transfer_Encoding="chunked"), INPUT, "",
    ),
    "shrinks": (Answer(names(10)), NONE, "shrink"),
    "grows": (Answer(names(5000)), NONE, "grow"),
    "too large": (Answer(names(40000, "a-longer-name.example")), INPUT, "--max-size"),
    "a bomb": (Answer(b"n1.example\n" * 2_000_000, packed=True), INPUT, "--max-size"),
    "JSON that is cut": (Answer('[{"indicator": "n1.example"}, {"indi'), INPUT, "cut"),
}  # fmt: skip


def test_a_source_that_fails_leaves_the_list_and_is_tried_again(feed, web):
    """All failures in a row, each after a good run."""
    web.routes["/page"] = Answer(HTML)
    feed("feed", "add", "bad", web.url(), "--max-size=500000", "--timeout=20s", "--max-growth=900")
    for what, (answer, code, words) in FAILURES.items():
        web.routes["/list"] = Answer(names(30))
        feed.run("--now")
        before, changes = feed.list("bad"), len(feed.changes())
        web.routes["/list"] = answer
        feed.run("--now", code=code)
        assert words in feed.err, f"{what}: {feed.err}"
        assert feed.list("bad") == before and len(feed.changes()) == changes, what
        assert not list(feed.redis.scan_iter(feed.key("list:bad:staging*"))), what
        assert not feed.redis.exists(feed.key("feed:bad:lease")), what
        status = feed.status()
        assert status["failures"] == "1" and words in status["problem"] and status["problem"], what
        assert status["next"] > status["last_run"] > status["last_success"], what
        (event,) = [one["event"] for one in feed.log()][-1:]
        assert (event["action"], event["outcome"]) == ("feed-failed", "failure"), what
        assert event["reason"] == status["problem"], what
    assert [one["event"]["action"] for one in feed.log()].count("feed-recovered") == len(FAILURES) - 1


def test_a_server_that_is_away_silent_or_slow_ends_by_the_timeout(feed, web):
    feed("feed", "add", "bad", f"http://127.0.0.1:{dead_port()}/", "--timeout=5s")
    feed.run(code=INPUT)

    def slow(request):
        until(lambda: request.connection.recv(1) == b"", "the client's end")
        return Answer("")

    web.routes["/list"] = slow
    feed("feed", "add", "bad", web.url(), "--timeout=1s")
    feed.run(code=INPUT)
    assert "timed out" in feed.err.lower()


def dead_port():
    server = Web()
    server.stop()
    return server.port


def test_the_pause_that_a_source_asks_for_is_kept(feed, web):
    now = time.time()
    for answer, least, code in (
        (Answer(status=429, Retry_After="7200"), 7200, INPUT),
        (Answer(names(30), Cache_Control="public, max-age=5000"), 5000, OK),
        (Answer(status=503, Retry_After="99999999"), 86400, INPUT),
    ):
        web.routes["/list"] = answer
        feed("feed", "add", "bad", web.url())
        feed.run("--now", code=code)
        asked = len(web.asked)
        for field in ("next", "pause_until"):
            until_then = time.mktime(time.strptime(feed.status()[field][:19], "%Y-%m-%dT%H:%M:%S"))
            assert until_then - time.timezone >= now + least - 2
        feed.run(code=NONE)
        assert "left alone" in feed.err and len(web.asked) == asked


def test_certificates_are_checked_and_secrets_come_from_files(feed, folder):
    cert, key = certificate(folder)
    web = Web((cert, key))
    try:
        web.routes["/list"] = Answer(names(5))
        web.routes["/away"] = Answer(status=302, Location=web.url().replace("https", "http"))
        (folder / "pw").write_text("geheim\n")
        (folder / "token").write_text("t0ken\n")
        (folder / "headers").write_text("# the key\nX-Key: 0123\n")
        feed("feed", "add", "bad", web.url())
        feed.run(code=INPUT)
        assert "certificate" in feed.err and not web.asked
        trust = ["--ca-file", cert]
        feed("feed", "add", "bad", web.url(), *trust, "--user=me", "--password-file", folder / "pw")
        feed.run()
        assert web.asked[-1].headers["Authorization"] == "Basic bWU6Z2VoZWlt"
        feed("feed", "add", "bad", web.url(), *trust, "--token-file", folder / "token")
        feed.run()
        assert web.asked[-1].headers["Authorization"] == "Bearer t0ken"
        feed("feed", "add", "bad", web.url(), *trust, "--header-file", folder / "headers")
        feed.run()
        assert web.asked[-1].headers["X-Key"] == "0123"
        feed("feed", "add", "bad", web.url("/away"), *trust)
        feed.run("--now", code=INPUT)
        assert "rotocol" in feed.err  # https is not left for http
        feed("feed", "add", "bad", web.url(), *trust, "--user=me", "--password-file=/etc/hostname")
        feed.run("--now", code=INPUT)
        assert "--files" in feed.err
        shown = feed("feed", "show", "bad") + "".join(map(str, feed.log()))
        assert "geheim" not in shown and "t0ken" not in shown
    finally:
        web.stop()


def test_a_redirect_never_carries_secrets_to_another_host(feed, web, folder):
    """D-169. The other host is the same server by another name and port."""
    other = Web()
    cert, key = certificate(folder)
    try:
        other.routes["/list"] = Answer(names(5))
        for address in (f"http://localhost:{other.port}/list", other.url()):
            web.routes["/list"] = Answer(status=302, Location=address)
            (folder / "token").write_text("t0ken\n")
            feed("feed", "add", "bad", web.url(), "--token-file", folder / "token")
            feed.run()
            assert web.asked[-1].headers["Authorization"] == "Bearer t0ken"
            feed("feed", "add", "bad", web.url(), "--user=me", "--password-file", folder / "token")
            feed.run()
            assert web.asked[-1].headers["Authorization"].startswith("Basic ")
            for words in (["--header-file", text_in(folder, "X-Key: 0123\n")], ["--cert-file", cert, "--key-file", key]):
                feed("feed", "add", "bad", web.url(), *words)
                feed.run("--now", code=INPUT)
                assert "none is followed" in feed.err
        assert len(other.asked) == 4
        assert not any(one.headers["Authorization"] or one.headers["X-Key"] for one in other.asked)
    finally:
        other.stop()


def text_in(folder, text):
    path = folder / "headers"
    path.write_text(text)
    return path


def test_a_secret_for_a_host_goes_to_no_other(feed, web, folder):
    """A user with the right to write definitions sends no secret of a file to a host of their own (D-169)."""
    web.routes["/list"] = Answer(names(5))
    kinds = {"--token-file": "t0ken\n", "--header-file": "X-Key: 0123\n", "--password-file": "geheim\n"}
    for option, text in kinds.items():
        user = ["--user=me"] if option == "--password-file" else []
        path = text_in(folder, text + "# host: intel.example\n# host: other.example\n")
        feed("feed", "add", "bad", web.url(), option, path, *user)
        feed.run("--now", code=INPUT)
        assert "is for other hosts than 127.0.0.1" in feed.err and not web.asked
    for option, text in kinds.items():
        user = ["--user=me"] if option == "--password-file" else []
        path = text_in(folder, text + "# host: intel.example\n# host: 127.0.0.1\n")
        feed("feed", "add", "bad", web.url(), option, path, *user)
        feed.run("--now")
    before, path = len(web.asked), text_in(folder, "t0ken\n# host: intel.example\n")
    for source in (f"http:/127.0.0.1:{web.port}/x://intel.example/list", f"http://intel.example@127.0.0.1:{web.port}/",
                   f"http://intel.example:x@127.0.0.1:{web.port}/list"):  # fmt: skip
        feed("feed", "add", "bad", source, "--token-file", path, code=USAGE)
        feed.redis.hset(feed.key("feeds"), "bad", json.dumps(
            {"source": source, "list": "bad", "options": {"token-file": str(path)}}))  # fmt: skip
        feed.run("--now", code=INPUT)
    assert len(web.asked) == before
    feed("feed", "add", "bad", f"rpz://127.0.0.1:{web.port}/z.example", "--tsig-file",
         text_in(folder, "hmac-sha256:k:c2VjcmV0\n# host: ns.example\n"))  # fmt: skip
    feed.run(code=INPUT)
    assert "is for other hosts" in feed.err


def test_the_password_of_a_proxy_is_for_the_proxy(feed, web, folder):
    """A file with "# host:" is compared with the proxy's host; the source has another one."""
    for proxy in (f"127.0.0.1:{web.port}", f"http://127.0.0.1:{web.port}"):
        words = ["https://intel.example/list", "--proxy", proxy, "--proxy-password-file"]
        feed("feed", "add", "bad", *words, text_in(folder, "me:geheim\n# host: intel.example\n"))
        before = len(web.asked)
        feed.run("--now", code=INPUT)
        assert "is for other hosts than 127.0.0.1" in feed.err and len(web.asked) == before
        feed("feed", "add", "bad", *words, text_in(folder, "me:geheim\n# host: 127.0.0.1\n"))
        feed.run("--now", code=INPUT)
        assert web.asked[-1].headers["Proxy-Authorization"] == "Basic bWU6Z2VoZWlt"


def test_the_file_of_top_names_is_the_one_that_was_judged(feed, web, folder, tmp_path_factory):
    """A link that is put in its place during the fetch leads nowhere."""
    outside = tmp_path_factory.mktemp("outside") / "top"
    outside.write_text("1,n1.example\n")
    top = folder / "top"

    def swap(_):
        top.unlink()
        top.symlink_to(outside)
        return Answer(names(3))

    top.write_text("1,n2.example\n")
    web.routes["/list"] = swap
    feed("feed", "add", "bad", web.url(), "--top-file", top)
    feed.run(code=PARTLY)
    assert set(feed.list("bad")) == {"n0.example", "n1.example"}


def test_a_key_in_the_query_is_not_shown(feed, web):
    web.routes["/list"] = Answer(names(5))
    feed("feed", "add", "bad", web.url("/list?key=geheim"))
    feed.run()
    assert web.asked[0].path == "/list?key=geheim"
    shown = feed("feed", "list") + feed("feed", "show", "bad") + json.dumps(feed.log())
    assert "geheim" not in shown


def test_indicators_with_an_end_are_renewed_in_time(feed, web):
    """The list lets indicators end, and the source has no news: fetched again before the end."""
    web.routes["/list"] = lambda r: Answer(status=304) if "If-None-Match" in r.headers else Answer(names(5), ETag="x")
    feed("list", "set", "bad", "--lifetime=1h")
    feed("feed", "add", "bad", web.url())
    feed.run()
    assert "unchanged" in feed.run()
    feed.redis.hset(feed.key("feed:bad"), "applied", "2026-01-01T00:00:00Z")
    before = feed.list("bad")
    feed.redis.hset(feed.key("list:bad"), "n1.example", '{"expires":"2026-01-01T00:00:00Z"}')
    feed.run()
    assert all(facts >= before[name] for name, facts in feed.list("bad").items())


# ---- the lease, and a source that stays away


def test_two_runs_of_a_feed_at_once(feed, web):
    go = []

    def wait(_request):
        until(lambda: go, "the word")
        return Answer(names(3))

    web.routes["/list"] = wait
    feed("feed", "add", "bad", web.url())
    process = feed.start("feed", "run", "bad")
    until(lambda: web.asked, "the first request")
    feed.run(code=NONE)
    assert "is being run by" in feed.err
    go.append(1)
    out, err = process.communicate(timeout=30 * FACTOR)
    assert process.returncode == OK, out + err
    assert len(feed.list("bad")) == 3


def test_a_run_that_lost_its_lease_writes_nothing(feed, web):
    """Another machine took the feed over while this one was cut off."""

    def take(_request):
        feed.redis.set(feed.key("feed:bad:lease"), "another machine")
        return Answer(names(3))

    web.routes["/list"] = take
    feed("feed", "add", "bad", web.url())
    feed.run(code=REDIS)
    assert "lease" in feed.err and not feed.list("bad")
    assert not feed.status() and not feed.log()
    assert feed.redis.get(feed.key("feed:bad:lease")) == "another machine"


@pytest.mark.parametrize("stale", ["keep", "shadow", "drop"])
def test_a_source_that_stays_away(feed, web, stale):
    web.routes["/list"] = Answer(names(30))
    feed("feed", "add", "bad", web.url(), "--stale-after=1h", f"--stale={stale}")
    feed.run()
    web.routes["/list"] = Answer("", 500)
    feed.run(code=INPUT)
    assert feed.status()["stale"] == "" and len(feed.list("bad")) == 30
    feed.redis.hset(feed.key("feed:bad"), "last_success", "2026-01-01T00:00:00.000Z")
    for _ in range(2):  # the second run changes nothing more
        feed.run(code=INPUT)
        assert feed.status()["stale"] and feed.status()["stale_did"] == stale
        assert len(feed.list("bad")) == (0 if stale == "drop" else 30)
        assert feed.policy("bad").get("shadow", False) == (stale == "shadow")
        assert [one["event"]["action"] for one in feed.log()].count("feed-stale") == 1
    assert "stale" in feed("feed", "list")
    expected = {"keep": "replace", "shadow": "policy", "drop": "replace"}[stale]
    assert feed.changes()[-1][0] == expected
    web.routes["/list"] = Answer(names(30))
    feed.run()
    assert feed.status()["stale"] == "" and len(feed.list("bad")) == 30
    assert not feed.policy("bad").get("shadow", False)


def test_shadow_mode_that_the_operator_chose_stays(feed, web):
    feed("list", "set", "bad", "--shadow")
    feed("feed", "add", "bad", web.url("/nothing"), "--stale-after=1h", "--stale=shadow")
    feed.run(code=INPUT)
    feed.redis.hset(feed.key("feed:bad"), "since", "2026-01-01T00:00:00.000Z")
    feed.run(code=INPUT)
    assert feed.status()["stale"]
    web.routes["/nothing"] = Answer(names(3))
    feed.run()
    assert feed.policy("bad")["shadow"] is True


def test_failures_in_a_row_are_told_more_and_more_rarely(feed, web):
    """The first, second, fourth, ... failure and another reason: a feed does not fill the log (D-222)."""
    web.routes["/list"] = Answer("", 500)
    feed("feed", "add", "bad", web.url())
    for failures in range(1, 10):
        if failures == 7:
            web.routes["/list"] = Answer("", 404)
        feed.run(code=INPUT)
        assert feed.status()["failures"] == str(failures)
    told = [one["sinkwatch"]["feed"]["failures"] for one in feed.log() if one["event"]["action"] == "feed-failed"]
    assert told == [1, 2, 4, 7, 8]
    web.routes["/list"] = Answer("a.example\n")
    feed.run()
    assert feed.log()[-1]["event"]["action"] == "feed-recovered"
