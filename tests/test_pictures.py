"""What a sweep leaves beside its parts."""

from pathlib import Path

import matplotlib.image
import pandas as pd
import pytest

import fastq
from fastq.pictures import best_configurations, write_pictures


def test_report(results):
    paths = [Path(path) for path in write_pictures(results)]
    assert [path.name for path in paths] == ["curves.png", "heatmap.png", "summary.csv"]
    for path in paths[:2]:
        image = matplotlib.image.imread(path)
        assert image.shape[0] > 400
        assert image[..., :3].std() > 0.05  # something is drawn
    table = pd.read_csv(paths[2])
    assert table["estimate"].tolist() == pytest.approx(results.summary()["estimate"].tolist())


@pytest.mark.parametrize(
    "changes",
    [
        {"grid": {"alpha": [0.5]}, "runs": 1, "episodes": 1},
        {"grid": {"alpha": [0.5, 0.6], "gamma": [0.9, 1.0], "epsilon": [0.1, 0.2]}, "fixed": {}},
        {"episodes": 501, "runs": 2},
        {"env": "FrozenLake-v1", "grid": {"initial_value": [0.0, 1.0]}},
    ],
)
def test_reports_of_other_grids(fields, tmp_path, changes):
    spec = fastq.Sweep(**{**fields, **changes})
    found = fastq.run(spec, out=tmp_path / "x", n_jobs=1, progress=False)
    assert all(Path(path).stat().st_size for path in write_pictures(found))


@pytest.mark.parametrize("record", ["moments", {"window": 3}, "summary"], ids=str)
def test_reports_of_what_was_recorded(fields, tmp_path, record):
    found = fastq.run(
        fastq.Sweep(**fields, record=record), out=tmp_path / "x", n_jobs=1, progress=False
    )
    names = [Path(path).name for path in write_pictures(found)]
    assert names == ["curves.png"] * (record != "summary") + ["heatmap.png", "summary.csv"]


def test_best_configurations(results):
    summary = results.summary()
    best = best_configurations(summary, 2)
    assert best["estimate"].tolist() == sorted(summary["estimate"], reverse=True)[:2]
