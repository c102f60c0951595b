"""Every header opens with a story, and every prototype has a comment."""

import re

from tree import Result, without_comments

NAME = "headers"
STORY_LINES = 3


def check(tree):
    result = Result()
    headers = tree.matching(r"module/.*\.h")
    count = 0
    for path in headers:
        text = tree.text(path)
        story = re.match(r"/\*.*?\*/", text, re.S)
        if not story or story.group(0).count("\n") < STORY_LINES - 1:
            result.problem(path, 1, f"no opening comment of {STORY_LINES} lines or more")
        elif not story.group(0).removeprefix("/*").lstrip(" *\n").startswith(path.split("/")[-1]):
            result.problem(path, 1, "the opening comment does not begin with the file's name")
        guard(result, path, text)
        for number, name, documented in prototypes(text):
            count += 1
            if not documented:
                result.problem(path, number, f"{name}() has no comment")
    result.note = f"{len(headers)} headers, {count} prototypes"
    return result


def guard(result, path, text):
    wanted = "SW_" + re.sub(r"[^A-Z0-9]", "_", path.removeprefix("module/").upper())
    if f"#ifndef {wanted}\n#define {wanted}\n" not in text:
        result.problem(path, 0, f"its include guard should be {wanted}")


def prototypes(text):
    """(line, name, documented) of each function that is declared or defined at file level.

    A prototype is documented by a comment right above, by a comment on the same line, or by a
    documented prototype right above without an empty line between (a group).
    """
    raw = text.splitlines()
    code = without_comments(text).splitlines()
    depth = 0
    group = False  # the line above belongs to a comment, or to a documented prototype
    number = 0
    while number < len(code):
        line = code[number]
        starts = depth == 0 and re.match(r"(?!_?[Ss]tatic_assert)[A-Za-z_]", line)
        if starts and not re.match(r"(typedef|struct|enum|union)\b[^(]*[{;]|typedef\b", line):
            end = statement_end(code, number)
            whole = " ".join(code[number : end + 1])
            match = re.match(r"[^(={;]*?\b(\w+)\s*\(", whole)
            if match:
                documented = group or "/*" in raw[end]
                yield number + 1, match.group(1), documented
                group = documented
                depth += sum(part.count("{") - part.count("}") for part in code[number : end + 1])
                number = end + 1
                continue
        depth += line.count("{") - line.count("}")
        group = bool(raw[number].strip()) and not line.strip()
        number += 1


def statement_end(code, number):
    """Index of the line on which the declaration that begins at number ends."""
    while number + 1 < len(code) and not re.search(r"[;{]", code[number]):
        number += 1
    return number
