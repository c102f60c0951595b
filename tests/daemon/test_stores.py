"""Entries of the caches, by writer, while lists change under a resolution."""

import contextlib
import re

import pytest
from harness.wait import live, until

RESOLVER = {"options": {"threads": 1}}


def aliases(resolver, name, rdclass="IN"):
    """Whether the RRset cache holds an alias of this name."""
    line = re.compile(rf"^{re.escape(name)}\.\t\d+\t{rdclass}\tCNAME\t", re.M)
    return bool(line.search(resolver.control("dump_cache")))


def ask_while(resolver, upstream, name, held, change):
    with upstream.hold(held) as hold:
        pending = resolver.client.send(name)
        upstream.wait_held(hold)
        change()
    return pending.answer()


@pytest.mark.parametrize("action", ["tcp-only", "sinkhole"])
@pytest.mark.parametrize(
    ("indicator", "leads_to_it"),
    [
        ("a.first.example", "chain.clean.example"),
        ("b.second.example", "a.first.example"),
        ("c.third.example", "b.second.example"),
    ],
)
def test_aliases_of_a_touched_answer_are_kept_apart(
    lists, resolver, ask, indicator, leads_to_it, action
):
    """The iterator would follow these aliases without us, to answers that are clean by
    themselves."""
    assert ask("chain.clean.example").aliases
    assert aliases(resolver, "chain.clean.example")
    lists.put("bad", indicator, action=action)
    first = ask("chain.clean.example")
    assert ask("chain.clean.example").addresses == first.addresses
    assert not aliases(resolver, leads_to_it)
    assert not aliases(resolver, indicator)
    assert aliases(resolver, leads_to_it, "CLASS65280")


def test_aliases_of_an_exempt_answer_are_kept_out(lists, resolver, ask):
    assert ask("chain.clean.example", "DS").aliases
    assert aliases(resolver, "chain.clean.example")
    lists.put("bad", "a.first.example", action="nxdomain")
    assert ask("chain.clean.example", "DS").aliases
    assert not aliases(resolver, "chain.clean.example")


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("new.slow.example", "slow.example"),
        ("chain.clean.example", "c.third.example"),
        ("to-evil.signed.example", "evil.example"),
    ],
)
@pytest.mark.parametrize("listed", ["other.example", "203.0.113.77"])
def test_clean_answer_is_cached_though_lists_change_meanwhile(
    lists, resolver, upstream, name, held, listed
):
    lists.put("bad", action="refused")
    answer = ask_while(resolver, upstream, name, held, lambda: lists.add("bad", listed))
    assert answer.rcode == "NOERROR" and answer.addresses
    assert resolver.cached(name, "A")


def test_answer_that_was_listed_when_asked_for_is_cached_once_it_is_clean(lists, resolver, upstream):
    lists.put("bad", "off.slow.example", action="monitor")
    answer = ask_while(
        resolver, upstream, "off.slow.example", "slow.example",
        lambda: lists.remove("bad", "off.slow.example"),
    )  # fmt: skip
    assert answer.addresses
    assert resolver.cached("off.slow.example", "A")


@pytest.mark.parametrize("indicator", ["chain.clean.example", "a.first.example", "b.second.example"])
def test_alias_that_is_listed_when_the_iterator_is_past_it(lists, resolver, upstream, indicator):
    lists.put("bad", action="refused")
    answer = ask_while(
        resolver, upstream, "chain.clean.example", "c.third.example",
        lambda: lists.add("bad", f"={indicator}"),
    )  # fmt: skip
    assert answer.rcode == "REFUSED"
    assert not resolver.cached("chain.clean.example", "A")
    assert not aliases(resolver, indicator)


