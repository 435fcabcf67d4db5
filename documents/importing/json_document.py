"""Our own document as JSON → `ImportedEtd`: what a question can hold is taken over, the rest is kept in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from documents import schema
from documents.importing.imported import (
    Flag,
    ImportedCriterion,
    ImportedEtd,
    ImportedRow,
    ImportedStatement,
    ImportedTable,
    NotUnderstood,
    Understood,
)
from documents.importing.json_rows import RowProblem, read_row
from etd.domain.recommendation_rules import (
    ANSWERS,
    PARADIGMS,
    PRACTICE_BASES,
    PRACTICE_QUESTIONS,
    faults,
)
from etd.domain.references import NoIdentifier, clean_doi, clean_pmid
from etd.frameworks import Criterion, Framework

BETTER = ("higher", "lower")
# The words of a document for its levels of certainty: what an outcome keeps is the key.
CERTAINTY = {"High": "high", "Moderate": "moderate", "Low": "low", "Very low": "very_low"}
KINDS = ("recommendation", "good_practice_statement", "research_only", "no_recommendation")
STRENGTHS = ("", "strong", "conditional")
DIRECTIONS = ("", "for", "against", "either")
PEOPLE_PER = (100, 1000, 10_000, 100_000)
TAKEN_OVER = "document"
COMPUTED = "computed"
_LARGEST_REFERENCE = 99_999
_LONGEST_LABEL = 60
_LONGEST_NAME = 500
_LONGEST_SHOWN = 80


class NotOurDocument(ValueError):
    """JSON that is no document of ours, or none that can be stored; the message says why and what to do."""


def read_json(text: str, *, frameworks: Sequence[Framework]) -> ImportedEtd:
    """The document of a `document.json`, read by the one of these frameworks that has its criteria.

    Judgements, texts, numbers and references come in as they are. A row that was recomputed comes in as a reported one,
    as no analysis of ours stands behind it here; where a reported row stands beside it, that one is taken. Votes,
    panel, analyses, versions and summary tables are in `not_understood`, each under its heading, to be kept in words.
    Raises NotOurDocument.
    """
    document = _document(text)
    framework, difference = _framework(document, frameworks)
    reader = _Reader(document, framework)
    if difference:
        reader.flag("Framework", difference)
    return reader.read()


def _document(text: str) -> schema.EtdDocument:
    try:
        value = json.loads(text.removeprefix("\ufeff"), parse_constant=_no_constant)
    except RecursionError as error:
        raise NotOurDocument("The JSON is nested too deeply to be a document of ours.") from error
    except ValueError as error:
        raise NotOurDocument(f"This is no valid JSON: {error}. Export the document again.") from error
    if not isinstance(value, Mapping) or "schema_version" not in value:
        raise NotOurDocument(
            "This is JSON, but not a document of OpenEtD: it names no schema_version. Export the question as JSON, "
            "or save the document as Word, HTML or plain text."
        )
    try:
        plain = json.dumps(value, ensure_ascii=False)
        plain.encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise NotOurDocument("The JSON holds signs that are no text, or is nested too deeply.") from error
    if "\\u0000" in plain:
        raise NotOurDocument("The JSON holds zero signs (\\u0000), which no text has.")
    try:
        return schema.from_json(value)
    except schema.UnknownSchema as error:
        raise NotOurDocument(
            f"This is not a document that this version of OpenEtD reads: {str(error)[:300]}. "
            "A newer version may have written it, or it was changed by hand."
        ) from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _framework(document: schema.EtdDocument, frameworks: Sequence[Framework]) -> tuple[Framework, str]:
    """The framework with most of the document's criteria and options in the same words, its own before all others;
    and what to look at, empty where it is the very one."""

    def fit(framework: Framework) -> tuple[int, int, int, bool]:
        known = {criterion.key: criterion for criterion in framework.criteria}
        there = [
            (criterion, known[criterion.key]) for criterion in document.criteria if criterion.key in known
        ]
        options = sum(_labels_of(one) == {o.key: o.label for o in own.options} for one, own in there)
        headings = sum(one.heading == own.heading for one, own in there)
        return options, headings, -len(framework.criteria), _is_of(framework, document.framework)

    best = max(frameworks, key=fit)
    named = f"“{document.framework.title}” ({document.framework.key}, version {document.framework.version})"
    if _is_of(best, document.framework) and best.title == document.framework.title:
        return best, ""
    return best, f"The document was made with {named}. It is read by “{best.title}”, which fits it best here."


def _is_of(framework: Framework, named: schema.Framework) -> bool:
    return (framework.key, framework.version) == (named.key, named.version)


def _labels_of(criterion: schema.Criterion) -> dict[str, str]:
    return {option.key: option.label for option in criterion.scale if option}


class _Reader:
    def __init__(self, document: schema.EtdDocument, framework: Framework) -> None:
        self._document = document
        self._framework = framework
        self._flags: list[Flag] = []
        self._understood: list[Understood] = []
        self._left: list[NotUnderstood] = []
        self._better: dict[str, str] = {}
        self._certainty: dict[str, str] = {}

    def flag(self, where: str, message: str) -> None:
        self._flags.append(Flag(where, message))

    def read(self) -> ImportedEtd:
        document = self._document
        fields = self._fields()
        labels = [
            self._arm(label, name)
            for label, name in (
                (document.question.intervention_label, "intervention"),
                (document.question.comparison_label, "comparison"),
            )
        ]
        criteria = tuple(self._criteria())
        tables = tuple(self._tables())
        types = self._types()
        statements = tuple(self._statements())
        sections = self._sections()
        references, identifiers = self._references()
        self._keep_the_rest()
        per = [table.people_per for table in document.summary_tables if table.people_per in PEOPLE_PER]
        return ImportedEtd(
            framework=self._framework,
            title=document.question.title,
            fields=fields,
            intervention_label=labels[0],
            comparison_label=labels[1],
            criteria=criteria,
            tables=tables,
            better=self._better,
            types=types,
            statements=statements,
            note=document.recommendation_note,
            sections=sections,
            references=references,
            flags=tuple(self._flags),
            understood=tuple(self._understood),
            not_understood=tuple(self._left),
            identifiers=identifiers,
            certainty=self._certainty,
            people_per=per[0] if per else 1000,
            organisation=document.guideline.organisation or document.guideline.title,
        )

    def _take(self, text: str, became: str) -> None:
        self._understood.append(Understood(0, 0, text, became))

    def _leave(self, where: str, text: str, reason: str) -> None:
        if text.strip():
            self._left.append(NotUnderstood(0, 0, where, text, reason))

    def _fields(self) -> dict[str, str]:
        self._take(self._document.question.title, "Question: title")
        known = {field.key: field.heading for field in self._framework.question_fields}
        fields: dict[str, str] = {}
        for field in self._document.question.fields:
            if field.key in known and field.key not in fields:
                fields[field.key] = field.text
                self._take(field.text, f"Question: {known[field.key]}")
            else:
                self._leave(f"Question, {field.heading}", field.text, "It is no field of this framework.")
        return fields

    def _arm(self, label: str, name: str) -> str:
        if len(label) > _LONGEST_LABEL:
            self.flag("Question", f"The name of the {name}, “{label}”, is too long for tables; it was cut.")
            return f"{label[: _LONGEST_LABEL - 1]}…"
        return label

    def _criteria(self) -> Iterator[ImportedCriterion]:
        known = {criterion.key: criterion for criterion in self._framework.criteria}
        seen: set[str] = set()
        for one in self._document.criteria:
            if one.key not in known or one.key in seen:
                reason = "No such criterion is in the framework."
                self._leave(f"Assessment, {one.heading}", _criterion_in_words(one), reason)
                continue
            seen.add(one.key)
            yield self._criterion(one, known[one.key])
        for key, criterion in known.items():
            if key not in seen:
                self.flag(criterion.heading, "The document does not have this criterion.")

    def _criterion(self, one: schema.Criterion, criterion: Criterion) -> ImportedCriterion:
        where = f"{criterion.heading}, judgement"
        labels = {option.key: option.label for option in criterion.options}
        chosen: dict[tuple[str, str], None] = {}
        for judgement in one.judgements:
            if judgement.option_key in labels:
                chosen[judgement.option_key, judgement.applies_to] = None
                if judgement.label != labels[judgement.option_key]:
                    self.flag(
                        where,
                        f"The document says “{judgement.label}”, the framework "
                        f"“{labels[judgement.option_key]}” for the same option.",
                    )
            else:
                said = " · ".join(filter(None, (judgement.label, judgement.applies_to)))
                self._leave(where, said, "It is no option of this criterion: the judgement may be missing.")
        marked = {option.key for option in one.scale if option and option.chosen}
        if marked != {judgement.option_key for judgement in one.judgements}:
            self.flag(
                where, "Its scale marks other options than its judgements name. The judgements were taken."
            )
        said = " · ".join(f"{labels[key]} ({to})" if to else labels[key] for key, to in chosen)
        if len({key for key, _ in chosen}) > 1 and not criterion.multiple and not any(to for _, to in chosen):
            self.flag(
                where,
                f"{len(chosen)} options are ticked where the framework takes one: {said}. Both were kept.",
            )
        if chosen:
            self._take(said, f"{where}: ticked")
        else:
            self.flag(where, "No option is ticked.")
        for text, name in (
            (one.research_evidence, "research evidence"),
            (one.additional_considerations, "additional considerations"),
        ):
            if text:
                self._take(text, f"{criterion.heading}: {name}")
        return ImportedCriterion(
            key=one.key,
            heading=criterion.heading,
            options=tuple(key for key, _ in chosen),
            research_evidence=one.research_evidence,
            additional_considerations=one.additional_considerations,
            applies_to=tuple(to for _, to in chosen),
        )

    def _tables(self) -> Iterator[ImportedTable]:
        headings = {criterion.key: criterion.heading for criterion in self._framework.criteria}
        numbers: set[int] = set()
        for table in self._document.tables:
            where = f"Table {table.number}"
            if table.criterion_key not in headings or table.number in numbers or table.number < 1:
                reason = "Its criterion is not in the framework, or there is another table of this number."
                self._leave(where, _table_in_words(table), reason)
                continue
            numbers.add(table.number)
            self._take(table.title, f"{headings[table.criterion_key]}, {where}")
            yield ImportedTable(
                criterion_key=table.criterion_key,
                number=table.number,
                title=table.title,
                column_headings=(),
                intervention_label=self._document.question.intervention_label,
                comparison_label=self._document.question.comparison_label,
                abbreviations=table.abbreviations,
                footnotes=table.footnotes,
                rows=tuple(self._rows(table, where)),
            )

    def _rows(self, table: schema.OutcomeTable, where: str) -> Iterator[ImportedRow]:
        recomputed: list[str] = []
        for group in table.groups:
            if problem := self._problem_of_group(group):
                place = f"{where}, {group.name[:_LONGEST_SHOWN]}"
                self._leave(place, _rows_in_words(group.rows), problem)
                continue
            rows = list(self._rows_of_group(group, where))
            if rows:
                self._outcome(group, where)
            taken = {row.population for row in rows}
            computed = {row.population for row in group.rows if row.source == COMPUTED}
            reported = {row.population for row in group.rows if row.source != COMPUTED}
            recomputed += [f"{group.name} ({name})" for name in sorted(taken & computed - reported)]
            yield from rows
        if recomputed:
            self.flag(
                where,
                "Recomputed by the document's makers; here they are what a document reports, as none of our analyses "
                f"stands behind them: {'; '.join(recomputed)}.",
            )
        for note in table.certainty_notes:
            self._leave(
                f"{where}, note on certainty", f"{note.mark} {note.text}", "Its worksheet is not here."
            )

    def _problem_of_group(self, group: schema.OutcomeGroup) -> str:
        if not group.name.strip() or len(group.name) > _LONGEST_NAME:
            return "It names no outcome, or one whose name is too long."
        if group.better not in BETTER or self._better.get(group.name, group.better) != group.better:
            return "It does not say, or not in one way, whether more or less of it is better."
        return ""

    def _rows_of_group(self, group: schema.OutcomeGroup, where: str) -> Iterator[ImportedRow]:
        reported = {row.population for row in group.rows if row.source != COMPUTED}
        taken: set[str] = set()
        for row in group.rows:
            place = f"{where}, {group.name}, {row.population}"
            if row.source == COMPUTED and row.population in reported:
                reason = "It was recomputed by the document's makers; the reported row beside it was taken."
                self._leave(place, _rows_in_words([row]), reason)
                continue
            if row.population in taken:
                reason = "The table has this outcome and population already."
                self._leave(place, _rows_in_words([row]), reason)
                continue
            try:
                cells, printed = read_row(row)
            except RowProblem as problem:
                self._leave(place, _rows_in_words([row]), str(problem))
                continue
            taken.add(row.population)
            self._leave(place, "\n\n".join(row.caveats), "Said of a number that was recomputed.")
            self._take(f"{group.name}, {row.population}: {row.effect}", f"{where}: row")
            yield ImportedRow(group.name, row.population, cells, printed)

    def _outcome(self, group: schema.OutcomeGroup, where: str) -> None:
        self._better.setdefault(group.name, group.better)
        if not group.certainty:
            return
        if level := CERTAINTY.get(group.certainty):
            self._certainty[group.name] = level
            self._take(group.certainty, f"{where}, {group.name}: certainty")
            self._leave(
                f"{where}, {group.name}, how its certainty was rated",
                group.certainty_sum,
                "The level was taken over as the document reports it, its worksheet is not here.",
            )
        else:
            self._leave(f"{where}, {group.name}, certainty", group.certainty, "It is no level of certainty.")

    def _types(self) -> tuple[str, ...]:
        known = {kind.key: kind.label for kind in self._framework.recommendation_types}
        where = self._framework.headings.type_of_recommendation.capitalize()
        chosen = [kind for kind in self._document.recommendation_types if kind.chosen]
        for kind in chosen:
            if kind.key not in known or len(chosen) > 1:
                self._leave(where, kind.label, "It is no type of the framework, or one of several ticks.")
        found = tuple(kind.key for kind in chosen if kind.key in known)
        if len(chosen) > 1:
            self.flag(where, "More than one type is ticked. None was recorded: choose one.")
        elif found:
            self._take(chosen[0].label, where)
        return found if len(chosen) == 1 or len(found) > 1 else ()

    def _statements(self) -> Iterator[ImportedStatement]:
        for number, one in enumerate(self._document.statements, start=1):
            problem = _problem_of(one)
            if problem:
                self._leave(f"Statement {number}", _statement_in_words(one), problem)
                continue
            self._take(one.text, f"Statement {number}")
            yield ImportedStatement(
                kind=one.kind,
                text=one.text,
                population=one.population,
                strength=one.strength,
                direction=one.direction,
                certainty=one.certainty,
                remark=one.remark,
                paradigm=one.paradigm,
                paradigm_reason=one.paradigm_reason,
                practice_basis=one.practice_basis,
                answers=tuple((a.key, a.answer, a.rationale) for a in _given(one)),
            )
        if self._document.recommendation_note:
            self._take(self._document.recommendation_note, "Note on the recommendation")

    def _sections(self) -> dict[str, str]:
        known = {section.key: section.heading for section in self._framework.sections}
        sections: dict[str, str] = {}
        for section in self._document.sections:
            if section.key in known and section.key not in sections:
                sections[section.key] = section.body
                if section.body:
                    self._take(section.body, known[section.key])
            else:
                reason = "It has no place in the sections of the framework."
                self._leave(f"Conclusions, {section.heading}", section.body, reason)
        return sections

    def _references(self) -> tuple[dict[int, str], dict[int, tuple[str, str]]]:
        citations: dict[int, str] = {}
        identifiers: dict[int, tuple[str, str]] = {}
        for one in self._document.references:
            where = f"Reference {one.number}"
            said = " ".join(filter(None, (one.citation, one.doi, one.pmid)))
            if not 1 <= one.number <= _LARGEST_REFERENCE or one.number in citations:
                self._leave(where, said, "Its number is taken, or no number of a reference.")
                continue
            citations[one.number] = one.citation
            try:
                identifiers[one.number] = clean_doi(one.doi), clean_pmid(one.pmid)
            except NoIdentifier as problem:
                self._leave(where, f"{one.doi} {one.pmid}", str(problem))
            self._take(said, where)
        return citations, identifiers

    def _keep_the_rest(self) -> None:
        """What a question here cannot hold, under a heading each."""
        document = self._document
        self._leave("Where the document is from", _origin(document), "It was made elsewhere.")
        bases = [
            f"{one.heading}: {_basis(judgement)}"
            for one in document.criteria
            for judgement in one.judgements
            if judgement.basis_key != TAKEN_OVER
        ]
        if document.type_judgement and document.type_judgement.basis_key != TAKEN_OVER:
            heading = document.framework.headings.type_of_recommendation.capitalize()
            bases.append(f"{heading}: {_basis(document.type_judgement)}")
        self._leave(
            "What the judgements rested on there",
            "\n\n".join(bases),
            "Here every judgement rests on the document that it was taken over from.",
        )
        for criterion in document.criteria:
            if criterion.adolopment:
                self._leave(
                    f"{criterion.heading}, what became of its own source",
                    _in_words(criterion.adolopment),
                    "Here that document is the source.",
                )
        if document.source:
            reason = "Here that document is the source."
            self._leave("The source that it was made from", _in_words(document.source), reason)
        for one in document.rounds:
            self._leave(f"Voting round {one.number}", _in_words(one), "Its votes were not given here.")
        if document.panel:
            self._leave("The panel and its interests", _in_words(document.panel), "It is another panel.")
        for analysis in document.analyses:
            place = f"Analysis of Table {analysis.table_number}, {analysis.outcome}, {analysis.population}"
            self._leave(
                place, _in_words(analysis), "It was not computed here: bring in the studies to repeat it."
            )
        for table in document.summary_tables:
            reason = "It is made from the outcomes that are chosen here."
            self._leave(f"Summary table: {table.title}", _summary_in_words(table), reason)
        if document.version:
            self._leave("The published version", _in_words(document.version), "It was published elsewhere.")


def _given(one: schema.Statement) -> list[schema.PracticeAnswer]:
    return [answer for answer in one.practice_answers if answer.answer or answer.rationale]


def _problem_of(one: schema.Statement) -> str:
    """Why a statement cannot be stored as it stands, empty where it can."""
    for value, known in (
        (one.kind, KINDS),
        (one.strength, STRENGTHS),
        (one.direction, DIRECTIONS),
        (one.certainty, ("", *CERTAINTY.values())),
        (one.paradigm, ("", *PARADIGMS)),
        (one.practice_basis, ("", *PRACTICE_BASES)),
    ):
        if value not in known:
            return f"“{value[:_LONGEST_SHOWN]}” is unknown here."
    answers = _given(one)
    keys = [answer.key for answer in answers]
    if len(set(keys)) < len(keys) or not set(keys) <= set(PRACTICE_QUESTIONS):
        return "A question of the good practice statement is unknown here, or answered twice."
    if not {answer.answer for answer in answers} <= {"", *ANSWERS}:
        return "An answer to a question of the good practice statement is unknown here."
    found = faults(
        kind=one.kind,
        strength=one.strength,
        direction=one.direction,
        certainty=one.certainty,
        paradigm=one.paradigm,
        paradigm_reason=one.paradigm_reason,
        practice_basis=one.practice_basis,
        is_answered=bool(answers),
    )
    return next(iter(found.values()), "")


def _origin(document: schema.EtdDocument) -> str:
    question = document.question
    return "\n\n".join(
        filter(
            None,
            (
                f"Guideline: {document.guideline.title}",
                f"Organisation: {document.guideline.organisation}" if document.guideline.organisation else "",
                f"Question: {document.guideline.slug}/{question.slug}, {question.status_label}, "
                f"revision {question.revision}",
                f"Framework: {document.framework.title} ({document.framework.key}, "
                f"version {document.framework.version})",
                f"Word for a conditional recommendation: {document.guideline.strength_word}",
                f"Written by OpenEtD {document.openetd_version}",
            ),
        )
    )


def _basis(judgement: schema.Judgement) -> str:
    """`Yes. Vote, round 1, recorded by A. Chair, 2026-02-03. Reason: …`."""
    parts = [
        judgement.basis,
        f"round {judgement.round_number}" if judgement.round_number else "",
        f"recorded by {judgement.recorded_by}" if judgement.recorded_by else "",
        judgement.at[:10],
    ]
    more = [
        f"Reason: {judgement.reason}" if judgement.reason else "",
        f"Reaffirmed by {judgement.reaffirmed_by}, {judgement.reaffirmed_at[:10]}: {judgement.reaffirmed_because}"
        if judgement.reaffirmed_by
        else "",
        "The evidence had changed since." if judgement.evidence_changed else "",
    ]
    return ". ".join(filter(None, (judgement.label, ", ".join(filter(None, parts)), *more)))


def _criterion_in_words(one: schema.Criterion) -> str:
    scale = "\n\n".join(f"{'●' if o.chosen else '○'} {o.label}" for o in one.scale if o)
    texts = (one.prompt, scale, one.research_evidence, one.additional_considerations)
    return "\n\n".join(filter(None, texts))


def _table_in_words(table: schema.OutcomeTable) -> str:
    groups = "\n\n".join(f"{group.name}\n\n{_rows_in_words(group.rows)}" for group in table.groups)
    return "\n\n".join(filter(None, (table.title, groups, table.abbreviations, table.footnotes)))


def _rows_in_words(rows: Sequence[schema.Row]) -> str:
    return "\n\n".join(
        f"{row.population} ({row.source_label}): {row.n_studies}{row.footnote_mark} studies; {row.intervention}; "
        f"{row.comparison}; {row.measure} {row.effect}; P {row.p_value}; I² {row.i_squared}"
        for row in rows
    )


def _statement_in_words(one: schema.Statement) -> str:
    about = (one.kind_label, one.strength_label, one.direction, one.certainty_label, one.population)
    return "\n\n".join(
        filter(None, (one.text, " · ".join(filter(None, about)), one.paradigm_reason, one.remark))
    )


def _summary_in_words(table: schema.SummaryTable) -> str:
    headings = {column.key: column.heading for column in table.columns}
    rows = [
        f"{row.outcome}, {row.population}: "
        + "; ".join(
            f"{headings.get(cell.column, cell.column)} "
            + " ".join(f"{line.text}{''.join(f' {mark}' for mark in line.marks)}" for line in cell.lines)
            for cell in row.cells
            if cell.lines
        )
        for row in table.rows
    ]
    notes = [f"{note.mark} {note.text}" for note in table.footnotes]
    return "\n\n".join([f"Per {table.people_per:,} people", *rows, *notes, *table.notes])


def _in_words(value: Any) -> str:
    """A part of the document, a paragraph for each of its fields: its name and its value as JSON."""
    plain = asdict(value)
    return "\n\n".join(
        f"{name}: {one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)}"
        for name, one in plain.items()
        if one not in ("", None, [], {})
    )
