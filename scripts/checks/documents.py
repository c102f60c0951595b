"""Documents name only files, make targets, sub-commands, keys and identifiers that exist."""

import os
import re
from fnmatch import fnmatch
from pathlib import Path

from tree import Result

NAME = "documents"
FOLDERS = "module|conf|scripts|tests|\\.ci"
LAYERS = "base|redis|formats|index|owner|feed|journal|flow|host|cli"
DESIGN = "module/DESIGN.md"
GLOSSARY_MAX = 60
GENERATED = ("build", ".deps")
PATH = re.compile(rf"(?<![\w./~$<-])((?:{FOLDERS}|{LAYERS})/[\w.*{{}},<>/-]*)")
FILE_NAME = re.compile(r"[\w.-]+\.(?:c|h|md|conf|py|sh|map)")
MAKE = re.compile(r"(?:^|[\s;&(])make((?:\s+(?:[A-Z_]+=(?:'[^']*'|\S*)|-\S+))*)((?:\s+[a-z][a-z0-9-]*)?)")
COMMAND = re.compile(r"(?:^|[\s;&(/])sinkwatch((?:\s+-\S+)*)\s+([a-z][a-z-]*)((?:\s+[^\s|;&]+)*)")
WORD = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+")
SYMBOL = re.compile(r"\bsw_[a-z0-9_]+\b")
# Files and words of others that our documents may name.
FOREIGN_FILES = {"unbound.conf", "redis.conf", "sentinel.conf", "config.h", "util/module.h"}


def check(tree):
    result = Result()
    known = Known(tree)
    documents = tree.matching(r"(?!tests/).*\.(md|1|5|8)|conf/.*") + ["Makefile"]
    for path in documents:
        for number, text, code in passages(path, tree.text(path)):
            for problem in known.problems(text, code):
                result.problem(path, number, problem)
    glossary(result, tree.text(DESIGN))
    result.note = f"{len(documents)} documents"
    return result


def glossary(result, text):
    """The table of words: few, in order, each once, with one sentence."""
    rows = re.findall(r"^\| ([a-z ]+) \| (.*) \|$", text.partition("\n## Words\n")[2], re.M)
    words = [word for word, _ in rows if word != "word"]
    if len(words) > GLOSSARY_MAX:
        result.problem(DESIGN, 0, f"{len(words)} words are explained, {GLOSSARY_MAX} at most")
    if words != sorted(set(words)):
        result.problem(DESIGN, 0, "the words are not in order, or one is explained twice")
    for word, meaning in rows:
        if re.search(r"[.?!] [A-Z]|\.$", re.sub(r"`[^`]*`", "", meaning)):
            result.problem(DESIGN, 0, f"'{word}' is explained by more than one sentence")


def passages(path, text):
    """(line, text, pieces of code in the line) of each line of a document."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if path == "Makefile":
            if line.startswith("## "):
                yield number, line[3:], [line[3:]] + re.findall(r"[\"'](make [^\"']*)[\"']", line)
        elif path.endswith(".md"):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            elif fenced or line.startswith("    "):
                yield number, line, [line.split(" # ")[0]]
            else:
                yield number, line, re.findall(r"`([^`]+)`", line)
        else:
            line = re.sub(r"^(#|\.\\\"|\.\w+ ?)\s*|\\(f[BIRP]|-)?", lambda m: "-" if m[0] == "\\-" else "", line)
            quoted = re.findall(r"[\"'`]([^\"'`]+)[\"'`]", line)
            yield number, line, quoted + ([line] if re.match(r"\s*(make|sinkwatch) ", line) else [])


class Known:
    """All that exists."""

    def __init__(self, tree):
        self.files = set(tree.files)
        self.folders = {str(parent) for path in tree.files for parent in Path(path).parents}
        self.names = {path.split("/")[-1] for path in tree.files}
        self.targets = tree.make_targets()
        self.variables = tree.make_variables()
        sources = tree.matching(r"(module|scripts|tests)/.*\.(c|h|py|map)|Makefile|conf/.*")
        sources += tree.shell_scripts()
        text = "\n".join(tree.text(path) for path in sources)
        self.words = set(WORD.findall(text))
        self.symbols = set(SYMBOL.findall(text))
        cli = "\n".join(tree.text(path) for path in tree.matching(r"module/cli/.*\.c"))
        literals = re.findall(r'"([^"\\\n]*)"', cli)
        self.commands = {literal for literal in literals if re.fullmatch(r"[a-z][a-z-]*", literal)}
        self.options = {word for literal in literals for word in re.findall(r"[a-z][a-z-]+", literal)}
        lexer = tree.root / os.environ.get("UNBOUND_SRC", ".deps/unbound") / "util/configlexer.lex"
        self.unbound = lexer.read_text(errors="replace") if lexer.is_file() else None

    def problems(self, text, code):
        for match in PATH.finditer(text):
            path = match.group(1).rstrip(".,")
            if not self.path_exists(path):
                yield f"there is no {path}"
        for symbol in SYMBOL.findall(text):
            if symbol not in self.symbols and not symbol.endswith("_"):
                yield f"nothing is called {symbol}"
        for piece in code:
            yield from self.code_problems(piece)

    def path_exists(self, path):
        if re.match(rf"({LAYERS})/", path):
            path = f"module/{path}"
        path = re.sub(r"<[^>]*>?", "*", path).rstrip("/")
        return all(
            one in self.files
            or one in self.folders
            or any(fnmatch(file, one) for file in self.files | self.folders)
            or any(file.startswith(one + ".") for file in self.files)  # flow/query: .c and .h
            for one in expand(path)
        )

    def code_problems(self, piece):
        for match in MAKE.finditer(piece):
            variables, target = match.group(1), match.group(2).strip()
            if target and target not in self.targets:
                yield f"make has no target '{target}'"
            for variable in re.findall(r"([A-Z_]+)=", variables):
                if variable not in self.variables:
                    yield f"the Makefile has no variable {variable}"
        for match in COMMAND.finditer(piece):
            if self.commands and match.group(2) not in self.commands:
                yield f"sinkwatch has no sub-command '{match.group(2)}'"
            for option in re.findall(r"--([a-z][a-z-]+)", match.group(1) + match.group(3)):
                if self.commands and option not in self.options:
                    yield f"sinkwatch has no option --{option}"
        piece = piece.strip()
        if FILE_NAME.fullmatch(piece):
            if piece not in self.names and piece not in FOREIGN_FILES:
                yield f"no file is called {piece}"
            return
        word = re.match(r"([a-z0-9_-]+)(\(\))?:?( .*)?$", piece)
        if word and WORD.fullmatch(word.group(1)) and not self.word_exists(word.group(1)):
            yield f"nothing here, and no option of Unbound, is called {word.group(1)}"

    def word_exists(self, word):
        if word in self.words or word in self.targets:
            return True
        if word.startswith(("unbound-", "redis-", "lib")):
            return True  # programs and packages of others
        return self.unbound is None or word in self.unbound


def expand(path):
    """Braces as in the shell: a/{b,c} -> a/b a/c."""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    rests = [path[: match.start()] + part + path[match.end() :] for part in match[1].split(",")]
    return [one for rest in rests for one in expand(rest)]
