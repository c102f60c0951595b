"""Tuples in the files of a memory, decoded here from the output of mtbl_dump (dnstable-encoding(5))."""

import re
import subprocess
from collections import namedtuple

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

# zone: of the servers that sent the record; first, last: seconds since 1970
Tuple = namedtuple("Tuple", "name type data zone count first last")
ROW = re.compile(rb'^"(.*)" "(.*)"$')
ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.S)
BY_OWNER = 0


def octets(text):
    return ESCAPE.sub(lambda m: bytes([int(m[1], 16)]) if m[1] else m[2], text)


def reversed_name(data, at):
    """A name with its labels from the right: returns the name, and the place behind it."""
    labels = []
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    name = dns.name.Name([*reversed(labels), b""])
    return name.to_text(omit_final_dot=True), at + 1


def number(data, at):
    """Seven bits in each octet, the lowest first."""
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def decode(key, value):
    name, at = reversed_name(key, 1)
    rdtype, at = number(key, at)
    zone, at = reversed_name(key, at)
    size, at = number(key, at)
    rdata = dns.rdata.from_wire(dns.rdataclass.IN, rdtype, key, at, size)
    first, at = number(value, 0)
    last, at = number(value, at)
    count, _ = number(value, at)
    text = rdata.to_text().removesuffix(".")
    return Tuple(name, dns.rdatatype.to_text(rdtype), text, zone, count, first, last)


def valid_files(folder):
    listed = folder / "dns.fileset"
    return [folder / name for name in listed.read_text().split()] if listed.exists() else []


def tuples(folder):
    """All tuples of all valid files; a tuple of two files is there twice."""
    found = []
    for path in valid_files(folder):
        dump = subprocess.run(["mtbl_dump", path], capture_output=True, check=True).stdout
        for line in dump.splitlines():
            key, value = map(octets, ROW.match(line).groups())
            if key[0] == BY_OWNER:
                found.append(decode(key, value))
    return found
