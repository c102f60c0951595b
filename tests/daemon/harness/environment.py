"""Values from the Makefile: where the programs under test are."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _path(name, default):
    return Path(os.environ.get(name) or default).resolve()


@dataclass(frozen=True)
class Environment:
    unbound: Path
    control: Path
    checkconf: Path
    module: Path
    cli: Path
    build: Path  # holds unbound-VERSION/sinkwatch.so for each version that was built
    sanitizer: str  # "", "address", "undefined" or "thread"
    runtime: str  # the sanitizer's shared libraries, separated by spaces
    long: bool  # the long forms of tests

    def missing(self):
        """Programs that do not exist, in words."""
        files = {
            "UNBOUND_BIN": self.unbound,
            "UNBOUND_CONTROL": self.control,
            "UNBOUND_CHECKCONF": self.checkconf,
            "SINKWATCH_SO": self.module,
            "SINKWATCH_CLI": self.cli,
        }
        return [
            f"{name}={path} does not exist" for name, path in files.items() if not path.is_file()
        ]

    def other_modules(self):
        """{version: path} of the modules that were built for other Unbound versions."""
        built = {
            path.parent.name.removeprefix("unbound-"): path
            for path in sorted(self.build.glob("unbound-*/sinkwatch.so"))
        }
        built.pop(self.unbound_version(), None)
        return built

    def unbound_version(self):
        text = subprocess.run(
            [str(self.unbound), "-V"], capture_output=True, text=True, check=True
        ).stdout
        return text.split("\n", 1)[0].removeprefix("Version ").strip()


def data(name):
    """A file of the real tables and lists that are not part of the tree; skips without the file."""
    path = Path(os.environ.get("SINKWATCH_DATA") or ROOT.parent / "shared" / "data") / name
    if not path.is_file():
        pytest.skip(f"{path} does not exist (SINKWATCH_DATA names the folder)")
    return path


def read_environment():
    source = ROOT / ".deps" / "unbound"
    return Environment(
        unbound=_path("UNBOUND_BIN", source / "unbound"),
        control=_path("UNBOUND_CONTROL", source / "unbound-control"),
        checkconf=_path("UNBOUND_CHECKCONF", source / "unbound-checkconf"),
        module=_path("SINKWATCH_SO", ROOT / "build" / "sinkwatch.so"),
        cli=_path("SINKWATCH_CLI", ROOT / "build" / "sinkwatch"),
        build=_path("SINKWATCH_BUILD", ROOT / "build"),
        runtime=os.environ.get("SINKWATCH_SANITIZER_RUNTIME", ""),
        sanitizer=os.environ.get("SINKWATCH_SANITIZER", ""),
        long=os.environ.get("LONG", "") not in ("", "0"),
    )
