"""The command shows: check, pivot, events, anomalies, status, checkconf."""

import json
import random
import re
import subprocess
import threading
import time

from cli_rig import NONE, OK, ROOT, SETTINGS, TIME, bad, event, put, sw  # noqa: F401
from harness.resolver import SINK4, SINK6
from harness.wait import until

# ---- check ----


def test_check_says_who_wins_and_why(sw):
    sw("list", "set", "first", "--action", "sinkhole", "--priority", "5")
    sw("list", "set", "second", "--action", "nxdomain")
    sw("list", "set", "ours", "--kind", "allow")
    sw("list", "set", "names", "--kind", "watch")
    sw("add", "first", "a.example")
    sw("add", "second", "www.a.example", "b.example")
    sw("add", "ours", "www.b.example")
    sw("add", "names", "b.example")
    by = {row["query"]: row for row in sw.json(
        "check", "www.a.example", "b.example", "x.www.b.example", "WWW.B.Example.", "none.example"
    )}  # fmt: skip
    assert by["www.a.example"]["verdict"]["list"] == "first"
    assert "priority" in by["www.a.example"]["why"]
    assert [m["list"] for m in by["www.a.example"]["matches"]] == ["first", "second"]
    assert by["b.example"]["verdict"]["taken"] == "nxdomain"
    assert {m["list"] for m in by["b.example"]["matches"]} == {"second", "names"}
    assert by["x.www.b.example"]["verdict"]["list"] == "ours"
    assert "specific" in by["WWW.B.Example."]["why"]
    assert by["none.example"]["verdict"] is None and by["none.example"]["matches"] == []


def test_check_in_words(bad):
    bad("add", "bad", "a.example")
    out = bad("check", "www.a.example")
    assert re.search(r"wins +bad +ioc +nxdomain +1000 +qname +a\.example", out)
    assert "only rule" in out and "NXDOMAIN, TTL 60, EDE 15" in out
    bad("list", "set", "bad", "--shadow")
    assert "shadow" in bad("check", "a.example")
    bad("list", "set", "bad", "--no-shadow", "--action", "sinkhole")
    assert f"A: {SINK4}, AAAA: {SINK6}, " in bad("check", "a.example")
    assert "no rule matches" in bad("check", "b.example", code=NONE)


def test_check_of_addresses_and_as_numbers(sw):
    sw("list", "set", "nets", "--action", "refused")
    sw("list", "set", "friends", "--kind", "protected", "--owner", "An agency")
    sw("add", "nets", "198.51.100.0/24", "AS8342")
    sw("add", "friends", "213.24.76.0/24")
    net, owned, asn, none = sw.json(
        "check", "198.51.100.7", "213.24.76.23", "AS8342", "203.0.113.250"
    )
    assert net["matches"][0]["trigger"] == "address"
    assert net["matches"][0]["indicator"] == "198.51.100.0/24"
    assert owned["matches"][0]["trigger"] == "asn" and owned["owner"]["as"]["number"] == 8342
    assert owned["explained_by"][0]["list"] == "friends"
    assert asn["verdict"]["taken"] == "refused"
    assert none["verdict"] is None


def test_check_shows_lists_by_each_indicator_of_an_address(sw, folder):
    """As a resolver does for an address in an answer: an embedded one, the AS, the holder."""
    make_databases(sw, folder, "213.24.0.0/16\t8342\tJSC RTComm.RU\n198.51.100.0/24\t64500\tPlain Org\n",
                   "213.24.76.0/23\tFederal Security Service\t\tRU\n")  # fmt: skip
    indicators = ["213.24.76.0/24", "AS8342", "class:government", "country:RU",
                  "registrant:federal security service"]  # fmt: skip
    others = ["registrant:JSC RTComm.RU", "registrant:Plain Org", "class:bank", "country:FI"]
    for kind in ("protected", "known"):
        sw("list", "set", kind, "--kind", kind)
        sw("add", kind, *indicators, *others)
    wanted = [(kind, indicator) for kind in ("known", "protected") for indicator in indicators]
    # 6to4 and NAT64 embed the IPv4 address
    for row in sw.json("check", "213.24.76.23", "2002:d518:4c17::1", "64:ff9b::d518:4c17", code=NONE):
        shown = sorted((other["list"], other["indicator"]) for other in row["explained_by"])
        assert shown == wanted, row["query"]
        assert {other["kind"] for other in row["explained_by"]} == {"protected", "known"}
    # without a registrant the organisation of the AS is the holder
    row, holder = sw.json("check", "198.51.100.7", "registrant:PLAIN ORG", code=NONE)
    assert [o["indicator"] for o in row["explained_by"]] == ["registrant:plain org"] * 2
    assert [o["indicator"] for o in holder["explained_by"]] == ["registrant:plain org"] * 2
    out = sw("check", "213.24.76.23", code=NONE)
    for indicator in indicators:
        assert re.search(rf"protects +protected +protected +{re.escape(indicator)}", out), indicator
        assert re.search(rf"explains +known +known +{re.escape(indicator)}", out), indicator


