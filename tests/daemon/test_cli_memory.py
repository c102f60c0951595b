"""The command and the memory: COF in and out, questions by name, address and AS, hunting, forgetting.
No resolver runs: the files are those that the command writes."""

import gzip
import json
import random
import shutil
import signal
import subprocess
import time

import pytest
from cli_rig import INPUT, NONE, PARTLY, SETTINGS, USAGE, sw  # noqa: F401
from harness.wait import FACTOR

START = 1764000000  # 2025-11-24 16:00 UTC


def cof(name, kind, rdata, first=START, last=START + 60, count=1, **more):
    return json.dumps({"rrname": name, "rrtype": kind, "rdata": rdata, "time_first": first,
                       "time_last": last, "count": count, **more})  # fmt: skip


@pytest.fixture
def past(tmp_path):
    path = tmp_path / "memory"
    path.mkdir()
    return path


def put(sw, past, *lines, **options):
    return sw("memory", "import", "--folder", past, "-", stdin="".join(x + "\n" for x in lines),
              **options)  # fmt: skip


def rows(sw, past, *words, **options):
    out = sw("--json", "memory", "--folder", past, *words, **options)
    return [json.loads(line) for line in out.splitlines()]


KEPT = {
    "A": "192.0.2.7", "AAAA": "2001:db8::7", "CNAME": "target.example.", "DNAME": "d.example.",
    "NS": "ns1.example.", "MX": "10 mail.example.", "SRV": "1 2 443 srv.example.",
    "SVCB": "1 svc.example.", "HTTPS": "\\# 12 00010000010003026832000300", "PTR": "p.example.",
    "SOA": "m.example. r.example. 1 2 3 4 4294967295",
}  # fmt: skip
KEPT["HTTPS"] = "\\# 10 00010000010003026832"  # 1 . alpn=h2


def test_every_type_goes_in_and_comes_out(sw, past):
    put(sw, past, *(cof("N.example", kind, KEPT[kind]) for kind in KEPT))
    got = {row["type"]: row for row in rows(sw, past, "n.example")}
    assert {kind: row["rdata"] for kind, row in got.items()} == KEPT
    assert got["A"]["first"] == "2025-11-24T16:00:00Z" and got["A"]["last"] == "2025-11-24T16:01:00Z"
    for kind in KEPT:
        assert [r["type"] for r in rows(sw, past, "n.example", "--type", kind.lower())] == [kind]
    exported = sw("memory", "export", "--folder", past)
    assert {json.loads(x)["rrtype"]: json.loads(x)["rdata"] for x in exported.splitlines()} == KEPT


def test_a_broken_line_is_refused_alone(sw, past):
    good = cof("a.example", "A", ["192.0.2.1", "192.0.2.2"], bailiwick="example.")
    text = '{"rrname":"t.example.","rrtype":"A","rdata":"192.0.2.3","time_first":"1764000000",' \
        '"time_last":"1764000001"}'
    zone = text.replace("time_", "zone_time_").replace("t.example", "z.example")
    broken = {
        "no JSON": "no JSON object", "[]": "no JSON object", '{"rrname":"a.example"': "no JSON object",
        cof("a..b", "A", "192.0.2.1"): "rrname", cof("a.example", "A", "192.0.2.256"): "rdata",
        cof("a.example", "A", ["192.0.2.1", "::1"]): "rdata", cof("a.example", "A", []): "rdata",
        cof("a.example", "A", "192.0.2.1", first=9): "bailiwick", cof("a.example", "MX", "x."): "rdata",
        cof("a.example", "A", "192.0.2.1", first=START + 61): "after",
        cof("a.example", "A", "192.0.2.1", first=-1): "time_first",
        cof("a.example", "A", "192.0.2.1", count=0): "count",
        cof("a.example", "A", "192.0.2.1", last=10**15): "out of range",
        "x" * (1 << 20): "1 MiB",
    }  # fmt: skip
    del broken[cof("a.example", "A", "192.0.2.1", first=9)]
    broken[cof("a.example", "A", "192.0.2.1", bailiwick=7)] = "bailiwick"
    lines = [good, text, "", zone, cof("a.example", "TXT", '"x"'), *broken]
    put(sw, past, *lines, code=PARTLY)
    said = sw.err.splitlines()
    assert len(said) == len(broken)
    for number, (line, why) in enumerate(broken.items(), 6):
        assert f"-:{number}: " in said[number - 6] and why in said[number - 6], line[:80]
    assert f"{len(broken)} lines refused" in sw.out and "1 lines of other types" in sw.out
    exported = sw("memory", "export", "--folder", past).splitlines()
    assert [json.loads(x)["rrname"] for x in exported] == ["a.example."] * 2 + ["t.example.", "z.example."]
    assert json.loads(exported[0])["bailiwick"] == "example."


