"""Agents in plain C, compiled where a compiler is found, and held to fastq's numbers bit for bit.

``twins.c`` is compiled into a temporary folder, once for each sort of task. The world, the policy
and the seeds are laid out before the calls are timed; each call allocates and clears its Q-tables,
as fastq's do.
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
FLAGS = ("-O3", "-ffp-contract=off", "-shared", "-fPIC")
POLICIES = ("FIRST", "SHARED", "SOFTMAX", "SIMPLE")
"""As policy.h numbers them."""
MOST_SHARED = 8
"""So many actions can share a tie: each set of them has a row of probabilities."""


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
        ("epsilon", ctypes.c_double),
        ("temperature", ctypes.c_double),
        ("power", ctypes.c_double),
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
        ("num_tables", ctypes.c_int32),
        ("keeps", ctypes.c_int32),
    ]


class Outcome(NamedTuple):
    """What a call writes, as in `fastq.Training`."""

    q: NDArray[np.float64]
    returns: NDArray[np.float64]
    lengths: NDArray[np.int32]
    truncated: NDArray[np.bool_]


class Sort(NamedTuple):
    """What is constant in the compiled code: the macros of twins.c, and the processor."""

    actions: int
    outcomes: int
    stochastic: bool
    policy: int
    visits: bool
    architecture: str


def compiler() -> str | None:
    """Give the path of a C compiler, or None."""
    return shutil.which("cc") or shutil.which("gcc")


def needed_compiler() -> str:
    """Give the path of a C compiler, or raise `Missing`."""
    found = compiler()
    if found is None:
        raise Missing("plain C (no compiler is found)")
    return found


class Twin:
    """An agent of twins.c in a world.

    Parameters
    ----------
    mdp : FiniteMDP
    agent : TDAgent
        Q-values from 0; numbers for alpha and epsilon, but that alpha of Q-learning may fall with
        visits. Other policies than epsilon-greedy with ties to the first are for all but Expected
        Sarsa and Double Q-learning.
    simple : bool
        Whether actions are drawn as `fastq.rules.epsilon_greedy` does it.
    architecture : str
        The processor that the compiler knows by this name.

    Raises
    ------
    Missing
        Where no compiler is found, or it fails.
    """

    def __init__(
        self,
        mdp: fastq.FiniteMDP,
        agent: TDAgent,
        *,
        simple: bool = False,
        architecture: str = "native",
    ) -> None:
        policy = "SIMPLE" if simple else _policy_of(agent)
        visits = isinstance(agent.alpha, fastq.Visits)
        sort = Sort(
            mdp.num_actions,
            mdp.num_outcomes,
            not mdp.deterministic,
            POLICIES.index(policy),
            visits,
            architecture,
        )
        self._function = getattr(_library(sort), agent.name)
        self._function.restype = None
        self._shape = mdp.num_states, mdp.num_actions
        self._num_tables = 2 if isinstance(agent, fastq.DoubleQLearning) else int(visits)
        self._kept: list[NDArray[Any]] = []
        self._world = self._lay_out_world(mdp)
        self._agent = self._lay_out_agent(agent, policy)

    def prepare(
        self, seed: int, runs: NDArray[np.integer], episodes: int, *, keep_q: bool = True
    ) -> Callable[[], Outcome]:
        """Seed some runs; give the function that trains them, which may be called once.

        Without `keep_q` there is one Q-table, in the end that of the last run.
        """
        count, words = len(runs), np.empty((len(runs), 0), dtype=np.uint32)
        written = (
            np.full((count, episodes), np.nan),
            np.full((count, episodes), -1, dtype=np.int32),
            np.full((count, episodes), True),
        )
        states = [
            streams.states(seed, runs, stream, words)
            for stream in (streams.ACTIONS, streams.ENVIRONMENT)
        ]

        def train() -> Outcome:
            q = np.empty((count if keep_q else 1, *self._shape))
            tables = np.empty((self._num_tables, *self._shape))
            addresses = [array.ctypes.data for array in (q, *written, tables, *states)]
            batch = Batch(*addresses, count, episodes, self._num_tables, keep_q)
            self._function(*map(ctypes.byref, (self._world, self._agent, batch)))
            return Outcome(q, *written)

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

    def _lay_out_agent(self, agent: TDAgent, policy: str) -> Agent:
        """Lay out an agent."""
        probabilities = _probabilities(self._shape[1], agent.epsilon, shared=policy == "SHARED")
        cumulative = probabilities.cumsum(axis=1)
        thresholds = _least_beyond(cumulative / cumulative[:, -1:])  # as `Generator.choice` does
        by_visits = isinstance(agent.alpha, fastq.Visits)
        return Agent(
            self._keep(thresholds, np.uint64),
            self._keep(probabilities, np.float64),
            0.0 if by_visits else agent.alpha,
            agent.gamma,
            agent.epsilon,
            agent.temperature or 0.0,
            agent.alpha.power if by_visits else 0.0,
        )

    def _keep(self, table: NDArray[Any], dtype: type) -> int:
        """Copy a table, keep the copy as long as this twin, and give its address."""
        self._kept.append(np.array(table, dtype=dtype, order="C"))
        return self._kept[-1].ctypes.data


def _policy_of(agent: TDAgent) -> str:
    """Name the policy of an agent."""
    if agent.temperature is not None:
        return "SOFTMAX"
    return "SHARED" if agent.ties == "random" else "FIRST"


def _probabilities(num_actions: int, epsilon: float, *, shared: bool) -> NDArray[np.float64]:
    """Give the epsilon-greedy policy, a row for each greedy action, or for each set of them."""
    if not shared:
        best = np.eye(num_actions, dtype=np.bool_)
    elif num_actions <= MOST_SHARED:
        sets = np.arange(1 << num_actions)
        best = (sets[:, np.newaxis] >> np.arange(num_actions) & 1).astype(np.bool_)
    else:
        raise ValueError(f"{num_actions} actions: at most {MOST_SHARED} can share a tie")
    count = np.maximum(best.sum(axis=1, keepdims=True), 1)  # no set is empty but that of no row
    return np.ones(best.shape) * epsilon / num_actions + best * ((1.0 - epsilon) / count)


def _least_beyond(cumulative: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Give the least k with ``cumulative <= k * 2**-53``."""
    return np.ceil(cumulative * 2.0**53).astype(np.uint64)


@functools.cache
def _library(sort: Sort) -> ctypes.CDLL:
    """Compile the twins for a sort of task."""
    found, given = needed_compiler(), sort._asdict()
    flags = [*FLAGS, f"-march={given.pop('architecture')}"]
    constants = [f"-D{name.upper()}={int(value)}" for name, value in given.items()]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "twins.so"
        command = [found, *flags, *constants, "-o", str(library), str(SOURCE), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"plain C ({found} fails: {done.stderr.strip()[:200]!r})")
        return ctypes.CDLL(str(library))
