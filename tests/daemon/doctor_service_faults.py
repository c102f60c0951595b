"""Faults of the services beside the resolver, of feeds, of the memory and of sandboxes, for
test_cli_doctor.py, in the form of doctor_faults.py."""

import os
import shutil
import socket

import pytest
from cli_rig import ROOT
from doctor_rig import fault, user_without


def needs_other_user(it):
    if not it.user:
        pytest.skip("only root can plant files of another user")


# ---- units


@fault("feed.unit", "failure", "journalctl -u sinkwatch-feed.service", "exit-code, exit status 4")
def feed_service_failed(it):
    it.service("feed", "subscriber", ActiveState="failed", Result="exit-code", ExecMainStatus="4")


@fault("web.unit", "failure", "systemctl restart sinkwatch-web.service", "again and again")
def web_service_ends_again_and_again(it):
    it.service("web", "reader", ActiveState="activating", SubState="auto-restart")


@fault("notify.unit", "failure", "systemctl start sinkwatch-notify.service", "does not run")
def notify_service_enabled_only(it):
    it.service("notify", "notifier", ActiveState="inactive")


@fault("sweep.unit", "failure", "systemctl start sinkwatch-sweep.timer", "does not run")
def timer_enabled_only(it):
    it.service("sweep", "sweep", ActiveState="inactive")
    it.unit("sinkwatch-sweep.timer", UnitFileState="enabled", ActiveState="inactive")


@fault("sweep.unit", "failure", "journalctl -u sinkwatch-sweep.service", "timeout")
def last_sweep_failed(it):
    it.service("sweep", "sweep", ActiveState="failed", Result="timeout")
    it.unit("sinkwatch-sweep.timer", UnitFileState="enabled", ActiveState="active")


# ---- settings, rights and secrets of services


@fault("feed.settings", "failure", "chgrp sinkwatch .*feed.conf", "Permission denied")
def settings_of_feed_unreadable(it):
    needs_other_user(it)
    it.service("feed", "subscriber").chmod(0o600)


@fault("feed.settings", "failure", "checkconf .*feed.conf", "redis-timeout")
def settings_of_feed_wrong(it):
    path = it.service("feed", "subscriber")
    path.write_text(path.read_text() + "redis-timeout: never\n")


@fault("web.settings", "failure", "another path", "No such file")
def settings_of_web_missing(it):
    it.service("web", "reader", words=f"--config={it.case}/none.conf")


@fault("web.redis", "failure", "redis-password-file", "refuses the user")
def password_of_web_wrong(it):
    path = it.service("web", "reader")
    path.write_text(path.read_text().replace('"pw"', '"wrong"'))


@fault("feed.rights", "failure", "redis-user: subscriber", "watch .*:feeds")
def feed_with_the_user_of_the_resolver(it):
    path = it.service("feed", "subscriber")
    user_without(it.redis.client, "resolver")
    path.write_text(path.read_text().replace("subscriber-x", "resolver-x"))


@fault("feed.rights", "failure", "users.acl", "lacks .*xrevrange .*:feeds:log")
def feed_without_a_right(it):
    it.service("feed", "subscriber")
    user_without(it.redis.client, "subscriber", " +xrevrange")


@fault("notify.rights", "failure", "users.acl", "xautoclaim")
def notifier_without_a_right(it):
    it.service("notify", "notifier")
    user_without(it.redis.client, "notifier", " +xautoclaim")


@fault("web.rights", "failure", "users.acl", "zscan")
def reader_without_a_right(it):
    it.service("web", "reader")
    user_without(it.redis.client, "reader", " +zscan")


@fault("sweep.rights", "failure", "users.acl", "get .*:written")
def sweep_without_a_right(it):
    it.service("sweep", "sweep")
    user_without(it.redis.client, "sweep", "(~{sinkwatch}:written:* +get +set) ")


@fault("web.rights", "failure", "redis-user: desk", "reader-x may not begin a transaction: .*multi")
def page_that_may_not_change(it):
    it.service("web", "reader", words="--allow-changes --listen 127.0.0.1:1")


@fault("web.rights", "failure", "redis-user: desk", "lacks 1 of the rights of a desk: hset .*:list:doctor")
def page_that_may_not_add(it):
    it.service("web", "desk", words="--listen 127.0.0.1:1 --allow-changes")
    user_without(it.redis.client, "desk", " (%W~{sinkwatch}:list:* +hset)")


