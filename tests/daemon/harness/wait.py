"""Waiting on a condition with a deadline: the only place in the daemon tests that sleeps."""

import os
import time

import dns.exception
import redis

# A sanitizer makes everything slower; the deadlines only matter when something is wrong.
FACTOR = 4 if os.environ.get("SINKWATCH_SANITIZER") else 1
DEADLINE = 10.0 * FACTOR
# The pause between two looks grows with the wait, so that looks leave the processors to the programs under
# test: a long wait ends late by a twentieth at most (D-213).
PAUSE, PAUSE_MAX, PAUSE_SHARE = 0.01, 0.05, 20

# Raised by a condition that reads a thing that is not there yet: a field, a line, a file, a whole
# JSON text, an answer (UDP may lose an answer, and Unbound drops the questions in hand at a
# reload), Redis while starting. An exception that means that the thing can never come passes:
# AssertionError above all.
NOT_YET = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    StopIteration,
    OSError,
    dns.exception.DNSException,
    redis.exceptions.RedisError,
)


def until(condition, what, deadline=None):
    """Call condition() until the result is true, and return the result.

    condition  an exception of NOT_YET means that the condition is not true yet
    what       words for the failure: "waited 10 s for WHAT"; a function is called for these words
               then
    deadline   seconds, before FACTOR; default 10

    The failure names the last value or exception too, with the exception as cause.
    """
    limit = DEADLINE if deadline is None else deadline * FACTOR
    begin = time.monotonic()
    end = begin + limit
    while True:
        # The last look begins after the deadline: a process that was not run meanwhile has this
        # look.
        late = time.monotonic() > end
        error = None
        try:
            value = condition()
            if value:
                return value
            seen = f"returned {value!r}"
        except NOT_YET as raised:
            error, seen = raised, f"raised {raised!r}"
        if late:
            words = f"waited {limit:g} s for {_words(what)}; the last look {seen}"
            raise AssertionError(words) from error
        time.sleep(pause(time.monotonic() - begin))


def pause(waited):
    """Seconds until the next look, after so many seconds of waiting."""
    return max(PAUSE, min(PAUSE_MAX, waited / PAUSE_SHARE))


def live(seconds):
    """Let so much of a record's time to live pass: no condition can observe the passing."""
    time.sleep(seconds)


def _words(what):
    """The words of a failure: the words may be about a thing that is as absent as the awaited
    thing."""
    try:
        return what() if callable(what) else what
    except NOT_YET as error:
        return f"something of which there is nothing to say: {error!r}"
