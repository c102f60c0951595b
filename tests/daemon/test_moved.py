"""A name that moves to a listed address: messages cached before refer to its records, and are served
when they have expired, too."""

import pytest
from harness.wait import until

LISTED = "203.0.113.77"
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
