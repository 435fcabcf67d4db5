"""Events, people, percentages, studies: what needs no interval."""

from __future__ import annotations

import math
from collections.abc import Iterator

from etd.domain.integrity.printed import Printed
from etd.domain.integrity.rows import ARMS, EFFECT_COLUMNS, NUMBER_COLUMNS, ReadRow, percent_of
from etd.domain.integrity.suspects import effect_of_counts, exchanged_digits
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
                f"More events than people in the {arm} arm: {events} of {people}."
                + _exchanged_hint(arm, _exchanged(events, people, row.numbers.get(f"percent_{arm}"))),
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
    for arm in failing:
        yield _percent_finding(row, arm, other_rule=follow_another_rule(others))


def _percent_finding(row: ReadRow, arm: str, *, other_rule: bool) -> TableFinding:
    counted, printed = row.arm(arm), row.numbers[f"percent_{arm}"]
    assert counted is not None  # or the percentage were not tested
    events, people = counted
    places = len(printed.text.partition(".")[2])
    exact = percent_of(events, people)
    message = f"{events} of {people} is {decimal_text(exact, places)}%, not {printed.text}%."
    stands_for = f"a printed {printed.text} stands for {range_text(printed)}"
    evidence = f"{events} / {people} = {decimal_text(exact, 3)}%; {stands_for}."
    if other_rule:
        message += " So it is in most rows: these percentages may be of other counts."
    else:
        message += _counts_that_fit(row, arm, events, people, printed)
        evidence += _what_the_effect_says(row, arm, events, people, printed)
    severity = INFORMATIONAL if other_rule else INCONSISTENT
    return found(row, f"percent_{arm}", "percent_against_counts", severity, message, evidence)


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


def _counts_that_fit(row: ReadRow, arm: str, events: int, people: int, printed: Printed) -> str:
    """The events that give this percentage, or counts with two digits exchanged."""
    if exchanged := _exchanged(events, people, printed):
        return _exchanged_hint(arm, exchanged)
    fewest, most = _events_that_fit(people, printed)
    if fewest > most:
        return f" No number of events gives it with {people} people."
    needed = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    return f" With {people} people it would take {needed} events."


def _events_that_fit(people: int, printed: Printed) -> tuple[int, int]:
    low, high = (end * people / 100 for end in (printed.low, printed.high))
    return max(0, math.ceil(low)), min(people, math.floor(high))


def _exchanged(events: int, people: int, printed: Printed | None) -> list[tuple[str, int]]:
    """Events or people with two neighbouring digits exchanged that can be, and give the percentage if there is one."""
    found_events = [int(text) for text in exchanged_digits(str(events)) if int(text) <= people]
    found_people = [int(text) for text in exchanged_digits(str(people)) if int(text) >= max(1, events)]
    return [
        *(("events", count) for count in found_events if _is_percent(count, people, printed)),
        *(("people", count) for count in found_people if _is_percent(events, count, printed)),
    ]


def _is_percent(events: int, people: int, printed: Printed | None) -> bool:
    return printed is None or (people > 0 and printed.holds(percent_of(events, people)))


def _exchanged_hint(arm: str, exchanged: list[tuple[str, int]]) -> str:
    if not exchanged:
        return ""
    counts_that_fit = " or ".join(f"{count} {name} of the {arm} arm" for name, count in exchanged)
    return f" Are two digits exchanged? {counts_that_fit} would fit."


def _what_the_effect_says(row: ReadRow, arm: str, events: int, people: int, printed: Printed) -> str:
    """Whether the effect agrees with the counts as printed, or with counts that the percentage asks for."""
    columns = {"events": f"events_{arm}", "people": f"n_{arm}"}
    candidates = [(columns[name], count) for name, count in _exchanged(events, people, printed)]
    fewest, most = _events_that_fit(people, printed)
    if not candidates and fewest <= most:
        candidates = [(columns["events"], (fewest + most) // 2)]
    said = [effect_of_counts(row, column, count) for column, count in candidates]
    return "".join(f" {text}" for text in said if text)


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
