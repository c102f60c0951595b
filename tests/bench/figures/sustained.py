"""A feed that writes thousands of changes a second: does the resolver keep up?

A separate process writes the changes, each as a transaction like any feed's: half of the changes
add a name, half remove a name that was added a while before. Meanwhile the lag is looked at: the
age of the last change that the resolver has reported as enforced, sweep included, compared with the
newest change in the stream; and now and then a name is added and timed until the cached answer has
changed.
"""

import multiprocessing
import socket
import threading
import time
from pathlib import Path

from harness.lists import id_key

from .latency import LIGHT_LOAD, until_enforced
from .load import LightLoad, Prober, cpu_seconds
from .report import Figure, median, percentile
from .world import LIST

BURST_S = 0.01  # changes are sent in bursts of so long
KEPT = 20_000  # names that stay before the removal
SAMPLE_S = 0.1  # between two looks at the lag


def command(*words):
    """In the form that Redis reads (RESP2)."""
    parts = [word.encode() for word in words]
    return b"".join([b"*%d\r\n" % len(parts), *(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)])


def change(number):
    """A transaction; with an even number a name more, with an odd number a name less."""
    key, stream = f"{{bench}}:list:{LIST}", ("XADD", "{bench}:changes", "MAXLEN", "~", "100000", "*")
    adds = number % 2 == 0
    name = f"z{number if adds else max(0, number - 1 - 2 * KEPT)}.burst.example"
    return b"".join(
        (
            command("MULTI"),
            command("HSET", key, name, "") if adds else command("HDEL", key, name),
            command(*stream, "op", "add" if adds else "remove", "list", LIST, "i", name),
            command("EXEC"),
        )
    )


def read(link):
    """The replies that are there; none may be an error."""
    try:
        replies = link.recv(1 << 24, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b""
    if b"\r\n-" in replies:
        raise RuntimeError(f"refused: {replies}")
    return replies


def feed(path, rate, seconds, pipe):
    """Write; sends how many were written, and how late the last was."""
    link = socket.socket(socket.AF_UNIX)
    link.connect(str(path))
    burst = max(1, int(rate * BURST_S))
    total = int(rate * seconds) // burst * burst
    pipe.send("go")
    start = time.monotonic()
    for first in range(0, total, burst):
        if (wait := start + first / rate - time.monotonic()) > 0:
            time.sleep(wait)
        link.sendall(b"".join(change(i) for i in range(first, first + burst)))
        read(link)
    link.sendall(command("ECHO", "the end"))
    while b"the end" not in read(link):
        time.sleep(0.001)
    pipe.send((total, time.monotonic() - start))
    link.close()


class Samples:
    """The lag, observed by a thread, and at the same time single names in sequence."""

    def __init__(self, bench):
        self.bench = bench
        self.lags = []  # (seconds since the start, ms)
        self.canaries = []  # ms
        self.start = time.monotonic()
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def _look(self):
        while not self.ended.wait(SAMPLE_S):
            self.lags.append((time.monotonic() - self.start, self.lag_ms()))

    def stop(self):
        self.ended.set()
        self.thread.join()

    def lag_ms(self):
        client = self.bench.world.redis.client
        newest = id_key(client.xinfo_stream("{bench}:changes")["last-generated-id"])
        applied = id_key(self.bench.world.state(self.bench.resolver).get("applied"))
        return max(0, newest[0] - applied[0]) if applied[0] else 0

    def canary(self):
        number = len(self.canaries)
        name = f"c{number}.canary.example"
        question = Prober.question(name)
        self.bench.ask_clean([question])
        self.bench.add(name)
        self.canaries += until_enforced(self.bench.prober, [question])

    def half(self, second, seconds):
        return [lag for at, lag in self.lags if (at >= seconds / 2) == second and at < seconds]


def rss_mb(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def figure(bench):
    sizes, resolver = bench.sizes, bench.resolver
    ours, theirs = multiprocessing.Pipe()
    arguments = (bench.world.redis.socket, sizes.rate, sizes.sustained_s, theirs)
    feeding = multiprocessing.Process(target=feed, args=arguments, daemon=True)
    memory, cpu = rss_mb(resolver.pid), cpu_seconds(resolver.pid)
    server = bench.world.redis.process.pid
    server_cpu = sum(cpu_seconds(server).values())
    with LightLoad(resolver.port, bench.fill, LIGHT_LOAD):
        feeding.start()
        assert ours.recv() == "go"
        samples = Samples(bench)
        while not ours.poll(0.05):
            samples.canary()
        written, seconds = ours.recv()
        samples.stop()
        feeding.join()
        ended = time.monotonic()
        after = cpu_seconds(resolver.pid)
        server_cpu = sum(cpu_seconds(server).values()) - server_cpu
        grown = rss_mb(resolver.pid) - memory
        while samples.lag_ms() > 0:
            time.sleep(0.01)
    behind = time.monotonic() - ended
    first, second = samples.half(False, seconds), samples.half(True, seconds)
    ours_s = sum(after.values()) - sum(cpu.values())
    words = (
        f"{written / seconds:.0f} changes a second for {seconds:.0f} s, "
        f"{sizes.messages} messages cached; "
        f"lag: first half median {median(first):.0f}, max {max(first):.0f}, "
        f"second half max {max(second):.0f}; all enforced {behind:.2f} s after the last; "
        f"names beside it: p50 {median(samples.canaries):.2f}, "
        f"p99 {percentile(samples.canaries, 99):.2f}, max {max(samples.canaries):.2f} ms; "
        f"resolver {ours_s / seconds:.2f} of a core, Redis {server_cpu / seconds:.2f}; "
        f"resolver's memory {grown:+.0f} MB"
    )
    value, before = median(second), median(first)
    bench.report.add(
        Figure(
            "sustained_lag_ms",
            value,
            "ms",
            len(first) + len(second),
            baseline=before,
            ratio=value / before if before else 1.0,
            words=words,
        )
    )
