"""What a study holds of custom algorithms: what may run, when, and what never does."""

import json
import os
import shutil
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import pytest

import fastq
from fastq import cli
from fastq.agents.registry import find_agent
from fastq.base.listings import STORED
from fastq.execution.verify import verify
from fastq.study.storage import algorithms
from fastq.study.storage.manifest import read_manifest
from fastq.study.storage.remote import open_store
from tests.agents.test_sources import PLAIN
from tests.conftest import contents, rerun

ROOT = Path(fastq.__file__).parents[1]
SCRIPT = f"""
from pathlib import Path
with Path("ran.txt").open("a") as ran:
    ran.write("x")
{PLAIN}
sweep = fastq.Sweep(
    env="fastq/WindyGridworld-v0", agent=[Mine, "q_learning"], grid={{"alpha": [0.2, 0.4]}},
    episodes=20, runs=5, max_steps=50,
)
fastq.run(sweep, out="study", progress=False)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A study of a custom algorithm, and the file that holds it."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "mine.py").write_text(PLAIN)
    agents = [f"{folder}/mine.py:Mine", "q_learning"]
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0",
        agent=agents,
        grid={"alpha": [0.2, 0.4]},
        episodes=20,
        runs=5,
        max_steps=50,
    )
    fastq.run(sweep, out=folder / "study", n_jobs=1, progress=False)
    return folder


@pytest.fixture
def own(made, tmp_path, monkeypatch):
    """A copy of it, in a process that has not loaded its class."""
    monkeypatch.setattr(algorithms, "live_algorithms", lambda: iter(()))
    monkeypatch.setattr("fastq.results.stale.live_algorithms", lambda: iter(()))
    monkeypatch.setattr(algorithms, "_LOADED", {})
    return shutil.copytree(made / "study", tmp_path / "copy")


@pytest.fixture
def anothers(own, tmp_path, monkeypatch):
    """The same, seen by a user with another key."""
    monkeypatch.setenv("FASTQ_KEY_DIR", str(tmp_path / "key"))
    return own


def change(study, **changes):
    """Change a manifest, its checksum with it."""
    path = study / "manifest.json"
    manifest = {**json.loads(path.read_text()), **changes}
    del manifest["checksum"]
    checksum = zlib.crc32(json.dumps(manifest, sort_keys=True).encode())
    path.write_text(json.dumps({**manifest, "checksum": f"{checksum:08x}"}))


def command(monkeypatch, capsys, *words):
    """Run a command; give its exit status and what it printed."""
    monkeypatch.setattr(sys, "argv", ["fastq", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code, "".join(capsys.readouterr())


LOOKING = [
    ("show",),
    ("report", "-o", "report.html"),
    ("select", "--confirm", "0"),
    ("verify",),
    ("verify", "--reference"),
    ("plot",),
]
TRAINING = [("select",), ("compare",), ("report", "--confirm", "2", "-o", "report.html")]


@pytest.mark.slow
def test_a_script_is_not_run_again(tmp_path, monkeypatch):
    """Its last line runs a sweep; and another process finds the study as it was left."""
    (tmp_path / "script.py").write_text(SCRIPT)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(*words):
        done = subprocess.run(
            [sys.executable, *words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("script.py")
    before = contents(tmp_path / "study")
    assert "of mine and q_learning" in run("-m", "fastq", "compare", "study", "--confirm", "3")
    assert contents(tmp_path / "study") == before
    assert (tmp_path / "ran.txt").read_text() == "x"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(fastq.InputError, match=r"script.py runs a sweep when it is loaded; put"):
        fastq.Sweep(
            env="fastq/WindyGridworld-v0",
            agent=f"{tmp_path}/script.py:Mine",
            grid={"alpha": [0.2]},
            episodes=1,
            runs=1,
        )


@pytest.mark.slow
def test_what_one_has_signed_is_run(own):
    results = fastq.Results(own)
    assert results.compare(confirm_runs=3).winners["agent"].tolist() == ["mine", "q_learning"]
    mine = results.sweep.agents[0]
    assert mine.rules()[1].__code__.co_filename.startswith(STORED)
    assert verify(own, sample=20).checked == 20
    assert verify(own, sample=20, reference=True).is_good


def test_the_class_of_the_process_is_used_first(made, tmp_path, monkeypatch):
    monkeypatch.setenv("FASTQ_KEY_DIR", str(tmp_path / "key"))
    found = fastq.Results(made / "study").sweep.agents[0]
    assert found.rules()[1].__code__.co_filename == str(made / "mine.py")


@pytest.mark.parametrize("words", TRAINING, ids=" ".join)
def test_what_one_has_not_signed_takes_trust(anothers, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    status, printed = command(monkeypatch, capsys, words[0], anothers, *words[1:])
    assert status == 2
    assert "would run code of this study that your key has not signed; read" in printed
    assert "with --trust, or with trust=True" in printed
    assert printed.count("\n") == 1
    assert command(monkeypatch, capsys, words[0], anothers, *words[1:], "--trust")[0] == 0


def test_verification_takes_trust(anothers):
    found = verify(anothers)
    assert (found.checked, found.is_good) == (0, True)
    assert "your key has not signed" in found.left_out
    assert verify(anothers, trust=True, fresh=False).checked == 20


@pytest.mark.slow
@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_to_look_runs_nothing_of_a_stranger(anothers, words, tmp_path, monkeypatch, capsys):
    """Neither a file, nor a module, nor an environment that the manifest names; nor its source."""
    evil = 'from pathlib import Path\nPath("{0}").touch()\nclass Mine: pass\n'
    (tmp_path / "evil.py").write_text(evil.format(tmp_path / "ran.txt"))
    source = next((anothers / "algorithms").iterdir())
    source.write_text(evil.format(tmp_path / "ran.txt") + source.read_text())
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    spec = json.loads((anothers / "manifest.json").read_text())["spec"]
    for agent in ("evil.py:Mine", "evil:Mine"):
        change(anothers, spec={**spec, "agent": [agent, "q_learning"], "env": "evil:Id-v0"})
        before = contents(anothers)
        status, printed = command(monkeypatch, capsys, words[0], anothers, *words[1:])
        assert status == 0, printed
        after = contents(anothers)
        pictures = {"curves.png", "heatmap.png", "summary.csv"} if words[0] == "plot" else set()
        assert {p: b for p, b in after.items() if p.name not in pictures} == {
            p: b for p, b in before.items() if p.name not in pictures
        }
        results = fastq.Results(anothers)
        for table in (results.summary(), results.curves(), results.episodes(), results.profile()):
            assert len(table)
    assert not (tmp_path / "ran.txt").exists()
    assert "evil" not in sys.modules


def test_an_environment_that_a_manifest_names_is_not_made(study, tmp_path, monkeypatch):
    """The study's own tables stand in."""
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran.txt')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    spec = json.loads((study / "manifest.json").read_text())["spec"]
    for env in ("evil:Id-v0", "GymV21Environment-v0", "nothing"):
        change(study, spec={**spec, "env": env, "env_args": {"env_id": "evil:Id-v0"}})
        assert verify(study, sample=2, reference=True).checked == 2
    assert not (tmp_path / "ran.txt").exists()
    change(study, spec={**spec, "env": 3})
    with pytest.raises(fastq.InputError, match=r"is damaged \(spec.env = 3: must be text"):
        verify(study, reference=True)


