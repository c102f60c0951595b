"""A real authoritative server (nsd) behind the proxy, with signed zones."""

import subprocess

import dns.exception
import dns.message
import dns.query

from . import zones
from .process import Process, free_port
from .proxy import Proxy
from .wait import until

ADDRESS = "127.0.0.1"


def _origin(zone):
    return zone if zone.endswith(".") else zone + "."


def _zone_text(zone, records):
    """With a head, unless the records begin with a head."""
    origin = _origin(zone)
    if " SOA " in records:
        return f"$ORIGIN {origin}\n{records}"
    ns = "ns." if zone == "." else f"ns.{origin}"
    return (
        f"$ORIGIN {origin}\n$TTL 300\n"
        f"@ SOA {ns} hostmaster.example. 1 3600 600 86400 60\n"
        f"@ NS {ns}\n{ns} A {ADDRESS}\n{records.lstrip()}"
    )


class Authority:
    """nsd with every zone of zones.py, or others; resolvers ask .port, which is the proxy's."""

    def __init__(self, folder, plain=zones.PLAIN, signed=zones.SIGNED_ZONES, anchors=zones.ANCHORS):
        self.plain = {**plain, zones.STARTED: ""}
        self.signed, self.anchors = signed, anchors
        self.folder = folder
        self.nsd_port = free_port(ADDRESS)
        self.port = free_port(ADDRESS)
        self.anchor_file = folder / "anchors"
        self.proxy = Proxy(ADDRESS, self.port, self.nsd_port)
        self.process = None

    @property
    def zone_names(self):
        return [*self.plain, *self.signed]

    def start(self):
        files = {zone: self._write(zone, text) for zone, text in self.plain.items()}
        files.update(self._sign_all())
        config = self._write_config(files)
        self.process = Process(["nsd", "-d", "-c", config], self.folder, "nsd")
        until(self._answers, lambda: f"nsd to answer: {self.process.output()}")
        self.proxy.start()

    def stop(self):
        self.proxy.stop()
        if self.process:
            self.process.end()

    def _answers(self):
        if not self.process.running:
            raise AssertionError(f"nsd ended: {self.process.output()}")
        query = dns.message.make_query(zones.STARTED, "SOA")
        try:
            return dns.query.udp(query, ADDRESS, port=self.nsd_port, timeout=0.3).answer
        except (dns.exception.Timeout, OSError):
            return False

    def _write(self, zone, records):
        path = self.folder / f"{'root' if zone == '.' else zone}.zone"
        path.write_text(_zone_text(zone, records))
        return path

    def _sign_all(self):
        files = {}
        extra = {}  # parent -> DS records of the children
        for zone, records in self.signed.items():
            path = self._write(zone, records + extra.get(zone, ""))
            key = self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", zone).strip()
            denial = ["-n"] if zone in zones.BY_HASH else []
            self._run("ldns-signzone", *denial, "-o", zone, "-f", f"{path}.signed", path, key)
            delegation = (self.folder / f"{key}.ds").read_text()
            if zone in zones.PARENT_OF:
                ns = f"{zone}. NS ns.{zone}.\nns.{zone}. A {ADDRESS}\n"
                extra[zones.PARENT_OF[zone]] = ns + delegation
            if zone in self.anchors:
                with self.anchor_file.open("a") as anchors:
                    anchors.write(delegation)
            files[zone] = self._tamper(zone, self.folder / f"{path.name}.signed")
        return files

    @staticmethod
    def _tamper(zone, path):
        for old, new in zones.TAMPER.get(zone, {}).items():
            path.write_text(path.read_text().replace(old, new))
        return path

    def _run(self, *command):
        return subprocess.run(
            [str(word) for word in command],
            cwd=self.folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def _write_config(self, files):
        # Debian's nsd limits the rate of answers by default: 0 turns that off.
        lines = [
            "server:",
            f"  ip-address: {ADDRESS}@{self.nsd_port}",
            f'  zonesdir: "{self.folder}"',
            f'  pidfile: "{self.folder}/nsd.pid"',
            f'  xfrdfile: "{self.folder}/xfrd.state"',
            f'  zonelistfile: "{self.folder}/zone.list"',
            '  database: ""',
            '  username: ""',
            '  chroot: ""',
            "  server-count: 1",
            "  do-ip6: no",
            "  rrl-ratelimit: 0",
            "  rrl-whitelist-ratelimit: 0",
            "remote-control:",
            "  control-enable: no",
        ]
        for zone, path in files.items():
            lines += ["zone:", f'  name: "{zone}"', f'  zonefile: "{path.name}"']
        config = self.folder / "nsd.conf"
        config.write_text("\n".join(lines) + "\n")
        return config
