"""The numbers of one row of results."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowValues:
    """The numbers of one row: natural scale, I² in percent, tau² on the analysis scale; None where there is none."""

    n_studies: int
    measure: str
    events_intervention: int | None = None
    n_intervention: int | None = None
    events_comparison: int | None = None
    n_comparison: int | None = None
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    i_squared: float | None = None
    tau_squared: float | None = None
    footnote_mark: str = ""
