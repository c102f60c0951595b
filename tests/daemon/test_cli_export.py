"""The command writes lists in the formats of others."""

import json
import shutil
import subprocess

import pytest
from cli_rig import INPUT, NONE, PARTLY, REDIS, USAGE, bad, sw, text_file  # noqa: F401
from harness.resolver import SINK6, Resolver
from harness.wait import until

FACTS = {"campaign": "Carbanak", "note": "one, \"two\"", "confidence": 80}
CONTENT = {
    "evil.example": json.dumps(FACTS), "=www.clean.example": "", "*.many.clean.example": "",
    "203.0.113.5": "", "2001:db8:bad:1::/64": "", "AS64500": "",
}  # fmt: skip
ALL = {"plain", "csv", "json"}


@pytest.fixture
def full(bad):
    bad.redis.hset(bad.key("list:bad"), mapping=CONTENT)
    return bad


@pytest.mark.parametrize("name", ["plain", "csv", "json", "hosts", "rpz", "adblock", "dnsmasq", "misp", "stix"])
def test_what_is_written_is_read_again_and_the_rest_is_counted(full, name, folder):
    path = folder / "list.txt"
    (done,) = full.json("export", "bad", f"--format={name}", f"--output={path}", code=0 if name in ALL else PARTLY)
    assert done["written"] + done["refused_count"] == len(CONTENT) and bool(done["refused_count"]) == (name not in ALL)
    assert sum(done["refused_by_reason"].values()) == done["refused_count"]
    full("list", "set", "back", "--action", "nxdomain")
    (read,) = full.json("import", "back", f"--format={name}", path)
    back = full.list("back")
    if name == "rpz":
        assert read["accepted"] == done["written"] + 1
        assert {"=evil.example", "*.evil.example"} == set(back) - set(CONTENT)
    else:
        assert set(back) < set(CONTENT) or name in ALL and set(back) == set(CONTENT)
        assert len(back) == done["written"]
    if name in ("csv", "json"):
        facts = json.loads(back["evil.example"])
        assert {key: str(value) for key, value in facts.items()} == {key: str(value) for key, value in FACTS.items()}
    assert done["without_all_facts"] == (name not in ("csv", "json") and "evil.example" in back or name == "rpz")


def test_a_zone_is_loaded_by_a_checker_and_enforced_by_a_resolver(full, env, authority, folder):
    zone = folder / "bad.rpz"
    full.redis.hset(full.key("list:bad"), mapping={"a\\032b\\;c.example": "", "x" * 63 + ".example": ""})
    full("export", "bad", "--format=rpz", f"--output={zone}", "--serial=2026113001", code=PARTLY)
    assert "AS number" in full.err and "7 indicators as rpz" in full.err
    checker = shutil.which("named-checkzone", path="/usr/bin:/usr/sbin:/sbin")
    said = subprocess.run([checker, "bad.rpz", zone], capture_output=True, text=True, check=False)
    assert said.returncode == 0 and "loaded serial 2026113001" in said.stdout, said
    resolver = Resolver(env, folder / "u", authority, None, chain="respip validator iterator")
    resolver.clauses = ["rpz:", '  name: "bad.rpz"', f'  zonefile: "{zone}"']
    try:
        resolver.launch()
        until(resolver.listens, "the resolver to answer", 60)
        answers = {name: resolver.client.ask(name).rcode for name in (
            "evil.example", "www.evil.example", "www.clean.example", "clean.example", "x.many.clean.example",
            "four.address.example", "other.address.example")}  # fmt: skip
        six = resolver.client.ask("net6.address.example", "AAAA").rcode
        resolver.stop()
    finally:
        resolver.kill()
    blocked = {name for name, rcode in answers.items() if rcode == "NXDOMAIN"}
    assert blocked == {"evil.example", "www.evil.example", "www.clean.example", "x.many.clean.example",
                       "four.address.example"}, answers  # fmt: skip
    assert six == "NXDOMAIN"


