"""Forged studies: checksums are right and what they vouch for is absurd. One line says so, soon."""

import json
import re
import resource
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import fastq
from fastq import cli, plot
from fastq.base import memory
from fastq.execution.plan import plan
from fastq.execution.verify import verify
from fastq.report.pictures import write_pictures
from fastq.report.report import write_report
from fastq.study.storage.entries import count_finished, missing_runs, stale_runs
from fastq.study.storage.manifest import _checksum
from fastq.study.study import Study
from tests.conftest import SMALL
from tests.whole.test_damage import at, named, places, put, refusal

pytestmark = pytest.mark.slow

HUGE, SECONDS = 2**31 - 1, 60
EVIL = ["\x1b[31mred", "\x9b31m", "\u202egnp.exe", "a\nerror: b", "\x00", "\ud800", "\x7f"]
ABSURD = [
    *(None, True, False, -1, 0, 7, HUGE, 10**40, 10**400, 0.5, 1e308, float("nan"), float("inf")),
    *("", "x", [], ["x"], [None], [[]], {}, {"x": 1}, {"": None}, *EVIL),
]
often = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    """On a machine of 4 GB, what takes more is refused; what is taken without a check fails."""
    monkeypatch.setattr(memory, "_installed", lambda: 2**32)
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 2**33, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def forge(study, edit):
    """Edit a manifest, and give it the checksum that it then has."""
    path = study / "manifest.json"
    manifest = edit(json.loads(path.read_text()))
    manifest["checksum"] = _checksum(manifest)
    path.write_text(json.dumps(manifest))


def forge_part(study, edit):
    """Edit the rows and the footer of a part, and name it by the checksum that it then has."""
    path = sorted((study / "parts").glob("*.parquet"))[0]
    table = pq.read_table(path, partitioning=None)
    index = json.loads(table.schema.metadata[b"fastq.runs"])
    table, index = edit(table, index)
    buffer = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata({"fastq.runs": json.dumps(index)}), buffer)
    path.unlink()
    named(study, bytes(buffer.getvalue()))


