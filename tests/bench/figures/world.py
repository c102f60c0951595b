"""The servers of a run: authority, Redis, and resolvers of three kinds, each pinned to a core."""

import contextlib
import json
import os
import random
import string
from pathlib import Path

from harness.authority import Authority
from harness.mmdb import make_asn
from harness.process import Process
from harness.redis_server import Redis
from harness.resolver import Resolver
from harness.wait import until
from harness.zones import STARTED

TTL = 86400  # of everything that is cached: nothing runs out during a run
LIST = "bench"
CHUNK = 5000  # fields of an HSET
LOAD_DEADLINE = 180  # seconds for a resolver with a large list to answer
CACHE = [
    # Room for a million messages, so that nothing is thrown out.
    "msg-cache-size: 1g",
    "rrset-cache-size: 2g",
    "neg-cache-size: 64m",
]
TOPS = ("com", "net", "org", "info", "biz", "xyz", "top", "ru", "cn", "de", "fr", "site")


# ---- names


def _word(rng):
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randrange(4, 12)))


def listed_names(count):
    """Names as on a block list: two to four labels, no name twice, the same in every run."""
    rng = random.Random(20150501)
    hosts = ("", "", "", "www.", "cdn.", "mail.update.")
    for number in range(count):
        yield f"{rng.choice(hosts)}{_word(rng)}-{number:x}.{rng.choice(TOPS)}"


def clean_names(count):
    """Names like the listed names, in all the same places, but not listed."""
    rng = random.Random(1983)
    return [f"www.{_word(rng)}-q{i:x}.{rng.choice(TOPS)}" for i in range(count)]


def fresh_names(count, batch):
    """Names that nobody has asked for: each costs a question upstream."""
    rng = random.Random(batch)
    return [f"{_word(rng)}-u{batch:x}u{i:x}.{rng.choice(TOPS)}" for i in range(count)]


def fill_names(count):
    return [f"f{i}.fill.example" for i in range(count)]


def zones(changes, swept):
    wildcard = f"$TTL {TTL}\n* A 198.51.100.40\n"
    aliases = "".join(f"y{i} CNAME x{i}.change.example.\n" for i in range(changes))
    addresses = "".join(f"p{i} A {prefix_of(i).replace('0/24', '7')}\n" for i in range(swept))
    announced = "".join(f"a{i} A {network_of(i).replace('0/24', '7')}\n" for i in range(swept))
    return {
        ".": "",
        "evil.example": "@ A 192.0.2.66\n",
        **dict.fromkeys(TOPS, wildcard),
        "fill.example": wildcard,
        "change.example": wildcard,
        "alias.example": f"$TTL {TTL}\n{aliases}",
        "prefix.example": f"$TTL {TTL}\n{addresses}",
        "sub.example": wildcard,
        "as.example": f"$TTL {TTL}\n{announced}",
        "burst.example": wildcard,
        "canary.example": wildcard,
    }


def prefix_of(number):
    """A separate /24 for each number, out of 10/8."""
    return f"10.{number >> 8}.{number & 255}.0/24"


def network_of(number):
    """A separate /24 for each AS number, out of 100/8."""
    return f"100.{number >> 8}.{number & 255}.0/24"


def asn_of(number):
    return f"AS{4200000000 + number}"


# ---- cores


def cores():
    """(for resolvers, for everything else): two different cores where there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[-1], allowed[0]


@contextlib.contextmanager
def pinned(core):
    """Processes started inside the block run on this core only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


# ---- servers


class BenchAuthority(Authority):
    """nsd without the tests' proxy in front, and with separate zones."""

    def __init__(self, folder, texts):
        super().__init__(folder)
        self.texts = {**texts, STARTED: ""}
        self.port = self.nsd_port

    @property
    def zone_names(self):
        return list(self.texts)

    def start(self):
        self.anchor_file.touch()
        config = self._write_config({zone: self._write(zone, t) for zone, t in self.texts.items()})
        self.process = Process(["nsd", "-d", "-c", config], self.folder, "nsd")
        until(self._answers, lambda: f"nsd to answer: {self.process.output()}", 60)

    def stop(self):
        if self.process:
            self.process.end()


class BenchResolver(Resolver):
    """May start slowly."""

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        self.launch()
        until(self._answers, lambda: f"unbound to answer: {self.log()}", LOAD_DEADLINE)
        return self


class RefusingResolver(BenchResolver):
    """Answers REFUSED to everybody."""

    def _answers(self):
        return self.process.running and self.listens() is not None


