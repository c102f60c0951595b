"""Root folders of a Debian suite, made by mmdebstrap from the mirrors of this machine's apt."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "deb"
KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
# Services that a package brings must not start: there is no init in a root folder.
POLICY = "#!/bin/sh\nexit 101\n"


def release():
    lines = Path("/etc/os-release").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def running_suite():
    return release()["VERSION_CODENAME"].strip('"')


def mirrors(suite):
    """Lines of sources.list: the base, updates and security suites from where this machine's apt
    gets the running release's."""
    script = 'me=deb; . scripts/lib/unbound.sh; mirrors "$0"'
    lines = []
    keyring = next(Path("/usr/share/keyrings") / name for name in KEYRINGS
                   if (Path("/usr/share/keyrings") / name).exists())  # fmt: skip
    for part in ("", "-updates", "-security"):
        command = ["bash", "-c", script, running_suite() + part]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        for address in found.stdout.split()[:1]:
            lines.append(f"deb [signed-by={keyring}] {address} {suite}{part} main")
            lines.append(f"deb-src [signed-by={keyring}] {address} {suite}{part} main")
    assert lines, "this machine's apt configuration has no mirror of Debian"
    return lines


def build_packages(suite):
    """{name: path} of the packages, made here or, for another suite, in a root folder."""
    if suite == running_suite():
        subprocess.run(["scripts/deb/packages"], cwd=ROOT, check=True)
    else:
        build_in_root(suite)
    return {path.name.split("_")[0]: path for path in sorted((WORK / suite).glob("*.deb"))}


def build_in_root(suite):
    """The root folder for building stays: a second run installs missing packages only."""
    root = Root(suite, "build-root", ["build-essential", "git", "ca-certificates"])
    if not (root.path / "usr/bin/dpkg-buildpackage").exists():
        root.make()
    tree = root.path / "src"
    kept = WORK / suite / "work"
    tree.mkdir(exist_ok=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = ROOT / name, tree / name
        if source.is_file() and not same(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    root.run("cd /src && scripts/deb/packages", network=True, show=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    for old in (WORK / suite).glob("*.deb"):
        old.unlink()
    for made in (tree / "build/deb" / suite).glob("*.deb"):
        shutil.copy2(made, WORK / suite)


def same(source, target):
    if not target.exists():
        return False
    here, there = source.stat(), target.stat()
    return here.st_size == there.st_size and here.st_mtime == there.st_mtime


class Root:
    """A root folder. Commands run inside, in new namespaces for mounts and processes: all
    processes of a command end with the command; without network=True there is only a loopback."""

    def __init__(self, suite, name="root", include=()):
        self.suite = suite
        self.path = WORK / suite / name
        self.include = include

    def make(self):
        self.remove()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        include = ["--include=" + ",".join(self.include)] if self.include else []
        command = ["mmdebstrap", "--quiet", "--variant=apt", "--mode=root", *include]
        subprocess.run(
            [*command, self.suite, str(self.path), "-"],
            input="\n".join(mirrors(self.suite)) + "\n", text=True, check=True,
        )  # fmt: skip
        policy = self.path / "usr/sbin/policy-rc.d"
        policy.write_text(POLICY)
        policy.chmod(0o755)

    def remove(self):
        if self.path.exists():
            subprocess.run(["rm", "-rf", "--one-file-system", str(self.path)], check=True)

    def run(self, command, network=False, check=True, show=False):
        """Run a shell command inside; returns the completed process, with output as text."""
        inside = (
            f"mount -t proc proc '{self.path}/proc' && mount --rbind /dev '{self.path}/dev' && "
            + ("" if network else "ip link set lo up && ")
            + f"exec chroot '{self.path}' /bin/bash -c \"$0\""
        )
        spaces = ["--mount", "--pid", "--fork", "--kill-child", *([] if network else ["--net"])]
        if network:
            shutil.copy("/etc/resolv.conf", self.path / "etc/resolv.conf")
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
        }  # fmt: skip
        for word in ("http_proxy", "https_proxy"):
            if word in os.environ:
                environment[word] = os.environ[word]
        result = subprocess.run(
            ["unshare", *spaces, "sh", "-c", inside, command],
            text=True, env=environment, stdin=subprocess.DEVNULL,
            stdout=None if show else subprocess.PIPE, stderr=None if show else subprocess.STDOUT,
        )  # fmt: skip
        if check and result.returncode != 0:
            raise AssertionError(f"exit code {result.returncode} of: {command}\n{result.stdout}")
        return result

    def copy_in(self, packages, folder="debs"):
        """Packages into a folder inside; returns the paths there, for apt."""
        target = self.path / folder
        target.mkdir(exist_ok=True)
        for path in packages:
            shutil.copy2(path, target)
        return " ".join(f"/{folder}/{Path(path).name}" for path in packages)