def test_check_of_an_address_indicator_inside_a_protected_owner(sw, folder):
    """A block of such an address would hit the owner: said, by list or by class."""
    make_databases(sw, folder, "213.24.0.0/16\t8342\tJSC RTComm.RU\n", "213.24.76.0/23\tFederal Security Service\t\tRU\n")
    sw("list", "set", "bad", "--action", "nxdomain")
    sw("add", "bad", "213.24.76.23", "213.24.99.1")
    by_class, carrier, unlisted = sw.json("check", "213.24.76.23", "213.24.99.1", "213.24.76.24")
    assert by_class["protected"] == {"list": "", "indicator": "class:government", "owner": ""}
    assert "protected" not in carrier and "protected" not in unlisted
    assert "an indicator inside a protected owner: class:government of protected-classes" in sw("check", "213.24.76.23")
    sw("list", "set", "agencies", "--kind", "protected", "--owner", "An agency")
    sw("add", "agencies", "213.24.76.0/24")
    (by_list,) = sw.json("check", "213.24.76.23")
    assert by_list["protected"] == {"list": "agencies", "indicator": "213.24.76.0/24", "owner": "An agency"}
    out = sw("check", "213.24.76.23")
    assert "inside a protected owner: 213.24.76.0/24 of list agencies, An agency" in out


def make_databases(sw, folder, networks, registrants):
    """Databases of the project's makers, in the settings of the command."""
    settings = sw.conf.read_text()
    for script, key, text in (("make-asn-mmdb", "asn-mmdb", networks), ("make-owner-mmdb", "owner-mmdb", registrants)):
        table, out = folder / f"{key}.tsv", folder / f"{key}.mmdb"
        table.write_text(text)
        subprocess.run([ROOT / "scripts" / script, "--quiet", table, out], check=True, capture_output=True)
        settings = re.sub(rf"(?m)^{key}: .*\n", "", settings) + f'{key}: "{out}"\n'
    sw.conf.write_text(settings)


def test_check_by_each_trigger(sw):
    """A word is judged in every meaning: asked for, an alias, a client, a name server."""
    lists = {
        "clients": (["client"], "198.51.100.0/24", "AS8342"),
        "servers": (["nsdname", "nsip"], "ns.example", "198.51.100.7", "AS8342"),
        "aliases": (["cname"], "ns.example"),
        "answers": (["address"], "198.51.100.7"),
    }
    for name, (triggers, *indicators) in lists.items():
        options = [word for trigger in triggers for word in ("--trigger", trigger)]
        sw("list", "set", name, "--action", "refused", *options)
        sw("add", name, *indicators)
    named, addr, asn = sw.json("check", "ns.example", "198.51.100.7", "AS8342")
    order = lambda row: [(m["list"], m["trigger"]) for m in row["matches"]]  # noqa: E731
    assert order(named) == [("aliases", "cname"), ("servers", "nsdname")]
    assert order(addr) == [("clients", "client"), ("answers", "address"), ("servers", "nsip")]
    assert order(asn) == [("clients", "client"), ("servers", "nsip")]
    assert addr["why"] == "equal priority: trigger client goes before address of answers"


