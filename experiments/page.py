"""RESULTS.md: a section for each experiment, of which any can be renewed by itself."""

import math
import os
import platform
import re
from pathlib import Path

import experiments
from experiments.claims import BASES, Claim, Found, Scale
from experiments.targets import TOLERANCES

_BASES = "\n".join(f"- {basis}: {meaning}." for basis, meaning in BASES.items())
_HEAD = f"""\
# Results

Written by `python -m experiments`; [README.md](README.md) says how. An interval is over runs, at
95 % confidence, each by itself; where there is none, the number is exact, or has none (the position
of a peak). A number is reproduced if its whole interval lies within the tolerance of what is
expected, and contradicted if none of it does. Else it is undecided.

What an expected number rests on:

{_BASES}
"""
_COLUMNS = (
    *("target", "claim", "rests on", "expected", "measured", "interval", "tolerance"),
    "verdict",
)


def write(page: Path, sections: dict[str, str]) -> None:
    """Write sections of experiments, and keep those of others."""
    old = page.read_text() if page.exists() else ""
    kept = {part.split("\n", 1)[0]: part for part in re.split(r"^## ", old, flags=re.M)[1:]}
    parts = {name: part.strip() + "\n" for name, part in {**kept, **sections}.items()}
    chosen = [parts[name] for name in experiments.NAMES if name in parts]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n## ".join([_HEAD, *chosen]))


def section(name: str, found: Found, scale: Scale) -> str:
    """Write what came of an experiment, from its name on."""
    lines = [name, "", experiments.source(name), "", _row(_COLUMNS)]
    lines += [_row(["---", "---", "---", *["---:"] * 4, "---"])]
    lines += [_row(_cells(claim)) for claim in found.claims]
    notes = {f"- {claim.target}: {claim.note}." for claim in found.claims if claim.note}
    targets = {claim.target: None for claim in found.claims}  # in order
    notes |= {f"- {one}, tolerance: {TOLERANCES[one]}." for one in targets if one in TOLERANCES}
    lines += ["", *sorted(notes), ""] if notes else [""]
    return "\n".join([*lines, f"{_work(scale)}\n\n![{name}](figures/{name}.png)\n"])


def _cells(claim: Claim) -> list[str]:
    """Write a claim as cells."""
    exact = math.isnan(claim.lower)
    interval = "" if exact else f"{claim.lower:.5g} to {claim.upper:.5g}"
    expected = f"above {claim.expected:.5g}" if claim.ordering else f"{claim.expected:.5g}"
    tolerance = f"{claim.tolerance:.3g}" if claim.tolerance else ""
    numbers = [expected, f"{claim.measured:.5g}", interval, tolerance]
    return [claim.target, claim.what, claim.basis, *numbers, claim.verdict]


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _work(scale: Scale) -> str:
    """Say how much was trained, and how long it took."""
    if not scale.work:
        return "Exact: nothing was trained."
    runs, steps, seconds, truncated = (sum(each) for each in zip(*scale.work, strict=True))
    where = f"{os.cpu_count()} cores ({platform.machine()})"
    cut = f"{truncated:,} episodes were" if truncated else "no episode was"
    trained = f"{runs:,} runs, {steps:,} steps, {seconds:,.1f} s of training on {where}"
    return f"{trained}; {cut} cut short by a time limit."
