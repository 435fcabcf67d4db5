"""How the pooled effect depends on single studies: leave one out, cumulative, and what moves it most.

Every row is what `pool` gives for the studies of that row. Inverse variance (and Peto, which is inverse variance on
Peto's log odds ratios) is computed for many rows at once, as sums over the studies that are in a row: nothing is
subtracted from a total, so a study that dwarfs the others costs no digits when it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from metaanalysis.stats.intervals import SAME_EFFECT, choose_interval, hksj_from_sums, wald_interval
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.tau2_rows import tau2_of_rows
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    OnNaturalScale,
    PooledResult,
    PoolingSpec,
    StudyData,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Membership = NDArray[np.bool_]

_NUMBERS_AT_ONCE = 1 << 18  # of one matrix of rows times studies: 2 MiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Repooled(OnNaturalScale):
    """One row: `k` studies pooled again, on the analysis scale; `i2` in percent, from Q. None as in `PooledResult`."""

    measure: Measure
    k: int
    estimate: float | None = None
    se: float | None = None
    ci_method: CiMethod | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    q: float | None = None
    i2: float | None = None
    tau2: float | None = None

    @property
    def excludes_no_effect(self) -> bool | None:
        """Whether the interval lies on one side of no effect; None without an interval."""
        return _excludes_no_effect(self.ci_low, self.ci_high)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The analysis without the study `omitted`."""

    omitted: str
    pooled: Repooled


@dataclass(frozen=True, slots=True)
class Added:
    """The analysis of the study `added` and all before it; `year` is None where the study has none."""

    added: str
    year: int | None
    pooled: Repooled


@dataclass(frozen=True, slots=True)
class Influence:
    """What single studies do to the conclusion.

    `excludes_no_effect` tells it of the whole analysis (None without an interval). `crossing` are the analyses in which
    leaving one study out moves an end of the interval across no effect. `most` is the analysis that lies farthest from
    the whole one, by `shift` (that one minus the whole, on the analysis scale); both None below two studies.
    """

    excludes_no_effect: bool | None
    crossing: tuple[LeftOut, ...]
    most: LeftOut | None
    shift: float | None


def leave_one_out(studies: Sequence[StudyData], spec: PoolingSpec) -> tuple[LeftOut, ...]:
    """The analysis without each of its studies in turn, in row order. Studies not in the analysis are not listed."""
    kept = studies_in_analysis(studies, spec)
    rows = _rows(kept, spec, lambda indices, k: indices[:, None] != k)
    return tuple(LeftOut(study.study, row) for study, row in zip(kept, rows, strict=True))


def cumulative(studies: Sequence[StudyData], spec: PoolingSpec) -> tuple[Added, ...]:
    """The analysis as it stood after each study: by year, ties and studies without a year in row order.

    Studies without a year come last if others have one. Studies not in the analysis are not listed.
    """
    kept = studies_in_analysis(studies, spec)
    kept.sort(key=lambda study: (study.year is None, study.year or 0))
    rows = _rows(kept, spec, lambda indices, k: k <= indices[:, None])
    return tuple(Added(study.study, study.year, row) for study, row in zip(kept, rows, strict=True))


def influence(whole: PooledResult, left_out: Sequence[LeftOut]) -> Influence:
    """Which single studies, left out, move the interval across no effect, and which moves the estimate most.

    `whole` is what `pool` gives for the studies and the specification that `leave_one_out` gave `left_out` for.
    """
    side = _excludes_no_effect(whole.ci_low, whole.ci_high)
    crossing = tuple(
        row for row in left_out if side is not None and row.pooled.excludes_no_effect not in (None, side)
    )
    shifts = [
        (row.pooled.estimate - whole.estimate, row)
        for row in left_out
        if row.pooled.estimate is not None and whole.estimate is not None
    ]
    shift, most = max(shifts, key=lambda pair: abs(pair[0]), default=(None, None))
    return Influence(side, crossing, most, shift)


def studies_in_analysis(studies: Sequence[StudyData], spec: PoolingSpec) -> list[StudyData]:
    """The studies that `pool` does not leave out, in their order."""
    if not pool(studies, _common_effect(spec)).excluded:
        return list(studies)
    return [study for study in studies if pool([study], _common_effect(spec)).k]


def _common_effect(spec: PoolingSpec) -> PoolingSpec:
    """The same studies with the same effects, and the least to compute."""
    return replace(spec, model=Model.COMMON, tau2_method=None, ci_method=CiMethod.WALD)