def test_check_leaves_out_what_a_resolver_refuses(bad):
    bad("add", "bad", "a.example")
    bad.redis.hset(bad.key("list:bad"), "not an indicator", "")
    bad.redis.hset(bad.key("lists"), "broken", "{")
    bad("check", "a.example")
    assert "'broken' is not in force" in bad.err and "2 items" in bad.err
    for i in range(50):
        bad.redis.hset(bad.key("lists"), f"broken{i}", "{")
    bad("check", "a.example")
    assert "; nor 50 lists more" in bad.err and len(bad.err.splitlines()) == 2


def test_check_of_nonsense(bad):
    bad("check", "a..b", "10.0.0.0/8", code=NONE)
    assert "'a..b'" in bad.err and "a prefix" in bad.err
    bad("check", "http://x.example/", "x[.]example", code=NONE)
    assert "a URL; only the host name" in bad.err and "'x[.]example' is neither" in bad.err


# ---- pivot ----


def test_pivot_from_name_to_addresses(sw):
    facts = {"prefix": "213.24.76.0/23", "asn": 8342, "org": "RTComm.RU", "first": TIME,
             "registrant": "Agency", "anomalies": ["protected-owner state 213.24.76.0/24"],
             "count": 3}  # fmt: skip
    key = sw.key("seen:name:systemsvc.net")
    sw.redis.hset(key, "213.24.76.23", json.dumps({**facts, "last": "2026-11-23T09:00:00.000Z"}))
    sw.redis.hset(key, "192.0.2.1", json.dumps({"first": TIME, "last": TIME, "count": 1}))
    out = sw("pivot", "SystemSvc.net.")
    assert re.search(
        r"213\.24\.76\.23 +213\.24\.76\.0/23 +AS8342 RTComm\.RU; Agency +2026-11-23 01:02 +"
        r"2026-11-23 09:00 +3 +protected-owner", out
    )  # fmt: skip
    assert out.index("213.24.76.23") < out.index("192.0.2.1")  # seen last comes first
    (found,) = sw.json("pivot", "systemsvc.net")
    assert [one["address"] for one in found["addresses"]] == ["213.24.76.23", "192.0.2.1"]


def test_pivot_from_address_to_names_and_owner(sw):
    key = sw.key("seen:addr:213.24.76.23")
    for name, more in [("systemsvc.net", {"list": "carbanak"}), ("docs.example", {})]:
        sw.redis.hset(key, name, json.dumps({"first": TIME, "last": TIME, "count": 2, **more}))
    sw.redis.hset(key, "odd.example", "not JSON")
    out = sw("pivot", "213.24.76.23")
    assert "AS8342" in out and "docs.example" in out
    assert re.search(r"systemsvc\.net +carbanak +2026", out)
    assert "1 entry" in sw.err
    (found,) = sw.json("pivot", "213.24.76.23")
    assert found["owner"]["as"]["number"] == 8342 and len(found["names"]) == 2


def test_pivot_that_finds_nothing(sw):
    assert "AS8342" in sw("pivot", "213.24.76.23", code=NONE)
    sw("pivot", "none.example", code=NONE)
    sw("pivot", "a..b", code=NONE)
    assert "'a..b'" in sw.err


# ---- events, anomalies ----


def test_events_newest_last_one_line_each(sw):
    put(sw, "events", *(event(f"n{i}.example") for i in range(30)))
    lines = sw("events").splitlines()
    assert len(lines) == 20 and "n29.example" in lines[-1] and "n10.example" in lines[0]
    assert lines[-1] == (
        "2026-11-23 01:02:03  192.0.2.53  n29.example A  bad nxdomain  "
        "213.24.76.23 AS8342 RTComm.RU  x2"
    )
    assert [one["dns"]["question"]["name"] for one in sw.json("events", "-n", "2")] == [
        "n28.example", "n29.example",
    ]  # fmt: skip


def test_events_of_other_types(sw):
    shadow = event(shadow=True, action={"wanted": "sinkhole", "taken": "monitor"})
    lost = {"@timestamp": TIME, "event": {"action": "events-lost"},
            "sinkwatch": {"lost": 311, "lost_where": "ring"}}  # fmt: skip
    answer = event(client="")
    answer["event"]["action"] = "answer"
    del answer["client"], answer["sinkwatch"]["list"]
    put(sw, "events", shadow, lost, answer, "not JSON", "[]", {})
    lines = sw("events").splitlines()
    assert "monitor (shadow: sinkhole)" in lines[0]
    assert "311 events were lost (ring)" in lines[1]
    assert "  -  a.example A  answer" in lines[2]
    assert "no JSON object" in sw.err


