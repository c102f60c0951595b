#!/usr/bin/python3
"""Check every model of this folder whole, and that each mutation fails.

    run.py BUILD-FOLDER

A model is a Promela file. The first comment of the file has a table of mutations, a line for each:

    define   word   the part that is left out

word: is in the text of the assertion that must fail (a/b: of either); "end": an invalid end state.

SPIN makes a program of the model, which looks at every state that can be reached (no bit-state
hashing, no hash compaction; a search that was cut is a failure). With a mutation's define that
program must find a state in which the named assertion fails; the way to that state is kept in
BUILD-FOLDER, and shown when another assertion fails. A line for each, and at the end "N passed, N
failed, N skipped".

Environment: TESTS=WORD runs only models with this word in the name; STRICT=1 makes a skip a
failure; V=1 shows the way to the failure of each mutation, too.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MUTATION = re.compile(r"^ \*   ([A-Z][A-Z0-9_]+)\s+([\w/]+)\s+(\S.*)$", re.M)
MEMORY_MB = 900  # of a search; two run side by side
LIMIT_S = 600  # a machine may be slow; the work is the same
STEPS_SHOWN = 60
# Of no interest to a reader: additions of SPIN, loops over views (weak.inc), the assertion itself.
BOOK_KEEPING = re.compile(r"^(sub-sequence|IF|DO|\.?\(?(goto|break).*|\(1\)|goto .*)$|\beach\b|assert\(|\.newest")
LARGE = {"lists"}  # the search takes longer than an optimised compilation of the program
FLAGS = ["-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MB}", "-w"]


@dataclass(frozen=True)
class Case:
    model: Path
    define: str = ""  # empty: the model without mutation
    word: str = ""  # of the assertion that must fail
    about: str = ""

    @property
    def name(self):
        return f"{self.model.stem} {self.define}".strip()


@dataclass
class Outcome:
    passed: bool
    note: str
    steps: str = ""


def cases_of(model):
    head = model.read_text().split("*/")[0]
    return [Case(model)] + [Case(model, *found) for found in MUTATION.findall(head)]


def command(arguments, folder):
    return subprocess.run(
        arguments, cwd=folder, capture_output=True, text=True, errors="replace",
        timeout=LIMIT_S, check=False,
    )  # fmt: skip


def search(case, folder):
    """The output of the model's program."""
    defines = [f"-D{case.define}"] if case.define else []
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = command(["spin", *defines, "-a", str(case.model)], folder)
    if made.returncode != 0:
        return made.stdout + made.stderr
    optimise = "-O2" if case.model.stem in LARGE else "-O0"
    made = command(["cc", optimise, *FLAGS, "-o", "pan", "pan.c"], folder)
    if made.returncode != 0:
        return made.stdout + made.stderr
    return command(["./pan", "-m100000"], folder).stdout


def steps_to_failure(case, folder):
    """The way to a failure, a line for each step: thread, place in the model, statement."""
    trail = next(folder.glob("*.trail"), None)
    if not trail:
        return ""
    defines = [f"-D{case.define}"] if case.define else []
    shown = command(["spin", *defines, "-t", "-p", "-k", str(trail), str(case.model)], folder)
    lines = []
    step = r"\s*\d+:\s+proc\s+\d+ \(([\w:]+)\)\s+\S*?([\w.]+:\d+) \(state \d+\)\s+\[(.*)\]"
    for line in shown.stdout.splitlines():
        match = re.match(step, line)
        if match and not BOOK_KEEPING.search(match[3]):
            lines.append("{:<12} {:<16} {}".format(*match.groups()))
    values = [value for value in re.findall(r"^\t\t(\S.*? = .*)$", shown.stdout, re.M) if ".at[" not in value]
    values = [value for value in values if not re.match(r"(each|stored|thread) |memory.*= 0$", value)]
    lines.append("at the end   " + ", ".join(values))
    (folder / "steps.txt").write_text("\n".join(lines) + "\n")
    cut = [f"... {len(lines) - STEPS_SHOWN} steps before"] if len(lines) > STEPS_SHOWN else []
    return "\n".join(cut + lines[-STEPS_SHOWN:])


def judge(case, folder):
    text = search(case, folder)
    count = re.search(r"errors: (\d+)", text)
    states = re.search(r"(\d+) states, stored", text)
    found = re.search(r"pan:\d+: (.*?)(?: \(at depth (\d+)\))?$", text, re.M)
    if not count or not states:
        return Outcome(False, "it did not run", text[-2000:])
    if count[1] == "0":
        if "max search depth too small" in text or "Search not completed" in text:
            return Outcome(False, "the search was cut")
        note = f"{int(states[1]):,} states"
        if case.define:
            return Outcome(False, f"{note}, and nothing fails: {case.about}")
        return Outcome(True, note)
    why, depth = found.group(1), found.group(2)
    steps = steps_to_failure(case, folder)
    if not case.define:
        return Outcome(False, why, steps)
    words = case.word.replace("end", "end state").split("/")
    if not any(word in why for word in words):
        return Outcome(False, f"fails otherwise than by '{case.word}': {why}", steps)
    return Outcome(True, f"fails as it must, in {depth} steps: {case.about}", steps)


def run(case, build):
    folder = build / case.name.replace(" ", "-").lower()
    begin = time.monotonic()
    try:
        outcome = judge(case, folder)
    except subprocess.TimeoutExpired:
        outcome = Outcome(False, f"no end after {LIMIT_S} s")
    (folder / "pan").unlink(missing_ok=True)
    return outcome, time.monotonic() - begin


def show(case, outcome, seconds):
    word = "ok" if outcome.passed else "FAILED"
    print(f"  {word:<7} {case.name:<34} {seconds:6.1f} s  {outcome.note}", flush=True)
    if outcome.steps and (not outcome.passed or os.environ.get("V")):
        print("\n".join(f"    | {line}" for line in outcome.steps.splitlines()))


def main(build):
    word = os.environ.get("TESTS", "")
    models = sorted(model for model in HERE.glob("*.pml") if word in model.stem)
    cases = [case for model in models for case in cases_of(model)]
    if not cases:
        sys.exit("no model has this word in its name")
    if not shutil.which("spin"):
        print("skipped: there is no spin here (Debian's package spin; scripts/setup installs it)")
        strict = os.environ.get("STRICT") == "1"
        print(f"0 passed, {len(cases)} failed" if strict else f"0 passed, 0 failed, {len(cases)} skipped")
        return 1 if strict else 0
    failed = 0
    with ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for case, (outcome, seconds) in zip(cases, pool.map(lambda case: run(case, build), cases)):
            show(case, outcome, seconds)
            failed += not outcome.passed
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
