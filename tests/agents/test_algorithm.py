"""`Algorithm`: names, hyperparameters, what rules may not do, and versions that follow the code."""

import enum
import importlib
import random
import sys
from random import gauss
from typing import ClassVar

import numba
import numpy as np
import pytest
from numpy.random import random as numpys_random

import fastq
from fastq.agents.algorithm import code_digest, functions_of
from fastq.agents.registry import find_agent
from fastq.agents.td_control import Agent


class Base(fastq.Algorithm):
    def act(q, state, u, agent):
        return 0

    def update(q, step, agent):
        q[0, 0] += 1.0


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Mine", "mine"),
        ("DoubleQ", "double_q"),
        ("QLearning", "q_learning"),
        ("MyQLearning", "my_q_learning"),
        ("TD0Agent", "td0_agent"),
        ("HTTPQ2Learner", "httpq2_learner"),
        ("under_score", "under_score"),
    ],
)
def test_names_are_in_snake_case(words, name):
    assert type(words, (Base,), {"__module__": __name__}).name == name


def test_a_name_may_be_given():
    class Mine(Base):
        name: ClassVar[str] = "yours"

    class Further(Mine):
        pass

    assert (Mine.name, Further.name) == ("yours", "further")


def test_a_name_can_be_printed():
    for name in ("", "a\nb", "\x1b[31mred", "\u202eabc", 3, None):
        with pytest.raises(fastq.InputError, match=r"name = .*: must be text that can be printed"):
            type("Mine", (Base,), {"__module__": __name__, "name": name})


def test_a_hyperparameter_without_a_type_is_told_in_one_line():
    for value in (0.3, "left", [1, 2]):
        with pytest.raises(fastq.InputError) as caught:
            type("Mine", (Base,), {"__module__": __name__, "alpha": value})
        assert str(caught.value) == (
            f"Mine.alpha = {value!r}: has no type; annotate it, as alpha: float = {value!r} or "
            f"alpha: fastq.StepSize = {value!r}"
        )


def test_a_hyperparameter_of_a_strange_type_is_told_in_one_line():
    with pytest.raises(fastq.InputError, match=r"Mine: Unable to generate .*ndarray'>$"):

        class Mine(Base):
            alpha: np.ndarray

    class Yours(Base):
        alpha: "StpSize" = 0.3  # noqa: F821

    with pytest.raises(fastq.InputError, match=r"`Yours` is not fully defined; .*`StpSize`"):
        Yours()


def test_hyperparameters():
    class Mine(Base):
        alpha: fastq.ScheduledStepSize
        count: int = 3
        plain: float = -1.5

    agent = Mine(alpha=np.float32(0.5))
    assert (agent.alpha, agent.count, agent.plain) == (0.5, 3, -1.5)
    assert isinstance(agent, Agent)
    schedule = fastq.Linear(start=0.5, end=0.1, episodes=4)
    assert Mine(alpha=schedule).key("x") != Mine(alpha=0.5).key("x")
    with pytest.raises(fastq.InputError, match=r"alpha is missing: must be a number in \(0, 1\]"):
        Mine()
    with pytest.raises(fastq.InputError, match=r"alpha = 1/n\^0.5: .* counts visits itself"):
        Mine(alpha=fastq.Visits(power=0.5))
    with pytest.raises(fastq.InputError, match="beta = 1: no such field; allowed are alpha, count"):
        Mine(alpha=0.5, beta=1)


@pytest.mark.parametrize(
    ("kind", "value"), [(str, "a"), (list, [1]), (dict, {"kind": 1}), (float | None, None)]
)
def test_hyperparameters_are_numbers(kind, value):
    mine = type("Mine", (Base,), {"__module__": __name__, "__annotations__": {"x": kind}})
    with pytest.raises(fastq.InputError, match=r"x = .*: must be a number"):
        mine(x=value)


