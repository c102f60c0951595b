"""The memory: records that authorities sent go into files, without a client; nothing else does."""

import json
import re
import shutil
import signal
import time
from datetime import datetime

import pytest
from harness import memory
from harness.events import ANOMALY, ANOMALY_NAME, COUNT, INDICATOR, LIST, NAME, SHADOW, field, matches
from harness.wait import until

WWW, ADDRESS = "www.clean.example", "198.51.100.10"
TWO, MAIL = "two.clean.example", "mail.clean.example"
LATE = "records of the last interval are lost"  # on a machine too busy for a file in 0.7 seconds
ONE_WORKER = {"threads": 1}  # the keeper empties a ring in order


def recorded(resolver, name):
    return [t for t in memory.tuples(resolver.memory) if t.name == name]


def wait_recorded(resolver, *names):
    for name in names:
        until(lambda name=name: recorded(resolver, name), f"{name} in the memory")


def wait_memory(lists, member, wanted):
    """Until the reported status has this, wanted(value)."""
    lists.wait_state(memory=lambda text: wanted(json.loads(text).get(member)))


@pytest.fixture
def remembering(shared_redis, make_resolver, folder):
    """Start a resolver with a memory: remembering(key_of_settings=value, ...)."""

    def make(redis=shared_redis, **changes):
        changes = {"memory_folder": folder / "memory", "memory_interval": 1, **changes}
        resolver = make_resolver(redis, **changes)
        resolver.memory = changes["memory_folder"]
        return resolver

    return make


def test_what_is_recorded(remembering, lists_for, shared_redis):
    resolver = remembering(options=ONE_WORKER)
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="nxdomain")
    for name, rdtype in [
        (WWW.upper(), "A"),
        ("clean.example", "MX"),
        ("clean.example", "TXT"),
        ("chain.clean.example", "A"),
        ("to-evil.clean.example", "A"),
        ("www.evil.example", "A"),
        ("missing.clean.example", "A"),
    ]:
        for _ in range(3):  # twice from the cache
            resolver.client.ask(name, rdtype)
    resolver.client.ask(TWO)
    wait_recorded(resolver, TWO)
    [www] = recorded(resolver, WWW)
    assert www[:5] == (WWW, "A", ADDRESS, "clean.example", 1)
    assert {t.data for t in recorded(resolver, TWO)} == {"198.51.100.12", "198.51.100.13"}
    [mx] = [t for t in recorded(resolver, "clean.example") if t.type == "MX"]
    assert mx.data == "10 mail.clean.example"
    soa = [t for t in recorded(resolver, "clean.example") if t.type == "SOA"]
    assert {t.zone for t in soa} == {"clean.example"}  # of a denial, in the authority section
    assert [t.data for t in recorded(resolver, "chain.clean.example")] == ["a.first.example"]
    assert [t.zone for t in recorded(resolver, "c.third.example")] == ["third.example"]
    assert recorded(resolver, "to-evil.clean.example")  # was asked for; the target was not
    assert recorded(resolver, "www.evil.example") == []
    assert recorded(resolver, "missing.clean.example") == []
    now = [t for path in memory.valid_files(resolver.memory) for t in [path.stat().st_mtime]]
    assert abs(www.first - min(now)) < 600 and www.first == www.last


def test_names_left_out(remembering, lists_for, shared_redis, folder):
    (folder / "exclude").write_text("many.clean.example\nno name\n")
    resolver = remembering(
        memory_exclude=folder / "exclude",
        memory_domain_limit=3,
        memory_cut_label=30,
        options=ONE_WORKER,
    )
    lists = lists_for(resolver, shared_redis)
    resolver.says("memory-exclude", "exclude:2")
    resolver.client.ask("x.many.clean.example")
    resolver.client.ask("a-label-that-was-made-for-one-person.four.address.example")
    resolver.client.ask(WWW)
    wait_memory(lists, "left_out", lambda reasons: reasons and reasons.get("excluded") == 1)
    wait_recorded(resolver, WWW, "address.example")
    assert recorded(resolver, "x.many.clean.example") == []
    assert not [t for t in memory.tuples(resolver.memory) if "a-label" in t.name]
    wait_memory(lists, "files", lambda n: n > 0)
    said = resolver.command("status")
    assert f"  memory     {resolver.memory}: " in said and "  left out   excluded 1" in said
    assert re.search(r"MiB in \d+ files?, from \S+ ", said)


