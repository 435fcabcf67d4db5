"""The actions on references: what is stored, audited and refused."""

from __future__ import annotations

from typing import Any

import pytest

from etd.actions import references
from etd.actions.errors import Refused, StaleEdit
from etd.actions.references import NewReference
from etd.domain.timeline import Happened, kind_of, sentence
from etd.enums import QuestionStatus
from etd.models import AuditEvent, Question, Reference
from tests import factories as f
from tests.unit.etd import reference_examples as examples
from tests.unit.etd.worlds import Panel, contents, expected_event, last_event, panel_of

pytestmark = pytest.mark.django_db
DOI = "10.1056/nejmoa2307227"


@pytest.fixture
def panel(db: None) -> Panel:
    return panel_of()


def listed() -> list[tuple[Any, ...]]:
    return list(
        Reference.objects.order_by("number").values_list("number", "citation", "doi", "pmid", "revision")
    )


def test_add_fills_a_number_that_stood_alone(panel: Panel) -> None:
    question = f.reference(question=panel.question(), number=3, citation="").question
    references.add_reference(
        question=question, number=3, citation=" Thiele 2023 ", doi=f"doi:{DOI}", by=panel.chair
    )
    assert listed() == [(3, "Thiele 2023", DOI, "", 2)]


def test_add_refuses_a_number_of_another_citation(panel: Panel) -> None:
    question = f.reference(question=panel.question(), number=3, citation="Thiele 2023").question
    before = contents()
    with pytest.raises(Refused, match="Number 3 has been given to “Thiele 2023”"):
        references.add_reference(question=question, number=3, citation="Møller 2024", by=panel.chair)
    assert contents() == before


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"doi": "see text"}, "Reference 1: “see text” is no DOI"),
        ({"pmid": "PMC1"}, "Reference 1: “PMC1” is no PMID"),
        ({"number": 0}, "a number from 1 to 99,999, not 0"),
    ],
)
def test_add_refuses_what_is_no_reference(panel: Panel, values: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {
        "question": panel.question(),
        "number": 1,
        "citation": "Thiele",
        "by": panel.chair,
    }
    with pytest.raises(Refused, match=said):
        references.add_reference(**(arguments | values))
    assert listed() == []


def test_edit(panel: Panel) -> None:
    arguments = examples.edit_reference(panel)
    edited = references.edit_reference(**arguments)
    after = {"citation": arguments["citation"], "doi": DOI, "pmid": "37634145"}
    assert listed() == [(1, *after.values(), 2)]
    assert last_event() == expected_event(
        "reference_edited",
        "1",
        question=edited.question,
        before={"citation": "Thiele 2023", "doi": "", "pmid": ""},
        after=after,
        by=panel.methodologist,
    )


def test_a_stale_edit_is_given_what_is_stored(panel: Panel) -> None:
    arguments = examples.edit_reference(panel)
    references.edit_reference(**arguments)
    with pytest.raises(StaleEdit) as raised:
        references.edit_reference(**(arguments | {"citation": "Other"}))
    assert (raised.value.revision, raised.value.current["pmid"]) == (2, "37634145")


def test_edit_refuses_an_empty_citation_and_what_is_gone(panel: Panel) -> None:
    arguments = examples.edit_reference(panel)
    with pytest.raises(Refused, match="needs its citation"):
        references.edit_reference(**(arguments | {"citation": "  "}))
    Reference.objects.all().delete()
    with pytest.raises(Refused, match="Reference 1 has been removed"):
        references.edit_reference(**arguments)


def test_remove(panel: Panel) -> None:
    arguments = examples.remove_reference(panel)
    question = arguments["reference"].question
    references.remove_reference(**arguments)
    assert listed() == []
    assert last_event() == expected_event(
        "reference_removed",
        "1",
        question=question,
        before={"citation": "Thiele 2023", "doi": "", "pmid": ""},
        by=panel.methodologist,
    )


def test_what_a_text_cites_is_not_removed(panel: Panel) -> None:
    arguments = examples.remove_reference(panel) | {
        "cited_at": lambda question: {1: ["Equity", "Statement 2"]}
    }
    before = contents()
    with pytest.raises(Refused, match=r"Reference 1 is cited: Equity; Statement 2\. Take the mark out"):
        references.remove_reference(**arguments)
    assert contents() == before


def test_import_fills_and_adds(panel: Panel) -> None:
    arguments = examples.import_references(panel)
    f.reference(question=arguments["question"], number=2, citation="")
    references.import_references(**arguments)
    assert listed() == [(1, "Thiele 2023", DOI, "", 1), (2, "Møller 2024", "", "38587239", 2)]
    event = AuditEvent.objects.latest("seq")
    assert (event.type, event.subject) == ("references_imported", "2 references")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (NewReference(1, "Another"), "same number"),
        (NewReference(3, ""), "no citation"),
        (NewReference(3, "X", doi="none"), "Reference 3: “none” is no DOI"),
    ],
)
def test_an_import_is_stored_whole_or_not_at_all(panel: Panel, more: NewReference, said: str) -> None:
    arguments = examples.import_references(panel)
    before = contents()
    with pytest.raises(Refused, match=said):
        references.import_references(**(arguments | {"references": [*arguments["references"], more]}))
    assert contents() == before


def test_an_import_does_not_write_over_a_citation(panel: Panel) -> None:
    arguments = examples.import_references(panel)
    f.reference(question=arguments["question"], number=2, citation="Somebody else’s")
    before = contents()
    with pytest.raises(Refused, match="Number 2 has been given to “Somebody else’s”"):
        references.import_references(**arguments)
    assert contents() == before


@pytest.mark.parametrize("name", ["edit_reference", "remove_reference", "import_references"])
def test_frozen_with_the_texts(panel: Panel, name: str) -> None:
    arguments = getattr(examples, name)(panel)
    Question.objects.update(status=QuestionStatus.VOTING)
    before = contents()
    with pytest.raises(Refused, match="Now closed to changes"):
        getattr(references, name)(**arguments)
    assert contents() == before


@pytest.mark.parametrize(
    ("type", "subject", "said"),
    [
        ("reference_edited", "3", "edited reference 3"),
        ("reference_removed", "3", "removed reference 3"),
        ("references_imported", "2 references", "imported 2 references"),
    ],
)
def test_history(type: str, subject: str, said: str) -> None:
    assert sentence(Happened(type, "Chair", subject, {}, {}, {})) == said
    assert kind_of(type) == "texts"
