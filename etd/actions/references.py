"""The numbered references of a question: added, mended, removed, imported. Frozen with the texts that cite them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from etd.actions import audit
from etd.actions.errors import Refused, StaleEdit
from etd.actions.locks import lock_question, require_open
from etd.domain.references import NoIdentifier, clean_doi, clean_pmid
from etd.models import Question, Reference, User
from etd.workflow import Part

FIELDS = ("citation", "doi", "pmid")
LARGEST_NUMBER = 99_999
# The places in words that cite each number (`selectors.references.cited_numbers`).
CitedAt = Callable[[Question], Mapping[int, Sequence[str]]]


@dataclass(frozen=True)
class NewReference:
    """What is stored under a number: DOI and PMID in any of their spellings, empty where there is none."""

    number: int
    citation: str
    doi: str = ""
    pmid: str = ""


def add_reference(
    *,
    question: Question,
    number: int,
    citation: str,
    by: User,
    doi: str = "",
    pmid: str = "",
    op: UUID | None = None,
) -> Reference:
    """A numbered reference; `citation` is empty where the source cites the number but prints no list.

    A number that stands there without a citation is given this one. Raises Refused for a number that another citation
    has, and for what is no DOI or PMID.
    """
    with transaction.atomic():
        current = lock_question(question)
        values = _cleaned(NewReference(number, citation, doi, pmid))
        stored = Reference.objects.filter(question=current, number=number).first()
        if stored is not None and _values(stored) == values:
            return stored
        require_open(current, Part.TEXTS)
        reference = _store(current, number, values, stored)
        audit.record(
            type="reference_added",
            subject=str(number),
            after=values,
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return reference


def edit_reference(
    *,
    reference: Reference,
    citation: str,
    doi: str,
    pmid: str,
    revision: int,
    by: User,
    op: UUID | None = None,
) -> Reference:
    """Save the reference under its number if `revision` is still the stored one; raises StaleEdit otherwise.

    Raises Refused without a citation, for what is no DOI or PMID, and where the reference was removed.
    """
    with transaction.atomic():
        question = lock_question(reference.question)
        current = Reference.objects.filter(pk=reference.pk, question=question).first()
        if current is None:
            raise Refused(
                f"Reference {reference.number} has been removed in the meantime. Add it as a new one."
            )
        before, after = (
            _values(current),
            _cleaned(NewReference(current.number, citation, doi, pmid)),
        )
        if before == after:
            return current
        require_open(question, Part.TEXTS)
        if current.revision != revision:
            raise StaleEdit(before, current.revision)
        if not after["citation"]:
            raise Refused("A reference needs its citation. To take it out of the list, remove it.")
        _save(current, after)
        audit.record(
            type="reference_edited",
            subject=str(current.number),
            before=before,
            after=after,
            at=timezone.now(),
            by=by,
            question=question,
            op=op,
        )
    return current


def remove_reference(*, reference: Reference, cited_at: CitedAt, by: User, op: UUID | None = None) -> None:
    """Take out a reference; its number stays free, so that no other mark changes its meaning.

    Raises Refused while a text cites the number, naming the places.
    """
    with transaction.atomic():
        question = lock_question(reference.question)
        current = Reference.objects.filter(pk=reference.pk, question=question).first()
        if current is None:
            return
        require_open(question, Part.TEXTS)
        if places := cited_at(question).get(current.number):
            raise Refused(
                f"Reference {current.number} is cited: {'; '.join(places)}. Take the mark out of the text first."
            )
        before = _values(current)
        current.delete()
        audit.record(
            type="reference_removed",
            subject=str(current.number),
            before=before,
            at=timezone.now(),
            by=by,
            question=question,
            op=op,
        )


def import_references(
    *, question: Question, references: Sequence[NewReference], by: User, op: UUID | None = None
) -> list[Reference]:
    """All of them or none, each under the number that its importer was shown.

    The same import a second time changes nothing. Raises Refused where a number has been given to another citation
    since, is there twice, or where an entry has no citation.
    """
    with transaction.atomic():
        current = lock_question(question)
        cleaned = {one.number: _cleaned(one) for one in references}
        if len(cleaned) < len(references) or not all(values["citation"] for values in cleaned.values()):
            raise Refused("Two of these have the same number, or one has no citation. Nothing was imported.")
        stored = {one.number: one for one in Reference.objects.filter(question=current, number__in=cleaned)}
        wanted = {
            number: values
            for number, values in cleaned.items()
            if number not in stored or _values(stored[number]) != values
        }
        if not wanted:
            return [stored[number] for number in cleaned]
        require_open(current, Part.TEXTS)
        for number, values in wanted.items():
            stored[number] = _store(current, number, values, stored.get(number))
        audit.record(
            type="references_imported",
            subject=f"{len(wanted)} reference{'' if len(wanted) == 1 else 's'}",
            after={"references": [{"number": number} | values for number, values in wanted.items()]},
            at=timezone.now(),
            by=by,
            question=current,
            op=op,
        )
    return [stored[number] for number in cleaned]


def _cleaned(new: NewReference) -> dict[str, str]:
    """What is stored. Raises Refused, naming the reference."""
    if not 1 <= new.number <= LARGEST_NUMBER:
        raise Refused(f"A reference has a number from 1 to {LARGEST_NUMBER:,}, not {new.number}.")
    try:
        return {
            "citation": new.citation.strip(),
            "doi": clean_doi(new.doi),
            "pmid": clean_pmid(new.pmid),
        }
    except NoIdentifier as error:
        raise Refused(f"Reference {new.number}: {error}") from error


def _store(question: Question, number: int, values: Mapping[str, str], stored: Reference | None) -> Reference:
    if stored is None:
        return Reference.objects.create(question=question, number=number, **values)
    if stored.citation:
        raise Refused(
            f"Number {number} has been given to “{stored.citation[:80]}”."
            " Choose another number, or edit that reference."
        )
    _save(stored, values)
    return stored


def _save(reference: Reference, values: Mapping[str, str]) -> None:
    for name in FIELDS:
        setattr(reference, name, values[name])
    reference.revision += 1
    reference.save(update_fields=[*FIELDS, "revision"])


def _values(reference: Reference) -> dict[str, str]:
    return {name: getattr(reference, name) for name in FIELDS}
