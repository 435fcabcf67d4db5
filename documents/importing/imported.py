"""What was read of a document, and what became of every line of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from etd.frameworks import Framework


@dataclass(frozen=True)
class ImportedCriterion:
    """One criterion that the document has: keys of the ticked options in printed order, texts as CommonMark."""

    key: str
    heading: str
    options: tuple[str, ...]
    research_evidence: str
    additional_considerations: str


@dataclass(frozen=True)
class ImportedRow:
    """One row of reported results. `cells` are the printed digits by name, empty where the document has none.

    Names: n_studies, footnote_mark, measure ("OR"…), events_*, n_* and percent_* of both arms, estimate, ci_low,
    ci_high, p_value, i2; percentages and I² in percent, without the sign, decimals with a point.
    """

    outcome: str
    population: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class ImportedTable:
    """A table of results that stands under the research evidence of a criterion; its labels of the two arms."""

    criterion_key: str
    number: int
    title: str
    column_headings: tuple[str, ...]
    intervention_label: str
    comparison_label: str
    abbreviations: str
    footnotes: str
    rows: tuple[ImportedRow, ...]


@dataclass(frozen=True)
class ImportedStatement:
    """One statement of the recommendation; what its own words do not say is empty. Values as the database has them."""

    kind: str
    text: str
    population: str = ""
    strength: str = ""
    direction: str = ""
    certainty: str = ""


@dataclass(frozen=True)
class Understood:
    """Lines of the document, verbatim, and what they became."""

    first_line: int
    last_line: int
    text: str
    became: str


@dataclass(frozen=True)
class NotUnderstood:
    """Lines that have no place in the question, verbatim; `where` is their place in the document."""

    first_line: int
    last_line: int
    where: str
    text: str
    reason: str

    @property
    def place(self) -> str:
        return f"{self.where} ({_lines(self.first_line, self.last_line)})"


@dataclass(frozen=True)
class Flag:
    """Something that a person should look at: it was taken as it stands, or read with an assumption."""

    where: str
    message: str


@dataclass(frozen=True)
class ImportedEtd:
    """A document as it was read. `fields` are texts of the question by key; `better` is "higher" or "lower" for the
    outcomes whose name says which way is better; `types` are the keys of the ticked types of recommendation;
    `note` is what stands among the statements and is none; `references` maps numbers to citations, empty where the
    document cites a number and lists nothing."""

    framework: Framework
    title: str
    fields: Mapping[str, str]
    intervention_label: str
    comparison_label: str
    criteria: tuple[ImportedCriterion, ...]
    tables: tuple[ImportedTable, ...]
    better: Mapping[str, str]
    types: tuple[str, ...]
    statements: tuple[ImportedStatement, ...]
    note: str
    sections: Mapping[str, str]
    references: Mapping[int, str]
    flags: tuple[Flag, ...]
    understood: tuple[Understood, ...]
    not_understood: tuple[NotUnderstood, ...]

    @property
    def has_content(self) -> bool:
        """Is there anything by which it can be told to be an Evidence-to-Decision document?"""
        return bool(self.criteria or self.statements or self.types or len(self.fields) > 1)

    def to_json(self) -> dict[str, Any]:
        content = asdict(replace(self, framework=None))  # type: ignore[arg-type]
        content["framework"] = {"key": self.framework.key, "version": self.framework.version}
        return content


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"
