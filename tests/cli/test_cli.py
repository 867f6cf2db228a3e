"""The command line, as a user types it, in processes of their own and in this one."""

import inspect
import json
import re
import subprocess
import sys

import pandas as pd
import pytest

from fastq import InputError, Results, cli

SPEC = """\
env = "fastq/WindyGridworld-v0"
agent = "q_learning"
episodes = 20
runs = 4
grid = {alpha = [0.1, 0.5, 0.9]}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with one spec in it, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(SPEC)
    return tmp_path


@pytest.fixture
def fastq(monkeypatch, capsys):
    """Run a command line; return its exit status, what it printed, and its errors."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["fastq", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        printed = capsys.readouterr()
        return caught.value.code, printed.out, printed.err

    return run


def test_a_sweep_of_ones_own(here, fastq):
    status, out, err = fastq("sweep", "mine.toml", "--jobs", "1")
    assert status == 0
    assert "3 configurations x 4 runs x 20 episodes -> results/mine" in out
    assert "12/12" in err
    assert out.count("\n   0.") == 3
    for name in ("curves.png", "heatmap.png", "summary.csv", "manifest.json"):
        assert (here / "results" / "mine" / name).exists()
        assert name in out or name == "manifest.json"
    assert fastq("sweep", "mine.toml", "--jobs", "1")[0] == 0


def test_quiet(here, fastq):
    assert fastq("sweep", "mine.toml", "--quiet", "--out", "there") == (0, "", "")
    assert (here / "there" / "curves.png").exists()


def test_show_and_plot(here, fastq):
    fastq("sweep", "mine.toml", "--quiet", "--out", "there")
    (here / "there" / "curves.png").unlink()
    status, out, _ = fastq("show", "there")
    assert status == 0
    assert "12 of 12 runs finished" in out
    assert "the best 3 of 3 configurations" in out
    status, out, _ = fastq("plot", "there")
    assert status == 0
    assert "wrote there/curves.png" in out
    assert (here / "there" / "curves.png").exists()


def test_truncated_runs_are_named(here, fastq):
    (here / "mine.toml").write_text("max_steps = 15\n" + SPEC)
    _, out, _ = fastq("sweep", "mine.toml")
    assert "240 episodes in 12 of 12 runs were truncated by the step limit; they" in out


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (SPEC.replace("0.5", "1.5"), "mine.toml: grid.alpha[1] = 1.5: must be a number in (0, 1]"),
        (SPEC.replace("0.5", "nan"), "mine.toml: grid.alpha[1] = nan: must be a number in (0, 1]"),
        (SPEC + "typo = 1\n", "mine.toml: typo = 1: no such field; allowed are env, env_args"),
        (SPEC.replace("Windy", "Calm"), "mine.toml: env = 'fastq/CalmGridworld-v0': must be"),
        ("env = ", "mine.toml: is not TOML"),
    ],
)
def test_bad_specs(here, fastq, spec, message):
    (here / "mine.toml").write_text(spec)
    status, out, err = fastq("sweep", "mine.toml")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert not (here / "results").exists()


def test_bad_directories(here, fastq):
    fastq("sweep", "mine.toml", "--quiet", "--out", "there")
    (here / "mine.toml").write_text("seed = 9\n" + SPEC)
    status, _, err = fastq("sweep", "mine.toml", "--quiet", "--out", "there")
    assert status == 2
    assert err.startswith("error: out = 'there': holds another study, with seed = 0 and not 9")
    for command in ("show", "plot"):
        status, _, err = fastq(command, "nowhere")
        assert (status, err.count("\n")) == (2, 1)
        assert "nowhere: holds no study" in err


def test_failing_runs_exit_with_1(here, fastq, monkeypatch):
    from fastq.execution import chunks

    def broken(_chunk):
        raise MemoryError("on purpose")

    monkeypatch.setattr(chunks, "_compute", broken)
    status, _, err = fastq("sweep", "mine.toml", "--quiet")
    assert status == 1
    assert "12 of 12 runs failed" in err
    assert "MemoryError" in err
    status, _, err = fastq("sweep", "mine.toml", "--quiet", "--jobs", "1", "--fail-fast")
    assert status == 1
    failed = int(re.match(r"error: (\d+) of 12 runs failed", err)[1])
    assert 1 <= failed < 12  # those of the task in hand


