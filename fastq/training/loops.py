"""Which loop trains an agent, and why: many runs side by side, or one after another."""

import contextlib

import numpy as np

from fastq.agents.td_control import Agent
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training import compile_custom, failures
from fastq.training.kernels.build import facts_of, is_custom, variant_for
from fastq.training.kernels.lanes import why_not_in_lanes
from fastq.training.train import Settings, train_pairs


def how_trained(mdp: FiniteMDP, agent: Agent, runs: int) -> str:
    """Say by which loop so many runs of an agent are trained, and why where it is the slow one.

    Returns
    -------
    str
        ``in lock-step``, or ``one run after another, because: ...``.
    """
    agent_type = type(agent)
    reason = why_not_in_lanes(mdp, facts_of(agent_type), runs)
    if not reason and is_custom(agent_type):
        settings = Settings(1, 0, 1, "common")
        with contextlib.suppress(failures.RuleError):  # it compiles the rules, and no more
            train_pairs(mdp, [agent], np.zeros(runs), np.arange(runs), settings, keep_q=False)
        variant = variant_for(mdp, [agent], runs)
        reason = compile_custom.why_not_in_lanes(agent_type, variant, mdp.num_actions)
    return f"one run after another, because: {reason}" if reason else "in lock-step"
