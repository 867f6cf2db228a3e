"""The sweeps in `experiments/` say what they promise; the published figures there reproduce at a
quick scale, and what should fail does.
"""

import ast
import re
from pathlib import Path

import pandas as pd
import pytest

import experiments
import fastq
from experiments import cliff_walking, figure_6_3, page
from experiments.__main__ import main
from experiments.claims import Claim, Scale, claim, farthest, ordered
from fastq import planning
from tests.mdps import newest

EXPERIMENTS = Path(__file__).parent.parent / "experiments"


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_spec_is_a_sweep(path, tmp_path):
    taxi = newest("Taxi")
    text = path.read_text().replace('"Taxi-v4"', f'"{taxi}"')
    (tmp_path / path.name).write_text(text)
    assert fastq.Sweep.from_toml(tmp_path / path.name).num_configurations >= 10


def test_taxi_learns_the_known_optimum(tmp_path):
    """Within three standard errors of the mean over the starts, which are drawn."""
    spec = (EXPERIMENTS / "taxi.toml").read_text().replace('"Taxi-v4"', f'"{newest("Taxi")}"')
    (tmp_path / "taxi.toml").write_text(spec)
    sweep = fastq.Sweep.from_toml(tmp_path / "taxi.toml")
    assert (sweep.num_configurations, sweep.runs, sweep.episodes) == (3 * 5, 50, 1000)
    curves = fastq.run(sweep, out=tmp_path / "taxi", progress=False).curves(window=100)
    optimum = float(sweep.mdp.start @ planning.value_iteration(sweep.mdp))
    assert optimum == pytest.approx(7.93, abs=0.005)
    last = curves[(curves["episode"] == 900) & (curves["alpha"] == 1.0)].set_index("agent")
    assert last.loc["dyna_q", "estimate"] == pytest.approx(optimum, abs=0.12)
    assert last.loc["q_learning", "estimate"] == pytest.approx(optimum, abs=0.12)
    assert last.loc["expected_sarsa", "estimate"] > 7.5
    first = curves[(curves["episode"] == 0)]
    assert (first["upper"] < -200).all()


