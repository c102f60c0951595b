"""Why Unbound's own RPZ and imported lists may answer a question differently (D-221).

Each reason names the rules that it is about, and the answers that those rules give: an answer that
comes from any other rule has no reason. The true answer, its aliases and addresses are those of an
Unbound without policies.
"""

from typing import NamedTuple

import dns.rdata
import dns.rdatatype

from .rpz_random import SERVER, SERVER_ADDRESS, server_of

NONE = "no answer"
GARDEN = "landing.garden.example"
UNKNOWN_TO_SERVERS = ("cname", "disabled")  # overrides


def brief(answer):
    """Code and records, without the aliases that lead to them (see "whole answer")."""
    found = [
        (rrset.rdtype, rdata)
        for rrset in answer.message.answer
        if rrset.rdtype not in (dns.rdatatype.RRSIG, dns.rdatatype.CNAME)
        for rdata in rrset
    ]
    if answer.tc:
        return "TC"
    return records(found) if found and answer.rcode == "NOERROR" else answer.rcode


def records(found):
    return "; ".join(sorted(f"{dns.rdatatype.to_text(t)} {data.to_text()}".lower() for t, data in found))


def addresses_of(answer):
    """Addresses in the answer section: those of A and AAAA records, and those of hints."""
    found, hints = list(answer.addresses), []
    for rrset in answer.message.answer:
        if rrset.rdtype == dns.rdatatype.HTTPS:
            params = [rdata.params[key] for rdata in rrset for key in (4, 6) if key in rdata.params]
            hints += [address for each in params for address in each.addresses]
    return found, hints


class Rule(NamedTuple):
    zone: object
    place: int  # of the zone
    owner: str
    trigger: str  # client, qname, cname, ip, hint, nsdname, nsip
    name: str = ""  # that matched, where the trigger is about a name


class Case:
    """A question with both answers, and the rules that match. plain(name, type) asks without policies."""

    def __init__(self, zones, question, theirs, ours, plain):
        self.name, self.rdtype, self.source, self.tcp = question
        self.zones, self.theirs, self.ours, self.plain = zones, theirs, ours, plain
        answer = plain(self.name, self.rdtype)
        self.true, self.aliases = brief(answer), answer.aliases
        self.addresses, self.hints = addresses_of(answer)
        self.rules = [rule for place, zone in enumerate(zones) for rule in self._rules(zone, place)]

    def _rules(self, zone, place):
        def made(owners, trigger, name=""):
            return [Rule(zone, place, owner, trigger, name) for owner in owners if owner]

        yield from made(zone.client_rules(self.source), "client")
        yield from made([zone.rule_of(self.name)], "qname", self.name)
        for alias in self.aliases:
            yield from made([zone.rule_of(alias)], "cname", alias)
        for trigger, addresses in (("ip", self.addresses), ("hint", self.hints)):
            yield from made({o for a in addresses for o in zone.owners_of(a, "rpz-ip")}, trigger)
        for name in (self.name, *self.aliases):
            yield from made([zone.rule_of_server(SERVER.format(server_of(name)))], "nsdname", name)
            yield from made(zone.owners_of(SERVER_ADDRESS, "rpz-nsip"), "nsip", name)

    def of(self, *triggers):
        return [rule for rule in self.rules if rule.trigger in triggers]

    def gives(self, rule, override=True):
        """The answer that a rule gives; None if the next rule decides."""
        zone = rule.zone
        action = (override and zone.override) or zone.action(rule.owner)
        if action == "cname":
            return self._target(rule, override)
        if action == "sinkhole":
            return self._local(zone.rules[rule.owner])
        made = {"nxdomain": "NXDOMAIN", "nodata": "NOERROR", "passthru": self.true, "disabled": None,
                "tcp-only": None if self.tcp else "TC", "drop": "REFUSED" if self.tcp else NONE}  # fmt: skip
        return made[action]

    def _target(self, rule, override):
        target = override and rule.zone.override and rule.zone.target
        target = target or rule.zone.rules[rule.owner][0].split()[1]
        if target.startswith("*."):
            target = f"{self.name}.{target[2:]}"
        return brief(self.plain(target.rstrip("."), self.rdtype))

    def _local(self, lines):
        rdtype = dns.rdatatype.from_text(self.rdtype)
        wanted = [line.split(None, 1) for line in lines if dns.rdatatype.from_text(line.split()[0]) == rdtype]
        return records([(rdtype, dns.rdata.from_text("IN", rdtype, data)) for _, data in wanted]) or "NOERROR"

    def given(self, rules, override=True):
        return {self.gives(rule, override) for rule in rules}

    def theirs_of(self, rules):
        """Answers of Unbound by these rules about servers."""
        return {answer for rule in rules for answer in self._theirs(rule)}

    def _theirs(self, rule):
        """Of several records of an address only the first, no data of a wildcard, no target of an alias (1.22.0
        fails with an alias, by an override, too), nothing with an override that the code for servers does not know."""
        own = rule.zone.action(rule.owner)
        if rule.zone.override in UNKNOWN_TO_SERVERS:
            known = {"SERVFAIL", self.gives(rule)} if rule.zone.override == "cname" else set()  # to 1.22.0
            return {self.true, *self.given(self.of("cname", "ip"))} | known
        if not rule.zone.override and own == "cname":
            return {"NOERROR", "SERVFAIL"} if rule.trigger == "nsip" else {"NOERROR"}
        if not rule.zone.override and own == "sinkhole" and rule.owner.startswith("*."):
            return {"NOERROR"}
        if self.acts(rule, "drop"):
            return {NONE}
        given = self.gives(rule)
        return {given, *(given or "").split("; ")} if rule.trigger == "nsip" else {given}

    def unseen(self, rule):
        """Whether a rule by name keeps the records of the zone's servers out of our cache."""
        zone = server_of(rule.name)
        return any(each.rule_of(zone) or each.rule_of(SERVER.format(zone)) for each in self.zones)

    def words(self):
        """The rules that match, with their answers."""
        return "".join(
            f"  zone {rule.place + 1}, override {rule.zone.override or 'none'}: {rule.trigger} {rule.name} by "
            f"{rule.owner} {rule.zone.rules[rule.owner]}: {self.gives(rule)}\n" for rule in self.rules
        )  # fmt: skip

    def acts(self, rule, action):
        return (rule.zone.override or rule.zone.action(rule.owner)) == action


