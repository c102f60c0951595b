"""sinkwatch report: an HTML page that fetches nothing, checked as text and in a real browser."""

import base64
import hashlib
import html.parser
import json
import os
import re
import shutil
import subprocess

import pytest
from cli_rig import NONE, OK, USAGE, put, sw  # noqa: F401
from harness.wait import FACTOR

EVIL = "<script>alert(1)</script>"
BAD_TEXTS = (EVIL, '" onload="x', "</title></svg><img src=x onerror=y>", "\x1b[31m", "a'b&c")
VOID = {"meta", "link", "br", "img", "input"}


def day(n):
    return f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}T12:00:00.000Z"


def see(sw, name, address, first, last, asn, org, registrant="", list="", anomalies=()):
    facts = {"first": day(first), "last": day(last), "count": last - first + 1, "asn": asn,
             "org": org, "prefix": address.rsplit(".", 1)[0] + ".0/24", "country": "NL"}  # fmt: skip
    if registrant:
        facts["registrant"] = registrant
    if anomalies:
        facts["anomalies"] = [*anomalies]
    sw.redis.hset(sw.key(f"seen:name:{name}"), address, json.dumps(facts))
    short = {key: facts[key] for key in ("first", "last", "count")}
    sw.redis.hset(sw.key(f"seen:addr:{address}"), name, json.dumps({**short, "list": list}))


def anomaly(name, address, when, type="protected-owner", list="bad", **more):
    return {
        "@timestamp": day(when),
        "threat": {"feed": {"name": list}},
        "sinkwatch": {"anomaly": {"type": type, "name": name, "address": address, **more,
                      "owner": {"as": {"number": 8342, "organization": {"name": "RTComm.RU"}},
                                "registrant": "Agency"}}},
    }  # fmt: skip


@pytest.fixture
def case(sw):
    sw("list", "set", "bad", "--note", EVIL)
    sw("list", "set", "worse")
    sw("add", "bad", "systemsvc.net", "evil.example", "never-seen.example")
    sw("add", "worse", "other.example")
    see(sw, "systemsvc.net", "62.75.224.1", 0, 40, 8972, "Hoster", list="bad")
    see(sw, "systemsvc.net", "213.24.76.23", 41, 80, 8342, "RTComm.RU", "Agency", list="bad",
        anomalies=["protected-owner state 213.24.76.0/24"])  # fmt: skip
    see(sw, "evil.example", "198.51.100.7", 10, 70, 64500, EVIL, BAD_TEXTS[1], list="bad")
    see(sw, "other.example", "203.0.113.9", 20, 60, 64501, BAD_TEXTS[2], "a'b&c", list="worse")
    see(sw, "docs.registry.example", "213.24.76.23", 50, 79, 8342, "RTComm.RU", "Agency")
    put(sw, "anomalies",
        anomaly("systemsvc.net", "213.24.76.23", 41, protected={
            "list": "state", "owner": EVIL, "indicator": "213.24.76.0/24"}),
        anomaly("systemsvc.net", "213.24.76.23", 50, "shared-address",
                names=["docs.registry.example", EVIL]),
        anomaly("evil.example", "198.51.100.7", 60, "owner-change",
                former={"as": {"number": 65001, "organization": {"name": EVIL}}},
                flux={"as_total": 9, "addresses_total": 12, "hours": 24},
                special={"block": "10.0.0.0/8", "name": "private use"},
                expected={"owners": ["AS64999", EVIL]},
                delegation={"server": "ns1.example", "zone": "zone.example"}),
        anomaly("other.example", "203.0.113.9", 30, EVIL, "worse"))  # fmt: skip
    return sw