@fault("notify.rights", "failure", "users.acl", "lacks 1 of .*: exec$")
def notifier_without_exec(it):
    it.service("notify", "notifier")
    user_without(it.redis.client, "notifier", " +exec")


@fault("feed.rights", "failure", "users.acl", "lacks 1 of .*: discard$")
def feed_without_discard(it):
    it.service("feed", "subscriber")
    user_without(it.redis.client, "subscriber", " +discard")


@fault("feed.settings", "failure", "chgrp sinkwatch .*feed.conf", "cannot be read by 65534")
def settings_unreadable_to_a_number(it):
    needs_other_user(it)
    it.service("feed", "subscriber", User="65534").chmod(0o600)


@fault("web.settings", "warning", "sudo sinkwatch doctor", "not known: .*nobody-of-here")
def user_of_the_unit_unknown(it):
    it.service("web", "reader", User="nobody-of-here")


@fault("web.secret", "warning", "chmod 640 .*token", "every user")
def token_for_everybody(it):
    (it.case / "token").write_text("secret\n")
    it.service("web", "reader", words=f"--token-file {it.case}/token --listen 127.0.0.1:1")


@fault("metrics.secret", "warning", "chmod 640 .*token", "every user")
def token_of_metrics_for_everybody(it):
    (it.case / "token").write_text("secret\n")
    it.service("metrics", "reader", words=f"--listen 127.0.0.1:1 --token-file={it.case}/token")


@fault("web.secret", "failure", "another path in the unit", "No such file")
def token_missing(it):
    it.service("web", "reader", words=f"--token-file={it.case}/token")


@fault("web.secret", "warning", "chmod 640 .*key.pem", "private key")
def key_of_the_page_for_everybody(it):
    (it.case / "key.pem").write_text("PEM\n")
    it.service("web", "reader", words=f"--tls-key {it.case}/key.pem")


def targets(it, text):
    path = it.case / "notify-targets.conf"
    path.write_text(text)
    it.service("notify", "notifier", words=f"--file {path}")


@fault("notify.targets", "failure", "notify --check", "via")
def target_wrong(it):
    targets(it, "target: a\nvia: pigeon\n")


@fault("notify.secret", "warning", "chmod 640 .*headers", "a token")
def token_of_a_webhook_for_everybody(it):
    (it.case / "headers").write_text("Authorization: Bearer secret\n")
    targets(it, f"target: a\nvia: webhook\nurl: https://soc.example/\nheader-file: {it.case}/headers\n")


# ---- feeds


@fault("feeds.failed", "warning", "feed log ads; sinkwatch feed run ads", "last 3 runs .* HTTP 503")
def feed_failed(it):
    it.feed(outcome="failed", failures=3, problem="HTTP 503")


@fault("feeds.stale", "failure", "another source", "stays away, last success never; list 'ads': shadow")
def source_stays_away(it):
    it.feed(definition='{"source": "https://a.example/", "list": "ads", "stale": "shadow", "stale_after": 60}',
            outcome="failed", stale="2026-11-30T00:00:00Z")  # fmt: skip


@fault("feeds.service", "failure", "enable --now sinkwatch-feed.service")
def no_service_runs_the_feeds(it):
    it.feed()
    return lambda it: it.redis.client.delete("{sinkwatch}:feeds:lease")


@fault("feeds.definition", "failure", "feed remove ads")
def definition_of_a_feed_wrong(it):
    it.feed(definition='{"source": 1}')


@fault("feeds.secret", "warning", "chmod 640 .*token", "a secret of feed 'ads'")
def token_of_a_feed_for_everybody(it):
    (it.case / "token").write_text("secret\n")
    it.service("feed", "subscriber")
    it.feed(definition='{"source": "https://a.example/", "list": "ads", "options": {"token-file": '
                       f'"{it.case}/token"}}}}')  # fmt: skip


# ---- the memory and dnstap


def memory(it, *names):
    """A memory of Unbound's user with files, which are no tables."""
    folder = it.case / "memory"
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"no table")
    if it.user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, it.user)
    it.settings["memory-folder"] = folder
    it.settings["memory-size-max"] = 1
    return folder


@fault("memory.folder", "failure", "install -d", "Permission denied")
def memory_not_writable(it):
    folder = memory(it)
    if it.user:
        shutil.chown(folder, "root")
    folder.chmod(0o555)