def test_bench_as_json(fastq, monkeypatch):
    from fastq.training import bench

    monkeypatch.setattr(bench, "_REPEATS", 1)
    monkeypatch.setattr(bench, "_EPISODES", 30)
    status, out, _ = fastq("bench", "--json")
    found = json.loads(out)
    assert status == 0
    assert found["equal"] is True
    assert found["kernel_steps_per_second"] > found["reference_steps_per_second"] > 0
    assert "ratio" in fastq("bench")[1]


def test_bench_notices_a_kernel_that_differs(fastq, monkeypatch):
    from fastq.training import bench

    monkeypatch.setattr(bench, "_REPEATS", 1)
    monkeypatch.setattr(bench, "_EPISODES", 30)
    monkeypatch.setattr(bench, "_agree", lambda *_: False)
    assert fastq("bench")[0] == 1


@pytest.mark.slow
def test_the_first_time_it_says_that_it_compiles(here):
    """A process with an empty cache says so; the next one does not."""
    command = [sys.executable, "-m", "fastq", "sweep", "mine.toml", "--jobs", "1", "--out"]
    environment = {"NUMBA_CACHE_DIR": str(here / "cache"), "PATH": ""}
    said = [
        subprocess.run(
            [*command, name], capture_output=True, text=True, check=True, env=environment
        ).stdout.count("compiling the kernels")
        for name in ("a", "b")
    ]
    assert said == [1, 0]


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("command", ["select", "compare", "report"])
def test_trust_reaches_what_reads_the_study(command, trust, fastq, monkeypatch):
    """Were it lost, code would be run that nobody trusts, or none that somebody does."""
    seen = []

    def opened(self, directory, sweep=None, *, trust=False):
        seen.append((str(directory), trust))
        raise InputError("seen")

    monkeypatch.setattr(Results, "__init__", opened)
    assert fastq(command, "there", *["--trust"] * trust)[0] == 2
    assert seen == [("there", trust)]


@pytest.mark.parametrize(
    ("command", "names", "options"),
    [
        ("select", ("metric", "confirm_runs", "level"), ()),
        ("compare", ("metric", "confirm_runs", "by", "level"), ("--by", "alpha")),
    ],
)
def test_options_reach_the_question(command, names, options, results, fastq, monkeypatch):
    given = {"metric": "length", "confirm_runs": 7, "by": "alpha", "level": 0.5}
    question, seen = getattr(Results, command), []

    def asked(self, *arguments, **named):
        found = inspect.signature(question).bind(self, *arguments, **named).arguments
        seen.append({name: found[name] for name in names})
        raise InputError("seen")

    monkeypatch.setattr(Results, command, asked)
    words = [str(results.directory), "--metric", "length", "--confirm", "7", "--level", "0.5"]
    assert fastq(command, *words, *options)[0] == 2
    assert seen == [{name: given[name] for name in names}]


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom fastq.cli import main\nsys.argv = ['fastq', '--help']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'numba', 'pandas', 'matplotlib', 'scipy', 'gymnasium', 'pyarrow'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Run a sweep" in done.stdout


