"""With ptr-addresses: yes, a PTR query for an address is matched as that address."""

import pytest
from harness.events import NAME, TRIGGER
from harness.wait import until

RESOLVER = {"settings": {"ptr_addresses": "yes"}}
FOUR = "23.76.24.213.in-addr.arpa"
OTHER = "99.76.24.213.in-addr.arpa"
TRANSLATED = "7.1.c.4.8.1.5.d.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa"


@pytest.mark.parametrize("name", [FOUR, FOUR.upper(), TRANSLATED], ids=["v4", "case", "nat64"])
def test_listed_address(lists, ask, events, name):
    lists.put("bad", "213.24.76.23", action="refused")
    assert ask(name, "PTR").rcode == "REFUSED"
    events.wait({NAME: name.lower(), TRIGGER: "address"})


def test_other_addresses_and_types_are_left_alone(lists, ask):
    lists.put("bad", "213.24.76.23", action="refused")
    assert ask(OTHER, "PTR").data("PTR") == ["as1.network.example."]
    assert ask(FOUR, "TXT").rcode == "NOERROR"


def test_sinkhole_has_no_records_of_this_type(lists, ask):
    lists.put("bad", "213.24.76.0/24", action="sinkhole")
    answer = ask(FOUR, "PTR")
    assert (answer.rcode, answer.types) == ("NOERROR", set())


@pytest.mark.parametrize("indicator", ["213.24.76.23", "213.24.76.0/24"])
def test_cached_answer_goes_when_its_address_is_listed(lists, ask, indicator):
    assert ask(FOUR, "PTR").data("PTR") == ["mail.neighbour.example."]
    assert ask(OTHER, "PTR").data("PTR") == ["as1.network.example."]
    lists.put("bad", indicator, action="refused")
    until(lambda: ask(FOUR, "PTR").rcode == "REFUSED", "the cached answer to be gone")
    lists.drop("bad")
    assert ask(FOUR, "PTR").data("PTR") == ["mail.neighbour.example."]


def test_allow_list_exempts(lists, ask):
    lists.put("bad", "213.24.76.0/24", action="refused")
    lists.put("ours", "213.24.76.23", kind="allow", priority=1)
    assert ask(FOUR, "PTR").data("PTR") == ["mail.neighbour.example."]
    assert ask(OTHER, "PTR").rcode == "REFUSED"
