"""The whole Evidence-to-Decision document as plain values: what is exported as JSON and printed as PDF.

Numbers stand as text where the document prints them (`effect`, `p_value` …) and raw in `values`, `inputs` and
`result`. Nothing of a round that is open is in it. Of rounds that are over it holds what the setting lets be printed
with which each was opened: the fact of it alone ("none"), counts ("counts"), or who chose what ("named"). Names stand
with judgements as those who recorded them, with the fact and scope of a conflict of interest, and in "named" rounds.

Keys may be added within a schema version: a field with a default may be missing from what is read. `to_json` and
`from_json` are each other's inverse. `docs/document-format.md` tells it key by key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from etd.domain.references import doi_address

SCHEMA_VERSION = "openetd-etd/1"


class UnknownSchema(ValueError):
    """A document of another schema version, or a value that is no document at all."""


@dataclass(frozen=True)
class Guideline:
    slug: str
    title: str
    organisation: str
    strength_word: str


@dataclass(frozen=True)
class Field:
    """One line of the question box."""

    key: str
    heading: str
    text: str


@dataclass(frozen=True)
class Question:
    slug: str
    title: str
    status: str
    status_label: str
    revision: int
    intervention_label: str
    comparison_label: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Headings:
    """The headings of the parts, as the framework prints them."""

    question: str
    assessment: str
    judgement: str
    research_evidence: str
    additional_considerations: str
    summary_of_judgements: str
    type_of_recommendation: str
    conclusions: str


@dataclass(frozen=True)
class Framework:
    key: str
    version: int
    title: str
    language: str
    source: str
    headings: Headings


@dataclass(frozen=True)
class Option:
    """One option of a criterion; `column` is 1 to 7 on the judgement scale."""

    key: str
    label: str
    column: int
    direction: str
    aside: bool
    chosen: bool
    applies_to: tuple[str, ...]


@dataclass(frozen=True)
class Judgement:
    """One option, or the type of recommendation, that the panel chose.

    `at` is ISO 8601 with its zone; `basis` is `basis_key` in words.

    `recorded_by` is empty where the judgement was taken over from a document. `round_number` names the round that the
    judgement refers to; `reason` is the panel's own where the rule of that round was not met. `evidence_digest` is the
    sha256 of the evidence it was made on, or was reaffirmed on. `evidence_change` is what today's differs from that by:
    `none`, `minor` or `changed`; `evidence_changed` says the last alone.
    """

    option_key: str
    label: str
    applies_to: str
    basis: str
    at: str
    evidence_changed: bool
    basis_key: str = ""
    recorded_by: str = ""
    round_number: int | None = None
    reason: str = ""
    evidence_digest: str = ""
    evidence_change: str = ""
    reaffirmed_by: str = ""
    reaffirmed_at: str = ""
    reaffirmed_because: str = ""


@dataclass(frozen=True)
class Adolopment:
    """What the panel did with the judgement of the source; `choice` is `adopt`, `adapt` or `redo`.

    `source` has the source's options in words; `differs` says that the panel's judgement is another one.
    """

    choice: str
    choice_label: str
    reason: str
    source: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Criterion:
    """`scale` has seven places, None where the framework leaves a blank."""

    key: str
    number: int
    heading: str
    summary_heading: str
    prompt: str
    multiple: bool
    role: str
    scale: tuple[Option | None, ...]
    judgements: tuple[Judgement, ...]
    too_many: bool
    research_evidence: str
    additional_considerations: str
    adolopment: Adolopment | None = None


@dataclass(frozen=True)
class Row:
    """One line of an outcome table. `values`: natural scale, I² in percent; None where there is no number."""

    population: str
    source: str
    source_label: str
    is_stale: bool
    n_studies: int
    footnote_mark: str
    intervention: str
    comparison: str
    effect: str
    p_value: str
    i_squared: str
    measure: str
    values: Mapping[str, Any]
    caveats: tuple[str, ...]
    provenance: Mapping[str, Any] | None


@dataclass(frozen=True)
class OutcomeGroup:
    """The rows of one outcome; certainty is empty where none was recorded.

    `certainty_marks` are the letters of the table's `certainty_notes` on it; `certainty_sum` shows how its worksheet
    comes to the level, empty where a document reports it without one.
    """

    name: str
    better: str
    certainty: str
    certainty_symbols: str
    rows: tuple[Row, ...]
    certainty_marks: tuple[str, ...] = ()
    certainty_sum: str = ""


@dataclass(frozen=True)
class Footnote:
    mark: str
    text: str


@dataclass(frozen=True)
class OutcomeTable:
    number: int
    title: str
    criterion_key: str
    abbreviations: str
    footnotes: str
    measure: str
    measure_label: str
    favours_left: str
    favours_right: str
    groups: tuple[OutcomeGroup, ...]
    certainty_notes: tuple[Footnote, ...] = ()

    @property
    def has_certainty(self) -> bool:
        return any(group.certainty for group in self.groups)

    @property
    def sources(self) -> tuple[str, ...]:
        """The labels of the sources that occur, sorted: reported, recomputed."""
        return tuple(sorted({row.source_label for group in self.groups for row in group.rows}, reverse=True))


@dataclass(frozen=True)
class SummaryColumn:
    """`group` is the heading over several columns, empty where a column stands alone."""

    key: str
    heading: str
    group: str


@dataclass(frozen=True)
class SummaryLine:
    """One line of a cell as it is printed; `marks` are the letters of its footnotes."""

    text: str
    marks: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, str]:
        """What stands before an interval in brackets at the end, and that; the second is empty where there is none."""
        start, bracket, rest = self.text.partition(" (")
        return (start, f"({rest}") if bracket and rest.endswith(")") else (self.text, "")


@dataclass(frozen=True)
class SummaryCell:
    """Where a person worded it, `computed` is what stands there without their words; a footnote says it too."""

    column: str
    lines: tuple[SummaryLine, ...]
    worded_by_hand: bool
    computed: str


@dataclass(frozen=True)
class SummaryRow:
    """An outcome in a population. `values`: natural scale; risks and differences as proportions, with their limits."""

    outcome: str
    population: str
    source: str
    cells: tuple[SummaryCell, ...]
    values: Mapping[str, Any]

    def cell(self, column: str) -> SummaryCell:
        return next(cell for cell in self.cells if cell.column == column)


@dataclass(frozen=True)
class SummaryTable:
    """`key` is "sof", "what-happens" (a Summary of Findings with a column of that name) or "profile".

    Absolute effects are for `people_per` people.
    """

    key: str
    title: str
    people_per: int
    columns: tuple[SummaryColumn, ...]
    rows: tuple[SummaryRow, ...]
    footnotes: tuple[Footnote, ...]
    notes: tuple[str, ...]

    def has_text_in(self, column: str) -> bool:
        return any(row.cell(column).lines for row in self.rows)


@dataclass(frozen=True)
class RecommendationType:
    key: str
    label: str
    tone: str
    chosen: bool


@dataclass(frozen=True)
class PracticeAnswer:
    """One of the five questions of a good practice statement; `answer` is "yes", "no" or empty."""

    key: str
    question: str
    answer: str
    answer_label: str
    rationale: str


@dataclass(frozen=True)
class Statement:
    """One statement. `strength` is the key, `strength_label` the guideline's word for it: "Weak", where it says so.

    `kind` is `recommendation`, `good_practice_statement`, `research_only` or `no_recommendation`. `paradigm` is the
    situation of a strong recommendation on low or very low certainty, empty where none is named. `practice_answers`
    are all five where one is answered, else none.
    """

    kind: str
    kind_label: str
    text: str
    population: str
    strength: str
    direction: str
    certainty: str
    certainty_label: str
    certainty_symbols: str
    strength_label: str = ""
    remark: str = ""
    paradigm: str = ""
    paradigm_label: str = ""
    paradigm_reason: str = ""
    practice_basis: str = ""
    practice_basis_label: str = ""
    practice_answers: tuple[PracticeAnswer, ...] = ()


@dataclass(frozen=True)
class Section:
    key: str
    heading: str
    holds_statements: bool
    body: str


@dataclass(frozen=True)
class Reference:
    """A numbered reference; `citation` is empty where the text cites a number that no list explains.

    `doi` is in lower case, without an address before it; `pmid` is PubMed's number.
    """

    number: int
    citation: str
    doi: str = ""
    pmid: str = ""

    @property
    def doi_address(self) -> str:
        return doi_address(self.doi)


@dataclass(frozen=True)
class Source:
    """Another body's document that this one was made from. `sha256` is of its file, `address` where it was found."""

    title: str
    organisation: str
    address: str
    file_name: str
    sha256: str
    type_label: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """What stands behind a recomputed row: `spec` asked, `inputs` went in, `result` came out, `engine` computed."""

    table_number: int
    outcome: str
    better: str
    population: str
    spec: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...]
    input_digest: str
    result: Mapping[str, Any]
    engine: Mapping[str, Any]
    caveats: tuple[str, ...]
    is_stale: bool
    at: str


