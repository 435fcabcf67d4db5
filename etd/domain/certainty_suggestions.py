"""What the data suggest for the domains of the certainty of evidence: suggestions with their reasons, never ratings.

Risk of bias, indirectness, dose-response and confounding have no data here: nothing is suggested for them. Each rule
stands below as a named constant with its source; what awaits a methodologist's check is listed in
docs/grade-methods.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

from etd.domain.absolute import (
    RISK_MEASURES,
    AbsoluteEffect,
    Interval,
    Number,
    absolute_effect,
    difference_interval_text,
    exact,
    risk_text,
    written,
)
from etd.domain.effect_axis import RATIO_MEASURES
from etd.domain.narrative import SIZES, Thresholds
from etd.domain.numbers import count, effect, effect_interval, p_value, rounded

# Cochrane Handbook, section 10.10.2: the bands overlap on purpose. Percent.
I_SQUARED_BANDS = (
    (0, 40, "perhaps unimportant"),
    (30, 60, "moderate"),
    (50, 90, "substantial"),
    (75, 100, "considerable"),
)
# From which I² on a level is suggested, and two where the prediction interval reaches further as well: our rule.
SERIOUS_I_SQUARED, VERY_SERIOUS_I_SQUARED = 50, 75
# GRADE guidelines 6 (Guyatt et al., J Clin Epidemiol 2011;64:1283-1293): relative risk reductions of 20 to 30 %.
RELATIVE_RISK_REDUCTION, ALPHA, POWER = 0.25, 0.05, 0.80
# The rule of thumb of the same series, where no optimal information size can be computed.
FEW_EVENTS = 300
# Cochrane Handbook 5.1, section 10.4.3.1 (at least ten studies); Egger et al., BMJ 1997;315:629-634 (P below 0.10).
STUDIES_FOR_EGGER, EGGER_P = 10, 0.10
# GRADE guidelines 9 (Guyatt et al., J Clin Epidemiol 2011;64:1311-1316): risk ratios, or their reciprocals.
LARGE_RISK_RATIO, VERY_LARGE_RISK_RATIO = 2, 5


@dataclass(frozen=True)
class Evidence:
    """What is known of one outcome's evidence; None where it is not.

    Effect and intervals on the natural scale of `measure` (RD as a proportion), `i_squared` in percent, `participants`
    and `events` of both groups together, `comparator_risk` as a proportion. `design` is a key of START_LEVELS in
    `etd.domain.certainty`; `event_free` as in `absolute_effect`.
    """

    design: str
    measure: str
    n_studies: int
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    prediction_low: float | None = None
    prediction_high: float | None = None
    i_squared: float | None = None
    participants: int | None = None
    events: int | None = None
    comparator_risk: Number | None = None
    thresholds: Thresholds | None = None
    egger_p: float | None = None
    event_free: bool = False


@dataclass(frozen=True)
class Suggestion:
    """How many levels the data suggest for a domain (negative: down), and why, in sentences.

    `levels` is None where the data say nothing, and the reason says what is missing.
    """

    domain: str
    levels: int | None
    reason: str


@dataclass(frozen=True)
class _Line:
    """A value that an interval may cross; `name` as in `crosses NAME`."""

    name: str
    value: Fraction


@dataclass(frozen=True)
class _Range:
    """An interval with its words."""

    low: Fraction
    high: Fraction
    text: str

    def crossed(self, lines: tuple[_Line, ...]) -> list[_Line]:
        """The lines strictly inside: one that is only touched is not crossed."""
        return [line for line in lines if self.low < line.value < self.high]


@dataclass(frozen=True)
class _Scale:
    """The intervals beside the lines that they may cross: absolute where there are thresholds, else relative."""

    no_effect: _Line
    thresholds: tuple[_Line, ...]
    confidence: _Range
    prediction: _Range | None

    @property
    def lines(self) -> tuple[_Line, ...]:
        return (self.no_effect, *self.thresholds)


def suggestions(evidence: Evidence) -> tuple[Suggestion, ...]:
    """Suggestions for inconsistency, imprecision, publication bias and large effect, in the worksheet's order.

    Raises ValueError where the numbers cannot be an effect with its intervals, as `absolute_effect` does.
    """
    return (
        suggest_inconsistency(evidence),
        suggest_imprecision(evidence),
        suggest_publication_bias(evidence),
        suggest_large_effect(evidence),
    )


def suggest_inconsistency(evidence: Evidence) -> Suggestion:
    """By I², and by a prediction interval that crosses what the confidence interval does not.

    I² of 50% or more, or such a prediction interval: one level; I² of 75% or more and such an interval: two.
    """
    if evidence.n_studies < 2:
        return Suggestion("inconsistency", None, "One study alone cannot be inconsistent.")
    i_squared, scale = evidence.i_squared, _scale(evidence)
    prediction = scale.prediction if scale else None
    if i_squared is None and prediction is None:
        return Suggestion("inconsistency", None, "Neither I² nor a prediction interval is known.")
    reasons, levels = [], 0
    if i_squared is not None:
        reasons.append(
            f"I² is {rounded(i_squared, 1)}%: {_bands(i_squared)} heterogeneity (bands of the Cochrane Handbook)."
        )
        levels = -1 if i_squared >= SERIOUS_I_SQUARED else 0
    if scale and prediction:
        narrow = scale.confidence.crossed(scale.lines)
        further = [line for line in prediction.crossed(scale.lines) if line not in narrow]
        what = _and(further) if further else "nothing"
        reasons.append(
            f"The prediction interval ({prediction.text}) crosses {what} that the confidence interval "
            f"({scale.confidence.text}) does not cross."
        )
        if further:
            levels = -2 if (i_squared or 0) >= VERY_SERIOUS_I_SQUARED else -1
    return Suggestion("inconsistency", levels, " ".join(reasons))


def suggest_imprecision(evidence: Evidence) -> Suggestion:
    """By the confidence interval against the decision thresholds, else against no effect; then by the amount of data.

    One threshold crossed (of either direction, on the absolute scale): one level; two or more: two. Without thresholds
    and comparator risk no effect crossed: one. Nothing crossed, but fewer participants than the optimal information
    size or, where that cannot be computed, fewer than 300 events: one.
    """
    scale = _scale(evidence)
    if scale is None:
        return Suggestion("imprecision", None, "There is no confidence interval.")
    there = f"The confidence interval ({scale.confidence.text})"
    crossed = scale.confidence.crossed(scale.thresholds)
    holds_no_effect = bool(scale.confidence.crossed((scale.no_effect,)))
    if crossed:
        reason = f"{there} crosses {_and(crossed)}."
        if holds_no_effect:
            reason += " It also holds no effect."
        if len(crossed) > 2:
            reason += (
                " An interval across three thresholds or more may be extremely imprecise (GRADE guidance 35)."
            )
        return Suggestion("imprecision", -1 if len(crossed) == 1 else -2, reason)
    if holds_no_effect and not scale.thresholds:
        return Suggestion(
            "imprecision",
            -1,
            f"{there} crosses the line of no effect. It is not held against decision thresholds: that needs them "
            "and a comparator risk.",
        )
    levels, amount = _amount_of_data(evidence)
    does = "crosses no decision threshold" if scale.thresholds else "does not cross the line of no effect"
    return Suggestion("imprecision", levels, f"{there} {does}. {amount}")


def suggest_publication_bias(evidence: Evidence) -> Suggestion:
    """By Egger's test with ten studies or more. Asymmetry has other causes, too: the reason says so."""
    if evidence.n_studies < STUDIES_FOR_EGGER:
        reason = f"With fewer than {STUDIES_FOR_EGGER} studies (here {evidence.n_studies}) Egger's test says nothing."
        return Suggestion("publication_bias", None, reason)
    if evidence.egger_p is None:
        return Suggestion("publication_bias", None, "Egger's test was not computed.")
    test = f"Egger's test on {evidence.n_studies} studies: P {_p_text(evidence.egger_p)}"
    if evidence.egger_p >= EGGER_P:
        return Suggestion("publication_bias", 0, f"{test}, not below {EGGER_P:.2f}.")
    return Suggestion(
        "publication_bias",
        -1,
        f"{test}, below {EGGER_P:.2f}: small studies differ from large ones. Unpublished studies are one cause among "
        "several.",
    )