class Page(html.parser.HTMLParser):
    """Elements, attributes, and whether everything that was opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.rows = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def count(self, tag):
        return sum(1 for name, _ in self.elements if name == tag)


def hashes(text):
    def of(part):
        return base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()

    (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    return of(style), of(script)


def test_page_is_whole_and_fetches_nothing(case):
    text = case("report")
    page = Page(text)
    assert page.count("script") == page.count("style") == 1
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.elements:
        assert tag not in {"img", "link", "iframe", "object", "embed", "form", "base", "image"}
        assert not {"src", "xlink:href", "style"} & set(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        if "href" in attrs:  # from one thing of the page to the next, and nowhere else
            assert attrs["href"][0] == "#" and attrs["href"][1:] in ids, attrs
    (policy,) = [a["content"] for t, a in page.elements if a.get("http-equiv")]
    style, script = hashes(text)
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{style}'" in policy and f"script-src 'sha256-{script}'" in policy


def test_every_text_is_escaped(case):
    text = case("report")
    assert text.count("<script") == 1 and "onerror=y>" not in text and "\x1b" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text and "a&#39;b&amp;c" in text


def test_what_it_says(case):
    text = case("report")
    for words in ("systemsvc.net", "AS8972 Hoster", "AS8342 RTComm.RU", ">Agency<", "203.0.113.9",
                  "docs.registry.example", "2026-02-14", "protected-owner", "before: AS65001", "10.0.0.0/8 for private use",
                  "9 AS, 12 addresses within 24 hours", "declared: AS64999",
                  "name server ns1.example of zone zone.example"):  # fmt: skip
        assert words in text, words
    assert "<b>4</b> anomalies" in text and "<b>3</b> indicators with history" in text
    assert not re.search(r"malicious|attack|hijack|suspicious|victim", text, re.I)
    again = re.sub(r"Made [^;]*;", "", case("report"))
    assert again == re.sub(r"Made [^;]*;", "", text)


def test_a_former_owner_of_an_address_has_its_bar(case):
    key = case.key("seen:name:evil.example")
    facts = json.loads(case.redis.hget(key, "198.51.100.7"))
    former = {"asn": 65007, "org": "Earlier", "since": day(10), "last": day(30), "count": 3}
    facts |= {"since": day(31), "former": [former]}
    case.redis.hset(key, "198.51.100.7", json.dumps(facts))
    text = case("report")
    assert "AS65007 Earlier: 2026-01-11 12:00 to 2026-02-03 12:00, first to last sight" in text
    assert ": 2026-02-04 12:00 to 2026-03-15 12:00, first to last sight" in text


def test_selection(case):
    text = case("report", "--list", "worse")
    assert "other.example" in text and "systemsvc.net" not in text
    text = case("report", "--since", "2026-03-14")
    assert "systemsvc.net" in text and "62.75.224.1" not in text.split("<h2>Holders over time")[1]
    case("report", "--since", "yesterday", code=USAGE)
    case("report", "--list", "none", code=NONE)


def test_limits_say_what_they_left_out(sw):
    sw("list", "set", "bad")
    names = [f"n{i:03d}.example" for i in range(300)]
    sw("add", "bad", *names)
    for i, name in enumerate(names):
        see(sw, name, f"192.0.{i // 200}.{i % 200 + 1}", 1, 5, 64500 + i, f"Org {i}", list="bad")
    put(sw, "anomalies", *[anomaly(name, "192.0.2.1", 3) for name in names])
    text = sw("report", "--max", "100")
    Page(text)
    assert "200 older anomalies are left out" in text and ">250 indicators are left out" in text
    assert "<b>300</b> anomalies" in text and "300 anomalies, 2026-01-" in text
    assert sw.json("report", "--max", "100")[0]["left_out"] == {"anomalies": 200, "indicators": 250}
    text = sw("report", "--max", "5000")
    assert "not drawn; the cards below have them" in text and len(text) < 2000000
    assert "and 140 more names" in text and "and 160 more holders, 160 addresses" in text


def test_file_is_replaced_at_once(case, folder):
    path = folder / "report.html"
    path.write_text("old")
    case("report", "--output", path)
    assert path.read_text().startswith("<!DOCTYPE html>") and case.out == ""
    assert [p.name for p in folder.iterdir() if "report" in p.name] == ["report.html"]
    before = os.stat("/dev/null")
    case("report", "--output", "/dev/null")
    assert os.stat("/dev/null").st_rdev == before.st_rdev  # still a device
    (folder / "link.html").symlink_to(path)
    case("report", "--output", folder / "link.html", code=NONE)
    assert "symbolic link" in case.err and (folder / "link.html").is_symlink()
    case("report", "--output", folder / "none" / "x.html", code=NONE)
    assert "none/x.html" in case.err


def test_nothing_and_json(sw, case):
    (data,) = case.json("report")
    assert len(data["anomalies"]) == 4 and {"nodes", "edges"} <= set(data)
    sw.redis.delete(*sw.redis.scan_iter(match=sw.prefix.replace("{", "?") + ":seen:*"))
    sw.redis.delete(sw.key("anomalies"))
    text = sw("report", code=NONE)
    Page(text)
    assert "No anomaly was raised" in text and "No indicator has a history" in text
    assert "neither an anomaly nor history" in sw.err


# ---- holders, times, clients ----


def holder(sw, name, facts, *spans):
    key = "holder " + (facts.get("registrant", "").lower() or "none")
    episodes = [{"from": day(a), "to": day(b), "count": 1} for a, b in spans]
    value = json.dumps({**facts, "first": day(0), "last": day(80), "episodes": episodes})
    sw.redis.hset(sw.key(f"seen:name:{name}"), key, value)


def bars(text, name):
    """(holder, [begin, ...]) of each row of a name."""
    (group,) = re.findall(rf"<div class=group><h3>[^\n]*{name}</a>.*?\n</div>\n", text, re.S)
    rows = re.findall(r"<span class=who>(.*?)</span>.*?(<svg.*?</svg></div>)\n", group)
    return [(who, re.findall(r": (\S+ \S+) to ", row)) for who, row in rows]


def test_a_bar_has_the_gaps_of_the_episodes(case):
    hoster, agency = {"registrant": "Hoster Ltd"}, {"registrant": "Agency"}
    holder(case, "systemsvc.net", agency, (41, 50), (60, 80))
    holder(case, "systemsvc.net", hoster, (0, 20), (30, 40))
    holder(case, "systemsvc.net", {}, (52, 55))
    text = case("report")
    assert bars(text, "systemsvc.net") == [
        ("Hoster Ltd", ["2026-01-01 12:00", "2026-02-03 12:00"]),
        ("Agency", ["2026-02-14 12:00", "2026-03-05 12:00"]),
        ("no answer", ["2026-02-25 12:00"]),
    ]  # in order of the first time
    text = case("report", "--since", "2026-03-01", "--until", "2026-03-20")
    assert bars(text, "systemsvc.net") == [("Agency", ["2026-03-05 12:00"])]


def test_no_two_holders_have_one_mark_or_one_colour(sw):
    sw("list", "set", "bad")
    names = [f"n{i:02d}.example" for i in range(30)]
    sw("add", "bad", *names, "unowned.example")
    for i, name in enumerate(names):
        see(sw, name, f"192.0.2.{i + 1}", 1, 5, 64500 + i, f"Org {i}", list="bad")
    see(sw, "unowned.example", "192.0.2.99", 1, 5, 0, "", list="bad")
    (legend,) = re.findall(r"<details class=legend.*?</details>", sw("report"), re.S)
    marks = re.findall(r"<b class=mark>(.*?)</b>", legend)
    assert len(marks) == len(set(marks)) == 32 and "?" in marks
    chips = re.findall(r"<svg class=chip.*?</svg>", legend)
    colours = [c for chip in chips for c in re.findall(r"class=(h\d)", chip)]
    assert sorted(colours) == sorted(set(colours)) and len(colours) == 6
    assert chips.count(chips[marks.index("?")]) == 1  # as no holder


def test_the_present_holder_of_an_address_has_a_mark(case):
    """The card shows the last recorded holder, by a name that was seen after the report's time."""
    see(case, "later.example", "62.75.224.1", 60, 80, 65099, "Later")
    text = case("report", "--until", "2026-02-20")
    assert "AS65099 Later" in text and "later.example" not in text
    assert "<b class=mark></b>" not in text