def _excludes_no_effect(low: float | None, high: float | None) -> bool | None:
    return None if low is None or high is None else low > 0 or high < 0


def _rows(
    studies: Sequence[StudyData],
    spec: PoolingSpec,
    members: Callable[[NDArray[np.int_], NDArray[np.int_]], Membership],
) -> list[Repooled]:
    """One analysis for each row of the matrix that `members` gives for row numbers and study numbers."""
    if not studies:
        return []
    import numpy as np  # noqa: PLC0415 -- slow import

    numbers = np.arange(len(studies))
    if spec.method is Method.MH:
        chosen = [np.flatnonzero(row).tolist() for row in members(numbers, numbers)]
        return [_as_row(pool([studies[i] for i in indices], spec)) for indices in chosen]
    effects = pool(studies, _common_effect(spec)).studies
    # by falling variance, for sums that begin with the smallest weights
    order = sorted(range(len(effects)), key=lambda i: -effects[i].se)
    y = np.array([effects[i].estimate for i in order])
    v = np.array([effects[i].se ** 2 for i in order])
    at_once = max(1, _NUMBERS_AT_ONCE // len(studies))
    return [
        row
        for start in range(0, len(studies), at_once)
        for row in _pool_rows(y, v, members(numbers[start : start + at_once], np.array(order)), spec)
    ]


def _as_row(result: PooledResult) -> Repooled:
    return Repooled(
        measure=result.spec.measure,
        k=result.k,
        estimate=result.estimate,
        se=result.se,
        ci_method=result.ci_method,
        ci_low=result.ci_low,
        ci_high=result.ci_high,
        p_value=result.p_value,
        q=result.q,
        i2=result.i2,
        tau2=result.tau2,
    )


def _pool_rows(y: Numbers, v: Numbers, members: Membership, spec: PoolingSpec) -> Iterator[Repooled]:
    """Inverse-variance analyses of the studies that each row of `members` marks; `v` must fall."""
    import numpy as np  # noqa: PLC0415 -- slow import

    k = members.sum(axis=1)
    weights = members / v
    with np.errstate(invalid="ignore"):  # a row without studies has no mean
        mean = (weights * y).sum(axis=1) / weights.sum(axis=1)
    q = (weights * (y - mean[:, None]) ** 2).sum(axis=1)
    tau2 = np.zeros(len(k))
    if spec.model is Model.RANDOM:
        assert spec.tau2_method is not None
        tau2 = tau2_of_rows(spec.tau2_method, y, v, members, q)
        weights = members / (v + tau2[:, None])
        with np.errstate(invalid="ignore"):
            mean = (weights * y).sum(axis=1) / weights.sum(axis=1)
    residual, is_one_effect = np.zeros(len(k)), np.zeros(len(k), dtype=bool)
    if spec.model is Model.RANDOM and spec.ci_method is not CiMethod.WALD:
        residual = (weights * (y - mean[:, None]) ** 2).sum(axis=1)
        spread = np.where(members, y, -np.inf).max(axis=1) - np.where(members, y, np.inf).min(axis=1)
        with np.errstate(divide="ignore"):  # a row without studies has no weights
            smallest_se = weights.max(axis=1) ** -0.5
        is_one_effect = spread <= SAME_EFFECT * np.maximum((members * abs(y)).max(axis=1), smallest_se)
    columns = (k, mean, weights.sum(axis=1), q, tau2, residual, is_one_effect)
    for values in zip(*(column.tolist() for column in columns), strict=True):
        yield _row(spec, *values)


def _row(
    spec: PoolingSpec,
    k: int,
    mean: float,
    information: float,
    q: float,
    tau2: float,
    residual: float,
    is_one_effect: bool,
) -> Repooled:
    if k == 0:
        return Repooled(measure=spec.measure, k=0)
    method = CiMethod.WALD if spec.model is Model.COMMON else choose_interval(spec.ci_method, k, tau2)
    if method is CiMethod.WALD:
        interval = wald_interval(mean, information**-0.5, spec.level)
    else:
        interval = hksj_from_sums(method, mean, k, information, residual, is_one_effect, spec.level)
    return Repooled(
        measure=spec.measure,
        k=k,
        estimate=mean,
        se=interval.se,
        ci_method=method,
        ci_low=interval.low,
        ci_high=interval.high,
        p_value=interval.p_value,
        q=q if k > 1 else None,
        i2=(100 * (q - k + 1) / q if q > k - 1 else 0.0) if k > 1 else None,
        tau2=tau2 if spec.model is Model.RANDOM else None,
    )
