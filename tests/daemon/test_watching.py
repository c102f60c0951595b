"""A name that is only recorded behaves like an unlisted name (D-085).

Unbound alone and Unbound with the module are asked the same questions, in the same order, by the
same client. Each list below leaves every answer true. So the answers are equal, and so are the
questions upstream after each step, and Unbound's own counters in the end; and each question for a
listed name is recorded once.
"""

import contextlib
import itertools
from collections import Counter

import pytest
from harness.events import Events
from harness.resolver import Resolver
from harness.wait import live, until

SERVER = [
    "serve-expired: yes",
    "serve-expired-ttl: 3600",
    "val-bogus-ttl: 3600",
    "qname-minimisation: no",
    "udp-connect: no",
]
# The last tenth of 10 seconds can be waited for. The other steps go without prefetching: Unbound
# 1.22.0 renews an answer at the first repetition if an RRset of the answer, as a SOA, is a second
# older than the answer.
BRIEF = ["prefetch: yes", "cache-max-ttl: 10"]
NUMBERS = itertools.count(1)
ATTEMPTS = 20
UNSERVED = "unserved.example"  # the zone's server refuses, so the name cannot be resolved
NOT_CACHED = "second.example"  # by stub-no-cache
INDICATORS = (
    "evil.example", "address.example", "203.0.113.0/24", "192.0.2.0/24", "short.example", "bogus.example",
    "second.example", "third.example", UNSERVED,
)
ALLOW = {"kind": "allow", "priority": 1}
WATCHING = {
    "none": {},
    "monitor": {"bad": {"action": "monitor"}},
    "passthru": {"bad": {"action": "passthru"}},
    "shadow": {"bad": {"action": "nxdomain", "shadow": True}},
    "shadow of tcp-only": {"bad": {"action": "tcp-only", "shadow": True}},
    "allowed": {"bad": {"action": "nxdomain"}, "allow": ALLOW},
    "two lists": {"bad": {"action": "sinkhole"}, "allow": {"action": "monitor", "priority": 1}},
}
# Here some other client would get another answer, so the answers are private: Unbound does not serve
# them from its cache, and this module does as Unbound would (D-120).
PRIVATE = {
    "other group": {"bad": {"action": "nxdomain", "groups": ["kids"]}},
    "other client": {"bad": {"action": "nxdomain", "triggers": ["client"]}},
}
OTHER_CLIENT = "127.99.0.1"
COUNTERS = (
    "num.queries", "num.cachehits", "num.cachemiss", "num.prefetch", "num.recursivereplies",
)
EXTENDED = (
    "num.answer.rcode.NOERROR", "num.answer.rcode.SERVFAIL", "num.answer.rcode.NXDOMAIN",
    "num.answer.secure", "num.answer.bogus", "num.rrset.bogus",
)


def with_unserved(resolver):
    resolver.stubs = [*resolver.stubs, UNSERVED]
    resolver.stub_lines[NOT_CACHED] = ["stub-no-cache: yes"]
    return resolver


class Side:
    """A resolver, and the results of each step."""

    def __init__(self, resolver, upstream, fresh):
        self.resolver, self.upstream = resolver, upstream
        self.fresh = fresh  # a name that nobody has asked for; the answers live for a second
        self.trace, self.asked = [], []

    def begin(self):
        self.resolver.control("stats")  # counts from here
        self.trace, self.asked = [], []

    def end(self):
        self.seconds = float(self.resolver.statistic("time.elapsed"))

    def ask(self, name, rdtype="A", **options):
        before = len(self.upstream.asked("."))
        answer = self.resolver.client.ask(name, rdtype, timeout=20, **options)
        until(self._idle, "all queries to be resolved")
        asked = sorted(self.upstream.asked(".")[before:])
        flags = (answer.ad, answer.aa, answer.tc)
        seen = (answer.rcode, answer.addresses, answer.aliases, sorted(answer.all_types), flags)
        self.trace.append((name, rdtype, options, seen, asked))
        self.asked.append(name)
        return answer

    def _idle(self):
        return self.resolver.statistic("total.requestlist.current.all") == 0

    def counters(self):
        lines = dict(
            line.split("=", 1) for line in self.resolver.control("stats_noreset").splitlines()
        )
        return {key: lines.get(key) for key in (*(f"total.{c}" for c in COUNTERS), *EXTENDED)}


# The questions, step by step.


def repeat(side):
    for name in ("www.evil.example", "to-evil.clean.example", "four.address.example"):
        for rdtype in ("A", "AAAA", "HTTPS", "TXT", "ANY"):
            for options in ({}, {"do": True}, {"cd": True}, {"tcp": True}):
                side.ask(name, rdtype, **options)
    side.ask("nothing.evil.example")
    side.ask("nothing.evil.example")


