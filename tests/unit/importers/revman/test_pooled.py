"""What RevMan and R print of Fleiss's data comes out of the rows read from each format, pooled by the note's method."""

from collections.abc import Callable

import pytest

from metaanalysis.importers import StudyRow, read_table
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import PooledResult, PoolingSpec, StudyCounts, StudyData, StudyMeans

from .writers import Analysis, Study, as_csv, as_package, as_rm5

ASPIRIN = (
    ("MRC-1", 49, 615, 67, 624),
    ("CDP", 44, 758, 64, 771),
    ("MRC-2", 102, 832, 126, 850),
    ("GASP", 32, 317, 38, 309),
    ("PARIS", 85, 810, 52, 406),
    ("AMIS", 246, 2267, 219, 2257),
    ("ISIS-2", 1570, 8587, 1720, 8600),
)
MENTAL_HEALTH = (
    ("Davis", 5.0, 4.7, 13, 6.5, 3.8, 13),
    ("Florell", 4.9, 1.71, 30, 6.1, 2.3, 50),
    ("Gruen", 22.5, 3.44, 35, 24.9, 10.65, 35),
    ("Hart", 12.5, 1.47, 20, 12.3, 1.66, 20),
    ("Wilson", 6.5, 0.76, 8, 7.38, 1.41, 8),
)
COUNT_KEYS = ("events_1", "total_1", "events_2", "total_2")
MEAN_KEYS = ("mean_1", "sd_1", "total_1", "mean_2", "sd_2", "total_2")
REVIEW = [
    Analysis(
        "Examples from Fleiss (1993)",
        "Death",
        "counts",
        "OR",
        {"": [Study(name, dict(zip(COUNT_KEYS, numbers, strict=True))) for name, *numbers in ASPIRIN]},
        method="MH",
    ),
    Analysis(
        "Examples from Fleiss (1993)",
        "Days in hospital",
        "means",
        "MD",
        {"": [Study(name, dict(zip(MEAN_KEYS, numbers, strict=True))) for name, *numbers in MENTAL_HEALTH]},
    ),
]


def counts(row: StudyRow) -> StudyData:
    numbers = row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison
    return StudyCounts(row.study, *numbers)  # type: ignore[arg-type]


def means(row: StudyRow) -> StudyData:
    intervention = row.mean_intervention, row.sd_intervention, row.n_intervention
    comparison = row.mean_comparison, row.sd_comparison, row.n_comparison
    return StudyMeans(row.study, *intervention, *comparison)  # type: ignore[arg-type]


@pytest.mark.parametrize("write", [as_csv, as_package, as_rm5])
def test_fleiss_pooled_is_what_revman_shows(write: Callable[[list[Analysis]], bytes]) -> None:
    rows = read_table(write(REVIEW), filename="fleiss").rows
    odds = pool([counts(row) for row in rows if row.kind == "counts"], PoolingSpec("OR", "common", "mh"))  # type: ignore[arg-type]
    assert natural(odds) == pytest.approx((0.89686556, 0.8405144, 0.95699471), abs=5e-9)
    days = pool([means(row) for row in rows if row.kind == "means"], PoolingSpec("MD", "common", "iv"))  # type: ignore[arg-type]
    assert natural(days) == pytest.approx((-0.70938839, -1.25848502, -0.16029176), abs=5e-9)


def natural(result: PooledResult) -> tuple[float | None, ...]:
    return result.estimate_natural, result.ci_low_natural, result.ci_high_natural
