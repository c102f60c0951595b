"""Wrong answers, and wrong records of hits."""

import re
from collections import Counter, defaultdict

import dns.exception
import dns.message
from model import RANK, Model, Verdict, wrong
from random_lists import REDIRECTED

IN, NSEC, ANY = 1, 47, 255  # a class, types
ALIAS_MODES = (64, 65)  # SVCB and HTTPS, whose target is an alias that no resolver follows (RFC 9460 2.4.2)
SERVFAIL, REFUSED = 2, 5
TRUNCATED = 2  # TC in the third octet
ALIAS = re.compile(r"(.*\.)?(c\d+|lo|dn|wi)-")  # kinds of names that may be aliases
LIMIT = ("c11-", "c12-")  # chains of 11 and 12 aliases


def read(packet):
    """A message, or None where dnspython reads none."""
    try:
        return dns.message.from_wire(packet, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError):
        return None


def shown(message):
    """A message but for its extended errors, to be compared."""
    options = [option.to_wire() for option in message.options if option.otype != 15]
    sections = [sorted((rrset.name.to_text().lower(), rrset.rdtype, item.to_text())
                       for rrset in section for item in rrset)
                for section in (message.answer, message.authority, message.additional)]  # fmt: skip
    return (message.flags, message.ednsflags, options, sections)


def differs_in_extended_errors(line):
    ours, plain = read(line.ours), read(line.plain)
    return bool(ours and plain) and shown(ours) == shown(plain)


def fails(packet):
    """Whether an answer is SERVFAIL, without a record."""
    return len(packet) > 11 and packet[3] & 15 == SERVFAIL and packet[6:10] == bytes(4)


def part_of(line):
    """Whether the records of one of two true answers are among those of the other."""
    ours, plain = read(line.ours), read(line.plain)
    if not ours or not plain or ours.rcode() != plain.rcode():
        return False
    a, b = ({(rrset.rdtype, item.to_text()) for rrset in each.answer for item in rrset}
            for each in (ours, plain))  # fmt: skip
    return a <= b or b <= a


# Differences that are known: what they are called in the table of a run, and why they are no faults.
KNOWN = {
    "any": "Unbound puts an answer to ANY together of what is cached, and a private answer is not (D-085): "
    "the answer has a part of the records, or is what the lists say of a part",
    "failed-ede": "a failure is resolved anew where a rule that acts matches an alias or an address of the "
    "answer, and not where Unbound has cached it: the extended error tells another attempt",
    "cd-ede": "with CD the extended error of an answer that does not validate depends on whether the answer "
    "comes from the cache, and a private answer is in another place of the cache",
    "limit": "whether a chain of 11 or 12 aliases is followed to its end depends on the part that is cached: "
    "one of the two fails",
    "nsec": "aliases of a bogus chain that is asked for by type NSEC are not acted upon: the answer stays the "
    "failure that it is without lists",
    "alias-mode": "the target of an HTTPS or SVCB record is matched in an answer, and a bogus answer is none",
}


class Judge:
    """The model with the lists of a block."""

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
        """A name or an alias is acted upon when seen (D-083). An address in an answer that does not
        validate changes nothing: the answer stays a failure."""
        rule = verdict.winner
        at_once = rule.rank == RANK["name"] and not rule.policy.get("observe")
        if verdict.rewrites and (at_once or not line.bogus):
            return verdict
        return Verdict(rule, "monitor" if verdict.rewrites else verdict.taken, verdict.recorded)

    def touched(self, lines):
        return sum(self.verdict(line).winner is not None for line in lines)

    def _refused(self, line):
        """A question without RD, which Unbound refuses before any module."""
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

    def known(self, line):
        """Which difference of KNOWN a line shows, if any: see there."""
        if line.rdtype == ANY and (part_of(line) or self._of_a_part(line)):
            return "any"
        if line.name.lower().startswith(LIMIT) and (line.failed or fails(line.ours)):
            return "limit"
        if line.bogus and line.same and line.rdtype in (NSEC, *ALIAS_MODES):
            return "nsec" if line.rdtype == NSEC else "alias-mode"
        if not line.same and differs_in_extended_errors(line):
            return "failed-ede" if fails(line.ours) else "cd-ede" if "c" in line.flags else ""
        return ""

    def _of_a_part(self, line):
        """Whether the answer is what the lists say of some of the records, as those that are cached."""
        parts = [((), ()), *(((alias,), ()) for alias in line.aliases),
                 *((line.aliases, (address,)) for address in line.addresses),
                 *(((), (address,)) for address in line.addresses)]  # fmt: skip
        for aliases, addresses in parts:
            verdict = self.model.judge(
                line.name.lower(), line.rdtype, line.rdclass, line.tcp, aliases, addresses
            )
            if verdict.rewrites and (line.same or not wrong(line, verdict)):
                return True
        return False

    def _fault(self, line):
        """Why an answer is not as it should be, or an empty text."""
        if self._refused(line) or line.late or line.unknown:
            return ""
        reason = self._differs(line)
        return "" if reason and self.known(line) else reason

    def excused(self, lines):
        """How many differences are known ones, by their names in KNOWN."""
        return Counter(
            name for line in lines if self._differs(line) and (name := self.known(line))
        )

    def _differs(self, line):
        verdict = self.verdict(line)
        if not verdict.rewrites:
            return "" if line.same else "differs from Unbound alone"
        if line.same:
            return "" if self._alike(line, verdict) else f"not {verdict.taken} by {verdict.winner}"
        reason = wrong(line, verdict)
        return f"{reason} ({verdict.taken} by {verdict.winner})" if reason else ""

    @staticmethod
    def _alike(line, verdict):
        """Whether a rewritten answer can equal the true answer."""
        truncated = len(line.plain) > 2 and line.plain[2] & TRUNCATED
        return line.rcode == REFUSED or (verdict.taken == "tcp-only" and truncated)

    @staticmethod
    def _uncertain(line):
        """Whether the hits cannot be known: they go by records that the client is not told of."""
        return (
            line.rdtype == ANY or (line.failed and not line.bogus)
            or (line.bogus and line.rdtype in ALIAS_MODES)
            or line.name.lower().startswith(LIMIT)
            # Unbound 1.17.1 shows the module a cached answer before response-ip rewrites the reply.
            or REDIRECTED in line.addresses
        )  # fmt: skip

    def _miscounted(self, lines, hits):
        """Hits that are missing, and hits that nobody should have recorded."""
        want, where, unsure = Counter(), defaultdict(list), set()
        for line in lines:
            verdict = self.verdict(line)
            where[line.name.lower(), line.rdtype].append(line.index)
            lost = not line.answered and verdict.taken != "drop"
            if lost or line.unknown or self._uncertain(line):
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