@fault("memory.folder", "warning", "memory-size-max")
def memory_larger_than_the_disk(it):
    memory(it)
    it.settings["memory-size-max"] = 16777216


@fault("memory.files", "failure", "sinkwatch memory status", "1 file .*dns.20261130.D.mtbl")
def damaged_file_of_the_memory(it):
    memory(it, "dns.20261130.D.mtbl")


@fault("memory.files", "warning", "aside", "set aside")
def file_of_the_memory_set_aside(it):
    memory(it, "dns.20261130.D.mtbl.aside")


@fault("memory.owner", "failure", "chown -R nobody: ", "of another user")
def file_of_the_memory_of_another_user(it):
    needs_other_user(it)
    path = memory(it, "dns.20261130.D.mtbl") / "dns.20261130.D.mtbl"
    shutil.chown(path, "root")
    path.chmod(0o640)


@fault("memory.exclude", "failure", "put the file in place")
def no_file_of_excluded_names(it):
    memory(it)
    it.settings["memory-exclude"] = it.case / "exclude"


@fault("events.dnstap", "warning", "fstrm_capture .*dnstap.sock", "No such file")
def no_reader_of_dnstap(it):
    it.settings["event-dnstap"] = it.case / "dnstap.sock"


@fault("events.dnstap", "failure", "chmod 660", "may not connect")
def reader_of_dnstap_refuses_unbound(it):
    needs_other_user(it)
    it.settings["event-dnstap"] = it.case / "dnstap.sock"
    it.reader = socket.socket(socket.AF_UNIX)
    it.reader.bind(str(it.case / "dnstap.sock"))
    it.reader.listen()
    os.chmod(it.case / "dnstap.sock", 0o600)


# ---- sandboxes of Unbound's unit


def sandbox(it, **values):
    it.unit("unbound.service", Environment=f"SINKWATCH_CONF={it.case}/sinkwatch.conf", **values)


@fault("systemd.sandbox", "failure", "ReadWritePaths", "/memory is in no folder")
def memory_closed_by_the_unit(it):
    memory(it)
    sandbox(it, ProtectSystem="strict", ReadWritePaths=f"-{it.case}/state -{it.case}/spool -{it.case}/log")


@fault("systemd.sandbox", "failure", "PrivateTmp=no", "hides /tmp/")
def files_hidden_by_the_unit(it):
    sandbox(it, PrivateTmp="yes")
    it.settings["event-dnstap"] = "/tmp/dnstap.sock"


@fault("systemd.sandbox", "failure", "ProtectHome=no", "hides /home/")
def home_hidden_by_the_unit(it):
    sandbox(it, ProtectHome="yes")
    it.settings["memory-exclude"] = "/home/names.txt"


@fault("systemd.sandbox", "failure", "RestrictAddressFamilies=AF_UNIX", "no unix sockets")
def unix_sockets_refused_by_the_unit(it):
    sandbox(it, RestrictAddressFamilies="AF_INET AF_INET6")


def apparmor(it, rules=""):
    """The profile of Unbound's package, with the addition of Sinkwatch and rules of the administrator."""
    for path, text in (("sys/module/apparmor/parameters/enabled", "Y\n"),
                       ("etc/apparmor.d/usr.sbin.unbound", "profile unbound {}\n"),
                       ("etc/apparmor.d/local/sinkwatch", (ROOT / "conf/apparmor/sinkwatch").read_text()),
                       ("etc/apparmor.d/local/usr.sbin.unbound", f"include <local/sinkwatch>\n{rules}")):  # fmt: skip
        (it.root / path).parent.mkdir(parents=True, exist_ok=True)
        (it.root / path).write_text(text)


@fault("apparmor.path", "warning", "tee -a /etc/apparmor.d/local/usr.sbin.unbound", "read .*/owner-mmdb.mmdb")
def database_without_a_rule(it):
    apparmor(it, f"  {it.case}/{{asn-*,sinkwatch.conf}} r,\n  owner {it.case}/{{state,spool,log}}/** rwk,\n"
             f"  {it.folder}/*/redis.soc? rw,\n")  # fmt: skip


@fault("apparmor.path", "warning", " rwk,", "write .*/spool/events/file")
def spool_without_a_rule(it):
    apparmor(it, f"  {it.case}/** r,\n  {it.case}/[a-z]* rw,\n  {it.case}/{{state,log}}/* rwk,\n"
             f"  {it.case}/spool/* rwk,\n  {it.folder}/redis/* rw,\n")  # fmt: skip
