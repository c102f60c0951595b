"""What a failed test leaves for whoever reads its log elsewhere: state of each resolver, end of its log, its
settings, its keys in Redis, and the options of the run.

A resolver announces itself with watch() when it is made. After a failure sections() asks all that run, or
ended by themselves, for evidence(); the shared ones of other test files have been stopped by then.
"""

import os
import re
import weakref

import redis

LINES = 60  # of each log
LENGTH = 300  # characters of each line
VALUE = 2000  # characters of each key of Redis
ENTRIES = 12  # of each stream
FIELDS = 100  # a larger hash is a count
OPTIONS = ("ORDER", "CHOICE", "SHARE", "TESTS", "LONG", "SINKWATCH_SANITIZER", "UNBOUND_VERSION")
_watched = []  # weak references in the order of making


def watch(resolver):
    """Ask this resolver for evidence from now on, as long as somebody uses it."""
    _watched.append(weakref.ref(resolver))


def tail(text, lines=LINES):
    """The last lines of a text, long ones cut."""
    found = text.splitlines()
    head = [f"({len(found) - lines} lines before)"] if len(found) > lines else []
    return "\n".join(head + [line[:LENGTH] for line in found[-lines:]])


def attempt(look):
    """The result of look(), or in words why there is none: evidence must not raise."""
    try:
        return look()
    except Exception as error:  # a failure of the look is evidence, too
        return f"({type(error).__name__}: {error})"


def sections():
    """Pairs of a title and a text."""
    words = [f"{name}={os.environ[name]}" for name in OPTIONS if os.environ.get(name)]
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    found = [("circumstances", f"load {load}; {' '.join(words)}")]
    _watched[:] = [reference for reference in _watched if reference() is not None]
    for resolver in [reference() for reference in _watched]:
        if resolver is not None and resolver.process:
            found.append((f"resolver in {resolver.folder}", attempt(resolver.evidence)))
    return found


def redis_state(settings):
    """The keys below the prefix of these settings, with their values; needs redis-socket."""
    socket, prefix = settings.get("redis-socket"), settings.get("redis-prefix")
    if not socket or not prefix:
        return "no redis-socket"
    with redis.Redis(
        unix_socket_path=str(socket), decode_responses=True, socket_timeout=2, retry=None,
        username=settings.get("redis-user"), password=settings.get("redis-password"),
    ) as client:  # fmt: skip
        pattern = re.sub(r"([*?\[\]\\^-])", r"\\\1", prefix) + ":*"
        keys = sorted(client.scan_iter(pattern, 1000))
        return "\n".join(f"{key}: {attempt(lambda k=key: _value(client, k))}"[:VALUE] for key in keys)


def _value(client, key):
    kind = client.type(key)
    if kind == "stream":
        last = client.xrevrange(key, count=ENTRIES)
        return "\n  ".join([f"{client.xlen(key)} entries", *map(str, reversed(last))])
    if kind == "hash":
        return client.hgetall(key) if client.hlen(key) <= FIELDS else f"{client.hlen(key)} fields"
    return kind
