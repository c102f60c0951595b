"""sinkwatch web: the documents by HTTP, and the page in a real browser: the analyst's way through
the Carbanak case, at three widths, by keyboard alone, and with hostile texts. D-192, D-193, D-194."""

import json
import os
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from cli_rig import ROOT, Command, put
from harness import browser as chromium
from harness.accessibility import faults, focus_faults
from harness.desk import OURS, Desk
from harness.paper import printed
from harness.wait import FACTOR, until
from harness.web import certificate

NETWORKS = "213.24.0.0/16\t8342\tJSC RTComm.RU\n198.51.100.0/24\t64500\tPlain Hosting\n"
REGISTRANTS = "213.24.76.0/23\tFederal Security Service\tFSB-NET\tRU\n"
HOSTILE = "<img src=x onerror=document.title='ran'>\u202e<script>document.title='ran'</script>"
CONTROL = "\u009b2J\u009d0;ran\u0007\x1b]0;ran\x07\u2067\x7f"  # of terminals, as C1 and C0; marks that turn text
WIDTHS = (400, 1400, 2560)


def day(n, month=11):
    return f"2026-{month:02d}-{n:02d}T00:00:00.000Z"


def made(folder):
    """Databases of the project's makers."""
    paths = {}
    for script, key, text in (("make-asn-mmdb", "asn-mmdb", NETWORKS), ("make-owner-mmdb", "owner-mmdb", REGISTRANTS)):
        table, out = folder / f"{key}.tsv", folder / f"{key}.mmdb"
        table.write_text(text)
        subprocess.run([ROOT / "scripts" / script, "--quiet", table, out], check=True, capture_output=True)
        paths[key] = out
    return paths


AGENCY = {"prefix": "213.24.0.0/16", "asn": 8342, "org": "JSC RTComm.RU", "registrant": "Federal Security Service",
          "netname": "FSB-NET", "country": "RU"}  # fmt: skip
HOSTER = {"prefix": "198.51.100.0/24", "asn": 64500, "org": "Plain Hosting"}


def see(sw, name, address, first, last, owner, list="", **more):
    both = {"first": first, "last": last, "count": 3}
    sw.redis.hset(sw.key(f"seen:name:{name}"), address, json.dumps({**both, **owner, **more}))
    sw.redis.hset(sw.key(f"seen:addr:{address}"), name, json.dumps({**both, "list": list}))
    sw.redis.zadd(sw.key("tracked"), {address: 1})


def episode(sw, name, key, owner, *times):
    spans = [{"from": a, "to": b, "count": 5} for a, b in times]
    sw.redis.hset(sw.key(f"seen:name:{name}"), f"holder {key}", json.dumps({**owner, "episodes": spans}))


def carbanak(sw):
    """A name that moved from a hoster to the agency and back, its neighbours, and the records."""
    sw("list", "set", "carbanak", "--action", "sinkhole", "--note", HOSTILE)
    sw("list", "set", "ours", "--kind", "watch")
    sw("list", "set", "nursery", "--group", "kids")
    sw("add", "carbanak", "systemsvc.net", "--facts", json.dumps({"campaign": HOSTILE}))
    sw("add", "ours", "mail.example.org")
    sw("add", "nursery", "toys.example")
    sw("list", "set", "nursery", "--action", "nxdomain")
    agency = [f"protected-owner - class:government @{day(9)}"]
    see(sw, "systemsvc.net", "198.51.100.7", day(1, 9), day(28), HOSTER, "carbanak")
    see(sw, "systemsvc.net", "213.24.76.23", day(5), day(9), AGENCY, "carbanak", anomalies=agency)
    episode(sw, "systemsvc.net", "plain hosting", HOSTER, (day(1, 9), day(30, 10)), (day(20), day(28)))
    episode(sw, "systemsvc.net", "federal security service", AGENCY, (day(5), day(9)))
    episode(sw, "systemsvc.net", "none", {}, (day(12), day(15)))
    see(sw, "advetureseller.com", "213.24.76.23", day(1), day(8), AGENCY, "carbanak")
    see(sw, "advetureseller.com", "198.51.100.9", day(1, 8), day(1, 10), HOSTER, "carbanak")
    see(sw, "mail.example.org", "213.24.76.23", day(1, 6), day(20), AGENCY)
    sw.redis.hset(sw.key("seen:zone:systemsvc.net"), "198.51.100.53",
                  json.dumps({"first": day(1), "last": day(2), "count": 2, "server": "ns1.example.net", **HOSTER}))  # fmt: skip
    hit = {"@timestamp": day(9), "event": {"action": "sinkhole"}, "client": {"ip": "192.0.2.53"},
           "dns": {"question": {"name": "www.systemsvc.net", "type": "A"}, "resolved_ip": ["213.24.76.23"]},
           "sinkwatch": {"list": "carbanak", "indicator": "systemsvc.net", "count": 4}}  # fmt: skip
    below = {**hit, "client": {"ip": "192.0.2.54"}, "dns": {"question": {"name": "x.below.example", "type": "A"}},
             "sinkwatch": {"list": "carbanak", "indicator": "*.below.example", "count": 2}}  # fmt: skip
    sw.redis.hset(sw.key("list:carbanak"), "*.below.example", json.dumps({"campaign": "below"}))
    put(sw, "events", below, hit, {**hit, "@timestamp": day(10), "client": {"ip": "192.0.2.77"}}, "no JSON")
    put(sw, "anomalies", {
        "@timestamp": day(9), "event": {"action": "protected-owner", "severity": 90}, "threat": {"feed": {"name": "carbanak"}},
        "sinkwatch": {"anomaly": {"name": "systemsvc.net", "address": "213.24.76.23", "owner": {"registrant": HOSTILE}}}})  # fmt: skip
    hostile = {**AGENCY, "registrant": HOSTILE + CONTROL, "netname": HOSTILE, "org": HOSTILE}
    see(sw, "evil.example", "213.24.76.66", day(1), day(2), hostile, "carbanak", anomalies=[HOSTILE])
    see(sw, HOSTILE, "213.24.76.66", day(1), day(2), hostile, HOSTILE)
    episode(sw, "evil.example", HOSTILE, hostile, (day(1), day(2)))
    sw.report("ns1", "0-1", last_error=HOSTILE + CONTROL)


