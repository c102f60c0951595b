"""All of Unbound's scenarios with lists that act on a third of the names and addresses.

Each scenario is played without and with the module; a small model says, for each answer of the
first run, which answer the second run has to give: NXDOMAIN for a listed name or an alias to a
listed name, the landing address for a listed address, else the same answer.
"""

import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

from differences import BLOCKING, BLOCKING_FAULTS, BLOCKING_LONG, LOCAL
from play import run, say, unchecked, with_module
from policies import has_policies
from watching import indicators

SINK = {"A": "198.18.0.1", "AAAA": "2001:db8:5::1"}
# Steps that say which question goes upstream, and when: a blocked name asks less.
UPSTREAM = {"CHECK_OUT_QUERY", "REPLY", "TIMEOUT", "ERROR"}
EXEMPT = ("DS", "DNSKEY")


THIRDS = (0, 1, 2)  # LONG=1 lists each third in turn, else the first


class Lists:
    def __init__(self, scenarios, third=0):
        found = indicators(scenarios)
        chosen = [text for text in found if zlib.crc32(text.encode()) % len(THIRDS) == third]
        self.names = {text for text in chosen if text.startswith("=")}
        self.addresses = {text for text in chosen if not text.startswith("=")}

    def policies(self):
        landing = {"sinkhole4": SINK["A"], "sinkhole6": SINK["AAAA"]}
        return {
            "names": ({"action": "nxdomain"}, sorted(self.names)),
            "addresses": ({"action": "sinkhole", **landing}, sorted(self.addresses)),
        }

    def has_name(self, name):
        return f"={name.rstrip('.')}" in self.names

    def answer(self, message):
        """The answer of a client that would have got message, in the form of Message.brief()."""
        name, rdtype = message.question or ("", "")
        records = message.sections["ANSWER"]
        if not name or rdtype in EXEMPT:
            return message.brief()
        if self.has_name(name):
            return "NXDOMAIN"
        if any(t == "CNAME" and self.has_name(data) for _, t, data in records):
            return "NXDOMAIN"
        if any(t in SINK and data in self.addresses for _, t, data in records):
            return f"{name} {rdtype} {SINK[rdtype]}" if rdtype in SINK else "NODATA"
        return message.brief()


NOTHING = Lists([])  # by this model every answer is the true answer


def by_question(played):
    found = defaultdict(list)
    for reply in played.replies:
        found[reply.message.question].append(reply.message)
    return found


def compare(lists, bare, ours, local=False):
    """Words for each answer that differs from the model; and how many answers were compared. local:
    an answer that is the same as without the module is right, too."""
    wrong, count = [], 0
    got = by_question(ours)
    for question, messages in by_question(bare).items():
        mine = got.pop(question, [])
        count += len(messages)
        if len(mine) != len(messages):
            wrong.append(f"{say(question)}: {len(messages)} answers without us, {len(mine)} with")
        for message, other in zip(messages, mine):
            expected = lists.answer(message)
            if other.brief() not in (expected, message.brief() if local else expected):
                wrong.append(f"{say(question)}: expected {expected}, got {other.brief()}")
    wrong += [f"{say(question)}: answered with us alone" for question in got]
    return wrong, count


def judged(scenario):
    return not has_policies(scenario) and not UPSTREAM & {s.kind for s in scenario.steps}


def play(context, scenario, settings):
    bare = run(context.programs, unchecked(scenario), context.folder, f"{scenario.name}-b", settings)
    text = with_module(context.programs, scenario, checks=False)
    ours = run(context.programs, text, context.folder, f"{scenario.name}-l", settings)
    return bare, ours


def blocking(context):
    scenarios = context.scenarios()
    chosen = [scenario for scenario in scenarios if judged(scenario)]
    for third in THIRDS if context.long else THIRDS[:1]:
        lists = Lists(scenarios, third)
        settings, refused = context.snapshots.make(lists.policies())
        context.results.expect(refused in (None, "[]"), f"lists were refused: {refused}")
        with ThreadPoolExecutor(context.workers) as pool:
            played = list(pool.map(lambda s: play(context, s, settings), chosen))
        answers = changed = 0
        for scenario, (bare, ours) in zip(chosen, played):
            wrong, count = compare(lists, bare, ours, scenario.name in LOCAL)
            answers += count
            changed += sum(r.message.brief() != lists.answer(r.message) for r in bare.replies)
            wrong += [f"{ours.why()}"] if ours.ended_early and not bare.ended_early else []
            if third == THIRDS[0]:
                context.results.judge(scenario.name, wrong, BLOCKING_FAULTS, BLOCKING)
            else:
                allowed = {**BLOCKING_FAULTS, **BLOCKING, **BLOCKING_LONG}
                context.results.judge(scenario.name, wrong, allowed, what=f"third {third} ")
        context.results.note(
            f"{answers} answers of {len(chosen)} scenarios with {len(lists.names)} names and "
            f"{len(lists.addresses)} addresses listed: {changed} are other ones"
        )
