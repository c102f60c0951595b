"""Random policy zones: Unbound's own RPZ beside zones that `sinkwatch import --given` took (D-221).

Each round has some zones and questions. An answer that differs needs a reason of REASONS, by what
the zones say about the question; any other difference is a failure. ROUNDS and SEED: the long form
(make differential-rpz); SERVERS=1: with rules about name servers.
"""

import os
import random
from collections import Counter

import dns.exception
import pytest
from harness.environment import read_environment
from harness.peers_reasons import REASONS
from harness.resolver import Resolver
from harness.rpz_random import NAMES, SERVED, SERVER, SOURCES, TYPES, Zone, describe
from harness.rpz_reasons import NONE, Case, brief, reason
from harness.wait import live
from harness.zones import STARTED

ZONES = 3
ROUNDS = int(os.environ.get("ROUNDS") or (2 if read_environment().sanitizer else 6))
SEED = int(os.environ.get("SEED") or 5)
SERVERS = os.environ.get("SERVERS", "") not in ("", "0")  # rules about name servers as well
QUESTIONS = 45
AGAIN = 3  # looks at a difference without a reason
UNLISTED = "127.0.0.99"  # a client that no rule is about
SILENCE = 0.4  # seconds without an answer, where silence is expected; another look decides


@pytest.fixture(scope="module")
def rig(env, authority, shared_redis, settings_for, session_folder, lists_for):
    """Both resolvers, and one without policies. The peer's zones are files that a round writes."""
    peer_folder, folder = session_folder / "rpz-peer", session_folder / "rpz-ours"
    peer_folder.mkdir()
    # Unbound applies its rules about aliases, and exceptions, to answers that it resolves, not to cached ones.
    # The harness's own question is answered before any rule about servers.
    server = ["cache-max-ttl: 0", f'local-data: "{STARTED}. SOA a. b. 1 2 3 4 5"']
    peer = Resolver(env, peer_folder, authority, None, server, "respip validator iterator")
    # With a name and an address of the server, which rules may be about; the address is asked.
    served = SERVED if SERVERS else ()
    peer.stub_lines = {zone: [f"stub-host: {SERVER.format(zone)}@{authority.port}"] for zone in served}
    plain = Resolver(env, session_folder / "rpz-plain", authority)
    ours = Resolver(env, folder, authority,
                    settings_for(shared_redis, folder, sinkhole_ipv4=None, sinkhole_ipv6=None))  # fmt: skip
    try:
        ours.start()
        plain.start()
        lists = lists_for(ours, shared_redis)
        lists.wait_state(state="following")
        yield peer, ours, plain, lists, shared_redis.client
        ours.stop()
    finally:
        for resolver in (ours, peer, plain):
            resolver.kill()


def load_peer(peer, zones, serial):
    """The peer starts anew: an override stands in its configuration."""
    peer.kill()
    peer.clauses = []
    for i, zone in enumerate(zones, 1):
        path = peer.folder / f"policy{i}.zone"
        path.write_text(zone.text(serial))
        peer.clauses += ["rpz:", f'  name: "policy{i}.test."', f'  zonefile: "{path}"']
        if zone.override:
            peer.clauses.append(f"  rpz-action-override: {zone.override}")
        if zone.target:
            peer.clauses.append(f'  rpz-cname-override: "{zone.target}"')
    peer.start()


def load_ours(ours, lists, client, zones):
    """Each zone is a list of its own, all changed by the command."""
    folder = ours.folder
    for i, zone in enumerate(zones, 1):
        name, path = f"policy{i}", folder / f"policy{i}.zone"
        path.write_text(zone.text(1))
        words = ["--action", "monitor", "--priority", 10 * i, "--no-shadow"]
        if zone.override == "disabled":
            words[-1] = "--shadow"
        elif zone.override:
            words[1] = zone.override
        if zone.target:
            words += ["--cname", zone.target.rstrip(".")]
        ours.command("list", "set", name, *words)
        how = "--override" if zone.override not in ("", "disabled") else "--given"
        said = ours.command("import", "--replace", how, "--max-shrink=100", f"--origin=policy{i}.test", name, path,
                            check=False)  # fmt: skip
        assert " are the list now" in said, f"{said}\n{path.read_text()}"
    change = client.xrevrange(lists.key("changes"), count=1)[0][0]
    lists.wait_applied(change)


def learn_servers(ours):
    """Records of the zones' servers in the cache, which a list finds there: stub zones bring none."""
    for zone in SERVED:
        for name, rdtype in ((zone, "NS"), (SERVER.format(zone), "A")):
            asked(ours, (name, rdtype, UNLISTED, True))


def asked(resolver, question, timeout=5.0):
    name, rdtype, source, tcp = question
    try:
        return brief(resolver.client.ask(name, rdtype, source=source, tcp=tcp, timeout=timeout))
    except (dns.exception.Timeout, EOFError):
        return NONE


def drops(zones, question):
    """Whether a rule that drops may act on a question."""
    return any("CNAME rpz-drop." in data for zone in zones for data in zone.rules.values())


def pair(peer, ours, zones, question):
    """Both answers; where silence is possible, a short look and a long one at what differs. None:
    the peer died, as Unbound's RPZ does with some rules."""
    try:
        both = looks(peer, ours, zones, question)
    except OSError:
        both = None
    if peer.process.running:
        assert both, f"{question}: no connection"
        return both
    peer.kill()
    peer.start()
    return None


def looks(peer, ours, zones, question):
    if drops(zones, question):
        both = asked(peer, question, SILENCE), asked(ours, question, SILENCE)
        if both[0] == both[1]:
            return both
    return asked(peer, question), asked(ours, question)


def explained(peer, ours, plain, zones, question, both):
    """Both answers with the reason, or None. A difference without a reason has to come again in another
    second: within one the peer's cache answers, without its rules about aliases and exceptions."""
    for _ in range(AGAIN):
        why = "same second" if both[0] == both[1] else reason(zones, question, *both, plain.client.ask)
        if why:
            return both, why
        live(1.1)
        both = pair(peer, ours, zones, question) or (NONE, NONE)
    return both, None


def test_answers_are_those_of_unbounds_own_rpz(rig):
    peer, ours, plain, lists, client = rig
    rng = random.Random(SEED)
    wrong, reasons, same = [], Counter(), 0
    for number in range(ROUNDS):
        zones = [Zone(rng, drops=number % 3 == 2, servers=SERVERS) for _ in range(ZONES)]
        load_peer(peer, zones, number + 1)
        load_ours(ours, lists, client, zones)
        ours.forget_answers()
        if SERVERS:
            learn_servers(ours)
        for _ in range(QUESTIONS):
            question = (rng.choice(NAMES), rng.choice(TYPES), rng.choice(SOURCES), rng.random() < 0.2)
            both = pair(peer, ours, zones, question)
            if both is None:
                reasons["the peer died"] += 1
                continue
            if both[0] == both[1]:
                same += 1
                continue
            both, why = explained(peer, ours, plain, zones, question, both)
            reasons[why] += 1
            if why is None:
                rules = Case(zones, question, *both, plain.client.ask).words()
                wrong.append(f"{question}: Unbound {both[0]}, ours {both[1]}\n{rules}{describe(zones, 1)}")
    if os.environ.get("DUMP"):
        open(os.environ["DUMP"], "w").write("\n".join(wrong))
    print(f"{same} answers alike; {dict(reasons)}")
    assert set(reasons) - {None, "the peer died", "same second"} <= set(REASONS)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:5])
    assert same > ROUNDS * QUESTIONS // 2
