"""Natural frequencies as an icon array: one icon a person, with the event anyway, only with the intervention, or not.

Each number is rounded by itself, as in the tables: risk without the intervention and difference are drawn as printed,
and where the rounded risk with the intervention is not their sum, the text says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from etd.domain.absolute import AbsoluteEffect, absolute_text, people_per

# Icons in a row, by the number of people; rows are filled from the top, left to right.
COLUMNS = {100: 10, 1_000: 40}
CELL, RADIUS = 10.0, 4.0


@dataclass(frozen=True)
class IconGroup:
    """The icons of one kind: centres as pairs of strings, in units of the drawing.

    `kind` is `event` (with and without the intervention), `more` (only with it), `fewer` (only without it) or `none`.
    """

    kind: str
    label: str
    centres: tuple[tuple[str, str], ...]

    @property
    def count(self) -> int:
        return len(self.centres)


@dataclass(frozen=True)
class IconArray:
    """A drawing `width` by `height`; `text` says it in one sentence. `tone` is `benefit`, `harm` or empty (no icon)."""

    per: int
    width: str
    height: str
    radius: str
    groups: tuple[IconGroup, ...]
    tone: str
    text: str


def icon_array(
    effect: AbsoluteEffect, *, outcome: str, intervention: str, better: str, per: int = 100
) -> IconArray:
    """The icon array of an absolute effect for 100 or 1,000 people; other numbers raise ValueError.

    `better` is the polarity of the outcome, `higher` or `lower`: it colours the difference, never its sign.
    """
    if per not in COLUMNS:
        raise ValueError(f"An icon array shows 100 or 1,000 people, not {per:,}.")
    without = people_per(effect.comparator_risk, per)
    difference = people_per(effect.difference.estimate, per)
    more = min(max(difference, 0), per - without)  # two halves rounded up would be one person too many
    fewer = max(-difference, 0)
    kinds = [
        ("event", "with and without", without - fewer),
        ("more", f"only with {intervention}", more),
        ("fewer", f"only without {intervention}", fewer),
        ("none", "neither with nor without", per - without - more),
    ]
    groups, first = [], 0
    for kind, label, count in kinds:
        if count:
            groups.append(IconGroup(kind, label, tuple(_centre(i, per) for i in range(first, first + count))))
        first += count
    return IconArray(
        per=per,
        width=f"{COLUMNS[per] * CELL:.0f}",
        height=f"{per / COLUMNS[per] * CELL:.0f}",
        radius=f"{RADIUS:.0f}",
        groups=tuple(groups),
        tone="" if difference == 0 else "benefit" if (difference > 0) is (better == "higher") else "harm",
        text=_text(effect, outcome, intervention, per),
    )


def _centre(place: int, per: int) -> tuple[str, str]:
    row, column = divmod(place, COLUMNS[per])
    return f"{(column + 0.5) * CELL:.0f}", f"{(row + 0.5) * CELL:.0f}"


def _text(effect: AbsoluteEffect, outcome: str, intervention: str, per: int) -> str:
    """One sentence with the numbers of the tables."""
    without = people_per(effect.comparator_risk, per)
    there = people_per(effect.intervention_risk.estimate, per)
    apart = (
        ""
        if there - without == people_per(effect.difference.estimate, per)
        else "; each number is rounded by itself"
    )
    return (
        f"{outcome}: of {per:,} people, {without:,} without {intervention} and {there:,} with {intervention}, "
        f"{absolute_text(effect, per)}{apart}."
    )