def test_a_name_with_many_addresses_leaves_room_for_others(case):
    for i in range(64):
        see(case, "evil.example", f"192.0.2.{i + 1}", i, i + 3, 64600 + i, f"Org {i}", list="bad")
    text = case("report").split("<section id=graph>")[1].split("</section>")[0]
    for words in ("systemsvc.net", "other.example", "docs.registry.example", ">Agency<",
                  "more holders of this name only"):  # fmt: skip
        assert words in text, words
    assert "not drawn" not in text


def test_names_and_times(case):
    text = case("report", "--name", "SystemSvc.net.", "--until", "2026-02-20")
    assert "evil.example" not in text and "<b>1</b> anomaly" in text
    assert "name systemsvc.net, data before 2026-02-21 00:00" in text
    assert "<b>1</b> indicator with history" in text
    case("report", "--name", "192.0.2.1", code=USAGE)
    assert "is no domain name" in case.err
    case("report", "--since", "2026-02-20", "--until", "2026-02-10", code=USAGE)
    assert "no time is left" in case.err
    case("report", "--until", "1969-01-01", code=USAGE)
    assert "--since 1970-01-01 is not before --until 1969-01-01" in case.err
    case("report", "--since", "2999-01-01", code=USAGE)
    assert "not before --until now" in case.err
    case("report", "--until", "soon", code=USAGE)