def test_kill_loses_the_open_interval_at_most(remembering):
    resolver = remembering()
    resolver.client.ask(WWW)
    wait_recorded(resolver, WWW)
    before = set(memory.tuples(resolver.memory))
    resolver.client.ask(TWO)
    resolver.process.signal(signal.SIGKILL)
    resolver.process.wait()
    resolver.kill()
    assert before <= set(memory.tuples(resolver.memory))
    resolver.start()
    resolver.client.ask(MAIL)
    wait_recorded(resolver, MAIL)
    assert before <= set(memory.tuples(resolver.memory))


def test_reload_and_end_write_the_rest(remembering):
    resolver = remembering(memory_interval=3600)
    resolver.client.ask(WWW)
    resolver.reload()
    until(lambda: recorded(resolver, WWW) or LATE in resolver.log(), "the end of the first run")
    until(lambda: resolver.client.ask(TWO).addresses, "an answer")
    resolver.stop()
    until(lambda: recorded(resolver, TWO) or LATE in resolver.log(), "the end of the second run")


def test_stops_and_goes_on(remembering, lists_for, shared_redis, folder):
    """No file can be written: the reason is logged and reported, answers come as before, and
    recording goes on when a file can be written again."""
    later = folder / "later"
    resolver = remembering(memory_folder=later / "memory")
    lists = lists_for(resolver, shared_redis)
    assert resolver.client.ask(WWW).addresses == [ADDRESS]
    wait_memory(lists, "state", lambda state: state == "stopped")
    resolver.says("nothing is recorded until")
    assert "stopped: memory-folder" in resolver.command("status")
    assert resolver.client.ask(MAIL).addresses
    later.mkdir()
    wait_recorded(resolver, WWW, MAIL)
    resolver.says("files are written again")
    shutil.rmtree(later)
    resolver.client.ask(TWO)
    until(lambda: resolver.log().count("nothing is recorded until") == 2, "the second stop")


def test_off_by_default(resolver, lists):
    lists.wait_state(memory="{}")
    assert "memory" not in resolver.command("status")


