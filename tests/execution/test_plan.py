"""`plan`: what a sweep would do, and nothing of it done."""

import math
import time

import pytest

import fastq
from fastq.execution import plan as planning_module
from fastq.execution.plan import plan
from tests.conftest import contents, rerun


@pytest.mark.parametrize("record", ["episodes", "moments"])
def test_what_is_estimated_comes_true(fields, tmp_path, record):
    sweep = fastq.Sweep(**{**fields, "runs": 300, "episodes": 100, "record": record})
    found = plan(sweep, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    assert (found.finished, found.missing) == (0, 1800)
    assert found.loops == {"q_learning": "in lock-step"}
    results = fastq.run(sweep, out=tmp_path / "x", n_jobs=1, progress=False)
    steps = fastq.Results(tmp_path / "x").manifest["steps"]
    assert steps == round(results.summary()["length"].mean() * 1800 * 100)
    assert 0.9 < found.steps / steps < 1.1
    written = sum(len(data) for path, data in contents(tmp_path / "x" / "parts").items())
    assert 1 / 3 < found.bytes / written < 3
    assert found.seconds > 0


def test_what_is_left_to_do(fields, study):
    before = contents(study)
    nothing = plan(fastq.Sweep(**fields), study)
    assert (nothing.missing, nothing.loops) == (0, {})
    longer = plan(fastq.Sweep(**{**fields, "runs": 7}), study)
    assert (longer.finished, longer.missing) == (30, 12)
    assert longer.steps > 0
    with pytest.raises(fastq.InputError, match="holds another study"):
        plan(fastq.Sweep(**{**fields, "seed": 9}), study)
    assert contents(study) == before


def test_what_would_be_refused(fields, tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(fastq.InputError, match="holds something else"):
        plan(fastq.Sweep(**fields), tmp_path)


def write(path, change):
    path.write_text(
        "import fastq\n"
        "class Mine(fastq.Algorithm):\n"
        "    step: fastq.StepSize = 0.5\n"
        "    def act(q, state, u, agent):\n"
        "        return int(u * q.shape[1])\n"
        "    def update(q, step, agent):\n"
        f"        q[step.state, step.action] += {change}\n"
    )


def test_rows_of_an_edited_algorithm_are_named(fields, tmp_path):
    fields |= {"agent": f"{tmp_path}/mine.py:Mine", "grid": {"step": [0.1]}, "fixed": {}}
    fields |= {"max_steps": 20}
    write(tmp_path / "mine.py", "step.reward")
    rerun(fields, tmp_path / "x")
    write(tmp_path / "mine.py", "2 * step.reward")
    found = plan(fastq.Sweep(**fields), tmp_path / "x")
    assert found.missing == 5
    assert [(stale.agent, stale.runs) for stale in found.stale] == [("mine", 5)]
    assert [stale.newer for stale in fastq.Results(tmp_path / "x").stale] == ["mine.py"]
    assert rerun(fields, tmp_path / "x").stale == found.stale


def test_a_sweep_that_would_fail_is_estimated_as_unknown(fields, tmp_path):
    fields |= {"agent": f"{tmp_path}/mine.py:Mine", "grid": {"step": [0.1]}, "fixed": {}}
    write(tmp_path / "mine.py", "1 // (0 * step.state)")
    found = plan(fastq.Sweep(**fields), tmp_path / "x")
    assert math.isnan(found.steps)
    assert found.missing == 5


def test_what_is_loaded_the_first_time_is_no_part_of_the_estimate(sweep, tmp_path, monkeypatch):
    """A first call that takes longer than a sample may is not what each run takes."""
    runs_of, calls = planning_module._runs_of, []

    def slow_at_first(*arguments):
        calls.append(arguments)
        if len(calls) > 1:
            return runs_of(*arguments)
        clock = time.perf_counter
        monkeypatch.setattr(time, "perf_counter", lambda: clock() + 100)
        return runs_of(*arguments)._replace(seconds=100.0)

    monkeypatch.setattr(planning_module, "_runs_of", slow_at_first)
    assert plan(sweep, tmp_path / "x").seconds < 100
    assert len(calls) == 1 + sweep.num_configurations
