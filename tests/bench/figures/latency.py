"""From the write in Redis to the first enforced answer, for each kind of indicator.

Names are added singly in sequence. Changes that need a walk through the caches take so much longer
that the changes are made at a steady pace instead, many under way at the same time, and each is
timed singly: a question is asked about once a millisecond, until the answer, which was cached, has
changed.
"""

import time
from dataclasses import dataclass

from .load import LightLoad, Prober
from .report import Figure, median, percentile
from .run_sizes import short
from .world import asn_of, prefix_of

NOERROR, NXDOMAIN = 0, 3
LIGHT_LOAD = 1000  # questions a second beside the changes
PROBE_PAUSE_S = 0.0002  # between two questions about the same change: leaves the core to Redis
ROUND_S = 0.002  # from a round of questions about all changes under way to the next
DEADLINE_S = 30


@dataclass
class Kind:
    """A sort of indicator, and the question with the cached answer that the i-th indicator
    contradicts."""

    figure: str
    indicator: callable
    question: callable


KINDS = (
    Kind("update_subtree_p99_ms", lambda i: f"s{i}.sub.example", lambda i: f"www.s{i}.sub.example"),
    Kind("update_prefix_p99_ms", prefix_of, lambda i: f"p{i}.prefix.example"),
    Kind("update_as_p99_ms", asn_of, lambda i: f"a{i}.as.example"),
)


class UnderWay:
    """Changes that were made and are not yet enforced: time and question."""

    def __init__(self, prober):
        self.prober = prober
        self.waiting = []  # (time, question)
        self.taken = []  # milliseconds

    def add(self, question):
        self.waiting.append((Prober.now(), question))

    def look(self):
        """Ask about each once."""
        left = []
        for began, question in self.waiting:
            rcode, at = self.prober.ask(question)
            if rcode == NXDOMAIN:
                self.taken.append((at - began) * 1e3)
            elif at - began > DEADLINE_S:
                raise RuntimeError(f"not enforced after {DEADLINE_S} s")
            else:
                left.append((began, question))
        self.waiting = left


def paced(bench, kind, count):
    """Enforced ms of each of count changes of a kind."""
    prober = bench.prober
    questions = [Prober.question(kind.question(i)) for i in range(count)]
    under_way = UnderWay(prober)
    with LightLoad(bench.resolver.port, bench.fill, LIGHT_LOAD):
        start = time.monotonic()
        for i in range(count):
            bench.ask_clean([questions[i]])
            while (wait := start + i / bench.sizes.pace - time.monotonic()) > 0:
                under_way.look()
                time.sleep(min(wait, ROUND_S))
            change = bench.add(kind.indicator(i))
            under_way.add(questions[i])
        while under_way.waiting:
            under_way.look()
            time.sleep(ROUND_S)
    bench.wait_applied(change)
    for question in questions:
        prober.must(question, NXDOMAIN)
    return under_way.taken


def until_enforced(prober, questions):
    """Milliseconds from now until each question has got the enforced answer, in order."""
    start = Prober.now()
    taken = [None] * len(questions)
    while None in taken:
        for i, question in enumerate(questions):
            if taken[i] is None:
                rcode, at = prober.ask(question)
                taken[i] = (at - start) * 1e3 if rcode == NXDOMAIN else None
        time.sleep(PROBE_PAUSE_S)
        if Prober.now() - start > DEADLINE_S:
            raise RuntimeError(f"not enforced after {DEADLINE_S} s")
    return taken


def one_by_one(bench, count):
    """Names, each with an alias to the name: enforced ms of the name and of the alias, for each
    change."""
    prober = bench.prober
    taken = []
    asked = [
        [Prober.question(f"x{i}.change.example"), Prober.question(f"y{i}.alias.example")]
        for i in range(count)
    ]
    with LightLoad(bench.resolver.port, bench.fill, LIGHT_LOAD):
        for i in range(count):
            bench.ask_clean(asked[i])
            time.sleep(bench.rng.uniform(0, bench.sizes.pause_s))
            change = bench.add(f"x{i}.change.example")
            taken.append(until_enforced(prober, asked[i]))
    bench.wait_applied(change)
    for question in (question for group in asked for question in group):
        prober.must(question, NXDOMAIN)
    return taken


def cached(bench):
    return f"{short(bench.sizes.messages)} messages cached"


def names(bench):
    """update_name_p99_ms, and the parts."""
    pairs = one_by_one(bench, bench.sizes.changes)
    both = [ms for pair in pairs for ms in pair]
    add(bench, "update_name_p99_ms", both, f"names and aliases to them; {cached(bench)}")
    add(bench, "update_only_name_p99_ms", [pair[0] for pair in pairs], "names")
    add(bench, "update_alias_p99_ms", [pair[1] for pair in pairs], "aliases to them")


def swept(bench):
    """update_<kind>_p99_ms for each kind, and all together."""
    every = []
    for kind in KINDS:
        taken = paced(bench, kind, bench.sizes.swept)
        add(bench, kind.figure, taken, f"{bench.sizes.pace} a second")
        every += taken
    add(bench, "update_sweep_p99_ms", every, f"these three; {cached(bench)}")


def add(bench, name, taken, words):
    spread = f"p50 {median(taken):.2f}, max {max(taken):.2f}; {words}"
    bench.report.add(Figure(name, percentile(taken, 99), "ms", len(taken), words=spread))
