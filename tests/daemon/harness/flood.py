"""Many questions over UDP with a bounded number in flight."""

import collections
import select
import socket
import struct
import time

from .wait import FACTOR

WINDOW = 100  # questions in flight
AGAIN = 1.0  # seconds after which an unanswered question is asked again
ATTEMPTS = 5


class Flood:
    """Up to 65,536 questions; the id of a question is the place in the list."""

    def __init__(self, address, port, wires):
        self.wires = wires
        self.answers = [None] * len(wires)
        self.left = len(wires)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.setblocking(False)
        self.socket.connect((address, port))

    def _receive(self):
        """Take the answers so far; returns how many questions were answered."""
        taken = 0
        while True:
            try:
                wire = self.socket.recv(65535)
            except BlockingIOError:
                return taken
            (place,) = struct.unpack_from("!H", wire)
            if place < len(self.answers) and self.answers[place] is None:
                self.answers[place] = wire
                taken += 1

    def _round(self):
        """Ask once for all that has no answer."""
        waiting = collections.deque(i for i, a in enumerate(self.answers) if a is None)
        flying, quiet_since = 0, time.monotonic()
        while waiting or flying:
            while waiting and flying < WINDOW:
                place = waiting.popleft()
                self.socket.send(struct.pack("!H", place) + self.wires[place][2:])
                flying += 1
            select.select([self.socket], [], [], 0.05)
            taken = self._receive()
            if taken:
                flying, quiet_since = max(0, flying - taken), time.monotonic()
                self.left -= taken
            elif time.monotonic() - quiet_since > AGAIN * FACTOR:
                return

    def run(self):
        """The answers in wire form, in the order of the questions; None where none came."""
        with self.socket:
            for _ in range(ATTEMPTS):
                if self.left:
                    self._round()
        return self.answers


def ask_all(address, port, wires):
    return Flood(address, port, wires).run()
