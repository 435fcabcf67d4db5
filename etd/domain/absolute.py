"""Absolute effects: what a relative effect means for a number of people at an assumed comparator risk, and in words.

Risks and differences are proportions (0.414, not 41.4 and not 414 per 1,000), kept as exact fractions of the numbers
as they are written, so that what is printed is rounded once: half away from zero, on the unrounded value.

Formulas: Cochrane Handbook for Systematic Reviews of Interventions 5.1, section 11.5.5, and version 6, chapter 15;
hazard ratios: Skoetz et al., GRADE guidelines 27, J Clin Epidemiol 2020;118:124-131; number needed to treat: Altman,
BMJ 1998;317:1309-1312.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from statistics import median
from typing import TypeAlias

from etd.domain.effect_axis import RATIO_MEASURES
from etd.domain.numbers import rounded, rounded_by_width

Number: TypeAlias = int | float | Decimal | Fraction

RISK_MEASURES = frozenset({"OR", "RR", "HR", "RD"})
# Measures of a mean, each with the decimals that it is printed with at least.
MEAN_MEASURES = {"MD": 1, "SMD": 2}
PER_CHOICES = (100, 1_000, 10_000, 100_000)
# Beyond it a number needed to treat says no more than "hardly ever".
LARGEST_NUMBER_NEEDED = 1_000_000
_POWERS = Context(prec=60)
_LAST_DIGIT_OF_A_POWER = Decimal("1e-40")


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence limits, `low` the smallest: risks (0 to 1), differences (−1 to 1) or ratios."""

    estimate: Fraction
    low: Fraction
    high: Fraction


@dataclass(frozen=True)
class AbsoluteEffect:
    """Risks without and with the intervention, and the difference: intervention − comparison, all proportions.

    The comparator risk is held fixed: the limits carry the uncertainty of the relative effect alone. `capped` names the
    values (`estimate`, `low`, `high`) whose risk would have left 0 to 1 and stands at its end instead.
    """

    measure: str
    comparator_risk: Fraction
    intervention_risk: Interval
    difference: Interval
    capped: tuple[str, ...] = ()

    @property
    def cap_warning(self) -> str:
        """What was capped, in words; empty where nothing was."""
        if not self.capped:
            return ""
        names = {"estimate": "the estimate", "low": "the lower limit", "high": "the upper limit"}
        kept = [
            f"{names[value]} at {'1,000 per 1,000' if getattr(self.intervention_risk, value) else '0'}"
            for value in self.capped
        ]
        return (
            f"The {self.measure} leads from a comparator risk of {risk_text(self.comparator_risk)} to a risk with the "
            f"intervention that cannot be. Capped: {', '.join(kept)}."
        )

    @property
    def risk_ratio(self) -> Interval | None:
        """The risk ratio that the effect amounts to at this comparator risk; None where that risk is 0."""
        if self.comparator_risk == 0:
            return None
        risk = self.intervention_risk
        return Interval(*(value / self.comparator_risk for value in (risk.estimate, risk.low, risk.high)))


def absolute_effect(
    measure: str,
    estimate: Number,
    ci_low: Number,
    ci_high: Number,
    *,
    comparator_risk: Number,
    event_free: bool = False,
) -> AbsoluteEffect:
    """The absolute effect of an OR, RR, HR or RD (natural scale, RD as a proportion) at a comparator risk (0 to 1).

    A hazard ratio is one of the event. With `event_free` the outcome is being free of that event (survival, where the
    event is death): the comparator risk is then the proportion of the event-free, and the limits change places.
    Raises ValueError, with a sentence for the person who typed the numbers, for a measure without risks, a comparator
    risk outside 0 to 1, a ratio below or an estimate of 0, an RD beyond −1 or 1, an estimate outside its interval.
    """
    risk = _checked_risk(comparator_risk)
    effect = _checked_effect(measure, estimate, ci_low, ci_high)
    if event_free and measure != "HR":
        raise ValueError(
            f"Only a hazard ratio can be one of the event beside an event-free outcome, not {measure}."
        )
    values = [_risk_with(measure, risk, value, event_free) for value in effect]
    if event_free:
        values[1:] = reversed(values[1:])
    inside = [min(max(value, Fraction(0)), Fraction(1)) for value in values]
    named = zip(("estimate", "low", "high"), values, inside, strict=True)
    return AbsoluteEffect(
        measure=measure,
        comparator_risk=risk,
        intervention_risk=Interval(*inside),
        difference=Interval(*(value - risk for value in inside)),
        capped=tuple(name for name, value, kept in named if value != kept),
    )


