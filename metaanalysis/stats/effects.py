"""From counts to the effect of each study: empty cells, then log OR, log RR or RD with standard errors.

Rules for empty cells, by name:

* `only0`: 0.5 is added to all four cells of a study that has an empty one; a study without any event, or with
  events in everybody, in both arms carries no information on a ratio and is left out.
* `only0-keep`: the same, but such studies stay in, with 0.5 in each cell.
* `none`: nothing is added; what cannot be computed is left out.

The correction is made here and statsmodels is handed finished cells: its own `zero_correction` adds to the
counts of studies without an empty cell too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metaanalysis.stats.types import Excluded, Measure, StudyCounts, StudyEstimate, ZeroRule

HALF = 0.5

NO_EVENTS = "No events in either arm: the study carries no information on a ratio."
ALL_EVENTS = "Events in everybody in both arms: the study carries no information on a ratio."
EMPTY_CELL = (
    "A cell of its 2x2 table is empty and the zero rule is “none”:"
    " its effect cannot be computed without a correction."
)
NO_VARIATION = (
    "Neither arm has both events and non-events and the zero rule is “none”: its variance would be zero."
)

_STATSMODELS_NAMES = {Measure.OR: "odds-ratio", Measure.RR: "risk-ratio", Measure.RD: "diff"}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of one study: a, b events and non-events under intervention; c, d under comparison."""

    counts: StudyCounts
    a: float
    b: float
    c: float
    d: float
    corrected: bool = False

    @property
    def n_intervention(self) -> float:
        return self.a + self.b

    @property
    def n_comparison(self) -> float:
        return self.c + self.d

    @property
    def total(self) -> float:
        return self.a + self.b + self.c + self.d

    @property
    def has_empty_cell(self) -> bool:
        return 0 in (self.a, self.b, self.c, self.d)


def raw_table(study: StudyCounts) -> Table:
    return Table(
        study,
        float(study.events_intervention),
        float(study.n_intervention - study.events_intervention),
        float(study.events_comparison),
        float(study.n_comparison - study.events_comparison),
    )


def corrected_table(raw: Table) -> Table:
    """The raw table with 0.5 added to all four cells if one of them is empty."""
    if not raw.has_empty_cell:
        return raw
    return Table(raw.counts, raw.a + HALF, raw.b + HALF, raw.c + HALF, raw.d + HALF, corrected=True)


def no_information_on_a_ratio(table: Table) -> str | None:
    """Why a study without events, or without non-events, says nothing on OR and RR; None for every other."""
    if table.a == 0 and table.c == 0:
        return NO_EVENTS
    if table.b == 0 and table.d == 0:
        return ALL_EVENTS
    return None


def effect_tables(
    studies: Sequence[StudyCounts], measure: Measure, rule: ZeroRule
) -> tuple[list[Table], list[Excluded]]:
    """Tables from which each study's own effect can be computed under the rule, and the studies left out."""
    tables: list[Table] = []
    excluded: list[Excluded] = []
    for study in studies:
        raw = raw_table(study)
        reason = _reason_to_exclude(raw, measure, rule)
        if reason:
            excluded.append(Excluded(study.study, reason))
        else:
            tables.append(raw if rule is ZeroRule.NONE else corrected_table(raw))
    return tables, excluded


def study_estimates(tables: Sequence[Table], measure: Measure) -> list[StudyEstimate]:
    """Log OR, log RR or RD of each table with its standard error. The tables must come from `effect_tables`."""
    if not tables:
        return []
    import numpy as np  # noqa: PLC0415 -- slow import
    from statsmodels.stats.meta_analysis import effectsize_2proportions

    estimates, variances = effectsize_2proportions(
        np.array([table.a for table in tables]),
        np.array([table.n_intervention for table in tables]),
        np.array([table.c for table in tables]),
        np.array([table.n_comparison for table in tables]),
        statistic=_STATSMODELS_NAMES[measure],
        zero_correction=None,
    )
    return [
        StudyEstimate(
            table.counts.study, float(estimate), float(se), table.counts.year, table.counts.subgroup
        )
        for table, estimate, se in zip(tables, estimates, np.sqrt(variances), strict=True)
    ]


def _reason_to_exclude(raw: Table, measure: Measure, rule: ZeroRule) -> str | None:
    if rule is ZeroRule.ONLY0_KEEP:
        return None
    reason = no_information_on_a_ratio(raw) if measure.is_ratio else None
    if rule is ZeroRule.ONLY0 or reason:
        return reason
    if measure is Measure.OR and raw.has_empty_cell:
        return EMPTY_CELL
    if measure is Measure.RR and (raw.a == 0 or raw.c == 0):
        return EMPTY_CELL
    if measure is Measure.RD and raw.a * raw.b == 0 and raw.c * raw.d == 0:
        return NO_VARIATION
    return None
