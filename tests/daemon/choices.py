"""Which daemon tests run in a job of the whole test run (D-125): CHOICE and SHARE.

CHOICE=all      every file (the default): with the address sanitizer
CHOICE=resolver all but the files that test the command alone: the command is the same program beside
                each Unbound, and the address sanitizer's run has all of its files
CHOICE=threads  for the thread sanitizer: files in which threads meet under load, at a change of
                lists, at a fault, at start or at the end
CHOICE=plain    for the Unbound that runs all files with the address sanitizer: files that depend on
                time or memory, which a sanitizer alters, or whose tests ask less of a sanitizer
SHARE=2/4       of the chosen files the second, the sixth, ...: four shares are the whole choice
"""

# Questions one after another, and lists that change only between two questions: tables of names,
# answers and policies. The threads that meet here meet in the other files as well. A file that is
# not named here is chosen: a new one runs until somebody knows that it need not.
ONE_AFTER_ANOTHER = {
    "abi", "acl", "bad_input", "carbanak", "chains", "choices", "clients", "dead", "dnssec", "ede",
    "every_question", "evidence", "feed_to_answer", "functions", "groups", "holders", "interplay_answers",
    "interplay_dns64", "interplay_server", "interplay_triggers", "list_forms", "makers",
    "many_lists", "peers", "pivot", "policy", "ptr", "servers", "server_names", "stages",
    "structured", "sweep", "thousand_lists", "triggers", "types", "upstream", "waiting", "watching",
    "whole_run",
}  # fmt: skip

# abi: the layout that the compiler made; the others: time between threads, or memory of a process.
TIME_AND_MEMORY = {
    "abi", "actions", "cache", "command", "differential", "drop", "race", "reload", "soak", "start",
    "stores", "waiting_clients",
}  # fmt: skip


def _of_command(word):
    """Whether a file tests the command alone, a program of one thread."""
    return word == "cli" or word.startswith("cli_")


CHOICES = {
    "all": lambda word: True,
    "resolver": lambda word: not _of_command(word),
    "threads": lambda word: word not in ONE_AFTER_ANOTHER and not _of_command(word),
    "plain": lambda word: word in TIME_AND_MEMORY,
}


def chosen(files, choice="", share=""):
    """The paths among files that run in this job. An unknown choice, a share that is no share, or a
    name above without its file raises ValueError."""
    words = {path: path.stem.removeprefix("test_") for path in sorted(files)}
    if choice and choice not in CHOICES:
        raise ValueError(f"CHOICE={choice}: it is one of {', '.join(CHOICES)}")
    number, _, count = (share or "1/1").partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise ValueError(f"SHARE={share}: it is as 2/4")
    lost = (ONE_AFTER_ANOTHER | TIME_AND_MEMORY) - set(words.values())
    if lost:
        raise ValueError(f"choices.py names files that do not exist: {', '.join(sorted(lost))}")
    picked = [path for path, word in words.items() if CHOICES[choice or "all"](word)]
    return set(picked[int(number) - 1 :: int(count)])
