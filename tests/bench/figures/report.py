"""The output: a table for people, a JSON object per figure for everything else."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

# Goals of module and resolver, from the design: (of the ratio or the value, limit).
REACH = {
    "clean_cached": ("ratio", 1.01),
    "clean_resolved": ("ratio", 1.02),
    "clean_resolved_memory": ("ratio", 1.02),
    "blocked_vs_cached": ("ratio", 1.15),
    "blocked_vs_rpz": ("ratio", 0.65),
    "load_redis_1m_s": ("value", 2.0),
    "update_name_p99_ms": ("value", 10.0),
    "update_sweep_p99_ms": ("value", 1000.0),
    "stall_sweep_ms": ("value", 5.0),
    "stall_replace_ms": ("value", 5.0),
    "replace_peak_ratio": ("value", 1.5),
}
AT_LEAST = {"sweep_names_per_s": 5000}


@dataclass
class Figure:
    name: str
    value: float
    unit: str
    n: int
    baseline: float | None = None
    ratio: float | None = None
    words: str = ""  # conditions and spread, for people

    def verdict(self):
        """Limit and result, in words; empty where there is none."""
        if self.name in AT_LEAST:
            limit = AT_LEAST[self.name]
            return f">= {limit:g} {'yes' if self.value >= limit else 'NO'}"
        if self.name not in REACH:
            return ""
        what, limit = REACH[self.name]
        have = getattr(self, what)
        return f"<= {limit:g} {'yes' if have <= limit else 'NO'}"

    def as_json(self, form):
        fields = {"name": self.name, "value": round(self.value, 4), "unit": self.unit}
        if self.baseline is not None:
            fields |= {"baseline": round(self.baseline, 4), "ratio": round(self.ratio, 4)}
        return json.dumps({**fields, "n": self.n, "form": form, "with": self.words})


class Report:
    """Prints rows at once and keeps the rows for the table at the end."""

    def __init__(self, root, form):
        self.form = form
        self.path = Path(os.environ.get("SINKWATCH_BENCH") or root / "build" / "bench.jsonl")
        self.figures = []

    def say(self, words):
        print(f"  {words}", flush=True)

    def add(self, figure):
        self.figures.append(figure)
        self.say(f"{figure.name}: {figure.value:.3f} {figure.unit} {figure.words}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(figure.as_json(self.form) + "\n")

    def table(self):
        row = "{:<26}{:>9} {:<4}{:>9}{:>7}  {:<12}{:>5}  {}"
        print(row.format("figure", "value", "", "baseline", "ratio", "reach", "n", "with"))
        for f in self.figures:
            baseline = "" if f.baseline is None else f"{f.baseline:.2f}"
            ratio = "" if f.ratio is None else f"{f.ratio:.3f}"
            value = f"{f.value:.2f}"
            line = row.format(f.name, value, f.unit, baseline, ratio, f.verdict(), f.n, f.words)
            print(line.rstrip())


def median(values):
    """The middle value; of an even number the mean of the middle two."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def certain(values):
    """Between which values the median lies with 95 %: 1.96 standard deviations of a rank."""
    ordered = sorted(values)
    n = len(ordered)
    low = round(n / 2 - 0.98 * n**0.5)
    if low < 1:
        return ""
    return f"95 % in {ordered[low - 1]:.3f}..{ordered[n - low]:.3f}, "


def percentile(values, percent):
    """Nearest rank: the smallest value that percent of all do not exceed."""
    ordered = sorted(values)
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(0, int(rank) - 1)]


def spread(values):
    return f"{min(values):.2f}..{max(values):.2f}"
