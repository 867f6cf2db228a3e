"""What makes tables an MDP; each error names the first entry that is wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.base.errors import InputError
from fastq.base.text import LONGEST, is_name
from fastq.base.validation import check_arguments, not_allowed
from fastq.mdp.arrays import check_distributions, check_each, check_shape
from fastq.mdp.grid_layout import GridLayout


def check_tables(tables: Mapping[str, NDArray[Any]], start: NDArray[np.float64]) -> None:
    """Check outcome tables of shape (S, A, K) by their names, and a start of shape (S,).

    Raises
    ------
    InputError
        Naming the first entry that makes no MDP.
    """
    next_state = tables["next_state"]
    shape = next_state.shape
    if len(shape) != 3 or 0 in shape:
        allowed = "(states, actions, outcomes)"
        message = f"next_state has shape {shape}: must be {allowed}"
        raise InputError(message, field="next_state", value=shape, allowed=allowed)
    for field, table in tables.items():
        check_shape(field, table, [shape if field != "start" else shape[:1]])
    good = (next_state >= 0) & (next_state < shape[0])
    check_each("next_state", next_state, good, f"a state from 0 to {shape[0] - 1}")
    check_each("reward", tables["reward"], np.isfinite(tables["reward"]), "finite")
    check_distributions("probability", tables["probability"])
    check_distributions("start", start)
    sd = tables.get("reward_sd")
    if sd is not None:
        check_each("reward_sd", sd, np.isfinite(sd) & (sd >= 0), "finite and >= 0")
    over = _over(tables)
    check_each(
        "start", start, ~(over & (start > 0)), "0 in a state that only ends, pays 0 and stays"
    )


def check_about(name: Any, max_steps: Any, layout: Any, shape: tuple[int, ...]) -> None:
    """Check what an MDP of a shape (S, A, K) carries besides its tables."""
    check_arguments(max_steps=max_steps)
    if not is_name(name):
        allowed = f"a string that can be printed, of up to {LONGEST} letters"
        raise not_allowed("name", name, allowed)
    if layout is None:
        return
    if not isinstance(layout, GridLayout):
        raise not_allowed("layout", layout, "a GridLayout")
    found = (layout.shape[0] * layout.shape[1], len(layout.moves))
    if found != shape[:2]:
        raise InputError(
            f"layout has {found[0]} cells and {found[1]} moves: "
            f"must have {shape[0]} and {shape[1]}",
            field="layout",
            value=layout,
        )


def _over(tables: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Find the states whose every possible outcome stays, ends the episode and pays exactly 0."""
    states = np.arange(len(tables["next_state"]))[:, None, None]
    idle = tables["terminated"] & (tables["next_state"] == states) & (tables["reward"] == 0)
    if "reward_sd" in tables:
        idle &= tables["reward_sd"] == 0
    over: NDArray[np.bool_] = (idle | (tables["probability"] == 0)).all(axis=(1, 2))
    return over