def expire(side):
    """The second answer is stale; renewed meanwhile."""
    side.ask(side.fresh)
    live(2.1)
    side.ask(side.fresh)


def fail(side):
    for _ in range(3):
        side.ask(f"www.{UNSERVED}")


def fail_behind_alias(side):
    for _ in range(3):
        side.ask("to-unserved.clean.example")


def fail_to_validate(side):
    for _ in range(4):
        side.ask("bogus.example")
        side.ask("bogus.example", cd=True)


def fail_once_expired(side):
    side.ask(side.fresh)
    live(2.1)
    side.upstream.drop(side.fresh)
    for _ in range(2):
        answer = side.resolver.client.ask(side.fresh, timeout=20)
        side.trace.append((answer.rcode, answer.addresses))
        side.asked.append(side.fresh)
    side.upstream.forget()
    side.resolver.control("flush_requestlist")


def flush(side):
    for how in (("flush",), ("flush_type", "A"), ("flush_zone",)):
        for name in ("www.evil.example", "four.address.example", "to-evil.clean.example"):
            side.ask(name)
            command, *rdtype = how
            side.resolver.control(command, name, *rdtype)
            side.ask(name)
            side.ask(name)


def uncached_zone(side):
    for _ in range(3):
        side.ask("b.second.example")
        side.ask("chain.clean.example")


def prefetch(side):
    side.ask("www.evil.example")
    live(9.3)  # the last tenth; on a late machine the answer has expired, which also renews the answer
    for _ in range(3):
        side.ask("www.evil.example")


def dump_and_load(side):
    for name in ("www.evil.example", "to-evil.clean.example", "four.address.example"):
        side.ask(name)
    dump = side.resolver.control("dump_cache")
    side.resolver.forget_answers()
    side.resolver.load_cache(dump)
    for name in ("www.evil.example", "to-evil.clean.example", "four.address.example"):
        side.ask(name)
        side.ask(name)


STEPS = [
    repeat, expire, fail, fail_behind_alias, fail_to_validate, fail_once_expired, flush, uncached_zone,
    dump_and_load,
]
# Seconds in which a step sees the same as each time: Unbound caches a failure for 5, asks a silent server
# again after 4, and a record lives for 300, a denial for 60.
LIMITS = {fail: 4, fail_behind_alias: 4, fail_once_expired: 6}
LIMIT = 50
# Steps with answers in the last second or tenth of their time to live: a difference has to come each
# time, since a step of a busy machine can begin on both sides of a second.
TIMED, PLAYS = (expire, prefetch), 3


@contextlib.contextmanager
def two_sides(env, authority, shared_redis, settings_for, folder, server):
    """Unbound alone, and Unbound with the module."""
    made = []
    for number, chain in enumerate((None, "dynlib validator iterator")):
        path = folder.with_name(f"{folder.name}{number}")
        settings = settings_for(shared_redis, path) if chain else None
        if settings:
            settings["client-group"] = [f'"kids {OTHER_CLIENT}"']
        made.append(with_unserved(Resolver(env, path, authority, settings, server, chain, threads=1)))
    try:
        yield [resolver.start() for resolver in made]
        for resolver in made:
            resolver.stop()
    finally:
        for resolver in made:
            resolver.kill()


@pytest.fixture(scope="module")
def pair(env, authority, shared_redis, settings_for, session_folder):
    path = session_folder / "watching"
    with two_sides(env, authority, shared_redis, settings_for, path, SERVER) as made:
        yield made


@pytest.fixture(scope="module")
def brief_pair(env, authority, shared_redis, settings_for, session_folder):
    path = session_folder / "brief"
    with two_sides(env, authority, shared_redis, settings_for, path, SERVER + BRIEF) as made:
        yield made


@pytest.fixture(scope="module")
def minimising_pair(env, authority, shared_redis, settings_for, session_folder):
    path = session_folder / "minimising"
    server = [line for line in SERVER if not line.startswith("qname-minimisation")]
    with two_sides(env, authority, shared_redis, settings_for, path, server) as made:
        yield made


def hits(events, names):
    """Recorded queries for each of some names."""
    found = dict.fromkeys(names, 0)
    for event in events.all():
        name = event["dns"]["question"]["name"]
        if "client" in event and name in found:
            found[name] += event["sinkwatch"]["count"]
    return found