def risk_ratio_from_odds_ratio(odds_ratio: Number, comparator_risk: Number) -> Fraction:
    """OR / (1 − ACR + OR·ACR). Raises ValueError as `absolute_effect` does."""
    risk = _checked_risk(comparator_risk)
    ratio, _, _ = _checked_effect("OR", odds_ratio, odds_ratio, odds_ratio)
    return ratio / (1 - risk + ratio * risk)


def pooled_risk(events: int, people: int) -> Fraction:
    """Events over people, exactly: all of the comparison groups, or one of them.

    Raises ValueError without people or with more events than people.
    """
    if people < 1 or not 0 <= events <= people:
        raise ValueError(f"{events:,} events among {people:,} people give no risk.")
    return Fraction(events, people)


def median_risk(groups: Iterable[tuple[int, int]]) -> Fraction:
    """The median of the risks of the trials' comparison groups, each (events, people); the mean of the middle two.

    Raises ValueError without a group, and as `pooled_risk` does.
    """
    risks = [pooled_risk(events, people) for events, people in groups]
    if not risks:
        raise ValueError("There is no trial to take the median risk of.")
    return Fraction(median(risks))


def people_per(share: Number, per: int = 1_000) -> int:
    """A proportion as people in `per`, rounded half away from zero. Raises ValueError where `per` is no choice."""
    if per not in PER_CHOICES:
        choices = ", ".join(f"{choice:,}" for choice in PER_CHOICES)
        raise ValueError(f"Effects are shown per {choices}, not per {per:,}.")
    people = exact(share, "A share") * per
    size = math.floor(abs(people) + Fraction(1, 2))
    return size if people > 0 else -size


def risk_text(risk: Number, per: int = 1_000) -> str:
    """`414 per 1,000`."""
    return f"{people_per(risk, per):,} per {per:,}"


def intervention_risk_text(effect: AbsoluteEffect, per: int = 1_000) -> str:
    """`452 per 1,000 (406 to 500)`, each rounded by itself: it may differ by 1 from comparator risk and difference."""
    risk = effect.intervention_risk
    return (
        f"{risk_text(risk.estimate, per)} ({people_per(risk.low, per):,} to {people_per(risk.high, per):,})"
    )


def difference_text(effect: AbsoluteEffect, per: int = 1_000) -> str:
    """`39 more per 1,000`, of the named event; `0 fewer per 1,000` for whatever rounds to 0."""
    return f"{_more_or_fewer(effect.difference.estimate, per)} per {per:,}"


def difference_interval_text(effect: AbsoluteEffect, per: int = 1_000) -> str:
    """`from 7 fewer to 87 more`: the lowest limit first; both limits always carry their word."""
    low, high = effect.difference.low, effect.difference.high
    return f"from {_more_or_fewer(low, per)} to {_more_or_fewer(high, per)}"


def absolute_text(effect: AbsoluteEffect, per: int = 1_000) -> str:
    """`39 more per 1,000 (from 7 fewer to 87 more)`."""
    return f"{difference_text(effect, per)} ({difference_interval_text(effect, per)})"


def rounds_away(effect: AbsoluteEffect, per: int = 1_000) -> bool:
    """Is there a difference that `per` people are too few to show: not 0, but printed as 0?"""
    return effect.difference.estimate != 0 and people_per(effect.difference.estimate, per) == 0


def number_needed_text(effect: AbsoluteEffect, *, better: str) -> str:
    """The number needed to treat for one more person to benefit (NNTB) or to be harmed (NNTH), after Altman 1998.

    `NNTB 11 (6 to 288)`, and through infinity where the interval holds no difference: `NNTB 26 (NNTH 136 to ∞ to
    NNTB 12)`. 1/|difference| from the unrounded difference, rounded up to whole people (Cochrane Handbook 5.1,
    12.5.4.1). `better` is the outcome's polarity: `higher` where the event is good, `lower` where it is bad; anything
    else raises ValueError.
    """
    if better not in ("higher", "lower"):
        raise ValueError(f"The event is good (higher) or bad (lower), not {better!r}.")
    sign = 1 if better == "higher" else -1
    benefit, *limits = (
        sign * v for v in (effect.difference.estimate, effect.difference.low, effect.difference.high)
    )
    low, high = sorted(limits)
    point = _number_needed(benefit)
    if low == high == 0:
        return f"NNT {point}"
    if low < 0 < high:
        between = f"{_number_needed(low)} to ∞ to {_number_needed(high)}"
        return f"{point} ({between})" if benefit else f"NNT {point} ({between})"
    ends = sorted((low, high), key=abs, reverse=True)
    between = " to ".join(_number_needed(value) for value in ends)
    if benefit == 0:
        return f"NNT {point} ({between})"
    return f"{point} ({between.replace(point[:5], '')})"


