"""sinkwatch sweep: resolves all listed names from here, and finds the owners of the addresses."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager

import dns.message
import dns.rdatatype
import pytest
from cli_rig import (  # noqa: F401
    INPUT,
    NONE,
    OK,
    PARTLY,
    REDIS,
    Command,
    read_all,
    sw,
    text_file,
)
from harness.environment import read_environment
from harness.process import free_port
from harness.sweep_zone import (
    CROWD,
    CROWD_N,
    HIDDEN_ADDRESS,
    LONGEST,
    ODD_ADDRESS,
    PROTECTED,
    REVERSE,
    ZONE,
    SweepZone,
)
from harness.wait import FACTOR, until

NAMES = 100000 if read_environment().long else 600


@pytest.fixture(scope="module")
def zone(session_folder):
    server = SweepZone(session_folder / "sweep-zone", NAMES)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def database(sw, zone):
    """An AS database that knows the zone's addresses: else each address is a separate anomaly."""
    lines = sw.conf.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("asn-mmdb:")]
    sw.conf.write_text("".join(kept) + f'asn-mmdb: "{zone.databases}"\n')


def sweep(sw, zone, *words, at=None, **options):
    """(rows of names, anomalies, summary); at: the forwarder, by default the zone's server"""
    seconds = 30 + NAMES / 200  # 590 a second beside 14 busy processes; a quiet machine does 10,000
    words = ["sweep", "--forward", at or zone.at, "--rate", "0", *words]
    lines = sw.json(*words, seconds=seconds, **options)
    rows = {line["name"]: line for line in lines if "name" in line}
    found = [line["anomaly"]["sinkwatch"]["anomaly"] for line in lines if "anomaly" in line]
    return rows, found, lines[-1]["summary"]


def seen(sw, kind, key):
    return {k: json.loads(v) for k, v in sw.redis.hgetall(sw.key(f"seen:{kind}:{key}")).items()}


def test_finds_the_odd_one_among_all(sw, zone):
    zone.fill(sw.redis, sw.prefix)
    rows, found, summary = sweep(sw, zone)
    assert sorted(rows) == zone.names
    assert [(one["name"], one["address"]) for one in found] == [(zone.odd_name, ODD_ADDRESS)]
    assert found[0]["protected"]["indicator"] == PROTECTED
    assert found[0]["owner"]["as"]["number"] == 8342
    assert summary["names"] == summary["finished"] == NAMES
    assert (summary["resolved"], summary["nxdomain"]) == (NAMES - zone.missing, zone.missing)
    assert (summary["anomalies"], summary["failed"], summary["nodata"]) == (1, 0, 0)
    odd = rows[zone.odd_name]
    assert odd["lists"] == ["swept"] and odd["A"]["resolved_ip"] == [ODD_ADDRESS]
    assert odd["A"]["owners"][0]["as"]["organization"]["name"] == "RTComm.RU"
    assert odd["A"]["dnssec"] == "unchecked" and odd["AAAA"]["result"] == "nodata"


def test_hundreds_of_addresses_hide_none(sw, zone):
    """More addresses than an event has room for (D-127), and than 512."""
    zone.fill(sw.redis, sw.prefix)
    sw("add", "swept", CROWD)
    rows, found, summary = sweep(sw, zone, "--match", "crowd.*")
    assert len(rows[CROWD]["A"]["resolved_ip"]) == CROWD_N
    assert [(one["name"], one["address"]) for one in found] == [(CROWD, HIDDEN_ADDRESS)]
    assert (summary["names"], summary["anomalies"]) == (1, 1)


def test_names_without_an_answer_enter_the_history(sw, zone):
    """D-139: "no answer" is an episode, so that a later sweep sees a name wake."""
    zone.fill(sw.redis, sw.prefix)
    name = zone.names[9]
    rows, found, _ = sweep(sw, zone, "--match", name)
    assert rows[name]["A"]["result"] == "nxdomain" and not found
    ((episode,),) = [entry["episodes"] for entry in seen(sw, "name", name).values()]
    assert list(seen(sw, "name", name)) == ["holder none"]
    assert episode["count"] == 1 and episode["from"] <= episode["to"]


