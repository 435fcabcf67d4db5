"""The document as JSON and back."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from documents.published import document_bytes
from documents.schema import (
    SCHEMA_VERSION,
    Conflict,
    Panel,
    PracticeAnswer,
    UnknownSchema,
    from_json,
    to_json,
)
from tests.unit.documents.example import REAFFIRMED, example


def test_what_is_written_is_what_is_read() -> None:
    document = example()
    again = from_json(json.loads(document_bytes(document)))
    assert again == document
    assert to_json(again) == to_json(document)


def test_blanks_of_the_scale_and_absent_numbers_are_null() -> None:
    plain = to_json(example())
    assert plain["schema_version"] == SCHEMA_VERSION == "openetd-etd/1"
    assert [cell is None for cell in plain["criteria"][0]["scale"]] == [
        False,
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert plain["tables"][0]["groups"][0]["rows"][2]["values"]["estimate"] is None


def test_another_version_is_refused_by_name() -> None:
    with pytest.raises(UnknownSchema, match=r"'openetd-etd/2'.*'openetd-etd/1'"):
        from_json(to_json(example()) | {"schema_version": "openetd-etd/2"})


def test_a_missing_and_an_unknown_field_are_named_with_their_place() -> None:
    plain = to_json(example())
    plain["criteria"][0]["votes"] = plain["criteria"][0].pop("prompt")
    with pytest.raises(
        UnknownSchema, match=r"document\.criteria\[0\]: missing \['prompt'\], unknown \['votes'\]"
    ):
        from_json(plain)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"criteria": "none"}, "document.criteria is str"),
        ({"recommendation_note": None}, "document.recommendation_note is NoneType, not str"),
        ({"guideline": []}, "document.guideline is list"),
        ({"references": [{"number": True, "citation": ""}]}, r"references\[0\].number is bool, not int"),
    ],
)
def test_a_value_of_another_kind_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UnknownSchema, match=message):
        from_json(to_json(example()) | change)


def test_nobodys_name_and_nobodys_vote_has_a_place() -> None:
    text = json.dumps(to_json(example()))
    for word in ("vote", "ballot", "judged_by", '"by"'):
        assert word not in text


def test_a_panel_is_read_as_it_is_written_and_holds_nobodys_words() -> None:
    panel = Panel(
        conflicts=(Conflict("Mia Member", "question", "no_vote", "May discuss, does not vote"),),
        declared_none=("Cem Colleague",),
        no_declaration=(),
    )
    document = example(panel=panel)
    assert from_json(json.loads(document_bytes(document))) == document
    assert {field.name for field in fields(Conflict)} == {"name", "scope", "level", "level_label"}


def test_what_was_written_before_a_key_was_added_is_still_read() -> None:
    plain = to_json(example())
    del plain["rounds"], plain["panel"]
    for name in ("basis_key", "recorded_by", "round_number", "reason", "evidence_digest"):
        del plain["criteria"][0]["judgements"][0][name]
    assert from_json(plain) == example()


def test_a_judgement_from_before_it_could_be_reaffirmed_is_read_and_a_reaffirmed_one_is_read_as_written() -> (
    None
):
    plain = to_json(example())
    for name in ("evidence_change", "reaffirmed_by", "reaffirmed_at", "reaffirmed_because"):
        del plain["criteria"][0]["judgements"][0][name]
    assert from_json(plain) == example()
    first = example().criteria[0]
    judgement = replace(first.judgements[0], evidence_change="minor", **REAFFIRMED)
    document = example(criteria=(replace(first, judgements=(judgement,)),))
    written = json.loads(document_bytes(document))
    assert written["criteria"][0]["judgements"][0]["reaffirmed_because"] == REAFFIRMED["reaffirmed_because"]
    assert from_json(written) == document


def test_the_schema_needs_no_django() -> None:
    code = "import documents.schema, sys; print([m for m in sys.modules if m.split('.')[0] == 'django'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_statement_from_before_its_remark_and_answers_is_read_without_them() -> None:
    plain = to_json(example())
    added = ("remark", "paradigm", "paradigm_label", "paradigm_reason", "practice_basis", "practice_answers")
    for statement in plain["statements"]:
        for key in added:
            del statement[key]
    assert from_json(plain) == example()


def test_the_answers_of_a_good_practice_statement_are_read_as_they_are_written() -> None:
    answer = PracticeAnswer("necessary", "Is it necessary?", "no", "No", "It is done anyway.")
    document = example()
    statement = replace(document.statements[1], practice_answers=(answer,), practice_basis="ethics")
    document = replace(document, statements=(statement,))
    assert from_json(json.loads(document_bytes(document))) == document
