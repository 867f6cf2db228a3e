"""A custom algorithm in plain Python: the reference of what its two rules mean.

An episode is a loop of steps. In each, `act` chooses an action by one uniform; where the algorithm
is on-policy, the next action is chosen before the update instead, unless the step terminated.
Then `update` learns from the step, with one more uniform where the algorithm asks for it. What is
compiled does not warn of infinities, so nor should NumPy here: see `numpy.errstate`.
"""

import functools
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from numpy.typing import NDArray

from fastq.agents.algorithm import Algorithm
from fastq.agents.reference import EpisodeStats, scheduled_value
from fastq.base.captured import converted_value, with_converted


class Step(NamedTuple):
    """What `update` is told of a step."""

    state: int
    action: int
    reward: float
    next_state: int
    next_action: int
    """Drawn already where the algorithm is on-policy and the step did not terminate; otherwise
    without a meaning: the last one drawn before the update, or 0."""
    terminated: bool
    episode: int
    u: float
    """A uniform in [0, 1), where the algorithm asks for it."""

    def __getattr__(self, name: str) -> Any:
        """Name the fields that there are."""
        raise AttributeError(f"step has no {name}; it has {', '.join(self._fields)}")


class Values(types.SimpleNamespace):
    """The hyperparameters in an episode, as numbers."""

    def __getattr__(self, name: str) -> Any:
        """Name the hyperparameters that there are."""
        raise AttributeError(f"agent has no {name}; its hyperparameters: {', '.join(vars(self))}")


def learn(
    env: gymnasium.Env[int, int],
    agent: Algorithm,
    num_episodes: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], EpisodeStats]:
    """Train a custom algorithm, its rules uncompiled.

    Parameters
    ----------
    env : gymnasium.Env
        With discrete observations and actions.
    agent : Algorithm
    num_episodes : int
    rng : numpy.random.Generator
        Draws the actions.

    Returns
    -------
    q : array, shape (S, A)
    stats : EpisodeStats

    Raises
    ------
    NoActionError
        Where `act` returns what is no action.
    Exception
        Whatever the rules raise.
    """
    states, actions = int(env.observation_space.n), int(env.action_space.n)  # type: ignore[attr-defined]
    q = np.full((states, actions), float(getattr(agent, "initial_value", 0.0)))
    tables = (np.zeros((agent.tables, states, actions)),) if agent.tables else ()
    act, update = (uncompiled(rule) for rule in agent.rules())
    stats = EpisodeStats.of_none(num_episodes)

    def draw(state: int) -> int:
        return _action(act(q, state, rng.random(), values), actions)

    next_action = 0
    for episode in range(num_episodes):
        values = _values(agent, episode)
        state = int(env.reset()[0])
        if agent.on_policy:
            next_action = draw(state)
        done = False
        while not done:
            action = next_action if agent.on_policy else draw(state)
            seen, paid, ended, truncated, _ = env.step(action)
            next_state, reward, terminated = int(seen), float(paid), bool(ended)
            stats.record(episode, reward, terminated)
            if agent.on_policy and not terminated:
                next_action = draw(next_state)
            u = rng.random() if agent.update_draws else 0.0
            step = Step(state, action, reward, next_state, next_action, terminated, episode, u)
            update(q, step, values, *tables)
            state = next_state
            done = terminated or truncated
    return q, stats


def uncompiled(
    function: Callable[..., Any], _known: dict[Any, Any] | None = None
) -> Callable[..., Any]:
    """Copy a plain function, with the functions that it calls uncompiled too."""
    known = {} if _known is None else _known
    if function not in known:
        cells = function.__closure__ or ()
        copy = types.FunctionType(
            function.__code__,
            dict(function.__globals__),
            function.__name__,
            function.__defaults__,
            tuple(types.CellType(cell.cell_contents) for cell in cells),
        )
        known[function] = copy  # before what it calls, which may call it again
        convert = functools.partial(uncompiled, _known=known)
        copy.__defaults__ = converted_value(function.__defaults__, convert)
        named = (function.__kwdefaults__ or {}).items()
        copy.__kwdefaults__ = {name: converted_value(value, convert) for name, value in named}
        found = with_converted(copy, convert)
        copy.__globals__.update(found)
        for name, cell in zip(copy.__code__.co_freevars, copy.__closure__ or (), strict=True):
            cell.cell_contents = found.get(name, cell.cell_contents)
    plain: Callable[..., Any] = known[function]
    return plain


def _values(agent: Algorithm, episode: int) -> Values:
    """Give the hyperparameters in an episode, as numbers."""
    fields = {name: getattr(agent, name) for name in type(agent).model_fields}
    numbers = {name: float(scheduled_value(value, episode, 0)) for name, value in fields.items()}
    return Values(**{"initial_value": 0.0, **numbers})


def _action(action: Any, actions: int) -> int:
    """Check what `act` returned."""
    if not 0 <= action < actions or int(action) != action:
        raise NoActionError(f"act returned {action}: must be an action from 0 to {actions - 1}")
    return int(action)


class NoActionError(IndexError):
    """A rule returned what is no action."""
