"""What differs between two versions of a question, for everybody; and since the last one, for those who publish."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from documents.assemble import assemble
from documents.difference import Change, Difference, Part, Weight, errata, proposed_note
from documents.difference.passages import Passage, passages
from documents.public import pages
from documents.public.addresses import whole
from documents.published import short
from documents.selectors.compared_versions import Unreadable, between, since_last_version
from documents.selectors.published_versions import PublishedQuestion, Version, published_question
from etd.domain.text_difference import Piece, text_difference
from etd.permissions import Access, Permission, requires
from etd.views.pages import page

KEPT_DIFFERENCES = 16
# Words that stand beside a change on the page; more where the passage stands in its text twice.
BESIDE = (12, 24, 48)
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Sides:
    """One passage of a text on both sides. Without `is_marked` only its white space differs."""

    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    is_from_within: bool
    goes_on: bool

    @property
    def is_marked(self) -> bool:
        return any(piece.differs for piece in (*self.before, *self.after))


@dataclass(frozen=True)
class Prose:
    """A text by the passages that differ."""

    what: str
    sides: tuple[Sides, ...]


@dataclass(frozen=True)
class ShownChange:
    """`cells` read otherwise as a whole, `texts` in some of their words."""

    change: Change
    cells: tuple[Part, ...]
    texts: tuple[Prose, ...]

    @property
    def n_parts(self) -> int:
        return len(self.cells) + len(self.texts)


@dataclass(frozen=True)
class Section:
    """The printed changes of one weight."""

    weight: Weight
    changes: tuple[ShownChange, ...]

    @property
    def anchor(self) -> str:
        return self.weight.name.lower()


@dataclass(frozen=True)
class Shown:
    """A difference as it is laid out: what the pages print, by weight; then what the data alone holds."""

    sections: tuple[Section, ...]
    data: tuple[ShownChange, ...]

    @property
    def n_data(self) -> int:
        return sum(one.n_parts for one in self.data)

    @property
    def is_empty(self) -> bool:
        return not self.sections and not self.data


@pages.public
def version_difference(
    request: HttpRequest, guideline: str, question: str, old: int, new: int
) -> HttpResponseBase:
    found, before, after = _versions(guideline, question, old, new)
    context = {
        "question": found,
        "before": before,
        "after": after,
        "short_before": short(before.document_sha256),
        "short_after": short(after.document_sha256),
        "address": whole("version_difference", guideline, question, old, new),
    }
    try:
        context["body"] = _body(*_key(before), *_key(after))
    except Unreadable as problem:
        text = render_to_string("documents/difference/unreadable.html", context | {"problem": problem})
        return HttpResponse(text, status=422)
    return pages.page(request, render_to_string("documents/difference/versions.html", context))


@pages.public
def version_errata(
    request: HttpRequest, guideline: str, question: str, old: int, new: int
) -> HttpResponseBase:
    _, before, after = _versions(guideline, question, old, new)
    try:
        return pages.page(request, _errata(*_key(before), *_key(after)), TEXT)
    except Unreadable as problem:
        return HttpResponse(f"{problem}\n", content_type=TEXT, status=422)


@require_safe
@requires(Permission.VIEW)
def changes_since_version(request: HttpRequest, access: Access) -> HttpResponse:
    """What is no longer as the last version says it, and a first sentence for the note of the next one."""
    context = page(access)
    try:
        compared = since_last_version(access.question, assemble(access.question, context["etd"]))
    except Unreadable as problem:
        context |= {"problem": problem}
        return render(request, "documents/difference/changes.html", context, status=422)
    if compared:
        context |= {
            "compared": compared,
            "shown": _shown(compared.difference),
            "note": proposed_note(compared.difference),
            "name_before": compared.before.name,
            "name_after": "Now",
        }
    return render(request, "documents/difference/changes.html", context)


def _versions(
    guideline: str, question: str, old: int, new: int
) -> tuple[PublishedQuestion, Version, Version]:
    found = published_question(guideline, question)
    before, after = (found.version(number) if found else None for number in (old, new))
    if found is None or before is None or after is None:
        raise Http404
    return found, before, after


def _key(version: Version) -> tuple[int, str]:
    """What a kept difference is known by. A version never changes, so what was worked out once holds."""
    return version.pk, version.document_sha256


@lru_cache(maxsize=KEPT_DIFFERENCES)
def _body(old: int, old_sha256: str, new: int, new_sha256: str) -> str:
    compared = between(old, new)
    return render_to_string(
        "documents/difference/_changes.html",
        {
            "shown": _shown(compared.difference),
            "name_before": compared.before.name,
            "name_after": compared.after.name,
        },
    )


@lru_cache(maxsize=KEPT_DIFFERENCES)
def _errata(old: int, old_sha256: str, new: int, new_sha256: str) -> str:
    compared = between(old, new)
    return errata(compared.before, compared.after, compared.difference)


def _shown(difference: Difference) -> Shown:
    sections = [
        Section(weight, tuple(_shown_change(one, one.printed) for one in changes if one.printed))
        for weight, changes in difference.by_weight
    ]
    return Shown(
        sections=tuple(section for section in sections if section.changes),
        data=tuple(_shown_change(one, one.unprinted) for one in difference.changes if one.unprinted),
    )


def _shown_change(change: Change, parts: tuple[Part, ...]) -> ShownChange:
    return ShownChange(
        change,
        cells=tuple(part for part in parts if not part.prose),
        texts=tuple(Prose(part.what, _sides(part)) for part in parts if part.prose),
    )


def _sides(part: Part) -> tuple[Sides, ...]:
    found = passages(part.before, part.after, BESIDE)
    return tuple(_marked(one, part) for one in found)


def _marked(passage: Passage, part: Part) -> Sides:
    difference = text_difference(passage.before, passage.after)
    return Sides(
        difference.before,
        difference.after,
        is_from_within=not part.before.startswith(passage.before),
        goes_on=not part.before.endswith(passage.before),
    )
