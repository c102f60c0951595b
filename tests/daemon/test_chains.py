"""Other modules and local data beside ours: each keeps working."""

import pytest
from harness.resolver import SINK4, SINK6

CHAINS = [
    "dynlib validator iterator",
    "dynlib iterator",
    "respip dynlib validator iterator",
    "dynlib respip validator iterator",
    "dynlib dns64 validator iterator",
    "dns64 dynlib validator iterator",
    "subnetcache dynlib validator iterator",
    "dynlib subnetcache validator iterator",
]


@pytest.mark.parametrize("chain", CHAINS)
def test_chain(make_resolver, shared_redis, lists_for, chain):
    resolver = make_resolver(shared_redis, chain=chain)
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "evil.example", "203.0.113.0/24", action="sinkhole")
    ask = resolver.client.ask
    for _ in ("first", "again"):
        assert ask("www.evil.example").addresses == [SINK4]
        assert ask("four.address.example").addresses == [SINK4]
        assert ask("to-evil.clean.example").addresses == [SINK4]
        assert ask("www.clean.example").addresses == ["198.51.100.10"]
    lists.drop("bad")
    assert ask("www.evil.example").addresses == ["192.0.2.66"]
    assert ask("four.address.example").addresses == ["203.0.113.5"]


def test_synthesized_address_embeds_a_listed_one(make_resolver, shared_redis, lists_for):
    """DNS64 (RFC 6147): AAAA made of an A record that is listed."""
    resolver = make_resolver(shared_redis, chain="dynlib dns64 validator iterator")
    ask = resolver.client.ask
    assert ask("four.address.example", "AAAA").addresses == ["64:ff9b::cb00:7105"]
    assert ask("clean.example", "AAAA").addresses == ["64:ff9b::c633:640a"]
    lists_for(resolver, shared_redis).put("bad", "203.0.113.5", action="sinkhole")
    assert ask("four.address.example", "AAAA").addresses == [SINK6]
    assert ask("clean.example", "AAAA").addresses == ["64:ff9b::c633:640a"]


def test_local_data_goes_first(make_resolver, shared_redis, lists_for):
    server = [
        'local-data: "www.evil.example. A 198.18.44.4"',
        'local-zone: "mail.evil.example" always_refuse',
    ]
    resolver = make_resolver(shared_redis, server=server)
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="nxdomain")
    assert resolver.client.ask("www.evil.example").addresses == ["198.18.44.4"]
    assert resolver.client.ask("mail.evil.example").rcode == "REFUSED"
    assert resolver.client.ask("evil.example").rcode == "NXDOMAIN"


def test_local_alias_to_a_listed_name(make_resolver, shared_redis, lists_for):
    """Unbound resolves targets of Unbound's own local data."""
    server = ['local-zone: "home.lan" redirect', 'local-data: "home.lan. CNAME www.evil.example."']
    resolver = make_resolver(shared_redis, server=server)
    assert resolver.client.ask("home.lan").addresses == ["192.0.2.66"]
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask("home.lan").addresses == [SINK4]


def test_client_over_ipv6(make_resolver, shared_redis, lists_for, events_for):
    resolver = make_resolver(shared_redis, start=False)
    resolver.server += ["do-ip6: yes", "prefer-ip4: yes", f"interface: ::1@{resolver.port}"]
    try:
        resolver.start()
    except AssertionError:
        if "can't bind socket" not in resolver.log() and "::1" not in resolver.log():
            raise
        resolver.kill()
        pytest.skip("no IPv6 on the loopback interface")
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="sinkhole")
    events = events_for(resolver, shared_redis)
    assert resolver.client.ask("www.evil.example", address="::1").addresses == [SINK4]
    events.wait({"dns.question.name": "www.evil.example", "client.ip": "::1"})
    lists_for(resolver, shared_redis).put("six", "::1", triggers=["client"], action="refused")
    assert resolver.client.ask("www.clean.example", address="::1").rcode == "REFUSED"
    assert resolver.client.ask("www.clean.example").rcode == "NOERROR"


@pytest.mark.parametrize("chain", ["dns64 dynlib validator iterator", "dynlib dns64 validator iterator"])
def test_price_of_the_order_is_named_at_start(make_resolver, shared_redis, chain):
    resolver = make_resolver(shared_redis, chain=chain)
    first, second = chain.split()[:2]
    resolver.says(f"module-config has {first} before {second}: ")
    assert f"module-config has {second} before {first}: " not in resolver.log()
