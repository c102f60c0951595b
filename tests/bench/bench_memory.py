"""The same tuples in the memory's files, in Redis and in SQLite: octets, and the time of a look-up.

    make bench TESTS=memory [QUICK=1 | LONG=1]

100,000 tuples (20,000; 1,000,000) of bench_past.c. Redis keeps them as the open passive DNS servers
do: a set of rdata for each name and type, a set of names for each rdata, and first, last and count
for each pair. SQLite has a table with an index for each direction. Octets are those of a tuple and
direction: half of the used memory or of the file. Look-ups in the files and in SQLite are calls in
one process, those in Redis go over a socket.
"""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]

from figures.report import Figure, Report, median  # noqa: E402
from harness.environment import ROOT, read_environment  # noqa: E402
from harness.redis_server import Redis  # noqa: E402

LOOKUPS = 200


def form():
    for name in ("QUICK", "LONG"):
        if os.environ.get(name, "0") not in ("", "0"):
            return name.lower()
    return "default"


def timed(ask, keys):
    """Median of the look-ups, microseconds; each has to find something."""
    times = []
    for key in keys:
        start = time.perf_counter()
        found = ask(key)
        times.append((time.perf_counter() - start) * 1e6)
        if not found:
            sys.exit(f"nothing was found for {key}")
    return median(times)


def in_files(env, folder, program, archive, n):
    """Octets, and the times of look-ups by name and address."""
    folder.mkdir()
    subprocess.run([env.cli, "memory", "import", "--folder", folder, archive], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    size = sum(file.stat().st_size for file in folder.glob("*.mtbl"))
    done = subprocess.run([program, "--ask", folder, str(n)], check=True, capture_output=True)
    return size, *map(float, done.stdout.split())


def in_redis(redis, tuples):
    before = redis.client.info("memory")["used_memory"]
    pipe = redis.client.pipeline(transaction=False)
    for n, one in enumerate(tuples):
        name, kind, rdata = one["rrname"], one["rrtype"], one["rdata"]
        pipe.sadd(f"r:{name}:{kind}", rdata)
        pipe.sadd(f"v:{rdata}:{kind}", name)
        pair = f"{name}:{rdata}:{kind}"
        pipe.set(f"s:{pair}", one["time_first"])
        pipe.set(f"l:{pair}", one["time_last"])
        pipe.incrby(f"o:{pair}", one["count"])
        if n % 5000 == 4999:
            pipe.execute()
    pipe.execute()

    def ask(key):
        if key.endswith("."):
            pairs = [(key, rdata) for rdata in redis.client.smembers(f"r:{key}:A")]
        else:
            pairs = [(name, key) for name in redis.client.smembers(f"v:{key}:A")]
        keys = [f"{k}:{name}:{rdata}:A" for name, rdata in pairs for k in "slo"]
        return redis.client.mget(keys)

    return redis.client.info("memory")["used_memory"] - before, ask


def in_sqlite(path, tuples):
    base = sqlite3.connect(path)
    base.execute("create table past (name, type, rdata, first, last, count)")
    base.executemany("insert into past values (?, ?, ?, ?, ?, ?)", (
        (one["rrname"], one["rrtype"], one["rdata"], one["time_first"], one["time_last"], one["count"])
        for one in tuples))  # fmt: skip
    base.execute("create index by_name on past (name)")
    base.execute("create index by_rdata on past (rdata)")
    base.commit()

    def ask(key):
        column = "name" if key.endswith(".") else "rdata"
        return base.execute(f"select * from past where {column} = ?", (key,)).fetchall()

    return path.stat().st_size, ask


def main():
    env = read_environment()
    chosen = form()
    n = {"quick": 20000, "default": 100000, "long": 1000000}[chosen]
    report = Report(ROOT, chosen)
    folder = Path(tempfile.mkdtemp(prefix="sw-bench-"))
    redis = Redis(folder / "redis")
    archive = folder / "archive.ndjson"
    try:
        program = Path(os.environ["SINKWATCH_BUILD"]) / "tests" / "bench" / "bench_past"
        with archive.open("w") as out:
            subprocess.run([program, "--cof", str(n)], check=True, stdout=out)
        tuples = {}
        for line in archive.open():
            one = json.loads(line)
            tuples[one["rrname"], one["rdata"]] = one
        tuples = list(tuples.values())
        pick = random.Random(1)
        picked = [pick.choice(tuples) for _ in range(LOOKUPS)]
        names, addresses = ([one[key] for one in picked] for key in ("rrname", "rdata"))
        redis.start()
        stores = {"files": in_files(env, folder / "files", program, archive, n)}
        for store, (octets, ask) in {
            "redis": in_redis(redis, tuples), "sqlite": in_sqlite(folder / "past.sqlite", tuples)
        }.items():  # fmt: skip
            stores[store] = octets, timed(ask, names), timed(ask, addresses)
        for store, (octets, name_us, address_us) in stores.items():
            report.add(Figure(f"past_{store}_octets", octets / len(tuples) / 2, "B", len(tuples)))
            report.add(Figure(f"past_{store}_name_us", name_us, "us", LOOKUPS))
            report.add(Figure(f"past_{store}_addr_us", address_us, "us", LOOKUPS))
    finally:
        redis.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report.table()


if __name__ == "__main__":
    main()
