"""Models of the protocols name functions that exist, and mutations that change something.

A step of tests/model/*.pml names the modelled function: "= sw_turns_raise(), base/turns.h", a
function and the file below module/ with the function, or "= dns_cache_store() of Unbound". The
table in the first comment of a model (tests/model/run.py) has each define that an #ifdef asks for,
and no other.
"""

import re

from tree import Result, c_functions, without_comments

NAME = "models"
MUTATION = re.compile(r"^ \*   ([A-Z][A-Z0-9_]+)\s+[\w/]+\s+\S", re.M)
STEP = re.compile(r"= (\w+)\(\)(?: of (Unbound)|, ([\w/]+\.[ch]))?")
ASKED = re.compile(r"^#\s*(?:if|ifdef|ifndef|elif)\b(.*)$", re.M)
SET = re.compile(r"^#\s*define\s+(\w+)", re.M)


def check(tree):
    result = Result()
    models = tree.matching(r"tests/model/.*\.(pml|inc)")
    steps = sum(judge_steps(tree, result, path) for path in models)
    for path in tree.matching(r"tests/model/.*\.pml"):
        judge_mutations(tree, result, path)
    result.note = f"{steps} steps of {len(models)} files"
    return result


def judge_steps(tree, result, path):
    text = tree.text(path)
    steps = list(STEP.finditer(text))
    for step in steps:
        name, unbound, file = step.groups()
        line = text.count("\n", 0, step.start()) + 1
        if unbound:
            continue
        if not file:
            result.problem(path, line, f"{name}() of which file?")
        elif f"module/{file}" not in tree.files:
            result.problem(path, line, f"there is no module/{file}")
        elif name not in functions(tree, f"module/{file}"):
            result.problem(path, line, f"module/{file} has no function {name}()")
    if not steps and path.endswith(".pml"):
        result.problem(path, 0, "no step says which function it stands for")
    return len(steps)


def functions(tree, path):
    """Functions that a file defines; functions that a header declares, too."""
    text = tree.text(path)
    found = {function.name for function in c_functions(text)}
    if path.endswith(".h"):
        found |= set(re.findall(r"\b(\w+)\(", without_comments(text)))
    return found


def judge_mutations(tree, result, path):
    text = tree.text(path)
    listed = set(MUTATION.findall(text.split("*/")[0]))
    included = [tree.text(f"tests/model/{name}") for name in re.findall(r'#include "([^"]+)"', text)]
    for name in sorted(listed - asked(text + "".join(included))):
        result.problem(path, 0, f"the mutation {name} changes nothing")
    for name in sorted(asked(text) - listed - set(SET.findall(text))):
        result.problem(path, 0, f"no mutation is called {name}")
    if not listed:
        result.problem(path, 0, "no mutation of this model has to fail")


def asked(text):
    """Names in the conditions of the preprocessor."""
    return {name for part in ASKED.findall(text) for name in re.findall(r"\b[A-Z]\w+", part)}
