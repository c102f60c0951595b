"""The page of sinkwatch web as a person uses it: the analyst's way and the graph by keyboard alone, the
zone of the times, live events with filters, a change that resolvers report, resolvers, feeds. D-192."""

import json
import re
import time

import pytest
from cli_rig import Command, put
from harness import browser as chromium
from harness.desk import Desk
from harness.wait import until

TIMES = {"first": "2026-11-05T02:00:00.000Z", "last": "2026-11-09T00:30:00.000Z", "count": 3}
AGENCY = {"asn": 8342, "org": "RTComm.RU", "registrant": "Example agency"}
HOSTER = {"asn": 64500, "org": "Plain Hosting"}
MOVED = {"198.51.100.7": HOSTER, "213.24.76.23": AGENCY, "213.99.0.1": HOSTER, "203.0.113.5": {"asn": 64501}, "203.0.113.6": {}}
ROWS = "[...(document.querySelector('main table')?.querySelectorAll('tbody tr') ?? [])].map(r => r.textContent).join('\\n')"
PICTURE = "document.querySelector('main svg')?.outerHTML"
ADDRESSES = "[...document.querySelectorAll('main svg a text')].filter(t => t.getAttribute('x') === '480').map(t => t.textContent)"
AT = "(e => [e.closest('svg') ? 'node' : 'text', e.textContent])(document.activeElement)"


def fill(sw):
    for name, action in (("carbanak", "sinkhole"), ("nursery", "nxdomain")):
        sw("list", "set", name, "--action", action)
    sw("add", "carbanak", "systemsvc.net")
    seen = [("systemsvc.net", address, owner) for address, owner in MOVED.items()] + [("advetureseller.com", "213.24.76.23", AGENCY)]
    for name, address, owner in seen:
        sw.redis.hset(sw.key(f"seen:name:{name}"), address, json.dumps({**TIMES, **owner}))
        sw.redis.hset(sw.key(f"seen:addr:{address}"), name, json.dumps(TIMES))
        sw.redis.zadd(sw.key("tracked"), {address: 1})
    now = int(time.time())
    record = {"rrname": "advetureseller.com", "rrtype": "A", "rdata": "192.0.2.7", "time_first": now - 9999, "time_last": now - 999, "count": 7}
    sw("memory", "import", "--folder", sw.past, "-", stdin=json.dumps(record) + "\n")
    for name, status in (("ads", {"outcome": "failed", "problem": "HTTP status 503"}), ("good", {"outcome": "ok", "last_success": "2026-11-09T00:30:00.000Z"})):
        sw("list", "set", f"of-{name}")
        sw("feed", "add", name, f"https://publisher.example/{name}", "--list", f"of-{name}")
        sw.redis.hset(sw.key(f"feed:{name}"), mapping=status)


@pytest.fixture(scope="module")
def sw(env, session_folder, shared_redis, settings_for):
    folder = session_folder / "web-ways"
    (folder / "past").mkdir(parents=True)
    command = Command(env, folder, shared_redis, {**settings_for(shared_redis, folder), "memory-folder": folder / "past"})
    command.past = folder / "past"
    fill(command)
    yield command
    shared_redis.client.delete(*shared_redis.client.scan_iter(match=command.prefix.replace("{", "?") + "*"))


@pytest.fixture(scope="module")
def desk(sw):
    with Desk(sw, "--allow-changes") as server:
        yield server
        server.end()


@pytest.fixture(scope="module")
def browser(session_folder):
    if not chromium.PROGRAM:
        pytest.skip("chromium is not installed (make setup)")
    folder = session_folder / "web-ways-browser"
    folder.mkdir()
    one = chromium.Browser(folder)
    one.call("Emulation.setTimezoneOverride", timezoneId="America/New_York")
    one.size(1400)
    yield one
    one.stop()


def look_for(browser, word):
    browser.key("/", "/")
    browser.type(word)
    browser.key("Enter")


def follow(browser, kind, text):
    """Press Tab until the focus is on a link of this text, a node of the graph or not; then Enter."""
    passed = []
    while (at := browser.js(AT)) != [kind, text]:
        passed.append(at[1][:60])
        assert len(passed) < 150, (kind, text, passed)
        browser.key("Tab")
    browser.key("Enter")


def head(browser, word):
    until(lambda: browser.js("document.querySelector('main h1').firstChild.textContent") == word, f"the card of {word}", 60)
    browser.settled()


