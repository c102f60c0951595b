"""Lists that flap while a load generator asks and judges: no answer may contradict a list.

    race.py [--queries N] [--seconds N] [--configuration NAME]... [--early]

Runs each configuration of the resolver in turn, prints a table, and exits with 1 when an answer
contradicted a reported change, or a hit was not recorded. --early proves that the judge can fail:
changes count as in force too early.

Decisions: D-023, D-054, D-078.
"""

import argparse
import contextlib
import ctypes
import json
import mmap
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]

from harness import mmdb  # noqa: E402
from harness.authority import ADDRESS, Authority  # noqa: E402
from harness.environment import read_environment  # noqa: E402
from harness.lists import Lists  # noqa: E402
from harness.redis_server import Redis  # noqa: E402
from harness.resolver import GARDEN, SINK4, SINK6, Resolver  # noqa: E402
from harness.wait import FACTOR, until  # noqa: E402
from race_world import LISTS, MOVING, STATE, STILL, TRIGGERS, UNLISTED, World  # noqa: E402

# name: (server lines, module-config, threads, further lists)
CONFIGURATIONS = {
    "plain": ([], None, 3, ()),
    "prefetch": (["prefetch: yes", "prefetch-key: yes", "qname-minimisation: no"], None, 4, ()),
    "expired": (
        ["serve-expired: yes", "serve-expired-ttl: 60", "serve-expired-client-timeout: 0"],
        None,
        2,
        (),
    ),
    "slow-keys": (["key-cache-size: 0", "cache-max-ttl: 2"], None, 3, ("proxy",)),
    "cachedb": ([], "dynlib validator cachedb iterator", 3, ("cachedb",)),
    "load-cache": ([], None, 3, ("load",)),
    "clients": (["prefetch: yes"], None, 3, ("clients",)),
    "servers": ([], None, 3, ("servers", "server-addresses")),
}
COUNTS = "sent answers lost dropped listed unlisted away contradictions odd failed hits maybe".split()


class Words:
    """The words that the load generator reads: see race_judge.h."""

    def __init__(self, path, count):
        path.write_bytes(bytes(8 * count))
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8 * count)
        self.words = (ctypes.c_uint64 * count).from_buffer(self.map)

    def allow(self, number, states):
        word = self.words[number]
        if word & 0xFFFF != states:
            self.words[number] = ((word >> 16) + 1) << 16 | states


class Model:
    """The states of each rule by the feed, and the words made of the states."""

    def __init__(self, words, rules):
        self.words = words
        self.state = {rule.number: UNLISTED for rule in rules}
        self.allowed = dict(self.state)  # with the old state while a change is under way
        self.excuse = 0  # allowed besides, for every rule that is listed
        self.lock = threading.Lock()

    def _publish(self, number):
        states = self.allowed[number]
        self.words.allow(number, states | (self.excuse if states != UNLISTED else 0))

    @contextlib.contextmanager
    def change(self, new, early=False):
        """Inside the block old and new states are allowed; behind it only the new states."""
        with self.lock:
            for number, state in new.items():
                self.allowed[number] = state if early else self.state[number] | state
                self._publish(number)
        yield
        with self.lock:
            for number, state in new.items():
                self.state[number] = self.allowed[number] = state
                self._publish(number)

    @contextlib.contextmanager
    def excused(self):
        """Inside the block the true answer is allowed everywhere."""
        self._excuse(UNLISTED)
        yield
        self._excuse(0)

    def _excuse(self, states):
        with self.lock:
            self.excuse = states
            for number in self.state:
                self._publish(number)


