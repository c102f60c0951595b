"""sinkwatch metrics --listen: scrapes of every kind, Redis away, frozen and back; and the Prometheus of
Debian with the alert rules and each query of the dashboard. D-181, D-214."""

import json
import re
import select
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from cli_rig import OK, ROOT, USAGE, Command, sw  # noqa: F401
from harness.process import Process, free_port
from harness.wait import FACTOR, until
from test_cli_alerts import RULES, metrics_in, metrics_that_exist, rules
from test_cli_metrics import program, samples, value

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
TOKEN = "0123456789abcdef-token"
DASHBOARD = ROOT / "conf/grafana/sinkwatch.json"


class Server:
    """sinkwatch metrics --listen, ended at the end of a with block."""

    def __init__(self, sw, *words):
        self.process = sw.start("metrics", "--listen", "127.0.0.1:0", *words)
        ready = select.select([self.process.stdout], [], [], 30 * FACTOR)[0]
        line = self.process.stdout.readline() if ready else ""
        if not re.fullmatch(r"metrics are at https?://127\.0\.0\.1:\d+/metrics\n", line):
            self.process.kill()
            raise AssertionError(line + self.process.communicate()[1])
        self.url = line.split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def ask(self, path="", method="GET", timeout=60 * FACTOR, **headers):
        """(status, content type, text)"""
        headers = {name.replace("_", "-"): text for name, text in headers.items()}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers["Content-Type"], error.read().decode()

    def up(self, **more):
        return value(samples(self.ask(**more)[2]), "sinkwatch_redis_up")

    def finish(self):
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=30 * FACTOR)
        assert self.process.returncode == OK and out == "", err
        return err


def test_scrapes(sw):
    sw.report("ns1", "1-1", hits=5)
    with Server(sw) as server:
        for accept, wanted in [
            (None, PLAIN), ("*/*", PLAIN), ("text/plain", PLAIN), ("text/html, */*;q=0.1", PLAIN),
            ("application/openmetrics-text", OPEN),
            # As Prometheus 2.42 and 3 ask.
            ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
             "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OPEN),
            ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
             "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,*/*;q=0.2", OPEN),
            ("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5", PLAIN),
        ]:  # fmt: skip
            status, kind, text = server.ask(**({"Accept": accept} if accept else {}))
            assert (status, kind) == (200, wanted), accept
            assert text.endswith("# EOF\n") == (wanted == OPEN)
            assert value(samples(text), "sinkwatch_hits_total", resolver="ns1") == 5
        status, kind, text = server.ask(method="HEAD")
        assert (status, kind, text) == (200, PLAIN, "")
        assert [server.ask(*words)[0] for words in [("x",), ("/../x",), ("", "POST"), ("", "DELETE")]] == [404, 404, 403, 405]
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(server.url, method="PUT"), timeout=60 * FACTOR)
        assert refused.value.code == 405 and refused.value.headers["Allow"] == "GET, HEAD"
        assert server.ask(Host="rebound.example")[0] == 421
        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(lambda i: server.ask(Accept=OPEN if i % 2 else "*/*")[:2], range(80)))
        assert set(answers) == {(200, OPEN), (200, PLAIN)}
        # Reports are asked for again.
        sw.report("ns1", "1-1", hits=6)
        until(lambda: value(samples(server.ask()[2]), "sinkwatch_hits_total", resolver="ns1") == 6, "the new report")
        assert "rebound" not in server.finish()


@pytest.mark.parametrize("words, why", [
    (["--listen", "0.0.0.0:0"], "nobody asks for a right"), (["--listen", "example.net:80"], "is no place"),
    (["--token-file", "x"], "go with --listen"), (["--host-name", "ns.example"], "go with --listen"),
    (["--listen", "127.0.0.1:0", "--textfile", "x"], "--listen: neither"), (["--listen", "127.0.0.1:0", "--format=prometheus"], "--listen: neither"),
])  # fmt: skip
def test_what_does_not_listen(sw, words, why):
    sw("metrics", *words, code=USAGE)
    assert why in sw.err


