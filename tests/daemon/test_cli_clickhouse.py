"""The memory in ClickHouse: files are sent to a real server, each once, whatever breaks; and the
answers there are those of the files (D-164)."""

import json
import random
import re

import pytest
from cli_rig import INPUT, NONE, OK, USAGE, sw  # noqa: F401
from harness.clickhouse import PROGRAM, ClickHouse, Lossy
from harness.wait import FACTOR

pytestmark = pytest.mark.skipif(not PROGRAM, reason="this Debian has no clickhouse-server")
START = 1764000000  # 2025-11-24 16:00 UTC
DAY = 86400


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    clickhouse = ClickHouse(tmp_path_factory.mktemp("clickhouse") / "server")
    yield clickhouse
    clickhouse.stop()


@pytest.fixture
def tables(server, sw):
    sw("memory", "send", "--print-schema")
    statements = [s for s in re.sub("--[^\n]*", "", sw.out).split(";") if s.strip()]
    for name in "sightings", "past_copy", "past", "past_by_data", "files":
        server.run(f"DROP TABLE IF EXISTS sinkwatch_{name}")
    for statement in statements:
        server.run(statement)
    return server


@pytest.fixture
def lossy(server):
    proxy = Lossy(server.port)
    yield proxy
    proxy.stop()


LABELS = ["a", "b_", "www", "x-y", "\\'q", "d\\.d"]


def random_records(pick, n=400):
    lines = []
    for _ in range(n):
        label, zone = pick.choice(LABELS), pick.choice(["example.net", "xexample.net", "co.uk"])
        name = f"{label}{pick.randrange(9)}.{zone}"
        kind, rdata = pick.choice([
            ("A", f"10.0.{pick.randrange(3)}.{pick.randrange(9)}"), ("AAAA", f"2001:db8::{pick.randrange(9)}"),
            ("CNAME", f"a{pick.randrange(9)}.example.net"), ("MX", f"5 m\\.{pick.randrange(3)}.example.net"),
        ])  # fmt: skip
        first = START - pick.randrange(200 * DAY)
        line = {"rrname": name, "rrtype": kind, "rdata": rdata, "time_first": first,
                "time_last": first + pick.randrange(DAY), "count": pick.randrange(1, 9)}  # fmt: skip
        if pick.randrange(2):
            line["bailiwick"] = zone
        lines.append(json.dumps(line) + "\n")
    return "".join(lines)


def rows(sw, *words, **options):
    """What an answer says; without zones, since only answers by owner have these."""
    found = {}
    for row in sw.json("memory", *words, **options):
        key = row["name"], row["type"], row["rdata"], row.get("zone")
        found[key] = row["first"], row["last"], row["count"]
    return found


QUESTIONS = [
    ["a1.example.net"], ["*.example.net"], ["*.net"], ["=a1.example.net"],
    ["\\'q1.co.uk"], ["d\\.d1.example.net"], ["10.0.1.3"], ["10.0.0.0/23"],
    ["10.0.0.4/30"], ["2001:db8::/126"], ["2001:db8::8"], ["*.co.uk", "--type", "MX"], ["b_1.example.net", "--type", "a"],
    ["*.example.net", "--since", START - 50 * DAY], ["10.0.0.0/8", "--until", START - 150 * DAY], ["AS8342"],
    ["*.example.net", "--since", START - 90 * DAY, "--until", START - 60 * DAY, "--type", "cname"],
    ["m\\.1.example.net"], ["none.example"],
]  # fmt: skip


@pytest.fixture
def lenient(sw):
    """The command, with any exit code of a question."""

    class Lenient:
        def json(self, *words, code=None):
            process = sw.start("--json", *words)
            out, err = process.communicate(timeout=60 * FACTOR)
            assert process.returncode in (OK, NONE), err
            return [json.loads(line) for line in out.splitlines()]

    return Lenient()


