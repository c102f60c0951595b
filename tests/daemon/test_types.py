"""Every type a client may ask for, over UDP and TCP; and questions without a rule stay
unchanged."""

import pytest
from harness.events import NAME, QTYPE
from harness.resolver import Resolver

TYPES = [
    "A",
    "AAAA",
    "HTTPS",
    "SVCB",
    "TXT",
    "MX",
    "PTR",
    "NS",
    "SOA",
    "CNAME",
    "SRV",
    "CAA",
    "ANY",
]
WWW = "www.evil.example"


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("rdtype", TYPES)
def test_each_type_of_a_listed_name(lists, ask, events, rdtype, tcp):
    lists.put("bad", "evil.example", action="nxdomain")
    answer = ask(WWW, rdtype, tcp=tcp)
    assert (answer.rcode, answer.types) == ("NXDOMAIN", set())
    events.wait({NAME: WWW, QTYPE: rdtype})


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@pytest.mark.parametrize("rdtype", ["A", "AAAA", "HTTPS"])
def test_each_type_that_carries_a_listed_address(lists, ask, rdtype, tcp):
    lists.put("bad", "192.0.2.66", "2001:db8::66", action="nxdomain")
    assert ask("evil.example", rdtype, tcp=tcp).rcode == "NXDOMAIN"


def test_any_that_carries_a_listed_address(lists, ask):
    lists.put("bad", "203.0.113.5", action="nxdomain")
    assert ask("four.address.example", "ANY", tcp=True).rcode == "NXDOMAIN"


@pytest.mark.parametrize("rdtype", ["TXT", "MX"])
def test_types_without_addresses_are_not_matched_by_address(lists, ask, rdtype):
    lists.put("bad", "192.0.2.0/24", action="nxdomain")
    assert ask("evil.example", rdtype).types == {rdtype}


def test_ptr_of_a_listed_reverse_name(lists, ask):
    lists.put("bad", "23.76.24.213.in-addr.arpa", action="refused")
    assert ask("23.76.24.213.in-addr.arpa", "PTR").rcode == "REFUSED"
    assert ask("99.76.24.213.in-addr.arpa", "PTR").rcode == "NOERROR"


def test_ptr_that_points_to_a_listed_name_is_left_alone(lists, ask):
    lists.put("bad", "neighbour.example", action="refused")
    answer = ask("23.76.24.213.in-addr.arpa", "PTR")
    assert answer.data("PTR") == ["mail.neighbour.example."]


def test_other_classes_are_left_alone(lists, resolver, ask):
    lists.put("bad", "bind", "version.bind", "example", action="refused")
    assert "unbound" in resolver.client.ask("version.bind", "TXT", rdclass="CH").data("TXT")[0]


@pytest.fixture(scope="module")
def plain(env, authority, session_folder):
    """An Unbound without the module."""
    resolver = Resolver(env, session_folder / "plain", authority)
    try:
        yield resolver.start()
        resolver.stop()
    finally:
        resolver.kill()


UNTOUCHED = [
    *(
        ("www.clean.example", rdtype)
        for rdtype in ("A", "AAAA", "HTTPS", "TXT", "MX", "SOA", "CNAME")
    ),
    ("clean.example", "MX"),
    ("clean.example", "NS"),
    ("chain.clean.example", "A"),
    ("chain.clean.example", "TXT"),
    ("not-there.clean.example", "A"),
    ("www.signed.example", "A"),
    ("alias.signed.example", "AAAA"),
    ("not-there.signed.example", "A"),
    ("www.signed.example", "MX"),
    ("x.wild.signed.example", "A"),
    ("signed.example", "DNSKEY"),
    ("child.signed.example", "DS"),
    ("www.bogus.example", "A"),
    ("www.hosted.example", "A"),
    ("svc4.address.example", "SVCB"),
    ("23.76.24.213.in-addr.arpa", "PTR"),
    ("version.server", "A"),
    ("localhost", "A"),
]


def shape(answer):
    """All that a client sees, without TTLs and the order of records."""
    message = answer.message
    sections = (message.answer, message.authority, message.additional)
    return (
        message.flags,
        answer.rcode,
        [sorted((r.name, r.rdtype, sorted(x.to_text() for x in r)) for r in s) for s in sections],
        answer.ede,
    )


@pytest.mark.parametrize(
    "options", [{}, {"do": True}, {"cd": True}, {"edns": False}, {"tcp": True}], ids=str
)
def test_what_no_rule_names_is_answered_as_without_the_module(lists, ask, plain, options):
    plain.forget_answers()
    lists.put("bad", "evil.example", "=example", "203.0.0.0/20", "AS8342", action="nxdomain")
    for name, rdtype in UNTOUCHED:
        for _ in ("resolved", "from the cache"):
            assert shape(ask(name, rdtype, **options)) == shape(
                plain.client.ask(name, rdtype, **options)
            )


# Aliases: into each kind of zone, into themselves, and by a DNAME.
ALIASES = [
    "to-evil.clean.example", "chain.clean.example", "to-evil.signed.example", "to-plain.signed.example",
    "to-bogus.signed.example", "alias.signed.example", "to-signed.plain.signed.example",
    "alias.bogus.example", "www.old.renamed.example", "one.large.example", "self.large.example",
]  # fmt: skip


@pytest.mark.parametrize("first", ["ANY", "A"])
def test_any_for_an_alias_is_answered_as_without_the_module(lists, resolver, ask, plain, first):
    """Unbound answers ANY with cached records of the name, and otherwise with the first RRset."""
    for options in ({}, {"do": True}, {"cd": True}):
        plain.forget_answers()
        resolver.forget_answers()
        for name in ALIASES:
            for rdtype in (first, "ANY", "ANY"):
                now, before = (side(name, rdtype, **options) for side in (ask, plain.client.ask))
                assert shape(now) == shape(before), (name, rdtype, options)


# Answers of an authority about a name: the rcode, and records, where {} is the name itself.
SAID = {
    "itself": ("NOERROR", "CNAME {}."),
    "alias": ("NOERROR", "CNAME www.clean.example."),
    "address": ("NOERROR", "A 198.51.100.10"),
    "nothing": ("NOERROR",),
    "absent": ("NXDOMAIN",),
    "absent-alias": ("NXDOMAIN", "CNAME mail.clean.example."),
    "absent-address": ("NXDOMAIN", "A 198.51.100.11"),
}


ATTEMPTS = 3  # whether an RRset replaces another one depends on the second in which both are stored


def any_differs(ask, plain, upstream, first, second, number):
    """Words for two answers to ANY that differ, for a new name about which the authority says these things."""
    parent = f"{second}{number}.clean.example"
    name = f"{first}.{parent}"
    for top in (name, parent):
        for rdtype, said in (("A", SAID[first]), ("ANY", SAID[second])):
            upstream.make(top, rdtype, *(word.format(top) for word in said))
    pairs = [(ask(name, "ANY"), plain.client.ask(name, "ANY")) for _ in range(2)]
    return [f"{name}: {now} and {before}" for now, before in pairs if shape(now) != shape(before)]


def test_authority_that_says_different_things_of_types(lists, resolver, ask, plain, upstream):
    """Minimisation asks for A before ANY: each pair of answers to the two is resolved as without the
    module, twice."""
    for side in (resolver, plain):
        side.forget_answers()  # of other tests, which did not ask both sides
    for first in SAID:
        for second in SAID:
            for number in range(ATTEMPTS):
                wrong = any_differs(ask, plain, upstream, first, second, number)
                if not wrong:
                    break
            assert not wrong, "\n".join(wrong)
    upstream.forget()
