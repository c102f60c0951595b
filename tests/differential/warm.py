"""Equal answers for equal work: Unbound's own counters beside each other, question by question.

Equal answers do not show an expired answer that is resolved anew instead of being served, an answer
that is not renewed in time, or a failure that is not cached. So some questions of a block come again
where no list changes an answer: from empty caches, from full caches, and, where the configuration has
short times to live, after their end. After each question the counters of both resolvers have grown
by the same numbers: hits and misses of the cache, expired answers, renewals, questions upstream.

Chance makes no difference:
- A question is asked when neither resolver has a query in hand, and the counters are read then too.
- Both resolvers are asked within the same second of the clock, so times to live end for both or none.
- Questions that lead to a silent server, or to one of several servers, are left out.
- A difference counts when the whole sequence, from empty caches, shows the difference at the same
  question LASTING times.

Decision: D-257.
"""

import contextlib
import re
import socket
import time
from collections import Counter

import dns.rdatatype

from harness.client import question
from harness.resolver import ADDRESS
from harness.wait import live, until

IN = 1
QUESTIONS = 60  # of a block
LASTING = 4
PATIENCE = 20  # seconds for an answer
BUSY_AFTER = 0.8  # of a second: a question that begins later waits for the next second
ALIAS = re.compile(r"(.*\.)?(c\d+|lo|dn|wi)-")  # kinds of names that may be aliases
SILENT, SEVERAL = re.compile(r"(^|\.)si-"), "cut.example"
COUNTERS = (
    "total.num.queries", "total.num.cachehits", "total.num.cachemiss", "total.num.prefetch",
    "total.num.expired", "total.num.recursivereplies", "num.query.udpout", "num.query.tcpout",
    "num.answer.secure", "num.answer.bogus", "num.rrset.bogus",
)  # fmt: skip
SHOWN = {  # in a run's table: a comparison without these shows little
    "hits": "total.num.cachehits", "expired": "total.num.expired", "renewed": "total.num.prefetch",
}  # fmt: skip
IN_HAND = "total.requestlist.current.all"


def counters(side):
    """All counters of a resolver, by unbound-control's own protocol."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(30)
        control.connect(str(side.folder / "control.sock"))
        control.sendall(b"UBCT1 stats_noreset\n")
        text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
    return dict(line.split("=", 1) for line in text.splitlines())


def quiet(side):
    """The compared counters, once nothing is in hand."""
    found = {}

    def none_in_hand():
        found.update(counters(side))
        return found[IN_HAND] == "0"

    until(none_in_hand, "all queries to be resolved", 30)
    return [int(found[name]) for name in COUNTERS]


def wait_for_room():
    """Wait for the next second of the clock where this one is nearly over."""
    part = time.time() % 1
    if part > BUSY_AFTER:
        live(1 - part)


def wire(line):
    """The question of a line, over UDP."""
    flags = {"edns": "o" not in line.flags, "do": "d" in line.flags, "cd": "c" in line.flags}
    query = question(line.name, line.rdtype, rd="n" not in line.flags, ad=False, **flags)
    return query.to_wire()


def ask(side, line):
    """Ask once, and wait for the answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, contextlib.suppress(OSError):
        client.settimeout(PATIENCE)
        client.connect((ADDRESS, side.port))
        client.send(wire(line))
        client.recv(65535)


class Warm:
    """The second pass over questions of a run."""

    def __init__(self, run):
        self.run, self.sides = run, (run.plain, run.ours)
        self.counts = Counter()  # of Unbound alone

    def suitable(self, line):
        """Whether both resolvers have to do the same for a question: see above."""
        if line.turn or line.rdclass != IN or not line.same or line.rcode is None:
            return False
        name = line.name.lower()
        names = [name, *line.aliases]
        if ALIAS.match(name) and not any(SEVERAL in each for each in names):
            names += self.run.chain(name)
        return not any(SEVERAL in each or SILENT.search(each) for each in names)

    def some(self, lines):
        """Some of a block's questions, from the whole block."""
        step = max(1, len(lines) // (2 * QUESTIONS))
        return [line for line in lines[::step] if self.suitable(line)][:QUESTIONS]

    def grown(self, line):
        """By how much the counters of each resolver grow at a question."""
        grown = []
        wait_for_room()
        for side, before in zip(self.sides, self.before):
            ask(side, line)
            now = quiet(side)
            grown.append([b - a for a, b in zip(before, now)])
            before[:] = now
        return grown

    def differences(self, lines):
        """The words about each difference, by the number of the pass and the question."""
        found = {}
        self.run.forget()
        self.before = [quiet(side) for side in self.sides]
        for number, age in enumerate((0, *self.run.configuration.ages)):
            live(age)
            for line in lines:
                plain, ours = self.grown(line)
                self.counts["warm"] += 1
                self.counts.update({short: plain[COUNTERS.index(name)] for short, name in SHOWN.items()})
                if plain != ours:
                    found[number, line.index] = self.words(line, number, plain, ours)
        return found

    @staticmethod
    def words(line, number, plain, ours):
        parts = [f"{name} {a}, not {b}" for name, a, b in zip(COUNTERS, ours, plain) if a != b]
        rdtype = dns.rdatatype.to_text(line.rdtype)
        return f"{line.name} {rdtype} flags {line.flags}, pass {number}: {', '.join(parts)}"

    def lasting(self, lines):
        """The differences that come each time: words by pass and question."""
        lasting = self.differences(lines)
        self.counts["unlike"] += len(lasting)
        for _ in range(LASTING - 1):
            if not lasting:
                break
            again = self.differences(lines)
            lasting = {key: again[key] for key in lasting if key in again}
        return lasting

    def shortest(self, lines, key):
        """The questions that show a difference again: the question alone, or all."""
        alone = [line for line in lines if line.index == key[1]]
        return alone if self.lasting(alone) else lines
