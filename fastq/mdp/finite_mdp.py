"""`FiniteMDP`: an environment as data, read-only tables of outcomes.

In state s, action a has K outcomes; outcome k comes with ``probability[s, a, k]``, leads to
``next_state[s, a, k]``, pays ``reward[s, a, k]``, and ends the episode where
``terminated[s, a, k]``. Termination belongs to the transition, not to the state. An episode starts
in state s with probability ``start[s]``. A time limit of ``max_steps`` truncates an episode, which
is not termination: it never cuts the bootstrap.

A reward may be normal: `reward` is then its mean and ``reward_sd[s, a, k] > 0`` its standard
deviation. After the outcome, one further uniform u is drawn from the environment's stream, and the
reward is ``statistics.NormalDist(mean, sd).inv_cdf(max(u, 2**-54))``.

Source: Sutton & Barto, Reinforcement Learning (2nd edition), chapter 3.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastq.base import archive
from fastq.base.errors import InputError
from fastq.base.validation import not_allowed, shorten
from fastq.mdp import from_gymnasium
from fastq.mdp.arrays import read_only
from fastq.mdp.checks import check_about, check_tables
from fastq.mdp.from_arrays import from_dense
from fastq.mdp.from_lists import from_lists
from fastq.mdp.grid_layout import GridLayout, from_json
from fastq.mdp.outcomes import Lists, Tables, to_lists

if TYPE_CHECKING:
    from fastq.mdp.tabular_env import TabularEnv

DEFAULT_MAX_STEPS = 10_000


@dataclass(frozen=True, eq=False)
class FiniteMDP:
    """A finite Markov decision process with S states, A actions and up to K outcomes each.

    Parameters
    ----------
    next_state : array of int32, shape (S, A, K)
    reward : array of float64, shape (S, A, K)
        The rewards; their means, where they are random.
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
    reward_sd : array of float64, shape (S, A, K), optional
        Standard deviations of normal rewards; None where every reward is a number.

    Raises
    ------
    InputError
        Where the tables do not make an MDP, or an episode could start where it is over: in a state
        that only leads to itself, terminated, and pays 0.
    """

    next_state: NDArray[np.int32]
    reward: NDArray[np.float64]
    probability: NDArray[np.float64]
    terminated: NDArray[np.bool_]
    start: NDArray[np.float64]
    max_steps: int = DEFAULT_MAX_STEPS
    name: str = "mdp"
    layout: GridLayout | None = None
    reward_sd: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for field, dtype in _TABLES.items():
            if getattr(self, field) is not None:
                table = read_only(field, getattr(self, field), dtype)
                object.__setattr__(self, field, table)
        check_tables(self._tables(), self.start)
        check_about(self.name, self.max_steps, self.layout, self.next_state.shape)
        object.__setattr__(self, "max_steps", int(self.max_steps))
        if self.reward_sd is not None and not self.reward_sd[self.probability > 0].any():
            object.__setattr__(self, "reward_sd", None)

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy in another process is read-only again, and of the same type for the kernels.
        return type(self), tuple(getattr(self, field.name) for field in dataclasses.fields(self))

    def __repr__(self) -> str:
        size = "states x actions x outcomes = {} x {} x {}".format(*self.next_state.shape)
        return f"FiniteMDP({shorten(self.name)}: {size}, step limit {self.max_steps:,})"

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
        """Whether neither the start nor any outcome is random, so that neither is drawn."""
        return self.num_outcomes == 1 and np.count_nonzero(self.start) == 1

    @functools.cached_property
    def fingerprint(self) -> str:
        """Digest of the tables; where an outcome has probability 0, its other entries are moot."""
        digest = hashlib.sha256()
        possible = self.probability > 0
        for field, table in self._tables().items():
            if table.shape == possible.shape:
                table = np.where(possible, table, np.zeros_like(table))  # noqa: PLW2901
            digest.update(f"{field} {table.shape} {table.dtype.str}".encode())
            digest.update(table.tobytes())
        return digest.hexdigest()[:16]

    @classmethod
    def from_arrays(
        cls,
        transitions: Any,
        rewards: Any = None,
        *,
        start: Any = 0,
        terminal: Any = (),
        reward_sd: Any = None,
        max_steps: int = DEFAULT_MAX_STEPS,
        name: str = "mdp",
        layout: GridLayout | None = None,
    ) -> "FiniteMDP":
        """Build an MDP from the probability of each next state, or from lists of outcomes.

        Parameters
        ----------
        transitions : array, shape (S, A, S), or nested lists
            Probabilities of the next state; or, with `rewards` left out, in
            ``transitions[state][action]`` a list of outcomes (probability, next state, reward,
            terminated), where a reward may be a `statistics.NormalDist`.
        rewards : array, shape (S,), (S, A) or (S, A, S), optional
            What is paid for an action in a state; for a state and an action; for a transition.
        start : int or array, shape (S,)
            A state, or a distribution over the states.
        terminal : sequence of int
            The states whose entering ends the episode; with arrays only.
        reward_sd : array, shape as allowed for `rewards`, or float, optional
            Standard deviations of normal rewards; with arrays only.
        max_steps, name, layout
            As in `FiniteMDP`.

        Returns
        -------
        FiniteMDP
            With K the largest number of possible next states. A state that has none becomes a loop
            that ends the episode and pays 0, if no episode goes on from there.

        Raises
        ------
        InputError
            Naming the first place where the input makes no MDP.
        """
        if rewards is None:
            for field, value in (("terminal", terminal), ("reward_sd", reward_sd)):
                if np.size(value) and value is not None:
                    allowed = "left out with lists of outcomes, which say it themselves"
                    raise not_allowed(field, value, allowed)
            tables, initial = from_lists("transitions", transitions, start)
        else:
            tables, initial = from_dense(transitions, rewards, reward_sd, terminal, start)
        return cls(**tables._asdict(), start=initial, max_steps=max_steps, name=name, layout=layout)

    @classmethod
    def from_gymnasium(cls, env: Any, /, **kwargs: Any) -> "FiniteMDP":
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
            table ``P`` or no ``initial_state_distrib``, or whose dynamics they do not tell: Taxi's
            fickle passenger hides a part of the state, some wrappers change what is seen or paid.
        """
        found = from_gymnasium.read(env, kwargs)
        try:
            tables, initial = from_lists("P", found.outcomes, found.start)
            return cls(
                **tables._asdict(),
                start=initial,
                max_steps=found.max_steps or DEFAULT_MAX_STEPS,
                name=found.name,
                layout=found.layout,
            )
        except InputError as error:
            message = f"env = {found.name!r}: unwrapped.P makes no finite MDP ({error})"
            raise InputError(message, field="env", value=found.name) from None

    def to_gymnasium(self) -> "TabularEnv":
        """Give the MDP as a gymnasium environment, which truncates after `max_steps` by itself.

        Returns
        -------
        TabularEnv
            From which `from_gymnasium` reads this MDP again.
        """
        from gymnasium.envs.registration import EnvSpec

        from fastq.mdp.tabular_env import TabularEnv

        env = TabularEnv(
            self.outcome_lists(),
            self.start,
            layout=self.layout,
            max_steps=self.max_steps,
            name=self.name,
        )
        env.spec = EnvSpec("fastq/FiniteMDP-v0", entry_point=self.to_gymnasium)  # type: ignore[arg-type]
        return env

    def outcome_lists(self) -> Lists:
        """List the outcomes as gymnasium's ``P`` does.

        Returns
        -------
        dict
            ``[state][action]`` is a list of (probability, next state, reward, terminated). A normal
            reward is a `statistics.NormalDist`.
        """
        sd = np.zeros_like(self.reward) if self.reward_sd is None else self.reward_sd
        return to_lists(Tables(self.next_state, self.reward, self.probability, self.terminated, sd))

    def save(self, path: archive.Place) -> None:
        """Write the MDP as ``.npz``, which `load` reads; a path's file is whole or not there.

        Raises
        ------
        InputError
            Where the folder does not exist.
        """
        layout = None if self.layout is None else self.layout.model_dump()
        about = {"name": self.name, "max_steps": self.max_steps, "layout": layout}
        archive.write(path, self._tables(), {**about, "fingerprint": self.fingerprint})

    @classmethod
    def load(cls, path: archive.Place) -> "FiniteMDP":
        """Read an MDP that `save` wrote.

        Raises
        ------
        InputError
            Where there is no such file, or it is damaged or another.
        """
        kind = "an MDP that save() wrote"
        tables, about = archive.read(path, kind)
        try:
            layout = None if about["layout"] is None else from_json(about["layout"])
            max_steps, name = about["max_steps"], about["name"]
            mdp = cls(**tables, max_steps=max_steps, name=name, layout=layout)
            if mdp.fingerprint != about["fingerprint"]:
                raise ValueError("its tables are not those that were written")
            return mdp
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            reason = shorten(str(error), 100)
            message = f"path = {str(path)!r}: must be {kind} ({reason})"
            raise InputError(message, field="path", value=path, allowed=kind) from None

    def _tables(self) -> dict[str, NDArray[Any]]:
        """Give the tables that there are, by their names."""
        found = {field: getattr(self, field) for field in _TABLES}
        return {field: table for field, table in found.items() if table is not None}


_TABLES: Mapping[str, type] = {
    "next_state": np.int32,
    "reward": np.float64,
    "probability": np.float64,
    "terminated": np.bool_,
    "start": np.float64,
    "reward_sd": np.float64,
}
