"""Damage to a finished study: the tables are right, or one line says what is wrong."""

import copy
import json
import re
import shutil
import sys
import tempfile
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import fastq
from fastq import cli
from fastq.execution.plan import plan
from fastq.execution.verify import verify
from tests.conftest import SMALL, contents

pytestmark = pytest.mark.slow

EXAMPLES = 2
TABLES = ("episodes", "summary", "curves")
TABLES_OF_MOMENTS = ("moments", "summary", "curves")
HARM = {}
LOSES_RUNS = set()
"""What takes parts away, so that their runs are missing until the sweep is run again."""


def harm(function):
    HARM[function.__name__] = function
    return function


def loses_runs(function):
    LOSES_RUNS.add(function.__name__)
    return harm(function)


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another finished study, of another environment."""
    out = tmp_path_factory.mktemp("other") / "cliff"
    sweep = fastq.Sweep(**{**SMALL, "env": "CliffWalking-v1", "seed": 4, "max_steps": 200})
    return fastq.run(sweep, out=out, n_jobs=1, progress=False).directory


# Bytes.


def truncated(path, data):
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])


def flipped(path, data):
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)


def overwritten(path, data):
    whole, noise = bytearray(path.read_bytes()), data.draw(st.binary(min_size=1, max_size=50))
    start = data.draw(st.integers(0, len(whole) - 1))
    whole[start : start + len(noise)] = noise
    path.write_bytes(whole)


def folder(path, _data):
    path.unlink()
    path.mkdir()


def loop(path, _data):
    path.unlink()
    path.symlink_to(path.name)


def nowhere(path, _data):
    path.unlink()
    path.symlink_to("nowhere")


def emptied(path, _data):
    path.write_bytes(b"")


def noise(path, data):
    path.write_bytes(data.draw(st.binary(max_size=3000)))


def deleted(path, _data):
    path.unlink()


def some_part(study, data):
    names = sorted(path.name for path in (study / "parts").glob("*.parquet"))
    return study / "parts" / data.draw(st.sampled_from(names))


for how in (truncated, flipped, overwritten, folder, loop, nowhere, emptied, noise, deleted):
    for name in ("manifest.json", "environment.npz", "configurations.csv", ".lock"):
        if name != ".lock" or how in (folder, loop, nowhere, deleted, noise):
            HARM[f"{name}_{how.__name__}"] = lambda study, data, _other, how=how, name=name: how(
                study / name, data
            )
    HARM[f"part_{how.__name__}"] = lambda study, data, _other, how=how: how(
        some_part(study, data), data
    )
LOSES_RUNS.add("part_deleted")


# The manifest's JSON.


def places(value, place=()):
    """List the places of all that a JSON value holds."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    if place:
        yield place
    for key, inside in pairs:
        if isinstance(inside, dict | list):
            yield from places(inside, (*place, key))
        else:
            yield (*place, key)


def at(value, place):
    for key in place:
        value = value[key]
    return value


def put(value, place, new):
    """Give a JSON value with another in some place; `at` that place."""
    whole = copy.deepcopy(value)
    at(whole, place[:-1])[place[-1]] = new
    return whole


def some_place(data, value, fits=lambda _: True):
    return data.draw(st.sampled_from([p for p in places(value) if fits(at(value, p))]))


OTHERS = [None, True, False, -1, 7, 0.5, 10**40, "", "x", "\ud800", [], ["x"], {}, {"x": 1}]


def of_other_type(data, value):
    """Put a value of another type in some place."""
    place = some_place(data, value)
    old = type(at(value, place))
    kinds = (int, float) if old in (int, float) else (old,)
    return put(
        value, place, data.draw(st.sampled_from([x for x in OTHERS if type(x) not in kinds]))
    )


def edited(study, edit):
    path = study / "manifest.json"
    path.write_text(json.dumps(edit(json.loads(path.read_text()))))


@harm
def manifest_with_a_value_of_another_type(study, data, _other):
    edited(study, lambda found: of_other_type(data, found))


@harm
def manifest_with_another_number(study, data, _other):
    def edit(found):
        place = some_place(data, found, lambda v: type(v) in (int, float))
        by = data.draw(st.sampled_from([-1, 1, 0.1, 10**9, float("nan"), float("inf")]))
        return put(found, place, at(found, place) + by)

    edited(study, edit)


