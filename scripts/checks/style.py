"""Formatted C, scripts that parse."""

import re
import shutil
import subprocess

from tree import Result

# The formatter's results differ between versions: the tree is in the form of this version.
FORMATTER = 14


def run(tree, *command):
    return subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)


class Format:
    NAME = "format"

    @staticmethod
    def check(tree):
        result = Result()
        files = tree.matching(r"(module|tests)/.*\.[ch]")
        if not shutil.which("clang-format"):
            result.skipped = "clang-format is not installed"
            return result
        if not files:
            return result
        version = int(re.search(r"version (\d+)", run(tree, "clang-format", "--version").stdout)[1])
        output = run(tree, "clang-format", "--dry-run", *files).stderr
        wrong = sorted(set(re.findall(r"^([^\s:]+):\d+:\d+: warning", output, re.M)))
        if wrong and version != FORMATTER:
            result.skipped = (
                f"clang-format {version} would change {len(wrong)} files; version {FORMATTER} decides"
            )
            return result
        for path in wrong:
            line = re.search(rf"^{re.escape(path)}:(\d+):", output, re.M)[1]
            result.problem(path, line, "not in the format of .clang-format (make fmt)")
        result.note = f"{len(files)} C files"
        return result


class Shell:
    NAME = "shell"

    @staticmethod
    def check(tree):
        result = Result()
        scripts = tree.shell_scripts()
        for path in scripts:
            output = run(tree, "bash", "-n", path)
            if output.returncode:
                result.problem(path, 0, output.stderr.strip())
        result.note = f"{len(scripts)} scripts parse"
        if scripts and shutil.which("shellcheck"):
            output = run(tree, "shellcheck", "-x", "--format=gcc", *scripts)
            result.problems += output.stdout.splitlines()
            result.note += ", shellcheck finds nothing"
        return result
