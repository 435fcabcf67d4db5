"""Everything that the checks find in a stored question: at its place, and with what was dismissed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etd.domain.coherence import coherence_findings, prepublication_list
from etd.domain.coherence.checklist import Item
from etd.domain.coherence.inputs import EtdInput
from etd.domain.findings import Finding, Severity
from etd.domain.located import LocatedFinding, Place, Words, located, words_with_places
from etd.domain.paging import Page, page_of
from etd.evidence import load_rows
from etd.models import Guideline, OutcomeRow, Question
from etd.row_checks import row_findings
from etd.selectors.around import Around, Dismissal, around_together, load_around
from etd.selectors.coherence import coherence_input
from etd.selectors.question import EtdView, load_etd
from etd.stored import Stored, stored_together

# What these items name are no parts of the question page, even where an outcome is called like one.
_NAMES_NO_PLACE = frozenset(
    {"importance", "certainty_of_outcomes", "domains", "absolute_effects", "panel", "conflicts_of_interest", "date"}
)  # fmt: skip
# Digits of a fingerprint that tell the findings of one question apart, in addresses.
_SHORT = 12


@dataclass(frozen=True)
class FindingView:
    """A finding as the Checks page shows it; `dismissal` is None while it is open."""

    located: LocatedFinding
    dismissal: Dismissal | None

    @property
    def finding(self) -> Finding:
        return self.located.finding

    @property
    def severity(self) -> Severity:
        return self.located.finding.severity

    @property
    def evidence(self) -> tuple[str, ...]:
        """What it rests on; several quotations each for itself."""
        return tuple(part for part in self.located.finding.evidence.split(" · ") if part)

    @property
    def fingerprint(self) -> str:
        return self.located.fingerprint

    @property
    def anchor(self) -> str:
        """Its id on the Checks page."""
        return f"finding-{self.fingerprint[:_SHORT]}"


@dataclass(frozen=True)
class Mark:
    """What a part of the question page says of its open findings: `2 checks: 1 inconsistent, 1 informational`."""

    text: str
    severity: Severity
    anchor: str

    @property
    def is_grave(self) -> bool:
        return self.severity is not Severity.INFORMATIONAL


@dataclass(frozen=True)
class ItemView:
    """An item of the list before publication, with its places in words."""

    item: Item
    where: tuple[tuple[Words, ...], ...]


@dataclass(frozen=True)
class QuestionChecks:
    """The findings of one question, the gravest first, then in the order of its page. `marks` are by fragment."""

    findings: tuple[FindingView, ...]
    marks: Mapping[str, Mark]
    etd: EtdInput
    places: tuple[Place, ...]

    @property
    def open(self) -> tuple[FindingView, ...]:
        return tuple(one for one in self.findings if one.dismissal is None)

    @property
    def dismissed(self) -> tuple[FindingView, ...]:
        return tuple(one for one in self.findings if one.dismissal is not None)

    def n_open(self, severity: Severity) -> int:
        return sum(one.severity is severity for one in self.open)

    @property
    def n_impossible(self) -> int:
        return self.n_open(Severity.IMPOSSIBLE)

    @property
    def n_inconsistent(self) -> int:
        return self.n_open(Severity.INCONSISTENT)

    @property
    def n_informational(self) -> int:
        return self.n_open(Severity.INFORMATIONAL)

    @property
    def n_grave(self) -> int:
        """Open findings that are more than informational."""
        return self.n_impossible + self.n_inconsistent


@dataclass(frozen=True)
class CheckedQuestion:
    """One line of a guideline's Checks page."""

    etd: EtdView
    checks: QuestionChecks


@dataclass(frozen=True)
class CheckedQuestions:
    """`lines` are those of one page."""

    page: Page
    lines: tuple[CheckedQuestion, ...]


def load_checks(
    question: Question,
    view: EtdView | None = None,
    stored: Stored | None = None,
    around: Around | None = None,
) -> QuestionChecks:
    """What the checks find now, in two queries beside `view` and `stored`, where somebody has loaded them already.

    Nothing depends on who looks: of votes, only those of rounds that are over are read.
    """
    stored = stored or Stored(question)
    view = view or load_etd(question, None, stored=stored)
    around = around or load_around(question)
    etd, places = coherence_input(stored, view, around), page_places(view)
    found = _in_order(_located(etd, places, stored.rows), view)
    findings = tuple(FindingView(one, around.dismissals.get(one.fingerprint)) for one in found)
    return QuestionChecks(findings, _marks(findings), etd, places)


