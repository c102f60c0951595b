"""Benchmarks of the whole daemon: the cost of a query, and of a change of lists.

    make bench                                     with everything else
    make bench TESTS=daemon [QUICK=1 | LONG=1]     this alone

Real Unbound, Redis and nsd on loopback, dnsperf as load. All threads of a resolver are on a core,
everything else on another core. Costs are CPU time by the kernel's own accounting (all threads of
the process), never time on the clock, and are compared inside a run only: resolvers are measured in
turn, round by round. The `control` rows are Unbound against itself and show how far a ratio can be
trusted. "reach" is the goal of the design. The part `instructions` counts instead of measuring
time, with valgrind where installed.

Resolvers have two workers; the load, a single client with a single port, keeps one worker busy:
with a single thread the kernel and the C library take short cuts (no counting of references to open
files, no locks in malloc) that end with any second thread, a worker's or the module's. The short
cuts are worth 2 % of a cached answer and 4 % of a resolved answer; --threads 1 shows the
difference.

Options: --help.
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]

from figures import changes, cost, instructions, replacement, run_sizes, triggers  # noqa: E402
from figures.report import Report  # noqa: E402
from figures.world import World  # noqa: E402
from harness.environment import ROOT, read_environment  # noqa: E402

PARTS = {
    "cost": cost.bench,
    "instructions": instructions.bench,
    "load": changes.load_redis,
    "replace": replacement.bench,
    "changes": changes.bench,
    "names": changes.bench_names,
    "triggers": triggers.bench,
}
ALL = [part for part in PARTS if part != "names"]  # a part of changes


def options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--quick", action="store_true", help="small numbers, to try")
    form.add_argument("--long", action="store_true", help="a million messages in the cache")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part (repeatable)")
    parser.add_argument("--messages", type=int, help="answers in the cache while lists change")
    parser.add_argument("--listed", type=int, help="names on the list")
    parser.add_argument("--rounds", type=int, help="repeats of each cost measurement")
    parser.add_argument("--threads", type=int, help="workers of each resolver (2)")
    parser.add_argument("--nice", type=int, default=0, help="on a busy machine: -10, as root")
    return parser.parse_args()


def wanted_sizes(args):
    chosen = run_sizes.DEFAULT
    if args.quick or os.environ.get("QUICK", "0") not in ("", "0"):
        chosen = run_sizes.QUICK
    if args.long or os.environ.get("LONG", "0") not in ("", "0"):
        chosen = run_sizes.LONG
    given = {key: getattr(args, key) for key in ("messages", "listed", "rounds", "threads")}
    return replace(chosen, **{key: value for key, value in given.items() if value})


def say_what_is_missing(env):
    """Exit when a program is not there."""
    words = [text for text in env.missing() if not text.startswith("SINKWATCH_CLI")]
    if not shutil.which("dnsperf"):
        words.append("dnsperf is not installed")
    if words:
        sys.exit("; ".join(words) + " (make setup; make bench)")


def be_nice(value):
    """Priority for this process, and for the process's session where the kernel shares time by
    sessions."""
    if value:
        os.nice(value)
        with contextlib.suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(value), encoding="ascii")


def main():
    args = options()
    env = read_environment()
    say_what_is_missing(env)
    chosen = wanted_sizes(args)
    be_nice(args.nice)
    report = Report(ROOT, chosen.form)
    folder = Path(tempfile.mkdtemp(prefix="sw-bench-"))
    start = time.monotonic()
    print(
        f"{chosen.form} form: Unbound {env.unbound_version()}, {chosen.listed} names listed, "
        f"{chosen.messages} messages cached; {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    )
    try:
        with World(env, folder, chosen) as world:
            if world.server_core == world.load_core:
                report.say("only one CPU: the load disturbs what it measures")
            for part in args.only or ALL:
                PARTS[part](world, report)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{time.monotonic() - start:.0f} s, load at the end {os.getloadavg()[0]:.1f}\n")
    report.table()


if __name__ == "__main__":
    main()