def test_the_way_by_keyboard(desk, browser):
    """Search, card of the name, its picture, address, another name there, its past, an unknown name."""
    browser.open(desk.url)
    browser.see("Live")
    look_for(browser, "systemsvc.net")
    head(browser, "systemsvc.net")
    drawn = browser.js(PICTURE)
    shown = browser.js(ADDRESSES)
    assert shown == ["203.0.113.5", "213.24.76.23", "203.0.113.6", "198.51.100.7", "213.99.0.1"], "by holder"
    for node, card in (("Example agency", "registrant:example agency"), ("AS64501", "AS64501")):
        follow(browser, "node", node)
        head(browser, card)
        look_for(browser, "systemsvc.net")
        head(browser, "systemsvc.net")
        assert browser.js(PICTURE) == drawn
    assert browser.js("[...document.querySelectorAll('main a')].every(a => (a.href.baseVal ?? a.href).split('#/card/')[1] !== '')")
    follow(browser, "node", "213.24.76.23")
    head(browser, "213.24.76.23")
    browser.see("registered range", "Example agency")
    follow(browser, "text", "advetureseller.com")
    head(browser, "advetureseller.com")
    browser.see("192.0.2.7")
    look_for(browser, "nobody.example")
    head(browser, "nobody.example")
    browser.see("Nothing is known of this name", "No list has an indicator that covers this name")


def test_a_picture_does_not_depend_on_the_order_of_rows(desk, browser):
    browser.open(desk.url + "?picture#/lists")
    browser.see("carbanak")
    pictures = browser.js("""Promise.all([import('/pictures.js'), fetch('/api/graph?q=systemsvc.net').then(a => a.json())]).then(([m, data]) => {
        for (const id of ['n1.example', 'n01.example']) {
            data.nodes.push({ type: 'name', id });
            data.edges.push({ name: id, address: '213.24.76.23' });
        }
        const draw = d => m.graph(d, new m.Marks(), id => '#/card/' + id).outerHTML, nodes = [...data.nodes].reverse(), edges = [...data.edges].reverse();
        return [draw(data), draw({ ...data, nodes, edges })]; })""")
    assert pictures[0] == pictures[1] and "n01.example" in pictures[0]


def choose(browser, selector, value):
    browser.js(f"(s => {{ s.value = '{value}'; s.dispatchEvent(new Event('change', {{ bubbles: true }})); }})(document.querySelector('{selector}'))")


def test_the_zone_of_the_times(desk, browser):
    browser.open(desk.url + "?zone#/card/systemsvc.net")
    browser.see("times in UTC", "2026-11-09 00:30")
    browser.settled()
    assert "America/New_York" in browser.js("document.querySelector('#zone').innerText")
    ticks = "[...document.querySelectorAll('main .axis .tick')].map(t => [t.textContent, t.style.left])"
    utc = browser.js(ticks)
    choose(browser, "#zone", "local")
    browser.see("times in America/New_York", "2026-11-08 19:30")
    assert "2026-11-09 00:30" not in browser.text() and "times in UTC" not in browser.text()
    local = dict(browser.js(ticks))
    same = [(float(left[:-1]), float(local[text][:-1])) for text, left in utc if text in local]
    assert same and all(there > here for here, there in same), "a day begins five hours later there"
    browser.open(desk.url + "?again#/card/systemsvc.net")
    browser.see("times in America/New_York")
    choose(browser, "#zone", "utc")
    browser.see("times in UTC")


def hit(name, list, action, client, count):
    return {"@timestamp": "2026-11-20T01:00:00.000Z", "event": {"action": action}, "client": {"ip": client},
            "dns": {"question": {"name": name, "type": "A"}}, "sinkwatch": {"list": list, "count": count}}  # fmt: skip


def anomaly(kind, severity):
    return {"@timestamp": "2026-11-20T01:00:00.000Z", "event": {"action": kind, "severity": severity}, "threat": {"feed": {"name": "carbanak"}},
            "sinkwatch": {"anomaly": {"name": "systemsvc.net", "address": "213.24.76.23"}}}  # fmt: skip


def filtered(browser, field, text):
    """The rows of live events with this text in a field of the filter; the field is empty again afterwards."""
    typed = "(i => {{ i.value = '{}'; i.dispatchEvent(new Event('input')); }})(document.querySelector('main input[name={}]'))"
    browser.js(typed.format(text, field))
    rows = browser.js(ROWS).splitlines()
    browser.js(typed.format("", field))
    return rows


def tops(browser):
    """{title: [(word, count)]} of the tables of the last minutes."""
    tables = browser.js("""[...document.querySelectorAll('main .columns > div')].map(d => [d.querySelector('h2').textContent,
        [...d.querySelectorAll('tbody tr')].map(r => [...r.querySelectorAll('td')].map(c => c.textContent))])""")
    return {title: [(word, int(count)) for word, count in rows if word != "begin"] for title, rows in tables}


