"""`sinkwatch pivot` and `sinkwatch report` show the past from the memory, marked as such (D-166)."""

import json

import pytest
from cli_rig import INPUT, NONE, OK, USAGE, sw  # noqa: F401

DAY = "2026-11-%02dT00:00:00.000Z"
START = 1764000000  # 2025-11-24 16:00 UTC
EVIL = "\\060b\\062\\027\\09131m"  # "<b>ESC[31m", as data of others


def cof(name, kind, rdata, count=1):
    return json.dumps({"rrname": name, "rrtype": kind, "rdata": rdata, "time_first": START,
                       "time_last": START + 86400, "count": count})  # fmt: skip


@pytest.fixture
def case(sw, folder):  # noqa: F811
    """A listed name whose history begins in November 2026, and a memory of the year before."""
    past = folder / "past"
    past.mkdir()
    lines = (
        cof("evil.example.", "A", "213.24.76.23", 7),
        cof("www.evil.example.", "CNAME", "evil.example."),
        cof(f"{EVIL}.evil.example.", "CNAME", "evil.example."),
        cof("other.example.", "A", "213.24.76.23"),
        cof(f"{EVIL}.example.", "A", "213.24.76.24"),
        cof("elsewhere.example.", "A", "198.51.100.9"),
    )
    sw("memory", "import", "--folder", past, "-", stdin="".join(x + "\n" for x in lines))
    facts = {"first": DAY % 9, "last": DAY % 10, "count": 3, "asn": 64500}
    sw.redis.hset(sw.key("seen:name:evil.example"), "198.51.100.7", json.dumps(facts))
    sw.redis.hset(sw.key("seen:addr:198.51.100.7"), "evil.example", json.dumps({**facts, "list": "bad"}))
    sw("list", "set", "bad")
    sw("add", "bad", "evil.example")
    with sw.conf.open("a") as conf:
        conf.write(f'memory-folder: "{past}"\n')
    return sw


def remembered(case, question, *words, **options):
    (found,) = case.json("pivot", question, *words, **options)
    return {(x["name"], x["rdata"], x["count"]) for x in found["memory"]["records"]}, found


def test_pivot_has_the_memory_below_the_history(case, folder):
    records, found = remembered(case, "evil.example")
    assert {("evil.example", "213.24.76.23", 7), ("www.evil.example", "evil.example.", 1)} < records
    assert len(records) == 3 and found["addresses"][0]["address"] == "198.51.100.7"
    assert found["memory"]["source"] == f"folder {folder / 'past'}" and not found["memory"]["more"]
    here = {("evil.example", "213.24.76.23", 7), ("other.example", "213.24.76.23", 1)}
    assert remembered(case, "213.24.76.23")[0] == here
    in_prefix = remembered(case, "213.24.76.0/24")[0]
    assert len(in_prefix) == 3 and remembered(case, "AS8342")[0] == in_prefix
    assert remembered(case, "203.0.113.0/24", code=NONE)[0] == set()
    records, found = remembered(case, "213.24.76.0/24", "--max", "2")
    assert len(records) == 2 and found["memory"]["more"]
    out = case("pivot", "evil.example")
    history, memory = out.split("memory (folder ")
    assert "198.51.100.7" in history and "213.24.76.23" not in history
    assert "3 records were resolved" in memory and "2025-11-24" in memory and "198.51" not in memory
    assert "\x1b" not in memory
    for words in (["evil.example", "--no-memory"], ["evil.example", "--hops", "2"]):
        assert "memory" not in case("pivot", *words)
    assert "memory" not in case.json("pivot", "evil.example", "--no-memory")[0]


def test_a_memory_that_cannot_be_asked_does_not_hide_the_history(case, folder):
    out = case("pivot", "evil.example", "--memory-folder", folder / "none", code=INPUT)
    assert "198.51.100.7" in out and "none: there is no such folder" in case.err
    (folder / "past").rename(folder / "away")
    assert "198.51.100.7" in case("pivot", "evil.example") and "no such folder" in case.err
    out = case("pivot", "evil.example", "--fleet", code=NONE)
    assert "198.51.100.7" in out and "no live resolver keeps a memory" in case.err
    case("pivot", "evil.example", "--fleet", "--no-memory", code=USAGE)


def test_the_report_has_the_memory_on_the_card(case, folder):
    page = case("report", code=OK)
    part = page.split("from the memory</h4>")
    assert len(part) == 2 and "Before the listing" in part[0]
    rows = part[1].split("</table>")[0]
    assert "www.evil.example CNAME evil.example." in rows and "2025-11-24" in rows
    assert "evil.example A 213.24.76.23" in rows and rows.count("<tr><td") == 3
    assert "<b" not in rows and "\x1b" not in rows and "&lt;b" in rows
    data = json.loads(case("--json", "report"))
    assert [x["count"] for x in data["memory"]["evil.example"]] == [7, 1, 1]
    assert "from the memory" not in case("report", "--since", "2026-11-01")
    page = case("report", "--memory-folder", folder / "none", code=OK)
    assert "from the memory" not in page and "there is no such folder" in case.err


def test_namefacts_the_names_are(case, folder):
    """Names below the suffix of a public body, or a top name, are marked as such (D-234)."""
    (folder / "own.tsv").write_text("government\t.other.example\nbank\t.a..b\n")
    (folder / "top").write_text("1,example.com\n2,evil.example\n")
    with case.conf.open("a") as conf:
        conf.write(f'class-table: "{folder}/own.tsv"\ntop-names: "{folder}/top"\n')
    case.redis.hset(case.key("seen:addr:198.51.100.7"), "www.x.gov.ua", json.dumps({"count": 1}))
    (found,) = case.json("pivot", "198.51.100.7", "--no-memory")
    evidence = {x["name"]: x.get("evidence") for x in found["names"]}
    assert evidence["evil.example"] == {"top": "evil.example", "rank": 2}
    line = evidence["www.x.gov.ua"].pop("line")
    assert line > 2000 and evidence["www.x.gov.ua"] == {
        "class": "government", "public_body": True, "suffix": ".gov.ua", "table": "classes.tsv"}  # fmt: skip
    out = case("pivot", "198.51.100.7", "--no-memory")
    assert f"public body, suffix .gov.ua (classes.tsv:{line})" in out
    assert "top name evil.example, rank 2" in out
    records = {x["name"]: x.get("evidence") for x in case.json("memory", "213.24.76.0/24")}
    own = {"class": "government", "public_body": True, "suffix": ".other.example",
           "table": f"{folder}/own.tsv", "line": 1}  # fmt: skip
    assert records["other.example"] == own and records["evil.example"]["rank"] == 2
    assert f"own.tsv:2: a dot, and no name behind it: " in case.err
    assert "public body, suffix .other.example" in case("memory", "213.24.76.23")
    (found,) = case.json("pivot", "213.24.76.23")
    assert own in [x.get("evidence") for x in found["memory"]["records"]]
