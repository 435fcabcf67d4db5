"""The example's text and what its fixture says is in it, for tests of the reader."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from documents.importing import ImportedEtd, read_text
from etd.frameworks import Framework, all_frameworks

FOLDER = Path(__file__).parents[4] / "fixtures" / "ilcor-mcs-after-rosc"
SOURCE = (FOLDER / "source.txt").read_text(encoding="utf-8")
QUESTION_FIELDS = ("population", "intervention", "comparison", "main_outcomes", "setting")

# What the text cannot say. The address is made from the title, guideline and source are about the file, not in it.
CANNOT_SAY = ("question.slug", "guideline", "source")


def document() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "document.toml").read_text(encoding="utf-8"))


def outcome_rows() -> list[dict[str, str]]:
    with (FOLDER / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def frameworks(strength_word: str) -> list[Framework]:
    """As a guideline with this word offers them, the newest first."""
    newest_first = sorted(all_frameworks(), key=lambda framework: -framework.version)
    return [framework.worded(strength_word) for framework in newest_first]


def read_example(text: str = SOURCE) -> ImportedEtd:
    return read_text(text, frameworks=frameworks(document()["guideline"]["strength_word"]))


def as_fixture(etd: ImportedEtd) -> dict[str, Any]:
    """What was read, in the form of document.toml and outcomes.csv."""
    (table,) = etd.tables
    return {
        "question": {
            "title": etd.title,
            "framework_key": etd.framework.key,
            "framework_version": etd.framework.version,
            "intervention_label": etd.intervention_label,
            "comparison_label": etd.comparison_label,
            **etd.fields,
        },
        "criterion": [
            {
                "key": one.key,
                "options": list(one.options),
                "research_evidence": one.research_evidence,
                "additional_considerations": one.additional_considerations,
            }
            for one in etd.criteria
        ],
        "outcome_table": {
            "criterion": table.criterion_key,
            "number": table.number,
            "title": table.title,
            "column_headings": list(table.column_headings),
            "abbreviations": table.abbreviations,
            "footnotes": table.footnotes,
        },
        "outcome": [{"name": name, "better": side} for name, side in etd.better.items()],
        "recommendation": {"type": ", ".join(etd.types)},
        "statement": [
            {
                name: value
                for name, value in vars(one).items()
                if value or name in ("kind", "text", "population")
            }
            for one in etd.statements
        ],
        "section": [{"key": key, "body": body} for key, body in etd.sections.items()],
        "rows": [{"outcome": row.outcome, "population": row.population, **row.cells} for row in table.rows],
        "references_cited": list(etd.references),
    }


def expected() -> dict[str, Any]:
    """The fixture without what the text cannot say."""
    content = document()
    content |= {"rows": outcome_rows(), "references_cited": content["source"]["references_cited"]}
    for path in CANNOT_SAY:
        table, _, field = path.rpartition(".")
        del (content[table] if table else content)[field]
    return content


def differences(read: Any, fixture: Any, place: str = "") -> Iterator[str]:
    """One message a field that differs, with its place."""
    if isinstance(read, dict) and isinstance(fixture, dict):
        for name in [*fixture, *(name for name in read if name not in fixture)]:
            yield from differences(read.get(name), fixture.get(name), f"{place}.{name}".strip("."))
    elif isinstance(read, list) and isinstance(fixture, list) and len(read) == len(fixture):
        for number, (one, other) in enumerate(zip(read, fixture, strict=True), start=1):
            yield from differences(one, other, f"{place}[{number}]")
    elif read != fixture:
        yield f"{place}: read {read!r}, the fixture has {fixture!r}"