def test_leaves_the_records_that_a_resolver_leaves(sw, zone):
    zone.fill(sw.redis, sw.prefix)
    sweep(sw, zone, "--match", zone.odd_name)
    facts = seen(sw, "name", zone.odd_name)[ODD_ADDRESS]
    assert (facts["asn"], facts["count"]) == (8342, 1)
    assert seen(sw, "addr", ODD_ADDRESS)[zone.odd_name]["list"] == "swept"
    assert sw.redis.zrange(sw.key("tracked"), 0, -1) == [ODD_ADDRESS]
    script = "return redis.call('XRANGE', KEYS[1], '-', '+')"
    changes = [fields for _, fields in sw.redis.eval(script, 1, sw.key("resolvers:tracked"))]
    assert changes == [["i", ODD_ADDRESS]]
    assert not sw.redis.exists(sw.key("changes"))
    (entry,) = sw.redis.xrange(sw.key("anomalies"))
    document = json.loads(entry[1]["e"])
    assert document["observer"]["name"].endswith("-sweep")
    assert sw.redis.xlen(sw.key("events")) == 0
    # a second run raises nothing again, and counts
    _, found, summary = sweep(sw, zone, "--match", zone.odd_name, "--events", "--observer", "s1")
    assert found == [] and summary["anomalies"] == 0
    facts = seen(sw, "name", zone.odd_name)[ODD_ADDRESS]
    assert facts["count"] == 2 and facts["sweeps"] == 2
    events = [json.loads(fields["e"]) for _, fields in sw.redis.xrange(sw.key("events"))]
    assert {e["dns"]["question"]["type"] for e in events} == {"A", "AAAA"}
    assert {e["observer"]["name"] for e in events} == {"s1"}
    assert {e["event"]["action"] for e in events} == {"answer"}


def test_judges_no_name_that_it_was_not_asked_for(sw, zone):
    """D-137: histories of other names are judged again by resolvers, and not by a sweep."""
    zone.fill(sw.redis, sw.prefix)
    sw.redis.hdel(sw.key("lists"), "agencies")
    _, found, _ = sweep(sw, zone, "--match", zone.odd_name)
    assert found == [] and seen(sw, "name", zone.odd_name)
    zone.fill(sw.redis, sw.prefix)  # from now on its address is protected
    others = [name for name in zone.names if name.startswith("n00003")]
    assert zone.odd_name not in others
    rows, found, summary = sweep(sw, zone, "--rate", "20", "--ptr", "0", "--match", "n00003*")
    assert sorted(rows) == others and summary["seconds"] >= 3  # longer than a walk waits
    assert found == []
    _, found, _ = sweep(sw, zone, "--match", zone.odd_name)
    assert [one["name"] for one in found] == [zone.odd_name]


def test_goes_on_where_it_was_interrupted(sw, zone, folder):
    zone.fill(sw.redis, sw.prefix)
    state = folder / "state.json"
    words = ["sweep", "--forward", zone.at, "--rate", "10", "--match", "n00002*"]
    first = sw.start("--json", *words, "--state", state)
    until(lambda: state.exists(), "the first note of how far it is")
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=30 * FACTOR)
    assert first.returncode == NONE and "goes on" in err
    done = {json.loads(line).get("name") for line in out.splitlines()} - {None}
    assert 0 < len(done) < 100
    after = json.loads(state.read_text())["after"]
    rows, _, summary = sweep(sw, zone, "--match", "n00002*", "--state", state)
    expected = {name for name in zone.names if name.startswith("n00002")}
    assert done | set(rows) == expected
    assert min(rows) > after and summary["skipped_before"] + len(rows) == len(expected)
    assert not state.exists()