def test_random_records_are_summed(sw, past, tmp_path):
    pick = random.Random(7)
    model, lines = {}, []
    for _ in range(3000):
        name = f"{pick.choice('abc')}{pick.randrange(30)}.{pick.choice(['example', 'co.uk', 'x.net'])}."
        kind, rdata = pick.choice([("A", f"10.0.{pick.randrange(2)}.{pick.randrange(9)}"),
                                   ("CNAME", f"c{pick.randrange(9)}.example.")])  # fmt: skip
        first = START + pick.randrange(10**7)
        last, count = first + pick.randrange(10**6), pick.randrange(1, 99)
        lines.append(cof(name, kind, rdata, first, last, count))
        old = model.get((name, kind, rdata), (first, last, 0))
        model[name, kind, rdata] = min(old[0], first), max(old[1], last), old[2] + count
    packed = tmp_path / "archive.ndjson.gz"
    packed.write_bytes(gzip.compress("\n".join(lines[:1500]).encode()))
    sw("memory", "import", "--folder", past, packed)
    put(sw, past, *lines[1500:])
    exported = sw("memory", "export", "--folder", past)
    got = {}
    for row in map(json.loads, exported.splitlines()):
        got[row["rrname"], row["rrtype"], row["rdata"]] = (
            row["time_first"], row["time_last"], row["count"])  # fmt: skip
    assert got == model
    again = tmp_path / "again"
    again.mkdir()
    sw("memory", "import", "--folder", again, "-", stdin=exported)
    assert sw("memory", "export", "--folder", again) == exported
    hunted = [json.loads(x) for x in sw("--json", "hunt", "--folder", past, "=a1.example", "x.net",
                                        "10.0.1.0/30").splitlines()]  # fmt: skip
    for row in hunted:
        match = {
            "=a1.example": lambda n, k, r: n == "a1.example.",
            "x.net": lambda n, k, r: n.endswith("x.net."),
            "10.0.1.0/30": lambda n, k, r: r in [f"10.0.1.{i}" for i in range(4)],
        }[row["indicator"]]
        found = [value for key, value in model.items() if match(*key)]
        assert row["records"] == len(found) and row["count"] == sum(value[2] for value in found)


