"""`FiniteMDP`: an environment as data, read-only tables of outcomes.

In state s, action a has K outcomes; outcome k comes with ``probability[s, a, k]``, leads to
``next_state[s, a, k]``, pays ``reward[s, a, k]``, and ends the episode where
``terminated[s, a, k]``. Termination belongs to the transition, not to the state. An episode starts
in state s with probability ``start[s]``. A time limit of ``max_steps`` truncates an episode, which
is not termination: it never cuts the bootstrap.

Source: Sutton & Barto, Reinforcement Learning (2nd edition), chapter 3.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastq.errors import InputError
from fastq.validation import shorten

DEFAULT_MAX_STEPS = 10_000

Outcome = tuple[float, int, float, bool]
"""What gymnasium's ``P[state][action]`` lists: probability, next state, reward, terminated."""


@dataclass(frozen=True)
class GridLayout:
    """How the states of a grid world lie: state = row * columns + column."""

    shape: tuple[int, int]
    """Rows and columns."""
    moves: tuple[tuple[int, int], ...]
    """For each action, the rows and columns it moves by."""
    start: int
    goal: int
    wind: tuple[int, ...] = ()
    """For each column, the rows it blows upward by; empty where there is none."""


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """A finite Markov decision process with S states, A actions and up to K outcomes each.

    Parameters
    ----------
    next_state : array of int32, shape (S, A, K)
    reward : array of float64, shape (S, A, K)
    probability : array of float64, shape (S, A, K)
        Sums to 1 over the last axis.
    terminated : array of bool, shape (S, A, K)
    start : array of float64, shape (S,)
        Sums to 1.
    max_steps : int
        The time limit of an episode, in steps.
    name : str
        For messages only.
    layout : GridLayout, optional
        Where the states lie on a grid, for pictures.

    Raises
    ------
    InputError
        Where the tables do not make an MDP.
    """

    next_state: NDArray[np.int32]
    reward: NDArray[np.float64]
    probability: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    start: NDArray[np.float64]
    max_steps: int = DEFAULT_MAX_STEPS
    name: str = "mdp"
    layout: GridLayout | None = None

    def __post_init__(self) -> None:
        for field, dtype in _TABLES.items():
            table = _as_table(field, getattr(self, field), dtype)
            object.__setattr__(self, field, table)
        _check(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy in another process is read-only again, and of the same type for the kernels.
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))

    @property
    def num_states(self) -> int:
        """S, the number of states."""
        return int(self.next_state.shape[0])

    @property
    def num_actions(self) -> int:
        """A, the number of actions in each state."""
        return int(self.next_state.shape[1])

    @property
    def num_outcomes(self) -> int:
        """K, the largest number of outcomes of a state and an action."""
        return int(self.next_state.shape[2])

    @functools.cached_property
    def deterministic(self) -> bool:
        """Whether neither the start nor any outcome is random, so that nothing is drawn."""
        return self.num_outcomes == 1 and np.count_nonzero(self.start) == 1

    @functools.cached_property
    def fingerprint(self) -> str:
        """Digest of the tables; where an outcome has probability 0, its other entries are moot."""
        digest = hashlib.sha256()
        possible = self.probability > 0
        for field in _TABLES:
            table = getattr(self, field)
            if table.shape == possible.shape:
                table = np.where(possible, table, np.zeros_like(table))
            digest.update(f"{field} {table.shape} {table.dtype.str}".encode())
            digest.update(table.tobytes())
        return digest.hexdigest()[:16]

    @classmethod
    def from_gymnasium(cls, env: Any, **kwargs: Any) -> "FiniteMDP":
        """Read the tables of a gymnasium environment that exposes ``unwrapped.P``.

        Parameters
        ----------
        env : str or gymnasium.Env
            An id to make, or an environment already made.
        **kwargs
            Passed to `gymnasium.make`, with an id only.

        Raises
        ------
        InputError
            For an unknown id, arguments that it does not take, or an environment that has no
            table ``P`` or no ``initial_state_distrib``.
        """
        made = _make(env, kwargs) if isinstance(env, str) else env
        bare = made.unwrapped
        name = made.spec.id if made.spec is not None else type(bare).__name__
        table, start = (getattr(bare, field, None) for field in ("P", "initial_state_distrib"))
        if table is None or start is None:
            missing = "P" if table is None else "initial_state_distrib"
            raise InputError(
                f"env = {name!r}: has no table unwrapped.{missing}; "
                "must be a finite MDP, as gymnasium's toy-text environments are"
            )
        limit = made.spec.max_episode_steps if made.spec is not None else None
        try:
            mdp = _from_outcomes(table, start, name)
        except (LookupError, TypeError, ValueError) as error:
            reason = shorten(str(error), 100)
            raise InputError(
                f"env = {name!r}: unwrapped.P makes no finite MDP ({reason})"
            ) from None
        return dataclasses.replace(
            mdp, max_steps=limit or DEFAULT_MAX_STEPS, layout=getattr(bare, "layout", None)
        )


