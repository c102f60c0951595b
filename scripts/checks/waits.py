"""Tests that would fail by chance: looks before a thing can be there, fixed pauses and ports.

In the Python of tests/daemon and tests/race:

  pause    time.sleep() anywhere but in harness/wait.py
  elapsed  time.monotonic() in a test: a busy machine takes longer than any bound
  state    an assert on the last report of a resolver (.state()): .wait_state() waits for a report
  log      an assert that words stand in a log (.log()): .says() waits for the words
  stream   an assert on all that was recorded (.all(), .raised(), .xlen(), read_file(), seen()), in
           a function that asked and has not waited since: for an event, or for the resolver's end;
           an until() counts if the condition looks at the recorded events
  order    an assert on the stream or on data made of the stream, after a wait for the event file,
           which is written first
  raises   a condition for until() that contains an assert, which ends the wait at once; a comment on the
           line says that it has to hold at each look
  short    timeout= of less than 5 seconds, which a busy machine exceeds, but in pytest.raises(), suppress()
           or a condition for until(); or a comment on the line says why
  factor   timeout= as a number for a process, without FACTOR, which sanitizers need
  port     a port written as a number: free_port() finds one that is free

Decision: D-105.

In the C of tests/unit: a pause of 50 ms or more without a comment on the same line with the reason.
"""

import ast
import re

from tree import Result

NAME = "waits"
PAUSE = re.compile(r"\bpoll\(NULL, 0, (\d+)\)|\busleep\((\d+)\)|\bsleep\((\d+)\)")
LONG_MS = 50
PORT = re.compile(r"127\.0\.0\.1[:@]\d{2,5}\b")
ASKS = {"ask", "ask_many"}
WAITS = {"wait", "anomaly", "stop", "ask_for", "raises"}
STREAM = {"all", "raised", "xlen", "seen"}
RECORDED = {*STREAM, "read_file"}
SHORT = 5.0  # seconds
PROCESSES = {"run", "communicate", "check_output"}
MAY_FAIL = {"raises", "suppress"}


def called(node):
    """The name of a call's function: "wait" of events.wait(...)."""
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def calls(node):
    return [each for each in ast.walk(node) if isinstance(each, ast.Call)]


def names(node):
    return {called(call) for call in calls(node)}


def statements(body):
    """Statements in the order of the text, statements of blocks included, nested functions left
    out."""
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            continue
        inner = [each for field in ("body", "orelse", "handlers", "finalbody")
                 for each in getattr(statement, field, [])]  # fmt: skip
        if inner:
            yield from statements(inner)
        else:
            yield statement


def conditions(node, functions):
    """The condition of each until(): its own text, and the functions of the file that it leads to."""
    for call in calls(node):
        if called(call) == "until" and call.args:
            found, new = set(), [call.args[0]]
            while new:
                found.update(new)
                words = {getattr(each, "id", getattr(each, "attr", None))
                         for one in new for each in ast.walk(one)}  # fmt: skip
                new = [functions[word] for word in words & set(functions)]
                new = [function for function in new if function not in found]
            yield from found


def waited_for(node, functions):
    """The thing that a statement waits for: "stream", "file", or nothing."""
    found = {name for each in conditions(node, functions) for name in names(each)}
    if names(node) & WAITS or found & (STREAM | WAITS):
        return "stream"
    return "file" if "read_file" in found else ""


def looks_too_early(function, functions):
    """Lines of asserts on recorded events, with the reason: behind a question and before any
    wait."""
    pending = ""
    for statement in statements(function.body):
        looks = names(statement.test) & RECORDED if isinstance(statement, ast.Assert) else set()
        if looks and pending == "asked":
            yield statement.lineno, "what was asked for may not be recorded yet: wait first"
        if looks & STREAM and pending == "file":
            yield statement.lineno, "the file is written before the stream: wait for the stream"
        waited = waited_for(statement, functions)
        if waited == "stream":
            pending = ""
        elif waited == "file" and pending:
            pending = "file"
        elif names(statement) & ASKS:
            pending = "asked"


def numbers_of(tree):
    """Module-level numbers by name."""
    return {
        node.targets[0].id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Constant) and isinstance(node.value.value, (int, float))
    }  # fmt: skip


def seconds(node, constants):
    """The smallest number that the value of timeout= may be, and whether FACTOR is part of it."""
    found = [each.value for each in ast.walk(node)
             if isinstance(each, ast.Constant) and isinstance(each.value, (int, float))]  # fmt: skip
    named = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    found += [constants[name] for name in named & set(constants)]
    return min(found, default=None), "FACTOR" in named


def excused(tree, functions):
    """Nodes inside a statement that may fail: with pytest.raises(), with suppress(), conditions for
    until()."""
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.With)
              and any(names(item.context_expr) & MAY_FAIL for item in node.items)]  # fmt: skip
    return {each for block in [*blocks, *conditions(tree, functions)] for each in ast.walk(block)}


def check_timeouts(result, path, tree, functions, lines):
    constants, free = numbers_of(tree), excused(tree, functions)
    for call in calls(tree):
        value = next((key.value for key in call.keywords if key.arg == "timeout"), None)
        if value is None or call in free or "#" in lines[value.lineno - 1]:
            continue
        least, scaled = seconds(value, constants)
        if least is not None and least < SHORT and called(call) not in PROCESSES:
            result.problem(path, value.lineno, "a short time-out: say why no answer can be late")
        elif least is not None and not scaled and called(call) in PROCESSES:
            result.problem(path, value.lineno, "a time-out without FACTOR")


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
    lines = text.splitlines()
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for function in functions.values():
        for line, why in looks_too_early(function, functions):
            result.problem(path, line, why)
    for condition in conditions(tree, functions):
        for each in ast.walk(condition):
            if isinstance(each, ast.Assert) and "#" not in lines[each.lineno - 1]:
                result.problem(path, each.lineno, "an assert in a condition for until()")
    check_timeouts(result, path, tree, functions, lines)
    for number, line in enumerate(lines, 1):
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
