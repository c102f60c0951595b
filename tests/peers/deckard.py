"""Scenarios of Deckard (CZ.NIC's, sets/resolver/*.rpl) played by Unbound's testbound.

    DECKARD=DIR make test-peers

The format is testbound's, older and with additions. The expected answers are Knot Resolver's, so
they are not compared: each is played by bare Unbound, then with the module and no list, with lists
that watch, and with lists that act. Answers have to be the same, or agree with blocking.py's model;
with lists that change nothing the questions upstream have to be the same, too.
"""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import blocking
import watching
from differences import BLOCKING_FAULTS
from play import run, unchecked, with_module
from scenario import Scenario

# The words of an entry that testbound knows; the others say how Deckard compares answers.
MATCH = {"opcode", "qtype", "qname", "subdomain", "TCP", "UDP"}
UPSTREAM = re.compile(r"info: pending serviced query (.+)\n.*zone (\S+) flags")
PLAYS = 4  # how often a scenario is played again where questions differ
YES_NO = {"on": "yes", "off": "no"}


def setting(line):
    """A line of Deckard's configuration as lines of unbound.conf."""
    found = re.match(r"\s*([a-z0-9-]+):\s*(.*?)\s*([;#].*)?$", line)
    key, value = found.groups()[:2] if found else ("", "")
    value = YES_NO.get(value.strip('"'), value)
    if key in ("trust-anchor", "val-override-date", "do-ip4", "do-ip6", "domain-insecure"):
        return [f"\t{key}: {value}"]
    if key in ("harden-glue", "do-not-query-localhost"):
        return [f"\t{key}: {value}"]
    if key == "query-minimization":
        return [f"\tqname-minimisation: {value}"]
    if key == "val-override-timestamp":
        moment = time.gmtime(int(value.strip('"')))
        return [f'\tval-override-date: "{time.strftime("%Y%m%d%H%M%S", moment)}"']
    return []


def convert(text):
    """A scenario of Deckard as a scenario of testbound."""
    head, body = re.split(r"^\s*CONFIG_END.*$", text, maxsplit=1, flags=re.M)
    config = ["server:", '\ttarget-fetch-policy: "0 0 0 0 0"', "\ttrust-anchor-signaling: no"]
    config += ["\tminimal-responses: no", "\trrset-roundrobin: no"]
    config += ['\tlocal-zone: "test." nodefault']  # which some scenarios delegate
    servers = {"stub": [], "forward": []}
    for line in head.splitlines():
        found = re.match(r"\s*(stub|forward)-addr:\s*([^\s;#]+)", line)
        if found:
            servers[found.group(1)].append(found.group(2))
        else:
            config += setting(line)
    for kind, addresses in servers.items():
        if addresses:
            config += [f"{kind}-zone:", '\tname: "."', *(f"\t{kind}-addr: {a}" for a in addresses)]
    return "\n".join([*config, "CONFIG_END", *entries(body.splitlines())]) + "\n"


def entries(lines):
    """The body, without words that testbound does not know."""
    lines = [re.sub(r"^(\s*)(MATCH\b.*)$", known_words, line) for line in lines]
    blocks, inside = [], None
    for line in lines:
        if line.strip().startswith("ENTRY_BEGIN"):
            inside = []
        if inside is None:
            blocks.append(line)
            continue
        inside.append(line)
        if line.strip().startswith("ENTRY_END"):
            text = "\n".join(inside)
            if "RAW" not in text.split() and "do_not_answer" not in text:
                blocks += inside
            inside = None
    return blocks


def known_words(found):
    words = [word for word in found.group(2).split(";")[0].split()[1:] if word in MATCH]
    return found.group(1) + " ".join(["MATCH", *words])


def questions(played):
    """Questions that went upstream."""
    return set(UPSTREAM.findall(played.output))


def asks_the_same(context, scenario, kind, settings):
    """Unbound chooses among servers by chance: whether in some plays the questions upstream agree."""
    seen = {"bare": [], "ours": []}
    for _ in range(PLAYS):
        for who, text in (
            ("bare", unchecked(scenario)),
            ("ours", with_module(context.programs, scenario, checks=False)),
        ):
            name = f"deckard-{scenario.name}-{kind}-{who}"
            seen[who].append(questions(run(context.programs, text, context.folder, name, settings)))
        if any(asked in seen["bare"] for asked in seen["ours"]):
            return True
    return False


def read(folder):
    """[Scenario] of a folder, sets/resolver below or the folder itself."""
    inner = folder / "sets" / "resolver"
    paths = sorted((inner if inner.is_dir() else folder).glob("*.rpl"))
    return [Scenario(path, convert(path.read_text(errors="replace"))) for path in paths]


def play(context, scenario, settings):
    """Results of bare Unbound, and with the module and each set of lists."""
    name = f"deckard-{scenario.name}"
    first = next(iter(settings.values()))
    bare = run(context.programs, unchecked(scenario), context.folder, f"{name}-bare", first)
    text = with_module(context.programs, scenario, checks=False)
    return bare, {
        kind: run(context.programs, text, context.folder, f"{name}-{kind}", each)
        for kind, each in settings.items()
    }


def deckard(context, folder):
    scenarios = read(folder)
    acting = blocking.Lists(scenarios)
    found = watching.indicators(scenarios)
    kinds = {
        "none": {"other": ({"action": "nxdomain"}, ["nobody.asks.for.this.example"])},
        "watch": watching.lists_of("watch", found),
        "monitor": watching.lists_of("monitor", found),
        "acting": acting.policies(),
    }
    settings = {kind: context.snapshots.make(lists)[0] for kind, lists in kinds.items()}
    with ThreadPoolExecutor(context.workers) as pool:
        plays = list(pool.map(lambda s: play(context, s, settings), scenarios))
    answers = judged = 0
    for scenario, (bare, others) in zip(scenarios, plays):
        if not bare.replies:
            continue  # not to be converted, or nothing is answered
        judged += 1
        answers += len(bare.replies)
        for kind, played in others.items():
            lists = acting if kind == "acting" else blocking.NOTHING
            wrong = blocking.compare(lists, bare, played)[0]
            same = kind == "acting" or questions(bare) == questions(played)
            if not same and not asks_the_same(context, scenario, kind, settings[kind]):
                wrong.append("other questions are asked upstream")
            known = BLOCKING_FAULTS if kind == "acting" else ()
            context.results.judge(scenario.name, wrong, known, what=f"deckard {kind} ")
    context.results.note(
        f"{answers} answers of {judged} of Deckard's {len(scenarios)} scenarios, without the module and with "
        f"it {len(kinds)} times"
    )
