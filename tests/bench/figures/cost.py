"""What a query costs: CPU microseconds, several resolvers side by side, in turn, round by round.

Kinds: `plain` is Unbound alone, `control` the same once more (its ratio to plain is the noise of
the run), `module` has Sinkwatch with the list from Redis, `rpz` the same names in a response policy zone.
A ratio is the median of the rounds' ratios: what disturbs a whole round falls out of it.
"""

import random
from dataclasses import dataclass

from .load import cpu_seconds, run, settle, write_questions
from .report import Figure, median, spread
from .world import clean_names, fresh_names

EVENT_WINDOW_S = 1.2  # a little over the module's event-window: hits are written by then


@dataclass
class Job:
    """A kind of resolver under one kind of question."""

    resolver: object
    expected: str = "NOERROR"


class Costs:
    """Microseconds per query of each kind, one entry for each round."""

    def __init__(self, kinds):
        self.whole = {kind: [] for kind in kinds}
        self.worker = {kind: [] for kind in kinds}

    def note(self, kind, queries, before, after):
        """The thread that used most is the worker: one client is always served by the same."""
        spent = [(after[thread] - before.get(thread, 0)) / queries * 1e6 for thread in after]
        self.worker[kind].append(max(spent))
        self.whole[kind].append(sum(spent))

    def figure(self, name, kind, baseline, words=""):
        """One kind against another."""
        ours, theirs = self.whole[kind], self.whole[baseline]
        ratios = [a / b for a, b in zip(ours, theirs)]
        worker = median(self.worker[kind])
        spent = f", worker alone {worker:.2f}" if median(ours) - worker > 0.05 else ""
        return Figure(
            name=name,
            value=median(ours),
            unit="us",
            n=len(ours),
            baseline=median(theirs),
            ratio=median(ratios),
            words=f"{kind} {spread(ours)}, {baseline} {spread(theirs)}{spent}{words}",
        )


def measure(jobs, questions, rounds, repeat=1):
    """Costs of each job; questions(kind, round) is the file of questions."""
    costs = Costs(jobs)
    kinds = list(jobs)
    for number in range(rounds):
        turn = number % len(kinds)
        for kind in kinds[turn:] + kinds[:turn]:
            job = jobs[kind]
            settle(job.resolver.pid)
            before = cpu_seconds(job.resolver.pid)
            queries = run(job.resolver.port, questions(kind, number), job.expected, repeat)
            settle(job.resolver.pid, EVENT_WINDOW_S if job.expected == "NXDOMAIN" else 0)
            costs.note(kind, queries, before, cpu_seconds(job.resolver.pid))
    return costs


class CostBench:
    def __init__(self, world, report):
        self.world = world
        self.report = report
        self.sizes = world.sizes
        self.kinds = {}
        self.repeat = max(1, self.sizes.cached_queries // self.sizes.names)
        self.cached = write_questions(world.folder / "cached", clean_names(self.sizes.names))
        listed = random.Random(7).sample(world.names, self.sizes.names)
        self.listed = write_questions(world.folder / "listed", listed)

    def start(self):
        world = self.world
        made = {
            "plain": world.plain(),
            "control": world.plain("control"),
            "module": world.with_module(),
            "rpz": world.with_rpz(),
        }
        for kind, resolver in made.items():
            self.report.say(f"starting {kind}")
            self.kinds[kind] = world.start(resolver)
            run(resolver.port, self.cached)  # from now on in the cache
        world.wait_loaded(made["module"])

    def stop(self):
        for resolver in self.kinds.values():
            self.world.stop(resolver)
        self.kinds = {}

    def clean_cached(self):
        jobs = {kind: Job(resolver) for kind, resolver in self.kinds.items()}
        costs = measure(jobs, lambda *_: self.cached, self.sizes.rounds, self.repeat)
        self.report.add(costs.figure("clean_cached", "module", "plain"))
        self.report.add(costs.figure("clean_cached_rpz", "rpz", "plain"))
        self.report.add(costs.figure("clean_cached_control", "control", "plain"))

    def clean_resolved(self):
        jobs = {kind: Job(resolver) for kind, resolver in self.kinds.items()}
        for number in range(self.sizes.rounds):
            names = fresh_names(self.sizes.resolved_queries, number)
            write_questions(self.world.folder / f"fresh{number}", names)
        costs = measure(
            jobs, lambda _, number: self.world.folder / f"fresh{number}", self.sizes.rounds
        )
        self.report.add(costs.figure("clean_resolved", "module", "plain"))
        self.report.add(costs.figure("clean_resolved_rpz", "rpz", "plain"))
        self.report.add(costs.figure("clean_resolved_control", "control", "plain"))

    def blocked(self):
        jobs = {
            "plain": Job(self.kinds["plain"]),
            "module": Job(self.kinds["module"], "NXDOMAIN"),
            "rpz": Job(self.kinds["rpz"], "NXDOMAIN"),
        }
        files = {"plain": self.cached, "module": self.listed, "rpz": self.listed}
        costs = measure(jobs, lambda kind, _: files[kind], self.sizes.rounds // 2, self.repeat)
        self.report.add(costs.figure("blocked_vs_cached", "module", "plain"))
        self.report.add(costs.figure("blocked_vs_rpz", "module", "rpz"))


def bench(world, report):
    costs = CostBench(world, report)
    costs.start()
    try:
        costs.clean_cached()
        costs.clean_resolved()
        costs.blocked()
    finally:
        costs.stop()
