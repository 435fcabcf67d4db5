"""A document as HTML: one template for the page preview and for the PDF."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from textwrap import shorten
from typing import Any

from django.template.loader import render_to_string
from django.utils import dateformat

from documents.published import document_sha256, short
from documents.schema import (
    Analysis,
    Criterion,
    EarlierVersion,
    EtdDocument,
    Judgement,
    OptionVotes,
    OutcomeGroup,
    OutcomeTable,
    Round,
    Row,
    Statement,
    SummaryTable,
    Tally,
    Version,
)
from documents.summary import printed_profile, printed_summaries
from documents.tables import heading_groups
from etd.domain.effect_axis import Axis
from etd.domain.recommendation_rules import graded, practice_hint, strong_on_low
from etd.domain.small_plot import SmallPlot, group_axis, small_plot, table_axis
from etd.domain.text import Citations
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, QuestionStatus
from metaanalysis import wording
from metaanalysis.kinds import kind_of
from metaanalysis.plots.drawing import Plot
from metaanalysis.plots.forest import forest_plot

MOST_STUDIES_DRAWN = 120
RUNNING_TITLE_LETTERS = 90

EVIDENCE_DIGEST_LETTERS = 12

# In points, as in print.css: the width between the margins, and the gaps between the columns of a row.
PAGE_WIDTH, SCALE_GAP, TYPES_GAP = 493.2, 2.5, 3.0
SCALE_COLUMNS, TYPES_COLUMNS = 7, 5
SMALL_BAR = 9


class Layout(StrEnum):
    """How the assessment is laid out: by judgement scales over the page's width, or in GRADEpro's three columns."""

    SCALES = "scales"
    CLASSIC = "classic"


_TAG = re.compile(r"(<[^>]*>)")
_COMPOUND = re.compile(r"(?<!\S)(?=\S{3,40}(?!\S))\S*\w[-–—/]\w\S*")


@dataclass(frozen=True)
class PrintedRow:
    row: Row
    plot: SmallPlot | None


@dataclass(frozen=True)
class PrintedGroup:
    name: str
    certainty: str
    certainty_symbols: str
    certainty_marks: tuple[str, ...]
    rows: tuple[PrintedRow, ...]


@dataclass(frozen=True)
class PrintedTable:
    table: OutcomeTable
    measure: str
    groups: tuple[PrintedGroup, ...]

    @property
    def tells_sources_apart(self) -> bool:
        return len(self.table.sources) > 1


@dataclass(frozen=True)
class PrintedFindings:
    """A summary table; `groups` are pairs of heading and width for the row over its headings."""

    table: SummaryTable
    groups: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class PrintedBasis:
    """What a judgement rests on, in a sentence or two; `of` names its options where a criterion has several bases.

    `reaffirmed` says who reaffirmed it when, empty where nobody has.
    """

    of: str
    text: str
    reason: str
    reaffirmed: str = ""
    reaffirmed_because: str = ""


@dataclass(frozen=True)
class VotesCell:
    """One option with its votes; the bar is `height` of 100 high, which is all votes."""

    votes: OptionVotes
    height: int
    colour: str
    title: str


@dataclass(frozen=True)
class SmallBar:
    """Places in points; `height` of the nine that are all votes."""

    x: float
    middle: float
    height: float
    colour: str
    aside: bool
    leads: bool
    count: int


@dataclass(frozen=True)
class SmallRow:
    """The votes of an earlier round drawn small, in the columns of the row above it; widths in points."""

    width: float
    column: float
    title: str
    bars: tuple[SmallBar, ...]


@dataclass(frozen=True)
class PrintedTally:
    """The votes of one round on one item."""

    number: int
    ended: str
    tally: Tally
    rule_asks: str
    cells: tuple[VotesCell, ...]

    @property
    def named(self) -> tuple[OptionVotes, ...]:
        return tuple(cell.votes for cell in self.cells if cell.votes.names)

    @property
    def n_unsure(self) -> int:
        """Types of recommendation have no place beside a scale."""
        return 0 if self._is_type else self.tally.n_unsure

    @property
    def small_row(self) -> SmallRow:
        n_columns = TYPES_COLUMNS if self._is_type else SCALE_COLUMNS
        gap = TYPES_GAP if self._is_type else SCALE_GAP
        column = (PAGE_WIDTH - (n_columns - 1) * gap) / n_columns
        return SmallRow(
            width=PAGE_WIDTH,
            column=round(column, 2),
            title=f"Round {self.number}. {'; '.join(cell.title for cell in self.cells)}",
            bars=tuple(_small_bar(cell, column, gap, self._is_type) for cell in self.cells),
        )

    @property
    def _is_type(self) -> bool:
        return self.tally.item_key == RECOMMENDATION_TYPE_ITEM


@dataclass(frozen=True)
class PrintedVotes:
    """How a panel voted on an item: the last round that asked about it, and those before, the newest first."""

    last: PrintedTally
    earlier: tuple[PrintedTally, ...]


@dataclass(frozen=True)
class PrintedCriterion:
    criterion: Criterion
    bases: tuple[PrintedBasis, ...]
    votes: PrintedVotes | None
    tables: tuple[PrintedTable, ...]


@dataclass(frozen=True)
class PrintedRound:
    round: Round
    opened: str
    ended: str


@dataclass(frozen=True)
class PrintedStatement:
    """`practice` says how many of the five questions are answered with yes, empty where none is answered."""

    statement: Statement
    grade: str
    strong_on_low: str
    practice: str


@dataclass(frozen=True)
class PrintedAnalysis:
    """`plot` is None where there are more studies than a page can hold."""

    number: int
    analysis: Analysis
    plot: Plot | None
    method: str
    engine: str
    csv_name: str
    r_name: str


@dataclass(frozen=True)
class PrintedVersion:
    """`approvals` are pairs of name and time, `earlier` pairs of a version before and its day, the newest first.

    `created` is ISO 8601 to the second, as metadata take it.
    """

    version: Version
    published: str
    created: str
    approvals: tuple[tuple[str, str], ...]
    earlier: tuple[tuple[EarlierVersion, str], ...]


@dataclass(frozen=True)
class Preview:
    """Where a preview leads: addresses of the question, of the same page in the other layout, and of the PDF."""

    back: str
    other_layout: str
    pdf: str


def render_html(
    document: EtdDocument, *, layout: Layout = Layout.SCALES, preview: Preview | None = None
) -> str:
    """The document as a whole HTML page, as it is printed; with `preview` as a page of the site."""
    context = context_of(document) | {"is_classic": layout is Layout.CLASSIC, "preview": preview}
    html = render_to_string("documents/etd_document.html", context)
    head, end, body = html.partition("</head>")
    return head + end + keep_words_whole(body)


def keep_words_whole(html: str) -> str:
    """Marks words with a dash or a slash inside, so that the style sheet can keep them on one line.

    A reader who searches the PDF for `AMI-CS`, or copies it, would otherwise miss it where a line ends after the dash.
    """
    parts = _TAG.split(html)
    inside_drawing = False
    for number, part in enumerate(parts):
        if part.startswith(("<svg", "</svg")):
            inside_drawing = part.startswith("<svg")
        elif not inside_drawing and not part.startswith("<"):
            parts[number] = _COMPOUND.sub(r'<span class="whole">\g<0></span>', part)
    return "".join(parts)


def context_of(document: EtdDocument) -> dict[str, Any]:
    """What the template places: the document, and what is drawn or worded from it."""
    profile = printed_profile(document.summary_tables)
    sha256 = document_sha256(document)
    return {
        "document": document,
        "state": state_line(document, sha256),
        "sha256": sha256,
        "json_name": json_name(document),
        "version": _printed_version(document.version) if document.version else None,
        "headings": document.framework.headings,
        "running_title": shorten(document.question.title, RUNNING_TITLE_LETTERS, placeholder=" …"),
        "criteria": [
            PrintedCriterion(
                criterion=criterion,
                bases=printed_bases(criterion.judgements),
                votes=_printed_votes(document.rounds, criterion.key),
                tables=tuple(_printed_table(table) for table in document.tables_of(criterion.key)),
            )
            for criterion in document.criteria
        ],
        "findings": [
            PrintedFindings(table, heading_groups(table.columns))
            for table in printed_summaries(document.summary_tables)
        ],
        "profile": PrintedFindings(profile, heading_groups(profile.columns)) if profile else None,
        "type_bases": printed_bases([document.type_judgement] if document.type_judgement else []),
        "type_votes": _printed_votes(document.rounds, RECOMMENDATION_TYPE_ITEM),
        "rounds": [PrintedRound(one, moment(one.opened_at), moment(one.ended_at)) for one in document.rounds],
        "rules": list(
            dict.fromkeys((one.rule, one.rule_citation) for one in document.rounds if one.rule_citation)
        ),
        "statements": [
            PrintedStatement(
                statement,
                _grade(statement, document.guideline.strength_word),
                strong_on_low(statement.strength, statement.certainty, statement.paradigm_label),
                _practice(statement),
            )
            for statement in document.statements
        ],
        "analyses": [
            _printed_analysis(number, analysis, document)
            for number, analysis in enumerate(document.analyses, start=1)
        ],
        "citations_without_entry": number_list(
            [reference.number for reference in document.references if not reference.citation]
        ),
        "citation_marks": Citations(frozenset(one.number for one in document.references if one.citation)),
        "citations": [reference for reference in document.references if reference.citation],
    }


def state_line(document: EtdDocument, sha256: str) -> str:
    """What stands on every page: the version, its day and the short hash of the JSON, or that it is no version."""
    question, version = document.question, document.version
    if version:
        return f"Version {version.number} · {day(version.published_at)} · {short(sha256)}"
    is_copy = question.status in {QuestionStatus.PUBLISHED, QuestionStatus.WITHDRAWN}
    what = "Working copy – not the published version" if is_copy else "Draft – not published"
    return f"{what} · {question.status_label}, revision {question.revision} · {short(sha256)}"


def _printed_version(version: Version) -> PrintedVersion:
    return PrintedVersion(
        version=version,
        published=moment(version.published_at),
        created=datetime.fromisoformat(version.published_at).astimezone(UTC).isoformat(timespec="seconds"),
        approvals=tuple((one.name, moment(one.at)) for one in version.approvals),
        earlier=tuple((one, day(one.published_at)) for one in reversed(version.earlier)),
    )


def json_name(document: EtdDocument) -> str:
    """The name of the file with the whole document, attached to the PDF."""
    return f"{document.question.slug}.json"


def csv_name(number: int) -> str:
    """The name of the file with an analysis' study data, attached to the PDF."""
    return f"analysis-{number}-studies.csv"