def suggest_large_effect(evidence: Evidence) -> Suggestion:
    """By the risk ratio, into which an OR, HR or RD is turned at the comparator risk.

    2 to 5 (or 0.2 to 0.5): one level up; beyond: two. Nothing for randomised trials, nor where the interval holds 1.
    """
    if evidence.design == "randomised":
        return Suggestion(
            "large_effect", 0, "Rating up for a large effect is meant for non-randomised studies."
        )
    ratio = _risk_ratio(evidence)
    if ratio is None:
        return Suggestion(
            "large_effect",
            None,
            "A risk ratio is needed: an OR, HR or RD becomes one only at a comparator risk above 0.",
        )
    size = max(ratio.estimate, 1 / ratio.estimate) if ratio.estimate else None
    text = f"The risk ratio is {_ratio_text(ratio)}"
    if evidence.measure != "RR" and evidence.comparator_risk is not None:
        text += f", from the {evidence.measure} at a comparator risk of {risk_text(evidence.comparator_risk)}"
    if ratio.low <= 1 <= ratio.high:
        return Suggestion("large_effect", 0, f"{text}: its interval holds 1.")
    if size is None or size > VERY_LARGE_RISK_RATIO:
        return Suggestion(
            "large_effect", 2, f"{text}: above 5 or below 0.2, very large (GRADE guidelines 9)."
        )
    if size >= LARGE_RISK_RATIO:
        return Suggestion("large_effect", 1, f"{text}: 2 to 5 or 0.2 to 0.5, large (GRADE guidelines 9).")
    return Suggestion("large_effect", 0, f"{text}: between 0.5 and 2, not large (GRADE guidelines 9).")


