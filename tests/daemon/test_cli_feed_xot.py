"""Feeds by zone transfer over TLS with named (D-167), forged notices, and the timers of a zone (D-168)."""

import base64
import hashlib
import json
import socket
import ssl
import subprocess
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone

import dns.flags
import dns.message
import dns.opcode
import dns.tsig
import pytest
from cli_rig import INPUT, USAGE, bad, sw, text_file  # noqa: F401
from harness.bind import Bind
from harness.primary import ADDRESS, KEY, ZONE, Liar, key_text, rule, soa
from harness.process import free_port
from harness.wait import FACTOR, until
from harness.web import certificate


def pin_of(cert):
    key = subprocess.run(["openssl", "x509", "-in", cert, "-pubkey", "-noout"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, check=True, capture_output=True)
    return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


def encrypted(key, folder):
    path = folder / "encrypted.key"
    subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:geheim", "-out", path], check=True)
    return path


def records(*names):
    return "".join(f"{name} CNAME .\n" for name in names)


def exact(*names):
    return {f"={name}" for name in names}


@pytest.fixture
def world(bad, folder):
    """Certificates, and words of `feed`."""
    bad.server, bad.client, bad.stranger = (certificate(folder, name) for name in ("server", "client", "stranger"))
    bad.run = lambda code=0: bad("feed", "run", "bad", "--files", folder, code=code)

    def add(port, *words, scheme="rpz+tls", host=ADDRESS):
        bad("feed", "add", "bad", f"{scheme}://{host}:{port}/{ZONE}", "--max-shrink=100", *words)

    bad.add = add
    return bad


def refused(world, words):
    world.run(code=INPUT)
    assert words in world.err
    assert set(world.list("bad")) == exact("a.example")


@pytest.fixture
def plain_tls(world):
    """A TLS server that has no ALPN."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*world.server)
    with closing(socket.create_server((ADDRESS, 0))) as server:

        def serve():
            while True:
                try:
                    context.wrap_socket(server.accept()[0], server_side=True).close()
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def named(world, folder):
    """named with the zone by TLS; notices go to the port of the attribute."""
    port = free_port(ADDRESS)
    primary = Bind(folder / "named", records("a.example"), world.server, world.client[0], port)
    primary.notices = port
    yield primary
    primary.stop()


def test_transfers_by_tls(world, named, folder, text_file, plain_tls):
    """Whole, changes after a signed notice; then every way in which a primary is not the one."""
    primary, notices = named, named.notices
    key, ca = f"--tsig-file={text_file(key_text(), 'key')}", f"--ca-file={world.server[0]}"
    ours = [f"--cert-file={world.client[0]}", f"--key-file={world.client[1]}"]
    world.add(primary.tls_port, "--every=1d", key, ca, *ours)
    service = world.start("feed", "run", "--daemon", "--files", folder, "--listen", f"{ADDRESS}:{notices}")
    try:
        until(lambda: set(world.list("bad")) == exact("a.example"), "the first transfer")
        primary.set(records("a.example", "b.example"))
        until(lambda: set(world.list("bad")) == exact("a.example", "b.example"), "the notified change")
        assert [op for op, _, _ in world.changes()][-1:] == ["add"]
        primary.set(records("a.example"))
        until(lambda: set(world.list("bad")) == exact("a.example"), "the second change")
    finally:
        service.terminate()
        service.communicate(timeout=30 * FACTOR)
    pins = [f"--tls-pin={pin_of(cert)}" for cert, _ in (world.server, world.stranger)]
    world.add(primary.tls_port, key, pins[0], *ours)  # the pin alone
    world.run()
    world.add(primary.tls_port, key, pins[1], *ours)
    refused(world, "another key than --tls-pin")
    world.add(primary.tls_port, key, ca, pins[1], *ours)
    refused(world, "another key than --tls-pin")
    world.add(primary.tls_port, key, *ours)
    refused(world, "certificate")
    world.add(primary.tls_port, key, f"--ca-file={world.stranger[0]}", *ours)
    refused(world, "certificate")
    world.add(primary.tls_port, key, ca, "--tls-name=other.example", *ours)
    refused(world, "certificate")
    world.add(primary.tls_port, key, ca, host="localhost", *ours)
    refused(world, "certificate")
    world.add(primary.tls_port, key, ca)  # no certificate of ours
    refused(world, "")
    assert "Protocol error" not in world.err
    world.add(primary.tls_port, key, ca, ours[0], f"--key-file={world.stranger[1]}")
    refused(world, "key-file")
    world.add(primary.tls_port, key, ca, ours[0], f"--key-file={encrypted(world.client[1], folder)}")
    refused(world, "key-file: no usable PEM")
    world.add(primary.tls_port, key, f"--ca-file={text_file('no certificate', 'no-ca')}", *ours)
    refused(world, "ca-file: no usable PEM")
    world.add(primary.port, key, ca, "--timeout=2s", *ours)  # named waits for more of the message
    refused(world, "too slow")
    world.add(primary.port, key, scheme="rpz")  # the primary gives the zone by TLS only
    refused(world, "REFUSED")
    world.add(plain_tls, key, ca, scheme="rpz+tls")
    refused(world, "ALPN")


@pytest.mark.parametrize("words", [["--tls-pin=abc"], ["--cert-file=/x"], ["--key-file=/x"], ["--user=x"]])
def test_wrong_options(world, words):
    world("feed", "add", "bad", f"rpz+tls://{ADDRESS}/{ZONE}", *words, code=USAGE)


def test_options_of_tls_are_for_tls(world):
    world("feed", "add", "bad", f"rpz://{ADDRESS}/{ZONE}", f"--tls-name={ADDRESS}", code=USAGE)


# ---- notices ----


def notice(zone=ZONE, key=None, **changes):
    message = dns.message.make_query(zone, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags = (message.flags | dns.flags.AA) & ~dns.flags.RD
    for name, value in changes.items():
        setattr(message, name, value)
    if key:
        name = dns.name.from_text(key[1])
        message.use_tsig({name: dns.tsig.Key(name, key[2], dns.name.from_text(key[0]))}, name)
    return message


def udp(port, address=ADDRESS):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, 0))
    sock.connect((ADDRESS, port))
    sock.settimeout(20 * FACTOR)
    return sock


def test_forged_notices_are_neither_followed_nor_answered(world, folder, text_file):
    liar, port = Liar(), free_port(ADDRESS)
    liar.key, liar.script = KEY, [[soa(4), rule("a.example"), soa(4)]]
    world.add(liar.port, "--every=1d", f"--tsig-file={text_file(key_text(), 'key')}", scheme="rpz")
    service = world.start("feed", "run", "--daemon", "--files", folder, "--listen", f"{ADDRESS}:{port}")
    try:
        until(lambda: set(world.list("bad")) == exact("a.example"), "the first transfer")
        liar.script = [[soa(4)]]
        answers = notice(flags=dns.flags.QR | dns.flags.AA | dns.opcode.to_flags(dns.opcode.NOTIFY))
        forged = [
            (notice(), "127.0.0.2"), (notice(key=KEY), "127.0.0.2"), (notice("other.example"), ADDRESS),
            (notice(key=(*KEY[:2], "d3Jvbmc=")), ADDRESS), (notice(key=(KEY[0], "other", KEY[2])), ADDRESS),
            (notice(key=("hmac-sha512", *KEY[1:])), ADDRESS), (answers, ADDRESS),
            (dns.message.make_query(ZONE, "SOA"), ADDRESS),
        ]  # fmt: skip
        socks = [udp(port, address) for _, address in forged]
        for sock, (message, _) in zip(socks, forged):
            sock.send(message.to_wire())
        for good in (notice(), notice(key=KEY)):
            before = len(liar.questions)
            with udp(port) as sock:
                wire = good.to_wire()
                sock.send(wire)
                name = dns.name.from_text(KEY[1])
                ring = {name: dns.tsig.Key(name, KEY[2], dns.name.from_text(KEY[0]))} if good.mac else None
                answer = dns.message.from_wire(sock.recv(512), keyring=ring, request_mac=good.mac or b"")
            assert (answer.id, answer.opcode()) == (good.id, dns.opcode.NOTIFY)
            assert answer.flags & dns.flags.QR
            assert answer.had_tsig == bool(good.mac)
            until(lambda n=before: len(liar.questions) > n, "the question after a good notice")
            until(lambda: not world.redis.exists(world.key("feed:bad:lease")), "the end of the run")
        for sock in socks:  # the service takes datagrams in order: these came before
            sock.setblocking(False)
            with sock, pytest.raises(BlockingIOError):
                sock.recv(512)
        assert len(liar.questions) == 3
    finally:
        service.terminate()
        service.communicate(timeout=30 * FACTOR)
        liar.stop()


# ---- timers ----


def test_timers_of_a_zone(world):
    """refresh shortens --every, retry replaces the backoff, expire is --stale-after."""
    liar = Liar()
    zone = [dns.rrset.from_text(f"{ZONE}.", 60, "IN", "SOA", "localhost. h.localhost. 4 300 120 7200 60")]

    def status():
        return world.redis.hgetall(world.key("feed:bad"))

    def seconds(begin, end):
        return (datetime.fromisoformat(status()[end]) - datetime.fromisoformat(status()[begin])).total_seconds()

    try:
        world.add(liar.port, "--every=1d", "--stale=shadow", scheme="rpz")
        liar.script = [[*zone, rule("a.example"), *zone]]
        world.run()
        assert 300 <= seconds("last_run", "next") <= 331
        liar.script = [5]
        for _ in range(3):
            world.run(code=INPUT)
            assert 60 <= seconds("last_run", "next") <= 121
        assert not status().get("stale")
        long_ago = datetime.now(timezone.utc) - timedelta(seconds=7300)
        world.redis.hset(world.key("feed:bad"), "last_success", long_ago.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        world.run(code=INPUT)
        assert status()["stale_did"] == "shadow"
        assert json.loads(world.redis.hget(world.key("lists"), "bad"))["shadow"] is True
        liar.script = [[*zone]]
        world.run()
        assert not status()["stale"]
        assert (status()["soa_refresh"], status()["soa_retry"], status()["soa_expire"]) == ("300", "120", "7200")
    finally:
        liar.stop()
