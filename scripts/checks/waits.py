"""Tests that would fail by chance: looks before a thing can be there, fixed pauses and ports.

In the Python of tests/daemon and tests/race:

  pause    time.sleep() anywhere but in harness/wait.py
  elapsed  time.monotonic() in a test: a busy machine takes longer than any bound
  state    an assert on what a resolver last reported (.state()): .wait_state() waits for a report
  log      an assert that words stand in a log (.log()): .says() waits for them
  stream   an assert on all that was recorded (.all(), .raised(), .xlen(), read_file(), seen()), in a
           function that asked and has not waited since: for an event, or for the resolver's end
  port     a port written as a number: free_port() finds one that is free

Decision: D-105.

In the C of tests/unit: a pause of 50 ms or more without a comment on its line that says why.
"""

import ast
import re

from tree import Result

NAME = "waits"
PAUSE = re.compile(r"\bpoll\(NULL, 0, (\d+)\)|\busleep\((\d+)\)|\bsleep\((\d+)\)")
LONG_MS = 50
PORT = re.compile(r"127\.0\.0\.1[:@]\d{2,5}\b")
ASKS = {"ask", "ask_many"}
WAITS = {"until", "wait", "wait_applied", "wait_state", "anomaly", "stop", "says", "ask_for"}
RECORDED = {"all", "raised", "xlen", "read_file", "seen"}


def called(node):
    """The name of what a call calls: "wait" of events.wait(...)."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def calls(node):
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def names(node):
    return {called(call) for call in calls(node)}


def statements(body):
    """Statements in the order of the text, those of blocks included, nested functions left out."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            continue
        inner = [each for field in ("body", "orelse", "handlers", "finalbody")
                 for each in getattr(statement, field, [])]  # fmt: skip
        if inner:
            yield from statements(inner)
        else:
            yield statement


def looks_too_early(function):
    """Lines of asserts on what was recorded, behind a question and before any wait."""
    asked = False
    for statement in statements(function.body):
        found = names(statement)
        if asked and isinstance(statement, ast.Assert) and names(statement.test) & RECORDED:
            yield statement.lineno
        asked = (asked or bool(found & ASKS)) and not found & WAITS


def asserts(tree):
    return [node.test for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def stands_in_a_log(test):
    """Whether an assert wants words in .log(); "not in" is no matter of when."""
    return any(
        isinstance(node, ast.Compare)
        and any(isinstance(op, ast.In) for op in node.ops)
        and any(called(call) == "log" for call in calls(node))
        for node in ast.walk(test)
    )


def check_python(result, path, text):
    tree = ast.parse(text)
    for call in calls(tree):
        name = ast.unparse(call.func)
        if name == "time.sleep" and not path.endswith("harness/wait.py"):
            result.problem(path, call.lineno, "a pause: wait with until() for what comes")
        if name == "time.monotonic" and re.search(r"/test_\w+\.py$", path):
            result.problem(path, call.lineno, "elapsed time: a busy machine takes longer")
    for test in asserts(tree):
        if "state" in names(test):
            result.problem(path, test.lineno, "a report may be an old one: use wait_state()")
        if stands_in_a_log(test):
            result.problem(path, test.lineno, "a log may lack the words yet: use says()")
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for line in looks_too_early(function):
                result.problem(path, line, "what was asked for may not be recorded yet: wait first")
    for number, line in enumerate(text.splitlines(), 1):
        if PORT.search(line):
            result.problem(path, number, "a port that may be taken: use free_port()")


def check_c(result, path, lines):
    for number, line in enumerate(lines, 1):
        pause = PAUSE.search(line)
        if not pause or "/*" in line:
            continue
        poll_ms, microseconds, seconds = (int(text or 0) for text in pause.groups())
        if max(poll_ms, microseconds // 1000, seconds * 1000) >= LONG_MS:
            result.problem(path, number, "a pause: wait for what comes, or say why not")


def check(tree):
    result = Result()
    python = tree.matching(r"tests/(daemon|race)/.*\.py")
    for path in python:
        check_python(result, path, tree.text(path))
    sources = tree.matching(r"tests/unit/.*\.[ch]")
    for path in sources:
        check_c(result, path, tree.lines(path))
    result.note = f"{len(python)} Python files, {len(sources)} C files"
    return result
