"""The scenarios of `./openetd reliability` with small numbers, each beside the control that must be caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.reliability import backups, kills, panel, votes
from tests.reliability import scenarios as s
from tests.reliability.history import (
    CastEvent,
    Outcome,
    Stored,
    StoredVote,
    Write,
    accepted_late,
    check,
    tally_differences,
)
from tests.server import ExampleDatabase

SMALL = votes.Load(members=6, writes=72, rivals=2)
# Each item several times, and everybody on two devices: what must be caught must happen.
RIVALS = votes.Load(members=4, writes=144, rivals=1)


def passed(results: list[panel.Result]) -> bool:
    """Every goal is reached and every control has failed; the figures of the others are shown."""
    missed = [result for result in results if not result.passed]
    assert missed == []
    return bool(results)


@pytest.mark.parametrize(
    "scenario",
    [
        lambda database: votes.v1_no_vote_is_lost(database, SMALL),
        lambda database: votes.v4_a_naive_application_loses_votes(database, RIVALS),
        lambda database: votes.v5_close_while_voting(database, members=6, before=24),
        lambda database: votes.v5_control_naive(database, members=6, before=24),
        lambda database: votes.v6_the_same_form_again(database, members=4, votes=6),
        lambda database: votes.v6_control_naive(database, members=4, votes=6),
        lambda database: kills.v7_kill(database, kills.Kills(kills=2, members=5, writes=40)),
        lambda database: kills.v7_control_late(database, kills.Kills(kills=1, members=5, writes=20)),
    ],
    ids=[
        "votes at once",
        "control: votes at once",
        "close among votes",
        "control: close among votes",
        "the same form again",
        "control: the same form again",
        "kills among votes",
        "control: kills among votes",
    ],
)
def test_votes(
    example_database: ExampleDatabase, scenario: Callable[[ExampleDatabase], list[panel.Result]]
) -> None:
    assert passed(scenario(example_database))


def test_a_backup_under_load_holds_what_was_acknowledged(example_database: ExampleDatabase) -> None:
    small = backups.Backups(members=4, backups=1, flips=20, before=8, after=8)
    assert passed(backups.o1_backup_under_load(example_database, small))


def test_what_ends_ends_at_the_next_request(example_database: ExampleDatabase) -> None:
    assert passed(s.c6_ends_at_the_next_request(example_database))


def test_an_application_that_remembers_is_caught(example_database: ExampleDatabase) -> None:
    assert passed(s.c6_control_remembering(example_database))


def test_any_history_of_a_panel_is_as_the_model_says(example_database: ExampleDatabase) -> None:
    assert passed(s.a1_any_history(example_database, histories=4))


def test_four_at_once_are_explained_by_some_order(example_database: ExampleDatabase) -> None:
    assert passed(s.a2_at_once(example_database, steps=48, batches=12))


def test_without_locks_no_order_explains_it(example_database: ExampleDatabase) -> None:
    assert passed(s.a2_control_unlocked(example_database, histories=6, batches=25))


def test_nobody_sees_blind_votes(example_database: ExampleDatabase) -> None:
    assert passed(s.c2_nobody_sees_blind_votes(example_database, full=False))


def test_nothing_typed_is_lost(example_database: ExampleDatabase) -> None:
    assert passed(s.v8_nothing_typed_is_lost(example_database))


def test_the_trail_is_append_only_and_every_change_is_found(example_database: ExampleDatabase) -> None:
    assert passed(s.t_the_trail(example_database, every=16))


# --- The checker itself: it must see each thing that it is there for

WRITE = Write(
    member=1,
    item="equity",
    version=0,
    option="reduced",
    comment="Why",
    op="a",
    outcome=Outcome.ACKNOWLEDGED,
    status=200,
    sent=1.0,
    answered=2.0,
)
LATER = replace(WRITE, version=1, option="varies", op="b", sent=3.0, answered=4.0)
STORED = Stored(
    votes=[StoredVote(1, "equity", 2, "varies", "Why")],
    events=[CastEvent(1, 1, "a"), CastEvent(2, 1, "b")],
    faults=[],
    closed_seq=None,
    tallies={},
    voided=frozenset(),
)


def test_a_clean_history_is_clean() -> None:
    assert check([WRITE, LATER], STORED).is_clean


@pytest.mark.parametrize(
    ("name", "history", "stored"),
    [
        ("lost", [WRITE, LATER], replace(STORED, events=STORED.events[:1])),
        ("lost", [WRITE, LATER], replace(STORED, votes=[])),
        ("overwritten", [WRITE, replace(LATER, version=0)], STORED),
        ("wrong", [WRITE, LATER], replace(STORED, votes=[StoredVote(1, "equity", 1, "reduced", "Why")])),
        ("wrong", [WRITE, LATER], replace(STORED, votes=[StoredVote(1, "equity", 2, "varies", "Other")])),
        ("wrong", [WRITE, replace(LATER, outcome=Outcome.REFUSED, status=409)], STORED),
        ("duplicates", [WRITE, LATER], replace(STORED, events=[*STORED.events, CastEvent(3, 1, "b")])),
        ("duplicates", [WRITE, LATER], replace(STORED, events=[*STORED.events, CastEvent(3, 1, "")])),
        ("duplicates", [WRITE, LATER], replace(STORED, votes=[*STORED.votes, *STORED.votes])),
        ("unexplained", [WRITE, LATER], replace(STORED, events=[*STORED.events, CastEvent(3, 1, "c")])),
        ("unexplained", [WRITE, replace(LATER, outcome=Outcome.REFUSED, status=409)], STORED),
        ("faults", [WRITE, LATER], replace(STORED, faults=["the chain is broken"])),
    ],
)
def test_the_checker_sees(name: str, history: list[Write], stored: Stored) -> None:
    found = check(history, stored)
    assert getattr(found, name) > 0
    assert not found.is_clean


def test_without_an_answer_either_is_right() -> None:
    unknown = replace(LATER, outcome=Outcome.UNKNOWN, status=0)
    before = replace(STORED, votes=[StoredVote(1, "equity", 1, "reduced", "Why")], events=STORED.events[:1])
    assert check([WRITE, unknown], STORED).is_clean
    assert check([WRITE, unknown], before).is_clean


def test_a_vote_after_the_close_is_seen() -> None:
    assert accepted_late([WRITE, LATER], closed_at=2.5) == 1
    assert accepted_late([WRITE, LATER], closed_at=3.5) == 0


@pytest.mark.parametrize(
    ("tally", "voided", "differences"),
    [
        ({"varies": 1, "reduced": 0}, frozenset(), 0),
        ({"varies": 1, "reduced": 1}, frozenset(), 1),
        ({"varies": 0}, frozenset(), 1),
        ({"varies": 0}, frozenset({1}), 0),
        ({"varies": 1}, frozenset({1}), 1),
    ],
)
def test_a_tally_is_that_of_the_last_votes_of_ballots_that_count(
    tally: dict[str, int], voided: frozenset[int], differences: int
) -> None:
    stored = replace(STORED, tallies={"equity": tally}, voided=voided)
    assert tally_differences([WRITE, LATER], stored) == differences
