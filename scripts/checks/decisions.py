"""Decisions: a file each, with a status, short, in the index; a name such as D-0nn leads to a file.

The files of a decision exist. Code, a test or a script names each decision that is not replaced or rejected, unless
the decision has a line that begins with "Named nowhere:" and gives the reason. Run as a program this renews the table of module/DECISIONS.md from the files of module/decisions/.
"""

import re
import sys
from pathlib import Path

from tree import Result, Tree

NAME = "decisions"
INDEX = "module/DECISIONS.md"
FILE = re.compile(r"module/decisions/(D-\d{3})-[a-z0-9-]+\.md")
MENTION = re.compile(r"\bD-\d{3}\b")
TITLE = re.compile(r"# (D-\d{3}) (\S.*)")
STATUS = r"in force|rejected|(?:replaced|amended) by D-\d{3}(?:, D-\d{3})*"
HEAD = re.compile(rf"Date: (\d{{4}}-\d\d-\d\d(?:, \d{{4}}-\d\d-\d\d)*)\. Status: ({STATUS})\.")
FILES = re.compile(r"Files: (\S.*)\.")
LINES = 40
COLUMNS = 110
SEARCHED = r"(module|scripts|tests|conf)/(?!.*/corpus/).*|README\.md|Makefile"


def check(tree):
    result = Result()
    decisions = {}
    for path in tree.matching(FILE.pattern):
        decision = read(tree, result, path)
        if decision:
            decisions[decision[0]] = (path, decision)
    index(tree, result, decisions)
    named = mentions(tree, result, set(decisions))
    for number, (path, decision) in decisions.items():
        files(tree, result, path, decision[4])
        unnamed(tree, result, path, decision, named)
    result.note = f"{len(decisions)} decisions"
    return result


def read(tree, result, path):
    """(number, title, date, status, files), or None after a problem."""
    lines = tree.lines(path) + [""] * 3
    if len(tree.lines(path)) > LINES:
        result.problem(path, 0, f"{len(tree.lines(path))} lines, {LINES} at most")
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not line.startswith("|"):
            result.problem(path, number, f"{len(line)} columns, {COLUMNS} at most")
    parts = [TITLE.fullmatch(lines[0]), HEAD.fullmatch(lines[1]), FILES.fullmatch(lines[2])]
    forms = ["# D-nnn Title", "Date: YYYY-MM-DD. Status: in force.", "Files: `layer/file.c`."]
    for number, (part, form) in enumerate(zip(parts, forms), 1):
        if not part:
            result.problem(path, number, f"the line is not of the form '{form}'")
    if not all(parts):
        return None
    if parts[0][1] != FILE.fullmatch(path)[1]:
        result.problem(path, 1, f"the file's name says another number than {parts[0][1]}")
    return (*parts[0].groups(), *parts[1].groups(), parts[2][1])


def row(path, number, title, date, status, files):
    return f"| [{number}]({path.removeprefix('module/')}) | {title} | {date} | {status} | {files} |"


def index(tree, result, decisions):
    rows = {line for line in tree.lines(INDEX) if line.startswith("| [D-")}
    wanted = {row(path, *decision) for path, decision in decisions.values()}
    for line in sorted(rows ^ wanted):
        what = "is not in the index as its file says" if line in wanted else "is not as its file says"
        number = MENTION.search(line)[0]
        result.problem(INDEX, 0, f"{number} {what}; renew with python3 -B scripts/checks/decisions.py")
    for number, line in enumerate(tree.lines(INDEX), 1):
        if re.match(r"## D-\d", line):
            result.problem(INDEX, number, "a decision is a file of its own in module/decisions/")


def files(tree, result, path, listed):
    """Each file or folder of the line "Files:" exists."""
    for name in re.findall(r"`([^`]+)`", listed):
        full = name if re.match(r"(tests|scripts|conf|module)/|Makefile", name) else f"module/{name}"
        if not any(file == full or file.startswith(f"{full}/") for file in tree.files):
            result.problem(path, 3, f"there is no {full}")


def unnamed(tree, result, path, decision, named):
    number, _, _, status, _ = decision
    if number in named or re.match(r"replaced|rejected", status):
        return
    if not re.search(r"^Named nowhere: \S", tree.text(path), re.M):
        result.problem(path, 0, f"no code, test or script names {number}, and no line 'Named nowhere:' says why")


def mentions(tree, result, known):
    """The decisions that code, tests or scripts name."""
    named = set()
    for path in tree.matching(SEARCHED):
        for number, line in enumerate(tree.lines(path), 1):
            for name in MENTION.findall(line):
                if name not in known:
                    result.problem(path, number, f"there is no decision {name}")
                if not path.endswith(".md"):
                    named.add(name)
    return named


def main():
    tree = Tree(Path(__file__).resolve().parents[2])
    result = Result()
    read_all = ((path, read(tree, result, path)) for path in tree.matching(FILE.pattern))
    rows = [row(path, *decision) for path, decision in read_all if decision]
    kept = [line for line in tree.lines(INDEX) if not line.startswith("| [D-")]
    place = next(number for number, line in enumerate(kept) if line.startswith("|---")) + 1
    Path(tree.root / INDEX).write_text("\n".join(kept[:place] + rows + kept[place:]) + "\n")
    sys.exit("\n".join(result.problems) or 0)


if __name__ == "__main__":
    main()
