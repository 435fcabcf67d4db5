"""Tables of random numbers in random dialects: `python -m tests.reliability.dialects --tables N`.

U2: what is read is what was written, or the file is refused. Its control is what pandas reads of the same files.
"""

from __future__ import annotations

import io
import json
import random
import sys
from collections import Counter
from typing import Any
from unittest import mock

import django

django.setup()

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402 -- after the set-up
from hypothesis import strategies as st  # noqa: E402

from metaanalysis.importers import read_table, workbook  # noqa: E402
from tests.unit.importers.test_never_a_wrong_number import (  # noqa: E402
    CANONICAL,
    DIALECTS,
    Dialect,
    Written,
    as_csv,
    as_workbook,
    tables,
    worker_in_this_process,
)

SHARE_OF_WORKBOOKS = 5
KEPT = 5


class Findings:
    """What became of the tables."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.differences: list[str] = []
        self.pandas: Counter[str] = Counter()

    def compare(self, table: Written, data: bytes, filename: str) -> None:
        parsed = read_table(data, filename=filename)
        self.outcomes["tables"] += 1
        self.outcomes["read" if parsed.ok else "refused"] += 1
        if not parsed.ok:
            if parsed.rows:
                self.differences.append(f"refused with rows: {data!r}")
            return
        found = [
            (
                row.events_intervention,
                row.n_intervention,
                row.events_comparison,
                row.n_comparison,
                str(row.year),
            )
            for row in parsed.rows
        ]
        if found != [(*counts, row["year"]) for counts, row in zip(table.counts, table.rows, strict=True)]:
            self.differences.append(repr(data))

    def compare_pandas(self, table: Written, data: bytes, dialect: Dialect) -> None:
        """What a program gets that asks pandas and takes what it is given."""
        import pandas as pd

        try:
            frame = pd.read_csv(io.BytesIO(data), sep=dialect.delimiter, encoding=encoding_of(dialect))
            columns = [list(frame[table.headers[name]]) for name in CANONICAL[1:5]]
        except (ValueError, KeyError, pd.errors.ParserError):
            self.pandas["refused"] += 1
            return
        same = [tuple(row) for row in zip(*columns, strict=True)] == table.counts
        self.pandas["same" if same else "different"] += 1


def encoding_of(dialect: Dialect) -> str:
    return "utf-16" if dialect.encoding.startswith("utf-16") else dialect.encoding


def run(tables_to_write: int, start: int) -> Findings:
    findings = Findings()
    workbooks = tables_to_write // SHARE_OF_WORKBOOKS
    limits: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "phases": [Phase.generate],
        "suppress_health_check": list(HealthCheck),
    }

    @seed(start)
    @settings(max_examples=tables_to_write - workbooks, **limits)
    @given(tables(), DIALECTS)
    def texts(table: Written, dialect: Dialect) -> None:
        data = as_csv(table, dialect)
        findings.compare(table, data, "trials.csv")
        findings.compare_pandas(table, data, dialect)

    @seed(start)
    @settings(max_examples=workbooks, **limits)
    @given(table=tables(), data=st.data())
    def books(table: Written, data: st.DataObject) -> None:
        findings.compare(table, as_workbook(table, data.draw), "trials.xlsx")

    texts()
    with mock.patch.object(workbook, "run_worker", worker_in_this_process):
        books()
    return findings


def main(tables_to_write: int) -> dict[str, Any]:
    start = random.SystemRandom().randrange(10**6)
    found = run(tables_to_write, start)
    return {
        **dict(found.outcomes),
        "seed": start,
        "differences": found.differences[:KEPT],
        "control": {f"pandas_{name}": number for name, number in sorted(found.pandas.items())},
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[sys.argv.index("--tables") + 1]))))