BEFORE = {"event.action": "seen-before"}
EVIL, LISTED, OTHER_AS = "www.evil.example", "as1.network.example", "as2.network.example"


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def test_seen_before_the_listing(remembering, lists_for, events_for, shared_redis):
    """Names are resolved first and listed later: each is told once, with times, address and holder,
    and the history has the past. Listed by a single change, by a replaced list, by the last of a
    hundred lists that change at once, by the number of an AS; a second replacement tells nothing
    again."""
    begun = time.time()
    resolver = remembering()
    lists = lists_for(resolver, shared_redis)
    lists.wait_state(state="following")
    stream = events_for(resolver, shared_redis)
    neighbour = "deep.sub.evil.example"  # on the same address
    for name in [EVIL, neighbour, "alias.evil.example", LISTED, OTHER_AS, MAIL, WWW]:
        assert resolver.client.ask(name).addresses
    wait_recorded(resolver, WWW, neighbour)
    assert resolver.client.ask(TWO).addresses  # perhaps in memory alone
    lists.put("bad", "never.example", action="nxdomain")
    lists.add("bad", EVIL)
    [event] = stream.wait({**BEFORE, NAME: EVIL})
    assert field(event, "event.kind") == "alert"
    assert (field(event, LIST), field(event, INDICATOR)) == ("bad", EVIL)
    assert field(event, "dns.resolved_ip") == ["192.0.2.66"]
    assert field(event, COUNT) == 1 and field(event, "client.ip") is None
    times = [seconds(field(event, f"sinkwatch.{end}")) for end in ("first", "last")]
    assert begun - 5 < times[0] <= times[1] < time.time() + 5
    key = lists.key(f"seen:name:{EVIL}")
    entry = until(lambda: shared_redis.client.hget(key, "192.0.2.66"), "the past in the history")
    assert seconds(json.loads(entry)["first"]) == times[0]
    place = lists.key("seen:addr:192.0.2.66")
    entry = until(lambda: shared_redis.client.hget(place, neighbour), "the neighbour of the past")
    assert seconds(json.loads(entry)["first"]) == recorded(resolver, neighbour)[0].first
    lists.replace("bad", TWO, "213.24.76.0/24", EVIL)
    stream.wait({**BEFORE, NAME: TWO})
    [event] = stream.wait({**BEFORE, NAME: LISTED})
    assert field(event, "sinkwatch.owners.as.number") == 8342
    lists.replace("bad", TWO, "213.24.76.0/24", EVIL, "alias.evil.example")
    stream.wait({**BEFORE, NAME: "alias.evil.example"})
    told = [field(e, NAME) for e in stream.all() if field(e, "event.action") == "seen-before"]
    assert sorted(told) == sorted([EVIL, TWO, LISTED, "alias.evil.example"])
    assert json.loads(shared_redis.client.hget(key, "192.0.2.66"))["count"] == 1
    policy = {"action": "nxdomain"}
    many = {f"list-{i}": (policy, [f"never-{i}.example"]) for i in range(100)}
    lists.put_all({**many, "last": (policy, [MAIL])})
    [event] = stream.wait({**BEFORE, NAME: MAIL})
    assert field(event, LIST) == "last"
    lists.add("bad", "AS15133")
    [event] = stream.wait({**BEFORE, NAME: OTHER_AS})
    assert (field(event, INDICATOR), field(event, COUNT)) == ("AS15133", 1)


def cof(name, address, times, count=1):
    rrtype = "AAAA" if ":" in address else "CNAME" if address.endswith(".test") else "A"
    entry = {"rrname": name, "rrtype": rrtype, "rdata": address, "count": count}
    return json.dumps({**entry, "time_first": times[0], "time_last": times[1]}) + "\n"


def wait_remembered(resolver, name):
    """Until the memory has the name, in a file or not."""
    until(lambda: f"{name} " in resolver.command("memory", "--fleet", name, check=False), name)


def test_a_past_that_is_in_no_file_yet(remembering, lists_for, events_for, shared_redis):
    """Nothing of the memory is in a file (D-233). The other name on the address of a listed name gets into
    the history; a name that was resolved while its list was in shadow is told when the list is
    enforced."""
    resolver = remembering(memory_interval=3600)
    lists = lists_for(resolver, shared_redis)
    stream = events_for(resolver, shared_redis)
    lists.wait_state(state="following")
    neighbour = "deep.sub.evil.example"
    for name in (EVIL, neighbour):
        assert resolver.client.ask(name).addresses == ["192.0.2.66"]
        wait_remembered(resolver, name)
    resolver.control("flush", neighbour)  # the cache would tell the name as well
    lists.put("bad", "never.example", action="nxdomain")
    lists.add("bad", EVIL)
    stream.wait({**BEFORE, NAME: EVIL})
    place = lists.key("seen:addr:192.0.2.66")
    entry = until(lambda: shared_redis.client.hget(place, neighbour), "the neighbour of the past")
    assert json.loads(entry)["count"] == 1
    lists.put("trial", MAIL, action="nxdomain", shadow=True)
    assert resolver.client.ask(MAIL).addresses
    wait_remembered(resolver, MAIL)
    lists.policy("trial", action="nxdomain")
    [event] = stream.wait({**BEFORE, NAME: MAIL})
    assert field(event, LIST) == "trial" and not field(event, SHADOW)
    assert not list(resolver.memory.glob("*.mtbl"))