@dataclass(frozen=True)
class Conflict:
    """A declared or managed conflict of interest; `level` is empty where no chair has decided about it yet."""

    name: str
    scope: str
    level: str
    level_label: str


@dataclass(frozen=True)
class Panel:
    """Who declared what, by name: never what they wrote. `scope` of a conflict is "question" or "guideline"."""

    conflicts: tuple[Conflict, ...]
    declared_none: tuple[str, ...]
    no_declaration: tuple[str, ...]


@dataclass(frozen=True)
class OptionVotes:
    """The votes for one option. `column` is its place, 1 to 7 on the judgement scale and from 1 among the types.

    `share` is a text (`71%`), empty where so few voted that it is withheld; `names` only where it is said who chose
    what. `leads` with the most votes. `tone` is the style of a type of recommendation.
    """

    key: str
    label: str
    column: int
    direction: str
    tone: str
    aside: bool
    count: int
    share: str
    leads: bool
    names: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """The votes on one item of a round. `n_unsure` votes name an option beside the scale; they are in `n_votes`.

    `verdict` is that of the round's rule in words and `is_met` whether it was met, None where the rule does not speak
    of such an item. `is_small` says that percentages are withheld for so few votes.
    """

    item_key: str
    heading: str
    n_ballots: int
    n_votes: int
    n_abstained: int
    n_unsure: int
    options: tuple[OptionVotes, ...]
    verdict: str
    is_met: bool | None
    is_small: bool