def test_events_cannot_write_to_the_terminal(sw):
    put(sw, "events", event("\x1b[2Jevil\n.example", list="\x9b2J\u202e"))
    out = sw("events")
    assert "\x1b" not in out and "\u202e" not in out and len(out.splitlines()) == 1


def test_events_follow(sw):
    put(sw, "events", event("old.example"))
    process = sw.start("--json", "events", "-n", "0", "--follow")
    names = []

    def read():
        for line in process.stdout:
            names.append(json.loads(line)["dns"]["question"]["name"])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        def told():  # the waiting cannot be observed from here
            put(sw, "events", event("new.example"))
            return names

        until(told, "the first event")
        count = len(names)
        put(sw, "events", event("last.example"))
        until(lambda: "last.example" in names[count:], "the next event")
    finally:
        process.terminate()
        reader.join()
        process.communicate()
    assert "old.example" not in names


def test_events_by_type_list_and_severity(sw):
    """Of 3000 entries the latest that match, however far back, and never another."""
    with sw.redis.pipeline(transaction=False) as pipeline:
        for i in range(3000):
            one = event(f"n{i}.example", list=f"l{i % 7}")
            one["event"].update(action=f"a{i % 11}", severity=i % 101)
            one["sinkwatch"]["hits"] = [{"list": f"h{i % 5}"}]
            pipeline.xadd(sw.key("events"), {"e": json.dumps(one)})
        pipeline.execute()

    def shown(*words, code=0):
        found = sw.json("events", *words, code=code)
        return [int(one["dns"]["question"]["name"][1:-8]) for one in found]

    for words, wanted in [
        (["--type", "a3"], lambda i: i % 11 == 3),
        (["--type", "a3", "--type", "a4"], lambda i: i % 11 in (3, 4)),
        (["--list", "l2"], lambda i: i % 7 == 2),
        (["--list", "h1", "--list", "l0"], lambda i: i % 5 == 1 or i % 7 == 0),
        (["--severity-min", "100"], lambda i: i % 101 == 100),
        (["--type", "a3", "--list", "l2", "--severity-min", "50"],
         lambda i: i % 11 == 3 and i % 7 == 2 and i % 101 >= 50),
    ]:  # fmt: skip
        every = [i for i in range(3000) if wanted(i)]
        assert shown(*words) == every[-20:], words
        assert shown(*words, "-n", "5000") == every == shown(*words, "--after", "0-1"), words
    assert shown("--type", "none", code=NONE) == []
    ids = [one["stream_id"] for one in sw.json("events", "--ids", "-n", "5000")]
    assert ids == [entry for entry, _ in sw.redis.xrange(sw.key("events"))]
    at = random.randrange(3000)
    assert shown("--after", ids[at], code=NONE if at == 2999 else 0) == list(range(at + 1, 3000))
    assert sw("events", "--ids", "-n", "1").startswith(f"{ids[-1]}  2026-11-23")
    sw.redis.xtrim(sw.key("events"), maxlen=1000, approximate=False)
    assert shown("--after", ids[5]) == list(range(2000, 3000))
    assert f"the stream begins with {ids[2000]}: entries after {ids[5]} may be gone" in sw.err
    for bad in ("x", "1-", "-1", "1-2-3", "1 2"):
        sw("events", "--after", bad, code=2)
        assert "is no id of a stream" in sw.err


