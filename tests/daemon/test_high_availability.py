"""Redis as run by sites: sentinels and failover, replicas, a Cluster, TLS."""

import contextlib
import subprocess
import threading

import pytest
import redis
from harness.lists import Lists
from harness.process import Process, free_port
from harness.redis_server import PROGRAM, Redis
from harness.resolver import SINK4
from harness.wait import FACTOR, until

TRUE4 = "192.0.2.66"  # of www.evil.example
MANY4 = "192.0.2.68"  # address of names below many.evil.example
NAMES = [f"n{i}.many.evil.example" for i in range(40)]


@pytest.fixture
def servers(folder):
    """servers(name, option...) -> a started Redis on a separate port and socket."""
    made = []

    def start(name, *options):
        server = Redis(folder / name, port=free_port(), options=options)
        server.start()
        made.append(server)
        return server

    yield start
    for server in made:
        with contextlib.suppress(Exception):
            server.stop()


def at(server, suffix=""):
    return f"127.0.0.1:{server.port}{suffix}"


def over_tcp(server, **more):
    return {"redis_socket": None, "redis_host": "127.0.0.1", "redis_port": server.port, **more}


# ---- sentinels ----


class Sentinels:
    """Three sentinels, two of which have to agree. The sentinels wait a minute for a silent
    primary, so that a busy machine is no failover; expect_failover() shortens the wait."""

    def __init__(self, folder, primary, password=None):
        self.ports, self.processes, self.password = [], [], password
        secret = f"requirepass {password}\n" if password else ""
        for i in range(3):
            home = folder / f"sentinel{i}"
            home.mkdir()
            port = free_port()
            (home / "sentinel.conf").write_text(
                f"port {port}\nbind 127.0.0.1\n"
                f"sentinel monitor watched 127.0.0.1 {primary.port} 2\n"
                f"sentinel down-after-milliseconds watched {60000 * FACTOR}\n"
                f"sentinel failover-timeout watched 6000\n{secret}"
            )
            command = [PROGRAM, home / "sentinel.conf", "--sentinel"]
            self.processes.append(Process(command, home, "sentinel"))
            self.ports.append(port)
        for port in self.ports:
            until(lambda port=port: self.sees(port), f"sentinel {port} to see everybody", 30)

    def client(self, port):
        return redis.Redis(port=port, password=self.password, decode_responses=True)

    def expect_failover(self):
        for port in self.ports:
            with self.client(port) as client:
                client.sentinel_set("watched", "down-after-milliseconds", 500 * FACTOR)

    def sees(self, port):
        try:
            with self.client(port) as client:
                state = client.sentinel_master("watched")
                return state["num-slaves"] == 1 and state["num-other-sentinels"] == 2
        except redis.exceptions.RedisError:
            return False

    def primary_port(self):
        with self.client(self.ports[0]) as client:
            return int(client.sentinel_get_master_addr_by_name("watched")[1])

    def stop(self):
        for process in self.processes:
            process.end()


@pytest.fixture
def watched(servers, folder, request):
    """A primary, a replica, and three sentinels that watch both; the parameter is the sentinels'
    password."""
    primary = servers("primary")
    replica = servers("replica", "--replicaof", "127.0.0.1", str(primary.port))
    until(lambda: replica.client.info("replication")["master_link_status"] == "up", "the replica")
    sentinels = Sentinels(folder, primary, getattr(request, "param", None))
    yield primary, replica, sentinels
    sentinels.stop()


class Writer(threading.Thread):
    """Lists and unlists names all the time, on whichever server is the primary, until stopped."""

    def __init__(self, lists):
        super().__init__(daemon=True)
        self.lists = lists  # Lists of the servers that may be primary
        self.done = threading.Event()
        self.written = 0

    def run(self):
        while not self.done.wait(0.01):
            name = NAMES[self.written * 7 % len(NAMES)]
            for lists in self.lists:
                with contextlib.suppress(redis.exceptions.RedisError):
                    held = lists.client.hexists(lists.key("list:bad"), name)
                    with lists.client.pipeline(transaction=True) as tx:
                        if held:
                            tx.hdel(lists.key("list:bad"), name)
                        else:
                            tx.hset(lists.key("list:bad"), name, "")
                        lists._change(tx, "remove" if held else "add", "bad", [name])
                        tx.execute()
                    self.written += 1
                    break

    def finish(self):
        self.done.set()
        self.join()


