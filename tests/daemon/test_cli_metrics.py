"""sinkwatch metrics: the text, made of reports with any content. D-183."""

import json
import os
import re
import shutil
import subprocess

import pytest
from cli_rig import INPUT, OK, REDIS, ROOT, USAGE, sw  # noqa: F401

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


def samples(text):
    """{(name, labels): value}; each line is a sample or the head of a family, and all samples of a
    family follow the head."""
    found, family, families = {}, None, set()
    for line in text.splitlines():
        if line.startswith("#"):
            head = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) \S.*|# EOF", line)
            assert head, line
            if head[1] == "HELP":
                family = head[2].removesuffix("_total")
                assert family not in families, family
                families.add(family)
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert match[1].startswith("sinkwatch_") and match[1].startswith(family), line
        labels = tuple(sorted(LABEL.findall(match[2] or "")))
        assert (match[1], labels) not in found, line
        found[match[1], labels] = float(match[3])
    return found


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


REPORT = {
    "unbound": "1.22.0",
    "started": "2026-11-23T01:02:03.500Z",
    "applied": "1700000000500-3",
    "lists": json.dumps({"bad": {"kind": "ioc", "count": 12, "refused": 3, "problem": "odd"}}),
    "refused_by_reason": json.dumps({"name": 4}),
    "hits_by": json.dumps([["bad", "nxdomain", "qname", 17], ["", "", "", 2], ["bad", "refused", "qname", 4],
                           ["bad", "sinkhole", "asn", 8], ["x", "drop", "qname", 16], ["x", "monitor", "qname", 32]]),
    "anomalies_by": json.dumps([["protected-owner", 80, 5]]),
    "latency": json.dumps({"le": [0.001, 0.5], "n": [2, 3, 1], "sum": 9.25}),
    "mmdb": json.dumps({"asn": [{"open": True, "epoch": 1700000000}]}),
    "memory": json.dumps({"folder": "/x", "state": "recording", "octets": 4096, "files": 2, "oldest": "2023-11-14T22:13:20Z",
                          "sightings": 50, "tuples_waiting": 7, "tuples_written": 9, "left_out": {"ring": 3}}),
    "hits": 9007199254740993, "sweeps_cpu_us": 2500000, "ring_size": 65536, "last_error": "x",
}  # fmt: skip