@pytest.fixture(scope="module")
def sw(env, session_folder, shared_redis, settings_for):
    folder = session_folder / "web"
    folder.mkdir()
    settings = {**settings_for(shared_redis, folder), **made(folder), "memory-folder": ""}
    settings.pop("memory-folder")
    command = Command(env, folder, shared_redis, settings)
    carbanak(command)
    yield command
    keys = list(shared_redis.client.scan_iter(match=command.prefix.replace("{", "?") + "*"))
    shared_redis.client.delete(*keys)


@pytest.fixture(scope="module")
def desk(sw):
    with Desk(sw) as server:
        yield server
        server.end()


# ---- documents


def test_card_of_a_name(desk):
    card = desk.document("card", q="systemsvc.net")
    assert card["kind"] == "name" and card["check"]["verdict"]["taken"] == "sinkhole"
    assert [(one["list"], one["indicator"]) for one in card["lists"]] == [("carbanak", "systemsvc.net")]
    assert card["lists"][0]["facts"] == {"campaign": HOSTILE}
    assert [one["address"] for one in card["addresses"]] == ["198.51.100.7", "213.24.76.23"]
    by = {one["key"]: one for one in card["holders"]}
    assert by["federal security service"]["holder"]["class"] == "government"
    assert "classes.tsv:" in by["federal security service"]["holder"]["reason"]
    assert len(by["plain hosting"]["episodes"]) == 2 and "none" in by
    assert card["zone"]["servers"][0]["server"] == "ns1.example.net"
    assert [text for text in card["anomalies"] if text.startswith("protected-owner")]
    below = desk.document("card", q="a.b.systemsvc.net")
    assert below["check"]["verdict"]["taken"] == "sinkhole" and below["addresses"] == []


def test_cards_of_places(desk):
    card = desk.document("card", q="213.24.76.23")
    assert card["place"]["owner"]["registered"] == "213.24.76.0/23" and card["place"]["owner"]["netname"] == "FSB-NET"
    assert card["place"]["holder"]["class"] == "government" and card["place"]["owner"]["as"]["number"] == 8342
    names = {one["name"]: one for one in card["names"]}
    assert set(names) == {"systemsvc.net", "advetureseller.com", "mail.example.org"} and card["names_read"] == 3 and card["names_of_all"]
    assert names["mail.example.org"]["lists"] == [{"list": "ours", "kind": "watch", "indicator": "mail.example.org"}]
    for question in ("213.24.76.0/23", "AS8342", "registrant:Federal Security Service", "class:government", "country:RU"):
        card = desk.document("card", q=question)
        assert {one["address"] for one in card["addresses"]} == {"213.24.76.23", "213.24.76.66"}, question
        assert "systemsvc.net" in {one["name"] for one in card["names"]}


