"""The steps of an analysis in the order of its page."""

from __future__ import annotations

from collections.abc import Sequence

from metaanalysis.computation.effect import effect_step, weights_step
from metaanalysis.computation.facts import Facts
from metaanalysis.computation.heterogeneity import (
    h2_step,
    i2_q_step,
    i2_tau2_step,
    q_p_step,
    q_step,
    tau2_interval_step,
    tau2_step,
)
from metaanalysis.computation.step import Step
from metaanalysis.computation.uncertainty import interval_step, p_value_step, prediction_step
from metaanalysis.stats.types import PooledResult, StudyData


def computation(studies: Sequence[StudyData], result: PooledResult) -> tuple[Step, ...]:
    """The steps of an analysis in the order of the page; what was not estimated has none."""
    if result.estimate is None:
        return ()
    facts = Facts.of(studies, result)
    steps = [effect_step(facts), interval_step(facts), p_value_step(facts), weights_step(facts)]
    if result.q is not None:
        steps += [q_step(facts), q_p_step(facts), i2_q_step(facts), h2_step(facts)]
    if result.tau2 is not None and result.k > 1:
        steps += [tau2_step(facts), tau2_interval_step(facts), i2_tau2_step(facts)]
    if result.prediction_low is not None:
        steps.append(prediction_step(facts))
    return tuple(step for step in steps if step is not None)
