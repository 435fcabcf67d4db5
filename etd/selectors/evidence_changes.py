"""What has become of the evidence since something was judged on it: then and now beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from etd.domain.evidence_change import Change
from etd.domain.row_values import RowValues
from etd.domain.small_plot import SmallPlot


@dataclass(frozen=True)
class ResultView:
    """The results of one row as they are printed; `-` where there is nothing. `plot` is on the axis of both sides."""

    studies: str
    intervention: str
    comparison: str
    effect: str
    p_value: str
    i_squared: str
    certainty: str
    plot: SmallPlot | None = None


@dataclass(frozen=True)
class RowChangeView:
    """One row then and now, None where it was not there or is not any more; `measure` is in words.

    A recomputed row that is new has the reported results of its place as `before`: `before_source_label` says so.
    """

    outcome: str
    population: str
    measure: str
    source_label: str
    before_source_label: str
    after_source_label: str
    before: ResultView | None
    after: ResultView | None
    change: Change
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class ItemChange:
    """A recorded judgement, or the type of recommendation, that stands on other evidence than today's.

    `judgement` is what was recorded in words, `revision` the one to reaffirm or reopen with, `evidence_digest` that of
    the evidence as it is now. `is_kept` is False where the evidence of that time was not kept: nothing can be shown
    beside today's then. `reasons` say what is no row's; those of a row stand with it. For the type of recommendation
    `because_of` has the headings of the criteria whose evidence moved, and `rows` those of all of them.
    """

    item_key: str
    heading: str
    judgement: str
    judged_by: str
    judged_at: datetime
    basis_label: str
    change: Change
    rows: tuple[RowChangeView, ...]
    text_before: str
    text_after: str
    text_changed: bool
    reasons: tuple[str, ...]
    is_kept: bool
    because_of: tuple[str, ...]
    revision: int
    evidence_digest: str

    @property
    def is_changed(self) -> bool:
        """Does the change cross something, or is it not known?"""
        return self.change is Change.CHANGED


@dataclass(frozen=True)
class ProposedRow:
    """A recomputed row that is not stored yet; an id is None where the outcome or the population is new as well."""

    outcome_id: int | None
    outcome: str
    population_id: int | None
    population: str
    values: RowValues
