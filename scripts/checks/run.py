"""Run the static checks: make checks.

A line for each check, problems as "file:line: words", and at the end "N passed, N failed, N
skipped". With names as arguments only these checks run. STRICT=1 makes a skipped check a failure.
"""

import os
import sys
import time
from pathlib import Path

import circles
import comments
import decisions
import dialect
import documents
import exports
import firstchange
import headers
import layers
import models
import namesakes
import packaging
import registered
import selftest
import settings
import sizes
import style
import toplevel
import waits
import words
from tree import Tree

CHECKS = [
    toplevel,
    layers,
    circles,
    sizes,
    headers,
    namesakes,
    words,
    comments,
    dialect,
    documents,
    decisions,
    settings,
    packaging,
    firstchange,
    registered,
    models,
    exports,
    waits,
    style.Format,
    style.Shell,
    selftest,
]


def main(names):
    tree = Tree(Path(__file__).resolve().parents[2])
    counts = {"ok": 0, "FAILED": 0, "skipped": 0}
    unknown = set(names) - {check.NAME for check in CHECKS}
    if unknown:
        sys.exit(f"no check is called {', '.join(sorted(unknown))}")
    for check in CHECKS:
        if names and check.NAME not in names:
            continue
        begin = time.monotonic()
        result = check.check(tree)
        word = "FAILED" if result.problems else "skipped" if result.skipped else "ok"
        counts[word] += 1
        note = f"{len(result.problems)} problems" if result.problems else result.skipped or result.note
        print(f"  {word:<8} {check.NAME:<11} {time.monotonic() - begin:4.1f} s  {note}")
        for problem in result.problems:
            print(f"    {problem}")
    if os.environ.get("STRICT") == "1":
        counts["FAILED"] += counts["skipped"]
        counts["skipped"] = 0
    print(f"{counts['ok']} passed, {counts['FAILED']} failed, {counts['skipped']} skipped")
    return 1 if counts["FAILED"] or not counts["ok"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
