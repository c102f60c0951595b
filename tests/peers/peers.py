"""Unbound's scenarios with our lists in force, and other projects' scenarios with and without
lists.

    peers.py [--testdata DIR] [--only PART]

Parts:
    policies   scenarios with own policies (rpz, response-ip), which become lists: every answer is
               the scenario's, or stands in differences.py with ours
    watching   all scenarios with lists that change no answer: testbound sees no difference
    blocking   all scenarios with lists that act: every answer agrees with a small model
    own        scenarios of our own, with lists of theirs
    deckard    with DECKARD=DIR: Deckard's scenarios, likewise (deckard.py)
Prints differences, and, alone on the last line, "N passed, N failed". Called by 'make test-peers'.
Decision: D-102.
"""

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "daemon")]
sys.dont_write_bytecode = True

import differences  # noqa: E402
import policies as clauses  # noqa: E402
from blocking import blocking  # noqa: E402
from deckard import deckard  # noqa: E402
from harness.peers_reasons import FAULT, REASONS  # noqa: E402
from own import own  # noqa: E402
from play import Programs, Snapshots, compare, run, with_module  # noqa: E402
from scenario import Scenario  # noqa: E402
from table import is_documented  # noqa: E402
from watching import watching  # noqa: E402

WORKERS = 2


class Results:
    def __init__(self):
        self.passed = 0
        self.failures = []
        self.known = 0
        self.mended = []

    def expect(self, right, words):
        if right:
            self.passed += 1
        else:
            self.failures.append(words)
            print(f"peers: FAILED {words}", flush=True)

    def judge(self, name, wrong, faults, reasons=(), what=""):
        """Count a scenario. wrong: words for each difference; faults: known faults, and reasons:
        differences that are right, by scenario."""
        if name in faults:
            self.known += 1
            self.mended += [what + name] if not wrong else []
        expected = bool(wrong) if name in reasons else not wrong
        self.expect(name in faults or expected, f"{what}{name}: {'; '.join(wrong) or 'no difference'}")

    def note(self, words):
        print(f"peers: {words}", flush=True)


class Context:
    def __init__(self, programs, folder, testdata):
        self.programs = programs
        self.folder = folder
        self.testdata = testdata
        self.results = Results()
        self.snapshots = Snapshots(programs, folder)
        self.workers = WORKERS
        self.long = os.environ.get("LONG", "") not in ("", "0")
        self.words = os.environ.get("TESTS", "")

    def scenarios(self):
        paths = [p for p in sorted(self.testdata.glob("*.rpl")) if self.words in p.name]
        return [Scenario(path) for path in paths]


def policies(context):
    """Scenarios with own policies."""
    chosen = [s for s in context.scenarios() if clauses.has_policies(s)]
    with ThreadPoolExecutor(WORKERS) as pool:
        played = list(pool.map(lambda s: played_policies(context, s), chosen))
    answers = 0
    for scenario, pairs in zip(chosen, played):
        rows = dict(differences.ROWS.get(scenario.name, {}))
        for pair in pairs:
            answers += 1
            judge(context.results, scenario.name, pair, rows.pop(pair.step, None))
        for step in rows:
            context.results.expect(False, f"{scenario.name} {step}: a row about no answer")
    context.results.note(f"{answers} answers of {len(chosen)} scenarios with policies")


def played_policies(context, scenario):
    """[Compared] of a scenario; a scenario with a transfer is played with both contents of the
    zone."""
    before = clauses.zones(scenario)
    after = [clauses.transferred(scenario, zone) or zone for zone in before]
    contents = [before, after] if after != before else [before]
    change = next((s.number for s in scenario.steps if s.kind == "TIME_PASSES"), 0)
    pairs = []
    for number, zones in enumerate(contents):
        lists = clauses.lists_of(scenario, zones)
        settings, refused = context.snapshots.make(lists.lists, clauses.groups(scenario))
        text = with_module(context.programs, scenario, checks=False)
        name = f"{scenario.name}-{number}"
        played = run(context.programs, text, context.folder, name, settings)
        rewritten = [r.message for r in played.replies if "AA" in r.message.flags]
        context.results.expect(not rewritten, f"{scenario.name}: an answer has the AA flag")
        if played.ended_early or refused not in (None, "[]"):
            words = played.ended_early or f"refused: {refused}"
            context.results.expect(False, f"{scenario.name}: {words}")
        late = (lambda step: step > change) if number else (lambda step: step < change)
        pairs += [
            pair
            for pair in compare(scenario, played)
            if len(contents) == 1 or late(pair.step)
        ]
    return pairs


def judge(results, name, pair, row):
    """Count an answer."""
    where = f"{name} {pair.step}: {pair.question}: the scenario has {pair.expected}, we {pair.got}"
    if not row:
        results.expect(pair.got == pair.expected, where)
    elif REASONS[row[0]].sort == FAULT:
        results.known += 1
        results.mended += [f"{name} {pair.step}"] if pair.got == row[2] else []
        results.expect(pair.got in row[1:], where)
    else:
        results.expect(pair.got == row[1] != pair.expected, f"{where}; differences.py has {row[1]}")


def others(context):
    """Deckard's scenarios, if present."""
    folder = os.environ.get("DECKARD")
    if folder:
        deckard(context, Path(folder))


PARTS = {"policies": policies, "watching": watching, "blocking": blocking, "own": own, "deckard": others}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--testdata", type=Path, help="another folder of Unbound's scenarios")
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    testdata = options.testdata or Path(os.environ["UNBOUND_TESTDATA"])
    programs = Programs.of_environment()
    if not programs.testbound.is_file():
        print(f"peers: there is no {programs.testbound} ('make setup' builds one)", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="sw-peers-") as folder:
        context = Context(programs, Path(folder), testdata)
        try:
            for part in options.only or PARTS:
                PARTS[part](context)
        finally:
            context.snapshots.stop()
    results = context.results
    results.expect(is_documented(), "module/README.md has not the table that tests/peers/table.py prints")
    if results.known:
        print(f"peers: {results.known} results are of known faults")
    if results.mended:
        print("peers: mended, to be taken out of differences.py: " + ", ".join(results.mended))
    print(f"{results.passed} passed, {len(results.failures)} failed")
    return 0 if results.passed and not results.failures else 1


if __name__ == "__main__":
    sys.exit(main())