@harm
def manifest_without_a_key(study, data, _other):
    def edit(found):
        place = some_place(data, found)
        del at(found, place[:-1])[place[-1]]
        return found

    edited(study, edit)


@harm
def manifest_with_a_key_twice(study, data, _other):
    path = study / "manifest.json"
    text, key = (
        path.read_text(),
        data.draw(st.sampled_from(["seed", "study", "checksum", "format"])),
    )
    new = f'"{key}": {json.dumps(data.draw(st.sampled_from(OTHERS)))}'
    first = f"{{{new}, {text[1:]}"
    last = f"{text.rstrip()[:-1]}, {new}}}"
    path.write_text(data.draw(st.sampled_from([first, last])))


@harm
def manifest_with_deep_nesting(study, data, _other):
    depth = data.draw(st.sampled_from([10, 300, 500, 900, 950, 980, 990, 995, 2000, 100_000]))
    path = study / "manifest.json"
    nested = data.draw(st.sampled_from(["[]", "{}"]))
    deep = "[" * depth + "]" * depth if nested == "[]" else '{"x":' * depth + "1" + "}" * depth
    text = json.dumps(put(found := json.loads(path.read_text()), some_place(data, found), "DEEP"))
    path.write_text(text.replace('"DEEP"', deep))


@harm
def manifest_with_a_number_of_many_digits(study, data, _other):
    path = study / "manifest.json"
    text = path.read_text()
    number = data.draw(st.sampled_from(list(re.finditer(r"(?<=[ \[])\d+(?=[,\n\]])", text))))
    path.write_text(text[: number.start()] + "9" * 5000 + text[number.end() :])


@harm
def manifest_not_utf_8(study, data, _other):
    path = study / "manifest.json"
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:start] + b"\xff" + whole[start:])


@harm
def manifest_in_utf_16(study, _data, _other):
    path = study / "manifest.json"
    path.write_text(path.read_text(), encoding="utf-16")


@harm
def manifest_of_another_study(study, _data, other):
    shutil.copy(other / "manifest.json", study)


@harm
def environment_of_another_study(study, _data, other):
    shutil.copy(other / "environment.npz", study)


# Parts.


def named(study, data, name="0123456789abcdef"):
    """Write a part with a name that ends in its checksum."""
    (study / "parts" / f"{name}-{zlib.crc32(data):08x}.parquet").write_bytes(data)


def rewritten(study, data, edit):
    """Put a part in place of another, with a checksum that is right; edit its rows and footer."""
    path = some_part(study, data)
    table = pq.read_table(path, partitioning=None)
    index = json.loads(table.schema.metadata[b"fastq.runs"])
    table, index = edit(table, index)
    table = table.replace_schema_metadata({"fastq.runs": json.dumps(index)} if index else None)
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    path.unlink()
    named(study, bytes(buffer.getvalue()))


def some_column(data, table):
    """Draw one of the columns that fastq reads."""
    unread = ("alpha", "epsilon", "episode")
    return data.draw(st.sampled_from([n for n in table.column_names if n not in unread]))


@loses_runs
def all_parts_deleted(study, _data, _other):
    shutil.rmtree(study / "parts")


@loses_runs
def parts_is_empty(study, _data, _other):
    shutil.rmtree(study / "parts")
    (study / "parts").mkdir()


@loses_runs
def parts_is_a_file(study, _data, _other):
    shutil.rmtree(study / "parts")
    (study / "parts").write_bytes(b"")


@loses_runs
def parts_is_a_loop(study, _data, _other):
    shutil.rmtree(study / "parts")
    (study / "parts").symlink_to("parts")


@harm
def part_of_another_name(study, data, _other):
    path = some_part(study, data)
    path.rename(path.with_name(data.draw(st.sampled_from(["x.parquet", "x-0.parquet"]))))


@harm
def part_of_another_name_with_its_checksum(study, data, _other):
    path = some_part(study, data)
    path.rename(path.with_name(f"x-{path.name[-16:]}"))


@loses_runs
def part_that_is_hidden(study, data, _other):
    path = some_part(study, data)
    path.rename(path.with_name(data.draw(st.sampled_from([f".{path.name}", f"{path.name}.bak"]))))


