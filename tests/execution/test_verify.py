"""`verify`: what is right is found right, and one wrong bit is found."""

import sys
import zlib

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import fastq
from fastq import cli
from fastq.execution import fresh_process
from fastq.execution import verify as verify_module
from fastq.execution.verify import verify
from fastq.study import runs as runs_module
from tests.conftest import SMALL, rerun

KINDS = ["episodes", {"window": 4}, "moments", "summary"]


@pytest.mark.slow
@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("record", KINDS, ids=str)
def test_good_results(tmp_path, record, reference):
    rerun(SMALL, tmp_path / "x", record=record, runs=3, streams="independent")
    found = verify(tmp_path / "x", sample=1000, reference=reference, fresh=False)
    assert found.is_good
    assert (found.finished, found.checked, found.left_out) == (18, 18, None)
    assert verify(tmp_path / "x", sample=2, reference=reference, seed=0, fresh=False).checked >= 2


def change(directory):
    """Change the last return of a part, its length and its checksum with it."""
    part = next((directory / "parts").iterdir())
    table = pq.read_table(part)
    part.unlink()
    name = next(name for name in table.column_names if name.startswith("return"))
    index = table.column_names.index(name)
    changed = table.set_column(index, table.schema.field(name), pc.add(table[name], 1e-9))
    pq.write_table(changed, directory / "x")
    data = (directory / "x").read_bytes()
    (directory / "x").unlink()
    (directory / "parts" / f"x-{zlib.crc32(data):08x}.parquet").write_bytes(data)


@pytest.mark.parametrize("record", KINDS, ids=str)
def test_results_that_were_changed(tmp_path, record):
    rerun(SMALL, tmp_path / "x", record=record, grid={"alpha": [0.5]})
    change(tmp_path / "x")
    found = verify(tmp_path / "x", sample=1000, fresh=False)
    assert not found.is_good
    assert not found.damaged
    assert "alpha=0.5, run " in found.differing[0]


def test_damaged_parts_are_all_named(study):
    parts = sorted((study / "parts").iterdir())
    for part in parts[:2]:
        part.write_bytes(part.read_bytes()[:-1])
    found = verify(study)
    assert not found.is_good
    assert (found.parts, len(found.damaged), found.checked) == (len(parts), 2, 0)
    assert found.damaged[0].startswith(str(parts[0]))


def test_the_environment_need_not_be_at_hand(fields, tmp_path):
    mdp = fastq.random_mdp(5, 4, 2, seed=0, sd=1.0)
    rerun(fields, tmp_path / "x", env=mdp, max_steps=15)
    for reference in (False, True):
        assert verify(tmp_path / "x", sample=5, reference=reference, fresh=False).checked == 5
    (tmp_path / "x" / "environment.npz").write_bytes(b"")
    found = verify(tmp_path / "x")
    assert found.checked == 0
    assert "environment.npz: cannot be read" in found.left_out


@pytest.mark.slow
def test_an_algorithm_that_is_gone(fields, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        "import fastq\n"
        "class Mine(fastq.Algorithm):\n"
        "    step: fastq.StepSize = 0.5\n"
        "    def act(q, state, u, agent):\n"
        "        return int(u * q.shape[1])\n"
        "    def update(q, step, agent):\n"
        "        q[step.state, step.action] += agent.step * step.reward\n"
    )
    fields |= {"agent": f"{path}:Mine", "grid": {"step": [0.1]}, "fixed": {}, "max_steps": 20}
    rerun(fields, tmp_path / "x")
    checked = verify(tmp_path / "x")
    assert (checked.checked, checked.fresh, checked.left_out) == (5, 1, None)
    path.write_text(path.read_text().replace("+=", "-="))
    assert verify(tmp_path / "x", fresh=False).checked == 5  # the study holds its source
    path.unlink()
    found = verify(tmp_path / "x", fresh=False)
    assert (found.checked, found.is_good) == (5, True)


@pytest.mark.slow
@pytest.mark.parametrize("harm", [None, change, lambda study: (study / "manifest.json").unlink()])
def test_on_the_command_line(study, monkeypatch, capsys, harm):
    if harm:
        harm(study)
    monkeypatch.setattr(sys, "argv", ["fastq", "verify", str(study), "--sample", "100"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    out, err = capsys.readouterr()
    if harm is None:
        assert caught.value.code == 0
        assert "30 of 30 runs, drawn at random, computed again by the kernel: equal" in out
        assert "\n1 of them also in a fresh process with an empty kernel cache\n" in out
        assert "numpy" in out
    elif harm is change:
        assert caught.value.code == 1
        assert "DIFFER" in out
    else:
        assert caught.value.code == 2
        assert "holds no study" in err


@pytest.mark.slow
def test_a_wrong_kernel_in_this_process_is_found_by_the_fresh_one(tmp_path, monkeypatch):
    """Such as one of older code: it wrote the results, and would confirm them."""
    real = runs_module.train_pairs

    def halved(mdp, agents, *rest, **options):
        changed = [agent.model_copy(update={"alpha": agent.alpha / 2}) for agent in agents]
        return real(mdp, changed, *rest, **options)

    monkeypatch.setattr(runs_module, "train_pairs", halved)
    rerun(SMALL, tmp_path / "x", grid={"alpha": [0.5]}, runs=2)
    assert verify(tmp_path / "x", fresh=False).is_good
    found = verify(tmp_path / "x")
    assert (found.checked, found.fresh) == (2, 1)
    assert found.differing == ["alpha=0.5, run 0, in a fresh process"]


def test_a_fresh_process_that_cannot_be_had_is_said(study, monkeypatch):
    def gone(tasks):
        raise fresh_process.FreshProcessError("OSError: no more processes")

    monkeypatch.setattr(verify_module, "learned_afresh", gone)
    found = verify(study, sample=2)
    assert (found.checked, found.fresh, found.is_good) == (2, 0, True)
    assert found.left_out == "no run in a fresh process (OSError: no more processes)"
