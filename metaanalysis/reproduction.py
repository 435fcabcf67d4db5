"""Which of the methods offered here reproduces a reported row from stored studies.

A row that none reproduces is not wrong: it may come from other studies, or from a method that is not offered.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from etd.domain import numbers
from etd.domain.integrity.printed import Printed
from etd.domain.integrity.rows import EFFECT_COLUMNS, ReadRow, ReportedRow, read_row
from metaanalysis import specification, wording
from metaanalysis.kinds import MEASURES_OF
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PooledResult,
    PoolingSpec,
    RdSe,
    SmdVariant,
    StudyCounts,
    StudyData,
    StudyMeans,
    Tau2Method,
    ZeroRule,
)

_INTERVALS = (CiMethod.WALD, CiMethod.HKSJ, CiMethod.HKSJ_ADHOC)
_TOLERANCE = 1e-9
# Where studies do not differ at all, every random-effects method gives the same.
MOST_NAMED = 3
COLUMN_NAMES = {
    "estimate": "the estimate",
    "ci_low": "the lower limit",
    "ci_high": "the upper limit",
    "p_value": "P",
    "i2": "I²",
}
_TOTALS = {
    "events_intervention": "events with the intervention",
    "n_intervention": "people with the intervention",
    "events_comparison": "events with the comparison",
    "n_comparison": "people with the comparison",
}


@dataclass(frozen=True)
class Attempt:
    """One method on the stored studies. `matches` and `differs` name the printed columns that it gives and does not.

    `distance` is the largest of those of estimate and limits from the printed ones, on the analysis scale.
    """

    spec: PoolingSpec
    result: PooledResult
    matches: tuple[str, ...]
    differs: tuple[str, ...]
    distance: float
    has_empty_cells: bool

    @property
    def words(self) -> str:
        """`Odds ratio, random effects, inverse variance, DerSimonian-Laird, Wald interval …`."""
        chosen = specification.to_json(self.spec)
        if not self.has_empty_cells:
            chosen["zero"] = None
        return wording.specification(chosen, self.result.ci_method, self.result.kind)

    @property
    def effect(self) -> str:
        """`1.168 (0.965–1.413)`, three decimals."""
        result = self.result
        estimate, low, high = result.estimate_natural, result.ci_low_natural, result.ci_high_natural
        if estimate is None or low is None or high is None:
            return "not estimable"
        return numbers.effect(estimate, low, high, result.measure, 3)

    @property
    def numbers(self) -> str:
        """`1.168 (0.965–1.413), P 0.11`."""
        p = self.result.p_value
        return self.effect if p is None else f"{self.effect}, P {numbers.p_value(p)}"

    @property
    def differs_in(self) -> str:
        """`the lower limit and P`; empty where it gives every printed number."""
        return _named(self.differs)


@dataclass(frozen=True)
class Reproduction:
    """All attempts on one row. `other_studies` says how the stored studies differ from the row's, if they do."""

    attempts: tuple[Attempt, ...]
    other_studies: str

    @property
    def by(self) -> tuple[Attempt, ...]:
        """The methods that give every number that the row prints."""
        return tuple(attempt for attempt in self.attempts if not attempt.differs)

    @property
    def effect_by(self) -> tuple[Attempt, ...]:
        """The methods that give at least estimate and interval."""
        return tuple(attempt for attempt in self.attempts if set(EFFECT_COLUMNS) <= set(attempt.matches))

    @property
    def nearest(self) -> Attempt | None:
        """Of those that give most of the printed numbers the closest; None where no method could be tried."""
        return max(self.attempts, key=lambda attempt: (len(attempt.matches), -attempt.distance), default=None)

    def sentence(self) -> str:
        """`Reproduced by …`, or `Not by any of …`; never that a row is wrong."""
        said = self._said()
        return f"{said} {self.other_studies}" if self.other_studies else said

    def _said(self) -> str:
        nearest = self.nearest
        if nearest is None:
            return "No method offered here applies to the stored studies and the measure of this row."
        if self.by:
            return f"Reproduced by {_listed(self.by)}."
        if self.effect_by:
            differing = {column for attempt in self.effect_by for column in attempt.differs}
            by = _listed(self.effect_by)
            return f"Estimate and interval are reproduced by {by}, but not {_named(differing)}."
        tried = "the one method" if len(self.attempts) == 1 else f"any of the {len(self.attempts)} methods"
        return f"Not by {tried} offered here; nearest is {nearest.words}: {nearest.numbers}."


def reproduce(studies: Sequence[StudyData], row: ReportedRow, *, n_trials: int | None = None) -> Reproduction:
    """Every method offered for the row's measure, on all studies; they are of one kind.

    `n_trials` is how many trials the studies stand for, where that is not their number. Raises UnreadableCellError for
    a row that cannot be read, ValueError for one without estimate and interval.
    """
    read = read_row(row)
    if read.effect() is None:
        raise ValueError(f"Row {row.row} has no estimate with an interval to reproduce.")
    attempts = [_attempt(studies, spec, read) for spec in offered(studies, Measure(read.measure))]
    return Reproduction(tuple(attempts), _other_studies(studies, read, n_trials or len(studies)))


