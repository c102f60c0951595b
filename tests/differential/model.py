"""The right answer, by a small model of the rules in module/REDIS.md.

The model knows nothing of the module's code. The model reads the true answer that Unbound alone
gave, goes through the stages (the question; each alias in turn; the addresses and their AS), and
returns the winning rule, the client's answer, and whether the query is recorded.
"""

import ipaddress
from collections import defaultdict
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

from random_lists import GARDEN, GARDEN_ADDRESS, SINK4, SINK6, asn_of

A, CNAME, DS, DNSKEY, AAAA = 1, 5, 43, 48, 28
IN, ANY = 1, 255
# OPT, and types of questions and of messages' own records (RFC 6895 3.1) but ANY: Unbound refuses
# these before any module.
BEFORE_MODULES = {41, *range(128, 255)}
RECORDED, EXEMPT, IGNORED = "ioc", "allow", ("watch", "known", "protected")
TRUE_ANSWER = ("monitor", "passthru")
EDE = {"sinkhole": 4, "cname": 4, "nxdomain": 15, "nodata": 15, "refused": 17, "drop": 17}
RANK = {"name": 3, "address": 2, "as": 1}


@dataclass(frozen=True)
class Rule:
    """An indicator of a list that matched."""

    list: str
    kind: str
    priority: int
    stage: int
    rank: int
    specific: int
    policy: dict
    indicator: str

    @property
    def order(self):
        """The smallest wins: priority, stage, trigger, specificity, allow, the name."""
        return (self.priority, self.stage, -self.rank, -self.specific, self.kind != EXEMPT, self.list)

    @property
    def shadow(self):
        return self.kind == RECORDED and self.policy.get("shadow", False)

    def binds(self, question, tcp):
        """Whether the rule decides the client's answer, or is only recorded as if so (D-092)."""
        to_itself = self.action == "cname" and question == self.policy.get("cname", GARDEN)
        return not (self.shadow or to_itself or (self.action == "tcp-only" and tcp))

    @property
    def action(self):
        return "passthru" if self.kind == EXEMPT else self.policy.get("action", "monitor")

    @property
    def rewrites(self):
        return self.action not in TRUE_ANSWER


@dataclass(frozen=True)
class Verdict:
    """The client's answer, and the recorded data."""

    winner: Rule | None
    taken: str  # the action; monitor or passthru: the true answer
    recorded: bool

    @property
    def rewrites(self):
        return self.taken not in TRUE_ANSWER


NO_VERDICT = Verdict(None, "passthru", False)


def embedded(address):
    """The IPv4 address in an IPv6 address: mapped, NAT64's well-known prefix, 6to4."""
    octets = address.packed
    if octets[:12] in (bytes(10) + b"\xff\xff", b"\x00\x64\xff\x9b" + bytes(8)):
        return ipaddress.IPv4Address(octets[12:])
    return ipaddress.IPv4Address(octets[2:6]) if octets[:2] == b"\x20\x02" else None


class Model:
    """The lists in force."""

    def __init__(self, lists):
        self.names = defaultdict(list)  # name -> (form, list)
        self.networks = defaultdict(list)  # (version, length, network as a number) -> list
        self.numbers = defaultdict(list)  # AS number -> list
        for each in lists:
            for indicator in each.indicators:
                self._add(each, indicator)
        self.lengths = sorted({key[:2] for key in self.networks})
        self.acting = any(self._acts(self._rule(each, 0, "name", 0, "")) for each in lists)

    def _add(self, each, text):
        if text.startswith("AS"):
            self.numbers[int(text[2:])].append(each)
        elif text[0].isdigit() and ("/" in text or text.count(".") == 3 or ":" in text):
            network = ipaddress.ip_network(text)
            key = (network.version, network.prefixlen, int(network.network_address))
            self.networks[key].append(each)
        else:
            form = "=" if text[0] == "=" else "*" if text[0] == "*" else ""
            self.names[text.lstrip("=*").lstrip(".")].append((form, each, text))

    @staticmethod
    def _rule(each, stage, rank, specific, indicator):
        policy = each.policy
        return Rule(each.name, policy.get("kind", RECORDED), policy.get("priority", 1000), stage,
                    RANK[rank], specific, policy, indicator)  # fmt: skip

    def _by_name(self, name, stage):
        labels = name.split(".")
        for skip in range(len(labels)):
            for form, each, text in self.names.get(".".join(labels[skip:]), ()):
                if (form == "=" and skip) or (form == "*" and not skip):
                    continue
                specific = 2 * (len(labels) - skip) + (form == "=")
                yield self._rule(each, stage, "name", specific, text)

    def _by_network(self, address, stage):
        number, bits = int(address), address.max_prefixlen
        for version, length in self.lengths:
            if version != address.version:
                continue
            network = number >> (bits - length) << (bits - length)
            for each in self.networks.get((version, length, network), ()):
                yield self._rule(each, stage, "address", length, f"{address}/{length}")

    def _by_address(self, text, stage):
        address = ipaddress.ip_address(text)
        inner = embedded(address) if address.version == 6 else None
        yield from self._by_network(address, stage)
        if inner:
            yield from self._by_network(inner, stage)
        asn = asn_of(inner or address)
        for each in self.numbers.get(asn, ()):
            yield self._rule(each, stage, "as", 0, f"AS{asn}")

    def _stages(self, question, aliases, addresses):
        yield self._by_name(question, 0)
        for i, alias in enumerate(aliases):
            yield self._by_name(alias, 1 + i)
        last = 1 + len(aliases)
        yield (rule for address in addresses for rule in self._by_address(address, last))

    @staticmethod
    def _acts(rule):
        return rule.kind == RECORDED and rule.rewrites and not rule.shadow

    def acts(self, question, aliases, addresses):
        """Whether any rule that acts matches, whichever rule wins."""
        stages = self._stages(question, list(aliases), addresses)
        return any(self._acts(rule) for stage in stages for rule in stage)

    def judge(self, question, rdtype, rdclass, tcp, aliases=(), addresses=()):
        """The verdict for a client that gets this true answer. The first stage with a binding best
        rule that rewrites at the end is final."""
        if rdtype in (DS, DNSKEY) or rdtype in BEFORE_MODULES or rdclass not in (IN, ANY):
            return NO_VERDICT
        rules = []
        for stage in self._stages(question, aliases, addresses):
            rules += [rule for rule in stage if rule.kind not in IGNORED]
            bound = [rule for rule in rules if rule.binds(question, tcp)]
            binding = min(bound, key=lambda rule: rule.order, default=None)
            if binding and binding.rewrites:
                late = binding.action == "drop" and tcp  # a connection is not left without answers
                return Verdict(binding, "refused" if late else binding.action, True)
        if not rules:
            return NO_VERDICT
        winner = min(rules, key=lambda rule: rule.order)
        exempt = winner.action == "passthru" and not winner.shadow
        recorded = any(rule.kind == RECORDED for rule in rules)
        return Verdict(winner, "passthru" if exempt else "monitor", recorded)