def test_redis_that_goes_ends_it_and_nothing_is_skipped(env, zone, folder, own_redis, settings_for):
    own_redis.start()
    sw = Command(env, folder, own_redis, settings_for(own_redis, folder, asn_mmdb=zone.databases))
    zone.fill(sw.redis, sw.prefix)
    state = folder / "state.json"
    words = ["--match", "n00002*", "--state", state]
    first = sw.start("sweep", "--forward", zone.at, "--rate", "10", *words)
    until(lambda: state.exists(), "the first note of how far it is")
    own_redis.kill()
    _, err = first.communicate(timeout=30 * FACTOR)
    assert first.returncode == REDIS and "Redis at" in err
    own_redis.start()
    after = json.loads(state.read_text())["after"]
    expected = [name for name in zone.names if name.startswith("n00002")]
    missing = {name for i, name in enumerate(zone.names) if i % 10 == 9}
    for name in expected[: expected.index(after) + 1]:
        assert name in missing or seen(sw, "name", name), name
    rows, _, _ = sweep(sw, zone, *words)
    assert sorted(rows) == expected[expected.index(after) + 1 :]


def test_redis_that_is_silent_is_waited_for(env, zone, folder, own_redis, settings_for):
    """Longer than redis-timeout (1 s), as on a machine with much other work."""
    own_redis.start()
    sw = Command(env, folder, own_redis, settings_for(own_redis, folder, asn_mmdb=zone.databases))
    zone.fill(sw.redis, sw.prefix)
    state = folder / "state.json"
    words = ["--forward", zone.at, "--rate", "20", "--ptr", "0", "--match", "n00002*"]
    words += ["--state", state]
    process = sw.start("--json", "sweep", *words)
    until(lambda: state.exists(), "the first note of how far it is")
    own_redis.freeze()
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=3)
    finally:
        own_redis.thaw()
    out, err = process.communicate(timeout=30 * FACTOR)
    assert process.returncode == OK, err
    assert json.loads(out.splitlines()[-1])["summary"]["finished"] == 100


def test_a_state_of_another_selection_is_refused(sw, zone, folder):
    zone.fill(sw.redis, sw.prefix)
    state = folder / "state.json"
    state.write_text('{"after": "a.example", "selection": "0"}')
    sw("sweep", "--forward", zone.at, "--state", state, code=NONE)
    assert "another --list" in sw.err
    state.write_text("nonsense")
    sw("sweep", "--forward", zone.at, "--state", state, code=NONE)
    assert "not a state file" in sw.err


def test_a_state_that_is_no_regular_file_is_refused(sw, zone, folder):
    """Nothing is asked, and the device, FIFO, link and the link's target are as before."""
    zone.fill(sw.redis, sw.prefix)
    target, fifo = folder / "target.json", folder / "fifo"
    target.write_text("{}")
    (folder / "link").symlink_to(target)
    (folder / "dangling").symlink_to(folder / "nowhere")
    os.mkfifo(fifo)
    reasons = {
        "link": "is a symbolic link",
        "dangling": "is a symbolic link",
        "fifo": "is no file to write text to",
        "": "Is a directory",
    }
    paths = {folder / name: words for name, words in reasons.items()}
    for path, words in {**paths, "/dev/null": "is no file to write text to"}.items():
        before = os.lstat(path)
        sw("sweep", "--forward", zone.at, "--match", "n00002*", "--state", path, code=NONE)
        assert f"{path}: {words}" in sw.err and not sw.out
        assert os.lstat(path)[:2] == before[:2]  # type and inode
    assert target.read_text() == "{}" and not (folder / "nowhere").exists()


def test_what_it_leaves_out(sw, zone, text_file):
    listed, other = zone.names[1], zone.names[2]
    for name, kind in (("bad", "ioc"), ("ours", "allow"), ("names", "watch")):
        sw("list", "set", name, "--kind", kind)
    sw("add", "bad", listed, f"*.{ZONE}", "198.51.100.0/24", "AS64999", zone.names[3])
    sw("add", "ours", zone.names[3], zone.names[4])
    sw("list", "set", "ours", "--priority", "1")
    sw("add", "names", "=" + zone.names[5])
    rows, _, summary = sweep(sw, zone)
    assert sorted(rows) == [listed, zone.names[3], zone.names[5]]
    assert (summary["below_only"], summary["exempt"]) == (1, 1)
    assert seen(sw, "name", zone.names[5]) and not seen(sw, "name", zone.names[3])
    sw("remove", "bad", f"*.{ZONE}")
    path = text_file(f"# names\n{listed}\n{other}  # a word\nno..name\n")
    rows, _, summary = sweep(sw, zone, "--file", path, code=PARTLY)
    assert "'no..name' is refused" in sw.err
    assert sorted(rows) == [listed, other]
    assert (summary["unlisted"], summary["refused"]) == (1, 1)
    assert seen(sw, "name", listed) and not seen(sw, "name", other)
    sw("sweep", "--list", "none", code=NONE)
    assert "1 list" in sw.err