def test_unknown_things_say_so(desk):
    card = desk.document("card", q="nobody.example")
    text = " ".join(card["unknown"])
    assert "No list has" in text and "no address of this name" in text and "No memory is kept" in text
    assert card["check"]["verdict"] is None
    assert "No name was seen there" in " ".join(desk.document("card", q="203.0.113.1")["unknown"])
    assert desk.document("past", q="nobody.example")["state"].startswith("not kept")
    assert desk.document("search", q="a b")["why"]
    for path in ("card?q=a..b", "card", "graph?q=", "past?q=%00", "clients?before=abc", "anomalies?before=1-"):
        assert desk.ask("api/" + path).status == 400, path


def test_the_same_verdict_as_check(desk, sw):
    acts = ("systemsvc.net", "x.systemsvc.net", "toys.example")
    for word in (*acts, "mail.example.org", "213.24.76.23", "198.51.100.7"):
        (check,) = sw.json("check", word, code=0 if word in acts else 1)
        assert desk.document("card", q=word)["check"] == check, word
    for one in (sw.json("check", "toys.example")[0], desk.document("card", q="toys.example")["check"]):
        answers = [(each["groups"], each["no_group"], each["verdict"] and each["verdict"]["taken"]) for each in one["by_group"]]
        assert answers == [(["kids"], False, "nxdomain"), ([], True, None)]
    text = sw("check", "toys.example")
    assert "clients of kids get: nxdomain" in text.lower() and "clients of no group get: the true answer" in text


def test_streams(desk):
    found = desk.document("clients", name="www.systemsvc.net")
    assert [(one["client"], one["count"]) for one in found["clients"]] == [("192.0.2.77", 4), ("192.0.2.53", 4)]
    assert found["looked"] >= 3 and found["next"] is None
    assert [one["client"] for one in desk.document("clients", client="192.0.2.53")["clients"]] == ["192.0.2.53"]
    assert desk.document("clients", name="stemsvc.net")["clients"] == []
    (one,) = desk.document("anomalies", address="213.24.76.23")["documents"]
    assert one["event"]["action"] == "protected-owner"
    assert desk.document("anomalies", list="other")["documents"] == []


def test_search(desk):
    kinds = lambda q: [(hit["kind"], hit["word"]) for hit in desk.document("search", q=q)["hits"]]  # noqa: E731
    assert kinds("SYSTEMSVC.net.")[0] == ("name", "systemsvc.net")
    assert kinds("213.24.76.23") == [("address", "213.24.76.23"), ("client", "213.24.76.23")]
    assert kinds("10.0.0.0/8") == [("prefix", "10.0.0.0/8")] and kinds("as8342") == [("as", "AS8342")]
    assert ("list", "carbanak") in kinds("carb")
    assert ("holder", "registrant:federal security service") in kinds("Federal Security Service")


def test_indicators(desk, sw):
    """The lists that have an indicator in this form, with facts, and its hits. D-238."""
    there = {"*.below.example": {"campaign": "below"}, "=alone.example": {}, "203.0.113.0/24": {"campaign": "net"}, "AS64500": {}}
    sw.redis.hset(sw.key("list:carbanak"), mapping={word: json.dumps(facts) for word, facts in there.items()})
    hit = {"@timestamp": day(9), "event": {"action": "sinkhole"}, "client": {"ip": "192.0.2.54"}, "dns": {"question": {"name": "x.below.example", "type": "A"}}}
    by_client = {**hit, "sinkwatch": {"list": "carbanak", "indicator": "203.0.113.0/24", "trigger": "client", "count": 1}}
    put(sw, "events", *[{**hit, "sinkwatch": {"list": "carbanak", "indicator": word, "count": 2}} for word in there if word[0] != "*"], by_client)
    try:
        for word, facts in there.items():
            (one,) = [row for row in desk.document("indicator", q=word)["lists"]]
            assert (one["list"], one["kind"], one["action"], one["indicator"], one.get("facts", {})) == ("carbanak", "ioc", "sinkhole", word, facts)
            (client,) = desk.document("clients", indicator=word)["clients"]
            assert (client["client"], client["count"]) == ("192.0.2.54", 3 if "/" in word else 2), word
        with Desk(sw, "--hide-clients") as hiding:
            assert [one["count"] for one in hiding.document("clients", indicator="203.0.113.0/24")["clients"]] == [2], "not the rule about clients"
        for word in ("below.example", "=below.example", "203.0.113.0/25", "registrant:Nobody"):
            assert desk.document("indicator", q=word)["lists"] == [] == desk.document("clients", indicator=word)["clients"]
        hits = desk.document("search", q="*.BELOW.example")["hits"]
        assert [(one["kind"], one["word"]) for one in hits[:2]] == [("indicator", "*.below.example"), ("name", "below.example")]
        assert desk.ask("api/indicator?q=a..b").status == 400
    finally:
        sw.redis.hdel(sw.key("list:carbanak"), "203.0.113.0/24", "AS64500", "=alone.example")


