"""The whole list is replaced: the effect on clients, and the memory for a while."""

import multiprocessing
import time
from pathlib import Path

from harness.lists import id_key

from .changes import DEADLINE_S, probe
from .report import Figure, median
from .run_sizes import short
from .world import LIST

WINDOW_S = 4.0  # a stretch of the probe stream; the replacement fits in
SETTLE_S = 0.2  # before the replacement begins


def memory_mb(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {field}")


def replace_list(world):
    """As a feed does, with the same content; returns the id of the entry. The copy was made before."""
    key = f"{{bench}}:list:{LIST}"
    with world.redis.client.pipeline(transaction=True) as tx:
        tx.rename(f"{key}:staging:bench", key)
        tx.xadd("{bench}:changes", {"op": "replace", "list": LIST})
        return tx.execute()[-1]


def stage(world):
    key = f"{{bench}}:list:{LIST}"
    world.redis.client.execute_command("COPY", key, f"{key}:staging:bench", "REPLACE")


def window(world, resolver, replacing):
    """(longest delay in ms, seconds until the replacement was enforced)."""
    ours, theirs = multiprocessing.Pipe()
    arguments = (resolver.port, WINDOW_S, theirs)
    probing = multiprocessing.Process(target=probe, args=arguments, daemon=True)
    stage(world)
    probing.start()
    assert ours.recv() == "go"
    time.sleep(SETTLE_S)
    start = time.monotonic()
    if replacing:
        change = replace_list(world)
        while id_key(world.state(resolver).get("applied")) < id_key(change):
            if time.monotonic() - start > DEADLINE_S:
                raise RuntimeError(f"not applied: {world.state(resolver)}")
            time.sleep(0.01)
    taken = time.monotonic() - start
    longest = ours.recv() * 1e3
    probing.join()
    return longest, taken


def bench(world, report):
    resolver = world.with_module("replace")
    world.start(resolver)
    world.wait_loaded(resolver)
    quiet, during, seconds, peaks = [], [], [], []
    for _ in range(world.sizes.windows):
        quiet.append(window(world, resolver, False)[0])
        Path(f"/proc/{resolver.pid}/clear_refs").write_text("5", encoding="ascii")  # VmHWM: proc(5)
        longest, taken = window(world, resolver, True)
        during.append(longest)
        seconds.append(taken)
        peaks.append(memory_mb(resolver.pid, "VmHWM") / memory_mb(resolver.pid, "VmRSS"))
    after = memory_mb(resolver.pid, "VmRSS")
    world.stop(resolver)
    words = (
        f"median of longest delays {median(during):.2f} during, {median(quiet):.2f} without; "
        f"worst {max(during):.2f}, {max(quiet):.2f}; {short(world.sizes.listed)} names replaced "
        f"in {median(seconds):.2f} s"
    )
    stall = median(during) - median(quiet)
    report.add(Figure("stall_replace_ms", stall, "ms", len(during), words=words))
    words = f"the whole process, which has {after:.0f} MB afterwards; {short(world.sizes.listed)} names"
    report.add(Figure("replace_peak_ratio", max(peaks), "", len(peaks), words=words))