def r_name(number: int) -> str:
    """The name of the R code that makes an analysis again, attached to the PDF."""
    return f"analysis-{number}.R"


def moment(iso: str) -> str:
    """`3 October 2024, 14:05 UTC`: the same wherever the document is made."""
    return dateformat.format(datetime.fromisoformat(iso).astimezone(UTC), "j F Y, H:i") + " UTC"


def day(iso: str) -> str:
    """`3 October 2024`, by UTC."""
    return dateformat.format(datetime.fromisoformat(iso).astimezone(UTC), "j F Y")


def printed_bases(judgements: Iterable[Judgement]) -> tuple[PrintedBasis, ...]:
    """What judgements rest on, each basis once.

    Of those taken over from a document only what happened since: the evidence changed, or somebody reaffirmed them.
    """
    options: dict[tuple[str, str, str, str], list[str]] = {}
    for judgement in judgements:
        said = (
            _basis(judgement),
            judgement.reason,
            _reaffirmed(judgement),
            judgement.reaffirmed_because,
        )
        if any(said):
            options.setdefault(said, []).append(judgement.label)
    several = len(options) > 1
    return tuple(
        PrintedBasis(", ".join(labels) if several else "", *said) for said, labels in options.items()
    )


def _basis(judgement: Judgement) -> str:
    """`By vote in round 2. Recorded by … on evidence …`, empty for one of a document whose evidence is the same."""
    if not judgement.basis_key:
        return ""
    if judgement.basis_key == Basis.DOCUMENT:
        since = "" if judgement.reaffirmed_by else _changed_since(judgement)
        return f"Taken over from a document{since}." if since else ""
    words = {
        Basis.VOTE: "By vote",
        Basis.CONSENSUS: "By consensus",
        Basis.CHAIR: "By the chair",
    }[Basis(judgement.basis_key)]
    if judgement.round_number is not None:
        preposition = "in" if judgement.basis_key == Basis.VOTE else "after"
        words += f" {preposition} round {judgement.round_number}"
    text = f"{words}. Recorded by {judgement.recorded_by}, {moment(judgement.at)}"
    return f"{text}." if judgement.reaffirmed_by else f"{text}{_on_evidence(judgement)}."