@harm
def part_by_one_of_another_study(study, data, other):
    some_part(study, data).write_bytes(some_part(other, data).read_bytes())


@harm
def part_of_another_study_beside(study, data, other):
    shutil.copy(some_part(other, data), study / "parts")


@harm
def part_twice(study, data, _other):
    named(study, some_part(study, data).read_bytes())


@harm
def part_twice_one_flipped(study, data, _other):
    path = some_part(study, data)
    shutil.copy(path, path.with_name(f"x{path.name}"))
    flipped(path, data)


@harm
def part_without_a_footer(study, data, _other):
    rewritten(study, data, lambda table, _index: (table, None))


@harm
def part_with_a_footer_of_other_types(study, data, _other):
    rewritten(study, data, lambda table, index: (table, of_other_type(data, index)))


@harm
def part_whose_footer_lacks_a_key(study, data, _other):
    def edit(table, index):
        place = some_place(data, index)
        del at(index, place[:-1])[place[-1]]
        return table, index

    rewritten(study, data, edit)


@harm
def part_without_a_column(study, data, _other):
    def edit(table, index):
        return table.drop_columns([some_column(data, table)]), index

    rewritten(study, data, edit)


@harm
def part_with_a_column_of_another_type(study, data, _other):
    def edit(table, index):
        name = some_column(data, table)
        new = data.draw(st.sampled_from([["x"], [None], [[1]], [{"x": 1}], [b"x"]]))
        place = table.column_names.index(name)
        return table.set_column(place, name, pa.array(new * len(table))), index

    rewritten(study, data, edit)


@harm
def part_with_rows_cut(study, data, _other):
    def edit(table, index):
        start = data.draw(st.integers(0, len(table)))
        return table.slice(start, data.draw(st.integers(0, len(table) - max(start, 1)))), index

    rewritten(study, data, edit)


