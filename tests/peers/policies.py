"""The policies of a scenario (clauses rpz, options response-ip) as Sinkwatch's lists."""

import re

from harness.rpz import Lists, Zone, data_policy, without_comment, zone_records

# response-ip's actions that a list has, too; "redirect" is the action of data.
RESPONSES = {
    "deny": {"action": "drop"},
    "inform_deny": {"action": "drop"},
    "refuse": {"action": "refused"},
    "always_refuse": {"action": "refused"},
    "always_nxdomain": {"action": "nxdomain"},
    "always_nodata": {"action": "nodata"},
    "inform": {"action": "monitor"},
    "always_transparent": {"kind": "allow"},
    "redirect": {"action": "sinkhole"},
    "inform_redirect": {"action": "sinkhole"},
}


def has_policies(scenario):
    heads = [name for name, _ in scenario.clauses()]
    return "rpz" in heads or any("response-ip:" in line for line in scenario.config)


def value(lines, key):
    """The value of an option in a clause's lines, without quotes."""
    for line in lines:
        found = re.match(rf'^\s*{key}:\s*"?([^"\n]*?)"?\s*$', without_comment(line))
        if found:
            return found.group(1)
    return ""


def zones(scenario):
    """The policy zones of a scenario, in order."""
    found = []
    for name, lines in scenario.clauses():
        if name != "rpz":
            continue
        origin = value(lines, "name").rstrip(".").lower() + "."
        at = [i for i, line in enumerate(lines) if "TEMPFILE_CONTENTS" in line]
        end = [i for i, line in enumerate(lines) if "TEMPFILE_END" in line]
        text = lines[at[0] + 1 : end[0]] if at else []
        override, target = (value(lines, f"rpz-{key}-override") for key in ("action", "cname"))
        groups = value(lines, "tags").split()
        found.append(Zone(origin, zone_records(text, origin), override, target, groups))
    return found


def transferred(scenario, zone):
    """The zone after the transfer from the scenario's authority, or None."""
    for question, answer in scenario.ranges():
        if question not in ((zone.origin, "IXFR"), (zone.origin, "AXFR")):
            continue
        heads = [i for i, (_, rdtype, _) in enumerate(answer) if rdtype == "SOA"]
        if len(heads) < 2:
            continue
        records = answer
        if heads[1] == 1:  # RFC 1995: removed and added records, in turn
            records = zone.records
            for begin, end, adds in zip(heads[1:], heads[2:], [False, True] * len(heads)):
                part = answer[begin + 1 : end]
                records = [r for r in records if adds or r not in part] + (part if adds else [])
        return Zone(zone.origin, records, zone.override, zone.target, zone.groups)
    return None


def options(scenario, name):
    """The words of each such option of the server clause."""
    for clause, lines in scenario.clauses():
        for line in lines if clause == "server" else ():
            words = without_comment(line).replace('"', " ").split()
            if words[:1] == [f"{name}:"]:
                yield words[1:]


def lists_of(scenario, of_zones):
    """Lists for these zones and the scenario's response-ip options."""
    lists = Lists(of_zones)
    policies = {words[0]: dict(RESPONSES[words[1]]) for words in options(scenario, "response-ip")}
    for words in options(scenario, "response-ip-data"):
        policies.get(words[0], {}).update(data_policy([(words[-2].upper(), words[-1].lower())]))
    for network, policy in policies.items():
        indicator = re.sub(r"^([\d.]+)/32$|^([\da-f:]+)/128$", r"\1\2", network)
        lists.put({**policy, "priority": 5, "triggers": ["address"]}, indicator)
    return lists


def groups(scenario):
    """Values of `client-group` for access-control-tag."""
    found = {}
    for network, *tags in options(scenario, "access-control-tag"):
        for tag in tags:
            found.setdefault(tag, []).append(network)
    return [f'"{" ".join([tag, *networks])}"' for tag, networks in found.items()]