class Flapper(threading.Thread):
    """Changes a list until stopped."""

    def __init__(self, race, name):
        super().__init__(name=name)
        self.race, self.list = race, name
        self.rules = race.world.of_list(name)
        self.listed, self.action, self.changes = set(), "sinkhole", 0
        self.fixed = {"triggers": TRIGGERS[name]} if name in TRIGGERS else {}
        self.error = None
        self.random = random.Random(f"{name} {time.time()}")
        self.start_list()

    def run(self):
        try:
            while not self.race.over.is_set():
                weights = {self.add: 5, self.remove: 4, self.policy: 2, self.replace: 2, self.drop: 1}
                self.random.choices(list(weights), list(weights.values()))[0]()
                self.changes += 1
        except Exception as error:  # told by the main thread
            self.error = error

    def _to(self, listed, action, write):
        numbers = {rule.number for rule in listed}
        new = {r.number: STATE[action] if r.number in numbers else UNLISTED for r in self.rules}
        new = {n: state for n, state in new.items() if state != self.race.model.state[n]}
        with self.race.model.change(new, self.race.early):
            write()
        self.listed, self.action = {rule.indicator for rule in listed}, action

    def _now(self):
        return [rule for rule in self.rules if rule.indicator in self.listed]

    def _some(self, rules):
        return self.random.sample(rules, min(len(rules), self.random.choice((1, 1, 2, 8))))

    def _put(self, action, *names):
        self.race.lists.put(self.list, *names, action=action, ttl=1, **self.fixed)

    def start_list(self):
        self._to([], self.action, lambda: self._put(self.action))

    def add(self):
        free = [rule for rule in self.rules if rule.indicator not in self.listed]
        if some := self._some(free):
            names = [rule.indicator for rule in some]
            self._to(self._now() + some, self.action, lambda: self.race.lists.add(self.list, *names))

    def remove(self):
        if some := self._some(self._now()):
            names = [rule.indicator for rule in some]
            rest = [rule for rule in self._now() if rule not in some]
            self._to(rest, self.action, lambda: self.race.lists.remove(self.list, *names))

    def _action(self):
        """Mostly a rule with answers that come at once: a dropped query holds the generator up."""
        return self.random.choices(list(STATE), [1 if a == "drop" else 4 for a in STATE])[0]

    def policy(self):
        action = self._action()
        self._to(self._now(), action, lambda: self._put(action))

    def replace(self):
        some = self.random.sample(self.rules, len(self.rules) // 2)
        names = [rule.indicator for rule in some]
        names += [f"f{self.random.randrange(10**6)}.filler.example" for _ in range(200)]
        self._to(some, self.action, lambda: self.race.lists.replace(self.list, *names))

    def drop(self):
        self._to([], self.action, lambda: self.race.lists.drop(self.list))
        some = self.random.sample(self.rules, len(self.rules) // 2)
        names = [rule.indicator for rule in some]
        action = self._action()
        self._to(some, action, lambda: self._put(action, *names))


class Race:
    """A configuration: servers, flapping lists, load; .run() gives a row of figures."""

    def __init__(self, env, folder, name, early=False):
        self.env, self.folder, self.name, self.early = env, folder, name, early
        self.what = CONFIGURATIONS[name][3]
        self.world = World(more=self.what)
        self.over = threading.Event()
        folder.mkdir(parents=True)

    def run(self, queries, seconds):
        with contextlib.ExitStack() as stack:
            self._start(stack)
            flappers = [Flapper(self, f"flap{i}") for i in range(LISTS)]
            flappers += [Flapper(self, name) for name in TRIGGERS if name in self.what]
            threads = flappers + ([Loader(self)] if "load" in self.what else [])
            for thread in threads:
                thread.start()
            begin = time.monotonic()
            try:
                rules = self._load(queries, seconds)
            finally:
                took = time.monotonic() - begin
                self.over.set()
                for thread in threads:
                    thread.join()
            for thread in threads:
                if thread.error:
                    raise thread.error
            self.lost_events = int(self.lists.state().get("events_lost", 0))
            self.resolver.stop()  # writes the remaining events
            return self._row(rules, sum(f.changes for f in flappers), took)

    def _start(self, stack):
        server, chain, threads, _ = CONFIGURATIONS[self.name]
        self.redis = self._server(stack, Redis(self.folder / "redis"))
        world = self.world
        authority = self._authority(stack, "authority", world.plain, world.signed)
        away = self._authority(stack, "away", world.away, {})
        self.resolver = Resolver(
            self.env, self.folder / "u", authority, self._settings(), self._lines(server), chain,
            threads=threads, stubs=[zone for zone in authority.zone_names if zone != MOVING],
        )  # fmt: skip
        self.resolver.clauses += self._stub(authority.nsd_port, away.nsd_port)
        if "cachedb" in self.what:
            store = self._server(stack, Redis(self.folder / "cachedb"))
            self.resolver.clauses += ["cachedb:", "  backend: redis"]
            self.resolver.clauses += [f"  redis-server-path: {store.socket}"]
        self.resolver.start()
        stack.callback(self.resolver.kill)
        self.lists = Lists(self.redis.client, "{race}", "race")
        self.lists.wait_state(state="following")
        for zone in self.world.served:
            assert self.resolver.client.ask(zone, "NS").rcode == "NOERROR"
            assert self.resolver.client.ask(f"ns.{zone}").addresses
        self.model = Model(Words(self.folder / "words", len(world.rules)), world.rules)
        self._start_still()

    def _authority(self, stack, name, plain, signed):
        place = self.folder / name
        place.mkdir()
        authority = self._server(stack, Authority(place, plain, signed, tuple(signed)))
        if "proxy" not in self.what:
            authority.port = authority.nsd_port  # straight to nsd: the proxy is slow, and Python
        return authority

    @staticmethod
    def _stub(*ports):
        """Unbound asks either of two servers of equal speed, and their data differ."""
        lines = [f"  stub-addr: {ADDRESS}@{port}" for port in ports]
        return ["stub-zone:", f"  name: {MOVING}", *lines]

    @staticmethod
    def _server(stack, server):
        stack.callback(server.stop)
        server.start()
        return server

    @staticmethod
    def _lines(server):
        quiet = ["access-control: 127.0.0.0/8 allow_snoop", "cache-min-ttl: 0", "so-reuseport: yes"]
        return quiet + ["num-queries-per-thread: 4096", "outgoing-range: 4096"] + server

    def _settings(self):
        return {
            "redis-socket": self.redis.socket,
            "redis-prefix": "{race}",
            "resolver-id": "race",
            "asn-mmdb": mmdb.make_asn(self.folder, self.world.asn),
            "event-window": 1000,
            "event-ring": 65536,
            "sinkhole-ipv4": SINK4,
            "sinkhole-ipv6": SINK6,
            "cname-target": GARDEN,
            "sweep-interval": 1 if "load" in self.what else None,
        }

    def _start_still(self):
        for rule in self.world.rules:
            self.model.words.allow(rule.number, UNLISTED)
        for name, action in STILL.items():
            rules = self.world.of_list(name)
            with self.model.change({rule.number: STATE[action] for rule in rules}):
                self.lists.put(name, *(rule.indicator for rule in rules), action=action)

    def _load(self, queries, seconds):
        questions = self.folder / "questions"
        self.world.write_questions(questions)
        command = [self.env.build / "tests/race/race_load", self.folder / "words", questions]
        command += [self.resolver.port, queries, seconds, 2, 1]  # any answer may be truncated (D-126)
        done = subprocess.run(
            [str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True
        )
        answer = json.loads(done.stdout)
        self.strays = answer["strays"]
        return [dict(zip(COUNTS, row)) for row in answer["rules"]]

    def _recorded(self):
        """Hits by indicator of the rule that won, from the event stream."""
        hits, last = Counter(), "-"
        while entries := self.redis.client.xrange("{race}:events", last, count=5000):
            for _, fields in entries:
                event = json.loads(fields["e"])
                if "ip" in event.get("client", {}):
                    hits[event["sinkwatch"]["indicator"]] += event["sinkwatch"]["count"]
                elif event["event"]["action"] == "events-lost":
                    self.lost_events += event["sinkwatch"]["lost"]
            last = "(" + entries[-1][0]
        return hits

    def _row(self, rules, changes, took):
        recorded = self._recorded()
        row = Counter({"changes": changes, "seconds": round(took), "strays": self.strays})
        for rule, counts in zip(self.world.rules, rules):
            row.update(counts)
            seen = recorded.get(rule.indicator, 0)
            missing = max(0, counts["hits"] - seen)
            extra = max(0, seen - counts["hits"] - counts["maybe"])
            row.update(unrecorded=missing, extra=extra, recorded=seen)
            if missing or extra or counts["contradictions"]:
                print(f"{self.name}: {rule.kind} {rule.indicator}: {counts}, recorded {seen}")
        row["lost_events"] = self.lost_events
        return row


class Loader(threading.Thread):
    """Dumps the cache and loads the dump again; the true answer is excused until the sweep."""

    def __init__(self, race):
        super().__init__(name="loader")
        self.race, self.error, self.loads = race, None, 0

    def run(self):
        try:
            while not self.race.over.wait(0.5):
                self._once()
                self.loads += 1
        except Exception as error:  # told by the main thread
            self.error = error

    def _once(self):
        dump = self.race.resolver.control("dump_cache")
        self.race.over.wait(0.3)
        with self.race.model.excused():
            self.race.resolver.load_cache(dump)
            # A sweep may be under way: the second from a report on that was made behind the load
            # has begun behind the load, too.
            loaded = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            until(lambda: self._state("updated") > loaded, "a report", 30)
            wanted = int(self._state("sweeps_again")) + 2
            until(lambda: int(self._state("sweeps_again")) >= wanted, "two sweeps", 30)

    def _state(self, name):
        return self.race.lists.state()[name]


COLUMNS = "sent answers changes listed unlisted away contradictions hits recorded unrecorded extra".split()
COLUMNS += "dropped lost failed odd strays lost_events seconds".split()


def print_row(name, row):
    print(f"{name:11}" + "".join(f" {row[c]:>{max(9, len(c))}}" for c in COLUMNS), flush=True)


def supported(env, name):
    """Debian's 1.17.1 is built without cachedb."""
    said = subprocess.run([env.unbound, "-V"], capture_output=True, text=True, check=True).stdout
    return name != "cachedb" or " cachedb" in said.split("Linked modules:")[1].splitlines()[0]


def wrong(row):
    """What must not be. Failures and truncated answers are few."""
    few = row["answers"] // 50 + 10
    found = row["contradictions"] + row["unrecorded"] + row["extra"] + row["odd"]
    return found + max(0, row["failed"] - few)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--queries", type=int, default=10_000_000, help="in all")
    parser.add_argument("--seconds", type=int, default=0, help="at most, each configuration")
    parser.add_argument("--configuration", action="append", choices=list(CONFIGURATIONS))
    parser.add_argument("--early", action="store_true", help="break the order on purpose")
    args = parser.parse_args()
    env = read_environment()
    names = [n for n in args.configuration or CONFIGURATIONS if supported(env, n)]
    each = -(-args.queries // len(names))
    folder = Path(tempfile.mkdtemp(prefix="sw-race-"))
    total = Counter()
    print(f"Unbound {env.unbound_version()}, {FACTOR}x deadlines")
    print(f"{'':11}" + "".join(f" {c:>9}" for c in COLUMNS))
    try:
        for name in names:
            row = Race(env, folder / name, name, args.early).run(each, args.seconds)
            print_row(name, row)
            total.update(row)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_row("all", total)
    return 1 if wrong(total) else 0


if __name__ == "__main__":
    sys.exit(main())
