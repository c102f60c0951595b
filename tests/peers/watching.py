"""All of Unbound's scenarios with lists that only watch: nothing may differ.

A single snapshot covers every name and address of a scenario.
"""

from concurrent.futures import ThreadPoolExecutor

from differences import WATCHING_FAULTS
from play import run, with_module

# Lists that are played always; LONG=1 plays all.
ALWAYS = ("monitor",)
# Lists that leave every answer unchanged, each with all names and addresses.
WATCHING = {
    "monitor": {"action": "monitor"},
    "shadow": {"action": "nxdomain", "shadow": True},
    "watch": {"kind": "watch"},
    "exempt": {"action": "refused"},  # and an allow list as well
}


def indicators(scenarios):
    """Names and addresses of all questions and answers."""
    found = set()
    for scenario in scenarios:
        for step in scenario.steps:
            for section in ("QUESTION", "ANSWER") if step.message else ():
                for owner, rdtype, data in step.message.sections[section]:
                    if owner != "." and "*" not in owner:
                        found.add("=" + owner.rstrip("."))
                    if rdtype in ("A", "AAAA") and data:
                        found.add(data)
    return sorted(found)


def lists_of(kind, found):
    lists = {"watching": (WATCHING[kind], found)}
    if kind == "exempt":
        lists["ours"] = ({"kind": "allow", "priority": 1}, found)
    return lists


def play(context, scenario, settings):
    """'' when the scenario passes with the lists, else testbound's words; None when the scenario
    does not pass without the module either."""
    text = with_module(context.programs, scenario, keep_rpz=True)
    played = run(context.programs, text, context.folder, scenario.name, settings)
    if played.status == 0:
        return ""
    bare = run(context.programs, scenario.text, context.folder,
               f"{scenario.name}-bare", settings)  # fmt: skip
    return played.why() if bare.status == 0 else None


def watching(context):
    scenarios = context.scenarios()
    found = indicators(scenarios)
    for kind in WATCHING if context.long else ALWAYS:
        settings, refused = context.snapshots.make(lists_of(kind, found))
        context.results.expect(refused in (None, "[]"), f"lists were refused: {refused}")
        with ThreadPoolExecutor(context.workers) as pool:
            ends = list(pool.map(lambda s: play(context, s, settings), scenarios))
        faults = WATCHING_FAULTS.get(kind, ())
        for scenario, end in zip(scenarios, ends):
            if end is not None:
                context.results.judge(scenario.name, [end] if end else [], faults)
        context.results.note(
            f"{kind}: {len(scenarios)} scenarios with {len(found)} names and addresses on a list that "
            f"changes no answer; {ends.count(None)} not judged, {len(ends) - ends.count('')} differ"
        )
