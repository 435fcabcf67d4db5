"""Published versions as everybody sees them: when each came out, whether it stands, what its document says in front.

What is said of a version comes from its stored JSON alone; the question as it is today is nobody's business here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.core.cache import cache
from django.utils import dateformat

from documents.html import context_of
from documents.schema import EtdDocument, UnknownSchema, from_json
from etd.domain.text import Citations, plain
from etd.models import PublishedVersion


@dataclass(frozen=True)
class FrontStatement:
    """`grade` is `Weak recommendation for · Low certainty of evidence`; `circles` repeat its certainty."""

    text: str
    grade: str
    circles: str
    direction: str
    population: str


@dataclass(frozen=True)
class Front:
    """What a document says first. Where its schema is unknown, `is_readable` is False and little else is known.

    `listed` are the numbers that its list of references explains.
    """

    is_readable: bool
    guideline_title: str
    organisation: str
    title: str
    language: str
    heading: str = ""
    type_label: str = ""
    type_tone: str = ""
    statements: tuple[FrontStatement, ...] = ()
    listed: frozenset[int] = frozenset()

    @property
    def author(self) -> str:
        return self.organisation or self.guideline_title

    @property
    def citation_marks(self) -> Citations:
        return Citations(self.listed)

    @property
    def answer(self) -> str:
        """The statements with their grades as one plain text; the type of recommendation where there is none."""
        said = [f"{' '.join(plain(one.text).split())} ({one.grade})" for one in self.statements]
        return " ".join(said) or self.type_label


@dataclass(frozen=True)
class Withdrawn:
    reason: str
    at: datetime

    @property
    def date(self) -> str:
        return in_words(self.at)


@dataclass(frozen=True)
class Version:
    """One published version; `guideline` and `question` are the slugs of its address, times are UTC."""

    pk: int
    guideline: str
    question: str
    number: int
    note: str
    published_at: datetime
    document_sha256: str
    pdf_sha256: str
    record_sha256: str
    withdrawn: Withdrawn | None
    front: Front

    @property
    def date(self) -> str:
        return in_words(self.published_at)


@dataclass(frozen=True)
class PublishedQuestion:
    """A question with its versions, the newest first; there is at least one."""

    guideline: str
    slug: str
    versions: tuple[Version, ...]

    @property
    def newest(self) -> Version:
        return self.versions[0]

    @property
    def standing(self) -> Version | None:
        """The newest version, unless it is withdrawn: an earlier one does not come back by that."""
        return None if self.newest.withdrawn else self.newest

    @property
    def changed_at(self) -> datetime:
        """When a version last came out or was withdrawn."""
        return max(at for one in self.versions for at in (one.published_at, *_withdrawals(one)))

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


@dataclass(frozen=True)
class PublishedGuideline:
    """A guideline with published questions; title and organisation as in its newest document."""

    slug: str
    questions: tuple[PublishedQuestion, ...]

    @property
    def front(self) -> Front:
        return max((one.newest for one in self.questions), key=lambda one: one.published_at).front

    @property
    def changed_at(self) -> datetime:
        return max(one.changed_at for one in self.questions)


def in_words(at: datetime) -> str:
    """`23 November 2026`, the day in UTC, as in the document."""
    return dateformat.format(at.astimezone(UTC), "j F Y")


def published_guidelines(
    guideline: str | None = None, question: str | None = None
) -> tuple[PublishedGuideline, ...]:
    """Guidelines with published questions, by title; with a slug the one guideline, or its one question."""
    found = PublishedVersion.objects.select_related("question__guideline", "withdrawal")
    if guideline is not None:
        found = found.filter(question__guideline__slug=guideline)
    if question is not None:
        found = found.filter(question__slug=question)
    rows = list(found.defer("document", "pdf").order_by("question__guideline", "question", "-number"))
    fronts = _fronts(rows)
    guidelines = [
        PublishedGuideline(
            slug,
            tuple(
                PublishedQuestion(slug, name, tuple(_version(row, fronts) for row in versions))
                for name, versions in groupby(of_guideline, key=lambda row: row.question.slug)
            ),
        )
        for slug, of_guideline in groupby(rows, key=lambda row: row.question.guideline.slug)
    ]
    return tuple(sorted(guidelines, key=lambda one: one.front.guideline_title.casefold()))


def published_guideline(guideline: str) -> PublishedGuideline | None:
    return next(iter(published_guidelines(guideline)), None)


def published_question(guideline: str, question: str) -> PublishedQuestion | None:
    found = next(iter(published_guidelines(guideline, question)), None)
    return found.questions[0] if found else None


def stored_document(pk: int) -> EtdDocument:
    """The document of a version as it was stored. Raises UnknownSchema."""
    return read(stored_json(pk))


def stored_json(pk: int) -> bytes:
    """The JSON file of a version, byte for byte."""
    text: str = PublishedVersion.objects.values_list("document", flat=True).get(pk=pk)
    return text.encode()


def stored_pdf(pk: int) -> bytes:
    return bytes(PublishedVersion.objects.values_list("pdf", flat=True).get(pk=pk))


def read(text: bytes | str) -> EtdDocument:
    """The document in the text of a JSON file. Raises UnknownSchema."""
    return from_json(_object(text))


def front_of(text: bytes | str, *, title: str) -> Front:
    """What a stored document says in front; of one in an unknown schema its title, or the one given here."""
    try:
        document = read(text)
    except UnknownSchema:
        return _unreadable_front(_object(text), title)
    context = context_of(document)
    return Front(
        is_readable=True,
        guideline_title=document.guideline.title,
        organisation=document.guideline.organisation,
        title=document.question.title,
        language=document.framework.language,
        heading=next((one.heading for one in document.sections if one.holds_statements), ""),
        type_label=next((one.label for one in document.recommendation_types if one.chosen), ""),
        type_tone=next((one.tone for one in document.recommendation_types if one.chosen), ""),
        statements=tuple(
            FrontStatement(
                printed.statement.text,
                printed.grade,
                printed.statement.certainty_symbols,
                printed.statement.direction,
                printed.statement.population,
            )
            for printed in context["statements"]
        ),
        listed=frozenset(one.number for one in document.references if one.citation),
    )


def _unreadable_front(value: dict[str, Any], title: str) -> Front:
    def told(part: str, key: str) -> str:
        holder = value.get(part)
        found = holder.get(key) if isinstance(holder, dict) else None
        return found if isinstance(found, str) else ""

    return Front(
        is_readable=False,
        guideline_title=told("guideline", "title"),
        organisation=told("guideline", "organisation"),
        title=told("question", "title") or title,
        language="en",
    )


def _object(text: bytes | str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _fronts(rows: Iterable[PublishedVersion]) -> dict[int, Front]:
    """The front of each version. A version never changes, so its front is kept and its document read once."""
    keys = {f"front-{row.pk}-{row.document_sha256}": row for row in rows}
    known: dict[str, Front] = cache.get_many(keys)
    new = {row.pk: key for key, row in keys.items() if key not in known}
    if new:
        texts = PublishedVersion.objects.filter(pk__in=new).values_list("pk", "document")
        read_now = {new[pk]: front_of(text, title=keys[new[pk]].question.slug) for pk, text in texts}
        cache.set_many({key: front for key, front in read_now.items() if front.is_readable}, timeout=None)
        known |= read_now
    return {row.pk: known[key] for key, row in keys.items()}


def _version(row: PublishedVersion, fronts: dict[int, Front]) -> Version:
    withdrawal = getattr(row, "withdrawal", None)
    return Version(
        pk=row.pk,
        guideline=row.question.guideline.slug,
        question=row.question.slug,
        number=row.number,
        note=row.note,
        published_at=row.published_at.astimezone(UTC),
        document_sha256=row.document_sha256,
        pdf_sha256=row.pdf_sha256,
        record_sha256=row.record_sha256,
        withdrawn=Withdrawn(withdrawal.reason, withdrawal.withdrawn_at.astimezone(UTC))
        if withdrawal
        else None,
        front=fronts[row.pk],
    )


def _withdrawals(version: Version) -> list[datetime]:
    return [version.withdrawn.at] if version.withdrawn else []
