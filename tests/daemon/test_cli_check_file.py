"""sinkwatch check --file judges each word of a file as check judges the word."""

import random

import pytest
from cli_rig import INPUT, NONE, PARTLY, USAGE, bad, sw, text_file  # noqa: F401

LISTS = {
    "bad": (["--action", "nxdomain"], ["a.example", "=b.example", "*.c.example", "192.0.2.0/24", "AS64500"]),
    "better": (["--action", "drop", "--priority", "5"], ["x.a.example", "192.0.2.7"]),
    "ours": (["--kind", "allow"], ["ok.a.example"]),
    "seen": (["--kind", "watch"], ["w.example"]),
    "servers": (["--trigger", "nsdname", "--trigger", "client"], ["ns.d.example", "198.51.100.0/24"]),
}  # fmt: skip


@pytest.fixture
def full(sw):
    for name, (words, indicators) in LISTS.items():
        sw("list", "set", name, *words)
        sw("add", name, *indicators)
    return sw


def test_each_word_gets_the_verdict_of_check(full, text_file):
    chance = random.Random(7)
    ends = [text.lstrip("=*.") for _, each in LISTS.values() for text in each if "example" in text]
    words = [chance.choice(["", "www.", "X.", "ok.", "a.b."]) + chance.choice(ends) for _ in range(60)]
    words += ["192.0.2.1", "192.0.2.7", "198.51.100.9", "203.0.113.1", "2001:db8::1", "AS64500", "AS1", "none.example"]
    want = {one["query"]: one["verdict"] for one in full.json("check", *words)}
    path = text_file("# names\n\n" + "\n".join(f"  {word}\tmore words" for word in words) + "\n; end")
    found = full.json("check", "--file", path)
    assert [one["query"] for one in found] == [word for word in words if want[word]]
    assert all(want[one["query"]] == one["verdict"] for one in found)
    assert {one["line"]: one["query"] for one in found}.items() <= dict(enumerate(words, 3)).items()
    assert f"{len(words)} words, rules act on {len(found)}" in full.err
    assert 20 < len(found) < len(words) - 3 and len({one["list"] for one in found}) == 4


def test_words_for_people_from_standard_input(full):
    assert full("check", "-f", "-", stdin="www.a.example\nx.example\n") == "www.a.example\tbad\tnxdomain\ta.example\n"
    full("check", "--file=-", stdin="x.example\n", code=NONE)
    assert not full.out and "1 word, rules act on 0" in full.err
    full("check", "--file=-", stdin="", code=NONE)


def test_what_is_no_name_is_refused_alone(full, text_file):
    path = text_file(b"a..b\n\xff\x1b[31m\n192.0.2.0/24\nwww.a.example\n" + b"c..d\n" * 1000)
    full("check", "--file", path, code=PARTLY)
    assert full.out.startswith("www.a.example\t") and len(full.err) < 3000 and "\x1b" not in full.err
    assert "1003 refused" in full.err and "list.txt:1: 'a..b'" in full.err
    full("check", "--file", f"{path}.none", code=INPUT)
    full("check", "--file", path, "a.example", code=USAGE)
    full("check", code=USAGE)
    with open("/dev/full", "w") as full_disk:
        process = full.start("check", "--file", text_file("a.example\n"), stdout=full_disk)
        assert process.wait(60) == NONE
