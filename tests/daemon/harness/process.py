"""A server process: started in a folder, watched, ended by process id."""

import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from .wait import until

# Below the range that the kernel gives to clients' sockets; resolvers under test are told to keep
# off.
PORTS = range(10000, 32000)
_reserved = {}  # port -> lock file, held until this process ends


def bind_both(address, port):
    """A UDP and a TCP socket bound to the same port; OSError when the port is taken for either."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    tcp = socket.socket()
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        udp.bind((address, port))
        tcp.bind((address, port))
    except OSError:
        udp.close()
        tcp.close()
        raise
    return udp, tcp


def _reserve(port):
    """Whether the port is ours now: concurrent test runs reserve ports likewise."""
    folder = Path(tempfile.gettempdir()) / f"sw-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = (folder / str(port)).open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _reserved[port] = lock
    return True


def free_port(address="127.0.0.1"):
    """A port that is free for UDP and TCP, and that no other test run has taken or will take."""
    for _ in range(200):
        port = random.choice(PORTS)
        if port in _reserved or not _reserve(port):
            continue
        try:
            for bound in bind_both(address, port):
                bound.close()
            return port
        except OSError:
            continue
    raise RuntimeError(f"no free port on {address}")


class Process:
    """A child that dies with the test run even if the run itself is killed."""

    def __init__(self, command, folder, name, env=None):
        self.name = name
        self.output_path = folder / f"{name}.out"
        with self.output_path.open("ab") as output:
            self.popen = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.pid = self.popen.pid

    @property
    def running(self):
        return self.popen.poll() is None

    @property
    def returncode(self):
        return self.popen.returncode

    def output(self):
        return self.output_path.read_text(errors="replace")

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, what="to end", deadline=None):
        """Wait for the end; returns the exit status (negative: signal)."""
        until(lambda: not self.running, f"{self.name} (pid {self.pid}) {what}", deadline)
        return self.returncode

    def end(self):
        """Terminate, kill if that does not help; never fails."""
        if not self.running:
            return
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.wait(deadline=5)
        except AssertionError:
            self.signal(signal.SIGKILL)
            self.popen.wait()
