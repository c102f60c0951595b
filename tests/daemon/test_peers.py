"""Behaviour of BIND and PowerDNS with response policy zones, and ours: tables of both.

Each group of rows is a configuration: policy zones, made into lists, and questions.
"""

import dns.exception
import dns.rdatatype
import pytest
from harness import peers_bind, peers_pdns, peers_world
from harness.authority import Authority
from harness.environment import ROOT
from harness.peers_reasons import REASONS
from harness.resolver import Resolver
from harness.rpz import Lists, Zone, zone_records

SILENCE, PATIENCE = 0.5, 5.0  # seconds to wait for an answer, where none is expected or one is
NONE = "no answer"
GROUPS = {f"bind: {g.name}": g for g in peers_bind.GROUPS} | {
    f"pdns: {g.name}": g for g in peers_pdns.GROUPS
}
CLIENT_GROUPS = [f'"{name} 127.0.0.2{i}"' for i, name in enumerate(("one", "two", "three", "four"), 1)]


@pytest.fixture(scope="module")
def world(session_folder):
    folder = session_folder / "peers"
    folder.mkdir()
    plain, signed = peers_world.PLAIN, peers_world.SIGNED
    server = Authority(folder, plain, signed, tuple(signed))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def rig(env, world, shared_redis, settings_for, session_folder, lists_for):
    folder = session_folder / "peers-resolver"
    more = {"client-group": CLIENT_GROUPS, "sinkhole-ipv4": None, "sinkhole-ipv6": None}
    settings = settings_for(shared_redis, folder, **more)
    resolver = Resolver(env, folder, world, settings)
    try:
        resolver.start()
        lists = lists_for(resolver, shared_redis)
        lists.wait_state(state="following")
        yield resolver, lists
        resolver.stop()
    finally:
        resolver.kill()


def asked(resolver, question, expected=""):
    """The answer in the form of a row. Silence takes long to notice where an answer is expected."""
    name, rdtype, *words = question.split()
    source = next((word.removeprefix("from=") for word in words if "=" in word), None)
    options = {"do": "do" in words, "cd": "cd" in words, "rd": "norecurse" not in words}
    try:
        answer = resolver.client.ask(
            name, rdtype, tcp="tcp" in words, source=source,
            timeout=SILENCE if expected == NONE else PATIENCE,  # silence is expected
            **options,
        )  # fmt: skip
    except (dns.exception.Timeout, EOFError):
        return NONE
    return brief(answer)


def brief(answer):
    records = [
        f"{kind} {rdata.to_text()}"
        for rrset in answer.message.answer
        if (kind := dns.rdatatype.to_text(rrset.rdtype)) != "RRSIG"
        for rdata in sorted(rrset)
    ]
    if answer.tc:
        return "TC"
    if answer.rcode != "NOERROR" or not records:
        return "NODATA" if answer.rcode == "NOERROR" else answer.rcode
    return "; ".join(records)


def zone_of(entry, number):
    entry = (entry,) if isinstance(entry, str) else entry
    text, override, target, groups = (*entry, *("", "", ())[len(entry) - 1 :])
    origin = f"policy{number}.test."
    return Zone(origin, zone_records(text.splitlines(), origin), override, target, list(groups))


def enforce(lists, group):
    """Put the lists of a group in force, instead of all others."""
    wanted = Lists([zone_of(entry, i) for i, entry in enumerate(group.zones)])
    lists.drop_all()
    last = [
        lists.put(name, *indicators, wait=False, **policy)
        for name, (policy, indicators) in wanted.lists.items()
    ]
    for change in last[-1:]:
        lists.wait_applied(change)


def look_up_servers(resolver):
    """Records that the iterator leaves in the cache on the way down; stub zones leave none."""
    for zone in peers_world.SERVED:
        assert resolver.client.ask(zone, "NS").rcode == "NOERROR"
        assert resolver.client.ask(f"ns.{zone}").addresses == ["127.0.0.1"]


@pytest.mark.parametrize("name", GROUPS)
def test_answers(rig, name):
    """Each question twice: resolved, and from the caches that the first question filled."""
    resolver, lists = rig
    group = GROUPS[name]
    lists.drop_all()
    resolver.forget_answers()
    if group.servers:
        look_up_servers(resolver)
    true = {row.question: asked(resolver, row.question) for row in group.rows if needs_truth(row)}
    enforce(lists, group)
    wrong = []
    for row in group.rows:
        peer, ours = (true[row.question] if text == "true" else text for text in row[1:3])
        for turn in ("first", "again"):
            got = asked(resolver, row.question, row.now or ours or peer)
            if got == row.now:
                continue  # a fault that is known
            if not fits(got, ours or peer):
                wrong.append(f"{row.question} ({turn}): {got}, not {ours or peer}")
        if ours and (ours == peer or row.reason not in REASONS):
            wrong.append(f"{row.question}: no difference, or no reason for it")
    resolver.check_alive()
    assert not wrong, "\n".join(wrong)


def needs_truth(row):
    return "true" in (row.peer, row.ours)


def fits(got, expected):
    return got != NONE if expected == "any answer" else got == expected


def test_every_reason_is_one_that_a_row_shows():
    """Or a row about Unbound's scenarios, or a cause in random zones. No answer of ours has the AA flag
    there; no row is about limits or compares times to live."""
    others = [ROOT / "tests/peers/differences.py", ROOT / "tests/daemon/harness/rpz_reasons.py"]
    unbound = "".join(path.read_text() for path in others)
    shown = {row.reason for group in GROUPS.values() for row in group.rows}
    assert {name for name in REASONS if name not in shown and f'"{name}"' not in unbound} == {
        "authority",
        "limits",
        "time to live",
    }
