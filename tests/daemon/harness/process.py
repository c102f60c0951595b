"""One server process: started in its folder, watched, ended by its process id."""

import random
import signal
import socket
import subprocess

from .wait import until


def free_port(address="127.0.0.1"):
    """A port that is free for UDP and TCP, below the range that clients' sockets come from."""
    for _ in range(200):
        port = random.randrange(10000, 32000)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
                udp.bind((address, port))
                tcp.bind((address, port))
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
