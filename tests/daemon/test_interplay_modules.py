"""Client subnets and an outside cache: answers stored by other modules are not served past the
lists."""

import subprocess

import dns.edns
import pytest
from harness.redis_server import Redis
from harness.resolver import SINK4

WWW = "www.evil.example"
FOUR = "four.address.example"
CASES = [
    ("=www.evil.example", WWW, "192.0.2.66"),
    ("203.0.113.5", FOUR, "203.0.113.5"),
    ("=www.evil.example", "to-evil.clean.example", "192.0.2.66"),
]
CASE_IDS = ["name", "address", "alias"]


def subnet(address):
    return {"extra": [dns.edns.ECSOption(address, 24, 0)]}


@pytest.fixture(params=["subnetcache dynlib", "dynlib subnetcache"], ids=["behind", "before"])
def scoped(request, make_resolver, shared_redis, upstream):
    """A resolver that passes client subnets on, to servers with answers by subnet."""
    upstream.forget()
    upstream.scope = 24
    server = ["send-client-subnet: 127.0.0.1", "client-subnet-always-forward: yes"]
    chain = f"{request.param} validator iterator"
    yield make_resolver(shared_redis, server=server, chain=chain)
    upstream.forget()


@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
@pytest.mark.parametrize(("indicator", "name", "true"), CASES, ids=CASE_IDS)
def test_client_subnet(scoped, shared_redis, lists_for, upstream, indicator, name, true, cached):
    ask, lists = scoped.client.ask, lists_for(scoped, shared_redis)
    here, there = subnet("192.0.2.0"), subnet("198.51.100.0")
    if cached:
        for client in (here, there, here, {}):
            assert ask(name, **client).addresses == [true]
        # each network has a separate answer, so the second answer was asked for
        assert len([q for q in upstream.asked(name) if q == (name, "A")]) >= 2
    lists.put("bad", indicator, action="sinkhole")
    for client in (here, there, here, {}, {}):
        assert ask(name, **client).addresses == [SINK4]
    lists.drop("bad")
    for client in (here, there, {}):
        assert ask(name, **client).addresses == [true]


def test_clean_answers_stay_in_the_subnet_cache(scoped, shared_redis, lists_for, upstream):
    ask = scoped.client.ask
    lists_for(scoped, shared_redis).put("bad", "evil.example", action="refused")
    for _ in range(3):
        assert ask("www.clean.example", **subnet("192.0.2.0")).addresses == ["198.51.100.10"]
    assert len(upstream.asked("www.clean.example")) == 1


@pytest.fixture
def outside(env, folder):
    """A separate Redis for cachedb."""
    said = subprocess.run([env.unbound, "-V"], capture_output=True, text=True, check=True).stdout
    if " cachedb" not in said.split("Linked modules:")[1].splitlines()[0]:
        pytest.skip("this Unbound was built without cachedb (Debian's 1.17.1 is)")
    server = Redis(folder / "cachedb")
    server.start()
    yield server
    server.stop()


# Unbound wants cachedb right before the iterator, but for a module like ours.
CHAINS = ["dynlib validator cachedb", "dynlib cachedb", "cachedb dynlib"]


@pytest.fixture(params=CHAINS, ids=lambda chain: chain.replace(" ", "-"))
def backed(request, make_resolver, shared_redis, outside):
    resolver = make_resolver(shared_redis, chain=f"{request.param} iterator", start=False)
    resolver.clauses += ["cachedb:", "  backend: redis", f"  redis-server-path: {outside.socket}"]
    return resolver.start()


@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
@pytest.mark.parametrize(("indicator", "name", "true"), CASES, ids=CASE_IDS)
def test_outside_cache(
    backed, outside, shared_redis, lists_for, upstream, indicator, name, true, cached
):
    ask, lists = backed.client.ask, lists_for(backed, shared_redis)
    upstream.forget()
    if cached:
        assert ask(name).addresses == [true]
        assert outside.client.dbsize() >= 1
        backed.forget_answers()
        assert ask(name).addresses == [true]
        backed.forget_answers()
        assert ask("www.clean.example").addresses == ["198.51.100.10"]
        backed.forget_answers()
    else:
        outside.client.flushall()
    lists.put("bad", indicator, action="sinkhole")
    for _ in range(4):
        assert ask(name).addresses == [SINK4]
    assert not backed.cached(name, "A")
    backed.forget_answers()
    for _ in range(2):
        assert ask(name).addresses == [SINK4]
    lists.drop("bad")
    assert ask(name).addresses == [true]
    if cached:
        before = len(upstream.asked("www.clean.example"))
        assert ask("www.clean.example").addresses == ["198.51.100.10"]
        assert len(upstream.asked("www.clean.example")) == before  # the outside cache works
