"""Fixtures of the daemon tests: an authority and a Redis for all tests, a resolver for each module.

A test module with other settings sets, at the top level:

    RESOLVER = {"server": ["serve-expired: yes"], "options": {"threads": 1}}
"""

import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True

from choices import chosen  # noqa: E402
from harness import evidence, mmdb  # noqa: E402
from harness.authority import Authority  # noqa: E402
from harness.environment import read_environment  # noqa: E402
from harness.events import NAME, Events  # noqa: E402
from harness.lists import Lists  # noqa: E402
from harness.redis_server import Redis  # noqa: E402
from harness.resolver import GARDEN, SINK4, SINK6, Resolver  # noqa: E402

HERE = Path(__file__).resolve().parent
NUMBERS = itertools.count(1)
CHOSEN = pytest.StashKey()


def pytest_configure(config):
    # A shell without job control starts background jobs with SIGINT ignored, and programs pass that
    # on. The programs under test must see the Ctrl-C that tests send.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A thread of a test that dies proves nothing any more.
    config.addinivalue_line("filterwarnings", "error::pytest.PytestUnhandledThreadExceptionWarning")
    choice, share = os.environ.get("CHOICE"), os.environ.get("SHARE")
    try:
        config.stash[CHOSEN] = chosen(HERE.glob("test_*.py"), choice, share)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_sessionstart(session):
    missing = read_environment().missing()
    if missing and not session.config.option.collectonly:
        pytest.exit("; ".join(missing) + " (the Makefile sets these: make test-daemon)", 2)


def pytest_report_header():
    words = {name: os.environ.get(name) for name in ("ORDER", "CHOICE", "SHARE", "TESTS")}
    return "tests: " + (", ".join(f"{key}={value}" for key, value in words.items() if value) or "all")


def pytest_ignore_collect(collection_path, config):
    """CHOICE and SHARE: the other files are not read at all."""
    if collection_path.parent != HERE or not collection_path.match("test_*.py"):
        return None
    return None if collection_path in config.stash[CHOSEN] else True


def pytest_collection_modifyitems(items):
    """ORDER=NUMBER: files, and the tests of each file, in the random order of this number. The
    tests of a file stay together, since all share a resolver."""
    if not os.environ.get("ORDER"):
        return
    order = random.Random(os.environ["ORDER"])
    files = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    for tests in files.values():
        order.shuffle(tests)
    shuffled = list(files.values())
    order.shuffle(shuffled)
    items[:] = itertools.chain.from_iterable(shuffled)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """A failure tells the state of all resolvers that run."""
    report = (yield).get_result()
    if report.failed:
        report.sections += evidence.sections()


@pytest.fixture(scope="session")
def env():
    return read_environment()


@pytest.fixture(scope="session")
def session_folder():
    """Under TMPDIR, with a short name: paths of unix sockets are limited to 107 octets."""
    folder = Path(tempfile.mkdtemp(prefix="sw-daemon-"))
    yield folder
    if not os.environ.get("KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder(session_folder):
    """An empty folder for a test."""
    path = session_folder / f"t{next(NUMBERS)}"
    path.mkdir()
    return path


@pytest.fixture(scope="session")
def authority(session_folder):
    path = session_folder / "authority"
    path.mkdir()
    server = Authority(path)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def shared_redis(session_folder):
    server = Redis(session_folder / "redis")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def own_redis(folder):
    """A Redis that the test may kill or freeze; not started yet."""
    server = Redis(folder / "redis", keep=True)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(env, session_folder):
    """MMDB files made from the tests' own tables: .asn and .owner."""
    return mmdb.make(session_folder)


@pytest.fixture(scope="session")
def settings_for(databases):
    """Make the settings of a resolver: everything on, each hit a separate event."""

    def make(redis_server, folder, **changes):
        name = f"r{next(NUMBERS)}"
        base = {
            "redis-socket": redis_server.socket,
            "redis-prefix": "{" + name + "}",
            "redis-timeout": 500,
            "resolver-id": name,
            "asn-mmdb": databases.asn,
            "owner-mmdb": databases.owner,
            "mmdb-check-interval": 1,
            "event-file": folder / "events.jsonl",
            "event-window": 0,
            "sinkhole-ipv4": SINK4,
            "sinkhole-ipv6": SINK6,
            "cname-target": GARDEN,
        }
        return {**base, **{key.replace("_", "-"): value for key, value in changes.items()}}

    return make


@pytest.fixture
def make_resolver(env, authority, settings_for, session_folder):
    """Start resolvers of the test's own: make_resolver(redis, key_of_settings=value, ...)."""
    made = []

    def make(redis_server, server=(), start=True, chain=None, options=None, **changes):
        path = session_folder / f"u{next(NUMBERS)}"
        settings = settings_for(redis_server, path, **changes)
        resolver = Resolver(env, path, authority, settings, server, chain, **(options or {}))
        made.append(resolver)
        return resolver.start() if start else resolver

    yield make
    failures = []
    for resolver in made:
        try:
            resolver.stop()
        except AssertionError as error:
            failures.append(str(error))
        finally:
            resolver.kill()
    assert not failures, "\n".join(failures)


@pytest.fixture(scope="module")
def module_resolver(request, env, authority, shared_redis, settings_for, session_folder):
    wanted = getattr(request.module, "RESOLVER", {})
    path = session_folder / f"u{next(NUMBERS)}"
    settings = settings_for(shared_redis, path, **wanted.get("settings", {}))
    server, chain = wanted.get("server", ()), wanted.get("chain")
    options = wanted.get("options", {})
    resolver = Resolver(env, path, authority, settings, server, chain, **options)
    try:
        resolver.start()
        lists_of(resolver, shared_redis).wait_state(state="following")
        yield resolver
        resolver.stop()
    finally:
        resolver.kill()


def lists_of(resolver, redis_server):
    settings = resolver.settings
    return Lists(redis_server.client, settings["redis-prefix"], settings["resolver-id"])


@pytest.fixture
def resolver(module_resolver, shared_redis, authority):
    """The module's resolver with no lists, an empty cache, and nothing counted upstream."""
    authority.proxy.forget()
    lists_of(module_resolver, shared_redis).drop_all()
    module_resolver.forget_answers()
    yield module_resolver
    module_resolver.check_alive()


@pytest.fixture
def lists(resolver, shared_redis):
    return lists_of(resolver, shared_redis)


@pytest.fixture
def ask(resolver):
    return resolver.client.ask


@pytest.fixture
def events(resolver, lists, shared_redis):
    """All events from now on: two markers have come out behind all that was recorded before.

    A single marker is not enough. Each worker has a ring, and the collector empties ring after
    ring: a marker on the second ring may overtake an event that came to the first ring just behind
    the collector. The second marker is asked for when the first has come out, and so is collected
    in a later round."""
    stream = Events(shared_redis.client, resolver.settings["redis-prefix"])
    markers = [f"marker{next(NUMBERS)}.many.clean.example" for _ in range(2)]
    lists.put("marker", *markers)
    for marker in markers:
        resolver.client.ask(marker)
        stream.wait({NAME: marker})
    lists.drop("marker")
    return Events(shared_redis.client, resolver.settings["redis-prefix"])


@pytest.fixture
def upstream(authority):
    return authority.proxy


@pytest.fixture(scope="session")
def lists_for():
    """Lists for a resolver that the test made itself: lists_for(resolver, redis)."""
    return lists_of


@pytest.fixture
def events_for():
    return lambda resolver, server: Events(server.client, resolver.settings["redis-prefix"])
