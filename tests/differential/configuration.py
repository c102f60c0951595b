"""A configuration at work: servers, lists in force, questions, and recorded events."""

import contextlib
import functools
import itertools
import json
import subprocess
from collections import Counter
from dataclasses import dataclass

import dns.exception
import dns.rdatatype
from random_lists import GARDEN, PHASES, REDIRECTED, SINK4, SINK6, asn_rows
from servers import Authority, make_sides

from harness import mmdb
from harness.lists import Lists
from harness.redis_server import Redis
from harness.wait import until

SERVFAIL = 2  # RFC 1035 4.1.1
WINDOW = 48  # questions under way
PATIENCE = 2.0  # seconds between the two answers to a question, at most
CHAIN = 20  # aliases: Unbound follows 12, and a response may have more
MARKER = "marker"  # a list: events recorded before a hit on this list have come out before that hit
MARKED = "marker.example"


@dataclass(frozen=True)
class Configuration:
    server: tuple = ()
    chain: str = "validator iterator"
    threads: int = 1
    phases: tuple = PHASES
    clauses: tuple = ()
    ages: tuple = (0,)  # seconds before each further pass over the same questions: warm.py


TRUE_ONLY = PHASES[:2]  # phases in which each answer is Unbound's own
CONFIGURATIONS = {
    "plain": Configuration(),
    "threads": Configuration(threads=2),
    "whole-names": Configuration(("qname-minimisation: no", "harden-below-nxdomain: no")),
    "no-validator": Configuration(chain="iterator"),
    "soft": Configuration(("harden-glue: no", "harden-dnssec-stripped: no", "aggressive-nsec: no",
                           "val-permissive-mode: yes")),
    "strict": Configuration(("qname-minimisation-strict: yes", "harden-referral-path: yes"),
                            phases=TRUE_ONLY),
    "hardened": Configuration(("harden-large-queries: yes", "harden-algo-downgrade: yes",
                               "use-caps-for-id: yes", "deny-any: no"), phases=TRUE_ONLY),
    "snoop": Configuration(("access-control: 127.0.0.0/8 allow_snoop", "minimal-responses: no"),
                           phases=TRUE_ONLY),
    # No second pass with prefetching: records of a second are renewed, or not, by the part of it in
    # which they were stored. "stale" has the pass.
    "expired": Configuration(("serve-expired: yes", "serve-expired-ttl: 3600", "prefetch: yes"),
                             phases=TRUE_ONLY, ages=()),
    "prefetch": Configuration(("prefetch: yes", "prefetch-key: yes"), phases=TRUE_ONLY, ages=()),
    "short": Configuration(("cache-max-ttl: 1", "cache-max-negative-ttl: 1"), ages=(0, 2.1)),
    # Served when expired, and renewed then.
    "stale": Configuration(("serve-expired: yes", "serve-expired-ttl: 3600",
                            "serve-expired-client-timeout: 0", "prefetch: yes", "cache-max-ttl: 4",
                            "cache-max-negative-ttl: 4"), phases=TRUE_ONLY, ages=(0, 5.1, 0)),
    # A failure stays one behind dns64 (D-083), and hits go by A records that no client is told of.
    "dns64": Configuration(("dns64-prefix: 64:ff9b::/96",), "dns64 validator iterator",
                           phases=PHASES[:1]),
    "respip": Configuration(("response-ip: 5.3.0.0/16 redirect",
                             f'response-ip-data: 5.3.0.0/16 "A {REDIRECTED}"',
                             "response-ip: 5.4.4.0/24 always_nxdomain"),
                            "respip validator iterator", phases=TRUE_ONLY),
}  # fmt: skip


@dataclass
class Line:
    """A line of the client: see client.c."""

    index: int
    turn: int
    name: str
    rdtype: int
    rdclass: int
    flags: str
    same: bool
    rcode: int | None
    truth: int | None
    aliases: list
    addresses: list
    plain: bytes
    ours: bytes

    @classmethod
    def read(cls, text):
        words = text.split()
        rcodes = [None if word == "-" else int(word) for word in words[7:9]]
        lists = [[] if word == "-" else word.split(",") for word in words[9:11]]
        packets = [b"" if word == "-" else bytes.fromhex(word) for word in words[11:13]]
        return cls(
            int(words[0]), int(words[1]), words[2], int(words[3]), int(words[4]), words[5],
            words[6] == "1", *rcodes, *lists, *packets,
        )  # fmt: skip

    @property
    def tcp(self):
        return "t" in self.flags

    @property
    def answered(self):
        """Whether the resolver with the module answered."""
        return bool(self.ours) or (self.same and self.rcode is not None)

    @property
    def failed(self):
        """Whether Unbound alone had no answer, but for a failure."""
        return self.rcode in (None, SERVFAIL)

    @property
    def late(self):
        """Whether either resolver gave up with SERVFAIL before the other: time alone decided."""
        answers = [packet for packet in (self.plain, self.ours) if packet]
        return not self.same and len(answers) == 1 and answers[0][3] & 15 == SERVFAIL

    @property
    def unknown(self):
        """Whether the true answer is unknown: a truncated answer could not be resolved once
        more."""
        return not self.failed and self.truth in (None, SERVFAIL)

    @property
    def bogus(self):
        """Whether that is since the answer does not validate."""
        return self.failed and self.truth not in (None, SERVFAIL)


