"""The contents of the packages, and the scripts that make packages. No root folder is needed."""

import contextlib
import fnmatch
import os
import re
import subprocess
import tempfile
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "scripts/lib/advisories.tsv"
NAMES = ("unbound", "unbound-module-sinkwatch", "sinkwatch")

FILES = {
    "sinkwatch": """
        usr/bin/sinkwatch usr/share/man/man1/sinkwatch.1.gz usr/share/man/man5/sinkwatch.conf.5.gz
        usr/share/bash-completion/completions/sinkwatch usr/share/zsh/vendor-completions/_sinkwatch
        usr/share/fish/vendor_completions.d/sinkwatch.fish usr/share/sinkwatch/sinkwatch.lua
        etc/sinkwatch/sinkwatch.conf usr/lib/sysusers.d/sinkwatch.conf usr/share/sinkwatch/classes.tsv
        usr/share/doc/sinkwatch/examples/users.acl* usr/share/doc/sinkwatch/examples/redis.conf
        usr/share/doc/sinkwatch/examples/sinkwatch.rules.yml*
        usr/share/sinkwatch/notify.conf */systemd/system/sinkwatch-notify.service
        */systemd/system/sinkwatch-sweep.service */systemd/system/sinkwatch-sweep.timer
        */systemd/system/sinkwatch-feed.service */systemd/system/sinkwatch-web.service
        */systemd/system/sinkwatch-metrics.service usr/share/doc/sinkwatch/examples/sinkwatch.json*""",
    "unbound-module-sinkwatch": """
        usr/lib/sinkwatch/sinkwatch.so usr/share/sinkwatch/unbound.conf
        etc/apparmor.d/local/sinkwatch usr/lib/systemd/system/unbound.service.d/sinkwatch.conf
        usr/lib/tmpfiles.d/unbound-module-sinkwatch.conf etc/apt/apt.conf.d/80sinkwatch
        usr/lib/sysusers.d/unbound-module-sinkwatch.conf etc/logrotate.d/unbound-module-sinkwatch
        usr/share/doc/unbound-module-sinkwatch/README.Debian""",
    "unbound": "usr/sbin/unbound usr/sbin/unbound-control */systemd/system/unbound.service",
}


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    return result.returncode, result.stdout + result.stderr


def field(path, name):
    return subprocess.run(
        ["dpkg-deb", "-f", path, name], capture_output=True, text=True, check=True
    ).stdout.strip()


