"""Where the parts of a document are, and by which framework it was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise

from documents.importing.fragments import Fragment
from documents.importing.labels import REFERENCES, Labels
from documents.importing.roles import TYPED
from documents.importing.ticks import split_mark
from etd.frameworks import Criterion, Framework, Option, QuestionField, Section

# How many lines may stand between a criterion's heading and its judgement: a prompt, and what is printed with it.
_LINES_OF_A_HEADING = 5


class Part(StrEnum):
    BEFORE = "before"
    QUESTION = "question"
    ASSESSMENT = "assessment"
    SUMMARY = "summary"
    TYPE = "type"
    CONCLUSIONS = "conclusions"
    REFERENCES = "references"


class Layout:
    """The fragments of a document by parts; `framework` says what its headings are called."""

    def __init__(self, fragments: Sequence[Fragment], framework: Framework) -> None:
        self.fragments = fragments
        self.framework = framework
        headings = framework.headings
        self._parts = Labels(
            [
                (headings.question, Part.QUESTION),
                (headings.assessment, Part.ASSESSMENT),
                (headings.summary_of_judgements, Part.SUMMARY),
                (headings.type_of_recommendation, Part.TYPE),
                (headings.conclusions, Part.CONCLUSIONS),
                (REFERENCES, Part.REFERENCES),
            ]
        )
        self._judgement = Labels([(headings.judgement, True)])
        self._columns = Labels(
            [
                (headings.judgement, True),
                (headings.research_evidence, True),
                (headings.additional_considerations, True),
            ]
        )
        self._evidence = Labels([(headings.research_evidence, True)])
        self.criteria = Labels(
            [(c.heading, c) for c in framework.criteria] + [(c.prompt, c) for c in framework.criteria]
        )
        self.summary_rows = Labels(
            [(c.summary_heading, c) for c in framework.criteria]
            + [(c.heading, c) for c in framework.criteria]
        )
        self.sections: Labels[Section] = Labels([(s.heading, s) for s in framework.sections])
        self.fields: Labels[QuestionField] = Labels([(f.heading, f) for f in framework.question_fields])
        self.options: dict[str, Labels[Option]] = {
            c.key: Labels([(option.label, option) for option in c.options]) for c in framework.criteria
        }
        self.part_headings: list[Fragment] = []
        self._spans = self._find_parts()

    def lines_of(self, part: Part) -> Sequence[Fragment]:
        start, end = self._spans.get(part, (0, 0))
        return self.fragments[start:end]

    def is_column_heading(self, fragment: Fragment) -> bool:
        return self._columns.find(fragment.text) is not None

    def is_judgement_heading(self, fragment: Fragment) -> bool:
        return self._judgement.find(fragment.text) is not None

    def question_fields(self) -> Iterator[tuple[QuestionField | None, Fragment | None, Sequence[Fragment]]]:
        """First the title's lines (no heading), then each field: what it is, its heading, its lines."""
        lines = self.lines_of(Part.QUESTION)
        starts = [place for place, fragment in enumerate(lines) if self._is_field_heading(fragment)]
        yield None, None, lines[: starts[0] if starts else len(lines)]
        for place, end in pairwise([*starts, len(lines)]):
            yield self._field(lines[place]), lines[place], lines[place + 1 : end]

    def criterion_at(self, place: int) -> Criterion | None:
        """The criterion whose heading stands here: a judgement must follow before anything else does."""
        criterion = self.criteria.find(self.fragments[place].text)
        return criterion if criterion and self._judgement_follows(place, criterion) else None

    def heads_judgement(self, place: int) -> bool:
        """Is this the header row of a criterion's three columns?"""
        if not self.is_judgement_heading(self.fragments[place]):
            return False
        following = self._next_printed(place)
        return following is not None and self._evidence.find(self.fragments[following].text) is not None

    def _judgement_follows(self, place: int, criterion: Criterion) -> bool:
        for _ in range(_LINES_OF_A_HEADING):
            following = self._next_printed(place)
            if following is None:
                return False
            fragment = self.fragments[following]
            mark, label = split_mark(fragment.text)
            if self.is_judgement_heading(fragment) or (mark and self.options[criterion.key].find(label)):
                return True
            if self.criteria.find(fragment.text) not in (None, criterion) or self._parts.find(fragment.text):
                return False
            place = following
        return False

    def _next_printed(self, place: int) -> int | None:
        following = place + 1
        while following < len(self.fragments) and self.fragments[following].is_blank:
            following += 1
        return following if following < len(self.fragments) else None

    def _is_field_heading(self, fragment: Fragment) -> bool:
        """A known field, or an unknown one in GRADEpro's form: capitals and a colon at the beginning of a cell."""
        if fragment.role in TYPED:
            return False
        name, colon, _ = fragment.folded.partition(":")
        if self._field(fragment) is not None:
            return bool(colon) or fragment.begins_cell
        return bool(colon) and fragment.begins_cell and name.isupper() and len(name) > 2

    def _field(self, fragment: Fragment) -> QuestionField | None:
        name, _, text = fragment.folded.partition(":")
        found = self.fields.find(name)
        # "Population: adults" in running text is no heading, "POPULATION: adults" is one.
        return found if found and (name.isupper() or not text or fragment.begins_cell) else None

    def _find_parts(self) -> dict[Part, tuple[int, int]]:
        found: dict[Part, int] = {}
        for place, fragment in enumerate(self.fragments):
            part = self._parts.find(fragment.text)
            if part and part not in found and self._stands_alone(place):
                found[part] = place
        self.has_two_questions = (
            sum(
                self._parts.find(fragment.text) == Part.QUESTION and self._stands_alone(place)
                for place, fragment in enumerate(self.fragments)
            )
            > 1
        )
        self.part_headings = [self.fragments[place] for place in found.values()]
        starts = {part: place + 1 for part, place in found.items()}
        borders = sorted([*found.values(), len(self.fragments)])
        spans = {
            part: (start, next(border for border in borders if border >= start))
            for part, start in starts.items()
        }
        before = (0, borders[0])
        if Part.QUESTION not in spans and self._has_field(*before):
            spans[Part.QUESTION] = before
        else:
            spans[Part.BEFORE] = before
        if Part.ASSESSMENT not in spans:
            self._assessment_without_heading(spans)
        return spans

    def _assessment_without_heading(self, spans: dict[Part, tuple[int, int]]) -> None:
        for part in (Part.QUESTION, Part.BEFORE):
            start, end = spans.get(part, (0, 0))
            for place in range(start, end):
                if self.criterion_at(place):
                    spans[part], spans[Part.ASSESSMENT] = (start, place), (place, end)
                    return

    def _has_field(self, start: int, end: int) -> bool:
        return any(self._field(fragment) and ":" in fragment.text for fragment in self.fragments[start:end])

    def _stands_alone(self, place: int) -> bool:
        """In capitals, or with nothing beside it: a word in running text is no heading."""
        fragment = self.fragments[place]
        if fragment.folded.isupper():
            return True
        before = self.fragments[place - 1] if place else None
        after = self.fragments[place + 1] if place + 1 < len(self.fragments) else None
        return (before is None or before.is_blank or fragment.begins_cell) and (
            after is None or after.is_blank or after.begins_cell
        )


def best_framework(fragments: Sequence[Fragment], frameworks: Sequence[Framework]) -> Framework:
    """The framework with most of the document's criteria, then with most of its very words, then the first."""
    printed = {fragment.folded for fragment in fragments if len(fragment.text) < 300}

    def fit(framework: Framework) -> tuple[int, int, int]:
        criteria = Labels([(criterion.heading, criterion.key) for criterion in framework.criteria])
        found = {key for text in printed if (key := criteria.find(text))}
        exact = sum(label in printed for label in _labels(framework))
        return len(found), len(found) - len(framework.criteria), exact

    return max(frameworks, key=fit)


def _labels(framework: Framework) -> set[str]:
    """Its words but those of the judgements, which all frameworks have in their own order."""
    return {
        *(criterion.heading for criterion in framework.criteria),
        *(criterion.prompt for criterion in framework.criteria),
        *(kind.label for kind in framework.recommendation_types),
        *(section.heading for section in framework.sections),
    }
