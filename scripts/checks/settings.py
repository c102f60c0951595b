"""conf/sinkwatch.conf documents exactly the keys of settings.c, with their defaults and ranges."""

import re

from tree import Result

NAME = "settings"
TABLE = "module/base/settings.c"
FILE = "conf/sinkwatch.conf"
ROW = re.compile(
    r'\{\s*"(?P<key>[a-z0-9-]+)",\s*KIND_(?P<kind>\w+),\s*FIELD\([^)]*\),\s*'
    r'(?P<min>[^,]+),\s*(?P<max>[^,]+),\s*(?P<default>NULL|"[^"]*")\s*\}'
)
EXAMPLE = re.compile(r"^#?([a-z][a-z0-9-]*):(?:\s|$)")


def check(tree):
    result = Result()
    rows = {match["key"]: match for match in ROW.finditer(tree.text(TABLE))}
    if not rows:
        result.problem(TABLE, 0, "no row of the table of keys was recognized")
        return result
    seen = {}
    block = []
    below = False
    for number, line in enumerate(tree.lines(FILE), 1):
        match = EXAMPLE.match(line)
        if match:
            judge(result, rows, seen, match.group(1), (number, " ".join(block)))
            below = True  # the next key may share these words
        elif line.startswith("# "):
            block = [line[2:]] if below else block + [line[2:]]
            below = False
        elif not line.strip():
            block = []
    for key in rows.keys() - seen.keys():
        result.problem(FILE, 0, f"the key {key} of {TABLE} is not documented")
    result.note = f"{len(rows)} keys"
    return result


def judge(result, rows, seen, key, where):
    number, words = where
    if key in seen:
        result.problem(FILE, number, f"{key} is documented in line {seen[key]} already")
    elif key not in rows:
        result.problem(FILE, number, f"there is no key {key} in {TABLE}")
    seen[key] = number
    if key not in rows or not words:
        if not words:
            result.problem(FILE, number, f"{key} has no words above it")
        return
    row = rows[key]
    default = row["default"].strip('"')
    if row["default"] != "NULL":
        shown = default or "none"
        if not re.search(rf"Default: {re.escape(shown)}([.,; ]|$)", words):
            result.problem(FILE, number, f"{key}: 'Default: {shown}' is missing above it")
    if row["kind"] == "NUMBER" and row["min"].isdigit() and row["max"].isdigit():
        if f"{row['min']} to {row['max']}" not in words:
            result.problem(
                FILE, number, f"{key}: the range '{row['min']} to {row['max']}' is missing above it"
            )
