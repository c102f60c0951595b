"""The table "As RPZ, and otherwise" of module/README.md, made of the tests' reasons.

    table.py            print the table
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "daemon")]
sys.dont_write_bytecode = True

from harness.peers_reasons import FAULT, REASONS  # noqa: E402

HEAD = "| RPZ | Sinkwatch | why |\n|---|---|---|"
README = HERE.parents[1] / "module" / "README.md"


def table():
    rows = [reason for reason in REASONS.values() if reason.sort != FAULT]
    return "\n".join([HEAD, *(f"| {r.rpz} | {r.ours} | {r.why or r.sort} |" for r in rows)])


def is_documented():
    return table() in README.read_text()


if __name__ == "__main__":
    print(table())