def test_dnssec_status(sw, authority):
    sw("list", "set", "bad")
    sw("add", "bad", "www.signed.example", "www.bogus.example", "evil.example")
    at = f"127.0.0.1@{authority.nsd_port}"
    words = ["sweep", "--forward", at, "--trust-anchor", authority.anchor_file]
    lines = sw.json(*words, "--retries", "0")
    rows = {line["name"]: line for line in lines if "name" in line}
    assert rows["www.signed.example"]["A"]["dnssec"] == "secure"
    assert rows["www.bogus.example"]["A"]["result"] == "bogus"
    assert rows["evil.example"]["A"]["dnssec"] == "insecure"
    assert lines[-1]["summary"]["bogus"] == 1
    assert not seen(sw, "name", "www.bogus.example")
    assert seen(sw, "name", "www.signed.example")


def test_no_answer_is_a_failure_of_that_name(sw, zone):
    sw("list", "set", "bad")
    sw("add", "bad", zone.names[0], zone.names[1])
    at = f"127.0.0.1@{free_port()}"
    lines = sw.json("sweep", "--forward", at, "--timeout", "1", "--retries", "0")
    assert lines[-1]["summary"]["failed"] == 2
    assert {line["A"]["result"] for line in lines[:-1]} == {"failed"}


def test_words_and_progress_on_a_terminal(sw, zone):
    zone.fill(sw.redis, sw.prefix)
    ours, theirs = pty.openpty()
    process = sw.start(
        "sweep", "--forward", zone.at, "--rate", "80", "--match", "n00000*", stderr=theirs
    )  # fmt: skip
    os.close(theirs)
    drawn = read_all(ours).decode()
    out, _ = process.communicate(timeout=60 * FACTOR)
    assert process.returncode == OK
    assert "looking up [" in drawn and "/s" in drawn and "s left" in drawn
    assert re.search(r"^looked up +100$", out, re.M) and "anomalies raised" in out


def test_nothing_to_look_up(sw):
    sw("list", "set", "bad")
    sw("sweep", code=NONE)


def test_table_of_names_and_holders(sw, zone):
    """D-142: a row for each name and holder, and for each address indicator; remarks come first."""
    zone.fill(sw.redis, sw.prefix)
    sw("add", "swept", ODD_ADDRESS, "20.0.7.0/24")
    words = ["sweep", "--forward", zone.at, "--match", "n000040*"]
    out = sw(*words)
    lines = out.splitlines()
    remark = r".* protected: 213\.24\.76\.0/24 of agencies$"
    assert re.match("NAME +ADDRESS +HOLDER +.*REMARK$", lines[0])
    assert re.match(rf"{zone.odd_name} +213\.24\.76\.23 {remark}", lines[1])
    assert re.match(rf"\(indicator\) +213\.24\.76\.23 {remark}", lines[2])
    assert re.search(r"^\(indicator\) +20\.0\.7\.0/24 +Carrier", out, re.M)
    assert re.search(r"^n0000401\.sweep\.example +20\.0\.1\.145 +Carrier", out, re.M)
    assert re.search(r"^n0000409\.sweep\.example .*nxdomain$", out, re.M)
    out = sw(*words, "--rows", "3")
    assert out.startswith("NAME") and zone.odd_name in out and "and 9 further rows" in out
    assert "n0000409" not in out and "further" not in sw(*words, "--rows", "12")
    indicators = {line["indicator"]: line for line in sw.json(*words) if "indicator" in line}
    assert indicators[ODD_ADDRESS]["remark"] == f"protected: {PROTECTED} of agencies"
    assert indicators["20.0.7.0/24"]["owner"]["as"]["number"] == 64500
    assert indicators["20.0.7.0/24"]["remark"] == ""


