"""What one line of a Summary of Findings and of an evidence profile says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from etd.domain.footnotes import Footnotes, letter
from etd.domain.narrative import Thresholds
from etd.domain.summary_cells import Cells, ComparatorRisk, Facts, Rating, cells_of
from etd.domain.summary_tables import layouts, rows_revision, words_revision

LONGEST = Facts(
    outcome="Survival",
    population="All",
    better="higher",
    n_studies=14,
    measure="OR",
    estimate=1.17,
    ci_low=0.97,
    ci_high=1.42,
    relative="1.17 (0.97–1.42)",
    intervention="426/944 (45%)",
    comparison="385/931 (41%)",
    events=811,
    n_people=1875,
    risks=(ComparatorRisk(385 / 931),),
    intervention_label="MCS",
    outcome_name="survival",
)


def text(cells: Cells, column: str) -> str:
    return cells.cells[column].text


def more(cells: Cells) -> list[str]:
    return [line.more for line in cells.cells["difference"].lines]


def notes(cells: Cells, column: str) -> list[str]:
    return [note for line in cells.cells[column].lines for note in line.notes]


def test_the_line_of_the_example() -> None:
    cells = cells_of(LONGEST)
    assert text(cells, "studies") == "1,875 (14 studies)"
    assert text(cells, "relative") == "OR 1.17 (0.97–1.42)"
    assert text(cells, "comparator_risk") == "414 per 1,000"
    assert text(cells, "intervention_risk") == "452 per 1,000 (406 to 500)"
    assert text(cells, "difference") == "39 more per 1,000 (from 7 fewer to 87 more)"
    assert more(cells) == ["NNTB 26 (NNTH 136 to ∞ to NNTB 12)"]


@pytest.mark.parametrize(
    ("per", "difference"),
    [
        (100, "4 more per 100 (from 1 fewer to 9 more)"),
        (10_000, "385 more per 10,000 (from 74 fewer to 868 more)"),
        (100_000, "3,852 more per 100,000 (from 737 fewer to 8,679 more)"),
    ],
)
def test_the_same_line_for_other_numbers_of_people(per: int, difference: str) -> None:
    assert text(cells_of(LONGEST, per), "difference") == difference


def test_the_event_is_told_and_its_polarity_says_who_is_helped() -> None:
    bad = cells_of(replace(LONGEST, better="lower"))
    assert text(bad, "difference") == "39 more per 1,000 (from 7 fewer to 87 more)"
    assert more(bad) == ["NNTH 26 (NNTH 12 to ∞ to NNTB 136)"]


def test_a_hazard_ratio_of_death_at_an_external_risk() -> None:
    death = replace(
        LONGEST,
        better="lower",
        event_free=False,
        measure="HR",
        estimate=0.74,
        ci_low=0.55,
        ci_high=0.99,
        relative="0.74 (0.55–0.99)",
        events=None,
        n_people=None,
        risks=(ComparatorRisk(0.5, note="Comparator risk: external cohort: Registry"),),
    )
    cells = cells_of(death)
    assert text(cells, "studies") == "14 studies"
    assert text(cells, "difference") == "99 fewer per 1,000 (from 183 fewer to 3 fewer)"
    assert notes(cells, "comparator_risk") == ["Comparator risk: external cohort: Registry"]


def test_a_hazard_ratio_beside_an_outcome_that_is_good_is_not_guessed_at() -> None:
    cells = cells_of(replace(LONGEST, measure="HR"))
    assert [text(cells, c) for c in ("comparator_risk", "intervention_risk", "difference")] == ["-", "-", "-"]
    assert "good to have" in cells.missing[0]
    assert cells.absolutes == ()


def test_a_hazard_ratio_of_death_beside_survival_turns_the_limits_round() -> None:
    survival = replace(
        LONGEST, measure="HR", estimate=0.74, ci_low=0.55, ci_high=0.99, risks=(ComparatorRisk(0.5),)
    )
    cells = cells_of(replace(survival, event_free=True))
    assert text(cells, "difference") == "99 more per 1,000 (from 3 more to 183 more)"
    assert more(cells)[0].startswith("NNTB 11 (")


def test_a_risk_difference_is_shown_as_it_is() -> None:
    cells = cells_of(
        replace(LONGEST, measure="RD", estimate=-0.1, ci_low=-0.2, ci_high=0.0, risks=(ComparatorRisk(0.25),))
    )
    assert text(cells, "difference") == "100 fewer per 1,000 (from 200 fewer to 0 fewer)"
    assert text(cells, "intervention_risk") == "150 per 1,000 (50 to 250)"


def test_a_risk_above_one_is_capped_and_said_so() -> None:
    cells = cells_of(
        replace(LONGEST, measure="RR", estimate=1.5, ci_low=1.1, ci_high=2.5, risks=(ComparatorRisk(0.5),))
    )
    assert text(cells, "intervention_risk") == "750 per 1,000 (550 to 1,000)"
    # The evidence profile has no column for the risk with the intervention: the difference says it, too.
    for column in ("intervention_risk", "difference"):
        (note,) = notes(cells, column)
        assert "Capped: the upper limit at 1,000 per 1,000" in note


def test_an_evidence_profile_names_the_risks_that_its_differences_are_reckoned_from() -> None:
    studies, high = (
        ComparatorRisk(385 / 931, "As in the studies"),
        ComparatorRisk(0.6, "High risk", "Registry"),
    )
    cells = cells_of(replace(LONGEST, risks=(studies, high)))
    assert text(cells, "comparison").split("\n") == [
        "385/931 (41%)",
        "As in the studies: 414 per 1,000",
        "High risk: 600 per 1,000",
    ]
    assert notes(cells, "comparison") == ["Registry"]
    assert text(cells_of(LONGEST), "comparison") == "385/931 (41%)"


@pytest.mark.parametrize(
    ("measure", "risk", "reason"),
    [
        ("OR", 0.0, "without an event in the comparison"),
        ("RR", 0.0, "without an event in the comparison"),
        ("OR", 1.0, "odds and hazards are infinite"),
    ],
)
def test_where_a_ratio_says_nothing_no_difference_is_made_up(measure: str, risk: float, reason: str) -> None:
    cells = cells_of(replace(LONGEST, measure=measure, risks=(ComparatorRisk(risk),)))
    assert text(cells, "difference") == "-"
    assert reason in cells.missing[0]


def test_no_events_and_nothing_to_estimate_are_said() -> None:
    nothing = replace(LONGEST, estimate=None, ci_low=None, ci_high=None)
    assert text(cells_of(replace(nothing, events=0)), "difference") == "no events in either group"
    assert text(cells_of(nothing), "difference") == "not estimable"
    assert text(cells_of(nothing), "relative") == "not estimable"


def test_an_outcome_without_studies_keeps_its_line() -> None:
    cells = cells_of(Facts("Quality of life", "All", "higher", 0))
    assert text(cells, "studies") == text(cells, "n_studies") == "No studies"
    assert {text(cells, c) for c in ("relative", "difference", "comparator_risk", "certainty")} == {"-"}
    assert text(cells, "what_happens") == ""
    assert cells.missing == ()


@pytest.mark.parametrize(
    ("measure", "difference"),
    [
        ("MD", "MD 2.3 higher (0.4 lower to 5.0 higher)"),
        ("SMD", "SMD 2.30 higher (0.40 lower to 5.00 higher)"),
        ("GIV", "2.30 (−0.40 to 5.00), in the unit of the outcome"),
    ],
)
def test_what_is_no_risk_is_told_in_its_own_unit(measure: str, difference: str) -> None:
    values = {"estimate": 2.3, "ci_low": -0.4, "ci_high": 5.0, "relative": "2.30 (−0.40 to 5.00)"}
    cells = cells_of(replace(LONGEST, measure=measure, **values))  # type: ignore[arg-type]
    assert text(cells, "difference") == difference
    assert text(cells, "relative") == text(cells, "comparator_risk") == "-"


def test_several_comparator_risks_are_named_line_by_line() -> None:
    cells = cells_of(
        replace(LONGEST, risks=(ComparatorRisk(0.1, "Low risk"), ComparatorRisk(0.5, "High risk", "Cohort")))
    )
    assert text(cells, "comparator_risk") == "Low risk: 100 per 1,000\nHigh risk: 500 per 1,000"
    assert [line.notes for line in cells.cells["comparator_risk"].lines] == [(), ("Cohort",)]
    assert text(cells, "difference").startswith("Low risk: 15 more per 1,000")


def test_the_certainty_has_a_footnote_for_every_rating_that_changed_it() -> None:
    rated = replace(
        LONGEST,
        certainty="low",
        certainty_label="Low",
        design="Randomised trials",
        ratings=(
            Rating("risk_of_bias", "Risk of bias", 0, ""),
            Rating("imprecision", "Imprecision", -2, "Few events."),
            Rating("publication_bias", "Publication bias", -1, "Small trials."),
            Rating("large_effect", "Large effect", 2, "RR 6."),
        ),
    )
    cells = cells_of(rated)
    assert text(cells, "certainty") == "⊕⊕◯◯ Low"
    assert notes(cells, "certainty") == [
        "Imprecision: very serious. Few events.",
        "Publication bias: strongly suspected. Small trials.",
        "Large effect: very large. RR 6.",
    ]
    assert [text(cells, c) for c in ("risk_of_bias", "inconsistency", "imprecision")] == [
        "not serious",
        "not serious",
        "very serious",
    ]
    assert text(cells, "other") == "publication bias strongly suspected\nvery large effect"
    assert notes(cells, "imprecision") == ["Imprecision: very serious. Few events."]
    assert text(cells_of(LONGEST), "imprecision") == "-"
    assert text(cells_of(LONGEST), "certainty") == "Not rated"


def test_what_happens_needs_certainty_and_thresholds_and_is_never_invented() -> None:
    rated = replace(LONGEST, certainty="moderate", certainty_label="Moderate")
    without = cells_of(rated)
    assert text(without, "what_happens") == ""
    assert without.missing == (
        "What happens is not said. No decision thresholds are recorded: no size of the effect is claimed.",
    )
    told = cells_of(replace(rated, thresholds=Thresholds(5, 20, 50)))
    assert text(told, "what_happens") == "MCS likely increases survival."
    assert told.missing == ()


def test_what_happens_differs_by_comparator_risk_where_the_size_does() -> None:
    told = cells_of(
        replace(
            LONGEST,
            certainty="high",
            thresholds=Thresholds(5, 20, 50),
            risks=(ComparatorRisk(0.01, "Low risk"), ComparatorRisk(0.4, "High risk")),
        )
    )
    assert text(told, "what_happens") == (
        "Low risk: MCS results in little to no difference in survival.\nHigh risk: MCS increases survival."
    )


def test_a_difference_that_rounds_away_has_a_footnote() -> None:
    cells = cells_of(replace(LONGEST, estimate=1.0001))
    assert text(cells, "difference").startswith("0 fewer per 1,000")
    assert notes(cells, "difference") == ["Not exactly none: less than half a person per 1,000."]


def test_the_same_footnote_has_the_same_letter() -> None:
    footnotes = Footnotes()
    assert footnotes.marks(["one", "two", "one"]) == ("a", "b")
    assert footnotes.marks(["two"]) == ("b",)
    assert footnotes.items == (("a", "one"), ("b", "two"))
    assert [letter(n) for n in (0, 25, 26, 51, 52)] == ["a", "z", "aa", "az", "ba"]


def test_every_column_of_every_table_has_a_cell() -> None:
    cells = cells_of(LONGEST)
    tables = layouts(intervention="MCS", comparison="standard care")
    assert {column.key for table in tables for column in table.columns} == set(cells.cells)
    assert tables[0].groups == (*[("", 1)] * 3, ("Anticipated absolute effects (95% CI)", 3), *[("", 1)] * 2)


def test_a_revision_is_another_one_for_another_content() -> None:
    assert words_revision(None) == 0
    assert words_revision("a") not in (0, words_revision("b"))
    assert rows_revision([(1, 2, "reported"), (3, 2, "reported")]) != rows_revision(
        [(3, 2, "reported"), (1, 2, "reported")]
    )