def test_questions(sw, past):
    put(sw, past,
        cof("example.net", "A", "192.0.2.1"), cof("www.example.net", "CNAME", "cdn.example.org"),
        cof("a.www.example.net", "A", "192.0.2.2", START + 9000, START + 9060, 5),
        cof("xexample.net", "A", "192.0.2.129"), cof("example.net", "MX", "5 mx.cdn.example.org"),
        cof("other.example", "AAAA", "2001:db8::2"))  # fmt: skip

    def names(*words, **options):
        return [row["name"] for row in rows(sw, past, *words, **options)]

    assert names("example.net") == ["example.net"] * 2
    assert names("*.example.net") == ["example.net"] * 2 + ["www.example.net", "a.www.example.net"]
    assert names("cdn.example.org") == ["www.example.net"]
    assert sorted(names("*.cdn.example.org")) == ["example.net", "www.example.net"]
    assert names("192.0.2.1") == ["example.net"]
    assert names("192.0.2.0/25") == ["example.net", "a.www.example.net"]
    assert names("2001:db8::/32") == ["other.example"]
    assert names("*.example.net", "--type", "A", "--limit", "1") == ["example.net"]
    assert names("*.example.net", "--since", START + 61) == ["a.www.example.net"]
    assert names("192.0.2.0/24", "--until", START + 61) == ["example.net", "xexample.net"]
    assert names("192.0.2.0/24", "--since", "2025-11-24T17:00:00Z") == ["a.www.example.net"]
    assert names("nothing.example", code=NONE) == []
    text = sw("memory", "--folder", past, "a.www.example.net")
    assert "1 record was resolved" in text and "2025-11-24 18:30:00" in text
    line = json.loads(sw("memory", "--folder", past, "192.0.2.2", "--cof"))
    assert line == {"rrname": "a.www.example.net.", "rrtype": "A", "rdata": "192.0.2.2", "count": 5,
                    "time_first": START + 9000, "time_last": START + 9060}  # fmt: skip


def test_an_as_by_the_database(sw, past):
    put(sw, past, cof("a.example", "A", "213.24.76.23"), cof("b.example", "A", "93.184.216.1"),
        cof("c.example", "AAAA", "2a00:1450:4001::1"))  # fmt: skip
    assert [r["name"] for r in rows(sw, past, "AS8342")] == ["a.example"]
    assert [r["name"] for r in rows(sw, past, "as15169")] == ["c.example"]
    rows(sw, past, "AS64500", code=NONE)


def test_what_is_not_a_question(sw, past):
    sw("memory", "--folder", past, "a..b", code=USAGE)
    sw("memory", "--folder", past, "class:government", code=USAGE)
    sw("memory", "--folder", past, "a.example", "--type", "TXT", code=USAGE)
    sw("memory", "--folder", past, "a.example", "--since", "yesterday", code=USAGE)
    sw("memory", "export", code=SETTINGS)
    assert "memory-folder" in sw.err
    sw("memory", "--folder", past / "none", "a.example", code=INPUT)
    sw("memory", "forget", "--folder", past, code=USAGE)
    sw("memory", "import", "--folder", past, past / "none", code=INPUT)
    sw("hunt", "--folder", past, "nolist", code=NONE)
    sw("hunt", "--folder", past, "a..b", code=USAGE)


def test_hunt_a_list_and_a_file(sw, past, tmp_path):
    put(sw, past, cof("www.bad.example", "A", "192.0.2.9", count=37), cof("good.example", "A", "192.0.2.8"))
    sw("list", "set", "watched", "--action", "nxdomain")
    sw("add", "watched", "bad.example", "never.example", "192.0.2.0/29")
    out = sw("hunt", "--folder", past, "watched")
    assert "1 of 3 indicators was" in out.replace("were", "was") and "www.bad.example A 192.0.2.9" in out
    feed = tmp_path / "feed.txt"
    feed.write_text("=good.example\nnever.example\nAS64500\n")
    found = [json.loads(x) for x in sw("--json", "hunt", "--folder", past, feed).splitlines()]
    assert [x["indicator"] for x in found] == ["=good.example"] and "1 item was left out" in sw.err
    sw("hunt", "--folder", past, feed, "--since", "2030-01-01", code=NONE)


@pytest.fixture
def settled(sw, past):
    """The folder is in the settings."""
    with open(sw.conf, "a") as conf:
        conf.write(f'memory-folder: "{past}"\n')
    return sw


