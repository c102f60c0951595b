"""The sinkwatch command beside a running resolver."""

import json

import pytest
from harness.resolver import SINK4

WWW = "www.evil.example"


def test_add_with_wait_returns_when_enforced(lists, resolver, ask):
    lists.put("bad", action="sinkhole")
    assert ask(WWW).addresses == ["192.0.2.66"]
    resolver.command("add", "--wait", "bad", "evil.example")
    assert ask(WWW).addresses == [SINK4]
    resolver.command("remove", "--wait", "bad", "evil.example")
    assert ask(WWW).addresses == ["192.0.2.66"]


@pytest.mark.parametrize("replace", [(), ("--replace", "--max-shrink=100")], ids=["added", "replaced"])
def test_import_with_wait_returns_when_enforced(lists, resolver, ask, folder, replace):
    """Answers that were cached before are, too."""
    file = folder / "names.txt"
    file.write_text("evil.example\n" + "".join(f"n{i}.import.example\n" for i in range(5000)))
    lists.put("bad", "clean.example", action="sinkhole")
    assert ask(WWW).addresses == ["192.0.2.66"]
    resolver.command("import", "bad", file, "--wait", *replace)
    assert ask(WWW).addresses == [SINK4]
    still = ask("www.clean.example").addresses
    assert still == (["198.51.100.10"] if replace else [SINK4])


def test_status_shows_the_resolver(lists, resolver):
    lists.put("bad", "evil.example")
    assert resolver.settings["resolver-id"] in resolver.command("status")
    assert resolver.settings["resolver-id"] in str(json.loads(resolver.command("status", "--json")))


def test_check_says_what_the_resolver_does(lists, resolver, ask):
    lists.put("bad", "evil.example", action="sinkhole", priority=5)
    lists.put("good", "mail.evil.example", kind="allow", priority=1)
    assert ask(WWW).addresses == [SINK4]
    assert "sinkhole" in resolver.command("check", WWW)
    assert ask("mail.evil.example").addresses == ["192.0.2.67"]
    assert "good" in resolver.command("check", "mail.evil.example")


def test_checkconf_accepts_what_the_resolver_runs_with(resolver):
    resolver.command("checkconf")