def play(pair, upstream, step):
    """Both sides after a step, and whether the machine was fast enough for the step."""
    pair[0].reload()  # flush_zone leaves expired entries
    pair[1].reload_lists()
    fresh = f"{next(NUMBERS)}.short.example"
    sides = [Side(resolver, upstream, fresh) for resolver in pair]
    for side in sides:
        upstream.forget()
        side.begin()
        step(side)
        side.end()
    return *sides, max(side.seconds for side in sides) < LIMITS.get(step, LIMIT)


PLACES = ("name", "type", "options", "answer", "asked upstream")


def compare_private(former, now, step):
    """The iterator does not find a private answer: it asks again for the target of an alias, for type ANY, and
    after load_cache, as a dump does not show the answer. Nothing else is asked that Unbound does not ask."""
    again = bool(now[3][2]) or now[1] == "ANY" or step is dump_and_load
    if now[1] == "ANY":
        # Unbound builds its answer from cached records, the authority gives one RRset (RFC 8482)
        assert now[3][0] == former[3][0] and set(now[3][1]) <= set(former[3][1])
    else:
        assert now[:4] == former[:4]
    more, less = Counter(now[4]), Counter(former[4])
    assert not less - more and (again or not more - less), (former, now)


def compare(pair, lists, shared_redis, upstream, watching, step):
    lists.drop_all()
    private = watching in PRIVATE
    for name, policy in {**WATCHING, **PRIVATE}[watching].items():
        found = [OTHER_CLIENT] if "triggers" in policy else INDICATORS
        lists.put(name, *found, **policy)
    plays = PLAYS if step in TIMED else 1
    for _ in range(ATTEMPTS):
        events = Events(shared_redis.client, pair[1].settings["redis-prefix"])
        plain, ours, in_time = play(pair, upstream, step)
        recorded(events, ours, bool(WATCHING.get(watching)))
        plays -= in_time
        if in_time and (same(plain, ours, private, step) or plays == 0):
            break
    assert in_time, f"{step.__name__} took too long in each of {ATTEMPTS} attempts"
    compare_sides(plain, ours, private, step)
    pair[1].check_alive()


def same(*sides_and_step):
    try:
        compare_sides(*sides_and_step)
    except AssertionError:
        return False
    return True


def compare_sides(plain, ours, private, step):
    for former, now in zip(plain.trace, ours.trace, strict=True):
        if private and len(now) == len(PLACES):
            compare_private(former, now, step)
        else:
            assert now == former
    assert private or ours.counters() == plain.counters()


def recorded(events, side, listed):
    """Each question for a listed name is recorded once."""
    wanted = {name: side.asked.count(name) if listed else 0 for name in set(side.asked)}
    until(lambda: hits(events, wanted) == wanted, lambda: f"{wanted} in {hits(events, wanted)}")


@pytest.mark.parametrize("step", STEPS, ids=[step.__name__ for step in STEPS])
@pytest.mark.parametrize("watching", [*WATCHING, *PRIVATE])
def test_as_if_not_listed(pair, lists_for, shared_redis, upstream, watching, step):
    lists = lists_for(pair[1], shared_redis)
    compare(pair, lists, shared_redis, upstream, watching, step)


@pytest.mark.parametrize("watching", ["monitor", "allowed", *PRIVATE])
def test_renewed_ahead_of_time(brief_pair, lists_for, shared_redis, upstream, watching):
    lists = lists_for(brief_pair[1], shared_redis)
    compare(brief_pair, lists, shared_redis, upstream, watching, prefetch)


def other_types(side):
    """Types without an address. Query name minimisation asks for the addresses of each name first."""
    for name in ("www.evil.example", "four.address.example", "nothing.www.evil.example", "www.signed.example"):
        for rdtype in ("TXT", "MX", "SRV", "NS"):
            for options in ({}, {"cd": True}):
                for _ in range(2):
                    side.ask(name, rdtype, **options)


def test_listed_addresses_change_no_answer_without_them(minimising_pair, lists_for, shared_redis, upstream):
    """Recorded names whose addresses are listed: the answers of other types are cached as by Unbound
    alone (D-263). The addresses are not, so that minimisation asks for them again."""
    lists = lists_for(minimising_pair[1], shared_redis)
    lists.put("bad", "203.0.113.0/24", "192.0.2.0/24", "198.51.100.0/24", action="nxdomain", priority=1)
    lists.put("seen", "evil.example", "address.example", "signed.example", action="monitor")
    plain, ours, _ = play(minimising_pair, upstream, other_types)
    for former, now in zip(plain.trace, ours.trace, strict=True):
        more, less = Counter(now[4]), Counter(former[4])
        assert now[:4] == former[:4] and not less - more
        assert {rdtype for _, rdtype in more - less} <= {"A"}
    assert ours.counters() == plain.counters()
