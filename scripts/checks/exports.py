"""The module exports six symbols, and needs nothing but the module's libraries and Unbound."""

import os
import subprocess

from tree import Result

NAME = "exports"
SIX = {"init", "deinit", "operate", "inform_super", "clear", "get_mem"}


def check(tree):
    result = Result()
    module = tree.root / os.environ.get("SINKWATCH_SO", "")
    unbound = tree.root / os.environ.get("UNBOUND_BIN", "")
    if not module.is_file():
        result.skipped = "the module is not built (make module)"
        return result
    name = os.environ["SINKWATCH_SO"]
    defined = symbols(module, "--defined-only")
    for symbol in sorted(defined - SIX):
        result.problem(name, 0, f"exports '{symbol}': only {', '.join(sorted(SIX))} may be seen")
    for symbol in sorted(SIX - defined):
        result.problem(name, 0, f"does not export '{symbol}', which Unbound's dynlib module calls")
    needed = symbols(module, "--undefined-only", weak=False)
    for library in libraries(module):
        needed -= symbols(library, "--defined-only")
    if unbound.is_file():
        from_unbound = needed & symbols(unbound, "--defined-only")
        for symbol in sorted(needed - from_unbound):
            result.problem(name, 0, f"needs '{symbol}', which neither Unbound nor a library has")
        result.note = f"6 exported, {len(from_unbound)} taken from Unbound"
    else:
        result.note = "6 exported; no Unbound to compare what is needed with"
    return result


def symbols(path, which, weak=True):
    command = ["nm", "-D", "--format=posix", which, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = [line.split() for line in output.splitlines()]
    return {row[0].split("@")[0] for row in rows if len(row) > 1 and (weak or row[1] not in "wv")}


def libraries(module):
    output = subprocess.run(["ldd", str(module)], capture_output=True, text=True, check=False)
    for line in output.stdout.splitlines():
        for word in line.split():
            if word.startswith("/"):
                yield word
