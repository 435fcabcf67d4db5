"""What was read from an uploaded file, as it is stored with the upload and shown before it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from metaanalysis.importers import ParsedTable, Problem, StudyRow


@dataclass(frozen=True, order=True)
class Group:
    """The rows of a file with one outcome and one population, both as the file names them ("" where it does not)."""

    outcome: str
    population: str

    def __str__(self) -> str:
        return ", ".join(part for part in (self.outcome, self.population) if part) or "all rows"


def to_json(table: ParsedTable) -> dict[str, Any]:
    return asdict(table)


def from_json(stored: Mapping[str, Any]) -> ParsedTable:
    """The inverse of `to_json`, also after a database has made lists of the tuples."""
    return ParsedTable(
        **{
            **stored,
            "sheets": tuple(stored["sheets"]),
            "column_mapping": tuple((written, name) for written, name in stored["column_mapping"]),
            "rows": tuple(StudyRow(**row) for row in stored["rows"]),
            "problems": tuple(Problem(**problem) for problem in stored["problems"]),
            "notices": tuple(stored["notices"]),
        }
    )


def groups(table: ParsedTable) -> dict[Group, list[StudyRow]]:
    """The rows by outcome and population, in the order of the file."""
    found: dict[Group, list[StudyRow]] = {}
    for row in table.rows:
        found.setdefault(Group(row.outcome, row.population), []).append(row)
    return found