def test_events_since_a_time(sw):
    """By the times of the ids; also with filters, with --follow, and for anomalies."""
    times = [1_700_000_000_000 + 500 * i for i in range(20)]
    for at in times:
        for stream in ("events", "anomalies"):
            sw.redis.xadd(sw.key(stream), {"e": json.dumps(event(f"n{at}.example", list=f"l{at % 1000}"))}, id=f"{at}-0")

    def shown(*words, code=0):
        return [int(one["dns"]["question"]["name"][1:-8]) for one in sw.json(*words, code=code)]

    assert shown("events", "--since", "1700000003") == times[6:]
    assert shown("events", "--since", "2023-11-14T22:13:29Z", "--list", "l0") == [times[18]]
    assert shown("anomalies", "--since", "2023-11-14") == shown("events", "--since", "1970-01-01") == times
    assert shown("anomalies", "--since", "1h", code=NONE) == []
    process = sw.start("--json", "events", "--since", "1700000009", "--follow", "--list", "l500")
    assert json.loads(process.stdout.readline())["dns"]["question"]["name"] == f"n{times[19]}.example"
    put(sw, "events", event("other.example"), event("new.example", list="l500"))
    assert json.loads(process.stdout.readline())["dns"]["question"]["name"] == "new.example"
    process.kill()
    process.communicate()


def test_a_cut_is_told(sw):
    """With --json as well: on standard error, for a program that shows it to people."""
    put(sw, "events", *(event(f"n{i}.example", list="odd" if i == 3 else "bad") for i in range(30)))
    for words in (["events"], ["--json", "events"]):
        assert len(sw(*words).splitlines()) == 20 and "these are the latest 20" in sw.err
        sw(*words, "--list", "odd")
        assert sw.err == ""
        sw(*words, "-n", "5")
        assert sw.err == ""


def test_a_follower_that_resumes_misses_nothing(sw):
    """Ended at any moment, and begun again after the last id that was printed."""
    sent, last, got = 0, "0-1", []
    for _ in range(5):
        process = sw.start("--json", "events", "--follow", "--after", last, "--ids", "--list", "bad")
        for _ in range(10):
            put(sw, "events", event(f"n{sent}.example"), event("other.example", list="other"))
            sent += 1
        for _ in range(random.randrange(1, 10)):
            one = json.loads(process.stdout.readline())
            got.append(one["dns"]["question"]["name"])
            last = one["stream_id"]
        process.kill()
        process.communicate()
    got += [one["dns"]["question"]["name"] for one in sw.json("events", "--after", last, "--list", "bad")]
    assert got == [f"n{i}.example" for i in range(sent)]


def test_no_events(sw):
    assert "no events" in sw("events", code=NONE)
    assert sw.json("events", code=NONE) == []
    assert "no anomalies" in sw("anomalies", code=NONE)


def test_anomalies(sw):
    owner = {"as": {"number": 8342, "organization": {"name": "RTComm.RU"}}}
    base = {"name": "systemsvc.net", "address": "213.24.76.23", "owner": owner}
    protected = {**base, "type": "protected-owner",
                 "protected": {"list": "state", "owner": "An agency"},
                 "known": {"list": "sinks", "owner": "A sinkhole"}}  # fmt: skip
    shared = {**base, "type": "shared-address", "names": ["a.example", "b.example"],
              "names_total": 5}  # fmt: skip
    put(sw, "anomalies", *({"@timestamp": TIME, "sinkwatch": {"anomaly": one}}
                           for one in (protected, shared)))  # fmt: skip
    first, second = sw("anomalies").splitlines()
    assert first == (
        "2026-11-23 01:02:03  protected-owner  systemsvc.net 213.24.76.23  An agency (state)  "
        "explained by sinks: A sinkhole  AS8342 RTComm.RU"
    )
    assert "also a.example, b.example and 3 more" in second


# ---- status ----


