"""Runs in a process of their own, whose kernel cache is empty: nothing compiled before can be used.

The process gets agents as joblib's workers do: classes that it cannot import, by value.
"""

import tempfile
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from joblib.externals.loky import ProcessPoolExecutor
from numpy.typing import NDArray

from fastq.agents.td_control import Agent
from fastq.base.validation import shorten
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.study.record import Learned
from fastq.study.runs import learned
from fastq.training.train import Settings

_SECONDS = 600.0
"""How long the process may take."""


class Task(NamedTuple):
    """Runs of an agent."""

    mdp: FiniteMDP
    agent: Agent
    runs: NDArray[np.int64]
    settings: Settings
    key: str
    """Of the agent, by which the process says that it has the same code."""


class FreshProcessError(Exception):
    """No fresh process could be started, or it could not compute."""


def learned_afresh(tasks: Sequence[Task]) -> list[Learned]:
    """Compute runs in one fresh process, with an empty kernel cache.

    Raises
    ------
    FreshProcessError
        Saying in one line why it could not be done.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        executor = ProcessPoolExecutor(max_workers=1, env={"NUMBA_CACHE_DIR": cache})
        try:
            return executor.submit(_compute, list(tasks)).result(timeout=_SECONDS)  # type: ignore[no-any-return]
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".strip().partition("\n")[0]
            raise FreshProcessError(shorten(reason, 200)) from None
        finally:
            executor.shutdown(wait=True, kill_workers=True)


def _compute(tasks: Sequence[Task]) -> list[Learned]:
    """Compute runs here."""
    found = []
    for mdp, agent, runs, settings, key in tasks:
        if agent.key(mdp.fingerprint) != key:
            raise RuntimeError(f"{type(agent).__name__} has other code there")
        found.append(learned(mdp, [agent], np.zeros_like(runs), runs, settings))
    return found