def feeds_look_ahead(sw, feed, folder):
    """A content above the limit leaves the list of a feed as it is, is told, and is tried again; what
    is on the list already does not count."""
    sw("list", "set", "fed", "--action", "nxdomain")
    sw("add", "fed", "old.example")
    url = f"file:{feed}"
    for more in [], ["--given"]:
        sw("feed", "add", "fed", url, "--max-touched=1", "--every=1h", *more)
        sw("feed", "run", "fed", "--files", folder, code=NONE)
        assert "would touch 2 names resolved in the last 7 days, more than 1" in sw.err
        assert set(sw.list("fed")) == {"old.example"}
        (shown,) = sw.json("feed", "show", "fed")
        assert shown["state"] == "failed" and int(shown["status"]["failures"]) >= 1, shown
        assert "would touch 2 names" in shown["status"]["problem"] and shown["status"]["next"]
    told = [fields["e"] for _, fields in sw.redis.xrange(sw.key("feeds:log"))]
    assert any("would touch 2 names" in one for one in told)
    sw("feed", "add", "fed", url, "--max-touched=2")
    sw("feed", "run", "fed", "--files", folder)
    assert len(sw.list("fed")) == 5
    sw("feed", "add", "fed", url, "--max-touched=0")
    sw("feed", "run", "fed", "--now", "--files", folder)  # no indicator is new
    assert len(sw.list("fed")) == 5


def test_a_policy_looks_ahead(settled, past):
    sw, now = settled, int(time.time())
    put(sw, past,
        cof("www.shop.example", "A", "213.24.76.23", now - 9000, now - 60, 40),
        cof("old.example", "A", "192.0.2.1", now - 30 * 86400, now - 20 * 86400, 99))  # fmt: skip
    sw("list", "set", "trial", "--action", "nxdomain", "--shadow")
    sw("add", "trial", "shop.example", "old.example", "never.example")
    before = sw.redis.hget(sw.key("lists"), "trial")
    said = sw("list", "set", "trial", "--no-shadow", "--preview")
    assert "trial: nothing written\n" in said
    assert "of 3 indicators, 1 was resolved in the last 7 days: 1 name, received 40 times" in said
    assert "changes no answer" in sw("list", "set", "trial", "--action", "monitor", "--preview")
    (seen,) = sw.json("list", "set", "trial", "--no-shadow", "--preview=25")
    assert (seen["touched"]["names"], seen["touched"]["count"]) == (2, 139) and not seen["created"]
    sw("list", "set", "trial", "--no-shadow", "--max-touched", "0", code=NONE)
    assert "would touch 1 name resolved" in sw.err and "'trial' is left as it is" in sw.err
    assert sw.redis.hget(sw.key("lists"), "trial") == before
    sw("list", "set", "trial", "--note", "still in shadow", "--max-touched", "0")
    sw("list", "set", "trial", "--no-shadow", "--max-touched", "1")
    assert "shadow" not in json.loads(sw.redis.hget(sw.key("lists"), "trial"))
    # Parts have an action of their own: they begin to act, although the list only records.
    zone = "$TTL 60\n@ SOA . . 1 1 1 1 1\n@ NS .\nwww.shop.example CNAME rpz-drop.\nold.example CNAME rpz-passthru.\n"
    sw("list", "set", "zone", "--action", "monitor", "--shadow")
    sw("import", "--replace", "--given", "--format=rpz", "zone", "-", stdin=zone)
    sw("list", "set", "zone", "--no-shadow", "--max-touched", "0", code=NONE)
    assert "would touch 1 name resolved" in sw.err
    assert "changes no answer" not in sw("list", "set", "zone", "--no-shadow", "--preview")


