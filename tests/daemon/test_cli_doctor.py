"""sinkwatch doctor: a healthy installation has no fault, and each planted fault is named with the
remedy. D-182."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from cli_rig import ROOT
from harness.odd_redis import OddRedis, replies
from harness.process import free_port
from harness.redis_server import Redis
from harness.resolver import Resolver
from harness.wait import FACTOR
from test_acl import documented

FAULT = 8
CHAIN = "dynlib validator iterator"
# Findings about the machine that runs the tests.
MACHINE = {"clock.synchronized"}


class Masked(OddRedis):
    """A server between the command and Redis; in the text of INFO each pattern is replaced."""

    def __init__(self, backend, path):
        self.masks = []
        super().__init__(backend, path)

    def _down(self, client, server):
        try:
            for reply in replies(server):
                if b"redis_version:" in reply:
                    text = reply[reply.index(b"\r\n") + 2 : -2]
                    for pattern, value in self.masks:
                        text, n = re.subn(pattern, value, text)
                        assert n, pattern
                    reply = b"$%d\r\n%s\r\n" % (len(text), text)
                client.sendall(reply)
        except OSError:
            pass
        finally:
            client.close()
            server.close()


class Installation:
    """A resolver that runs, and copies of its files in which faults are planted."""

    def __init__(self, env, folder, authority, databases):
        self.env = env
        self.folder = folder
        self.redis = Redis(folder / "redis", options=["--notify-keyspace-events", "Kgh"])
        self.redis.start()
        settings = {
            "redis-socket": self.redis.socket,
            "redis-timeout": 1000,
            "resolver-id": "ns1",
            "asn-mmdb": databases.asn,
            "owner-mmdb": databases.owner,
            "sinkhole-ipv4": "198.18.0.1",
        }
        self.resolver = Resolver(env, folder / "unbound", authority, settings)
        self.resolver.start()
        self.user = "nobody" if os.geteuid() == 0 else ""
        self.masked = Masked(self.redis.socket, folder / "masked.sock")
        for name in ("fake", "root"):
            (folder / name).mkdir()
        self.fresh()

    def fresh(self):
        """No fault, files of their own."""
        self.case = Path(tempfile.mkdtemp(dir=self.folder))
        self.case.chmod(0o755)
        for name in ("state", "spool", "log"):
            (self.case / name).mkdir()
            (self.case / name).chmod(0o777)
        for key in ("asn-mmdb", "owner-mmdb"):
            shutil.copy(self.resolver.settings[key], self.case / f"{key}.mmdb")
        self.settings = {
            **self.resolver.settings,
            "asn-mmdb": self.case / "asn-mmdb.mmdb",
            "owner-mmdb": self.case / "owner-mmdb.mmdb",
            "snapshot-file": self.case / "state/lists.snapshot",
            "event-spool": self.case / "spool/events",
            "event-spool-max": 1,
            "event-file": self.case / "log/events.json",
        }
        self.more = b""
        self.chain, self.module, self.chroot, self.name = CHAIN, self.env.module, "", self.user
        self.conf_more = ""
        self.unbound = self.env.unbound
        self.words = []
        self.masked.masks = []
        self.root = self.case / "root"
        self.program("systemctl", "echo LoadState=not-found")
        self.redis.client.flushall()
        self.lists = {"canary": {"action": "sinkhole", "sinkhole4": "198.18.0.1"}}
        self.canary = "=canary.clean.example"

    def program(self, name, script):
        path = self.case / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def write(self):
        conf = self.case / "unbound.conf"
        conf.write_text(
            f'server:\n directory: "{self.case}"\n username: "{self.name}"\n chroot: "{self.chroot}"\n'
            f' pidfile: ""\n interface: 127.0.0.1@{self.resolver.port}\n module-config: "{self.chain}"\n'
            f'dynlib:\n dynlib-file: "{self.module}"\n{self.conf_more}'
        )
        lines = [f'{key}: "{value}"\n' for key, value in self.settings.items() if value is not None]
        path = self.case / "sinkwatch.conf"
        path.write_bytes(self.more + "".join(lines).encode())
        path.chmod(0o644)
        return conf, path

    def put_lists(self):
        client = self.redis.client
        for name, policy in self.lists.items():
            client.hset("{sinkwatch}:lists", name, json.dumps(policy))
        if "canary" in self.lists:
            client.hset("{sinkwatch}:list:canary", self.canary, "")
        client.xadd("{sinkwatch}:changes", {"op": "replace", "list": "canary"})
        client.hset("{sinkwatch}:resolver:ns1", mapping={"state": "following", "last_error": ""})

    def run(self, after=None, json_output=True):
        conf, settings = self.write()
        self.put_lists()
        if after:
            after(self)
        done = subprocess.run(
            [str(self.env.cli), "-c", str(settings), *(["--json"] if json_output else []), "doctor",
             "--unbound", str(self.unbound), "--unbound-conf", str(conf),
             "--system-root", str(self.root), *map(str, self.words)],
            env={**os.environ, "PATH": f"{self.case}/bin:{os.environ['PATH']}"},
            capture_output=True, text=True, timeout=60 * FACTOR, check=False,
        )  # fmt: skip
        assert done.returncode in (0, FAULT) and "Sanitizer" not in done.stderr, done
        self.code, self.out = done.returncode, done.stdout
        if not json_output:
            return done.stdout
        (line,) = done.stdout.splitlines()
        return {(f["id"], f["state"]): f for f in json.loads(line)["findings"]}

    def stop(self):
        self.masked.stop()
        self.resolver.stop()
        self.resolver.kill()
        self.redis.stop()


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


# ---- planting ----

FAULTS = {}


def fault(finding, state, remedy, why=""):
    """Register a function that plants a fault; a function that it returns runs last."""

    def register(plant):
        FAULTS[plant.__name__] = (plant, finding, state, remedy, why)
        return plant

    return register


@fault("unbound.program", "failure", "make deb")
def no_unbound(it):
    it.unbound = it.case / "none"


@fault("unbound.program", "failure", "make deb", "does not print a version")
def another_program(it):
    it.unbound = it.program("unbound", "echo hello")


@fault("unbound.dynlib", "failure", "make deb")
def unbound_without_dynlib(it):
    real = it.env.unbound
    it.program("unbound-checkconf", f'exec {it.env.checkconf} "$@"')
    it.unbound = it.program("unbound", f'{real} "$@" | sed "/^Linked modules/s/ dynlib//"')


@fault("unbound.conf", "failure", "unbound-checkconf .*unbound.conf", "unknown keyword|syntax error")
def broken_unbound_conf(it):
    it.conf_more = "server:\n no-such-key: 1\n"


@fault("unbound.user", "failure", "adduser")
def user_of_unbound_missing(it):
    it.name = "sw-no-such-user"


@fault("unbound.modules", "failure", 'module-config: "dynlib validator iterator"')
def no_dynlib_in_chain(it):
    it.chain = "validator iterator"


@fault("unbound.order", "failure", 'module-config: "dynlib validator iterator"')
def dynlib_behind_iterator(it):
    it.chain = "validator iterator dynlib"


@fault("unbound.order", "warning", "dynlib before dns64")
def dynlib_behind_dns64(it):
    it.chain = "dns64 dynlib validator iterator"


@fault("module.file", "failure", "make install|chmod 755", "No such file")
def module_missing(it):
    it.module = it.case / "sinkwatch.so"


@fault("module.file", "failure", "dynlib-file", "no dynlib-file")
def module_of_others(it):
    it.module = it.case / "other.so"
    it.module.write_bytes(b"\x7fELF")


def altered_module(it, old, new):
    data = it.env.module.read_bytes()
    at = data.index(b"Sinkwatch module, made for:\n")
    end = data.index(b"\0", at)
    it.module = it.case / "altered.so"
    it.module.write_bytes(data[:at] + re.sub(old, new, data[at:end], count=1) + data[end:])


@fault("module.match", "failure", "make deb", "made for Unbound 9.9.9")
def module_for_another_version(it):
    altered_module(it, rb"\n\d+\.\d+\.\d+\n(?=-|$)", b"\n9.9.9\n")


@fault("module.match", "failure", "make deb", "other options")
def module_for_other_options(it):
    altered_module(it, rb"--with-dynlibmodule", b"--with-dynlibmodulE")


@fault("module.version", "warning", "one version")
def module_of_another_version(it):
    altered_module(it, rb":\n[^\n]*", b":\n0.0.1")


@fault("settings.file", "failure", "install -D -m 640")
def no_settings_file(it):
    return lambda it: (it.case / "sinkwatch.conf").unlink()


@fault("settings.file", "failure", "chmod 640")
def settings_unreadable(it):
    if not it.user and os.geteuid() == 0:
        pytest.skip("no other user")
    return lambda it: (it.case / "sinkwatch.conf").chmod(0o600 if it.user else 0o000)


@fault("settings.file", "failure", "install -D")
def settings_not_in_chroot(it):
    it.chroot = it.case / "jail"
    it.chroot.mkdir()


@fault("settings.problems", "failure", "checkconf")
def wrong_setting(it):
    it.settings["ede"] = "maybe"


@fault("settings.problems", "failure", "checkconf", "byte order mark")
def byte_order_mark(it):
    it.more = b"\xef\xbb\xbf"


@fault("settings.secret", "warning", "chmod 640")
def password_for_everybody(it):
    it.settings["redis-password"] = "x"


@fault("settings.password", "failure", "put the file in place")
def no_password_file(it):
    it.settings["redis-password-file"] = it.case / "password"


@fault("mmdb.asn", "warning", "make-asn-mmdb")
def no_as_database(it):
    it.settings["asn-mmdb"] = None


@fault("mmdb.owner", "failure", "put the file in place")
def owner_database_missing(it):
    it.settings["owner-mmdb"] = it.case / "missing.mmdb"


@fault("mmdb.asn", "failure", "a new copy")
def broken_database(it):
    it.settings["asn-mmdb"].write_bytes(b"no MMDB")


@fault("mmdb.asn", "failure", "GeoLite2-ASN")
def database_of_another_type(it):
    shutil.copy(it.settings["owner-mmdb"], it.settings["asn-mmdb"])


def build_epoch(path, when):
    data = path.read_bytes()
    at = data.rindex(b"build_epoch") + len("build_epoch")
    size = data[at] & 31
    path.write_bytes(data[: at + 2] + struct.pack(">Q", when)[8 - size :] + data[at + 2 + size :])


@fault("mmdb.asn.age", "warning", "once a month", "days ago")
def old_database(it):
    build_epoch(it.settings["asn-mmdb"], 1500000000)


@fault("mmdb.asn.age", "warning", "timedatectl", "future")
def database_of_the_future(it):
    build_epoch(it.settings["asn-mmdb"], int(time.time()) + 10 * 86400)


@fault("classes.table", "failure", "checkconf")
def broken_class_table(it):
    it.settings["class-table"] = it.case / "classes.tsv"
    it.settings["class-table"].write_text("nonsense\n")


@fault("snapshot.folder", "failure", "install -d")
def no_snapshot_folder(it):
    it.settings["snapshot-file"] = it.case / "none/lists.snapshot"


@fault("snapshot.file", "failure", "sudo rm")
def snapshot_that_all_may_read(it):
    it.settings["snapshot-file"].write_bytes(b"x")
    it.settings["snapshot-file"].chmod(0o644)


@fault("spool.folder", "failure", "install -d", "Permission denied")
def spool_not_writable(it):
    (it.case / "spool").chmod(0o555)


@fault("spool.folder", "warning", "event-spool-max")
def spool_larger_than_the_disk(it):
    it.settings["event-spool-max"] = 1048576


@fault("events.file", "failure", "target of the link")
def event_file_is_a_link(it):
    it.settings["event-file"].symlink_to("elsewhere")


@fault("apparmor", "failure", "apparmor_parser")
def apparmor_without_our_rules(it):
    for path, text in (("sys/module/apparmor/parameters/enabled", "Y\n"),
                       ("etc/apparmor.d/usr.sbin.unbound", "profile unbound {}\n"),
                       ("etc/apparmor.d/local/usr.sbin.unbound", "# include <local/sinkwatch>\n")):  # fmt: skip
        (it.root / path).parent.mkdir(parents=True, exist_ok=True)
        (it.root / path).write_text(text)


@fault("systemd.sandbox", "failure", "ReadWritePaths")
def protected_unit(it):
    it.program("systemctl", "printf 'LoadState=loaded\\nProtectSystem=strict\\nReadWritePaths=-/var/log/x\\n"
               f"Environment=SINKWATCH_CONF={it.case}/sinkwatch.conf\\n'")  # fmt: skip


@fault("systemd.environment", "warning", "--config /etc/other.conf")
def unit_with_other_settings(it):
    it.program("systemctl", "printf 'LoadState=loaded\\nEnvironment=A=b SINKWATCH_CONF=/etc/other.conf\\n'")


@fault("redis.reached", "failure", "redis-port in the settings", "refused")
def dead_port(it):
    it.settings["redis-socket"] = None
    it.settings["redis-port"] = free_port()


@fault("redis.reached", "failure", "redis-socket in the settings")
def no_socket(it):
    it.settings["redis-socket"] = it.case / "redis.sock"


@fault("redis.login", "failure", "redis-password-file")
def wrong_password(it):
    it.settings["redis-user"], it.settings["redis-password"] = "nobody-here", "wrong"


@fault("redis.tls", "warning", "redis-tls: yes")
def no_tls_to_another_host(it):
    it.settings["redis-socket"] = None
    it.settings["redis-host"] = "192.0.2.1"
    it.settings["redis-timeout"] = 50


def through(it, *masks):
    it.settings["redis-socket"] = it.folder / "masked.sock"
    it.masked.masks = list(masks)


@fault("redis.version", "failure", "redis-server", "no streams")
def redis_without_streams(it):
    through(it, (rb"redis_version:[^\r]*", b"redis_version:4.0.14"))


@fault("redis.version", "warning", "redis-server")
def old_redis(it):
    through(it, (rb"redis_version:[^\r]*", b"redis_version:6.0.16"))


@fault("redis.role", "failure", "redis-primary")
def replica(it):
    through(it, (rb"role:master", b"role:slave"))


@fault("redis.persistence", "failure", "BGSAVE")
def save_failed(it):
    through(it, (rb"rdb_last_bgsave_status:ok", b"rdb_last_bgsave_status:err"))


@fault("redis.persistence", "failure", "df -h", "append-only")
def append_only_file_failed(it):
    through(it, (rb"aof_enabled:0", b"aof_enabled:1"),
            (rb"aof_last_write_status:ok", b"aof_last_write_status:err"))  # fmt: skip


@fault("redis.eviction", "failure", "maxmemory-policy noeviction")
def evicting(it):
    through(it, (rb"maxmemory_policy:noeviction", b"maxmemory_policy:allkeys-lru"))


@fault("redis.memory", "warning", "maxmemory 2gb")
def full_redis(it):
    through(it, (rb"maxmemory:0", b"maxmemory:1000000"))


@fault("redis.clock", "warning", "timedatectl")
def clocks_apart(it):
    through(it, (rb"server_time_usec:\d{16}", b"server_time_usec:1600000000000000"))


@fault("redis.notifications", "warning", "notify-keyspace-events Kgh")
def no_notifications(it):
    it.redis.client.config_set("notify-keyspace-events", "Ex")


def user_without(it, taken):
    rules = next(line for line in (ROOT / "conf/users.acl").read_text().splitlines() if " resolver " in line)
    words = rules.split(None, 4)[4].replace(taken, "")
    # Selectors in brackets are single arguments.
    arguments = re.findall(r"\([^)]*\)|[^ ]+", words)
    it.redis.client.execute_command("ACL", "SETUSER", "rx", "reset", "on", ">pw", "resetchannels",
                                    *(a for a in arguments if a != "resetchannels"))  # fmt: skip
    it.settings["redis-user"], it.settings["redis-password"] = "rx", "pw"


@fault("redis.rights", "failure", "users.acl", "XADD .*:events")
def no_right_to_events(it):
    user_without(it, "%W~{sinkwatch}:events ")


@fault("redis.rights", "failure", "users.acl", "PSUBSCRIBE")
def no_right_to_notices(it):
    user_without(it, "&__keyspace@0__:{sinkwatch}:list*")


@fault("redis.info", "warning", r"\+info")
def no_right_to_info(it):
    user_without(it, "+info ")


@fault("resolver.report", "failure", "restart unbound")
def no_report(it):
    it.settings["resolver-id"] = "ns2"


@fault("resolver.report", "failure", "sinkwatch status", "disconnected")
def disconnected_resolver(it):
    it.settings["resolver-id"] = "ns3"
    return lambda it: it.redis.client.hset("{sinkwatch}:resolver:ns3", "state", "disconnected")


@fault("lists.enforced", "warning", "import NAME")
def no_list(it):
    it.lists = {}


@fault("lists.enforced", "warning", "--no-shadow")
def lists_that_only_record(it):
    it.lists["canary"]["shadow"] = True


@fault("lists.refused", "warning", "sinkwatch status")
def refused_items(it):
    it.lists["broken"] = {"action": "no such action"}


@fault("canary.answer", "warning", "sinkwatch add canary")
def no_canary(it):
    it.lists = {"other": {"action": "nxdomain"}}


@fault("canary.answer", "failure", "systemctl start")
def dead_resolver(it):
    it.words = ["--resolver", f"127.0.0.1@{free_port()}"]


@fault("canary.answer", "failure", "sinkwatch check canary.clean.example", "does not enforce")
def not_enforced(it):
    it.words = ["--resolver", f"127.0.0.1@{answering(it)}"]


def answering(it):
    """A resolver that knows no list: every question has an empty answer."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", 0))

    def serve():
        query, client = udp.recvfrom(4096)
        udp.sendto(query[:2] + b"\x81\x80" + query[4:10] + b"\0\0" + query[12:-11], client)
        udp.close()

    threading.Thread(target=serve, daemon=True).start()
    return udp.getsockname()[1]


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


def test_rights_are_those_of_a_resolver(it):
    """The table of doctor_rights.c against the table of module/REDIS.md; and a user with exactly
    the shipped rights has all."""
    source = (ROOT / "module/cli/doctor/doctor_rights.c").read_text()
    rows = set(re.findall(r'\{"([^"]+)", "([A-Z]+(?: STREAM(?= KEY))?)', source))
    tried = {(key, command.lower().replace(" stream", "|stream")) for key, command in rows}
    wanted = set()
    for patterns, commands in documented()[0]["resolver"]:
        for pattern in patterns or ():
            key = {"list:*": "list:doctor", "resolver:*": "resolver:ID", "written:*": "written:ID",
                   "seen:*": "seen:name:doctor.example", "finding:*": "finding:doctor",
                   "memory:answers:*": "memory:answers:doctor"}.get(pattern, pattern)  # fmt: skip
            wanted |= {(key, command) for command in commands}
    assert tried == wanted
    user_without(it, "nothing")
    found = it.run()
    assert ("redis.rights", "ok") in found, found
    # Tried without a trace: no key of a try is left.
    assert not [key for key in it.redis.client.keys("*") if "doctor" in key or "tracked" in key]
