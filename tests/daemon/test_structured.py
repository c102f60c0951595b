"""Structured DNS errors: JSON in the EDE option, for clients that ask."""

import json

import dns.edns
import pytest
from harness.events import CLIENT, NAME
from harness.resolver import SINK4

SDE = dns.edns.GenericOption(26, b"")
OLD = dns.edns.GenericOption(15, b"\0\0")  # drafts before the option had a separate code
WWW = "www.evil.example"
BLOCKED, CENSORED, FILTERED = 15, 16, 17
CONTACTS = ["mailto:noc@example.net", "tel:+358-555-1234567"]
RESOLVER = {
    "settings": {
        "structured_errors": "yes",
        "structured_contact": [f'"{contact}"' for contact in CONTACTS],
        "structured_organization": '"Example Net \u00e9"',
        "structured_justification": '"on a list"',
        "structured_language": "fi",
    },
}
BASE = {"c": CONTACTS, "j": "on a list", "o": "Example Net \u00e9", "l": "fi"}


@pytest.fixture
def error(ask):
    """(code, object) of the only option."""

    def get(name=WWW, option=SDE, **options):
        ((code, text),) = ask(name, extra=[option], **options).ede
        return code, json.loads(text) if text.startswith("{") else text

    return get


CODES = [
    ("sinkhole", BLOCKED),
    ("cname", BLOCKED),
    ("nxdomain", BLOCKED),
    ("nodata", BLOCKED),
    ("refused", FILTERED),
]


@pytest.mark.parametrize(("action", "code"), CODES)
@pytest.mark.parametrize("indicator", ["evil.example", "192.0.2.66"], ids=["qname", "address"])
@pytest.mark.parametrize("option", [SDE, OLD], ids=["sde", "ede"])
def test_each_action(lists, error, indicator, action, code, option):
    """A client that understands never hears that an answer is forged."""
    lists.put("bad", indicator, action=action)
    for tcp in (False, True, False):
        assert error(option=option, tcp=tcp) == (code, BASE)


def test_only_who_asks_gets_it(lists, ask, error):
    lists.put("bad", "evil.example", action="sinkhole")
    assert ask(WWW).ede == [(4, "bad")]
    assert error() == (BLOCKED, BASE)
    assert ask(WWW, extra=[dns.edns.GenericOption(27, b"")]).ede == [(4, "bad")]
    assert ask(WWW).ede == [(4, "bad")]
    assert ask(WWW, edns=False).message.edns == -1


def test_option_with_data_counts_too(lists, error):
    lists.put("bad", "evil.example", action="nxdomain")
    assert error(option=dns.edns.GenericOption(26, b"ignored")) == (BLOCKED, BASE)


def test_list_says_why(lists, error):
    why = 'malware "\\" \u00e9\u4e2d'
    lists.put("bad", "evil.example", action="nxdomain", justification=why, sub_error=1)
    assert error() == (BLOCKED, {**BASE, "j": why, "s": 1})
    lists.put("other", f"={WWW}", action="refused", priority=1, sub_error=5)
    assert error() == (FILTERED, BASE)  # a sub-error of "blocked" alone


def test_censored_has_no_sub_error(lists, error):
    lists.put("court", "evil.example", action="nxdomain", ede=CENSORED, sub_error=1)
    assert error() == (CENSORED, BASE)


def test_other_codes_have_none(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain", ede=18)
    assert ask(WWW, extra=[SDE]).ede == [(18, "bad")]
    lists.policy("bad", action="nxdomain", ede="off")
    assert ask(WWW, extra=[SDE]).ede == []


@pytest.mark.parametrize("action", ["monitor", "passthru"])
def test_true_answers_have_none(lists, ask, action):
    lists.put("bad", "evil.example", action=action)
    assert ask(WWW, extra=[SDE]).ede == []


def test_event_says_what_was_sent(lists, ask, events):
    lists.put("bad", "evil.example", action="sinkhole")
    ask(WWW, extra=[SDE], source="127.0.0.5")
    (hit,) = events.wait({NAME: WWW, CLIENT: "127.0.0.5"})
    assert hit["sinkwatch"]["ede"] == BLOCKED


def at_most(size):
    """A question that takes answers up to this size."""
    return {"extra": [SDE], "payload": size}


@pytest.mark.parametrize("size", [512, 600, 1232, 4096])
@pytest.mark.parametrize("labels", [1, 3])
def test_room_over_udp(lists, ask, size, labels):
    """The answer is whole and in time, with any room for the text."""
    name = ".".join(["x" * 60] * labels + ["many.evil.example"])
    lists.put("bad", "evil.example", action="sinkhole", justification="j" * 127)
    answer = ask(name, **at_most(size))
    assert (answer.addresses, answer.tc) == ([SINK4], False)
    assert len(answer.message.to_wire()) <= size
    ((code, text),) = answer.ede
    assert code == BLOCKED
    given = json.loads(text)
    assert given["c"] == CONTACTS


def test_words_go_first_when_room_is_short(lists, ask):
    """A whole chain of aliases to a walled garden fills the answer; the remaining room decides."""
    lists.put("bad", "evil.example", action="sinkhole", justification="j" * 127, sub_error=2)
    name = ".".join(["x" * 60] * 3 + ["many.evil.example"])
    seen = set()
    for size in (512, 4096):
        ((_, text),) = ask(name, **at_most(size)).ede
        seen.add(tuple(json.loads(text)))
    assert ("c", "j", "s", "o", "l") in seen
    ((_, text),) = ask(name, tcp=True, extra=[SDE]).ede
    assert json.loads(text)["j"] == "j" * 127


def test_off_by_default(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis)
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="sinkhole")
    assert resolver.client.ask(WWW, extra=[SDE]).ede == [(4, "bad")]


def test_another_option_code(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(
        shared_redis,
        structured_errors="yes",
        structured_option=65001,
        structured_contact='"tel:1"',
    )
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="nxdomain")
    ask = resolver.client.ask
    assert ask(WWW, extra=[SDE]).ede == [(BLOCKED, "bad")]
    option = dns.edns.GenericOption(65001, b"")
    assert ask(WWW, extra=[option]).ede == [(BLOCKED, '{"c":["tel:1"]}')]
