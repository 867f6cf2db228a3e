"""`Sweep`: its order, its TOML, and the specs that it refuses."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastq


def test_configurations_are_the_grid_in_order(sweep):
    points = [tuple(c.point.values()) for c in sweep.configurations]
    assert points == [(0.1, 0.05), (0.1, 0.1), (0.5, 0.05), (0.5, 0.1), (0.9, 0.05), (0.9, 0.1)]
    assert sweep.num_configurations == 6
    assert sweep.configurations[2].agent == fastq.QLearning(alpha=0.5, gamma=1.0, epsilon=0.05)
    assert len({c.key for c in sweep.configurations}) == 6
    assert str(sweep.configurations[1]) == "alpha=0.1, epsilon=0.1"


def test_keys_do_not_depend_on_what_is_in_the_grid(fields):
    """The same hyperparameters are the same configuration, varied or fixed."""
    narrow = {**fields, "grid": {"alpha": [0.5]}, "fixed": {"epsilon": 0.1}}
    keys = {c.key for c in fastq.Sweep(**fields).configurations}
    assert fastq.Sweep(**narrow).configurations[0].key in keys


def test_arrays_tuples_and_integers_make_a_grid(fields):
    grid = {"alpha": np.array([0.5, 1.0]), "epsilon": (0, 1)}
    found = fastq.Sweep(**{**fields, "grid": grid})
    assert found.grid == {"alpha": [0.5, 1.0], "epsilon": [0.0, 1.0]}


def test_several_agents_take_of_the_grid_what_they_have(fields):
    grid = {"alpha": [0.1, 0.5], "planning_steps": [0, 2]}
    agents = ["sarsa", fastq.DynaQ]
    found = fastq.Sweep(**{**fields, "agent": agents, "grid": grid}).configurations
    assert [c.agent for c in found] == [
        fastq.Sarsa(alpha=0.1),
        fastq.Sarsa(alpha=0.5),
        fastq.DynaQ(alpha=0.1, planning_steps=0),
        fastq.DynaQ(alpha=0.1, planning_steps=2),
        fastq.DynaQ(alpha=0.5, planning_steps=0),
        fastq.DynaQ(alpha=0.5, planning_steps=2),
    ]
    assert found[1].point == {"agent": "sarsa", "alpha": 0.5}
    assert str(found[2]) == "agent=dyna_q, alpha=0.1, planning_steps=0"


def test_schedules_and_words_in_a_grid(fields, tmp_path):
    linear = fastq.Linear(start=1.0, end=0.1, episodes=10)
    grid = {"alpha": [0.5, linear, fastq.Visits(power=0.8)], "ties": ["first", "random"]}
    sweep = fastq.Sweep(**{**fields, "grid": grid, "fixed": {"epsilon": fastq.Visits(power=1)}})
    assert sweep.num_configurations == 6
    assert sweep.configurations[3].agent.alpha == linear
    assert sweep.configurations[3].agent.ties == "random"
    path = tmp_path / "sweep.toml"
    path.write_text(sweep.to_toml())
    assert fastq.Sweep.from_toml(path) == sweep
    path.write_text(
        'env = "fastq/WindyGridworld-v0"\nagent = "q_learning"\nepisodes = 20\nruns = 5\nseed = 3\n'
        'fixed.epsilon = {kind = "visits", power = 1.0}\n'
        '[grid]\nties = ["first", "random"]\nalpha = [0.5, '
        '{kind = "linear", start = 1.0, end = 0.1, episodes = 10}, {kind = "visits", power = 0.8}]'
    )
    assert {c.key for c in fastq.Sweep.from_toml(path).configurations} == {
        c.key for c in sweep.configurations
    }


def test_an_mdp_and_a_file_are_environments_too(fields, tmp_path):
    mdp = fastq.random_mdp(5, 2, 2, seed=1)
    mdp.save(tmp_path / "mine.npz")
    given = fastq.Sweep(**{**fields, "env": mdp})
    stored = fastq.Sweep(**{**fields, "env": str(tmp_path / "mine.npz")})
    assert given.env_name == mdp.name
    assert [c.key for c in given.configurations] == [c.key for c in stored.configurations]
    (tmp_path / "sweep.toml").write_text(
        'env = "mine.npz"\nagent = "sarsa"\nepisodes = 1\nruns = 1\ngrid.alpha = [0.5]\n'
    )
    beside = fastq.Sweep.from_toml(tmp_path / "sweep.toml")
    assert beside.mdp.fingerprint == mdp.fingerprint
    with pytest.raises(fastq.InputError, match=r"env = .*: must be a name to be written"):
        given.to_toml()


OWN = """
import fastq
class Mine(fastq.Algorithm):
    alpha: fastq.StepSize
    def act(q, state, u, agent):
        return int(u * q.shape[1])
    def update(q, step, agent):
        q[step.state, step.action] += agent.alpha * step.reward
