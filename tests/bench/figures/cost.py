"""The cost of a query: CPU microseconds, several resolvers side by side, in turn, round by round.

Kinds: `plain` is Unbound alone, `control` the same once more (the ratio to plain is the noise of
the run), `module` has Sinkwatch with the list from Redis, `memory` the same with a memory of all
names, `rpz` the same names in a response policy zone. A ratio is the median of the rounds' ratios: a disturbance of a whole round falls out of the
median; the line also has the range of that median at 95 % (from the ratios' order alone). Clean
resolved answers have three times as many rounds, since their differences are the smallest compared
with the noise. The work of a resolver without queries, the module's threads above all, is measured
first, and is in no other figure than `idle_ms_per_s`: this is a cost of each second, and the number
of queries in a second is the benchmark's choice. "worker alone" leaves the module's threads out
altogether.

Blocked answers are names of the list at random, 10,000 names, each asked for ten times in about a
second; the module makes some 10,000 events of these and writes the events to Redis, which is
counted. The run also has an RPZ that writes hits to a log (`rpz_log`), and an Unbound that refuses
every query before any look at the name (`refusing`): the need of kernel and Unbound for any answer
at all. The `user` rows leave the kernel's part out.
"""

import random
import time
from dataclasses import dataclass

from .load import cpu_seconds, run, settle, user_and_system, write_questions
from .report import Figure, certain, median, spread
from .world import clean_names, fresh_names

SIDE_BY_SIDE = ("plain", "control", "module", "rpz")
RESOLVED_ROUNDS = 3  # times the rounds of other answers
IDLE_SAMPLES = 10  # seconds
EVENT_WINDOW_S = 1.2  # a little over the module's event-window: hits are written by then


@dataclass
class Job:
    """A kind of resolver with a kind of question."""

    resolver: object
    expected: str = "NOERROR"


def idle_costs(resolvers):
    """CPU seconds in each second that each thread uses while nobody asks, by process: the median of some
    seconds, as the module sweeps the cache now and then."""
    for resolver in resolvers:
        settle(resolver.pid)
    pids = [resolver.pid for resolver in resolvers]
    samples = {pid: {thread: [] for thread in cpu_seconds(pid)} for pid in pids}
    for _ in range(IDLE_SAMPLES):
        start, before = time.monotonic(), {pid: cpu_seconds(pid) for pid in pids}
        time.sleep(1)
        after, passed = {pid: cpu_seconds(pid) for pid in pids}, time.monotonic() - start
        for pid in pids:
            for thread, each in samples[pid].items():
                each.append((after[pid][thread] - before[pid][thread]) / passed)
    return {pid: {thread: median(each) for thread, each in samples[pid].items()} for pid in pids}


class Costs:
    """Microseconds per query of each kind, an entry for each round."""

    def __init__(self, kinds):
        self.whole = {kind: [] for kind in kinds}
        self.worker = {kind: [] for kind in kinds}
        self.user = {kind: 0.0 for kind in kinds}  # sums over all rounds: seconds, queries
        self.queries = {kind: 0 for kind in kinds}

    def note(self, kind, queries, spent, user):
        """spent: CPU seconds of each thread. The thread that used most is the worker: a client is
        always served by the same worker."""
        spent = [seconds / queries * 1e6 for seconds in spent]
        self.worker[kind].append(max(spent))
        self.whole[kind].append(sum(spent))
        self.user[kind] += user
        self.queries[kind] += queries

    def user_figure(self, name, kind, baseline):
        """A kind against another, without the kernel's part."""
        ours, theirs = (self.user[k] / self.queries[k] * 1e6 for k in (kind, baseline))
        whole = f"{kind} {median(self.whole[kind]):.2f}, {baseline} {median(self.whole[baseline]):.2f}"
        return Figure(
            name=name,
            value=ours,
            unit="us",
            n=len(self.whole[kind]),
            baseline=theirs,
            ratio=ours / theirs,
            words=f"of {whole} with the kernel's",
        )

    def figure(self, name, kind, baseline, words=""):
        """A kind against another."""
        ours, theirs = self.whole[kind], self.whole[baseline]
        ratios = [a / b for a, b in zip(ours, theirs)]
        worker = median(self.worker[kind])
        alone = median([a / b for a, b in zip(self.worker[kind], self.worker[baseline])])
        spent = f", worker alone {worker:.2f} ({alone:.3f})" if kind == "module" else ""
        return Figure(
            name=name,
            value=median(ours),
            unit="us",
            n=len(ours),
            baseline=median(theirs),
            ratio=median(ratios),
            words=f"{certain(ratios)}{kind} {spread(ours)}, {baseline} {spread(theirs)}{spent}{words}",
        )


