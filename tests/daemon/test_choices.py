"""The harness's own choices.py: each file runs where the whole test run counts on it (D-125)."""

from pathlib import Path

import choices
import pytest

FILES = sorted(Path(__file__).parent.glob("test_*.py"))


@pytest.mark.parametrize("choice", choices.CHOICES)
@pytest.mark.parametrize("count", (1, 2, 3, 5, 100))
def test_shares_are_the_whole_choice(choice, count):
    shares = [choices.chosen(FILES, choice, f"{number}/{count}") for number in range(1, count + 1)]
    assert sorted(path for share in shares for path in share) == sorted(choices.chosen(FILES, choice))


def test_every_file_without_a_choice():
    assert choices.chosen(FILES) == set(FILES)


def test_new_file_meets_the_thread_sanitizer():
    new = Path("test_something_new.py")
    assert new in choices.chosen([*FILES, new], "threads")
    assert new not in choices.chosen([*FILES, new], "plain")


@pytest.mark.parametrize("choice, share", [
    ("thread", ""), ("", "0/2"), ("", "3/2"), ("", "2"), ("", "1/"), ("", "-1/2"), ("", "one/2"),
])  # fmt: skip
def test_wrong_words_are_named(choice, share):
    with pytest.raises(ValueError, match=choice or share):
        choices.chosen(FILES, choice, share)


def test_file_that_was_renamed_is_named():
    with pytest.raises(ValueError, match="reload"):
        choices.chosen([path for path in FILES if path.stem != "test_reload"])
