"""References: what files of them hold, and how one is cited. `read_references` is the way in."""

from etd.domain.references.identifiers import NoIdentifier, clean_doi, clean_pmid, doi_address, pmid_address
from etd.domain.references.problems import Problem
from etd.domain.references.reading import MOST_BYTES, TOO_LARGE, Reading, ReadReference, read_references

__all__ = [
    "MOST_BYTES",
    "TOO_LARGE",
    "NoIdentifier",
    "Problem",
    "ReadReference",
    "Reading",
    "clean_doi",
    "clean_pmid",
    "doi_address",
    "pmid_address",
    "read_references",
]
