"""The triggers of an indicator: the name, an alias, an address, the network of an address."""

import pytest
from harness.events import NAME, TRIGGER

CHAIN = ["a.first.example", "b.second.example", "c.third.example"]


def expect_hit(events, name, trigger):
    """The question was recorded with this trigger."""
    events.wait({NAME: name, TRIGGER: trigger})


def test_qname(lists, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    assert ask("www.evil.example").rcode == "NXDOMAIN"
    expect_hit(events, "www.evil.example", "qname")


@pytest.mark.parametrize("target", CHAIN)
def test_alias_at_each_position_of_a_chain(lists, ask, events, target):
    lists.put("bad", f"={target}", action="nxdomain")
    answer = ask("chain.clean.example")
    assert (answer.rcode, answer.addresses) == ("NXDOMAIN", [])
    expect_hit(events, "chain.clean.example", "cname")


@pytest.mark.parametrize("zone", ["first.example", "second.example", "third.example"])
def test_alias_below_a_listed_name(lists, ask, zone):
    lists.put("bad", zone, action="nxdomain")
    assert ask("chain.clean.example").rcode == "NXDOMAIN"


def test_alias_whose_chain_has_no_such_record(lists, ask):
    """The chain ends in a name without this type: the alias is listed all the same."""
    lists.put("bad", "b.second.example", action="refused")
    assert ask("chain.clean.example", "TXT").rcode == "REFUSED"


def test_alias_asked_for_as_such(lists, ask):
    lists.put("bad", "a.first.example", action="refused")
    assert ask("chain.clean.example", "CNAME").rcode == "REFUSED"


@pytest.mark.parametrize(("name", "rdtype"), [("mode", "HTTPS"), ("svcmode", "SVCB")])
@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
def test_alias_mode(lists, ask, events, name, rdtype, cached):
    if cached:
        assert ask(f"{name}.clean.example", rdtype).types == {rdtype}
    lists.put("bad", "www.evil.example", action="nxdomain")
    assert ask(f"{name}.clean.example", rdtype).rcode == "NXDOMAIN"
    expect_hit(events, f"{name}.clean.example", "cname")


ADDRESSES = [
    ("203.0.113.5", "four.address.example", "A"),
    ("2001:db8:bad::5", "six.address.example", "AAAA"),
    ("203.0.113.0/24", "net4.address.example", "A"),
    ("203.0.112.0/20", "net4.address.example", "A"),
    ("203.0.113.77/32", "net4.address.example", "A"),
    ("2001:db8:bad::/48", "net6.address.example", "AAAA"),
    ("2001:db8:bad:1::77/128", "net6.address.example", "AAAA"),
    ("203.0.113.5", "both.address.example", "A"),
    ("203.0.113.5", "alias.address.example", "A"),
    ("203.0.113.5", "hint4.address.example", "HTTPS"),
    ("2001:db8:bad::5", "hint6.address.example", "HTTPS"),
    ("203.0.113.0/24", "svc4.address.example", "SVCB"),
    ("2001:db8:bad::/48", "svc6.address.example", "SVCB"),
]


@pytest.mark.parametrize(("indicator", "name", "rdtype"), ADDRESSES)
def test_address(lists, ask, events, indicator, name, rdtype):
    lists.put("bad", indicator, action="nxdomain")
    answer = ask(name, rdtype)
    assert answer.rcode == "NXDOMAIN"
    assert not answer.types
    expect_hit(events, name, "address")


@pytest.mark.parametrize(
    ("indicator", "name", "rdtype"),
    [
        ("203.0.113.0/24", "other.address.example", "A"),
        ("203.0.113.6", "four.address.example", "A"),
        ("2001:db8:bad::/64", "net6.address.example", "AAAA"),
        ("203.0.113.5", "text.address.example", "TXT"),
    ],
)
def test_address_that_is_not_in_the_answer(lists, ask, indicator, name, rdtype):
    lists.put("bad", indicator, action="nxdomain")
    answer = ask(name, rdtype)
    assert (answer.rcode, answer.types) == ("NOERROR", {rdtype})


ASN = [
    ("AS8342", "as1.network.example", "A"),
    ("as8342", "as1.network.example", "A"),
    ("AS15133", "as2.network.example", "A"),
    ("AS15169", "as6.network.example", "AAAA"),
    ("AS8342", "hint.network.example", "HTTPS"),
]


@pytest.mark.parametrize(("indicator", "name", "rdtype"), ASN)
def test_asn(lists, ask, events, indicator, name, rdtype):
    lists.put("bad", indicator, action="nxdomain")
    assert ask(name, rdtype).rcode == "NXDOMAIN"
    expect_hit(events, name, "asn")


def test_other_asn(lists, ask):
    lists.put("bad", "AS15133", action="nxdomain")
    assert ask("as1.network.example").addresses == ["213.24.76.99"]


def test_address_without_an_asn(lists, ask):
    lists.put("bad", "AS8342", action="nxdomain")
    assert ask("four.address.example").addresses == ["203.0.113.5"]
