"""Faults of a resolver's installation for test_cli_doctor.py: finding, state, remedy and reason, and a
function that plants the fault; a function that it returns runs last."""

import os
import re
import shutil
import socket
import struct
import threading
import time

import pytest
from doctor_rig import fault, resolver_without, through
from harness.process import free_port


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


@fault("unbound.order", "warning", "dynlib before cachedb")
def dynlib_behind_cachedb(it):
    it.chain = "cachedb dynlib validator iterator"


@fault("unbound.order", "warning", "dns64 before dynlib", "PTR")
def dynlib_before_dns64(it):
    it.chain = "dynlib dns64 validator iterator"


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
    it.unit("unbound.service", ProtectSystem="strict", ReadWritePaths="-/var/log/x",
            Environment=f"SINKWATCH_CONF={it.case}/sinkwatch.conf")  # fmt: skip


@fault("systemd.environment", "warning", "--config /etc/other.conf")
def unit_with_other_settings(it):
    it.unit("unbound.service", Environment="A=b SINKWATCH_CONF=/etc/other.conf")


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


@fault("redis.version", "failure", "redis-server", "no streams")
def redis_without_streams(it):
    through(it, (rb"redis_version:[^\r]*", b"redis_version:4.0.14"))


@fault("redis.tls", "failure", "redis-tls-ca", "is the port a TLS port")
def no_tls_port(it):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        client, _ = listener.accept()
        client.sendall(b"-ERR no TLS here\r\n")
        client.close()
        listener.close()

    threading.Thread(target=serve, daemon=True).start()
    it.settings["redis-socket"], it.settings["redis-tls"] = None, "yes"
    it.settings["redis-port"] = listener.getsockname()[1]


@fault("settings.tls", "failure", "put the file in place")
def no_certificate(it):
    it.settings["redis-tls-ca"] = it.case / "ca.pem"


@fault("settings.tls", "warning", "chmod 640", "a private key")
def key_for_everybody(it):
    for name in ("cert", "key"):
        (it.case / name).write_text("PEM\n")
        it.settings[f"redis-tls-{name}"] = it.case / name


@fault("settings.password", "warning", "chmod 640")
def sentinel_password_for_everybody(it):
    it.settings["redis-sentinel-password-file"] = it.case / "password"
    (it.case / "password").write_text("secret\n")


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


@fault("redis.rights", "failure", "users.acl", "xadd .*:events")
def no_right_to_events(it):
    resolver_without(it, "%W~{sinkwatch}:events ")


@fault("redis.rights", "failure", "users.acl", "psubscribe")
def no_right_to_notices(it):
    resolver_without(it, "&__keyspace@0__:{sinkwatch}:list*")


@fault("redis.info", "warning", r"\+info")
def no_right_to_info(it):
    resolver_without(it, "+info ")


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
