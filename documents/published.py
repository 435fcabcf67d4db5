"""What a document is known by: the hash of its content, and that of the file which is published."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from documents.schema import EtdDocument, to_json
from etd.domain.canonical import digest

SHORT = 12


def document_bytes(document: EtdDocument) -> bytes:
    """The document as JSON for people and programs: UTF-8, indented, in the order of the schema."""
    return (json.dumps(to_json(document), ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()


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