def test_rows_are_in_order_of_time(case):
    see(case, "systemsvc.net", "192.0.2.1", 20, 22, 64500, "Between", list="bad")
    table = case("report").split("<section id=history>")[1]
    rows = re.findall(r">systemsvc.net</a>.*?<td class=k>(\d{4}-\S+)", table)
    assert len(rows) == 3 and rows == sorted(rows)


def hit(name, client, when, list="bad", count=1):
    return {"@timestamp": day(when), "event": {"action": "monitor"}, "client": {"ip": client},
            "dns": {"question": {"name": name, "type": "A"}},
            "sinkwatch": {"list": list, "count": count}}  # fmt: skip


def test_clients(case):
    put(case, "events", hit("systemsvc.net", "192.0.2.7", 41, count=2),
        hit("systemsvc.net", EVIL, 42), hit("systemsvc.net", "192.0.2.7", 50),
        hit("other.example", "192.0.2.8", 50, "worse"))  # fmt: skip
    text = case("report", "--list", "bad")
    table = text.split("<section id=clients>")[1].split("</section>")[0]
    assert "192.0.2.8" not in table and table.count("<tr>") == 3
    assert re.search(r"192.0.2.7</td><td class=k>2026-02-14 \S+</td><td class=k>2026-02-23 \S+"
                     r"</td><td class=n>3</td>", table)  # fmt: skip
    (card,) = re.findall(r"<article[^>]*><h3>systemsvc.net</h3>.*?</article>", text, re.S)
    assert "192.0.2.7 <small>2026-02-14 12:00 to 2026-02-23 12:00, 3 times" in card
    assert EVIL not in text


def test_a_card_has_the_indicator_and_the_facts(case):
    case("remove", "bad", "evil.example")
    facts = {"reference": EVIL, "seen": 3, EVIL: ["a", BAD_TEXTS[1]]}
    case.redis.hset(case.key("list:bad"), mapping={
        "*.example": json.dumps(facts), "example": "", "=systemsvc.net": "no object"})  # fmt: skip
    text = case("report", "--list", "bad")
    (card,) = re.findall(r"<article[^>]*><h3>evil.example</h3>.*?</article>", text, re.S)
    assert ", by *.example" in card and "<dt>seen</dt><dd>3</dd>" in card and EVIL not in card
    assert card.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2
    (card,) = re.findall(r"<article[^>]*><h3>systemsvc.net</h3>.*?</article>", text, re.S)
    assert ", by =systemsvc.net" in card and "<dt>reference" not in card
    assert "A client gets <b>monitor</b> <small>equal priority, and =systemsvc.net is more specific" in card


def test_answers_by_group_classes_and_public_bodies(case):
    """A card says what the clients of each group get, as check does; a holder has the class with the
    source, and a mark where protected-classes has the class."""
    case("list", "set", "nursery", "--action", "nxdomain", "--group", "kids", "--priority", "1")
    case("list", "set", "bad", "--action", "monitor")
    case("add", "nursery", "systemsvc.net")
    see(case, "systemsvc.net", "213.24.76.99", 50, 60, 8342, "RTComm.RU", "Federal Security Service", list="bad")
    put(case, "events", {"@timestamp": day(55), "client": {"ip": "192.0.2.9"}, "dns": {"question": {"name": "www.systemsvc.net"}},
                         "sinkwatch": {"list": "bad", "count": 1}})  # fmt: skip
    text = case("report", "--name", "systemsvc.net")
    (card,) = re.findall(r"<article[^>]*><h3>systemsvc.net</h3>.*?</article>", text, re.S)
    for words in ("on list <b class=bad>nursery</b> (ioc, nxdomain), by systemsvc.net", "A client gets <b>nxdomain</b>",
                  "clients of kids get <b>nxdomain</b>", "clients of no group get <b>monitor</b>", "192.0.2.9 for www.systemsvc.net",
                  "<em class=pub>public body: government</em>"):  # fmt: skip
        assert words in card, words
    assert re.search(r"<dt>Class</dt><dd>government by federal security service \(.*classes.tsv:\d+\)</dd>", text)
    (check,) = case.json("check", "systemsvc.net")
    assert [one["verdict"]["taken"] for one in check["by_group"]] == ["nxdomain", "monitor"]


