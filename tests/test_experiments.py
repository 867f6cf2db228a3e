"""The sweeps in `experiments/` say what they promise."""

from pathlib import Path

import pytest

import fastq
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
