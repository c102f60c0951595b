"""A zone of many names for `sinkwatch sweep`, served by nsd: some name points into a protected
network, some names do not exist, each other name has a separate address. A further name has many
addresses. Addresses of the names `ptr-...` have names in a reverse zone, and most of these names
are hostile."""

from functools import cached_property

import dns.exception
import dns.message
import dns.query

from . import mmdb
from .process import Process, free_port
from .wait import until

ADDRESS = "127.0.0.1"
ZONE = "sweep.example"
ODD_ADDRESS = "213.24.76.23"
PROTECTED = "213.24.76.0/24"
CROWD, CROWD_N, HIDDEN_ADDRESS = f"crowd.{ZONE}", 1000, "213.24.76.99"
LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])  # 255 octets in wire form
REVERSE = {  # name: address, PTRs in the zone
    "ptr-listed": ("20.88.0.1", [f"mail.n0000001.{ZONE}"]),
    "ptr-again": ("20.88.0.1", []),
    "ptr-hostile": ("20.88.0.2", ["\\027[31m\\010\\<b\\>.\\128\\255.example"]),
    "ptr-long": ("20.88.0.3", [LONGEST]),
    "ptr-many": ("20.88.0.4", [f"h{i}.example" for i in range(40)]),
    "ptr-alias": ("20.88.0.5", []),
    "ptr-none": ("20.88.0.6", []),
    "ptr-refused": ("21.0.0.1", []),  # in no zone of this server
}
ASN = [("213.24.76.0/23", 8342, "RTComm.RU"), ("20.0.0.0/8", 64500, "Carrier")]


class SweepZone:
    """names: how many; every tenth name does not exist."""

    def __init__(self, folder, names):
        self.folder = folder
        self.odd = names // 3 * 2 + (names // 3 * 2 % 10 == 9)
        self.names = [f"n{i:07d}.{ZONE}" for i in range(names)]
        self.missing = names // 10
        self.port = free_port(ADDRESS)
        self.process = None

    @property
    def odd_name(self):
        return self.names[self.odd]

    @property
    def at(self):
        return f"{ADDRESS}@{self.port}"

    def _lines(self):
        yield f"$ORIGIN {ZONE}.\n$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\n"
        yield f"ns A {ADDRESS}\n"
        for i in range(CROWD_N - 1):
            yield f"crowd A 20.99.{i // 250}.{i % 250}\n"
        yield f"crowd A {HIDDEN_ADDRESS}\n"
        for name, (address, _) in REVERSE.items():
            yield f"{name} A {address}\n"
        for i in range(len(self.names)):
            if i == self.odd:
                yield f"n{i:07d} A {ODD_ADDRESS}\n"
            elif i % 10 != 9:
                yield f"n{i:07d} A 20.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}\n"

    def _reverse_lines(self):
        yield f"$TTL 300\n@ SOA ns.{ZONE}. hostmaster.{ZONE}. 1 3600 600 86400 60\n"
        yield f"@ NS ns.{ZONE}.\n"
        for address, names in REVERSE.values():
            host = ".".join(reversed(address.split(".")[1:]))
            for name in names:
                yield f"{host} PTR {name}.\n"
        yield "5.0.88 CNAME 5.part.0.88\n5.part.0.88 PTR aliased.example.\n"  # RFC 2317

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "reverse").write_text("".join(self._reverse_lines()))
        with (self.folder / "zone").open("w") as zone:
            zone.writelines(self._lines())
        config = self.folder / "nsd.conf"
        config.write_text(
            f'server:\n  ip-address: {self.at}\n  zonesdir: "{self.folder}"\n'
            f'  pidfile: "{self.folder}/nsd.pid"\n  xfrdfile: "{self.folder}/xfrd.state"\n'
            f'  zonelistfile: "{self.folder}/zone.list"\n  database: ""\n  username: ""\n'
            '  chroot: ""\n  server-count: 1\n  do-ip6: no\n  rrl-ratelimit: 0\n'
            "  rrl-whitelist-ratelimit: 0\nremote-control:\n  control-enable: no\n"
            f'zone:\n  name: "{ZONE}"\n  zonefile: "zone"\n'
            'zone:\n  name: "20.in-addr.arpa"\n  zonefile: "reverse"\n'
            'zone:\n  name: "76.24.213.in-addr.arpa"\n  zonefile: "reverse"\n'
        )
        self.process = Process(["nsd", "-d", "-c", config], self.folder, "nsd-sweep")
        until(self._answers, lambda: f"nsd to answer: {self.process.output()}", 60)
        return self

    def _answers(self):
        query = dns.message.make_query(ZONE, "SOA")
        try:
            return dns.query.udp(query, ADDRESS, port=self.port, timeout=0.3).answer
        except (dns.exception.Timeout, OSError):
            return False

    def stop(self):
        if self.process:
            self.process.end()

    @cached_property
    def databases(self):
        return mmdb.make_asn(self.folder, ASN, "sweep-asn")

    def fill(self, client, prefix):
        """The lists: all names, and the protected network."""
        names = list(self.names)
        client.hset(f"{prefix}:lists", "swept", "{}")
        protected = '{"kind":"protected","owner":"A government agency"}'
        client.hset(f"{prefix}:lists", "agencies", protected)
        client.hset(f"{prefix}:list:agencies", PROTECTED, "")
        for at in range(0, len(names), 10000):
            client.hset(f"{prefix}:list:swept", mapping=dict.fromkeys(names[at : at + 10000], ""))
