"""Made-up tables as papers print them, and alterations of one number in them: what the checks are measured with.

A table has nine rows with two decimals, percentages without, P with two decimals (`<0.001` below that). Every row is
pooled from made-up trials by the same method, so that an unaltered table is right in every digit.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from etd.domain.integrity import ReportedRow
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import Measure, PooledResult, PoolingSpec, StudyCounts

ROWS = 9
METHODS: Mapping[str, Mapping[str, str]] = {
    "MH": {"method": "mh", "model": "common"},
    "IV": {"method": "iv", "model": "common"},
    "DL": {"method": "iv", "tau2_method": "DL", "ci_method": "wald"},
    "REML": {"method": "iv", "tau2_method": "REML", "ci_method": "wald"},
    "HKSJ": {"method": "iv", "tau2_method": "DL", "ci_method": "hksj"},
    "by rule": {"method": "iv", "tau2_method": "REML", "ci_method": "auto"},
}


@dataclass(frozen=True)
class Trials:
    """What one table is made of: balanced arms, or one trial in five with up to twice as many in one arm.

    `risks` are those without treatment, `risk_spread` is how much their log odds differ between trials, and
    `two_to_one` the share of trials with twice or half as many in the comparison.
    """

    balanced: bool = True
    most_studies: int = 14
    most_people: int = 150
    risks: tuple[float, float] = (0.15, 0.6)
    risk_spread: float = 0.5
    two_to_one: float = 0.0


def draw_studies(draw: random.Random, kind: Trials) -> list[StudyCounts]:
    """2 to 14 trials of 20 to 150 people an arm, with some or no heterogeneity."""
    base, mean, tau = draw.uniform(*kind.risks), draw.gauss(0, 0.3), draw.choice((0.0, 0.0, 0.1, 0.2, 0.4))
    studies = []
    for number in range(draw.randint(2, kind.most_studies)):
        people = int(math.exp(draw.uniform(math.log(20), math.log(kind.most_people))))
        lopsided = not kind.balanced and draw.random() < 0.2
        others = max(10, round(people * (draw.uniform(0.5, 1.1) if lopsided else draw.uniform(0.93, 1.07))))
        if kind.two_to_one and draw.random() < kind.two_to_one:
            others = round(people * draw.choice((0.5, 2)))
        odds = math.log(base / (1 - base)) + draw.gauss(0, kind.risk_spread)
        studies.append(
            StudyCounts(
                study=f"Trial {number}",
                events_intervention=_events(draw, people, odds + mean + draw.gauss(0, tau)),
                n_intervention=people,
                events_comparison=_events(draw, others, odds),
                n_comparison=others,
            )
        )
    return studies


def _events(draw: random.Random, people: int, odds: float) -> int:
    risk = 1 / (1 + math.exp(-odds))
    return sum(draw.random() < risk for _ in range(people))


def spec_of(method: str, measure: str) -> PoolingSpec:
    return PoolingSpec(measure=measure, **METHODS[method])  # type: ignore[arg-type]


def draw_table(
    draw: random.Random, method: str, measure: str = "OR", kind: Trials = Trials(), *, decimals: int = 2
) -> list[ReportedRow]:
    rows: list[ReportedRow] = []
    while len(rows) < ROWS:
        studies = draw_studies(draw, kind)
        result = pool(studies, spec_of(method, measure))
        row = printed_row(len(rows) + 2, studies, result, even=draw.random() < 0.5, decimals=decimals)
        if row:
            rows.append(row)
    return rows


def printed_row(
    number: int,
    studies: Sequence[StudyCounts],
    result: PooledResult,
    *,
    even: bool = False,
    decimals: int = 2,
) -> ReportedRow | None:
    """The row as a paper prints it, None where nothing is estimable. `even`: halves are rounded to the even digit."""
    values = result.estimate_natural, result.ci_low_natural, result.ci_high_natural, result.p_value
    if any(value is None or value > 1e6 for value in values):
        return None

    def text(value: float | None, places: int) -> str:
        mode = ROUND_HALF_EVEN if even else ROUND_HALF_UP
        return str(Decimal(repr(float(value or 0))).quantize(Decimal(1).scaleb(-places), mode))

    events = (
        sum(study.events_intervention for study in studies),
        sum(study.events_comparison for study in studies),
    )
    people = sum(study.n_intervention for study in studies), sum(study.n_comparison for study in studies)
    places = decimals + 1 if result.measure is Measure.RD else decimals
    p = result.p_value or 0.0
    return ReportedRow(
        row=number,
        outcome=f"Outcome {number}",
        k=str(len(studies)),
        events_intervention=str(events[0]),
        n_intervention=str(people[0]),
        percent_intervention=text(100 * events[0] / people[0], 0),
        events_comparison=str(events[1]),
        n_comparison=str(people[1]),
        percent_comparison=text(100 * events[1] / people[1], 0),
        measure=str(result.measure),
        estimate=text(values[0], places),
        ci_low=text(values[1], places),
        ci_high=text(values[2], places),
        p_value="<0.001" if p < 0.001 else text(p, 2),
        i2="" if result.i2 is None else text(result.i2, 0),
    )


Alteration = Callable[[random.Random, ReportedRow, Sequence[ReportedRow]], ReportedRow | None]


def _with(row: ReportedRow, column: str, text: str) -> ReportedRow:
    changes: dict[str, Any] = {column: text}
    return replace(row, **changes)


def events_exchanged(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    """Two neighbouring digits of the events of an arm; None where they are the same digits."""
    return _digits_exchanged(draw, row, draw.choice(("events_intervention", "events_comparison")))


def people_exchanged(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    """Two neighbouring digits of the people of an arm."""
    return _digits_exchanged(draw, row, draw.choice(("n_intervention", "n_comparison")))


def _digits_exchanged(draw: random.Random, row: ReportedRow, column: str) -> ReportedRow | None:
    digits = getattr(row, column)
    places = [n for n in range(len(digits) - 1) if digits[n] != digits[n + 1] and (n or digits[1] != "0")]
    if not places:
        return None
    n = draw.choice(places)
    return _with(row, column, digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :])


def arms_exchanged(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    """Counts and percentages of the arms in each other's place, the effect as it was."""
    mirrored: dict[str, Any] = {
        f"{name}_{arm}": getattr(row, f"{name}_{other}")
        for name in ("events", "n", "percent")
        for arm, other in (("intervention", "comparison"), ("comparison", "intervention"))
    }
    return replace(row, **mirrored)