@pytest.mark.filterwarnings("ignore:Field name")
@pytest.mark.parametrize(
    ("field", "kind"),
    [("tables", int), ("on_policy", bool), ("update_draws", bool), ("version", int), ("key", int)],
)
def test_attributes_of_the_class_are_no_hyperparameters(field, kind):
    body = {"__module__": __name__, "__annotations__": {field: kind}, field: 1}
    with pytest.raises(fastq.InputError, match=rf"Mine.{field}: must be no hyperparameter; leave"):
        type("Mine", (Base,), body)


@pytest.mark.parametrize("tables", [-1, 1.5, "two"])
def test_the_number_of_tables(tables):
    with pytest.raises(fastq.InputError, match=r"Mine.tables = .*: must be an integer from 0"):
        type("Mine", (Base,), {"__module__": __name__, "tables": tables})


def bad(name="update", **body):
    """Make an algorithm of which one rule is bad, and say why it is refused."""
    mine = type("Bad", (Base,), {"__module__": __name__, **body})
    with pytest.raises(fastq.InputError) as found:
        mine.rules()
    with pytest.raises(fastq.InputError):
        find_agent(mine)
    with pytest.raises(fastq.InputError):
        fastq.train(fastq.windy_gridworld(), mine(), episodes=1, seed=0)
    said = str(found.value)
    assert said.startswith("Bad (test_algorithm.py, line ")
    return said.partition("): ")[2]


def test_the_arguments_of_the_rules():
    must = "must be act(q, state, u, agent)"
    assert bad(act=lambda q, state: 0) == f"act(q, state) {must}"
    assert bad(act=lambda q, state, u, agent, *more: 0) == f"act(q, state, u, agent, *more) {must}"
    must = "must be update(q, step, agent), with tables = 0"
    assert bad(update=lambda q, step, agent, t: 0) == f"update(q, step, agent, t) {must}"
    assert bad(update=lambda q, step, agent, *, by=1: 0).endswith(must)
    must = "must be update(q, step, agent, tables), with tables = 2"
    assert bad(update=lambda q, step, agent: 0, tables=2) == f"update(q, step, agent) {must}"


@pytest.mark.parametrize("missing", ["act", "update"])
def test_a_rule_that_is_not_there(missing):
    body = {"__module__": __name__, "act": Base.act, "update": Base.update}
    del body[missing]
    lacks = type("Lacks", (fastq.Algorithm,), body)
    message = rf"^Lacks has no function {missing}: must have act and update$"
    with pytest.raises(fastq.InputError, match=message):
        fastq.train(fastq.windy_gridworld(), lacks(), episodes=1, seed=0)


def test_rules_may_be_static_methods_or_compiled():
    class Mine(fastq.Algorithm):
        @staticmethod
        def act(q, state, u, agent):
            return 0

        update = staticmethod(lambda q, step, agent: None)

    assert [rule.__name__ for rule in Mine.rules()] == ["act", "<lambda>"]


def through_a_helper(x):
    return x + random.random()


def test_rules_draw_nothing_at_random_but_u():
    def yields(q, step, agent):
        yield q

    said = {
        bad(update=lambda q, step, agent: np.random.random()),  # noqa: NPY002
        bad(update=lambda q, step, agent: random.random()),
        bad(update=lambda q, step, agent: gauss(0, 1)),
        bad(update=lambda q, step, agent: numpys_random()),  # noqa: NPY002
    }
    assert said == {"<lambda> must not draw at random; u is there for it"}
    update = numba.njit(lambda q, step, agent: through_a_helper(1.0)).py_func
    assert bad(update=update) == "through_a_helper must not draw at random; u is there for it"
    assert bad(update=yields) == "yields must be a plain function, without yield or async"


def test_rules_do_not_set_hyperparameters():
    """A compiled rule would set them for all runs to come."""

    def update(q, step, agent):
        agent.alpha = 0.5

    assert bad(update=update) == "update must not set alpha; only tables may change"


class Move(enum.IntEnum):
    LEFT = 0
    RIGHT = 1


def test_functions_of_lists_each_function_once():
    def update(q, step, agent):
        return through_a_helper(Move.LEFT) + through_a_helper(Move.RIGHT) + len(q)

    assert functions_of([update, through_a_helper]) == [update, through_a_helper]


