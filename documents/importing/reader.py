"""Text in GRADEpro's layout → `ImportedEtd`. Reads any text, raises nothing, and loses no line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from documents.importing.account import Account
from documents.importing.assessment import AssessmentReader
from documents.importing.conclusions import read_conclusions, read_references, read_type
from documents.importing.fragments import Fragment, cells_of, fragments_of
from documents.importing.imported import ImportedEtd
from documents.importing.layout import Layout, Part, best_framework
from documents.importing.marks import raised_marks, settle_raised
from documents.importing.own_lines import OwnLines
from documents.importing.plain_text import as_markdown, cited_numbers, numbers_of, with_citations, without_gap
from documents.importing.summary import compare_summary
from etd.domain.text import cited_numbers as marked_numbers
from etd.frameworks import Framework, all_frameworks


def read_text(text: str, *, frameworks: Sequence[Framework] = (), better: str = "") -> ImportedEtd:
    """Read a document by the one of these frameworks (default: all that are shipped, newest first) whose words it has.

    Where several have the same words, it is the first of them. `better` ("higher", "lower") is for
    outcomes whose name does not say which way is better; empty: their rows are not understood. Every line that is
    not blank is in `understood` or in `not_understood`; nothing is raised, whatever the text is.
    """
    fragments = fragments_of(text)
    own = OwnLines(fragments)
    framework = best_framework(fragments, tuple(frameworks) or _newest_first())
    account = Account(fragments)
    own.settle(account)
    layout = Layout(own.others, framework)
    for heading in layout.part_headings:
        account.take([heading], "Heading of a part")
    if layout.has_two_questions:
        account.flag(
            "Document",
            "It has the heading of a question more than once: the first question was read. Send the others alone.",
        )
    account.leave(
        layout.lines_of(Part.BEFORE),
        "Before the question",
        "It stands before the first part of the document.",
    )
    title, fields = _read_question(layout, account)
    assessment = AssessmentReader(layout, account, better=better, known=own.better)
    assessment.read()
    compare_summary(layout, account, assessment.criteria)
    types = read_type(layout, account)
    conclusions = read_conclusions(layout, account)
    listed = read_references(layout, account)
    labels = own.arms or _arms(layout, assessment, account)
    listed, identifiers = own.identified(listed)
    etd = ImportedEtd(
        framework=framework,
        title=title,
        fields=fields,
        intervention_label=labels[0],
        comparison_label=labels[1],
        criteria=tuple(assessment.criteria),
        tables=tuple(assessment.tables),
        better=assessment.better,
        types=types,
        statements=conclusions.statements,
        note=conclusions.note,
        sections=conclusions.sections,
        references=listed,
        flags=(),
        understood=account.understood,
        not_understood=account.not_understood,
        identifiers=identifiers,
        certainty={name: level for name, level in own.certainty.items() if name in assessment.better},
    )
    cited = _with_raised_citations if own.has_formatting else _with_citations
    return replace(cited(etd, account), flags=tuple(account.flags))


def _newest_first() -> tuple[Framework, ...]:
    return tuple(sorted(all_frameworks(), key=lambda framework: -framework.version))


def _arms(layout: Layout, assessment: AssessmentReader, account: Account) -> tuple[str, str]:
    """What the first table calls the two arms; without a table, what the framework calls them."""
    if assessment.tables:
        return assessment.tables[0].intervention_label, assessment.tables[0].comparison_label
    account.flag(
        "Question", "No table names the two arms: they have the framework's names in plots and tables."
    )
    headings = {field.key: field.heading.capitalize() for field in layout.framework.question_fields}
    return headings.get("intervention", ""), headings.get("comparison", "")


def _read_question(layout: Layout, account: Account) -> tuple[str, dict[str, str]]:
    """The title is the first cell of the question box that is no field; a field is its heading and what follows."""
    title = ""
    fields: dict[str, str] = {}
    for field, heading, body in layout.question_fields():
        if heading is None:
            title = _read_title(body, account)
            continue
        printed = heading.folded
        if field is None or field.key in fields:
            reason = "already given above" if field else "not a field of this framework"
            account.leave([heading, *body], f"Question, {printed}", f"“{printed}” is {reason}.")
            continue
        same_line = printed.partition(":")[2]
        fields[field.key] = as_markdown([same_line, *(fragment.stored for fragment in body)])
        account.take([heading, *body], f"Question: {field.heading}")
    return title, fields


def _read_title(body: Sequence[Fragment], account: Account) -> str:
    cells = [cell for cell in cells_of(body) if cell.folded]
    if not cells:
        return ""
    account.take(cells[0].fragments, "Question: title")
    for cell in cells[1:]:
        account.leave(cell.fragments, "Question", "It stands between the title and the first field.")
    return cells[0].exact


def _with_citations(etd: ImportedEtd, account: Account) -> ImportedEtd:
    """Bare digits that cite become marks. Which they are shows in the document as a whole: 1, 2, 3… without a gap."""
    found = {number for text in _texts(etd) for number in cited_numbers(text)}
    cited = (frozenset(found) & frozenset(etd.references)) if etd.references else without_gap(found)
    if left := sorted(found - cited):
        account.flag("Citations", f"Left as plain digits, as they may cite nothing: {_listed(left)}.")
    if cited:
        account.flag(
            "Citations",
            f"Read as citation marks, which plain text has as bare digits: {_listed(sorted(cited))}.",
        )
    return _marked(etd, account, cited, lambda text: with_citations(text, cited))


def _with_raised_citations(etd: ImportedEtd, account: Account) -> ImportedEtd:
    """Raised digits that cite become marks, others superscripts (kg/m², 10³); digits on the line cite nothing."""
    raised = {number for text in _texts(etd) for mark in raised_marks(text) for number in numbers_of(mark)}
    cited = (frozenset(raised) & frozenset(etd.references)) if etd.references else without_gap(raised)
    if left := sorted(raised - cited):
        account.flag(
            "Citations", f"Raised numbers that may cite nothing became superscripts: {_listed(left)}."
        )

    on_line = {number for text in _texts(etd) for number in cited_numbers(text)} & set(etd.references)
    if not raised and on_line:
        account.flag(
            "Citations",
            f"Digits on the line that may cite were left as they are: {_listed(sorted(on_line))}.",
        )

    def settled(text: str) -> str:
        return settle_raised(text, lambda mark: bool(numbers_of(mark)) and set(numbers_of(mark)) <= cited)

    own = {number for text in _texts(etd) for number in marked_numbers(text)}
    return _marked(etd, account, cited | own, settled)


def _texts(etd: ImportedEtd) -> list[str]:
    return [
        *(text for one in etd.criteria for text in (one.research_evidence, one.additional_considerations)),
        *(text for one in etd.statements for text in (one.text, one.remark)),
        *etd.sections.values(),
        etd.note,
    ]


def _marked(
    etd: ImportedEtd, account: Account, cited: frozenset[int], marked: Callable[[str], str]
) -> ImportedEtd:
    if dangling := sorted(cited - set(etd.references)):
        account.flag("References", f"Cited, but not in a list of references: {_listed(dangling)}.")
    return replace(
        etd,
        fields={key: marked(text) if raised_marks(text) else text for key, text in etd.fields.items()},
        criteria=tuple(
            replace(
                one,
                research_evidence=marked(one.research_evidence),
                additional_considerations=marked(one.additional_considerations),
            )
            for one in etd.criteria
        ),
        tables=tuple(
            replace(
                one,
                abbreviations=settle_raised(one.abbreviations, lambda _: False),
                footnotes=settle_raised(one.footnotes, lambda _: False),
            )
            for one in etd.tables
        ),
        statements=tuple(
            replace(one, text=marked(one.text), remark=marked(one.remark)) for one in etd.statements
        ),
        sections={key: marked(body) for key, body in etd.sections.items()},
        note=marked(etd.note),
        references=dict(etd.references) | dict.fromkeys(dangling, ""),
    )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)
