"""Load by dnsperf, single questions by a bare socket, and the CPU time of a process."""

import os
import re
import socket
import struct
import subprocess
import time
from pathlib import Path

import dns.message
import dns.rcode

ADDRESS = "127.0.0.1"
TICK = os.sysconf("SC_CLK_TCK")
SETTLED_S = 0.002  # CPU seconds in a pause below which a process counts as idle
PAUSE_S = 0.1
SO_TIMESTAMPNS = 35  # socket(7); Python has no constant
STAMP_SPACE = socket.CMSG_SPACE(struct.calcsize("qq"))


def write_questions(path, names, rdtype="A"):
    path.write_text("".join(f"{name} {rdtype}\n" for name in names))
    return path


# ---- dnsperf


def dnsperf(port, questions, *arguments):
    """The command line for load on a resolver: a single client, 50 questions outstanding."""
    base = ["dnsperf", "-s", ADDRESS, "-p", str(port), "-d", str(questions), "-c", "1", "-T", "1"]
    return [*base, "-q", "50", *map(str, arguments)]


def run(port, questions, expected="NOERROR", repeat=1):
    """Send every question of the file, repeat times; returns how many were answered.

    Fails for a lost question, or an answer with another code than expected.
    """
    done = subprocess.run(
        dnsperf(port, questions, "-n", repeat, "-t", 10), capture_output=True, text=True, check=True
    )
    sent = int(re.search(r"Queries sent:\s+(\d+)", done.stdout).group(1))
    codes = dict(re.findall(r"([A-Z]+) (\d+) \(", done.stdout.split("Response codes:")[-1]))
    if codes.get(expected) != str(sent):
        raise RuntimeError(f"{sent} questions, {expected} wanted, answers were {codes}")
    return sent


class LightLoad:
    """Questions at a fixed rate in the background, inside a with block."""

    def __init__(self, port, questions, per_second):
        self.command = dnsperf(port, questions, "-Q", per_second, "-l", 3600)

    def __enter__(self):
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *self.command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(self, *failure):
        alive = self.process.poll() is None
        self.process.terminate()
        self.process.wait()
        if not alive and failure[0] is None:
            raise RuntimeError("the light load ended by itself")


# ---- single questions


class Prober:
    """Asks a resolver over a single socket, waiting for each answer; nothing else on the way.

    The kernel's own time of arrival counts, so that the wait of this process for the CPU does not
    matter.
    """

    def __init__(self, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(5)
        self.socket.connect((ADDRESS, port))
        self.next_id = 0

    def close(self):
        self.socket.close()

    @staticmethod
    def question(name, rdtype="A"):
        """Wire form of a question, without the id (the first two octets)."""
        return dns.message.make_query(name, rdtype, use_edns=False).to_wire()[2:]

    def ask(self, question):
        """(code, seconds): the answer's code (RFC 1035 4.1.1) and time of arrival, see now()."""
        self.next_id = (self.next_id + 1) & 0xFFFF
        number = self.next_id.to_bytes(2, "big")
        self.socket.send(number + question)
        while True:
            answer, ((_, _, stamp),), _, _ = self.socket.recvmsg(4096, STAMP_SPACE)
            if answer[:2] == number:
                seconds, nanoseconds = struct.unpack("qq", stamp)
                return answer[3] & 15, seconds + nanoseconds / 1e9

    @staticmethod
    def now():
        """Seconds on the clock that the kernel stamps packets with."""
        return time.clock_gettime(time.CLOCK_REALTIME)

    def must(self, question, rcode):
        have, _ = self.ask(question)
        if have != rcode:
            words = f"{dns.rcode.to_text(have)} instead of {dns.rcode.to_text(rcode)}"
            raise RuntimeError(f"{words} for {question!r}")


# ---- CPU


def cpu_seconds(pid):
    """{thread: CPU seconds used so far} of a process.

    schedstat counts nanoseconds; where the kernel has none, utime + stime counts ticks of 10 ms.
    """
    return {task.name: _thread_seconds(task) for task in Path(f"/proc/{pid}/task").iterdir()}


def _thread_seconds(task):
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except OSError:
        fields = (task / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK  # utime, stime: proc(5)


def user_and_system(pid):
    """CPU seconds of a process so far, in user space and in the kernel: proc(5) utime, stime.

    The kernel tells the two apart by sampling, so only sums over many runs say something.
    """
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / TICK, int(fields[12]) / TICK


def settle(pid, at_least=0.0, at_most=10.0):
    """Wait until a process has nothing more to do."""
    start = time.monotonic()
    before = sum(cpu_seconds(pid).values())
    while True:
        time.sleep(PAUSE_S)
        now = sum(cpu_seconds(pid).values())
        passed = time.monotonic() - start
        if (now - before < SETTLED_S and passed >= at_least) or passed > at_most:
            return
        before = now