def test_rights(desk, sw):
    """A request without the right is refused, with a line in the log."""
    assert desk.ask("", Host="other.example").status == 421
    assert desk.ask("api/lists", Sec_Fetch_Site="cross-site").status == 403
    body = {"list": "carbanak", "indicators": ["new.example"]}
    assert desk.ask("api/preview", body, Content_Type="application/json").status == 403
    assert desk.ask("api/preview", body, **OURS, Origin="http://other.example").status == 403
    assert desk.ask("api/add", body, **OURS).status == 403 and "new.example" not in sw.list("carbanak")
    policy = desk.ask("").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    with Desk(sw, "--hide-clients") as closed:
        assert closed.document("clients", name="systemsvc.net")["clients"][0]["client"] == "client 1"
        assert closed.ask("api/clients?client=192.0.2.53").status == 403
        assert closed.ask("", Host="other.example").status == 421
        assert "refused / of 127.0.0.1: Host" in closed.end()


def test_changes(sw):
    with Desk(sw, "--allow-changes") as server:
        texts = ["NEW.example", "com", "example.org", "a..b", "203.0.113.0/24"]
        found = server.ask("api/preview", {"list": "carbanak", "indicators": texts}, **OURS).json
        judged = {one["text"]: (one["accepted"], one["own"]) for one in found["items"]}
        assert judged == {"NEW.example": (True, False), "com": (False, False), "example.org": (True, True), "a..b": (False, False), "203.0.113.0/24": (True, False)}
        added = server.ask("api/add", {"list": "carbanak", "indicators": ["NEW.example", "com", "--help"]}, **OURS).json
        assert added["added"] == 1 and {one["item"] for one in added["refused"]} == {"com", "--help"}
        assert "new.example" in sw.list("carbanak") and added["change"] == sw.last_change()
        for body in ({}, [], {"list": "carbanak"}, {"list": "carbanak", "indicators": [1]}, {"list": 1, "indicators": ["a"]}):
            assert server.ask("api/add", body, **OURS).status == 400, body
        assert server.ask("api/add", {"list": "none", "indicators": ["a.example"]}, **OURS).status == 409
        assert "change by the page: add to carbanak" in server.end()
        sw("remove", "carbanak", "new.example")


def test_feeds_have_no_secrets(sw, desk):
    source = "https://publisher.example/list?key=secret"
    sw("list", "set", "feedlist")
    sw("feed", "add", "ads", source, "--list", "feedlist", "--user", "hidden")
    sw.redis.hset(sw.key("feed:ads"), mapping={"outcome": "failed", "problem": HOSTILE, "state": '{"etag":"hidden"}'})
    (feed,) = desk.document("feeds")
    assert feed["name"] == "ads" and feed["list"] == "feedlist" and feed["status"]["problem"] == HOSTILE
    assert "secret" not in json.dumps(feed) and "hidden" not in json.dumps(feed)


@pytest.fixture(scope="module")
def memory_desk(env, session_folder, shared_redis, settings_for):
    folder = session_folder / "web-memory"
    (folder / "past").mkdir(parents=True)
    settings = {**settings_for(shared_redis, folder), "memory-folder": folder / "past"}
    settings.pop("asn-mmdb"), settings.pop("owner-mmdb")
    other = Command(env, folder, shared_redis, settings)
    other("list", "set", "bad")
    record = {"rrname": "old.example", "rrtype": "A", "rdata": "192.0.2.7", "time_first": int(time.time()) - 9999,
              "time_last": int(time.time()) - 999, "count": 7}  # fmt: skip
    other("memory", "import", "--folder", folder / "past", "-", stdin=json.dumps(record) + "\n")
    with Desk(other) as server:
        yield server
        server.end()
    keys = list(shared_redis.client.scan_iter(match=other.prefix.replace("{", "?") + "*"))
    shared_redis.client.delete(*keys)


