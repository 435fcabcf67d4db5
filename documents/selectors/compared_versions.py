"""Two states of a question as documents, and what differs: two published versions, or the last one and today."""

from __future__ import annotations

from dataclasses import dataclass

from documents.difference import Difference, Edition, compare
from documents.pdf import document_bytes
from documents.published import document_sha256
from documents.schema import EtdDocument, UnknownSchema
from documents.selectors.published_versions import read
from etd.models import PublishedVersion, Question

NOW = "The question as it stands now"


class Unreadable(Exception):
    """A stored document is written in a form that this program does not read; `names` says which versions."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        super().__init__(f"{' and '.join(names)} cannot be compared: this program does not read their data.")


@dataclass(frozen=True)
class Compared:
    before: Edition
    after: Edition
    difference: Difference


def between(old: int, new: int) -> Compared:
    """Two published versions by their primary keys. Raises Unreadable."""
    rows = PublishedVersion.objects.in_bulk([old, new])
    before, after = _editions(rows[old], rows[new])
    return Compared(before, after, compare(before.document, after.document))


def since_last_version(question: Question, now: EtdDocument) -> Compared | None:
    """The last version, withdrawn or not, and the question now; None before the first one. Raises Unreadable."""
    last = question.versions.defer("pdf").order_by("-number").first()
    if last is None:
        return None
    (before,) = _editions(last)
    # Written and read again: what is compared is what would be published.
    today = read(document_bytes(now))
    after = Edition(NOW, today, document_sha256(today))
    return Compared(before, after, compare(before.document, after.document))


def _editions(*rows: PublishedVersion) -> list[Edition]:
    editions, unreadable = [], []
    for row in rows:
        name = f"Version {row.number}"
        try:
            editions.append(Edition(name, read(row.document), row.document_sha256))
        except UnknownSchema:
            unreadable.append(name)
    if unreadable:
        raise Unreadable(list(dict.fromkeys(unreadable)))
    return editions
