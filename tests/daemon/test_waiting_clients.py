"""Several clients wait for the same resolution: each gets the right verdict, each hit is
recorded."""

import pytest
from harness.events import CLIENT, NAME, TAKEN, TRANSPORT
from harness.resolver import GARDEN, GARDEN4, SINK4
from harness.wait import until

# Queries on different threads never share a query state.
RESOLVER = {"options": {"threads": 1}}
CLIENTS = [f"127.0.0.{i}" for i in range(2, 10)]
TRUE4 = ["198.51.100.90"]


@pytest.fixture
def waiting(resolver, upstream):
    """Have clients ask for a name with a held answer: waiting(name, [options, ...])."""

    def ask_all(name, hold, clients):
        before = resolver.statistic("total.num.queries")
        pending = [resolver.client.send(name, **options) for options in clients]
        upstream.wait_held(hold)
        until(
            lambda: resolver.statistic("total.num.queries") >= before + len(clients),
            "all questions to have arrived",
        )
        return pending

    return ask_all


def everyone(**options):
    return [{"source": source, **options} for source in CLIENTS]


def check_recorded(events, name, taken):
    hits = events.wait({NAME: name, TAKEN: taken}, count=len(CLIENTS))
    assert sorted(hit["client"]["ip"] for hit in hits) == sorted(CLIENTS)


@pytest.mark.parametrize(
    ("action", "rcode", "addresses"),
    [
        ("monitor", "NOERROR", TRUE4),
        ("nxdomain", "NXDOMAIN", []),
        ("nodata", "NOERROR", []),
        ("refused", "REFUSED", []),
        ("sinkhole", "NOERROR", [SINK4]),
        ("cname", "NOERROR", [GARDEN4]),
    ],
)
def test_each_client_gets_the_verdict(lists, waiting, upstream, events, action, rcode, addresses):
    name = f"{action}.slow.example"
    lists.put("bad", TRUE4[0], action=action)
    with upstream.hold("slow.example") as hold:
        pending = waiting(name, hold, everyone())
    for one in pending:
        answer = one.answer()
        assert (answer.rcode, answer.addresses) == (rcode, addresses)
        assert answer.aliases == ([GARDEN] if action == "cname" else [])
    check_recorded(events, name, action)


def test_each_client_is_dropped(lists, waiting, upstream, events):
    lists.put("bad", TRUE4[0], action="drop")
    with upstream.hold("slow.example") as hold:
        pending = waiting("drop.slow.example", hold, everyone())
    check_recorded(events, "drop.slow.example", "drop")
    assert all(one.nothing_came() for one in pending)


def test_name_listed_while_clients_wait(lists, waiting, upstream, events):
    with upstream.hold("slow.example") as hold:
        pending = waiting("during.slow.example", hold, everyone())
        lists.put("bad", "during.slow.example", action="sinkhole")
    assert [one.answer().addresses for one in pending] == [[SINK4]] * len(pending)
    check_recorded(events, "during.slow.example", "sinkhole")


def test_address_listed_while_clients_wait(lists, waiting, upstream):
    with upstream.hold("slow.example") as hold:
        pending = waiting("net.slow.example", hold, everyone())
        lists.put("bad", "198.51.100.0/24", action="refused")
    assert [one.answer().rcode for one in pending] == ["REFUSED"] * len(pending)


def test_alias_listed_while_clients_wait(lists, waiting, upstream):
    with upstream.hold("slow.example") as hold:
        pending = waiting("alias.slow.example", hold, everyone())
        lists.put("bad", "www.evil.example", action="refused")
    assert [one.answer().rcode for one in pending] == ["REFUSED"] * len(pending)


def test_name_taken_off_while_clients_wait(lists, waiting, upstream):
    lists.put("bad", "off.slow.example", action="sinkhole", observe=True)
    with upstream.hold("slow.example") as hold:
        pending = waiting("off.slow.example", hold, everyone())
        lists.remove("bad", "off.slow.example")
    assert [one.answer().addresses for one in pending] == [TRUE4] * len(pending)


