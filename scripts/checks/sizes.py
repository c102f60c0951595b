"""Functions of at most 100 lines, files of at most 650; the note has the usual lengths."""

import ast

from tree import Result, c_functions

NAME = "sizes"
FUNCTION_MAX = 100
FILE_MAX = 650


def check(tree):
    result = Result()
    lengths = []
    for path in tree.matching(r"(module|tests)/.*\.[ch]"):
        functions = c_functions(tree.text(path))
        judge(result, path, functions)
        if path.startswith("module/"):
            lengths += [function.lines for function in functions]
    for path in tree.matching(r"(scripts|tests)/.*\.py"):
        judge_python(result, path, tree.text(path))
    sources = tree.matching(r"(module|tests|scripts)/.*\.([ch]|py|sh)") + tree.shell_scripts()
    for path in sorted(set(sources)):
        count = len(tree.lines(path))
        if count > FILE_MAX:
            result.problem(path, 0, f"{count} lines; at most {FILE_MAX}")
    lengths.sort()
    if lengths:
        middle, ninety = lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10]
        result.note = (
            f"{len(lengths)} functions in module/: median {middle} lines, 90 % up to {ninety}, "
            f"longest {lengths[-1]}"
        )
    return result


def judge(result, path, functions):
    for function in functions:
        if function.lines > FUNCTION_MAX:
            result.problem(
                path, function.first,
                f"{function.name}() has {function.lines} lines; at most {FUNCTION_MAX}",
            )  # fmt: skip


def judge_python(result, path, text):
    try:
        nodes = ast.walk(ast.parse(text))
    except SyntaxError as error:
        result.problem(path, error.lineno, f"does not parse: {error.msg}")
        return
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            count = node.end_lineno - node.lineno + 1
            if count > FUNCTION_MAX:
                result.problem(
                    path, node.lineno, f"{node.name}() has {count} lines; at most {FUNCTION_MAX}"
                )