class Run:
    """A configuration: servers, and the client that asks the servers."""

    def __init__(self, env, folder, name, seed, pool):
        self.env, self.folder, self.name, self.seed, self.pool = env, folder, name, seed, pool
        self.configuration = CONFIGURATIONS[name]
        self.markers = itertools.count()

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        try:
            self._start()
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *error):
        with self.stack:
            for side in (self.plain, self.ours, self.oracle):
                if error[0] is None:
                    side.stop()

    def _start(self):
        self.folder.mkdir(parents=True)
        self.authority = Authority(self.env, self.folder / "authority", self.seed, self.pool)
        self.stack.callback(self.authority.stop)
        self.authority.start()
        self.redis = Redis(self.folder / "redis")
        self.stack.callback(self.redis.stop)
        self.redis.start()
        self.plain, self.ours, self.oracle = make_sides(
            self.env, self.folder, self.authority, self._settings(), self.configuration
        )
        for side in (self.plain, self.ours, self.oracle):
            self.stack.callback(side.kill)
            side.start()
        self.lists = Lists(self.redis.client, "{d}", "d")
        self.lists.wait_state(state="following")
        self.lists.put(MARKER, MARKED, action="nxdomain", priority=0)

    def _settings(self):
        return {
            "redis-socket": self.redis.socket,
            "redis-prefix": "{d}",
            "resolver-id": "d",
            "asn-mmdb": mmdb.make_asn(self.folder, asn_rows()),
            "event-window": 0,
            "event-ring": 65536,
            "sinkhole-ipv4": SINK4,
            "sinkhole-ipv6": SINK6,
            "cname-target": GARDEN,
        }

    def ask(self, ranges, flags, window=WINDOW, patience=PATIENCE):
        """Ask questions: (first, count) pairs. Returns a line for each question."""
        program = self.env.build / "tests/differential/client"
        flags += "c" if self.authority.cuts else ""
        ports = [side.port for side in (self.plain, self.ours, self.oracle)]
        command = [program, self.seed, self.pool, *ports, window, flags]
        done = subprocess.run(
            [str(word) for word in [*command, patience]], check=True, text=True,
            input="".join(f"{first} {count}\n" for first, count in ranges), stdout=subprocess.PIPE,
        )  # fmt: skip
        return [Line.read(line) for line in done.stdout.splitlines()]

    @functools.cache
    def chain(self, name):
        """The aliases from a name on, a question for each, as far as the aliases resolve."""
        found = []
        while len(found) < CHAIN:
            target = self._target(found[-1] if found else name)
            if not target:
                break
            found.append(target)
        return tuple(found)

    def _target(self, name):
        """Where a name is an alias to; nothing where no answer says that."""
        with contextlib.suppress(dns.exception.DNSException, EOFError, OSError):
            answer = self.oracle.client.ask(name, "CNAME", cd=True, tcp=True, timeout=3).message
            for rrset in answer.answer:
                if rrset.rdtype == dns.rdatatype.CNAME:
                    return rrset[0].target.to_text(omit_final_dot=True).lower()
        return ""

    def forget(self):
        """All resolvers start again with empty caches. The third as well: where its servers are in
        backoff, a true answer stays unknown however often the question comes again."""
        for side in (self.plain, self.ours, self.oracle):
            side.forget_answers()
            side.control("flush_infra", "all")
            side.control("flush_bogus")

    def apply(self, lists):
        """Put these lists in force in place of all others, each from the old to the new state at
        once."""
        names = {each.name for each in lists}
        there = set(self.redis.client.hkeys("{d}:lists")) - {MARKER}
        if there - names:
            self.lists.drop(*sorted(there - names))
        for each in lists:
            if each.name in there:
                self.lists.policy(each.name, **each.policy)
                self.lists.replace(each.name, *each.indicators)
            else:
                self.lists.put(each.name, *each.indicators, **each.policy)
        refused = json.loads(self.lists.state().get("refused") or "[]")
        assert not refused, f"refused: {refused}"

    def hits(self, expected):
        """Events since the last call, counted by (name, type, list, action taken). expected: number
        of events to wait for, a second more."""
        found, last, marked = Counter(), "-", set()

        def read_on():
            nonlocal last
            while entries := self.redis.client.xrange("{d}:events", last, count=2000):
                for _, fields in entries:
                    self._count(json.loads(fields["e"]), found, marked)
                last = "(" + entries[-1][0]
            return marked

        for _ in range(2):  # a marker may overtake an event in another worker's ring
            marker = f"m{next(self.markers)}.{MARKED}"
            self.ours.client.ask(marker)
            until(lambda m=marker: m in read_on(), "the marker's event", 30)
        with contextlib.suppress(AssertionError):  # an event that does not come is missing
            until(lambda: read_on() and found.total() >= expected, "further events", 1)
        self.redis.client.xtrim("{d}:events", maxlen=0)
        return found

    @staticmethod
    def _count(event, found, marked):
        """Add a hit to the found hits; a marker's name to the marked names."""
        if "client" not in event:
            return
        question, ours = event["dns"]["question"], event["sinkwatch"]
        if question["name"].endswith(MARKED):
            marked.add(question["name"])
            return
        rdtype = int(dns.rdatatype.from_text(question["type"]))
        name = question["name"].replace("\\*", "*")  # written as in a zone file: RFC 1035 5.1
        key = (name, rdtype, ours["list"], ours["action"]["taken"])
        found[key] += ours["count"]
