"""MMDB files of the tests, made by the project's own scripts from small tables."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .environment import ROOT

# Networks of zones.py's network.example and of the Carbanak case.
ASN = [
    ("213.24.76.0/23", 8342, "RTComm.RU"),
    ("93.184.216.0/24", 15133, "Edgecast"),
    ("2a00:1450:4001::/48", 15169, "Google LLC"),
]
OWNER = [
    ("213.24.76.0/24", "Example agency", "EXAMPLE-NET", "RU"),
]


@dataclass(frozen=True)
class Databases:
    asn: Path
    owner: Path


def _make(script, folder, name, rows):
    table, out = folder / f"{name}.tsv", folder / f"{name}.mmdb"
    table.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows))
    command = [str(ROOT / "scripts" / script), "--quiet", "--strict", str(table), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
    return out


def make_asn(folder, rows, name="asn-made"):
    """An AS database of (network, AS number, organisation) rows; returns the path."""
    return _make("make-asn-mmdb", folder, name, rows)


def make(folder):
    """Both databases of the tests."""
    return Databases(make_asn(folder, ASN, "asn"), _make("make-owner-mmdb", folder, "owner", OWNER))
