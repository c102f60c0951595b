"""The page module/FIRST-CHANGE.md: each file that a table names mentions each member of its kind.

A kind is a trigger, an action, a setting, a sub-command or an anomaly; the members stand in the
sources. So the page cannot name a file that a change does not touch, and a member that was added
without one of the files is found.
"""

import re

from tree import Result

NAME = "firstchange"
PAGE = "module/FIRST-CHANGE.md"
# Section of the page: the file with the members, and the pattern of a member.
KINDS = {
    "A trigger": ("module/base/policy_names.c", r'\[SW_TRIGGER_\w+\] = "([\w-]+)"'),
    "An action": ("module/base/policy_names.c", r'\[SW_ACTION_\w+\] = "([\w-]+)"'),
    "A setting": ("module/base/settings.c", r'^    \{"([\w-]+)", KIND_'),
    "A sub-command": ("module/cli/main.c", r'^    \{"([\w-]+)", "'),
    "An anomaly": ("module/owner/anomaly.c", r'\[SW_ANOMALY_\w+\] = "([\w-]+)"'),
}
ROW = re.compile(r"^\| `([^`]+)` \| (\w+) \|", re.M)


def mentions(text, member, form):
    """Whether a text has a member: as the word, or as a constant's or variable's name."""
    word = re.escape(member)
    if form == "constant":
        return re.search(rf"_{member.replace('-', '_').upper()}\b", text)
    if form == "member":
        return re.search(rf"(?<![\w-])({word}|\w*{member.replace('-', '_')}\w*)(?![\w-])", text)
    return re.search(rf"(?<![\w-]){word}(?![\w-])", text)


def members(tree, kind):
    path, pattern = KINDS[kind]
    return re.findall(pattern, tree.text(path), re.M)


def check(tree):
    result = Result()
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", tree.text(PAGE), re.M | re.S))
    pairs = 0
    for kind in KINDS:
        rows = ROW.findall(sections.get(kind, ""))
        names = members(tree, kind)
        if not names or not rows:
            result.problem(PAGE, 0, f"no table, or no member, of the section \"{kind}\"")
        for path, form in rows:
            for name in names:
                pairs += 1
                if not mentions(tree.text(path), name, form):
                    result.problem(path, 0, f"{PAGE} says that {kind.lower()} is mentioned here: {name} is not")
    result.note = f"{pairs} members found in the files that the page names"
    return result
