"""DOI and PMID as they are stored: without their prefixes, so that the same work is known again."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

LONGEST_DOI = 200

_DOI_PREFIX = re.compile(r"(?:https?://)?(?:(?:dx\.|www\.)?doi\.org/|doi:)\s*", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/[!-~]+")
_PMID_PREFIX = re.compile(r"(?:PMID:?|(?:https?://)?pubmed\.ncbi\.nlm\.nih\.gov/)\s*", re.IGNORECASE)
_PMID = re.compile(r"0*([1-9][0-9]{0,8})/?")


class NoIdentifier(ValueError):
    """What was given is no DOI, or no PMID; the message says how one looks."""


def clean_doi(text: str) -> str:
    """`10.1056/nejmoa2307227` from a DOI or its address, in lower case (a DOI has no capitals of its own).

    Empty for an empty text. Raises NoIdentifier for anything that is no DOI by the Handbook of the DOI Foundation, 2.2.
    """
    stripped = text.strip()
    if not stripped:
        return ""
    prefix = _DOI_PREFIX.match(stripped)
    bare = stripped[prefix.end() :] if prefix else stripped
    if prefix and "/" in prefix[0]:
        bare = unquote(bare)
    bare = bare.rstrip(".,;").lower()
    if len(bare) > LONGEST_DOI:
        raise NoIdentifier(f"This DOI has {len(bare)} characters; at most {LONGEST_DOI} can be kept.")
    if not _DOI.fullmatch(bare):
        raise NoIdentifier(f"“{_short(stripped)}” is no DOI: one looks like 10.1056/nejmoa2307227.")
    return bare


def clean_pmid(text: str) -> str:
    """The digits of a PubMed number; empty for an empty text. Raises NoIdentifier."""
    stripped = text.strip()
    if not stripped:
        return ""
    prefix = _PMID_PREFIX.match(stripped)
    match = _PMID.fullmatch(stripped[prefix.end() :] if prefix else stripped)
    if match is None:
        raise NoIdentifier(f"“{_short(stripped)}” is no PMID: one is a number such as 37634145.")
    return match[1]


def doi_address(doi: str) -> str:
    """Where a stored DOI leads to, empty for none."""
    return f"https://doi.org/{quote(doi, safe='/:;()')}" if doi else ""


def pmid_address(pmid: str) -> str:
    return f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid else ""


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:80]}…"