def test_rules_judge_the_past(remembering, lists_for, events_for, shared_redis, folder):
    """Names that nobody resolves now: the anomalies come from their past alone, with the times of
    then. A name that moved from one holder to another, into a protected network; the name is
    listed by itself, or was among those of a replaced list. Another name there had been resolved
    before: a public body's, by its suffix (D-234)."""
    day = 86400
    now = int(time.time()) // day * day
    before, after = [now - 80 * day, now - 60 * day], [now - 30 * day, now - 20 * day]
    moved = ["one.moved.example", "two.moved.example"]
    resolver = remembering(memory_days=365, memory_interval=3600)
    lists = lists_for(resolver, shared_redis)
    stream = events_for(resolver, shared_redis)
    lists.wait_state(state="following")
    lists.put("agencies", "213.24.76.0/24", kind="protected", owner="An agency")
    lists.put("bad", "never.example", action="nxdomain")
    (folder / "memory").mkdir(exist_ok=True)
    (folder / "past").write_text(
        "".join(
            cof(name, f"93.184.216.{i}", before, 20) + cof(name, f"213.24.76.{i}", after, 7)
            for i, name in enumerate(moved, 1)
        )
        + cof("www.x.gov.ua", "213.24.76.1", before, 5)
    )
    resolver.command("memory", "import", folder / "past")
    lists.add("bad", moved[0])
    until(lambda: anomalies(stream, moved[0]), "the anomalies of the past")
    lists.replace("bad", "never.example", moved[1])
    for i, name in enumerate(moved, 1):
        for kind in ("protected-owner", "owner-change"):
            document = stream.anomaly({ANOMALY_NAME: name, ANOMALY: kind})
            odd = document["sinkwatch"]["anomaly"]
            assert odd["address"] == f"213.24.76.{i}" and odd["count"] == 7
            times = [seconds(odd["episode"]), seconds(odd["first"])]
            assert [*times, seconds(document["@timestamp"])] == [after[0], *after]
        assert odd["former"]["as"]["number"] == 15133  # of owner-change
        spans = [(seconds(e["first"]), seconds(e["last"]), e["ip"]) for e in odd["history"]]
        assert spans == [(*after, f"213.24.76.{i}"), (*before, f"93.184.216.{i}")]
    shared = stream.anomaly({ANOMALY_NAME: moved[0], ANOMALY: "shared-address"})
    [near] = shared["sinkwatch"]["anomaly"]["neighbours"]
    assert (near["name"], near["suffix"], near["class"]) == ("www.x.gov.ua", ".gov.ua", "government")
    assert near["public_body"] and near["table"] == "classes.tsv" and near["line"] > 2000
    assert [seconds(near["first"]), seconds(near["last"]), near["count"]] == [*before, 5]


def anomalies(stream, name):
    return [e for e in stream.all("anomalies") if field(e, ANOMALY_NAME) == name]


