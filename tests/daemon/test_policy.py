"""Which list wins, shadow mode, lists that are never acted on, changes of a list."""

import pytest
from harness.events import LIST, NAME, SHADOW, TAKEN, WANTED
from harness.resolver import GARDEN4, SINK4

WWW = "www.evil.example"
TRUE4 = ["192.0.2.66"]
REWRITING = ["nxdomain", "nodata", "refused", "drop", "tcp-only", "sinkhole", "cname"]


@pytest.mark.parametrize("action", REWRITING)
@pytest.mark.parametrize("indicator", ["evil.example", "192.0.2.66"])
def test_shadow_sends_the_true_answer_and_records_what_was_wanted(
    lists, ask, events, action, indicator
):
    lists.put("bad", indicator, action=action, shadow=True)
    answer = ask(WWW)
    assert (answer.rcode, answer.addresses, answer.ede) == ("NOERROR", TRUE4, [])
    hit = {NAME: WWW, LIST: "bad", SHADOW: True, WANTED: action}
    events.wait(hit)


def test_smaller_priority_number_wins(lists, ask):
    lists.put("later", "www.evil.example", action="nxdomain", priority=20)
    lists.put("first", "evil.example", action="sinkhole", priority=10)
    assert ask(WWW).addresses == [SINK4]


def test_more_specific_indicator_wins(lists, ask):
    lists.put("wide", "evil.example", action="nxdomain")
    lists.put("narrow", "www.evil.example", action="sinkhole")
    assert ask(WWW).addresses == [SINK4]
    assert ask("mail.evil.example").rcode == "NXDOMAIN"


def test_longer_prefix_wins(lists, ask):
    lists.put("wide", "192.0.2.0/24", action="nxdomain")
    lists.put("narrow", "192.0.2.66", action="sinkhole")
    assert ask(WWW).addresses == [SINK4]
    assert ask("mail.evil.example").rcode == "NXDOMAIN"


def test_allow_wins_over_an_equal_indicator(lists, ask):
    lists.put("bad", WWW, action="nxdomain")
    lists.put("good", WWW, kind="allow")
    assert ask(WWW).addresses == TRUE4


def test_allow_of_a_part_leaves_the_rest_blocked(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    lists.put("good", WWW, kind="allow")
    assert ask(WWW).addresses == TRUE4
    assert ask("mail.evil.example").rcode == "NXDOMAIN"


def test_more_specific_indicator_wins_over_a_wider_allow(lists, ask):
    lists.put("bad", WWW, action="nxdomain")
    lists.put("good", "evil.example", kind="allow")
    assert ask(WWW).rcode == "NXDOMAIN"
    assert ask("mail.evil.example").rcode == "NOERROR"


def test_allowed_name_with_a_listed_address(lists, ask):
    lists.put("bad", "192.0.2.66", action="nxdomain")
    lists.put("good", WWW, kind="allow")
    assert ask(WWW).addresses == TRUE4
    assert ask("evil.example").rcode == "NXDOMAIN"


def test_allowed_address_exempts_only_where_it_wins(lists, ask):
    lists.put("bad", "192.0.2.0/24", action="nxdomain")
    lists.put("good", "192.0.2.66", kind="allow")
    assert ask(WWW).addresses == TRUE4
    assert ask("mail.evil.example").rcode == "NXDOMAIN"


def test_all_hits_are_recorded_with_the_verdict(lists, ask, events):
    lists.put("one", "evil.example", action="nxdomain", priority=1)
    lists.put("two", WWW, action="sinkhole", priority=2)
    assert ask(WWW).rcode == "NXDOMAIN"
    event = events.wait({NAME: WWW})[0]
    assert "one" in str(event)
    assert "two" in str(event)


@pytest.mark.parametrize("kind", ["watch", "protected", "known"])
def test_kinds_that_are_never_acted_on(lists, ask, kind):
    lists.put("seen", "evil.example", "192.0.2.66", kind=kind)
    assert ask(WWW).addresses == TRUE4


def test_default_policy_records_only(lists, ask, events):
    lists.put("plain", "evil.example")
    assert ask(WWW).addresses == TRUE4
    events.wait({NAME: WWW, LIST: "plain", TAKEN: "monitor"})


def test_change_of_policy_is_enforced_at_once(lists, ask):
    lists.put("bad", "evil.example", action="monitor")
    assert ask(WWW).addresses == TRUE4
    lists.policy("bad", action="sinkhole")
    assert ask(WWW).addresses == [SINK4]
    lists.policy("bad", action="cname")
    assert ask(WWW).addresses == [GARDEN4]
    lists.policy("bad", action="monitor")
    assert ask(WWW).addresses == TRUE4


@pytest.mark.parametrize("kind", ["watch", "allow"])
def test_change_of_kind_is_enforced_on_cached_answers(lists, ask, kind):
    lists.put("bad", "evil.example", kind=kind)
    assert ask(WWW).addresses == TRUE4
    lists.policy("bad", action="nxdomain")
    assert ask(WWW).rcode == "NXDOMAIN"


def test_dropped_list_is_gone(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    lists.drop("bad")
    assert ask(WWW).addresses == TRUE4


def test_replaced_list_holds_only_the_new(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    assert ask("four.address.example").addresses == ["203.0.113.5"]
    lists.replace("bad", "address.example")
    assert ask(WWW).addresses == TRUE4
    assert ask("four.address.example").rcode == "NXDOMAIN"


def test_name_on_two_lists_stays_listed_when_one_lets_go(lists, ask):
    lists.put("one", "evil.example", action="nxdomain")
    lists.put("two", "evil.example", action="nxdomain")
    lists.remove("one", "evil.example")
    assert ask(WWW).rcode == "NXDOMAIN"
    lists.drop("two")
    assert ask(WWW).addresses == TRUE4


def test_list_dropped_and_made_again_is_a_new_one(lists, ask):
    lists.put("bad", "evil.example", action="nxdomain")
    lists.drop("bad")
    lists.put("bad", "address.example", action="nxdomain")
    assert ask(WWW).addresses == TRUE4
    assert ask("four.address.example").rcode == "NXDOMAIN"