def _reaffirmed(judgement: Judgement) -> str:
    """`Reaffirmed on … by … on evidence …`, empty where nobody has."""
    if not judgement.reaffirmed_by:
        return ""
    at = moment(judgement.reaffirmed_at)
    return f"Reaffirmed on {at} by {judgement.reaffirmed_by}{_on_evidence(judgement)}"


def _on_evidence(judgement: Judgement) -> str:
    digest = judgement.evidence_digest[:EVIDENCE_DIGEST_LETTERS]
    return (f", on evidence {digest}" if digest else "") + _changed_since(judgement)


def _changed_since(judgement: Judgement) -> str:
    if judgement.evidence_changed:
        return "; the evidence has changed since"
    return "; a minor change of the evidence since" if judgement.evidence_change == "minor" else ""


def _printed_votes(rounds: Iterable[Round], item_key: str) -> PrintedVotes | None:
    found = [
        PrintedTally(
            number=one.number,
            ended=moment(one.ended_at),
            tally=tally,
            rule_asks=one.rule_asks,
            cells=tuple(_votes_cell(option, tally) for option in tally.options),
        )
        for one in rounds
        if (tally := one.tally(item_key)) is not None
    ]
    return PrintedVotes(found[-1], tuple(reversed(found[:-1]))) if found else None


