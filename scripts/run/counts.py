"""Count the results of the daemon tests in pytest's report: counts.py REPORT EXIT-CODE-OF-PYTEST

Prints "N passed, N failed, N skipped" on the last line. An error in a fixture, a crash of pytest itself
or no test at all are failures. With STRICT=1 a skipped test is a failure as well, but for a test that
needs a package that the running Debian does not have: such a test cannot run on this machine, whatever
anybody installs. The reason of the skip is then "this Debian has no PACKAGE", the package is one of
OPTIONAL in scripts/setup, and apt does not know the package. D-218.
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as tree
from pathlib import Path

SETUP = Path(__file__).resolve().parents[1] / "setup"
# A failed test with a broken clean-up has two rows: the worst result counts.
RANK = {"passed": 0, "excused": 1, "skipped": 2, "failed": 3}
KNOWN = "redis-server"  # a package of every Debian: a machine without apt's lists knows no package


def apt_knows(package):
    name = re.sub(r"[.+]", r"\\\g<0>", package)
    found = subprocess.run(["apt-cache", "search", "-n", f"^{name}$"],
                           capture_output=True, text=True, check=False).stdout  # fmt: skip
    return bool(found.strip())


def absent_package(reason):
    """The package that a skip names, if this Debian has no such package."""
    match = re.fullmatch(r"this Debian has no (\S+)", reason)
    optional = re.search(r"^OPTIONAL=\((.*?)^\)", SETUP.read_text(), re.M | re.S)[1]
    if match and re.search(rf"^ +{re.escape(match[1])}\s", optional, re.M):
        return match[1] if apt_knows(KNOWN) and not apt_knows(match[1]) else None
    return None


def result_of(case, absent):
    """Result of a row of the report. absent: cache of absent_package()."""
    kinds = {child.tag: child for child in case}
    if kinds.keys() & {"failure", "error"}:
        return "failed"
    if "skipped" not in kinds:
        return "passed"
    reason = kinds["skipped"].get("message", "")
    if reason not in absent:
        absent[reason] = absent_package(reason)
    return "excused" if absent[reason] else "skipped"


def read(report):
    """Results of all tests, and the packages that this Debian lacks."""
    worst, absent = {}, {}
    try:
        for case in tree.parse(report).getroot().iter("testcase"):
            name = (case.get("classname"), case.get("name"))
            worst[name] = max(worst.get(name, "passed"), result_of(case, absent), key=RANK.get)
    except (OSError, tree.ParseError) as error:
        print(f"pytest left no report: {error}", file=sys.stderr)
    return list(worst.values()), sorted(set(filter(None, absent.values())))


def main(report, code):
    results, absent = read(report)
    passed, bad, skipped, excused = (results.count(word) for word in ("passed", "failed", "skipped", "excused"))
    if absent:
        print(f"not in this Debian: {', '.join(absent)}; {excused} skipped for this reason")
    if os.environ.get("STRICT") == "1":
        bad, skipped = bad + skipped, 0
    if code and not bad:
        print(f"pytest ended with exit code {code} (5: no test was found)", file=sys.stderr)
        bad = 1
    print(f"{passed} passed, {bad} failed, {skipped + excused} skipped")
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