def test_status_of_live_and_late_resolvers(bad):
    first = bad.last_change()
    bad("add", "bad", "a.example")
    bad("add", "bad", "b.example")
    bad.report(
        "ns1", first, unbound="1.17.1", started=TIME, last_error="it broke", hits=7,
        lists=json.dumps({"bad": {"kind": "ioc", "count": 4, "refused": 1, "problem": "odd"}}),
        refused=json.dumps([{"list": "bad", "item": "x y", "why": "two words"}]),
        refused_by_reason=json.dumps({"indicator": 21, "facts": 2}),
        mmdb=json.dumps({"asn": [{"path": "/x/asn.mmdb", "open": False, "error": "cut short"}]}),
    )  # fmt: skip
    bad.report("ns2", bad.last_change())
    bad.redis.zadd(bad.key("resolvers"), {"ns3": int(time.time()) - 600})
    out = bad("status")
    assert re.search(rf"^ns1 +following +0\.1\.0 +1\.17\.1 +1 +{first} +2 +\d+ s ago", out, re.M)
    assert re.search(r"^ns2 +following .* 0 +\d+ s ago", out, re.M)
    assert re.search(r"^ns3 +late +10 min ago", out, re.M)
    for words in ["bad 4 (1 refused)", "bad: odd", "'x y': two words", "cut short", "it broke",
                  "hits 7", "refused    indicator 21, facts 2\n"]:  # fmt: skip
        assert words in out
    (status,) = bad.json("status")
    by = {one["id"]: one for one in status["resolvers"]}
    assert (by["ns1"]["behind"], by["ns1"]["hits"], by["ns1"]["live"]) == (2, 7, True)
    assert by["ns1"]["lists"]["bad"]["count"] == 4 and not by["ns3"]["live"]
    assert status["last_change"] == bad.last_change()


def test_status_without_a_live_resolver(sw):
    assert "no resolver has reported" in sw("status", code=NONE)
    sw.redis.zadd(sw.key("resolvers"), {"ns3": int(time.time()) - 600})
    assert "late" in sw("status", code=NONE)


# ---- checkconf ----


def test_checkconf(sw, folder):
    out = sw("checkconf")
    assert "no problem" in out and "asn.mmdb" in out and "redis:" in out
    (found,) = sw.json("checkconf")
    assert found["problems"] == [] and found["asn-mmdb"][0]["open"]
    assert found["redis"]["answers"] and found["paths"] == []
    # All defaults: whether a Redis runs on this machine is not known here.
    process = sw.start("checkconf", ROOT / "conf" / "sinkwatch.conf")
    assert "no problem" in process.communicate()[0] and process.returncode in (OK, NONE)


def test_checkconf_names_all_problems(sw, folder):
    conf = folder / "bad.conf"
    conf.write_text("redis-port: 0\nunknown: 1\nede: maybe\n")
    out = sw("checkconf", conf, code=SETTINGS)
    assert all(f"{conf}:{line}: " in out for line in (1, 2, 3)) and "3 problems" in out
    (found,) = sw.json("checkconf", conf, code=SETTINGS)
    assert len(found["problems"]) == 3
    sw("checkconf", folder / "missing.conf", code=SETTINGS)


def test_checkconf_tries_redis_and_paths(sw, folder):
    conf = folder / "paths.conf"
    conf.write_text(
        f'redis-socket: "{folder}/none.sock"\nredis-password-file: "{folder}/secret"\n'
        f'snapshot-file: "{folder}/a/lists"\nevent-spool: "{folder}/b/spool"\nevent-file: "/dev/stdout"\n'
    )
    (found,) = sw.json("checkconf", conf, code=NONE)
    assert not found["redis"]["answers"] and found["redis"]["error"] and found["problems"] == []
    assert [path["key"] for path in found["paths"]] == ["redis-password-file", "snapshot-file", "event-spool"]
    out = sw("checkconf", conf, code=NONE)
    assert "does not answer" in out and out.count("does not exist") == 2


def test_checkconf_names_usual_mistakes(sw, folder):
    conf = folder / "mistakes.conf"
    conf.write_bytes(b'\xef\xbb\xbfredis-host: "redis.example:6380"\n')
    (found,) = sw.json("checkconf", conf, code=SETTINGS)
    mark, host = found["problems"]
    assert "byte order mark" in mark and "redis-port" in host
    conf.write_text(f'redis-host: "::1"\nredis-socket: "{folder}/none.sock"\n')
    assert sw.json("checkconf", conf, code=NONE)[0]["problems"] == []


def test_checkconf_tries_the_databases(sw, folder):
    conf = folder / "mmdb.conf"
    broken = folder / "broken.mmdb"
    broken.write_bytes(b"not an MMDB")
    conf.write_text(f'asn-mmdb: "{broken}"\nowner-mmdb: "{folder}/missing.mmdb"\n')
    out = sw("checkconf", conf, code=NONE)
    assert out.count("does not open") == 2
