"""How large a run is: quick to try, default, or the long form of the design's table."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Sizes:
    form: str
    threads: int  # of each resolver
    listed: int  # names on the list
    messages: int  # answers in the message cache while lists change
    rounds: int  # repeats of each cost measurement
    cached_queries: int  # queries of a repeat, answered from the cache or blocked
    resolved_queries: int  # queries of a repeat that go upstream
    names: int  # distinct names among the cached or blocked queries
    loads: int  # full loads from Redis
    changes: int  # names added singly
    pause_s: float  # between two additions at most, at random
    swept: int  # subtrees, prefixes and AS numbers added, each
    pace: int  # so many changes a second
    rate: int  # changes a second of a busy feed
    sustained_s: float  # and for how long
    windows: int  # stretches of the probe stream, with sweeps and without each
    window_s: float


DEFAULT = Sizes(
    form="default",
    threads=2,
    listed=1_000_000,
    messages=200_000,
    rounds=16,
    cached_queries=100_000,
    resolved_queries=10_000,
    names=10_000,
    loads=5,
    changes=300,
    pause_s=0.04,
    swept=300,
    pace=50,
    rate=10_000,
    sustained_s=15.0,
    windows=5,
    window_s=2.0,
)
LONG = replace(
    DEFAULT,
    form="long",
    messages=1_000_000,
    rounds=40,
    loads=9,
    changes=10_000,
    pause_s=0.01,
    swept=10_000,
    pace=100,
    sustained_s=40.0,
    windows=9,
)
QUICK = replace(
    DEFAULT,
    form="quick",
    listed=100_000,
    messages=20_000,
    rounds=4,
    cached_queries=50_000,
    resolved_queries=5_000,
    loads=2,
    changes=60,
    swept=60,
    sustained_s=4.0,
    windows=2,
    window_s=1.0,
)


def short(number):
    """200000 -> 200k, 1000000 -> 1m."""
    for unit, letter in ((1_000_000, "m"), (1_000, "k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit}{letter}"
    return str(number)
