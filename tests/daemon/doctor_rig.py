"""An installation in which the tests of `sinkwatch doctor` plant faults, and the registry of faults."""

import getpass
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from cli_rig import ROOT
from harness.odd_redis import OddRedis, replies
from harness.redis_server import Redis
from harness.resolver import Resolver
from harness.wait import FACTOR

FAULT = 8
CHAIN = "dynlib validator iterator"


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
        self.units = {}
        self.unit()
        self.redis.client.flushall()
        self.lists = {"canary": {"action": "sinkhole", "sinkhole4": "198.18.0.1"}}
        self.canary = "=canary.clean.example"

    def program(self, name, script):
        path = self.case / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def unit(self, name=None, **values):
        """A unit of systemd, for a program that answers as systemctl."""
        if name:
            self.units[name] = {"LoadState": "loaded", **values}
        cases = "".join(
            f"{unit}) cat <<'END'\n" + "".join(f"{key}={value}\n" for key, value in known.items()) + "END\n;;\n"
            for unit, known in self.units.items()
        )
        self.program("systemctl", f'case "$3" in\n{cases}*) echo LoadState=not-found ;;\nesac')

    def service(self, name, role, words="", **values):
        """A service in use, with settings of its own; the role is a user of conf/users.acl."""
        path = self.case / f"{name}.conf"
        settings = {"redis-socket": self.redis.socket, "redis-user": f"{role}-x", "redis-password": "pw"}
        path.write_text("".join(f'{key}: "{value}"\n' for key, value in settings.items()))
        path.chmod(0o644)
        user_without(self.redis.client, role)
        self.unit(
            f"sinkwatch-{name}.service",
            **{"ActiveState": "active", "UnitFileState": "enabled", "User": self.user or getpass.getuser(),
               "Environment": f"SINKWATCH_CONF={path}",
               "ExecStart": f"{{ path=/usr/bin/sinkwatch ; argv[]=/usr/bin/sinkwatch {name} {words} ; }}", **values},
        )  # fmt: skip
        return path

    def feed(self, name="ads", definition=None, **status):
        """A feed in Redis, and a service that runs the feeds."""
        known = definition or json.dumps({"source": "https://lists.example/a", "list": "ads"})
        self.redis.client.hset("{sinkwatch}:feeds", name, known)
        self.redis.client.hset(f"{{sinkwatch}}:feed:{name}", mapping={"outcome": "updated", **status})
        self.redis.client.set("{sinkwatch}:feeds:lease", "host 1 0")

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


FAULTS = {}


def fault(finding, state, remedy, why=""):
    """Register a function that plants a fault; a function that it returns runs last."""

    def register(plant):
        FAULTS[plant.__name__] = (plant, finding, state, remedy, why)
        return plant

    return register


def through(it, *masks):
    it.settings["redis-socket"] = it.folder / "masked.sock"
    it.masked.masks = list(masks)


def user_without(client, role, taken=""):
    """The user "<role>-x" with the rights of a user of conf/users.acl, but for a text of these."""
    rules = next(line for line in (ROOT / "conf/users.acl").read_text().splitlines() if f" {role} " in line)
    assert taken in rules
    words = rules.split(None, 4)[4].replace(taken, "")
    # Selectors in brackets are single arguments.
    arguments = re.findall(r"\([^)]*\)|[^ ]+", words)
    client.execute_command("ACL", "SETUSER", f"{role}-x", "reset", "on", ">pw", "resetchannels",
                           *(a for a in arguments if a != "resetchannels"))  # fmt: skip


def resolver_without(it, taken=""):
    user_without(it.redis.client, "resolver", taken)
    it.settings["redis-user"], it.settings["redis-password"] = "resolver-x", "pw"
