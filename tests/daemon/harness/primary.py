"""Primaries of policy zones: nsd with a key, IXFR and notices, and one that lies."""

import socket
import struct
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.tsig

from .authority import ADDRESS
from .process import Process, free_port
from .wait import until

ZONE = "policy.example"
KEY = ("hmac-sha256", "feed-key", "c2Vrcml0LWZvci10ZXN0cy1vbmx5LTAxMjM0NTY3ODk=")


def key_text(algorithm=KEY[0], name=KEY[1], secret=KEY[2]):
    return f"{algorithm}:{name}:{secret}\n"


def zone_text(serial, records):
    return (f"$ORIGIN {ZONE}.\n$TTL 60\n@ SOA localhost. h.localhost. {serial} 3600 600 86400 60\n"
            f"@ NS localhost.\n{records}")  # fmt: skip


class Server:
    """The zone of a started server, a process that reads the file `path` again at SIGHUP."""

    def answers(self):
        query = dns.message.make_query(ZONE, "SOA")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            sock.connect((ADDRESS, self.port))
            try:
                sock.send(query.to_wire())
                answer = dns.message.from_wire(sock.recv(4096))
            except OSError:
                return False
        return bool(answer.answer) and answer.answer[0][0].serial == self.serial

    def set(self, records):
        self.serial += 1
        self.path.write_text(zone_text(self.serial, records))
        self.process.signal(1)

    def stop(self):
        self.process.end()


class Primary(Server):
    """nsd with a single zone, which set() changes."""

    def __init__(self, folder, records, notify_port=None, algorithm=KEY[0]):
        self.folder, self.port = folder, free_port(ADDRESS)
        self.serial = 1
        folder.mkdir()
        self.path = folder / "zone"
        self.path.write_text(zone_text(1, records))
        lines = [
            "server:", f"  ip-address: {ADDRESS}@{self.port}", f'  zonesdir: "{folder}"',
            f'  pidfile: "{folder}/nsd.pid"', f'  xfrdfile: "{folder}/xfrd.state"',
            f'  zonelistfile: "{folder}/zone.list"', '  database: ""', '  username: ""',
            '  chroot: ""', "  server-count: 1", "  do-ip6: no", "remote-control:",
            "  control-enable: no", "key:", f'  name: "{KEY[1]}"', f"  algorithm: {algorithm}",
            f'  secret: "{KEY[2]}"', "zone:", f'  name: "{ZONE}"', '  zonefile: "zone"',
            f"  provide-xfr: {ADDRESS} {KEY[1]}", "  store-ixfr: yes", "  create-ixfr: yes",
        ]  # fmt: skip
        if notify_port:
            lines.append(f"  notify: {ADDRESS}@{notify_port} NOKEY")
        (folder / "nsd.conf").write_text("\n".join(lines) + "\n")
        self.process = Process(["nsd", "-d", "-c", folder / "nsd.conf"], folder, "nsd")
        until(self.answers, lambda: f"nsd to answer: {self.process.output()}")


def soa(serial, name=ZONE):
    return dns.rrset.from_text(f"{name}.", 60, "IN", "SOA", f"localhost. h.localhost. {serial} 3600 600 86400 60")


def rule(owner, target=".", zone=ZONE):
    return dns.rrset.from_text(f"{owner}.{zone}.", 60, "IN", "CNAME", target)


class Liar:
    """Answers each question with the messages of `script`: lists of rrsets, octets, or a code.
    by_type: other scripts, by the type of the question. meanwhile: called before each answer. endless: the last message for ever. key: signs with this key, every message or `signed` ones."""

    def __init__(self):
        self.script, self.endless, self.key, self.signed = [], False, None, None
        self.by_type, self.meanwhile = {}, None
        self.server = socket.create_server((ADDRESS, 0))
        self.port = self.server.getsockname()[1]
        self.questions = []
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()

    def _serve(self):
        while True:
            try:
                connection = self.server.accept()[0]
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:
                    pass  # the client gave up

    def _answer(self, connection):
        size = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
        wire = connection.recv(size, socket.MSG_WAITALL)
        name, algorithm = dns.name.from_text(KEY[1]), dns.name.from_text(KEY[0])
        query = dns.message.from_wire(wire, keyring={name: dns.tsig.Key(name, KEY[2], algorithm)})
        self.questions.append(query)
        if self.meanwhile:
            self.meanwhile()
        mac = query.mac if query.had_tsig else b""
        context = None
        n = 0
        script = self.by_type.get(query.question[0].rdtype, self.script)
        while n < len(script) or self.endless:
            wire, context = self._message(query, script[min(n, len(script) - 1)], mac, context, n)
            connection.sendall(struct.pack("!H", len(wire)) + wire)
            n += 1

    def _message(self, query, part, mac, context, n):
        if isinstance(part, bytes):
            return part, context
        answer = dns.message.Message(query.id)
        answer.flags = dns.flags.QR | dns.flags.AA
        answer.question = query.question
        if isinstance(part, int):
            answer.set_rcode(part)
        else:
            answer.answer = part
        if not self.key or (self.signed is not None and n not in self.signed):
            wire = answer.to_wire(max_size=65535)
            if context:
                context.update(wire)
            return wire, context
        name, algorithm = dns.name.from_text(self.key[1]), dns.name.from_text(self.key[0])
        answer.use_tsig({name: dns.tsig.Key(name, self.key[2], algorithm)}, name, algorithm=algorithm)
        answer.request_mac = mac
        wire = answer.to_wire(max_size=65535, multi=True, tsig_ctx=context)
        return wire, answer.tsig_ctx
