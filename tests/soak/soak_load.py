"""Questions of every action over every transport, from clients of every kind, with a bounded load.

Used by tests/daemon/test_soak.py; `make soak` runs the long form.

A round is:
    udp      a batch of 100 questions from a single socket; all that are not dropped are answered
    stream   1 to 40 questions pipelined on a connection of TCP, TLS or HTTP/2, by a client that
             reads all answers, hangs up after some, hangs up at once, or leaves in the middle of a
             question
    slow     a question with an answer held back upstream: several connections of a transport ask in
             turn, some of these more than once, with clients on UDP in between; some hang up before
             the release
"""

import random
import select
import socket
import struct
import time

import dns.name
from harness.stream import Stream
from harness.wait import FACTOR, until
from harness.zones import ACTED_ADDRESS, ACTIONS

ADDRESS = "127.0.0.1"
STREAMS = ["tcp", "tls", "https"]
NAMES = 50  # for each action and form
FORMS = {  # how a rule matches -> names, but for the first label and the dot behind it
    "name": "{}.many.evil.example",
    "late": "{}-late.many.evil.example",
    "alias": "{}.alias.acted.example",
    "address": "{}.address.acted.example",
}
SLOW_FORMS = ("{}.slow.example", FORMS["alias"], FORMS["address"])
BATCH = 100
PATIENCE = 2.0 * FACTOR  # seconds for the answers of a batch
LEAVES = ["reads", "reads", "some", "at once", "in the middle"]


def put_lists(lists):
    """For each action a list by name, which covers the targets of aliases as well; a list by name
    that resolves first; and a list by address."""
    for action in ACTIONS:
        lists.put(f"{action}-address", ACTED_ADDRESS[action], action=action)
        lists.put(action, f"{action}.many.evil.example", action=action)
        lists.put(
            f"{action}-late",
            f"{action}-late.many.evil.example",
            f"{action}.slow.example",
            action=action,
            observe=True,
        )


def wire(name, rdtype=1):
    header = struct.pack("!HHHHHH", 0, 0x0100, 1, 0, 0, 0)
    return header + dns.name.from_text(name).to_wire() + struct.pack("!HH", rdtype, 1)


def with_id(number, octets):
    return struct.pack("!H", number) + octets[2:]


class Load:
    def __init__(self, resolver, ports, upstream, seed=1):
        self.resolver = resolver
        self.ports = {"tcp": resolver.port, **ports}
        self.upstream = upstream
        self.random = random.Random(seed)
        self.sent = 0
        self.unanswered = 0  # of clients that waited for all answers
        self.slow_rounds = 0
        self.pool = [("clean", wire(f"n{i}.many.clean.example")) for i in range(NAMES)]
        for action in ACTIONS:
            for form in FORMS.values():
                for i in range(NAMES):
                    self.pool.append((action, wire(f"n{i}.{form.format(action)}")))

    def _some(self, n):
        return [self.random.choice(self.pool) for _ in range(n)]

    def _connect(self, kind):
        return Stream(ADDRESS, self.ports[kind], kind)

    # Rounds.

    def udp(self):
        questions = self._some(BATCH)
        wanted = {i for i, (action, _) in enumerate(questions) if action != "drop"}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((ADDRESS, self.resolver.port))
            for i, (_, octets) in enumerate(questions):
                sock.send(with_id(i, octets))
            end = time.monotonic() + PATIENCE
            while wanted and time.monotonic() < end:
                if select.select([sock], [], [], 0.1)[0]:
                    wanted.discard(struct.unpack_from("!H", sock.recv(4096))[0])
        self.sent += len(questions)
        self.unanswered += len(wanted)

    def stream(self, kind):
        questions = self._some(self.random.randint(1, 40))
        how = self.random.choice(LEAVES)
        stream = self._connect(kind)
        wires = [with_id(i, octets) for i, (_, octets) in enumerate(questions)]
        stream.send_wires(wires)
        self.sent += len(wires)
        try:
            if how == "reads":
                self.unanswered += len(wires) - self._read(stream, len(wires))
            elif how == "some":
                self._read(stream, len(wires) // 2)
            elif how == "in the middle":
                packed = stream.coding.pack(wires[0])
                stream.send_raw(packed[: self.random.randint(1, len(packed) - 1)])
        except OSError:
            self.unanswered += how == "reads"
        if how == "reads" or self.random.random() < 0.5:
            stream.close()
        else:
            stream.reset()

    @staticmethod
    def _read(stream, count):
        taken = 0
        while taken < count:
            found = stream.wires(PATIENCE)
            if not found:
                break
            taken += len(found)
        return taken

    def slow(self, kind):
        """Connections a, b ask in the order a b a b ..., so that none is asked twice in a row."""
        self.slow_rounds += 1
        action = self.random.choice(ACTIONS)
        form = SLOW_FORMS[self.slow_rounds % len(SLOW_FORMS)]
        name = f"r{self.slow_rounds}.{form.format(action)}"
        octets = wire(name)
        before = self.resolver.statistic("total.num.queries")
        with self.upstream.hold(name) as hold:
            streams = [self._connect(kind) for _ in range(3)]
            udp = [self.resolver.client.send(name, source=f"127.0.0.{i}") for i in range(2, 5)]
            for turn, at in enumerate((0, 1, 0, 2, 1, 0)):
                streams[at].send_wires([with_id(turn, octets)])
            self.sent += 9
            self.upstream.wait_held(hold)
            until(
                lambda: self.resolver.statistic("total.num.queries") >= before + 9,
                "all questions to have arrived",
            )
            if self.random.random() < 0.5:
                streams[0].reset()
            if self.random.random() < 0.3:
                streams[1].close()
        if action != "drop":
            for one in udp:
                one.answer()
        self.unanswered += 1 - self._read(streams[2], 1)
        for one in (*streams, *(pending.socket for pending in udp)):
            one.close()

    def run(self, questions):
        """Rounds until so many questions were asked."""
        end = self.sent + questions
        while self.sent < end:
            dice = self.random.random()
            if dice < 0.70:
                self.udp()
            elif dice < 0.985 or questions > 50000 and dice < 0.998:
                self.stream(self.random.choice(STREAMS))
            else:
                self.slow(self.random.choice(STREAMS))
                self.resolver.check_alive()
