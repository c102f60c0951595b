"""Validated answers: untouched answers keep AD, rewritten answers have neither AD nor RRSIG, and a
bogus answer is never turned into a good answer."""

from itertools import product

import dns.exception
import pytest
from harness.events import NAME, TAKEN
from harness.resolver import GARDEN, GARDEN4, SINK4

RESOLVER = {"settings": {"client_group": ['"second 127.0.0.2"']}}
WWW = "www.signed.example"
TRUE4 = ["198.51.100.60"]
REWRITES = ["nxdomain", "nodata", "sinkhole", "cname"]
BY = {"qname": WWW, "address": "198.51.100.60", "subtree": "signed.example"}


def test_untouched_answer_keeps_ad_and_signatures(lists, ask):
    lists.put("bad", "evil.example", "203.0.113.0/24", "AS8342", action="nxdomain")
    for _ in ("resolved", "from the cache"):
        answer = ask(WWW, do=True)
        assert (answer.ad, answer.types, answer.addresses) == (True, {"A", "RRSIG"}, TRUE4)


def test_untouched_denial_keeps_ad_and_proof(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    answer = ask("not-there.signed.example", do=True)
    assert (answer.rcode, answer.ad) == ("NXDOMAIN", True)
    assert {"NSEC", "RRSIG"} <= answer.all_types


@pytest.mark.parametrize("action", REWRITES)
@pytest.mark.parametrize("indicator", list(BY.values()), ids=list(BY))
@pytest.mark.parametrize("cd", [False, True], ids=["", "cd"])
def test_rewritten_answer_has_neither_ad_nor_signatures(lists, ask, indicator, action, cd):
    lists.put("bad", indicator, action=action)
    answer = ask(WWW, do=True, cd=cd)
    assert not answer.ad
    assert not answer.all_types & {"RRSIG", "NSEC", "NSEC3"}
    assert answer.addresses != TRUE4


@pytest.mark.parametrize("indicator", list(BY.values()), ids=list(BY))
def test_rewritten_though_cached_as_secure(lists, ask, indicator):
    assert ask(WWW, do=True).ad
    lists.put("bad", indicator, action="sinkhole")
    answer = ask(WWW, do=True)
    assert (answer.ad, answer.types) == (False, {"A"})


def test_garden_in_a_signed_zone_has_neither_ad_nor_signatures(lists, ask):
    assert ask("other.signed.example", do=True).ad
    lists.put("bad", "evil.example", action="cname", cname="other.signed.example")
    answer = ask("www.evil.example", do=True)
    assert (answer.addresses, answer.ad) == (["198.51.100.61"], False)
    assert "RRSIG" not in answer.all_types
    assert ask("other.signed.example", do=True).types == {"A", "RRSIG"}


@pytest.mark.parametrize("indicator", list(BY.values()), ids=list(BY))
@pytest.mark.parametrize("shadow", [False, True], ids=["monitor", "shadow"])
def test_recorded_answer_keeps_ad_and_signatures(lists, ask, indicator, shadow):
    lists.put("bad", indicator, action="sinkhole" if shadow else "monitor", shadow=shadow)
    for _ in range(2):
        answer = ask(WWW, do=True)
        assert (answer.ad, answer.types) == (True, {"A", "RRSIG"})
    assert not ask(WWW, ad=False).ad


def test_allowed_answer_keeps_ad(lists, ask):
    lists.put("bad", "signed.example", action="nxdomain")
    lists.put("good", WWW, kind="allow")
    assert ask(WWW, do=True).ad


@pytest.mark.parametrize(
    ("indicator", "name"),
    [
        ("192.0.2.99", "www.bogus.example"),
        ("192.0.2.99", "alias.bogus.example"),
        ("=www.evil.example", "forged.bogus.example"),
    ],
    ids=["address", "address-of-alias", "forged-alias"],
)
@pytest.mark.parametrize("action", ["sinkhole", "nxdomain", "monitor", "cname", "refused"])
def test_bogus_answer_stays_servfail(lists, ask, indicator, name, action):
    lists.put("bad", indicator, action=action)
    for _ in range(2):
        assert (ask(name).rcode, ask(name).addresses) == ("SERVFAIL", [])


SAYS = {
    "sinkhole": ("NOERROR", [SINK4]), "nxdomain": ("NXDOMAIN", []), "nodata": ("NOERROR", []),
    "refused": ("REFUSED", []), "cname": ("NOERROR", [GARDEN4]), "monitor": ("SERVFAIL", []),
    "passthru": ("SERVFAIL", []),
}  # fmt: skip


@pytest.mark.parametrize("name", ["alias.bogus.example", "to-bogus.signed.example"])
@pytest.mark.parametrize("action", list(SAYS))
@pytest.mark.parametrize("do", [False, True], ids=["", "do"])
def test_listed_target_of_a_proven_alias_needs_no_valid_answer(lists, ask, events, name, action, do):
    """As a listed question needs none (D-262)."""
    lists.put("bad", "=www.bogus.example", action=action)
    for _ in range(3):
        answer = ask(name, do=do)
        assert (answer.rcode, answer.addresses) == SAYS[action] and not answer.ad
    events.wait({NAME: name, TAKEN: action}, count=3)


@pytest.mark.parametrize("rdtype", ["A", "ANY", "TXT", "HTTPS", "CNAME", "SRV"])
@pytest.mark.parametrize("cd", [False, True], ids=["", "cd"])
def test_proven_alias_decides_for_each_type(lists, ask, rdtype, cd):
    """For type ANY Unbound puts alias and unsigned target together, which does not validate."""
    lists.put("bad", "=www.evil.example", action="nxdomain")
    for _ in range(2):
        assert ask("to-evil.signed.example", rdtype, cd=cd, do=True).rcode == "NXDOMAIN"


@pytest.mark.parametrize("observe", [False, True])
def test_proven_alias_for_some_clients(lists, ask, observe):
    """The others get the failure, as without a list. With observe the true answer is needed, and there
    is none."""
    lists.put("bad", "=www.bogus.example", action="nxdomain", observe=observe, groups=["second"])
    for _ in range(2):
        assert ask("alias.bogus.example").rcode == "SERVFAIL"
        answer = ask("alias.bogus.example", source="127.0.0.2")
        assert answer.rcode == ("SERVFAIL" if observe else "NXDOMAIN")


@pytest.mark.parametrize("policy", [{"action": "monitor"}, {"action": "sinkhole", "shadow": True}])
def test_bogus_answer_of_a_recorded_name_stays_servfail(lists, ask, policy):
    lists.put("bad", "www.bogus.example", **policy)
    assert ask("www.bogus.example").rcode == "SERVFAIL"


def test_bogus_answer_asked_for_without_validation_is_judged(lists, ask):
    assert ask("www.bogus.example", cd=True).addresses == ["192.0.2.99"]
    lists.put("bad", "192.0.2.99", action="nxdomain")
    assert ask("www.bogus.example", cd=True).addresses == []


@pytest.mark.parametrize("indicator", ["192.0.2.99", "=www.bogus.example"], ids=["address", "alias"])
def test_bogus_answer_asked_for_without_validation_leads_to_the_garden(lists, ask, indicator):
    lists.put("bad", indicator, action="cname")
    answer = ask("alias.bogus.example", cd=True)
    assert (answer.aliases, answer.addresses) == ([GARDEN], [GARDEN4])


def test_bogus_answer_asked_for_without_validation_is_dropped(lists, resolver):
    lists.put("bad", "192.0.2.99", action="drop")
    with pytest.raises(dns.exception.Timeout):
        resolver.client.ask("www.bogus.example", cd=True, timeout=0.5)


def test_listed_name_needs_no_valid_answer(lists, ask):
    lists.put("bad", "www.bogus.example", action="nxdomain")
    assert ask("www.bogus.example").rcode == "NXDOMAIN"


ALIASES = {  # of the signed zone: to an unsigned zone, and to a zone without a DS
    "to-evil.signed.example": "www.evil.example",
    "to-plain.signed.example": "www.plain.signed.example",
}


@pytest.mark.parametrize("policy", [{}, {"groups": ["second"]}, {"observe": True}], ids=["", "group", "observe"])
@pytest.mark.parametrize("action", [*REWRITES, "refused", "tcp-only", "monitor"])
@pytest.mark.parametrize("alias", ALIASES)
def test_signed_alias_of_a_listed_name_asked_for_by_type_any(lists, resolver, ask, alias, action, policy):
    """Asked for by type A, the alias is followed, and the validator has the answer resolved once more (D-256):
    then the answer is the alias alone, which other clients get."""
    target = ALIASES[alias]
    lists.put("bad", f"={target}", action=action, **policy)
    for cd, rdclass in product([False, True], ["IN", "ANY"]):
        resolver.forget_answers()
        options = {"cd": cd, "do": True, "rdclass": rdclass}
        for source in ("127.0.0.1", "127.0.0.2", "127.0.0.1"):
            given = ask(alias, "ANY", source=source, **options)
            if action == "monitor" or (policy.get("groups") and source == "127.0.0.1"):
                assert (given.rcode, given.aliases) == ("NOERROR", [target])
                continue
            listed = ask(target, "ANY", source=source, **options)
            assert (given.rcode, given.aliases, given.addresses) == (listed.rcode, listed.aliases, listed.addresses)
            assert given.rcode != "SERVFAIL" and not given.all_types & {"RRSIG", "NSEC"}


@pytest.mark.parametrize("indicator", ["=signed.example", "=child.signed.example"])
def test_chain_of_trust_through_a_listed_name(lists, resolver, ask, indicator):
    """DS and DNSKEY of a listed zone cut are still found."""
    lists.put("bad", indicator, action="nxdomain")
    resolver.forget_answers()
    answer = ask("www.child.signed.example", do=True)
    assert (answer.ad, answer.addresses) == (True, ["198.51.100.63"])


@pytest.mark.parametrize("rdtype", ["DNSKEY", "DS"])
def test_keys_of_a_listed_zone_are_given_to_clients(lists, ask, rdtype):
    lists.put("bad", "child.signed.example", action="nxdomain")
    answer = ask("child.signed.example", rdtype, do=True)
    assert (answer.rcode, answer.ad) == ("NOERROR", True)
    assert rdtype in answer.types


UNSIGNED = "plain.signed.example"


def test_insecure_delegation_is_left_as_it_is(lists, ask):
    """Proven to be insecure: neither AD nor SERVFAIL, with our lists in force or not."""
    lists.put("bad", "evil.example", action="nxdomain")
    for _ in ("resolved", "from the cache"):
        for options in ({}, {"do": True}, {"cd": True}):
            answer = ask(f"www.{UNSIGNED}", **options)
            assert (answer.rcode, answer.ad) == ("NOERROR", False)
            assert answer.addresses == ["198.51.100.64"]
        assert not ask(f"to-signed.{UNSIGNED}", do=True).ad


@pytest.mark.parametrize("action", REWRITES)
@pytest.mark.parametrize(
    ("indicator", "name"),
    [
        (f"www.{UNSIGNED}", f"www.{UNSIGNED}"),
        ("198.51.100.64", f"www.{UNSIGNED}"),
        (WWW, f"to-signed.{UNSIGNED}"),
        ("www.evil.example", f"to-evil.{UNSIGNED}"),
    ],
    ids=["qname", "address", "alias-to-signed", "alias-out"],
)
def test_rewritten_below_an_insecure_delegation(lists, ask, indicator, name, action):
    assert ask(name, do=True).rcode == "NOERROR"
    lists.put("bad", indicator, action=action)
    for options in ({"do": True}, {"do": True, "cd": True}, {}):
        answer = ask(name, **options)
        assert not answer.ad
        assert not answer.all_types & {"RRSIG", "NSEC", "NSEC3"}
        assert not {"198.51.100.64", "198.51.100.60", "192.0.2.66"} & set(answer.addresses)


def test_event_says_that_an_answer_was_insecure(lists, ask, events):
    lists.put("bad", f"www.{UNSIGNED}", action="monitor")
    ask(f"www.{UNSIGNED}")
    (hit,) = events.wait({"dns.question.name": f"www.{UNSIGNED}"})
    assert hit["sinkwatch"]["dnssec"] == "insecure"