def test_redis_goes_and_comes_back(env, folder, own_redis, settings_for):
    """A scrape is always answered, in the time that the client waits, and each change is one line."""
    sw = Command(env, folder, own_redis, {**settings_for(own_redis, folder), "redis-timeout": 60000})
    with Server(sw) as server:
        assert server.up() == 0
        own_redis.start()
        sw.report("ns1", "1-1", hits=5)
        until(lambda: server.up() == 1, "Redis to be seen")
        # Connections stay, and nothing is answered: redis-timeout would hold a scrape for 60 s.
        own_redis.freeze()
        until(lambda: server.up(timeout=30, X_Prometheus_Scrape_Timeout_Seconds="0.5") == 0, "the silence to be seen")
        assert server.up(timeout=30, X_Prometheus_Scrape_Timeout_Seconds="0.5") == 0
        own_redis.thaw()
        assert server.up() == 1, "reports cut by a short time-out served a longer one"
        own_redis.kill()
        until(lambda: server.up() == 0, "the end to be seen")
        found = samples(server.ask()[2])
        assert not [name for name, _ in found if name.startswith("sinkwatch_resolver")]
        lines = server.finish().splitlines()
        assert ["again" in line or "took too long" in line for line in lines] == [False, True, True, True, False], lines


# ---- Prometheus


class Prometheus:
    def __init__(self, folder, target):
        self.port = free_port()
        token = folder / "token"
        token.write_text(TOKEN)
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "sinkwatch", "authorization": {"credentials_file": str(token)},
                                "static_configs": [{"targets": [target]}]}],
        }))  # fmt: skip
        self.process = Process([
            program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder}/data", "--log.level=warn",
            f"--web.listen-address=127.0.0.1:{self.port}"], folder, "prometheus")  # fmt: skip

    def ask(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30 * FACTOR) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from error

    def values(self, expr):
        return [float(one["value"][1]) for one in self.ask("query", query=expr)["result"]]


COUNTERS = re.findall(r'X\((?:\w+, )?"(\w+)"\)', (ROOT / "module/base/counters.h").read_text())


def report(sw, n):
    """A report with everything that a report can have; n: how often so far. Counters grow."""
    rows = [["bad", action, trigger, 3 * n] for action in ("nxdomain", "sinkhole", "drop", "monitor") for trigger in ("qname", "address")]
    left = {"ring": n}
    memory = {"folder": "/x", "state": "recording", "octets": 4096, "files": 2, "oldest": "2026-11-01T00:00:00Z",
              "newest": "2026-11-02T00:00:00Z", "sightings": 50 * n, "tuples_waiting": 7, "tuples_written": n, "left_out": left}  # fmt: skip
    sw.report(
        "ns1", f"{int(time.time() * 1000)}-3", unbound="1.22.0", started="2026-11-23T01:02:03.500Z", last_error="x",
        lists=json.dumps({"bad": {"kind": "ioc", "count": 12, "refused": 3}}), hits_by=json.dumps(rows),
        refused_by_reason=json.dumps({"name": n}), anomalies_by=json.dumps([["protected-owner", 80, n]]),
        latency=json.dumps({"le": [0.001, 0.5], "n": [2 * n, 3 * n, n], "sum": 9.25 * n}),
        mmdb=json.dumps({"asn": [{"open": True, "epoch": 1700000000}]}), memory=json.dumps(memory),
        **{name: 5 * n for name in COUNTERS},
    )  # fmt: skip


def feed(sw):
    sw.redis.hset(sw.key("feeds"), "ads", '{"source":"file:/x","list":"ads"}')
    sw.redis.hset(sw.key("feed:ads"), mapping={
        "outcome": "done", "failures": 0, "indicators": 12, "refused": 4, "seconds": "0.250", "last_run": "2026-11-30T10:00:00Z",
        "last_success": "2026-11-30T10:00:00Z", "changed": "2026-11-30T09:00:00Z", "next": "2026-11-30T11:00:00Z"})  # fmt: skip
    sw.redis.xadd(sw.key("changes"), {"op": "add", "list": "bad"})


