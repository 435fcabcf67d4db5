"""One question, whole, as a document: the one place that joins what the panel decided and what the trials say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from documents import schema
from documents.summary import summary_tables
from etd import selectors
from etd.enums import Basis
from etd.models import Question
from etd.selectors.declaring import printed_panel
from etd.selectors.printed_rounds import PrintedRound, PrintedTally, printed_rounds
from etd.selectors.references import reference_list
from etd.selectors.source import SourceView, load_source
from etd.stored import Stored
from metaanalysis.models import Analysis


def assemble(
    question: Question, view: selectors.EtdView | None = None, stored: Stored | None = None
) -> schema.EtdDocument:
    """The question as a document: of votes only what `printed_rounds` gives.

    `view` is the question where somebody has loaded it already, whoever it was loaded for, `stored` what it is of.
    """
    stored = stored or Stored(question)
    etd = view or selectors.load_etd(question, None, stored=stored)
    headings = etd.framework.headings
    source = load_source(question, etd.criteria)
    return schema.EtdDocument(
        schema_version=schema.SCHEMA_VERSION,
        openetd_version=settings.VERSION,
        guideline=schema.Guideline(
            etd.guideline_slug, etd.guideline_title, etd.organisation, etd.strength_word
        ),
        question=schema.Question(
            slug=etd.slug,
            title=etd.title,
            status=etd.status,
            status_label=etd.status_label,
            revision=etd.revision,
            intervention_label=etd.intervention_label,
            comparison_label=etd.comparison_label,
            fields=tuple(schema.Field(field.key, field.heading, field.text) for field in etd.fields),
        ),
        framework=schema.Framework(
            key=etd.framework.key,
            version=etd.framework.version,
            title=etd.framework.title,
            language=etd.framework.language,
            source=etd.framework.source.strip(),
            headings=schema.Headings(
                **{name: getattr(headings, name) for name in schema.Headings.__dataclass_fields__}
            ),
        ),
        criteria=tuple(_criterion(etd, criterion, source) for criterion in etd.criteria),
        tables=tuple(outcome_table(table, etd.certainty.sums) for table in etd.tables),
        recommendation_types=tuple(
            schema.RecommendationType(t.key, t.label, t.tone, t.chosen) for t in etd.recommendation_types
        ),
        recommendation_note=etd.recommendation_note,
        statements=tuple(_statement(statement) for statement in etd.statements),
        sections=tuple(
            schema.Section(section.key, section.heading, section.holds_statements, section.body)
            for section in etd.sections
        ),
        references=_references(etd),
        analyses=_analyses(question),
        panel=_panel(question),
        rounds=tuple(_round(one) for one in printed_rounds(question)),
        type_judgement=_judgement(etd.type_judgement) if etd.type_judgement else None,
        summary_tables=summary_tables(question, stored),
        source=_source(source) if source else None,
    )


def _source(view: SourceView) -> schema.Source:
    return schema.Source(
        title=view.title,
        organisation=view.organisation,
        address=view.address,
        file_name=view.file_name,
        sha256=view.sha256,
        type_label=view.type_label,
        statements=view.statements,
    )


def _adolopment(source: SourceView | None, criterion_key: str) -> schema.Adolopment | None:
    """What the panel did with the source's judgement on this criterion, None while it has not said."""
    for one in source.criteria if source else ():
        if one.key == criterion_key and one.choice:
            return schema.Adolopment(one.choice, one.choice_label, one.reason, one.source, one.differs)
    return None


def _references(etd: selectors.EtdView) -> tuple[schema.Reference, ...]:
    """The list, and the numbers that a text cites without one."""
    listed = [schema.Reference(one.number, one.citation, one.doi, one.pmid) for one in etd.references]
    numbers = {one.number for one in listed}
    cited = [one.number for one in reference_list(etd).dangling if one.number not in numbers]
    return tuple(
        sorted([*listed, *(schema.Reference(number, "") for number in cited)], key=lambda one: one.number)
    )


def _criterion(
    etd: selectors.EtdView, view: selectors.CriterionView, source: SourceView | None
) -> schema.Criterion:
    return schema.Criterion(
        key=view.key,
        number=view.number,
        heading=view.heading,
        summary_heading=etd.framework.criterion(view.key).summary_heading,
        prompt=view.prompt,
        multiple=view.multiple,
        role=str(view.role),
        scale=tuple(
            None
            if cell is None
            else schema.Option(
                key=cell.key,
                label=cell.label,
                column=cell.column,
                direction=str(cell.direction),
                aside=cell.aside,
                chosen=cell.chosen,
                applies_to=tuple(cell.applies_to),
            )
            for cell in view.scale
        ),
        judgements=tuple(_judgement(j) for j in view.judgements),
        too_many=view.too_many,
        research_evidence=view.research_evidence,
        additional_considerations=view.additional_considerations,
        adolopment=_adolopment(source, view.key),
    )


def _judgement(view: selectors.JudgementView) -> schema.Judgement:
    return schema.Judgement(
        option_key=view.option_key,
        label=view.label,
        applies_to=view.applies_to,
        basis=view.basis_label,
        at=view.at.isoformat(),
        evidence_changed=view.evidence_changed,
        basis_key=str(view.basis),
        # Whoever loads a document from elsewhere has judged nothing.
        recorded_by="" if view.basis == Basis.DOCUMENT else view.by,
        round_number=view.round_number,
        reason=view.reason,
        evidence_digest=view.evidence_digest,
        evidence_change=str(view.evidence_change),
        reaffirmed_by=view.reaffirmed_by,
        reaffirmed_at=view.reaffirmed_at.isoformat() if view.reaffirmed_at else "",
        reaffirmed_because=view.reaffirmed_because,
    )


