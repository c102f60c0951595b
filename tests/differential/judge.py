"""Which answers, and which records of hits, are not as they should be."""

import re
from collections import Counter, defaultdict

from model import RANK, Model, Verdict, wrong

IN, ANY = 1, 255  # a class, a type
REFUSED = 5
TRUNCATED = 2  # TC in the third octet
ALIAS = re.compile(r"(.*\.)?(c\d+|lo|dn|wi)-")  # kinds of names that may be aliases
LIMIT = ("c11-", "c12-")  # chains of 11 and 12 aliases


def known(line):
    """Differences that are known.

    - Unbound puts answers to ANY together of what is cached, where a private answer is not (D-085).
    - A failure is resolved anew where a rule that acts matches an address of the answer: the extended error
      may be another one. And of a failure the client is not told which aliases were followed.
    - Whether a chain of aliases as long as Unbound follows is followed to its end depends on the part of the
      chain that is cached.
    """
    return line.rdtype == ANY or line.failed or line.name.lower().startswith(LIMIT)


class Judge:
    """The model with the lists of one block."""

    def __init__(self, lists, chain):
        self.model = Model(lists)
        self.chain = chain  # the aliases from a name on, for answers that do not say

    def verdict(self, line):
        aliases, addresses, failed = line.aliases, line.addresses, line.failed and not line.bogus
        if failed and ALIAS.match(line.name.lower()) and line.rdclass == IN:
            aliases, addresses = self.chain(line.name.lower()), ()
        verdict = self.model.judge(
            line.name.lower(), line.rdtype, line.rdclass, line.tcp, aliases, addresses
        )
        return self._failed(line, verdict) if line.failed and verdict.winner else verdict

    @staticmethod
    def _failed(line, verdict):
        """A name or an alias is acted upon when it is seen (D-083). What its address would have said of an
        answer that does not validate changes nothing: it stays a failure."""
        rule = verdict.winner
        at_once = rule.rank == RANK["name"] and not rule.policy.get("observe")
        if verdict.rewrites and (at_once or not line.bogus):
            return verdict
        return Verdict(rule, "monitor" if verdict.rewrites else verdict.taken, verdict.recorded)

    def touched(self, lines):
        return sum(self.verdict(line).winner is not None for line in lines)

    def _refused(self, line):
        """A question without RD, which Unbound refuses before any module sees it."""
        return "n" in line.flags and line.same and line.rcode == REFUSED

    def expected(self, lines):
        """How many hits are to be recorded."""
        return sum(self._counts(line) for line in lines)

    def _counts(self, line):
        return not self._refused(line) and self.verdict(line).recorded

    def faults(self, lines, hits):
        """Reasons by the index of the question."""
        found = {}
        for line in lines:
            if reason := self._fault(line):
                found[line.index] = reason
        for index, reason in self._miscounted(lines, hits):
            found.setdefault(index, reason)
        return found

    def _fault(self, line):
        verdict = self.verdict(line)
        if self._refused(line) or line.late or line.unknown or known(line):
            return ""
        if not verdict.rewrites:
            return "" if line.same else "differs from Unbound alone"
        if line.same:
            return "" if self._alike(line, verdict) else f"not {verdict.taken} by {verdict.winner}"
        reason = wrong(line, verdict)
        return f"{reason} ({verdict.taken} by {verdict.winner})" if reason else ""

    @staticmethod
    def _alike(line, verdict):
        """Whether a rewritten answer can be the very same as the true one."""
        truncated = len(line.plain) > 2 and line.plain[2] & TRUNCATED
        return line.rcode == REFUSED or (verdict.taken == "tcp-only" and truncated)

    def _miscounted(self, lines, hits):
        """Hits that are missing, and hits that nobody should have recorded."""
        want, where, unsure = Counter(), defaultdict(list), set()
        for line in lines:
            verdict = self.verdict(line)
            where[line.name.lower(), line.rdtype].append(line.index)
            lost = not line.answered and verdict.taken != "drop"
            if lost or line.unknown or known(line):
                unsure.add((line.name.lower(), line.rdtype))
            if self._counts(line):
                want[line.name.lower(), line.rdtype, verdict.winner.list, verdict.taken] += 1
        words = defaultdict(list)
        for key in want | hits:
            if want[key] != hits[key] and key[:2] not in unsure:
                words[key[:2]].append(f"{key[2:]} recorded {hits[key]} times, not {want[key]}")
        for name, reasons in words.items():
            for index in where.get(name, [lines[0].index] if lines else []):
                yield index, f"{name}: {'; '.join(reasons)}"
