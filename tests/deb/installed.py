"""The packages in a fresh minimal root folder: installed, enforcing, upgraded, removed, purged.

The steps build on each other, in the order of STEPS.
"""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from contents import NAMES, field

SUPPORT = "redis-server bind9-dnsutils dns-root-data fish zsh logrotate"
LINE = 'include-toplevel: "/usr/share/sinkwatch*/unbound.conf"'
SWITCH = "/etc/unbound/unbound.conf.d/sinkwatch.conf"
# A root folder has no syslog and no service manager.
PLAIN = "server:\n  use-syslog: no\n  logfile: ''\n  do-ip6: no\n"

SERVERS = r"""
redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save '' --dir /tmp >/dev/null
/usr/libexec/unbound-helper root_trust_anchor_update >/dev/null
unbound -d -p >/tmp/unbound.log 2>&1 &
unbound=$!
for try in $(seq 300); do
    unbound-control status >/dev/null 2>&1 && break
    kill -0 $unbound 2>/dev/null || { cat /tmp/unbound.log; exit 9; }
    sleep 0.1
done
unbound-control status >/dev/null || { cat /tmp/unbound.log; exit 8; }
ask() { dig +tries=1 +time=20 @127.0.0.1 "$@" | grep -E 'status:|EDE:'; }
"""
ENFORCE = SERVERS + r"""
sinkwatch list set carbanak --action nxdomain --wait || { cat /tmp/unbound.log; exit 7; }
sinkwatch add carbanak systemsvc.net --wait
ask www.systemsvc.net
ask winsystemsvc.net
for try in $(seq 300); do
    sinkwatch --json events >/tmp/events.json && break
    sleep 0.1
done
cat /tmp/events.json
"""
DOCTOR = SERVERS + r"""
sinkwatch list set canary --action sinkhole --sinkhole4 192.0.2.1 --wait
sinkwatch add canary =canary.example --wait
sinkwatch --json doctor
"""


def statuses(root, names=NAMES):
    """{package: state as dpkg has it, version}"""
    words = root.run("dpkg-query -W -f '${Package} ${db:Status-Status} ${Version}\\n'").stdout
    found = {line.split()[0]: tuple(line.split()[1:]) for line in words.splitlines()}
    return {name: found.get(name, ("absent",)) for name in names}


def expect_installed(root, packages):
    for name, state in statuses(root).items():
        assert state == ("installed", field(packages[name], "Version")), (name, state)


def enforces(root):
    """Real Unbound and Redis: a listed name is blocked, another name is not, the hit is recorded."""
    words = root.run(ENFORCE).stdout
    assert words.count("status: NXDOMAIN") == 1 and re.search(r"EDE: 1[57]", words), words
    assert words.count("status: SERVFAIL") == 1, words  # no network: the other name fails
    hit = json.loads(words.splitlines()[-1])
    assert hit["dns"]["question"]["name"].rstrip(".") == "www.systemsvc.net", words
    assert hit["sinkwatch"]["list"] == "carbanak", words


def write(root, path, text):
    target = root.path / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def install_from_files(root, packages):
    root.run("apt-get -q update", network=True)
    paths = root.copy_in([packages[name] for name in NAMES])
    words = root.run(f"apt-get -q -y --no-install-recommends install {paths} {SUPPORT}", network=True)
    expect_installed(root, packages)
    assert "warning" not in words.stdout.lower().replace("warning: unable to", ""), words.stdout
    write(root, "/etc/unbound/unbound.conf.d/plain.conf", PLAIN)


def owners_and_rights_are_as_documented(root, _packages):
    words = root.run(
        "stat -c '%n %U %G %a' /var/lib/sinkwatch /var/log/sinkwatch /run/sinkwatch "
        "/etc/sinkwatch/sinkwatch.conf; id -nG unbound"
    ).stdout.splitlines()
    assert words[:4] == [
        "/var/lib/sinkwatch unbound sinkwatch 2750",
        "/var/log/sinkwatch unbound sinkwatch 2750",
        "/run/sinkwatch unbound sinkwatch 2750",
        "/etc/sinkwatch/sinkwatch.conf root sinkwatch 640",
    ], words
    assert "sinkwatch" in words[4].split(), words


def nothing_is_switched_on_by_the_packages_alone(root, _packages):
    words = root.run(SERVERS + "sinkwatch --json status; unbound-control get_option module-config")
    assert "dynlib" not in words.stdout, words.stdout


