"""All sub-commands of the command, as its --help names them, with their options. Without Redis."""

import functools
import re
import subprocess


@functools.cache
def said(cli, *words):
    """Standard output of the command, asked once in a test run."""
    return subprocess.run([cli, *words], capture_output=True, text=True, check=True).stdout


def commands_in(text):
    """The names in the section "Sub-commands:" of a help."""
    section = re.search(r"^Sub-commands:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  ([a-z-]+)  ", section[1], re.M) if section else []


@functools.cache
def all_commands(cli):
    """{path: text of --help}; the path () is the command itself."""
    found = {(): said(cli, "--help")}
    for name in commands_in(found[()]):
        found[name,] = said(cli, name, "--help")
        for sub in commands_in(found[name,]):
            found[name, sub] = said(cli, name, sub, "--help")
    return found


def options_of(cli, path):
    """Long options from the list of --usage, which argp makes of the option tables."""
    return set(re.findall(r"\[(--[a-z0-9-]+)", said(cli, *path, "--usage")))
