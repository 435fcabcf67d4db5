"""Existing Evidence-to-Decision documents, read: text in GRADEpro's layout → `ImportedEtd`. No Django, no database."""

from documents.importing.decoding import NotText, decode
from documents.importing.docx import NotWord, is_docx, read_docx
from documents.importing.imported import ImportedEtd
from documents.importing.reader import read_text

__all__ = ["ImportedEtd", "NotText", "NotWord", "decode", "is_docx", "read_docx", "read_text"]
