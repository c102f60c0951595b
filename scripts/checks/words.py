"""Calls and words that the tree does without."""

import re

from tree import Result, without_comments

NAME = "words"
BANNED_CALLS = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|strncpy|strncat)\s*\(")
# Spelt so that this file does not contain the words itself.
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
MACHINE = re.compile(r"(?<![\w./])(/wor[k]/|/tmp/[w]/|/hom[e]/\w+/|/roo[t]/\w)")

# The module states facts: no word about intent (module/README.md).
INTENT = re.compile(
    r'"[^"\n]*\b(malicious|suspicious|suspect|attack(er|ed)?|criminal|hacked|hijack(ed)?|'
    r'compromised|evil)\b[^"\n]*"',
    re.I,
)


def check(tree):
    result = Result()
    for path in tree.matching(r"module/(owner|journal|flow|host|cli)/.*\.c"):
        for number, line in enumerate(tree.lines(path), 1):
            if INTENT.search(line):
                result.problem(path, number, "facts only: no wording of intent")
    sources = tree.matching(r"(module|tests)/.*\.[ch]")
    for path in sources:
        for number, line in enumerate(without_comments(tree.text(path)).splitlines(), 1):
            for name in BANNED_CALLS.findall(line):
                result.problem(path, number, f"{name}() is not used here: no length is checked")
    texts = [
        path
        for path in tree.files
        if re.search(r"\.(c|h|py|sh|md|conf|map|txt|yml|1|5|8)$|^[^.]*$", path)
        and "/corpus/" not in path
    ]
    for path in texts:
        for number, line in enumerate(tree.lines(path), 1):
            for word in LATER.findall(line):
                result.problem(path, number, f"'{word}': finish it, or say it in an issue")
            if MACHINE.search(line):
                result.problem(path, number, "a path of somebody's own machine")
    result.note = f"{len(sources)} C files, {len(texts)} texts"
    return result