def measure(jobs, questions, rounds, repeat=1):
    """Costs of each job; questions(kind, round) is the file of questions."""
    costs = Costs(jobs)
    kinds = list(jobs)
    idle = idle_costs([job.resolver for job in jobs.values()])
    for number in range(rounds):
        turn = number % len(kinds)
        for kind in kinds[turn:] + kinds[:turn]:
            job = jobs[kind]
            settle(job.resolver.pid)
            start, before = time.monotonic(), cpu_seconds(job.resolver.pid)
            user = user_and_system(job.resolver.pid)[0]
            queries = run(job.resolver.port, questions(kind, number), job.expected, repeat)
            settle(job.resolver.pid, EVENT_WINDOW_S if job.expected == "NXDOMAIN" else 0)
            user = user_and_system(job.resolver.pid)[0] - user
            after, passed = cpu_seconds(job.resolver.pid), time.monotonic() - start
            spent = [
                after[thread] - before.get(thread, 0) - idle[job.resolver.pid].get(thread, 0) * passed
                for thread in after
            ]
            costs.note(kind, queries, spent, user)
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
            "memory": world.with_memory(),
            "rpz": world.with_rpz(),
            "rpz_log": world.with_rpz("rpz_log", "  rpz-log: yes\n"),
            "refusing": world.refusing(),
        }
        for kind, resolver in made.items():
            self.report.say(f"starting {kind}")
            self.kinds[kind] = world.start(resolver)
            if kind != "refusing":
                run(resolver.port, self.cached)  # from now on in the cache
        world.wait_loaded(made["module"])
        world.wait_loaded(made["memory"])

    def stop(self):
        for resolver in self.kinds.values():
            self.world.stop(resolver)
        self.kinds = {}

    def idle(self):
        kinds = ("module", "plain", "rpz")
        costs = idle_costs([self.kinds[kind] for kind in kinds])
        each = {kind: 1000 * sum(costs[self.kinds[kind].pid].values()) for kind in kinds}
        words = f"CPU while nobody asks, median; plain {each['plain']:.2f}, rpz {each['rpz']:.2f}"
        self.report.add(Figure("idle_ms_per_s", each["module"], "ms", IDLE_SAMPLES, words=words))

    def clean_cached(self):
        jobs = {kind: Job(self.kinds[kind]) for kind in SIDE_BY_SIDE}
        costs = measure(jobs, lambda *_: self.cached, self.sizes.rounds, self.repeat)
        self.report.add(costs.figure("clean_cached", "module", "plain"))
        self.report.add(costs.figure("clean_cached_rpz", "rpz", "plain"))
        self.report.add(costs.figure("clean_cached_control", "control", "plain"))

    def clean_resolved(self):
        jobs = {kind: Job(self.kinds[kind]) for kind in (*SIDE_BY_SIDE, "memory")}
        rounds = RESOLVED_ROUNDS * self.sizes.rounds
        for number in range(rounds):
            names = fresh_names(self.sizes.resolved_queries, number)
            write_questions(self.world.folder / f"fresh{number}", names)
        costs = measure(jobs, lambda _, number: self.world.folder / f"fresh{number}", rounds)
        self.report.add(costs.figure("clean_resolved", "module", "plain"))
        self.report.add(costs.figure("clean_resolved_memory", "memory", "plain"))
        self.report.add(costs.figure("clean_resolved_rpz", "rpz", "plain"))
        self.report.add(costs.figure("clean_resolved_control", "control", "plain"))

    def blocked(self):
        jobs = {
            "plain": Job(self.kinds["plain"]),
            "module": Job(self.kinds["module"], "NXDOMAIN"),
            "rpz": Job(self.kinds["rpz"], "NXDOMAIN"),
            "rpz_log": Job(self.kinds["rpz_log"], "NXDOMAIN"),
            "refusing": Job(self.kinds["refusing"], "REFUSED"),
        }
        costs = measure(
            jobs,
            lambda kind, _: self.cached if kind == "plain" else self.listed,
            self.sizes.rounds,
            self.repeat,
        )
        for name, kind, baseline in (
            ("blocked_vs_cached", "module", "plain"),
            ("blocked_vs_rpz", "module", "rpz"),
            ("blocked_vs_rpz_log", "module", "rpz_log"),
            ("cached_vs_rpz", "plain", "rpz"),
            ("refused_vs_rpz", "refusing", "rpz"),
        ):
            self.report.add(costs.figure(name, kind, baseline))
        self.report.add(costs.user_figure("blocked_user_vs_cached", "module", "plain"))
        self.report.add(costs.user_figure("blocked_user_vs_rpz", "module", "rpz"))


def bench(world, report):
    costs = CostBench(world, report)
    costs.start()
    try:
        costs.idle()
        costs.clean_cached()
        costs.clean_resolved()
        costs.blocked()
    finally:
        costs.stop()
