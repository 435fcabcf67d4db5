"""Peto's one-step odds ratio (Yusuf et al. 1985): observed minus expected events over their variance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from metaanalysis.stats.effects import ALL_EVENTS, NO_EVENTS, Table
from metaanalysis.stats.types import Excluded, StudyEstimate


def peto_estimates(tables: Sequence[Table]) -> tuple[list[StudyEstimate], list[Excluded]]:
    """Each study's log odds ratio (O - E) / V with standard error 1 / sqrt(V), and the studies with V = 0.

    The pooled Peto odds ratio is the inverse-variance mean of these. Raw tables only: nothing is ever added.
    """
    estimates: list[StudyEstimate] = []
    excluded: list[Excluded] = []
    for table in tables:
        events, non_events = table.a + table.c, table.b + table.d
        if events == 0 or non_events == 0:
            excluded.append(Excluded(table.counts.study, NO_EVENTS if events == 0 else ALL_EVENTS))
            continue
        share = table.n_intervention / table.total
        # a 2x2 table with an event and a non-event has at least two people, so total - 1 is not zero
        variance = share * (table.n_comparison / table.total) * events * non_events / (table.total - 1)
        observed_minus_expected = table.a - share * events
        estimates.append(
            StudyEstimate(
                table.counts.study,
                observed_minus_expected / variance,
                1 / math.sqrt(variance),
                table.counts.year,
                table.counts.subgroup,
            )
        )
    return estimates, excluded
