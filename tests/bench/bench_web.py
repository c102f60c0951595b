"""Benchmark of the desk: sinkwatch web with a long history in Redis.

    make bench TESTS=web [QUICK=1]

A Redis of the benchmark's own gets NAMES names with history, an address that many of them share, and
EVENTS events. Printed: the time of a card (median and the slowest), the first paint of the page in
headless Chromium, live events with RATE entries a second for a few seconds (the time until
the page has counted all), and the resident memory of the server in the end. The goals: a card 100 ms, the first
paint 500 ms, 1,000 entries a second all counted, 64 MiB.
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
NAMES, EVENTS, CARDS = (20_000, 5_000, 50) if QUICK else (1_000_000, 50_000, 300)
RATE, SECONDS = 1000, 5
PREFIX = "{web}"
FILL = """
for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  redis.call('HSET', KEYS[1] .. ':seen:name:n' .. i .. '.example', '198.51.100.' .. (i % 250), ARGV[3])
end
"""


def fill(client):
    seen = json.dumps({"first": "2026-11-01T00:00:00.000Z", "last": "2026-11-02T00:00:00.000Z", "count": 3,
                       "asn": 64500, "org": "Plain Hosting", "prefix": "198.51.100.0/24"})  # fmt: skip
    for at in range(0, NAMES, 5000):
        client.eval(FILL, 1, PREFIX, at, min(at + 5000, NAMES) - 1, seen)
    for i in range(250):
        client.hset(f"{PREFIX}:seen:addr:198.51.100.{i}",
                    mapping={f"n{n}.example": seen for n in range(i, min(NAMES, 50_000), 250)})  # fmt: skip
    client.hset(f"{PREFIX}:lists", mapping={f"list{i}": '{"action":"nxdomain"}' for i in range(50)})
    client.hset(f"{PREFIX}:list:list7", "n7.example", "")


def events(client, n):
    pipe = client.pipeline(transaction=False)
    for i in range(n):
        one = {"@timestamp": "2026-11-20T00:00:00Z", "event": {"action": "nxdomain"}, "client": {"ip": f"192.0.2.{i % 250}"},
               "dns": {"question": {"name": f"n{i % 5000}.example", "type": "A"}}, "sinkwatch": {"list": "list7", "count": 1}}  # fmt: skip
        pipe.xadd(f"{PREFIX}:events", {"e": json.dumps(one)})
    pipe.execute()


def cards(url, path):
    times = []
    for i in range(CARDS):
        began = time.perf_counter()
        with urllib.request.urlopen(url + path.format(i * 997 % NAMES), timeout=60) as answer:
            answer.read()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), max(times)


def first_paint(page, url):
    page.open(url)
    page.see("Live")
    return until(lambda: page.js("performance.getEntriesByName('first-contentful-paint')[0]?.startTime"), "the first paint")


def live(page, client):
    """How many entries were sent, and the seconds after the last until the page had counted all."""
    began = time.monotonic()
    events(client, 1)
    until(lambda: "1 hits" in page.text() or events(client, 1), "the first live event", 60)
    hits = "Number(/^(\\d+) hits/m.exec(document.querySelector('main').innerText)[1])"
    already = until(lambda: page.js(hits), "the count of the page")
    for _ in range(SECONDS * 2):
        events(client, RATE // 2)
        began += .5
        while time.monotonic() < began:
            time.sleep(.01)
    sent = SECONDS * RATE
    until(lambda: page.js(hits) - already >= sent, lambda: f"the page to count all: {page.js(hits)} {already} {sent} {page.text()[:300]}", 60)
    return sent, time.monotonic() - began


def resident_mib(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def put(name, value, unit):
    print(f"  {name:44} {value:10.1f} {unit}")
    if os.environ.get("SINKWATCH_BENCH"):
        with open(os.environ["SINKWATCH_BENCH"], "a") as out:
            out.write(json.dumps({"bench": "web", "name": name, "value": value, "unit": unit}) + "\n")


def measure(folder, server, process, url):
    for name, path in (("card of a name", "api/card?q=n{}.example"), ("card of an address, 200 names", "api/card?q=198.51.100.7&n={}"),
                       ("clients of a name, 20,000 entries", "api/clients?name=n{}.example")):  # fmt: skip
        median, slowest = cards(url, path)
        put(f"{name}, median", median, "ms")
        put(f"{name}, slowest of {CARDS}", slowest, "ms")
    put("resident memory after the cards", resident_mib(process.pid), "MiB")
    if browser.PROGRAM:
        page = browser.Browser(folder)
        put("first paint", min(first_paint(page, f"{url}?{i}") for i in range(3)), "ms")
        sent, behind = live(page, server.client)
        put(f"entries at {RATE} a second, all counted", sent, "")
        put("the last of these counted after", behind * 1000, "ms")
        page.stop()
    put("resident memory in the end", resident_mib(process.pid), "MiB")


def main():
    with tempfile.TemporaryDirectory(prefix="sw-web-") as name:
        folder = Path(name)
        server = Redis(folder / "redis")
        server.start()
        fill(server.client)
        events(server.client, EVENTS)
        conf = folder / "sinkwatch.conf"
        conf.write_text(f'redis-socket: "{server.socket}"\nredis-prefix: "{PREFIX}"\n')
        command = [os.environ["SINKWATCH_CLI"], "-c", str(conf), "web", "--listen", "127.0.0.1:0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            measure(folder, server, process, process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            process.wait(60)
            server.stop()


main()
