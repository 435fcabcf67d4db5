"""The record of a published version: what its hash is taken of, so that nothing of it can be changed unseen.

Each record holds the hash of the record before, so the records of a question are a chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from etd.domain.canonical import digest


@dataclass(frozen=True)
class VersionRecord:
    """`published_at` is UTC, ISO 8601 with microseconds; `approvals` are pairs of name and time as such a text.

    The sha256 are 64 hexadecimal digits, `previous_sha256` empty for the first version.
    """

    guideline: str
    question: str
    number: int
    note: str
    schema_version: str
    document_sha256: str
    pdf_sha256: str
    approvals: Sequence[Sequence[str]]
    published_at: str
    published_by: str
    previous_sha256: str

    @property
    def sha256(self) -> str:
        """The sha256 of the record as canonical JSON: sorted keys, no spaces, UTF-8."""
        return digest(asdict(self))