def test_policy_changed_while_clients_wait(lists, waiting, upstream):
    lists.put("bad", "shift.slow.example", action="monitor")
    with upstream.hold("slow.example") as hold:
        pending = waiting("shift.slow.example", hold, everyone())
        lists.policy("bad", action="nxdomain")
    assert [one.answer().rcode for one in pending] == ["NXDOMAIN"] * len(pending)


GARDEN_CHANGES = {  # the change meanwhile, and the answers of clients that asked before and after
    "same": (lambda lists: lists.add("bad", "other.example"), "NOERROR", [GARDEN4]),
    "other-action": (lambda lists: lists.policy("bad", action="nxdomain"), "NXDOMAIN", []),
    "taken-off": (lambda lists: lists.drop("bad"), "NOERROR", TRUE4),
}


@pytest.mark.parametrize("how", GARDEN_CHANGES)
@pytest.mark.parametrize("trigger", ["qname", "address"])
def test_lists_change_while_a_walled_garden_is_resolved(
    lists, resolver, waiting, upstream, trigger, how
):
    change, rcode, addresses = GARDEN_CHANGES[how]
    name = f"garden-{trigger}-{how}.slow.example"
    lists.put("bad", name if trigger == "qname" else TRUE4[0], action="cname")
    with upstream.hold("garden.example") as hold:
        pending = waiting(name, hold, everyone())
        change(lists)
        before = resolver.statistic("total.num.queries")
        pending.append(resolver.client.send(name))
        until(
            lambda: resolver.statistic("total.num.queries") > before, "the question to have arrived"
        )
    answers = [one.answer() for one in pending]
    assert {(one.rcode, tuple(one.addresses)) for one in answers} == {(rcode, tuple(addresses))}


@pytest.mark.parametrize("action", ["sinkhole", "nxdomain", "cname"])
def test_clients_with_different_flags(lists, waiting, upstream, action):
    name = f"flags-{action}.slow.example"
    lists.put("bad", TRUE4[0], action=action)
    flags = [{"edns": False}, {}, {"do": True}, {"ad": False}, {"do": True, "ad": False}]
    with upstream.hold("slow.example") as hold:
        pending = waiting(name, hold, flags)
    answers = [one.answer() for one in pending]
    assert len({(a.rcode, tuple(a.addresses)) for a in answers}) == 1
    assert [len(a.ede) for a in answers] == [0, 1, 1, 1, 1]
    assert not any(a.ad for a in answers)


def test_tcp_only_truncates_for_udp_clients_only(lists, resolver, upstream, events):
    name = "tc.slow.example"
    lists.put("bad", TRUE4[0], action="tcp-only")
    before = resolver.statistic("num.query.tcp")
    with upstream.hold("slow.example") as hold:
        udp = [resolver.client.send(name, source=source) for source in CLIENTS[:4]]
        upstream.wait_held(hold)
        tcp = [resolver.client.send_tcp(name, source=source) for source in CLIENTS[4:]]
        until(
            lambda: resolver.statistic("num.query.tcp") >= before + len(tcp),
            "the questions over TCP to have arrived",
        )
    for one in udp:
        answer = one.answer()
        assert (answer.tc, answer.addresses) == (True, [])
    for one in tcp:
        answer = one.answer()
        assert (answer.tc, answer.addresses) == (False, TRUE4)
    hits = events.wait({NAME: name}, count=len(CLIENTS))
    assert sorted(h["network"]["transport"] for h in hits) == ["tcp"] * 4 + ["udp"] * 4


def test_hits_name_transport_and_client(lists, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    ask("www.evil.example", source="127.0.0.77", tcp=True)
    events.wait({NAME: "www.evil.example", CLIENT: "127.0.0.77", TRANSPORT: "tcp"})
