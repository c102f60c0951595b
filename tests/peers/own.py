"""Scenarios of our own: situations in resolving that matter to lists (tests/peers/own/*.rpl).

The format is testbound's; lists stand in comments at the top:

    ; list NAME POLICY-AS-JSON INDICATOR...

With the lists testbound has to get every answer of the scenario. Where a list acts, testbound must
not get these answers without lists. A list that only watches must pass on bare Unbound as well.
"""

import json
import re
from pathlib import Path

from differences import OWN_FAULTS
from play import run, with_module
from scenario import Scenario

FOLDER = Path(__file__).resolve().parent / "own"
LIST = re.compile(r"^; list (\S+) (\{.*\}) (.+)$", re.M)


def lists_of(scenario):
    return {
        name: (json.loads(policy), indicators.split())
        for name, policy, indicators in LIST.findall(scenario.text)
    }


def own(context):
    scenarios = [Scenario(p) for p in sorted(FOLDER.glob("*.rpl")) if context.words in p.name]
    nothing, _ = context.snapshots.make({"none": ({"action": "nxdomain"}, ["nobody.asks.example"])})
    for scenario in scenarios:
        lists = lists_of(scenario)
        settings, refused = context.snapshots.make(lists)
        context.results.expect(refused in (None, "[]"), f"lists were refused: {refused}")
        text = with_module(context.programs, scenario)
        played = run(context.programs, text, context.folder, scenario.name, settings)
        wrong = [] if played.status == 0 else [played.why()]
        context.results.judge(scenario.name, wrong, OWN_FAULTS)
        acts = any(policy.get("action") != "monitor" for policy, _ in lists.values())
        bare = run(context.programs, text, context.folder, scenario.name, nothing)
        words = f"{scenario.name} without its lists: {bare.why()}"
        context.results.expect((bare.status != 0) == acts, words)
    context.results.note(f"{len(scenarios)} scenarios of our own")
