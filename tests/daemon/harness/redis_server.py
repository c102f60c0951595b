"""A real Redis server on a unix socket that can be killed, frozen, and brought back."""

import os
import shutil
import signal

import redis

from .process import Process
from .wait import until

# Redis, or a server that speaks like Redis, such as Valkey (make test-daemon REDIS_SERVER=...).
PROGRAM = os.environ.get("REDIS_SERVER") or "redis-server"
# Valkey, for the tests that run with it on every machine that has it; None: not there.
VALKEY = os.environ.get("VALKEY_SERVER") or shutil.which("valkey-server")


class Redis:
    """keep=True: an append-only file synced at every write, so that kill -9 loses nothing."""

    def __init__(self, folder, keep=False, port=0, options=(), program=PROGRAM):
        self.folder = folder
        self.program = program
        self.socket = folder / "redis.sock"
        self.keep = keep
        self.port = port  # 0: unix socket only
        self.options = options  # further words of the command line
        self.process = None
        self.client = redis.Redis(
            unix_socket_path=str(self.socket), decode_responses=True, socket_timeout=10
        )

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        keep = ["--appendonly", "yes", "--appendfsync", "always"] if self.keep else []
        self.process = Process(
            [
                *[self.program, "--port", self.port, "--bind", "127.0.0.1"],
                *["--unixsocket", self.socket, "--save", "", *keep],
                *self.options,
            ],
            self.folder,
            "redis",
        )
        until(self._answers, lambda: f"redis to answer: {self.process.output()}", 60)

    def _answers(self):
        try:
            return self.client.ping()
        except redis.exceptions.RedisError:
            return False

    def kill(self):
        """kill -9: connections break, nothing is written any more."""
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        self.socket.unlink(missing_ok=True)
        self.client.connection_pool.disconnect()

    def freeze(self):
        """SIGSTOP: connections stay open and nothing is answered."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def stop(self):
        if self.process:
            self.process.end()
        self.client.close()