def test_evidence_and_name_servers_are_on_the_card(case):
    server = {"server": "ns1.evil.example", "registrant": EVIL, "first": day(1), "last": day(9)}
    case.redis.hset(case.key("seen:zone:systemsvc.net"), "192.0.2.53", json.dumps(server))
    text = case("report", "--name", "systemsvc.net")
    (card,) = re.findall(r"<article[^>]*><h3>systemsvc.net</h3>.*?</article>", text, re.S)
    for words in ("ns1.evil.example 192.0.2.53", "protected: ", "also here: ", 'href="#a'):
        assert words in card, words


# ---- a real browser ----

LOOK = """<script>
const all = path => [...document.querySelectorAll(path)];
const of = column => all("#history tbody tr").map(row => row.cells[column].textContent);
const found = {before: of(8), measured: []};
const measure = width => { // a window has 500 pixels at least, so the page is made narrower
  document.documentElement.style.width = width + "px";
  const texts = all(".who, .links a").filter(one => one.getClientRects().length);
  const out = one => [...one.getClientRects()].some(box => box.left < 0 || box.right > width + 0.5);
  const high = one => one.getBoundingClientRect().height;
  found.measured.push({
    width, room: innerWidth, scroll: document.body.scrollWidth, texts: texts.length,
    out: texts.filter(out).map(one => one.textContent),
    cut: all(".links foreignObject").filter(one => high(one.firstElementChild) > high(one) + 1)
      .map(one => one.textContent)});
};
addEventListener("load", () => setTimeout(() => {
  const button = all("#history th button")[8];
  button.click(); found.up = of(8); button.click(); found.down = of(8);
  WIDTHS.forEach(measure);
  const word = document.querySelector("#find input[type=search]");
  found.ready = !document.getElementById("find").hidden;
  word.value = "other.example"; word.dispatchEvent(new Event("input"));
  setTimeout(() => {
    found.cards = all(".card").filter(one => !one.hidden).map(one => one.firstElementChild.textContent);
    document.title = "found " + JSON.stringify(found);
  }, 500);
}, 50));
</script>"""


@pytest.fixture
def browser(folder):
    program = shutil.which("chromium")
    if not program:
        pytest.skip("chromium is not installed (make setup)")

    def run(path, *words):
        command = [
            program, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={folder}/profile", "--disable-dev-shm-usage",
            "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND",
            "--virtual-time-budget=3000", *words, f"file://{path}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=60 * FACTOR)
        assert done.returncode == 0, done.stderr
        console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        return done.stdout, console

    return run


def look(case, folder, browser, widths, foreign=""):
    """The look of the page in a window of the largest width, and the console."""
    path = folder / "report.html"
    ours = LOOK.replace("WIDTHS", json.dumps(widths))
    script = re.search(r"<script>(.*?)</script>", ours, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = case("report").replace("script-src ", f"script-src 'sha256-{digest}' ", 1)
    path.write_text(text.replace("</body>", ours + foreign + "</body>"))
    dom, console = browser(path, "--dump-dom", f"--window-size={max(widths)},1000")
    title = re.search(r"<title>found (.*?)</title>", dom, re.S).group(1)
    return json.loads(html.unescape(title)), console


def check_measures(found):
    for one in found["measured"]:
        assert one["out"] == one["cut"] == [] and one["texts"] > 10, one
        assert one["scroll"] <= one["width"] <= one["room"], one


def test_browser_shows_registrants_whole_sorts_and_finds(case, folder, browser):
    long = "Federal Agency for a Rather Long Name and, as Registered, for Several Other Purposes"
    see(case, "systemsvc.net", "213.24.76.23", 41, 80, 8342, "RTComm.RU", long, list="bad",
        anomalies=["protected-owner state 213.24.76.0/24"])  # fmt: skip
    found, console = look(case, folder, browser, [2560, 1400])
    assert console == []
    check_measures(found)
    numbers = [int(text) for text in found["before"]]
    assert [int(text) for text in found["up"]] == sorted(numbers)
    assert [int(text) for text in found["down"]] == sorted(numbers, reverse=True)
    assert found["ready"] and found["cards"][0] == "other.example"
    assert "systemsvc.net" not in found["cards"]
    foreign = "<script>document.title=1</script><script>found.measured = []</script>"
    found, console = look(case, folder, browser, [400], foreign)
    assert len(console) == 2 and all("Content Security Policy" in line for line in console)
    check_measures(found)
