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
VOID = {"meta", "link", "br", "img"}


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
    assert page.count("script") == page.count("style") == 1 and page.count("svg") == 3
    assert page.count("table") == 2
    for tag, attrs in page.elements:
        assert tag not in {"img", "link", "iframe", "object", "embed", "form", "base", "image"}
        assert not {"src", "href", "xlink:href", "style"} & set(attrs), (tag, attrs)
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
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
    for words in ("systemsvc.net", "AS8972 Hoster", "AS8342 RTComm.RU; Agency", "203.0.113.9",
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
    assert "AS65007 Earlier: 2026-01-11 12:00 to 2026-02-03 12:00, 1 address" in text
    assert ": 2026-02-04 12:00 to 2026-03-15 12:00, 1 address" in text


def test_selection(case):
    text = case("report", "--list", "worse")
    assert "other.example" in text and "systemsvc.net" not in text
    text = case("report", "--since", "2026-03-14")
    assert "systemsvc.net" in text and "62.75.224.1" not in text.split("<h2>Ownership")[1]
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
    assert "200 older anomalies are left out" in text and "indicators are left out" in text
    assert len(text) < 1000000
    text = sw("report", "--max", "5000")
    assert "not drawn; the table below has them" in text and len(text) < 1000000


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


# ---- a real browser ----

CLICK = """<script>
addEventListener("load", () => {
  const of = (table, column) => [...document.querySelectorAll(table + " tbody tr")]
    .map(row => row.cells[column].textContent);
  const found = {before: of("#history", 10)};
  const button = document.querySelectorAll("#history th button")[10];
  button.click(); found.up = of("#history", 10); button.click(); found.down = of("#history", 10);
  document.querySelectorAll("#history th button")[0].click();
  found.names = of("#history", 0);
  found.color = getComputedStyle(document.querySelector("tr.listed td")).fontWeight;
  document.title = "found " + JSON.stringify(found);
});
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


def test_browser_runs_it_without_a_complaint(case, folder, browser):
    path = folder / "report.html"
    case("report", "--output", path)
    dom, console = browser(path, "--dump-dom")
    assert console == []
    assert dom.count("<script") == 1 and "<h2>History</h2>" in dom


def test_browser_sorts(case, folder, browser):
    path = folder / "report.html"
    text = case("report")
    click = re.search(r"<script>(.*?)</script>", CLICK, re.S).group(1)
    ours = base64.b64encode(hashlib.sha256(click.encode()).digest()).decode()
    text = text.replace("script-src ", f"script-src 'sha256-{ours}' ", 1)
    path.write_text(text.replace("</body>", CLICK + "</body>"))
    dom, console = browser(path, "--dump-dom")
    assert console == []
    title = re.search(r"<title>found (.*?)</title>", dom, re.S).group(1)
    found = json.loads(html.unescape(title))
    numbers = [int(text) for text in found["before"]]
    assert [int(text) for text in found["up"]] == sorted(numbers)
    assert [int(text) for text in found["down"]] == sorted(numbers, reverse=True)
    assert found["names"] == sorted(found["names"]) and found["color"] == "600"


def test_browser_refuses_a_script_that_is_not_ours(case, folder, browser):
    path = folder / "report.html"
    path.write_text(case("report").replace("</body>", "<script>document.title=1</script></body>"))
    dom, console = browser(path, "--dump-dom")
    assert "<title>1</title>" not in dom and "Content Security Policy" in "".join(console)


def test_browser_draws_it(case, folder, browser):
    case("report", "--output", folder / "report.html")
    shot = folder / "report.png"
    browser(folder / "report.html", f"--screenshot={shot}", "--window-size=1200,1500")
    assert shot.stat().st_size > 20000
