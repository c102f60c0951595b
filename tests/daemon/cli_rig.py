"""Shared by the tests of the command: running the command, and playing a resolver and a
recorder."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest
from harness.wait import FACTOR

ROOT = Path(__file__).resolve().parents[2]
OK, NONE, USAGE, REDIS, SETTINGS, TIMEOUT, PARTLY, INPUT, FAULT, LISTEN = range(10)
TIME = "2026-11-23T01:02:03.456Z"


class Command:
    """sinkwatch with separate settings; keeps the output of the last run."""

    def __init__(self, env, folder, redis_server, settings):
        self.env = env
        self.redis = redis_server.client
        self.prefix = settings["redis-prefix"]
        self.conf = folder / "sinkwatch.conf"
        self.conf.write_text("".join(f'{key}: "{value}"\n' for key, value in settings.items()))

    def start(self, *words, conf=True, **options):
        settings = ["-c", self.conf] if conf else []
        return subprocess.Popen(
            list(map(str, [self.env.cli, *settings, *words])),
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            stdin=options.pop("stdin", subprocess.PIPE),
            text=True,
            **options,
        )

    def __call__(self, *words, code=OK, stdin="", seconds=30, **options):
        process = self.start(*words, **options)
        self.out, self.err = process.communicate(stdin, timeout=seconds * FACTOR)
        said = f"sinkwatch {' '.join(map(str, words))}\n{self.out}{self.err}"
        assert process.returncode == code, f"exit code {process.returncode}: {said}"
        return self.out

    def json(self, *words, **options):
        return [json.loads(line) for line in self("--json", *words, **options).splitlines()]

    def key(self, suffix):
        return f"{self.prefix}:{suffix}"

    def list(self, name):
        return self.redis.hgetall(self.key(f"list:{name}"))

    def policy(self, name):
        return json.loads(self.redis.hget(self.key("lists"), name))

    def changes(self):
        """(op, list, indicators) of each entry, oldest first."""
        # By a script, because the client library keeps only a single field of each name.
        script = "return redis.call('XRANGE', KEYS[1], '-', '+')"
        found = []
        for _, fields in self.redis.eval(script, 1, self.key("changes")):
            pairs = list(zip(fields[::2], fields[1::2]))
            values = dict(pairs)
            found.append((values["op"], values["list"], [v for k, v in pairs if k == "i"]))
        return found

    def report(self, resolver, applied, **more):
        """The report of a live resolver."""
        fields = {"applied": applied, "state": "following", "version": "0.1.0", **more}
        self.redis.hset(self.key(f"resolver:{resolver}"), mapping=fields)
        self.redis.zadd(self.key("resolvers"), {resolver: int(time.time())})

    def last_change(self):
        entries = self.redis.xrevrange(self.key("changes"), count=1)
        return entries[0][0] if entries else "0-0"


@pytest.fixture
def sw(env, folder, shared_redis, settings_for):
    command = Command(env, folder, shared_redis, settings_for(shared_redis, folder))
    yield command
    keys = list(shared_redis.client.scan_iter(match=command.prefix.replace("{", "?") + "*"))
    if keys:
        shared_redis.client.delete(*keys)


@pytest.fixture
def bad(sw):
    """A list called bad."""
    sw("list", "set", "bad", "--action", "nxdomain")
    return sw


@pytest.fixture
def text_file(folder):
    def make(text, name="list.txt"):
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return make


def event(name="a.example", client="192.0.2.53", **sinkwatch):
    return {
        "@timestamp": TIME,
        "event": {"action": "nxdomain", "type": ["denied"]},
        "client": {"ip": client},
        "dns": {"question": {"name": name, "type": "A"}, "resolved_ip": ["213.24.76.23"]},
        "sinkwatch": {
            "action": {"wanted": "nxdomain", "taken": "nxdomain"},
            "list": "bad",
            "count": 2,
            "owners": [{"ip": "213.24.76.23", "as": {"number": 8342,
                        "organization": {"name": "RTComm.RU"}}}],
            **sinkwatch,
        },
    }  # fmt: skip


def put(sw, stream, *objects):
    for one in objects:
        text = one if isinstance(one, str) else json.dumps(one)
        sw.redis.xadd(sw.key(stream), {"e": text})


def read_all(fd):
    data = b""
    try:
        while more := os.read(fd, 65536):
            data += more
    except OSError:  # the other side was closed
        pass
    os.close(fd)
    return data


def on_terminal(sw, *words, columns=100, env=None):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
    process = sw.start(*words, stdout=theirs, env={**os.environ, **(env or {})})
    os.close(theirs)
    out = read_all(ours).decode()
    process.communicate(timeout=30 * FACTOR)
    return out
