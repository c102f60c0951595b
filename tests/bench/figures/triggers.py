"""The cost of the triggers that are off unless a list uses them, resolvers side by side in the same
run.

`plain` is Unbound alone, `module` has Sinkwatch with a short list of names, `clients` the same and
a list with trigger client (1,000 prefixes, none of which covers the client): every answer passes
through the module then. `servers` has a list with triggers nsdname and nsip instead.
"""

import json

from harness.wait import until

from .cost import Job, measure
from .load import run, write_questions
from .world import clean_names, fresh_names

CLIENTS = {f"10.{i >> 8}.{i & 255}.0/24": "" for i in range(1000)}
NAMES = {f"listed{i}.example": "" for i in range(1000)}
LISTS = {
    "module": {"names": ({"action": "nxdomain"}, NAMES)},
    "clients": {
        "names": ({"action": "nxdomain"}, NAMES),
        "who": ({"action": "nxdomain", "triggers": ["client"]}, CLIENTS),
    },
    "servers": {
        "names": ({"action": "nxdomain"}, NAMES),
        "by": ({"action": "nxdomain", "triggers": ["nsdname", "nsip"]}, {**NAMES, **CLIENTS}),
    },
}


def start_with(world, kind, lists):
    """A resolver with the module and separate lists, loaded."""
    client = world.redis.client
    prefix = "{bench-" + kind + "}"
    for name, (policy, indicators) in lists.items():
        client.hset(f"{prefix}:lists", name, json.dumps(policy))
        client.hset(f"{prefix}:list:{name}", mapping=indicators)
    resolver = world.start(world.with_module(kind, prefix))
    state = lambda: client.hgetall(f"{prefix}:resolver:{kind}")  # noqa: E731
    until(lambda: state().get("applied"), lambda: f"the lists: {state()}", 60)
    return resolver


def bench(world, report):
    sizes = world.sizes
    kinds = {"plain": world.start(world.plain())}
    for kind, lists in LISTS.items():
        kinds[kind] = start_with(world, kind, lists)
    jobs = {kind: Job(resolver) for kind, resolver in kinds.items()}
    cached = write_questions(world.folder / "cached", clean_names(sizes.names))
    for resolver in kinds.values():
        run(resolver.port, cached)
    repeat = max(1, sizes.cached_queries // sizes.names)
    costs = measure(jobs, lambda *_: cached, sizes.rounds, repeat)
    report.add(costs.figure("cached_clients_listed", "clients", "plain"))
    report.add(costs.figure("cached_servers_listed", "servers", "plain"))
    report.add(costs.figure("cached_neither_listed", "module", "plain"))
    for number in range(sizes.rounds):
        names = fresh_names(sizes.resolved_queries, number)
        write_questions(world.folder / f"fresh{number}", names)
    costs = measure(jobs, lambda _, number: world.folder / f"fresh{number}", sizes.rounds)
    report.add(costs.figure("resolved_clients_listed", "clients", "module"))
    report.add(costs.figure("resolved_servers_listed", "servers", "module"))
    for resolver in kinds.values():
        world.stop(resolver)
