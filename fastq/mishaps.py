"""What to say where the rules of an algorithm of one's own fail: which, where, and why.

A rule that does not compile is named with its line. One that fails in a run fails in compiled code,
which knows no lines; so the run is done again in plain Python, for a bounded time.
"""

import re
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.wrappers import TimeLimit
from numba.core.errors import NumbaError

from fastq import plain, streams
from fastq.algorithm import Algorithm
from fastq.mdp import FiniteMDP
from fastq.validation import shorten

_SECONDS = 10.0
_LARGEST = 10**6
"""States times actions of an MDP for which a gymnasium environment is made again."""
_NOISE = ("Failed in nopython", "- Resolution", "Resolution failure", "None", "During:")


def why_not_compiled(algorithm: type[Algorithm], error: Exception) -> str:
    """Find in Numba's long message what is wrong, and the line of the algorithm where it is."""
    text = str(error)
    lines = [line.strip(" >") for line in text.splitlines()]
    told = [line for line in lines if line and not line.startswith(_NOISE)]
    reason = told[0] if told else type(error).__name__
    if reason.endswith(":") and len(told) > 1:
        reason = f"{reason} {told[1]}"
    if isinstance(error, KeyError):
        known = ", ".join(algorithm.model_fields)
        reason = f"agent has no {reason.strip(chr(39))}; its hyperparameters are {known}"
    elif not isinstance(error, NumbaError):
        reason = f"{type(error).__name__}: {reason}"
    return f"{_place(algorithm, text)} cannot be compiled: {_brief(reason)}"


def why_failed(
    mdp: FiniteMDP,
    agent: Algorithm,
    run: int,
    reason: str,
    *,
    episodes: int,
    seed: int,
    max_steps: int,
    key: Sequence[int] = (),
) -> str:
    """Do a run again that failed with an error in compiled code, and say where.

    Parameters
    ----------
    mdp, agent, run, episodes, seed, max_steps
        What was run.
    reason : str
        What compiled code said.
    key : sequence of int
        The words that set the run's streams apart.
    """
    about = f"{agent!r}, run {run}"
    if mdp.num_states * mdp.num_actions <= _LARGEST:
        env = _Watched(TimeLimit(mdp.to_gymnasium(), max_steps))
        env.unwrapped.np_random = streams.generator(seed, run, streams.ENVIRONMENT, key)
        try:
            plain.learn(env, agent, episodes, streams.generator(seed, run, streams.ACTIONS, key))
        except _OutOfTimeError:
            pass
        except Exception as found:
            where = f"{about}, episode {env.episode}, after {env.steps} steps"
            return f"{_line(agent, found)}: {said(found)}; {where}"
    return f"{type(agent).__name__}: {reason}; {about}"


class RuleError(Exception):
    """A rule of one's own failed in compiled code.

    Parameters
    ----------
    pair : int
        The place of the run that failed among those of the call.
    reason : str
    """

    def __init__(self, pair: int, reason: str) -> None:
        super().__init__(pair, reason)
        self.pair, self.reason = pair, reason

    def __str__(self) -> str:
        return self.reason


class _OutOfTimeError(Exception):
    """Doing a run again took too long."""


class _Watched(gymnasium.Wrapper[int, int, int, int]):
    """An environment that counts episodes, from 0, and their steps, and keeps the time."""

    def __init__(self, env: gymnasium.Env[int, int]) -> None:
        super().__init__(env)
        self.episode, self.steps = -1, 0
        self._deadline = time.monotonic() + _SECONDS

    def reset(self, **options: Any) -> tuple[int, dict[str, Any]]:
        """Begin the next episode."""
        self.episode, self.steps = self.episode + 1, 0
        return super().reset(**options)

    def step(self, action: int) -> tuple[int, Any, bool, bool, dict[str, Any]]:
        """Take the next step."""
        if time.monotonic() > self._deadline:
            raise _OutOfTimeError
        self.steps += 1
        return super().step(action)


def _line(agent: Algorithm, error: Exception) -> str:
    """Name the algorithm, and the last line of its code that the error came through."""
    files = {rule.__code__.co_filename for rule in type(agent).rules()}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    if not frames:
        return f"{type(agent).__name__}.act"
    return f"{type(agent).__name__} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def _place(algorithm: type[Algorithm], text: str) -> str:
    """Name an algorithm, and its line that Numba's message names."""
    for rule in algorithm.rules():
        file = Path(rule.__code__.co_filename).name
        found = re.search(rf'File "[^"]*{re.escape(file)}", line (\d+)', text)
        if found:
            return f"{algorithm.__name__} ({file}, line {found[1]})"
    return algorithm.__name__


def said(error: Exception) -> str:
    """Write an error on one line."""
    return _brief(f"{type(error).__name__}: {error}")


def _brief(text: str) -> str:
    """Put a text on one line of bounded length."""
    return shorten(text, 300).strip("'\"")