def test_sentinel_failover_during_changes(watched, make_resolver):
    primary, replica, sentinels = watched
    resolver = make_resolver(
        primary,
        redis_socket=None,
        redis_sentinel=[f"127.0.0.1:{port}" for port in sentinels.ports],
        redis_sentinel_master="watched",
    )
    prefix, name = resolver.settings["redis-prefix"], resolver.settings["resolver-id"]
    before, after = Lists(primary.client, prefix, name), Lists(replica.client, prefix, name)
    before.put("bad", "always.many.evil.example", action="sinkhole")
    writer = Writer([before, after])
    writer.start()
    until(lambda: writer.written > 50, "changes before the failover")
    assert resolver.client.ask("always.many.evil.example").addresses == [SINK4]
    primary.kill()
    sentinels.expect_failover()
    until(lambda: sentinels.primary_port() == replica.port, "the failover", 60)
    so_far = writer.written
    until(lambda: writer.written > so_far + 50, "changes after the failover", 30)
    writer.finish()
    last = replica.client.xinfo_stream(after.key("changes"))["last-generated-id"]
    after.wait_state(state="following", applied=last)
    held = replica.client.hkeys(after.key("list:bad"))
    for name in NAMES:
        wanted = SINK4 if name in held else MANY4
        assert resolver.client.ask(name).addresses == [wanted], name
    assert resolver.client.ask("always.many.evil.example").addresses == [SINK4]


def test_sentinel_that_is_away_and_one_that_knows_nothing(watched, make_resolver):
    primary, _, sentinels = watched
    asked = ["127.0.0.1:1", f"127.0.0.1:{sentinels.ports[0]}"]
    resolver = make_resolver(
        primary, redis_socket=None, redis_sentinel=asked, redis_sentinel_master="watched"
    )
    lists = Lists(
        primary.client, resolver.settings["redis-prefix"], resolver.settings["resolver-id"]
    )
    lists.put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask("www.evil.example").addresses == [SINK4]
    resolver.settings["redis-sentinel-master"] = "other"
    resolver.write_settings()
    said = resolver.command("status", check=False)
    assert "other" in said or "does not know this primary" in said


SECRET = "of-the-sentinels-alone"


@pytest.mark.parametrize("watched", [SECRET], indirect=True)
def test_sentinels_that_ask_for_a_password(watched, make_resolver, folder):
    primary, _, sentinels = watched
    file = folder / "sentinel.password"
    file.write_text(f"{SECRET}\n")
    resolver = make_resolver(
        primary,
        redis_socket=None,
        redis_sentinel=[f"127.0.0.1:{sentinels.ports[0]}"],
        redis_sentinel_master="watched",
        redis_sentinel_password_file=file,
    )
    settings = resolver.settings
    lists = Lists(primary.client, settings["redis-prefix"], settings["resolver-id"])
    lists.put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask("www.evil.example").addresses == [SINK4]

    def said(**changed):
        """The output of the command with these settings instead."""
        del settings["redis-sentinel-password-file"]
        settings.update({f"redis-sentinel-{key}": value for key, value in changed.items()})
        resolver.write_settings()
        words = resolver.command("list", check=False)
        for key in changed:
            del settings[f"redis-sentinel-{key}"]
        settings["redis-sentinel-password-file"] = file
        assert SECRET not in words
        return words

    assert "NOAUTH" in said()
    assert "WRONGPASS" in said(password="another")
    assert "WRONGPASS" in said(user="nobody", password=SECRET)
    assert "bad" in said(password=SECRET)
    assert "bad" in said(user="default", password=SECRET)


# ---- a replica at the site ----


def test_lists_from_a_replica_events_to_the_primary(servers, make_resolver):
    primary = servers("primary")
    replica = servers("replica", "--replicaof", "127.0.0.1", str(primary.port))
    resolver = make_resolver(replica, **over_tcp(replica, redis_primary=at(primary)))
    settings = resolver.settings
    lists = Lists(primary.client, settings["redis-prefix"], settings["resolver-id"])
    lists.put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask("www.evil.example").addresses == [SINK4]
    until(lambda: primary.client.xlen(lists.key("events")) == 1, "the event at the primary")
    primary.kill()  # lists in force stay, a list on the replica is read
    for i in range(3):
        assert resolver.client.ask(f"n{i}.many.evil.example").addresses == [SINK4]


