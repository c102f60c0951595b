"""A real resolver counts for metrics: hits by list, action and trigger, anomalies, the time until a
change is enforced, and present amounts. D-183."""

import json

from harness.wait import until
from test_cli_metrics import samples, value

RESOLVER = {"options": {"threads": 1}}


def test_a_resolver_counts(resolver, lists, ask):
    """One question for each pair of action and trigger; the sums are exact."""
    lists.put("names", "a.clean.example", action="nxdomain")
    lists.put("shown", "b.clean.example", action="monitor", triggers=["qname"])
    for name, times in (("a.clean.example", 3), ("x.a.clean.example", 1), ("b.clean.example", 2)):
        for _ in range(times):
            ask(name)
    lists.put("carbanak", "systemsvc.net", action="monitor")
    lists.put("state", "213.24.76.0/24", kind="protected", owner="An agency")
    ask("systemsvc.net")
    wanted = {("names", "nxdomain", "qname"): 4, ("shown", "monitor", "qname"): 2}

    def counted():
        rows = json.loads(lists.state()["hits_by"])
        return {tuple(row[:3]): row[3] for row in rows if row[0] in ("names", "shown")} == wanted

    until(counted, lambda: f"{wanted} in {lists.state().get('hits_by')}", 20)
    until(lambda: "protected-owner" in lists.state()["anomalies_by"], "an anomaly in the report", 20)
    found = samples(resolver.command("metrics"))
    ns = {"resolver": resolver.settings["resolver-id"]}
    for (name, action, trigger), n in wanted.items():
        assert value(found, "sinkwatch_list_hits_total", list=name, action=action, trigger=trigger, **ns) == n
    assert value(found, "sinkwatch_hits_total", **ns) >= 6
    assert value(found, "sinkwatch_resolver_up", **ns) == 1
    assert value(found, "sinkwatch_list_indicators", list="names", **ns) == 1
    # put() waited for two changes at least: each was enforced, and timed.
    count = value(found, "sinkwatch_update_latency_seconds_count", **ns)
    assert count >= 2
    assert 0 <= value(found, "sinkwatch_update_latency_seconds_sum", **ns) < 60 * count
    for name in ("index_bytes", "resolver_resident_memory_bytes", "event_ring_size_bytes", "answers_judged_total"):
        assert value(found, f"sinkwatch_{name}", **ns) > 0, name
    raised = {key: n for key, n in found.items() if key[0] == "sinkwatch_anomalies_total"}
    assert sum(n for (_, labels), n in raised.items() if ("type", "protected-owner") in labels) >= 1
    assert sum(raised.values()) <= value(found, "sinkwatch_anomalies_raised_total", **ns)
    assert value(found, "sinkwatch_event_spool_bytes", **ns) == 0
