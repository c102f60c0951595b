"""From a primary of a policy zone to the answer of a client: AXFR, then IXFR after a notice, with TSIG (D-178)."""

import os
import subprocess

import pytest
from harness.primary import ADDRESS, ZONE, Primary, key_text
from harness.process import free_port
from harness.wait import FACTOR, until

RULES = "www.evil.example CNAME .\n*.many.evil.example A 10.66.0.1\nmail.evil.example CNAME rpz-passthru.\n"
LATER = "www.clean.example CNAME .\n"


@pytest.fixture
def primary(folder, resolver, lists):
    """nsd with the zone, and the service that has a feed of the zone."""
    port = free_port(ADDRESS)
    server = Primary(folder / "nsd", RULES, notify_port=port)
    (folder / "key").write_text(key_text())
    resolver.command("list", "set", "zone", "--action", "nxdomain")
    resolver.command("feed", "add", "zone", f"rpz://{ADDRESS}:{server.port}/{ZONE}", "--given", "--every=1d",
                     "--max-shrink=100", f"--tsig-file={folder}/key")  # fmt: skip
    with (folder / "service.log").open("w") as out:
        service = subprocess.Popen(
            [str(resolver.env.cli), "feed", "run", "--daemon", "--files", str(folder), "--listen", f"{ADDRESS}:{port}"],
            env={**os.environ, "SINKWATCH_CONF": str(resolver.settings_path)}, stdout=out, stderr=out,
        )  # fmt: skip
    yield server
    service.terminate()
    service.wait(timeout=30 * FACTOR)
    server.stop()
    resolver.command("feed", "remove", "zone")


def test_a_notified_change_reaches_the_client(primary, resolver, ask, lists):
    until(lambda: ask("www.evil.example").rcode == "NXDOMAIN", "the zone in force")
    assert ask("a.many.evil.example").addresses == ["10.66.0.1"]
    assert ask("mail.evil.example").addresses == ["192.0.2.67"]
    assert ask("www.clean.example").addresses == ["198.51.100.10"]
    before = len(lists.client.xrange(lists.key("changes")))
    primary.set(RULES + LATER)  # nsd reads the zone, and sends the notice
    until(primary.answers, "the primary to have the change")
    until(lambda: ask("www.clean.example").rcode == "NXDOMAIN", "the notified change in the answer")
    ops = [fields["op"] for _, fields in lists.client.xrange(lists.key("changes"))[before:]]
    assert ops == ["add"]  # by IXFR: no list was replaced
    primary.set(RULES)
    until(lambda: ask("www.clean.example").addresses == ["198.51.100.10"], "the removal in the answer")
    assert ask("a.many.evil.example").addresses == ["10.66.0.1"]