def test_an_import_looks_ahead(settled, past, tmp_path):
    sw, now = settled, int(time.time())
    put(sw, past,
        cof("www.shop.example", "A", "213.24.76.23", now - 9000, now - 60, 40),
        cof("img.shop.example", "CNAME", "www.shop.example", now - 9000, now - 60, 2),
        cof("old.example", "A", "192.0.2.1", now - 30 * 86400, now - 20 * 86400, 99))  # fmt: skip
    sw("list", "set", "feed", "--action", "nxdomain")
    feed = tmp_path / "feed.txt"
    feed.write_text("shop.example\nwww.shop.example\nold.example\nnever.example\nAS64500\n")
    said = sw("import", "--preview", "feed", feed)
    assert "of 5 indicators, 2 were resolved in the last 7 days: 2 names, received 42 times" in said
    assert "AS8342 RTComm.RU, Example agency" in said and "old.example" not in said
    seen = sw.json("import", "--preview=25", "feed", feed)[0]["touched"]
    assert (seen["indicators"], seen["names"], seen["count"], seen["left_out"]) == (3, 3, 141, 1)
    assert [one["name"] for one in seen["most"]] == ["old.example", "www.shop.example", "img.shop.example"]
    for more in [], ["--replace"]:
        sw("import", "--max-touched", "1", *more, "feed", feed, code=NONE)
        assert "would touch 2 names" in sw.err and not sw.list("feed")
    sw("import", "--max-touched", "1", "feed", "-", stdin="a.example\n", code=USAGE)
    feeds_look_ahead(sw, feed, tmp_path)
    sw("import", "--max-touched", "2", "feed", feed)
    assert len(sw.list("feed")) == 5
    assert sw("hunt", "feed").startswith("3 of 4")


def test_forgotten_is_gone(sw, past):
    put(sw, past,
        cof("private.example", "A", "192.0.2.1"), cof("x.private.example", "A", "192.0.2.2"),
        cof("shop.example", "CNAME", "private.example"), cof("kept.example", "A", "192.0.2.1"),
        cof("old.example", "A", "192.0.2.1", START - 10**7, START - 10**7 + 1))  # fmt: skip
    out = sw("memory", "forget", "--folder", past, "*.private.example")
    assert "no row is left" in out and "1 file rewritten" in out
    for file in past.glob("*.mtbl"):
        dump = subprocess.run(["mtbl_dump", file], capture_output=True, text=True, check=True).stdout
        assert "private" not in dump and dump
    assert {r["name"] for r in rows(sw, past, "192.0.2.0/24")} == {"kept.example", "old.example"}
    sw("memory", "forget", "--folder", past, "private.example", code=NONE)
    sw("memory", "forget", "--folder", past, "--before", START - 10**6)
    assert [r["name"] for r in rows(sw, past, "192.0.2.0/24")] == ["kept.example"]


def test_damaged_and_foreign_files_are_named(sw, past):
    put(sw, past, cof("a.example", "A", "192.0.2.1"))
    put(sw, past, cof("b.example", "A", "192.0.2.1", START + 10**7, START + 10**7))
    first, second = sorted(past.glob("*.mtbl"))
    shutil.copy(second, past / "foreign.mtbl")
    with open(past / "dns.fileset", "a") as fileset:
        fileset.write("foreign.mtbl\nnotes.mtbl\n../../etc/passwd.mtbl\n")
    (past / "notes.mtbl").write_text("no table" * 100)
    octets = bytearray(first.read_bytes())
    octets[20] ^= 1
    first.write_bytes(octets)
    assert [(r["name"], r["count"]) for r in rows(sw, past, "192.0.2.1")] == [("b.example", 2)]
    assert "notes.mtbl is not a table" in sw.err and f"{first.name} has a damaged block" in sw.err
    status = json.loads(sw("--json", "memory", "status", "--folder", past, code=PARTLY))
    assert {bad["file"] for bad in status["not_read"]} >= {"notes.mtbl"}
    assert status["newest"] == "2026-03-20T09:46:40Z"


def test_ctrl_c_imports_nothing(sw, past):
    process = sw.start("memory", "import", "--folder", past, "-")
    for number in range(20000):
        process.stdin.write(cof(f"n{number}.example", "A", "192.0.2.1") + "\n")
    process.stdin.flush()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60 * FACTOR)[1].count("interrupted") == 1
    assert process.returncode == INPUT
    assert not list(past.glob("*.mtbl")) and not list(past.glob(".new*"))