def test_a_long_past_is_told_whole(remembering, lists_for, events_for, shared_redis, folder):
    """Thousands of names in more files than are open at once: the history gets the first time, the
    last time and the count of all files. Addresses that embed a listed one; a damaged file is
    logged once."""
    names, month = 8400, 31 * 86400
    broad, aliases = 1100, 16  # more records than a look back keeps at a time
    begin = 1500000000
    ends = [begin, begin + 70 * month]

    def past():
        for at in ends:
            for i in range(names):
                yield cof(f"n{i}.long.example", f"93.184.{i >> 8}.{i & 255}", (at, at), 2)
        for i in range(1, 70):
            yield cof("filler.example", "93.185.0.1", (begin + i * month,) * 2)
        for i in range(broad):
            for j in range(aliases):
                at = begin + (66 + j % 4) * month if j else begin
                yield cof(f"b{i}.broad.example", f"t{j}.broad.test", (at, at))
        for i, six in enumerate(["64:ff9b::5db8:e007", "2002:5db8:e007::1"]):
            yield cof(f"embedded{i}.example", six, (begin, begin))

    resolver = remembering(memory_days=36500, memory_interval=3600, history_max=20000)
    lists = lists_for(resolver, shared_redis)
    stream = events_for(resolver, shared_redis)
    lists.wait_state(state="following")
    (folder / "memory").mkdir(exist_ok=True)
    (folder / "past").write_text("".join(past()))
    resolver.command("memory", "import", folder / "past")
    assert len(memory.valid_files(resolver.memory)) > 70
    memory.valid_files(resolver.memory)[0].with_name("dns.198001.M.mtbl").write_text("none")
    with open(resolver.memory / "dns.fileset", "a") as fileset:
        fileset.write("dns.198001.M.mtbl\n")
    lists.put("bad", "never.example", action="nxdomain")
    lists.add("bad", "93.184.224.7")
    for i in range(2):
        [event] = stream.wait({**BEFORE, NAME: f"embedded{i}.example"})
        assert field(event, INDICATOR) == "93.184.224.7"
    lists.add("bad", "long.example")
    for i in (0, 8200, names - 1):
        key = lists.key(f"seen:name:n{i}.long.example")
        address = f"93.184.{i >> 8}.{i & 255}"
        entry = until(lambda: shared_redis.client.hget(key, address), f"the past of {i}", 60)
        entry = json.loads(entry)
        assert [seconds(entry["first"]), seconds(entry["last"])] == ends and entry["count"] == 4
    lists.add("bad", "broad.example")
    ours = lambda e: field(e, "event.action") == "seen-before" and ".broad." in field(e, NAME)  # noqa: E731
    broad_told = lambda: [e for e in stream.all() if ours(e)]  # noqa: E731
    until(lambda: len(broad_told()) >= broad.bit_length(), "the 1st, 2nd, 4th, .. name", 60)  # D-141
    assert {field(event, COUNT) for event in broad_told()} == {aliases}
    assert "are not reported" not in resolver.log()
    shared_redis.client.hset(lists.key("list:bad"), "filler.example", "")
    shared_redis.client.delete(lists.key("changes"))  # a full load, without an entry for the change
    # The look back over all lists takes its time on a busy machine.
    filler = lambda: [e for e in stream.all() if matches(e, {**BEFORE, NAME: "filler.example"})]  # noqa: E731
    until(filler, "the look back after a full load", 60)
    told = resolver.log().count("dns.198001.M.mtbl is")
    assert 1 <= told < 10  # once for each pass, and not for each batch of names
    said = resolver.command("memory", "--fleet", "filler.example", check=False)
    assert "93.185.0.1" in said
    answers = list(shared_redis.client.scan_iter(lists.key("memory:answers:*")))
    assert answers and all(0 < shared_redis.client.ttl(answer) <= 600 for answer in answers)
    aside = list(resolver.memory.glob("*.aside"))  # the keeper's upkeep may have been there before
    assert aside or "a damaged file of the memory is left out" in said
    assert resolver.log().count("dns.198001.M.mtbl is") == told