def outcome_table(view: selectors.OutcomeTableView, sums: Mapping[int, str]) -> schema.OutcomeTable:
    """`sums` are how each outcome's worksheet comes to its level, by the outcome's id."""
    return schema.OutcomeTable(
        number=view.number,
        title=view.title,
        criterion_key=view.criterion_key,
        abbreviations=view.abbreviations,
        footnotes=view.footnotes,
        measure=view.measure,
        measure_label=str(view.measure_label),
        favours_left=view.favours_left,
        favours_right=view.favours_right,
        groups=tuple(
            schema.OutcomeGroup(
                name=group.name,
                better=group.better,
                certainty=str(group.certainty),
                certainty_symbols=group.certainty_symbols,
                rows=tuple(_row(row) for row in group.rows),
                certainty_marks=group.certainty_marks,
                certainty_sum=sums.get(group.id, ""),
            )
            for group in view.groups
        ),
        certainty_notes=tuple(schema.Footnote(mark, text) for mark, text in view.certainty_notes),
    )


# Numbers of rows in our database mean nothing to a reader of the document.
_OURS_ALONE = frozenset({"id", "outcome_id", "population_id"})


def _row(view: selectors.RowView) -> schema.Row:
    return schema.Row(
        population=view.population,
        source=view.source,
        source_label=str(view.source_label),
        is_stale=view.is_stale,
        n_studies=view.n_studies,
        footnote_mark=view.footnote_mark,
        intervention=view.intervention,
        comparison=view.comparison,
        effect=view.effect,
        p_value=view.p_value,
        i_squared=view.i_squared,
        measure=view.measure,
        values={name: value for name, value in view.values.items() if name not in _OURS_ALONE},
        caveats=_caveats(view.provenance),
        provenance=view.provenance,
    )


def _caveats(provenance: Mapping[str, Any] | None) -> tuple[str, ...]:
    return tuple(str(caveat) for caveat in (provenance or {}).get("caveats", ()))


def _statement(view: selectors.StatementView) -> schema.Statement:
    return schema.Statement(
        kind=view.kind,
        kind_label=str(view.kind_label),
        text=view.text,
        population=view.population,
        strength=view.strength,
        direction=view.direction,
        certainty=view.certainty,
        certainty_label=str(view.certainty_label),
        certainty_symbols=view.certainty_symbols,
        strength_label=str(view.strength_label),
        remark=view.remark,
        paradigm=view.paradigm,
        paradigm_label=view.paradigm_label,
        paradigm_reason=view.paradigm_reason,
        practice_basis=view.practice_basis,
        practice_basis_label=view.practice_basis_label,
        practice_answers=tuple(
            schema.PracticeAnswer(one.question_key, one.question, one.answer, one.answer_label, one.rationale)
            for one in view.practice_answers
        ),
    )


def _panel(question: Question) -> schema.Panel | None:
    printed = printed_panel(question)
    if printed is None:
        return None
    return schema.Panel(
        conflicts=tuple(
            schema.Conflict(one.name, one.scope, one.level, one.level_label) for one in printed.conflicts
        ),
        declared_none=printed.declared_none,
        no_declaration=printed.no_declaration,
    )


def _round(printed: PrintedRound) -> schema.Round:
    summary = printed.summary
    return schema.Round(
        number=summary.number,
        blind=summary.blind,
        opened_at=summary.opened_at.isoformat(),
        ended_at=summary.ended_at.isoformat() if summary.ended_at else "",
        by_time=summary.by_time,
        items=printed.items,
        n_ballots=summary.n_ballots,
        n_voided=summary.n_voided,
        n_cast=printed.n_cast,
        rule=summary.rule,
        rule_asks=printed.rule_asks,
        rule_citation=printed.rule_citation,
        tally_display=printed.tally_display,
        roll=printed.roll,
        tallies=tuple(_tally(tally) for tally in printed.tallies),
        tally_digest=printed.tally_digest,
    )


def _tally(printed: PrintedTally) -> schema.Tally:
    result = printed.result
    return schema.Tally(
        item_key=result.key,
        heading=result.heading,
        n_ballots=result.n_ballots,
        n_votes=result.n_votes,
        n_abstained=result.n_abstained,
        n_unsure=result.n_unsure,
        options=tuple(
            schema.OptionVotes(
                key=cell.option.key,
                label=cell.option.label,
                column=cell.column,
                direction=cell.direction,
                tone=cell.tone,
                aside=cell.aside,
                count=cell.option.count,
                share=cell.option.share,
                leads=cell.leads,
                names=cell.option.names,
            )
            for cell in printed.cells
        ),
        verdict=result.verdict,
        is_met=result.is_met,
        is_small=result.is_small,
    )


def _analyses(question: Question) -> tuple[schema.Analysis, ...]:
    """The newest analysis of every recomputed row, in the order of the tables."""
    newest: dict[int, Analysis] = {}
    for analysis in (
        Analysis.objects.filter(row__table__question=question)
        .select_related("row__table", "row__outcome", "row__population")
        .order_by("row__table__number", "row__outcome__position", "row__population__position", "-pk")
    ):
        newest.setdefault(analysis.row_id, analysis)
    return tuple(
        schema.Analysis(
            table_number=analysis.row.table.number,
            outcome=str(analysis.row.outcome),
            better=analysis.row.outcome.better_by(analysis.spec["measure"]),
            population=analysis.row.population.label,
            spec=analysis.spec,
            inputs=tuple(analysis.inputs),
            input_digest=analysis.input_digest,
            result=analysis.result,
            engine=analysis.engine,
            caveats=_caveats(analysis.row.provenance),
            is_stale=analysis.row.is_stale,
            at=analysis.created_at.isoformat(),
        )
        for analysis in newest.values()
    )
