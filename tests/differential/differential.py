"""Unbound alone and Unbound with the module, side by side, asked the same questions.

    differential.py [--queries N] [--seed N] [--configuration NAME]... [--phase NAME]...
    differential.py --seed N --pool N --configuration NAME --phase NAME --block N --again INDEX[,INDEX]

Each configuration has phases: lists that match nothing, lists that only watch, lists that act, and
lists that change from one block of questions to the next. A difference counts when it lasts: the
question, asked alone from empty caches, shows the difference again each time. Prints a table, and
for each difference the question, both answers, and the command that repeats the question alone.
Where each answer is Unbound's own, the work for some of the questions is compared as well (warm.py).
Exits with 1 for any difference.

Decisions: D-103, D-257.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from configuration import CONFIGURATIONS, TRUE_ONLY, Run
from judge import Judge
from random_lists import PHASES, acting, nothing, watching
from warm import Warm
from wording import describe, table, unlike

from harness.environment import read_environment

BLOCK = 2000  # questions between two looks, at least
BLOCKS = 8  # of a phase, at most: each ends with a wait for the slowest question
PATIENCE = 6.0  # seconds between the two answers to a question that is asked alone, at most
LASTING = 3  # times that a difference is seen again before counting
TOLD = 10  # differences described for each phase
NUMBER = 10**9  # questions of a phase begin at the phase's number times this


class Phase:
    """A phase of a configuration: asks block by block, and examines differences."""

    def __init__(self, run, name):
        self.run, self.name = run, name
        self.counts, self.told = Counter(), []
        self.judge = None
        self.warm_seconds = 0.0

    def begin_block(self, number):
        """Put the block's lists in force."""
        run = self.run
        if self.name == "changing" or not self.judge:
            make = {
                "nothing": nothing,
                "watching": lambda: watching(run.seed, run.pool),
                "acting": lambda: acting(run.seed, 0, run.pool),
                "changing": lambda: acting(run.seed, number, run.pool),
            }
            lists = make[self.name]()
            run.apply(lists)
            self.judge = Judge(lists, run.chain)

    @property
    def flags(self):
        """Where lists act the true answer of each question is needed, and a recursive question."""
        return "kr" if self.name in ("acting", "changing") else "k"

    def ask(self, ranges, more="", **options):
        lines = self.run.ask(ranges, self.flags + more, **options)
        return lines, self.judge.faults(lines, self.run.hits(self.judge.expected(lines)))

    def alone(self, indices, more=""):
        """Ask these questions in sequence."""
        return self.ask([(index, 1) for index in indices], more, window=1, patience=PATIENCE)

    def block(self, number, first, count):
        self.begin_block(number)
        lines, faults = self.ask([(first, count)])
        # Nothing that is under way excuses these, so they need not come again.
        sure = [(line, faults[line.index]) for line in lines
                if line.index in faults and self.judge.certain(line)]  # fmt: skip
        lasting = sure + self.lasting({i: why for i, why in faults.items() if i not in {s[0].index for s in sure}})
        self.counts.update(
            asked=len(lines), touched=self.judge.touched(lines), recorded=self.judge.expected(lines),
            once=len(faults), lasting=len(lasting),
        )  # fmt: skip
        self.counts.update(self.judge.excused(lines))
        for line, reason in lasting:
            self.tell(line, reason, number, sorted(faults))
        if self.name in TRUE_ONLY:
            self.warm(Warm(self.run).some(lines), number)

    def warm(self, lines, number):
        """Compare the work of both resolvers for these questions, where each answer is Unbound's own."""
        begin, warm = time.monotonic(), Warm(self.run)
        lasting = warm.lasting(lines)
        self.counts.update(warm.counts, lasting=len(lasting))
        self.warm_seconds += time.monotonic() - begin
        for key, words in sorted(lasting.items())[: TOLD - len(self.told)]:
            needed = lines if self.told else warm.shortest(lines, key)
            self.told.append(unlike(words, self.run, self.name, number, needed))
            print(self.told[-1], flush=True)
        self.run.hits(0)  # these events are no part of a block

    def lasting(self, faults):
        """Faults that come again each time: pairs of a line and a reason."""
        found = []
        for _ in range(LASTING if faults else 0):
            self.run.forget()
            lines, faults = self.alone(sorted(faults), "h")
            found = [(line, faults[line.index]) for line in lines if line.index in faults]
            found = list({line.index: (line, reason) for line, reason in found}.values())
        return found

    def shows(self, indices):
        """Whether the last question shows a fault from empty caches."""
        self.run.forget()
        _, faults = self.alone(indices)
        return indices[-1] in faults

    def shortest(self, index, before):
        """The questions to ask so that this question shows the fault: alone, or behind a few
        others."""
        if self.shows([index]) or not self.shows([*before, index]):
            return [index]
        part = len(before)
        while part > 1:
            part = (part + 1) // 2
            for at in range(0, len(before), part):
                fewer = before[:at] + before[at + part :]
                if self.shows([*fewer, index]):
                    before, part = fewer, 2 * part
                    break
        return [*before, index]

    def tell(self, line, reason, number, asked):
        self.told.append(f"{line.name} {line.rdtype}: {reason}")
        if len(self.told) > TOLD:
            return
        indices = self.shortest(line.index, [index for index in asked if index < line.index])
        words = describe(line, reason, self.run, self.name, number, indices)
        self.told[-1] = words
        print(words, flush=True)


