"""MMDB files that are missing, cut short, of the wrong kind, or replaced while running."""

import json
import os

import pytest
from harness import mmdb

WWW = "as1.network.example"
TRUE4 = ["213.24.76.99"]


def asn_state(lists):
    return json.loads(lists.state()["mmdb"])["asn"][0]


def swap(path, data):
    """Replace a file as a whole, as an updater does."""
    aside = path.with_suffix(".new")
    aside.write_bytes(data)
    os.replace(aside, path)


@pytest.fixture
def place(folder, databases):
    """An asn-mmdb of the test's own: place(None): missing, else the content."""
    path = folder / "asn.mmdb"

    def put(data):
        if data is not None:
            swap(path, data)
        return path

    return put


@pytest.fixture
def broken(databases):
    good = databases.asn.read_bytes()
    return {
        "missing": None,
        "empty": b"",
        "text": b"this is no database\n" * 50,
        "truncated": good[: len(good) // 2],
        "no-metadata": good[: good.rindex(b"\xab\xcd\xefMaxMind.com")],
        "wrong-kind": databases.owner.read_bytes(),
    }


KINDS = ["missing", "empty", "text", "truncated", "no-metadata", "wrong-kind"]


@pytest.mark.parametrize("kind", KINDS)
def test_bad_at_start_keeps_running_and_recovers(
    make_resolver, shared_redis, lists_for, databases, place, broken, kind
):
    path = place(broken[kind])
    resolver = make_resolver(shared_redis, asn_mmdb=path)
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "AS8342", "evil.example", action="nxdomain")
    assert resolver.client.ask(WWW).addresses == TRUE4
    assert resolver.client.ask("www.evil.example").rcode == "NXDOMAIN"
    lists.wait_state(mmdb=lambda text: text and json.loads(text)["asn"][0]["error"])
    resolver.says(str(path))
    place(databases.asn.read_bytes())
    lists.wait_state(mmdb=lambda text: not json.loads(text)["asn"][0].get("error"))
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"


@pytest.mark.parametrize("kind", KINDS)
def test_bad_replacement_leaves_the_former_one_in_use(
    make_resolver, shared_redis, lists_for, databases, place, broken, kind
):
    path = place(databases.asn.read_bytes())
    resolver = make_resolver(shared_redis, asn_mmdb=path)
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "AS8342", action="nxdomain")
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"
    if broken[kind] is None:
        path.unlink()
    else:
        place(broken[kind])
    lists.wait_state(mmdb=lambda text: json.loads(text)["asn"][0]["error"])
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"


def test_new_database_is_enforced_on_cached_answers(
    make_resolver, shared_redis, lists_for, folder, databases, place
):
    path = place(databases.asn.read_bytes())
    resolver = make_resolver(shared_redis, asn_mmdb=path)
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "AS64999", action="nxdomain")
    assert resolver.client.ask(WWW).addresses == TRUE4
    moved = mmdb.make_asn(folder, [("213.24.76.0/23", 64999, "Moved")])
    epoch = asn_state(lists).get("epoch")
    place(moved.read_bytes())
    lists.wait_state(mmdb=lambda text: json.loads(text)["asn"][0].get("epoch") != epoch)
    assert resolver.client.ask(WWW).rcode == "NXDOMAIN"


def test_no_database_configured(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, asn_mmdb=None, owner_mmdb=None)
    lists = lists_for(resolver, shared_redis)
    lists.put("bad", "AS8342", "evil.example", action="nxdomain")
    assert resolver.client.ask(WWW).addresses == TRUE4
    assert resolver.client.ask("www.evil.example").rcode == "NXDOMAIN"