def by_override(case):
    """Ours is the answer of the override, or of the next rule; theirs is the answer of the rule itself."""
    rules = [rule for rule in case.of("client") if rule.zone.override]
    passed = any(case.gives(rule) in (None, case.true) for rule in rules)
    ours = case.given(case.rules if passed else rules) | ({case.true} if passed else set())
    theirs = case.given(rules, override=False) | ({NONE, case.true} if case.tcp else set())
    return case.ours in ours and case.theirs in theirs


def by_exempt_client(case):
    """Ours is the true answer by a client's exception, theirs that of a rule by name in the same zone."""
    exempt = [rule.place for rule in case.of("client") if case.acts(rule, "passthru")]
    named = [rule for rule in case.of("qname") if rule.place in exempt]
    return case.ours == case.true and case.theirs in case.given(named)


def by_wildcards(case):
    """Ours is the answer of a rule that covers the name here alone."""
    rules = [r for r in case.of("qname", "cname") if r.owner != r.zone.rule_in_dns(r.name)]
    return case.ours in case.given(rules)


def by_stream(case):
    drops = any(case.acts(rule, "drop") or rule.zone.action(rule.owner) == "drop" for rule in case.rules)
    return drops and case.tcp and (case.theirs, case.ours) == (NONE, "REFUSED")


def by_tcp(case):
    """Theirs is the true answer by a rule that asks for TCP."""
    return case.tcp and case.theirs == case.true and any(case.acts(rule, "tcp-only") for rule in case.rules)


def by_landing(case):
    """Ours is the answer about the garden, where a rule covers the garden."""
    gardens = [rule for rule in case.rules if case.acts(rule, "cname")]
    landings = addresses_of(case.plain(GARDEN, case.rdtype))[0]
    covered = any(
        zone.rule_of(GARDEN) or zone.rule_of_server(SERVER.format(server_of(GARDEN)))
        or zone.owners_of(SERVER_ADDRESS, "rpz-nsip") or any(zone.owners_of(a, "rpz-ip") for a in landings)
        for zone in case.zones
    )  # fmt: skip
    return covered and case.ours in case.given(gardens)


def by_hints(case):
    return case.ours in case.given(case.of("hint"))


def by_alias(case):
    """Local data without the type, at the end of an alias: theirs is the answer beyond."""
    rules = [rule for rule in case.of("cname") if case.acts(rule, "sinkhole")]
    beyond = {case.true, *case.given(case.of("cname", "ip", "nsdname", "nsip"))}
    return case.ours == "NOERROR" and case.ours in case.given(rules) and case.theirs in beyond


def by_wildcard_of_alias(case):
    """Ours is the local data of a wildcard that covers an alias; theirs is an empty answer."""
    rules = [rule for rule in case.of("cname") if rule.owner.startswith("*.") and not rule.zone.override]
    rules = [rule for rule in rules if rule.zone.action(rule.owner) == "sinkhole"]
    return case.theirs == "NOERROR" and case.ours in case.given(rules)


def by_order_of_addresses(case):
    """Both are answers of rules about addresses, where the answer has several."""
    rules = case.of("ip")
    return len(case.addresses) > 1 and {case.ours, case.theirs} <= case.given(rules) | {case.true}