def optimal_information_size(
    comparator_risk: Number,
    *,
    relative_risk_reduction: float = RELATIVE_RISK_REDUCTION,
    alpha: float = ALPHA,
    power: float = POWER,
) -> int:
    """Participants, both groups together, of one trial that would show the relative risk reduction (all proportions).

    n per group = (z(1−alpha/2)·√(2·p̄·(1−p̄)) + z(power)·√(p₁(1−p₁) + p₂(1−p₂)))² / (p₁−p₂)², with p₂ = p₁·(1 − RRR)
    and p̄ their mean, rounded up: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, without continuity
    correction. Raises ValueError for a risk, alpha or power not between 0 and 1, and a reduction not above 0 up to 1.
    """
    risk = float(exact(comparator_risk, "The comparator risk"))
    for name, value in (("comparator risk", risk), ("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(
                f"The {name} is {value:g}: the optimal information size needs one between 0 and 1."
            )
    if not 0 < relative_risk_reduction <= 1:
        raise ValueError(
            f"The relative risk reduction is {relative_risk_reduction:g}: it must be above 0, up to 1."
        )
    reduced = risk * (1 - relative_risk_reduction)
    mean = (risk + reduced) / 2
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    spread = z_alpha * math.sqrt(2 * mean * (1 - mean)) + z_power * math.sqrt(
        risk * (1 - risk) + reduced * (1 - reduced)
    )
    return 2 * math.ceil((spread / (risk - reduced)) ** 2)


def _amount_of_data(evidence: Evidence) -> tuple[int, str]:
    """The levels that the number of participants or events suggests, and the sentence that says so."""
    risk = (
        None if evidence.comparator_risk is None else exact(evidence.comparator_risk, "The comparator risk")
    )
    if risk is not None and evidence.event_free:
        risk = 1 - risk
    few = evidence.events is not None and evidence.events < FEW_EVENTS
    events = (
        ""
        if evidence.events is None
        else f"{count(evidence.events)} event{'' if evidence.events == 1 else 's'}"
    )
    thumb = f"{events}: {'' if few else 'not '}fewer than the {FEW_EVENTS} of GRADE's rule of thumb."
    if evidence.measure in RISK_MEASURES and evidence.participants is not None and risk and risk < 1:
        needed = optimal_information_size(risk)
        enough = evidence.participants >= needed
        reach = "reach" if enough else "do not reach"
        sentence = (
            f"{count(evidence.participants)} participants {reach} the optimal information size of {count(needed)} "
            f"(relative risk reduction {RELATIVE_RISK_REDUCTION:.0%} at {risk_text(risk)}, alpha {ALPHA:g}, power "
            f"{POWER:.0%})."
        )
        return (0 if enough else -1), f"{sentence} {thumb}" if events else sentence
    if events:
        return (-1 if few else 0), thumb
    return 0, "Whether there are enough data is not known: neither participants nor events are."


def _scale(evidence: Evidence) -> _Scale | None:
    """None where there is no effect with its confidence interval."""
    if evidence.estimate is None or evidence.ci_low is None or evidence.ci_high is None:
        return None
    thresholds: tuple[_Line, ...] = ()
    if evidence.thresholds and evidence.comparator_risk is not None and evidence.measure in RISK_MEASURES:
        thresholds = tuple(_threshold_lines(evidence.thresholds))
    no_effect = 1 if evidence.measure in RATIO_MEASURES and not thresholds else 0
    between = _absolute_range if thresholds else _relative_range
    prediction = None
    if evidence.prediction_low is not None and evidence.prediction_high is not None:
        prediction = between(evidence, evidence.prediction_low, evidence.prediction_high)
    return _Scale(
        no_effect=_Line("the line of no effect", Fraction(no_effect)),
        thresholds=thresholds,
        confidence=between(evidence, evidence.ci_low, evidence.ci_high),
        prediction=prediction,
    )


def _threshold_lines(thresholds: Thresholds) -> Iterator[_Line]:
    for size in SIZES[1:]:
        people = exact(getattr(thresholds, size), size)
        for sign, word in ((-1, "fewer"), (1, "more")):
            name = f"the threshold of a {size} effect ({written(people)} {word} per 1,000)"
            yield _Line(name, sign * people / 1_000)


def _absolute_range(evidence: Evidence, low: float, high: float) -> _Range:
    there = _at_comparator_risk(evidence, low, high)
    return _Range(there.difference.low, there.difference.high, f"{difference_interval_text(there)} per 1,000")


def _relative_range(evidence: Evidence, low: float, high: float) -> _Range:
    ends = (exact(low, "The lower limit"), exact(high, "The upper limit"))
    return _Range(*ends, effect_interval(low, high, evidence.measure))


def _at_comparator_risk(evidence: Evidence, low: float, high: float) -> AbsoluteEffect:
    """The effect with these limits; only for evidence with an estimate and a comparator risk."""
    assert evidence.estimate is not None
    assert evidence.comparator_risk is not None
    return absolute_effect(
        evidence.measure,
        evidence.estimate,
        low,
        high,
        comparator_risk=evidence.comparator_risk,
        event_free=evidence.event_free,
    )


def _risk_ratio(evidence: Evidence) -> Interval | None:
    if evidence.estimate is None or evidence.ci_low is None or evidence.ci_high is None:
        return None
    if evidence.measure == "RR":
        three = (evidence.estimate, evidence.ci_low, evidence.ci_high)
        return Interval(*(exact(value, "The RR") for value in three))
    if evidence.measure not in RISK_MEASURES or evidence.comparator_risk is None:
        return None
    return _at_comparator_risk(evidence, evidence.ci_low, evidence.ci_high).risk_ratio


def _ratio_text(ratio: Interval) -> str:
    return effect(float(ratio.estimate), float(ratio.low), float(ratio.high), "RR")


def _bands(i_squared: float) -> str:
    return " or ".join(name for low, high, name in I_SQUARED_BANDS if low <= i_squared <= high)


def _p_text(p: float) -> str:
    """Three decimals around the limit: 0.097 would read 0.10, and be below 0.10."""
    text = rounded(p, 3) if abs(p - EGGER_P) < 0.005 else p_value(p)
    return text if text.startswith("<") else f"= {text}"


def _and(lines: list[_Line]) -> str:
    return " and ".join(line.name for line in lines)
