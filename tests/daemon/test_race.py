"""Once a change is reported as applied no client gets an answer that contradicts the change, while
others ask for the same names all the time."""

import sys
import threading
from pathlib import Path

import dns.exception
import pytest
from harness.resolver import SINK4

sys.path.append(str(Path(__file__).resolve().parents[1] / "race"))
import race  # noqa: E402

NAMES = ["www.evil.example", "to-evil.clean.example", "evil.example"]


class Askers:
    """Threads that keep the names in the caches and in resolution; answers are not judged."""

    def __init__(self, client, names, threads=3):
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(target=self._run, args=(client, names)) for _ in range(threads)
        ]

    def _run(self, client, names):
        while not self.stop.is_set():
            for name in names:
                try:
                    client.ask(name, timeout=1)  # nobody judges it
                except dns.exception.Timeout:
                    pass  # a list that drops

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def rounds(env):
    return 500 if env.long else 40


@pytest.mark.parametrize("indicator", ["evil.example", "192.0.2.66"], ids=["name", "address"])
def test_list_that_comes_and_goes(lists, resolver, ask, env, indicator):
    lists.put("bad", action="sinkhole")
    with Askers(resolver.client, NAMES):
        for _ in range(rounds(env)):
            lists.add("bad", indicator)
            assert [ask(name).addresses for name in NAMES] == [[SINK4]] * 3
            lists.remove("bad", indicator)
            assert [ask(name).addresses for name in NAMES] == [["192.0.2.66"]] * 3


def test_replacement_leaves_no_gap(lists, resolver, ask, env):
    """The names are in the old and in the new content: such names are enforced at every moment."""
    lists.put("bad", "evil.example", action="sinkhole")
    seen = set()
    stop = threading.Event()

    def judge():
        while not stop.is_set():
            for name in NAMES:
                seen.update(ask(name).addresses)

    judges = [threading.Thread(target=judge) for _ in range(3)]
    for thread in judges:
        thread.start()
    for i in range(rounds(env)):
        lists.replace("bad", "evil.example", *(f"n{i}-{j}.other.example" for j in range(200)))
    stop.set()
    for thread in judges:
        thread.join()
    assert seen == {SINK4}


def test_policy_that_changes(lists, resolver, ask, env):
    lists.put("bad", "evil.example", action="monitor")
    wanted = {"monitor": ["192.0.2.66"], "sinkhole": [SINK4], "nxdomain": []}
    with Askers(resolver.client, NAMES):
        for i in range(rounds(env)):
            action = list(wanted)[i % 3]
            lists.policy("bad", action=action)
            assert [ask(name).addresses for name in NAMES] == [wanted[action]] * 3


def race_until(enough, env, folder, name, **options):
    """The row of a run in which enough happened: a busy machine needs longer for such a run."""
    for seconds in (20,) if env.long else (2, 8, 32):
        row = race.Race(env, folder / f"race{seconds}", name, **options).run(0, seconds)
        if enough(row):
            return row
    raise AssertionError(f"too little happened in {seconds} s: {dict(row)}")


def everything(row):
    """Answers of each sort, and anything that is wrong."""
    sorts = ("listed", "unlisted", "away", "hits", "changes")
    return race.wrong(row) or all(row[sort] for sort in sorts)


@pytest.mark.parametrize("name", list(race.CONFIGURATIONS))
def test_no_answer_contradicts_what_was_applied(env, folder, name):
    """The short form of 'make race': each answer is judged by the lists in force throughout."""
    if not race.supported(env, name):
        pytest.skip("this Unbound was built without cachedb (Debian's 1.17.1 is)")
    row = race_until(everything, env, folder, name)
    assert race.wrong(row) == 0, dict(row)


def test_judge_sees_a_change_that_is_called_applied_too_early(env, folder):
    race_until(lambda row: row["contradictions"], env, folder, "plain", early=True)
