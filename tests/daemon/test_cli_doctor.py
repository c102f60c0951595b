"""sinkwatch doctor: a healthy installation has no fault, and each planted fault is named with the
remedy. D-182, D-217."""

import re
import shutil
import socket
import tempfile
from pathlib import Path

import doctor_faults  # noqa: F401 - registers faults
import doctor_service_faults
import pytest
from cli_rig import ROOT
from doctor_rig import FAULT, FAULTS, Installation, resolver_without, through
from test_acl import documented

# Findings about the machine that runs the tests.
MACHINE = {"clock.synchronized"}


@pytest.fixture(scope="module")
def installation(env, session_folder, authority, databases):
    folder = Path(tempfile.mkdtemp(prefix="sw-doctor-"))
    folder.chmod(0o755)
    made = Installation(env, folder, authority, databases)
    yield made
    made.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def it(installation):
    installation.fresh()
    return installation


# ---- the tests ----


def test_healthy(it):
    """The canary is enforced by a real Unbound with the module, and nothing is wrong."""
    from harness.wait import until

    it.put_lists()
    until(lambda: it.resolver.client.ask("canary.clean.example").addresses == ["198.18.0.1"],
          "the canary to be enforced")  # fmt: skip
    found = it.run()
    bad = {key: f for key, f in found.items() if key[1] != "ok" and key[0] not in MACHINE}
    assert not bad and it.code == 0, bad
    assert ("module.match", "ok") in found and "enforces list canary" in found["canary.answer", "ok"]["why"]
    assert all("remedy" not in f for (_, state), f in found.items() if state == "ok")
    out = it.run(json_output=False)
    assert re.search(r"^\d+ ok, [01] warnings?, 0 failures$", out, re.M), out


@pytest.mark.parametrize("name", FAULTS)
def test_fault(it, name):
    plant, finding, state, remedy, why = FAULTS[name]
    try:
        found = it.run(plant(it))
    finally:
        it.redis.client.config_set("notify-keyspace-events", "Kgh")
    assert (finding, state) in found, found
    named = found[finding, state]
    assert re.search(remedy, named["remedy"]) and re.search(why, named["why"]), named
    failures = [f for (_, s), f in found.items() if s == "failure"]
    assert it.code == (FAULT if failures else 0)
    assert all(f["remedy"] for (_, s), f in found.items() if s != "ok")


def test_healthy_services(it):
    """Every service in use, each with the shipped rights of its role, a feed, a memory, a reader of
    dnstap, and a unit with a sandbox: nothing is wrong, and nothing is left in Redis."""
    roles = {"feed": "subscriber", "notify": "notifier", "web": "reader", "metrics": "reader", "sweep": "sweep"}
    (it.case / "targets").write_text("target: a\nvia: syslog\n")
    for name, role in roles.items():
        it.service(name, role, words=f"--file {it.case}/targets" if name == "notify" else "")
    it.unit("sinkwatch-sweep.timer", ActiveState="active")
    it.unit("unbound.service", ProtectSystem="strict", ReadWritePaths=f"-{it.case}",
            Environment=f"SINKWATCH_CONF={it.case}/sinkwatch.conf",
            RestrictAddressFamilies="AF_INET AF_UNIX")  # fmt: skip
    it.feed()
    doctor_service_faults.memory(it)
    doctor_service_faults.apparmor(it, f"  {it.case}/{{,**}} rwk,\n  {it.folder}/redis/*.sock rw,\n")
    it.settings["event-dnstap"] = it.case / "dnstap.sock"
    with socket.socket(socket.AF_UNIX) as reader:
        reader.bind(str(it.case / "dnstap.sock"))
        reader.listen()
        (it.case / "dnstap.sock").chmod(0o666)
        # The report of the resolver that runs tells of lists that the other tests have removed.
        it.settings["resolver-id"] = "ns4"
        found = it.run(lambda it: it.redis.client.hset("{sinkwatch}:resolver:ns4", "state", "following"))
    bad = {key: f for key, f in found.items() if key[1] != "ok" and key[0] not in MACHINE}
    assert not {key for key in bad if key[0] != "canary.answer"}, bad
    wanted = {f"{name}.{what}" for name in roles for what in ("unit", "settings", "rights")}
    wanted |= {"notify.targets", "feeds.runs", "memory.folder", "events.dnstap", "systemd.sandbox", "apparmor"}
    assert wanted <= {name for name, state in found if state == "ok"}, found
    assert not [key for key in it.redis.client.keys("*") if "doctor" in key or "tracked" in key]


def test_valkey(it):
    """A server that tells the version of Valkey beside the version of Redis that it speaks."""
    through(it, (rb"redis_version:[^\r]*", b"redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.1.1"))
    assert it.run()["redis.version", "ok"]["why"] == "Valkey 8.1.1, which speaks as Redis 7.2.4"


# The keys that doctor tries, for the patterns of the table.
TRIED = {
    "*": "doctor", "list:*": "list:doctor", "feed:*": "feed:doctor", "resolver:*": "resolver:ID",
    "written:*": "written:ID", "seen:*": "seen:name:doctor.example", "finding:*": "finding:doctor",
    "memory:answers:*": "memory:answers:doctor", "notify:*": "notify:doctor",
}  # fmt: skip


def test_rights_are_those_of_the_roles(it):
    """The table of doctor_rights.c against the table of module/REDIS.md; and a user with exactly
    the shipped rights has all."""
    source = (ROOT / "module/cli/doctor/doctor_rights.c").read_text()
    lists = re.search(r'#define LIST_KEYS ("[^"]*")', source)[1]
    tried = set()
    reads = re.search(r"#define READS((?:[\s\\]*\"[^\"]*\")+)", source)[1]
    for role, keys, commands in re.findall(r'\{"(\w+)", (LIST_KEYS|"[^"]*"),((?:\s*(?:READS|"[^"]*"))+)\}', source):
        words = " ".join(re.findall(r'"([^"]*)"', reads if "READS" in commands else commands)).split()
        for key in (lists if keys == "LIST_KEYS" else keys).strip('"').split():
            tried |= {(role, key, command) for command in words}
    roles = {role for role, _, _ in tried}
    assert roles == {"resolver", "subscriber", "sweep", "notifier", "reader", "desk"}
    wanted = {
        (role, TRIED.get(pattern, pattern), command)
        for role in roles
        for patterns, commands in documented()[0][role]
        for pattern in patterns or ()
        for command in commands
    }
    assert tried == wanted, tried ^ wanted
    resolver_without(it)
    found = it.run()
    assert ("redis.rights", "ok") in found, found
    # Tried without a trace: no key of a try is left.
    assert not [key for key in it.redis.client.keys("*") if "doctor" in key or "tracked" in key]