TARGETS = [
    *("W1", "W2", "W2b", "W2c", "W3", "W4", "W5"),
    *("C1", "C2", "C3", "C4", "X1", "H1", "D1", "G1", "T"),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A quick run of all experiments: its exit status and its page."""
    out = tmp_path_factory.mktemp("published")
    status = main(["--quick", "--check", "--out", str(out)])
    return status, out / "quick"


def rows(folder):
    """Read the rows of the page's tables."""
    lines = (folder / "RESULTS.md").read_text().splitlines()
    return [line for line in lines if re.match(r"\| [A-Z]\w* \|", line)]


def verdicts(found, target):
    """Say of the claims about a target whether they hold, at the quick scale."""
    return [one.widened().holds for one in found.claims if one.target == target]


def test_all_verdicts_hold_at_the_quick_scale(finished):
    status, folder = finished
    assert status == 0
    assert "FAILS" not in (folder / "RESULTS.md").read_text()


def test_the_page_has_every_target_and_every_figure(finished):
    _, folder = finished
    text = (folder / "RESULTS.md").read_text()
    assert {row.split(" | ")[0].removeprefix("| ") for row in rows(folder)} >= set(TARGETS)
    for name in experiments.NAMES:
        assert f"## {name}\n" in text
        assert (folder / "figures" / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["windy_gridworld", "cliff_walking", "figure_6_3", "figure_8_2"])
def test_no_episode_is_cut_short_where_the_book_has_no_limit(name, finished):
    text = (finished[1] / "RESULTS.md").read_text().split(f"## {name}\n")[1]
    assert "no episode was cut short" in text.split("## ")[0]


def test_the_results_are_those_of_the_full_scale_and_the_readme_says_the_same():
    text = (EXPERIMENTS / "RESULTS.md").read_text()
    assert "FAILS" not in text
    assert [line[3:] for line in text.splitlines() if line[:3] == "## "] == [*experiments.NAMES]
    (work,) = re.findall(r"2,850,570 runs, .* of training on .*", text)
    assert work in (EXPERIMENTS.parent / "README.md").read_text()


def test_a_subset_renews_its_section_alone(finished):
    _, folder = finished
    before = (folder / "RESULTS.md").read_text()
    assert main(["kings_moves", "--quick", "--out", str(folder.parent)]) == 0
    assert (folder / "RESULTS.md").read_text() == before


def test_interrupted_it_resumes(finished, tmp_path, monkeypatch, capsys):
    """Ctrl-C comes when the first runs of a sweep are kept; the same command does the others."""

    class Interrupted(fastq.runner.tqdm):
        def update(self, n=1):
            raise KeyboardInterrupt

    words = ["windy_gridworld", "--quick", "--check", "--out", str(tmp_path)]
    with monkeypatch.context() as patch:
        patch.setattr("fastq.runner.tqdm", Interrupted)
        assert main(words) == 130
    assert "interrupted" in capsys.readouterr().err
    first = tmp_path / "quick" / "windy_gridworld" / "steps"
    kept = {part: part.read_bytes() for part in first.glob("parts/*")}
    assert kept
    assert not (tmp_path / "quick" / "RESULTS.md").exists()
    assert main(words) == 0
    assert {part: part.read_bytes() for part in kept} == kept
    assert rows(tmp_path / "quick") == rows(finished[1])[:6]


def test_unknown_names_are_one_line(capsys, tmp_path):
    assert main(["figure_6_3", "figure_6_4", "--out", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("figure_6_4: no such experiment; must be one of windy_gridworld, ")
    assert all(name in line for name in experiments.NAMES)
    assert not list(tmp_path.iterdir())


def test_results_of_another_setting_are_refused(capsys, tmp_path):
    sweep = fastq.Sweep(
        env=fastq.cliff_walking(), agent="sarsa", grid={"alpha": [1.0]}, episodes=1, runs=1
    )
    fastq.run(sweep, tmp_path / "quick" / "cliff_walking" / "sweep", progress=False)
    assert main(["cliff_walking", "--quick", "--out", str(tmp_path)]) == 2
    assert "holds another study" in capsys.readouterr().err


def test_a_fall_that_ends_the_episode_fails(tmp_path):
    """A negative control: it is another world, and the verdicts see it."""
    found = cliff_walking.run(Scale(tmp_path, full=False), fastq.cliff_walking(fall_ends=True))
    assert not any(verdicts(found, "C2")[1:])
    assert verdicts(found, "C1").count(False) >= 2


def test_first_index_ties_fail(tmp_path):
    """A negative control: the exact value and the asymptotic mean of Q-learning are others."""
    found = cliff_walking.run(Scale(tmp_path / "example", full=False), ties="first")
    assert verdicts(found, "C2") == [True, False]
    found = figure_6_3.run(Scale(tmp_path / "figure", full=False), ties="first")
    assert verdicts(found, "C4") == [True, True, False]


def test_a_failed_verdict_is_the_exit_status(monkeypatch, tmp_path, capsys):
    false = claim("W1", "steps", 14, 15.0, 0.5)
    mdp = fastq.cliff_walking()

    def run(scale):
        return experiments.Found([false], fastq.plot.value_map(mdp, range(48)))

    monkeypatch.setattr(experiments, "find", lambda name: run)
    words = ["kings_moves", "--quick", "--out", str(tmp_path)]
    assert main(words) == 0
    assert main([*words, "--check"]) == 1
    assert "**FAILS**" in capsys.readouterr().out


def test_verdicts():
    assert claim("W1", "steps", 15, 15.4, 0.5).verdict == "reproduced"
    assert claim("W1", "steps", 15, 15.6, 0.5).verdict == "**FAILS**"
    assert claim("W1", "steps", 15, float("nan"), 0.5).verdict == "**FAILS**"
    known = claim("W3", "episodes", 169, 153.0, 1, "a lucky run", reproduces=False)
    assert known.verdict.startswith("does not reproduce")
    assert known._replace(measured=169.0).verdict == "**FAILS**"
    assert Claim("C3", "gap", 0, 0.1, ordering=True).holds
    assert not Claim("C3", "gap", 0, -0.1, ordering=True).holds


def test_a_quick_scale_widens_by_the_interval():
    row = fastq.statistics.t_interval([1.0, 2.0, 3.0])
    one = claim("C1", "return", 10, row, 1)
    assert one.widened().tolerance == pytest.approx(1 + float(row.upper - row.lower))
    assert claim("C2", "exact", 10, 10.0, 1).widened().tolerance == 1


CURVE = pd.DataFrame(
    {"estimate": [1.0, 2.0, 3.0], "lower": [0.5, 1.5, 2.5], "upper": [1.5, 2.5, 3.5]},
    index=pd.Index([0.1, 0.2, 0.3], name="alpha"),
)


def test_a_curve_is_as_good_as_its_worst_point():
    published = pd.Series([1.1, 3.5, float("nan")], index=CURVE.index)
    worst = farthest("C3", "interim", published, CURVE, 1.0)
    assert (worst.published, worst.measured, worst.holds) == (3.5, 2.0, False)
    assert "alpha 0.2" in worst.what
    assert worst.note.startswith("1 of 2 points")
    assert farthest("C3", "interim", published, CURVE, [1, 2, 1]).holds


def test_an_ordering_is_its_least_gap():
    below = CURVE.assign(estimate=[0.0, 1.9, 2.0])
    gap = ordered("C3", "above", CURVE, below)
    assert gap.measured == pytest.approx(0.1)
    assert gap.holds
    assert not ordered("C3", "above", below, CURVE).holds


def test_other_sections_are_kept(tmp_path):
    path = tmp_path / "RESULTS.md"
    page.write(path, {"tutorial": "tutorial\n\nold"})
    page.write(path, {"kings_moves": "kings_moves\n\nnew"})
    text = path.read_text()
    assert text.index("## kings_moves\n\nnew") < text.index("## tutorial\n\nold")


@pytest.mark.parametrize("name", experiments.NAMES)
def test_an_experiment_is_small_and_uses_public_names_only(name):
    text = (EXPERIMENTS / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 60
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastq"):
            assert node.module == "fastq"
            assert {alias.name for alias in node.names} <= set(fastq.__all__)
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith("fastq")]
            assert names in ([], ["fastq"])
