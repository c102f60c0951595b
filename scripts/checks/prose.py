"""Words that stand where a noun could, counted in the prose of any file of the tree.

Prose is all text that people read as sentences: comments of C, Python, shell, Lua and Promela,
docstrings, documents without code, man pages, and the comments of configurations (D-132).
"""

import io
import re
import tokenize
from dataclasses import dataclass

RELATIVE = {"what", "who", "whose"}
PRONOUNS = {"it", "its", "they", "them", "their", "those", "one", "ones"}
# Limits for RELATIVE and PRONOUNS in 1,000 words; the models of the field have 0.8 and 17.
LIMIT = (1.5, 20)

LITERAL_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/', re.S)
SETTING = re.compile(r"#?[a-z][a-z0-9-]*(:|  ).*")  # a setting that is commented out


@dataclass
class Count:
    """How often words of each kind occur among how many."""

    words: int = 0
    relative: int = 0
    pronouns: int = 0

    def add(self, text):
        for word in re.findall(r"[A-Za-z']+", text.lower()):
            self.words += 1
            self.relative += word in RELATIVE
            self.pronouns += word in PRONOUNS

    def include(self, other):
        self.words += other.words
        self.relative += other.relative
        self.pronouns += other.pronouns

    def rates(self):
        """Of 1,000 words: the rate of RELATIVE, the rate of PRONOUNS."""
        words = max(self.words, 1)
        return 1000 * self.relative / words, 1000 * self.pronouns / words

    def problems(self):
        for rate, limit, kind in zip(self.rates(), LIMIT, (RELATIVE, PRONOUNS)):
            if rate > limit:
                yield f"{rate:.1f} of 1,000 words are {', '.join(sorted(kind))}: {limit} at most"


def comments(text):
    """(line, words) of each comment of a C file, literals passed over."""
    for match in LITERAL_OR_COMMENT.finditer(text):
        if match.group(0).startswith("/*"):
            yield text.count("\n", 0, match.start()) + 1, match.group(0)[2:-2]


def of_markdown(text):
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.S | re.M)
    return re.sub(r"`[^`]*`|\]\([^)]*\)|^    .*$", " ", text, flags=re.M)


def of_man_page(text):
    text = re.sub(r"^\.nf$.*?^\.fi$|^\.EX$.*?^\.EE$", "", text, flags=re.S | re.M)
    text = re.sub(r"^\.(\\\"|TH|SH|so|ds).*$|^\.\w+ ?", "", text, flags=re.M)
    return re.sub(r"\\f[BI].*?\\f[RP]|\\-", " ", text)


def of_hashes(text):
    """Comments of a shell script or configuration; a setting in a comment is no prose."""
    found = re.findall(r"^\s*#+([^!].*)?$|\s#\s(.*)$", text, re.M)
    kept = [a or b for a, b in found]
    return "\n".join(line for line in kept if not SETTING.fullmatch(line.lstrip("#")) or line.startswith(" "))


def of_python(text):
    """Comments and the strings that stand as statements."""
    kept, former = [], tokenize.NEWLINE
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                kept.append(token.string.lstrip("#! "))
                continue
            if token.type == tokenize.STRING and former in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
                kept.append(token.string.strip("\"'"))
            if token.type != tokenize.NL:
                former = token.type
    except (tokenize.TokenError, IndentationError):
        return text
    return "\n".join(kept)


def prose(path, text):
    """The sentences of a file, as text."""
    if re.search(r"\.([ch]|pml|lex|inc)$", path):
        return "\n".join(words for _, words in comments(text))
    if path.endswith(".md"):
        return of_markdown(text)
    if re.search(r"\.[1-8]$", path):
        return of_man_page(text)
    if path.endswith(".lua"):
        return "\n".join(re.findall(r"--+(.*)$", text, re.M))
    if path.endswith(".py") or text.startswith("#!/usr/bin/python3") or text.startswith("#!/usr/bin/env python3"):
        return of_python(text)
    return of_hashes(text)
