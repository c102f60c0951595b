"""Includes go in a single direction, and few files see Unbound's headers."""

import re

from tree import Result

NAME = "layers"
ALLOWED = {
    "base": "base",
    "redis": "base redis",
    "index": "base index",
    "memory": "base memory",
    "owner": "base index owner",
    "feed": "base redis index owner feed",
    "journal": "base redis index memory owner journal",
    "flow": "base index memory owner feed journal flow",
    "host": "base index memory owner feed journal flow host",
    "formats": "base formats",
    "cli": "base redis index memory owner feed journal flow formats cli",
}
# Rooms inside a wing, and the rooms that each may include beside the wing's own files.
ROOMS = {
    "cli": {"": "", "lists": "", "past": "", "show": "lists past", "sweep": "show", "report": "show sweep past view", "feed": "lists", "doctor": "feed notify", "metrics": "serve", "notify": "", "memory": "lists show past", "serve": "", "top": "", "view": "lists show memory past feed", "web": "serve view lists show"}
}
SEES_OPENSSL = {"module/cli/feed/tsig.c", "module/cli/feed/dot.c"}
SEES_UNBOUND = re.compile(r"module/(host/.*|flow/(query|act)\.c|flow/ub\.h)")
UNBOUND_ONLY = {"flow/ub.h", "flow/query.h", "flow/act.h"}  # of the stages that know Unbound
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def check(tree):
    result = Result()
    files = tree.matching(r"module/[^/]+/.*\.[ch]")
    for path in files:
        layer = path.split("/")[1]
        if layer not in ALLOWED:
            result.problem(path, 0, f"the folder module/{layer} is in no layer: see ALLOWED")
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = INCLUDE.match(line)
            if match:
                judge(tree, result, (path, layer, number), *match.groups())
    result.note = f"{len(files)} files"
    return result


def judge(tree, result, where, quote, name):
    path, layer, number = where
    sees_unbound = SEES_UNBOUND.fullmatch(path)
    if quote == "<":
        if name == "maxminddb.h" and layer != "owner":
            result.problem(path, number, "only owner/ uses libmaxminddb")
        if name.startswith("openssl/") and layer != "redis" and path not in SEES_OPENSSL:
            result.problem(path, number, "only redis/, cli/feed/tsig.c and cli/feed/dot.c use OpenSSL")
        return
    if f"module/{name}" not in tree.files:
        if not sees_unbound:
            result.problem(
                path, number, f'"{name}" is not in module/; only host/, flow/query.c, flow/act.c '
                "and flow/ub.h see Unbound's headers"
            )  # fmt: skip
        return
    target = name.split("/")[0]
    if target not in ALLOWED[layer].split():
        result.problem(path, number, f"{layer}/ may not include {target}/ ({name})")
    elif layer == target and not shares_room(layer, path.removeprefix("module/"), name):
        result.problem(path, number, f"{room_of(path[7:]) or 'the core'} of {layer}/ may not include {name}")
    elif name == "flow/ub.h" and not sees_unbound:
        result.problem(path, number, "flow/ub.h brings Unbound's headers in, which this may not see")
    elif layer == "cli" and name in UNBOUND_ONLY:
        result.problem(path, number, f"cli/ may not include {name}: it is linked without Unbound")


def room_of(name):
    parts = name.split("/")
    return parts[1] if len(parts) == 3 else ""


def shares_room(layer, path, name):
    """Whether a file may include another file of the same wing."""
    rooms = ROOMS.get(layer)
    here, there = room_of(path), room_of(name)
    return rooms is None or there in ("", here) or there in rooms[here].split()