def one_line_enforces(root, _packages):
    write(root, SWITCH, LINE + "\n")
    enforces(root)


def doctor_finds_no_failure(root, _packages):
    """The fresh installation as root looks at it, with a listed name asked of the real resolver."""
    words = root.run(DOCTOR, check=False).stdout
    findings = json.loads(words.splitlines()[-1])["findings"]
    assert not [f for f in findings if f["state"] == "failure"], findings
    good = {f["id"] for f in findings if f["state"] == "ok"}
    assert {"unbound.dynlib", "unbound.order", "module.match", "settings.file", "redis.rights",
            "canary.answer"} <= good, findings  # fmt: skip


def snapshot_and_events_file_are_written(root, _packages):
    """In the folders of the package, by Unbound's user."""
    settings = root.path / "etc/sinkwatch/sinkwatch.conf"
    text = settings.read_text()
    extra = (
        'snapshot-file: "/var/lib/sinkwatch/lists.snapshot"\nsnapshot-interval: 1\n'
        'event-file: "/var/log/sinkwatch/events.json"\nevent-spool: "/var/lib/sinkwatch/spool"\n'
    )
    settings.write_text(text + extra)  # owner and mode stay
    try:
        script = ENFORCE + (
            "for try in $(seq 300); do [ -s /var/log/sinkwatch/events.json ] && "
            "[ -s /var/lib/sinkwatch/lists.snapshot ] && break; sleep 0.1; done\n"
            "stat -c '%U %n' /var/log/sinkwatch/events.json /var/lib/sinkwatch/lists.snapshot; "
            "logrotate --force --verbose /etc/logrotate.d/unbound-module-sinkwatch 2>&1 || true"
        )
        words = root.run(script).stdout
    finally:
        settings.write_text(text)
    assert "unbound /var/log/sinkwatch/events.json" in words, words
    assert "unbound /var/lib/sinkwatch/lists.snapshot" in words, words


def units_are_valid(root, _packages):
    if not (root.path / "usr/bin/systemd-analyze").exists():
        root.run("apt-get -q -y --no-install-recommends install systemd", network=True)
    words = root.run(
        "systemd-analyze verify unbound.service sinkwatch-sweep.service sinkwatch-sweep.timer"
        " sinkwatch-notify.service sinkwatch-feed.service sinkwatch-web.service"
        " sinkwatch-metrics.service 2>&1"
    ).stdout
    assert "inkwatch" not in words, words
    # Of a service under strict protection systemd finds little that is exposed.
    for unit in ("sinkwatch-sweep.service", "sinkwatch-feed.service", "sinkwatch-notify.service",
                 "sinkwatch-web.service", "sinkwatch-metrics.service"):  # fmt: skip
        words = root.run(
            f"systemd-analyze security --offline=true --threshold=40 {unit} 2>&1 | tail -3"
        ).stdout
        assert re.search(rf"Overall exposure level for {unit}: [0-3]\.", words), words


def drop_in_opens_the_folders_of_a_strict_unit(root, _packages):
    """systemd reads the drop-in into a unit with ProtectSystem=strict; both forms are accepted."""
    unit = "[Service]\nProtectSystem=strict\nExecStart=/usr/sbin/unbound -d\n"
    drop_in = root.path / "usr/lib/systemd/system/unbound.service.d/sinkwatch.conf"
    examples = root.path / "usr/share/doc/unbound-module-sinkwatch/examples"
    forms = {"root": drop_in.read_text(), "unbound": (examples / "unbound-user.conf").read_text()}
    for user, text in forms.items():
        name = f"strict-{user}.service"
        write(root, f"/etc/systemd/system/{name}", unit.replace("strict\n", f"strict\nUser={user}\n", 1))
        write(root, f"/etc/systemd/system/{name}.d/sinkwatch.conf", text)
        words = root.run(f"systemd-analyze verify {name} 2>&1").stdout
        assert name not in words and "sinkwatch.conf" not in words, words
        for folder in ("lib", "log"):
            opened = f"-/var/{folder}/sinkwatch" in text
            kept = {"lib": "StateDirectory=sinkwatch", "log": "LogsDirectory=sinkwatch"}[folder] in text
            assert opened or kept, (user, folder)