# By direction, and for the types by tone: the colours of the judgement scale, light where an option does not lead.
_BARS = {"intervention": ("#0b5d6b", "#9cc3c9"), "comparison": ("#96490f", "#dcb899")}
_OTHER_BARS = ("#4d5a63", "#b4bec5")


def _votes_cell(option: OptionVotes, tally: Tally) -> VotesCell:
    side = {"for": "intervention", "against": "comparison"}.get(option.tone.partition("-")[0])
    dark, light = _BARS.get(side or option.direction, _OTHER_BARS)
    return VotesCell(
        votes=option,
        height=round(100 * option.count / tally.n_votes) if tally.n_votes else 0,
        colour=dark if option.leads else light,
        title=f"{option.label}: {option.count} of {tally.n_votes}",
    )


def _small_bar(cell: VotesCell, column: float, gap: float, is_type: bool) -> SmallBar:
    x = (cell.votes.column - 1) * (column + gap)
    return SmallBar(
        x=round(x, 2),
        middle=round(x + column / 2, 2),
        height=round(cell.height * SMALL_BAR / 100, 2),
        colour=cell.colour,
        aside=cell.votes.aside and not is_type,
        leads=cell.votes.leads,
        count=cell.votes.count,
    )


def _grade(statement: Statement, strength_word: str) -> str:
    """`Weak recommendation against · Low certainty of evidence`, in the guideline's own word for conditional."""
    word = strength_word if statement.strength == "conditional" else statement.strength
    parts = [graded(word.capitalize(), statement.direction) if word else statement.kind_label]
    if statement.practice_basis_label:
        parts.append(f"rests on {statement.practice_basis_label.lower()}")
    if statement.certainty_label:
        parts.append(f"{statement.certainty_label} certainty of evidence")
    return " · ".join(parts)


def _practice(statement: Statement) -> str:
    if not statement.practice_answers:
        return ""
    hint = practice_hint({one.key: one.answer for one in statement.practice_answers})
    return hint or "All five questions of a good practice statement are answered with yes."


def _printed_table(table: OutcomeTable) -> PrintedTable:
    whole = table_axis(table.measure, (row.values for group in table.groups for row in group.rows))
    return PrintedTable(
        table=table,
        measure=table.measure_label.title(),
        groups=tuple(
            PrintedGroup(
                group.name,
                group.certainty,
                group.certainty_symbols,
                group.certainty_marks,
                _printed_rows(table, group, whole),
            )
            for group in table.groups
        ),
    )


def _printed_rows(table: OutcomeTable, group: OutcomeGroup, whole: Axis) -> tuple[PrintedRow, ...]:
    axis = group_axis(table.measure, (row.values for row in group.rows), whole)
    return tuple(
        PrintedRow(row, small_plot(row.values, axis, f"{table.measure_label} {row.effect}"))
        for row in group.rows
    )


def _printed_analysis(number: int, analysis: Analysis, document: EtdDocument) -> PrintedAnalysis:
    plot = None
    if len(analysis.inputs) <= MOST_STUDIES_DRAWN:
        plot = forest_plot(
            analysis.result,
            inputs=analysis.inputs,
            outcome=f"{analysis.outcome}, {analysis.population}",
            better=analysis.better,
            intervention_label=document.question.intervention_label,
            comparison_label=document.question.comparison_label,
            plot_id=f"forest-plot-{number}",
        )
    return PrintedAnalysis(
        number=number,
        analysis=analysis,
        plot=plot,
        method=wording.specification(
            analysis.spec,
            analysis.result.get("ci_method"),
            str(kind_of(analysis.inputs[0])) if analysis.inputs else None,
        ),
        engine=", ".join(f"{name} {version}" for name, version in sorted(analysis.engine.items())),
        csv_name=csv_name(number),
        r_name=r_name(number),
    )


def number_list(values: list[int]) -> str:
    """`1 to 4, 7 and 12`: runs of three or more drawn together."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    texts = []
    for run in runs:
        texts += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(value) for value in run]
    return " and ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)