def test_live_filters_tops_and_anomalies(desk, sw, browser):
    browser.open(desk.url + "?live#/live")
    until(lambda: put(sw, "events", hit("begin", "begin", "begin", "begin", 1)) or "begin" in browser.js(ROWS), "the page follows", 60)
    put(sw, "events", hit("a.example", "carbanak", "sinkhole", "192.0.2.1", 2), hit("a.example", "carbanak", "sinkhole", "192.0.2.2", 3),
        hit("b.example", "nursery", "nxdomain", "192.0.2.2", 4))  # fmt: skip
    put(sw, "anomalies", anomaly("protected-owner", 90), anomaly("low-ttl", 20))
    for word in ("b.example", "low-ttl"):
        until(lambda word=word: word in browser.js(ROWS), f"{word} in the live events", 60)
    assert browser.js("[...document.querySelectorAll('main td .bad')].map(e => e.textContent).sort()") == ["low-ttl", "protected-owner"]
    kinds = lambda rows: sorted({re.search("sinkhole|nxdomain|begin|low-ttl|protected-owner", row)[0] for row in rows})  # noqa: E731
    assert kinds(filtered(browser, "list", "nurs")) == ["nxdomain"]
    assert kinds(filtered(browser, "list", "carbanak")) == ["low-ttl", "protected-owner", "sinkhole"]
    assert kinds(filtered(browser, "action", "sinkhole")) == ["sinkhole"]
    assert kinds(filtered(browser, "severity", "20")) == ["low-ttl", "protected-owner"]
    assert kinds(filtered(browser, "severity", "21")) == ["protected-owner"]
    assert tops(browser) == {
        "Lists": [("carbanak", 5), ("nursery", 4)], "Names": [("a.example", 5), ("b.example", 4)], "Clients": [("192.0.2.2", 7), ("192.0.2.1", 2)],
        "Actions": [("sinkhole", 5), ("nxdomain", 4)], "Anomalies": [("low-ttl", 1), ("protected-owner", 1)]}  # fmt: skip
    assert "2026-11-20 01:00:00" in browser.js(ROWS)
    choose(browser, "#zone", "local")
    assert "2026-11-19 20:00:00" in browser.js(ROWS) and "b.example" in browser.js(ROWS), "the events stay"
    choose(browser, "#zone", "utc")


def row_of(browser, word):
    """The row that begins with a word: [text, [texts marked as bad]]."""
    return browser.js(f"""(r => r && [r.innerText, [...r.querySelectorAll('.bad')].map(e => e.textContent)])(
        [...document.querySelectorAll('main tbody tr')].find(r => r.querySelector('td').textContent === '{word}'))""")


def test_resolvers_feeds_and_a_change(desk, sw, browser):
    memory = {"folder": "/past", "state": "recording", "octets": 3 << 19, "files": 4, "oldest": "2026-11-09T00:30:00.000Z", "sightings_per_second": 17}
    sw.report("ns-good", sw.last_change(), memory=json.dumps(memory))
    stopped = json.dumps({**memory, "state": "stopped", "problem": "no space <b>left</b>", "oldest": None})
    sw.report("ns-late", "0-1", state="reloading", last_error="AS database: no such file", memory=stopped)
    sw.redis.zadd(sw.key("resolvers"), {"ns-gone": 1})
    browser.open(desk.url + "?fleet#/fleet")
    browser.see("ns-late")
    cells = {name: row_of(browser, name) for name in ("ns-good", "ns-late", "ns-gone")}
    lag = {name: re.search(r"\d\d:\d\d:\d\d\s+(\d+|\?)\s", text + "\n")[1] for name, (text, _) in cells.items()}
    assert lag == {"ns-good": "0", "ns-late": str(len(sw.changes())), "ns-gone": "?"}, cells
    late = ["reloading", "stopped: no space <b>left</b>", "AS database: no such file"]
    assert {name: bad for name, (_, bad) in cells.items()} == {"ns-good": [], "ns-late": late, "ns-gone": ["silent"]}
    for words in ("recording", "1.5 MiB in 4 files", "since 2026-11-09 00:30", "17 sightings a second"):
        assert words in cells["ns-good"][0], cells
    browser.open(desk.url + "?feeds#/feeds")
    browser.see("publisher.example/ads", "2026-11-09 00:30")
    assert row_of(browser, "ads")[1] == ["failed", "HTTP status 503"] and row_of(browser, "good")[1] == []
    browser.open(desk.url + "?change#/change")
    browser.see("What a change would do")
    choose(browser, "#list", "nursery")
    browser.js("document.getElementById('indicators').focus()")
    browser.type("new.example com advetureseller.com")
    choose(browser, "#zone", "utc")
    press = "[...document.querySelectorAll('main button')].find(b => b.textContent === '{}').click()"
    browser.js(press.format("See what it would do"))
    browser.see("Indicators that were resolved: 1. Names: 1. Records received: 7.")
    assert "refused" in row_of(browser, "com")[1][0] and "accepted" in row_of(browser, "new.example")[0]
    assert sw.list("nursery") == {}
    browser.js(press.format("Add to the list"))
    browser.see("2 added, 0 there already, 1 refused", "not yet")
    assert set(sw.list("nursery")) == {"new.example", "advetureseller.com"}
    sw.report("ns-good", sw.last_change())
    until(lambda: "enforces it" in row_of(browser, "ns-good")[0], "the report of a resolver", 60)
    assert "not yet" in row_of(browser, "ns-late")[0] and row_of(browser, "ns-gone") is None
    sw.report("ns-late", sw.last_change())
    until(lambda: "enforces it" in row_of(browser, "ns-late")[0], "the report of the other", 60)
