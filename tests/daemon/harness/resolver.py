"""Unbound with the module, in a separate folder."""

import os
import re
import subprocess
import time

from . import evidence, sanitizer, zones
from .client import Client
from .lists import LAUNCHED
from .process import PORTS, Process, free_port
from .wait import FACTOR, until

ADDRESS = "127.0.0.1"
# Where the resolvers of the tests send listed names by default.
SINK4 = "198.18.0.1"
SINK6 = "2001:db8:5::1"
GARDEN = "landing.garden.example"
GARDEN4 = "198.51.100.99"
GARDEN6 = "2001:db8:1::99"
# Last words of Unbound, the C library or the module before giving up.
CRASH = re.compile(
    r"fatal error|assertion|internal error|stack smashing|runtime error:|Sanitizer", re.I
)


class ControlError(OSError):
    """unbound-control failed: perhaps Unbound reloads, so until() takes it for "not yet"."""


class Resolver:
    """An Unbound; start() returns when Unbound answers, stop() checks the exit.

    settings  keys of the module's settings file; None: Unbound without the module
    server    further lines for the server: clause of unbound.conf
    chain     module-config
    """

    def __init__(self, env, folder, authority, settings=None, server=(), chain=None, **options):
        self.env = env
        self.folder = folder
        self.authority = authority
        self.settings = None if settings is None else dict(settings)
        self.more_settings = []  # further lines of the settings file, right or wrong
        self.server = list(server)
        self.stub_lines = {}  # further lines of a zone's stub-zone clause
        self.clauses = []  # further clauses of unbound.conf, line by line
        self.stubs = options.get("stubs", authority.zone_names)  # zones asked of the authority
        self.chain = chain or (
            "validator iterator" if settings is None else "dynlib validator iterator"
        )
        self.unbound = options.get("unbound", env.unbound)
        self.control_bin = options.get("control", env.control)
        self.module = options.get("module", env.module)
        self.threads = options.get("threads", 2)
        self.port = free_port(ADDRESS)
        self.client = Client(ADDRESS, self.port)
        self.log_path = folder / "unbound.log"
        self.settings_path = folder / "sinkwatch.conf"
        self.process = None
        self.maps = set()
        evidence.watch(self)

    # Files.

    def _write_config(self):
        f = self.folder
        lines = [
            "server:",
            f'  directory: "{f}"',
            '  chroot: ""',
            '  username: ""',
            f'  pidfile: "{f}/unbound.pid"',
            "  use-syslog: no",
            f'  logfile: "{self.log_path}"',
            "  verbosity: 1",
            "  val-log-level: 1",
            f"  interface: {ADDRESS}@{self.port}",
            f"  num-threads: {self.threads}",
            f"  outgoing-port-avoid: {PORTS.start}-{PORTS.stop - 1}",  # where servers listen
            "  do-ip6: no",
            "  do-not-query-localhost: no",
            "  trust-anchor-signaling: no",
            "  extended-statistics: yes",
            "  infra-cache-min-rtt: 4000",  # ask again only then, so that questions can be counted
            f'  trust-anchor-file: "{self.authority.anchor_file}"',
            f'  module-config: "{self.chain}"',
            *(f"  {line}" for line in self.server),
            "remote-control:",
            "  control-enable: yes",
            f'  control-interface: "{f}/control.sock"',
            "  control-use-cert: no",
        ]
        if "dynlib" in self.chain:
            lines += ["dynlib:", f'  dynlib-file: "{self.module}"']
        lines += self.clauses
        for zone in self.stubs:
            lines += ["stub-zone:", f'  name: "{zone}"']
            if zone in zones.BY_HOST:
                lines.append(f"  stub-host: {zones.BY_HOST[zone]}@{self.authority.port}")
            else:
                lines.append(f"  stub-addr: {ADDRESS}@{self.authority.port}")
            lines += [f"  {line}" for line in self.stub_lines.get(zone, ())]
        (f / "unbound.conf").write_text("\n".join(lines) + "\n")

    def write_settings(self):
        """Write the module's settings file from self.settings: a value None leaves a key out, a
        list gives a line for each element."""
        lines = [
            f"{key}: {each}"
            for key, value in self.settings.items()
            if value is not None
            for each in (value if isinstance(value, list) else [value])
        ]
        lines += self.more_settings
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings_path.write_text("\n".join(lines) + "\n")

    # Life.

    def launch(self):
        """Start the process and return at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._write_config()
        variables = {**os.environ, "SINKWATCH_CONF": str(self.settings_path)}
        if self.settings is not None:
            self.write_settings()
            variables.update(sanitizer.environment(self.env.runtime, self.folder))
            LAUNCHED[self.settings.get("resolver-id")] = time.time()
        command = [self.unbound, "-d", "-c", self.folder / "unbound.conf"]
        self.process = Process(command, self.folder, "unbound", variables)

    def start(self):
        self.launch()
        until(self._answers, lambda: f"unbound to answer: {self.log()}", 60)
        self._note_maps()
        return self

    def _answers(self):
        if not self.process.running:
            raise AssertionError(
                f"unbound ended at start, status {self.process.returncode}: {self.log()}"
            )
        answer = self.listens()
        return answer and answer.rcode == "NOERROR"

    def listens(self):
        """The answer to a question, a failure too; None when there is none. A closed port fails at
        once, as the socket is connected. The name is never listed: a busy resolver may answer late,
        when the test has lists in force and counts hits."""
        try:
            return self.client.send(zones.STARTED, "SOA").answer(timeout=0.5)
        except OSError:
            return None

    def stop(self):
        """Stop in order; fails when Unbound died, complained, or a sanitizer reported."""
        if self.process is None:
            return
        died = not self.process.running
        if not died:
            self._note_maps()
            self.control("stop")
            try:
                self.process.wait("to stop", deadline=15)
            except AssertionError:
                self.process.end()
                raise
        status = self.process.returncode
        complaints = self.complaints()
        self.process = None
        assert not complaints, "\n".join(complaints)
        assert not died, f"unbound died with status {status}: {self.log()}"
        assert status == 0, f"unbound ended with status {status}: {self.log()}"

    def kill(self):
        """End the process in any state; checks nothing."""
        if self.process is not None:
            self.process.end()
            self.process = None

    def check_alive(self):
        complaints = self.complaints()
        assert not complaints, "\n".join(complaints)
        assert self.process.running, f"unbound died, status {self.process.returncode}: {self.log()}"

    def complaints(self):
        found = [line for line in self.log().splitlines() if CRASH.search(line)]
        return found + sanitizer.reports(self.folder, self.module, self.maps)

    def _note_maps(self):
        if self.env.sanitizer and self.settings is not None:
            self.maps |= sanitizer.module_maps(self.process.pid, self.module)

    def reload(self):
        self._note_maps()
        self.control("reload")
        self._note_maps()

    def reload_lists(self):
        """Reload, and wait until the lists in Redis are in force again: there is no snapshot."""
        logged = len(self.log())
        self.reload()
        until(lambda: " in force, read from " in self.log()[logged:], "the lists after a reload")

    def control(self, *words):
        """unbound-control; returns the output."""
        done = subprocess.run(
            [str(self.control_bin), "-c", str(self.folder / "unbound.conf"), *words],
            capture_output=True,
            text=True,
            timeout=30 * FACTOR,
            check=False,
        )
        if done.returncode != 0:
            said = done.stdout + done.stderr
            raise ControlError(f"unbound-control {words}: {said}{self.log()}")
        return done.stdout

    def load_cache(self, dump):
        """Load the output of control("dump_cache")."""
        done = subprocess.run(
            [str(self.control_bin), "-c", str(self.folder / "unbound.conf"), "load_cache"],
            input=dump,
            capture_output=True,
            text=True,
            timeout=30 * FACTOR,
            check=False,
        )
        assert done.returncode == 0, f"load_cache: {done.stdout}{done.stderr}"

    def command(self, *words, check=True):
        """The sinkwatch command with this resolver's settings; returns the output, errors included
        when the command need not succeed (check=False)."""
        done = subprocess.run(
            [str(self.env.cli), *map(str, words)],
            env={**os.environ, "SINKWATCH_CONF": str(self.settings_path)},
            capture_output=True,
            text=True,
            timeout=30 * FACTOR,
            check=False,
        )
        if not check:
            return done.stdout + done.stderr
        assert (
            done.returncode == 0
        ), f"sinkwatch {words}: {done.returncode} {done.stdout}{done.stderr}"
        return done.stdout

    def forget_answers(self):
        """Empty the message and RRset caches."""
        self.control("flush_zone", ".")

    # The state as seen from outside.

    def says(self, *words):
        """Wait until all of the words stand in the log: another thread than the test's writes the
        log."""
        until(
            lambda: all(word in self.log() for word in words),
            lambda: f"{words} in the log: {self.log()}",
        )

    def log(self):
        log = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return log + (self.process.output() if self.process else "")

    def evidence(self):
        """How it runs or how it ended, its settings, its keys in Redis, and the end of its log."""
        state = "not running"
        if self.process:
            state = "running" if self.process.running else f"ended, status {self.process.returncode}"
        words = [f"unbound on port {self.port}, {state}; chain {self.chain}; {self.server}"]
        if self.settings is not None:
            words.append(evidence.attempt(self.settings_path.read_text))
            words.append(evidence.attempt(lambda: evidence.redis_state(self.settings)))
        return "\n".join([*words, evidence.tail(self.log())])

    def statistic(self, name):
        for line in self.control("stats_noreset").splitlines():
            key, _, value = line.partition("=")
            if key == name:
                return float(value)
        raise AssertionError(f"no statistic {name}")

    def cached(self, name, rdtype):
        """Whether the message cache holds an answer to this question, by the cache's own dump."""
        line = re.compile(rf"^msg {re.escape(name)}\. IN {rdtype} ", re.M)
        return bool(line.search(self.control("dump_cache")))

    def memory_kib(self):
        status = open(f"/proc/{self.process.pid}/status", encoding="utf-8").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def running_threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))
