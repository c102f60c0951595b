"""The servers of the differential test: the authority with made-up answers, and two resolvers."""

import os
import random
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]

from harness.process import Process, free_port  # noqa: E402
from harness.resolver import Resolver  # noqa: E402
from harness.wait import until  # noqa: E402

ZONES = [".", "one.example", "two.example", "three.example", "secure.example",
         "open.secure.example", "cut.example"]  # fmt: skip
TRIES = 20  # prefixes of the loopback network, to find a free prefix

# Both resolvers have these lines, whatever the configuration. Answers must not depend on how fast the
# machine is: no order that changes, caches that hold all, patience with clients.
LINES = [
    "rrset-roundrobin: no",
    "infra-cache-min-rtt: 1000",  # a machine that is busy makes no server look down
    "infra-cache-max-rtt: 8000",
    "outbound-msg-retry: 2",
    "msg-cache-size: 128m",
    "rrset-cache-size: 256m",
    "key-cache-size: 16m",
    "ede: yes",
    "outgoing-range: 2048",
    "num-queries-per-thread: 1024",
    "edns-buffer-size: 4096",
    "so-rcvbuf: 4m",
]
SINCE_120 = ["discard-timeout: 20000", "wait-limit: 0"]  # options that 1.17.1 does not have


class Authority:
    """The program authority.c; has the interface that harness.Resolver needs."""

    zone_names = ZONES

    def __init__(self, env, folder, seed, pool):
        self.program = env.build / "tests/differential/authority"
        self.folder, self.seed, self.pool = folder, seed, pool
        self.anchor_file = folder / "anchors"
        self.port = free_port("127.0.0.1")
        self.process = None
        self.cuts = False  # whether delegated zones exist

    def start(self):
        """Take a prefix with a free port 53. Without the right to that port: no delegated zones."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for number in range(TRIES):
            self._launch(number)
            if self.cuts or number == TRIES - 1 or not self._may_bind():
                return self
            self.stop()
        return self

    def _launch(self, number):
        prefix = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        command = [self.program, self.seed, self.pool, self.port, prefix, self.anchor_file]
        self.process = Process(command, self.folder, f"authority{number}")
        ready = until(self._ready, lambda: f"the authority: {self.process.output()}")
        self.cuts = ready.split()[1] == "1"

    def _ready(self):
        if not self.process.running:
            raise AssertionError(f"the authority ended: {self.process.output()}")
        output = self.process.output()
        return output.strip() if output.endswith("\n") else ""

    @staticmethod
    def _may_bind():
        """Whether this user gets port 53 anywhere."""
        lowest = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        return os.geteuid() == 0 or int(lowest.read_text()) <= 53

    def stop(self):
        if self.process:
            self.process.end()


class Side(Resolver):
    """A resolver under comparison; ready when the resolver answers for a zone of the made-up
    world."""

    def _answers(self):
        if not self.process.running:
            raise AssertionError(f"unbound ended at start: {self.log()}")
        return self.listens() is not None

    def listens(self):
        try:
            return self.client.send("one.example", "SOA").answer(timeout=0.5)
        except OSError:
            return None


def make_sides(env, folder, authority, settings, configuration):
    """Unbound alone, with the module in front of the same chain, and alone once more, to be asked for true
    answers without a trace in the caches of the other two: not started yet."""
    lines = [*LINES, *(SINCE_120 if env.unbound_version() > "1.20" else []), *configuration.server]
    chain = configuration.chain
    front = "dns64 " if chain.startswith("dns64 ") else ""  # before the module: D-244
    options = {"threads": configuration.threads}
    plain = Side(env, folder / "plain", authority, None, lines, chain, **options)
    ours = Side(env, folder / "ours", authority, settings, lines, f"{front}dynlib {chain.removeprefix(front)}",
                **options)  # fmt: skip
    oracle = Side(env, folder / "oracle", authority, None, lines, chain, **options)
    for side in (plain, ours, oracle):
        side.clauses += configuration.clauses
    return plain, ours, oracle
