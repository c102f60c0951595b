"""Unbound's replay scenarios (testdata/*.rpl): the parts, and the expected answers.

A scenario is a text: lines of unbound.conf up to CONFIG_END, with files between TEMPFILE_CONTENTS
and TEMPFILE_END; RANGEs, the answers of authorities; and STEPs, the questions of clients and the
expected answers. The format stands in testcode/replay.h and testcode/testpkts.h of Unbound.
"""

import re
from dataclasses import dataclass, field

from harness.rpz import record, without_comment

SECTIONS = ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL")
STEP = re.compile(r"^\s*STEP\s+(\d+)\s+(\w+)\s*(.*)")
OUR_SOA = ". . 1 3600 600 86400 "
CODES = "NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN".split()


@dataclass
class Message:
    """An answer, or a question: the parts that can be compared."""

    rcode: str = "NOERROR"
    flags: set = field(default_factory=set)
    sections: dict = field(default_factory=lambda: {name: [] for name in SECTIONS})

    @property
    def question(self):
        return self.sections["QUESTION"][0][:2] if self.sections["QUESTION"] else None

    def brief(self):
        """The answer in a few words: response code or NODATA, TC, the records; then, in brackets,
        the other sections' but for the SOA that a rewritten negative answer of ours has."""
        records = sorted(f"{o} {t} {d}" for o, t, d in self.sections["ANSWER"])
        words = [self.rcode] if self.rcode != "NOERROR" or not records else []
        words = ["NODATA" if word == "NOERROR" else word for word in words]
        words = ["TC"] if "TC" in self.flags else words
        words += [] if "RA" in self.flags else ["no RA"]
        others = self.sections["AUTHORITY"] + self.sections["ADDITIONAL"]
        others = sorted(f"{o} {t} {d}" for o, t, d in others if d and not d.startswith(OUR_SOA))
        return "; ".join(words + records) + (f" [{'; '.join(others)}]" if others else "")


@dataclass
class Step:
    number: int
    kind: str
    rest: str
    line: int  # index of the first line in the body
    end: int = 0  # index behind the last line
    message: Message = None
    tcp: bool = False
    match: list = field(default_factory=list)

    @property
    def address(self):
        found = re.match(r"ADDRESS\s+(\S+)", self.rest)
        return found.group(1) if found else None


class Scenario:
    def __init__(self, path, text=None):
        self.name = path.stem
        self.text = path.read_text(errors="replace") if text is None else text
        lines = self.text.splitlines()
        end = next(i for i, line in enumerate(lines) if line.strip().startswith("CONFIG_END"))
        self.config = lines[:end]
        self.body = lines[end:]
        self.steps = list(self._steps())

    def _steps(self):
        at = 0
        while at < len(self.body):
            found = STEP.match(self.body[at])
            if found:
                step = Step(int(found.group(1)), found.group(2), found.group(3), at)
                at = step.end = self._entry(step, at + 1)
                yield step
            else:
                at += 1

    def _entry(self, step, at):
        """Read the step's entry, if any; returns the index behind the entry."""
        while at < len(self.body) and not without_comment(self.body[at]).strip():
            at += 1
        if at == len(self.body) or not self.body[at].strip().startswith("ENTRY_BEGIN"):
            return step.line + 1
        end = next(i for i in range(at, len(self.body)) if "ENTRY_END" in self.body[i])
        step.message, step.match = entry(self.body[at + 1 : end])
        step.tcp = "TCP" in step.match
        return end + 1

    def ranges(self):
        """Each authority's entry: (question, [records of the answer])."""
        inside = False
        for at, line in enumerate(self.body):
            inside = inside or line.strip().startswith("RANGE_BEGIN")
            inside = inside and not line.strip().startswith("RANGE_END")
            if inside and line.strip().startswith("ENTRY_BEGIN"):
                end = next(i for i in range(at, len(self.body)) if "ENTRY_END" in self.body[i])
                message = entry(self.body[at + 1 : end])[0]
                yield message.question, message.sections["ANSWER"]

    def clauses(self):
        """[(name, lines)] of the configuration; files stay under their names."""
        found = [("server", [])]
        for line in self.config:
            head = re.match(r"^\s*([a-z-]+):\s*([;#].*)?$", line)
            if head and head.group(1) not in ("zonefile", "auto-trust-anchor-file"):
                found.append((head.group(1), []))
            found[-1][1].append(line)
        return found


def entry(lines):
    """(message, words of MATCH) of the lines between ENTRY_BEGIN and ENTRY_END."""
    message, match, section, raw_data = Message(), [], None, False
    for raw in lines:
        line = without_comment(raw).strip()
        words = line.split()
        raw_data = (raw_data or "_BEGIN" in line) and "_END" not in line
        if not words or raw_data or words[0].startswith(("HEX_", "EXTRA_PACKET", "ADJUST")):
            continue
        if words[0] == "MATCH":
            match += words[1:]
        elif words[0] == "REPLY":
            message.rcode = next((w for w in words if w in CODES), message.rcode)
            message.flags |= {w for w in words[1:] if w not in CODES}
        elif words[0] == "SECTION":
            section = words[1]
        elif section in SECTIONS:
            message.sections[section].append(record(line))
    return message, match