def test_protected_rows_come_before_other_remarks(sw, zone):
    """D-228: a protected prefix inside an indicator is seen; no other remark pushes the row out."""
    zone.fill(sw.redis, sw.prefix)
    sw("add", "swept", "213.24.0.0/16")
    sw("list", "set", "carriers", "--kind", "known")
    sw("add", "carriers", "20.0.0.0/8")
    lines = sw("sweep", "--forward", zone.at, "--match", "n0000[34]0*", "--rows", "2").splitlines()
    remark = r".* protected: 213\.24\.76\.0/24 of agencies$"
    assert re.match(rf"{zone.odd_name} +213\.24\.76\.23 {remark}", lines[1])
    assert re.match(rf"\(indicator\) +213\.24\.0\.0/16 {remark}", lines[2])


def test_names_below_an_indicator_that_clients_asked_for(sw, zone):
    """The history has them by the tracked addresses; other lists' names stay out."""
    sw("list", "set", "bad")
    sw("add", "bad", f"*.{ZONE}")
    sw.redis.zadd(sw.key("tracked"), {f"20.0.0.{i}": i for i in range(1, 4)})
    for i, facts in ((1, {"list": "bad"}), (2, {}), (3, {"list": "gone"})):
        sw.redis.hset(sw.key(f"seen:addr:20.0.0.{i}"), zone.names[i], json.dumps(facts))
    rows, _, summary = sweep(sw, zone, "--indicators-only", code=NONE)
    assert rows == {} and summary["asked_below"] == 0
    rows, _, summary = sweep(sw, zone)
    assert list(rows) == [zone.names[1]] and summary["asked_below"] == 1
    assert seen(sw, "name", zone.names[1])["20.0.0.1"]["sweeps"] == 1
    assert "1 name below an indicator" in sw("sweep", "--forward", zone.at, "--list", "bad")


def remembered(sw, folder):
    """(owner, type, data): count"""
    lines = map(json.loads, sw("memory", "export", "--folder", folder).splitlines())
    return {(x["rrname"], x["rrtype"], x["rdata"]): x["count"] for x in lines}


def test_the_answers_enter_the_memory(sw, zone, folder, text_file):
    """D-165: each record of an answer is a sighting, whether a list covers the name or not."""
    sw("list", "set", "bad")
    sw("add", "bad", zone.names[1], zone.names[9])
    path = text_file("".join(f"{name}\n" for name in (*zone.names[:10], CROWD)))
    memory = folder / "past"
    memory.mkdir()
    with sw.conf.open("a") as conf:
        conf.write("memory-domain-limit: 0\n")
    before = int(time.time())
    sweep(sw, zone, "--file", path)
    assert not list(memory.iterdir())
    _, _, summary = sweep(sw, zone, "--file", path, "--memory-folder", memory)
    got = remembered(sw, memory)
    expected = {(f"{name}.", "A", f"20.0.0.{i}"): 1 for i, name in enumerate(zone.names[:9])}
    assert {key: n for key, n in got.items() if CROWD not in key[0]} == expected
    assert len(got) == 9 + CROWD_N and (f"{CROWD}.", "A", HIDDEN_ADDRESS) in got
    assert summary["memory"] == {"folder": str(memory), "records": 9 + CROWD_N, "left_out": {}}
    (line,) = map(json.loads, sw("memory", "export", "--folder", memory, "--limit", "1").splitlines())
    assert before <= line["time_first"] <= line["time_last"] <= time.time()
    assert not seen(sw, "name", zone.names[0])  # no list covers the name
    sweep(sw, zone, "--file", path, "--memory-folder", memory)
    assert remembered(sw, memory) == {key: 2 for key in got}


