"""A policy zone from a real primary onto a list: time, processor time and memory of transfers.

    make bench TESTS=transfer [QUICK=1]

nsd has a zone of 1,000,000 names (an eighth with QUICK), with TSIG. `sinkwatch feed run` brings the zone
whole, then single changes by IXFR. Then the service waits for notices: the time from nsd's answer with the
new serial to the changed list in Redis. The run fails unless each change is on the list, by IXFR.
"""

import contextlib
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

from bench_feed import Rig, form, name  # noqa: E402
from figures.report import Figure, Report, median, spread  # noqa: E402
from harness.environment import ROOT, read_environment  # noqa: E402
from harness.primary import ADDRESS, ZONE, Primary, key_text  # noqa: E402
from harness.process import free_port  # noqa: E402
from harness.wait import until  # noqa: E402

NAMES = {"quick": 125_000, "default": 1_000_000, "long": 1_000_000}
CHANGES, RELOAD_S = 5, 600


class Zone:
    """nsd with the zone, which grows by a name at a time."""

    def __init__(self, rig, n):
        self.port = free_port(ADDRESS)
        self.rig, self.n = rig, 1
        self.records = [self.record(0)]
        self.primary = Primary(rig.folder / "nsd", "".join(self.records), notify_port=self.port)
        self.grow(n - 1)

    @staticmethod
    def record(i):
        return f"{name(i)} CNAME .\n"

    def grow(self, more=1):
        """Serve a larger zone; returns the last name."""
        self.records += map(self.record, range(self.n, self.n + more))
        self.n += more
        self.primary.set("".join(self.records))
        until(self.primary.answers, "nsd to serve the zone", RELOAD_S)
        return f"={name(self.n - 1)}"

    def judge(self, op):
        """End the run unless the list has the zone, by this kind of change."""
        client = self.rig.redis.client
        there, last = client.hlen("s:list:bad"), client.xrevrange("s:changes", count=1)[0][1]["op"]
        if (there, last) != (self.n, op):
            sys.exit(f"the list has {there} names after '{last}', not {self.n} after '{op}'")


@contextlib.contextmanager
def service(rig, zone):
    log = rig.folder / "service.log"
    with log.open("w") as out:
        words = ["feed", "run", "--daemon", "--files", rig.folder, "--listen", f"{ADDRESS}:{zone.port}"]
        process = subprocess.Popen([rig.env.cli, "-c", rig.conf, *map(str, words)], stdout=out, stderr=out)
    try:
        until(lambda: rig.redis.client.exists("s:feeds:lease"), lambda: f"the service: {log.read_text()}")
        yield
    finally:
        process.terminate()
        process.wait(60)


def followed(rig, zone):
    """Seconds from the primary's answer to the list."""
    added = zone.grow()
    begin = time.monotonic()
    while not rig.redis.client.hexists("s:list:bad", added):
        if time.monotonic() - begin > 60:
            sys.exit("the service does not follow the notice")
        time.sleep(0.001)
    taken = time.monotonic() - begin
    zone.judge("add")
    return taken


def figures(report, rig, zone):
    rig.run("feed", "add", "bad", f"rpz://{ADDRESS}:{zone.primary.port}/{ZONE}", "--every=1d",
            f"--tsig-file={rig.folder / 'key'}")  # fmt: skip
    run = ["feed", "run", "bad", "--files", rig.folder]
    whole = rig.run(*run)
    zone.judge("replace")
    report.add(Figure("transfer_whole_s", whole.wall_s, "s", 1, words=f"{zone.n:,} names by AXFR; {whole.words()}"))
    costs = []
    for _ in range(CHANGES):
        zone.grow()
        costs.append(rig.run(*run))
        zone.judge("add")
    cpu = [1000 * one.cpu_s for one in costs]
    report.add(Figure("transfer_change_cpu_ms", median(cpu), "ms", CHANGES,
                      words=f"a name by IXFR; {spread(cpu)}; {costs[-1].words()}"))  # fmt: skip
    with service(rig, zone):
        times = [1000 * followed(rig, zone) for _ in range(CHANGES)]
    report.add(Figure("notice_to_list_ms", median(times), "ms", CHANGES, words=spread(times)))


def main():
    env, chosen = read_environment(), form()
    folder = Path(tempfile.mkdtemp(prefix="sw-bench-"))
    os.chmod(folder, 0o755)
    report, rig, zone = Report(ROOT, chosen), None, None
    try:
        rig = Rig(env, folder)
        (folder / "key").write_text(key_text())
        zone = Zone(rig, NAMES[chosen])
        figures(report, rig, zone)
    finally:
        if zone:
            zone.primary.stop()
        if rig:
            rig.redis.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report.table()


if __name__ == "__main__":
    main()
