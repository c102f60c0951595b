"""A module that was built for another Unbound than the loading Unbound refuses, and logs the
reason."""

import shlex
import subprocess

import pytest
from harness.environment import ROOT


def refusal(make_resolver, shared_redis, module):
    """The log of Unbound that ends at start, in order and because of the module."""
    resolver = make_resolver(shared_redis, start=False, options={"module": module})
    resolver.launch()
    assert resolver.process.wait("to refuse", deadline=10) > 0  # no signal
    log = resolver.log()
    resolver.process = None
    assert "sinkwatch" in log
    assert "build sinkwatch.so against" in log
    return log


def test_another_version(env, make_resolver, shared_redis):
    others = env.other_modules()
    if not others:
        pytest.skip(f"{env.build} has no module for another Unbound than {env.unbound_version()}")
    for version, module in others.items():
        log = refusal(make_resolver, shared_redis, module)
        for word in (f"Unbound {env.unbound_version()}", f"for {version}"):
            assert word in log


CONSTANTS = {
    "options": (b"--with-dynlibmodule", b"--with-dynlibmodulf", "configured with other options"),
    "symbol": (b"subnetmod_get_funcblock", b"subnetmod_get_funcblocj", "without --enable-subnet"),
}


@pytest.mark.parametrize("kind", CONSTANTS)
def test_other_options(env, make_resolver, shared_redis, folder, kind):
    """The values that the module compares with the program, changed in the module."""
    wanted, other, words = CONSTANTS[kind]
    content = env.module.read_bytes()
    assert wanted in content
    module = folder / "sinkwatch.so"
    module.write_bytes(content.replace(wanted, other))
    assert words in refusal(make_resolver, shared_redis, module)


# Text put before a line of a header of Unbound.
LAYOUTS = {
    "modinfo": ("util/module.h", "\tvoid* modinfo[", "void* trial[64];", "modinfo["),
    "callbacks": (
        "util/module.h",
        "\tstruct inplace_cb* inplace_cb_lists[",
        "void* trial[64];",
        "the callback lists of this Unbound",
    ),
    "settings": (
        "util/config_file.h",
        "\tint verbosity;",
        "int trial[3];",
        "the settings of this Unbound",
    ),
}


def build_commands():
    """The two commands that compile host/abi.c and link the module, the same as make's."""
    done = subprocess.run(
        ["make", "-n", "V=1", "-W", "module/host/abi.c", "module"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.replace("\\\n", " ").splitlines()
    (compile_,) = [shlex.split(line) for line in lines if line.endswith("module/host/abi.c")]
    (link,) = [shlex.split(line) for line in lines if " -shared " in line]
    return compile_, link


def output_of(command):
    return command[command.index("-o") + 1]


@pytest.mark.parametrize("kind", LAYOUTS)
def test_another_layout(make_resolver, shared_redis, folder, kind):
    """Version and options agree, but a structure is not where the module's headers have the
    structure."""
    header, before, member, words = LAYOUTS[kind]
    compile_, link = build_commands()
    source = ROOT / compile_[len(compile_) - 1 - compile_[::-1].index("-isystem") + 1]
    text = (source / header).read_text()
    assert text.count(before) == 1
    changed = folder / header
    changed.parent.mkdir()
    changed.write_text(text.replace(before, f"\t{member}\n{before}"))
    former, module = output_of(compile_), folder / "sinkwatch.so"
    ours = {former: folder / "abi.o", output_of(link): module}
    first = compile_.index("-isystem")  # the compiler's name may be several words
    compile_[first:first] = ["-isystem", folder]
    for command in (compile_, link):
        subprocess.run([str(ours.get(word, word)) for word in command], cwd=ROOT, check=True)
    assert words in refusal(make_resolver, shared_redis, module)