def ratio_inverted(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    """1 / OR with its interval turned round."""
    estimate, low, high = (float(getattr(row, column)) for column in ("estimate", "ci_low", "ci_high"))
    if min(estimate, low, high) <= 0.02 or f"{1 / estimate:.2f}" == row.estimate:
        return None
    return replace(row, estimate=f"{1 / estimate:.2f}", ci_low=f"{1 / high:.2f}", ci_high=f"{1 / low:.2f}")


def bound_moved(draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]) -> ReportedRow | None:
    column = draw.choice(("ci_low", "ci_high"))
    moved = Decimal(getattr(row, column)) + draw.choice((Decimal("0.1"), Decimal("-0.1")))
    return _with(row, column, str(moved)) if moved > 0 else None


def p_moved(draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]) -> ReportedRow | None:
    if row.p_value.startswith("<"):
        return None
    moved = Decimal(row.p_value) + draw.choice((Decimal("0.05"), Decimal("-0.05")))
    return replace(row, p_value=str(moved)) if 0 <= moved <= 1 else None


def p_of_another_row(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    other = draw.choice(others).p_value
    return replace(row, p_value=other) if other != row.p_value else None


def people_off_by_ten(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    column = draw.choice(("n_intervention", "n_comparison"))
    moved = int(getattr(row, column)) + draw.choice((10, -10))
    return _with(row, column, str(moved)) if moved > 0 else None


def percentage_off(
    draw: random.Random, row: ReportedRow, others: Sequence[ReportedRow]
) -> ReportedRow | None:
    column = draw.choice(("percent_intervention", "percent_comparison"))
    moved = int(getattr(row, column)) + draw.choice((2, -2))
    return _with(row, column, str(moved)) if 0 <= moved <= 100 else None


ALTERATIONS: Mapping[str, Alteration] = {
    "two digits of the events exchanged": events_exchanged,
    "two digits of the people exchanged": people_exchanged,
    "arms exchanged": arms_exchanged,
    "odds ratio inverted": ratio_inverted,
    "one bound moved by 0.1": bound_moved,
    "P moved by 0.05": p_moved,
    "P of another row": p_of_another_row,
    "people of an arm off by ten": people_off_by_ten,
    "percentage off by two": percentage_off,
}
