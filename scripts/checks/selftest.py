"""The checks themselves: each must find the fault that is planted in a small tree."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import circles
import comments
import decisions
import dialect
import documents
import exports
import firstchange
import headers
import layers
import models
import namesakes
import packaging
import registered
import settings
import sizes
import style
import toplevel
import waits
import words
from tree import Result, Tree

NAME = "selftest"

HEADER = """/*
 * good.h - a header without a fault.
 *
 * Threads      any
 */
#ifndef SW_BASE_GOOD_H
#define SW_BASE_GOOD_H

/** The sum of two numbers. */
int sw_good(int a, int b);

#endif
"""
LONG = "int sw_long(void)\n{\n" + "    ;\n" * 120 + "    return 0;\n}\n"
SETTINGS = 'static const struct key keys[] = {{"ring", KIND_NUMBER, FIELD(ring), 1, 9, "5"}};\n'
CONF = "# settings\n\n# ---- events ----\n\n# Size. Default: 5. 1 to 9.\n#ring: 5\n"
PAGE = """.Sh SETTINGS
.Ss Events
.Bl -tag -width indent
.It Li ring: 5
Size.
Default: 5.
1 to 9.
.El
.Sh FILES
"""
MAKEFILE = "TARGETS = all test\nprint-tests:\n\t@echo tests/unit/test_a.c tests/daemon/test_a.py tests/daemon/test_b.py "
MAKEFILE += "tests/model/x.pml\n"
MODEL = """/*
 * x.pml - a model.
 *
 *   LEFT_OUT  x  a part
 */
#ifndef LEFT_OUT
/* = sw_good(), base/good.h */
#endif
"""
DECISION = "# D-001 A title\nDate: 2026-01-01. Status: in force.\nFiles: `base/good.h`.\n\nText.\n"
DECISIONS = """| number | title | date | status | files |
|---|---|---|---|---|
| [D-001](decisions/D-001-a.md) | A title | 2026-01-01 | in force | `base/good.h` |
"""
WORDS = "".join(f"| w{chr(97 + n // 26)}{chr(97 + n % 26)} | a word |\n" for n in range(61))
UNIT = "START_TEST(one)\n{\n}\nEND_TEST\n"

# A test that fails by chance, and the words of the problem.
CHANCE = [
    ("time.sleep(0.5)\n", "a pause"),
    ("def test_a():\n    begin = time.monotonic()\n", "elapsed time"),
    ("def test_a(lists):\n    assert lists.state()['n'] == '1'\n", "use wait_state()"),
    ("def test_a(r):\n    with r:\n        assert 'x' in r.log()\n", "use says()"),
    ("def test_a(ask, events):\n    ask('a')\n    assert not events.all()\n", "wait first"),
    ("def test_a(e):\n    e.wait({})\n    ask('a')\n    assert seen(e)\n", "wait first"),
    ("AT = '127.0.0.1:5353'\n", "use free_port()"),
    ("def test_a(e):\n    ask('a')\n    until(lambda: up(), 'it')\n    assert e.all()\n", "wait first"),
    ("def test_a(e):\n    ask('a')\n    until(lambda: read_file(p), 'it')\n    assert e.all()\n", "before the stream"),
    ("def look():\n    assert up()\ndef test_a():\n    until(lambda: look(), 'it')\n", "an assert in a condition"),
    ("def test_a(ask):\n    ask('a', timeout=0.5)\n", "a short time-out"),
    ("SOON = 0.5\ndef test_a(ask):\n    try:\n        ask('a', timeout=SOON)\n    except E:\n        pass\n", "a short time-out"),
    ("def test_a():\n    subprocess.run(['a'], timeout=60)\n", "without FACTOR"),
]
# The same, right.
WAITING = """
def test_a(r, ask, events):
    ask('a')
    events.wait({})
    assert not events.all()
    assert 'x' not in r.log()
    if ask('b'):
        r.stop()
    assert seen(events)
