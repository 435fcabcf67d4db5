"""The list before publication: each item done, open with its places, or not applicable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from etd.domain.coherence import Item, State, prepublication_list
from etd.domain.coherence.checklist import EITHER
from etd.domain.coherence.inputs import EtdInput, OutcomeInput, PanelInput, StatementInput
from tests.unit.etd.domain.coherence_examples import (
    FRAMEWORK,
    example,
    sound,
    type_input,
    with_criterion,
    with_section,
    with_statement,
)


def item(etd: EtdInput, code: str) -> Item:
    (found,) = [one for one in prepublication_list(etd) if one.code == code]
    return found


def test_a_finished_question_has_nothing_open() -> None:
    items = prepublication_list(sound())
    assert {one.state for one in items} == {State.DONE, State.NOT_APPLICABLE}
    assert [one.code for one in items if one.state is State.NOT_APPLICABLE] == [
        "strong_on_low",
        "good_practice",
    ]
    assert not any(one.where or one.note for one in items)


PRACTICE = StatementInput(2, "good_practice_statement", "Talk about expectations.", practice_questions_open=1)
FIRST, SECOND = sound().outcomes
OPEN: list[tuple[str, Callable[[EtdInput], EtdInput], tuple[str, ...]]] = [
    ("judgements", lambda e: with_criterion(e, "Equity", choices=()), ("Equity",)),
    ("evidence_summaries", lambda e: with_criterion(e, "Equity", research_evidence=" "), ("Equity",)),
    ("importance", lambda e: replace(e, outcomes=(FIRST, replace(SECOND, importance=""))), (SECOND.name,)),
    (
        "certainty_of_outcomes",
        lambda e: replace(e, outcomes=(replace(FIRST, certainty=""), SECOND)),
        (FIRST.name,),
    ),
    ("certainty_of_outcomes", lambda e: replace(e, outcomes=()), ("No outcome is recorded",)),
    (
        "domains",
        lambda e: replace(e, outcomes=(FIRST, OutcomeInput("Pain", "lower", "critical", "low"))),
        ("Pain",),
    ),
    (
        "absolute_effects",
        lambda e: replace(e, n_summary_rows=0),
        ("No outcome stands in the Summary of Findings",),
    ),
    (
        "absolute_effects",
        lambda e: replace(e, n_absolute=1),
        ("1 of 2 lines of the Summary of Findings",),
    ),
    (
        "overall_certainty",
        lambda e: with_criterion(e, "Certainty of evidence", choices=()),
        ("Certainty of evidence",),
    ),
    ("strength_and_direction", lambda e: replace(e, type=None), ("Type of recommendation",)),
    ("strength_and_direction", lambda e: with_statement(e, 1, strength=""), ("Statement 1",)),
    ("strong_on_low", lambda e: with_statement(e, 1, strength="strong", certainty="low"), ("Statement 1",)),
    ("good_practice", lambda e: replace(e, statements=(*e.statements, PRACTICE)), ("Statement 2",)),
    ("rationale", lambda e: with_section(e, "Justification", " "), ("Justification",)),
    ("panel", lambda e: replace(e, panel=PanelInput()), ("No chair or panel member is listed",)),
    (
        "conflicts_of_interest",
        lambda e: replace(e, panel=replace(e.panel, undeclared=("B. Member",))),
        ("B. Member",),
    ),
    (
        "date",
        lambda e: replace(e, panel=replace(e.panel, agreed_on="")),
        ("The panel’s agreement has no date",),
    ),
]


@pytest.mark.parametrize(("code", "change", "where"), OPEN)
def test_what_is_open_names_its_place(
    code: str, change: Callable[[EtdInput], EtdInput], where: tuple[str, ...]
) -> None:
    found = item(change(sound()), code)
    assert (found.state, found.where) == (State.OPEN, where)


def test_each_item_can_be_open() -> None:
    assert {one.code for one in prepublication_list(sound())} - {code for code, _, _ in OPEN} == {"votes"}


def test_consensus_without_a_vote_is_a_way_to_decide_and_a_document_is_none() -> None:
    no_rounds = replace(sound(), panel=replace(sound().panel, n_rounds=0))
    assert item(no_rounds, "votes").state is State.DONE
    taken_over = item(example(), "votes")
    assert taken_over.state is State.OPEN
    assert taken_over.where[0] == "No round of votes was held"
    assert len(taken_over.where) == 13


def test_either_is_kept_and_warned_of_once() -> None:
    either = replace(sound(), type=type_input(FRAMEWORK, "conditional_either"))
    either = with_statement(either, 1, direction="either")
    notes = [one.note for one in prepublication_list(either) if one.note]
    assert notes == [EITHER]
    assert item(either, "strength_and_direction").state is State.DONE


def test_good_practice_alone_needs_no_strength() -> None:
    only = replace(sound(), type=None, statements=(replace(PRACTICE, number=1, practice_questions_open=0),))
    assert item(only, "strength_and_direction").state is State.NOT_APPLICABLE
    assert item(only, "good_practice").state is State.DONE


def test_a_short_framework_has_no_overall_certainty() -> None:
    short = replace(sound(), criteria=tuple(c for c in sound().criteria if c.role is None))
    assert item(short, "overall_certainty").state is State.NOT_APPLICABLE


def test_an_item_as_json() -> None:
    assert item(replace(sound(), panel=PanelInput()), "panel").to_json() == {
        "code": "panel",
        "label": "Who was on the panel",
        "state": "open",
        "where": ["No chair or panel member is listed"],
        "note": "",
    }
