"""Each allocation of the worker fails once, for questions of each kind: the query fails, or is answered as the
lists say; the resolver goes on, and no list is left out (D-122)."""

import mmap
import shlex
import struct
import subprocess

import pytest
from harness.environment import ROOT
from harness.resolver import GARDEN4, SINK4, Resolver

WRAPPED = (
    "malloc", "calloc", "realloc", "regional_alloc", "regional_alloc_zero", "regional_alloc_init",
    "reply_info_copy", "query_info_entrysetup", "alloc_special_obtain", "tomsg",
)
OTHER, UNSERVED = "127.1.0.9", "unserved.example"
TRUE4 = "203.0.113.5"
WWW, ALIAS, ADDRESS = "www.evil.example", "to-evil.clean.example", "four.address.example"
ALL = ("evil.example", "203.0.113.5")
# The lists with their groups; the questions; the addresses that may be in an answer with NOERROR.
CASES = {
    "name": (ALL, {"action": "nxdomain"}, WWW, None),
    "name-sinkhole": (ALL, {"action": "sinkhole"}, WWW, [SINK4]),
    "name-observed": (ALL, {"action": "sinkhole", "observe": True}, WWW, [SINK4]),
    "name-garden": (ALL, {"action": "cname"}, WWW, [GARDEN4]),
    "alias": (ALL, {"action": "refused"}, ALIAS, None),
    "alias-garden": (ALL, {"action": "cname"}, ALIAS, [GARDEN4]),
    "address": (ALL, {"action": "nxdomain"}, ADDRESS, None),
    "address-sinkhole": (ALL, {"action": "sinkhole"}, ADDRESS, [SINK4]),
    "address-drop": (ALL, {"action": "drop"}, ADDRESS, None),
    "client": (("127.0.0.1",), {"action": "refused", "triggers": ["client"]}, WWW, None),
    "client-garden": (("127.0.0.1",), {"action": "cname", "triggers": ["client"]}, ADDRESS, [GARDEN4]),
    "other-client": ((OTHER,), {"action": "nxdomain", "triggers": ["client"]}, ADDRESS, [TRUE4]),
    "other-group": (ALL, {"action": "nxdomain", "groups": ["kids"]}, ADDRESS, [TRUE4]),
    "group": (ALL, {"action": "sinkhole", "groups": ["us"]}, ADDRESS, [SINK4]),
    "monitor": (ALL, {"action": "monitor"}, ADDRESS, [TRUE4]),
    "failure": ((UNSERVED, *ALL), {"action": "monitor"}, "to-unserved.clean.example", None),
}
FAR_ENOUGH = 400  # allocations for one question: far more than there are


@pytest.fixture(scope="session")
def failing_module(session_folder):
    """The module, linked with tests/fault/no_memory.c in front of the allocators."""
    done = subprocess.run(
        ["make", "-n", "V=1", "-W", "module/host/abi.c", "module"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    lines = done.stdout.replace("\\\n", " ").splitlines()
    (link,) = [shlex.split(line) for line in lines if " -shared " in line]
    made = session_folder / "no-memory.so"
    link[link.index("-o") + 1] = str(made)
    wraps = [f"-Wl,--wrap={name}" for name in WRAPPED]
    subprocess.run([*link, "-fPIC", "tests/fault/no_memory.c", *wraps], cwd=ROOT, check=True)
    return made


class Switch:
    """Which allocation of the worker fails."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with path.open("r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 8)

    def fail(self, number):
        self.memory[:] = struct.pack("II", number, 0)

    def seen(self):
        return struct.unpack("II", self.memory[:])[1]


@pytest.fixture(scope="module")
def starved(env, authority, shared_redis, settings_for, session_folder, failing_module):
    """A resolver with one worker, and the switch of its allocations."""
    path = session_folder / "starved"
    path.mkdir(exist_ok=True)
    switch = Switch(path / "switch")
    settings = settings_for(shared_redis, path, client_group=[f'"kids {OTHER}"', '"us 127.0.0.1"'])
    resolver = Resolver(env, path, authority, settings, module=failing_module, threads=1)
    resolver.stubs = [*resolver.stubs, UNSERVED]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SW_NO_MEMORY", str(path / "switch"))
        resolver.start()
    try:
        yield resolver, switch
        resolver.stop()
    finally:
        resolver.kill()


@pytest.mark.parametrize("again", [False, True], ids=["resolved", "remembered"])
@pytest.mark.parametrize("case", CASES)
def test_each_allocation_fails_once(starved, lists_for, shared_redis, case, again):
    indicators, policy, name, allowed = CASES[case]
    resolver, switch = starved
    tcp = policy["action"] == "drop"  # REFUSED over a stream (D-080), so there is an answer to look at
    lists = lists_for(resolver, shared_redis)
    lists.drop_all()
    lists.put("bad", *indicators, **policy)
    resolver.forget_answers()
    normal = resolver.client.ask(name, tcp=tcp)
    assert normal.rcode != "NOERROR" or set(normal.addresses) <= set(allowed)
    for number in range(1, FAR_ENOUGH):
        if not again:
            resolver.forget_answers()
        switch.fail(number)
        answer = resolver.client.ask(name, tcp=tcp)
        done = switch.seen() < number
        switch.fail(0)
        assert answer.rcode in (normal.rcode, "SERVFAIL"), (number, answer.message)
        assert set(answer.addresses) <= set(allowed or ()), (number, answer.message)
        if done:
            break
    assert done and (number > 1 or again)  # Unbound's own cached answer needs no memory of this module
    resolver.forget_answers()
    after = resolver.client.ask(name, tcp=tcp)
    assert (after.rcode, after.addresses) == (normal.rcode, normal.addresses)
    resolver.check_alive()
