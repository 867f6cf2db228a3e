"""`Study`: what a directory of results is about, as it stands in its manifest.

To read results takes neither the environment nor the agents, which may be code of one's own that
has changed since, or is not at hand.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from fastq.base.errors import InputError
from fastq.base.validation import shorten
from fastq.study.manifest_fields import check_study
from fastq.study.record import Record, as_plain, as_record
from fastq.study.sweep import Configuration, Sweep

Cell = float | int | str
"""What a table shows of a hyperparameter: a schedule as text."""


@dataclass(frozen=True)
class Study:
    """The sweep that was last run over a directory, in plain words and numbers."""

    env: str
    agents: list[str]
    seed: int
    episodes: int
    runs: int
    record: Record
    identity: str
    """Digest of all that, besides a configuration's key and the run, decides what is recorded."""
    keys: list[str]
    """Of each configuration, in the sweep's order."""
    points: list[dict[str, Cell]]
    """What varies between the configurations."""

    @classmethod
    def of(cls, sweep: Sweep) -> "Study":
        """Describe a sweep."""
        return cls(
            env=sweep.env_name,
            agents=[agent_type.name for agent_type in sweep.agents],
            seed=sweep.seed,
            episodes=sweep.episodes,
            runs=sweep.runs,
            record=sweep.recording,
            identity=_digest(identity_of(sweep)),
            keys=[configuration.key for configuration in sweep.configurations],
            points=[_cells(configuration) for configuration in sweep.configurations],
        )

    @classmethod
    def from_manifest(cls, stored: dict[str, Any]) -> "Study":
        """Read what `to_manifest` wrote.

        Raises
        ------
        InputError
            Naming the field that is damaged.
        """
        check_study(stored)
        try:
            record = as_record(stored.get("record"))
        except ValueError:
            raise InputError(f"record = {shorten(stored.get('record'))}") from None
        names = [field.name for field in fields(cls)]
        return cls(**{**{name: stored[name] for name in names}, "record": record})

    def to_manifest(self) -> dict[str, Any]:
        """Write the study in JSON's own types."""
        return {**asdict(self), "record": as_plain(self.record)}

    @property
    def num_configurations(self) -> int:
        """How many configurations there are."""
        return len(self.keys)

    @property
    def total(self) -> int:
        """How many runs there are, of all configurations."""
        return self.num_configurations * self.runs

    @property
    def names(self) -> list[str]:
        """The columns of what varies, in order: "agent" first, where there are several."""
        return list(dict.fromkeys(name for point in self.points for name in point))

    def __str__(self) -> str:
        return f"{', '.join(self.agents)} on {self.env}"


def describe(point: Mapping[str, Cell]) -> str:
    """Write hyperparameters for people."""
    return ", ".join(
        str(value)
        if name == "agent"
        else f"{name} = {value if isinstance(value, str) else format(value, 'g')}"
        for name, value in point.items()
    )


def identity_of(sweep: Sweep) -> dict[str, Any]:
    """List what the sweeps of one study have in common."""
    return {
        "environment": sweep.mdp.fingerprint,
        "seed": sweep.seed,
        "episodes": sweep.episodes,
        "max_steps": sweep.time_limit,
        "streams": sweep.streams,
        "record": sweep.record,
    }


def _digest(content: dict[str, Any]) -> str:
    """Sum up a dictionary."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _cells(configuration: Configuration) -> dict[str, Cell]:
    """Write a point with schedules as text."""
    return {
        name: value if isinstance(value, int | float | str) else str(value)
        for name, value in configuration.point.items()
    }