def test_the_limits_of_the_memory_hold_for_a_sweep(sw, zone, folder, text_file):
    memory, excluded = folder / "past", text_file(f"{zone.names[2]}\n", "excluded")
    path = text_file("".join(f"{name}\n" for name in zone.names[:9]))
    memory.mkdir()
    with sw.conf.open("a") as conf:
        conf.write(f'memory-exclude: "{excluded}"\nmemory-domain-limit: 5\n')
    words = ["sweep", "--forward", zone.at, "--file", path]
    sw(*words, "--memory-folder", folder / "none", code=INPUT)
    assert "none: No such file or directory" in sw.err
    sw(*words, "--memory-folder", path, code=INPUT)
    assert "Not a directory" in sw.err
    if os.geteuid() == 0:
        os.chown(memory, 65534, 65534)
    out = sw(*words, "--memory-folder", memory)
    said = f"memory {memory}: 5 records recorded, 1 left out: excluded, 3 left out: domain-limit"
    assert said in out
    got = remembered(sw, memory)
    assert len(got) == 5 and not any(zone.names[2] in owner for owner, _, _ in got)
    assert {(x.stat().st_uid, x.stat().st_mode & 0o7777) for x in memory.glob("*.mtbl")} == {
        (memory.stat().st_uid, 0o640)}  # fmt: skip


def test_a_memory_that_cannot_be_written_is_said(sw, zone, folder):
    memory = folder / "past"
    (memory / "dns.lock").mkdir(parents=True)  # in the place of the file that is locked
    sw("list", "set", "bad")
    sw("add", "bad", zone.names[1])
    rows, _, summary = sweep(sw, zone, "--memory-folder", memory, code=PARTLY)
    assert rows[zone.names[1]]["A"]["resolved_ip"] and summary["memory"]["records"] == 0
    assert "Is a directory" in summary["memory"]["problem"] and "nothing is recorded" in sw.err
    assert "1 records of the last interval are lost" in sw.err


def test_aliases_are_remembered_and_bogus_answers_are_not(sw, authority, folder):
    memory = folder / "past"
    memory.mkdir()
    sw("list", "set", "bad")
    sw("add", "bad", "www.signed.example", "www.bogus.example", "alias.evil.example", "www.old.renamed.example")
    words = ["--forward", f"127.0.0.1@{authority.nsd_port}", "--trust-anchor", authority.anchor_file]
    sw("sweep", *words, "--retries", "0", "--memory-folder", memory)
    got = remembered(sw, memory)
    owners = {owner for owner, _, _ in got}
    assert got["alias.evil.example.", "CNAME", "www.evil.example."] == 2  # for A and for AAAA
    assert ("www.old.renamed.example.", "CNAME", "www.evil.example.") in got
    assert got["old.renamed.example.", "DNAME", "evil.example."] == 2
    assert "www.evil.example." in owners
    assert "www.signed.example." in owners and "www.bogus.example." not in owners


@contextmanager
def between(zone, silent=False):
    """A forwarder before the zone's server: (address, PTR questions seen). silent: drops them."""
    ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ours.bind(("127.0.0.1", 0))
    theirs = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    theirs.connect(("127.0.0.1", zone.port))
    theirs.settimeout(5)
    seen_ptrs = Counter()

    def serve():
        while (packet := ours.recvfrom(4096))[0]:
            (question,) = dns.message.from_wire(packet[0]).question
            is_ptr = question.rdtype == dns.rdatatype.PTR
            seen_ptrs.update([question.name.to_text()] if is_ptr else [])
            if not (is_ptr and silent):
                theirs.send(packet[0])
                ours.sendto(theirs.recv(65535), packet[1])

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1@{ours.getsockname()[1]}", seen_ptrs
    finally:
        theirs.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ours.getsockname())
        thread.join(5 * FACTOR)
        ours.close()


def list_reverse(sw, zone):
    sw("list", "set", "bad")
    sw("add", "bad", zone.names[1], *(f"{name}.{ZONE}" for name in REVERSE))
    return ["--list", "bad", "--match", "ptr-*"]


