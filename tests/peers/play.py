"""Playing a scenario with lists in force: a snapshot of the lists, testbound, and testbound's
answers.

A real Unbound reads the lists from a real Redis and writes a snapshot; testbound then starts from
that with a Redis that is not there.
"""

import itertools
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.process import Process, free_port
from harness.redis_server import Redis
from harness.rpz import record
from harness.wait import FACTOR, until
from scenario import Message

LIMIT = 60 * FACTOR  # seconds for a scenario, which takes a fraction of a second
PREFIX = "{peers}"
# An authority's answer where the scenario has no answer: without the policies, Unbound may ask
# more.
FAILING = """RANGE_BEGIN 0 1000000
ENTRY_BEGIN
MATCH opcode
ADJUST copy_id copy_query
REPLY QR SERVFAIL
SECTION QUESTION
. IN A
ENTRY_END
RANGE_END"""
DO_STEP = re.compile(r"testbound: do STEP (\d+) ")
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Programs:
    unbound: Path
    testbound: Path
    module: Path
    chain: str  # Unbound's default module-config
    preload: str

    @classmethod
    def of_environment(cls):
        build = Path(os.environ["UNBOUND_BIN"]).parent
        config = (build / "config.h").read_text()
        ecs = "subnetcache " if "#define CLIENT_SUBNET" in config else ""
        return cls(
            build / "unbound",
            build / "testbound",
            Path(os.environ["SINKWATCH_SO"]),
            f"{ecs}validator iterator",
            os.environ.get("SINKWATCH_SANITIZER_RUNTIME", "").replace(" ", ":"),
        )

    def environment(self, settings):
        variables = {**os.environ, "SINKWATCH_CONF": str(settings), "TZ": "UTC"}
        return {**variables, "LD_PRELOAD": self.preload} if self.preload else variables


