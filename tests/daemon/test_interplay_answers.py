"""Kinds of answers: DNAME, loops, wildcards, denials made from NSEC records, huge answers, letter
case, the root and top-level names."""

import pytest
from harness.events import NAME
from harness.resolver import GARDEN, GARDEN4, SINK4

RESOLVER = {
    "server": [
        "aggressive-nsec: yes",
        "harden-below-nxdomain: yes",
        "use-caps-for-id: yes",
        "qname-minimisation: yes",
        "minimal-responses: yes",
        "rrset-roundrobin: yes",
        "deny-any: no",
    ]
}
MANY = "many.large.example"


@pytest.mark.parametrize("cached", [False, True], ids=["listed-before", "cached-before"])
@pytest.mark.parametrize("indicator", ["=www.evil.example", "*.evil.example", "192.0.2.66"])
def test_dname(lists, ask, events, indicator, cached):
    name = "www.old.renamed.example"
    if cached:
        assert ask(name).aliases == ["www.evil.example"]
    lists.put("bad", indicator, action="sinkhole")
    for _ in range(2):
        answer = ask(name)
        assert (answer.addresses, answer.types) == ([SINK4], {"A"})
    events.wait({NAME: name}, count=2)
    assert ask("old.renamed.example", "DNAME").data("DNAME") == ["evil.example."]
    lists.drop("bad")
    assert ask(name).addresses == ["192.0.2.66"]


def test_dname_whose_owner_is_listed(lists, ask):
    lists.put("bad", "old.renamed.example", action="refused")
    assert ask("www.old.renamed.example").rcode == "REFUSED"
    assert ask("old.renamed.example", "DNAME").rcode == "REFUSED"
    assert ask("www.evil.example").addresses == ["192.0.2.66"]


@pytest.mark.parametrize("name", ["one.large.example", "self.large.example"])
def test_alias_loop_ends_as_without_us(lists, ask, name):
    """A list that acts on an alias decides before the loop fails (D-083), unless the failure is
    cached: 1.22.0 caches the failure of a loop of two and no alias of the loop."""
    plain = ask(name).rcode
    lists.put("bad", "two.large.example", "=self.large.example", action="monitor")
    assert ask(name).rcode == plain
    lists.policy("bad", action="nxdomain")
    allowed = ["NXDOMAIN"] if name.startswith("self") else ["NXDOMAIN", plain]
    assert ask(name).rcode in allowed
    assert ask("www.clean.example").addresses == ["198.51.100.10"]


def test_alias_to_the_sinkhole_and_back(lists, ask):
    """A name that points to the landing address is not touched by the landing address; a listed
    name that points back is."""
    lists.put("bad", "evil.example", action="cname", cname="back.sunk.example")
    answer = ask("www.evil.example")
    assert answer.aliases[0] == "back.sunk.example"
    lists.put("bad", "evil.example", action="sinkhole")
    assert ask("sink.large.example").addresses == [SINK4]
    assert ask("sink.large.example").aliases == ["www.sunk.example"]
    assert ask("back.sunk.example").aliases == []
    assert ask("back.sunk.example").addresses == [SINK4]


@pytest.mark.parametrize("action", ["nxdomain", "refused", "cname"])
def test_garden_that_another_list_covers(lists, ask, action):
    """Names behind the operator's own alias are the operator's: these are not judged again."""
    lists.put("bad", "evil.example", action="cname")
    lists.put("worse", "garden.example", action=action, cname="www.clean.example")
    for _ in range(2):
        answer = ask("www.evil.example")
        assert (answer.aliases, answer.addresses) == ([GARDEN], [GARDEN4])
        assert ask(GARDEN).addresses != [GARDEN4]


def test_wildcard_answers(lists, ask):
    lists.put("bad", "=one.many.clean.example", "=one.wild.signed.example", action="nxdomain")
    for _ in range(2):
        assert ask("one.many.clean.example").rcode == "NXDOMAIN"
        assert ask("two.many.clean.example").addresses == ["198.51.100.40"]
        assert ask("one.wild.signed.example", do=True).rcode == "NXDOMAIN"
        other = ask("two.wild.signed.example", do=True)
        assert (other.addresses, other.ad) == (["198.51.100.62"], True)


def test_wildcard_itself_is_a_name(lists, ask):
    lists.put("bad", "198.51.100.62", action="refused")
    assert ask("a.wild.signed.example").rcode == "REFUSED"
    assert ask("b.wild.signed.example").rcode == "REFUSED"