def mean_difference_text(measure: str, estimate: float, ci_low: float, ci_high: float) -> str:
    """`MD 2.3 higher (0.4 lower to 5.0 higher)`: a mean difference (its own unit) or an SMD, without a risk.

    At least one decimal (SMD: two), more where the interval is narrow. What rounds to 0 is neither higher nor lower.
    Raises ValueError for another measure, and where the estimate lies outside its interval.
    """
    if measure not in MEAN_MEASURES:
        raise ValueError(f"{measure} is no difference of means.")
    _in_order(measure, estimate, ci_low, ci_high)
    decimals = MEAN_MEASURES[measure]

    def side(value: float) -> str:
        if measure == "MD":
            size, nothing = (rounded_by_width(v, ci_low, ci_high, decimals) for v in (abs(value), 0.0))
        else:
            size, nothing = rounded(abs(value), decimals), rounded(0.0, decimals)
        if size == nothing:
            return size
        return f"{size} {'higher' if value > 0 else 'lower'}"

    return f"{measure} {side(estimate)} ({side(ci_low)} to {side(ci_high)})"


def exact(value: Number, name: str) -> Fraction:
    """A number as it is written: 0.1 is a tenth, not the float beside it."""
    if not isinstance(value, int | Fraction) and not math.isfinite(value):
        raise ValueError(f"{name} must be a number.")
    return Fraction(repr(float(value))) if isinstance(value, float) else Fraction(value)


def _checked_risk(comparator_risk: Number) -> Fraction:
    risk = exact(comparator_risk, "The comparator risk")
    if not 0 <= risk <= 1:
        raise ValueError(
            f"The comparator risk is {written(risk)}: it must lie between 0 and 1 (0.25 is 250 per 1,000)."
        )
    return risk


def _checked_effect(measure: str, estimate: Number, ci_low: Number, ci_high: Number) -> list[Fraction]:
    if measure not in RISK_MEASURES:
        raise ValueError(f"There is no absolute effect in people for {measure}, only for OR, RR, HR and RD.")
    effect, low, high = _in_order(measure, estimate, ci_low, ci_high)
    if measure in RATIO_MEASURES and (effect <= 0 or low < 0):
        raise ValueError(
            f"The {measure} is {written(effect)}, from {written(low)}: a ratio is above 0, its lower limit not below."
        )
    if measure == "RD" and abs(effect) > 1:
        raise ValueError(f"The RD is {written(effect)}: a risk difference lies between −1 and 1.")
    return [effect, low, high]


def _in_order(measure: str, estimate: Number, ci_low: Number, ci_high: Number) -> list[Fraction]:
    """Estimate and limits, exactly."""
    names = (f"The {measure}", f"The lower limit of the {measure}", f"The upper limit of the {measure}")
    values = (estimate, ci_low, ci_high)
    effect, low, high = (exact(value, name) for value, name in zip(values, names, strict=True))
    if not low <= effect <= high:
        raise ValueError(
            f"The {measure} is {written(effect)}, outside its interval from {written(low)} to {written(high)}."
        )
    return [effect, low, high]


def written(value: Fraction) -> str:
    """A number in a message: six digits at most, a real minus sign."""
    return f"{float(value):g}".replace("-", "−")


def _risk_with(measure: str, risk: Fraction, effect: Fraction, event_free: bool) -> Fraction:
    """The risk with the intervention, which for an RR and an RD may leave 0 to 1."""
    if measure == "RR":
        return risk * effect
    if measure == "RD":
        return risk + effect
    if measure == "OR":
        # At a risk of 1 the odds are infinite: every odds ratio leaves them so, and 0 does in the limit.
        return Fraction(1) if risk == 1 else effect * risk / (1 - risk + effect * risk)
    return _power(risk, effect) if event_free else 1 - _power(1 - risk, effect)


def _power(share: Fraction, exponent: Fraction) -> Fraction:
    """`share` (0 to 1) to a power of 0 or more, to 40 decimals; exactly itself for 0, 1 and to the power of 1."""
    if share in (0, 1) or exponent == 1:
        return share
    base, by = (_POWERS.divide(Decimal(v.numerator), Decimal(v.denominator)) for v in (share, exponent))
    return Fraction(_POWERS.quantize(_POWERS.power(base, by), _LAST_DIGIT_OF_A_POWER))


def _more_or_fewer(difference: Fraction, per: int) -> str:
    people = people_per(difference, per)
    return f"{abs(people):,} {'more' if people > 0 else 'fewer'}"


def _number_needed(benefit: Fraction) -> str:
    if benefit == 0:
        return "∞"
    number = math.ceil(1 / abs(benefit))
    people = f"{number:,}" if number <= LARGEST_NUMBER_NEEDED else f"more than {LARGEST_NUMBER_NEEDED:,}"
    return f"{'NNTB' if benefit > 0 else 'NNTH'} {people}"
