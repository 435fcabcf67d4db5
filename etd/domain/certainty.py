"""Certainty of evidence: how it is written, the worksheet's arithmetic for one outcome, a proposal for all outcomes.

Levels and domains go by the keys that are stored. Arithmetic: Balshem et al., GRADE guidelines 3, J Clin Epidemiol
2011;64:401-406, and GRADE guidelines 4 to 9 of that series; non-randomised studies with ROBINS-I: Schünemann et al.,
GRADE guidelines 18, J Clin Epidemiol 2019;111:105-114. Nothing here decides: people rate, the panel judges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etd.domain.numbers import MINUS

SYMBOLS = {"high": "⊕⊕⊕⊕", "moderate": "⊕⊕⊕◯", "low": "⊕⊕◯◯", "very_low": "⊕◯◯◯"}
LABELS = {"high": "High", "moderate": "Moderate", "low": "Low", "very_low": "Very low"}
# From the lowest on: a level is a place in this row.
LEVELS = ("very_low", "low", "moderate", "high")
# Table 1 of Fretheim et al., BMC Med 2012;10:33 (CC BY).
DEFINITIONS = {
    "high": "We are very confident that the true effect lies close to that of the estimate of the effect.",
    "moderate": (
        "We are moderately confident in the effect estimate: the true effect is likely to be close to the estimate of "
        "the effect, but there is a possibility that it is substantially different."
    ),
    "low": (
        "Our confidence in the effect estimate is limited: the true effect may be substantially different from the "
        "estimate of the effect."
    ),
    "very_low": (
        "We have very little confidence in the effect estimate: the true effect is likely to be substantially "
        "different from the estimate of effect."
    ),
}
# The start for ROBINS-I awaits a methodologist's check: docs/grade-methods.md.
START_LEVELS = {"randomised": "high", "non_randomised": "low", "non_randomised_robins_i": "high"}

_SERIOUS = {0: "not serious", -1: "serious", -2: "very serious", -3: "extremely serious"}
# What each domain may change, in levels, with the word that GRADE has for it; in the order of the worksheet.
DEGREES: dict[str, dict[int, str]] = {
    "risk_of_bias": _SERIOUS,
    "inconsistency": _SERIOUS,
    "indirectness": _SERIOUS,
    "imprecision": _SERIOUS,
    "publication_bias": {0: "undetected", -1: "strongly suspected"},
    "large_effect": {0: "not large", 1: "large", 2: "very large"},
    "dose_response": {0: "no gradient", 1: "gradient"},
    "confounding": {0: "would not reduce the effect", 1: "would reduce the effect"},
}
DOMAIN_NAMES = {
    "risk_of_bias": "risk of bias",
    "inconsistency": "inconsistency",
    "indirectness": "indirectness",
    "imprecision": "imprecision",
    "publication_bias": "publication bias",
    "large_effect": "large effect",
    "dose_response": "dose-response gradient",
    "confounding": "plausible confounding",
}


@dataclass(frozen=True)
class Rating:
    """What a worksheet comes to: `arithmetic` shows how, `warnings` say what a methodologist would ask about."""

    start: str
    level: str
    arithmetic: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class RatedOutcome:
    """An outcome as the proposal for the whole sees it.

    `importance` is critical, important, limited or empty; `certainty` a level or empty; `direction` is what `direction`
    says. `suffices`: its evidence alone would support the decision, in the panel's view.
    """

    name: str
    importance: str
    certainty: str
    direction: str
    suffices: bool = False


@dataclass(frozen=True)
class Proposal:
    """A proposed overall certainty with its reason; where none can be, `level` is None and the reason says why."""

    level: str | None
    reason: str


def symbols(level: str) -> str:
    """The four circles of a level; empty where none was recorded."""
    return SYMBOLS.get(level, "")


def rate(design: str, levels: Mapping[str, int]) -> Rating:
    """The certainty from the design's start level and the levels of each domain: −1 is one down, 1 is one up.

    A domain that is not named changes nothing. Raises ValueError for an unknown design or domain, and for more levels
    than the domain has.
    """
    if design not in START_LEVELS:
        raise ValueError(f"{design!r} is no study design; there are {', '.join(START_LEVELS)}.")
    for domain, change in levels.items():
        _check_change(domain, change)
    changes = {domain: levels[domain] for domain in DEGREES if levels.get(domain)}
    start = START_LEVELS[design]
    place = LEVELS.index(start) + sum(changes.values())
    level = LEVELS[min(max(place, 0), len(LEVELS) - 1)]
    return Rating(start, level, _arithmetic(start, level, changes), tuple(_warnings(place, changes)))


def _check_change(domain: str, change: int) -> None:
    if domain not in DEGREES:
        raise ValueError(f"{domain!r} is no domain of the certainty of evidence.")
    if change not in DEGREES[domain]:
        allowed = ", ".join(_signed(step) for step in DEGREES[domain])
        raise ValueError(
            f"{DOMAIN_NAMES[domain].capitalize()} can change the certainty by {allowed} levels, not by "
            f"{_signed(change)}."
        )


def _signed(change: int) -> str:
    return f"{MINUS if change < 0 else '+' if change > 0 else ''}{abs(change)}"


def _arithmetic(start: str, level: str, changes: Mapping[str, int]) -> str:
    if not changes:
        return f"{LABELS[start]}, neither rated down nor up"
    steps = " ".join(
        f"{MINUS if change < 0 else '+'} {abs(change)} ({DOMAIN_NAMES[domain]})"
        for domain, change in changes.items()
    )
    return f"{LABELS[start]} {steps} = {LABELS[level]}"


def _warnings(place: int, changes: Mapping[str, int]) -> Iterable[str]:
    down = [DOMAIN_NAMES[domain] for domain, change in changes.items() if change < 0]
    up = [DOMAIN_NAMES[domain] for domain, change in changes.items() if change > 0]
    if down and up:
        yield (
            f"Rated up ({', '.join(up)}) although rated down ({', '.join(down)}): as a rule, evidence is rated up only "
            "where nothing rates it down."
        )
    if place < 0:
        yield "There is no level below Very low: the certainty stays there."
    if place >= len(LEVELS):
        yield "There is no level above High: the certainty stays there."


def direction(low: float, high: float, better: str) -> str:
    """Where the confidence interval of a difference (around 0) points: `benefit`, `harm`, or `uncertain` if it holds 0.

    `better` is the outcome's polarity, `higher` or `lower`.
    """
    if low <= 0 <= high:
        return "uncertain"
    return "benefit" if (low > 0) is (better == "higher") else "harm"


def propose_overall_certainty(
    outcomes: Iterable[RatedOutcome], *, balance_uncertain: bool = False
) -> Proposal:
    """The overall certainty to propose: Guyatt et al., GRADE guidelines 11, J Clin Epidemiol 2013;66:151-157.

    Only critical outcomes count. Pointing in different directions, with an uncertain direction or an uncertain balance,
    the lowest of them is proposed; pointing all in the same, the highest of those that alone would support the decision
    (the lowest, while none is said to).
    """
    critical = [outcome for outcome in outcomes if outcome.importance == "critical"]
    if not critical:
        return Proposal(
            None, "No outcome is critical: the overall certainty rests on the critical outcomes alone."
        )
    unrated = [outcome.name for outcome in critical if outcome.certainty not in LEVELS]
    if unrated:
        return Proposal(
            None, f"The certainty is not yet rated for the critical outcome {'; '.join(unrated)}."
        )
    lowest = min(critical, key=_place)
    directions = {outcome.direction for outcome in critical}
    sufficient = [outcome for outcome in critical if outcome.suffices]
    if len({outcome.certainty for outcome in critical}) == 1:
        return Proposal(lowest.certainty, f"{LABELS[lowest.certainty]} for every critical outcome.")
    if {"benefit", "harm"} <= directions:
        why = "The critical outcomes point in different directions"
    elif balance_uncertain:
        why = "The balance of desirable and undesirable effects is uncertain"
    elif len(directions) > 1 or directions == {"uncertain"}:
        why = "It is uncertain in which direction some of the critical outcomes point"
    elif not sufficient:
        why = "The critical outcomes point in the same direction, none is said to support the decision on its own"
    else:
        highest = max(sufficient, key=_place)
        return Proposal(
            highest.certainty,
            "The critical outcomes point in the same direction: the highest certainty counts among those that alone "
            f"would support the decision ({highest.name}: {LABELS[highest.certainty]}).",
        )
    return Proposal(
        lowest.certainty,
        f"{why}: the lowest certainty among them counts ({lowest.name}: {LABELS[lowest.certainty]}).",
    )


def _place(outcome: RatedOutcome) -> int:
    return LEVELS.index(outcome.certainty)