def run_phase(run, name, queries):
    phase = Phase(run, name)
    begin = time.monotonic()
    base = PHASES.index(name) * NUMBER
    size = max(BLOCK, -(-queries // BLOCKS))
    for number, first in enumerate(range(0, queries, size)):
        phase.block(number, base + first, min(size, queries - first))
    phase.seconds = time.monotonic() - begin
    return phase


def again(run, options):
    """Ask some questions alone, and print everything about the answers."""
    phase = Phase(run, options.phase[0])
    phase.begin_block(options.block)
    indices = [int(word) for word in options.again.split(",")]
    lines, faults = phase.alone(indices, "h")
    for line in lines:
        reason = faults.get(line.index, "as it should be")
        print(describe(line, reason, run, phase.name, options.block, indices))
    phase.counts.update(lasting=len(faults))
    if phase.name in TRUE_ONLY:
        phase.warm(list({line.index: line for line in lines if not line.turn}.values()), options.block)
    return phase


def phases_of(name, options):
    return [phase for phase in CONFIGURATIONS[name].phases if phase in (options.phase or PHASES)]


def differ(env, folder, options):
    """Run every phase of the options, each with a share of the questions. Returns the phases."""
    names = options.configuration or list(CONFIGURATIONS)
    share = -(-options.queries // sum(len(phases_of(name, options)) for name in names))
    pool = options.pool or max(10, share // 1000)
    phases = []
    for name in names:
        with Run(env, folder / name, name, options.seed, pool) as run:
            if options.again:
                phases.append(again(run, options))
                continue
            for phase in phases_of(name, options):
                phases.append(run_phase(run, phase, share))
                print(table(run, phases[-1]), flush=True)
                run.forget()
    return phases


def read_options(words=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=20000, help="in all")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--pool", type=int, default=0, help="names of each kind in each zone")
    parser.add_argument("--configuration", action="append", choices=list(CONFIGURATIONS))
    parser.add_argument("--phase", action="append", choices=PHASES)
    parser.add_argument("--block", type=int, default=0)
    parser.add_argument("--again", default="")
    return parser.parse_args(words)


def main():
    options = read_options()
    folder = Path(tempfile.mkdtemp(prefix="sw-diff-"))
    print(f"seed {options.seed}")
    try:
        lasting = sum(p.counts["lasting"] for p in differ(read_environment(), folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{lasting} lasting differences")
    return 1 if lasting else 0


if __name__ == "__main__":
    sys.exit(main())
