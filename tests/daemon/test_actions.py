"""Each action, for a listed name and for a listed address in the answer."""

import dns.exception
import pytest
from harness.events import NAME
from harness.resolver import GARDEN, GARDEN4, GARDEN6, SINK4, SINK6

TRUE4 = ["192.0.2.66"]
TRUE6 = ["2001:db8::66"]
WWW = "www.evil.example"
BY = {
    "qname": ["evil.example"],
    "address": ["192.0.2.66", "2001:db8::66"],
}


@pytest.fixture(params=["qname", "address"])
def block(request, lists):
    """List www.evil.example by name, or by addresses: block(action=...)."""
    return lambda **policy: lists.put("bad", *BY[request.param], **policy)


def test_monitor(block, ask, events):
    block(action="monitor")
    assert ask(WWW).addresses == TRUE4
    events.wait({NAME: WWW})


def test_passthru(block, ask):
    block(action="passthru")
    assert ask(WWW).addresses == TRUE4


def test_allow_list_passes_the_true_answer(block, lists, ask):
    block(action="nxdomain")
    lists.put("good", WWW, kind="allow", priority=1)
    assert ask(WWW).addresses == TRUE4


def test_nxdomain(block, ask):
    block(action="nxdomain")
    answer = ask(WWW)
    assert (answer.rcode, answer.types, answer.aa) == ("NXDOMAIN", set(), False)
    assert "SOA" in answer.all_types  # so that the answer can be remembered: RFC 2308 3


def test_nodata(block, ask):
    block(action="nodata")
    answer = ask(WWW)
    assert (answer.rcode, answer.types) == ("NOERROR", set())
    assert "SOA" in answer.all_types


def test_refused(block, ask):
    block(action="refused")
    assert (ask(WWW).rcode, ask(WWW).types) == ("REFUSED", set())


def test_drop_over_udp(block, resolver, ask, events):
    block(action="drop")
    pending = resolver.client.send(WWW)
    events.wait({NAME: WWW})
    assert ask("www.clean.example").addresses == ["198.51.100.10"]
    assert pending.nothing_came()


def test_drop_over_tcp_is_refused(block, ask):
    block(action="drop")
    assert (ask(WWW, tcp=True).rcode, ask(WWW, tcp=True).types) == ("REFUSED", set())


def test_tcp_only_truncates_over_udp(block, ask):
    block(action="tcp-only")
    answer = ask(WWW)
    assert answer.tc
    assert (answer.rcode, answer.types) == ("NOERROR", set())


def test_tcp_only_answers_over_tcp(block, ask):
    block(action="tcp-only")
    answer = ask(WWW, tcp=True)
    assert not answer.tc
    assert answer.addresses == TRUE4


def test_sinkhole_a(block, ask):
    block(action="sinkhole")
    answer = ask(WWW)
    assert (answer.rcode, answer.addresses, answer.types) == ("NOERROR", [SINK4], {"A"})


def test_sinkhole_aaaa(block, ask):
    block(action="sinkhole")
    answer = ask(WWW, "AAAA")
    assert (answer.rcode, answer.addresses, answer.types) == ("NOERROR", [SINK6], {"AAAA"})


def test_sinkhole_gives_no_https(block, ask):
    block(action="sinkhole")
    answer = ask(WWW, "HTTPS")
    assert (answer.rcode, answer.types) == ("NOERROR", set())


@pytest.mark.parametrize("rdtype", ["TXT", "MX", "SVCB", "CNAME", "PTR"])
def test_sinkhole_gives_no_other_types_of_a_listed_name(lists, ask, rdtype):
    lists.put("bad", "evil.example", action="sinkhole")
    answer = ask("evil.example", rdtype)
    assert (answer.rcode, answer.types) == ("NOERROR", set())


def test_sinkhole_any_never_holds_the_true_answer(block, ask):
    block(action="sinkhole")
    answer = ask(WWW, "ANY", tcp=True)
    assert answer.rcode == "NOERROR"
    assert not set(answer.addresses) & {*TRUE4, *TRUE6}


