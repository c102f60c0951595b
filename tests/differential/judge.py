"""Wrong answers, and wrong records of hits."""

import re
from collections import Counter, defaultdict

import dns.exception
import dns.message
from model import A, AAAA, CNAME, EDE, RANK, Model, Verdict, wrong
from random_lists import REDIRECTED

IN, ANY = 1, 255  # a class, a type
ALIAS_MODES = (64, 65)  # SVCB and HTTPS, whose target is an alias that no resolver follows (RFC 9460 2.4.2)
SERVFAIL, REFUSED = 2, 5
TRUNCATED = 2  # TC in the third octet
OF_LISTS = {*EDE.values(), 16, 18}  # codes of actions, and those that a policy of random_lists.py sets
ALIAS = re.compile(r"(.*\.)?(c\d+|lo|dn|wi)-")  # kinds of names that may be aliases
NEAR = 8  # aliases of a chain that are followed in any case
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


def answer_of(message):
    return {(rrset.rdtype, item.to_text()) for rrset in message.answer for item in rrset}


def part_of(line):
    """Whether the records of one of two true answers are among those of the other."""
    ours, plain = read(line.ours), read(line.plain)
    if not ours or not plain or ours.rcode() != plain.rcode():
        return False
    a, b = answer_of(ours), answer_of(plain)
    return a <= b or b <= a


def cut_off(packet):
    """Whether an answer is truncated, without a record."""
    return len(packet) > 11 and packet[2] & TRUNCATED and packet[6:10] == bytes(4)


def cut_alike(line):
    """Whether both answers end in the authority section: which of its records fit goes by their order,
    and that is another in an answer from the cache."""
    ours, plain = read(line.ours), read(line.plain)
    return bool(ours and plain and ours.flags == plain.flags and line.ours[2] & TRUNCATED and ours.authority
                and plain.authority and ours.rcode() == plain.rcode() and answer_of(ours) == answer_of(plain))


def errors_of_lists(packet):
    """Whether an answer has an extended error that an action gives: never one of Unbound's own here."""
    message = read(packet)
    return any(option.otype == 15 and int(option.code) in OF_LISTS for option in message.options)


def hints_of(item):
    """The addresses in a record of type HTTPS or SVCB (RFC 9460 7.3)."""
    if item.rdtype not in ALIAS_MODES or item.rdclass != IN:
        return []
    return [text for key in (4, 6) for text in getattr(item.params.get(key), "addresses", ())]


def items_of(message):
    """Aliases and addresses in the answer section that lists can match."""
    rdatas = [item for rrset in message.answer for item in rrset]
    aliases = [item.target.to_text(omit_final_dot=True).lower() for item in rdatas if item.rdtype == CNAME]
    addresses = [item.address for item in rdatas if item.rdtype in (A, AAAA) and item.rdclass == IN]
    return aliases, addresses + [text for item in rdatas for text in hints_of(item)]


