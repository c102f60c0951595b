"""Waiting on a condition with a deadline: the only place in the daemon tests that sleeps."""

import os
import time

import dns.exception

# A sanitizer makes everything slower; the deadlines only matter when something is wrong.
FACTOR = 4 if os.environ.get("SINKWATCH_SANITIZER") else 1
DEADLINE = 10.0 * FACTOR
PAUSE = 0.01


def until(condition, what, deadline=None):
    """Call condition() until it returns something true, and return that.

    A question that got no answer is not yet true: UDP may lose one, and Unbound drops what it
    had in hand when it reloads.

    what      words for the failure: "waited 10 s for WHAT"; a function is called for them then
    deadline  seconds, before FACTOR; default 10
    """
    limit = DEADLINE if deadline is None else deadline * FACTOR
    end = time.monotonic() + limit
    while True:
        try:
            value = condition()
        except dns.exception.Timeout:
            value = None
        if value:
            return value
        if time.monotonic() > end:
            words = what() if callable(what) else what
            raise AssertionError(f"waited {limit:g} s for {words}")
        time.sleep(PAUSE)
