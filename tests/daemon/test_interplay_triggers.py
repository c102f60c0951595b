"""Triggers client and nsdname beside other parts that serve or store answers: no answer is served
past the lists."""

import dns.edns
import pytest
from harness.wait import until

BAD, OTHER = "127.2.1.1", "127.0.0.9"
WWW, NS = "www.clean.example", "ns.clean.example"
CLIENT = {"action": "refused", "triggers": ["client"]}
SERVER = {"action": "refused", "triggers": ["nsdname"]}
CHAINS = [
    "dns64 dynlib validator iterator",
    "dynlib dns64 validator iterator",
    "subnetcache dynlib validator iterator",
    "dynlib subnetcache validator iterator",
    "respip dynlib validator iterator",
    "dynlib iterator",
]
STALE = ["serve-expired: yes", "serve-expired-ttl: 3600", "ede: yes", "ede-serve-expired: yes"]


@pytest.fixture(params=CHAINS, ids=lambda chain: "-".join(chain.split()[:2]))
def chained(request, make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, chain=request.param)
    return resolver.client.ask, lists_for(resolver, shared_redis)


@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
def test_client_in_each_chain(chained, cached):
    ask, lists = chained
    questions = [(WWW, "A"), (WWW, "AAAA"), ("clean.example", "AAAA"), ("no.clean.example", "A")]
    before = [ask(*q, source=OTHER).rcode for q in questions] if cached else None
    lists.put("clients", BAD, **CLIENT)
    for _ in range(3):
        now = [ask(*q, source=OTHER).rcode for q in questions]
        assert now == (before or now)
        assert [ask(*q, source=BAD).rcode for q in questions] == ["REFUSED"] * len(questions)
    lists.drop("clients")
    assert [ask(*q, source=BAD).rcode for q in questions] == now


@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
def test_server_in_each_chain(chained, cached):
    ask, lists = chained
    assert ask("clean.example", "NS").rcode == ask(NS).rcode == "NOERROR"
    questions = [(WWW, "A"), (WWW, "TXT"), ("clean.example", "AAAA")]
    if cached:
        assert [ask(*q).rcode for q in questions] == ["NOERROR"] * len(questions)
    lists.put("servers", NS, **SERVER)
    for _ in range(3):
        assert [ask(*q).rcode for q in questions] == ["REFUSED"] * len(questions)
    assert ask("www.evil.example").rcode == "NOERROR"
    lists.drop("servers")
    assert [ask(*q).rcode for q in questions] == ["NOERROR"] * len(questions)


@pytest.mark.parametrize("wait", [[], ["serve-expired-client-timeout: 100"]], ids=["at-once", "late"])
def test_client_and_an_expired_answer(make_resolver, shared_redis, lists_for, upstream, wait):
    resolver = make_resolver(shared_redis, server=[*STALE, *wait])
    ask, name = resolver.client.ask, f"stale-{len(wait)}.short.example"
    assert ask(name).addresses == ["192.0.2.71"]
    with upstream.hold(name):
        until(lambda: 3 in dict(ask(name, source=OTHER).ede), "an expired answer")
        lists_for(resolver, shared_redis).put("clients", BAD, **CLIENT)
        # may join the query that renews the expired answer, and waits with that query then
        waiting = resolver.client.send(name, source=BAD)
    assert waiting.answer().rcode == "REFUSED"
    assert ask(name, source=BAD).rcode == "REFUSED"
    assert ask(name, source=OTHER).addresses == ["192.0.2.71"]


def test_client_beside_local_data_and_views(make_resolver, shared_redis, lists_for):
    """Unbound's own answers are given before any module."""
    server = ['local-zone: "home.lan" static', 'local-data: "nas.home.lan. A 198.18.0.9"']
    resolver = make_resolver(shared_redis, server=server)
    ask = resolver.client.ask
    lists_for(resolver, shared_redis).put("clients", BAD, **CLIENT)
    assert ask("nas.home.lan", source=BAD).addresses == ["198.18.0.9"]
    assert ask(WWW, source=BAD).rcode == "REFUSED"


def test_keys_are_given_to_listed_clients(make_resolver, shared_redis, lists_for):
    """A validator behind us that is a listed client: DS and DNSKEY are exempt, as for names."""
    resolver = make_resolver(shared_redis)
    lists_for(resolver, shared_redis).put("clients", BAD, **CLIENT)
    answer = resolver.client.ask("signed.example", "DNSKEY", source=BAD, do=True)
    assert (answer.rcode, answer.types) == ("NOERROR", {"DNSKEY", "RRSIG"})


def test_cache_that_is_loaded_while_clients_are_listed(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis)
    ask, lists = resolver.client.ask, lists_for(resolver, shared_redis)
    assert ask(WWW, source=OTHER).rcode == "NOERROR"
    dump = resolver.control("dump_cache")
    lists.put("clients", BAD, **CLIENT)
    resolver.load_cache(dump)
    lists.put("more", "winsystemsvc.net", action="sinkhole")
    assert ask(WWW, source=BAD).rcode == "REFUSED"


def test_client_subnets_and_listed_clients(make_resolver, shared_redis, lists_for, upstream):
    """An answer for a network is kept for that network, and not for the listed client there."""
    upstream.scope = 24
    try:
        server = ["send-client-subnet: 127.0.0.1", "client-subnet-always-forward: yes"]
        resolver = make_resolver(
            shared_redis, server=server, chain="subnetcache dynlib validator iterator"
        )
        ask, lists = resolver.client.ask, lists_for(resolver, shared_redis)
        net = {"extra": [dns.edns.ECSOption("192.0.2.0", 24, 0)]}
        assert ask(WWW, source=OTHER, **net).rcode == "NOERROR"
        lists.put("clients", BAD, **CLIENT)
        for _ in range(2):
            assert ask(WWW, source=BAD, **net).rcode == "REFUSED"
            assert ask(WWW, source=OTHER, **net).rcode == "NOERROR"
    finally:
        upstream.forget()


def test_servers_of_forward_zones_are_not_seen(make_resolver, shared_redis, lists_for, authority):
    """The configuration names these servers, not NS records."""
    resolver = make_resolver(shared_redis, start=False, stubs=())
    resolver.clauses += [
        "forward-zone:",
        '  name: "."',
        f"  forward-addr: 127.0.0.1@{authority.port}",
    ]
    resolver.start()
    lists = lists_for(resolver, shared_redis)
    lists.put("servers", "127.0.0.1", **{**SERVER, "triggers": ["nsip"]})
    assert resolver.client.ask(WWW).rcode == "NOERROR"