def test_a_read_only_study_can_be_read(anothers):
    folders = [path for path in (anothers, *anothers.rglob("*")) if path.is_dir()]
    times = {path: path.stat().st_mtime_ns for path in anothers.rglob("*")}
    for folder in folders:
        folder.chmod(0o500)
    try:
        results = fastq.Results(anothers)
        assert len(results.summary()) == len(results.select(confirm_runs=0).table) == 4
        assert verify(anothers).parts
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert {path: path.stat().st_mtime_ns for path in anothers.rglob("*")} == times


def test_a_study_at_a_url(made, monkeypatch):
    find = algorithms.live_algorithms
    sweep = fastq.Results(made / "study").sweep
    fastq.run(sweep, out="memory://own/study", n_jobs=1, progress=False)
    monkeypatch.setattr(algorithms, "live_algorithms", lambda: iter(()))
    found = fastq.Results("memory://own/study").sweep.agents[0]
    assert found.rules()[1].__code__.co_filename.startswith(STORED)
    assert found not in [*find()]  # what comes from a study is no class of the process


def test_a_source_is_written_once(made):
    (path,) = (made / "study" / "algorithms").iterdir()
    before = path.stat().st_mtime_ns
    fastq.run(fastq.Results(made / "study").sweep, out=made / "study", n_jobs=1, progress=False)
    assert path.stat().st_mtime_ns == before


