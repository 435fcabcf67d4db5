"""Citations in words, for reference managers and for search engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from documents.public.citation import Citation, File, to_bibtex, to_json_ld, to_ris

CITATION = Citation(
    key="cardiac-device-v2",
    author="Society & Friends",
    title="Should devices be used?",
    guideline="Cardiac guideline",
    number=2,
    published_at=datetime(2026, 3, 5, 23, 30, tzinfo=UTC),
    address="https://etd.example.org/published/cardiac/device/versions/2/",
    language="en-GB",
    answer="We suggest the device.\n(Weak)",
    statements=(("We suggest the device.", "Weak"),),
    files=(File("https://etd.example.org/a.pdf", "application/pdf", "ab" * 32),),
)


def test_the_line_for_a_list_of_references_names_version_day_and_address() -> None:
    assert CITATION.in_words == (
        "Society & Friends. Should devices be used? In: Cardiac guideline. Version 2, 5 March 2026. "
        "https://etd.example.org/published/cardiac/device/versions/2/"
    )
    without_a_mark = replace(CITATION, title="Devices", author="Society Inc.")
    assert without_a_mark.in_words.startswith("Society Inc. Devices. In: ")


def test_a_ris_record_has_a_line_a_field() -> None:
    assert to_ris(CITATION).split("\r\n") == [
        "TY  - RPRT",
        "AU  - Society & Friends",
        "TI  - Should devices be used?",
        "T2  - Cardiac guideline",
        "ET  - Version 2",
        "PY  - 2026",
        "DA  - 2026/03/05",
        "PB  - Society & Friends",
        "AB  - We suggest the device. (Weak)",
        "LA  - en-GB",
        "UR  - https://etd.example.org/published/cardiac/device/versions/2/",
        "ER  - ",
        "",
    ]
    assert "AB  - " not in to_ris(replace(CITATION, answer=""))


def test_a_bibtex_entry_escapes_what_tex_would_run() -> None:
    entry = to_bibtex(replace(CITATION, title=r"50% of \input{x} & #1_a~b^c $", author="Society"))
    assert (
        r"title = {{50\% of \textbackslash{}input\{x\} \& \#1\_a\textasciitilde{}b\textasciicircum{}c \$}}"
        in entry
    )
    assert entry.startswith("@techreport{cardiac-device-v2,\n  author = {{Society}},\n")
    assert "  month = mar,\n" in entry
    assert entry.endswith("  url = {https://etd.example.org/published/cardiac/device/versions/2/}\n}\n")


@pytest.mark.parametrize("letter", ["\r\n", "\n", "\x00", "\x1b", "\u2028"])
def test_no_text_ends_its_line(letter: str) -> None:
    sly = replace(CITATION, title=f"A{letter}ER  - ")
    assert to_ris(sly).count("\r\n") == to_ris(CITATION).count("\r\n")
    assert "TI  - A ER  -\r\n" in to_ris(sly)
    assert letter not in to_ris(sly).replace("\r\n", "")
    assert "title = {{A ER  -}}" in to_bibtex(sly)


def test_schema_org_is_told_the_version_and_its_files() -> None:
    data = to_json_ld(CITATION)
    assert (data["@id"], data["version"], data["datePublished"]) == (CITATION.address, "2", "2026-03-05")
    assert data["mainEntity"]["@type"] == "MedicalGuideline"
    assert data["mentions"][0]["recommendationStrength"] == "Weak"
    assert data["encoding"][0] == {
        "@type": "MediaObject",
        "contentUrl": "https://etd.example.org/a.pdf",
        "encodingFormat": "application/pdf",
        "sha256": "ab" * 32,
    }
