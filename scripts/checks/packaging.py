"""The Debian packages are built with the libraries that scripts/setup installs, no more and no less.

A library that scripts/setup alone names is there on each machine that runs the tests, and missing
where somebody builds the packages.
"""

import re

from tree import Result

NAME = "packaging"
SETUP = "scripts/setup"
CONTROL = "scripts/deb/debian/control"
LIBRARY = re.compile(r"^ +((?:lib|zlib)[\w.+-]*-dev)\b", re.M)


def check(tree):
    result = Result()
    packages = re.search(r"^PACKAGES=\((.*?)^\)", tree.text(SETUP), re.M | re.S)
    needed = re.search(r"^Build-Depends:\n((?: .*\n)+)", tree.text(CONTROL), re.M)
    set_up = set(LIBRARY.findall(packages.group(1))) if packages else set()
    built_with = set(LIBRARY.findall(needed.group(1))) if needed else set()
    if not set_up:
        result.problem(SETUP, 0, "no library was found in PACKAGES")
    for name in sorted(set_up - built_with):
        result.problem(CONTROL, 0, f"Build-Depends lacks {name}, which {SETUP} installs")
    for name in sorted(built_with - set_up):
        result.problem(SETUP, 0, f"lacks {name}, which Build-Depends of {CONTROL} names")
    result.note = f"{len(set_up)} libraries"
    return result
