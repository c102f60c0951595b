"""Nothing stands at the top level but the folders and files of the product.

A program that takes a path for another leaves logs there, and the next commit takes them in.
"""

from tree import Result

NAME = "toplevel"
FOLDERS = {".ci", "conf", "module", "scripts", "tests"}
FILES = {".clang-format", ".editorconfig", ".gitignore", "LICENSE", "Makefile", "README.md"}


def check(tree):
    result = Result()
    for path in tree.files:
        folder, _, rest = path.partition("/")
        if folder not in (FOLDERS if rest else FILES):
            result.problem(path, 0, "is no part of the product: see FOLDERS and FILES of this check")
    result.note = f"{len(tree.files)} files"
    return result