def test_local_data_is_written_and_goes_before_the_landing_address(full, folder):
    zone = folder / "bad.rpz"
    data = ["A 192.0.2.7", "A 192.0.2.8", "MX 10 mail.example.", 'TXT "a;b" c', "TYPE65 \\# 3 000100"]
    full("list", "set", "bad", "--action=sinkhole", "--sinkhole4=192.0.2.1", "--sinkhole6=2001:db8::1",
         *(f"--record={one}" for one in data))  # fmt: skip
    full.redis.hset(full.key("list:bad"), "=clean.example", "")
    full("export", "bad", "--format=rpz", f"--output={zone}", code=PARTLY)
    lines = [line for line in zone.read_text().splitlines() if line.startswith("clean.example ")]
    assert lines == [f"clean.example {one}" for one in [*data, "AAAA 2001:db8::1"]]
    checker = shutil.which("named-checkzone", path="/usr/bin:/usr/sbin:/sbin")
    said = subprocess.run([checker, "bad.rpz", zone], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said
    assert "the records of the list" in full("check", "clean.example")
    full("list", "set", "bad", "--record=")
    assert "other types: empty" in full("check", "clean.example")


def test_the_action_of_the_list_or_another_one(full):
    full("list", "set", "bad", "--action", "monitor")
    full("export", "bad", "--format=rpz", code=NONE)
    assert "--action" in full.err
    full("export", "bad", "--format=rpz", "--action=drop", code=PARTLY)
    assert "evil.example CNAME rpz-drop." in full.out and "$ORIGIN bad.rpz." in full.out
    full("list", "set", "bad", "--action", "sinkhole", "--sinkhole4", "192.0.2.53")
    full("export", "bad", "--format=dnsmasq", code=PARTLY)
    assert full.out == f"address=/evil.example/192.0.2.53\naddress=/evil.example/{SINK6}\n"
    full("list", "set", "ours", "--kind", "allow")
    full("add", "ours", "good.example")
    assert full("export", "ours", "--format=adblock").splitlines()[1:] == ["@@||good.example^"]
    full("export", "ours", "--format=hosts", code=NONE)
    assert "exempts" in full.err and not full.out
    full("export", "bad", "--format=hosts", "--narrow", code=PARTLY)
    assert set(full.out.splitlines()) == {"0.0.0.0 evil.example", "0.0.0.0 www.clean.example"}


def test_a_file_is_replaced_whole_or_not_at_all(full, folder):
    path = folder / "out.txt"
    path.write_text("old\n")
    full("add", "bad", "gone.example", "--expires=2090-01-01T00:00:00Z")
    full.redis.hset(full.key("list:bad"), "gone.example", '{"expires":"2020-01-01T00:00:00Z"}')
    full("export", "bad", f"--output={path}", code=PARTLY)
    assert "its end has passed" in full.err and set(path.read_text().split()) == set(CONTENT)
    assert list(folder.glob("out.txt*")) == [path]
    full("list", "set", "numbers")
    full("add", "numbers", "AS1")
    full("export", "numbers", "--format=hosts", f"--output={path}", code=NONE)
    assert "left as it is" in full.err and set(path.read_text().split()) == set(CONTENT)
    full("export", "bad", f"--output={folder}/none/out", code=INPUT)
    full("--port=1", "export", "bad", f"--output={path}", code=REDIS)
    assert set(path.read_text().split()) == set(CONTENT) and list(folder.glob("out.txt*")) == [path]


@pytest.mark.parametrize("words", [["--format=unbound"], ["--action=x"], ["--serial=0"], ["--origin=a..b"],
                                   ["--json"]])  # fmt: skip
def test_wrong_words(full, words):
    full("export", "bad", *words, code=USAGE)
    assert not full.out or (words == ["--json"] and list(json.loads(full.out)) == ["error"])


def test_a_full_disk_is_no_success(full):
    with open("/dev/full", "w") as full_disk:
        process = full.start("export", "bad", stdout=full_disk)
        assert process.wait(30) == INPUT
    full("export", "nothere", code=NONE)
