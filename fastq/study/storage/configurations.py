"""``configurations.csv``: what each configuration of a study is, for readers of parts alone.

Parts have columns for what varied when they were written. Here are all hyperparameters of all
configurations that were ever run, by the key that each row of a part has.
"""

import contextlib
import csv
import io

from fastq.base.spreadsheets import quoted
from fastq.study.storage.store import Store
from fastq.study.sweep import Sweep

NAME = "configurations.csv"
_KEY = "configuration"


def put_catalogue(store: Store, sweep: Sweep) -> None:
    """Add the configurations of a sweep to those that are listed.

    Raises
    ------
    OSError
        Where it cannot be written.
    """
    rows = _listed(store)
    for one in sweep.configurations:
        fields = {name: getattr(one.agent, name) for name in type(one.agent).model_fields}
        about = {name: _cell(value) for name, value in fields.items()}
        rows[one.key] = {_KEY: one.key, "agent": quoted(one.agent.name), **about}
    names = dict.fromkeys(name for row in rows.values() for name in row)
    text = io.StringIO()
    table = csv.DictWriter(text, list(names), restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows.values())
    store.put(NAME, text.getvalue().encode())


def _listed(store: Store) -> dict[str, dict[str, str]]:
    """Read the rows that are listed and whole."""
    rows: dict[str, dict[str, str]] = {}
    with contextlib.suppress(OSError, UnicodeDecodeError, csv.Error):
        for row in csv.DictReader(io.StringIO(store.read(NAME).decode())):
            if row.get(_KEY) and None not in row and None not in row.values():
                rows[row[_KEY]] = {name: quoted(cell) for name, cell in row.items()}
    return rows


def _cell(value: object) -> str:
    """Write a hyperparameter."""
    return "" if value is None else quoted(str(value))
