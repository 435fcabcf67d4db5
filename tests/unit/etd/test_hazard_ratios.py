"""A hazard ratio of death beside the outcome survival: no number and no side is taken from it the wrong way round."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from etd.certainty_evidence import suggestions_of
from etd.domain.absolute import absolute_effect
from etd.domain.summary_cells import ComparatorRisk, Facts, absolutes_of
from etd.enums import Better, HazardOf, Measure
from etd.models import Outcome, OutcomeRow
from etd.selectors.certainty import load_certainty
from etd.selectors.outcome_tables import load_tables
from etd.stored import Stored
from tests import factories as f

# Death 0.74 (0.55 to 0.99), as the example's text reports it, where 50 of 100 survive without the intervention.
RATIO = {"measure": "HR", "estimate": 0.74, "ci_low": 0.55, "ci_high": 0.99}
FACTS = Facts(
    outcome="Survival",
    population="Adults",
    better="higher",
    n_studies=1,
    risks=(ComparatorRisk(Fraction(1, 2)),),
    **RATIO,  # type: ignore[arg-type]
)


def row(said: str, better: Better = Better.HIGHER) -> OutcomeRow:
    question = f.question()
    outcome = f.outcome(question=question, name="Survival", better=better, hazard_ratio_of=said)
    return f.outcome_row(
        table=f.outcome_table(question=question),
        outcome=outcome,
        population=f.population(question=question),
        n_studies=1,
        events_intervention=60,
        n_intervention=100,
        events_comparison=50,
        n_comparison=100,
        p_value=0.04,
        **RATIO,
    )


class TestAbsoluteEffects:
    def test_until_somebody_says_of_what_there_is_none(self) -> None:
        found, why = absolutes_of(FACTS)
        assert found == ()
        assert "Say at the outcome which of the two the ratio is of" in why

    @pytest.mark.parametrize("event_free", [True, False])
    def test_said_it_is_reckoned_as_said(self, event_free: bool) -> None:
        (found,), why = absolutes_of(replace(FACTS, event_free=event_free))
        assert why == ""
        assert found.effect == absolute_effect(
            "HR", 0.74, 0.55, 0.99, comparator_risk=Fraction(1, 2), event_free=event_free
        )
        assert (found.effect.difference.estimate > 0) is event_free, "fewer deaths are more survivors"

    def test_an_odds_ratio_does_not_care(self) -> None:
        (found,), _ = absolutes_of(replace(FACTS, measure="OR", event_free=True))
        assert found.effect.difference.estimate < 0


@pytest.mark.parametrize(
    ("better", "said", "event_free"),
    [
        (Better.HIGHER, "", None),
        (Better.HIGHER, HazardOf.OPPOSITE, True),
        (Better.HIGHER, HazardOf.EVENT, False),
        (Better.LOWER, "", False),
        (Better.LOWER, HazardOf.OPPOSITE, True),
        (Better.LOWER, HazardOf.EVENT, False),
    ],
)
def test_an_outcome_that_is_bad_to_have_is_the_event_unless_somebody_says_otherwise(
    better: Better, said: str, event_free: bool | None
) -> None:
    assert Outcome(better=better, hazard_ratio_of=said).event_free is event_free


@pytest.mark.parametrize(
    ("measure", "said", "side"),
    [
        (Measure.HR, HazardOf.OPPOSITE, Better.LOWER),
        (Measure.HR, HazardOf.EVENT, Better.HIGHER),
        (Measure.HR, "", Better.HIGHER),
        (Measure.OR, HazardOf.OPPOSITE, Better.HIGHER),
    ],
)
@pytest.mark.django_db
def test_which_side_is_good(measure: str, said: str, side: str) -> None:
    assert f.outcome(better=Better.HIGHER, hazard_ratio_of=said).better_by(measure) == side
    other = {Better.LOWER: Better.HIGHER, Better.HIGHER: Better.LOWER}[Better(side)]
    assert f.outcome(better=Better.LOWER, hazard_ratio_of=said).better_by(measure) == other


@pytest.mark.django_db
def test_the_table_s_sides_and_the_direction_follow_what_was_said() -> None:
    for said, left in ((HazardOf.OPPOSITE, "intervention"), (HazardOf.EVENT, "comparison")):
        question = row(said).table.question
        (table,) = load_tables(Stored(question), {})
        assert table.favours_left == f"favours {getattr(question, f'{left}_label')}"
        (outcome,) = load_certainty(Stored(question)).outcomes
        assert outcome.direction == ("benefit" if left == "intervention" else "harm")


@pytest.mark.django_db
def test_suggestions_take_no_risk_from_a_ratio_of_nobody_knows_what() -> None:
    unsaid = suggestions_of(row(""), "randomised")
    said = suggestions_of(row(HazardOf.OPPOSITE), "randomised")
    assert "optimal information size" not in unsaid["imprecision"]["text"]
    assert "optimal information size" in said["imprecision"]["text"]
