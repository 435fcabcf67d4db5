"""Faults of `./openetd reliability` with small numbers, and what judges them: it must see what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability import cuts
from tests.reliability.__main__ import line
from tests.reliability.disks import NotHere, small_disk
from tests.reliability.faults import Answers
from tests.reliability.growth import Looks, Sample
from tests.reliability.panel import not_measured
from tests.reliability.soak import grows
from tests.server import ExampleDatabase, RunningServer

PAGE = "<h1>Not saved: the database is busy</h1><pre>p&lt;0.05</pre>"


def test_connections_are_cut_among_votes(example_database: ExampleDatabase) -> None:
    """PostgreSQL alone has connections to be cut; the server of the tests serves others and is not restarted."""
    results = cuts.v10_connections_cut(example_database, cuts.Cuts(2, 4, 6), restart=False)
    assert len(results) == (2 if example_database.postgres else 0)
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize(
    ("status", "page", "bad"),
    [
        (503, PAGE, 0),
        (503, PAGE.replace("0.05", "0.5"), 1),
        (503, "<h1>Busy</h1><pre>p&lt;0.05</pre>", 1),
        (500, PAGE, 1),
        (0, "", 1),
    ],
    ids=["as it must be", "other words", "another page", "an error", "no answer"],
)
def test_an_answer_to_what_was_not_saved_is_judged(status: int, page: str, bad: int) -> None:
    answers = Answers()
    answers.not_saved("vote", status, page, "p<0.05")
    assert len(answers.bad) == bad


def samples(**growing: float) -> Looks:
    """A minute of looks; what is named grows by so much with each."""
    looks = Looks(RunningServer("", Path()), Path(), lambda: 0)
    looks.samples = [
        Sample(
            at=n,
            mib=100 + growing.get("mib", 0) * n,
            open_files=14 + round(growing.get("open_files", 0) * n) + n % 3,
            temporary=round(growing.get("temporary", 0) * n) + n % 2,
            connections=8,
        )
        for n in range(60)
    ]
    return looks


@pytest.mark.parametrize(
    ("growing", "found"),
    [
        ({}, []),
        ({"mib": 0.1}, []),
        ({"mib": 0.5}, ["mib_growth"]),
        ({"open_files": 0.1}, ["more_open_files"]),
        ({"temporary": 0.1}, ["more_temporary_files"]),
    ],
)
def test_growth_is_seen(growing: dict[str, float], found: list[str]) -> None:
    assert grows(samples(**growing).figures(since=10)) == found


def test_what_was_not_measured_is_said_with_its_reason() -> None:
    result = not_measured("V9", "sqlite", "strace is not installed")
    assert not result.passed
    said = line({**vars(result), "seconds": 0})
    assert "not measured here: strace is not installed" in said
    assert "reached" not in said


def test_without_root_there_is_no_small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(NotHere, match="by root on Linux alone"), small_disk(1):
        pass