class Snapshots:
    """Makes snapshots of lists."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.redis = Redis(folder / "redis")
        self.redis.start()

    def make(self, lists, groups=()):
        """Settings file of a resolver with these lists and an absent Redis. lists: {name: (policy,
        indicators)}; groups: values of client-group."""
        folder = self.folder / f"s{next(NUMBERS)}"
        folder.mkdir()
        prefix = "{" + folder.name + "}"
        for name, (policy, indicators) in lists.items():
            if not indicators:
                continue  # no hash is empty
            self.redis.client.hset(f"{prefix}:lists", name, json.dumps(policy))
            self.redis.client.hset(f"{prefix}:list:{name}", mapping=dict.fromkeys(indicators, ""))
        settings = [f'redis-prefix: "{prefix}"', f"snapshot-file: {folder}/lists.snapshot"]
        settings += [f"client-group: {group}" for group in groups]
        self._write(folder, [*settings, f"redis-socket: {self.redis.socket}"])
        refused = self._run(folder, prefix)
        self._write(folder, [*settings, f"redis-socket: {folder}/nobody.sock"])
        return folder / "sinkwatch.conf", refused

    @staticmethod
    def _write(folder, lines):
        (folder / "sinkwatch.conf").write_text("\n".join(lines) + "\n")

    def _run(self, folder, prefix):
        """Run Unbound until the snapshot is written; returns the refused items."""
        config = folder / "unbound.conf"
        config.write_text(
            f'server:\n directory: "{folder}"\n chroot: ""\n username: ""\n use-syslog: no\n'
            f' pidfile: ""\n interface: 127.0.0.1@{free_port()}\n num-threads: 1\n do-ip6: no\n'
            f' module-config: "dynlib iterator"\nremote-control:\n control-enable: no\n'
            f'dynlib:\n dynlib-file: "{self.programs.module}"\n'
        )
        variables = self.programs.environment(folder / "sinkwatch.conf")
        process = Process([self.programs.unbound, "-d", "-c", config], folder, "unbound", variables)
        try:
            until(lambda: self._written(folder, process), lambda: f"snapshot: {process.output()}")
            key = next(self.redis.client.scan_iter(f"{prefix}:resolver:*"))
            return self.redis.client.hget(key, "refused")
        finally:
            process.end()

    @staticmethod
    def _written(folder, process):
        assert process.running, f"unbound ended: {process.output()}"
        return (folder / "lists.snapshot").exists()

    def stop(self):
        self.redis.stop()


@dataclass
class Reply:
    step: int  # the last finished step at the time of sending
    message: Message


class Played:
    """The results of a run of testbound."""

    def __init__(self, status, output):
        self.status = status
        self.output = output
        self.replies = list(self._replies())
        steps = [int(number) for number in DO_STEP.findall(output)]
        self.last_step = steps[-1] if steps else 0

    @property
    def ended_early(self):
        """Why the run did not reach the last step; "" at success."""
        if self.status in (0, 1) and re.search(
            "exiting fake runloop|still messages pending|unmatched answers", self.output
        ):
            return ""
        return self.why()

    def why(self):
        """The last words of the run."""
        return f"exit code {self.status}: " + " | ".join(self.output.splitlines()[-3:])

    def _replies(self):
        step, message, section = 0, None, None
        for line in self.output.splitlines():
            found = DO_STEP.search(line)
            if found:
                step = int(found.group(1))
            elif "info: reply pkt: " in line:
                message = Message(re.search(r"rcode: (\w+)", line).group(1))
                yield Reply(step, message)
            elif message and line.startswith(";; flags:"):
                message.flags = {w.upper() for w in line.split(";")[2].split()[1:]}
            elif message and " SECTION:" in line:
                section = line.split()[1]
            elif message and line.startswith(";; MSG SIZE"):
                message = None
            elif message and line and not line.startswith(";"):
                message.sections[section].append(record(line))


def with_module(programs, scenario, *, keep_rpz=False, checks=True):
    """The scenario's text with our module in the chain; without the scenario's policies unless
    keep_rpz, and with nothing checked by testbound itself unless checks."""
    head = [
        "dynlib:", f'\tdynlib-file: "{programs.module}"',
        "server:", f'\tmodule-config: "dynlib {programs.chain}"',
    ]  # fmt: skip
    for name, lines in scenario.clauses():
        if name != "rpz" or keep_rpz:
            head += [adapted(line, keep_rpz) for line in lines]
    body = scenario.body if checks else unchecked_body(scenario)
    return "\n".join(head + body) + "\n"


def unchecked(scenario):
    """The scenario, but with no answer checked by testbound."""
    return "\n".join(scenario.config + unchecked_body(scenario)) + "\n"


def unchecked_body(scenario):
    body = list(scenario.body)
    for step in reversed(scenario.steps):
        if step.kind == "CHECK_ANSWER":
            body[step.line : step.end] = [f"STEP {step.number} TRAFFIC"]
    # testbound looks at a later range first
    begin = next(i for i, line in enumerate(body) if "SCENARIO_BEGIN" in line)
    return [*body[: begin + 1], FAILING, *body[begin + 1 :]]


def adapted(line, keep_rpz):
    if not keep_rpz and re.match(r"\s*response-ip", line):
        return ""
    found = re.match(r'(\s*module-config:\s*")(dns64 )?(respip )?(.*)', line)
    if not found:
        return line
    begin, dns64, respip, rest = (part or "" for part in found.groups())
    return f"{begin}{dns64}dynlib {respip if keep_rpz else ''}{rest}"


def run(programs, text, folder, name, settings):
    path = folder / f"{name}.rpl"
    path.write_text(text)
    try:
        done = subprocess.run(
            [str(programs.testbound), "-p", str(path)],
            capture_output=True,
            env=programs.environment(settings),
            cwd=folder,
            timeout=LIMIT,
            check=False,
        )
        output = (done.stdout + done.stderr).decode(errors="replace")
        return Played(done.returncode, output)
    except subprocess.TimeoutExpired as error:
        return Played("none, it took too long", (error.stderr or b"").decode(errors="replace"))


@dataclass
class Compared:
    step: int  # of the check; of the question where no answer is expected
    question: str
    expected: str
    got: str


def compare(scenario, played):
    """A Compared for each expected answer, and for each unexpected answer."""
    waiting = list(played.replies)
    pairs = []
    asked = {}  # question: steps that have had no check yet
    for step in scenario.steps:
        if not step.message:
            continue
        question = step.message.question
        if step.kind == "QUERY":
            asked.setdefault(question, []).append(step.number)
        elif step.kind == "CHECK_ANSWER":
            asked[question] = asked.get(question, [])[:-1]
            mine = [r for r in waiting if r.step < step.number and r.message.question == question]
            reply = mine[0] if mine else None
            if reply:
                waiting.remove(reply)
            got = reply.message.brief() if reply else "no answer"
            pairs.append(Compared(step.number, say(question), step.message.brief(), got))
    for question, numbers in asked.items():
        for number in numbers:
            late = [r for r in waiting if r.step >= number and r.message.question == question]
            got = late[0].message.brief() if late else "no answer"
            if late:
                waiting.remove(late[0])
            pairs.append(Compared(number, say(question), "no answer", got))
    return sorted(pairs, key=lambda pair: pair.step)


def say(question):
    return " ".join(question) if question else "?"