# ---- a Cluster ----


def cluster_state(node):
    return node.client.execute_command("CLUSTER INFO")["cluster_state"]


def test_cluster_node_that_sends_us_to_another(servers, make_resolver):
    bus = [free_port() for _ in range(2)]
    cluster = ["--cluster-enabled", "yes", "--cluster-port"]
    nodes = [servers(f"node{i}", *cluster, str(bus[i])) for i in range(2)]
    nodes[0].client.execute_command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    nodes[1].client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, bus[0])
    for node in nodes:
        until(
            lambda node=node: cluster_state(node) == "ok",
            "the Cluster",
            30,
        )
    resolver = make_resolver(nodes[1], **over_tcp(nodes[1]))
    settings = resolver.settings
    lists = Lists(nodes[0].client, settings["redis-prefix"], settings["resolver-id"])
    lists.put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask("www.evil.example").addresses == [SINK4]
    until(lambda: nodes[0].client.xlen(lists.key("events")) == 1, "the event")
    assert "bad" in resolver.command("list")


# ---- TLS ----


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """ca.crt, and server.crt for 127.0.0.1 and redis.test; other.crt signed by nobody we know."""
    home = tmp_path_factory.mktemp("tls")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for who in ("ca", "other"):
        openssl(home, "req", "-x509", *curve, "-keyout", f"{who}.key", "-out", f"{who}.crt",
                "-days", "30", "-subj", f"/CN={who}")  # fmt: skip
    openssl(home, "req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=x")
    (home / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:redis.test\n")
    openssl(home, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", "server.crt", "-days", "30", "-extfile", "names")  # fmt: skip
    return home


@pytest.fixture
def tls_server(servers, certificates):
    port = free_port()
    server = servers(
        "tls",
        *["--tls-port", str(port), "--tls-cert-file", str(certificates / "server.crt")],
        *["--tls-key-file", str(certificates / "server.key")],
        *["--tls-ca-cert-file", str(certificates / "ca.crt"), "--tls-auth-clients", "optional"],
    )
    server.port = port
    return server


def test_tls(tls_server, certificates, make_resolver):
    resolver = make_resolver(
        tls_server, **over_tcp(tls_server, redis_tls="yes", redis_tls_ca=certificates / "ca.crt")
    )
    settings = resolver.settings
    lists = Lists(tls_server.client, settings["redis-prefix"], settings["resolver-id"])
    many = [f"m{i}.big.example" for i in range(20000)]
    lists.put("bad", "evil.example", *many, action="sinkhole")
    assert resolver.client.ask("www.evil.example").addresses == [SINK4]
    until(lambda: tls_server.client.xlen(lists.key("events")) == 1, "the event")
    lists.replace("bad", *many)
    assert resolver.client.ask("www.evil.example").addresses == [TRUE4]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"redis_tls_ca": "other.crt"}, "its certificate"),
        ({"redis_tls_ca": "missing.crt"}, "redis-tls-ca"),
        ({"redis_tls_name": "other.test"}, "its certificate"),
        ({"redis_tls_cert": "ca.crt", "redis_tls_key": "other.key"}, "redis-tls-key"),
        ({"redis_tls_name": "redis.test"}, None),
        ({"redis_tls_cert": "server.crt", "redis_tls_key": "server.key"}, None),
    ],
)
def test_tls_checks_the_server(tls_server, certificates, make_resolver, change, words):
    files = {"redis_tls_ca": "ca.crt", **change}
    settings = {
        key: certificates / value if key != "redis_tls_name" else value
        for key, value in files.items()
    }
    resolver = make_resolver(
        tls_server, start=False, **over_tcp(tls_server, redis_tls="yes", **settings)
    )
    resolver.write_settings()
    said = resolver.command("list", check=False)
    assert (words or "no lists in Redis") in said


def test_tls_to_a_port_without_it(servers, certificates, make_resolver):
    plain = servers("plain")
    resolver = make_resolver(
        plain,
        start=False,
        **over_tcp(plain, redis_tls="yes", redis_tls_ca=certificates / "ca.crt"),
    )
    resolver.write_settings()
    assert "TLS" in resolver.command("list", check=False)