CODE = '''
import math
import enum
import numba
import numpy as np
import fastq
STEP = 0.5
TABLE = np.array([1.0, 2.0])
OTHER = 7.0
class Move(enum.IntEnum):
    LEFT = 0
    RIGHT = 1
def inner(x):
    return math.exp(-x * x)
@numba.njit
def helper(x):
    return inner(x) + TABLE[0]
def unused(x):
    return x
class Mine(fastq.Algorithm):
    alpha: fastq.StepSize = 0.5
    tables = 0
    def act(q, state, u, agent):
        return Move.RIGHT + 0
    def update(q, step, agent):
        """Learn."""
        q[step.state, step.action] += agent.alpha * (helper(step.reward) + STEP)
'''

SAME = [
    ("", ""),
    ("STEP = 0.5", "STEP = 0.5  # the half"),
    ('"""Learn."""', '"""Learn, and\n    well.\n        """'),
    ("    return inner(x) + TABLE[0]", "\n    # first\n    return (inner(x)\n    + TABLE[0])"),
    ("import math\n", "import math\n\n\n"),
    ("OTHER = 7.0", "OTHER = 8.0"),
    ("    return x\n", "    return -x\n"),
    ("alpha: fastq.StepSize = 0.5", "alpha: fastq.Fraction = 0.5"),
]
OTHERS = [
    ("STEP = 0.5", "STEP = 0.25"),
    ("1.0, 2.0", "1.0, 2.5"),
    ("1.0, 2.0]", "1.0, 2.0], np.float32"),
    ("RIGHT = 1", "RIGHT = 2"),
    ("-x * x", "-x"),
    ("math.exp", "math.cos"),
    ("+ TABLE[0]", "- TABLE[0]"),
    ("helper(step.reward) + STEP", "STEP + helper(step.reward)"),
    ("Move.RIGHT + 0", "Move.LEFT + 0"),
    ("tables = 0", "on_policy = True"),
    ("tables = 0", "update_draws = True"),
]


def versions(tmp_path, old, new):
    """Load the code, changed in one place; give its version and its keys."""
    assert old in CODE
    path = tmp_path / "mine.py"
    path.write_text(CODE.replace(old, new))
    mine = find_agent(f"{path}:Mine")
    return mine.algorithm_version(), mine().key("x"), code_digest(mine)


@pytest.mark.parametrize(("old", "new"), SAME)
def test_comments_and_layout_change_no_version(tmp_path, old, new):
    (tmp_path / "first").mkdir()
    assert versions(tmp_path, old, new)[:2] == versions(tmp_path / "first", "", "")[:2]


@pytest.mark.parametrize(("old", "new"), OTHERS)
def test_what_the_rules_use_changes_the_version_and_the_keys(tmp_path, old, new):
    (tmp_path / "first").mkdir()
    first, edited = versions(tmp_path / "first", "", ""), versions(tmp_path, old, new)
    assert all(left != right for left, right in zip(first, edited, strict=True))


def test_a_version_is_of_the_code_that_was_loaded(tmp_path, monkeypatch):
    """A file may be edited after it was imported, and before its algorithm is first used."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "imported_code.py").write_text(CODE)
    first = versions(tmp_path, "", "")[0]
    mine = importlib.import_module("imported_code").Mine
    (tmp_path / "imported_code.py").write_text(CODE.replace("-x * x", "-x"))
    assert mine.algorithm_version() != versions(tmp_path, "-x * x", "-x")[0]
    del sys.modules["imported_code"]
    (tmp_path / "imported_code.py").write_text(CODE + "\n\n")
    assert importlib.import_module("imported_code").Mine.algorithm_version() == first


def test_code_without_a_file_has_a_version_too():
    found = []
    for step in ("0.5", "0.5", "0.25"):
        names = {"__name__": "nowhere"}
        exec(CODE.replace("STEP = 0.5", f"STEP = {step}"), names)
        found.append(names["Mine"].algorithm_version())
    assert found[0] == found[1] != found[2]
