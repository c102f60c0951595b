"""The command hands notices on: sinkwatch notify, with programs and web services as receivers."""

import email
import email.policy
import http.server
import json
import os
import random
import re
import shlex
import signal
import socket
import ssl
import subprocess
import threading
from collections import Counter
from pathlib import Path

import pytest
from cli_rig import INPUT, NONE, OK, ROOT, SETTINGS, TIME, Command, put, sw  # noqa: F401
from harness.process import free_port
from harness.wait import FACTOR, until

KEYS = ROOT / "module/cli/notify/targets.c"
EXAMPLE = ROOT / "conf/notify.conf"


def anomaly(name="systemsvc.net", kind="protected-owner", severity=90, **more):
    return {
        "@timestamp": TIME,
        "event": {"action": kind, "severity": severity, "kind": "alert"},
        "threat": {"feed": {"name": "carbanak"}},
        "observer": {"name": "ns1"},
        "sinkwatch": {"anomaly": {"name": name, "address": "213.24.76.23", "type": kind,
            "owner": {"as": {"number": 8342, "organization": {"name": "RTComm.RU"}},
                      "registrant": "An agency"}, **more}},
    }  # fmt: skip


@pytest.fixture
def targets(folder):
    """Write a file of targets: a list of keys and values for each target."""

    def write(*sections):
        path = folder / "notify.conf"
        lines = [f'{key}: "{value}"' for section in sections for key, value in section]
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture
def program(folder):
    """A program that appends a line for each notice; the lines, as (id, repeated, object)."""
    path, out = folder / "receiver", folder / "received"
    path.write_text(f"""#!/bin/sh
read -r object
printf '%s %s %s\\n' "$SINKWATCH_ID" "$SINKWATCH_REPEATED" "$object" >> {shlex.quote(str(out))}
""")
    path.chmod(0o755)

    def lines():
        text = out.read_text() if out.exists() else ""
        return [line.split(" ", 2) for line in text.splitlines()]

    return path, lines


