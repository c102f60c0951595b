"""Unbound alone and Unbound with the module give the same answers, but where a list says otherwise: the
short form of 'make differential'."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "differential"))
import differential  # noqa: E402

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


@pytest.mark.parametrize("what", ONCE)
def test_question_that_once_differed(env, folder, what):
    phase, block, numbers = ONCE[what]
    words = ["--configuration", "plain", "--phase", phase, "--pool", ONCE_POOL, "--seed", ONCE_SEED]
    words += ["--block", block, "--again", numbers]
    rows = differential.differ(env, folder / "d", differential.read_options(map(str, words)))
    assert rows[0].counts["lasting"] == 0