"""
# Without fault: check -> files that the check reads.
GOOD = {
    "Makefile": MAKEFILE,
    "README.md": "See `base/good.h`, `make test`, `sw_good()`, `sinkwatch add`.\n",
    "conf/sinkwatch.conf": CONF,
    "conf/man/sinkwatch.conf.5": PAGE,
    "module/DECISIONS.md": DECISIONS,
    "module/decisions/D-001-a.md": DECISION,
    "scripts/setup": "PACKAGES=(\n    libgood-dev # a reason\n)\n",
    "scripts/deb/debian/control": "Build-Depends:\n debhelper-compat (= 13),\n libgood-dev,\n",
    "module/base/good.h": HEADER,
    "module/base/b.h": HEADER.replace("good", "b").replace("GOOD", "B") + "struct sw_b {\n};\n",
    "module/base/good.c": '/* D-001 */\n#include "base/good.h"\n',
    "module/base/settings.c": SETTINGS,
    "module/cli/x.h": HEADER.replace("good.h", "x.h").replace("BASE_GOOD", "CLI_X"),
    "module/flow/ub.h": HEADER.replace("good.h", "ub.h").replace("BASE_GOOD", "FLOW_UB"),
    "module/cli/show/z.h": HEADER.replace("good.h", "z.h").replace("BASE_GOOD", "CLI_SHOW_Z"),
    "module/FIRST-CHANGE.md": "## A sub-command\n\n| `module/base/a.c` | word | help |\n",
    "module/base/a.c": "int sw_a(void)\n{\n    return sw_circle();\n}\n",
    "module/cli/main.c": 'static const char *const names[] = {"add"};\n',
    "scripts/tool": "#!/bin/bash\necho\n",
    "tests/model/x.pml": MODEL,
    "tests/unit/test_a.c": UNIT + "void f(void)\n{\n    tcase_add_test(c, one);\n}\n",
    "tests/daemon/test_a.py": "def test_a():\n    pass\n",
    "tests/daemon/test_b.py": WAITING,
}
CIRCLE = "int sw_a(void);\nint sw_circle(void)\n{\n    return sw_a();\n}\n"
# (check, file, its faulty content, words of the problem that must be found)
FAULTS = [
    (layers, "module/base/good.c", '#include "feed/feed.h"\n', "flow/ub.h see Unbound's headers"),
    (layers, "module/base/good.c", '#include "cli/x.h"\n', "base/ may not include cli/"),
    (layers, "module/cli/lists/y.c", '#include "cli/show/z.h"\n', "lists of cli/ may not include"),
    (layers, "module/cli/main.c", '#include "flow/ub.h"\n', "flow/ub.h brings"),
    (layers, "module/base/good.c", "#include <openssl/ssl.h>\n", "use OpenSSL"),
    (layers, "module/new/x.c", "", "is in no layer"),
    (circles, "module/base/good.c", CIRCLE, "a circle of files that call each other: a.c, good.c"),
    (firstchange, "module/FIRST-CHANGE.md", "## A sub-command\n| `README.md` | word | help |\n",
     'no table, or no member, of the section "A trigger"'),
    (firstchange, "module/cli/main.c", '    {"add", "words", cli_add},\n', "add is not"),
    (packaging, "scripts/deb/debian/control", "Build-Depends:\n debhelper-compat (= 13),\n", "lacks libgood-dev"),
    (packaging, "scripts/setup", "PACKAGES=(\n    make\n)\n", "no library was found"),
    (sizes, "module/base/good.c", LONG, "sw_long() has 124 lines"),
    (sizes, "module/base/good.c", "\n" * 700, "700 lines"),
    (sizes, "tests/daemon/test_a.py", "def f():\n" + "    f()\n" * 110, "f() has 111 lines"),
    (headers, "module/base/good.h", HEADER.replace("/** The sum of two numbers. */", ""), "sw_good() has no"),
    (headers, "module/base/good.h", HEADER[HEADER.index("#ifndef") :], "no opening comment"),
    (headers, "module/base/good.h", HEADER.replace("SW_BASE_GOOD_H", "G_H"), "include guard"),
    (namesakes, "module/cli/good.h", HEADER, "another file has this name: module/cli/good.h"),
    (namesakes, "module/cli/good.c", "", "another file has this name"),
    (namesakes, "tests/race/test_a.c", "", "another file has this name"),
    (words, "module/base/good.c", "void f(void)\n{\n    strcpy(a, b);\n}\n", "strcpy() is not used"),
    (words, "README.md", "TO" + "DO\n", "finish it"),
    (words, "README.md", "See /home" + "/somebody/x\n", "own machine"),
    (comments, "module/owner/a.c", "/* See sw_bad(). */\n", "no function is called sw_bad()"),
    (comments, "module/cli/y.h", "/* See view_bad(). */\nint view_good(void);\n", "no function is called view_bad()"),
    (comments, "module/owner/a.c", "/* See owner/bad.h. */\n", "there is no file owner/bad.h"),
    (comments, "module/owner/a.c", f"/* {'long ' * 20} */\n", "106 columns"),
    (comments, "module/owner/a.c", "/* what */\n", "of 1,000 words are what"),
    (comments, "module/owner/a.c", "/* those */\n", "of 1,000 words are it, its"),
    (comments, "README.md", "What\n", "of 1,000 words are what"),
    (comments, "README.md", "`what` is code. They are.\n", "of 1,000 words are it, its"),
    (comments, "conf/redis.conf", "# Whose\nport 1\n", "of 1,000 words are what"),
    (comments, "conf/man/a.1", ".Sh what\nIt is.\n", "of 1,000 words are it, its"),
    (comments, "module/owner/a.h", "struct sw_b {\n", "struct sw_b is another type"),
    (dialect, "module/base/good.c", "int n = sizeof x;\n", "make fmt"),
    (dialect, "module/base/good.c", "int f(void *p)\n{\n    if (p == NULL)\n", "make fmt"),
    (dialect, "module/base/good.c", "void f(int n)\n{\n    if (n) {\n        n++;\n    }\n", "make fmt"),
    (dialect, "module/base/good.c", "void f(void)\n{\n    int n = 0;\n\n    n++;\n", "make fmt"),
    (documents, "README.md", "See `module/base/bad.h`.\n", "no module/base/bad.h"),
    (documents, "README.md", "See flow/nothing.c.\n", "no flow/nothing.c"),
    (documents, "README.md", "Run `make nonsense`.\n", "no target 'nonsense'"),
    (documents, "README.md", "Run `sinkwatch fly`.\n", "no sub-command 'fly'"),
    (documents, "README.md", "Calls `sw_bad()`.\n", "nothing is called sw_bad"),
    (documents, "README.md", "Set `no-such-key`.\n", "is called no-such-key"),
    (documents, "README.md", "See redis/nothing.c.\n", "no redis/nothing.c"),
    (documents, "module/DESIGN.md", f"\n## Words\n{WORDS}", "61 words are explained"),
    (documents, "module/DESIGN.md", "\n## Words\n| b | x |\n| a | x |\n", "not in order"),
    (documents, "module/DESIGN.md", "\n## Words\n| a | One. Two |\n", "more than one sentence"),
    (decisions, "module/owner/a.c", "/* D-" + "999 */\n", "no decision D-" + "999"),
    (decisions, "module/decisions/D-001-a.md", DECISION + "\n" * 36, "41 lines, 40 at most"),
    (decisions, "module/decisions/D-001-a.md", DECISION + "long " * 23, "115 columns"),
    (decisions, "module/decisions/D-001-a.md", DECISION.replace("Status", "State"), "not of the form"),
    (decisions, "module/decisions/D-001-a.md", DECISION.replace("in force", "amended by D-" + "999"), "no decision"),
    (decisions, "module/decisions/D-002-a.md", DECISION, "says another number"),
    (decisions, "module/decisions/D-001-a.md", DECISION.replace("base/good.h", "base/bad.h"), "no module/base/bad.h"),
    (decisions, "module/base/good.c", "", "no code, test or script names D-001"),
    (decisions, "module/DECISIONS.md", "# Decisions\n", "D-001 is not in the index"),
    (decisions, "module/DECISIONS.md", DECISIONS.replace("in force", "rejected"), "is not as its file says"),
    (decisions, "module/DECISIONS.md", DECISIONS + "## D-001 A title\n", "a file of its own"),
    (settings, "conf/sinkwatch.conf", CONF + "# Not there.\n#other: 1\n", "no key other"),
    (settings, "conf/sinkwatch.conf", "\n# ---- events ----\n", "ring of module/base/settings.c is not"),
    (settings, "conf/sinkwatch.conf", CONF.replace("5.", "6."), "'Default: 5' is missing"),
    (settings, "conf/sinkwatch.conf", CONF.replace("to 9", "to 8"), "range '1 to 9'"),
    (settings, "conf/man/sinkwatch.conf.5", PAGE.replace("Size", "Length"), "other words than"),
    (registered, "tests/unit/other.c", "", "no target runs this file"),
    (registered, "tests/lost/test_b.c", "", "no target runs tests/lost"),
    (registered, "tests/unit/test_a.c", UNIT, "one is added to no test case"),
    (registered, "tests/daemon/test_a.py", "def test_a():\n  0\ndef test_a():\n  0\n", "2 tests"),
    *((waits, "tests/daemon/test_a.py", text, words) for text, words in CHANCE),
    (waits, "tests/unit/test_a.c", "void f(void)\n{\n    poll(NULL, 0, 100);\n}\n", "say why not"),
    (waits, "tests/unit/test_a.c", "void f(void)\n{\n    usleep(50000);\n}\n", "say why not"),
    (models, "tests/model/x.pml", MODEL.replace("sw_good", "sw_bad"), "has no function sw_bad()"),
    (models, "tests/model/x.pml", MODEL.replace("good.h", "bad.h"), "no module/base/bad.h"),
    (models, "tests/model/x.pml", MODEL.replace(", base/good.h", ""), "sw_good() of which file"),
    (models, "tests/model/x.pml", MODEL.replace("= sw", "sw"), "which function it stands for"),
    (models, "tests/model/x.pml", MODEL.replace("#ifndef L", "#ifndef NOT_L"), "LEFT_OUT changes nothing"),
    (models, "tests/model/x.pml", MODEL + "#ifdef MORE\n#endif\n", "no mutation is called MORE"),
    (models, "tests/model/x.pml", MODEL.replace("   LEFT", "LEFT"), "has to fail"),
    (toplevel, "tmp/test/part.log", "", "tmp/test/part.log: is no part of the product"),
    (toplevel, "core", "", "core: is no part of the product"),
    (style.Shell, "scripts/tool", "#!/bin/bash\nif\n", "syntax error"),
    (style.Format, "module/base/good.c", "int   f( void );\n", "not in the format"),
]


def check(tree):
    result = Result()
    with tempfile.TemporaryDirectory(prefix="sw-checks-") as folder, environment():
        for number, fault in enumerate(FAULTS):
            plant(tree, result, Path(folder) / str(number), *fault)
        nothing_found(tree, result, Path(folder) / "good")
        six_symbols(result, Path(folder))
    result.note = f"{len(FAULTS) + 2} planted faults found"
    return result


@contextlib.contextmanager
def environment():
    """The small trees have no module and no Unbound, whatever the Makefile says."""
    kept = dict(os.environ)
    os.environ.update(SINKWATCH_SO="module.so", UNBOUND_BIN="none", UNBOUND_SRC="unbound")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def make_tree(tree, folder, changes):
    for path, text in {**GOOD, "unbound/util/configlexer.lex": "", **changes}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    shutil.copy(tree.root / ".clang-format", folder)
    return Tree(folder)


def plant(tree, result, folder, check_of, path, text, wanted):
    found = check_of.check(make_tree(tree, folder, {path: text}))
    if not found.skipped and not any(wanted in problem for problem in found.problems):
        result.problem(check_of.NAME, 0, f"did not say '{wanted}' of {path}, but {found.problems}")


def nothing_found(tree, result, folder):
    good = make_tree(tree, folder, {})
    for check_of in (
        layers, sizes, headers, namesakes, words, comments, dialect, documents, decisions, settings, registered, models,
        waits, style.Shell,
    ):  # fmt: skip
        for problem in check_of.check(good).problems:
            result.problem(check_of.NAME, 0, f"finds a fault where there is none: {problem}")


def six_symbols(result, folder):
    source = "void init(void);\nvoid init(void)\n{\n}\nvoid seven(void);\nvoid seven(void)\n{\n}\n"
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(folder / "module.so")]
    if not shutil.which("cc"):
        return
    subprocess.run(command, input=source, text=True, check=True)
    problems = " ".join(exports.check(Tree(folder)).problems)
    for wanted in ("exports 'seven'", "does not export 'deinit'"):
        if wanted not in problems:
            result.problem(exports.NAME, 0, f"did not say: {wanted}")