class Receiver:
    """A web service: answers with `statuses` first, then 204; keeps all requests."""

    def __init__(self, context=None):
        self.requests, self.statuses, outer = [], [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((dict(self.headers), body))
                status, *headers = outer.statuses.pop(0) if outer.statuses else (204,)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.port = free_port()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def bodies(self):
        return [json.loads(body) for _, body in self.requests]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def groups(sw):
    """Make the groups of targets now, so that the notices that follow are new to them."""
    return lambda path: sw("notify", "--file", path, "--once")


# ---- the file ----


def test_every_key_is_explained_and_the_example_is_valid(sw, folder):
    table = re.search(r"\} keys\[\] = \{(.*?)^\};", KEYS.read_text(), re.S | re.M)[1]
    keys = set(re.findall(r'^ *\{"([a-z-]+)",', table, re.M)) | {"target", "via"}
    text = EXAMPLE.read_text()
    assert set(re.findall(r"^#([a-z-]+): ", text, re.M)) == keys and len(keys) > 10
    path = folder / "example.conf"
    path.write_text(re.sub(r"^#([a-z-]+: )", r"\1", text, flags=re.M))
    assert "soc: via webhook: https://soc.example.net/hook" in sw("notify", "--file", path, "--check")


def test_problems_of_the_file_are_named_with_file_and_line(sw, folder):
    path = folder / "bad.conf"
    for text, line, words in [
        ("via: command", 1, "before the first target"),
        ("target: a\nvia: carrier-pigeon", 2, "command, webhook, syslog"),
        ("target: a\nvia: command", 1, "needs the key command"),
        ("target: a\nvia: command\ncommand: true", 3, "absolute path"),
        ("target: a\nvia: webhook\nurl: http://soc.example/", 3, "http:// only to this machine"),
        ("target: a\nvia: webhook\nurl: http://127.0.0.1.soc.example/", 3, "only to this machine"),
        ("target: a\nvia: webhook\nurl: file:///etc/passwd", 3, "https://"),
        ("target: a\nvia: webhook\nurl: https://a/\ncommand: /x", 1, "not for a target via webhook"),
        ("target: A b", 1, "more than one value"),
        ("target: ../x/", 1, "characters of a-z"),
        ("target: a\nvia: command\ncommand: /x\ntarget: a", 4, "a target already, in line 1"),
        ("target: a\ntimeout: 61", 2, "1 to 60"),
        ("target: a\ntypes: \"x;y\"", 2, "names of types"),
        ("target: a\nvia: command\ncommand: /x\ncommand: /y", 4, "given again"),
        ("target: a\nvia: syslog\nfacility: kern", 3, "local0"),
        ("target: a\nvia: journal\nfacility: user", 1, "not for a target via journal"),
        ("target: a\nquiet: 25:00-01:00", 2, "HH:MM-HH:MM"),
        ("target: a\nquiet: \"weekend 00:00-24:00\"", 2, "HH:MM-HH:MM"),
        ("target: a\nwho: me", 2, "unknown key"),
        ("# nothing", 1, "no target"),
    ]:  # fmt: skip
        path.write_text(text + "\n")
        sw("notify", "--file", path, "--check", code=SETTINGS)
        assert f"{path}:{line}: " in sw.err and words in sw.err, (text, sw.err)
    sw("notify", "--file", folder / "none.conf", "--check", code=INPUT)
    assert "No such file" in sw.err


# ---- a program ----


def test_a_program_gets_each_wanted_notice_once(sw, targets, program, groups):
    path, lines = program
    conf = targets(
        [("target", "all"), ("via", "command"), ("command", path)],
        [("target", "some"), ("via", "command"), ("command", path), ("types", "woke seen-before"),
         ("severity-min", 40), ("lists", "carbanak")],
    )  # fmt: skip
    put(sw, "anomalies", anomaly("before.example"))
    groups(conf)
    before = {"@timestamp": TIME, "event": {"action": "seen-before"}, "observer": {"name": "ns1"},
              "dns": {"question": {"name": "b.example"}}, "sinkwatch": {"list": "carbanak"}}  # fmt: skip
    hit = {"event": {"action": "nxdomain"}, "dns": {"question": {"name": "hit.example"}}}
    put(sw, "anomalies", anomaly(), anomaly("w.example", "woke", 50), anomaly("x.example", "woke", 30))
    put(sw, "events", before, hit, "no JSON", "[]")
    for _ in range(2):
        sw("notify", "--file", conf, "--once")
        got = [json.loads(text) for _, _, text in lines()]
        assert Counter(one["summary"] for one in got) == {
            "protected-owner: systemsvc.net at 213.24.76.23 (AS8342 RTComm.RU; An agency), "
            "list carbanak, resolver ns1": 1,
            "woke: w.example at 213.24.76.23 (AS8342 RTComm.RU; An agency), "
            "list carbanak, resolver ns1": 2,  # for both targets
            "woke: x.example at 213.24.76.23 (AS8342 RTComm.RU; An agency), "
            "list carbanak, resolver ns1": 1,
            "seen-before: b.example, list carbanak, resolver ns1": 1,
        }  # fmt: skip
    assert got[0]["document"] == anomaly() and got[0]["severity"] == 90
    assert got[0]["id"].startswith("anomalies-") and "repeated" not in got[0]
    state = sw.redis.hgetall(sw.key("notify:all"))
    assert state == {"handed": "3"}  # the stream of events only where the types name seen-before
    assert sw.redis.hgetall(sw.key("notify:some")) == {"handed": "2", "no-document": "2"}
    for stream in ("anomalies", "events", "notices"):
        assert sw.redis.xpending(sw.key(stream), "notify:some")["pending"] == 0
    assert sw.redis.xinfo_groups(sw.key("events"))[0]["name"] == "notify:some"


def test_hostile_text_stays_text(sw, targets, folder, groups):
    words = folder / "words"
    path = folder / "dump"
    path.write_text(f"#!/bin/sh\n{{ cat; tr '\\0' '\\n' </proc/$$/environ; tr '\\0' '\\n' </proc/$$/cmdline; }} >>{words}\n")
    path.chmod(0o755)
    conf = targets([("target", "t"), ("via", "command"), ("command", path),
                    ("argument", "$(touch x) `id` %s")])  # fmt: skip
    groups(conf)
    evil = "</script><b>`id`$(touch /x)'\"\r\nX-Evil: 1\x1b[2J\u202e\u2028&amp;\x00"
    put(sw, "anomalies", anomaly(evil, organization=evil), anomaly("x", kind="a\nB: c"),
        anomaly("y", kind="x" * 60))  # fmt: skip
    sw("notify", "--file", conf, "--once")
    raw = words.read_bytes()
    first, *rest = raw.decode("ascii").splitlines()
    assert json.loads(first)["document"]["sinkwatch"]["anomaly"]["name"] == evil
    assert not re.search(rb"[<>&'`\x00-\x09\x0b-\x1f\x7f-\xff]", first.encode())
    assert re.fullmatch(r"[ -~]*", json.loads(first)["summary"])
    assert not set(json.loads(first)["summary"]) & set("<>&'`\"$|;!*?[]{}\\") - {"?", ";"}
    assert not any("Evil" in line or "touch /x" in line for line in rest)
    assert "$(touch x) `id` %s" in rest and not (folder / "x").exists()
    assert sw.redis.hgetall(sw.key("notify:t")) == {"handed": "1", "no-document": "2"}


def test_a_failing_a_refusing_and_a_slow_program(sw, targets, folder, groups):
    marks = folder / "marks"
    path = folder / "often"
    path.write_text(f"""#!/bin/sh
echo "$1 $SINKWATCH_REPEATED" >> {marks}
case $1 in
refuses) exit 65 ;;
slow) sleep 1000 ;;
fails) [ "$SINKWATCH_REPEATED" = yes ] ;;
esac
""")
    path.chmod(0o755)
    conf = targets(*([("target", word), ("via", "command"), ("command", path), ("argument", word),
                      ("timeout", 1), ("retry-for", 1 if word == "slow" else 0)]
                     for word in ("fails", "refuses", "slow")))  # fmt: skip
    groups(conf)
    put(sw, "anomalies", anomaly())
    sw("notify", "--file", conf, "--once")
    counts = Counter(marks.read_text().splitlines())
    assert counts.pop("slow no") == 1
    assert counts == {"fails no": 1, "fails yes": 1, "refuses no": 1}
    assert "ended with status 1" in sw.err and "status 65" in sw.err
    assert "more than 1 s and was killed" in sw.err and "given up" in sw.err
    fates = {name: sw.redis.hgetall(sw.key(f"notify:{name}")) for name in ("fails", "refuses", "slow")}
    assert fates == {"fails": {"handed": "1"}, "refuses": {"refused": "1"}, "slow": {"given-up": "1"}}
    missing = targets([("target", "m"), ("via", "command"), ("command", folder / "none")])
    sw("notify", "--file", missing, "--test", code=NONE)
    assert "m: " in sw.err and "status 126" in sw.err


# ---- a web service ----


def test_a_web_service_gets_json_and_is_asked_again(sw, targets, receiver, folder, groups):
    headers = folder / "headers"
    headers.write_text("Authorization: Bearer secret\r\nnot a header\n")
    conf = targets([("target", "soc"), ("via", "webhook"), ("header-file", headers),
                    ("url", f"http://127.0.0.1:{receiver.port}/hook")])  # fmt: skip
    groups(conf)
    receiver.statuses = [(503, ("Retry-After", "2")), (302, ("Location", "/other")), (200,), (422,)]
    put(sw, "anomalies", anomaly("a\r\nX-Evil: 1"), anomaly("b"), anomaly("c"))
    sw("notify", "--file", conf, "--once")
    assert len(receiver.requests) == 5
    got = receiver.bodies()
    assert [one.get("repeated", False) for one in got] == [False, True, True, False, False]
    assert len({one["id"] for one in got}) == 3
    for (sent, _), body in zip(receiver.requests, got):
        assert sent["Content-Type"] == "application/json"
        assert sent["Authorization"] == "Bearer secret"
        assert sent["Idempotency-Key"] == f'"{body["id"]}"'
        assert "Evil" not in str(sent)
    assert "status 503" in sw.err and "status 422" in sw.err
    assert sw.redis.hgetall(sw.key("notify:soc")) == {"handed": "2", "refused": "1"}


def test_the_certificate_is_checked(sw, targets, folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    one = Receiver(context)
    try:
        for host, more, code in [
            ("localhost", [], NONE),
            ("127.0.0.1", [("ca-file", cert)], NONE),  # a certificate for another name
            ("localhost", [("ca-file", cert)], OK),
        ]:
            url = ("url", f"https://{host}:{one.port}/")
            conf = targets([("target", "t"), ("via", "webhook"), url, *more])
            sw("notify", "--file", conf, "--test", code=code)
            assert len(one.requests) == (code == OK), (host, more)
    finally:
        one.close()


# ---- quiet times, rates ----


def test_held_notices_are_counted_and_told_once(sw, targets, program, groups):
    path, lines = program
    base = [("target", "t"), ("via", "command"), ("command", path)]
    quiet = targets([*base, ("quiet", "00:00-12:00"), ("quiet", "12:00-00:00"), ("quiet-severity", 80)])
    groups(quiet)
    put(sw, "anomalies", *(anomaly(f"n{i}.example", "woke", 50) for i in range(3)), anomaly())
    sw("notify", "--file", quiet, "--once")
    assert [json.loads(text)["type"] for *_, text in lines()] == ["protected-owner"]
    assert sw.redis.hgetall(sw.key("notify:t")) == {"handed": "1", "held:woke": "3"}
    rate = targets([*base, ("rate-max", 2)])
    put(sw, "anomalies", *(anomaly(f"m{i}.example", "owner-flux", 50) for i in range(4)))
    for _ in range(3):
        sw("notify", "--file", rate, "--once")
    got = [json.loads(text) for *_, text in lines()][1:]
    assert [(one["type"], one["id"]) for one in got if one["type"] == "held"] == [
        ("held", "held-1"), ("held", "held-2"),
    ]  # fmt: skip
    assert [one["type"] for one in got] == ["held", "owner-flux", "held"]
    assert got[0]["document"]["sinkwatch"]["held"] == {"woke": 3}
    assert got[0]["summary"] == "held: 3 notices were held back"
    assert got[2]["document"]["sinkwatch"]["held"] == {"owner-flux": 3}
    assert sw.redis.hgetall(sw.key("notify:t")) == {"handed": "2", "told": "2"}


# ---- the log of the system, mail ----

EVIL = "</b>\"]\\\r\nX-Evil: 1\x1b[2J\u202e"


def datagram(path):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.bind(str(path))
    one.settimeout(30 * FACTOR)
    return one


def test_syslog_and_journal_get_structured_data(sw, targets, folder, groups):
    log, journal = datagram(folder / "log"), datagram(folder / "journal")
    conf = targets(
        [("target", "s"), ("via", "syslog"), ("socket", folder / "log"), ("facility", "local3")],
        [("target", "j"), ("via", "journal"), ("socket", folder / "journal")],
    )
    groups(conf)
    put(sw, "anomalies", anomaly(EVIL), anomaly("b.example", "woke", 50))
    sw("notify", "--file", conf, "--once")
    first, second = (log.recv(1 << 20).decode("ascii") for _ in range(2))
    header = r"1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ sinkwatch \d+"
    found = re.fullmatch(rf'<155>{header} protected-owner \[sinkwatch@32473((?: \w+="(?:\\.|[^"\\\]])*")+)\] ([ -~]*)', first)
    values = dict(re.findall(r' (\w+)="((?:\\.|[^"\\\]])*)"', found[1]))
    assert values["name"] == '</b>\\"\\]\\\\??X-Evil: 1?[2J???' and values["severity"] == "90"
    assert values["list"] == "carbanak" and values["resolver"] == "ns1"
    assert values["id"].startswith("anomalies-")
    assert re.fullmatch(rf'<157>{header} woke \[.* name="b.example".*\] woke: b.example at .*', second)
    fields = []
    data = journal.recv(1 << 20)
    while data:
        name, rest = data.split(b"\n", 1)
        size = int.from_bytes(rest[:8], "little")
        assert rest[8 + size : 9 + size] == b"\n"
        fields.append((name.decode(), rest[8 : 8 + size].decode()))
        data = rest[9 + size :]
    values = dict(fields)
    assert len(values) == len(fields) and values["SINKWATCH_NAME"] == EVIL
    assert values["PRIORITY"] == "3" and values["SINKWATCH_TYPE"] == "protected-owner"
    assert json.loads(values["SINKWATCH_NOTICE"])["document"] == anomaly(EVIL)
    assert set(re.findall("[A-Z_]+", " ".join(values))) == set(values)
    log.close()
    put(sw, "anomalies", anomaly("c.example"))
    waits = targets([("target", "s"), ("via", "syslog"), ("socket", folder / "log"), ("retry-for", 1)])
    sw("notify", "--file", waits, "--once")
    assert "Connection refused" in sw.err and "given up" in sw.err
    journal.close()


def test_the_subject_of_a_mail_is_shown_as_it_is(sw, targets, folder, groups):
    path, mail = folder / "sendmail", folder / "mail"
    path.write_text(f"#!/bin/sh\ncat > {mail}\n")
    path.chmod(0o755)
    conf = targets([("target", "m"), ("via", "mail"), ("mail-to", "soc@example.net"), ("sendmail", path)])
    groups(conf)
    put(sw, "anomalies", anomaly("=?utf-8?q?all_=77ell?="))
    sw("notify", "--file", conf, "--once")
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert "all well" not in message["Subject"] and "utf-8" in message["Subject"]


def test_a_mail_has_headers_of_the_file_only(sw, targets, folder, groups):
    path, words, mail = folder / "sendmail", folder / "words", folder / "mail"
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {words}\ncat > {mail}\n')
    path.chmod(0o755)
    conf = targets([("target", "m"), ("via", "mail"), ("mail-to", "soc@example.net"),
                    ("mail-from", "sinkwatch@example.net"), ("sendmail", path)])  # fmt: skip
    groups(conf)
    put(sw, "anomalies", anomaly(EVIL + "\n.\nFrom x" + "y" * 2000))
    sw("notify", "--file", conf, "--once")
    assert words.read_text().splitlines() == ["-i", "-f", "sinkwatch@example.net", "--", "soc@example.net"]
    raw = mail.read_bytes()
    assert max(len(line) for line in raw.splitlines()) <= 200 and not re.search(rb"[^\n -~]", raw)
    assert not re.search(rb"^(\.|From )", raw, re.M)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["To"] == "soc@example.net" and message["From"] == "sinkwatch@example.net"
    assert message["Subject"].startswith("[sinkwatch] protected-owner: ?/b")
    assert "X-Evil" not in message and not message.defects
    head, _, body = message.get_content().partition("\n\n")
    assert head.startswith("protected-owner: ")
    assert json.loads(body)["document"]["sinkwatch"]["anomaly"]["name"].startswith(EVIL)
    for address in ("-oQ/tmp@x", "a@b@c", "a@b,c@d", "a", "a b@c", "x@y\tz"):
        bad = targets([("target", "m"), ("via", "mail"), ("mail-to", address)])
        sw("notify", "--file", bad, "--check", code=SETTINGS)
        assert f"{bad}:3: mail-to: " in sw.err


# ---- the service ----


class Service:
    """sinkwatch notify, and its processes."""

    def __init__(self, sw, conf, folder):
        self.error = folder / "notify.err"
        with self.error.open("a") as out:
            self.process = sw.start("notify", "--file", conf, stderr=out)

    def children(self):
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill(self):
        """kill -9 of all processes: the first one is frozen, so that no child is missed."""
        self.process.send_signal(signal.SIGSTOP)
        for pid in self.children():
            os.kill(pid, signal.SIGKILL)  # a zombie of the frozen process at worst
        self.process.kill()
        self.process.communicate()

    def end(self):
        self.process.terminate()
        self.process.communicate(timeout=30 * FACTOR)
        return self.process.returncode


@pytest.fixture
def service(sw, folder):
    started = []

    def start(conf):
        started.append(Service(sw, conf, folder))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


def test_nothing_is_lost_or_doubled_over_kills(sw, targets, program, receiver, service, groups):
    """kill -9 at random moments while notices come: each arrives once, but for a notice whose
    hand-over a kill cut, which comes again and says so."""
    path, lines = program
    conf = targets(
        [("target", "program"), ("via", "command"), ("command", path)],
        [("target", "hook"), ("via", "webhook"), ("url", f"http://127.0.0.1:{receiver.port}/")],
    )
    groups(conf)
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    rng, kills, sent = random.Random(seed), 8, 0
    for _ in range(kills):
        running = service(conf)
        wanted = len(receiver.requests) + rng.randrange(1, 12)
        for _ in range(20):
            put(sw, "anomalies", anomaly(f"n{sent}.example"))
            sent += 1
        until(lambda: len(receiver.requests) >= wanted, "some notices")  # noqa: B023
        running.kill()
    last = service(conf)
    names = {f"n{i}.example" for i in range(sent)}
    name = lambda one: one["document"]["sinkwatch"]["anomaly"]["name"]  # noqa: E731
    until(lambda: {name(one) for one in receiver.bodies()} >= names, "all notices by the hook", 60)
    until(lambda: {name(json.loads(text)) for *_, text in lines()} >= names, "all by the program", 60)
    assert last.end() == OK
    for got in (receiver.bodies(), [json.loads(text) for *_, text in lines()]):
        first = Counter(one["id"] for one in got if not one.get("repeated"))
        again = Counter(one["id"] for one in got if one.get("repeated"))
        assert max(first.values()) == 1, "a notice came twice without a word"
        assert len(again) <= kills and len(first | again) == sent
    for target in ("program", "hook"):
        assert sw.redis.hgetall(sw.key(f"notify:{target}")) == {"handed": str(sent)}
        assert sw.redis.xpending(sw.key("anomalies"), f"notify:{target}")["pending"] == 0


def test_pending_notices_of_others_are_claimed_and_one_host_works(sw, targets, program, groups):
    path, lines = program
    conf = targets([("target", "t"), ("via", "command"), ("command", path)])
    groups(conf)
    put(sw, "anomalies", anomaly("a.example"), anomaly("b.example"))
    sw.redis.xreadgroup("notify:t", "elsewhere", {sw.key("anomalies"): ">"})
    sw.redis.set(sw.key("notify:t:holder"), "elsewhere")
    sw("notify", "--file", conf, "--once", code=3)
    assert "elsewhere hands this target's notices on" in sw.err and lines() == []
    sw.redis.delete(sw.key("notify:t:holder"))
    sw("notify", "--file", conf, "--once")
    assert len(lines()) == 2 and not sw.redis.exists(sw.key("notify:t:holder"))


def test_failures_of_resolvers_and_lists(sw, targets, program, groups):
    path, lines = program
    conf = targets([("target", "t"), ("via", "command"), ("command", path)])
    groups(conf)
    fault = {"last_error": "the disk <is> full", "updated": TIME,
             "lists": json.dumps({"ads": {"problem": "its policy does not parse"}})}  # fmt: skip
    sw.report("ns1", "1-0", **fault)
    sw.report("ns2", "1-0", updated=TIME, last_error="")
    told = []

    def new():
        sw("notify", "--file", conf, "--once")
        got = [json.loads(text) for *_, text in lines()][len(told) :]
        told.extend(got)
        return {(one["type"], one["severity"], one["summary"]) for one in got}

    assert new() == {
        ("resolver-fault", 60, "resolver-fault: the disk ?is? full, resolver ns1"),
        ("list-problem", 60, "list-problem: its policy does not parse, list ads, resolver ns1"),
    }
    assert new() == set()
    sw.redis.delete(sw.key("resolver:ns2"))
    assert {one[0] for one in new()} == {"resolver-silent"} and new() == set()
    for lost, said in [(5, set()), (5, set()), (316, {311}), (4, set()), (6, {2})]:
        sw.report("ns1", "1-0", **fault, events_lost_ring=lost, events_lost_backlog=0)
        assert new() == {("events-lost", 70, f"events-lost: {n} (ring), resolver ns1") for n in said}
    sw.report("ns1", "2-0", last_error="", lists="{}")
    sw.redis.zrem(sw.key("resolvers"), "ns2")  # stopped in order
    assert {one[:2] for one in new()} == {
        ("resolver-fault-over", 10), ("list-problem-over", 10), ("resolver-silent-over", 10),
    }  # fmt: skip
    assert new() == set() and set(sw.redis.hgetall(sw.key("notices:state"))) == {"lost-ring ns1", "lost-backlog ns1"}


def test_failures_of_feeds_are_told_as_they_double(sw, targets, program, groups):
    path, lines = program
    conf = targets([("target", "t"), ("via", "command"), ("command", path), ("lists", "ads")])
    groups(conf)

    def run(action, failures):
        return {"event": {"action": action, "reason": "no answer"},
                "sinkwatch": {"feed": {"name": "f", "list": "ads", "failures": failures}}}  # fmt: skip

    put(sw, "feeds:log", *(run("feed-failed", n) for n in range(1, 10)),
        run("feed-updated", 0), run("feed-recovered", 0))  # fmt: skip
    sw("notify", "--file", conf, "--once")
    got = [json.loads(text) for *_, text in lines()]
    assert [one["document"]["sinkwatch"]["feed"]["failures"] for one in got] == [1, 2, 4, 8, 0]
    assert got[0]["summary"] == "feed-failed: f no answer, list ads"
    assert got[4]["type"] == "feed-recovered" and got[0]["id"].startswith("feeds:log-")


def test_redis_goes_and_comes_back(env, folder, own_redis, settings_for, targets, program):
    path, lines = program
    own_redis.start()
    sw = Command(env, folder, own_redis, settings_for(own_redis, folder))
    conf = targets([("target", "t"), ("via", "command"), ("command", path)])
    running = Service(sw, conf, folder)
    try:
        group = lambda: sw.redis.xinfo_groups(sw.key("anomalies"))  # noqa: E731
        until(lambda: group()[0]["name"] == "notify:t", "the group")
        put(sw, "anomalies", anomaly("a.example"))
        until(lambda: len(lines()) == 1, "the first notice")
        own_redis.kill()
        until(lambda: "t: " in running.error.read_text(), "a word about Redis")
        own_redis.start()
        put(sw, "anomalies", anomaly("b.example"))
        until(lambda: len(lines()) == 2, "the second notice")
        sw.redis.flushall()
        put(sw, "anomalies", anomaly("c.example"))
        until(lambda: len(lines()) == 3, "the notice of an emptied Redis")
        assert running.end() == OK
        assert [word for _, word, _ in lines()] == ["no"] * 3
        assert running.error.read_text().count("t: ") <= 4  # no line for each attempt
    finally:
        if running.process.poll() is None:
            running.kill()


def test_one_service_for_a_file(sw, targets, program, service):
    conf = targets([("target", "t"), ("via", "command"), ("command", program[0])])
    service(conf)
    until(lambda: sw.redis.exists(sw.key("notify:t:holder")), "the first service")
    sw("notify", "--file", conf, "--once", code=NONE, seconds=60)
    assert "another sinkwatch notify" in sw.err
