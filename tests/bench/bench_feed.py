"""Files of feeds onto a list: time, processor time and memory of `sinkwatch import` and `check --file`.

    make bench TESTS=feed [QUICK=1 | LONG=1]

A policy zone of 65 MB with 1,160,000 names (an eighth with QUICK), the same names as plain lines,
plain lines (LONG: 10,000,000), and lines that are all bad. Each goes into a real Redis. The run fails
unless the list then has exactly these indicators. Processor time counts on a machine with other work:
the command's and that of Redis. The memory is the largest resident set of the command.
"""

import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]

from figures.report import Figure, Report  # noqa: E402
from harness.environment import ROOT, read_environment  # noqa: E402
from harness.redis_server import Redis  # noqa: E402

FORMS = {"quick": (145_000, 145_000), "default": (1_160_000, 1_160_000), "long": (1_160_000, 10_000_000)}
BAD = 300_000
PARTLY, NOTHING = 6, 1


def form():
    for name in ("QUICK", "LONG"):
        if os.environ.get(name, "0") not in ("", "0"):
            return name.lower()
    return "default"


@dataclass
class Cost:
    wall_s: float
    cpu_s: float
    redis_s: float
    peak_mib: float
    said: int  # octets on standard error

    def words(self):
        return (f"{self.wall_s:.1f} s in all; CPU {self.cpu_s:.2f} s, of Redis {self.redis_s:.2f} s;"
                f" {self.peak_mib:.0f} MiB")  # fmt: skip


def largest(pid):
    """The largest resident set so far, in MiB; None: the process has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else None


class Rig:
    def __init__(self, env, folder):
        self.env, self.folder = env, folder
        self.redis = Redis(folder / "redis")
        self.redis.start()
        self.conf = folder / "sinkwatch.conf"
        self.conf.write_text(f'redis-socket: "{self.redis.socket}"\nredis-prefix: "s"\nredis-timeout: 60000\n')
        self.run("list", "set", "bad", "--action", "nxdomain")

    def cpu_of_redis(self):
        info = self.redis.client.info("cpu")
        return info["used_cpu_sys"] + info["used_cpu_user"]

    def run(self, *words, codes=(0,)):
        """The cost of a command. The resident set is read while it runs: that of wait4() counts the
        memory of this process as well."""
        log = self.folder / "stderr"
        redis, begin = self.cpu_of_redis(), time.monotonic()
        with log.open("wb") as err:
            process = subprocess.Popen([self.env.cli, "-c", self.conf, *map(str, words)],
                                       stdout=subprocess.DEVNULL, stderr=err)  # fmt: skip
            peak, ended = 0, 0
            while not ended:
                peak = largest(process.pid) or peak
                time.sleep(0.01)
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - begin
        if process.returncode not in codes:
            sys.exit(f"{words}: exit code {process.returncode}: {log.read_text(errors='replace')[:2000]}")
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(wall, cpu, self.cpu_of_redis() - redis, peak, log.stat().st_size)

    def load(self, path, n, *words, codes=(0,)):
        """Import a file onto the empty list."""
        self.redis.client.delete("s:list:bad")
        cost = self.run("import", *words, "bad", path, codes=codes)
        found = self.redis.client.hlen("s:list:bad")
        if found != n:
            sys.exit(f"{path.name}: the list has {found} indicators, not {n}")
        return cost


def floor(rig, path):
    """Processor time of Redis for the same fields by bare HSET, a thousand in each."""
    with path.open("rb") as lines, socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(rig.redis.socket))
        begin = rig.cpu_of_redis()
        while part := list(itertools.islice(lines, 1000)):
            words = [b"HSET", b"floor", *itertools.chain.from_iterable((b"=" + one[:-1], b"") for one in part)]
            sock.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            sock.recv(64)
        used = rig.cpu_of_redis() - begin
    rig.redis.client.delete("floor")
    return used


def write(path, lines):
    with path.open("w", encoding="ascii") as out:
        out.writelines(lines)
    return path


def name(i):
    return f"host-{i:08d}.campaign-{i % 977:04d}.example"


def zone(path, n):
    head = "$TTL 60\n@ SOA localhost. h.localhost. 1 3600 600 86400 60\n@ NS localhost.\n"
    return write(path, [head, *(f"{name(i)}.  60 IN CNAME .\n".replace(".  60", " 60", 1) for i in range(n))])


def figures(report, rig, sizes):
    n, many = sizes
    plain = rig.load(write(rig.folder / "plain.txt", (f"{name(i)}\n" for i in range(n))), n)
    bare = floor(rig, rig.folder / "plain.txt")
    report.add(Figure("import_cpu_s", plain.cpu_s, "s", 1, bare, (plain.cpu_s + plain.redis_s) / bare,
                      f"{n:,} lines; ratio: CPU of command and Redis, to that of Redis for bare HSETs"))  # fmt: skip
    path = zone(rig.folder / "zone.rpz", n)
    rpz = rig.load(path, n, "--format=rpz")
    mb = path.stat().st_size / 1e6
    report.add(Figure("import_rpz_s", rpz.wall_s, "s", 1, plain.wall_s, rpz.wall_s / plain.wall_s,
                      f"{mb:.0f} MB, {n:,} names, against plain lines; {rpz.words()}"))  # fmt: skip
    one = rig.run("check", "--file", write(rig.folder / "one.txt", [f"{name(1)}\n"]))
    asked = (f"{name(i)}\n" if i % 100 == 0 else f"clean-{i}.example\n" for i in range(n))
    check = rig.run("check", "--file", write(rig.folder / "asked.txt", asked))
    report.add(Figure("check_file_names_per_s", n / (check.cpu_s - one.cpu_s), "1/s", 1,
                      words=f"of CPU, one in a hundred listed; loading not counted; {check.words()}"))  # fmt: skip
    bad = rig.load(write(rig.folder / "bad.txt", (f"{i} is no_name!.\n" for i in range(BAD))), 0, "--format=plain",
                   codes=(NOTHING, PARTLY))  # fmt: skip
    report.add(Figure("report_of_bad_lines_kib", bad.said / 1024, "KiB", 1,
                      words=f"{BAD:,} bad lines; {bad.words()}"))  # fmt: skip
    large = rig.load(write(rig.folder / "many.txt", (f"{name(i)}\n" for i in range(many))), many)
    report.add(Figure("import_plain_s", large.wall_s, "s", 1, words=f"{many:,} lines; {large.words()}"))
    report.add(Figure("import_peak_mib", max(rpz.peak_mib, large.peak_mib, bad.peak_mib), "MiB", 1,
                      words="the largest of these imports"))  # fmt: skip


def main():
    env, chosen = read_environment(), form()
    folder = Path(tempfile.mkdtemp(prefix="sw-bench-"))
    report, rig = Report(ROOT, chosen), None
    try:
        rig = Rig(env, folder)
        figures(report, rig, FORMS[chosen])
    finally:
        if rig:
            rig.redis.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report.table()


if __name__ == "__main__":
    main()