@dataclass(frozen=True)
class Round:
    """A voting round that is over. Times are ISO 8601 with their zone; `by_time`: it ended at its closing time.

    `tally_display` is "none", "counts" or "named". With "none", `n_cast` is None and `tallies` and `tally_digest` are
    empty; `roll` (who had a ballot) is empty unless "named". `n_cast` ballots of `n_ballots` hold a vote; `n_voided`
    are in neither. `rule_asks` is the least that the rule calls a consensus. `tally_digest` is the sha256 in the audit
    trail.
    """

    number: int
    blind: bool
    opened_at: str
    ended_at: str
    by_time: bool
    items: tuple[str, ...]
    n_ballots: int
    n_voided: int
    n_cast: int | None
    rule: str
    rule_asks: str
    rule_citation: str
    tally_display: str
    roll: tuple[str, ...]
    tallies: tuple[Tally, ...]
    tally_digest: str

    def tally(self, item_key: str) -> Tally | None:
        return next((tally for tally in self.tallies if tally.item_key == item_key), None)


@dataclass(frozen=True)
class Approval:
    """Who approved what was published; `at` is ISO 8601 with its zone."""

    name: str
    at: str


@dataclass(frozen=True)
class EarlierVersion:
    """A version before this one. `withdrawn` is why it was withdrawn, empty where it was not when this was published.

    `record_sha256` is of its record, which the next version names as `previous_sha256`.
    """

    number: int
    published_at: str
    published_by: str
    note: str
    record_sha256: str
    withdrawn: str