def test_a_source_that_was_changed_is_not_run(own, tmp_path):
    """Not even by who signed it; and where it is trusted, not with another checksum."""
    path = next((own / "algorithms").iterdir())
    path.write_text(path.read_text().replace("RATE * x", "RATE + x"))
    with pytest.raises(fastq.InputError, match="your key has not signed"):
        fastq.Results(own).select()
    with pytest.raises(fastq.InputError, match=r"is damaged \(its content does not have its check"):
        fastq.Results(own, trust=True).select()
    sources = json.loads((own / "manifest.json").read_text())["sources"]
    (entry,) = sources["mine"].values()
    entry["sha256"] = algorithms.hashlib.sha256(path.read_bytes()).hexdigest()
    change(own, sources=sources)
    with pytest.raises(fastq.InputError, match="your key has not signed"):
        fastq.Results(own).select()
    path.unlink()
    with pytest.raises(fastq.InputError, match=r"cannot be read \(No such file"):
        fastq.Results(own, trust=True).select()


def test_a_signature_holds_for_one_study_and_version(own):
    manifest = read_manifest(open_store(own))
    store = open_store(own)
    assert algorithms.signed_text(store, manifest, "mine")
    other = {**manifest, "study": {**manifest["study"], "identity": "0" * 16}}
    assert algorithms.signed_text(store, other, "mine") is None
    (entry,) = manifest["sources"]["mine"].values()
    other = {**manifest, "algorithms": {"mine": "x"}, "sources": {"mine": {"x": entry}}}
    assert algorithms.signed_text(store, other, "mine") is None


@pytest.mark.parametrize("sources", [None, {}, [], {"mine": 3}, {"mine": {"x": 3}}], ids=repr)
def test_a_study_of_an_older_fastq_is_read(own, sources):
    change(own, sources=sources)
    assert len(fastq.Results(own).summary()) == 4
    with pytest.raises(fastq.InputError, match=r"holds no source of it \(an older fastq made it"):
        fastq.Results(own, trust=True).select()
    assert fastq.Results(own).stale == []


def test_why_a_source_is_missing_is_kept(made, tmp_path, monkeypatch):
    """The study says it where its runs are to be trained again."""
    text = PLAIN.replace("0.5 * x", "0.5 * x + 0")
    path = tmp_path / "mine.py"
    path.write_text(text)
    sweep = fastq.Sweep(
        env="fastq/WindyGridworld-v0",
        agent=f"{path}:Mine",
        grid={"alpha": [0.2]},
        episodes=2,
        runs=1,
        max_steps=20,
    )
    path.write_text(text.replace("RATE * x", "RATE + x"))
    fastq.run(sweep, out=tmp_path / "x", n_jobs=1, progress=False)
    assert len(fastq.Results(tmp_path / "x").select(confirm_runs=1).table) == 1
    monkeypatch.setattr(algorithms, "live_algorithms", lambda: iter(()))
    with pytest.raises(fastq.InputError, match=r"mine\.py was edited after it was loaded"):
        fastq.Results(tmp_path / "x").select()
    assert not (tmp_path / "x" / "algorithms").exists()