_TABLES: Mapping[str, type] = {
    "next_state": np.int32,
    "reward": np.float64,
    "probability": np.float64,
    "terminated": np.bool_,
    "start": np.float64,
}


def _as_table(field: str, values: Any, dtype: type) -> NDArray[Any]:
    """Copy values into a read-only table, or say why they do not fit."""
    try:
        table: NDArray[Any] = np.array(values, dtype=dtype, order="C")
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{field} = {shorten(values)}: not a table of numbers ({error})") from None
    table.flags.writeable = False
    return table


def _check(mdp: FiniteMDP) -> None:
    """Raise `InputError` at the first place where the tables do not make an MDP."""
    shape = mdp.next_state.shape
    if len(shape) != 3 or 0 in shape:
        raise InputError(f"next_state has shape {shape}: must be (states, actions, outcomes)")
    for field in ("reward", "probability", "terminated"):
        if getattr(mdp, field).shape != shape:
            found = getattr(mdp, field).shape
            raise InputError(f"{field} has shape {found}: must be {shape}, as next_state has")
    if mdp.start.shape != shape[:1]:
        raise InputError(f"start has shape {mdp.start.shape}: must be {shape[:1]}")
    if mdp.max_steps < 1:
        raise InputError(f"max_steps = {mdp.max_steps}: must be an integer >= 1")
    _check_each(
        "next_state",
        mdp.next_state,
        (mdp.next_state >= 0) & (mdp.next_state < shape[0]),
        f"a state from 0 to {shape[0] - 1}",
    )
    _check_each("reward", mdp.reward, np.isfinite(mdp.reward), "finite")
    for field in ("probability", "start"):
        table = getattr(mdp, field)
        _check_each(field, table, (table >= 0) & (table <= 1), "in [0, 1]")
        total = table.sum(axis=-1, keepdims=True)
        _check_each(f"the sum of {field}", total, np.isclose(total, 1, rtol=0, atol=1e-9), "1")


def _check_each(field: str, table: NDArray[Any], good: NDArray[np.bool_], allowed: str) -> None:
    """Raise `InputError` naming the first entry of a table that is not good."""
    if not good.all():
        place = tuple(int(i) for i in np.argwhere(~good)[0])
        raise InputError(f"{field} at {place} = {table[place]}: must be {allowed}")


def _make(env_id: str, kwargs: Mapping[str, Any]) -> Any:
    """Make a registered environment, with errors of one line."""
    import gymnasium

    try:
        return gymnasium.make(env_id, **kwargs)
    except InputError:
        raise
    except (gymnasium.error.Error, ImportError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"env = {env_id!r}: must be registered with gymnasium ({reason})"
        ) from None
    except Exception as error:
        reason = " ".join(str(error).split())
        raise InputError(f"env_args = {dict(kwargs)!r}: refused by {env_id!r} ({reason})") from None


def _from_outcomes(
    table: Mapping[int, Mapping[int, Sequence[Outcome]]], start: Any, name: str
) -> FiniteMDP:
    """Build the tables from lists of outcomes, kept in their order and padded with improbable ones.

    The order matters: gymnasium draws an outcome by inverse CDF along the list.
    """
    num_states, num_actions = len(table), len(table[0])
    outcomes = [table[s][a] for s in range(num_states) for a in range(num_actions)]
    most = max(len(listed) for listed in outcomes)
    padded = [[*listed, *[(0.0, *listed[0][1:])] * (most - len(listed))] for listed in outcomes]
    probability, next_state, reward, terminated = (
        np.array([[outcome[i] for outcome in listed] for listed in padded]).reshape(
            num_states, num_actions, most
        )
        for i in range(4)
    )
    return FiniteMDP(next_state, reward, probability, terminated, start, name=name)