def test_memory_and_its_preview(memory_desk):
    server = memory_desk
    for question in ("old.example", "192.0.2.7"):
        found = server.document("past", q=question)
        assert found["state"] == "kept" and [(r["name"], r["rdata"], r["count"]) for r in found["records"]] == [("old.example", "192.0.2.7", 7)]
    assert server.document("past", q="none.example")["records"] == []
    found = server.ask("api/preview", {"list": "bad", "indicators": ["old.example"]}, **OURS).json
    assert "old.example" in json.dumps(found["memory"])


@pytest.fixture
def other(env, session_folder, shared_redis, settings_for):
    """A room of its own, with a memory of 10,100 rows in two files."""
    folder = session_folder / "web-broken-memory"
    (folder / "past").mkdir(parents=True)
    settings = {**settings_for(shared_redis, folder), "memory-folder": folder / "past"}
    settings.pop("asn-mmdb"), settings.pop("owner-mmdb")
    other = Command(env, folder, shared_redis, settings)
    other.past = folder / "past"
    times = {"time_first": int(time.time()) - 9999, "time_last": int(time.time()) - 999, "count": 7}
    records = [{"rrname": f"n{i}.old.example", "rrtype": "A", "rdata": f"10.0.{i >> 8}.{i & 255}", **times} for i in range(10100)]
    for some in ([{**records[0], "rrname": "old.example", "rdata": "192.0.2.7"}], records):
        other("memory", "import", "--folder", other.past, "-", stdin="".join(json.dumps(one) + "\n" for one in some))
    yield other
    keys = list(shared_redis.client.scan_iter(match=other.prefix.replace("{", "?") + "*"))
    shared_redis.client.delete(*keys)


def preview(server, *indicators):
    return server.ask("api/preview", {"list": "bad", "indicators": list(indicators)}, **OURS).json


def test_a_failing_memory_is_said(other):
    """The memory, its preview, a question that covers all of it, and files that are damaged or gone;
    and the settings file is read at the start only."""
    other("list", "set", "bad")
    with Desk(other) as server:
        for question in ("old.example", "192.0.2.7"):
            found = server.document("past", q=question)
            assert found["state"] == "kept" and [(r["name"], r["rdata"], r["count"]) for r in found["records"]] == [("old.example", "192.0.2.7", 7)]
        assert server.document("past", q="none.example")["records"] == []
        other.conf.rename(f"{other.conf}.away")
        assert server.document("fleet")["redis"] and server.document("lists")
        (most,) = preview(server, "=old.example")["memory"]["most"]
        assert (most["name"], most["count"]) == ("old.example", 7)
        whole = preview(server, "0.0.0.0/1", "128.0.0.0/1")["memory"]
        assert whole["cut"] and 0 < whole["names"] <= 10000
        small = min(other.past.glob("*.mtbl"), key=lambda file: file.stat().st_size)
        small.write_bytes(b"no table" * 100)
        found = server.document("past", q="n1.old.example")
        assert found["state"].startswith("damaged") and len(found["records"]) == 1
        other.past.rename(f"{other.past}.away")
        found = preview(server, "old.example")
        assert found["memory"] is None and str(other.past) in found["memory_problem"]
        assert server.document("past", q="old.example")["state"] == "not readable"
        assert server.document("about")["memory"]
        server.end()


def error_of_live(server):
    with urllib.request.urlopen(server.url + "api/live", timeout=30 * FACTOR) as answer:
        for line in answer:
            piece = json.loads(line[6:]) if line.startswith(b"data: ") else {}
            if "error" in piece:
                return piece["error"]


def test_broken_keys_break_nothing_else(sw):
    """Of a list that is no hash the card says so, and judges by the others; of a stream that is no
    stream the live page has the words of Redis."""
    for name in ("aaa", "zzz"):
        sw("list", "set", name)
        sw.redis.set(sw.key(f"list:{name}"), "no hash")
    sw.redis.rename(sw.key("events"), sw.key("kept"))
    sw.redis.set(sw.key("events"), "no stream")
    try:
        with Desk(sw) as server:
            for word in ("systemsvc.net", "213.24.76.23", "systemsvc.net"):
                card = server.document("card", q=word)
                text = " ".join(card["unknown"])
                assert "list aaa cannot be read" in text and "list zzz cannot be read" in text, word
            assert card["check"]["verdict"]["taken"] == "sinkhole"
            assert "WRONGTYPE" in error_of_live(server)
            assert server.ask("api/clients?name=systemsvc.net").status == 503
            assert server.document("anomalies", address="213.24.76.23")["documents"]
            server.end()
    finally:
        sw.redis.rename(sw.key("kept"), sw.key("events"))
        for name in ("aaa", "zzz"):
            sw.redis.delete(sw.key(f"list:{name}"))
            sw.redis.hdel(sw.key("lists"), name)