def test_without_a_key_it_is_said(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("no folder")
    monkeypatch.setenv("FASTQ_KEY_DIR", str(tmp_path / "key"))
    path = tmp_path / "mine.py"
    path.write_text(PLAIN)
    kind = find_agent(f"{path}:Mine")
    with pytest.warns(UserWarning, match="the study is not signed: there is no key"):
        found = algorithms.entries_of([kind, fastq.QLearning], "study", {})
    (entry,) = found["mine"].values()
    assert entry["signature"] is None
    assert [*found] == ["mine"]


@pytest.mark.parametrize("word", ["../../x", "a/b", "", "x" * 999])
def test_files_lie_in_the_study(word):
    folder, name = algorithms.file_of(word, word).split("/")
    assert folder == "algorithms"
    assert len(name) < 200


@pytest.fixture
def edited(made, tmp_path, monkeypatch):
    """A study of a custom algorithm whose file can be edited."""
    path = tmp_path / "mine.py"
    path.write_text(PLAIN)
    fields = {
        "env": "fastq/WindyGridworld-v0",
        "agent": f"{path}:Mine",
        "grid": {"alpha": [0.2]},
        "episodes": 20,
        "runs": 5,
        "max_steps": 50,
    }
    rerun(fields, tmp_path / "x")
    return fields, path, tmp_path / "x"


OLDER = "5 runs of mine were made by an older version of mine.py"


@pytest.mark.parametrize(
    ("old", "new", "is_edited"),
    [
        ("RATE * x", "RATE + x", True),
        ("RATE = 0.5", "RATE = 0.25", True),
        ("alpha: fastq.StepSize = 0.5", "alpha: fastq.StepSize = 0.25", True),
        ("class Mine", "class Yours", True),
        ("def share(x):", "# why\ndef share( x ):\n    'doc'", False),
        ("import fastq", "import fastq\nOTHER = 3", False),
        ("class Mine", "class (", False),
    ],
)
def test_an_edit_that_was_not_run_is_seen(edited, monkeypatch, old, new, is_edited):
    """In the file alone, for another process looks."""
    _, path, out = edited
    monkeypatch.setattr("fastq.results.stale.live_algorithms", lambda: iter(()))
    path.write_text(PLAIN.replace(old, new))
    results = fastq.Results(out)
    assert [str(runs) for runs in results.stale] == [OLDER] * is_edited
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = results.summary()
    assert [type(one.message) for one in caught] == [fastq.StaleWarning] * is_edited
    assert table.attrs.get("stale", []) == [OLDER] * is_edited
    assert (OLDER in repr(results)) == is_edited


def test_stale_rows_are_named_by_every_command(edited, monkeypatch, capsys):
    fields, path, out = edited
    path.write_text(PLAIN.replace("RATE * x", "RATE + x"))
    for words in (("show", out), ("plot", out), ("select", out, "--confirm", "0")):
        status, printed = command(monkeypatch, capsys, *words)
        assert (status, printed.count(f"stale: {OLDER}\n")) == (0, 1)
    page = path.with_name("report.html")
    assert command(monkeypatch, capsys, "report", out, "-o", page, "--confirm", "0")[0] == 0
    assert f"Stale: {OLDER}." in page.read_text()
    sweep = fastq.Sweep(**fields)
    with pytest.raises(fastq.InputError, match=r"holds no runs of the algorithms at hand, but 5"):
        fastq.Results(out, sweep).summary()
    results = rerun(fields, out)
    (old,) = results.stale
    assert (old.runs, old.newer) == (5, None)
    assert "are of an older algorithm and not shown" in repr(results)
    assert results.summary().attrs["stale"] == [str(old)]
    assert len(json.loads((out / "manifest.json").read_text())["sources"]["mine"]) == 2
    assert len([*(out / "algorithms").iterdir()]) == 2


def test_an_edit_in_this_process_is_seen(edited):
    """The latest class from the same place is what is at hand."""
    _, path, out = edited
    text = PLAIN.replace("RATE * x", "RATE + x")
    path.write_text(text)
    find_agent(f"{path}:Mine")
    path.write_text(PLAIN)  # so that the file says nothing
    assert [str(runs) for runs in fastq.Results(out).stale] == [OLDER]


def test_another_version_of_fastqs_own_is_named(study, monkeypatch):
    monkeypatch.setattr(fastq.QLearning, "version", 99)
    (runs,) = fastq.Results(study).stale
    assert str(runs) == "30 runs of q_learning were made by another version of fastq's q_learning"


def test_no_file_of_a_strangers_choice_is_read(anothers, monkeypatch):
    """A path in a manifest could be one of a network."""
    monkeypatch.setattr("fastq.results.stale._read", lambda file: pytest.fail(f"{file} was read"))
    assert fastq.Results(anothers).stale == []
