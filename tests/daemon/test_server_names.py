"""Names that the resolver itself has looked up, as names of name servers, and that clients then ask
for."""

import pytest
from harness.events import LIST, NAME
from harness.resolver import SINK4

# The first chain shows a client data cached without validation only when the client asks for that
# (CD).
CHAINS = {
    "validating": ("dynlib validator iterator", True),
    "not-validating": ("dynlib iterator", False),
}
SERVER = "ns2.evil.example"  # the server of hosted.example (stub-host)
RULES = {
    "by-name": (f"={SERVER}", {"action": "sinkhole"}, [SINK4]),
    "by-subtree": ("evil.example", {"action": "nxdomain"}, []),
    "by-address": ("127.0.0.1", {"action": "nodata"}, []),
    "monitored": (SERVER, {"action": "monitor"}, ["127.0.0.1"]),
}


@pytest.fixture(params=CHAINS)
def chain(request):
    return CHAINS[request.param]


@pytest.fixture
def rig(chain, make_resolver, shared_redis, lists_for, events_for):
    resolver = make_resolver(shared_redis, chain=chain[0], options={"threads": 1})
    lists = lists_for(resolver, shared_redis)
    lists.wait_state(state="following")
    return resolver, lists, events_for(resolver, shared_redis)


def test_a_name_that_was_looked_up_as_a_server(rig, chain):
    """Acted upon and recorded each time; the resolver itself gets the true address."""
    resolver, lists, events = rig
    for rule, (indicator, policy, addresses) in RULES.items():
        lists.put(rule, indicator, **policy)
        resolver.forget_answers()
        for name, rcode in (("www", "NOERROR"), ("nothing", "NXDOMAIN")):
            assert resolver.client.ask(f"{name}.hosted.example").rcode == rcode
            assert resolver.client.ask(SERVER, cd=chain[1]).addresses == addresses, rule
        events.wait({NAME: SERVER, LIST: rule}, count=2)
        lists.drop(rule)


def test_a_name_that_is_listed_after_it_was_looked_up(rig, chain):
    resolver, lists, events = rig
    assert resolver.client.ask("www.hosted.example").rcode == "NOERROR"
    assert resolver.client.ask(SERVER, cd=chain[1]).addresses == ["127.0.0.1"]
    for rule, (indicator, policy, addresses) in RULES.items():
        lists.put(rule, indicator, **policy)
        assert resolver.client.ask(SERVER, cd=chain[1]).addresses == addresses, rule
        events.wait({NAME: SERVER, LIST: rule})
        lists.drop(rule)
