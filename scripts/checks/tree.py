"""The tree under check, and the result of a check."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

IGNORED = {".git", ".deps", "build", "__pycache__", ".pytest_cache"}


@dataclass
class Result:
    """note: a few words for the line of the check; problems: "file:line: words"."""

    note: str = ""
    problems: list = field(default_factory=list)
    skipped: str = ""  # reason that the check could not run here

    def problem(self, path, line, words):
        self.problems.append(f"{path}:{line}: {words}" if line else f"{path}: {words}")


@dataclass(frozen=True)
class Function:
    name: str
    first: int  # line of the first word
    last: int  # line of the closing brace

    @property
    def lines(self):
        return self.last - self.first + 1


class Tree:
    def __init__(self, root):
        self.root = Path(root)
        self._texts = {}

    @cached_property
    def files(self):
        """Every file's path relative to the root, sorted, without ignored files."""
        found = []
        pending = [self.root]
        while pending:
            for path in pending.pop().iterdir():
                if path.name in IGNORED or path.is_symlink():
                    continue
                if path.is_dir():
                    pending.append(path)
                else:
                    found.append(str(path.relative_to(self.root)))
        return sorted(found)

    def matching(self, pattern):
        expression = re.compile(pattern)
        return [path for path in self.files if expression.fullmatch(path)]

    def text(self, path):
        if path not in self._texts:
            file = self.root / path
            self._texts[path] = file.read_text(errors="replace") if file.is_file() else ""
        return self._texts[path]

    def lines(self, path):
        return self.text(path).splitlines()

    def shell_scripts(self):
        return [path for path in self.files if re.match(r"#!/bin/(ba)?sh\b", self.text(path))]

    def make_targets(self):
        """The targets of make: the names that the Makefile lists in TARGETS."""
        joined = self.text("Makefile").replace("\\\n", " ")
        match = re.search(r"^TARGETS\s*=(.*)$", joined, re.M)
        return set(match.group(1).split()) if match else set()

    def make_variables(self):
        text = self.text("Makefile")
        return set(re.findall(r"^([A-Z][A-Z_]*)\s*[?:]?=", text, re.M)) | set(
            re.findall(r"\$\(([A-Z][A-Z_]*)\)", text)
        )


def without_comments(text):
    """C with comments and the inside of literals blanked, lines and columns kept."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token[0] + " " * (len(token) - 2) + token[-1]
        return re.sub(r"[^\n]", " ", token)

    return re.sub(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S
    )


def c_functions(text):
    """Functions of a C file in the tree's format: "{" and "}" alone at the first column."""
    found = []
    lines = without_comments(text).splitlines()
    opened = None
    for number, line in enumerate(lines, 1):
        if line.rstrip() == "{":
            first = number - 1
            while first > 1 and lines[first - 2].strip() and lines[first - 2][-1] not in ";}":
                if lines[first - 2].startswith("#"):
                    break
                first -= 1
            head = " ".join(lines[first - 1 : number - 1])
            match = re.search(r"(\w+)\s*\(", head)
            opened = (match.group(1) if match else "?", first)
        elif line.startswith("}") and opened:
            found.append(Function(opened[0], opened[1], number))
            opened = None
    return found
