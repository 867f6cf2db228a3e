"""Agents in plain C, compiled where a compiler is found, and held to fastq's numbers bit for bit.

``twins.c`` is compiled into a temporary folder, once for each sort of world; what the calls need is
laid out before they are timed: tables, seeds, and the memory that they write to.
"""

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import fastq
from fastq import streams
from fastq.agents.td_control import TDAgent
from peer.measure import Missing

SOURCE = Path(__file__).with_name("twins.c")
FLAGS = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC")


class World(ctypes.Structure):
    """``world`` of twins.c."""

    _fields_ = [
        ("next_state", ctypes.c_void_p),
        ("reward", ctypes.c_void_p),
        ("terminated", ctypes.c_void_p),
        ("cumulative", ctypes.c_void_p),
        ("start_states", ctypes.c_void_p),
        ("start_cumulative", ctypes.c_void_p),
        ("num_starts", ctypes.c_int32),
        ("num_states", ctypes.c_int32),
        ("max_steps", ctypes.c_int32),
    ]


class Agent(ctypes.Structure):
    """``agent`` of twins.c."""

    _fields_ = [
        ("policy", ctypes.c_void_p),
        ("probabilities", ctypes.c_void_p),
        ("alpha", ctypes.c_double),
        ("gamma", ctypes.c_double),
    ]


class Batch(ctypes.Structure):
    """``batch`` of twins.c."""

    _fields_ = [
        ("q", ctypes.c_void_p),
        ("returns", ctypes.c_void_p),
        ("lengths", ctypes.c_void_p),
        ("truncated", ctypes.c_void_p),
        ("tables", ctypes.c_void_p),
        ("actions", ctypes.c_void_p),
        ("environment", ctypes.c_void_p),
        ("runs", ctypes.c_int32),
        ("episodes", ctypes.c_int32),
    ]


class Outcome(NamedTuple):
    """What a call writes, as in `fastq.Training`."""

    q: NDArray[np.float64]
    returns: NDArray[np.float64]
    lengths: NDArray[np.int32]
    truncated: NDArray[np.bool_]


def compiler() -> str | None:
    """Give the path of a C compiler, or None."""
    return shutil.which("cc") or shutil.which("gcc")


class Twin:
    """An agent of twins.c in a world.

    Parameters
    ----------
    mdp : FiniteMDP
    agent : TDAgent
        Epsilon-greedy, ties to the first, numbers for alpha and epsilon, Q-values from 0.

    Raises
    ------
    Missing
        Where no compiler is found, or it fails.
    """

    def __init__(self, mdp: fastq.FiniteMDP, agent: TDAgent) -> None:
        sort = mdp.num_actions, mdp.num_outcomes, not mdp.deterministic
        self._function = getattr(_library(*sort), agent.name)
        self._function.restype = None
        self._shape = mdp.num_states, mdp.num_actions
        self._kept: list[NDArray[Any]] = []
        self._world, self._agent = self._lay_out_world(mdp), self._lay_out_agent(agent)

    def prepare(self, seed: int, runs: NDArray[np.integer], episodes: int) -> Callable[[], Outcome]:
        """Seed some runs and allocate what they write; give the function that trains them."""
        count, words = len(runs), np.empty((len(runs), 0), dtype=np.uint32)
        outcome = Outcome(
            np.full((count, *self._shape), np.nan),
            np.full((count, episodes), np.nan),
            np.full((count, episodes), -1, dtype=np.int32),
            np.full((count, episodes), True),
        )
        tables = np.full((2, *self._shape), np.nan)
        states = [
            streams.states(seed, runs, stream, words)
            for stream in (streams.ACTIONS, streams.ENVIRONMENT)
        ]
        memory = [*outcome, tables, *states]
        batch = Batch(*(array.ctypes.data for array in memory), count, episodes)
        arguments = [ctypes.byref(given) for given in (self._world, self._agent, batch)]

        def train(_memory: list[NDArray[Any]] = memory) -> Outcome:
            self._function(*arguments)
            return outcome

        return train

    def _lay_out_world(self, mdp: fastq.FiniteMDP) -> World:
        """Lay out the tables of an MDP."""
        starts = np.flatnonzero(mdp.start)
        return World(
            self._keep(mdp.next_state, np.int32),
            self._keep(mdp.reward, np.float64),
            self._keep(mdp.terminated, np.uint8),
            self._keep(_least_beyond(mdp.probability.cumsum(axis=2)), np.uint64),
            self._keep(starts, np.int32),
            self._keep(_least_beyond(mdp.start.cumsum()[starts]), np.uint64),
            len(starts),
            mdp.num_states,
            mdp.max_steps,
        )

    def _lay_out_agent(self, agent: TDAgent) -> Agent:
        """Lay out an agent; its policy is summed up as `Generator.choice` does."""
        num_actions = self._shape[1]
        policy = np.ones((num_actions, num_actions)) * agent.epsilon / num_actions
        policy[np.diag_indices(num_actions)] += 1.0 - agent.epsilon
        cumulative = policy.cumsum(axis=1)
        thresholds = _least_beyond(cumulative / cumulative[:, -1:])
        return Agent(
            self._keep(thresholds, np.uint64),
            self._keep(policy, np.float64),
            agent.alpha,
            agent.gamma,
        )

    def _keep(self, table: NDArray[Any], dtype: type) -> int:
        """Copy a table, keep the copy as long as this twin, and give its address."""
        self._kept.append(np.array(table, dtype=dtype, order="C"))
        return self._kept[-1].ctypes.data


def _least_beyond(cumulative: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Give the least k with ``cumulative <= k * 2**-53``."""
    return np.ceil(cumulative * 2.0**53).astype(np.uint64)


@functools.cache
def _library(num_actions: int, num_outcomes: int, stochastic: bool) -> ctypes.CDLL:
    """Compile the twins for a sort of world."""
    found = compiler()
    if found is None:
        raise Missing("plain C (no compiler is found)")
    sort = {"ACTIONS": num_actions, "OUTCOMES": num_outcomes, "STOCHASTIC": int(stochastic)}
    constants = [f"-D{name}={value}" for name, value in sort.items()]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "twins.so"
        command = [found, *FLAGS, *constants, "-o", str(library), str(SOURCE)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"plain C ({found} fails: {done.stderr.strip()[:200]!r})")
        return ctypes.CDLL(str(library))
