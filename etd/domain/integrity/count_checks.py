"""Events, people, percentages, studies: what needs no interval."""

from __future__ import annotations

import math
from collections.abc import Iterator

from etd.domain.integrity.printed import Printed
from etd.domain.integrity.rows import ARMS, EFFECT_COLUMNS, NUMBER_COLUMNS, ReadRow, percent_of
from etd.domain.integrity.table import (
    IMPOSSIBLE,
    INCONSISTENT,
    INFORMATIONAL,
    Table,
    TableFinding,
    decimal_text,
    follow_another_rule,
    found,
    range_text,
)


def footnote_markers(row: ReadRow) -> Iterator[TableFinding]:
    for column in NUMBER_COLUMNS:
        number = row.numbers.get(column)
        if number and number.mark:
            yield found(
                row,
                column,
                "footnote_marker",
                INFORMATIONAL,
                f"A footnote marker stands in the cell of a number: {number.text}{number.mark}.",
                f"Read as the number {number.text} with the marker {number.mark}.",
            )


def counts(row: ReadRow) -> Iterator[TableFinding]:
    for arm in ARMS:
        events, people = row.count(f"events_{arm}"), row.count(f"n_{arm}")
        if events is not None and people is not None and events > people:
            yield found(
                row,
                f"events_{arm}",
                "events_beyond_n",
                IMPOSSIBLE,
                f"More events than people in the {arm} arm: {events} of {people}.",
                f"{events} > {people}.",
            )


def percentages(table: Table, place: int) -> Iterator[TableFinding]:
    row = table.rows[place]
    failing = [arm for arm in ARMS if _percent_fits(row, arm) is False]
    if not failing:
        return
    others = [
        fit
        for other, other_row in enumerate(table.rows)
        if other != place
        for fit in _percent_fits_of(other_row)
    ]
    other_rule = follow_another_rule(others)
    for arm in failing:
        counted, printed = row.arm(arm), row.numbers[f"percent_{arm}"]
        assert counted is not None  # or the percentage were not tested
        events, people = counted
        exact = percent_of(events, people)
        hints = [] if other_rule else _percent_hints(events, people, printed)
        yield found(
            row,
            f"percent_{arm}",
            "percent_against_counts",
            INFORMATIONAL if other_rule else INCONSISTENT,
            f"{events} of {people} is not {printed.text}%."
            + (" So it is in most rows: these percentages may be of other counts." if other_rule else ""),
            " ".join(
                [
                    f"{events} / {people} = {decimal_text(exact, 3)}%; a printed {printed.text} stands for"
                    f" {range_text(printed)}.",
                    *hints,
                ]
            ),
        )


def _percent_fits(row: ReadRow, arm: str) -> bool | None:
    """None where a percentage or a count is missing, or events are beyond people (which is said elsewhere)."""
    counted, printed = row.arm(arm), row.numbers.get(f"percent_{arm}")
    if counted is None or printed is None or counted[0] > counted[1]:
        return None
    return printed.holds(percent_of(*counted))


def _percent_fits_of(row: ReadRow) -> list[bool]:
    """One answer a row that can be tested."""
    fits = [fit for arm in ARMS if (fit := _percent_fits(row, arm)) is not None]
    return [all(fits)] if fits else []


def _percent_hints(events: int, people: int, printed: Printed) -> list[str]:
    """What would fit: the events that give this percentage, and two digits exchanged."""
    low, high = (end * people / 100 for end in (printed.low, printed.high))
    fewest, most = max(0, math.ceil(low)), min(people, math.floor(high))
    hints = []
    if fewest <= most:
        of = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        hints.append(f"With {people} people it would take {of} events.")
    hints += [
        f"{text} events, two digits exchanged, would fit."
        for text in _exchanged(str(events))
        if int(text) <= people and printed.holds(percent_of(int(text), people))
    ]
    hints += [
        f"{text} people, two digits exchanged, would fit."
        for text in _exchanged(str(people))
        if int(text) >= max(1, events) and printed.holds(percent_of(events, int(text)))
    ]
    return hints


def _exchanged(digits: str) -> list[str]:
    """The texts in which two neighbouring digits have changed places."""
    swapped = (digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :] for n in range(len(digits) - 1))
    return [text for text in dict.fromkeys(swapped) if text != digits]


def studies(row: ReadRow) -> Iterator[TableFinding]:
    number = row.count("k")
    if number is None:
        return
    for arm in ARMS:
        people = row.count(f"n_{arm}")
        if people is not None and people < number:
            yield found(
                row,
                "k",
                "more_studies_than_people",
                IMPOSSIBLE,
                f"{number} studies cannot have {people} people in the {arm} arm.",
                f"Each study has at least one person in each arm: {number} > {people}.",
            )
    if number == 0 and row.numbers.keys() & {*EFFECT_COLUMNS, "p_value"}:
        there = ", ".join(c for c in (*EFFECT_COLUMNS, "p_value") if c in row.numbers)
        yield found(
            row,
            "k",
            "effect_without_studies",
            INCONSISTENT,
            "An effect, but no study.",
            f"k = 0, and the row has {there}.",
        )
    i2 = row.numbers.get("i2")
    if number == 1 and i2 is not None and i2.low > 0:
        yield found(
            row,
            "i2",
            "heterogeneity_of_one_study",
            INCONSISTENT,
            f"I² is {i2.text}% with one study.",
            "I² compares studies with each other: with k = 1 there is nothing to compare, and it is 0 or absent.",
        )


def out_of_range(row: ReadRow) -> Iterator[TableFinding]:
    limits = (("percent_intervention", 100), ("percent_comparison", 100), ("i2", 100), ("p_value", 1))
    for column, most in limits:
        number = row.numbers.get(column)
        if number and (number.high < 0 or number.low > most or number.value < 0 or number.value > most):
            yield found(
                row,
                column,
                f"{column.partition('_')[0]}_out_of_range",
                IMPOSSIBLE,
                f"{number.text} lies outside 0 to {most}.",
                f"The column {column} can hold 0 to {most}.",
            )
    for column in EFFECT_COLUMNS if row.is_ratio else ():
        number = row.numbers.get(column)
        if number and number.value < 0:
            yield found(
                row,
                column,
                "negative_ratio",
                IMPOSSIBLE,
                f"The ratio {row.measure} cannot be {number.text}.",
                "A ratio of two risks, odds or hazards is never below 0. Its logarithm may be.",
            )
