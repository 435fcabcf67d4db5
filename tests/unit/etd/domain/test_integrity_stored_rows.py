"""Stored rows as the checks take them: the document's digits, tables apart, nothing raised."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etd.domain.findings import Severity
from etd.domain.integrity.stored_rows import StoredRow, as_reported, findings_by_row
from metaanalysis.stats.pooling import pool
from tests.unit.etd.domain.published_tables import METHODS, Trials, draw_studies, spec_of
from tests.unit.etd.domain.test_integrity import example_rows

PRINTED = ("percent_intervention", "percent_comparison", "estimate", "ci_low", "ci_high", "p_value", "i2")
COUNTS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")


def stored_example() -> list[StoredRow]:
    rows = []
    for row in example_rows():
        values: dict[str, Any] = {name: int(getattr(row, name)) for name in COUNTS if getattr(row, name)}
        numbers = {name: getattr(row, name) for name in PRINTED if getattr(row, name)}
        values |= {
            name: float(numbers[name])
            for name in ("estimate", "ci_low", "ci_high", "p_value")
            if name in numbers
        }
        rows.append(
            StoredRow(
                id=100 + row.row,
                table="2, reported",
                outcome=row.outcome,
                population=row.subgroup,
                n_studies=int(row.k.rstrip("*")),
                measure=row.measure,
                i_squared=float(row.i2) if row.i2 else None,
                printed=numbers,
                **values,
            )
        )
    return rows


def test_the_two_rows_of_the_example_by_their_ids() -> None:
    found = findings_by_row(stored_example())
    assert {row_id: [each.code for each in findings] for row_id, findings in found.items()} == {
        105: ["p_against_interval"],
        107: ["p_against_interval"],
    }
    assert found[105][0].where.startswith(
        "row 4 (Survival at hospital discharge or 30 days, n (%); Cardiogenic shock"
    )


def test_the_printed_digits_are_checked_and_not_the_stored_number() -> None:
    row = StoredRow(
        1, 1, "Survival", "All", 14, measure="OR", estimate=1.2, ci_low=0.97, ci_high=1.42, p_value=0.1
    )
    assert findings_by_row([row]) == {}
    printed = {"estimate": "1.20", "ci_low": "0.97", "ci_high": "1.42", "p_value": "0.10"}
    assert [each.code for each in findings_by_row([replace(row, printed=printed)])[1]] == [
        "estimate_not_in_the_middle"
    ]


def test_tables_are_judged_apart() -> None:
    """The second row of the example is inconsistent only by the other rows of its table."""
    rows = stored_example()
    apart = [replace(row, table=row.id) for row in rows]
    assert set(findings_by_row(apart)) == {105}


def test_an_effect_as_given_has_a_scale_that_is_not_known() -> None:
    row = StoredRow(1, 1, "Score", "All", measure="GIV", estimate=9.0, ci_low=1.0, ci_high=2.0, p_value=0.9)
    assert findings_by_row([row]) == {}
    assert [each.code for each in findings_by_row([replace(row, measure="MD")])[1]] == [
        "estimate_outside_interval"
    ]


def test_a_printed_number_that_cannot_be_read_is_said_and_the_others_are_checked() -> None:
    row = StoredRow(
        1, 1, "Survival", "All", 14, events_intervention=426, n_intervention=944,
        printed={"percent_intervention": "46", "i2": "0·5"},
    )  # fmt: skip
    percent, unread = findings_by_row([row])[1]
    assert (percent.code, unread.code, unread.severity) == (
        "percent_against_counts",
        "unreadable_number",
        Severity.INFORMATIONAL,
    )
    assert unread.where == "row 1 (Survival; All), i2"
    assert "Write the decimals after a point" in unread.evidence


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
@pytest.mark.parametrize("method", METHODS)
def test_recomputed_rows_are_left_in_peace(method: str, measure: str) -> None:
    draw = random.Random(6)  # noqa: S311 -- made-up tables, not secrets
    rows = []
    for number in range(12):
        studies = draw_studies(draw, Trials(balanced=False))
        result = pool(studies, spec_of(method, measure))
        rows.append(
            StoredRow(
                id=number,
                table=number,
                outcome="Survival",
                population="All",
                n_studies=result.k,
                measure=measure,
                estimate=result.estimate_natural,
                ci_low=result.ci_low_natural,
                ci_high=result.ci_high_natural,
                p_value=result.p_value,
                i_squared=result.i2,
                **{name: sum(getattr(study, name) for study in studies) for name in COUNTS},
            )
        )
    found = [each for findings in findings_by_row(rows).values() for each in findings]
    assert [each for each in found if each.severity is not Severity.INFORMATIONAL] == []


NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False)
COUNT = st.none() | st.integers(0, 10**7)


@given(
    st.lists(
        st.builds(
            StoredRow,
            id=st.integers(1, 9),
            table=st.integers(1, 2),
            outcome=st.text(max_size=5),
            population=st.text(max_size=5),
            n_studies=COUNT,
            measure=st.sampled_from(("OR", "RR", "RD", "MD", "SMD", "HR", "GIV", "")),
            printed=st.dictionaries(st.sampled_from((*PRINTED, "other")), st.text(max_size=6), max_size=3),
            **dict.fromkeys(COUNTS, COUNT),
            **dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value", "i_squared"), NUMBER),
        ),
        max_size=4,
    )
)
@settings(max_examples=100, deadline=None)
def test_no_stored_row_raises(rows: list[StoredRow]) -> None:
    found = findings_by_row(rows)
    assert set(found) <= {row.id for row in rows}
    assert all(findings for findings in found.values())


def test_a_number_without_printed_digits_has_six() -> None:
    row = StoredRow(
        1, 1, "Survival", "All", 2, measure="OR", estimate=math.pi, ci_low=1e-30, ci_high=12345678.0
    )
    reported = as_reported(row, 3)
    assert (reported.row, reported.k, reported.estimate) == (3, "2", "3.14159")
    assert (reported.ci_low, reported.ci_high) == ("0.000000000000", "12345700")
