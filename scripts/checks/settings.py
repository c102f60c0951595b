"""conf/sinkwatch.conf documents exactly the keys of settings.c, with defaults and ranges.

The manual page has the same words: run as a program, this file renews the section SETTINGS of the page from the
comments of conf/sinkwatch.conf.
"""

import re
import sys
from pathlib import Path

from tree import Result, Tree

NAME = "settings"
TABLE = "module/base/settings.c"
FILE = "conf/sinkwatch.conf"
PAGE = "conf/man/sinkwatch.conf.5"
SECTION = re.compile(r"(?<=^\.Sh SETTINGS\n).*?(?=^\.Sh FILES\n)", re.S | re.M)
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
    page = SECTION.search(tree.text(PAGE))
    if not page or page[0] != manual(tree.text(FILE)):
        command = "python3 -B scripts/checks/settings.py"
        result.problem(PAGE, 0, f"SETTINGS has other words than {FILE}; renew with {command}")
    result.note = f"{len(rows)} keys"
    return result


def manual(conf):
    """The section SETTINGS of the manual page: each key with the comment above, in mdoc."""
    out, words, keys = [], [], []
    for line in conf[conf.index("\n# ---- ") + 1 :].splitlines() + [""]:
        heading = re.fullmatch(r"# ---- (.*) ----", line)
        key = EXAMPLE.match(line)
        if heading:
            out += [".El"] if out else []
            out += [f".Ss {heading[1][0].upper()}{heading[1][1:]}", ".Bl -tag -width indent"]
        elif key:
            keys.append(f".It Li {escaped(line.lstrip('#'))}")
        elif line.startswith("# "):
            words.append(line[2:])
        elif keys:
            sentences = re.split(r"(?<=[^.]\.) (?=[A-Z0-9])", " ".join(words))
            out += keys + [escaped(sentence) for sentence in sentences]
            words, keys = [], []
    return "\n".join([*out, ".El", ""])


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    text = re.sub(r"`([^`]*)`", r"\\(lq\1\\(rq", text)
    return f"\\&{text}" if text.startswith((".", "'")) else text


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


def main():
    tree = Tree(Path(__file__).resolve().parents[2])
    renewed = SECTION.sub(lambda _: manual(tree.text(FILE)), tree.text(PAGE))
    Path(tree.root / PAGE).write_text(renewed)
    sys.exit(0)


if __name__ == "__main__":
    main()
