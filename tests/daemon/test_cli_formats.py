"""The command reads lists in the formats of others, and guards against wrong ones."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile

import pytest
from cli_rig import INPUT, NONE, PARTLY, USAGE, bad, sw, text_file  # noqa: F401
from harness.environment import data
from harness.wait import FACTOR

MISP = {"Event": {"info": "Carbanak", "Attribute": [
    {"type": "domain", "value": "a.example", "to_ids": True},
    {"type": "hostname", "value": "b.example", "to_ids": True},
    {"type": "url", "value": "http://c.example/x", "to_ids": True},
]}}  # fmt: skip
ZONE = """$TTL 30
@ SOA ns.local. h.local. 1 2 3 4 5
 NS localhost.
block.example CNAME .
*.block.example CNAME .
drop.example CNAME rpz-drop.
pass.example CNAME rpz-passthru.
ns.example.rpz-nsdname CNAME .
"""


def test_facts_and_scope_come_along(bad, text_file):
    out = bad("import", "bad", text_file(json.dumps(MISP)), code=PARTLY)
    assert "(misp)" in out and "1 names and all below them, 1 names alone" in out
    assert {name: json.loads(facts) for name, facts in bad.list("bad").items()} == {
        "a.example": {"campaign": "Carbanak"}, "=b.example": {"campaign": "Carbanak"},
    }  # fmt: skip
    bad("import", "--replace", "--no-facts", "--scope=both", "bad", text_file(json.dumps(MISP)), code=PARTLY)
    assert bad.list("bad") == {"a.example": "", "b.example": ""}


def test_a_zone_goes_to_the_lists_that_can_say_it(sw, text_file):
    path = text_file(ZONE)
    for name, words in {"block": [], "ours": ["--kind", "allow"], "servers": ["--trigger", "nsdname"]}.items():
        sw("list", "set", name, *words)
    sw("import", "block", path, code=PARTLY)
    assert set(sw.list("block")) == {"=block.example", "*.block.example", "=drop.example"}
    assert "an exception" in sw.err and "trigger nsdname" in sw.err
    assert "1 of them say drop; the list's action is monitor" in sw.out
    assert "they cover: 2 names alone, 1 only what is below names" in sw.out
    sw("import", "ours", path, code=PARTLY)
    assert set(sw.list("ours")) == {"=pass.example"}
    sw("import", "servers", path, code=PARTLY)
    assert set(sw.list("servers")) == {"=ns.example"}
    sw("import", "--replace", "--only=drop", "block", path, code=PARTLY)
    assert set(sw.list("block")) == {"=drop.example"}
    sw("import", "--only=nothing", "block", path, code=USAGE)


def test_a_folder_of_events(bad, folder):
    (folder / "feed").mkdir()
    names = {"5908888b-0154-4a69-b0b2-72090a016219": "a", "5908888b-0154-4a69-b0b2-72090a016210": "b"}
    (folder / "feed" / "manifest.json").write_text(json.dumps(dict.fromkeys([*names, "../../x"], {})))
    for uuid, name in names.items():
        event = {"Event": {"Attribute": [{"type": "domain", "value": f"{name}.example", "to_ids": True}]}}
        (folder / "feed" / f"{uuid}.json").write_text(json.dumps(event))
    bad("import", "bad", folder / "feed")
    assert set(bad.list("bad")) == {"a.example", "b.example"}


def test_compressed_files(bad, text_file):
    bad("import", "bad", text_file(gzip.compress(b"0.0.0.0 a.example\n"), "x.gz"))
    assert set(bad.list("bad")) == {"=a.example"}
    bad("import", "--replace", "bad", text_file(gzip.compress(b"0.0.0.0 b.example\n")[:-3]), code=INPUT)
    assert "cut" in bad.err and set(bad.list("bad")) == {"=a.example"}


def zipped(kind):
    """An archive with a list in it, as octets."""
    out = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("list.txt", "a.example\n")
    else:
        with tarfile.open(fileobj=out, mode="w") as archive:
            member = tarfile.TarInfo("list.txt")
            member.size = 10
            archive.addfile(member, io.BytesIO(b"a.example\n"))
    return out.getvalue()


@pytest.mark.parametrize("text, word", [
    ("<!DOCTYPE html><html><body>Moved</body></html>", "HTML"),
    ('{"type":"bundle","objects":[{"type":"indicator","pattern":"[domain-name:value=\'x.example\']"}', "cut"),
    (zipped("zip"), "a zip archive; unpack it first: unzip -p"),
    (zipped("tar"), "a tar archive"),
    (gzip.compress(zipped("tar")), "a tar archive"),
    (lzma.compress(b"a.example\n"), "compressed by xz"),
    (bz2.compress(b"a.example\n"), "compressed by bzip2"),
    (b"7z\xbc\xaf\x27\x1c\x00\x04", "a 7z archive"),
    (b"%PDF-1.7\n", "a PDF document"),
], ids=["page", "cut", "zip", "tar", "tar.gz", "xz", "bzip2", "7z", "pdf"])  # fmt: skip
def test_what_is_no_list_leaves_the_list(bad, text_file, text, word):
    bad("add", "bad", "old.example")
    bad("import", "--replace", "bad", text_file(text), code=INPUT)
    assert word in bad.err and "left as it is" in bad.err
    assert set(bad.list("bad")) == {"old.example"}


def test_a_last_line_without_an_end(bad, text_file):
    path = text_file("a.example\nb.example\nc8.exam")
    bad("import", "--replace", "--whole", "bad", path, code=INPUT)
    assert "no line end" in bad.err and not bad.list("bad")
    bad("import", "--replace", "bad", path)
    assert "--whole" in bad.err and len(bad.list("bad")) == 3


def test_refusals_are_bounded(bad, text_file):
    path = text_file("".join(f"bad..{i}.example\n" for i in range(300000)) + "a.example\nhttp://u.example/\n")
    (done,) = bad.json("import", "bad", path, code=PARTLY, seconds=120)
    assert done["refused_count"] == 300001 and len(done["refused"]) <= 20
    assert sum(done["refused_by_reason"].values()) == 300001 and len(done["refused_by_reason"]) == 2
    assert len(bad.out) < 5000 and len(bad.err) < 5000 and "more; in all" in bad.err
    bad("import", "--show-refused=0", "bad", text_file("a..b\n"), code=NONE)
    assert "1 more" in bad.err or "1  no indicator" in bad.err


def test_own_and_top_names_are_guarded(sw, text_file):
    sw("list", "set", "ours", "--kind", "watch")
    sw("add", "ours", "www.corp.example")
    sw("list", "set", "bad")
    top = text_file("1,google.example\n2,x.cdn.example\n3,late.example\n", "top.csv")
    path = text_file("corp.example\n=corp.example\nwww.corp.example\nevil.corp.example\n"
                     "google.example\n=cdn.example\ncdn.example\nlate.example\n")  # fmt: skip
    sw("import", f"--top-file={top}", "--top=2", "--allow-own=corp.example", "bad", path, code=PARTLY)
    assert set(sw.list("bad")) == {"corp.example", "=corp.example", "evil.corp.example", "=cdn.example",
                                   "late.example"}  # fmt: skip
    assert "--allow-own" in sw.err and "--allow-top" in sw.err
    sw("import", f"--top-file={top}", "--allow-top=google.example", "bad", text_file("google.example\n"))
    assert "google.example" in sw.list("bad")
    sw("import", "--top-file=/nonexistent", "bad", path, code=INPUT)
    broken = text_file("1,a..b\n2,com\n3,google.example\n", "broken.csv")
    sw("import", f"--top-file={broken}", "bad", text_file("google.example\n"), code=NONE)
    assert f"{broken}:1: " in sw.err and f"{broken}:2: a name of two labels or more is needed" in sw.err


def test_an_end_of_the_feed_stays_and_a_passed_one_is_refused(sw, text_file):
    sw("list", "set", "bad", "--lifetime", "1h")
    rows = "domain,expires\na.example,2090-01-01T00:00:00Z\nb.example,2020-01-01T00:00:00Z\nc.example,\n"
    for words in (["import"], ["import", "--replace"]):
        sw(*words, "bad", text_file(rows), code=PARTLY)
        facts = {name: json.loads(text) for name, text in sw.list("bad").items()}
        assert facts["a.example"]["expires"] == "2090-01-01T00:00:00Z"
        assert set(facts) == {"a.example", "c.example"} and facts["c.example"]["expires"] < "2090"
        assert "has passed" in sw.err


REAL = {
    "formats/carbanak.hosts": ("hosts", 34), "formats/carbanak.rpz": ("rpz", 97),
    "formats/carbanak.misp.json": ("misp", 63), "formats/carbanak.stix21.json": ("stix", 63),
    "ioc/carbanak_2015.csv": ("csv", 63), "formats/urlhaus.adblock": ("adblock", 25771),
    "formats/urlhaus.csv": ("csv", 2853), "formats/urlhaus.hosts": ("hosts", 2689),
    "formats/urlhaus.plain": ("plain", 25768), "formats/urlhaus.rpz": ("rpz", 2689),
    "formats/poisonivy.json": ("stix", 64), "ioc/maltrail_fin7_carbanak.txt": ("maltrail", 1730),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_real_lists(sw, name):
    out = sw.start("--json", "import", "--dry-run", "-", data(name)).communicate(timeout=60 * FACTOR)[0]
    done = json.loads(out)
    assert (done["format"], done["accepted"]) == REAL[name]
