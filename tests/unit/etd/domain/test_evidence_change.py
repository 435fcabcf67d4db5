"""What counts as a change of the evidence under a judgement: tables of cases, and what holds for all of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etd.domain.evidence_change import (
    Change,
    DecisionLines,
    EvidenceChange,
    compare_evidence,
    worst,
)
from etd.domain.narrative import Thresholds

# 100 of 500 in the comparison arms: 200 per 1,000 without the intervention.
ROW = {
    "id": 1,
    "outcome_id": 10,
    "population_id": 20,
    "source": "reported",
    "n_studies": 4,
    "events_intervention": 110,
    "n_intervention": 500,
    "events_comparison": 100,
    "n_comparison": 500,
    "measure": "RR",
    "estimate": 1.1,
    "ci_low": 0.98,
    "ci_high": 1.25,
    "p_value": 0.1,
    "i_squared": 0.0,
}
NO_EFFECT = {"estimate": None, "ci_low": None, "ci_high": None, "p_value": None}
THRESHOLDS = Thresholds(Decimal(10), Decimal(30), Decimal(60))
LINES = {(10, 20): DecisionLines(thresholds=THRESHOLDS)}


def row(**fields: Any) -> dict[str, Any]:
    return ROW | fields


def effect(estimate: float, low: float, high: float, measure: str = "RR", **fields: Any) -> dict[str, Any]:
    return row(measure=measure, estimate=estimate, ci_low=low, ci_high=high, **fields)


def content(*rows: dict[str, Any], text: str = "Four trials.") -> dict[str, Any]:
    return {"research_evidence": text, "rows": list(rows)}


def compared(before: dict[str, Any], after: dict[str, Any], lines: Any = LINES) -> EvidenceChange:
    return compare_evidence(content(before), content(after), lines)


def reasons(found: EvidenceChange) -> list[str]:
    return [reason for one in found.rows for reason in one.reasons]


class TestNoEffect:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (
                effect(1.1, 0.98, 1.25),
                effect(1.12, 1.02, 1.25),
                ["The lower limit of the interval went from 0.98 to 1.02: it crosses no effect (1)."],
            ),
            (
                effect(0.9, 0.8, 0.997),
                effect(0.9, 0.8, 1.0),
                ["The upper limit of the interval went from 0.997 to 1.000: it crosses no effect (1)."],
            ),
            (effect(0.9, 0.8, 1.0), effect(0.9, 0.8, 1.01), []),
            (effect(1.1, 1.0, 1.25), effect(1.1, 0.98, 1.25), []),
            (
                effect(1.1, 1.0, 1.25),
                effect(1.1, 1.001, 1.25),
                ["The lower limit of the interval went from 1.000 to 1.001: it crosses no effect (1)."],
            ),
            (
                effect(0.99, 0.8, 1.2),
                effect(1.01, 0.82, 1.22),
                ["The estimate went from 0.99 to 1.01: it crosses no effect (1)."],
            ),
            (effect(1.0, 0.8, 1.2), effect(1.003, 0.8, 1.2), []),
            (effect(0.997, 0.8, 1.2), effect(1.0, 0.8, 1.2), []),
            (
                effect(1.5, -0.2, 3.2, "MD"),
                effect(1.6, 0.1, 3.1, "MD"),
                ["The lower limit of the interval went from −0.20 to 0.10: it crosses no effect (0)."],
            ),
            (
                effect(-0.02, -0.05, 0.01, "RD"),
                effect(-0.02, -0.039, -0.001, "RD"),
                ["The upper limit of the interval went from 0.010 to −0.001: it crosses no effect (0)."],
            ),
        ],
    )
    def test_what_crosses_it(
        self, before: dict[str, Any], after: dict[str, Any], expected: list[str]
    ) -> None:
        found = compared(before, after, {})
        assert reasons(found) == expected
        assert found.change is (Change.CHANGED if expected else Change.MINOR)

    def test_all_three_at_once_are_three_sentences(self) -> None:
        found = compared(effect(0.7, 0.5, 0.9), effect(1.4, 1.1, 1.8), {})
        assert len(reasons(found)) == 3


class TestThresholds:
    """Without the intervention 200 per 1,000: an RR of 1.05 is 10 more, of 1.15 30 more, of 1.3 60 more."""

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (
                effect(1.2, 1.1, 1.25),
                effect(1.2, 1.1, 1.36),
                "The upper limit of the absolute effect went from 50 more to 72 more per 1,000: moderate (more) "
                "before, large (more) now (thresholds 10, 30 and 60 per 1,000).",
            ),
            (
                effect(1.149, 1.1, 1.25),
                effect(1.15, 1.1, 1.25),
                "The estimate of the absolute effect went from 29.8 more to 30.0 more per 1,000: small (more) before, "
                "moderate (more) now (thresholds 10, 30 and 60 per 1,000).",
            ),
            (
                effect(1.0, 0.96, 1.04),
                effect(1.0, 0.94, 1.04),
                "The lower limit of the absolute effect went from 8 fewer to 12 fewer per 1,000: trivial before, "
                "small (fewer) now (thresholds 10, 30 and 60 per 1,000).",
            ),
        ],
    )
    def test_a_threshold_is_crossed(
        self, before: dict[str, Any], after: dict[str, Any], expected: str
    ) -> None:
        assert reasons(compared(before, after)) == [expected]

    def test_between_two_thresholds_nothing_is_crossed(self) -> None:
        found = compared(effect(1.2, 1.16, 1.25), effect(1.22, 1.18, 1.27))
        assert (found.change, reasons(found)) == (Change.MINOR, [])

    def test_another_comparator_risk_moves_the_absolute_effect_of_the_same_ratio(self) -> None:
        after = effect(1.2, 1.16, 1.25, events_comparison=250)
        found = compared(effect(1.2, 1.16, 1.25), after)
        assert found.change is Change.CHANGED
        assert all("absolute effect" in reason for reason in reasons(found))

    def test_an_external_risk_holds_for_both_sides(self) -> None:
        lines = {
            (10, 20): DecisionLines(
                thresholds=THRESHOLDS, risk_source="external", comparator_risk=Decimal("0.2")
            )
        }
        after = effect(1.2, 1.16, 1.25, events_comparison=250)
        assert compared(effect(1.2, 1.16, 1.25), after, lines).change is Change.MINOR

    @pytest.mark.parametrize(
        "lines",
        [
            {},
            {(10, 20): DecisionLines(thresholds=THRESHOLDS, risk_source="median")},
            {(10, 99): DecisionLines(thresholds=THRESHOLDS)},
        ],
    )
    def test_without_thresholds_or_a_risk_only_no_effect_counts(self, lines: Any) -> None:
        assert compared(effect(1.2, 1.1, 1.25), effect(1.2, 1.1, 1.36), lines).change is Change.MINOR

    def test_which_event_a_hazard_ratio_is_of_does_not_matter_to_a_risk_ratio(self) -> None:
        lines = {(10, 20): DecisionLines(thresholds=THRESHOLDS, event_free=None)}
        assert compared(effect(1.2, 1.1, 1.25), effect(1.2, 1.1, 1.36), lines).change is Change.CHANGED

    def test_means_have_no_thresholds_in_people(self) -> None:
        assert compared(effect(1.2, 0.1, 2.5, "MD"), effect(90.0, 50.0, 99.0, "MD")).change is Change.MINOR

    def test_a_hazard_ratio_of_the_opposite_event_turns_the_absolute_effect_round(self) -> None:
        """Free of the event 800 per 1,000: 0.8^0.8 is 836.5, 0.8^0.7 is 855.4."""
        before = effect(0.9, 0.8, 0.98, "HR", events_comparison=400)
        after = effect(0.9, 0.6, 0.98, "HR", events_comparison=400)
        found = compared(before, after, {(10, 20): DecisionLines(thresholds=THRESHOLDS, event_free=True)})
        assert [reason.split(":")[0] for reason in reasons(found)] == [
            "The upper limit of the absolute effect went from 37 more to 75 more per 1,000"
        ]

    def test_a_hazard_ratio_of_an_unsaid_event_has_no_absolute_effect(self) -> None:
        lines = {(10, 20): DecisionLines(thresholds=THRESHOLDS, event_free=None)}
        before, after = effect(0.9, 0.8, 0.98, "HR"), effect(0.9, 0.4, 0.98, "HR")
        assert compared(before, after, lines).change is Change.MINOR


class TestRows:
    def test_a_computed_row_is_compared_with_the_reported_one_of_its_place(self) -> None:
        computed = row(id=2, source="computed", estimate=1.1012, ci_low=0.979)
        found = compare_evidence(content(ROW), content(ROW, computed), LINES)
        assert found.change is Change.MINOR
        (one,) = found.rows
        assert (one.source, one.before, one.after, one.change) == ("computed", ROW, computed, Change.MINOR)

    def test_and_where_it_crosses_it_says_so(self) -> None:
        computed = row(id=2, source="computed", ci_low=1.02)
        found = compare_evidence(content(ROW), content(ROW, computed), {})
        assert found.change is Change.CHANGED
        assert "from 0.98 to 1.02" in found.rows[0].reasons[0]

    def test_a_computed_row_that_took_the_place_is_told_once(self) -> None:
        found = compare_evidence(content(ROW), content(row(id=2, source="computed", p_value=0.11)), {})
        assert [(one.before, one.change) for one in found.rows] == [(ROW, Change.MINOR)]

    def test_a_computed_row_that_went_leaves_the_reported_one(self) -> None:
        computed = row(id=2, source="computed", p_value=0.11)
        found = compare_evidence(content(ROW, computed), content(ROW), {})
        assert [(one.source, one.before, one.after) for one in found.rows] == [("computed", computed, ROW)]

    def test_a_new_computed_value_is_compared_with_the_computed_one_before(self) -> None:
        before, after = row(id=2, source="computed", ci_low=1.01), row(id=2, source="computed", ci_low=1.03)
        found = compare_evidence(content(ROW, before), content(ROW, after), {})
        assert [(one.before, one.after, one.change) for one in found.rows] == [(before, after, Change.MINOR)]

    def test_two_tables_with_the_same_place_are_told_apart_by_their_rows(self) -> None:
        other = row(id=2, ci_low=1.1, estimate=1.2)
        assert compare_evidence(content(ROW, other), content(other, ROW), {}).change is Change.NONE

    def test_a_row_that_was_stored_anew_is_the_same_evidence(self) -> None:
        assert compared(ROW, row(id=77)).change is Change.NONE

    def test_a_new_row_with_data_counts(self) -> None:
        new = row(id=3, population_id=21)
        found = compare_evidence(content(ROW), content(ROW, new), {})
        assert found.change is Change.CHANGED
        assert reasons(found) == ["These results are new: RR 1.10 (0.98–1.25)."]
        assert found.rows[0].before is None

    def test_a_row_that_is_gone_counts(self) -> None:
        found = compare_evidence(content(ROW, row(id=3, outcome_id=11)), content(ROW), {})
        assert reasons(found) == ["These results are gone; they were RR 1.10 (0.98–1.25)."]
        assert (found.change, found.rows[0].after) == (Change.CHANGED, None)

    def test_a_new_row_without_data_is_minor(self) -> None:
        empty = row(id=3, population_id=21, n_studies=0, **NO_EFFECT)
        assert compare_evidence(content(ROW), content(ROW, empty), {}).change is Change.MINOR

    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            (
                row(**NO_EFFECT),
                ROW,
                "There was no effect estimate; now it is RR 1.10 (0.98–1.25).",
            ),
            (ROW, row(**NO_EFFECT), "The effect estimate is gone; it was RR 1.10 (0.98–1.25)."),
            (
                ROW,
                effect(1.15, 0.97, 1.33, "OR"),
                "The measure is another one: RR 1.10 (0.98–1.25) before, OR 1.15 (0.97–1.33) now.",
            ),
            (
                row(n_studies=0, **NO_EFFECT),
                row(n_studies=1, **NO_EFFECT),
                "There were no data; now there are those of 1 study.",
            ),
        ],
    )
    def test_data_and_effects_come_and_go(
        self, before: dict[str, Any], after: dict[str, Any], expected: str
    ) -> None:
        assert reasons(compared(before, after)) == [expected]

    @pytest.mark.parametrize(
        "fields",
        [
            {"p_value": 0.04},
            {"i_squared": 80.0},
            {"n_studies": 5},
            {"n_intervention": 900, "events_intervention": 200},
            {"estimate": 1.12},
        ],
    )
    def test_what_crosses_nothing_is_minor(self, fields: dict[str, Any]) -> None:
        assert compared(ROW, row(**fields), {}).change is Change.MINOR


class TestCertainty:
    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [("low", "moderate", "from Low to Moderate"), ("high", "very_low", "from High to Very low")],
    )
    def test_another_level_counts(self, before: str, after: str, words: str) -> None:
        found = compared(row(certainty=before), row(certainty=after))
        assert reasons(found) == [f"The certainty of the evidence went {words}."]
        assert found.change is Change.CHANGED

    def test_rated_for_the_first_time_is_minor(self) -> None:
        found = compared(row(), row(certainty="low"))
        assert (found.change, reasons(found)) == (Change.MINOR, [])
        assert compared(row(certainty="low"), row()).change is Change.MINOR


class TestText:
    @pytest.mark.parametrize(
        ("after", "change"),
        [
            ("Four trials.", Change.NONE),
            ("Four  trials.\n", Change.MINOR),
            ("Five trials.", Change.CHANGED),
            ("", Change.CHANGED),
        ],
    )
    def test_more_than_white_space_counts(self, after: str, change: Change) -> None:
        found = compare_evidence(content(ROW), content(ROW, text=after), {})
        assert (found.change, found.text_changed) == (change, change is Change.CHANGED)
        assert (found.text_before, found.text_after, found.rows) == ("Four trials.", after, ())
        assert bool(found.reasons) is found.text_changed


def test_the_worst_of_several() -> None:
    assert worst([Change.MINOR, Change.CHANGED, Change.NONE]) is Change.CHANGED
    assert worst([]) is Change.NONE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (effect(1.1, 1 - 1e-12, 1.2), effect(1.1, 1 + 1e-12, 1.2)),
        (effect(0.9, 0.8, 1 - 1e-12), effect(0.9, 0.8, 1 + 1e-12)),
        (effect(0.1, -1e-17, 0.2, "RD"), effect(0.1, 1e-17, 0.2, "RD")),
        (effect(1.15, 1.1, 1.25), effect(1.15 - 1e-12, 1.1, 1.25)),
        (row(i_squared=0.0, p_value=0.0), row(i_squared=1e-14, p_value=1e-17)),
    ],
)
def test_the_noise_of_floats_beside_a_line_is_no_change(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert compared(before, after).change is Change.NONE


RATIOS = st.floats(min_value=0.01, max_value=50)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    measure = draw(st.sampled_from(["OR", "RR", "HR", "RD", "MD", ""]))
    values = RATIOS if measure in ("OR", "RR", "HR") else st.floats(min_value=-1, max_value=1)
    low, estimate, high = sorted(draw(values) for _ in range(3))
    has_effect = bool(measure) and draw(st.booleans())
    n_comparison = draw(st.none() | st.integers(1, 2_000))
    events = None if n_comparison is None else draw(st.integers(0, n_comparison))
    found = row(
        id=draw(st.integers(1, 6)),
        outcome_id=draw(st.sampled_from([10, 11])),
        population_id=draw(st.sampled_from([20, 21])),
        source=draw(st.sampled_from(["reported", "computed"])),
        n_studies=draw(st.integers(1 if has_effect else 0, 9)),
        measure=measure,
        events_comparison=events,
        n_comparison=n_comparison,
        **({"estimate": estimate, "ci_low": low, "ci_high": high} if has_effect else NO_EFFECT),
    )
    level = draw(st.sampled_from(["", "low", "high"]))
    return found | ({"certainty": level} if level else {})


def one_a_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({(r["outcome_id"], r["population_id"], r["source"]): r for r in rows}.values())


CONTENTS = st.builds(
    lambda text, rows: {"research_evidence": text, "rows": one_a_place(rows)},
    st.sampled_from(["", "Four trials.", "Five trials."]),
    st.lists(rows(), max_size=5, unique_by=lambda one: one["id"]),
)
ALL_LINES = {(o, p): DecisionLines(thresholds=THRESHOLDS) for o in (10, 11) for p in (20, 21)}


@given(CONTENTS)
def test_what_is_as_it_was_has_not_changed(one: dict[str, Any]) -> None:
    found = compare_evidence(one, one, ALL_LINES)
    assert (found.change, found.rows, found.reasons) == (Change.NONE, (), ())


@given(CONTENTS, CONTENTS)
def test_a_change_is_as_large_backwards(one: dict[str, Any], other: dict[str, Any]) -> None:
    there, back = compare_evidence(one, other, ALL_LINES), compare_evidence(other, one, ALL_LINES)
    assert there.change is back.change
    assert {frozenset((str(r.before), str(r.after))) for r in there.rows} == {
        frozenset((str(r.before), str(r.after))) for r in back.rows
    }


@given(CONTENTS, st.lists(st.floats(min_value=-1, max_value=1), min_size=15, max_size=15))
def test_the_noise_of_floats_is_no_change(one: dict[str, Any], noise: list[float]) -> None:
    """Each number off by at most one part in 10¹⁰, and an interval stays in order."""
    shaken = [
        r
        | {
            name: r[name] * (1 + 1e-10 * noise[(r["id"] + number) % 15])
            for number, name in enumerate(("estimate", "ci_low", "ci_high", "p_value", "i_squared"))
            if r[name] is not None
        }
        for r in one["rows"]
    ]
    in_order = [r for r in shaken if r["estimate"] is None or r["ci_low"] <= r["estimate"] <= r["ci_high"]]
    kept = {r["id"] for r in in_order}
    before = one | {"rows": [r for r in one["rows"] if r["id"] in kept]}
    assert compare_evidence(before, one | {"rows": in_order}, ALL_LINES).change is Change.NONE


@given(CONTENTS, CONTENTS)
def test_what_counts_has_a_sentence_and_what_does_not_has_none(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = compare_evidence(one, other, ALL_LINES)
    assert all(bool(r.reasons) is (r.change is Change.CHANGED) for r in found.rows)
    assert (found.change is Change.CHANGED) is bool([*found.reasons, *reasons(found)])
