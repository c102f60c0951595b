"""Benchmark of the desk: sinkwatch web with a long history in Redis.

    make bench TESTS=web [QUICK=1]

A Redis of the benchmark's own gets NAMES names with history, each at a tracked address of its own and at one
of 250 that they share, an address with LARGE names, a name with LARGE addresses, EVENTS events and as many
anomalies. Printed: the time of a card of each kind (median and the slowest) and of the other views, the first
paint of the page in headless Chromium, live events with RATE entries a second for a few seconds (entries
that the page counted and that it passed over), what the server asks Redis while nobody looks, and its resident
memory. The goals: a card 100 ms, the first paint 500 ms, 1,000 entries a second all counted, 64 MiB.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "daemon")]

from harness import browser  # noqa: E402
from harness.redis_server import Redis  # noqa: E402
from harness.wait import until  # noqa: E402

QUICK = os.environ.get("QUICK", "0") not in ("", "0")
NAMES, LARGE, EVENTS, CARDS = (20_000, 5_000, 5_000, 20) if QUICK else (1_000_000, 100_000, 50_000, 100)
RATE, SECONDS, IDLE = 1000, 3 if QUICK else 20, 2 if QUICK else 10
PREFIX = "{web}"
FILL = """
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local name = 'n' .. i .. '.example'
  local own = '10.' .. math.floor(i / 65536) .. '.' .. math.floor(i / 256) % 256 .. '.' .. i % 256
  redis.call('HSET', KEYS[1] .. ':seen:name:' .. name, '198.51.100.' .. (i % 250), ARGV[3], own, ARGV[3])
  redis.call('HSET', KEYS[1] .. ':seen:addr:' .. own, name, ARGV[3])
  redis.call('ZADD', KEYS[1] .. ':tracked', i, own)
end
"""
# The addresses seen last are of 10.15.0.0/16; those of the ministry, 10.0.3.0/24, were seen first of all.
NETWORKS = "10.0.0.0/13\t64500\tPlain Hosting\n10.8.0.0/13\t64501\tOther Hosting\n"
REGISTRANTS = "10.0.3.0/24\tMinistry of Tests\tNET\tNL\n10.8.0.0/13\tHosting and Clouds\tNET\tDE\n"
VIEWS = [  # what is measured, and the path with {} for a number
    ("card of a name", "card?q=n{}.example"),
    ("card of an address, 200 names", "card?q=198.51.100.7&n={}"),
    ("card of a prefix of length 24", "card?q=10.3.7.0/24&n={}"),
    ("card of a prefix of length 20", "card?q=10.3.16.0/20&n={}"),
    ("card of a prefix of length 1", "card?q=0.0.0.0/1&n={}"),
    ("card of an AS with half of all names", "card?q=AS64500&n={}"),
    ("card of a country", "card?q=country:DE&n={}"),
    ("card of a class, found far back", "card?q=class:government&n={}"),
    ("card of a holder, found far back", "card?q=registrant:ministry+of+tests&n={}"),
    ("card of an address with LARGE names", "card?q=192.0.2.1&n={}"),
    ("card of a name with LARGE addresses", "card?q=large.example&n={}"),
    ("graph of a prefix of length 1", "graph?q=0.0.0.0/1&n={}"),
    ("graph of a name", "graph?q=n{}.example"),
    ("names by a part", "find?q=n77&n={}"),
    ("search of a name", "search?q=n{}.example"),
    ("100 of the anomalies", "anomalies?n={}"),
    ("clients of a name, 20,000 entries", "clients?name=n{}.example"),
]


def fill(client):
    seen = json.dumps({"first": "2026-11-01T00:00:00.000Z", "last": "2026-11-02T00:00:00.000Z", "count": 3,
                       "asn": 64500, "org": "Plain Hosting", "prefix": "198.51.100.0/24"})  # fmt: skip
    for at in range(0, NAMES, 5000):
        client.eval(FILL, 1, PREFIX, at, min(at + 5000, NAMES) - 1, seen)
    for i in range(250):
        client.hset(f"{PREFIX}:seen:addr:198.51.100.{i}",
                    mapping={f"n{n}.example": seen for n in range(i, min(NAMES, 50_000), 250)})  # fmt: skip
    for at in range(0, LARGE, 5000):
        some = range(at, min(at + 5000, LARGE))
        client.hset(f"{PREFIX}:seen:addr:192.0.2.1", mapping={f"l{n}.example": seen for n in some})
        client.hset(f"{PREFIX}:seen:name:large.example", mapping={f"10.99.{n >> 8}.{n & 255}": seen for n in some})
    client.hset(f"{PREFIX}:lists", mapping={f"list{i}": '{"action":"nxdomain"}' for i in range(50)})
    client.hset(f"{PREFIX}:list:list7", "n7.example", "")


def databases(folder):
    """Settings with an AS and a registrant database."""
    lines = ""
    for kind, text in (("asn", NETWORKS), ("owner", REGISTRANTS)):
        (folder / f"{kind}.tsv").write_text(text)
        script = HERE.parents[1] / "scripts" / f"make-{kind}-mmdb"
        subprocess.run([script, "--quiet", folder / f"{kind}.tsv", folder / f"{kind}.mmdb"], check=True)
        lines += f'{kind}-mmdb: "{folder}/{kind}.mmdb"\n'
    return lines


def anomalies(client, n):
    pipe = client.pipeline(transaction=False)
    for i in range(n):
        one = {"@timestamp": "2026-11-20T00:00:00Z", "event": {"action": "owner-change", "severity": 50}, "threat": {"feed": {"name": "list7"}},
               "sinkwatch": {"anomaly": {"type": "owner-change", "name": f"n{i % 5000}.example", "address": "198.51.100.7"}}}  # fmt: skip
        pipe.xadd(f"{PREFIX}:anomalies", {"e": json.dumps(one)})
    pipe.execute()


def events(client, n):
    pipe = client.pipeline(transaction=False)
    for i in range(n):
        one = {"@timestamp": "2026-11-20T00:00:00Z", "event": {"action": "nxdomain"}, "client": {"ip": f"192.0.2.{i % 250}"},
               "dns": {"question": {"name": f"n{i % 5000}.example", "type": "A"}}, "sinkwatch": {"list": "list7", "count": 1}}  # fmt: skip
        pipe.xadd(f"{PREFIX}:events", {"e": json.dumps(one)})
    pipe.execute()


def ask(url, path):
    """The document, and milliseconds."""
    began = time.perf_counter()
    with urllib.request.urlopen(f"{url}api/{path}", timeout=60) as answer:
        text = answer.read()
    return json.loads(text), (time.perf_counter() - began) * 1000


def ticks(pids):
    """Milliseconds of CPU of processes."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) * 1000 / os.sysconf("SC_CLK_TCK")


