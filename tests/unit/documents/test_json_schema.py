"""The JSON Schema takes what is written and refuses what is not; the file in docs/ is of this version."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from documents import schema
from documents.json_schema import FILE_NAME, SCHEMA_ID, json_schema, schema_bytes
from documents.published import document_bytes
from tests.unit.documents.example import example, published

VALIDATOR = Draft202012Validator(json_schema())
VOTES = schema.OptionVotes("yes", "Yes", 1, "", "for-strong", False, 3, "", True, ("Ada", "Bo"))
ROUND = schema.Round(
    number=1,
    blind=True,
    opened_at="2026-01-15T12:30:00+00:00",
    ended_at="2026-01-16T12:30:00+00:00",
    by_time=False,
    items=("benefit",),
    n_ballots=3,
    n_voided=0,
    n_cast=3,
    rule="Two thirds",
    rule_asks="two of three",
    rule_citation="",
    tally_display="named",
    roll=("Ada", "Bo"),
    tallies=(schema.Tally("benefit", "Benefit", 3, 3, 0, 0, (VOTES,), "Met", True, True),),
    tally_digest="ef" * 32,
)
SUMMARY = schema.SummaryTable(
    key="sof",
    title="Summary of findings",
    people_per=1000,
    columns=(schema.SummaryColumn("outcome", "Outcome", ""),),
    rows=(
        schema.SummaryRow(
            "Survival",
            "Adults",
            "reported",
            (schema.SummaryCell("outcome", (schema.SummaryLine("Survival", ("a",)),), False, ""),),
            {"estimate": 1.2, "absolute": [{"risk": 0.3}]},
        ),
    ),
    footnotes=(schema.Footnote("a", "Few studies"),),
    notes=(),
)
PANEL = schema.Panel((schema.Conflict("Ada", "question", "", ""),), ("Bo",), ())


def full() -> schema.EtdDocument:
    """A document with something in every list, so that every kind of thing is looked at."""
    return replace(
        published(),
        rounds=(ROUND,),
        summary_tables=(SUMMARY,),
        panel=PANEL,
        type_judgement=example().criteria[0].judgements[0],
        statements=tuple(
            replace(one, practice_answers=(schema.PracticeAnswer("clear", "Is it clear?", "yes", "Yes", ""),))
            for one in example().statements
        ),
    )


def faults(value: Any) -> list[str]:
    return [one.json_path for one in VALIDATOR.iter_errors(value)]


def as_json(document: schema.EtdDocument) -> Any:
    return json.loads(document_bytes(document))


def test_the_schema_is_one_of_its_draft() -> None:
    assert json_schema()["$id"] == SCHEMA_ID
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("document", [example(), published(), full()], ids=["draft", "published", "full"])
def test_what_is_written_is_valid(document: schema.EtdDocument) -> None:
    assert faults(as_json(document)) == []


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every object of the document that the schema describes key by key."""
    if isinstance(value, dict):
        free = at and at[-1] in {"values", "provenance", "spec", "result", "engine"}
        if free or (len(at) > 1 and at[-2] == "inputs"):
            return []
        return [at] + [path for key, item in value.items() for path in places(item, (*at, key))]
    if isinstance(value, list):
        return [path for n, item in enumerate(value) for path in places(item, (*at, n))]
    return []


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def is_read(value: Any) -> bool:
    try:
        schema.from_json(value)
    except schema.UnknownSchema:
        return False
    return True


def changed(whole: Any, path: tuple[Any, ...], key: str, change: str) -> Any:
    """A copy with this key left out, added, or holding a number where none with a fraction can stand."""
    copy = deepcopy(whole)
    if change == "left out":
        del at(copy, path)[key]
    else:
        at(copy, path)[key] = 1.5
    return copy


def test_the_schema_and_the_reader_refuse_the_same_keys_wherever_they_stand() -> None:
    whole = as_json(full())
    paths = places(whole)
    assert len(paths) >= 46
    refused, differ = 0, []
    for path in paths:
        changes = [(key, change) for key in at(whole, path) for change in ("left out", "of another kind")]
        for key, change in [*changes, ("extra", "added")]:
            copy = changed(whole, path, key, change)
            is_valid = VALIDATOR.is_valid(copy)
            refused += not is_valid
            if is_valid != is_read(copy):
                differ.append((path, key, change))
    assert differ == []
    assert refused > 500


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), "openetd-etd/2"),
        (("criteria", 0, "scale"), []),
        (("criteria", 0, "judgements", 0, "evidence_change"), "perhaps"),
        (("rounds", 0, "tally_display"), "all"),
        (("rounds", 0, "tally_digest"), "ab"),
        (("version", "number"), 0),
        (("version", "number"), True),
        (("tables", 0, "groups", 0, "rows", 0, "n_studies"), -1),
        (("analyses", 0, "input_digest"), "XY" * 32),
    ],
)
def test_a_value_that_nothing_has_is_refused(path: tuple[Any, ...], value: Any) -> None:
    whole = as_json(full())
    at(whole, path[:-1])[path[-1]] = value
    assert len(faults(whole)) >= 1


def test_the_file_in_the_docs_is_of_this_version() -> None:
    file = settings.BASE_DIR / "docs" / FILE_NAME
    assert file.read_bytes() == schema_bytes(), "run: manage.py write_schema"


def test_the_command_writes_the_schema(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "schema.json"
    call_command("write_schema", output=str(file))
    call_command("write_schema", output="-")
    assert capfdbinary.readouterr().out == file.read_bytes() == schema_bytes()
    with pytest.raises(CommandError, match="could not be written") as caught:
        call_command("write_schema", output=str(tmp_path / "no" / "where"))
    assert caught.value.returncode == 2