def works_inside_a_chroot(root, _packages):
    """The steps that conf/unbound-sinkwatch.conf documents, then a listed name is blocked."""
    text = (Path(__file__).resolve().parents[2] / "conf/unbound-sinkwatch.conf").read_text()
    steps = re.search(r"# ---- chroot\n(.*?)# ----", text, re.S)[1]
    commands = "\n".join(re.findall(r"^#     (.*)$", steps, re.M))
    clause = "server:\n  chroot: /var/lib/unbound\n"
    conf = "/etc/unbound/unbound.conf.d/chroot.conf"
    words = root.run(
        f"{commands}\ncat >{conf} <<'END'\n{clause}END\n"
        "/usr/libexec/unbound-helper chroot_setup\n" + ENFORCE + "readlink /proc/$unbound/root\n"
    ).stdout
    (root.path / conf.lstrip("/")).unlink()
    assert "status: NXDOMAIN" in words and words.rstrip().endswith("/var/lib/unbound"), words


def completions_offer_commands_and_options(root, _packages):
    words = root.run("fish -c \"complete -C 'sinkwatch li'; complete -C 'sinkwatch list set --act'\"")
    assert re.search(r"^list\t", words.stdout, re.M), words.stdout
    assert re.search(r"^--action\t", words.stdout, re.M), words.stdout
    assert root.run("zsh -n /usr/share/zsh/vendor-completions/_sinkwatch").stdout == ""
    loaded = root.run("zsh -c 'autoload -Uz compinit && compinit -u && print $_comps[sinkwatch]'").stdout
    assert loaded.strip().endswith("_sinkwatch"), loaded
    words = root.run(
        "bash -c '. /usr/share/bash-completion/completions/sinkwatch; COMP_WORDS=(sinkwatch stat); "
        'COMP_CWORD=1; _sinkwatch; echo "${COMPREPLY[@]}"\''
    )
    assert words.stdout.strip() == "status", words.stdout


# ---- another Unbound


def repacked(path, version, folder, changes=()):
    """A package with another version, and other changes to the control file."""
    tree = Path(folder) / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", path, tree], check=True)
    control = tree / "DEBIAN/control"
    text = re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.M)
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text, flags=re.M)
    control.write_text(text)
    result = Path(folder) / f"{field(path, 'Package')}_{version}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-b", tree, result], check=True, stdout=subprocess.DEVNULL
    )
    return result


def other_unbound_is_refused(root, packages):
    """Debian's next Unbound, without dynlib: apt changes nothing, and names the remedy.
    dpkg, which unpacks first, refuses to configure."""
    with tempfile.TemporaryDirectory() as folder:
        ours = field(packages["unbound"], "Version").removesuffix("+sinkwatch1")
        plain = re.sub(r"\d+$", lambda match: str(int(match[0]) + 1), ours)
        other = repacked(packages["unbound"], plain, folder, [("^Provides:.*\n", "")])
        path = root.copy_in([other], "other")
    by_apt = root.run(f"apt-get -q -y install {path}", check=False)
    assert by_apt.returncode != 0, by_apt.stdout
    assert 'run "make deb"' in by_apt.stdout and "Nothing was changed" in by_apt.stdout, by_apt.stdout
    expect_installed(root, packages)
    enforces(root)
    by_dpkg = root.run(f"dpkg -i {path}", check=False)
    assert by_dpkg.returncode != 0, by_dpkg.stdout
    assert "unbound-module-sinkwatch" in by_dpkg.stdout and " breaks unbound " in by_dpkg.stdout
    root.run(f"dpkg -i {root.copy_in([packages['unbound']])}")
    expect_installed(root, packages)


def other_unbound_in_place_ends_at_start(root, packages):
    """Whoever overrides dpkg: the module itself refuses, with the remedy, at start."""
    program = root.path / "usr/sbin/unbound"
    own = program.read_bytes()
    version = field(packages["unbound"], "Version").split("-")[0].encode()
    assert own.count(b"unbound " + version) > 0
    try:
        program.write_bytes(own.replace(b"unbound " + version, b"unbound 1.0.9"[: 8 + len(version)].ljust(8 + len(version), b"0")))  # fmt: skip
        words = root.run(SERVERS, check=False)
        assert words.returncode == 9, words.stdout
        assert "make deb" in words.stdout and "UNBOUND_SRC" in words.stdout, words.stdout
    finally:
        program.write_bytes(own)


# ---- the life of an installation