def dashboard():
    """(expressions with their variables filled, queries of the variables)"""
    model = json.loads(DASHBOARD.read_text())
    filled = {"$__rate_interval": "30s", "$resolver": ".*", "$list": ".*"}
    found = []
    for panel in model["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"]
            for name, text in filled.items():
                expr = expr.replace(name, text)
            assert "$" not in expr, expr
            found.append(expr)
    variables = [one["query"]["query"] for one in model["templating"]["list"] if one["type"] == "query"]
    return found, variables


@pytest.fixture(scope="module")
def prometheus(env, session_folder, shared_redis, settings_for):
    """One for all: sinkwatch serves, Prometheus scrapes, and reports come until the end."""
    folder = session_folder / "prometheus"
    folder.mkdir()
    sw = Command(env, folder, shared_redis, settings_for(shared_redis, folder))
    token = folder / "server-token"
    token.write_text(TOKEN)
    feed(sw)
    report(sw, 1)
    with Server(sw, "--token-file", token) as server:
        one = Prometheus(folder, urllib.parse.urlparse(server.url).netloc)
        one.sw, one.reports, one.server = sw, 1, server
        try:
            until(lambda: one.values("up") == [1], lambda: f"a scrape: {one.process.output()}", 60)
            yield one
        finally:
            one.process.end()
    keys = list(shared_redis.client.scan_iter(match=sw.prefix.replace("{", "?") + "*"))
    shared_redis.client.delete(*keys)


def test_a_token_is_asked_for(prometheus):
    assert prometheus.server.ask()[0] == 401 and prometheus.values("up") == [1]
    assert prometheus.server.ask(Authorization=f"Bearer {TOKEN}")[0] == 200


def test_each_query_of_the_dashboard_has_data(prometheus):
    queries, variables = dashboard()
    assert len(queries) > 60
    left = set(queries)

    def all_have_data():
        """A query has data once each of its values is a number: a quantile needs growth."""
        prometheus.reports += 1
        report(prometheus.sw, prometheus.reports)
        for expr in list(left):
            values = prometheus.values(expr)
            if values and all(abs(one) < 1e300 for one in values):  # not NaN, not infinite
                left.discard(expr)
        return not left

    until(all_have_data, lambda: f"data for {sorted(left)}", 40)
    for query in variables:
        metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", query).groups()
        assert prometheus.ask(f"label/{label}/values", **{"match[]": metric}), query


def test_the_alert_rules_are_loaded(prometheus):
    def judged():
        (group,) = prometheus.ask("rules")["groups"]
        return sorted((rule["name"], rule["health"]) for rule in group["rules"]) == sorted((name, "ok") for name in rules())

    until(judged, lambda: f"an evaluation of each rule: {prometheus.ask('rules')}")
    # The report has a last_error.
    until(lambda: "SinkwatchResolverProblem" in {one["labels"]["alertname"] for one in prometheus.ask("alerts")["alerts"]}, "an alert")


# ---- the dashboard as a document


def test_the_dashboard_is_a_model_of_grafana():
    model = json.loads(DASHBOARD.read_text())
    assert model["uid"] == "sinkwatch" and model["id"] is None and model["schemaVersion"] >= 36 and model["title"]
    source, *variables = model["templating"]["list"]
    assert (source["type"], source["query"], source["name"]) == ("datasource", "prometheus", "datasource")
    everywhere = {"type": "prometheus", "uid": "${datasource}"}
    assert len(variables) == 2 and all(one["datasource"] == everywhere for one in variables)
    ids, cells = set(), set()
    for panel in model["panels"]:
        assert panel["id"] not in ids and panel["title"]
        ids.add(panel["id"])
        place = panel["gridPos"]
        taken = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells and max(x for x, _ in taken) < 24
        cells |= taken
        if panel["type"] == "row":
            continue
        assert panel["type"] in ("stat", "timeseries", "table") and panel["datasource"] == everywhere
        assert [target["refId"] for target in panel["targets"]] == [chr(65 + i) for i in range(len(panel["targets"]))]
        assert all(target["datasource"] == everywhere for target in panel["targets"])


def test_metrics_of_the_dashboard_exist():
    text = DASHBOARD.read_text()
    assert len(metrics_in(text)) > 50 and metrics_in(text) - metrics_that_exist() == set()
