"""Questions pipelined on a connection: TCP (RFC 7766), TLS (RFC 7858), HTTP/2 (RFC 8484)."""

import socket
import ssl
import struct
import subprocess

import dns.message

from .client import Answer, question
from .wait import FACTOR

# RFC 9113 3.4, 6: the opening words of a client, frame types and flags.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
WINDOW = 0x7FFF0000  # octets that the server may send before waiting for more room


def frame(kind, flags, stream, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def literal(name, value):
    """RFC 7541 6.2.2: a header field without indexing, both texts unchanged."""
    name, value = name.encode(), value.encode()
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


HTTP_FIELDS = b"".join(
    literal(name, value)
    for name, value in (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/dns-query"),
        (":authority", "localhost"),
        ("content-type", "application/dns-message"),
    )
)


class Lengths:
    """Messages with two octets of length in front: TCP and TLS."""

    opening = b""

    def __init__(self):
        self.buffer = b""

    @staticmethod
    def pack(wire):
        return struct.pack("!H", len(wire)) + wire

    def feed(self, octets):
        """Returns whole messages, and the octets to be sent back."""
        self.buffer += octets
        found = []
        while len(self.buffer) >= 2:
            end = 2 + struct.unpack_from("!H", self.buffer)[0]
            if len(self.buffer) < end:
                break
            found.append(self.buffer[2:end])
            self.buffer = self.buffer[end:]
        return found, b""


class Http2:
    """Messages in streams of the same session, each asked by POST."""

    opening = (
        PREFACE
        + frame(SETTINGS, 0, 0, struct.pack("!HI", 4, WINDOW))  # SETTINGS_INITIAL_WINDOW_SIZE
        + frame(WINDOW_UPDATE, 0, 0, struct.pack("!I", WINDOW))
    )

    def __init__(self):
        self.buffer = b""
        self.next = 1
        self.parts = {}

    def pack(self, wire):
        stream, self.next = self.next, self.next + 2
        return frame(HEADERS, END_HEADERS, stream, HTTP_FIELDS) + frame(
            DATA, END_STREAM, stream, wire
        )

    def feed(self, octets):
        self.buffer += octets
        found, back = [], b""
        while len(self.buffer) >= 9:
            end = 9 + int.from_bytes(self.buffer[:3], "big")
            if len(self.buffer) < end:
                break
            kind, flags, stream = struct.unpack_from("!BBI", self.buffer, 3)
            payload, self.buffer = self.buffer[9:end], self.buffer[end:]
            if kind == DATA:
                self.parts[stream] = self.parts.get(stream, b"") + payload
                if flags & END_STREAM:
                    found.append(self.parts.pop(stream))
            elif kind in (SETTINGS, PING) and not flags & ACK:
                back += frame(kind, ACK, 0, payload if kind == PING else b"")
        return found, back


class Stream:
    """A connection. kind: tcp, tls, https (HTTP/2 without TLS)."""

    def __init__(self, address, port, kind="tcp", source="127.0.0.1"):
        self.coding = Http2() if kind == "https" else Lengths()
        sock = socket.socket()
        sock.settimeout(5 * FACTOR)
        sock.bind((source, 0))
        sock.connect((address, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if kind == "tls":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            sock = context.wrap_socket(sock)
        self.socket = sock
        self.ready = []  # messages that came and were not looked at
        self.send_raw(self.coding.opening)

    def send_raw(self, octets):
        self.socket.sendall(octets)

    def send_wires(self, wires):
        """Send questions in wire form, all at once."""
        self.send_raw(b"".join(self.coding.pack(wire) for wire in wires))

    def send(self, name, rdtype="A", **options):
        """Ask; returns the question's id."""
        query = question(name, rdtype, **options)
        self.send_wires([query.to_wire()])
        return query.id

    def wires(self, timeout=5.0):
        """Received messages, at least one; none when the other side has closed. Raises
        TimeoutError."""
        self.socket.settimeout(timeout * FACTOR)
        while not self.ready:
            try:
                octets = self.socket.recv(1 << 16)
            except (ConnectionError, ssl.SSLError):
                octets = b""
            if not octets:
                return []
            self.ready, back = self.coding.feed(octets)
            if back:
                self.send_raw(back)
        found, self.ready = self.ready, []
        return found

    def answers(self, count, timeout=5.0):
        """The next answers, by id; fewer when the other side closes."""
        found = {}
        while len(found) < count:
            wires = self.wires(timeout)
            if not wires:
                break
            for wire in wires:
                message = dns.message.from_wire(wire)
                found[message.id] = Answer(message)
        return found

    def close(self):
        self.socket.close()

    def reset(self):
        """End the connection as a client that is gone: with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def certificate(folder):
    """A key and a certificate for a server, in two files of the folder."""
    key, pem = folder / "server.key", folder / "server.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    words += ["-keyout", key, "-out", pem, "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
    return key, pem


def stream_lines(folder, address, tls_port, https_port):
    """Lines of the server clause for DNS over TLS and over HTTP/2."""
    key, pem = certificate(folder)
    return [
        f"interface: {address}@{tls_port}",
        f"interface: {address}@{https_port}",
        f"tls-port: {tls_port}",
        f"https-port: {https_port}",
        "http-notls-downstream: yes",
        f'tls-service-key: "{key}"',
        f'tls-service-pem: "{pem}"',
    ]