def test_alias_that_is_listed_before_an_expired_answer_is_given(
    make_resolver, shared_redis, lists_for, upstream
):
    """Judging the expired answer does not make the aliases judged that the iterator has followed."""
    server = ["serve-expired: yes", "serve-expired-client-timeout: 1500"]
    resolver = make_resolver(shared_redis, server=server, options={"threads": 1})
    lists = lists_for(resolver, shared_redis)
    for number in range(4):
        name = f"moved{number}.short.example"
        lists.put("bad", action="refused")
        upstream.forget()
        stale = resolver.client.ask(name).addresses
        live(2.1)
        upstream.make(name, "A", "NOERROR", "CNAME a.first.example.")
        with upstream.hold("c.third.example") as hold:
            pending = resolver.client.send(name)
            upstream.wait_held(hold)
            lists.add("bad", "=b.second.example")
            in_time = not pending.has_come()
            assert pending.answer().addresses == stale
        until(lambda: resolver.statistic("total.requestlist.current.all") == 0, "the answer to come")
        assert not aliases(resolver, "a.first.example") and not aliases(resolver, "b.second.example")
        assert resolver.client.ask(name).rcode == "REFUSED"
        if in_time:
            break
        lists.drop("bad")
        resolver.forget_answers()
    upstream.forget()
    assert in_time, "no change was in force before the expired answer"


def ask_while_proof_rests(lists, resolver, ask, upstream, name, indicator):
    """List a name while the validator rests, for 50 to 400 ms after each eight hashes of a proof;
    then the query goes on by a timer, without any hook of ours since the response, which was judged
    clean. Forty labels take 1.2 s. Unbound discards queries longer than 1.9 s."""
    for _ in range(4):
        resolver.forget_answers()
        upstream.forget()
        pending = resolver.client.send(name)
        until(lambda: ("hashed.example", "DNSKEY") in upstream.asked("hashed.example"), "the proof")
        assert ask("www.clean.example").addresses  # the worker's turn is over
        lists.put("bad", f"={indicator}", action="refused")
        in_time = not pending.has_come()
        with contextlib.suppress(TimeoutError):
            answer = pending.answer(timeout=2)
            if in_time:
                return answer
        lists.drop("bad")
    raise AssertionError("no change was in force before the proof was over")


def test_name_listed_while_the_validator_rests(lists, resolver, ask, upstream):
    name = "x." * 40 + "hashed.example"
    answer = ask_while_proof_rests(lists, resolver, ask, upstream, name, name)
    assert answer.rcode == "REFUSED"
    assert not resolver.cached(name, "A")


# An answer to a question of minimisation (RFC 9156) is stored by that question's name.
MINIMISED = {"nodata": ("deep.sub.evil.example", "sub.evil.example"),
             "nxdomain": ("below.not-there.signed.example", "not-there.signed.example")}  # fmt: skip


@pytest.mark.parametrize(("name", "above"), MINIMISED.values(), ids=MINIMISED)
def test_listed_name_that_minimisation_asks_for(lists, resolver, ask, name, above):
    lists.put("bad", f"={above}", action="refused")
    ask(name)
    assert not resolver.cached(above, "A")
    assert ask(above).rcode == "REFUSED"


@pytest.mark.parametrize(("name", "above"), MINIMISED.values(), ids=MINIMISED)
def test_name_that_minimisation_asks_for_is_cached(lists, resolver, ask, name, above):
    lists.put("bad", "=other.example", action="refused")
    ask(name)
    assert resolver.cached(above, "A")


def test_minimised_name_listed_while_keys_are_fetched(lists, resolver, ask, upstream):
    name, above = MINIMISED["nxdomain"]
    with upstream.hold("signed.example", "DNSKEY") as hold:
        pending = resolver.client.send(name)
        upstream.wait_held(hold)
        lists.put("bad", f"={above}", action="refused")
    assert pending.answer().rcode == "NXDOMAIN"
    assert not resolver.cached(above, "A")
    assert ask(above).rcode == "REFUSED"


def test_minimised_name_listed_while_the_validator_rests(lists, resolver, ask, upstream):
    name = "x." * 40 + "hashed.example"
    answer = ask_while_proof_rests(lists, resolver, ask, upstream, name, "x.hashed.example")
    assert answer.rcode == "NXDOMAIN"
    assert not resolver.cached("x.hashed.example", "A")
    assert ask("x.hashed.example").rcode == "REFUSED"
