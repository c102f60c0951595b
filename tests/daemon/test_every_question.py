"""No question goes round the lists: every type in class IN and every class (D-081)."""

import os
import random
import struct

import dns.exception
import dns.message
import dns.name
import pytest
from harness.events import INDICATOR, NAME, TAKEN, field
from harness.flood import ask_all
from harness.resolver import ADDRESS, GARDEN, GARDEN4, SINK4, Resolver

LONG = bool(os.environ.get("LONG"))
IN, ANY = 1, 255
DS, DNSKEY = 43, 48
REFUSED, NXDOMAIN = 5, 3
RESOLVER = {"options": {"threads": 1}}
TRUE4 = "192.0.2.66"
ALL = range(65536)


@pytest.fixture
def bare(env, authority, folder):
    """Unbound without the module."""
    resolver = Resolver(env, folder, authority, None, threads=1)
    yield resolver.start()
    resolver.stop()


def wire(name, rdtype, rdclass):
    """A question with recursion wanted, no EDNS."""
    header = struct.pack("!HHHHHH", 0, 0x0100, 1, 0, 0, 0)
    return header + dns.name.from_text(name).to_wire() + struct.pack("!HH", rdtype, rdclass)


def ask_each(resolver, name, questions):
    """The answers to (type, class), in order. A type that cannot be asked for has none."""
    return ask_all(ADDRESS, resolver.port, [wire(name, *one) for one in questions])


def brief(answer):
    """The content of an answer, without id and times to live."""
    if answer is None:
        return None
    flags, *counts = struct.unpack_from("!HHHHH", answer, 2)
    try:
        message = dns.message.from_wire(answer, ignore_trailing=True)
    except dns.exception.DNSException:
        return flags, counts, answer[12:]
    records = [
        (str(rrset.name), rrset.rdtype, rrset.rdclass, sorted(rdata.to_text() for rdata in rrset))
        for section in (message.answer, message.authority)
        for rrset in section
    ]
    return flags, sorted(map(str, records))


def rcode(answer):
    return None if answer is None else answer[3] & 0xF


def differing(resolver, bare, name, questions):
    """Questions with another answer than bare Unbound's."""
    ours, theirs = (ask_each(one, name, questions) for one in (resolver, bare))
    return [q for q, a, b in zip(questions, ours, theirs) if brief(a) != brief(b)]


def some(always):
    """All numbers of 16 bits in the long form, or these and 1,500 at random."""
    if LONG:
        return list(ALL)
    return sorted({*always, *random.Random(1).sample(ALL, 1500)})


def acted_on(answers):
    """Places of the answers that the rule gave."""
    return {i for i, answer in enumerate(answers) if rcode(answer) == NXDOMAIN}


def check_others(resolver, bare, name, questions, others):
    """Where no rule acts, Unbound answers as without the module."""
    rest = [questions[i] for i in others]
    assert differing(resolver, bare, name, rest if LONG or len(rest) < 2000 else rest[:1000]) == []


def test_every_type_of_a_listed_name(lists, resolver, bare):
    """All are acted on but DS and DNSKEY, and types that Unbound takes for no question at all."""
    lists.put("bad", "evil.example", action="nxdomain")
    questions = [(rdtype, IN) for rdtype in ALL]
    answers = ask_each(resolver, "www.evil.example", questions)
    others = sorted(set(ALL) - acted_on(answers))
    no_questions = [t for t in others if t not in (DS, DNSKEY)]
    assert {DS, DNSKEY} <= set(others)
    assert all(rcode(answers[t]) != 0 for t in no_questions)
    assert len(no_questions) < 200
    check_others(resolver, bare, "www.evil.example", questions, others)


def test_every_class_of_a_listed_name(lists, resolver, bare):
    """IN and ANY are acted on; for the others Unbound has no servers."""
    lists.put("bad", "evil.example", action="nxdomain")
    questions = [(1, rdclass) for rdclass in ALL]
    answers = ask_each(resolver, "www.evil.example", questions)
    assert acted_on(answers) == {IN, ANY}
    assert {rcode(a) for i, a in enumerate(answers) if i not in (IN, ANY)} <= {None, REFUSED, 1, 4}
    check_others(resolver, bare, "www.evil.example", questions, sorted(set(ALL) - {IN, ANY}))


def test_unlisted_names_are_answered_as_without_the_module(lists, resolver, bare):
    lists.put("bad", "evil.example", "203.0.113.0/24", action="nxdomain")
    types = [(rdtype, IN) for rdtype in some(range(300)) if rdtype != ANY]
    types += [(rdtype, ANY) for rdtype in range(1, 110)]
    classes = [(rdtype, rdclass) for rdclass in some(range(300)) for rdtype in (1, 16)]
    whole = [(ANY, IN)]  # type ANY: the cached records, so this question comes last
    for questions in (classes, types, whole):
        for at in range(0, len(questions), 65536):
            assert differing(resolver, bare, "www.clean.example", questions[at : at + 65536]) == []


BY = {  # name that is asked for, indicator
    "qname": ("www.evil.example", "evil.example"),
    "cname": ("to-evil.clean.example", "evil.example"),
    "address": ("www.evil.example", TRUE4),
    "subtree": ("deep.sub.evil.example", "*.evil.example"),
}
GETS = {  # action, rcode, addresses
    "nxdomain": ("NXDOMAIN", []),
    "sinkhole": ("NOERROR", [SINK4]),
    "refused": ("REFUSED", []),
    "cname": ("NOERROR", [GARDEN4]),
    "monitor": ("NOERROR", [TRUE4]),
}


@pytest.mark.parametrize("action", GETS)
@pytest.mark.parametrize("how", BY)
def test_class_any_is_judged_as_in(lists, ask, events, resolver, how, action):
    name, indicator = BY[how]
    lists.put("bad", indicator, action=action)
    for _ in range(3):
        answer = ask(name, rdclass="ANY")
        assert (answer.rcode, answer.addresses) == GETS[action]
        if action == "cname":
            assert answer.aliases == [GARDEN]
    hits = events.wait({NAME: name, TAKEN: action}, count=3)
    assert {hit["dns"]["question"].get("class") for hit in hits} == {"ANY"}
    assert {field(hit, INDICATOR) for hit in hits} == {indicator}


@pytest.mark.parametrize("how", BY)
def test_class_any_asked_before_it_was_listed(lists, ask, how):
    name, indicator = BY[how]
    for rdclass in ("ANY", "IN", "ANY"):
        assert ask(name, rdclass=rdclass).addresses == [TRUE4]
    lists.put("bad", indicator, action="sinkhole")
    for rdclass in ("ANY", "IN", "ANY"):
        assert ask(name, rdclass=rdclass).addresses == [SINK4]
    lists.drop("bad")
    for rdclass in ("ANY", "IN", "ANY"):
        assert ask(name, rdclass=rdclass).addresses == [TRUE4]
