"""Random policy zones and questions, for Unbound's own RPZ beside `sinkwatch import --given`.

A world has a few zones in order, each with an override or none. The names, addresses and clients of
the rules are those of the questions, so that most questions meet a rule.
"""

import ipaddress

from .rpz import data_policy, prefix

NAMES = [
    "clean.example", "www.clean.example", "mail.clean.example", "two.clean.example", "x.many.clean.example",
    "y.x.many.clean.example", "to-evil.clean.example", "chain.clean.example", "missing.clean.example",
    "evil.example", "www.evil.example", "deep.sub.evil.example", "alias.evil.example", "b.second.example",
    "c.third.example", "four.address.example", "six.address.example", "both.address.example",
    "alias.address.example", "text.address.example", "z.four.address.example",
]  # fmt: skip
ABOVE = ["clean.example", "evil.example", "many.clean.example", "sub.evil.example", "address.example",
         "four.address.example", "x.many.clean.example"]  # fmt: skip
PREFIXES = [
    "32.10.100.51.198", "24.0.100.51.198", "31.12.100.51.198", "32.66.2.0.192", "16.0.0.0.192", "32.5.113.0.203",
    "24.0.113.0.203", "32.50.100.51.198", "128.10.zz.1.db8.2001", "64.zz.1.db8.2001", "128.66.zz.db8.2001",
    "32.zz.db8.2001", "128.5.zz.bad.db8.2001",
]  # fmt: skip
SOURCES = ["127.0.0.1", "127.0.0.21", "127.0.0.22"]
CLIENTS = ["32.21.0.0.127", "32.22.0.0.127", "30.20.0.0.127"]
# The zones that the names are in, each with a name server; both resolvers see these servers.
SERVED = ["clean.example", "evil.example", "first.example", "second.example", "third.example", "address.example",
          "garden.example"]  # fmt: skip
SERVER, SERVER_ADDRESS = "ns.{}", "127.0.0.1"
SERVERS = ["ns.clean.example", "ns.evil.example", "ns.third.example", "*.address.example", "*.second.example"]
NETWORKS = ["32.1.0.0.127", "8.0.0.0.127", "32.2.0.0.127", "24.0.100.51.198"]
TYPES = ["A", "A", "A", "AAAA", "TXT", "MX", "HTTPS"]
LOCAL = [
    ["A 10.66.0.1"], ["A 10.66.0.1", "A 10.66.0.2"], ["AAAA 2001:db8:66::1"], ["A 10.66.0.3", "AAAA 2001:db8:66::3"],
    ['TXT "local data"'], ["MX 10 mx.local.test.", "TXT two strings"], ["A 10.66.0.4", 'TXT "a \\"quote\\""'],
    ["TYPE65 \\# 3 000100"], ["SRV 1 2 3 srv.local.test.", "PTR ptr.local.test."], ['CAA 0 issue "ca.test"'],
]  # fmt: skip
# Of an address: Unbound takes no other records there.
LOCAL_OF_ADDRESS = [["A 10.66.0.1"], ["A 10.66.0.1", "A 10.66.0.2"]], [["AAAA 2001:db8:66::1"]]
ACTIONS = [".", ".", ".", "*.", "rpz-passthru.", "rpz-passthru.", "rpz-tcp-only.", "landing.garden.example."]
OVERRIDES = [("", "")] * 7 + [("nxdomain", ""), ("nodata", ""), ("passthru", ""), ("disabled", ""),
                              ("cname", "landing.garden.example.")]  # fmt: skip
HEAD = "$TTL 60\n@ SOA localhost. h.localhost. {serial} 3600 600 86400 60\n@ NS localhost.\n"
BESIDE = "odd DNAME other.test.\nodd2.clean.example DNAME odd.test.\n"  # records that are no rules


def server_of(name):
    """The zone of a name."""
    return next(zone for zone in SERVED if name == zone or name.endswith(f".{zone}"))


class Zone:
    """rules: {owner relative to the zone: [record without owner]}."""

    def __init__(self, random, drops, servers=False):
        self.rules = {}
        self.override, self.target = random.choice(OVERRIDES)
        for _ in range(random.randint(1, 12)):
            owner = random.choice([random.choice(NAMES), random.choice(NAMES), "*." + random.choice(ABOVE),
                                   random.choice(PREFIXES) + ".rpz-ip", random.choice(PREFIXES) + ".rpz-ip",
                                   random.choice(CLIENTS) + ".rpz-client-ip"])  # fmt: skip
            if servers and random.random() < 0.2:
                owner = random.choice([f"{name}.rpz-nsdname" for name in SERVERS] +
                                      [f"{random.choice(NETWORKS)}.rpz-nsip"])  # fmt: skip
            if owner.endswith(".rpz-client-ip") and self.override and random.random() < 0.9:
                continue  # Unbound applies no override to these
            actions = ACTIONS + ["rpz-drop."] * drops
            if owner.startswith("*.") and random.random() < 0.1:
                actions = ["*.garden.example."]
            local = LOCAL_OF_ADDRESS[".zz." in owner] if owner.endswith((".rpz-ip", ".rpz-nsip")) else LOCAL
            self.rules[owner] = (
                random.choice(local) if random.random() < 0.35 else [f"CNAME {random.choice(actions)}"]
            )
        if not self.rules:
            self.rules[random.choice(NAMES)] = ["CNAME ."]
        self._records = [(owner, data) for owner, each in self.rules.items() for data in each]
        random.shuffle(self._records)  # the records of an owner stand apart

    def text(self, serial):
        return HEAD.format(serial=serial) + "".join(f"{o} {d}\n" for o, d in self._records) + BESIDE

    def names(self):
        return [owner for owner in self.rules if ".rpz-" not in owner]

    def rule_of(self, name, under=""):
        """The owner that covers a name: here, where *.a covers all below a."""
        if name + under in self.rules:
            return name + under
        while "." in name:
            name = name.split(".", 1)[1]
            if f"*.{name}{under}" in self.rules:
                return f"*.{name}{under}"
        return None

    def rule_of_server(self, name):
        return self.rule_of(name, ".rpz-nsdname")

    def rule_in_dns(self, name):
        """The same by the rules of wildcards in the DNS: only the closest encloser counts."""
        there = set()
        for owner in self.names():
            labels = owner.split(".")
            there.update(".".join(labels[i:]) for i in range(len(labels)))
        if name in there:
            return name if name in self.rules else None
        while "." in name:
            name = name.split(".", 1)[1]
            if name in there:
                break
        return f"*.{name}" if f"*.{name}" in self.rules else None

    def client_rules(self, source):
        """Owners of the rules about a client."""
        return self.owners_of(source, "rpz-client-ip")

    def owners_of(self, address, trigger):
        """Owners of the rules of a trigger that cover an address."""
        owners = [owner.removesuffix(f".{trigger}") for owner in self.rules if owner.endswith(f".{trigger}")]
        return [
            f"{owner}.{trigger}" for owner in owners
            if ipaddress.ip_address(address) in ipaddress.ip_network(prefix(owner))
        ]  # fmt: skip

    def action(self, owner):
        """The action of a rule, as a list has it: 'nxdomain', 'tcp-only', 'sinkhole', ..."""
        policy = data_policy([tuple(record.split(None, 1)) for record in self.rules[owner]])
        return policy.get("action", "passthru")


def describe(zones, serial):
    return "\n".join(f"zone {i}, override {z.override or 'none'}:\n{z.text(serial)}" for i, z in enumerate(zones, 1))
