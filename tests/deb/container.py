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


def compose_names_what_is_there(_root, _packages):
    import yaml

    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    resolver = compose["services"]["resolver"]
    build = FOLDER / resolver["build"]["context"] / resolver["build"]["dockerfile"]
    assert build.resolve() == (FOLDER / "Containerfile").resolve()
    settings = (FOLDER / "sinkwatch.conf").read_text()
    assert re.search(r"^redis-host: (\w+)$", settings, re.M)[1] in compose["services"]
    for volume in resolver["volumes"]:
        source = volume.split(":")[0]
        assert (FOLDER / source).exists() if source.startswith(".") else source in compose["volumes"], source
    kept = next(rest for word, rest in instructions() if word == "VOLUME")
    assert all(f'"{volume.split(":")[1]}"' in kept for volume in resolver["volumes"] if volume[0] != ".")
    assert all(port.startswith("127.0.0.1:") for port in resolver["ports"])


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


STEPS = [compose_names_what_is_there, steps_of_the_container_file_make_a_resolver]