def test_tls_with_a_token(sw, session_folder):
    cert, key = certificate(session_folder)
    token = session_folder / "token"
    token.write_text("0123456789abcdef-token\n")
    with Desk(sw, "--token-file", token, "--tls-cert", cert, "--tls-key", key) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=str(cert))
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        request = urllib.request.Request(server.url + "api/about", headers={"Authorization": "Bearer 0123456789abcdef-token"})
        assert json.load(opener.open(request, timeout=30 * FACTOR))["changes"] is False
        with pytest.raises(urllib.error.HTTPError, match="401"):
            opener.open(server.url + "api/about", timeout=30 * FACTOR)
        assert "no token, or a wrong one" in server.end()


# ---- in a browser


@pytest.fixture(scope="module")
def browser(session_folder):
    if not chromium.PROGRAM:
        pytest.skip("chromium is not installed (make setup)")
    folder = session_folder / "web-browser"
    folder.mkdir()
    one = chromium.Browser(folder)
    yield one
    one.stop()


def fits(browser):
    """Nothing sticks out of the page at the right: the texts that do, outside of parts that scroll."""
    return browser.js("""document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll'))
        .map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 60))""")


def check_tree(browser):
    """The checker of accessibility finds nothing, in light and dark."""
    for dark in (True, False):
        browser.size(1400, dark=dark)
        assert faults(browser) == []
    assert browser.js("[...document.querySelectorAll('th')].every(th => th.textContent.trim())")


def test_the_checker_finds_faults(desk, browser):
    browser.open(desk.url + "#/lists")
    browser.see("carbanak")
    browser.js("""document.querySelector('main').insertAdjacentHTML('beforeend',
        '<h4>deep</h4><p id="list" class="grey">low</p><i id="list"></i><button class="quiet"></button>');
        const sheet = new CSSStyleSheet(); sheet.replaceSync('.grey { color: #999; background: #bbb } .quiet:focus { outline: none }');
        document.adoptedStyleSheets = [sheet]; 1""")
    text = "; ".join(faults(browser) + focus_faults(browser, 40))
    for words in ("of <P", "heading H4 after level 1", "the id list twice", "a button without a name", "the focus does not show on BUTTON"):
        assert words in text, text
    browser.open(desk.url + "?again#/lists")


def shot(browser, name):
    """Screenshots go where SHOTS says, to be looked at."""
    if os.environ.get("SHOTS"):
        from pathlib import Path

        browser.shot(Path(os.environ["SHOTS"]) / f"{name}.png")


def test_the_way_of_the_analyst(desk, browser):
    """Search the name, see the holder, open the address, see the others, open one, see its past."""
    browser.asked.clear()
    browser.size(1400)
    browser.open(desk.url)
    browser.see("Live")
    browser.js("document.getElementById('word').focus()")
    browser.type("systemsvc.net")
    browser.key("Enter")
    browser.see("Federal Security Service", "government", "classes.tsv:", "213.24.76.23", "sinkhole", "192.0.2.77")
    browser.settled()
    bars = browser.js("document.querySelectorAll('.axis .bar').length")
    assert bars == 4, "two episodes of the hoster with a gap, one of the agency, one without an answer"
    for width in WIDTHS:
        for dark in (False, True):
            browser.size(width, dark=dark)
            assert fits(browser) == [], width
            shot(browser, f"name-{width}-{'dark' if dark else 'light'}")
    check_tree(browser)
    browser.size(1400)
    browser.js("[...document.querySelectorAll('main a')].find(a => a.textContent === '213.24.76.23').click()")
    browser.see("registered range", "213.24.76.0/23", "FSB-NET", "advetureseller.com", "mail.example.org", "watch: ours")
    browser.settled()
    check_tree(browser)
    for width in WIDTHS:
        browser.size(width)
        assert fits(browser) == [], width
        shot(browser, f"address-{width}")
    browser.js("[...document.querySelectorAll('main a')].find(a => a.textContent === 'advetureseller.com').click()")
    browser.see("198.51.100.9", "The memory is not kept")
    browser.open(desk.url + "#/card/nobody.example")
    browser.see("What is not known", "No list has an indicator that covers this name")
    shot(browser, "unknown")
    assert all(url.startswith((desk.url, "data:")) for url in browser.asked), browser.asked


