"""The container file, without a registry: the same steps make a root folder, where a resolver runs."""

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "conf/container"
# The resolver as CMD starts it, and Redis on the same machine instead of a second container.
RUN_IT = r"""
redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save '' --dir /tmp >/dev/null
{command} >/tmp/unbound.log 2>&1 &
for try in $(seq 300); do unbound-control status >/dev/null 2>&1 && break; sleep 0.1; done
sinkwatch list set bad --action nxdomain --wait && sinkwatch add bad evil.example --wait
dig +tries=1 +time=20 @127.0.0.1 www.evil.example | grep -E 'status:|EDE:'
cat /tmp/unbound.log
"""


def instructions():
    """(instruction, rest) of each line of the Containerfile."""
    lines = [line for line in (FOLDER / "Containerfile").read_text().splitlines() if line[:1].isupper()]
    return [tuple(line.split(" ", 1)) for line in lines]


def compose():
    import yaml

    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def settings_of_compose():
    return (FOLDER / "sinkwatch.conf").read_text()


def compose_names_what_is_there(_root, _packages):
    """Of each service: the container file, volumes, networks, and ports on the loopback only."""
    known = compose()
    made_here = ("./secrets",)  # by the commands at the head of the file
    kept = next(rest for word, rest in instructions() if word == "VOLUME")
    for name, service in known["services"].items():
        for network in service["networks"]:
            assert network in known["networks"], (name, network)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        for volume in service.get("volumes", ()):
            source, target = volume.split(":")[:2]
            there = (FOLDER / source).exists() if source.startswith(".") else source in known["volumes"]
            assert there or source in made_here, (name, source)
            own = target.startswith("/var/l") and source != "notices"
            assert not own or f'"{target}"' in kept, (name, target)
        if "build" in service:
            build = FOLDER / service["build"]["context"] / service["build"]["dockerfile"]
            assert build.resolve() == (FOLDER / "Containerfile").resolve(), name
    host = re.search(r"^redis-host: (\w+)$", settings_of_compose(), re.M)[1]
    assert host in known["services"]


def steps_of_the_container_file_make_a_resolver(root, packages):
    own = [packages[name] for name in ("unbound", "unbound-module-sinkwatch", "sinkwatch")]
    ran = 0
    for word, rest in instructions():
        if word == "COPY":
            root.copy_in(own, rest.split()[1].strip("/"))
        elif word == "RUN":
            root.run(rest, network=True)
            ran += 1
    assert ran >= 4
    root.run("apt-get -q update && apt-get -q -y --no-install-recommends install redis-server "
             "bind9-dnsutils", network=True)  # fmt: skip
    command = next(rest for word, rest in instructions() if word == "CMD")
    words = root.run(RUN_IT.replace("{command}", " ".join(re.findall(r'"([^"]*)"', command)))).stdout
    assert "status: NXDOMAIN" in words and "EDE: 15" in words, words


# Each service as compose.yaml starts it, with Redis on the same machine.
SERVICES = r"""
redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save '' --dir /tmp >/dev/null
mkdir -p /etc/sinkwatch/secrets /var/lib/notices && cd /etc/sinkwatch
{commands_of_the_head}
{feed} >/tmp/feed.log 2>&1 &
{notifier} >/tmp/notifier.log 2>&1 &
{desk} >/tmp/desk.log 2>&1 &
waited() { for try in $(seq 300); do eval "$1" >/dev/null 2>&1 && return; sleep 0.1; done; echo "no $1"; cat /tmp/*.log; exit 9; }
waited 'redis-cli --no-raw get {sinkwatch}:feeds:lease | grep -v nil'
waited 'redis-cli xinfo groups {sinkwatch}:anomalies | grep file'
redis-cli xadd {sinkwatch}:anomalies '*' e '{"event":{"action":"woke","severity":50},"message":"a test"}'
waited 'grep woke /var/lib/notices/notices.json'
waited 'curl -sSfk -u "any:$(cat secrets/token)" https://localhost:8053/ | grep -i "<html"'
curl -sk -o /dev/null -w "without the token: %{http_code}\n" https://localhost:8053/
"""


def services_of_compose_run(root, _packages):
    """Feeds are led, a notice arrives in the file of the target, and the desk asks for its token."""
    known = compose()["services"]
    root.run("apt-get -q -y --no-install-recommends install curl openssl", network=True)
    etc = root.path / "etc/sinkwatch"
    kept = (etc / "sinkwatch.conf").read_text()
    (etc / "sinkwatch.conf").write_text(settings_of_compose().replace("redis-host: redis", "redis-host: 127.0.0.1"))
    (etc / "notify.conf").write_text((FOLDER / "notify.conf").read_text())
    head = re.findall(r"^#     (mkdir.*|openssl.*\n#         .*)$", (FOLDER / "compose.yaml").read_text(), re.M)
    assert len(head) == 2, head
    script = SERVICES.replace("{commands_of_the_head}", "\n".join(head).replace("\n#  ", "\n ").replace("mkdir", "mkdir -p"))
    for name in ("feed", "notifier", "desk"):
        script = script.replace(f"{{{name}}}", " ".join(known[name]["command"]))
    words = root.run(script).stdout
    (etc / "sinkwatch.conf").write_text(kept)
    assert "without the token: 401" in words, words


STEPS = [compose_names_what_is_there, steps_of_the_container_file_make_a_resolver,
         services_of_compose_run]  # fmt: skip
