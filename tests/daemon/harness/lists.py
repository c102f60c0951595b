"""A feed, in the way of module/REDIS.md: hash and change stream in a single MULTI."""

import json
from datetime import datetime

from .wait import until


def id_key(text):
    """A stream id as something that compares: "1700000000000-1" -> (1700000000000, 1)."""
    ms, _, seq = (text or "0-0").partition("-")
    return int(ms or 0), int(seq or 0)


LAUNCHED = {}  # resolver id -> time of the last start of its Unbound, in seconds since the epoch


def when(text):
    """RFC 3339 -> seconds since the epoch."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Lists:
    """Writes lists under a prefix, and waits until the resolver has applied the change."""

    def __init__(self, client, prefix, resolver):
        self.client = client
        self.prefix = prefix
        self.resolver = resolver

    def key(self, suffix):
        return f"{self.prefix}:{suffix}"

    def put(self, name, *indicators, wait=True, **policy):
        """Create a list with policy and indicators, enforced when this returns."""
        with self.client.pipeline(transaction=True) as tx:
            self._put(tx, name, indicators, policy)
            return self._done(tx, wait)

    def put_all(self, made, wait=True):
        """put() for many lists in a single transaction; made: name -> (policy, indicators)."""
        with self.client.pipeline(transaction=True) as tx:
            for name, (policy, indicators) in made.items():
                self._put(tx, name, indicators, policy)
            return self._done(tx, wait)

    def _put(self, tx, name, indicators, policy):
        tx.hset(self.key("lists"), name, json.dumps(policy))
        self._change(tx, "policy", name)
        if indicators:
            tx.hset(self.key(f"list:{name}"), mapping=dict.fromkeys(indicators, ""))
            self._change(tx, "add", name, indicators)

    def policy(self, name, **policy):
        with self.client.pipeline(transaction=True) as tx:
            tx.hset(self.key("lists"), name, json.dumps(policy))
            self._change(tx, "policy", name)
            return self._done(tx)

    def policy_text(self, name, text):
        """The policy exactly as given, JSON or not."""
        with self.client.pipeline(transaction=True) as tx:
            tx.hset(self.key("lists"), name, text)
            self._change(tx, "policy", name)
            return self._done(tx)

    def add(self, name, *indicators):
        with self.client.pipeline(transaction=True) as tx:
            tx.hset(self.key(f"list:{name}"), mapping=dict.fromkeys(indicators, ""))
            self._change(tx, "add", name, indicators)
            return self._done(tx)

    def remove(self, name, *indicators):
        with self.client.pipeline(transaction=True) as tx:
            tx.hdel(self.key(f"list:{name}"), *indicators)
            self._change(tx, "remove", name, indicators)
            return self._done(tx)

    def replace(self, name, *indicators):
        """Staging key, rename, a change entry."""
        staging = self.key(f"list:{name}:staging")
        with self.client.pipeline(transaction=True) as tx:
            tx.hset(staging, mapping=dict.fromkeys(indicators, ""))
            tx.rename(staging, self.key(f"list:{name}"))
            self._change(tx, "replace", name)
            return self._done(tx)

    def drop(self, *names):
        with self.client.pipeline(transaction=True) as tx:
            for name in names:
                tx.hdel(self.key("lists"), name)
                tx.delete(self.key(f"list:{name}"))
                self._change(tx, "drop", name)
            return self._done(tx)

    def drop_all(self):
        names = self.client.hkeys(self.key("lists"))
        if names:
            self.drop(*names)

    def _change(self, tx, op, name, indicators=()):
        fields = ["op", op, "list", name]
        for indicator in indicators:
            fields += ["i", indicator]
        tx.execute_command("XADD", self.key("changes"), "MAXLEN", "~", 100000, "*", *fields)

    def _done(self, tx, wait=True):
        """Run the transaction; the change id of the last stream entry."""
        done = tx.execute()
        change_id = done[-1]
        if wait:
            self.wait_applied(change_id, deadline=10 + len(done) / 50)
        return change_id

    # The resolver's state in Redis.

    def state(self):
        """The report of the process that runs now. A process that is stopped while the feeder is
        busy leaves its last report behind: that is not taken for a report of the next process."""
        state = self.client.hgetall(self.key(f"resolver:{self.resolver}"))
        launched = LAUNCHED.get(self.resolver, 0)
        if launched and "started" in state and when(state["started"]) < launched - 0.001:
            return {}
        return state

    def wait_applied(self, change_id, deadline=None):
        until(
            lambda: id_key(self.state().get("applied")) >= id_key(change_id),
            lambda: f"change {change_id} to be applied; the resolver says {self.state()}",
            deadline,
        )

    def wait_state(self, **wanted):
        """Until each field equals the wanted value, or satisfies a wanted function."""

        def reached():
            state = self.state()
            for field, value in wanted.items():
                have = state.get(field)
                if not (value(have) if callable(value) else have == value):
                    return None
            return state

        words = ", ".join(f"{k}={'?' if callable(v) else v}" for k, v in wanted.items())
        return until(reached, lambda: f"state {words}; the resolver says {self.state()}")