"""


def test_an_algorithm_of_ones_own_is_found_beside_the_file(fields, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    path = tmp_path / "sweep.toml"
    path.write_text(
        'env = "fastq/WindyGridworld-v0"\nagent = ["mine.py:Mine", "q_learning"]\nepisodes = 1\n'
        "runs = 1\ngrid.alpha = [0.5, 0.6]\nfixed.epsilon = 0.2\n"
    )
    sweep = fastq.Sweep.from_toml(path)
    assert [str(c) for c in sweep.configurations] == [
        f"agent={agent}, alpha={alpha}" for agent in ("mine", "q_learning") for alpha in (0.5, 0.6)
    ]
    assert sweep.model_dump()["agent"] == [f"{tmp_path}/mine.py:Mine", "q_learning"]
    mine = sweep.agents[0]
    assert fastq.Sweep(**{**fields, "agent": mine, "fixed": {}, "grid": {"alpha": [1.0]}})
    with pytest.raises(fastq.InputError, match=r"grid.alpha\[0\] = 2.0: must be a number in"):
        fastq.Sweep(**{**fields, "agent": mine, "fixed": {}, "grid": {"alpha": [2.0]}})


def test_from_toml(tmp_path, sweep):
    path = tmp_path / "five.toml"
    path.write_text(
        'env = "fastq/WindyGridworld-v0"\nagent = "q_learning"\nepisodes = 20\nruns = 5\n'
        "seed = 3\ngrid = {alpha = [0.1, 0.5, 0.9], epsilon = [0.05, 0.1]}\nfixed = {gamma = 1}\n"
    )
    assert fastq.Sweep.from_toml(path) == sweep


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    alphas=st.lists(st.floats(1e-300, 1), min_size=1, unique=True),
    initial_value=st.floats(allow_nan=False, allow_infinity=False),
    seed=st.integers(0, 2**63 - 1),
    moves=st.sampled_from(["four", "king", "king+stay"]),
    max_steps=st.none() | st.integers(1, 2**31 - 1),
)
def test_toml_round_trip(tmp_path_factory, alphas, initial_value, seed, moves, max_steps):
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0",
        env_args={"moves": moves, "stochastic_wind": True},
        agent="q_learning",
        grid={"alpha": alphas},
        fixed={"initial_value": initial_value},
        episodes=1,
        runs=1,
        seed=seed,
        max_steps=max_steps,
    )
    path = tmp_path_factory.mktemp("toml") / "sweep.toml"
    path.write_text(sweep.to_toml())
    assert fastq.Sweep.from_toml(path) == sweep


BAD = [
    ({"frobnicate": 3}, "frobnicate = 3: no such field; allowed are env, env_args, agent"),
    ({"grid": {"alpha": [0.1, 1.5]}}, r"grid.alpha\[1\] = 1.5: must be a number in \(0, 1\]"),
    ({"grid": {"alpha": [float("nan")]}}, r"grid.alpha\[0\] = nan: must be a number"),
    ({"grid": {"alpha": []}}, r"grid.alpha = \[\]: must hold at least one value"),
    ({"grid": {"alpha": [0.5, 0.5]}}, r"grid.alpha\[1\] = 0.5: is there twice"),
    ({"grid": {"alpha": 0.5}}, "grid.alpha = 0.5: must be a list of values"),
    ({"grid": {"alpha": ["x"]}}, r"grid.alpha\[0\] = 'x': must be a number in"),
    ({"grid": {"alpha": [None]}}, r"grid.alpha\[0\] = None: must be a number, a word or a sched"),
    ({"grid": [0.1]}, r"grid = \[0.1\]: must be a table from hyperparameters to lists"),
    ({"grid": {}}, "grid = {}: must name at least one hyperparameter"),
    ({"grid": {"lambda": [0.5]}}, "grid.lambda: q_learning has no such hyperparameter"),
    ({"fixed": {"alpha": 0.5}}, "alpha is in both grid and fixed"),
    ({"fixed": {"gamma": 1.5}}, r"fixed.gamma = 1.5: must be a number in \[0, 1\]"),
    ({"fixed": {"lambda": 0.5}}, "fixed.lambda: q_learning has no such hyperparameter"),
    ({"episodes": 0}, "episodes = 0: must be an integer from 1 to"),
    ({"runs": 0}, "runs = 0: must be an integer from 1 to"),
    ({"runs": 1.5}, "runs = 1.5: must be an integer from 1 to"),
    ({"runs": True}, "runs = True: must be an integer from 1 to"),
    ({"seed": -1}, "seed = -1: must be an integer from 0 to"),
    ({"max_steps": 0}, "max_steps = 0: must be an integer from 1 to"),
    ({"streams": "odd"}, "streams = 'odd': must be one of common, independent"),
    ({"agent": ["sarsa", "sarsa"]}, "agent: sarsa is there twice; must differ"),
    ({"agent": []}, r"agent = \[\]: must be the name of an agent, its class, or a list"),
    ({"agent": 3}, "agent = 3: must be the name of an agent"),
    ({"agent": "nowhere.py:Mine"}, "agent = 'nowhere.py:Mine': cannot be loaded"),
    ({"grid": {"temperature": [1.0]}, "fixed": {"epsilon": 0.1}}, "a softmax policy has none"),
    ({"grid": {"ties": ["last"]}}, r"grid.ties\[0\] = 'last': must be one of first, random"),
    ({"grid": {"alpha": [{"kind": "cubic"}]}}, r"grid.alpha\[0\].kind = 'cubic': must be one of"),
    (
        {"grid": {"alpha": [{"kind": "visits", "power": -1.0}]}},
        r"grid.alpha\[0\].power = -1.0: must be a number in \(0, 10\]",
    ),
    (
        {"grid": {"alpha": [{"kind": "linear", "start": 1.0, "end": 0.0, "episodes": 5}]}},
        r"grid.alpha\[0\].end = 0: a schedule of step sizes must stay in \(0, 1\]",
    ),
    ({"env": 5}, "env = 5: must be a gymnasium id, the name of an .npz file"),
    ({"env": "nowhere.npz"}, "env = 'nowhere.npz': no such file"),
    ({"agent": "alphazero"}, "agent = 'alphazero': must be one of q_learning"),
    ({"env": "Nowhere-v0"}, "env = 'Nowhere-v0': must be registered"),
    ({"env": "CartPole-v1"}, "env = 'CartPole-v1': has no table unwrapped.P"),
    ({"env_args": {"moves": "knight"}}, "moves = 'knight': must be one of four"),
]


# A fault says what was probably meant, in the end.
BAD += [
    ({"gird": {"alpha": [0.5]}}, r"gird = {.*}: no such field; .*; did you mean grid\?"),
    ({"grid": {"aplha": [0.5]}}, r"grid.aplha: q_learning has no .*; did you mean alpha\?"),
    ({"fixed": {"gama": 0.5}}, r"fixed.gama: q_learning has no .*; did you mean gamma\?"),
    ({"agent": "QLearning"}, r"agent = 'QLearning': .*; did you mean q_learning\?"),
    ({"agent": ["sarsa", "expectedsarsa"]}, r"'expectedsarsa': .*; did you mean expected_sarsa\?"),
    ({"env": "FrozenLak-v1"}, "env = 'FrozenLak-v1': must be registered .*FrozenLake"),
    ({"env": "fastq/WindyGridwrld-v0"}, "must be registered .*WindyGridworld"),
    ({"env_args": {"moves": "kings"}}, r"moves = 'kings': .*; did you mean king\?"),
    ({"fixed": {"epsilon": {"kind": "linaer"}}}, r"epsilon.kind = 'linaer': .*mean linear\?"),
    (
        {"fixed": {"epsilon": {"kind": "linear", "strat": 1.0, "end": 0.1, "episodes": 5}}},
        r"fixed.epsilon.strat = 1.0: no such field; .*; did you mean start\?",
    ),
    ({"agent": fastq.QLearning(alpha=0.5)}, r"agent = QLearning\(...\): must be the class QLear"),
    ({"agent": ["sarsa", fastq.Sarsa()]}, r"agent = Sarsa\(...\): must be the class Sarsa itself"),
    ({"grid": {"alpha": [0.5, 1.0, 0.50]}}, r"grid.alpha\[2\] = 0.5: is there twice; must differ"),
    ({"grid": {"initial_value": [1, 2, 1.0]}}, r"initial_value\[2\] = 1.0: is there twice"),
    ({"grid": {"initial_value": [1, True]}}, r"initial_value\[1\] = True: must be a finite number"),
    (
        {"grid": {"alpha": [{"kind": "visits", "power": 1}, fastq.Visits(power=1.0)]}},
        r"grid.alpha\[1\] = 1/n\^1.0: is there twice; must differ",
    ),
    ({"grid": {"alpha": [0.5, 0.5, 2.0]}}, r"grid.alpha\[1\] = 0.5: is there twice"),
    ({"grid": {"alpha": [0.5, 2.0, 0.5]}}, r"grid.alpha\[1\] = 2.0: must be a number"),
    ({"grid": {"alpha": [0.5, 0.6]}, "fixed": {"gamma": 2.0}}, "fixed.gamma = 2.0: must be"),
    ({"seed": 10**5000}, "seed = <int>: must be an integer from 0"),
    ({"env": "\x1b[31m"}, r"env = '\\x1b\[31m': must be a gymnasium id"),
    ({"self": 3}, "self = 3: no such field"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_specs(fields, changes, message):
    with pytest.raises(fastq.InputError, match=message) as caught:
        fastq.Sweep(**{**fields, **changes})
    assert "\n" not in str(caught.value)


def test_a_missing_field(fields):
    del fields["runs"]
    with pytest.raises(fastq.InputError, match="runs is missing: must be an integer from 1"):
        fastq.Sweep(**fields)


def test_bad_files(tmp_path):
    path = tmp_path / "bad.toml"
    with pytest.raises(fastq.InputError, match=r"bad.toml: cannot be read"):
        fastq.Sweep.from_toml(path)
    path.write_text("env = = 3")
    with pytest.raises(fastq.InputError, match=r"bad.toml: is not TOML"):
        fastq.Sweep.from_toml(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(fastq.InputError, match=r"bad.toml: is not TOML"):
        fastq.Sweep.from_toml(path)
    path.write_text("runs = 0")
    with pytest.raises(fastq.InputError, match=r"bad.toml: \w+ is missing"):
        fastq.Sweep.from_toml(path)
    for text, message in (
        ("runs = " + "9" * 5000, r"is not TOML \(.*digits"),
        ("x = " + "[" * 100_000, r"is not TOML"),
        ("self = 3", "self = 3: no such field"),
    ):
        path.write_text(text)
        with pytest.raises(fastq.InputError, match=rf"bad.toml: {message}"):
            fastq.Sweep.from_toml(path)
    with pytest.raises(fastq.InputError, match="path = None: must be the name of a TOML file"):
        fastq.Sweep.from_toml(None)


ABOVE = 'env = "FrozenLake-v1"\nagent = "q_learning"\n'
MISPLACED = [
    ('episodes = 2\nruns = 2\ngrid.alpha = [0.5]\n[fixed]\nrecord = "summary"', "record", "fixed"),
    ("episodes = 2\ngrid.alpha = [0.5]\n[fixed]\ngamma = 1\nruns = 2", "runs", "fixed"),
    ("[grid]\nalpha = [0.5]\nepisodes = 2\nruns = 2", "episodes", "grid"),
    (
        "grid.alpha=[0.5]\nruns=2\nepisodes=2\n[fixed.epsilon]\nkind='visits'\nseed=2",
        "seed",
        "fixed.epsilon",
    ),
    ("grid.alpha = [0.5]\nruns = 2\n[env_args]\nepisodes = 2", "episodes", "env_args"),
    ("grid.alpha=[0.5]\nruns=2\nepisodes=2\n[env_args]\nstreams='common'", "streams", "env_args"),
]


@pytest.mark.parametrize(("below", "name", "table"), MISPLACED)
def test_a_field_below_a_table_belongs_above(tmp_path, below, name, table):
    path = tmp_path / "sweep.toml"
    path.write_text(ABOVE + below)
    with pytest.raises(fastq.InputError) as caught:
        fastq.Sweep.from_toml(path)
    above = f"; {name} is a field of the sweep, and belongs above [{table}]"
    assert str(caught.value).endswith(above)


def test_a_field_above_is_not_said_to_be_misplaced(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(
        'env = "fastq/RandomMDP-v0"\nagent = "q_learning"\nruns = 0\nepisodes = 1\n'
        "grid.alpha = [0.5]\n[env_args]\nstates = 3\nactions = 2\nbranching = 2\nseed = 1\n"
    )
    with pytest.raises(fastq.InputError, match=r"runs = 0: must be an integer from 1 to \d+$"):
        fastq.Sweep.from_toml(path)


def test_many_values_are_checked_in_time_that_grows_as_they_do():
    """Each value was held against all before it: minutes for 100,000."""
    mdp = fastq.windy_gridworld()
    times = {}
    for count in (2_000, 40_000):
        alphas = np.linspace(1e-6, 1, count)
        started = time.process_time()
        sweep = fastq.Sweep(env=mdp, agent="sarsa", grid={"alpha": alphas}, episodes=1, runs=1)
        assert sweep.num_configurations == count
        again = [*alphas.tolist(), 0.75, 0.75]
        with pytest.raises(fastq.InputError, match=rf"grid.alpha\[{count + 1}\] = 0.75: is there"):
            fastq.Sweep(env=mdp, agent="sarsa", grid={"alpha": again}, episodes=1, runs=1)
        times[count] = time.process_time() - started
    assert times[40_000] < 4 * 20 * times[2_000]


def test_too_large_a_grid_is_refused_before_it_is_made():
    grid = {name: np.linspace(0.1, 1, 300).tolist() for name in ("alpha", "gamma", "epsilon")}
    with pytest.raises(fastq.InputError, match="grid: makes 27,000,000 configurations; must be"):
        fastq.Sweep(env="FrozenLake-v1", agent="sarsa", grid=grid, episodes=1, runs=1)


class Prefixed(fastq.Algorithm):
    """The name of one hyperparameter begins as that of another, which has no default."""

    step: fastq.StepSize = 0.5
    step_count: fastq.StepSize

    def act(q, state, u, agent):
        return int(u * q.shape[1])

    def update(q, step, agent):
        q[step.state, step.action] += agent.step * step.reward


def test_a_missing_hyperparameter_is_not_taken_for_one_whose_name_begins_it(fields):
    own = {**fields, "agent": Prefixed, "grid": {"step": [0.5]}, "fixed": {}}
    with pytest.raises(fastq.InputError, match=r"^prefixed with step = 0.5: step_count is missing"):
        fastq.Sweep(**own)
    own |= {"grid": {"step": [2.0]}, "fixed": {"step_count": 0.5}}
    with pytest.raises(fastq.InputError, match=r"^grid.step\[0\] = 2.0: must be a number"):
        fastq.Sweep(**own)


def test_a_sweep_is_shown_in_some_lines(fields):
    told = [
        "Sweep(q_learning on fastq/WindyGridworld-v0:",
        "  6 configurations x 5 runs x 20 episodes, seed 3",
        "  alpha = [0.1, 0.5, 0.9]",
        "  epsilon = [0.05, 0.1])",
    ]
    assert str(fastq.Sweep(**fields)).splitlines() == told
    assert repr(fastq.Sweep(**fields)) == str(fastq.Sweep(**fields))


def test_a_sweep_with_many_hyperparameters_is_cut(tmp_path):
    path = tmp_path / "mine.py"
    names = [f"x{i}" for i in range(9)]
    path.write_text(
        "import fastq\nclass Mine(fastq.Algorithm):\n"
        + "".join(f"    {name}: float = 0.0\n" for name in names)
        + "    def act(q, state, u, agent):\n        return 0\n"
        "    def update(q, step, agent):\n        q[step.state, step.action] += agent.x0\n"
    )
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0", agent=f"{path}:Mine", grid={name: [0.0] for name in names},
        episodes=1, runs=1,
    )  # fmt: skip
    lines = str(sweep).splitlines()
    assert len(lines) == 9
    assert lines[-2:] == ["  x5 = [0.0]", "  and 3 more)"]
