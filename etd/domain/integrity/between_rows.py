"""What rows of one table say about each other: a subgroup within its whole, and outcomes that count the opposite.

Which row is the whole and what an outcome counts is read from English words: a heuristic, and never more than a hint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from etd.domain.integrity.rows import COUNT_COLUMNS, RATIO_OR_DIFFERENCE, ReadRow
from etd.domain.integrity.table import INFORMATIONAL, TableFinding, found

_WHOLE = re.compile(
    r"all|all (patients|participants|people|studies|trials)|overall|total|any|whole( population)?|everybody",
    re.IGNORECASE,
)
_WITH_OR_WITHOUT = re.compile(
    r"\bwith (or|and|/) ?without\b|\bwith/without\b|\bregardless of\b", re.IGNORECASE
)
# Survival beside bleeding is what most tables have; survival beside death is one thing counted both ways.
_OPPOSITES = tuple(
    (re.compile(good, re.IGNORECASE), re.compile(bad, re.IGNORECASE))
    for good, bad in (
        (r"\b(survival|surviv(ed|ors?)|alive)\b", r"\b(deaths?|died|mortality|fatal)\b"),
        (r"\b(recover(y|ed)|remission|cured?|success)\b", r"\b(relapses?|recurrence|failure)\b"),
    )
)


def between_rows(rows: Sequence[ReadRow]) -> Iterator[TableFinding]:
    yield from _subset_beyond_whole(rows)
    yield from _mixed_polarity(rows)


def _is_whole(row: ReadRow) -> bool:
    text = row.subgroup.strip()
    return not text or bool(_WHOLE.fullmatch(text)) or bool(_WITH_OR_WITHOUT.search(text))


def _subset_beyond_whole(rows: Sequence[ReadRow]) -> Iterator[TableFinding]:
    """A subgroup with more studies, people, events or people without the event than the whole of its outcome."""
    for outcome in dict.fromkeys(row.outcome for row in rows):
        same = [row for row in rows if row.outcome == outcome]
        wholes = [row for row in same if _is_whole(row)]
        if len(wholes) != 1:
            continue
        (whole,) = wholes
        for part in same:
            if part is not whole and (beyond := _beyond(part, whole)):
                yield found(
                    part,
                    beyond[0][0],
                    "subset_beyond_whole",
                    INFORMATIONAL,
                    f"This subgroup has more than the whole of its outcome, which row {whole.row} seems to be.",
                    " ".join(text for _, text in beyond),
                    heuristic=True,
                )


def _beyond(part: ReadRow, whole: ReadRow) -> list[tuple[str, str]]:
    """The columns in which the part has more, with the arithmetic."""
    beyond = []
    for column in COUNT_COLUMNS:
        mine, theirs = part.count(column), whole.count(column)
        if mine is not None and theirs is not None and mine > theirs:
            beyond.append((column, f"{column}: {mine} > {theirs}."))
    for arm in ("intervention", "comparison"):
        inner, outer = part.arm(arm), whole.arm(arm)
        if inner and outer and inner[1] - inner[0] > outer[1] - outer[0]:
            beyond.append(
                (
                    f"events_{arm}",
                    f"People without the event, {arm}: {inner[1]} − {inner[0]} = {inner[1] - inner[0]} >"
                    f" {outer[1] - outer[0]} = {outer[1]} − {outer[0]}.",
                )
            )
    return beyond


def _mixed_polarity(rows: Sequence[ReadRow]) -> Iterator[TableFinding]:
    """Some rows count an event and others its opposite, so that the same side means the opposite."""
    with_effect = [row for row in rows if row.measure in RATIO_OR_DIFFERENCE and row.effect()]
    for wanted, feared in _OPPOSITES:
        good = [row for row in with_effect if wanted.search(row.outcome) and not feared.search(row.outcome)]
        bad = [row for row in with_effect if feared.search(row.outcome) and not wanted.search(row.outcome)]
        if good and bad:
            yield _opposite(good, bad)
            return


def _opposite(good: list[ReadRow], bad: list[ReadRow]) -> TableFinding:
    few, many = (bad, good) if len(bad) <= len(good) else (good, bad)
    side = "below 1" if few[0].is_ratio else "below 0"
    better = f"a value {side} is better" if few is bad else f"a value {side} is worse"
    return found(
        few[0],
        "estimate",
        "mixed_polarity",
        INFORMATIONAL,
        f"This row counts the opposite of what row {many[0].row} counts: here {better}, there the opposite.",
        f"“{few[0].outcome}” beside “{many[0].outcome}”.",
        heuristic=True,
    )
