"""The harness's own until(): an absent thing is waited for, with any exception of the look."""

import json
from pathlib import Path

import pytest
import redis
from harness.wait import until

ABSENT = [
    ("a field", lambda: {}["count"]),
    ("an entry", lambda: [][0]),
    ("a match", lambda: next(iter(()))),
    ("a number", lambda: int("")),
    ("a missing number", lambda: int(None)),
    ("half a text", lambda: json.loads('{"count": ')),
    ("an attribute", lambda: None.rcode),
    ("a file", lambda: Path("/nonexistent/file").read_text(encoding="utf-8")),
    ("a server", lambda: redis.Redis(unix_socket_path="/nonexistent/socket").ping()),
]
AS_IDS = [name for name, _ in ABSENT]


@pytest.mark.parametrize("look", [look for _, look in ABSENT], ids=AS_IDS)
def test_what_is_absent_at_first_is_waited_for(look):
    looks = []

    def third_time():
        looks.append(1)
        return look() if len(looks) < 3 else "there"

    assert until(third_time, "the third look") == "there"


@pytest.mark.parametrize("look", [look for _, look in ABSENT], ids=AS_IDS)
def test_what_stays_absent_is_named_with_its_exception(look):
    with pytest.raises(AssertionError, match="for the thing; the last look raised") as failure:
        until(look, "the thing", deadline=0.03)
    assert repr(failure.value.__cause__) in str(failure.value)


def test_the_last_value_is_named():
    with pytest.raises(AssertionError, match=r"for words; the last look returned \[\]"):
        until(list, lambda: "words", deadline=0.03)


def test_words_that_cannot_be_had_do_not_hide_the_failure():
    with pytest.raises(AssertionError, match="the last look returned False"):
        until(lambda: False, lambda: {}["words"], deadline=0.03)


def test_what_can_never_come_fails_at_once():
    looks = []

    def ended():
        looks.append(1)
        raise AssertionError("the server ended")

    with pytest.raises(AssertionError, match="the server ended"):
        until(ended, "the server")
    assert len(looks) == 1
