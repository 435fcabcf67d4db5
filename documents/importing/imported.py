"""What was read of a document, and what became of every line of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from etd.frameworks import Framework


@dataclass(frozen=True)
class ImportedCriterion:
    """One criterion that the document has: keys of the ticked options in printed order, texts as CommonMark.

    `applies_to` says of each option what it applies to; empty where the document says it of none.
    """

    key: str
    heading: str
    options: tuple[str, ...]
    research_evidence: str
    additional_considerations: str
    applies_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportedRow:
    """One row of reported results. `cells` are the printed digits by name, empty where the document has none.

    Names: n_studies, footnote_mark, measure ("OR"…), events_*, n_* and percent_* of both arms, estimate, ci_low,
    ci_high, p_value, i2; percentages and I² in percent, without the sign, decimals with a point. Where a document has
    the numbers in full too, they are the `cells`, also tau_squared, and the printed digits are `printed`.
    """

    outcome: str
    population: str
    cells: Mapping[str, str]
    printed: Mapping[str, str] | None = None


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
    """One statement of the recommendation; what its own words do not say is empty. Values as the database has them.

    `answers` are those of a good practice statement: question's key, answer, rationale.
    """

    kind: str
    text: str
    population: str = ""
    strength: str = ""
    direction: str = ""
    certainty: str = ""
    remark: str = ""
    paradigm: str = ""
    paradigm_reason: str = ""
    practice_basis: str = ""
    answers: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Understood:
    """Lines of the document, verbatim, and what they became. Line 0: the document has no lines (JSON)."""

    first_line: int
    last_line: int
    text: str
    became: str


@dataclass(frozen=True)
class NotUnderstood:
    """Lines that have no place in the question, verbatim; `where` is their place in the document, lines as above."""

    first_line: int
    last_line: int
    where: str
    text: str
    reason: str

    @property
    def place(self) -> str:
        return f"{self.where} ({_lines(self.first_line, self.last_line)})" if self.first_line else self.where


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
    document cites a number and lists nothing; `identifiers` are DOI and PMID by number. `certainty` is the level of
    the outcomes that are rated. `organisation` is whose document it is, where it says so."""

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
    identifiers: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    certainty: Mapping[str, str] = field(default_factory=dict)
    people_per: int = 1000
    organisation: str = ""

    @property
    def has_content(self) -> bool:
        """Is there anything by which it can be told to be an Evidence-to-Decision document?"""
        return bool(self.criteria or self.statements or self.types or len(self.fields) > 1)

    def flagged(self, flag: Flag) -> ImportedEtd:
        """The same with one more thing to look at, before all others."""
        return replace(self, flags=(flag, *self.flags))

    def to_json(self) -> dict[str, Any]:
        content = asdict(replace(self, framework=None))  # type: ignore[arg-type]
        content["framework"] = {"key": self.framework.key, "version": self.framework.version}
        return content


def _lines(first: int, last: int) -> str:
    return f"line {first}" if first == last else f"lines {first} to {last}"
