"""DNS64 (RFC 6147) on either side of us: a synthesised address is judged by the listed address, and
no stored answer of dns64 is served without us."""

import dns.reversename
import pytest
from harness.resolver import GARDEN6, SINK4, SINK6

FIRST = "dns64 dynlib validator iterator"
LAST = "dynlib dns64 validator iterator"
OWN_PREFIX = "2001:db8:64::/48"
FOUR = "four.address.example"
SYNTHESISED = "64:ff9b::cb00:7105"
CLEAN6 = ["64:ff9b::c633:640a"]


@pytest.fixture(scope="module", params=[FIRST, LAST], ids=["dns64-first", "dynlib-first"])
def made(request, env, authority, shared_redis, settings_for, session_folder):
    from conftest import Resolver, lists_of

    path = session_folder / f"d64-{request.param.split()[0]}"
    resolver = Resolver(env, path, authority, settings_for(shared_redis, path), (), request.param)
    try:
        resolver.start()
        lists_of(resolver, shared_redis).wait_state(state="following")
        yield resolver
        resolver.stop()
    finally:
        resolver.kill()


@pytest.fixture
def module_resolver(made):
    return made


@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
@pytest.mark.parametrize("indicator", [FOUR, "203.0.113.5", "203.0.113.0/24", "64:ff9b::cb00:7105"])
def test_listed(lists, ask, indicator, cached):
    if cached:
        assert ask(FOUR, "AAAA").addresses == [SYNTHESISED]
        assert ask(FOUR).addresses == ["203.0.113.5"]
    lists.put("bad", indicator, action="sinkhole")
    for _ in range(3):
        assert ask(FOUR, "AAAA").addresses == [SINK6]
        if ":" not in indicator:
            assert ask(FOUR).addresses == [SINK4]
    lists.drop("bad")
    for _ in range(2):
        assert ask(FOUR, "AAAA").addresses == [SYNTHESISED]
        assert ask(FOUR).addresses == ["203.0.113.5"]


@pytest.mark.parametrize("action", ["nxdomain", "nodata", "refused"])
@pytest.mark.parametrize("name", [FOUR, "alias.address.example", "evil.example"])
def test_no_address_comes_through(lists, ask, events, name, action):
    lists.put("bad", "203.0.113.5", "evil.example", action=action)
    rcode = {"nxdomain": "NXDOMAIN", "nodata": "NOERROR", "refused": "REFUSED"}[action]
    for rdtype in ("AAAA", "A", "AAAA"):
        answer = ask(name, rdtype)
        assert (answer.rcode, answer.addresses) == (rcode, [])
    events.wait({"dns.question.name": name, "dns.question.type": "AAAA"}, count=2)


def test_clean_names_are_synthesised_and_cached(lists, ask, resolver, upstream):
    lists.put("bad", "evil.example", "203.0.113.0/24", action="nxdomain")
    for _ in range(3):
        assert ask("clean.example", "AAAA").addresses == CLEAN6
    assert len(upstream.asked("clean.example")) == 2  # AAAA, then A
    assert resolver.cached("clean.example", "AAAA")


def test_cname_of_a_listed_name(lists, ask):
    lists.put("bad", "evil.example", action="cname")
    for _ in range(2):
        assert ask("www.evil.example", "AAAA").addresses == [GARDEN6]


def test_monitored(lists, ask, events):
    lists.put("bad", FOUR, "203.0.113.5", action="monitor")
    for _ in range(2):
        assert ask(FOUR, "AAAA").addresses == [SYNTHESISED]
    events.wait({"dns.question.name": FOUR, "dns.question.type": "AAAA"}, count=2)


@pytest.mark.parametrize("chain", [FIRST, LAST])
def test_prefix_of_the_operators_own(make_resolver, shared_redis, lists_for, chain):
    server = [f"dns64-prefix: {OWN_PREFIX}"]
    resolver = make_resolver(shared_redis, server=server, chain=chain)
    ask = resolver.client.ask
    true = ["2001:db8:64:cb00:71:500::"]  # 203.0.113.5 below 48 bits (RFC 6052 2.2)
    assert ask(FOUR, "AAAA").addresses == true
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "203.0.113.5", "AS8342", action="sinkhole")
    for _ in range(2):
        assert ask(FOUR, "AAAA").addresses == [SINK6]
        assert ask("as1.network.example", "AAAA").addresses == [SINK6]
    lists.drop("bad")
    assert ask(FOUR, "AAAA").addresses == true


def test_questions_that_are_translated(ask, made):
    """Only as the first module dns64 sees a new question (D-244)."""
    name = dns.reversename.from_address("64:ff9b::213.24.76.23").to_text()
    first = made.chain.startswith("dns64")
    answer = ask(name, "PTR")
    assert answer.rcode == ("NOERROR" if first else "NXDOMAIN")
    assert ("mail.neighbour.example" in str(answer.message)) == first
