"""The tree in figures: comments, words in place of nouns, lengths of functions.

    python3 -B scripts/checks/figures.py               renews the table of module/MEASUREMENTS.md
    python3 -B scripts/checks/figures.py --tree DIR    prints the same figures of another C tree

A line of comment has words of a comment and no code. The figures of other trees in the table were measured with this
program.
"""

import re
import sys
from datetime import date
from pathlib import Path

from prose import LITERAL_OR_COMMENT, Count, comments, prose
from tree import Tree, without_comments

FILE = "module/MEASUREMENTS.md"
PLACE = re.compile(r"(?<=^## The code\n).*?(?=^## |\Z)", re.S | re.M)
PARTS = {
    "decisions": r"module/decisions/.*\.md",
    "other documents": r"README\.md|module/[A-Z-]+\.md",
    "manual pages": r"conf/man/.*",
    "`conf/`": r"conf/.*\.(conf|lua|service|timer|bash)",
    "comments of Python in `tests/`": r"tests/.*\.py",
    "comments of models in `tests/`": r"tests/.*\.(pml|inc)",
    "comments in `scripts/` and `Makefile`": r"scripts/.*|Makefile",
}
# Measured on 2026-11-30 with --tree: Unbound 1.22.0 without sldns and generated parsers, and the heads of August 2026
# of Knot DNS (src), liburcu (src, include) and BIND (the three files of the qp-trie).
OTHERS = """\
| Unbound | 111,962 | 22 % | 167,551 | 0.6 | 11.1 | 2,356 | 19 / 68 / 198 |
| Knot DNS | 125,251 | 15 % | 82,865 | 0.3 | 5.2 | 4,175 | 15 / 54 / 131 |
| liburcu | 18,296 | 32 % | 33,364 | 0.2 | 9.2 | 612 | 8 / 38 / 90 |
| BIND's qp-trie | 3,774 | 48 % | 10,418 | 0.7 | 17.0 | 113 | 9 / 39 / 127 |
"""
# Before the language was revised; tests were not measured then.
BEFORE = "| `module/`, 2026-11-27 | 39,783 | 12 % | 48,959 | 11.6 | 44.5 | 2,011 | 11 / 23 / 34 |\n"
TEXT = """
{date}, `python3 -B scripts/checks/figures.py`, which also measures other trees. Lines are lines with code or comment;
a line of comment has no code. The columns *relative* and *pronouns* count `what, who, whose` and `it, its, they, them,
their, those, one, ones` in 1,000 words of comments; `make checks` allows 1.5 and 20 (part `comments`).

| C | lines | comment | words of comment | relative | pronouns | functions | lines of a function, 50 / 90 / 99 % |
|---|---|---|---|---|---|---|---|
{ours}{before}{others}
| other prose of this tree | words | relative | pronouns |
|---|---|---|---|
{parts}"""


def of_code(files):
    """Figures of C files, given as (path, text)."""
    code = remark = 0
    count, lengths = Count(), []
    for path, text in files:
        lines = text.split("\n")
        plain = LITERAL_OR_COMMENT.sub(without, text).split("\n")
        for line, rest in zip(lines, plain):
            code += bool(rest.strip())
            remark += bool(line.strip()) and not rest.strip()
        for _, words in comments(text):
            count.add(words)
        lengths += functions(text)
    lengths.sort()
    return code, remark, count, lengths


def functions(text):
    """Lines of each function, from the return type to the closing brace, in any style of braces."""
    found, head, opened, depth = [], 1, None, 0
    plain = without_comments(text).split("\n")
    for number, line in enumerate(plain, 1):
        if line.startswith("#") or line.endswith("\\"):
            head = number + 1 if not depth else head
            continue
        if line.startswith("{") and depth > 0 or line.startswith("}") and depth > 1:
            depth = 1 if line[0] == "}" else 0  # branches of #if with a brace in each
        for place, letter in enumerate(line):
            if letter == "{":
                before = " ".join(plain[head - 1 : number - 1] + [line[:place]])
                if depth == 0 and re.search(r"\)\s*$", before):
                    opened = head
                depth += 1
            elif letter == "}":
                depth = max(depth - 1, 0)
                if depth == 0 and opened:
                    found.append(number - opened + 1)
                    opened = None
        if depth == 0 and (not line.strip() or line.rstrip().endswith((";", "}"))):
            head = number + 1
    return found


def without(match):
    """A comment becomes blank lines, a literal stays."""
    return re.sub(r"[^\n]", "", match[0]) if match[0].startswith("/*") else match[0]


def at(lengths, share):
    return lengths[min(int(len(lengths) * share), len(lengths) - 1)] if lengths else 0


def row(name, files):
    code, remark, count, lengths = of_code(files)
    rates = "{:.1f} | {:.1f}".format(*count.rates())
    sizes = " / ".join(str(at(lengths, share)) for share in (0.5, 0.9, 0.99))
    share = 100 * remark / max(code + remark, 1)
    return f"| {name} | {code + remark:,} | {share:.0f} % | {count.words:,} | {rates} | {len(lengths):,} | {sizes} |"


def other(folder):
    files = sorted(path for path in Path(folder).rglob("*.[ch]") if path.is_file())
    print(row(folder, ((str(path), path.read_text(errors="replace")) for path in files)))


def parts(tree):
    for name, pattern in PARTS.items():
        count = Count()
        for path in tree.matching(pattern):
            count.add(prose(path, tree.text(path)))
        yield "| {} | {:,} | {:.1f} | {:.1f} |\n".format(name, count.words, *count.rates())


def renew():
    tree = Tree(Path(__file__).resolve().parents[2])
    ours = ""
    for folder in ("module", "tests"):
        files = tree.matching(rf"{folder}/.*\.[ch]")
        ours += row(f"`{folder}/`", [(path, tree.text(path)) for path in files]) + "\n"
    words = {"date": date.today(), "ours": ours, "before": BEFORE, "others": OTHERS, "parts": "".join(parts(tree))}
    text = PLACE.sub(lambda _: TEXT.format(**words) + "\n", tree.text(FILE))
    Path(tree.root / FILE).write_text(text.rstrip("\n") + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tree"]:
        other(sys.argv[2])
    else:
        renew()
