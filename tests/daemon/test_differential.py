"""Unbound alone and Unbound with the module give the same answers, but where a list says otherwise: the
short form of 'make differential'."""

import sys
from pathlib import Path
from types import SimpleNamespace

import dns.edns
import dns.message
import dns.rcode
import dns.rrset
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "differential"))
import differential  # noqa: E402
import warm  # noqa: E402
from configuration import Line  # noqa: E402
from judge import Judge  # noqa: E402
from random_lists import List  # noqa: E402

# Phases without a known fault, each with the same questions in every run; the others are in the long form.
QUERIES = {"nothing": 4000, "watching": 1500}
SEED = 7
# Questions that once had another answer than they should: phase, block, numbers; all of one seed and pool.
ONCE = {
    "an extended error of the validator beside ours": ("acting", 1, "2000003831"),
    "one name and type in two classes, asked twice": ("acting", 2, "2000004643"),
}
ONCE_SEED, ONCE_POOL = 11, 30


@pytest.mark.parametrize("phase", list(QUERIES))
def test_answers_differ_only_where_a_list_says_so(env, folder, phase):
    queries = QUERIES[phase] // (8 if env.sanitizer else 1)
    words = ["--queries", queries, "--configuration", "plain", "--phase", phase, "--pool", 10]
    words += ["--seed", SEED]
    rows = differential.differ(env, folder / "d", differential.read_options(map(str, words)))
    assert rows[0].counts["asked"] >= queries
    assert not rows[0].told, "\n".join(rows[0].told)
    assert rows[0].counts["warm"] and rows[0].counts["hits"]


@pytest.mark.parametrize("what", ONCE)
def test_question_that_once_differed(env, folder, what):
    phase, block, numbers = ONCE[what]
    words = ["--configuration", "plain", "--phase", phase, "--pool", ONCE_POOL, "--seed", ONCE_SEED]
    words += ["--block", block, "--again", numbers]
    rows = differential.differ(env, folder / "d", differential.read_options(map(str, words)))
    assert rows[0].counts["lasting"] == 0


NAME, ALIAS = "ad-1.one.example", "c11-1.one.example"
LISTS = [
    List("names", ("=" + NAME, "=ad-2.one.example"), {"action": "nxdomain"}),
    List("nets", ("5.1.1.1",), {"action": "refused"}),
]


def packet(rdtype, *records, name=NAME, rcode="NOERROR", error=None, flags="QR RD RA"):
    """An answer in wire form; records: (type, data)."""
    name += "."
    message = dns.message.make_query(name, rdtype, use_edns=0)
    message.flags = dns.flags.from_text(flags)
    message.set_rcode(dns.rcode.from_text(rcode))
    message.answer = [dns.rrset.from_text(name, 60, "IN", kind, data) for kind, data in records]
    message.use_edns(0, options=[dns.edns.EDEOption(error)] if error is not None else [])
    return message.to_wire()


def line(rdtype, plain, ours, name="ad-9.one.example", flags="-", truth=None, aliases=(), addresses=()):
    same, rcode = plain == ours, plain[3] & 15 if plain else None
    number = {"A": 1, "NSEC": 47, "HTTPS": 65, "ANY": 255}[rdtype]
    truth = rcode if truth is None else truth
    return Line(0, 0, name, number, 1, flags, same, rcode, truth, list(aliases), list(addresses), plain, ours)


FAILED = packet("A", rcode="SERVFAIL")
TWO = [("A", "5.1.1.1"), ("A", "5.2.2.2")]
FAULTS = {  # a line, and what the judge has to say of it
    "ANY of a listed name": line("ANY", packet("ANY"), packet("ANY"), name=NAME),
    "ANY with a listed address": line("ANY", packet("ANY", *TWO), packet("ANY", *TWO), addresses=["5.1.1.1"]),
    "ANY without records, nothing listed": line("ANY", packet("ANY", ("A", "5.2.2.2")), packet("ANY")),
    "an error of a list for a failure": line("A", packet("A", rcode="SERVFAIL", error=22),
                                             packet("A", rcode="SERVFAIL", error=15), addresses=["5.1.1.1"], truth=0),
    "another error, nothing listed": line("A", packet("A", rcode="SERVFAIL", error=22),
                                          packet("A", rcode="SERVFAIL", error=23)),
    "a long chain that fails, nothing listed": line("A", packet("A", ("A", "5.2.2.2")), FAILED, name=ALIAS),
    "a long chain with a listed alias at its begin": line("A", packet("A", ("A", "5.2.2.2")), FAILED, name=ALIAS,
                                                          aliases=["ad-2.one.example"]),
    "a silent answer for a listed name": line("A", FAILED, b"", name=NAME),
    "REFUSED is no NXDOMAIN": line("A", *[packet("A", rcode="REFUSED")] * 2, name=NAME),
    "NSEC of a listed name": line("NSEC", FAILED, FAILED, name=NAME, truth=0),
}  # fmt: skip
KNOWN = {
    "any": line("ANY", packet("ANY", *TWO), packet("ANY", ("A", "5.2.2.2")), addresses=["5.1.1.1", "5.2.2.2"]),
    "failed-ede": line("A", packet("A", rcode="SERVFAIL", error=22), packet("A", rcode="SERVFAIL", error=23),
                       addresses=["5.1.1.1"], truth=0),
    "late": line("A", FAILED, b""),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTS)
def test_judge_excuses_no_fault(what):
    judge = Judge(LISTS, lambda name: ())
    assert judge.fault(FAULTS[what]), "excused"


@pytest.mark.parametrize("what", KNOWN)
def test_judge_knows(what):
    judge = Judge(LISTS, lambda name: ())
    assert judge.excused([KNOWN[what]]) == {what: 1}


WORK = {  # of the resolver with the module in each round: questions upstream for a question in both passes
    "equal": ([(1, 0)] * warm.LASTING, {}),
    "a failure that is not cached": ([(1, 1)] * warm.LASTING, {(1, 0)}),
    "an answer that was renewed once": ([(1, 1), (1, 0)], {}),
    "never the same difference": ([(1, 1), (2, 0), (1, 1)], {}),
}


@pytest.mark.parametrize("what", WORK)
def test_other_work_counts_when_the_difference_lasts(monkeypatch, what):
    rounds, lasting = WORK[what]
    plain = SimpleNamespace(done=0, work=iter([1, 0] * warm.LASTING))
    ours = SimpleNamespace(done=0, work=iter([upstream for each in rounds for upstream in each]))
    run = SimpleNamespace(plain=plain, ours=ours, forget=lambda: None, configuration=SimpleNamespace(ages=(0,)))

    def ask(side, _):
        side.done += next(side.work)

    monkeypatch.setattr(warm, "ask", ask)
    monkeypatch.setattr(warm, "quiet", lambda side: [side.done] * len(warm.COUNTERS))
    assert set(warm.Warm(run).lasting([line("A", FAILED, FAILED)])) == set(lasting)