@dataclass(frozen=True)
class Version:
    """What makes a document a published version. `published_at` is ISO 8601 with its zone.

    `previous_sha256` is of the record of the version before, empty for the first; `note` says what has changed.
    `earlier` are the versions before, the first of them first.
    """

    number: int
    published_at: str
    published_by: str
    note: str
    approvals: tuple[Approval, ...]
    previous_sha256: str
    earlier: tuple[EarlierVersion, ...] = ()


@dataclass(frozen=True)
class EtdDocument:
    """`panel` is None where neither a declaration nor a vote says that a panel worked with this question.

    `type_judgement` is what the chosen type of recommendation rests on, None where that was not recorded.
    `summary_tables` are empty until outcomes were chosen for them. `version` is None until it is published,
    `source` where it was made from no other document.
    """

    schema_version: str
    openetd_version: str
    guideline: Guideline
    question: Question
    framework: Framework
    criteria: tuple[Criterion, ...]
    tables: tuple[OutcomeTable, ...]
    recommendation_types: tuple[RecommendationType, ...]
    recommendation_note: str
    statements: tuple[Statement, ...]
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]
    analyses: tuple[Analysis, ...]
    panel: Panel | None = None
    rounds: tuple[Round, ...] = ()
    type_judgement: Judgement | None = None
    summary_tables: tuple[SummaryTable, ...] = ()
    version: Version | None = None
    source: Source | None = None

    def tables_of(self, criterion_key: str) -> tuple[OutcomeTable, ...]:
        return tuple(table for table in self.tables if table.criterion_key == criterion_key)


def to_json(document: EtdDocument) -> dict[str, Any]:
    """The document as plain dicts, lists, texts and numbers."""
    plain: dict[str, Any] = _plain(document)
    return plain


def from_json(value: Mapping[str, Any]) -> EtdDocument:
    """The document that `to_json` wrote. Raises UnknownSchema, also where something is missing or of another kind."""
    version = value.get("schema_version")
    if version != SCHEMA_VERSION:
        raise UnknownSchema(f"schema_version is {version!r}; this version reads {SCHEMA_VERSION!r}")
    document = _built(EtdDocument, value, "document")
    assert isinstance(document, EtdDocument)
    return document


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _built(kind: Any, value: Any, where: str) -> Any:
    """`value` as `kind`: a dataclass, a tuple of one kind, an optional, a mapping or a plain value."""
    origin = get_origin(kind)
    if origin is tuple:
        _expect(value, list | tuple, where)
        return tuple(_built(get_args(kind)[0], item, f"{where}[{n}]") for n, item in enumerate(value))
    if origin in (UnionType, Union):
        wanted = next(option for option in get_args(kind) if option is not type(None))
        return None if value is None else _built(wanted, value, where)
    if isinstance(kind, type) and is_dataclass(kind):
        _expect(value, Mapping, where)
        hints = get_type_hints(kind)
        needed = {field.name for field in fields(kind) if field.default is MISSING}
        missing, unknown = needed - value.keys(), value.keys() - hints.keys()
        if missing or unknown:
            raise UnknownSchema(f"{where}: missing {sorted(missing)}, unknown {sorted(unknown)}")
        return kind(**{name: _built(hints[name], item, f"{where}.{name}") for name, item in value.items()})
    _expect(value, origin or kind, where)
    return value


def _expect(value: Any, kind: Any, where: str) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnknownSchema(f"{where} is {type(value).__name__}, not {getattr(kind, '__name__', kind)}")