@pytest.mark.slow
def test_a_race_and_what_is_the_best_of_it(here, fastq):
    (here / "mine.toml").write_text(SPEC.replace("runs = 4", "runs = 30"))
    status, out, _ = fastq("sweep", "mine.toml", "--jobs", "1", "--race")
    assert status == 0
    assert re.search(r"of 3 configurations (is|are) left; ", out)
    assert "unless rare failures decide: failures in less than 9.5 % of runs" in out
    status, out, _ = fastq("select", "results/mine", "--confirm", "5")
    assert status == 0
    assert out.startswith("The best of 3 configurations by return is alpha = ")
    assert "over 5 fresh runs is " in out
    status, unconfirmed, _ = fastq("select", "results/mine", "--confirm", "0", "--level", "0.9")
    assert status == 0
    assert "It was not trained on fresh runs" in unconfirmed
    assert "could be the best, at 90 % confidence" in unconfirmed
    status, out, _ = fastq("compare", "results/mine", "--by", "alpha", "--metric", "length")
    assert status == 0
    assert out.startswith("Each value of alpha was tuned by length, then trained on 30 fresh runs")
    assert "alpha = 0.5 does better than alpha = 0.9 in the same run" in out
    status, out, _ = fastq("report", "results/mine", "-o", "mine.html", "--confirm", "0")
    assert (status, out) == (0, "wrote mine.html\n")
    page = (here / "mine.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "fresh runs is" not in page
    assert fastq("report", "results/mine", "-o", "mine.html", "--confirm", "3")[0] == 0
    assert "over 3 fresh runs is " in (here / "mine.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "mine.toml", "--race", "--metric", "x"], "metric = 'x': must be one of return"),
        (["show", "there", "--metric", "x"], "metric = 'x': must be one of return"),
        (["plot", "there", "--metric", "steps_to"], "metric = 'steps_to': must say which return"),
        (["sweep", "mine.toml", "--race", "--guarantee", "x"], "guarantee = 'x': must be one of s"),
        (["sweep", "mine.toml", "--guarantee", "any"], "guarantee = 'any': is for races; must"),
        (["select", "nowhere"], "nowhere: holds no study (no manifest.json)"),
        (["select", "there", "--metric", "steps_to"], "metric = 'steps_to': must say which return"),
        (["select", "there", "--confirm", "-1"], "confirm_runs = -1: must be an integer from 1"),
        (["compare", "there"], "by = 'agent': must be one of alpha"),
        (["compare", "there", "--by", "alpha", "--metric", "x"], "metric = 'x': must be one of"),
        (["report", "there", "-o", "no/x.html"], "no/x.html: cannot be written"),
        (["report", "there", "--level", "95"], "level = 95.0: must be a number in (0, 1)"),
    ],
)
def test_questions_that_have_no_answer(here, fastq, arguments, message):
    fastq("sweep", "mine.toml", "--quiet", "--out", "there")
    status, out, err = fastq(*arguments)
    assert (status, out.count("\n") <= 1) == (2, True)
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1
    assert not (here / "results").exists()
    assert not (here / "report.html").exists()


def test_a_sweep_by_a_metric_without_a_race(here, fastq):
    """It was taken in silence, and the return was shown."""
    status, out, _ = fastq("sweep", "mine.toml", "--jobs", "1", "--metric", "regret")
    assert status == 0
    said = "by mean regret of the greedy policy (95 % t interval over runs):\n"
    assert f"the best 3 of 3 configurations {said}" in out
    assert out.endswith("fastq show results/mine --metric regret\n")
    regret = Results("results/mine").summary("regret")["estimate"]
    table = pd.read_csv(here / "results" / "mine" / "summary.csv")
    assert table["estimate"].tolist() == pytest.approx(regret.tolist())
    status, out, _ = fastq("show", "results/mine", "--metric", "length")
    assert status == 0
    assert "by mean length (steps) over all episodes" in out
    lines = out.split("runs):\n")[1].splitlines()
    of_length = Results("results/mine").summary("length").sort_values("estimate")
    assert [float(line.split()[0]) for line in lines[1:4]] == of_length["alpha"].tolist()
    assert fastq("plot", "results/mine", "--metric", "length")[0] == 0
    table = pd.read_csv(here / "results" / "mine" / "summary.csv")
    assert sorted(table["estimate"]) == pytest.approx(of_length["estimate"].tolist())


@pytest.mark.parametrize(
    ("first_line", "metric", "message"),
    [
        ("", "x", "metric = 'x': must be one of return"),
        ("", "return_last:21", "metric = 'return_last:21': must be at most 20"),
        ('record = "moments"\n', "regret", "metric = 'regret': needs each run"),
        ('record = "summary"\n', "steps_to:-9", "metric = 'steps_to:-9': needs each episode"),
    ],
)
def test_metrics_that_a_sweep_will_not_have(here, fastq, first_line, metric, message):
    """They are refused before any work."""
    (here / "mine.toml").write_text(first_line + SPEC)
    status, out, err = fastq("sweep", "mine.toml", "--metric", metric)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: {message}")
    assert not (here / "results").exists()
