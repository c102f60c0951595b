"""All sub-commands of the command, as its --help names them, with their options."""

import re


def help_of(sw, path):
    return sw(*path, "--help")


def commands_in(text):
    """The names in the section "Sub-commands:" of a help."""
    section = re.search(r"^Sub-commands:\n((?:  .*\n)+)", text, re.M)
    return re.findall(r"^  ([a-z-]+)  ", section[1], re.M) if section else []


def all_commands(sw):
    """{path: text of --help}; the path () is the command itself."""
    found = {(): help_of(sw, ())}
    for name in commands_in(found[()]):
        found[name,] = help_of(sw, (name,))
        for sub in commands_in(found[name,]):
            found[name, sub] = help_of(sw, (name, sub))
    return found


def options_of(sw, path):
    """Long options from the list of --usage, which argp makes of the option tables."""
    return set(re.findall(r"\[(--[a-z0-9-]+)", sw(*path, "--usage")))
