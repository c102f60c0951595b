"""Which names the three forms of a domain indicator cover."""

import pytest

COVERS = [
    ("evil.example", "evil.example"),
    ("evil.example", "www.evil.example"),
    ("evil.example", "deep.sub.evil.example"),
    ("=evil.example", "evil.example"),
    ("*.evil.example", "www.evil.example"),
    ("*.evil.example", "deep.sub.evil.example"),
    ("www.evil.example", "www.evil.example"),
    ("evil.example", "not-there.evil.example"),
    ("_dmarc.evil.example", "_dmarc.evil.example"),
]
COVERS_NOT = [
    ("=evil.example", "www.evil.example"),
    ("*.evil.example", "evil.example"),
    ("www.evil.example", "evil.example"),
    ("www.evil.example", "mail.evil.example"),
    ("=sub.evil.example", "deep.sub.evil.example"),
]


@pytest.mark.parametrize(("indicator", "name"), COVERS)
def test_covered(lists, ask, indicator, name):
    lists.put("bad", indicator, action="refused")
    assert ask(name).rcode == "REFUSED"


@pytest.mark.parametrize(("indicator", "name"), COVERS_NOT)
def test_not_covered(lists, ask, indicator, name):
    lists.put("bad", indicator, action="refused")
    assert ask(name).rcode == "NOERROR"
    assert ask(name).addresses


def test_label_boundary_counts(lists, ask):
    lists.put("bad", "systemsvc.net", action="refused")
    assert ask("systemsvc.net").rcode == "REFUSED"
    assert ask("winsystemsvc.net").addresses == ["198.51.100.70"]


def test_neither_parent_nor_sibling_is_covered(lists, ask):
    lists.put("bad", "www.evil.example", action="refused")
    assert ask("mail.evil.example").addresses == ["192.0.2.67"]
    assert ask("www.clean.example").addresses == ["198.51.100.10"]


@pytest.mark.parametrize("name", ["EVIL.example", "wWw.EvIl.ExAmPlE"])
def test_letter_case_of_the_question_does_not_matter(lists, ask, name):
    lists.put("bad", "evil.example", action="refused")
    assert ask(name).rcode == "REFUSED"


@pytest.mark.parametrize(
    "indicator", ["EVIL.Example", "evil.example.", "=Evil.Example.", " evil.example "]
)
def test_other_spellings_of_an_indicator_are_understood(lists, ask, indicator):
    lists.put("bad", indicator, action="refused")
    assert ask("evil.example").rcode == "REFUSED"


def test_unicode_indicator_covers_its_alabel(lists, ask):
    lists.put("bad", "bücher.evil.example", action="refused")
    assert ask("xn--bcher-kva.evil.example").rcode == "REFUSED"


def test_forms_of_one_name_are_independent(lists, ask):
    lists.put("bad", "=evil.example", "*.evil.example", action="refused")
    lists.remove("bad", "=evil.example")
    assert ask("evil.example").rcode == "NOERROR"
    assert ask("www.evil.example").rcode == "REFUSED"


def test_whole_top_level_domain(lists, ask):
    lists.put("bad", "*.example", action="refused")
    assert ask("www.clean.example").rcode == "REFUSED"
    assert ask("winsystemsvc.net").rcode == "NOERROR"


def test_many_indicators_in_one_change(lists, ask):
    lists.put("bad", *(f"n{i}.many.evil.example" for i in range(3000)), action="refused")
    for i in (0, 1, 1500, 2998, 2999):
        assert ask(f"n{i}.many.evil.example").rcode == "REFUSED"
    assert ask("n3000.many.evil.example").rcode == "NOERROR"
