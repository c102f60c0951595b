"""Completion in bash, zsh and fish: each offers what the option tables of the command have. D-180."""

import os
import re
import shlex
import shutil
import subprocess

import pytest
from cli_rig import ROOT
from command_words import all_commands, commands_in, options_of
from harness.wait import until

FOLDER = ROOT / "conf/completion"
# `sinkwatch` is a function that prints a kept help; the words of the command name the file.
HELPED = {
    "bash": 'sinkwatch() { local IFS=_; set -- help "${@%--help}"; echo "$(<"$HELP/$*")"; }',
    "zsh": 'sinkwatch() { set -- help "${(@)@%--help}"; echo -E "$(<"$HELP/${(j:_:)@}")" }',
    "fish": "function sinkwatch; cat $HELP/(string join _ -- help $argv | string replace -r -- '--help$' ''); end",
}
# Each prints the words that are offered, a line each, and then a line "."; {words} end with the word
# to complete.
ASK = {
    "bash": "COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _sinkwatch; "
            "printf '%s\\n' \"${{COMPREPLY[@]}}\" .",
    "zsh": "words=({words}); CURRENT=$#words; PREFIX=$words[-1]; _sinkwatch; echo .",
    "fish": "complete -C {line}; echo .",
}  # fmt: skip
BEGIN = {
    "bash": f"source {FOLDER}/sinkwatch.bash",
    # The functions of zsh's own completion system, without a terminal.
    "zsh": "_describe() { print -l -- ${${(P)2}%%:*} }; compadd() { shift; print -l -- $@ }; _files() { }; "
           f"CURRENT=2; words=(sinkwatch ''); PREFIX=; source {FOLDER}/_sinkwatch >/dev/null",
    "fish": f"source {FOLDER}/sinkwatch.fish",
}  # fmt: skip


@pytest.fixture
def helped(env, folder):
    """All sub-commands, and a folder with their helps for the functions above."""
    texts = all_commands(env.cli)
    for path, text in texts.items():
        (folder / "_".join(["help", *path, ""])).write_text(text)
    return texts, folder


