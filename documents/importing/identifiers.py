"""DOI and PMID that stand in a printed citation. The citation itself stays as it is."""

from __future__ import annotations

import re

from etd.domain.references import NoIdentifier, clean_doi, clean_pmid

_DOI = re.compile(
    r"(?:\bdoi(?:\.org/|\s*:?\s*)(?:https?://(?:dx\.)?doi\.org/)?)(10\.\d{4,9}/[^\s<>\"“”]{1,200})", re.I
)
_PMID = re.compile(r"\bPMID\s*:?\s*(\d{1,9})\b", re.I)


def identifiers_in(citation: str) -> tuple[str, str]:
    """The DOI and the PMID that a citation names, each empty where it names none, or several."""
    dois = {_cleaned(match[1]) for match in _DOI.finditer(citation)}
    pmids = {match[1] for match in _PMID.finditer(citation)}
    try:
        pmid = clean_pmid(pmids.pop()) if len(pmids) == 1 else ""
    except NoIdentifier:
        pmid = ""
    return (dois.pop() if len(dois) == 1 else "", pmid)


def _cleaned(text: str) -> str:
    """Without what ends the sentence; a closing bracket only where one was opened in it."""
    bare = text.rstrip(".,;]")
    while bare.endswith(")") and bare.count(")") > bare.count("("):
        bare = bare[:-1].rstrip(".,;]")
    try:
        return clean_doi(bare)
    except NoIdentifier:
        return ""