def test_values(sw):
    sw.redis.xadd(sw.key("changes"), {"op": "add", "list": "bad"}, id="1700000000500-3")
    sw.redis.xadd(sw.key("changes"), {"op": "add", "list": "bad"}, id="1700000001000-0")
    sw.report("ns1", REPORT["applied"], **{k: v for k, v in REPORT.items() if k != "applied"})
    sw.redis.zadd(sw.key("resolvers"), {"gone": 1600000000})
    text = sw("metrics")
    assert text.endswith("# EOF\n") and "# TYPE sinkwatch_hits counter" in text
    assert 'sinkwatch_hits_total{resolver="ns1"} 9007199254740992\n' in text or "9.00719925474099e+15" in text
    found = samples(text)
    ns1 = {"resolver": "ns1"}
    assert value(found, "sinkwatch_redis_up") == 1
    assert value(found, "sinkwatch_resolver_up", **ns1) == 1
    assert value(found, "sinkwatch_resolver_up", resolver="gone") == 0
    assert value(found, "sinkwatch_resolver_reported_timestamp_seconds", resolver="gone") == 1600000000
    assert value(found, "sinkwatch_resolver_state", state="following", **ns1) == 1
    assert value(found, "sinkwatch_resolver_state", state="loading", **ns1) == 0
    assert value(found, "sinkwatch_resolver_applied_timestamp_seconds", **ns1) == 1700000000.5
    assert value(found, "sinkwatch_resolver_applied_sequence", **ns1) == 3
    assert value(found, "sinkwatch_resolver_changes_behind", **ns1) == 1
    assert value(found, "sinkwatch_resolver_problem", **ns1) == 1
    assert value(found, "sinkwatch_resolver_info", version="0.1.0", unbound="1.22.0", **ns1) == 1
    assert value(found, "sinkwatch_sweeps_cpu_seconds_total", **ns1) == 2.5
    assert value(found, "sinkwatch_list_indicators", list="bad", **ns1) == 12
    assert value(found, "sinkwatch_list_refused", list="bad", **ns1) == 3
    assert value(found, "sinkwatch_list_problem", list="bad", **ns1) == 1
    hit = {"list": "bad", "action": "nxdomain", "trigger": "qname"}
    assert value(found, "sinkwatch_list_hits_total", **hit, **ns1) == 17
    assert value(found, "sinkwatch_list_hits_total", list="", action="", trigger="", **ns1) == 2
    for outcome, n in (("blocked", 21), ("redirected", 8), ("dropped", 16)):
        assert value(found, f"sinkwatch_answers_{outcome}_total", **ns1) == n
    for name, n in (("recording", 1), ("size_bytes", 4096), ("files", 2), ("sightings_total", 50), ("tuples_waiting", 7),
                    ("tuples_written_total", 9), ("oldest_timestamp_seconds", 1700000000)):  # fmt: skip
        assert value(found, f"sinkwatch_memory_{name}", **ns1) == n
    assert value(found, "sinkwatch_memory_left_out_total", reason="ring", **ns1) == 3
    assert ("sinkwatch_memory_newest_timestamp_seconds", (("resolver", "ns1"),)) not in found
    assert value(found, "sinkwatch_anomalies_total", type="protected-owner", severity="80", **ns1) == 5
    assert value(found, "sinkwatch_items_refused_by_reason_total", reason="name", **ns1) == 4
    assert value(found, "sinkwatch_mmdb_build_timestamp_seconds", database="asn1", **ns1) == 1700000000
    for le, n in (("0.001", 2), ("0.5", 5), ("+Inf", 6)):
        assert value(found, "sinkwatch_update_latency_seconds_bucket", le=le, **ns1) == n
    assert value(found, "sinkwatch_update_latency_seconds_count", **ns1) == 6
    assert value(found, "sinkwatch_update_latency_seconds_sum", **ns1) == 9.25
    assert value(found, "sinkwatch_stream_entries", stream="changes") == 2
    assert value(found, "sinkwatch_stream_last_timestamp_seconds", stream="changes") == 1700000001
    assert value(found, "sinkwatch_redis_memory_used_bytes") > 0
    assert value(found, "sinkwatch_redis_keeps_lists") == 1
    assert value(found, "sinkwatch_redis_primary") == 1 and value(found, "sinkwatch_redis_replicas") == 0
    assert value(found, "sinkwatch_redis_evicted_keys_total") == 0
    sw.report("ns1", "1-1", memory=json.dumps({"folder": "/x", "problem": "disk full"}))
    assert value(samples(sw("metrics")), "sinkwatch_memory_recording", **ns1) == 0


def test_feeds(sw):
    """The status of each feed; a text that is no number or no time gives no sample."""
    assert not [name for name, _ in samples(sw("metrics")) if name.startswith("sinkwatch_feed")]
    sw.redis.hset(sw.key("feeds"), mapping={
        "ads": '{"source":"file:/x","list":"ads"}', "new": '{"paused":true}', 'od"d\n5': "no JSON"})  # fmt: skip
    sw.redis.hset(sw.key("feed:ads"), mapping={
        "outcome": "failed", "failures": 3, "stale": "2026-11-23T01:02:03.500Z", "indicators": 12, "refused": 4,
        "last_run": "2023-11-14T22:13:20.500000Z", "last_success": "yesterday", "next": "2023-11-14T22:13:21Z",
        "changed": "", "seconds": "0.250"})  # fmt: skip
    found = samples(sw("metrics"))
    ads = {name: v for (name, labels), v in found.items() if ("feed", "ads") in labels}
    assert ads == {
        "sinkwatch_feed_paused": 0, "sinkwatch_feed_up": 0, "sinkwatch_feed_stale": 1, "sinkwatch_feed_failures": 3,
        "sinkwatch_feed_last_run_timestamp_seconds": 1700000000.5,
        "sinkwatch_feed_next_run_timestamp_seconds": 1700000001, "sinkwatch_feed_indicators": 12,
        "sinkwatch_feed_refused": 4, "sinkwatch_feed_run_duration_seconds": 0.25,
    }  # fmt: skip
    new = {name: v for (name, labels), v in found.items() if ("feed", "new") in labels}
    assert new == {"sinkwatch_feed_paused": 1, "sinkwatch_feed_stale": 0}
    assert value(found, "sinkwatch_feed_service_up") == 0
    sw.redis.set(sw.key("feeds:lease"), "somebody", px=60000)
    assert value(samples(sw("metrics")), "sinkwatch_feed_service_up") == 1
    check(sw("metrics", "--format=prometheus"))


