"""Which kernel trains which agent: the loop's template, bound to the rules of an algorithm."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fastq.agents.algorithm import Algorithm, code_digest
from fastq.agents.schedules import Visits
from fastq.agents.td_control import Agent, DoubleQLearning, TDAgent
from fastq.base.jit import checked, specialised
from fastq.base.text import file_name
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training.kernels import (
    custom,
    double_q_learning,
    dyna_q,
    expected_sarsa,
    lockstep,
    loop,
    q_learning,
    sarsa,
)
from fastq.training.kernels.lanes import fits_lanes
from fastq.training.kernels.scratch import clear_to_zero

Kernel = Any
"""A compiled function, with Numba's `compile` for a signature."""

_UPDATES: dict[str, Callable[..., None]] = {
    "q_learning": q_learning.update,
    "sarsa": sarsa.update,
    "expected_sarsa": expected_sarsa.update,
    "double_q_learning": double_q_learning.update,
    "dyna_q": dyna_q.update,
}
_ON_POLICY = ("sarsa",)
_NO_SYMBOL = re.compile("[^A-Za-z0-9_]")


_IN_LANES: dict[str, dict[str, Any]] = {
    "q_learning": {"bootstrap": q_learning.bootstrap},
    "sarsa": {"bootstrap": sarsa.bootstrap},
    "expected_sarsa": {"bootstrap": expected_sarsa.bootstrap},
    "double_q_learning": {
        "NUM_TABLES": 2,
        "learn": double_q_learning.learn_lanes,
        "greedy_at": double_q_learning.greedy_at,
    },
}


class KernelVariant(NamedTuple):
    """Which kernel of an agent: it is compiled for just what is asked of it."""

    in_lanes: bool
    """In lock-step, with `Lanes` in the place of `Work`."""
    stochastic: bool
    general: bool
    ties: bool = False
    """In lock-step with some ties broken at random."""
    allocates: bool = False
    """An algorithm of one's own is quicker, but need not compile, where it may not."""
    careful: bool = False
    """With the reference's order of values that are not finite."""


CAREFULLY = KernelVariant(False, stochastic=True, general=True, careful=True)
"""For runs that diverge: the plain loop with all that it knows."""


def variant_for(mdp: FiniteMDP, agents: Sequence[Agent], runs: int) -> KernelVariant:
    """Give the quickest variant of a kernel for so many runs of agents of one class."""
    ties = any(isinstance(agent, TDAgent) and agent.ties == "random" for agent in agents)
    general = mdp.reward_sd is not None or not all(map(_is_plain, agents))
    if not general and fits_lanes(mdp, agents, runs, ties=ties):
        return KernelVariant(True, stochastic=not mdp.deterministic, general=False, ties=ties)
    general = general or ties
    return KernelVariant(False, stochastic=general or not mdp.deterministic, general=general)


def _is_plain(agent: Agent) -> bool:
    """Say whether an agent asks for nothing, but for ties, that only general kernels know."""
    if not isinstance(agent, TDAgent):
        return True
    by_visits = isinstance(agent.alpha, Visits) or isinstance(agent.epsilon, Visits)
    return agent.temperature is None and not by_visits


def kernel_for(
    agent_type: type[Agent], variant: KernelVariant, digest: str | None = None
) -> Kernel:
    """Give the compiled form of `lockstep.learn_lanes` or `loop.learn_batch` for an agent.

    Parameters
    ----------
    agent_type : type of Agent
    variant : KernelVariant
    digest : str, optional
        Of the code of an algorithm of one's own, where it is known already.
    """
    if digest is None and issubclass(agent_type, Algorithm):
        digest = code_digest(agent_type)
    return _kernel_of(agent_type, variant, digest)


@functools.cache
def _kernel_of(agent_type: type[Agent], variant: KernelVariant, digest: str | None) -> Kernel:
    """Make a kernel, once for the code that it is of."""
    name, tag = agent_type.name, ""
    symbol = _NO_SYMBOL.sub("_", file_name(name))  # Numba makes symbols and files of it
    names: dict[str, Any] = {"STOCHASTIC": variant.stochastic, "GENERAL": variant.general}
    names |= {"RANDOM_TIES": variant.ties, "CAREFUL": variant.careful}
    if issubclass(agent_type, Algorithm):
        tag = f"{digest}_{int(variant.allocates)}"
        names |= _rules_of(agent_type, tag, variant.allocates)
    else:
        names |= {"update": _UPDATES[name], "ON_POLICY": name in _ON_POLICY}
    if agent_type is DoubleQLearning:
        names["start_value"] = double_q_learning.start_value
    if variant.in_lanes:
        names |= _IN_LANES[name]
    marks = [field for field, is_so in variant._asdict().items() if is_so and field != "allocates"]
    template = lockstep.learn_lanes if variant.in_lanes else loop.learn_batch
    return specialised(template, "_".join(["learn", symbol, *marks]), tag, names)


def _rules_of(algorithm: type[Algorithm], tag: str, allocates: bool) -> dict[str, Any]:
    """Compile the rules of an algorithm of one's own."""
    act, update = (checked(rule, tag=tag, allocates=allocates) for rule in algorithm.rules())
    return {
        "act": custom.act,
        "chosen": act,
        "update": custom.update_with_tables if algorithm.tables else custom.update,
        "learn": update,
        "UPDATE_DRAWS": algorithm.update_draws,
        "pair_of": custom.pair_of_number,
        "clear": clear_to_zero,
        "ON_POLICY": algorithm.on_policy,
    }
