"""The gymnasium face: registration, `check_env`, the table `P`, and the pictures."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import fastq
from fastq.mdp.worlds import classic, gridworlds
from fastq.mdp.worlds.envs import WindyGridworld

ENV_ID = "fastq/WindyGridworld-v0"
ODD = {"states": 5, "left": 0.0, "right": 2.0}
GARNET = {"states": 6, "actions": 3, "branching": 2, "seed": 1, "ends": 0.25, "sd": 0.5}
WORLDS = [
    ("WindyGridworld", {"moves": "king"}, gridworlds.windy_gridworld),
    ("CliffWalking", {}, gridworlds.cliff_walking),
    ("CliffWalking", {"fall_ends": True}, gridworlds.cliff_walking),
    ("DynaMaze", {}, gridworlds.dyna_maze),
    ("RandomWalk", {}, classic.random_walk),
    ("RandomWalk", ODD, classic.random_walk),
    ("MaximizationBias", {}, classic.maximization_bias),
    ("MaximizationBias", {"actions": 4, "mean": 1.0, "sd": 0.5}, classic.maximization_bias),
    ("RandomMDP", GARNET, classic.random_mdp),
]


@pytest.mark.parametrize(("name", "kwargs", "build"), WORLDS)
def test_each_world_passes_check_env_and_equals_its_builder(name, kwargs, build):
    env_id = f"fastq/{name}-v0"
    env = gymnasium.make(env_id, **kwargs)
    check_env(env.unwrapped)
    built = build(**kwargs)
    for read in (
        fastq.FiniteMDP.from_gymnasium(env),
        fastq.FiniteMDP.from_gymnasium(env_id, **kwargs),
    ):
        assert read.fingerprint == built.fingerprint
        assert (read.layout, read.name) == (built.layout, built.name)
        assert (read.name, read.max_steps, built.max_steps) == (env_id, 10_000, 10_000)


@pytest.mark.parametrize("name", ["CliffWalking", "DynaMaze", "RandomWalk"])
@pytest.mark.parametrize("render_mode", ["ansi", "rgb_array"])
def test_other_grids_are_drawn_too(name, render_mode):
    env = gymnasium.make(f"fastq/{name}-v0", render_mode=render_mode)
    check_env(env.unwrapped)
    env.reset()
    before = env.render()
    env.step(0)
    assert np.any(np.array(list(env.render())) != np.array(list(before)))


@pytest.mark.parametrize("render_mode", [None, "ansi", "rgb_array"])
@pytest.mark.parametrize("moves", ["four", "king", "king+stay"])
@pytest.mark.parametrize("stochastic_wind", [False, True])
def test_check_env(render_mode, moves, stochastic_wind):
    env = gymnasium.make(
        ENV_ID, render_mode=render_mode, moves=moves, stochastic_wind=stochastic_wind
    )
    check_env(env.unwrapped)


@pytest.mark.parametrize(
    "imports",
    ["import fastq, gymnasium", "import gymnasium, fastq", "import gymnasium.envs, fastq"],
)
def test_registered_on_import_in_either_order(imports):
    code = f"{imports}; import gymnasium; print(gymnasium.make('{ENV_ID}').spec.id)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ENV_ID


def test_registered_by_entry_point():
    from importlib.metadata import entry_points

    (found,) = entry_points(group="gymnasium.envs", name="fastq")
    ids = {env_id for env_id in gymnasium.registry if env_id.startswith("fastq/")}
    assert ids == {f"fastq/{name}-v0" for name, _, _ in WORLDS}
    del gymnasium.registry[ENV_ID]
    found.load()()
    assert ENV_ID in gymnasium.registry
    found.load()()  # once more changes nothing, and does not warn


def test_importing_fastq_imports_nothing_heavy():
    code = "import fastq, sys; print([m for m in ('numpy', 'numba', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_table_p_is_that_of_the_toy_text_environments():
    env = gymnasium.make(ENV_ID).unwrapped
    assert env.P[30][1] == [(1.0, 31, -1.0, False)]
    assert env.P[48][3] == [(1.0, 37, -1.0, True)]
    windy = gymnasium.make(ENV_ID, stochastic_wind=True).unwrapped
    assert [outcome[:2] for outcome in windy.P[33][1]] == [(1 / 3, 34), (1 / 3, 24), (1 / 3, 14)]
    assert windy.P[30][1] == [(1.0, 31, -1.0, False)]


def test_an_episode_by_hand():
    env = gymnasium.make(ENV_ID)
    assert env.reset(seed=0)[0] == 30
    path = [env.step(action)[:3] for action in [1] * 9 + [2] * 4 + [3] * 2]
    assert [state for state, _, _ in path] == [
        31, 32, 33, 24, 15, 6, 7, 8, 9, 19, 29, 39, 49, 48, 37,
    ]  # fmt: skip
    assert [terminated for _, _, terminated in path] == [False] * 14 + [True]


def test_ansi():
    env = gymnasium.make(ENV_ID, render_mode="ansi")
    env.reset()
    env.step(1)
    lines = env.render().splitlines()
    assert lines[3] == "S x . . . . . G . ."
    assert lines[7] == "0 0 0 1 1 1 2 2 1 0"


def test_rgb_array_shows_the_agent_where_it_is():
    env = gymnasium.make(ENV_ID, render_mode="rgb_array")
    env.reset()
    before = env.render()
    assert (before.shape, before.dtype) == ((168, 240, 3), np.uint8)
    env.step(1)
    rows, columns = np.nonzero((env.render() != before).any(axis=2))
    assert (rows.min() // 24, rows.max() // 24) == (3, 3)
    assert (columns.min() // 24, columns.max() // 24) == (0, 1)


def test_bad_render_mode():
    with pytest.raises(fastq.InputError, match="render_mode = 'human': must be one of ansi"):
        WindyGridworld(render_mode="human")


def test_without_a_render_mode_nothing_is_drawn():
    env = gymnasium.make(ENV_ID).unwrapped
    env.reset()
    with pytest.warns(UserWarning, match="make the environment with a render_mode"):
        assert env.render() is None
