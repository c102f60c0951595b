"""How many listed names a second `sinkwatch sweep` resolves, and whether the odd name is found.

    make bench TESTS=sweep [QUICK=1 | LONG=1]

A real nsd on loopback has the names (100,000; 10,000 or 1,000,000), every tenth of which does not
exist; some name points into a protected network. Each name is two questions. History goes to a real
Redis. The run fails unless exactly that name raises an anomaly.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]

from figures.report import Figure, Report, median, spread  # noqa: E402
from harness.environment import ROOT, read_environment  # noqa: E402
from harness.redis_server import Redis  # noqa: E402
from harness.sweep_zone import SweepZone  # noqa: E402

ROUNDS = 3


def form():
    for name in ("QUICK", "LONG"):
        if os.environ.get(name, "0") not in ("", "0"):
            return name.lower()
    return "default"


def sweep(env, conf, zone):
    """A run with nothing in the history: (names a second, summary, anomalies)."""
    words = ["--json", "-c", conf, "sweep", "--forward", zone.at, "--rate", "0"]
    start = time.monotonic()
    done = subprocess.run(
        [str(env.cli), *map(str, words)], capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - start
    if done.returncode != 0:
        sys.exit(f"sinkwatch sweep: exit code {done.returncode}: {done.stderr}")
    tail = [json.loads(line) for line in done.stdout.splitlines()[len(zone.names) :]]
    summary = tail[-1]["summary"]
    return len(zone.names) / seconds, summary, [one["anomaly"] for one in tail[:-1]]


def check(zone, summary, anomalies):
    names = [one["sinkwatch"]["anomaly"]["name"] for one in anomalies]
    if names != [zone.odd_name]:
        sys.exit(f"anomalies of {names[:5]}, not of {zone.odd_name} alone")
    if summary["nxdomain"] != zone.missing or summary["failed"]:
        sys.exit(f"not all names were answered: {summary}")


def main():
    env = read_environment()
    chosen = form()
    names = {"quick": 10000, "default": 100000, "long": 1000000}[chosen]
    report = Report(ROOT, chosen)
    folder = Path(tempfile.mkdtemp(prefix="sw-bench-"))
    redis, zone = Redis(folder / "redis"), SweepZone(folder / "nsd", names)
    conf = folder / "sinkwatch.conf"
    rates = []
    try:
        redis.start()
        zone.start()
        conf.write_text(
            f'redis-socket: "{redis.socket}"\nredis-prefix: "s"\nresolver-id: "bench"\n'
            f'redis-timeout: 10000\nasn-mmdb: "{zone.databases}"\n'
        )
        for _ in range(ROUNDS):
            redis.client.flushall()
            zone.fill(redis.client, "s")
            rate, summary, anomalies = sweep(env, conf, zone)
            check(zone, summary, anomalies)
            rates.append(rate)
            print(f"{rate:.0f} names/s, {summary['seconds']:.1f} s of it looking up")
    finally:
        zone.stop()
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)
    words = f"{names} names, until all is in Redis; {spread(rates)}"
    report.add(Figure("sweep_names_per_s", median(rates), "1/s", ROUNDS, words=words))
    report.table()


if __name__ == "__main__":
    main()