def test_every_number_of_a_report(sw):
    """Each counter and amount of counters.h is a metric."""
    header = (ROOT / "module/base/counters.h").read_text()
    names = re.findall(r'X\((?:\w+, )?"(\w+)"\)', header)
    assert len(names) > 30
    before = samples(sw("metrics"))
    sw.report("ns1", "1-1", **{name: 1000000 + i for i, name in enumerate(names)})
    values = {v for key, v in samples(sw("metrics")).items() if key not in before and dict(key[1])["resolver"] == "ns1"}
    wanted = {(1000000 + i) / (1e6 if name.endswith("_us") else 1) for i, name in enumerate(names)}
    assert wanted <= values


def test_hostile_text(sw):
    """Names that break out of quotes or lines, other types, numbers that are none."""
    odd = 'a"} 1\nsinkwatch_hits_total 5\\'
    sw.report(odd, "no-id", hits="nonsense", rewritten="12x", started="yesterday", unbound=odd,
              lists=json.dumps({odd: {"count": "many"}, "x": 5, "y": None}), hits_by='[1, [2], ["l", 3, null, 4]]',
              anomalies_by='{"a": 1}', latency='{"le": [1], "n": [1]}', refused_by_reason='[3]',
              mmdb='{"asn": 7, "owner": [1]}', memory='{"octets": "x", "left_out": [1], "oldest": 5}')  # fmt: skip
    sw.report("other", "1-1", memory="[1]", hits_by='{"a": 1}')
    sw.redis.hset(sw.key("resolver:octets"), mapping={b"hits": b"1", b"unbound": b"\xff\xfe\x1b[2J"})
    sw.redis.zadd(sw.key("resolvers"), {"octets": 1})
    text = sw("metrics")
    found = samples(text)
    assert "\x1b" not in text and ("sinkwatch_hits_total", ()) not in found
    assert {dict(labels)["resolver"] for name, labels in found if name == "sinkwatch_resolver_up"} == {
        'a\\"} 1\\\\x0asinkwatch_hits_total 5\\\\', "octets", "other"}  # fmt: skip
    check(sw("metrics", "--format=prometheus"))


def program(name):
    """A program of Debian's package prometheus, which scripts/setup unpacks."""
    found = shutil.which(name, path=f"{ROOT}/.deps/prometheus/usr/bin:{os.environ['PATH']}")
    if not found:
        pytest.skip(f"no {name}: scripts/setup could not get Debian's package prometheus")
    return found


def check(text):
    """promtool finds nothing wrong."""
    promtool = program("promtool")
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def test_promtool(sw):
    sw.report("ns1", REPORT["applied"], **{k: v for k, v in REPORT.items() if k != "applied"})
    text = sw("metrics", "--format=prometheus")
    assert "# TYPE sinkwatch_hits_total counter" in text and "# EOF" not in text
    check(text)


def test_textfile(sw, folder):
    path = folder / "sinkwatch.prom"
    path.write_text("old")
    assert sw("metrics", "--textfile", path) == ""
    found = samples(path.read_text())
    assert value(found, "sinkwatch_redis_up") == 1 and "# EOF" not in path.read_text()
    assert [p.name for p in folder.iterdir() if "prom" in p.name] == ["sinkwatch.prom"]
    (folder / "link.prom").symlink_to(path)
    sw("metrics", "--textfile", folder / "link.prom", code=INPUT)
    assert "symbolic link" in sw.err
    sw("metrics", "--format=xml", code=USAGE)
    # Redis away: the file says so, instead of the last good values.
    sw("metrics", "--socket", folder / "none.sock", "--textfile", path, code=REDIS)
    assert value(samples(path.read_text()), "sinkwatch_redis_up") == 0


def test_a_user_without_the_right_to_ask_redis(sw):
    sw.redis.execute_command("ACL", "SETUSER", "mreader", "reset", "on", ">pw", "allkeys", "+@read", "+ping")
    sw.conf.write_text(sw.conf.read_text() + "redis-user: mreader\nredis-password: pw\n")
    found = samples(sw("metrics", code=OK))
    assert value(found, "sinkwatch_redis_up") == 1
    assert ("sinkwatch_redis_memory_used_bytes", ()) not in found
    sw.redis.execute_command("ACL", "DELUSER", "mreader")
