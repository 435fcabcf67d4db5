"""Existing Evidence-to-Decision documents, read: text in GRADEpro's layout → `ImportedEtd`. No Django, no database."""

from documents.importing.decoding import NotText, decode
from documents.importing.imported import ImportedEtd
from documents.importing.reader import read_text

__all__ = ["ImportedEtd", "NotText", "decode", "read_text"]