def test_what_came_while_away(remembering, lists_for, events_for, shared_redis):
    """Indicators that come in force when the resolver starts, and a look back that was not complete
    when the process was killed: told after the start."""
    resolver = remembering()
    lists = lists_for(resolver, shared_redis)
    stream = events_for(resolver, shared_redis)
    lists.put("bad", "never.example", action="nxdomain")
    for name in (EVIL, MAIL):
        assert resolver.client.ask(name).addresses
    wait_recorded(resolver, EVIL, MAIL)
    note = resolver.memory / "lookback"
    applied = shared_redis.client.xinfo_stream(lists.key("changes"))["last-generated-id"]
    until(lambda: note.exists() and note.read_text().strip() == applied, "the note of the position")
    resolver.process.signal(signal.SIGKILL)
    resolver.process.wait()
    resolver.kill()
    shared_redis.client.hset(lists.key("list:bad"), EVIL, "")
    shared_redis.client.xadd(lists.key("changes"), {"op": "add", "list": "bad", "i": EVIL})
    resolver.start()
    stream.wait({**BEFORE, NAME: EVIL})
    until(lambda: note.read_text().strip() != applied and note.read_text() != "pending\n", "the end of the pass")
    resolver.stop()
    shared_redis.client.hset(lists.key("list:bad"), MAIL, "")  # in force at the start
    note.write_text("pending\n")
    resolver.start()
    stream.wait({**BEFORE, NAME: MAIL})
    assert len(stream.wait({**BEFORE, NAME: EVIL})) == 1


def test_one_of_a_fleet_tells(remembering, lists_for, events_for, shared_redis, folder):
    one = remembering()
    lists = lists_for(one, shared_redis)
    prefix = one.settings["redis-prefix"]
    two = remembering(memory_folder=folder / "second", redis_prefix=prefix)
    stream = events_for(one, shared_redis)
    for resolver in (one, two):
        lists_for(resolver, shared_redis).wait_state(state="following")
        assert resolver.client.ask(EVIL).addresses
        wait_recorded(resolver, EVIL)
    lists.put("bad", "never.example", action="nxdomain")
    lists.add("bad", EVIL)
    stream.wait({**BEFORE, NAME: EVIL})
    claims = [f"finding:past:{r.settings['resolver-id']}:192.0.2.66" for r in (one, two)]
    until(lambda: all(shared_redis.client.exists(lists.key(claim)) for claim in claims), "both pasts")
    until(lambda: shared_redis.client.exists(lists.key(f"seen:name:{EVIL}")), "the history")
    assert len(stream.wait(BEFORE)) == 1


def test_a_fleet_is_asked(remembering, lists_for, shared_redis, folder):
    """All resolvers are asked over Redis: records of files and of no file yet, merged; too many
    questions; a resolver that is gone is named."""
    one = remembering(memory_inquiries=6)
    prefix = one.settings["redis-prefix"]
    two = remembering(memory_folder=folder / "second", redis_prefix=prefix, memory_interval=3600)
    none = remembering(memory_folder='""', redis_prefix=prefix)
    for resolver in (one, two, none):
        lists_for(resolver, shared_redis).wait_state(state="following")
    for resolver in (one, two):
        assert resolver.client.ask(WWW).addresses
    wait_recorded(one, WWW)
    wait_memory(lists_for(two, shared_redis), "tuples_waiting", lambda n: n and n > 0)
    ids = sorted(r.settings["resolver-id"] for r in (one, two))

    def ask(*words):
        return [json.loads(x) for x in none.command("--json", "memory", *words).splitlines()]

    [row] = ask(WWW)  # without a folder of its own
    assert (row["rdata"], row["zone"], row["count"]) == (ADDRESS, "clean.example", 2)
    assert sorted(row["resolvers"]) == ids
    [row] = ask("--fleet", "198.51.100.0/24", "--type", "A", "--until", str(int(time.time()) + 60))
    assert row["name"] == WWW and row["count"] == 2
    assert "nothing was resolved" in none.command("memory", "never.example", check=False)
    busy = f"{one.settings['resolver-id']}: is busy"
    until(lambda: busy in none.command("memory", WWW, check=False), "the end of the rate")
    two.process.signal(signal.SIGKILL)
    two.process.wait()
    said = none.command("memory", WWW, "--wait", "1", check=False)
    two.kill()
    assert f"{two.settings['resolver-id']}: no answer within 1 seconds" in said
    lists_for(one, shared_redis).wait_state(last_error="")
