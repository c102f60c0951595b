"""conf/prometheus: each alert rule fires for its fault and for nothing else, by promtool. D-184."""

import json
import re
import subprocess

from cli_rig import ROOT
from test_cli_metrics import program

RULES = ROOT / "conf/prometheus/sinkwatch.rules.yml"
UP = {"sinkwatch_redis_up": "1x60"}
NS1 = '{resolver="ns1"}'
LIST = '{resolver="ns1",list="bad"}'
FEED = '{feed="ads"}'
STATE = '{resolver="ns1",state="following"}'
MMDB = '{resolver="ns1",database="asn1"}'
SEVERE = '{resolver="ns1",type="protected-owner",severity="80"}'
MILD = '{resolver="ns1",type="woke",severity="50"}'
BUCKET = 'sinkwatch_update_latency_seconds_bucket{resolver="ns1",le="%s"}'
# alert -> (series that fire, series that do not); one value a minute, asked after half an hour.
CASES = {
    "SinkwatchMetricsMissing": ({"other": "1x60"}, UP),
    "SinkwatchRedisDown": ({"sinkwatch_redis_up": "0x60"}, UP),
    "SinkwatchRedisDropsKeys": ({"sinkwatch_redis_keeps_lists": "0x60"}, {"sinkwatch_redis_keeps_lists": "1x60"}),
    "SinkwatchRedisFull": (
        {"sinkwatch_redis_memory_used_bytes": "95x60", "sinkwatch_redis_memory_limit_bytes": "100x60"},
        {"sinkwatch_redis_memory_used_bytes": "95x60", "sinkwatch_redis_memory_limit_bytes": "0x60"},
    ),
    "SinkwatchRedisSaveFailed": ({"sinkwatch_redis_saved": "0x60"}, {"sinkwatch_redis_saved": "1x60"}),
    "SinkwatchResolverDown": (
        {f"sinkwatch_resolver_up{NS1}": "0x60"},
        {f"sinkwatch_resolver_up{NS1}": "1x28 0 1x31"},
    ),
    "SinkwatchResolverNotFollowing": (
        {f"sinkwatch_resolver_state{STATE}": "0x60"},
        {f"sinkwatch_resolver_state{STATE}": "1x60"},
    ),
    "SinkwatchResolverBehind": (
        {f"sinkwatch_resolver_changes_behind{NS1}": "7x60"},
        {f"sinkwatch_resolver_changes_behind{NS1}": "7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7 0 7"},
    ),
    "SinkwatchResolverProblem": (
        {f"sinkwatch_resolver_problem{NS1}": "1x60"},
        {f"sinkwatch_resolver_problem{NS1}": "0x60"},
    ),
    "SinkwatchListProblem": ({f"sinkwatch_list_problem{LIST}": "1x60"}, {f"sinkwatch_list_problem{LIST}": "0x60"}),
    "SinkwatchFeedFails": ({f"sinkwatch_feed_failures{FEED}": "3x60"}, {f"sinkwatch_feed_failures{FEED}": "0x20 1x5 0x34"}),
    "SinkwatchFeedStale": ({f"sinkwatch_feed_stale{FEED}": "1x60"}, {f"sinkwatch_feed_stale{FEED}": "0x60"}),
    "SinkwatchFeedsNotRun": ({"sinkwatch_feed_service_up": "0x60"}, {"sinkwatch_feed_service_up": "1x20 0x2 1x37"}),
    "SinkwatchEventsLost": (
        {f"sinkwatch_events_lost_ring_total{NS1}": "5x25 9x34", f"sinkwatch_events_lost_backlog_total{NS1}": "0x60"},
        {f"sinkwatch_events_lost_ring_total{NS1}": "5x60", f"sinkwatch_events_lost_backlog_total{NS1}": "7x60"},
    ),
    "SinkwatchEventsWait": (
        {f"sinkwatch_event_backlog{NS1}": "5000x60"},
        {f"sinkwatch_event_backlog{NS1}": "20x60"},
    ),
    "SinkwatchUpdatesSlow": (
        {BUCKET % "10": "0+1x60", BUCKET % "30": "0+9x60", BUCKET % "+Inf": "0+9x60"},
        {BUCKET % "10": "0+9x60", BUCKET % "30": "0+9x60", BUCKET % "+Inf": "0+9x60"},
    ),
    "SinkwatchMemoryStopped": (
        {f"sinkwatch_memory_recording{NS1}": "0x60"},
        {f"sinkwatch_memory_recording{NS1}": "1x20 0x2 1x37"},
    ),
    "SinkwatchDatabaseOld": (
        {f"sinkwatch_mmdb_build_timestamp_seconds{MMDB}": "-7777000x60"},
        {f"sinkwatch_mmdb_build_timestamp_seconds{MMDB}": "-7000000x60"},
    ),
    "SinkwatchAnomaly": (
        {f"sinkwatch_anomalies_total{SEVERE}": "_x24 1x35", **UP},
        {f"sinkwatch_anomalies_total{SEVERE}": "1x60", f"sinkwatch_anomalies_total{MILD}": "0+1x60", **UP},
    ),
}


def rules():
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def spread(values):
    """'1x60' is promtool's for 61 values that grow by 0."""
    return re.sub(r"(?<![+\d])(-?\d+)x(\d+)", r"\1+0x\2", values)


def firing(alert, series):
    """Labels and annotations need not be repeated: ALERTS is asked for the number of alerts."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": spread(values)} for name, values in series.items()],
        "promql_expr_test": [],
    }


def test_each_rule(folder):
    assert set(rules()) == set(CASES) and len(rules()) == len(CASES)
    promtool = program("promtool")
    tests = []
    for alert, (fault, healthy) in CASES.items():
        for series, n in ((fault, 1), (healthy, 0)):
            expr = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
            tests.append({**firing(alert, series), "promql_expr_test": [
                {"expr": expr, "eval_time": "30m", "exp_samples": [{"labels": "{}", "value": n}]}]})  # fmt: skip
    path = folder / "tests.yml"
    path.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}))
    for words in (["check", "rules", RULES], ["test", "rules", path]):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def metrics_that_exist():
    source = "".join(path.read_text() for path in (ROOT / "module/cli/metrics").glob("*.c"))
    return set(re.findall(r'"(sinkwatch_[a-z_]+)"', source))


def metrics_in(text):
    """Families that expressions name."""
    return {re.sub(r"_(total|bucket)$", "", name) for name in re.findall(r"\bsinkwatch_[a-z_]+", text)}


def test_rules_ask_for_metrics_that_exist():
    asked = metrics_in(re.sub(r"#.*", "", RULES.read_text()))
    assert len(asked) > 15 and asked - metrics_that_exist() == set()
