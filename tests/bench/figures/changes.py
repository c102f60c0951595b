"""What a change of lists takes: a full load, a name, a prefix; and what others feel of it."""

import gc
import multiprocessing
import random
import time

from harness.lists import id_key

from .load import LightLoad, Prober, run, write_questions
from .report import Figure, median, percentile
from .sizes import short
from .world import LIST, fill_names, pinned, prefix_of

NOERROR, NXDOMAIN = 0, 3
LIGHT_LOAD = 1000  # questions a second beside the changes
PAUSE_S = (0.0, 0.04)  # between two changes, at random
PROBE_PAUSE_S = 0.0002  # between two looks whether it is enforced: leaves the core to Redis
DEADLINE_S = 30


def load_redis(world, report):
    """Seconds from the start of the process until the whole list is reported as enforced."""
    taken = []
    for number in range(world.sizes.loads):
        resolver = world.with_module(f"load{number}")
        start = time.monotonic()
        with pinned(world.server_core):
            resolver.launch()
        while not world.loaded(resolver):
            if time.monotonic() - start > DEADLINE_S:
                raise RuntimeError(f"not loaded: {world.state(resolver)}")
            time.sleep(0.005)
        taken.append(time.monotonic() - start)
        world.stop(resolver)
    words = f"median; {min(taken):.2f}..{max(taken):.2f}"
    name = f"load_redis_{short(world.sizes.listed)}_s"
    report.add(Figure(name, median(taken), "s", len(taken), words=words))


class ChangeBench:
    """A resolver with the list and many messages in its cache."""

    def __init__(self, world, report):
        self.world = world
        self.report = report
        self.sizes = world.sizes
        self.rng = random.Random(3)
        self.resolver = world.with_module("changes")
        self.prober = Prober(self.resolver.port)
        self.fill = write_questions(world.folder / "fill", fill_names(self.sizes.messages))
        self.next_prefix = self.sizes.prefixes  # those below have names

    def start(self):
        self.world.start(self.resolver)
        self.world.wait_loaded(self.resolver)
        run(self.resolver.port, self.fill)
        count = self.resolver.statistic("msg.cache.count")
        if count < self.sizes.messages:
            raise RuntimeError(f"only {count:.0f} messages are in the cache")

    def stop(self):
        self.prober.close()
        self.world.stop(self.resolver)

    # One change.

    def add(self, indicator, name=LIST):
        """As a feed does; returns the id of the entry once Redis has acknowledged it."""
        with self.world.redis.client.pipeline(transaction=True) as tx:
            tx.hset(f"{{bench}}:list:{name}", indicator, "")
            fields = ["op", "add", "list", name, "i", indicator]
            trim = ["MAXLEN", "~", 100000, "*"]
            tx.execute_command("XADD", "{bench}:changes", *trim, *fields)
            return tx.execute()[-1]

    def wait_applied(self, change):
        """Until the resolver reports the change as enforced."""
        end = time.monotonic() + DEADLINE_S
        while id_key(self.world.state(self.resolver).get("applied")) < id_key(change):
            if time.monotonic() > end:
                raise RuntimeError(f"not applied: {self.world.state(self.resolver)}")
            time.sleep(0.002)

    def until_enforced(self, questions):
        """Milliseconds from now until each question has got the enforced answer, in order."""
        start = Prober.now()
        taken = [None] * len(questions)
        while None in taken:
            for i, question in enumerate(questions):
                if taken[i] is None:
                    rcode, at = self.prober.ask(question)
                    taken[i] = (at - start) * 1e3 if rcode == NXDOMAIN else None
            time.sleep(PROBE_PAUSE_S)
            if Prober.now() - start > DEADLINE_S:
                raise RuntimeError(f"not enforced after {DEADLINE_S} s")
        return taken

    def ask_clean(self, questions):
        """Twice: the second answer comes from the cache."""
        for question in questions * 2:
            self.prober.must(question, NOERROR)

    def series(self, count, indicator, questions):
        """Change after change under a light load, at random moments; enforced ms of each question."""
        taken = []
        asked = [[Prober.question(name) for name in questions(i)] for i in range(count)]
        with LightLoad(self.resolver.port, self.fill, LIGHT_LOAD):
            for i in range(count):
                self.ask_clean(asked[i])
                time.sleep(self.rng.uniform(*PAUSE_S))
                change = self.add(indicator(i))
                taken.append(self.until_enforced(asked[i]))
        self.wait_applied(change)
        for question in (question for group in asked for question in group):
            self.prober.must(question, NXDOMAIN)
        return taken

    def conditions(self, taken):
        return (
            f"p50 {percentile(taken, 50):.2f}, max {max(taken):.2f}; "
            f"{short(self.sizes.messages)} messages cached"
        )

    # The figures.

    def update_name(self):
        taken = self.series(
            self.sizes.changes,
            lambda i: f"x{i}.change.example",
            lambda i: (f"x{i}.change.example", f"y{i}.alias.example"),
        )
        both = [ms for pair in taken for ms in pair]
        aliases = [pair[1] for pair in taken]
        words = f"{self.conditions(both)}; aliases p99 {percentile(aliases, 99):.2f}"
        figure = Figure("update_name_p99_ms", percentile(both, 99), "ms", len(taken), words=words)
        self.report.add(figure)

    def update_sweep(self):
        taken = self.series(self.sizes.prefixes, prefix_of, lambda i: (f"p{i}.prefix.example",))
        single = [one for (one,) in taken]
        words = self.conditions(single)
        self.report.add(
            Figure("update_sweep_p99_ms", percentile(single, 99), "ms", len(single), words=words)
        )

    def stall_sweep(self):
        """Windows without and with sweeps in turn. The same changes reach Redis and the module in
        both: prefixes of a list that only explains make no sweep."""
        quiet, swept = [], []
        for _ in range(self.sizes.windows):
            quiet.append(self._longest("explained"))
            swept.append(self._longest(LIST))
        without, during = median(quiet), median(swept)
        words = (
            f"median of longest delays {during:.2f} during, {without:.2f} without; "
            f"worst {max(swept):.2f}, {max(quiet):.2f}; {short(self.sizes.messages)} messages cached"
        )
        self.report.add(
            Figure("stall_sweep_ms", during - without, "ms", self.sizes.windows, words=words)
        )

    def _longest(self, name):
        """Longest delay in milliseconds that a stream of questions met while prefixes were added."""
        ours, theirs = multiprocessing.Pipe()
        arguments = (self.resolver.port, self.sizes.window_s, theirs)
        probing = multiprocessing.Process(target=probe, args=arguments, daemon=True)
        probing.start()
        assert ours.recv() == "go"
        change = None
        while not ours.poll(0.02):
            change = self.add(prefix_of(self.next_prefix), name)
            self.next_prefix += 1
        probing.join()
        self.wait_applied(change)
        return ours.recv() * 1e3


def probe(port, seconds, pipe):
    """Ask for a cached name for some seconds, one question after the other; sends the longest
    delay. A process of its own, so that nothing else of this program is in its way."""
    gc.disable()
    prober = Prober(port)
    question = Prober.question(fill_names(1)[0])
    for _ in range(100):
        prober.must(question, NOERROR)
    pipe.send("go")
    longest = 0.0
    before = Prober.now()
    end = before + seconds
    while before < end:
        _, at = prober.ask(question)
        longest = max(longest, at - before)
        before = Prober.now()
    pipe.send(longest)


def bench(world, report):
    changes = ChangeBench(world, report)
    changes.start()
    try:
        changes.update_name()
        changes.update_sweep()
        changes.stall_sweep()
    finally:
        changes.stop()