def cards(url, path, pids):
    """Median and slowest answer by the clock, and the CPU of server and Redis for one."""
    before = ticks(pids)
    times = [ask(url, path.format(i * 997 % NAMES))[1] for i in range(CARDS)]
    return statistics.median(times), max(times), (ticks(pids) - before) / CARDS


def until_found(url, path):
    """Milliseconds and answers until a page has an address: what the page does by itself."""
    total, answers, start = 0, 0, ""
    while start is not None:
        card, ms = ask(url, f"{path}&from={start}")
        total, answers, start = total + ms, answers + 1, None if card["addresses"] else card["next"]
    return total, answers


def idle(server, process):
    """Commands that Redis got and milliseconds of CPU that the server took, each second."""
    def now():
        return server.client.info("stats")["total_commands_processed"], ticks([process.pid])

    before = now()
    time.sleep(IDLE)
    after = now()
    ours = 1  # the question of this benchmark
    return (after[0] - before[0] - ours) / IDLE, (after[1] - before[1]) / IDLE


def first_paint(page, url):
    page.open(url)
    page.see("Live")
    return until(lambda: page.js("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"), "the first paint")


COUNTED = "/(\\d+) entries counted, (\\d+) passed over/.exec(document.querySelector('main')?.innerText ?? '')?.slice(1).map(Number)"


def live(page, client):
    """Entries sent, counted by the page and passed over, and the seconds after the last was sent."""
    began = time.monotonic()
    events(client, 1)
    until(lambda: page.js(COUNTED) or events(client, 1), "the first live event", 60)
    key = f"{PREFIX}:events"
    at = client.xinfo_stream(key)["entries-added"]
    until(lambda: (time.sleep(1), page.js(COUNTED))[1] == page.js(COUNTED), "the former events", 60)
    counted, passed = page.js(COUNTED)
    began = time.monotonic()
    for _ in range(SECONDS * 2):
        events(client, RATE // 2)
        began += .5
        while time.monotonic() < began:
            time.sleep(.01)
    sent = client.xinfo_stream(key)["entries-added"] - at
    until(lambda: sum(page.js(COUNTED)) - counted - passed >= sent, lambda: f"the page to count {sent}: {page.js(COUNTED)}", 60)
    now = page.js(COUNTED)
    return sent, now[0] - counted, now[1] - passed, time.monotonic() - began


def resident_mib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def put(name, value, unit):
    print(f"  {name:54} {value:10.1f} {unit}", flush=True)
    if os.environ.get("SINKWATCH_BENCH"):
        with open(os.environ["SINKWATCH_BENCH"], "a") as out:
            out.write(json.dumps({"bench": "web", "name": name, "value": value, "unit": unit}) + "\n")


def measure(folder, server, process, url):
    commands, cpu = idle(server, process)
    put("commands to Redis while nobody looks", commands, "a second")
    put("CPU of the server while nobody looks", cpu, "ms a second")
    pids = process.pid, server.client.info("server")["process_id"]
    for name, path in VIEWS:
        name = name.replace("LARGE", f"{LARGE:,}")
        for what, value in zip(("median", f"slowest of {CARDS}", "CPU with that of Redis"), cards(url, path, pids)):
            put(f"{name}, {what}", value, "ms")
    total, answers = until_found(url, "card?q=class:government")
    put(f"an address of a class, after {answers} answers", total, "ms")
    put("resident memory after the cards", resident_mib(process.pid), "MiB")
    if browser.PROGRAM:
        page = browser.Browser(folder)
        put("first paint", min(first_paint(page, f"{url}?{i}") for i in range(3)), "ms")
        sent, counted, passed, behind = live(page, server.client)
        put(f"live entries sent, {RATE} a second", sent, "")
        put("counted by the page", counted, "")
        put("passed over", passed, "")
        put("the last of these on the page after", behind * 1000, "ms")
        page.stop()
    put("resident memory in the end", resident_mib(process.pid), "MiB")


def main():
    with tempfile.TemporaryDirectory(prefix="sw-web-") as name:
        folder = Path(name)
        server = Redis(folder / "redis")
        server.start()
        fill(server.client)
        events(server.client, EVENTS)
        anomalies(server.client, EVENTS)
        conf = folder / "sinkwatch.conf"
        conf.write_text(f'redis-socket: "{server.socket}"\nredis-prefix: "{PREFIX}"\n{databases(folder)}')
        command = [os.environ["SINKWATCH_CLI"], "-c", str(conf), "web", "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            measure(folder, server, process, process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            process.wait(60)
            server.stop()


main()
