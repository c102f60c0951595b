"""The lists of the differential test: content and policy follow from a seed."""

import random
from dataclasses import dataclass, field

from servers import ZONES

REDIRECTED = "192.0.2.9"  # address of response-ip in the configuration "respip"
KINDS = ["ad", "lo", "dn", "wi", "nx", "nd", "fa", "tc", "ba", "wq", "ex", "cl", "du", "ed", "bs",
         "si", *(f"c{steps}" for steps in range(1, 13))]  # fmt: skip
KNOWN_AS = 12  # of the 16 networks 5.N.0.0/16 and 2a00:5:N::/48
GARDEN = "ns.three.example"  # has an address that no list holds, and nothing else
GARDEN_ADDRESS = "127.0.0.1"
SINK4, SINK6 = "198.18.0.1", "2001:db8:5::1"
PHASES = ("nothing", "watching", "acting", "changing")


@dataclass(frozen=True)
class List:
    """A list in the form of a feed."""

    name: str
    indicators: tuple
    policy: dict = field(hash=False)


def asn_rows():
    """The AS database: networks, AS numbers, organisations."""
    rows = [(f"5.{n}.0.0/16", 64500 + n, f"Made up {n}") for n in range(KNOWN_AS)]
    return rows + [(f"2a00:5:{n:x}::/48", 64500 + n, f"Made up {n}") for n in range(KNOWN_AS)]


def asn_of(address):
    """The AS number of an address (ipaddress), or None."""
    network = None
    if address.version == 4 and address.packed[0] == 5:
        network = address.packed[1]
    elif address.packed[:5] == b"\x2a\x00\x00\x05\x00":
        network = address.packed[5]
    return 64500 + network if network is not None and network < KNOWN_AS else None


def names(pool):
    """Every name that a kind, a number and a zone make."""
    zones = [zone for zone in ZONES if zone != "."]
    return [f"{kind}-{n}.{zone}" for zone in zones for kind in KINDS for n in range(pool)]


def nothing():
    """Lists of every kind and action that match no name and no address of the world."""
    fill = tuple(f"{form}x{n}.filler.example" for n in range(100) for form in ("", "=", "*.w"))
    nets = ("198.51.100.0/24", "192.0.2.1", "2001:db8:ffff::/48")
    return [
        List("fill-names", fill, {"action": "nxdomain"}),
        List("fill-drop", fill[:30], {"action": "drop"}),
        List("fill-nets", nets, {"action": "refused"}),
        List("fill-as", ("AS65001",), {"action": "sinkhole"}),
        List("fill-allow", fill[:50] + nets[:1], {"kind": "allow", "priority": 1}),
        List("fill-watch", fill[:50], {"kind": "watch"}),
    ]


def watching(seed, pool):
    """Half of the names, and half of the networks, in lists that leave each answer true."""
    rng = random.Random(f"watching {seed}")
    half = [name for name in names(pool) if rng.random() < 0.5]
    parts = [[form + name for name, form in zip(half[i::6], rng.choices(FORMS, k=len(half)))]
             for i in range(6)]  # fmt: skip
    return [
        List("w-monitor", (*parts[0], "5.0.0.0/13"), {"action": "monitor"}),
        List("w-passthru", (*parts[1], "2a00:5:8::/45"), {"action": "passthru"}),
        List("w-shadow", (*parts[2], "5.8.0.0/16"), {"action": "nxdomain", "shadow": True}),
        List("w-blocked", tuple(parts[3]), {"action": "nxdomain"}),
        List("w-exempt", tuple(parts[3]), {"kind": "allow", "priority": 10}),
        List("w-watch", tuple(parts[4]), {"kind": "watch"}),
        List("w-as", ("AS64501", "AS64509"), {"action": "monitor", "priority": 10}),
        List("w-drop", tuple(parts[5]), {"action": "drop", "shadow": True}),
    ]


FORMS = ("=", "", "*.")
ACTIONS = {"nxdomain": 4, "nodata": 2, "refused": 2, "sinkhole": 5, "cname": 2, "tcp-only": 2,
           "drop": 1, "monitor": 3, "passthru": 1}  # fmt: skip


def _policy(rng, action):
    policy = {"action": action, "priority": rng.choice((10, 500, 1000, 1000, 1000, 2000))}
    if rng.random() < 0.1:
        policy["shadow"] = True
    if rng.random() < 0.15:
        policy["observe"] = True
    if rng.random() < 0.2:
        policy["ede"] = rng.choice(("off", 16, 18))
    if rng.random() < 0.3:
        policy["ttl"] = rng.choice((0, 5, 3600))
    if action == "sinkhole" and rng.random() < 0.3:
        policy["sinkhole4"] = "198.18.7.7"
    return policy


def _indicator(rng, every):
    """A name in some form, seldom a network or an AS number."""
    draw = rng.random()
    if draw < 0.97:
        return rng.choice(FORMS) + rng.choice(every)
    a, b, c = (rng.randrange(16) for _ in range(3))
    return rng.choice((f"5.{a}.{b}.0/24", f"5.{a}.{b}.{c}", f"2a00:5:{a:x}:{b:x}::/64",
                       f"AS{64500 + a}", f"5.{a}.{b}.0/28"))  # fmt: skip


def acting(seed, number, pool):
    """Lists of every action; a tenth of the names, some networks."""
    rng = random.Random(f"acting {seed} {number}")
    every = names(pool)
    lists = []
    for i, action in enumerate(rng.choices(list(ACTIONS), list(ACTIONS.values()), k=14)):
        few = 6 if action == "drop" else len(every) // 100
        some = {_indicator(rng, every) for _ in range(few)}
        lists.append(List(f"l{rng.randrange(100):02}-{i}-{action}", tuple(sorted(some)),
                          _policy(rng, action)))  # fmt: skip
    for i, kind in enumerate(("allow", "allow", "watch", "known", "protected")):
        some = {_indicator(rng, every) for _ in range(len(every) // 100)}
        some = {text for text in some if kind != "watch" or "example" in text}
        policy = {"kind": kind, "priority": rng.choice((5, 1000))}
        lists.append(List(f"k{i}-{kind}", tuple(sorted(some)), policy))
    return lists
