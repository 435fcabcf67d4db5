"""Plain-language statements: how sure we are, of which size of effect, in the words of GRADE.

Wording: Santesso et al., GRADE guidelines 26, J Clin Epidemiol 2020;119:126-135, by its open reprint: table 16 in the
ACIP GRADE handbook, chapter 11 (US government work). The size comes from thresholds on the absolute effect that were
recorded beforehand, never from a P value. The verb is about the named event: a good one reads "increases survival".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from etd.domain.absolute import Number, exact, written
from etd.domain.certainty import LEVELS

SIZES = ("trivial", "small", "moderate", "large")
_PER = 1_000
_VERY_UNCERTAIN = (
    "The evidence is very uncertain about the effect of {x} on {o}",
    "{X} may {reduce} {o} but the evidence is very uncertain",
)
# The first of each is the one to take; the Low and Very low rows await a methodologist's check: docs/grade-methods.md.
STATEMENTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("high", "large"): ("{X} results in a large {reduction} in {o}",),
    ("high", "moderate"): ("{X} {reduces} {o}", "{X} results in {a_reduction} in {o}"),
    ("high", "small"): ("{X} {reduces} {o} slightly", "{X} results in a slight {reduction} in {o}"),
    ("high", "trivial"): (
        "{X} results in little to no difference in {o}",
        "{X} does not {reduce} {o}",
    ),
    ("moderate", "large"): (
        "{X} likely results in a large {reduction} in {o}",
        "{X} probably results in a large {reduction} in {o}",
    ),
    ("moderate", "moderate"): (
        "{X} likely {reduces} {o}",
        "{X} probably {reduces} {o}",
        "{X} likely results in {a_reduction} in {o}",
        "{X} probably results in {a_reduction} in {o}",
    ),
    ("moderate", "small"): (
        "{X} probably {reduces} {o} slightly",
        "{X} likely {reduces} {o} slightly",
        "{X} probably results in a slight {reduction} in {o}",
        "{X} likely results in a slight {reduction} in {o}",
    ),
    ("moderate", "trivial"): (
        "{X} likely results in little to no difference in {o}",
        "{X} probably results in little to no difference in {o}",
    ),
    ("low", "large"): (
        "{X} may result in a large {reduction} in {o}",
        "The evidence suggests {x} results in a large {reduction} in {o}",
    ),
    ("low", "moderate"): ("{X} may {reduce} {o}", "The evidence suggests {x} {reduces} {o}"),
    ("low", "small"): ("{X} may {reduce} {o} slightly", "The evidence suggests {x} {reduces} {o} slightly"),
    ("low", "trivial"): (
        "{X} may result in little to no difference in {o}",
        "The evidence suggests that {x} results in little to no difference in {o}",
    ),
    ("very_low", "large"): _VERY_UNCERTAIN,
    ("very_low", "moderate"): _VERY_UNCERTAIN,
    ("very_low", "small"): _VERY_UNCERTAIN,
    ("very_low", "trivial"): (
        _VERY_UNCERTAIN[0],
        "{X} may have little to no effect on {o} but the evidence is very uncertain",
    ),
}
# What the heading of a column adds to an outcome's name in published tables.
_UNIT_OF_A_COLUMN = re.compile(r"[,;]?\s*[(\[]?\b(?:n|no\.?|number|№)\s*[(\[]%[)\]][)\]]?\s*$", re.IGNORECASE)
_FEWER = {"reduces": "reduces", "reduce": "reduce", "reduction": "reduction", "a_reduction": "a reduction"}
_MORE = {"reduces": "increases", "reduce": "increase", "reduction": "increase", "a_reduction": "an increase"}
_NEITHER = {**_FEWER, "reduce": "reduce or increase"}


@dataclass(frozen=True)
class Thresholds:
    """From how many people in 1,000 on an effect is small, moderate or large; below `small` it is trivial.

    Raises ValueError, naming the threshold, unless 0 < small < moderate < large ≤ 1,000.
    """

    small: Number
    moderate: Number
    large: Number

    def __post_init__(self) -> None:
        below, name_below = exact(0, ""), ""
        for name in SIZES[1:]:
            value = exact(getattr(self, name), f"The threshold for a {name} effect")
            if value <= below:
                least = f"the one for a {name_below} effect ({written(below)})" if name_below else "0"
                raise ValueError(
                    f"The threshold for a {name} effect is {written(value)} per 1,000: it must be above {least}."
                )
            below, name_below = value, name
        if below > _PER:
            raise ValueError(
                f"The threshold for a large effect is {written(below)} per 1,000: it cannot be above 1,000."
            )


@dataclass(frozen=True)
class Narrative:
    """The statements to choose from, the default first, without a full stop; or none, and the `reason` why.

    `size` is the size that they claim, empty where none is claimed.
    """

    statements: tuple[str, ...]
    size: str = ""
    reason: str = ""

    @property
    def sentence(self) -> str | None:
        """The default statement; None where there is none."""
        return self.statements[0] if self.statements else None


def size_of_effect(difference: Number, thresholds: Thresholds) -> str:
    """`trivial`, `small`, `moderate` or `large`, by the unrounded difference of risks (a proportion, of either sign).

    An effect that equals a threshold has reached it.
    """
    per_thousand = abs(exact(difference, "The difference")) * _PER
    reached = [name for name in SIZES[1:] if per_thousand >= exact(getattr(thresholds, name), name)]
    return reached[-1] if reached else "trivial"


def narrative(
    *,
    intervention: str,
    outcome: str,
    certainty: str,
    difference: Number | None,
    thresholds: Thresholds | None,
) -> Narrative:
    """What happens with the intervention, by certainty (a level, or empty) and difference of risks (a proportion).

    The intervention gets a capital where it begins the sentence and has none; the outcome loses what a table's heading
    adds (`in_a_sentence`). Without a certainty, a difference or thresholds no size is claimed and no statement is made,
    but for very low certainty, whose statement claims none.
    """
    outcome = in_a_sentence(outcome)
    if certainty not in LEVELS:
        return Narrative((), reason="The certainty of the evidence is not rated.")
    if certainty == "very_low" and (difference is None or thresholds is None):
        return Narrative((_VERY_UNCERTAIN[0].format(x=intervention, o=outcome),))
    if difference is None:
        return Narrative((), reason="There is no absolute effect in people to take a size from.")
    if thresholds is None:
        return Narrative((), reason="No decision thresholds are recorded: no size of the effect is claimed.")
    size = size_of_effect(difference, thresholds)
    verbs = _MORE if difference > 0 else _FEWER if difference < 0 else _NEITHER
    names = {"X": _at_the_beginning(intervention), "x": intervention, "o": outcome}
    return Narrative(
        statements=tuple(text.format(**names, **verbs) for text in STATEMENTS[certainty, size]), size=size
    )


def in_a_sentence(outcome: str) -> str:
    """The name of an outcome inside a sentence: `Survival at 30 days, n (%)` becomes `survival at 30 days`.

    A first word with another capital (`IL-6`, `ICU stay`) stays as it is, and so does somebody's (`Crohn's disease`).
    """
    name = _UNIT_OF_A_COLUMN.sub("", outcome).strip() or outcome
    first, _, _ = name.partition(" ")
    is_a_name = first.endswith(("'s", "’s"))
    return name if is_a_name or first[1:] != first[1:].lower() else name[:1].lower() + name[1:]


def _at_the_beginning(name: str) -> str:
    """With a capital, unless the first word has one somewhere: `mRNA vaccine` stays what it is."""
    first, _, _ = name.partition(" ")
    return name[:1].upper() + name[1:] if first == first.lower() else name
