"""Running an instrumented module inside an Unbound that is not instrumented.

The runtime of the sanitizer is preloaded; reports go to files in the resolver's folder, and any
report fails the test. Nothing is suppressed. A report of lost memory names the caller of malloc()
rightly, and callers further out only as far as code has frame pointers, which Unbound and
libraries lack. `fast_unwind_on_malloc=0` among the options below gives all callers, and makes a
daemon test six times slower.

Two settings need a word:

  ignore_noninstrumented_modules  ThreadSanitizer sees Unbound's own memory accesses only where
      such accesses go through an intercepted function (memcpy, free), and the sanitizer does not
      see the atomics that order the accesses; so these accesses are not judged. Locks taken by
      Unbound still count as synchronization, and every access by our module is judged.
  module_maps()  Unbound closes the module before the leak check runs at exit, so that frames of
      ours have no name any more: the harness notes where the module was mapped and translates.
"""

import re
import subprocess

FRAME = re.compile(r"#\d+ 0x([0-9a-f]+)\s+\(<unknown module>\)")


def environment(runtime, folder):
    """Environment variables for a process that loads an instrumented module; {} without.

    runtime  shared libraries to preload, separated by spaces
    """
    if not runtime:
        return {}
    common = f"log_path={folder}/sanitizer:exitcode=99:halt_on_error=0"
    return {
        "LD_PRELOAD": ":".join(runtime.split()),
        "ASAN_OPTIONS": f"{common}:detect_leaks=1:malloc_context_size=12",
        "TSAN_OPTIONS": f"{common}:ignore_noninstrumented_modules=1:second_deadlock_stack=1",
        "UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
    }


def module_maps(pid, module):
    """Where the module is mapped now: {(start, end, file offset)}."""
    maps = set()
    try:
        lines = open(f"/proc/{pid}/maps", encoding="utf-8").read().splitlines()
    except OSError:
        return maps
    for line in lines:
        fields = line.split(None, 5)
        if len(fields) == 6 and fields[5] == str(module):
            start, end = (int(part, 16) for part in fields[0].split("-"))
            maps.add((start, end, int(fields[2], 16)))
    return maps


def reports(folder, module, maps):
    """Texts of all reports, with frames of the unloaded module named."""
    texts = [path.read_text(errors="replace") for path in sorted(folder.glob("sanitizer.*"))]
    return [_name_frames(text, module, maps) for text in texts if text.strip()]


def _name_frames(text, module, maps):
    addresses = {int(match, 16) for match in FRAME.findall(text)}
    for address in addresses:
        for start, end, offset in maps:
            if start <= address < end:
                words = subprocess.run(
                    ["addr2line", "-fpse", str(module), hex(address - start + offset)],
                    capture_output=True,
                    text=True,
                    check=False,
                ).stdout.strip()
                text = text.replace(f"0x{address:x}", f"0x{address:x} [{words}]")
    return text
