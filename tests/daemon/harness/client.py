"""A DNS client: a question, an answer in a form that tests can compare."""

import select
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from .wait import FACTOR


class Answer:
    """The received answer; attributes are plain texts, numbers and lists."""

    def __init__(self, message):
        self.message = message
        self.rcode = dns.rcode.to_text(message.rcode())
        self.ad = bool(message.flags & dns.flags.AD)
        self.tc = bool(message.flags & dns.flags.TC)
        self.aa = bool(message.flags & dns.flags.AA)

    def _rdata(self, *types):
        return sorted(
            rdata.to_text()
            for rrset in self.message.answer
            if dns.rdatatype.to_text(rrset.rdtype) in types
            for rdata in rrset
        )

    @property
    def addresses(self):
        return self._rdata("A", "AAAA")

    @property
    def aliases(self):
        """CNAME targets in the order of the answer, without the final dot."""
        return [
            rrset[0].target.to_text(True)
            for rrset in self.message.answer
            if rrset.rdtype == dns.rdatatype.CNAME
        ]

    def data(self, rdtype):
        return self._rdata(rdtype)

    @property
    def types(self):
        """Record types in the answer section."""
        return {dns.rdatatype.to_text(rrset.rdtype) for rrset in self.message.answer}

    @property
    def all_types(self):
        """Record types in any section."""
        sections = (self.message.answer, self.message.authority, self.message.additional)
        return {dns.rdatatype.to_text(rrset.rdtype) for part in sections for rrset in part}

    @property
    def ttls(self):
        return [rrset.ttl for rrset in self.message.answer]

    @property
    def ede(self):
        """[(code, text)] of the Extended DNS Errors (RFC 8914)."""
        return [
            (int(option.code), option.text or "")
            for option in self.message.options
            if option.otype == dns.edns.OptionType.EDE
        ]

    def __repr__(self):
        return f"<Answer\n{self.message}\n>"


def question(
    name, rdtype="A", *, edns=True, do=False, cd=False, ad=True, rd=True, rdclass="IN", extra=(),
    payload=1232,
):
    query = dns.message.make_query(name, rdtype, rdclass, use_edns=edns, want_dnssec=do)
    if edns and not do:
        query.use_edns(0, 0, payload, options=list(extra))
    if not rd:
        query.flags &= ~dns.flags.RD
    if cd:
        query.flags |= dns.flags.CD
    if ad:
        query.flags |= dns.flags.AD  # RFC 6840 5.7: we understand AD
    return query


class Client:
    """Asks a resolver, from 127.0.0.1 by default."""

    def __init__(self, address, port):
        self.address = address
        self.port = port

    def ask(
        self, name, rdtype="A", *, tcp=False, source=None, address=None, timeout=5.0, **options
    ):
        """Ask and wait. source: the client's address; address: another address of the resolver."""
        send = dns.query.tcp if tcp else dns.query.udp
        answer = send(
            question(name, rdtype, **options),
            address or self.address,
            port=self.port,
            source=source,
            timeout=timeout * FACTOR,
        )
        return Answer(answer)

    def ask_many(self, questions, threads=8):
        """Ask concurrently; questions are keyword dictionaries for ask(); answers in order."""
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda q: self.ask(**q), questions))

    def send(self, name, rdtype="A", *, source="127.0.0.1", **options):
        """Send over UDP and return the Pending question."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return Pending(self, sock, question(name, rdtype, **options), source)

    def send_tcp(self, name, rdtype="A", *, source="127.0.0.1", **options):
        """The same over a separate TCP connection."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        return Pending(self, sock, question(name, rdtype, **options), source)


class Pending:
    """A sent question without a look at the answer so far."""

    def __init__(self, client, sock, query, source):
        self.query = query
        self.socket = sock
        self.stream = sock.type == socket.SOCK_STREAM
        sock.settimeout(5 * FACTOR)
        sock.bind((source, 0))
        sock.connect((client.address, client.port))
        wire = query.to_wire()
        sock.sendall(struct.pack("!H", len(wire)) + wire if self.stream else wire)

    def answer(self, timeout=5.0):
        self.socket.settimeout(timeout * FACTOR)
        with self.socket:
            wire = self._read_stream() if self.stream else self.socket.recv(65535)
        message = dns.message.from_wire(wire)
        assert message.id == self.query.id
        return Answer(message)

    def _read_stream(self):
        with self.socket.makefile("rb") as stream:
            (length,) = struct.unpack("!H", stream.read(2))
            return stream.read(length)

    def has_come(self):
        """Whether something has arrived; the answer can still be read."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def nothing_came(self):
        """Whether nothing has arrived until now."""
        self.socket.setblocking(False)
        with self.socket:
            try:
                self.socket.recv(65535)
            except BlockingIOError:
                return True
        return False