@harm
def part_with_runs_cut(study, data, _other):
    def edit(table, index):
        kept = data.draw(st.integers(0, len(table) // 20 - 1))
        return table.slice(data.draw(st.sampled_from([0, 20])), kept * 20), index

    rewritten(study, data, edit)


@harm
def part_that_is_a_folder(study, _data, _other):
    (study / "parts" / "x.parquet").mkdir()


@harm
def part_that_is_a_loop(study, _data, _other):
    (study / "parts" / "x.parquet").symlink_to("x.parquet")


@harm
def files_of_others(study, data, _other):
    for place in (study, study / "parts"):
        for name in (".DS_Store", ".hidden", "thesis.tex", ".x.tmp", "._part.parquet"):
            (place / name).write_bytes(data.draw(st.binary(max_size=10)))
    (study / "parts" / "folder").mkdir()


# What must hold.


def refusal(call):
    """Call; where it is refused, check that one line says why, and give it."""
    try:
        call()
    except (fastq.InputError, fastq.RunError) as error:
        assert re.fullmatch(".{10,400}", str(error))
        return str(error)
    return ""


def one_line(call):
    """Call; where it is refused, check that one line says why, and give None."""
    found = []
    return None if refusal(lambda: found.append(call())) else found[0]


def check_tables(directory, expected, all_runs=True):
    """Check that each table is right, or refused; of runs that are missing, no table tells."""
    for table in expected:
        found = one_line(getattr(one_line(lambda: fastq.Results(directory)), table, lambda: None))
        if found is None:
            continue
        whole = expected[table]
        if not all_runs:
            if table == "episodes":
                names = ["alpha", "epsilon", "run", "episode"]
            else:
                names = [name for name in ("alpha", "epsilon", "episode") if name in found]
                found = found[found["runs"] == 5].reset_index(drop=True)
            whole = found[names].merge(whole, on=names, how="left")[list(found)]
        pd.testing.assert_frame_equal(found, whole, check_exact=True, check_dtype=all_runs)


def check_show(directory, monkeypatch, capsys, best=None):
    """Check that the command line shows the best as they were, or refuses to in one line."""
    monkeypatch.setattr(sys, "argv", ["fastq", "show", str(directory)])
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        cli.main()
    out, err = capsys.readouterr()
    shown = out.partition("\n\n")[2]
    if caught.value.code:
        assert caught.value.code == 2
        assert re.fullmatch("error: .{10,400}\n", err)
    elif best is not None:
        assert shown == best
    return shown


def check_verdict(directory, all_runs):
    """Check that no run is said to be wrong, for none is, and that each finding is one line."""
    verdict = one_line(lambda: verify(directory, sample=3, seed=0, fresh=False))
    if verdict is not None:
        assert verdict.differing == []
        assert all(re.fullmatch(".{10,400}", line) for line in verdict.damaged)
        assert verdict.left_out is None or re.fullmatch(".{10,400}", verdict.left_out)
        assert verdict.damaged or not all_runs or verdict.finished == 30
    return verdict


def check_run(sweep, directory, expected):
    """Check that running the sweep again gives the right tables, or changes nothing.

    Parts that are to be deleted are deleted; say whether the study is whole in the end.
    """
    for _ in range(10):
        before = contents(directory)
        try:
            again = fastq.run(sweep, out=directory, n_jobs=1, progress=False)
        except fastq.RunError as error:
            assert re.fullmatch(".{10,400}", str(error))
            return False
        except fastq.InputError as error:
            assert contents(directory) == before
            said = str(error)
        else:
            said = refusal(again.summary)
        if not said:
            break
        part = re.fullmatch("(.*): is damaged .*; delete it, and .*", said)
        if not part:
            return False
        path = Path(part[1])
        path.rmdir() if path.is_dir() else path.unlink()
    assert again.finished == 30
    check_tables(directory, expected)
    assert list(directory.rglob("*.tmp")) == []
    return True


@pytest.fixture(scope="module")
def expected(results):
    return {table: getattr(results, table)() for table in TABLES}


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A finished study that recorded moments, in parts that cut through blocks of runs."""
    out = tmp_path_factory.mktemp("merged") / "windy"
    sweep = fastq.Sweep(**{**SMALL, "record": "moments"})
    found = fastq.run(sweep, out=out, n_jobs=1, chunk_size=3, progress=False)
    return out, sweep, {table: getattr(found, table)() for table in TABLES_OF_MOMENTS}


often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a position that is shrunk tells no more
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("kind", HARM)
@often
@given(data=st.data())
def test_damage(results, sweep, other, expected, monkeypatch, capsys, kind, data):
    all_runs = kind not in LOSES_RUNS
    with tempfile.TemporaryDirectory() as place:
        study = shutil.copytree(results.directory, Path(place) / "study")
        best = check_show(study, monkeypatch, capsys)
        HARM[kind](study, data, other)
        check_tables(study, expected, all_runs)
        check_show(study, monkeypatch, capsys, best if all_runs else None)
        planned = one_line(lambda: plan(sweep, study))
        counts = all_runs and "footer" not in kind
        assert planned is None or planned.finished == 30 or not counts
        check_verdict(study, counts)
        if check_run(sweep, study, expected):
            assert verify(study, sample=3, seed=0, fresh=False).is_good


@pytest.mark.parametrize("kind", [kind for kind in HARM if kind.startswith("part")])
@often
@given(data=st.data())
def test_damage_to_moments(merged, other, kind, data):
    finished, sweep, expected = merged
    with tempfile.TemporaryDirectory() as place:
        study = shutil.copytree(finished, Path(place) / "study")
        HARM[kind](study, data, other)
        if kind not in LOSES_RUNS:
            check_tables(study, expected)
        if check_run(sweep, study, expected):
            assert verify(study, sample=3, seed=0, fresh=False).is_good


def test_a_manifest_nested_as_deep_as_can_be_read(study):
    """A little deeper it cannot be read, and a little less deep it can be written again."""
    path = study / "manifest.json"
    text = json.dumps({**json.loads(path.read_text()), "x": "DEEP"})
    for depth in range(800, 1000):
        path.write_text(text.replace('"DEEP"', "[" * depth + "]" * depth))
        assert "manifest.json: is damaged" in refusal(lambda: fastq.Results(study))


def test_the_checks_see_a_wrong_table(results, expected):
    table = expected["summary"].copy()
    table.loc[0, "estimate"] += 1e-9
    with pytest.raises(AssertionError):
        check_tables(results.directory, {"summary": table})
    with pytest.raises(AssertionError):
        check_tables(results.directory, {"summary": table}, all_runs=False)
