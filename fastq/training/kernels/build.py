"""Which kernel trains which agent: a template, bound to what distinguishes the agent's algorithm.

Each module of this package that declares `FACTS` serves one class of agents. They are found by
looking through the package.
"""

import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeGuard, cast

import numpy as np
from numpy.typing import NDArray

from fastq.agents.algorithm import Algorithm, code_digest
from fastq.agents.td_control import Agent
from fastq.base.jit import checked, specialised
from fastq.base.text import file_name
from fastq.mdp.finite_mdp import FiniteMDP
from fastq.training import kernels
from fastq.training.kernels import custom, custom_lanes, lane_values, lockstep, loop
from fastq.training.kernels.facts import KernelFacts
from fastq.training.kernels.lanes import Lanes, exceeds_caches, fits_lanes
from fastq.training.kernels.layout import Learners, World, features_of
from fastq.training.kernels.scratch import Work

Kernel = Any
"""A compiled function, with Numba's `compile` for a signature."""

_NO_SYMBOL = re.compile("[^A-Za-z0-9_]")


class KernelArguments(NamedTuple):
    """What a kernel is called with, in this order: `loop.learn_batch` says what each is."""

    world: World
    learners: Learners
    learner_of: NDArray[np.int64]
    runs: NDArray[np.int64]
    action_streams: NDArray[np.uint64]
    environment_streams: NDArray[np.uint64]
    q: NDArray[np.float64]
    scratch: Work | Lanes
    """`Work` in the plain loop, `Lanes` in lock-step."""
    output: loop.TrainingOutput


def facts_of(agent_type: type[Agent]) -> KernelFacts:
    """Give what distinguishes the algorithm of a class of agents."""
    if is_custom(agent_type):
        return custom.facts_of(agent_type)
    return built_in()[agent_type.name]


def _is_custom(agent_type: type[Agent]) -> TypeGuard[type[Algorithm]]:
    """Say whether a class is a custom algorithm."""
    return issubclass(agent_type, Algorithm)


is_custom = cast("Callable[[type[Agent]], TypeGuard[type[Algorithm]]]", functools.cache(_is_custom))
"""`_is_custom`, asked once for each class: pydantic's classes take a microsecond to answer."""


@functools.cache
def built_in() -> dict[str, KernelFacts]:
    """Find the facts of all algorithms of fastq, by the names of their agents."""
    names = [
        f"{kernels.__name__}.{module.name}" for module in pkgutil.iter_modules(kernels.__path__)
    ]
    found = [getattr(importlib.import_module(name), "FACTS", None) for name in names]
    return {facts.agent.name: facts for facts in found if facts is not None}


class KernelVariant(NamedTuple):
    """Which kernel of an agent: it is compiled for just what is asked of it."""

    in_lanes: bool
    """In lock-step."""
    stochastic: bool
    general: bool
    large: bool = False
    """In lock-step, with tables larger than the caches of a core."""
    allocates: bool = False
    """Whether custom rules may allocate memory. They are quicker where they may not; then some do
    not compile."""
    careful: bool = False
    """With the reference's order of values that are not finite."""


_IN_LANES = {
    name: getattr(lane_values, name)
    for name in ("greatest", "value_at", "policy_at", "probability_of", "num_actions_of")
}
"""What stands in lock-step for the names of `values`."""

CAREFULLY = KernelVariant(False, stochastic=True, general=True, careful=True)
"""For runs that diverge: the plain loop with all that it knows."""


def variant_for(mdp: FiniteMDP, agents: Sequence[Agent], runs: int) -> KernelVariant:
    """Give the quickest variant of a kernel for so many runs of agents of one class."""
    general = mdp.reward_sd is not None or any(features_of(agents))
    facts = facts_of(type(agents[0]))
    if fits_lanes(mdp, facts, runs):
        large = exceeds_caches(mdp, facts, runs)
        return KernelVariant(True, not mdp.deterministic, general, large)
    return KernelVariant(False, general or not mdp.deterministic, general)


def kernel_for(
    agent_type: type[Agent], variant: KernelVariant, digest: str | None = None
) -> Kernel:
    """Give the compiled form of `lockstep.learn_lanes` or `loop.learn_batch` for an agent.

    Parameters
    ----------
    agent_type : type of Agent
    variant : KernelVariant
    digest : str, optional
        Of the code of a custom algorithm, where it is known already.
    """
    if digest is None and is_custom(agent_type):
        digest = code_digest(agent_type)
    return _kernel_of(agent_type, variant, digest)


@functools.cache
def _kernel_of(agent_type: type[Agent], variant: KernelVariant, digest: str | None) -> Kernel:
    """Make a kernel, once for the code that it is of."""
    tag, names = "", names_of(agent_type, variant)
    symbol = _NO_SYMBOL.sub("_", file_name(agent_type.name))  # Numba makes symbols and files of it
    template: Any = lockstep.learn_lanes if variant.in_lanes else loop.learn_batch
    points = lockstep.POINTS if variant.in_lanes else loop.POINTS
    if is_custom(agent_type) and variant.in_lanes:
        tag, points = f"{digest}_lanes", points + custom_lanes.POINTS
        names |= custom_lanes.names_of(agent_type, tag)
    elif is_custom(agent_type):
        tag, points = f"{digest}_{int(variant.allocates)}", points + custom.POINTS
        act, update = (
            checked(rule, tag=tag, allocates=variant.allocates) for rule in agent_type.rules()
        )
        names |= {"chosen": act, "learn": update}
    marks = [field for field, is_so in variant._asdict().items() if is_so and field != "allocates"]
    return specialised(template, "_".join(["learn", symbol, *marks]), tag, names, points)


def names_of(agent_type: type[Agent], variant: KernelVariant) -> dict[str, Any]:
    """Say what is bound in the loop of a variant for an agent."""
    facts = facts_of(agent_type)
    names: dict[str, Any] = {
        "STOCHASTIC": variant.stochastic,
        "ON_POLICY": facts.on_policy,
        "GENERAL": variant.general,
        "CAREFUL": variant.careful,
    }
    if variant.in_lanes:
        rules = {name: rule for name, rule in facts.names.items() if name in lockstep.POINTS}
        return names | {"LARGE": variant.large, **_IN_LANES, **rules, **facts.lane_names}
    return {**names, **facts.names}