LATE = ("ip", "hint", "nsdname", "nsip")  # judged with the whole answer


def behind_addresses(case, *triggers):
    """Rules in a zone behind one with a rule that is judged with the whole answer: pairs."""
    return [(rule, first) for rule in case.of(*triggers) for first in case.of(*LATE) if first.place < rule.place]


def by_later_exception(case):
    pairs = behind_addresses(case, "client", "qname", "cname", "nsdname", "nsip")
    pairs += [(rule, first) for rule in case.of("client") for first in case.of("cname") if first.place < rule.place]
    exempt = [first for rule, first in pairs if case.acts(rule, "passthru") and not of_override(rule)]
    return case.theirs == case.true and case.ours in case.given(exempt)


def of_override(rule):
    """Whether only an override makes an exception of a rule about a client: Unbound applies none to these."""
    return rule.trigger == "client" and rule.zone.action(rule.owner) != "passthru"


def by_later_alias(case):
    """Ours is the answer of the alias's rule, theirs of an earlier zone's rule about an address."""
    return any(
        case.ours == case.gives(rule) and case.theirs == case.gives(first)
        for rule, first in behind_addresses(case, "cname")
    )


def by_first_record(case):
    """One of our records."""
    rules = case.of("client", "nsip")
    return case.theirs in case.ours.split("; ") and case.ours in case.given(rules) and case.ours != case.theirs


def by_target(case):
    """Theirs is the alias alone of a rule about a client, or an override that does not reach an alias."""
    clients = [rule for rule in case.of("client") if case.acts(rule, "cname")]
    aliases = [rule for rule in case.of("cname") if rule.zone.override == "cname"]
    return (case.theirs == "NOERROR" and case.ours in case.given(clients)) or (
        case.theirs in ("NOERROR", case.true) and case.ours in case.given(aliases)
    )


def by_servers(case):
    """Theirs is the answer of a rule about a server, ours of a rule of an earlier zone or stage."""
    servers = case.of("nsdname", "nsip")
    last = max((rule.place for rule in servers), default=0)
    earlier = [rule for rule in case.rules if rule.trigger in ("cname", "ip", "hint") or rule.place < last]
    return case.theirs in case.theirs_of(servers) and case.ours in case.given(earlier)


def by_data_of_servers(case):
    """Ours is the landing page or the local data of a rule about a server, theirs an answer without."""
    rules = [rule for rule in case.of("nsdname", "nsip")
             if not rule.zone.override and rule.zone.action(rule.owner) in ("cname", "sinkhole")]  # fmt: skip
    return any(case.ours == case.gives(rule) and case.theirs in case.theirs_of([rule]) for rule in rules)


def by_override_of_servers(case):
    """Ours is the answer of the override, or of the next rule about a server; theirs is that of neither."""
    servers = case.of("nsdname", "nsip")
    unknown = [rule for rule in servers if rule.zone.override in UNKNOWN_TO_SERVERS]
    behind = [rule for rule in servers if any(first.place <= rule.place for first in unknown)]
    return case.ours in case.given(behind) and case.theirs in case.theirs_of(unknown)


def by_chain_of_servers(case):
    """Ours is the answer of a rule about a later name's server, theirs that of an earlier name's, in one zone."""
    order, servers = [case.name, *case.aliases], case.of("nsdname", "nsip")
    return any(
        first.place == later.place and order.index(first.name) < order.index(later.name)
        and case.theirs in case.theirs_of([first]) and case.ours == case.gives(later)
        for first in servers for later in servers
    )  # fmt: skip


def by_unseen_servers(case):
    """Theirs is the answer of a rule about a server of which our cache has no record."""
    servers = [rule for rule in case.of("nsdname", "nsip") if case.unseen(rule)]
    others = {case.true, *case.given([rule for rule in case.rules if rule not in servers])}
    return case.theirs in case.theirs_of(servers) and case.ours in others


CAUSES = {
    "later exception": by_later_exception, "at once": by_later_alias, "several addresses": by_order_of_addresses,
    "override of clients": by_override, "exempt clients": by_exempt_client,
    "wildcards": by_wildcards, "drop on a stream": by_stream, "tcp-only": by_tcp,
    "landing name": by_landing, "hints": by_hints, "other data of an alias": by_alias,
    "wildcard of an alias": by_wildcard_of_alias,
    "first record": by_first_record, "target": by_target, "servers first": by_servers, "cached servers": by_unseen_servers,
    "data of servers": by_data_of_servers, "override of servers": by_override_of_servers,
    "servers of a chain": by_chain_of_servers,
}  # fmt: skip


def reason(zones, question, theirs, ours, plain):
    """Why an answer may differ, or None."""
    case = Case(zones, question, theirs, ours, plain)
    return next((name for name, cause in CAUSES.items() if cause(case)), None)