def load_guideline_checks(guideline: Guideline, page: str = "") -> CheckedQuestions:
    """A page of its questions, which are read together; one query more for each whose evidence has moved."""
    questions = (
        Question.objects.filter(guideline=guideline)
        .select_related("guideline", "own_framework", "recommendation__type_judged_by")
        .order_by("pk")
    )
    shown = page_of(questions.count(), page)
    lines = list(questions[shown.start : shown.stop])
    around = around_together(lines)
    return CheckedQuestions(
        shown, tuple(_checked(stored, around[stored.question.pk]) for stored in stored_together(lines))
    )


def _checked(stored: Stored, around: Around) -> CheckedQuestion:
    view = load_etd(stored.question, None, stored=stored)
    return CheckedQuestion(view, load_checks(stored.question, view, stored, around))


def located_findings(question: Question) -> tuple[LocatedFinding, ...]:
    """The findings without their dismissals, for the action that dismisses one."""
    stored = Stored(question)
    view = load_etd(question, None, stored=stored)
    return _located(coherence_input(stored, view, load_around(question)), page_places(view), stored.rows)


def question_findings(question: Question) -> tuple[Finding, ...]:
    """Coherence of the question and integrity of its tables, the gravest first."""
    return tuple(one.finding for one in load_checks(question).findings)


def integrity_findings(question: Question) -> tuple[Finding, ...]:
    """The rows of each outcome table against themselves, in one query."""
    return tuple(one.finding for one in row_findings(load_rows(question)))


def before_publication(checks: QuestionChecks) -> tuple[ItemView, ...]:
    return tuple(
        ItemView(
            item,
            tuple(
                (Words(where),) if item.code in _NAMES_NO_PLACE else words_with_places(where, checks.places)
                for where in item.where
            ),
        )
        for item in prepublication_list(checks.etd)
    )


def page_places(view: EtdView) -> tuple[Place, ...]:
    """The parts of the question page by the names that `coherence_input` gives them, from the top of the page.

    The one place where names become fragments; templates/etd has an id for each.
    """
    places = [Place(one.heading, "question-box") for one in view.fields]
    for criterion in view.criteria:
        places.append(Place(criterion.heading, f"criterion-{criterion.key}"))
        places += [Place(f"Table {table.number}", f"table-{table.number}") for table in criterion.tables]
    places.append(Place("Type of recommendation", "recommendation-type"))
    places += [Place(f"Statement {n}", f"statement-{n}") for n in range(1, len(view.statements) + 1)]
    for section in view.sections:
        fragment = "recommendation" if section.holds_statements else f"section-{section.key}"
        places.append(Place(section.heading, fragment))
    return tuple(places)


def _located(etd: EtdInput, places: tuple[Place, ...], rows: list[OutcomeRow]) -> tuple[LocatedFinding, ...]:
    """Each finding once: the same words about the same place are one finding."""
    found = [*row_findings(rows), *(located(finding, places) for finding in coherence_findings(etd))]
    return tuple({one.fingerprint: one for one in found}.values())


def _in_order(found: Iterable[LocatedFinding], view: EtdView) -> list[LocatedFinding]:
    grades = list(Severity)
    fragments = tuple(_fragments(view))
    order = {fragment: number for number, fragment in enumerate(fragments)}

    def place(one: LocatedFinding) -> tuple[int, int]:
        known = [order[fragment] for fragment in one.fragments if fragment in order]
        return grades.index(one.finding.severity), min(known, default=len(fragments))

    return sorted(found, key=place)


def _fragments(view: EtdView) -> Iterable[str]:
    rows = {
        f"table-{table.number}": [f"row-{row.id}" for group in table.groups for row in group.rows]
        for table in view.tables
    }
    for place in page_places(view):
        yield place.fragment
        yield from rows.get(place.fragment, ())


def _marks(findings: Iterable[FindingView]) -> dict[str, Mark]:
    at: dict[str, list[FindingView]] = {}
    for one in findings:
        if one.dismissal is None:
            for fragment in one.located.fragments:
                at.setdefault(fragment, []).append(one)
    return {fragment: _mark(there) for fragment, there in at.items()}


def _mark(there: list[FindingView]) -> Mark:
    """Of findings that are sorted, the gravest first."""
    counts = {severity: sum(one.severity is severity for one in there) for severity in Severity}
    kinds = [(n, severity) for severity, n in counts.items() if n]
    words = str(kinds[0][1]) if len(kinds) == 1 else ", ".join(f"{n} {severity}" for n, severity in kinds)
    text = f"{len(there)} check{'' if len(there) == 1 else 's'}: {words}"
    return Mark(text, there[0].severity, there[0].anchor)
