"""Comments and documents that a stranger can read: nouns, names that exist, 100 columns.

A missing noun is counted by the words in its place: "what", "it" and the like (prose.py). Each part
of the tree keeps to the same limits, for both kinds of words: each wing of module/, all decisions
together, each folder of tests/ and scripts/, and each other document.
"""

import re
from collections import defaultdict

from prose import LITERAL_OR_COMMENT, Count, comments, prose
from tree import Result

NAME = "comments"
COLUMNS = 100
WIDE = re.compile(r'\s*(#define \w+ +)?"(?:\\.|[^"\\])*"[\s;,)\\]*')  # a line of text that goes out as it stands
PROSE = r"(module|tests|scripts)/(?!.*/corpus/).*\.(c|h|pml|py|md|pm)|conf/(?!.*\.(tsv|txt|acl)$).*|README\.md|Makefile"
NAMED_FUNCTION = re.compile(r"\b([a-z][a-z0-9]*)(_\w+)\(\)")
DECLARED = re.compile(r"^(?![\s#]).*?\b([a-z][a-z0-9]*)_\w+\(", re.M)  # in a header: sw_name_parse(, view_next(
NAMED_FILE = re.compile(r"(?<![\w/.-])((?:[\w-]+/)*[\w-]+\.[ch])\b")
TAG = re.compile(r"^(?:typedef )?(struct|enum|union) (sw_\w+)\s*\{", re.M)


def check(tree):
    result = Result()
    sources = tree.matching(r"module/.*\.[ch]")
    tests = tree.matching(r"tests/.*\.[ch]")
    code = "\n".join(tree.text(path) for path in sources + tests)
    functions = set(re.findall(r"\b([a-z]\w+)\s*\(", LITERAL_OR_COMMENT.sub("", code)))
    prefixes = set()
    for path in tree.matching(r"module/.*\.h"):
        prefixes.update(DECLARED.findall(LITERAL_OR_COMMENT.sub("", tree.text(path))))
    for path in sources + tests:
        names(tree, result, path, functions, prefixes)
        columns(tree, result, path)
    tags(tree, result, sources)
    result.note = counts(tree, result, sources)
    return result


def columns(tree, result, path):
    for number, line in enumerate(tree.lines(path), 1):
        if len(line) > COLUMNS and not WIDE.fullmatch(line):
            result.problem(path, number, f"{len(line)} columns, {COLUMNS} at most")


def names(tree, result, path, functions, prefixes):
    """A function whose name begins as our own do, and a file, exist."""
    files = set(tree.files)
    for line, text in comments(tree.text(path)):
        for prefix, rest in NAMED_FUNCTION.findall(text):
            if prefix in prefixes and prefix + rest not in functions:
                result.problem(path, line, f"no function is called {prefix}{rest}()")
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


def part(path):
    """The part of the tree that a file is counted with."""
    if re.fullmatch(r"module/.*\.[ch]|(module/decisions|tests|scripts)/.*", path):
        return "/".join(path.split("/")[:2])
    return path


def counts(tree, result, _):
    found = defaultdict(Count)
    for path in tree.matching(PROSE) + tree.shell_scripts():
        found[part(path)].add(prose(path, tree.text(path)))
    for name, count in sorted(found.items()):
        for problem in count.problems():
            result.problem(name, 0, problem)
    wings = Count()
    for name, count in found.items():
        if re.fullmatch(r"module/[a-z]+", name) and name != "module/decisions":
            wings.include(count)
    return "{} words of comments in module/, {:.1f} and {:.1f} of 1,000 in place of nouns".format(
        wings.words, *wings.rates()
    )
