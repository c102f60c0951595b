"""The dialect of C, beyond the rules of clang-format.

sizeof(x) with parentheses; a pointer is tested by itself; no braces round a single line; no blank line
between declarations and statements; a variable is declared where its first value is assigned.
`make fmt` rewrites, this check compares.
"""

import re
import sys
from pathlib import Path

from tree import Result

NAME = "dialect"
KEPT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)
MARK = re.compile(r"\x01(\d+)\x02")  # stands for a literal or comment
END = r";(?: *\x01\d+\x02)?"
OPERAND = r"(?:\*?[A-Za-z_]\w*(?:\((?:[^()]|\([^()]*\))*\)|\[[^\[\]]*\]|->\w+|\.\w+)*)"
ASSIGNED = r"\(((?:[^()]|\([^()]*\))* = (?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)"
NOT_INSIDE = r"(?<![\w.>\]\)\*])"
OPENS = r"(?:if \(|while \(|assert\(|&&\s+|\|\|\s+|&& \(|\|\| \(|for \([^;\n]*; )"
CLOSES = r"(?=\s*(?:&&|\|\||\)|;|\?))"
GOES_ON = r"(?=\s*(?:&&|\|\||\?))"
ARM = r"\1    (?!if |for |while |do )[^\n]*" + END + r"\n"
ARMS = re.compile(
    r"^( *)(?:if|for|while|RBTREE_FOR) ?\([^\n]*\) \{\n" + ARM
    + r"(?:\1\} else if \([^\n]*\) \{\n" + ARM + r")*"
    + r"(?:\1\} else \{\n" + ARM + r")?\1\}$",
    re.M,
)  # fmt: skip
TYPES = r"static|const|struct|enum|union|unsigned|signed|int|char|bool|long|double|void|\w+_t|MMDB_\w+"
DECLARATION = re.compile(rf"(?:{TYPES})\b[ *]")
STATEMENT = re.compile(r"(return|if|for|while|else|do|switch|goto|case)\b")
OPENS_BLOCK = re.compile(r"\{|.*(?:\)|\belse|\bdo) \{")
LONE = re.compile(r"( +)((?:(?:const|unsigned|struct|enum|union) )*[A-Za-z_]\w*) (\**)([a-z_]\w*);")


def rewrite(text):
    kept = []

    def keep(match):
        kept.append(match.group(0))
        return f"\x01{len(kept) - 1}\x02"

    text = KEPT.sub(keep, text)
    text = re.sub(r"\bsizeof (\*?[A-Za-z_]\w*(?:\[[^\[\]]*\]|->\w+|\.\w+)*)", r"sizeof(\1)", text)
    text = without_blanks(where_first_needed(without_braces(without_null(text))))
    return MARK.sub(lambda match: kept[int(match.group(1))], text)


def without_null(text):
    """A comparison that is a condition; a comparison that is a value or an argument stays."""
    text = re.sub(NOT_INSIDE + f"({OPERAND}) == NULL\\b", r"!\1", text)
    for _ in range(2):  # neighbours share the operator between them
        text = re.sub(f"({OPENS})({OPERAND}) != NULL\\b{CLOSES}", r"\1\2", text)
    text = re.sub(NOT_INSIDE + f"({OPERAND}) != NULL\\b{GOES_ON}", r"\1", text)
    return re.sub(ASSIGNED + r" == NULL\b", r"!(\1)", text)


def without_braces(text):
    """Statements of which every arm is a single line."""

    def bare(match):
        lines = [re.sub(r" \{$", "", line) for line in match.group(0).split("\n")]
        lines = [re.sub(r"^(\s*)\} else", r"\1else", line) for line in lines]
        return "\n".join(line for line in lines if line.strip() != "}")

    former = None
    while former != text:
        former, text = text, ARMS.sub(bare, text)
    return text


def where_first_needed(text):
    """A variable is declared with its first value, if the same block assigns the value."""
    lines = text.split("\n")
    for at in range(len(lines) - 1, -1, -1):
        match = LONE.fullmatch(lines[at])
        if not match or STATEMENT.match(lines[at].strip()):
            continue
        use = first_use(lines, at, match[1], match[4])
        if use:
            lines[use] = f"{match[1]}{match[2]} {match[3]}{lines[use].strip()}"
            del lines[at]
    return "\n".join(lines)


def first_use(lines, at, indent, name):
    """The line that first names a variable, if the line assigns a value in the variable's own block."""
    for use in range(at + 1, len(lines)):
        line = lines[use]
        if line.startswith("#") or line.strip() and not line.startswith(indent):
            return None
        if re.search(rf"\b{name}\b", line):
            own = re.match(rf"{indent}{name} = (?!.*\b{name}\b)", line)
            return use if own and not lines[use - 1].rstrip().endswith(":") else None
    return None


def without_blanks(text):
    lines, out, at = text.split("\n"), [], 0
    while at < len(lines):
        out.append(lines[at])
        end = declarations(lines, at + 1) if OPENS_BLOCK.fullmatch(lines[at]) else at + 1
        out += lines[at + 1 : end]
        if end > at + 1 and end < len(lines) and not lines[end].strip():
            end += 1
        at = end
    return "\n".join(out)


def declarations(lines, at):
    """The line after the last declaration of a block that begins at a line."""
    while at < len(lines):
        first = lines[at].strip()
        if not DECLARATION.match(first) or STATEMENT.match(first):
            break
        end = at
        while end + 1 < len(lines) and lines[end].strip() and not re.search(END + "$", lines[end]):
            end += 1
        if not lines[end].strip():
            break
        at = end + 1
    return at


def check(tree):
    result = Result()
    files = tree.matching(r"(module|tests)/.*\.[ch]")
    for path in files:
        text = tree.text(path)
        wanted = rewrite(text)
        if wanted != text:
            pairs = zip(text.split("\n"), wanted.split("\n"))
            line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 0)
            result.problem(path, line, "not in the dialect of the tree (make fmt)")
    result.note = f"{len(files)} C files"
    return result


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        text = path.read_text()
        if rewrite(text) != text:
            path.write_text(rewrite(text))
