"""Random MDPs for Hypothesis, a look at all fields of one, and gymnasium's newest worlds."""

import dataclasses

import gymnasium
import numpy as np
from hypothesis import strategies as st

import fastq

FINITE = st.floats(-1e6, 1e6)


@st.composite
def mdps(draw):
    """Draw a small MDP: improbable outcomes in any place, sometimes normal rewards."""
    num_states, num_actions, most = (draw(st.integers(1, 4)) for _ in range(3))
    shape = (num_states, num_actions, most)

    def table(elements):
        size = num_states * num_actions * most
        return np.array(draw(st.lists(elements, min_size=size, max_size=size))).reshape(shape)

    weight = table(st.integers(0, 3))
    weight[..., draw(st.integers(0, most - 1))] += 1
    start = np.array(draw(st.lists(st.integers(0, 2), min_size=num_states, max_size=num_states)))
    start[draw(st.integers(0, num_states - 1))] += 1
    return fastq.FiniteMDP(
        next_state=table(st.integers(0, num_states - 1)),
        reward=table(FINITE.filter(bool)),
        probability=weight / weight.sum(axis=2, keepdims=True),
        terminated=table(st.booleans()),
        start=start / start.sum(),
        max_steps=draw(st.integers(1, 2**31 - 1)),
        name=draw(st.sampled_from(["mdp", "é $", ""])),
        reward_sd=table(st.sampled_from([0.0, 0.5])) if draw(st.booleans()) else None,
    )


def fields(mdp):
    """Give all fields, arrays as type, shape and bytes, to compare two MDPs."""
    found = {field.name: getattr(mdp, field.name) for field in dataclasses.fields(mdp)}
    return {
        name: (value.dtype, value.shape, value.tobytes()) if hasattr(value, "dtype") else value
        for name, value in found.items()
    }


def newest(name):
    """Name the newest version of an environment that the installed gymnasium has."""
    versions = [spec.version for spec in gymnasium.registry.values() if spec.name == name]
    return f"{name}-v{max(versions)}"