def test_answers_are_those_of_the_files(sw, lenient, tables, tmp_path):
    pick, folder, url = random.Random(5), tmp_path / "m", tables.url
    folder.mkdir()
    sw("memory", "import", "--folder", folder, "-", stdin=random_records(pick))
    sw("memory", "send", "--folder", folder, "--source", "n's1", "--to", url)
    assert "files sent" in sw.out
    sw("memory", "send", "--folder", folder, "--source", "n's1", "--to", url, code=NONE)
    for question in QUESTIONS:
        here = rows(lenient, "--folder", folder, *question)
        assert rows(lenient, "--from", url, *question) == here, question
    sw("memory", "send", "--folder", folder, "--to", url)  # the same rows of another resolver
    here = rows(lenient, "--folder", folder, "*.example.net")
    there = rows(lenient, "--from", url, "*.example.net")
    assert there == {key: (first, last, 2 * count) for key, (first, last, count) in here.items()}
    merged = tables.run("SELECT count(), sum(count) FROM sinkwatch_sightings FORMAT TSV").split()
    exported = [json.loads(x) for x in sw("memory", "export", "--folder", folder).splitlines()]
    assert [int(x) for x in merged] == [len(exported), 2 * sum(x["count"] for x in exported)]


def total(server):
    return int(server.run("SELECT sum(count) FROM sinkwatch_sightings FORMAT TSV"))


def test_each_file_counts_once(sw, tables, lossy, tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    sw("memory", "import", "--folder", folder, "-", stdin=random_records(random.Random(6)))
    exported = [json.loads(x) for x in sw("memory", "export", "--folder", folder).splitlines()]
    wanted = sum(x["count"] for x in exported)
    send = ["memory", "send", "--folder", folder, "--source", "ns1", "--to", lossy.url]
    lossy.faults = [None, "hold"]
    process = sw.start(*send)
    assert lossy.held.wait(60 * FACTOR)
    process.kill()  # a file is announced, and no row of a file counts
    process.wait()
    lossy.released.set()
    assert total(tables) == 0
    # Announcing, rows, being live: lost before and after the server has the request.
    lossy.faults = ["after", None, "after", None, "before", None, None, "busy"]
    sw(*send, seconds=120)
    assert total(tables) == wanted
    sw("memory", "forget", "--folder", folder, "--before", START - 100 * DAY)
    sw("memory", "forget", "--folder", folder, "*.co.uk", code=OK)
    exported = [json.loads(x) for x in sw("memory", "export", "--folder", folder).splitlines()]
    sw(*send)  # files that were rewritten take the place of the former files
    there = tables.run(f"SELECT sum(count) FROM sinkwatch_sightings WHERE last >= {START - 100 * DAY} FORMAT TSV")
    assert int(there) == sum(x["count"] for x in exported)
    assert tables.run("SELECT count() FROM sinkwatch_files WHERE live = 0 AND rows > 0 AND file IN (SELECT file FROM "
                      "sinkwatch_past) AND file NOT IN (SELECT file FROM sinkwatch_files WHERE live = 1) "
                      "FORMAT TSV") == "0\n"  # fmt: skip


def test_what_goes_wrong_is_said(sw, tables, tmp_path):
    folder, password = tmp_path / "m", tmp_path / "password"
    folder.mkdir()
    sw("memory", "import", "--folder", folder, "-", stdin=random_records(random.Random(7), 9))
    send = ["memory", "send", "--folder", folder, "--source", "ns1"]
    login = ["--user", "sender", "--password-file", password]
    password.write_text("wrong\n")
    sw(*send, "--to", tables.url, *login, code=INPUT)
    assert "the server says: Code: 193" in sw.err and "wrong" not in sw.err.replace("Wrong", "")
    password.write_text("se:cret\n")
    sw(*send, "--to", tables.url, *login)
    sw("memory", "--from", tables.url, *login, "*.net")
    sw("memory", "--from", tables.url, "--database", "none", "*.net", code=INPUT)
    assert "Code: 81" in sw.err
    tables.run("DROP TABLE sinkwatch_past")
    sw("memory", "--from", tables.url, "*.net", code=INPUT)
    assert "--print-schema" in sw.err
    sw(*send, code=USAGE)
    for url in ("ftp://x", "http://", "http://u:p@host", "http://host/?query=x"):
        sw(*send, "--to", url, code=USAGE)
    sw("memory", "--from", tables.url, "--fleet", "a.example", code=USAGE)
