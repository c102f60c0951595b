"""`unbound-control load_cache` may bring back answers that were listed since the dump: the sweep
finds such answers."""

import re

import pytest
from harness.wait import until

RESOLVER = {"settings": {"sweep_interval": 1}}
LISTED = {  # the indicator, data in the dump
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
    first = ask(name)  # never judged, so not sent (D-126)
    assert first.rcode == "REFUSED" or (first.tc and not first.addresses), first
    until(lambda: ask(name).rcode == "REFUSED", "the loaded answer to be found")
    until(lambda: not resolver.cached(name, "A"), "the loaded answer to be gone")


def test_truncated_answer_leaves_the_cache(make_resolver, shared_redis, lists_for):
    """Nobody asks this resolver anything else, and no sweep finds the answer: the client that asks
    again gets the answer of the list (D-261)."""
    resolver = make_resolver(shared_redis, sweep_interval=0)
    lists, ask = lists_for(resolver, shared_redis), resolver.client.ask
    lists.put("bad", action="refused")
    ask("www.evil.example")
    dump = resolver.control("dump_cache")
    lists.add("bad", "www.evil.example")
    resolver.load_cache(dump)
    assert ask("www.evil.example").tc
    until(lambda: ask("www.evil.example", tcp=True).rcode == "REFUSED", "the answer of the list", 2)


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


@pytest.mark.parametrize("kind", ["A", "CNAME"])
def test_private_answers_are_out_of_reach(lists, resolver, ask, kind):
    """Neither a dump nor the class in which RRsets of private answers are kept gives the answer (D-120)."""
    lists.put("bad", "203.0.113.5", "to-evil.clean.example", "www.evil.example", action="nxdomain", observe=True)
    names = ("four.address.example", "to-evil.clean.example")
    assert {ask(name).rcode for name in names} == {"NXDOMAIN"}
    dump = resolver.control("dump_cache")
    assert not re.search(r"^msg (four\.address|to-evil\.clean)", dump, re.M)
    resolver.load_cache(dump)
    for name in names:
        answer = ask(name, kind, rdclass="CLASS65280")
        assert answer.rcode == "REFUSED" and not answer.all_types


def test_clean_answers_of_a_dump_stay(lists, resolver, ask):
    lists.put("bad", "evil.example", action="refused")
    assert ask("www.clean.example").rcode == "NOERROR"
    resolver.load_cache(resolver.control("dump_cache"))
    before = swept(lists, "sweeps_again")
    until(lambda: swept(lists, "sweeps_again") > before + 1, "two more sweeps")
    assert resolver.cached("www.clean.example", "A")
