from __future__ import annotations

from typing import Any

import pytest

from metaanalysis.analyses import median_comparison_risk


def trial(events: int, n: int, **more: Any) -> dict[str, Any]:
    counts = {"events_intervention": 1, "n_intervention": 9, "events_comparison": events, "n_comparison": n}
    return {"study": "Alpha", "n_trials": 1, "kind": "counts"} | counts | more


@pytest.mark.parametrize(
    ("trials", "found"),
    [
        ([trial(1, 4)], {"risk": 0.25, "trials": 1}),
        ([trial(9, 10), trial(1, 10), trial(30, 100)], {"risk": 0.3, "trials": 3}),
        # The mean of the middle two: 0.1, 0.25 | 0.5, 0.9, whatever the size of the trials.
        (
            [trial(9, 10), trial(1, 4), trial(100, 1_000), trial(2, 4)],
            {"risk": 0.375, "trials": 4},
        ),
        # A trial without events in its comparison arm is a risk like any other.
        ([trial(0, 10), trial(0, 20), trial(5, 10)], {"risk": 0.0, "trials": 3}),
    ],
)
def test_the_median_of_the_trials_risks(trials: list[dict[str, Any]], found: dict[str, Any]) -> None:
    assert median_comparison_risk(trials) == found


@pytest.mark.parametrize(
    "inputs",
    [
        [],
        [trial(1, 4), trial(2, 4, n_trials=2)],
        [{"study": "Alpha", "n_trials": 1, "kind": "estimate", "estimate": 0.1, "se": 0.2}],
        [{"study": "Alpha", "n_trials": 1, "kind": "means", "n_comparison": 20}],
    ],
    ids=["no studies", "one line for two trials", "estimates", "means"],
)
def test_without_the_counts_of_each_trial_there_is_none(inputs: list[dict[str, Any]]) -> None:
    assert median_comparison_risk(inputs) is None
