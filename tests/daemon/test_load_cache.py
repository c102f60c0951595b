"""`unbound-control load_cache` may bring back answers that were listed since the dump: they are found."""

import re

import pytest
from harness.wait import until

RESOLVER = {"settings": {"sweep_interval": 1}}
LISTED = {  # what is listed, what was in the dump
    "name": ("www.evil.example", "www.evil.example"),
    "below": ("evil.example", "www.evil.example"),
    "alias": ("www.evil.example", "to-evil.clean.example"),
    "address": ("203.0.113.5", "four.address.example"),
}


@pytest.mark.parametrize(("indicator", "name"), list(LISTED.values()), ids=list(LISTED))
def test_loaded_dump_is_swept(lists, resolver, ask, indicator, name):
    lists.put("bad", action="refused")
    assert ask(name).rcode == "NOERROR"
    dump = resolver.control("dump_cache")
    assert name in dump
    lists.add("bad", indicator)
    assert ask(name).rcode == "REFUSED"
    resolver.load_cache(dump)
    until(lambda: ask(name).rcode == "REFUSED", "the loaded answer to be found")
    until(lambda: not resolver.cached(name, "A"), "the loaded answer to be gone")


def swept(lists, field):
    return int(lists.state().get(field, 0))


def test_loaded_answer_was_there(lists, resolver, ask):
    """The other tests would pass if load_cache brought nothing back."""
    lists.put("bad", action="refused")
    assert ask("www.evil.example").rcode == "NOERROR"
    dump = resolver.control("dump_cache")
    lists.add("bad", "www.evil.example")
    before = swept(lists, "messages_swept_again")
    resolver.load_cache(dump)
    until(lambda: swept(lists, "messages_swept_again") > before, "an answer to be found")


def test_clean_answers_of_a_dump_stay(lists, resolver, ask):
    lists.put("bad", "evil.example", action="refused")
    assert ask("www.clean.example").rcode == "NOERROR"
    resolver.load_cache(resolver.control("dump_cache"))
    before = swept(lists, "sweeps_again")
    until(lambda: swept(lists, "sweeps_again") > before + 1, "two more sweeps")
    assert resolver.cached("www.clean.example", "A")


def newer(dump, name, address, by):
    """The RRset of name in the dump with another address, and by how many seconds it expires later."""
    rrset = re.search(
        rf"^;rrset (\d+) 1 0 (\d+) (\d+)\n{re.escape(name)}\.\t\d+\tIN\tA\t\S+\n", dump, re.M
    )
    ttl = int(rrset[1]) + by
    text = f";rrset {ttl} 1 0 {rrset[2]} {rrset[3]}\n{name}.\t{ttl}\tIN\tA\t{address}\n"
    return f"START_RRSET_CACHE\n{text}END_RRSET_CACHE\nSTART_MSG_CACHE\nEND_MSG_CACHE\nEOF\n"


@pytest.mark.parametrize("name", ["www.evil.example", "to-evil.clean.example"])
def test_record_that_replaces_another_under_a_message(lists, resolver, ask, name):
    """As when two workers do not have the same second yet: for one of them the record has expired, and an
    answer that brings the address along replaces it; for the other one the message has not (D-126)."""
    lists.put("bad", "203.0.113.77", action="refused")
    assert ask(name).rcode == "NOERROR"
    resolver.load_cache(newer(resolver.control("dump_cache"), "www.evil.example", "203.0.113.77", 100))
    answer = ask(name)
    assert (answer.tc, answer.addresses) == (True, [])
    until(lambda: ask(name).addresses == ["192.0.2.66"], "the name to be resolved again")


def test_record_that_replaces_another_and_is_not_listed(lists, resolver, ask):
    lists.put("bad", "203.0.113.77", action="refused")
    assert ask("www.evil.example").rcode == "NOERROR"
    dump = newer(resolver.control("dump_cache"), "www.evil.example", "203.0.113.78", 100)
    resolver.load_cache(dump)
    assert ask("www.evil.example").addresses == ["203.0.113.78"]