def offered(studies: Sequence[StudyData], measure: Measure) -> tuple[PoolingSpec, ...]:
    """Every method that gives numbers of its own for these studies; none where the measure does not fit them."""
    if not studies or measure not in MEASURES_OF[_kind(studies[0])]:
        return ()
    return tuple(dict.fromkeys(_specs(studies, measure)))


def _kind(study: StudyData) -> DataKind:
    if isinstance(study, StudyCounts):
        return DataKind.COUNTS
    return DataKind.MEANS if isinstance(study, StudyMeans) else DataKind.ESTIMATE


def _specs(studies: Sequence[StudyData], measure: Measure) -> Iterator[PoolingSpec]:
    counts = _kind(studies[0]) is DataKind.COUNTS
    empty_cells = counts and any(_has_empty_cell(study) for study in studies)
    zero_rules: list[ZeroRule | None] = [None]
    if empty_cells:
        zero_rules = [ZeroRule.ONLY0, ZeroRule.ONLY0_KEEP, ZeroRule.NONE]
    variants = list(SmdVariant) if measure is Measure.SMD else [None]
    for zero in zero_rules:
        for smd in variants:
            yield PoolingSpec(measure, Model.COMMON, ci_method=CiMethod.WALD, zero=zero, smd=smd)
            for tau2 in Tau2Method:
                for ci in _INTERVALS:
                    yield PoolingSpec(
                        measure, Model.RANDOM, tau2_method=tau2, ci_method=ci, zero=zero, smd=smd
                    )
    if counts:
        yield from _specs_of_counts(measure, empty_cells=empty_cells)


def _specs_of_counts(measure: Measure, *, empty_cells: bool) -> Iterator[PoolingSpec]:
    for zero in (ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0) if empty_cells else (None,):
        for rd_se in RdSe if measure is Measure.RD else (None,):
            yield PoolingSpec(
                measure, Model.COMMON, Method.MH, ci_method=CiMethod.WALD, zero=zero, rd_se=rd_se
            )
        for ci in _INTERVALS:
            yield PoolingSpec(measure, Model.RANDOM, Method.MH, ci_method=ci, zero=zero)
    if measure is Measure.OR:
        yield PoolingSpec(measure, Model.COMMON, Method.PETO, ci_method=CiMethod.WALD)


def _has_empty_cell(study: StudyData) -> bool:
    return isinstance(study, StudyCounts) and 0 in (
        study.events_intervention,
        study.events_comparison,
        study.n_intervention - study.events_intervention,
        study.n_comparison - study.events_comparison,
    )


def _attempt(studies: Sequence[StudyData], spec: PoolingSpec, row: ReadRow) -> Attempt:
    result = pool(studies, spec)
    values: dict[str, tuple[float | None, ...]] = {
        "estimate": (result.estimate_natural,),
        "ci_low": (result.ci_low_natural,),
        "ci_high": (result.ci_high_natural,),
        "p_value": (result.p_value,),
        "i2": (result.i2, result.i2_tau2),
    }
    printed = {column: row.numbers[column] for column in values if column in row.numbers}
    matches = tuple(column for column in printed if _gives(values[column], printed[column]))
    differs = tuple(column for column in printed if column not in matches)
    has_empty_cells = any(_has_empty_cell(study) for study in studies)
    return Attempt(spec, result, matches, differs, _distance(result, row), has_empty_cells)


def _distance(result: PooledResult, row: ReadRow) -> float:
    found = result.estimate_natural, result.ci_low_natural, result.ci_high_natural
    printed = [float(row.numbers[column].value) for column in EFFECT_COLUMNS]
    pairs = [(value, there) for value, there in zip(found, printed, strict=True) if value is not None]
    if len(pairs) < len(printed):
        return math.inf
    if not result.measure.is_ratio:
        return max(abs(value - there) for value, there in pairs)
    if min(min(pair) for pair in pairs) <= 0:
        return math.inf
    return max(abs(math.log(value / there)) for value, there in pairs)


def _gives(values: tuple[float | None, ...], printed: Printed) -> bool:
    low, high = float(printed.low), float(printed.high)
    slack = _TOLERANCE * max(1.0, abs(low), abs(high))
    return any(value is not None and low - slack <= value <= high + slack for value in values)


def _other_studies(studies: Sequence[StudyData], row: ReadRow, n_trials: int) -> str:
    """How number of studies or totals differ from the row's, as a sentence; empty where they agree."""
    stored = {"k": (n_trials, "study" if n_trials == 1 else "studies")}
    if all(isinstance(study, StudyCounts) for study in studies):
        stored |= {
            column: (sum(getattr(study, column) for study in studies), name)
            for column, name in _TOTALS.items()
        }
    differing = [
        f"{value} {name} ({printed} in the row)"
        for column, (value, name) in stored.items()
        if (printed := row.count(column)) is not None and printed != value
    ]
    return f"The stored studies are not those of the row: {', '.join(differing)}." if differing else ""


def _named(columns: Collection[str]) -> str:
    names = [name for column, name in COLUMN_NAMES.items() if column in columns]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _listed(attempts: Sequence[Attempt]) -> str:
    listed = "; by ".join(attempt.words for attempt in attempts[:MOST_NAMED])
    more = len(attempts) - MOST_NAMED
    if more <= 0:
        return listed
    return f"{listed}; and by {'one more method' if more == 1 else f'{more} more methods'}"
