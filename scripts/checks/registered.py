"""Every test is run by something: files by a make target, functions by the file's program."""

import ast
import os
import re
import subprocess
from collections import Counter

from tree import Result

NAME = "registered"
FOLDERS = {"unit", "scenarios", "stress", "fault", "race", "differential", "bench", "fuzz", "daemon", "headers",
           "model", "peers", "soak", "deb"}  # fmt: skip
# Files that are no tests: drivers, fixtures, data.
HELPER = re.compile(
    r"tests/(.*\.(h|md|txt|conf|json|tsv|csv|supp|zone|queries|inc|rpl)|.*/corpus/.*|daemon/conftest\.py|"
    r".*/__init__\.py|fuzz/driver\.c|headers/run)"
)


def check(tree):
    result = Result()
    registered = printed(tree)
    for path in tree.matching(r"tests/.*"):
        folder = path.split("/")[1]
        if folder not in FOLDERS:
            result.problem(path, 0, f"no target runs tests/{folder}: see FOLDERS and the Makefile")
        elif path not in registered and not HELPER.fullmatch(path) and not imported(tree, path):
            result.problem(path, 0, "no target runs this file: its name does not fit the Makefile")
    for path in tree.matching(r"tests/(unit|scenarios|stress)/.*\.c"):
        check_functions(tree, result, path)
    for path in tree.matching(r"tests/daemon/.*\.py"):
        pytest_functions(tree, result, path, path in registered)
    result.note = f"{len(registered)} test files"
    return result


def printed(tree):
    make = os.environ.get("MAKE", "make").split()[0]
    # Not the flags and variables of the make that called us.
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    command = [make, "-s", "--no-print-directory", "-C", str(tree.root), "print-tests"]
    output = subprocess.run(command, capture_output=True, text=True, env=clean, check=False)
    return set(output.stdout.split())


def imported(tree, path):
    """Whether a Python file in the same folder or above names this module (or the module's
    package)."""
    if not path.endswith(".py"):
        return False
    parts = path.removesuffix(".py").split("/")[2:]
    words = "|".join(map(re.escape, parts))
    expression = re.compile(rf"^\s*(from|import)\b.*\b({words})\b", re.M)
    return any(
        expression.search(tree.text(other))
        for other in tree.matching(r"tests/.*\.py")
        if other != path
    )


def check_functions(tree, result, path):
    """START_TEST without tcase_add_test: Check would never run it."""
    text = tree.text(path)
    for match in re.finditer(r"^START_TEST\s*\(\s*(\w+)\s*\)", text, re.M):
        name = match.group(1)
        if len(re.findall(rf"\b{name}\b", text)) < 2:
            line = text.count("\n", 0, match.start()) + 1
            result.problem(path, line, f"the test {name} is added to no test case")


def pytest_functions(tree, result, path, registered):
    """Two tests with the same name: the second hides the first. A test outside test_*.py: never
    seen."""
    try:
        nodes = ast.parse(tree.text(path)).body
    except SyntaxError as error:
        result.problem(path, error.lineno, f"does not parse: {error.msg}")
        return
    tests = [n for n in nodes if isinstance(n, ast.FunctionDef) and n.name.startswith("test")]
    for name, count in Counter(node.name for node in tests).items():
        if count > 1:
            result.problem(path, 0, f"{count} tests are called {name}: only the last one runs")
    if tests and not registered:
        result.problem(path, tests[0].lineno, f"{tests[0].name} is in a file that pytest skips")
    if registered and not tests and "class Test" not in tree.text(path):
        result.problem(path, 0, "no test in it")
