"""Comments that a stranger can read: nouns, names that exist, 100 columns.

A noun is counted by its absence: words such as "what" and "it" stand where a noun could. Each wing of
module/ keeps to the same limits, for both kinds of words, in each 1,000 words of comments; the limits only go
down.
"""

import re
from collections import defaultdict

from tree import Result

NAME = "comments"
COLUMNS = 100
COMMENT = re.compile(r"/\*(.*?)\*/", re.S)
LITERAL_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/', re.S)
RELATIVE = {"what", "who", "whose"}
PRONOUNS = {"it", "its", "they", "them", "their", "those", "one", "ones"}
# Limits for RELATIVE and PRONOUNS in 1,000 words; the models of the field have 0.8 and 17.
LIMIT = (1.5, 20)
WIDE = re.compile(r"module/cli/report/report_style\.h|tests/.*")  # still to be folded
NAMED_FUNCTION = re.compile(r"\b((?:sw|cli|sweep)_\w+)\(\)")
NAMED_FILE = re.compile(r"(?<![\w/.-])((?:[\w-]+/)*[\w-]+\.[ch])\b")
TAG = re.compile(r"^(?:typedef )?(struct|enum|union) (sw_\w+)\s*\{", re.M)


def comments(text):
    """(line, words) of each comment of a C file, literals passed over."""
    for match in LITERAL_OR_COMMENT.finditer(text):
        if match.group(0).startswith("/*"):
            yield text.count("\n", 0, match.start()) + 1, match.group(0)[2:-2]


def check(tree):
    result = Result()
    sources = tree.matching(r"module/.*\.[ch]")
    tests = tree.matching(r"tests/.*\.[ch]")
    code = "\n".join(tree.text(path) for path in sources + tests)
    functions = set(re.findall(r"\b((?:sw|cli|sweep)_\w+)\s*\(", LITERAL_OR_COMMENT.sub("", code)))
    for path in sources + tests:
        names(tree, result, path, functions)
        columns(tree, result, path)
    tags(tree, result, sources)
    result.note = counts(tree, result, sources)
    return result


def columns(tree, result, path):
    if WIDE.fullmatch(path):
        return
    for number, line in enumerate(tree.lines(path), 1):
        if len(line) > COLUMNS:
            result.problem(path, number, f"{len(line)} columns, {COLUMNS} at most")


def names(tree, result, path, functions):
    files = set(tree.files)
    for line, text in comments(tree.text(path)):
        for name in NAMED_FUNCTION.findall(text):
            if name not in functions:
                result.problem(path, line, f"no function is called {name}()")
        for name in NAMED_FILE.findall(text):
            if re.search(r"[A-Z]{2}", name):
                continue  # a placeholder, as in fuzz_NAME.c
            wanted = re.compile(rf"(.*/)?{re.escape(name)}")
            if not any(wanted.fullmatch(file) for file in files) and not of_unbound(text, name):
                result.problem(path, line, f"there is no file {name}")


def of_unbound(text, name):
    """Whether the comment says that the file is another project's."""
    return re.search(rf"Unbound's\s+(?:\*\s+)?{re.escape(name)}|{re.escape(name)} of Unbound", text)


def tags(tree, result, sources):
    places = defaultdict(list)
    for path in sources:
        for match in TAG.finditer(LITERAL_OR_COMMENT.sub("", tree.text(path))):
            places[match.groups()].append(path)
    for (kind, tag), paths in places.items():
        if len(paths) > 1 and any(path.endswith(".h") for path in paths):
            result.problem(paths[0], 0, f"{kind} {tag} is another type in {', '.join(paths[1:])}")


def counts(tree, result, sources):
    words, relative, pronouns = defaultdict(int), defaultdict(int), defaultdict(int)
    for path in sources:
        wing = path.split("/")[1]
        for _, text in comments(tree.text(path)):
            for word in re.findall(r"[A-Za-z']+", text.lower()):
                words[wing] += 1
                relative[wing] += word in RELATIVE
                pronouns[wing] += word in PRONOUNS
    for wing, total in sorted(words.items()):
        rates = 1000 * relative[wing] / total, 1000 * pronouns[wing] / total
        for rate, limit, kind in zip(rates, LIMIT, (RELATIVE, PRONOUNS)):
            if rate > limit:
                listed = ", ".join(sorted(kind))
                result.problem(f"module/{wing}", 0, f"{rate:.1f} of 1,000 words are {listed}: {limit} at most")
    total = max(sum(words.values()), 1)
    return (
        f"{total} words, {1000 * sum(relative.values()) / total:.1f} and "
        f"{1000 * sum(pronouns.values()) / total:.1f} of 1,000 in place of nouns"
    )
