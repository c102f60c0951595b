"""Instructions of user space for a query on the workers, counted by callgrind (D-067).

Times of two resolvers side by side differ by some percent on a machine with other work, as much as
the differences to be found; counts do not. `plain` is Unbound alone, `module` has Sinkwatch with
the list from Redis, `memory` the same with a memory of all names, `floor` has a module that answers
every question at once and does nothing else: no module can answer for less. Both workers are counted, from the first question to the last answer,
without the kernel's work.
"""

import re
import shutil
import subprocess
import time
from pathlib import Path

from .load import run, settle, write_questions
from .report import Figure
from .world import clean_names, fresh_names

NAMES = 2000  # distinct names, cached or listed
QUERIES = 4000
WRAPPER = """#!/bin/sh
exec valgrind -q --tool=callgrind --instr-atstart=no --separate-threads=yes \\
    --callgrind-out-file="{out}" "{unbound}" "$@"
"""


class Counted:
    """A resolver under callgrind, which counts only inside count()."""

    def __init__(self, world, kind):
        self.out = world.folder / f"counted-{kind}"
        program = world.folder / f"count-{kind}"
        program.write_text(WRAPPER.format(out=self.out, unbound=world.env.unbound))
        program.chmod(0o755)
        make = {
            "plain": world.plain,
            "module": world.with_module,
            "memory": world.with_memory,
            "floor": world.floor,
        }[kind]
        self.world = world
        self.resolver = world.start(make(f"{kind}-counted", unbound=program))
        self.dumps = 0
        if kind in ("module", "memory"):
            world.wait_loaded(self.resolver)

    def control(self, *words):
        command = ["callgrind_control", *words, str(self.resolver.pid)]
        subprocess.run(command, check=True, capture_output=True)

    def ask(self, questions, expected="NOERROR"):
        return run(self.resolver.port, questions, expected)

    def count(self, questions, expected="NOERROR"):
        """Instructions for each question of a file."""
        settle(self.resolver.pid)
        self.control("-i", "on")
        queries = self.ask(questions, expected)
        self.control("-i", "off")
        self.control("-d")
        self.dumps += 1
        return self._total() / queries

    def _total(self):
        """Of the workers in the latest dump: Unbound makes all workers but the first last."""
        each = self._threads()
        workers = self.world.sizes.threads
        return each[0] + sum(each[len(each) - (workers - 1) :])

    def _threads(self):
        """Instructions of each thread in the latest dump, when the dump is whole: for two seconds
        no file has come. A thread that has ended before leaves a gap in the numbers of the files; a
        thread that slept all the time may have no file."""
        last, since = None, time.monotonic()
        while time.monotonic() < since + 20:
            paths = sorted(self.out.parent.glob(f"{self.out.name}.{self.dumps}-*"))
            found = [re.search(r"^totals: (\d+)", path.read_text(), re.MULTILINE) for path in paths]
            if paths != last or not all(found):
                last, since = paths, time.monotonic()
            elif paths and time.monotonic() > since + 2:
                return [int(one.group(1)) for one in found]
            time.sleep(0.1)
        raise RuntimeError("callgrind left no whole files")


def bench(world, report):
    if not shutil.which("valgrind"):
        report.say("instructions: valgrind is not installed")
        return
    folder = world.folder
    cached = write_questions(folder / "counted", clean_names(NAMES) * 2)
    listed = write_questions(folder / "counted-listed", world.names[:NAMES] * 2)
    warm = write_questions(folder / "counted-warm", fresh_names(500, 998))
    fresh = write_questions(folder / "counted-fresh", fresh_names(QUERIES, 999))
    counts = {}
    for kind in ("plain", "module", "memory"):
        report.say(f"counting {kind}")
        counted = Counted(world, kind)
        counted.ask(cached)
        counted.ask(warm)
        counts[kind, "cached"] = counted.count(cached)
        counts[kind, "resolved"] = counted.count(fresh)
        if kind == "module":
            counted.ask(listed, "NXDOMAIN")
            counts[kind, "blocked"] = counted.count(listed, "NXDOMAIN")
        world.stop(counted.resolver)
    report.say("counting a module that only answers")
    floor = Counted(world, "floor")
    floor.ask(listed, "NXDOMAIN")
    counts["floor", "blocked"] = floor.count(listed, "NXDOMAIN")
    world.stop(floor.resolver)
    for name, ours, theirs in (
        ("cached_instructions", ("module", "cached"), ("plain", "cached")),
        ("resolved_instructions", ("module", "resolved"), ("plain", "resolved")),
        ("resolved_memory_instructions", ("memory", "resolved"), ("plain", "resolved")),
        ("blocked_instructions", ("module", "blocked"), ("plain", "cached")),
        ("floor_instructions", ("floor", "blocked"), ("plain", "cached")),
        ("blocked_over_floor", ("module", "blocked"), ("floor", "blocked")),
    ):
        than = f"{theirs[0]} {theirs[1]}"
        ours, theirs = counts[ours], counts[theirs]
        words = f"workers, user space; {ours - theirs:+.0f}, {than}"
        report.add(Figure(name, ours, "ins", QUERIES, theirs, ours / theirs, words))
