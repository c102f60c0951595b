"""The Debian packages in root folders of their own.

    deb.py [--suite NAME] [--keep]

Makes the packages (scripts/deb/packages; for another suite than the running one inside a root folder
of that suite), looks at the contents, then installs the packages in a fresh minimal root folder, where
real Unbound and Redis run in a network namespace of their own. TESTS=WORD runs only the steps with
this word in the name. Prints a line for each step, and, alone on the last line, "N passed, N failed".
Called by 'make test-deb'. Needs root; installs mmdebstrap, lintian and apparmor where missing.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import container  # noqa: E402
import contents  # noqa: E402
import installed  # noqa: E402
from roots import Root, build_packages, running_suite  # noqa: E402

TOOLS = {"mmdebstrap": "mmdebstrap", "lintian": "lintian", "apparmor_parser": "apparmor"}
MODULES = {"yaml": "python3-yaml"}


def install_tools():
    missing = [package for tool, package in TOOLS.items() if not which(tool)]
    missing += [package for name, package in MODULES.items() if not importlib.util.find_spec(name)]
    if missing:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "-q", "-y", "--no-install-recommends", "install", *missing]
        subprocess.run(["apt-get", "-q", "update"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)


def which(tool):
    return any((Path(folder) / tool).exists() for folder in ("/usr/bin", "/usr/sbin", "/sbin"))


class Steps:
    """Runs steps in order, and counts. A step is a function, named by the function's name."""

    def __init__(self, word):
        self.word = word
        self.passed = self.failed = 0

    def run(self, step, *arguments):
        name = step.__name__.replace("_", " ")
        if self.word not in name:
            return
        begin = time.monotonic()
        try:
            step(*arguments)
            self.passed += 1
            result = "ok"
        except (AssertionError, subprocess.CalledProcessError, OSError) as error:
            self.failed += 1
            result = f"FAILED: {error}"
        print(f"  {time.monotonic() - begin:6.1f} s  {name}: {result}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default=running_suite())
    parser.add_argument("--keep", action="store_true", help="leave the root folder behind")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("deb: root folders need root")
    install_tools()
    packages = build_packages(arguments.suite)
    steps = Steps(os.environ.get("TESTS", ""))
    for step in contents.STEPS:
        steps.run(step, packages)
    for name, part in (("root", installed), ("container-root", container)):
        root = Root(arguments.suite, name)
        try:
            root.make()
            for step in part.STEPS:
                steps.run(step, root, packages)
        finally:
            if not arguments.keep:
                root.remove()
    print(f"{steps.passed} passed, {steps.failed} failed")
    return 1 if steps.failed or not steps.passed else 0


if __name__ == "__main__":
    sys.exit(main())