# Differences that are known (D-260): what they are called in a run's table, and why they are no faults.
# None excuses a question whose own name decides at once, nor, but for "late", an answer that no acting
# rule has made private.
KNOWN = {
    "any": "Unbound puts an answer to ANY together of what is cached, and a private answer is not (D-085): "
    "the answer has a part of the records, none of them listed, or is what the lists say of a part, or is cut off",
    "failed-ede": "a failure is resolved anew where a rule that acts matches an alias or an address of the "
    "answer, and not where Unbound has cached it: the extended error, one of Unbound's own, tells another attempt",
    "cd-ede": "with CD the extended error, one of Unbound's own, of an answer that does not validate depends on "
    "whether the answer comes from the cache, and a private answer is in another place of the cache",
    "limit": "whether a chain of 11 or 12 aliases is followed to its end depends on the part that is cached: "
    "one of the two fails, and no rule is about an alias near the beginning",
    "late": "one of the two gives up with SERVFAIL before the other, and the client waits no longer: only the "
    "time differs, and no answer tells more",
    "unknown": "the answer is truncated, and the true answer cannot be resolved once more: the model has nothing "
    "to go by but the name",
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
        if line.bogus and line.rdtype in ALIAS_MODES:
            # No answer, so nothing but the chain: not the targets of the records.
            aliases = [alias for alias in aliases if alias in self.chain(line.name.lower())]
        verdict = self._judge(line, aliases, addresses)
        return self._failed(line, verdict) if line.failed and verdict.winner else verdict

    def _judge(self, line, aliases=(), addresses=()):
        return self.model.judge(
            line.name.lower(), line.rdtype, line.rdclass, line.tcp, aliases, addresses
        )

    def at_once(self, line):
        """Whether the question's own name decides, and nothing is resolved but a walled garden."""
        verdict = self._judge(line)
        return verdict.rewrites and not verdict.winner.policy.get("observe")

    def certain(self, line):
        """Whether a fault of this answer is one whatever else was under way: the name decides at once.
        A reply that the module cuts off has to come again, as the client asks again (D-126)."""
        if cut_off(line.ours):
            return False
        sure = self.at_once(line) and self.verdict(line).taken not in ("cname", "drop", "tcp-only")
        return bool(sure and line.answered and self.fault(line))

    def _private(self, line):
        """Whether a rule that acts is about the name, its chain, or a record of either answer."""
        aliases, addresses = set(line.aliases), set(line.addresses)
        if ALIAS.match(line.name.lower()) and line.rdclass == IN:
            aliases.update(self.chain(line.name.lower()))
        for message in filter(None, map(read, (line.ours, line.plain))):
            more = items_of(message)
            aliases.update(more[0])
            addresses.update(more[1])
        return self.model.acts(line.name.lower(), aliases, addresses)

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
            if reason := self.fault(line):
                found[line.index] = reason
        for index, reason in self._miscounted(lines, hits):
            found.setdefault(index, reason)
        return found

    def known(self, line):
        """Which difference of KNOWN a line shows, if any: see there."""
        if self.at_once(line):
            return ""
        if line.late:
            return "late"
        if line.rdtype == ANY and self.model.acting and (cut_off(line.ours) or self._more_beyond(line)):
            return "any"
        if not self._private(line):
            return "unknown" if line.unknown and (line.same or self.model.acting) else ""
        if line.unknown:
            return "unknown"
        if line.rdtype == ANY and (self._harmless_part(line) or self._of_a_part(line)):
            return "any"
        if self._beyond_limit(line):
            return "limit"
        if not line.same and differs_in_extended_errors(line) and not errors_of_lists(line.ours):
            return "failed-ede" if fails(line.ours) else "cd-ede" if "c" in line.flags else ""
        return ""

    def _more_beyond(self, line):
        """Whether a record that the client did not get may decide: the answer ends before all records."""
        winner = self.verdict(line).winner
        return line.ours[2:3] and line.ours[2] & TRUNCATED and winner and winner.rank != RANK["name"]

    def _harmless_part(self, line):
        """Whether our answer has a part of the records, or more, and no listed one. Unbound alone fails
        where an alias is cached too late (D-256)."""
        ours = read(line.ours)
        beside = part_of(line) or (fails(line.plain) and ours and not fails(line.ours))
        return beside and not self._judge(line, *items_of(ours)).rewrites

    def _beyond_limit(self, line):
        if not line.name.lower().startswith(LIMIT) or not (line.failed or fails(line.ours)):
            return False
        if line.same and line.rdclass == ANY:  # resolved by a query for each class, that fail together
            return True
        verdict = self.verdict(line)
        return not verdict.rewrites or verdict.winner.stage > NEAR

    def _of_a_part(self, line):
        """Whether the answer is what the lists say of some of the records, as those that are cached."""
        parts = [((), ()), *(((alias,), ()) for alias in line.aliases),
                 *((line.aliases, (address,)) for address in line.addresses),
                 *(((), (address,)) for address in line.addresses)]  # fmt: skip
        for aliases, addresses in parts:
            verdict = self._judge(line, aliases, addresses)
            if verdict.rewrites and not line.same and not wrong(line, verdict):
                return True
        return False

    def fault(self, line):
        """Why an answer is not as it should be, or an empty text."""
        if self._refused(line):
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
            return "" if line.same or cut_alike(line) else "differs from Unbound alone"
        if line.same:
            return "" if self._alike(line, verdict) else f"not {verdict.taken} by {verdict.winner}"
        reason = wrong(line, verdict)
        return f"{reason} ({verdict.taken} by {verdict.winner})" if reason else ""

    @staticmethod
    def _alike(line, verdict):
        """Whether a rewritten answer can equal the true answer."""
        if verdict.taken == "tcp-only":
            return len(line.plain) > 2 and line.plain[2] & TRUNCATED
        if verdict.taken == "drop":
            return line.rcode in (None, REFUSED)
        silent = "o" in line.flags or verdict.winner.policy.get("ede") == "off"
        return verdict.taken == "refused" and line.rcode == REFUSED and silent

    def _uncertain(self, line):
        """Whether the hits cannot be known: they go by records that the client is not told of."""
        return not self.at_once(line) and (
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
            if lost or (line.unknown and not self.at_once(line)) or self._uncertain(line):
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
