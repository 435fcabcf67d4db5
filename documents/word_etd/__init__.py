"""The whole document as a Word file in GRADEpro's layout, which `documents.importing` reads again."""

from documents.word_etd.elements import CannotHold
from documents.word_etd.file import word_file

__all__ = ["CannotHold", "word_file"]
