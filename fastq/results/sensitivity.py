"""Sensitivity: how much each hyperparameter matters, from a finished summary.

For each value of a hyperparameter, `slice` is the configuration that differs from the best one in
this value alone, and `best` the best over all the others. Both are estimates of single
configurations, with their intervals; the best of many is flattered by its luck (see `selection`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fastq.base.errors import InputError

_KEPT = ["estimate", "lower", "upper", "runs"]


def sensitivity(summary: pd.DataFrame, names: list[str], sign: int) -> pd.DataFrame:
    """Cut a summary along each hyperparameter.

    Parameters
    ----------
    summary : DataFrame
        From `Results.summary`.
    names : list of str
        Its hyperparameters; "agent" is none of them, each agent is taken by itself.
    sign : {1, -1}
        Whether greater or less is better.

    Returns
    -------
    DataFrame
        Columns agent (where there are several), hyperparameter, value, kind ("slice" or "best"),
        estimate, lower, upper, runs, edge (whether the best value is the least or the greatest
        of several numbers that were tried).

    Raises
    ------
    InputError
        Where the grid has no hyperparameter besides the agent.
    """
    varied = [name for name in names if name != "agent"]
    if not varied:
        raise InputError("sensitivity: the grid has no hyperparameter; must have one or more")
    groups = summary.groupby("agent", sort=False) if "agent" in names else [(None, summary)]
    rows = []
    for agent, table in groups:
        for name in varied:
            own = table[table[name].notna() & (table[name] != "")]
            along = _along(own, name, [other for other in varied if other != name], sign)
            rows += [{"agent": agent, "hyperparameter": name, **row} for row in along]
    found = pd.DataFrame(rows)
    found = found.astype({"value": object, "runs": np.int64})
    if "agent" not in names:
        found = found.drop(columns="agent")
    found.attrs.update(summary.attrs)
    return found


def _along(table: pd.DataFrame, name: str, others: list[str], sign: int) -> list[dict[str, object]]:
    """Cut along one hyperparameter of one agent."""
    if table.empty:
        return []
    score = (sign * table["estimate"]).fillna(-np.inf).to_numpy()
    best = table.iloc[int(score.argmax())]
    alike = np.ones(len(table), dtype=np.bool_)
    for other in others:
        same = table[other] == best[other]
        alike &= (same | (table[other].isna() & pd.isna(best[other]))).to_numpy()
    values = table[name].drop_duplicates().tolist()
    edge = are_numbers(values) and best[name] in (min(values), max(values))
    rows: list[dict[str, object]] = []
    for value in values:
        here = (table[name] == value).to_numpy()
        for kind, some in (("slice", here & alike), ("best", here)):
            if some.any():
                chosen = table.iloc[int(np.where(some, score, -np.inf).argmax())]
                row = {"value": value, "kind": kind, **{k: chosen[k] for k in _KEPT}, "edge": edge}
                rows.append(row)
    return rows


def are_numbers(values: Sequence[object]) -> bool:
    """Say whether values are several numbers, of which one is the least and one the greatest."""
    return len(values) > 1 and all(isinstance(value, int | float) for value in values)
