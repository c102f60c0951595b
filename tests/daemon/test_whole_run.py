"""scripts/run/test, with a program in the place of make: failed daemon tests run again alone (D-210);
scripts/run/counts.py: a test is skipped or failed (D-218)."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts/run/test"
# $WORDS: the share that fails at first, the words of the failure, how the second try ends.
MAKE = """#!/bin/bash
IFS='|' read -r share words second <<<"$WORDS"
case "$*" in
*test-daemon*"$share"*AGAIN=*) [ "$second" = good ] || { echo "1 passed, 1 failed"; exit 1; } ;;
*test-daemon*"$share"*)
    echo "E   $words"
    echo "FAILED tests/daemon/test_x.py::test_y - $words"
    echo "3 passed, 1 failed, 1 skipped"
    exit 1 ;;
esac
echo "1 passed, 0 failed, 0 skipped"
"""


def whole_run(folder, *words):
    program = folder / "make"
    program.write_text(MAKE)
    program.chmod(0o755)
    done = subprocess.run(
        [SCRIPT, folder / "build"], env={"PATH": "/usr/bin:/bin", "MAKE": str(program), "WORDS": "|".join(words)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stdout.splitlines()[-6:]


def test_failure_of_chance_is_named_and_passes(folder):
    code, out, last = whole_run(folder, "SHARE=1/5", "assert 1 == 2", "good")
    assert code == 0 and " 0 failed" in last[-1]
    assert "  daemon address 1/5: 1 failed, passed 3 of 3 when alone" in last
    assert any(line.startswith("    FAILED tests/daemon/test_x.py::test_y") for line in last)
    assert out.count("daemon address 1/5 again, alone, ") == 3


@pytest.mark.parametrize("words, second, tries", [
    ("assert 1 == 2", "bad", 1),
    ("AssertionError: unbound died with status -6: log", "good", 0),
    ("ERROR: AddressSanitizer: heap-use-after-free", "good", 0),
    ("no answer in 60 s while waiting for unbound to stop", "good", 0),
])  # fmt: skip
def test_other_failures_stay(folder, words, second, tries):
    code, out, last = whole_run(folder, "SHARE=1/5", words, second)
    assert code == 1 and " 1 failed" in last[-1]
    assert out.count(" again, alone, ") == tries
    assert any("daemon address 1/5: 1 failed" in line for line in last)


# ---- skipped tests

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="other"><skipped type="pytest.skip" message="{reason}"/></testcase>
</testsuite></testsuites>"""
NO_CLICKHOUSE = "this Debian has no clickhouse-server"


def counted(folder, reason, known, **more):
    """The last line for a report with a skip. known: package that apt knows beside redis-server."""
    (folder / "report.xml").write_text(REPORT.format(reason=reason))
    apt = folder / "apt-cache"
    apt.write_text(f'#!/bin/sh\ncase "$3" in {known}) echo known ;; esac\n')
    apt.chmod(0o755)
    done = subprocess.run(
        [sys.executable, SCRIPT.parent / "counts.py", folder / "report.xml", "0"],
        env={"PATH": f"{folder}:/usr/bin:/bin", **more}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ("1 failed" in done.stdout), done
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("reason, known, strict", [
    (NO_CLICKHOUSE, "*redis-server*", "1 passed, 0 failed, 1 skipped"),
    # apt has the package: somebody has to install it
    (NO_CLICKHOUSE, "*", "1 passed, 1 failed, 0 skipped"),
    # apt knows nothing at all
    (NO_CLICKHOUSE, "none", "1 passed, 1 failed, 0 skipped"),
    ("this Debian has no chromium", "*redis-server*", "1 passed, 1 failed, 0 skipped"),
    ("no IPv6 on the loopback interface", "*redis-server*", "1 passed, 1 failed, 0 skipped"),
])  # fmt: skip
def test_strict_excuses_what_this_debian_lacks(folder, reason, known, strict):
    assert counted(folder, reason, known, STRICT="1") == strict
    assert counted(folder, reason, known) == "1 passed, 0 failed, 1 skipped"