def test_ptr_of_each_address(sw, zone):
    """D-128: shown with the address, asked once, and harmless whatever the reverse zone says."""
    words = list_reverse(sw, zone)
    with between(zone) as (at, asked):
        rows, found, summary = sweep(sw, zone, *words, at=at)
    ptr = {name: rows[f"{name}.{ZONE}"]["A"]["ptr"][0] for name in REVERSE}
    assert {name: one["ip"] for name, one in ptr.items()} == {n: a for n, (a, _) in REVERSE.items()}
    assert ptr["ptr-listed"]["names"] == [f"mail.{zone.names[1]}"]
    assert ptr["ptr-listed"]["indicator"] == f"{zone.names[1]} of bad"
    assert ptr["ptr-again"] == ptr["ptr-listed"]
    assert ptr["ptr-long"]["names"] == [LONGEST] and len(LONGEST) == 253
    assert len(ptr["ptr-many"]["names"]) == 16
    assert ptr["ptr-alias"]["names"] == ["aliased.example"]
    assert ptr["ptr-none"] == {"ip": "20.88.0.6", "result": "nxdomain", "names": []}
    assert ptr["ptr-refused"] == {"ip": "21.0.0.1", "result": "failed", "names": []}
    assert ptr["ptr-hostile"]["names"] == [r"\027\[31m\010\<b\>.\128\255.example"]
    assert (summary["ptr_asked"], summary["ptr_named"]) == (7, 5)
    assert asked.pop("1.0.0.21.in-addr.arpa.") >= 1
    assert asked.total() == len(asked) and asked["1.0.88.20.in-addr.arpa."] == 1
    assert summary["failed"] == 0 and summary["resolved"] == len(REVERSE)
    assert "mail." not in json.dumps(found)
    assert set(seen(sw, "addr", "20.88.0.1")) == {f"ptr-listed.{ZONE}", f"ptr-again.{ZONE}"}
    out = sw("sweep", *words, "--forward", zone.at)
    assert not re.search("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\xff]", out)
    first, second = sorted(line for line in out.splitlines() if " PTR: " in line)
    assert re.match(rf"ptr-again\.{ZONE} +20\.88\.0\.1 .* mail\.{zone.names[1]} +PTR: ", first)
    assert first.endswith(f" PTR: {zone.names[1]} of bad") and second.startswith("ptr-listed")
    assert re.search(r" h[0-9]+\.example \+15$", out, re.M)
    assert "PTR: 5 of 7 addresses have a name" in out
    rows, _, summary = sweep(sw, zone, *words, "--ptr", "0")
    assert len(rows) == len(REVERSE) and summary["ptr_asked"] == 0
    assert all(row["A"]["ptr"] == [] for row in rows.values())


def test_ptr_without_an_answer_fails_nothing(sw, zone):
    """Nor does an interruption meanwhile: the names are recorded without the PTR."""
    words = list_reverse(sw, zone)
    with between(zone, silent=True) as (at, asked):
        rows, _, summary = sweep(sw, zone, *words, "--timeout", "1", at=at)
        assert len(rows) == summary["resolved"] == len(REVERSE) and summary["failed"] == 0
        assert {row["A"]["ptr"][0]["result"] for row in rows.values()} == {"failed"}
        asked.clear()
        process = sw.start("--json", "sweep", *words, "--timeout", "600", "--forward", at)
        until(lambda: len(asked) == 7, "all PTR questions")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30 * FACTOR)
    lines = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == NONE and lines[-1]["summary"]["resolved"] == len(REVERSE)
    assert seen(sw, "name", f"ptr-none.{ZONE}")["20.88.0.6"]["count"] == 2


def test_ptr_of_some_addresses_of_a_name(sw, zone):
    sw("list", "set", "bad")
    sw("add", "bad", CROWD)
    for n in (8, 3):
        rows, _, summary = sweep(sw, zone, "--list", "bad", *(["--ptr", "3"] if n == 3 else []))
        assert len(rows[CROWD]["A"]["ptr"]) == summary["ptr_asked"] == n
        assert len(rows[CROWD]["A"]["resolved_ip"]) == CROWD_N
