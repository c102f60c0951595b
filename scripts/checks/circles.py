"""Inside a wing of module/, files call each other one way only: no circle.

File A is above file B when A calls a function, or reads a variable, that B defines. Headers do not
count by themselves, since a wing's private header can declare the functions of several files.
"""

import re
from collections import defaultdict

from tree import Result, c_functions, without_comments

NAME = "circles"
STATIC = re.compile(r"^static\b[^;{=]*?\b(\w+)\s*\(", re.M)
CALL = re.compile(r"\b(\w+)\b")


def check(tree):
    result = Result()
    sources = tree.matching(r"module/.*\.c")
    code = {path: without_comments(tree.text(path)) for path in sources}
    home = {}
    for path in sources:
        local = set(STATIC.findall(code[path]))
        for function in c_functions(tree.text(path)):
            if function.name not in local:
                home[function.name] = path
    count = 0
    for wing in sorted({path.split("/")[1] for path in sources}):
        above = edges([path for path in sources if path.split("/")[1] == wing], code, home)
        count += sum(map(len, above.values()))
        for circle in circles(above):
            names = ", ".join(path.removeprefix(f"module/{wing}/") for path in sorted(circle))
            result.problem(f"module/{wing}", 0, f"a circle of files that call each other: {names}")
    result.note = f"{count} pairs of files, one calls the other"
    return result


def edges(paths, code, home):
    """For each file of a wing, the files of the wing that the file calls."""
    above = defaultdict(set)
    inside = set(paths)
    for path in paths:
        for name in set(CALL.findall(code[path])):
            if home.get(name) in inside and home[name] != path:
                above[path].add(home[name])
    return above


def circles(above):
    """The strongly connected components of two files or more."""
    reach = {path: reachable(above, path) for path in list(above)}
    left = set(reach)
    while left:
        path = left.pop()
        circle = {other for other in reach[path] if path in reach.get(other, ())}
        left -= circle
        if len(circle) > 1:
            yield circle


def reachable(above, start):
    seen, todo = set(), [start]
    while todo:
        for path in above.get(todo.pop(), ()):
            if path not in seen:
                seen.add(path)
                todo.append(path)
    return seen
