"""What the cells of one line of a Summary of Findings and of an evidence profile say, from its numbers alone.

Columns: Cochrane Handbook for Systematic Reviews of Interventions, version 6, chapter 14, and GRADE guidelines 12
(J Clin Epidemiol 2013;66:158-172). Where something cannot be said, a cell is a dash and `Cells.missing` tells why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from etd.domain import certainty as grade
from etd.domain.absolute import (
    MEAN_MEASURES,
    RISK_MEASURES,
    AbsoluteEffect,
    absolute_effect,
    absolute_text,
    intervention_risk_text,
    mean_difference_text,
    number_needed_text,
    risk_text,
    rounds_away,
)
from etd.domain.effect_axis import RATIO_MEASURES
from etd.domain.narrative import Thresholds, narrative

NOTHING = "-"
NO_STUDIES = "No studies"
NOT_ESTIMABLE = "not estimable"
NOT_RATED = "Not rated"
NO_EVENTS = "no events in either group"

DOWN_COLUMNS = ("risk_of_bias", "inconsistency", "indirectness", "imprecision")
# What rates the certainty under "other considerations", by domain and levels.
OTHER_WORDS = {
    ("publication_bias", -1): "publication bias strongly suspected",
    ("large_effect", 1): "large effect",
    ("large_effect", 2): "very large effect",
    ("dose_response", 1): "dose-response gradient",
    ("confounding", 1): "all plausible confounding would reduce the effect",
}


@dataclass(frozen=True)
class ComparatorRisk:
    """An assumed risk without the intervention: a proportion. `level` names it where there are several.

    `note` says where it is from; empty for the usual one, all events over all participants of the comparison.
    """

    risk: float | Fraction
    level: str = ""
    note: str = ""


@dataclass(frozen=True)
class Rating:
    """One domain of the certainty worksheet: `levels` down (negative) or up, and why; `label` is its name."""

    domain: str
    label: str
    levels: int
    reason: str


@dataclass(frozen=True)
class Facts:
    """What one line is made from: an outcome in a population, by one source.

    Effects on their natural scale, a risk difference as a proportion; None where there is none. `relative` is the
    effect with its interval as the outcome tables print it, `intervention` and `comparison` the arms. `n_people` is
    None where the arms were not counted. `better` is the outcome's polarity, `certainty` a level or empty, `label` its
    word. `ratings` is None where there is no worksheet. `outcome_name` and `intervention_label` stand in the
    plain-language statement, whose size needs `thresholds`. `event_free` says of a hazard ratio that it is of the event
    that the outcome is to be free of (True), of the outcome itself (False), or that nobody has said (None). The notes
    are footnotes of the certainty and of the row.
    """

    outcome: str
    population: str
    better: str
    n_studies: int
    measure: str = ""
    measured_with: str = ""
    footnote_mark: str = ""
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    relative: str = NOTHING
    intervention: str = NOTHING
    comparison: str = NOTHING
    events: int | None = None
    n_people: int | None = None
    risks: tuple[ComparatorRisk, ...] = ()
    no_risk: str = ""
    certainty: str = ""
    certainty_label: str = ""
    certainty_notes: tuple[str, ...] = ()
    design: str = ""
    ratings: tuple[Rating, ...] | None = None
    importance: str = ""
    row_notes: tuple[str, ...] = ()
    intervention_label: str = ""
    outcome_name: str = ""
    thresholds: Thresholds | None = None
    event_free: bool | None = None


@dataclass(frozen=True)
class Line:
    """One line of a cell with its footnotes; `level` names the comparator risk it belongs to, where there are several.

    `more` stands under it, and stays when the line is worded by hand.
    """

    text: str
    level: str = ""
    notes: tuple[str, ...] = ()
    more: str = ""

    def __str__(self) -> str:
        return f"{self.level}: {self.text}" if self.level else self.text


@dataclass(frozen=True)
class Cell:
    """The lines that a person may word otherwise, all together."""

    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        return "\n".join(str(line) for line in self.lines)


@dataclass(frozen=True)
class Absolute:
    """One assumed comparator risk with what the relative effect makes of it."""

    risk: ComparatorRisk
    effect: AbsoluteEffect


@dataclass(frozen=True)
class Cells:
    """The cells of a line by column; `missing` are sentences for those who can mend it; `absolutes` the numbers."""

    cells: Mapping[str, Cell]
    absolutes: tuple[Absolute, ...]
    missing: tuple[str, ...] = ()


def absolutes_of(facts: Facts) -> tuple[tuple[Absolute, ...], str]:
    """The absolute effects at each comparator risk, and a sentence where there are none: why, and what to do."""
    if facts.n_studies == 0:
        return (), ""
    if facts.measure not in RISK_MEASURES:
        return (), ""
    if facts.estimate is None or facts.ci_low is None or facts.ci_high is None:
        return (), ""
    if facts.measure == "HR" and facts.event_free is None:
        return (), (
            "No absolute effect: the outcome is one that is good to have, and a hazard ratio is mostly one of the "
            "harm (death) beside it (survival). Say at the outcome which of the two the ratio is of."
        )
    if not facts.risks:
        return (), f"No absolute effect: {facts.no_risk}" if facts.no_risk else ""
    found: list[Absolute] = []
    for risk in facts.risks:
        if why := _says_nothing(facts.measure, risk):
            return (), why
        try:
            effect = absolute_effect(
                facts.measure,
                facts.estimate,
                facts.ci_low,
                facts.ci_high,
                comparator_risk=risk.risk,
                event_free=bool(facts.event_free) and facts.measure == "HR",
            )
        except ValueError as error:
            return (), f"No absolute effect: {error}"
        found.append(Absolute(risk, effect))
    return tuple(found), ""


def _says_nothing(measure: str, risk: ComparatorRisk) -> str:
    """At a risk of 0 a ratio has nothing to act on, and at 1 odds and hazards are infinite: no difference comes out."""
    if measure in RATIO_MEASURES and risk.risk == 0:
        return (
            "No absolute effect: without an event in the comparison a ratio has nothing to act on. Record a comparator "
            "risk from a cohort."
        )
    if measure in ("OR", "HR") and risk.risk == 1:
        return (
            "No absolute effect: where everybody in the comparison has the event, odds and hazards are infinite. "
            "Record a comparator risk from a cohort."
        )
    return ""


def cells_of(facts: Facts, per: int = 1_000) -> Cells:
    """Every cell of the line, by the keys of `summary_tables.layouts`; absolute effects per `per` people."""
    absolutes, why = absolutes_of(facts)
    what_happens, no_words = _what_happens(facts, absolutes)

    cells: dict[str, Cell] = {
        "outcome": _outcome(facts),
        "studies": Cell((Line(_participants(facts)),)),
        "relative": Cell((Line(_relative(facts)),)),
        "certainty": _certainty(facts),
        "what_happens": what_happens,
        "comments": Cell((Line(""),)),
        "importance": Cell((Line(facts.importance or NOTHING),)),
        "intervention": Cell((Line(facts.intervention),)),
        "comparison": Cell((Line(facts.comparison),)),
        **_profile(facts),
    }
    if absolutes:
        cells |= _risk_cells(absolutes, facts.better, per)
        cells["comparison"] = Cell((Line(facts.comparison), *_assumed_risks(absolutes, per)))
    else:
        nothing = Cell((Line(NOTHING),))
        cells |= {"comparator_risk": nothing, "intervention_risk": nothing}
        cells["difference"] = Cell((Line(_without_risk(facts)),))
    left_out = f"A comparator risk is left out. {facts.no_risk}" if absolutes and facts.no_risk else ""
    missing = tuple(sentence for sentence in (why, left_out, no_words) if sentence)
    return Cells(cells, absolutes, missing)


def _risk_cells(absolutes: Sequence[Absolute], better: str, per: int) -> dict[str, Cell]:
    """Both risks and their difference, a line for each comparator risk."""
    return {
        "comparator_risk": Cell(
            tuple(
                Line(risk_text(a.effect.comparator_risk, per), a.risk.level, _some(a.risk.note))
                for a in absolutes
            )
        ),
        "intervention_risk": Cell(
            tuple(
                Line(intervention_risk_text(a.effect, per), a.risk.level, _some(a.effect.cap_warning))
                for a in absolutes
            )
        ),
        "difference": Cell(
            tuple(
                Line(
                    absolute_text(a.effect, per),
                    a.risk.level,
                    _some(a.effect.cap_warning) + ((_too_small(per),) if rounds_away(a.effect, per) else ()),
                    number_needed_text(a.effect, better=better),
                )
                for a in absolutes
            )
        ),
    }


def _assumed_risks(absolutes: Sequence[Absolute], per: int) -> Iterator[Line]:
    """Under the comparison arms of an evidence profile: each assumed risk that is not simply theirs."""
    for a in absolutes:
        if a.risk.level or a.risk.note:
            yield Line(risk_text(a.effect.comparator_risk, per), a.risk.level, _some(a.risk.note))


def _some(note: str) -> tuple[str, ...]:
    return (note,) if note else ()


def _what_happens(facts: Facts, absolutes: Sequence[Absolute]) -> tuple[Cell, str]:
    """The statement at each comparator risk, once where it is the same at all of them; or none, and why."""
    if facts.n_studies == 0:
        return Cell((Line(""),)), ""
    differences: list[Fraction | None] = [a.effect.difference.estimate for a in absolutes]
    made = [
        narrative(
            intervention=facts.intervention_label,
            outcome=facts.outcome_name,
            certainty=facts.certainty,
            difference=difference,
            thresholds=facts.thresholds,
        )
        for difference in differences or [None]
    ]
    if reason := made[0].reason:
        return Cell((Line(""),)), f"What happens is not said. {reason}"
    sentences = [f"{statement.sentence}." for statement in made]
    if len(set(sentences)) == 1:
        return Cell((Line(sentences[0]),)), ""
    levels = [absolute.risk.level for absolute in absolutes]
    return Cell(tuple(Line(text, level) for text, level in zip(sentences, levels, strict=True))), ""


def _too_small(per: int) -> str:
    return f"Not exactly none: less than half a person per {per:,}."


def _outcome(facts: Facts) -> Cell:
    lines = [Line(facts.outcome), Line(facts.population)]
    if facts.measured_with:
        lines.append(Line(f"measured with {facts.measured_with}"))
    return Cell((*lines[:-1], replace(lines[-1], notes=facts.row_notes)))


def _participants(facts: Facts) -> str:
    """`1,875 (14 studies)`, with the mark that the document prints beside the number of studies."""
    if facts.n_studies == 0:
        return NO_STUDIES
    studies = f"{facts.n_studies}{facts.footnote_mark} {'study' if facts.n_studies == 1 else 'studies'}"
    return studies if facts.n_people is None else f"{facts.n_people:,} ({studies})"


def _relative(facts: Facts) -> str:
    if facts.n_studies == 0 or facts.measure in MEAN_MEASURES or facts.measure == "GIV":
        return NOTHING
    if facts.estimate is None:
        return NOT_ESTIMABLE
    return f"{facts.measure} {facts.relative}"


def _without_risk(facts: Facts) -> str:
    """The difference of an outcome that is not a risk, in its own unit; else why there is none, in a few words."""
    if facts.n_studies == 0:
        return NOTHING
    if facts.estimate is None or facts.ci_low is None or facts.ci_high is None:
        return NO_EVENTS if facts.events == 0 else NOT_ESTIMABLE
    if facts.measure in MEAN_MEASURES:
        return mean_difference_text(facts.measure, facts.estimate, facts.ci_low, facts.ci_high)
    if facts.measure == "GIV":
        return f"{facts.relative}, in the unit of the outcome"
    return NOTHING


def _certainty(facts: Facts) -> Cell:
    if not facts.certainty:
        text = NOTHING if facts.n_studies == 0 else NOT_RATED
        return Cell((Line(text),))
    rated = facts.ratings or ()
    reasons = tuple(_reason(rating) for rating in rated if rating.levels)
    words = f"{grade.symbols(facts.certainty)} {facts.certainty_label}"
    return Cell((Line(words, notes=reasons + facts.certainty_notes),))


def _reason(rating: Rating) -> str:
    """`Imprecision: serious. The interval includes no effect.`"""
    return f"{rating.label}: {grade.DEGREES[rating.domain][rating.levels]}. {rating.reason}"


def _profile(facts: Facts) -> dict[str, Cell]:
    """The columns that an evidence profile alone has."""
    number = f"{facts.n_studies}{facts.footnote_mark}" if facts.n_studies else NO_STUDIES
    cells = {
        "n_studies": Cell((Line(number),)),
        "design": Cell((Line(facts.design or NOTHING),)),
    }
    if facts.ratings is None:
        return cells | {key: Cell((Line(NOTHING),)) for key in (*DOWN_COLUMNS, "other")}
    by_domain = {rating.domain: rating for rating in facts.ratings}
    for key in DOWN_COLUMNS:
        rating = by_domain.get(key)
        levels = rating.levels if rating else 0
        notes = (_reason(rating),) if rating and levels else ()
        cells[key] = Cell((Line(grade.DEGREES[key][levels], notes=notes),))
    others = [r for r in facts.ratings if r.domain not in DOWN_COLUMNS and r.levels]
    return cells | {
        "other": Cell(
            tuple(Line(OTHER_WORDS[one.domain, one.levels], notes=(_reason(one),)) for one in others)
            or (Line("none"),)
        )
    }