def command(monkeypatch, capsys, *words):
    """Run the command line; give its exit status, and what it printed, which is clean."""
    monkeypatch.setattr(sys, "argv", ["fastq", *map(str, words)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        cli.main()
    out, err = capsys.readouterr()
    assert (out + err).replace("\n", "").isprintable()
    if caught.value.code == 2:
        assert re.fullmatch("error: .{10,500}\n", err)
    return caught.value.code or 0, out


def check_calls(study, sweep, tmp_path, monkeypatch, capsys):
    """Call all that reads: each answers soon, or refuses in one line; say what was refused."""
    started = time.monotonic()
    calls = {
        "show": lambda: command(monkeypatch, capsys, "show", study),
        "tables": lambda: _tables(study),
        "pictures": lambda: write_pictures(fastq.Results(study)),
        "verify": lambda: verify(study, sample=1, seed=0, fresh=False),
        "plan": lambda: plan(sweep, study),
    }
    refused = {name: refusal(call) for name, call in calls.items()}
    assert time.monotonic() - started < SECONDS
    return refused


def _tables(study):
    """Make all tables that train nothing."""
    results = fastq.Results(study)
    for table in ("summary", "curves", "moments", "episodes", "runs", "values", "sensitivity"):
        refusal(getattr(results, table))
    refusal(results.profile)
    refusal(lambda: results.select(confirm_runs=0))
    refusal(lambda: results.curves("episodes", against="steps"))
    assert repr(results).isprintable()
    assert str(results.study).isprintable()


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A finished study that recorded moments."""
    out = tmp_path_factory.mktemp("merged") / "windy"
    sweep = fastq.Sweep(**{**SMALL, "record": "moments"})
    fastq.run(sweep, out=out, n_jobs=1, progress=False)
    return out, sweep


FIELDS = ["spec", "study", "versions", "algorithms", "max_steps", "wall_time", "steps", "machine"]
FIELDS += ["environment", "revision", "clean", "created", "format", "checksum", "seed"]


@often
@given(data=st.data())
def test_any_value_of_a_manifest_may_be_another(results, sweep, monkeypatch, capsys, data):
    with tempfile.TemporaryDirectory() as place:
        study = shutil.copytree(results.directory, Path(place) / "study")
        absurd = data.draw(st.sampled_from(ABSURD))

        def edit(found):
            field = data.draw(st.sampled_from(FIELDS))
            if field not in found or not isinstance(found[field], dict) or not found[field]:
                return {**found, field: absurd}
            inside = data.draw(st.sampled_from([*places(found[field]), ()]))
            return {**found, field: put(found[field], inside, absurd) if inside else absurd}

        forge(study, edit)
        check_calls(study, sweep, place, monkeypatch, capsys)


def with_study(**changes):
    return lambda found: {**found, "study": {**found["study"], **changes}}


def each_point(edit):
    def changed(found):
        points = [edit(i, dict(point)) for i, point in enumerate(found["study"]["points"])]
        return {**found, "study": {**found["study"], "points": points}}

    return changed


FORGED = {
    "cells that are lists": each_point(lambda i, p: {**p, "alpha": [i]}),
    "cells that are empty": each_point(lambda i, p: {**p, "alpha": None}),
    "cells that are tables": each_point(lambda i, p: {**p, "alpha": {"x": i}}),
    "cells that are not a number": each_point(lambda i, p: {**p, "alpha": float("nan")}),
    "cells without bounds": each_point(lambda i, p: {**p, "alpha": 10**40}),
    "points of different keys": each_point(lambda i, p: {f"alpha{i}": 1.0}),
    "points without keys": each_point(lambda i, p: {}),
    "points called as columns are": each_point(lambda i, p: {"runs": i, "estimate": i}),
    "words that obey": each_point(lambda i, p: {**p, "alpha": "\x1b[2J"}),
    "names that obey": each_point(lambda i, p: {"\x1b[2J": i}),
    "agents that cannot be hashed": with_study(agents=[["q_learning"]]),
    "agents of no name": with_study(agents=[]),
    "agents that obey": with_study(agents=["\x1b]0;title\x07"]),
    "an environment that obeys": with_study(env="a\u202eb"),
    "an environment of two lines": with_study(env="a\n0 of 0 runs finished"),
    "keys twice": with_study(keys=["x"] * 6),
    "record of nonsense": with_study(record={"window": [10]}),
    "record of no end": with_study(record={"window": 10**40}),
    "wall time without bounds": lambda found: {**found, "wall_time": 10**400},
    "steps of many digits": lambda found: {**found, "steps": 10**4000},
    "steps below 0": lambda found: {**found, "steps": -5},
    "algorithms that cannot be sorted": lambda found: {**found, "algorithms": {"x": [1]}},
    "a machine that obeys": lambda found: {**found, "machine": "\x1b[31m"},
    "no machine": lambda found: {k: v for k, v in found.items() if k != "machine"},
    "no grid": lambda found: {**found, "spec": {"env": "x"}},
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_manifest_that_no_fastq_writes_is_refused(
    kind, study, sweep, tmp_path, monkeypatch, capsys
):
    forge(study, FORGED[kind])
    refused = check_calls(study, sweep, tmp_path, monkeypatch, capsys)
    assert all("manifest.json: is damaged" in said for said in refused.values() if said)
    assert command(monkeypatch, capsys, "show", study)[0] == 2


@pytest.mark.parametrize("field", ["runs", "episodes"])
def test_more_runs_or_episodes_than_memory_holds(
    field, study, sweep, tmp_path, monkeypatch, capsys
):
    forge(study, with_study(**{field: HUGE}))
    refused = check_calls(study, sweep, tmp_path, monkeypatch, capsys)
    if field == "runs":
        assert not refused["show"]
        shown = command(monkeypatch, capsys, "show", study)[1]
        assert f"30 of {6 * HUGE} runs finished" in shown
        results = fastq.Results(study)
        with pytest.raises(fastq.InputError, match="GB of memory; must be at most"):
            results.values()
    assert "spec and study say different things" in refusal(lambda: fastq.Results(study).sweep)


def test_a_grid_that_multiplies_takes_no_time(study):
    wide = {name: np.linspace(0.1, 1, 1000).tolist() for name in ("alpha", "epsilon")}
    forge(study, lambda found: {**found, "spec": {**found["spec"], "grid": wide}})
    started = time.monotonic()
    with pytest.raises(fastq.InputError, match="spec and study say different things"):
        _ = fastq.Results(study).sweep
    assert time.monotonic() - started < 10


# Parts.


def column(name, edit):
    """Edit a column of a part."""

    def changed(table, index):
        values = edit(table[name].to_numpy(zero_copy_only=False).copy())
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.array(values)), index

    return changed


def empty(values):
    return [None, *values[1:].tolist()]


def all_set(value):
    return lambda values: np.full_like(values, value)


def one_set(value):
    def edit(values):
        values[3] = value
        return values

    return edit


def footer(edit):
    """Edit what a part's footer says of the runs of its first configuration."""

    def changed(table, index):
        key = next(iter(index["runs"]))
        runs = {**index["runs"], key: edit(index["runs"][key])}
        return table, {**index, "runs": runs}

    return changed


PARTS = {
    "lengths below 1": column("length", one_set(0)),
    "lengths below 0": column("length", all_set(-5)),
    "an empty length": column("length", empty),
    "an empty return": column("return", empty),
    "an empty truncation": column("truncated", empty),
    "an empty run": column("run", empty),
    "runs below 0": column("run", all_set(-1)),
    "runs within another": column("run", one_set(4)),
    "runs that are words": column("run", lambda values: values.astype(str)),
    "runs that are not a number": column("run", lambda values: values * np.nan),
    "lengths of 64 bits": column("length", lambda values: values.astype(np.int64)),
    "keys that are numbers": column("configuration", lambda values: np.arange(len(values))),
    "an empty key": column("configuration", empty),
    "a column twice": lambda table, index: (table.append_column("run", table["run"]), index),
    "a footer of no end": footer(lambda one: {**one, "runs": [[0, 2**31]]}),
    "a footer below 0": footer(lambda one: {**one, "runs": [[-3, 2]]}),
    "a footer of broken numbers": footer(lambda one: {**one, "runs": [[0, 4.5]]}),
    "a footer of words": footer(lambda one: {**one, "runs": [["0", "5"]]}),
    "a footer of three": footer(lambda one: {**one, "runs": [[0, 2, 5]]}),
    "an owner that obeys": footer(lambda one: {**one, "agent": "\x1b[31m"}),
    "a version that is none": footer(lambda one: {**one, "version": [1]}),
    "no rows": lambda table, index: (table[:0], index),
}
NO_FOOTER = ("a footer of no end",)


@pytest.mark.parametrize("kind", PARTS)
def test_a_part_that_no_run_makes_is_refused(kind, study, sweep, tmp_path, monkeypatch, capsys):
    forge_part(study, PARTS[kind])
    refused = check_calls(study, sweep, tmp_path, monkeypatch, capsys)
    assert "is damaged" in refusal(fastq.Results(study).summary)
    assert command(monkeypatch, capsys, "show", study)[0] == 2
    assert all("damaged" in said for said in refused.values() if said)


OF_MOMENTS = {
    "blocks of no runs": column("runs", all_set(0)),
    "blocks below 0": column("runs", all_set(-4)),
    "blocks of 3": column("runs", all_set(3)),
    "blocks of no end": column("runs", all_set(2**62)),
    "squares below 0": column("return_m2", all_set(-1.0)),
    "lengths that are not a number": column("length_mean", all_set(np.nan)),
    "counts below 0": column("truncated", all_set(-1)),
    "more diverged than there are": column("diverged", all_set(2**40)),
    "an empty count": column("truncated", empty),
}


@pytest.mark.parametrize("kind", OF_MOMENTS)
def test_moments_that_no_runs_have_are_refused(kind, merged, tmp_path, monkeypatch, capsys):
    finished, sweep = merged
    study = shutil.copytree(finished, tmp_path / "study")
    forge_part(study, OF_MOMENTS[kind])
    check_calls(study, sweep, tmp_path, monkeypatch, capsys)
    assert "is damaged" in refusal(fastq.Results(study).summary)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308])
