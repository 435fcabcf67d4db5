"""What the coherence checks read: a whole question with its words, judgements, statements, tables and references.

Plain values, so that a check needs no database. Keys of a framework have no place here: a criterion is known by its
role and by the directions of its options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from etd.frameworks.schema import OptionDirection, RecommendationDirection, Role, Strength

RECOMMENDATION = "recommendation"


@dataclass(frozen=True, slots=True)
class Passage:
    """A text as it was typed (CommonMark, [^1] for a citation) and where it stands, in a reader's words."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One option of a scale, `column` 1 to 5 from left to right."""

    label: str
    column: int
    direction: OptionDirection = OptionDirection.NONE


@dataclass(frozen=True, slots=True)
class Choice:
    """A recorded judgement; `step` is None for "Varies", "Don't know" and other options outside the scale.

    `applies_to` is empty for all, or names what it is for. `from_document`: nobody on the panel here decided it.
    """

    label: str
    step: Step | None
    applies_to: str = ""
    reason: str = ""
    from_document: bool = False


@dataclass(frozen=True, slots=True)
class CriterionInput:
    """One criterion. `scale` in printed order; `stated_basis`: voters said what they rest on without evidence."""

    heading: str
    scale: tuple[Step, ...]
    choices: tuple[Choice, ...] = ()
    role: Role | None = None
    multiple: bool = False
    is_certainty: bool = False
    research_evidence: str = ""
    additional_considerations: str = ""
    has_table: bool = False
    stated_basis: bool = False

    @property
    def evidence(self) -> Passage:
        return Passage(f"{self.heading} – research evidence", self.research_evidence)

    @property
    def considerations(self) -> Passage:
        return Passage(f"{self.heading} – additional considerations", self.additional_considerations)

    @property
    def on_scale(self) -> tuple[Step, ...]:
        """The chosen steps of the scale."""
        return tuple(choice.step for choice in self.choices if choice.step)

    @property
    def chosen(self) -> str:
        """`“Small”`, `“Moderate costs” and “Negligible costs and savings”`."""
        return " and ".join(f"“{choice.label}”" for choice in self.choices)

    @property
    def all_on_scale(self) -> bool:
        """Is there a judgement, and does none stand outside the scale?"""
        return bool(self.choices) and all(choice.step for choice in self.choices)


@dataclass(frozen=True, slots=True)
class StatementInput:
    """One statement; strength, direction and certainty are stored keys, empty where it carries none.

    `population` is empty where it is the question's. `practice_questions_open` counts the five questions of a good
    practice statement not answered with yes.
    """

    number: int
    kind: str
    text: str
    population: str = ""
    strength: str = ""
    direction: str = ""
    certainty: str = ""
    remark: str = ""
    paradigm: str = ""
    practice_questions_open: int = 0

    @property
    def where(self) -> str:
        return f"Statement {self.number}"

    @property
    def is_recommendation(self) -> bool:
        return self.kind == RECOMMENDATION


@dataclass(frozen=True, slots=True)
class SectionInput:
    heading: str
    body: str
    holds_statements: bool = False


@dataclass(frozen=True, slots=True)
class TypeInput:
    """The chosen type of recommendation."""

    label: str
    strength: Strength
    direction: RecommendationDirection


@dataclass(frozen=True, slots=True)
class RowInput:
    """One row of an outcome table. `estimate` on the natural scale, `has_data`: a count or estimate."""

    outcome: str
    population: str
    better: str
    measure: str
    estimate: float | None
    has_data: bool


@dataclass(frozen=True, slots=True)
class TableInput:
    number: int
    title: str
    abbreviations: str = ""
    footnotes: str = ""
    rows: tuple[RowInput, ...] = ()

    @property
    def where(self) -> str:
        return f"Table {self.number}"


@dataclass(frozen=True, slots=True)
class OutcomeInput:
    """An outcome; certainty, importance and design are stored keys, empty where there are none."""

    name: str
    better: str
    importance: str = ""
    certainty: str = ""
    design: str = ""


@dataclass(frozen=True, slots=True)
class PanelInput:
    """Who decided, when and how. `undeclared` names voting members who declared no interests, nor that they have none.

    `agreed_on` is the day on which the panel agreed, ISO 8601, empty where it has not; `n_rounds` rounds of votes that
    are over.
    """

    members: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    agreed_on: str = ""
    n_rounds: int = 0


@dataclass(frozen=True, slots=True)
class EtdInput:
    """One question. `fields` are the lines of the question box; `main_outcomes` is one of them or empty.

    `references` gives each listed number its citation, empty where the number stands alone. `n_summary_rows` are the
    outcomes of its Summary of Findings, `n_absolute` those of them with an absolute effect.
    """

    title: str
    intervention_label: str
    comparison_label: str
    criteria: tuple[CriterionInput, ...]
    fields: tuple[Passage, ...] = ()
    main_outcomes: Passage = Passage("Main outcomes", "")
    type: TypeInput | None = None
    type_note: str = ""
    statements: tuple[StatementInput, ...] = ()
    sections: tuple[SectionInput, ...] = ()
    tables: tuple[TableInput, ...] = ()
    outcomes: tuple[OutcomeInput, ...] = ()
    references: Mapping[int, str] = field(default_factory=dict, hash=False)
    panel: PanelInput = PanelInput()
    n_summary_rows: int = 0
    n_absolute: int = 0

    def with_role(self, role: Role) -> CriterionInput | None:
        return next((criterion for criterion in self.criteria if criterion.role is role), None)

    @property
    def rows(self) -> tuple[RowInput, ...]:
        return tuple(row for table in self.tables for row in table.rows)

    def running_texts(self) -> Iterator[Passage]:
        """The texts that argue: criteria and conclusions, empty ones left out."""
        for criterion in self.criteria:
            yield from (part for part in (criterion.evidence, criterion.considerations) if part.text.strip())
        yield from (
            Passage(section.heading, section.body) for section in self.sections if section.body.strip()
        )
        if self.type_note.strip():
            yield Passage("Type of recommendation – note", self.type_note)

    def all_texts(self) -> Iterator[Passage]:
        """Every text of the question in the order of the document, empty ones left out."""
        yield from (passage for passage in self.fields if passage.text.strip())
        yield from self.running_texts()
        for table in self.tables:
            parts = (table.title, table.abbreviations, table.footnotes)
            yield from (Passage(table.where, part) for part in parts if part.strip())
        for statement in self.statements:
            yield Passage(statement.where, statement.text)
            if statement.remark.strip():
                yield Passage(f"{statement.where} – remark", statement.remark)
