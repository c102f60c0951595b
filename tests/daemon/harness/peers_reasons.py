"""Where Sinkwatch answers otherwise than an RPZ does: a reason for each kind of difference.

The tests of the peers' behaviours name these; the table in module/README.md is made of these
reasons (tests/peers/table.py prints the table), and the tests compare the two.
"""

from typing import NamedTuple

DESIGN, GAP, FAULT = "by design", "not there", "fault"


class Reason(NamedTuple):
    sort: str  # DESIGN, GAP or FAULT
    rpz: str
    ours: str
    why: str = ""


REASONS = {
    "whole answer": Reason(
        DESIGN,
        "aliases before the listed name or address stay in the answer",
        "the whole answer is replaced; the owner of the records is the queried name",
        "a client learns nothing about the blocked name or address; a single look-up decides (D-002)",
    ),
    "landing name": Reason(
        DESIGN,
        "Unbound looks for the target of a policy's `CNAME` in the policy zone first",
        "the target of action `cname` is resolved like any name, and not judged again",
        "the RPZ draft and PowerDNS do it this way; a landing page cannot be blocked by mistake",
    ),
    "wildcards": Reason(
        DESIGN,
        "`*.a` does not cover `x.b.a` where `b.a` has a rule, nor names below an empty non-terminal",
        "`*.a` covers every name below `a`",
        "an indicator means the same with any other indicators",
    ),
    "tcp-only": Reason(
        DESIGN,
        "`rpz-tcp-only` gives the true answer over TCP",
        "over TCP the rule does not exist: other rules may act",
        "a list that asks for TCP exempts nothing (D-092)",
    ),
    "keys": Reason(
        DESIGN,
        "DS and DNSKEY questions of a listed name are answered by the rule",
        "such questions are answered from upstream",
        "a chain of trust has to stay whole for names that are not listed (D-003)",
    ),
    "authority": Reason(
        DESIGN,
        "a rewritten answer by name has the AA flag",
        "no answer has it",
        "the resolver has no authority for the name; clients make no use of the flag",
    ),
    "negative SOA": Reason(
        DESIGN,
        "negative answers have no SOA, or that of the policy zone in the additional section",
        "a rewritten negative answer has a made-up SOA in the authority section",
        "stub resolvers cache by the SOA (RFC 2308)",
    ),
    "root wildcard": Reason(
        GAP,
        "`*` covers every name: deny by default, with exceptions",
        "the root is no indicator",
        "one line of a feed would take everybody's names away (THREAT-MODEL.md)",
    ),
    "alias of a tree": Reason(
        GAP,
        "a `DNAME` in a policy zone makes the owner NODATA (BIND)",
        "a `DNAME` becomes no rule",
    ),
    "drop on a stream": Reason(
        DESIGN,
        "`rpz-drop` leaves a question over TCP without an answer, or closes the connection",
        "REFUSED with an extended error; over UDP there is no answer",
        "other questions on the connection have to be answered (D-080)",
    ),
    "any": Reason(
        DESIGN,
        "a rule by address acts on a question of type ANY",
        "the same if the answer has the listed record; no action if Unbound makes the answer of other cached records",
        "the rule judges the records of the answer; ANY promises nothing (RFC 8482)",
    ),
    "signed answers": Reason(
        DESIGN,
        "BIND does not rewrite signed answers for clients that set DO (`break-dnssec no`)",
        "signed answers are rewritten, without AD and signatures",
        "setting a bit must not be a way round the lists",
    ),
    "waiting": Reason(
        DESIGN,
        "BIND asks upstream before it applies a rule by name (`qname-wait-recurse yes`)",
        "nothing is asked, unless the list says `observe`",
        "the operator of the name's servers learns nothing, and cannot prevent the answer by failing",
    ),
    "at once": Reason(
        DESIGN,
        "BIND resolves a name before a rule by name acts if an earlier zone has rules by address",
        "a rule by name acts at once",
        "PowerDNS does so as well, and Unbound for the name that is asked for",
    ),
    "servers by name first": Reason(
        DESIGN,
        "`nsip` goes before `nsdname` (BIND)",
        "`nsdname` goes before `nsip`",
        "names before addresses, as with answers",
    ),
    "servers first": Reason(
        DESIGN,
        "Unbound applies `nsdname` and `nsip` before the servers are asked: before rules of earlier zones about "
        "aliases and addresses",
        "such rules are judged with the whole answer, in the order of the zones",
        "the first zone with a rule decides (RPZ draft 5.1)",
    ),
    "cached servers": Reason(
        DESIGN,
        "rules about servers see the servers that Unbound asks, those of stub and forward zones as well",
        "they see the servers whose records are in the cache",
        "no question is asked for a rule alone (D-057)",
    ),
    "dns64": Reason(
        DESIGN,
        "NXDOMAIN for a listed address makes NODATA of the AAAA that DNS64 would make of the address",
        "NXDOMAIN for A and AAAA",
        "a name that does not exist for one type does not for another (RFC 8020)",
    ),
    "dns64 landing": Reason(
        GAP,
        "DNS64 makes an AAAA of an IPv4 landing address",
        "AAAA is NODATA unless the list or the resolver has `sinkhole6`",
    ),
    "recursion flag": Reason(
        GAP,
        "`rpz-signal-nxdomain-ra` takes the RA flag out of NXDOMAIN",
        "the RA flag stays; EDE tells a client that the answer was rewritten",
    ),
    "override of clients": Reason(
        DESIGN,
        "Unbound applies `rpz-action-override` to no rule about a client",
        "`--override` gives every rule the action of the list",
        "BIND does so as well",
    ),
    "target": Reason(
        DESIGN,
        "Unbound does not resolve the target of a rule about a client, nor of an override for an alias",
        "every target is resolved",
        "a client that gets an alias alone asks again, and the rule is there for the landing page",
    ),
    "first record": Reason(
        DESIGN,
        "Unbound answers with the first of several records of a rule about a client",
        "all records of the type",
        "as for every other trigger",
    ),
    "hints": Reason(
        DESIGN,
        "a rule by address acts on A and AAAA records",
        "also on the address hints of HTTPS and SVCB records",
        "clients connect to the addresses of hints (RFC 9460 7.3)",
    ),
    "data of servers": Reason(
        DESIGN,
        "Unbound does not resolve the target of a rule about servers, and a wildcard of `nsdname` has no local data: "
        "the answer is empty, or a failure",
        "the target is resolved, and the local data are the answer",
        "as for every other trigger",
    ),
    "override of servers": Reason(
        DESIGN,
        "in Unbound a rule about servers does nothing in a zone with the override `disabled` (1.17.1: or `cname`, "
        "where 1.22.0 may fail), and hides those of later zones",
        "the override acts; a disabled rule hides none",
        "an override means the same for each trigger",
    ),
    "servers of a chain": Reason(
        DESIGN,
        "in Unbound rules about the servers of a name go before those about the servers of its alias",
        "the more specific rule counts, as with the addresses of an answer",
        "servers are judged with the whole answer (D-091)",
    ),
    "exempt clients": Reason(
        DESIGN,
        "Unbound applies a rule by name of the same zone to a client with `rpz-passthru`",
        "the client gets the true answer",
        "of the rules of a zone, those about clients go before those by name, as the RPZ draft has it",
    ),
    "other data of an alias": Reason(
        DESIGN,
        "Unbound follows an alias to a name with local data, none of it of the type that is asked for",
        "an empty answer, as for a question for this name itself",
        "the RPZ draft makes no difference between the two",
    ),
    "wildcard of an alias": Reason(
        DESIGN,
        "Unbound has no local data of a wildcard for a name that an alias leads to: the answer is empty",
        "the local data of the wildcard",
        "as for a question for the name itself",
    ),
    "later exception": Reason(
        DESIGN,
        "in Unbound an exception by name holds against rules by address of earlier zones, too; one for a client "
        "against their rules about aliases as well",
        "the rule of the earlier zone acts",
        "the first zone with a rule decides (RPZ draft 5.1)",
    ),
    "several addresses": Reason(
        DESIGN,
        "of rules for several addresses of an answer the one for the smaller address counts, with equal prefix lengths",
        "the rule of the list that comes first by name",
        "the order of the records of an answer and the value of an address say nothing about a rule",
    ),
    "time to live": Reason(
        DESIGN,
        "records have the TTL of the policy zone",
        "rewritten answers have the `ttl` of the list",
        "the operator decides how long clients keep an answer after a rule is gone",
    ),
    "limits": Reason(
        DESIGN,
        "a name has any number of records, a zone any number of different answers",
        "16 records and 512 octets for a name, 500 parts of a list; more is refused and counted",
        "a verdict is a copy on the stack, and a part is a list (D-179, D-220)",
    ),
}


class Row(NamedTuple):
    """A question, the peer's answer, and our answer where different, with the reason.

    question  name, type, and of: do, cd, tcp, norecurse, from=ADDRESS
    peer      records of the answer section in order, "TYPE data; ..."; NODATA, TC, a response code,
              "no answer", "true": the answer without any rule, "any answer"
    """

    question: str
    peer: str
    ours: str = ""
    reason: str = ""
    now: str = ""  # while the row is a fault: the present answer


class Group(NamedTuple):
    """Rows about the same configuration.

    zones    policy zones in order: text, or (text, override, target of cname, groups)
    servers  rules about name servers: the servers of the zones are looked up before
    """

    name: str
    zones: list
    rows: list
    servers: bool = False