def offers(shell, lines, before, folder):
    """For each line, the words that a shell offers for the last word; a space at the end: an empty word."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed: scripts/setup installs it")
    script = [before, BEGIN[shell]]
    for line in lines:
        words = shlex.join(line.split(" "))
        script.append(ASK[shell].format(words=words, line=shlex.quote(line)))
    plain = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}[shell]
    done = subprocess.run(
        [*plain, "-c", "\n".join(script)], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "HELP": str(folder), "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.stderr == "", done.stderr
    answers = done.stdout.split("\n.\n")
    assert len(answers) == len(lines) + 1 and not answers[-1].strip(), done.stdout
    return [[word.split("\t")[0] for word in text.splitlines() if word and word != "."] for text in answers[:-1]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_sub_command_and_option_is_offered(env, helped, shell):
    texts, folder = helped
    assert len(texts) > 30
    paths = sorted(texts)
    lines = [" ".join(["sinkwatch", *path, "--"]) for path in paths]
    groups = [path for path in paths if commands_in(texts[path])]
    lines += [" ".join(["sinkwatch", *path, ""]) for path in groups]
    found = offers(shell, lines, HELPED[shell], folder)
    for path, words in zip(paths, found):
        assert set(words) == options_of(env.cli, path), path
    for path, words in zip(groups, found[len(paths) :]):
        assert set(commands_in(texts[path])) == set(words), path


def test_the_code_has_no_other_sub_commands(env):
    """The tables of the code against the sections of --help."""
    code = "".join(path.read_text() for path in (ROOT / "module/cli").rglob("*.c"))
    tables = re.findall(r"struct cli_command commands\[\] = \{\n(.*?)\{0\}", code, re.S)
    assert len(tables) > 3
    named = [name for table in tables for name in re.findall(r'\{"([a-z]+)",', table)]
    assert sorted(named) == sorted(path[-1] for path in all_commands(env.cli) if path)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_words_in_between_change_nothing(helped, shell):
    """Values of options are no sub-commands; options may stand anywhere."""
    lines = ["sinkwatch --json list set --no-color --", "sinkwatch --host add list set --",
             "sinkwatch -c add list --socket drop set --", "sinkwatch -c add --", "sinkwatch --config list --"]  # fmt: skip
    long, *same, short, alone = offers(shell, lines, HELPED[shell], helped[1])
    assert {"--action", "--wait", "--json"} <= set(long) and "--yes" not in long
    assert all(sorted(words) == sorted(long) for words in same)
    assert "--facts" not in short and sorted(short) == sorted(alone)


BASH_WORDS = [
    ("sinkwatch che", "check"),
    ("sinkwatch --json list se", "set"),
    ("sinkwatch list set x --act", "--action"),
    ("sinkwatch list set x --action sink", "sinkhole"),
    ("sinkwatch import --for", "--format"),
    ("sinkwatch feed pa", "pause"),
    ("sinkwatch feed add x --st", "--stale-after"),
    ("sinkwatch feed run --da", "--daemon"),
    ("sinkwatch help feed ru", "run"),
    ("sinkwatch metrics --format open", "openmetrics"),
    # As bash takes --option=value apart.
    ("sinkwatch --config = /etc/a/b list set x --act", "--action"),
    ("sinkwatch list set x --action =", "sinkhole"),
    ("sinkwatch list set x --action = si", "sinkhole"),
    ("sinkwatch --socket /x/y&z\\1 li", "list"),
]


def names_in(path, start):
    """The names in a table of the code: [SW_...] = "name" or {"name", ...}, from a line on."""
    text = (ROOT / "module" / path).read_text().split(start, 1)[1].split("};", 1)[0]
    return re.findall(r'\[SW_\w+\] = \{?"([^"]+)"', text)


BASH_VALUES = [
    ("sinkwatch import --format ", "formats/formats.c", "formats[SW_FORMAT_COUNT]"),
    ("sinkwatch list set x --kind ", "base/policy_names.c", "kind_names[SW_KIND_COUNT]"),
    ("sinkwatch list set x --action ", "base/policy_names.c", "action_names[SW_ACTION_COUNT]"),
    ("sinkwatch list set x --trigger ", "base/policy_names.c", "trigger_names[SW_TRIGGER_COUNT]"),
]


def test_bash_completes_words_and_values(helped):
    folder = helped[1]
    lines = [line for line, *_ in BASH_WORDS + BASH_VALUES]
    found = offers("bash", lines, HELPED["bash"], folder)
    for (line, wanted), words in zip(BASH_WORDS, found):
        assert wanted in words, (line, words)
    for (line, path, start), words in zip(BASH_VALUES, found[len(BASH_WORDS) :]):
        assert len(names_in(path, start)) > 4
        assert sorted(words) == sorted(names_in(path, start)), line


def test_bash_offers_the_names_of_lists(helped):
    lists = HELPED["bash"].replace("{ ", """{ [[ $* == *--help ]] || { printf '{"name":"%s"}\\n' one two '$(touch $HELP/ran)' 'a;b'; return; }; """, 1)
    lists += """; timeout() { "${@:2}"; }"""
    commands = ["list show", "list set", "list drop", "add", "remove", "import", "rollback"]
    for words in offers("bash", [f"sinkwatch {command} " for command in commands], lists, helped[1]):
        assert words == ["one", "two"]
    assert not (helped[1] / "ran").exists()


def test_bash_quotes_the_names_of_files(helped):
    """A name is one word of the line, and no text for the shell: completed in a terminal, and run."""
    folder = helped[1]
    files = folder / "files"
    files.mkdir()
    name = "iocs;touch ran;$(touch ran)"
    (files / name).write_text("")
    begin = folder / "begin"
    run = HELPED["bash"].replace("{ ", '{ [[ $* == *--help ]] || { printf "%s\\n" "$@" >$HELP/words; return; }; ', 1)
    begin.write_text(f"PS1='ready> '\n{run}\n{BEGIN['bash']}\ncd {files}\n")
    master, slave = os.openpty()
    shell = subprocess.Popen(
        ["bash", "--rcfile", begin, "-i"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "HELP": str(folder), "LC_ALL": "C.UTF-8", "TERM": "dumb"},
    )  # fmt: skip
    os.close(slave)
    os.set_blocking(master, False)
    said = bytearray()

    def ready():
        said.extend(os.read(master, 65536))
        return b"ready> " in said

    try:
        until(ready, lambda: f"a prompt: {said}")
        os.write(master, b"sinkwatch checkconf ioc\t\n")
        words = until(lambda: (folder / "words").read_text(), lambda: f"the command: {said}")
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
    assert words == f"checkconf\n{name}\n" and not (files / "ran").exists()
