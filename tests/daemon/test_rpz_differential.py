"""Random policy zones: Unbound's own RPZ beside zones that `sinkwatch import --given` took (D-221).

Each round has some zones and questions. An answer that differs needs a reason of REASONS, by what
the zones say about the question; any other difference is a failure. ROUNDS and SEED: the long form
(make differential-rpz).
"""

import os
import random
from collections import Counter

import dns.exception
import dns.rdatatype
import pytest
from harness.environment import read_environment
from harness.peers_reasons import REASONS
from harness.resolver import Resolver
from harness.rpz_random import NAMES, SOURCES, TYPES, Zone, describe

ZONES = 3
ROUNDS = int(os.environ.get("ROUNDS") or (2 if read_environment().sanitizer else 6))
SEED = int(os.environ.get("SEED") or 5)
QUESTIONS = 45
SILENCE = 0.4  # seconds without an answer, where silence is expected; another look decides
NONE = "no answer"


@pytest.fixture(scope="module")
def rig(env, authority, shared_redis, settings_for, session_folder, lists_for):
    """Both resolvers. The peer's zones are files that a round writes."""
    peer_folder, folder = session_folder / "rpz-peer", session_folder / "rpz-ours"
    peer_folder.mkdir()
    # Unbound applies its rules about aliases, and exceptions, to answers that it resolves, not to cached ones.
    peer = Resolver(env, peer_folder, authority, None, ["cache-max-ttl: 0"], "respip validator iterator")
    ours = Resolver(env, folder, authority,
                    settings_for(shared_redis, folder, sinkhole_ipv4=None, sinkhole_ipv6=None))  # fmt: skip
    try:
        ours.start()
        lists = lists_for(ours, shared_redis)
        lists.wait_state(state="following")
        yield peer, ours, lists, shared_redis.client
        ours.stop()
    finally:
        ours.kill()
        peer.kill()


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


def brief(answer):
    """Code and records, without the aliases that lead to them (see "whole answer")."""
    found = sorted(
        f"{dns.rdatatype.to_text(rrset.rdtype)} {rdata.to_text()}".lower()
        for rrset in answer.message.answer
        if rrset.rdtype not in (dns.rdatatype.RRSIG, dns.rdatatype.CNAME)
        for rdata in rrset
    )
    if answer.tc:
        return "TC"
    return "; ".join(found) if found and answer.rcode == "NOERROR" else answer.rcode


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


# ---- reasons ----

ALIASES = {"to-evil.clean.example": ["www.evil.example"], "alias.evil.example": ["www.evil.example"],
           "alias.address.example": ["four.address.example"], "b.second.example": ["c.third.example"],
           "chain.clean.example": ["a.first.example", "b.second.example", "c.third.example"]}  # fmt: skip
GARDEN = "landing.garden.example"
LANDINGS = ("198.51.100.99", "2001:db8:1::99")


def by_override(zones, question, _theirs, _ours):
    return any(zone.override and zone.client_rules(question[2]) for zone in zones)


def by_wildcards(zones, question, _theirs, _ours):
    names = [question[0], *ALIASES.get(question[0], [])]
    return any(zone.rule_of(name) != zone.rule_in_dns(name) for zone in zones for name in names)


def by_stream(_zones, question, theirs, ours):
    return question[3] and (theirs, ours) == (NONE, "REFUSED")


def by_tcp(zones, question, _theirs, _ours):
    return question[3] and any(zone.action(owner) == "tcp-only" for zone in zones for owner in zone.rules)


def by_landing(zones, _question, _theirs, ours):
    """Ours is what the garden says, which a rule covers."""
    gardens = any(zone.target or any(zone.action(o) == "cname" for o in zone.rules) for zone in zones)
    covered = any(zone.rule_of(GARDEN) or any(zone.covers(address) for address in LANDINGS) for zone in zones)
    return gardens and covered and (ours in ("NOERROR", "NXDOMAIN") or any(a in ours for a in LANDINGS))