def test_landing_addresses_of_the_list_go_first(block, ask):
    block(action="sinkhole", sinkhole4="198.18.9.9", sinkhole6="2001:db8:9::9")
    assert ask(WWW).addresses == ["198.18.9.9"]
    assert ask(WWW, "AAAA").addresses == ["2001:db8:9::9"]


def test_sinkhole_without_a_landing_address(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, sinkhole_ipv4=None, sinkhole_ipv6=None)
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="sinkhole")
    answer = resolver.client.ask(WWW)
    assert (answer.rcode, answer.types) == ("NOERROR", set())


def test_cname_resolves_the_walled_garden(block, ask):
    block(action="cname")
    four, six = ask(WWW), ask(WWW, "AAAA")
    assert (four.rcode, four.aliases, four.addresses) == ("NOERROR", [GARDEN], [GARDEN4])
    assert (six.rcode, six.aliases, six.addresses) == ("NOERROR", [GARDEN], [GARDEN6])


def test_cname_for_a_type_the_garden_does_not_have(block, ask):
    block(action="cname")
    answer = ask(WWW, "HTTPS")
    assert (answer.rcode, answer.types, answer.aliases) == ("NOERROR", {"CNAME"}, [GARDEN])


def test_cname_asked_for_as_such(lists, ask):
    lists.put("bad", "evil.example", action="cname")
    answer = ask(WWW, "CNAME")
    assert (answer.types, answer.aliases) == ({"CNAME"}, [GARDEN])


def test_garden_of_the_list_goes_first_and_may_be_an_alias(block, ask):
    block(action="cname", cname="alias.garden.example")
    answer = ask(WWW)
    assert answer.aliases == ["alias.garden.example", GARDEN]
    assert answer.addresses == [GARDEN4]


FAILING = {  # answers besides the alias: a failing garden sends none to another resolver
    "www.bogus.example": "NOERROR",
    "self.large.example": "NOERROR",  # an alias to itself
    "one.large.example": "NOERROR",  # two aliases to each other
    "not-there.garden.example": "NXDOMAIN",
}


@pytest.mark.parametrize("garden", FAILING)
@pytest.mark.parametrize("indicator", ["evil.example", "192.0.2.66"], ids=["name", "address"])
def test_garden_that_cannot_be_resolved_gives_the_alias_alone(lists, ask, garden, indicator):
    """Alike whether the answer was resolved; and the operator is told, of the first for a minute."""
    before = int(lists.state()["gardens_failed"])
    lists.put("bad", indicator, action="cname", cname=garden)
    for _ in range(2):
        answer = ask(WWW)
        assert (answer.rcode, answer.aliases[0]) == (FAILING[garden], garden)
        assert (answer.addresses, answer.ad) == ([], False)
    if FAILING[garden] == "NOERROR":
        lists.wait_state(
            gardens_failed=lambda n: int(n) > before,
            last_error=lambda text: "cannot be resolved: clients get the alias alone" in text,
        )


def test_garden_that_its_own_list_covers_is_no_loop(lists, ask):
    lists.put("bad", "garden.example", action="cname")
    assert ask("www.garden.example").addresses == [GARDEN4]
    assert GARDEN not in ask(GARDEN).aliases


def test_cname_without_a_garden_is_nxdomain(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, cname_target=None)
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="cname")
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"


@pytest.mark.parametrize("action", ["nxdomain", "nodata", "sinkhole", "cname"])
def test_ttl_of_the_list(block, ask, action):
    block(action=action, ttl=17)
    answer = ask(WWW)
    records = [*answer.message.answer, *answer.message.authority]
    assert records
    assert max(rrset.ttl for rrset in records) <= 300
    assert records[0].ttl == 17


@pytest.mark.parametrize("action", ["nxdomain", "sinkhole", "refused", "drop"])
def test_every_query_is_acted_on_not_only_the_first(block, resolver, ask, events, action):
    block(action=action)
    for _ in range(3):
        try:
            seconds = 0.3 if action == "drop" else 5
            assert ask(WWW, timeout=seconds).addresses != TRUE4
        except dns.exception.Timeout:
            assert action == "drop"
    events.wait({NAME: WWW}, count=3)
