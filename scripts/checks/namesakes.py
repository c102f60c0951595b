"""A file of code has a name that no file of another folder has, unless the name says the same there.

A name that stands alone in an #include, an import, a debugger or a sentence then means one file.
"""

import os
from collections import defaultdict

from tree import Result

NAME = "namesakes"
# Names that say the same in each folder.
SAME = {
    "__init__.py": "Python's mark of a package",
    "run.py": "the program that runs everything of its folder",
}


def check(tree):
    result = Result()
    sources = tree.matching(r"(module|tests|scripts)/.*\.(c|h|py)")
    by_name, by_stem = defaultdict(list), defaultdict(list)
    for path in sources:
        by_name[os.path.basename(path)].append(path)
        if path.startswith("module/") and os.path.dirname(path) not in map(
            os.path.dirname, by_stem[stem(path)]
        ):
            by_stem[stem(path)].append(path)
    for name, paths in {**by_name, **by_stem}.items():
        if len(paths) > 1 and name not in SAME:
            others = ", ".join(paths[1:])
            result.problem(paths[0], 0, f"another file has this name: {others}; rename one")
    result.note = f"{len(sources)} files of code, {len(SAME)} names that say the same in each folder"
    return result


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]