def by_hints(zones, question, _theirs, _ours):
    return question[1] == "HTTPS" and any(o.endswith(".rpz-ip") for zone in zones for o in zone.rules)


def by_alias(zones, question, _theirs, ours):
    """Local data without the type, at the end of an alias."""
    owners = [(zone, zone.rule_of(name)) for name in ALIASES.get(question[0], []) for zone in zones]
    return ours == "NOERROR" and any(
        owner and zone.action(owner) == "sinkhole" and not any(r.startswith(f"{question[1]} ") for r in zone.rules[owner])
        for zone, owner in owners
    )


def by_order_of_addresses(zones, question, _theirs, _ours):
    """Rules for two addresses of the answer."""
    pairs = {"both.address.example": ("198.51.100.20", "203.0.113.5"),
             "two.clean.example": ("198.51.100.12", "198.51.100.13")}  # fmt: skip
    return question[1] == "A" and any(
        all(zone.covers(address) for address in pairs.get(question[0], ("::",))) for zone in zones
    )


def behind_addresses(zones, names):
    """Rules by name in a zone behind one with rules by address: (zone, owner)."""
    for i, zone in enumerate(zones):
        if any(owner.endswith(".rpz-ip") for before in zones[:i] for owner in before.rules):
            yield from ((zone, zone.rule_of(name)) for name in names if zone.rule_of(name))


def by_later_exception(zones, question, _theirs, _ours):
    names = [question[0], *ALIASES.get(question[0], [])]
    return any("passthru" in (zone.override, zone.action(owner)) for zone, owner in behind_addresses(zones, names))


def by_later_alias(zones, question, _theirs, _ours):
    return any(behind_addresses(zones, ALIASES.get(question[0], [])))


def by_first_record(zones, question, theirs, ours):
    """Some of our records."""
    return any(z.client_rules(question[2]) for z in zones) and set(theirs.split("; ")) < set(ours.split("; "))


CAUSES = {
    "later exception": by_later_exception, "at once": by_later_alias, "several addresses": by_order_of_addresses,
    "override of clients": by_override, "wildcards": by_wildcards, "drop on a stream": by_stream, "tcp-only": by_tcp,
    "landing name": by_landing, "hints": by_hints, "other data of an alias": by_alias,
    "first record": by_first_record,
}  # fmt: skip


def reason(zones, question, theirs, ours):
    """Why an answer may differ, or None."""
    return next((name for name, cause in CAUSES.items() if cause(zones, question, theirs, ours)), None)


def test_answers_are_those_of_unbounds_own_rpz(rig, authority):
    peer, ours, lists, client = rig
    rng = random.Random(SEED)
    wrong, reasons, same = [], Counter(), 0
    for number in range(ROUNDS):
        zones = [Zone(rng, drops=number % 3 == 2) for _ in range(ZONES)]
        load_peer(peer, zones, number + 1)
        load_ours(ours, lists, client, zones)
        ours.forget_answers()
        for _ in range(QUESTIONS):
            question = (rng.choice(NAMES), rng.choice(TYPES), rng.choice(SOURCES), rng.random() < 0.2)
            both = pair(peer, ours, zones, question)
            if both is None:
                reasons["the peer died"] += 1
                continue
            theirs, mine = both
            if theirs == mine:
                same += 1
                continue
            why = reason(zones, question, theirs, mine)
            reasons[why] += 1
            if why is None:
                wrong.append(f"{question}: Unbound {theirs}, ours {mine}\n{describe(zones, 1)}")
    if os.environ.get("DUMP"):
        open(os.environ["DUMP"], "w").write("\n".join(wrong))
    print(f"{same} answers alike; {dict(reasons)}")
    assert set(reasons) - {None, "the peer died"} <= set(REASONS)
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:5])
    assert same > ROUNDS * QUESTIONS // 2
