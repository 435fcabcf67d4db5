"""DOI and PMID are found in citations, and none is guessed."""

from __future__ import annotations

import pytest

from documents.importing.identifiers import identifiers_in


@pytest.mark.parametrize(
    ("citation", "found"),
    [
        ("Møller JE. NEJM 2024. doi:10.1056/NEJMoa2312572.", ("10.1056/nejmoa2312572", "")),
        ("https://doi.org/10.1016/S0140-6736(24)01448-X, PMID: 392", ("10.1016/s0140-6736(24)01448-x", "392")),
        ("A (see DOI 10.1000/182).", ("10.1000/182", "")),
        ("A. doi: https://doi.org/10.1000/182", ("10.1000/182", "")),
        ("A. doi:10.1000/182. Correction doi:10.1000/183", ("", "")),
        ("Page 10.1000/182 of nothing", ("", "")),
        ("A. 2020;10:1-9.", ("", "")),
        ("PMID 0", ("", "")),
    ],
)  # fmt: skip
def test_identifiers_are_those_that_stand_there(citation: str, found: tuple[str, str]) -> None:
    assert identifiers_in(citation) == found
