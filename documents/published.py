"""What a document is known by: the hash of its content, and that of the file which is published."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from documents.pdf import document_bytes
from documents.schema import EtdDocument, to_json
from etd.domain.canonical import digest

SHORT = 12


def content_sha256(document: EtdDocument) -> str:
    """The sha256 of what is approved: everything but the status, the version and the program that assembled it."""
    question = replace(document.question, status="", status_label="")
    return digest(to_json(replace(document, question=question, openetd_version="", version=None)))


def document_sha256(document: EtdDocument) -> str:
    """The sha256 of the document's JSON file, byte for byte as it is exported and attached to the PDF."""
    return hashlib.sha256(document_bytes(document)).hexdigest()


def short(sha256: str) -> str:
    """The first letters of a hash, for people to compare by eye."""
    return sha256[:SHORT]