def test_denial_made_from_nsec_is_judged(lists, resolver, ask, events, upstream):
    """After a denial other names in the denied range need no question upstream; a listed name there
    is a hit."""
    assert ask("nob.signed.example", do=True).rcode == "NXDOMAIN"
    lists.put("bad", "=noc.signed.example", action="sinkhole", observe=True)
    asked = len(upstream.asked("signed.example"))
    assert ask("nod.signed.example", do=True).ad
    assert ask("noc.signed.example", do=True).addresses == [SINK4]
    assert len(upstream.asked("signed.example")) == asked  # so the answer was made from NSEC
    assert resolver.statistic("num.query.aggressive.NXDOMAIN") >= 2
    events.wait({NAME: "noc.signed.example"})


def test_listed_name_hides_no_neighbour(lists, ask):
    """Our NXDOMAIN is no proof: neither for names below (RFC 8020), nor for neighbours."""
    lists.put("bad", "=wild.signed.example", "=sub.evil.example", action="nxdomain")
    for _ in range(2):
        assert ask("wild.signed.example").rcode == "NXDOMAIN"
        assert ask("sub.evil.example").rcode == "NXDOMAIN"
        assert ask("x.wild.signed.example", do=True).addresses == ["198.51.100.62"]
        assert ask("deep.sub.evil.example").addresses == ["192.0.2.66"]
        assert ask("www.evil.example").addresses == ["192.0.2.66"]


def test_nothing_below_a_true_denial_is_missed(lists, ask, upstream):
    """harden-below-nxdomain answers without asking; a listed name below is a hit all the same."""
    assert ask("gone.signed.example").rcode == "NXDOMAIN"
    lists.put("bad", "=x.gone.signed.example", action="refused")
    assert ask("x.gone.signed.example").rcode == "REFUSED"
    assert ask("y.gone.signed.example").rcode == "NXDOMAIN"


def test_huge_answer(lists, ask, events):
    """251 addresses, over 4000 octets: truncated over UDP, whole over TCP, judged to the last."""
    for _ in range(2):
        assert ask(MANY).tc
        assert len(ask(MANY, tcp=True).addresses) == 251
    assert len(ask("text.large.example", "TXT", tcp=True).data("TXT")) == 40
    lists.put("bad", "203.0.113.5", action="sinkhole")
    for tcp in (False, True, False, True):
        answer = ask(MANY, tcp=tcp)
        assert (answer.tc, answer.addresses) == (False, [SINK4])
    events.wait({NAME: MANY}, count=4)
    lists.policy("bad", action="monitor")
    assert ask(MANY).tc
    assert len(ask(MANY, tcp=True).addresses) == 251


def test_letter_case(lists, ask, events):
    lists.put("bad", "wWw.EVIL.example", action="sinkhole")
    for name in ("WWW.evil.EXAMPLE", "www.evil.example", "wWW.eViL.eXaMpLe"):
        answer = ask(name)
        assert answer.addresses == [SINK4]
        assert answer.message.question[0].name.to_text(True) == name
        assert answer.message.answer[0].name.to_text(True).lower() == name.lower()
    events.wait({NAME: "www.evil.example"}, count=3)
    assert ask("WwW.cLeAn.ExAmPlE").addresses == ["198.51.100.10"]


def test_records_in_turn(lists, ask):
    """rrset-roundrobin: a listed address is found at any place."""
    lists.put("bad", "203.0.113.5", action="sinkhole")
    assert {tuple(ask("both.address.example").addresses) for _ in range(8)} == {(SINK4,)}


def test_top_level_name(lists, ask):
    """Listing such a name is the operator's word; every name below follows, the root does not."""
    lists.put("bad", "example", action="refused")
    assert ask("www.clean.example").rcode == "REFUSED"
    assert ask("example").rcode == "REFUSED"
    assert ask("systemsvc.net").addresses == ["213.24.76.23"]
    assert ask(".", "NS").rcode == "NOERROR"
    lists.put("good", "clean.example", kind="allow")
    assert ask("www.clean.example").addresses == ["198.51.100.10"]
    lists.put("bad", "=example", action="refused")
    lists.remove("bad", "example")
    assert ask("example").rcode == "REFUSED"
    assert ask("www.evil.example").addresses == ["192.0.2.66"]


def test_root_is_no_indicator(lists, ask):
    lists.put("bad", ".", "evil.example", action="refused")
    lists.wait_state(refused=lambda text: "bad" in text)
    assert ask(".", "NS").rcode == "NOERROR"
    assert ask("www.clean.example").addresses == ["198.51.100.10"]
    assert ask("www.evil.example").rcode == "REFUSED"


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
def test_any(lists, ask, events, tcp):
    lists.put("bad", "evil.example", action="nodata")
    assert ask("www.evil.example", "ANY", tcp=tcp).types == set()
    events.wait({NAME: "www.evil.example"})
    lists.put("bad", "evil.example", action="sinkhole")
    assert "192.0.2.66" not in str(ask("www.evil.example", "ANY", tcp=tcp).message)
    lists.drop("bad")
    assert "192.0.2.66" in str(ask("www.evil.example", "ANY", tcp=True).message)
