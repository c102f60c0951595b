"""A server between resolvers and Redis that stops behaving at a chosen step of the conversation.

All octets pass through until a client sends the word of a step (PING, HSCAN, XREAD, ...). From then
on that connection gets no more of Redis's replies but a reply of KINDS, until the client hangs up.
"""

import select
import socket
import ssl
import threading
import time

from .process import free_port
from .wait import FACTOR

PATIENCE = 20 * FACTOR  # seconds after which the client should have hung up long ago
FLOOD_MAX = 256 << 20
DRIP = 0.05
# name: the beginning, the repeated part, whether octet by octet, words in the resolver's log
KINDS = {
    "drip": (b"+", b"x", True, "too slow"),
    "drip of an array": (b"*100\r\n", b":1\r\n", True, "too slow"),
    "line without an end": (b"+", b"x" * 16, False, "over its limits"),
    "huge string": (b"$536870912\r\n", b"x" * 16, False, "over its limits"),
    "huge array": (b"*2000000000\r\n", b":1\r\n", False, "over its limits"),
    "deep arrays": (b"", b"*1\r\n", False, "over its limits"),
    "false length": (b"$3\r\n", b"abcdef\r\n", False, "no Redis reply"),
}


class BadRedis:
    """primary_too: the server is a sentinel as well, and names itself as the primary."""

    def __init__(self, backend, certificates=None):
        self.backend = backend  # port of the real server
        self.port = free_port()
        self.step, self.kind = None, None
        self.turns = 0  # calls of go_bad(): a connection from before the last call only ends
        self.hung_up, self.tolerated = 0, 0  # bad connections that the client ended, or did not in time
        self.connections = set()
        self.lock = threading.Lock()
        self.tls = None
        if certificates:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificates / "server.crt", certificates / "server.key")
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def go_bad(self, step, kind):
        """From now on; connections that are open begin anew."""
        self.turns += 1
        self.step, self.kind, self.hung_up = step.encode(), KINDS[kind], 0
        self._cut()

    def go_good(self):
        self.step = None
        self._cut()

    def stop(self):
        self.step = None
        self.listener.close()
        self._cut()

    def _cut(self):
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        turn = self.turns
        with self.lock:
            self.connections.add(client)
        server = socket.create_connection(("127.0.0.1", self.backend))
        try:
            if self.step == b"TLS":
                self._misbehave(client, (b"\x16\x03\x03\x40\x00", b"\x02", True, ""))
            if self.tls:
                raw, client = client, self.tls.wrap_socket(client, server_side=True)
                with self.lock:
                    self.connections.discard(raw)
                    self.connections.add(client)
            self._forward(client, server, turn)
        except OSError:
            pass
        finally:
            with self.lock:
                self.connections.discard(client)
            client.close()
            server.close()

    def _forward(self, client, server, turn):
        while True:
            pending = self.tls and client.pending()
            ready = [client] if pending else select.select([client, server], [], [])[0]
            if client in ready:
                data = client.recv(65536)
                if self.step and self.step in data:
                    if turn == self.turns:
                        self._misbehave(client, self.kind)
                    return
                if b"get-master-addr-by-name" in data:
                    port = str(self.port).encode()
                    client.sendall(b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n" % (len(port), port))
                    continue
                if not data:
                    return
                server.sendall(data)
            if server in ready:
                data = server.recv(65536)
                if not data:
                    return
                client.sendall(data)

    def _misbehave(self, client, kind):
        head, pattern, drip, _ = kind
        end, sent = time.monotonic() + PATIENCE, 0
        client.settimeout(PATIENCE)
        try:
            client.sendall(head)
            while time.monotonic() < end and sent < FLOOD_MAX:
                block = pattern[sent % len(pattern) :][:1] if drip else pattern * 4096
                client.sendall(block)
                sent += len(block)
                if drip and select.select([client], [], [], DRIP)[0] and not client.recv(4096):
                    raise ConnectionResetError
            self.tolerated += 1
        except (ConnectionError, ssl.SSLError):
            self.hung_up += 1
        client.close()
