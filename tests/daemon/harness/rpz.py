"""Response policy zones (RPZ) as Sinkwatch's lists.

Each zone becomes some lists of the same priority, smaller for an earlier zone: a list for each
trigger and action, as a list has a single action. Rules that a list cannot express are left out,
and stand in `left`.
"""

import ipaddress
import re
from dataclasses import dataclass, field

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.tokenizer

TRIGGERS = {  # last label of the owner: triggers of the list
    "rpz-client-ip": ["client"],
    "": ["qname", "cname"],
    "rpz-ip": ["address"],
    "rpz-nsdname": ["nsdname"],
    "rpz-nsip": ["nsip"],
}
TARGETS = {
    ".": {"action": "nxdomain"},
    "*.": {"action": "nodata"},
    "rpz-passthru.": {"kind": "allow"},
    "rpz-drop.": {"action": "drop"},
    "rpz-tcp-only.": {"action": "tcp-only"},
}
NUMBER_OR_CLASS = re.compile(r"\d+[smhdw]?|IN|CH|HS|NONE", re.I)


@dataclass
class Zone:
    origin: str
    records: list  # (owner, type, data)
    override: str = ""
    target: str = ""  # of the override `cname`
    groups: list = field(default_factory=list)


def record(text, origin=dns.name.root):
    """(owner, type, data), each as canonical text, of a record; data None in a question."""
    owner, *words = text.split(None, 1)
    rest = words[0].replace("\t", " ") if words else ""
    while NUMBER_OR_CLASS.fullmatch(rest.split(None, 1)[0]) or rest.upper().startswith("ANY "):
        rest = rest.split(None, 1)[1]
    rdtype, *data = rest.split(None, 1)
    name = dns.name.from_text(owner, origin).to_text().lower()
    return name, rdtype.upper(), canonical(rdtype, data[0].strip(), origin) if data else None


def canonical(rdtype, text, origin):
    try:
        words = dns.tokenizer.Tokenizer(text)
        data = dns.rdata.from_text(
            dns.rdataclass.IN, rdtype, words, origin=origin, relativize=False
        )
        return data.to_text().lower()
    except (dns.exception.DNSException, ValueError):
        return " ".join(text.split()).lower()


def without_comment(line):
    """The line up to a ';' that stands outside quotes."""
    return re.match(r'(?:[^;"]|"[^"]*"|")*', line).group(0)


def zone_records(lines, origin):
    """The records of a zone's text."""
    found, owner, joined = [], "", ""
    for raw in lines:
        joined += without_comment(raw) + " "
        if joined.count("(") > joined.count(")"):
            continue
        line, joined = joined.replace("(", " ").replace(")", " ").rstrip(), ""
        words = line.split()
        if not words:
            continue
        if words[0] == "$ORIGIN":
            origin = absolute(words[1], origin)
        elif words[0] != "$TTL":
            owner = owner if line[0].isspace() else words[0]
            body = line.strip() if line[0].isspace() else line.split(None, 1)[1]
            found.append(record(f"{absolute(owner, origin)} {body}", dns.name.from_text(origin)))
    return found


def absolute(name, origin):
    if name.endswith("."):
        return name.lower()
    return (origin if name == "@" else f"{name}.{origin.lstrip('.')}").lower()


def prefix(owner):
    """'24.0.0.0.192' and '128.1.zz.db8.2001' as an address or a prefix."""
    length, *parts = owner.split(".")
    if len(parts) == 4 and "zz" not in parts:
        text = ".".join(reversed(parts))
    else:
        text = ":".join("" if part == "zz" else part for part in reversed(parts))
        text = f":{text}" if text.startswith(":") else text
        text = f"{text}:" if text.endswith(":") else text
    network = ipaddress.ip_network(f"{text}/{length}", strict=False)
    return str(network.network_address if network.num_addresses == 1 else network)


class Lists:
    """lists: {name: (policy, indicators)}; left: owners of rules that no list can say."""

    def __init__(self, zones):
        self.lists = {}
        self.left = []
        for number, zone in enumerate(zones, 1):
            self._zone(zone, 10 * number)

    def put(self, policy, indicator):
        """Add an indicator to the list of this policy."""
        for have, indicators in self.lists.values():
            if have == policy:
                indicators.append(indicator)
                return
        self.lists[f"l{len(self.lists) + 1}"] = (policy, [indicator])

    def _zone(self, zone, priority):
        rules = {}  # owner relative to the zone: [(type, data)]
        for owner, rdtype, data in zone.records:
            relative = owner.removesuffix(zone.origin).removesuffix(".")
            if relative and rdtype not in ("SOA", "NS", "DNAME"):
                rules.setdefault(relative, []).append((rdtype, data))
        for owner, data in rules.items():
            trigger = next((t for t in TRIGGERS if t and owner.endswith(f".{t}")), "")
            what = owner.removesuffix(f".{trigger}")
            policy = self._policy(zone, what, data)
            indicator = self._indicator(what, trigger)
            if policy and indicator:
                policy = {**policy, "priority": priority, "triggers": TRIGGERS[trigger]}
                self.put({**policy, **({"groups": zone.groups} if zone.groups else {})}, indicator)
            else:
                self.left.append(owner)

    @staticmethod
    def _indicator(owner, trigger):
        if trigger in ("", "rpz-nsdname"):
            return owner if owner.startswith("*.") else None if owner == "*" else f"={owner}"
        return prefix(owner)

    @staticmethod
    def _policy(zone, owner, data):
        if zone.override in ("", "disabled"):
            policy = data_policy(data, owner)
            return {**policy, "shadow": True} if policy and zone.override else policy
        if zone.override == "passthru":
            return {"kind": "allow"}
        if zone.override == "cname":
            return {"action": "cname", "cname": zone.target.rstrip(".")}
        return {"action": zone.override}


def data_policy(data, owner=None):
    """The policy that the records of an owner stand for; None where no list can express the
    policy."""
    for rdtype, target in data:
        if rdtype == "CNAME" and target in TARGETS:
            return dict(TARGETS[target])
        if rdtype == "CNAME" and target.rstrip(".") == owner:
            return {"kind": "allow"}  # as the first versions of RPZ wrote passthru
        if rdtype == "CNAME":
            return {"action": "cname", "cname": target.rstrip(".")}
    policy = {"action": "sinkhole"}
    addresses = {"A": "sinkhole4", "AAAA": "sinkhole6"}
    types = [rdtype for rdtype, _ in data]
    if all(rdtype in addresses and types.count(rdtype) == 1 for rdtype in types):
        return {**policy, **{addresses[rdtype]: address for rdtype, address in data}}
    return {**policy, "records": [f"{rdtype} {text}" for rdtype, text in data]}