def upgrade_keeps_the_settings(root, packages):
    settings = root.path / "etc/sinkwatch/sinkwatch.conf"
    changed = settings.read_text().replace("#verbose: no", "verbose: yes")
    settings.write_text(changed)
    with tempfile.TemporaryDirectory() as folder:
        newer = [
            repacked(packages[name], field(packages[name], "Version") + "+newer", folder)
            for name in ("sinkwatch", "unbound-module-sinkwatch")
        ]
        paths = root.copy_in(newer, "newer")
    root.run(f"apt-get -q -y install {paths}")
    for name, state in statuses(root, ("sinkwatch", "unbound-module-sinkwatch")).items():
        assert state == ("installed", field(packages[name], "Version") + "+newer"), (name, state)
    assert settings.read_text() == changed
    settings.write_text(changed.replace("verbose: yes", "#verbose: no"))
    enforces(root)


def downgrade_is_refused(root, packages):
    older = root.copy_in([packages["sinkwatch"], packages["unbound-module-sinkwatch"]])
    for command in (f"dpkg -i {older}", f"apt-get -q -y --allow-downgrades install {older}"):
        result = root.run(command, check=False)
        assert result.returncode != 0, result.stdout
        assert "is older than" in result.stdout and "remove" in result.stdout, result.stdout
    for name, state in statuses(root, ("sinkwatch", "unbound-module-sinkwatch")).items():
        assert state == ("installed", field(packages[name], "Version") + "+newer"), (name, state)


def packages_of_a_newer_unbound_are_one_command(root, packages):
    """After a security update "make deb" makes packages of the newer Unbound; one apt command
    installs all of them, and the lists stay in force. The former packages stand for an older build."""
    with tempfile.TemporaryDirectory() as folder:
        former = field(packages["unbound"], "Version")
        unbound = re.sub(r"(\d+)(?=\+sinkwatch1$)", lambda match: str(int(match[0]) + 1), former)
        breaks = f"Breaks: unbound (<< {unbound}), unbound (>> {unbound})"
        module = packages["unbound-module-sinkwatch"]
        made = [
            repacked(packages["unbound"], unbound, folder),
            repacked(module, field(module, "Version") + "+newest", folder, [("^Breaks:.*$", breaks)]),
        ]
        root.run(f"apt-get -q -y install {root.copy_in(made, 'newest')}")
    found = statuses(root)
    assert found["unbound"] == ("installed", unbound), found
    assert found["unbound-module-sinkwatch"][1].endswith("+newest"), found
    enforces(root)


def removed_module_leaves_a_resolver(root, _packages):
    """The line in unbound.conf.d stays, and does no harm."""
    root.run("apt-get -q -y remove unbound-module-sinkwatch")
    assert (root.path / SWITCH.lstrip("/")).exists()
    words = root.run(SERVERS + "unbound-control get_option module-config").stdout
    assert "dynlib" not in words, words
    root.run("apt-get -q -y remove sinkwatch")
    assert (root.path / "etc/sinkwatch/sinkwatch.conf").exists()


def purge_leaves_nothing(root, _packages):
    root.run("apt-get -q -y purge sinkwatch unbound-module-sinkwatch")
    left = root.run(
        "find / -xdev -path /proc -prune -o -path /dev -prune -o -iname '*sinkwatch*' -print"
    ).stdout.split()
    own = [path for path in left if path != SWITCH and not path.startswith(("/other", "/debs", "/newer", "/newest"))]
    # and files that these tests made by hand, and the cache of man
    by_hand = ("/etc/systemd/system/strict-", "/var/lib/unbound/", "/var/cache/man/")
    own = [path for path in own if not path.startswith(by_hand)]
    assert own == [], own
    local = root.path / "etc/apparmor.d/local/usr.sbin.unbound"
    assert "sinkwatch" not in local.read_text(), local.read_text()


STEPS = [
    install_from_files,
    owners_and_rights_are_as_documented,
    nothing_is_switched_on_by_the_packages_alone,
    one_line_enforces,
    doctor_finds_no_failure,
    snapshot_and_events_file_are_written,
    works_inside_a_chroot,
    units_are_valid,
    drop_in_opens_the_folders_of_a_strict_unit,
    completions_offer_commands_and_options,
    other_unbound_is_refused,
    other_unbound_in_place_ends_at_start,
    upgrade_keeps_the_settings,
    downgrade_is_refused,
    packages_of_a_newer_unbound_are_one_command,
    removed_module_leaves_a_resolver,
    purge_leaves_nothing,
]
