"""Reading the events of the resolver: events and anomalies in Redis, JSON lines in the file."""

import json

from .wait import until

# Names of fields, as in module/REDIS.md.
NAME = "dns.question.name"
QTYPE = "dns.question.type"
CLIENT = "client.ip"
TRANSPORT = "network.transport"
LIST = "sinkwatch.list"
INDICATOR = "sinkwatch.indicator"
TRIGGER = "sinkwatch.trigger"
WANTED = "sinkwatch.action.wanted"
TAKEN = "sinkwatch.action.taken"
SHADOW = "sinkwatch.shadow"
COUNT = "sinkwatch.count"
ANOMALY = "sinkwatch.anomaly.type"
ANOMALY_NAME = "sinkwatch.anomaly.name"


def field(event, path):
    """A value by the dotted path, or None; lists of objects are searched, a value for each
    object."""
    values = [event]
    for part in path.split("."):
        values = [
            item[part]
            for value in values
            for item in (value if isinstance(value, list) else [value])
            if isinstance(item, dict) and part in item
        ]
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def matches(event, wanted):
    return all(field(event, path) == value for path, value in wanted.items())


def read_file(path):
    """All whole lines of a JSON-lines file; every line must parse."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


class Events:
    """The streams of a prefix, from the moment this object was made."""

    def __init__(self, client, prefix):
        self.client = client
        self.prefix = prefix
        self.start = {name: self._last(name) for name in ("events", "anomalies")}

    def _last(self, name):
        newest = self.client.xrevrange(f"{self.prefix}:{name}", count=1)
        return newest[0][0] if newest else "0-0"

    def all(self, stream="events"):
        entries = self.client.xrange(f"{self.prefix}:{stream}", f"({self.start[stream]}")
        return [json.loads(fields["e"]) for _, fields in entries]

    def wait(self, wanted, count=1, stream="events"):
        """At least count entries with the wanted values in the fields (by dotted path)."""

        def found():
            hits = [event for event in self.all(stream) if matches(event, wanted)]
            return hits if len(hits) >= count else None

        return until(found, lambda: f"{count} {stream} with {wanted} in {self.all(stream)}")

    def anomaly(self, wanted):
        return self.wait(wanted, stream="anomalies")[0]
