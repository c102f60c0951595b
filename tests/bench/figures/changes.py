"""The cost of a change of lists: a full load, a name, a prefix, thousands; and the effect on
clients."""

import gc
import multiprocessing
import random
import time

from harness.lists import id_key

from . import latency, sustained
from .latency import DEADLINE_S, NOERROR
from .load import Prober, run, write_questions
from .report import Figure, median
from .run_sizes import short
from .world import LIST, fill_names, pinned, prefix_of


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
    """A resolver with the list and many cached messages."""

    def __init__(self, world, report):
        self.world = world
        self.report = report
        self.sizes = world.sizes
        self.rng = random.Random(3)
        self.resolver = world.with_module("changes", more={"asn-mmdb": world.as_database()})
        self.prober = Prober(self.resolver.port)
        self.fill = write_questions(world.folder / "fill", fill_names(self.sizes.messages))
        self.next_prefix = self.sizes.swept  # smaller numbers have names

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

    # A change.

    def add(self, indicator, name=LIST):
        """In the way of a feed; returns the id of the entry once Redis has acknowledged it."""
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

    def ask_clean(self, questions):
        """Twice: the second answer comes from the cache."""
        for question in questions * 2:
            self.prober.must(question, NOERROR)

    # The figures.

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
    """Ask for a cached name for some seconds, question after question; sends the longest delay. A
    separate process, so that nothing else of this program is in the way."""
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
        latency.names(changes)
        latency.swept(changes)
        changes.stall_sweep()
        sustained.figure(changes)
    finally:
        changes.stop()


def bench_names(world, report):
    """The first of these alone."""
    changes = ChangeBench(world, report)
    changes.start()
    try:
        latency.names(changes)
    finally:
        changes.stop()
