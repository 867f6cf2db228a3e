"""The list of configurations: all that were ever run, readable with pandas alone."""

import pandas as pd

from tests.conftest import rerun


def test_all_configurations_of_a_grown_grid_are_listed(fields, tmp_path):
    rerun(fields, tmp_path / "x", runs=1)
    grid = {"alpha": [0.5], "gamma": [0.9, 1.0], "planning_steps": [2]}
    both = {"agent": ["q_learning", "dyna_q"], "grid": grid, "fixed": {"epsilon": 0.1}}
    rerun(fields, tmp_path / "x", runs=1, **both)
    listed = pd.read_csv(tmp_path / "x" / "configurations.csv").set_index("configuration")
    assert len(listed) == 6 + 3
    assert listed["agent"].value_counts().to_dict() == {"q_learning": 7, "dyna_q": 2}
    rows = pd.concat(pd.read_parquet(p) for p in (tmp_path / "x" / "parts").glob("*.parquet"))
    assert set(rows["configuration"]) == set(listed.index)
    joined = rows[["configuration", "return"]].join(listed, on="configuration")
    assert joined.groupby(["agent", "alpha", "gamma", "epsilon"]).ngroups == 9
    assert listed.loc[listed["agent"] == "q_learning", "planning_steps"].isna().all()


def test_a_damaged_list_is_begun_anew(fields, tmp_path):
    rerun(fields, tmp_path / "x", runs=1)
    path = tmp_path / "x" / "configurations.csv"
    whole = path.read_bytes()
    for damaged in (b"", b"\xff\xfe", b'configuration,agent\n"a', whole[:-30]):
        path.write_bytes(damaged)
        rerun(fields, tmp_path / "x", runs=1)
        assert path.read_bytes() == whole
