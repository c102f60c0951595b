"""Extended DNS Errors (RFC 8914) on rewritten answers."""

import pytest

from harness.events import NAME

WWW = "www.evil.example"
FORGED, BLOCKED, FILTERED = 4, 15, 17
CODES = [
    ("sinkhole", FORGED),
    ("cname", FORGED),
    ("nxdomain", BLOCKED),
    ("nodata", BLOCKED),
    ("refused", FILTERED),
]


@pytest.mark.parametrize(("action", "code"), CODES)
@pytest.mark.parametrize("indicator", ["evil.example", "192.0.2.66"], ids=["qname", "address"])
def test_code_fits_the_action_and_the_text_names_the_list(lists, ask, indicator, action, code):
    lists.put("carbanak", indicator, action=action)
    ((given, text),) = ask(WWW).ede
    assert given == code
    assert "carbanak" in text


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_list_may_choose_the_code(lists, ask, tcp):
    lists.put("court-order", "evil.example", action="nxdomain", ede=16)
    ((code, text),) = ask(WWW, tcp=tcp).ede
    assert (code, "court-order" in text) == (16, True)


def test_list_may_turn_it_off(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain", ede="off")
    answer = ask(WWW)
    assert (answer.rcode, answer.ede) == ("NXDOMAIN", [])


def test_settings_may_turn_it_off(make_resolver, shared_redis, lists_for):
    resolver = make_resolver(shared_redis, ede="no")
    lists_for(resolver, shared_redis).put("bad", "evil.example", action="nxdomain")
    answer = resolver.client.ask(WWW)
    assert (answer.rcode, answer.ede) == ("NXDOMAIN", [])


def test_client_without_edns_gets_no_option(lists, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    answer = ask(WWW, edns=False)
    assert (answer.rcode, answer.message.edns) == ("NXDOMAIN", -1)
    assert "ede" not in events.wait({NAME: WWW})[0]["sinkwatch"]


def test_the_code_that_was_sent_is_recorded(lists, ask, events):
    lists.put("bad", "evil.example", action="nxdomain")
    ask(WWW)
    assert events.wait({NAME: WWW})[0]["sinkwatch"]["ede"] == BLOCKED


@pytest.mark.parametrize("action", ["monitor", "passthru"])
def test_true_answer_has_none(lists, ask, action):
    lists.put("bad", "evil.example", action=action)
    assert ask(WWW).ede == []


def test_clean_answer_has_none(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    assert ask("www.clean.example").ede == []
    assert ask("www.clean.example").ede == []


def test_option_of_one_answer_does_not_stay_for_the_next(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    for _ in range(5):
        assert len(ask(WWW).ede) == 1
        assert ask("www.clean.example").ede == []


def test_extended_error_of_unbound_is_about_the_true_answer(make_resolver, shared_redis, lists_for):
    """Where the answer is rewritten it is not said why the true one does not validate."""
    resolver = make_resolver(shared_redis, server=["ede: yes"])
    lists_for(resolver, shared_redis).put("bad", "192.0.2.99", action="nxdomain")
    for _ in range(2):
        answer = resolver.client.ask("www.bogus.example", cd=True)
        assert (answer.rcode, answer.ede) == ("NXDOMAIN", [(BLOCKED, "bad")])
