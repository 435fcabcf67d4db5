"""What a decision framework is: its criteria, their options, the types of recommendation and the headings.

Frameworks are read from files (`loader.py`) and never change afterwards. Nothing outside the files knows a
key of theirs: rules that need "the certainty criterion" or "the balance criterion" ask for a `Role`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, TypeVar

GRID_COLUMNS = 7
SCALE_COLUMNS = 5
# The other word for a conditional recommendation that a guideline can choose.
WEAK = "weak"


class UnknownKey(KeyError):
    """A key that the framework does not have. Its text names the framework, the kind of thing and the key."""

    def __str__(self) -> str:
        return str(self.args[0])


class OptionKind(StrEnum):
    """Whether an option is a step of the scale or stands outside it ("Varies", "Don't know")."""

    SCALE = "scale"
    UNSURE = "unsure"


class OptionDirection(StrEnum):
    """Which side an option speaks for; NONE where the criterion is neutral (certainty, values) or unsure."""

    INTERVENTION = "intervention"
    COMPARISON = "comparison"
    NEITHER = "neither"
    NONE = ""


class Strength(StrEnum):
    """Strength of a type of recommendation; NONE for decisions without one (coverage, health systems)."""

    STRONG = "strong"
    CONDITIONAL = "conditional"
    NONE = ""


class RecommendationDirection(StrEnum):
    FOR = "for"
    AGAINST = "against"
    EITHER = "either"
    NONE = ""


class Role(StrEnum):
    """What a criterion means to the rules that look at several criteria together."""

    OVERALL_CERTAINTY = "overall_certainty"
    DESIRABLE = "desirable"
    UNDESIRABLE = "undesirable"
    BALANCE = "balance"
    VALUES = "values"


class SectionHolds(StrEnum):
    """What a section of the conclusions holds: running text, or the statements of the recommendation."""

    TEXT = "text"
    STATEMENTS = "statements"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a criterion: `label` as printed, `column` 1 to 7 in the summary of judgements."""

    key: str
    label: str
    column: int
    kind: OptionKind
    direction: OptionDirection = OptionDirection.NONE
    awaits_check: bool = False

    @property
    def is_scale(self) -> bool:
        return self.kind is OptionKind.SCALE


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion, its words as printed, its options in printed order.

    `multiple` says whether GRADE lets a panel tick several options. Two options where it is false are kept
    and flagged, never refused. `prompt_awaits_check` marks a prompt that no document at hand prints, `awaits_check`
    the criterion itself: that the framework has it, its heading and its options. `help` are the more detailed
    questions that a panel may consider, `help_awaits_check` those of them that no document at hand prints.
    """

    key: str
    heading: str
    summary_heading: str
    prompt: str
    options: tuple[Option, ...]
    multiple: bool = False
    certainty: bool = False
    role: Role | None = None
    prompt_awaits_check: bool = False
    awaits_check: bool = False
    help: tuple[str, ...] = ()
    help_awaits_check: tuple[str, ...] = ()

    def option(self, key: str) -> Option:
        """The option with this key. Raises `UnknownKey`."""
        return _find(self.options, key, f"criterion '{self.key}' has no option")

    @property
    def scale(self) -> tuple[Option, ...]:
        """The options of the scale, from the first column on: for certainty from very low to high."""
        return tuple(option for option in self.options if option.is_scale)

    @property
    def to_consider(self) -> tuple[str, ...]:
        """All detailed questions, those that await a check last."""
        return self.help + self.help_awaits_check

    @property
    def cells(self) -> tuple[Option | None, ...]:
        """The criterion's row in the summary of judgements: seven cells, None where a cell is blank."""
        by_column = {option.column: option for option in self.options}
        return tuple(by_column.get(column) for column in range(1, GRID_COLUMNS + 1))


@dataclass(frozen=True, slots=True)
class RecommendationType:
    """One choice of the "type of recommendation" row, its label as printed.

    `weak_label` is its label where a guideline calls conditional recommendations weak; empty: the same.
    """

    key: str
    label: str
    strength: Strength = Strength.NONE
    direction: RecommendationDirection = RecommendationDirection.NONE
    weak_label: str = ""
    awaits_check: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of the conclusions."""

    key: str
    heading: str
    holds: SectionHolds = SectionHolds.TEXT
    awaits_check: bool = False

    @property
    def holds_statements(self) -> bool:
        return self.holds is SectionHolds.STATEMENTS


@dataclass(frozen=True, slots=True)
class QuestionField:
    """One line of the question box. An `optional` field is printed only when it is filled in."""

    key: str
    heading: str
    optional: bool = False
    awaits_check: bool = False


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of the document's parts and of a criterion's three columns, as printed."""

    question: str
    assessment: str
    judgement: str
    research_evidence: str
    additional_considerations: str
    summary_of_judgements: str
    type_of_recommendation: str
    conclusions: str


@dataclass(frozen=True, slots=True)
class Framework:
    """A whole framework; everything in printed order. `language` is a BCP 47 tag ("en-US").

    `description` says for whom it is meant, and may be empty. A `retired` framework is not offered for new questions.
    `awaits_check` marks the choice and the order of its criteria, `headings_await_check` its headings.
    """

    key: str
    version: int
    title: str
    language: str
    source: str
    headings: Headings
    question_fields: tuple[QuestionField, ...]
    criteria: tuple[Criterion, ...]
    recommendation_types: tuple[RecommendationType, ...]
    sections: tuple[Section, ...]
    description: str = ""
    retired: bool = False
    awaits_check: bool = False
    headings_await_check: bool = False

    @property
    def name(self) -> str:
        """Key and version in one, for messages and digests: "grade_clinical_population v1"."""
        return f"{self.key} v{self.version}"

    def criterion(self, key: str) -> Criterion:
        """The criterion with this key. Raises `UnknownKey`."""
        return _find(self.criteria, key, f"{self.name} has no criterion")

    def recommendation_type(self, key: str) -> RecommendationType:
        """The type of recommendation with this key. Raises `UnknownKey`."""
        return _find(self.recommendation_types, key, f"{self.name} has no type of recommendation")

    def section(self, key: str) -> Section:
        """The section of the conclusions with this key. Raises `UnknownKey`."""
        return _find(self.sections, key, f"{self.name} has no section")

    def question_field(self, key: str) -> QuestionField:
        """The line of the question box with this key. Raises `UnknownKey`."""
        return _find(self.question_fields, key, f"{self.name} has no question field")

    def criterion_with_role(self, role: Role) -> Criterion | None:
        """The criterion that plays this role, or None: a short framework need not have all roles."""
        return next((criterion for criterion in self.criteria if criterion.role is role), None)

    def worded(self, strength_word: str) -> Framework:
        """The framework in a guideline's own word, "conditional" or "weak": labels of types differ, keys do not."""
        if strength_word != WEAK:
            return self
        types = tuple(replace(t, label=t.weak_label or t.label) for t in self.recommendation_types)
        return replace(self, recommendation_types=types)

    @property
    def statements_section(self) -> Section:
        """The one section that holds the statements of the recommendation."""
        return next(section for section in self.sections if section.holds_statements)


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


KeyedT = TypeVar("KeyedT", bound=_Keyed)


def _find(things: Iterable[KeyedT], key: str, complaint: str) -> KeyedT:
    for thing in things:
        if thing.key == key:
            return thing
    raise UnknownKey(f"{complaint} '{key}'")