def test_returns_may_be_anything(value, study, sweep, tmp_path, monkeypatch, capsys):
    """The sum of large rewards may be: it is shown, with a warning of NumPy's at the most."""
    forge_part(study, column("return", one_set(value)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        check_calls(study, sweep, tmp_path, monkeypatch, capsys)
    assert fastq.Results(study).finished == 30


def test_a_part_that_unpacks_to_more_than_memory_holds(study):
    """Rows of one value pack to nothing: 2**28 of them lie in a few kilobytes."""

    def edit(table, index):
        columns = {"configuration": pa.array(["x"]), "run": pa.array([0], pa.int32())}
        columns |= {n: table[n][:1].combine_chunks() for n in ("return", "length", "truncated")}
        columns["diverged"] = table["diverged"][:1].combine_chunks()
        rows = {n: pa.repeat(values[0], 2**28 // 10) for n, values in columns.items()}
        return pa.table(rows), index

    forge_part(study, edit)
    size = next(p.stat().st_size for p in (study / "parts").glob("0123*"))
    assert size < 2**20
    assert "it says that it holds" in refusal(fastq.Results(study).summary)


# What is counted.


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    spans=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda s: (s[0], sum(s)))),
    runs=st.integers(1, 30),
)
def test_spans_are_counted_as_sets_are(spans, runs):
    from fastq.study.storage.parts import Finished, Owner

    study = Study.model_construct(runs=runs, keys=["k", "l"])
    finished = {"k": Finished(Owner("mine", "1"), spans)}
    assert count_finished(finished, study) == 2 * runs - len(missing_runs(finished, study)[0])
    counted = sum(stale.runs for stale in stale_runs(finished, {"mine": "2"}))
    assert counted == len(set().union(*(range(*span) for span in spans)))


def test_a_span_of_no_end_is_counted_at_once():
    from fastq.study.storage.parts import Finished, Owner

    finished = {"k": Finished(Owner("mine", "1"), [(0, 2**31), (5, 2**31)])}
    assert stale_runs(finished, {"mine": "2"})[0].runs == 2**31


def test_a_page_and_a_picture_of_a_study_of_nan(study, tmp_path):
    forge_part(study, column("return", all_set(np.nan)))
    refusal(lambda: write_report(fastq.Results(study), tmp_path / "x.html", confirm_runs=0))
    refusal(lambda: plot.heatmap(fastq.Results(study).summary(), "alpha"))


def test_the_search_finds_the_places(results):
    """What these tests edit is what manifests have."""
    manifest = json.loads((results.directory / "manifest.json").read_text())
    assert {"spec", "study", "versions", "algorithms"} <= set(FIELDS) & set(manifest)
    assert at(manifest, ("study", "points", 0)) == {"alpha": 0.1, "epsilon": 0.05}
