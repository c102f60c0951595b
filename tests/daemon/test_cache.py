"""An answer that was cached before the listing is enforced at once afterwards."""

import pytest
from harness.resolver import SINK4

# the indicator, the earlier question, the type, data in the true answer
CACHED = {
    "name": ("www.evil.example", "www.evil.example", "A"),
    "name-only": ("=www.evil.example", "www.evil.example", "A"),
    "below": ("evil.example", "www.evil.example", "A"),
    "deep-below": ("*.evil.example", "deep.sub.evil.example", "A"),
    "txt": ("evil.example", "www.evil.example", "TXT"),
    "https": ("evil.example", "www.evil.example", "HTTPS"),
    "mx": ("evil.example", "evil.example", "MX"),
    "alias": ("www.evil.example", "to-evil.clean.example", "A"),
    "alias-below": ("evil.example", "to-evil.clean.example", "A"),
    "alias-first": ("a.first.example", "chain.clean.example", "A"),
    "alias-second": ("second.example", "chain.clean.example", "A"),
    "alias-third": ("=c.third.example", "chain.clean.example", "A"),
    "alias-itself": ("=chain.clean.example", "chain.clean.example", "A"),
    "alias-nodata": ("b.second.example", "chain.clean.example", "TXT"),
    "alias-secure": ("www.evil.example", "to-evil.signed.example", "A"),
    "address": ("203.0.113.5", "four.address.example", "A"),
    "address6": ("2001:db8:bad::5", "six.address.example", "AAAA"),
    "address-of-alias": ("203.0.113.5", "alias.address.example", "A"),
    "address-of-several": ("203.0.113.5", "both.address.example", "A"),
    "prefix": ("203.0.113.0/24", "net4.address.example", "A"),
    "prefix6": ("2001:db8:bad::/48", "net6.address.example", "AAAA"),
    "hint": ("203.0.113.5", "hint4.address.example", "HTTPS"),
    "hint6": ("2001:db8:bad::/48", "hint6.address.example", "HTTPS"),
    "asn": ("AS8342", "as1.network.example", "A"),
    "asn6": ("AS15169", "as6.network.example", "AAAA"),
    "asn-hint": ("AS8342", "hint.network.example", "HTTPS"),
    "nxdomain": ("evil.example", "not-there.evil.example", "A"),
    "nodata": ("evil.example", "mail.evil.example", "AAAA"),
    "secure": ("www.signed.example", "www.signed.example", "A"),
    "any": ("evil.example", "www.evil.example", "ANY"),
}


@pytest.mark.parametrize(("indicator", "name", "rdtype"), list(CACHED.values()), ids=list(CACHED))
def test_cached_before_listed(lists, resolver, ask, indicator, name, rdtype):
    lists.put("bad", action="refused")
    tcp = rdtype == "ANY"
    assert ask(name, rdtype, tcp=tcp).rcode in ("NOERROR", "NXDOMAIN")
    if rdtype != "ANY":
        assert resolver.cached(name, rdtype)
    lists.add("bad", indicator)
    assert ask(name, rdtype, tcp=tcp).rcode == "REFUSED"


@pytest.mark.parametrize(
    "name", ["www.evil.example", "four.address.example", "to-evil.clean.example"]
)
def test_cached_on_every_thread_and_for_every_flag(lists, ask, name):
    flags = [
        {},
        {"do": True},
        {"cd": True},
        {"do": True, "cd": True},
        {"edns": False},
        {"tcp": True},
    ]
    for options in flags:
        assert ask(name, **options).addresses
    lists.put("bad", "evil.example", "203.0.113.5", action="refused")
    for options in flags * 5:
        assert ask(name, **options).rcode == "REFUSED"


@pytest.mark.parametrize("how", ["put", "replace", "policy"])
def test_every_kind_of_change_reaches_the_cache(lists, ask, how):
    lists.put(
        "bad", "winsystemsvc.net", kind="watch" if how == "policy" else "ioc", action="refused"
    )
    if how == "policy":
        lists.add("bad", "www.evil.example")
    assert ask("www.evil.example").addresses
    assert ask("to-evil.clean.example").addresses
    if how == "put":
        lists.put("more", "www.evil.example", action="refused")
    elif how == "replace":
        lists.replace("bad", "www.evil.example")
    else:
        lists.policy("bad", action="refused")
    assert ask("www.evil.example").rcode == "REFUSED"
    assert ask("to-evil.clean.example").rcode == "REFUSED"


@pytest.mark.parametrize(
    ("indicator", "name"),
    [
        ("evil.example", "www.evil.example"),
        ("www.evil.example", "to-evil.clean.example"),
        ("203.0.113.0/24", "four.address.example"),
        ("AS8342", "as1.network.example"),
    ],
    ids=["name", "alias", "prefix", "asn"],
)
def test_unlisted_again_gives_the_true_answer_and_caches_it(lists, resolver, ask, indicator, name):
    true = ask(name).addresses
    lists.put("bad", indicator, action="sinkhole")
    assert ask(name).addresses == [SINK4]
    assert not resolver.cached(name, "A")
    lists.remove("bad", indicator)
    assert ask(name).addresses == true
    assert ask(name).addresses == true
    assert resolver.cached(name, "A")


TOUCHED = ("www.evil.example", "to-evil.clean.example", "four.address.example")


@pytest.mark.parametrize("action", ["nxdomain", "sinkhole", "cname", "tcp-only"])
def test_answer_that_somebody_may_not_have_is_never_cached(lists, resolver, ask, action):
    lists.put("bad", "evil.example", "203.0.113.5", action=action)
    for name in TOUCHED:
        ask(name, tcp=True)
        assert not resolver.cached(name, "A")


@pytest.mark.parametrize(
    "policy", [{"action": "monitor"}, {"action": "passthru"}, {"action": "nxdomain", "shadow": True}]
)
def test_answer_that_is_only_recorded_is_cached(lists, resolver, ask, policy):
    """Everybody gets the true answer (D-085)."""
    lists.put("bad", "evil.example", "203.0.113.5", **policy)
    for name in TOUCHED:
        ask(name)
        assert resolver.cached(name, "A")


def test_clean_answers_stay_in_the_cache_through_changes(lists, resolver, ask, upstream):
    for name in ("www.clean.example", "chain.clean.example", "www.signed.example"):
        ask(name)
    lists.put("bad", "evil.example", "203.0.113.0/24", "AS8342", action="nxdomain")
    lists.replace("bad", "=evil.example")
    for name in ("www.clean.example", "chain.clean.example", "www.signed.example"):
        assert ask(name).rcode == "NOERROR"
        assert len(upstream.asked(name)) == 1


def test_walled_garden_that_is_listed_later(lists, ask):
    lists.put("bad", "www.evil.example", action="cname")
    assert ask("www.evil.example").addresses == ["198.51.100.99"]
    lists.put("worse", "198.51.100.99", action="refused")
    assert ask("landing.garden.example").rcode == "REFUSED"


def test_listing_again_and_again(lists, ask):
    for _ in range(10):
        lists.put("bad", "www.evil.example", action="sinkhole")
        assert ask("www.evil.example").addresses == [SINK4]
        assert ask("to-evil.clean.example").addresses == [SINK4]
        lists.remove("bad", "www.evil.example")
        assert ask("www.evil.example").addresses == ["192.0.2.66"]
        assert ask("to-evil.clean.example").addresses == ["192.0.2.66"]