def bash(script, *words):
    """A script with the shared functions of scripts/lib at hand."""
    command = ["bash", "-c", f"set -e; me=test; . scripts/lib/unbound.sh; {script}", "bash"]
    return subprocess.run(
        [*command, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


@contextlib.contextmanager
def unpacked(path):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", path, folder], check=True)
        yield Path(folder)


def libraries_of_setup_are_build_dependencies(_packages):
    """A library that scripts/setup installs for the build is named for the package's build, too."""
    needed = re.findall(r"^    (lib\S+-dev) ", (ROOT / "scripts/setup").read_text(), re.M)
    control = (ROOT / "scripts/deb/debian/control").read_text().split("\n\n")[0]
    assert len(needed) >= 8, needed
    assert [name for name in needed if f" {name},\n" not in control] == []


def all_packages_were_made(packages):
    assert set(packages) >= set(NAMES), f"made: {sorted(packages)}"


def module_depends_on_exactly_this_build(packages):
    version = field(packages["unbound"], "Version")
    provides = field(packages["unbound"], "Provides")
    upstream = version.split("-")[0]
    assert version.endswith("+sinkwatch1"), version
    assert re.fullmatch(rf"unbound-dynlib-abi-{re.escape(upstream)}-[0-9a-f]{{12}}", provides), provides
    module = packages["unbound-module-sinkwatch"]
    assert provides in field(module, "Depends").split(", "), field(module, "Depends")
    breaks = field(module, "Breaks").split(", ")
    assert sorted(breaks) == [f"unbound (<< {version})", f"unbound (>> {version})"], breaks


def rebuilt_module_is_an_upgrade(packages):
    """The same Sinkwatch for a newer Unbound has a greater version, so that apt installs it."""
    old = field(packages["unbound-module-sinkwatch"], "Version")
    new = re.sub(r"u(\d+)$", lambda match: f"u{int(match[1]) + 1}", old)
    assert new != old
    assert run("dpkg", "--compare-versions", new, "gt", old)[0] == 0


def files_are_where_they_belong(packages):
    for name, expected in FILES.items():
        listing = subprocess.run(
            ["dpkg-deb", "-c", packages[name]], capture_output=True, text=True, check=True
        ).stdout
        files = [line.split()[5].removeprefix("./") for line in listing.splitlines()]
        for pattern in expected.split():
            assert fnmatch.filter(files, pattern), f"{name} has no {pattern}"


def settings_are_kept_by_dpkg(packages):
    _, conffiles = run("dpkg-deb", "-I", packages["sinkwatch"], "conffiles")
    assert "/etc/sinkwatch/sinkwatch.conf" in conffiles.split()


def paths_of_installed_files_are_the_packages_own(packages):
    with unpacked(packages["sinkwatch"]) as folder:
        unit = next(folder.glob("**/sinkwatch-sweep.service")).read_text()
        assert "ExecStart=/usr/bin/sinkwatch " in unit and "/usr/local" not in unit
        mode = (folder / "etc/sinkwatch/sinkwatch.conf").stat().st_mode
        assert mode & 0o777 == 0o640, oct(mode)


def lintian_finds_no_error(packages):
    """An error of Unbound's package is Debian's own: the dependency on lsb-base."""
    lintian = ["lintian", "--allow-root", "--fail-on", "error"]
    for name in NAMES:
        known = ["--suppress-tags", "depends-on-obsolete-package"] if name == "unbound" else []
        code, words = run(*lintian, *known, packages[name])
        assert code == 0, words


# ---- the name of the interface

HEADER = "#ifndef H\n#define H\n#define N 4\nstruct s { int a[N]; };\n#ifdef USE_X\nint x;\n#endif\n#endif\n"


def abi_of(folder, header=HEADER, config="", name="tree", inside=False):
    tree = Path(folder) / name
    (tree / "util").mkdir(parents=True, exist_ok=True)
    (tree / "util/a.h").write_text(header)
    (tree / "config.h").write_text(f'#define PACKAGE_VERSION "1.0"\n#include <stddef.h>\n{config}')
    includes = tree / "ub.h"
    includes.write_text('#include "config.h"\n#include <stdio.h>\n#include "util/a.h"\n')
    environment = {**os.environ, "UB_H": str(includes)}
    code, words = run(ROOT / "scripts/deb/abi", tree, tree, env=environment, cwd=tree if inside else folder)
    assert code == 0, words
    assert words.startswith("unbound-dynlib-abi-1.0-"), words
    return words


def abi_name_follows_the_layout(_packages):
    with tempfile.TemporaryDirectory() as folder:
        first = abi_of(folder)
        alike = {
            "a comment": HEADER.replace("int a", "/* words */ int   a"),
            "a macro that no declaration uses": HEADER.replace("#define N 4", "#define N 4\n#define M 5"),
        }
        other = {
            "a member": HEADER.replace("int a[N];", "int a[N]; int b;"),
            "a type": HEADER.replace("int a", "long a"),
            "the value of a macro": HEADER.replace("N 4", "N 8"),
        }
        for what, header in alike.items():
            assert abi_of(folder, header) == first, f"{what} changes the name"
        for what, header in other.items():
            assert abi_of(folder, header) != first, f"{what} does not change the name"
        assert abi_of(folder, config="#define USE_X 1\n") != first, "an option does not change it"
        assert abi_of(folder, name="elsewhere") == first, "the path changes it"
        assert abi_of(folder, inside=True) == first, "the current folder changes it"


# ---- published vulnerabilities


def rows():
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    return [line.split("\t") for line in lines]


def advisories_are_well_formed(_packages):
    days = []
    for row in rows():
        assert len(row) == 5 and all(row), row
        days.append(date.fromisoformat(row[0]))
        assert re.fullmatch(r"CVE-20\d\d-\d{4,}", row[1]), row
        assert re.fullmatch(r"-|[\d.]+", row[2]) and re.fullmatch(r"[\d.]+", row[3]), row
    assert days == sorted(days, reverse=True), "newest first"
    assert len({row[1] for row in rows()}) == len(days), "each once"


def number(version):
    return tuple(map(int, version.split(".")))


def open_advisories_are_those_of_a_model(_packages):
    named = {"CVE-2026-50252", "CVE-2025-11411"}
    with tempfile.NamedTemporaryFile("w", suffix=".changelog") as changelog:
        changelog.write("\n".join(f"  * 07-{cve}-fix.patch" for cve in named) + "\n  * CVE-2026-5024\n")
        changelog.flush()
        for version in ("1.17.1", "1.22.0", "1.25.1", "1.26.0", "1.26.2", "2.0"):
            expected = [
                cve
                for _, cve, since, fixed, _ in rows()
                if number(version) < number(fixed) and cve not in named
                and (since == "-" or number(version) >= number(since))
            ]  # fmt: skip
            script = 'advisories_open "1:$1-2+deb12u4" "$2" | cut -f 2'
            assert bash(script, version, changelog.name).split() == expected, version


# ---- AppArmor (D-149)


def rules():
    """Paths and permissions of the file rules."""
    text = (ROOT / "conf/apparmor/sinkwatch").read_text()
    return re.findall(r"^  (/\S+) ([rwkm]+),$", text, re.M)


def expression(glob):
    """An AppArmor glob as a regular expression."""
    glob = glob.replace("**", "\0")
    pieces = {"\0": ".+", "*": "[^/]*", "{": "(?:", "}": ")", ",": "|", "?": "[^/]"}
    return "".join(pieces.get(char, re.escape(char)) for char in glob)


def apparmor_allows_the_paths_of_the_settings(packages):
    """Every path that the documentation of a setting shows is allowed, for writing where the module
    writes, and so is each file of the package."""
    allowed = [(re.compile(expression(glob)), rights) for glob, rights in rules()]
    shown = re.findall(r'^#([a-z-]+): "?(/[^"\s]+)', (ROOT / "conf/sinkwatch.conf").read_text(), re.M)
    assert len(shown) >= 8, shown
    for key, path in shown:
        right = "w" if key.startswith(("snapshot", "event", "redis-socket")) else "r"
        assert any(rule.fullmatch(path) and right in rights for rule, rights in allowed), (key, path)
    with unpacked(packages["unbound-module-sinkwatch"]) as folder:
        for file, right in (("usr/lib/sinkwatch/sinkwatch.so", "m"),
                            ("usr/share/sinkwatch/unbound.conf", "r")):  # fmt: skip
            assert (folder / file).is_file()
            assert any(r.fullmatch("/" + file) and right in rights for r, rights in allowed), file


def apparmor_parses_the_profile_with_the_addition(packages):
    with unpacked(packages["unbound"]) as unbound, unpacked(packages["unbound-module-sinkwatch"]) as module:
        base = unbound / "etc/apparmor.d"
        for part in ("abstractions", "tunables", "abi"):
            (base / part).symlink_to(f"/etc/apparmor.d/{part}")
        (base / "local").mkdir(exist_ok=True)
        (base / "local/sinkwatch").write_bytes((module / "etc/apparmor.d/local/sinkwatch").read_bytes())
        (base / "local/usr.sbin.unbound").write_text("include if exists <local/sinkwatch>\n")
        profile = base / "usr.sbin.unbound"
        command = ["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--base", base]
        code, words = run(*command, "--names", profile)
        assert code == 0 and "unbound" in words, words
        code, words = run(*command, "--preprocess", profile)
        assert code == 0 and "/var/lib/sinkwatch/" in words, "the addition is not included"
        # A rule that is wrong is found: the parser reads the addition.
        (base / "local/sinkwatch").write_text("  /var/lib/sinkwatch/** nonsense,\n")
        assert run(*command, "--names", profile)[0] != 0


# ---- an Unbound that is no package


def make_install_is_for_the_program_that_loads(_packages):
    """make install compares the program with the tree, and installs nothing for another program."""
    tree = (ROOT / ".deps/unbound").resolve()
    program = tree / "b/unbound/unbound"
    with tempfile.TemporaryDirectory() as folder:
        own, other = Path(folder) / "sbin/unbound", Path(folder) / "other"
        own.parent.mkdir()
        for path, options in ((own, b"--with-dynlibmodule "), (other, b"--with-dynlibmodulf ")):
            path.write_bytes(program.read_bytes().replace(b"--with-dynlibmodule ", options))
            path.chmod(0o755)
        command = ["make", "-s", "-C", ROOT, "install", f"UNBOUND_SRC={tree}", "PREFIX=/opt/sw"]
        for program, words in ((other, "other options"), (Path(folder) / "none", "there is no ")):
            code, said = run(*command, f"UNBOUND_PROGRAM={program}", f"DESTDIR={folder}/no")
            assert code != 0 and words in said, said
            assert not (Path(folder) / "no").exists(), "installed for another program"
        code, said = run(*command, f"UNBOUND_PROGRAM={own}", f"DESTDIR={folder}/yes")
        assert code == 0, said
        for name in ("bin/sinkwatch", "lib/sinkwatch/sinkwatch.so", "share/man/man1/sinkwatch.1",
                     "lib/systemd/system/sinkwatch-sweep.service"):  # fmt: skip
            assert (Path(folder) / "yes/opt/sw" / name).is_file(), name
        unit = Path(folder) / "yes/opt/sw/lib/systemd/system/sinkwatch-sweep.service"
        assert "ExecStart=/opt/sw/bin/sinkwatch " in unit.read_text()


STEPS = [
    libraries_of_setup_are_build_dependencies,
    all_packages_were_made,
    module_depends_on_exactly_this_build,
    rebuilt_module_is_an_upgrade,
    files_are_where_they_belong,
    settings_are_kept_by_dpkg,
    paths_of_installed_files_are_the_packages_own,
    lintian_finds_no_error,
    abi_name_follows_the_layout,
    advisories_are_well_formed,
    open_advisories_are_those_of_a_model,
    apparmor_allows_the_paths_of_the_settings,
    apparmor_parses_the_profile_with_the_addition,
    make_install_is_for_the_program_that_loads,
]