def _expected_data(question, rdtype, verdict):
    """Records of the answer section as (type, text)."""
    policy = verdict.winner.policy
    if verdict.taken == "sinkhole" and rdtype in (A, AAAA):
        key, default = ("sinkhole4", SINK4) if rdtype == A else ("sinkhole6", SINK6)
        return [(rdtype, policy.get(key, default))]
    if verdict.taken == "cname":
        garden = [(A, GARDEN_ADDRESS)] if rdtype == A else []
        return [(CNAME, policy.get("cname", GARDEN) + ".")] + garden
    return []


def wrong(line, verdict):
    """The faults of a rewritten answer; an empty text: nothing."""
    if verdict.taken == "drop":
        return _wrong_drop(line)
    if not line.ours:
        return "no answer"
    answer = dns.message.from_wire(line.ours)
    data = _expected_data(line.name, line.rdtype, verdict)
    rcode = {"nxdomain": 3, "refused": 5}.get(verdict.taken, 0)
    have = [(rrset.rdtype, item.to_text().lower()) for rrset in answer.answer for item in rrset]
    said = [int(option.code) for option in answer.options if option.otype == 15]
    faults = []
    if answer.rcode() != rcode:
        faults.append(f"rcode {dns.rcode.to_text(answer.rcode())}, not {rcode}")
    if have != data:
        faults.append(f"answer {have}, not {data}")
    if bool(answer.flags & dns.flags.TC) != (verdict.taken == "tcp-only"):
        faults.append("TC")
    faults += [word for word, bit in (("AD", dns.flags.AD), ("AA", dns.flags.AA)) if answer.flags & bit]
    if not answer.flags & dns.flags.RA or answer.additional:
        faults.append("no RA, or an additional record")
    if answer.edns >= 0 and said != _codes(verdict):
        faults.append(f"extended errors {said}, not {_codes(verdict)}")
    faults += _wrong_times(answer, verdict) + _wrong_authority(answer, line, verdict, data)
    return "; ".join(faults)


def _codes(verdict):
    code = verdict.winner.policy.get("ede", "auto")
    if verdict.taken not in EDE or code == "off":
        return []
    return [EDE[verdict.taken] if code == "auto" else code]


def _wrong_times(answer, verdict):
    """The first record has the TTL of the list; the records of a walled garden have their own."""
    want = verdict.winner.policy.get("ttl", 60)
    return [f"ttl {rrset.ttl}, not {want}" for rrset in answer.answer[:1] if rrset.ttl != want]


def _wrong_authority(answer, line, verdict, data):
    """A negative answer has a SOA, owned by the question, for the TTL of the list."""
    negative = verdict.taken in ("nxdomain", "nodata") or (verdict.taken == "sinkhole" and not data)
    have = [(rrset.rdtype, rrset.name.to_text().lower().rstrip("."), rrset.ttl)
            for rrset in answer.authority]  # fmt: skip
    want = [(6, line.name.lower(), verdict.winner.policy.get("ttl", 60))] if negative else []
    return [] if have == want else [f"authority {have}, not {want}"]


def _wrong_drop(line):
    """A reply that comes too late to be dropped is refused."""
    if not line.ours:
        return ""
    answer = dns.message.from_wire(line.ours)
    return "" if answer.rcode() == 5 and not answer.answer else "an answer, not none"
