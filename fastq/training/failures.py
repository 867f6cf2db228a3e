"""What to say when a custom rule fails: which rule, where, and why.

A rule that does not compile is named with its line. A rule that fails in a run fails in compiled
code, which knows no lines. So the run is done again in plain Python, for a bounded time.
"""

import dis
import re
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numba.core.errors import NumbaError

from fastq.agents.algorithm import Algorithm, functions_of, place
from fastq.agents.reference import custom
from fastq.base.errors import InputError
from fastq.base.validation import meant
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training import streams

_SECONDS = 10.0
_LARGEST = 10**6
"""States times actions of an MDP for which a gymnasium environment is made again."""
_NOISE = ("Failed in nopython", "- Resolution", "Resolution failure", "None", "During:")
_NAME = re.compile(r"^(?:NameError: name )?'?(\w+)'?(?:$| is not defined| calls itself)")
_NO_FIELD = re.compile(r"^Unknown attribute '(\w+)' of type Transition\(")
_NO_ACTION = re.compile(r"found for signature: <unknown function>\((.*)\)$")
"""What Numba says where `kernels.custom` makes a number of what `act` returned."""
_WIDTH = 300


def why_not_compiled(algorithm: type[Algorithm], error: Exception) -> str:
    """Find in Numba's long message what is wrong, and the line of the algorithm where it is."""
    text, told = str(error), _told(error)
    reason = told[0].removesuffix(". Raised from None") if told else type(error).__name__
    if reason.endswith(":") and len(told) > 1:
        reason = f"{reason} {told[1]}"
    name, returned = _NAME.search(reason), _NO_ACTION.search(reason)
    of_step = _NO_FIELD.search(reason)
    if isinstance(error, KeyError) and name:
        fields = algorithm.model_fields
        known = ", ".join(fields) or "none"
        reason = f"agent has no {name[1]}; its hyperparameters: {known}{meant(name[1], fields)}"
    elif of_step:
        known = ", ".join(custom.Step._fields)
        reason = f"step has no {of_step[1]}; it has {known}{meant(of_step[1], custom.Step._fields)}"
    elif returned:
        reason = f"act must return an action, a whole number; it returns {returned[1]}"
    elif not isinstance(error, NumbaError | InputError):
        reason = f"{type(error).__name__}: {reason}"
    found = _line_told(algorithm, text) or _line_of_name(algorithm, name[1] if name else "")
    return f"{found} cannot be compiled: {_brief(reason)}"


def why_not_typed(error: Exception) -> str:
    """Say in one line what Numba cannot do with vectors."""
    told = _told(error)
    return _brief(told[0] if told else type(error).__name__)


def _told(error: Exception) -> list[str]:
    """List the lines of Numba's long message that say something."""
    lines = [line.strip().removeprefix(">>>").strip() for line in str(error).splitlines()]
    return [line for line in lines if line and not line.startswith(_NOISE)]


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
        env = _Watched(replace(mdp, max_steps=max_steps).to_gymnasium())
        env.unwrapped.np_random = streams.generator(seed, run, streams.ENVIRONMENT, key)
        rng = streams.generator(seed, run, streams.ACTIONS, key)
        # NumPy's own numbers can be divided by zero, compiled ones cannot.
        strict = np.errstate(over="ignore", under="ignore", divide="raise", invalid="raise")
        lax = np.errstate(all="ignore")
        try:
            with strict if reason.startswith("ZeroDivisionError") else lax:
                custom.learn(env, agent, episodes, rng)
        except _OutOfTimeError:
            pass
        except Exception as found:
            steps = f"after {env.steps} step{'s' * (env.steps != 1)}"
            return f"{where(agent, found, reason)}; {about}, episode {env.episode}, {steps}"
    return f"{type(agent).__name__}: {reason}; {about}"


def where(agent: Algorithm, error: Exception, compiled: str = "") -> str:
    """Name the last line of an algorithm's own code that an error came through, and the error.

    Parameters
    ----------
    agent : Algorithm
    error : Exception
        Of a rule that ran uncompiled.
    compiled : str, optional
        What compiled code said, which has another word for a division by zero.
    """
    cls = type(agent)
    if isinstance(error, custom.NoActionError):
        act = cls.rules()[0].__code__
        return f"{place(cls, act.co_filename, act.co_firstlineno)}: {error}"
    files = _files(cls)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    text = compiled if compiled and isinstance(error, FloatingPointError) else said(error)
    if not frames:
        return f"{cls.__name__}: {text}"
    return f"{place(cls, frames[-1].filename, frames[-1].lineno)}: {text}"


class RuleError(Exception):
    """A custom rule failed in compiled code.

    Parameters
    ----------
    pair : int
        The index of the run that failed, among those of the call.
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


def _files(algorithm: type[Algorithm]) -> set[str]:
    """List the files of an algorithm's own code."""
    files = {function.__code__.co_filename for function in functions_of(algorithm.rules())}
    ours = str(Path(__file__).parents[1])
    return {file for file in files if not file.startswith(ours)}


def _line_told(algorithm: type[Algorithm], text: str) -> str:
    """Find the first line of an algorithm's own code that Numba's message names."""
    names = {Path(file).name for file in _files(algorithm)}
    for file, line in re.findall(r'^File "([^"]+)", line (\d+):', text, re.MULTILINE):
        if Path(file).name in names:
            return place(algorithm, file, int(line))
    return ""


def _line_of_name(algorithm: type[Algorithm], name: str) -> str:
    """Find the first line of an algorithm's code that looks a name up, or its file at least."""
    for function in functions_of(algorithm.rules()):
        for instruction in dis.get_instructions(function):
            if instruction.argval == name and instruction.positions is not None:
                return place(algorithm, function.__code__.co_filename, instruction.positions.lineno)
    return place(algorithm, algorithm.rules()[0].__code__.co_filename)


def said(error: Exception) -> str:
    """Write an error on one line."""
    text = str(error)
    return _brief(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _brief(text: str) -> str:
    """Put a text on one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