def test_by_keyboard_alone(desk, browser):
    browser.size(1400)
    browser.open(desk.url + "#/lists")
    browser.see("carbanak")
    browser.js("document.body.focus()")
    browser.key("/", "/")
    assert browser.js("document.activeElement.id") == "word"
    browser.js("document.activeElement.select()")
    browser.type("systemsvc.net")
    browser.key("Enter")
    browser.see("Holders over time")
    browser.settled()
    assert focus_faults(browser, 60) == []
    browser.js("document.getElementById('word').focus()")
    for _ in range(60):
        browser.key("Tab")
        if browser.js("document.activeElement.textContent") == "213.24.76.23":
            break
    assert browser.js("document.activeElement.textContent") == "213.24.76.23"
    assert browser.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.key("Enter")
    browser.see("registered range", "advetureseller.com")


def hostile_hit(n):
    text = f"{n}{HOSTILE}{CONTROL}"
    return {"@timestamp": day(9), "event": {"action": text, "severity": text}, "client": {"ip": text}, "observer": {"name": text},
            "dns": {"question": {"name": text, "type": text}, "resolved_ip": [text]},
            "sinkwatch": {"list": text, "indicator": text, "count": 1}}  # fmt: skip


def test_hostile_texts_in_output(sw):
    """Hostile texts in the output: no control character, no mark that turns text around."""
    put(sw, "events", hostile_hit(0))
    outputs = (["--json", "list"], ["--json", "pivot", "213.24.76.66"], ["--json", "events"], ["--json", "anomalies"], ["--json", "report"],
               ["--json", "status"], ["--json", "list", "show", "carbanak"], ["events"], ["anomalies"],
               ["pivot", "213.24.76.66"], ["status"], ["list"], ["top", "--once"], ["report"])  # fmt: skip
    for words in outputs:
        text = sw(*words)
        bad = re.findall("[\x00-\x09\x0b-\x1f\x80-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)
        assert text and not bad, (words, bad)
        if "report" in words and "--json" not in words:
            assert "<img" not in text and text.count("<script") == 1


def test_hostile_texts_stay_texts(desk, sw, browser):
    browser.console.clear()
    browser.asked.clear()
    for number, view in enumerate(("card/evil.example", "card/213.24.76.66", "card/systemsvc.net", "list/carbanak", "lists", "fleet", "feeds", "anomalies", "change",
                 "find/evil", "client/" + urllib.parse.quote(HOSTILE, safe=""), "list/" + urllib.parse.quote(HOSTILE, safe=""),
                 "card/" + urllib.parse.quote(HOSTILE, safe=""), "search/" + urllib.parse.quote(HOSTILE, safe=""), "live")):  # fmt: skip
        browser.open(f"{desk.url}?{number}#/{view}")
        browser.settled()
        if view == "live":
            until(lambda: put(sw, "events", hostile_hit(number)) or f"{number}<img" in browser.text(), "a hostile live event", 60)
        until_head = browser.js("document.querySelector('main h1').textContent")
        assert until_head and "ran" != browser.js("document.title"), view
        assert browser.js("document.querySelectorAll('main img, main script, main iframe, main [onerror]').length") == 0, view
        assert not re.findall("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\u2067]", browser.js("document.body.innerText")), view
        assert browser.js("[...document.querySelectorAll('a')].every(a => new URL(a.href.baseVal ?? a.href, location).origin === location.origin)"), view
    assert all(url.startswith((desk.url, "data:")) for url in browser.asked), browser.asked
    assert not [line for line in browser.console if "400 (Bad Request)" not in line], browser.console


def test_live(desk, sw, browser):
    browser.size(1400)
    browser.open(desk.url + "#/live")
    hit = {"@timestamp": day(20), "event": {"action": "sinkhole"}, "client": {"ip": "192.0.2.99"},
           "dns": {"question": {"name": "live.systemsvc.net", "type": "A"}}, "sinkwatch": {"list": "carbanak", "count": 2}}  # fmt: skip
    until(lambda: put(sw, "events", hit) or "live.systemsvc.net" in browser.text(), "a live event", 60)
    assert re.search(r"\d+ hits in \d+ entries", browser.text())
    shot(browser, "live")
    check_tree(browser)
    choose = "(g => {{ g.value = '{}'; g.dispatchEvent(new Event('change')); }})(document.querySelector('main select'))"
    until(lambda: browser.js("document.querySelector('main select').options.length") == 2, "the client groups")
    rows = "document.querySelector('main table, main p.dim').innerText"
    browser.js(choose.format("kids"))
    assert "No entry fits" in browser.text()
    other = {**hit, "sinkwatch": {"list": "nursery", "count": 1}}
    until(lambda: put(sw, "events", other) or "nursery" in browser.js(rows), "an event of a list of the group", 60)
    assert "carbanak" not in browser.js(rows)
    browser.js(choose.format(""))
    until(lambda: put(sw, "events", hit) or "carbanak" in browser.js(rows), "an event of any list", 60)
    views = {"fleet": "ns1", "change": "started without --allow-changes", "lists": "nursery", "anomalies": "protected-owner", "search/sys": "Names that contain it",
             "card/AS8342": "Holder at the time", "card/toys.example": "clients in no group", "client/192.0.2.53": "www.systemsvc.net", "find/sys": "systemsvc.net",
             "search/*.below.example": "192.0.2.54", "search/*.nobody.example": "No list has this indicator", "card/213.24.76.0%2F23": "Hits of this indicator"}  # fmt: skip
    for view, words in views.items():
        browser.open(f"{desk.url}#/{view}")
        browser.see(words)
        browser.settled()
        check_tree(browser)
        for width in WIDTHS:
            browser.size(width)
            assert fits(browser) == [], (view, width)
            shot(browser, f"{re.sub('[^a-z0-9]', '-', view)}-{width}")


def test_the_preview_is_a_table(memory_desk, browser):
    browser.size(1400)
    browser.open(memory_desk.url + "#/change")
    browser.see("What a change would do")
    browser.js("document.getElementById('indicators').value = 'old.example new.example'")
    browser.js("[...document.querySelectorAll('main button')][0].click()")
    browser.see("Indicators that were resolved: 1. Names: 1. Records received: 7.")
    rows = "[...document.querySelectorAll('main table')].at(-1).innerText"
    assert re.sub(r"\s+", " ", browser.js(rows)).strip().startswith("Name Received"), browser.js(rows)
    assert "old.example" in browser.js(rows) and "{" not in browser.text()
    check_tree(browser)
    for width in WIDTHS:
        browser.size(width)
        assert fits(browser) == [], width
        shot(browser, f"preview-{width}")


@pytest.mark.parametrize("view", ["card/systemsvc.net", "card/AS8342", "card/213.24.76.0%2F23", "card/213.24.76.66", "list/carbanak", "client/192.0.2.53"])
def test_tables_are_whole(desk, browser, view):
    """Where there is room, no column of a table is out of sight, whatever its texts are."""
    browser.open(f"{desk.url}?whole#/{view}")
    browser.see(urllib.parse.unquote(view.split("/")[1]))
    browser.settled()
    for width, dark in ((1400, False), (2560, True), (400, True)):
        browser.size(width, dark=dark)
        cut = "[...document.querySelectorAll('.scroll:has(table)')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText.slice(0, 80))"
        assert browser.js(cut) == [] and fits(browser) == [], width
        shot(browser, f"whole-{re.sub('[^a-z0-9]', '-', view)}-{width}")
    browser.size(1400)


LONG = "Federal Agency for a Rather Long Name and, as Registered, for Several Other Purposes"
LABEL = "a-label-of-sixty-three-octets-that-no-column-of-a-page-can-hold"


@pytest.mark.parametrize("page", ["report", "systemsvc.net", f"{LABEL}.example", "213.24.76.0/23", "213.24.76.66"])
def test_on_paper(desk, sw, browser, session_folder, page):
    """Nothing is cut at the right edge of A4, nor are search, menus and buttons printed. D-237."""
    if page in ("report", f"{LABEL}.example"):
        owner = {"prefix": "198.18.5.0/24", "asn": 4200000000, "org": LONG, "registrant": LONG, "netname": LABEL, "country": "NL"}
        for n in range(1, 20):
            see(sw, f"{LABEL}.example", f"198.18.5.{n}", day(n, 8), day(n, 9), owner, "carbanak", former=[{"registrant": LONG, "last": day(3)}])
        sw.redis.hset(sw.key("list:carbanak"), f"{LABEL}.example", "{}")
    if page == "report":
        path = session_folder / "web" / "report.html"
        sw("report", "--output", str(path))
        browser.open(f"file://{path}")
        until(lambda: browser.js("document.readyState === 'complete' && !!document.querySelector('main #history')"), "the report", 60)
    else:
        browser.open(f"{desk.url}?paper#/card/{urllib.parse.quote(page, '')}")
        browser.see(page)
        browser.settled()
    pages, found = printed(browser, re.sub("[^a-z0-9]", "-", page)[:24])
    assert pages > 0 and (found["out"], found["cut"], found["controls"]) == ([], [], [])
    for word in ("Federal Security Service", "213.24.76.23", LONG) if page == "report" else (page, "Times in UTC"):
        assert word in found["texts"]
