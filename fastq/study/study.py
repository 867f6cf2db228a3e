"""`Study`: what a directory of results is about, as it stands in its manifest.

Reading results needs neither the environment nor the agents. These may be the user's own code. It
may have changed since, or may not be at hand.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from fastq.base.errors import InputError
from fastq.base.validation import Count, Seed, Validated, not_allowed, shorten
from fastq.study.manifest_fields import Name, StoredCell, checked
from fastq.study.record import ALLOWED, COLUMNS, Record, as_plain, as_record
from fastq.study.sweep import Configuration, Sweep

Cell = float | int | str
"""What a table shows of a hyperparameter: a schedule as text."""
_Record = Annotated[
    Record,
    PlainValidator(as_record),
    PlainSerializer(as_plain),
    Field(description=ALLOWED),
    WithJsonSchema({"type": ["string", "object"], "description": ALLOWED}),
]


class Study(Validated):
    """The sweep that was last run over a directory, in plain words and numbers."""

    model_config = ConfigDict(extra="ignore")

    env: Name
    agents: Annotated[list[Name], Field(min_length=1, description="a list of names")]
    seed: Seed
    episodes: Count
    runs: Count
    record: _Record
    identity: Name
    """Digest of all that, besides a configuration's key and the run, decides what is recorded."""
    keys: Annotated[list[Name], Field(min_length=1, description="a list of keys")]
    """Of each configuration, in the sweep's order."""
    points: Annotated[
        list[dict[Name, StoredCell]],
        Field(description="a list of tables from names to numbers or words that can be printed"),
    ]
    """What varies between the configurations."""

    def check(self) -> None:
        """Refuse points that are none of these agents', or keys that name none or two of them."""
        if len(self.keys) != len(self.points):
            raise InputError("keys and points differ in number", field="keys")
        if len(set(self.keys)) < len(self.keys):
            raise InputError("keys: one is there twice", field="keys")
        several = len(self.agents) > 1
        names = set(self.points[0])
        for i, point in enumerate(self.points):
            if several != ("agent" in point) or not (several or set(point) == names) or not point:
                message = f"points[{i}] = {shorten(point)}: has other names than it must"
                raise InputError(message, field=f"points[{i}]", value=point)
            if several and point["agent"] not in self.agents:
                raise not_allowed(f"points[{i}].agent", point["agent"], "one of agents")
        taken = (set().union(*self.points) - {"agent"}) & COLUMNS
        if taken:
            message = f"points: {min(taken)} is the name of a column of the results"
            raise InputError(message, field="points")

    @classmethod
    def of(cls, sweep: Sweep) -> "Study":
        """Describe a sweep, which was checked when it was made."""
        return cls.model_construct(
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
        return checked(cls, stored)

    def to_manifest(self) -> dict[str, Any]:
        """Write the study in JSON's own types."""
        return self.model_dump()

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