class FloorResolver(BenchResolver):
    """Answers NXDOMAIN to everybody."""

    def _answers(self):
        return self.process.running and self.listens() is not None


class World:
    """Everything that a run starts, ended when the with block is left."""

    def __init__(self, env, folder, sizes):
        self.env = env
        self.folder = folder
        self.sizes = sizes
        self.server_core, self.load_core = cores()
        self.resolvers = []
        texts = zones(sizes.changes, sizes.swept)
        self.authority = BenchAuthority(folder / "authority", texts)
        self.redis = Redis(folder / "redis")
        self.names = list(listed_names(sizes.listed))

    def __enter__(self):
        os.sched_setaffinity(0, {self.load_core})
        (self.folder / "authority").mkdir()
        self.authority.start()
        self.redis.start()
        self._publish()
        return self

    def __exit__(self, *_):
        for resolver in self.resolvers:
            resolver.kill()
        self.redis.stop()
        self.authority.stop()

    def _publish(self):
        client = self.redis.client
        client.hset("{bench}:lists", LIST, json.dumps({"action": "nxdomain"}))
        client.hset("{bench}:lists", "explained", json.dumps({"kind": "known"}))
        for start in range(0, len(self.names), CHUNK):
            fields = [word for name in self.names[start : start + CHUNK] for word in (name, "")]
            client.execute_command("HSET", f"{{bench}}:list:{LIST}", *fields)

    # Resolvers.

    def _make(self, name, settings, server, chain, made_as=BenchResolver, **options):
        resolver = made_as(
            self.env,
            self.folder / name,
            self.authority,
            settings,
            [*CACHE, *server],
            chain,
            **{"threads": self.sizes.threads, **options},
        )
        self.resolvers.append(resolver)
        return resolver

    def plain(self, name="plain", **options):
        return self._make(name, None, (), None, **options)

    def as_database(self):
        rows = [(network_of(i), asn_of(i)[2:], "bench") for i in range(self.sizes.swept)]
        return make_asn(self.folder, rows)

    def refusing(self, name="refusing"):
        """Unbound that lets nobody ask: the least that any answer costs."""
        server = ["access-control: 127.0.0.0/8 refuse"]
        return self._make(name, None, server, None, RefusingResolver)

    def floor(self, name="floor", **options):
        """Unbound with a module that answers NXDOMAIN to everybody and does nothing else."""
        module = Path(self.env.module).with_name("floor.so")
        return self._make(name, {}, (), None, FloorResolver, module=module, **options)

    def with_module(self, name="module", prefix="{bench}", more=None, **options):
        settings = {
            **(more or {}),
            "redis-socket": self.redis.socket,
            "redis-prefix": prefix,
            "resolver-id": name,
        }
        return self._make(name, settings, (), None, **options)

    def with_memory(self, name="memory", **options):
        """With the module, and all records from authorities recorded."""
        return self.with_module(name, more={"memory-folder": self.folder / f"{name}-files"}, **options)

    def with_rpz(self, name="rpz", more=""):
        """Unbound's own response policy zone with the same names, a record each."""
        folder = self.folder / name
        folder.mkdir()
        zone = folder / "rpz.zone"
        with zone.open("w", encoding="ascii") as out:
            out.write(
                "$ORIGIN rpz.bench.\n$TTL 3600\n@ SOA ns. host. 1 3600 600 86400 60\n@ NS ns.\n"
            )
            out.writelines(f"{name} CNAME .\n" for name in self.names)
        clause = folder / "rpz.conf"
        clause.write_text(f'rpz:\n  name: "rpz.bench"\n  zonefile: "{zone}"\n{more}')
        return self._make(name, None, [f'include: "{clause}"'], "respip validator iterator")

    def start(self, resolver):
        with pinned(self.server_core):
            resolver.start()
        return resolver

    def stop(self, resolver):
        resolver.kill()
        self.resolvers.remove(resolver)

    # The module's state in Redis.

    def state(self, resolver):
        return self.redis.client.hgetall(f"{{bench}}:resolver:{resolver.settings['resolver-id']}")

    def loaded(self, resolver):
        """Whether the module has loaded the whole list and reported the list as enforced."""
        state = self.state(resolver)
        counts = json.loads(state.get("lists") or "{}")
        return bool(
            state.get("state") == "following"
            and state.get("applied")
            and counts.get(LIST, {}).get("count", 0) >= len(self.names)
        )

    def wait_loaded(self, resolver):
        until(lambda: self.loaded(resolver), lambda: f"the list: {self.state(resolver)}", 120)
