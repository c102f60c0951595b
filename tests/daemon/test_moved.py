"""A name that moves to a listed address: messages cached before refer to the name's records, and no
client gets the listed address from such a message."""

import pytest
from harness.events import NAME, QTYPE, field
from harness.wait import until

LISTED = "203.0.113.77"
LISTED6 = "2001:db8:bad::77"
RESOLVER = {
    "server": ["serve-expired: yes", "serve-expired-client-timeout: 0", "cache-max-ttl: 1"],
    "options": {"threads": 1},
}


@pytest.fixture
def expired(lists, resolver, ask, upstream):
    """Cached before the name moved, and expired."""
    lists.put("bad", LISTED, action="refused")

    def make(name, address):
        assert ask(name).addresses == [address]
        until(lambda: is_expired(resolver, name), "the answer to expire")
        upstream.forget()
        upstream.move(address, LISTED)

    return make


def is_expired(resolver, name):
    lines = resolver.control("dump_cache").splitlines()
    return not any(line.startswith(f"msg {name}. IN A ") for line in lines)


def answers(ask, name):
    """All that comes, from the first question on to when the name was resolved again."""
    found = [ask(name)]
    until(lambda: found.append(ask(name)) or found[-1].rcode == "REFUSED", "the new answer")
    return {address for one in found for address in one.addresses}


def test_target_of_an_expired_alias(expired, ask, upstream):
    expired("alias.evil.example", "192.0.2.66")
    assert ask("www.evil.example").rcode == "REFUSED"
    assert answers(ask, "alias.evil.example") == {"192.0.2.66"}


def test_address_that_comes_along_with_another_answer(expired, ask, upstream):
    expired("mail.evil.example", "192.0.2.67")
    assert ask("evil.example", "MX").rcode == "NOERROR"
    assert LISTED not in answers(ask, "mail.evil.example")


@pytest.fixture
def run(make_resolver, shared_redis, lists_for, upstream):
    """run(server lines): how a resolver is asked for which the addresses are listed."""

    def start(*server):
        resolver = make_resolver(shared_redis, server=server, threads=1)
        lists_for(resolver, shared_redis).put("bad", LISTED, LISTED6, action="refused")
        upstream.forget()
        return resolver.client.ask

    return start


def test_question_without_recursion(run, upstream):
    """The validator stores the records in any case; here beside records of a cached alias. With CD
    the message is another than the message for the alias."""
    ask = run("access-control: 127.0.0.0/8 allow_snoop")
    assert ask("alias.evil.example", "AAAA").addresses == ["2001:db8::66"]
    upstream.move("2001:db8::66", LISTED6)
    assert ask("www.evil.example", "AAAA", rd=False, cd=True).rcode == "REFUSED"
    assert LISTED6 not in ask("alias.evil.example", "AAAA").addresses


def test_address_that_comes_along_with_a_renewed_answer(run, upstream):
    """Prefetching takes records that expire within a minute for expired."""
    ask = run("prefetch: yes")
    assert ask("lasting.short.example").addresses == ["192.0.2.72"]
    assert ask("brief.short.example", "MX").rcode == "NOERROR"
    upstream.move("192.0.2.72", LISTED)

    def renewed():
        assert ask("brief.short.example", "MX").rcode == "NOERROR"  # at each look
        assert LISTED not in ask("lasting.short.example").addresses  # at each look
        return len(upstream.asked("brief.short.example")) > 5

    until(renewed, "the answer to be renewed")


def test_data_that_moved_twice_within_a_second(make_resolver, shared_redis, lists_for, events_for, upstream):
    """The third data may lie where the first lay, and expire at the same time. A mark that the
    message got with the first data must not stand for the third."""
    resolver = make_resolver(shared_redis, options={"threads": 1})
    lists_for(resolver, shared_redis).put("bad", LISTED6, action="monitor")
    ask = resolver.client.ask
    stream = events_for(resolver, shared_redis)
    names = [f"name{i}.many.evil.example" for i in range(40)]
    for i, name in enumerate(names):
        upstream.make(name, "AAAA", "NOERROR", "AAAA 2001:db8::67")
        for _ in range(2):  # the message gets the mark
            assert ask(name, "AAAA").addresses == ["2001:db8::67"]
        between = [(f"2001:db8::{j}", 0) for j in range(i % 8 + 1)]
        for address, ttl in (*between, (LISTED6, 300)):
            upstream.make(name, "AAAA", "NOERROR", f"AAAA {address}", ttl=ttl)
            assert len(ask(name, "AAAA", cd=True).addresses) == 1  # another message, the same records
        assert ask(name, "AAAA").addresses == [LISTED6]

    def hits():
        return sum(event["sinkwatch"]["count"] for event in stream.all() if field(event, QTYPE) == "AAAA")

    until(lambda: hits() == 2 * len(names), lambda: f"{hits()} hits, {stream.all()}")
