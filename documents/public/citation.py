"""How a published version is cited, and what search engines and reference managers are told of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_BIBTEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


@dataclass(frozen=True)
class File:
    address: str
    content_type: str
    sha256: str


@dataclass(frozen=True)
class Citation:
    """What a citation names. `address` is that of the version, `answer` the statements as plain text.

    `published_at` is UTC, `language` a tag such as `en-US`; `statements` are pairs of plain text and grade.
    """

    key: str
    author: str
    title: str
    guideline: str
    number: int
    published_at: datetime
    address: str
    language: str
    answer: str
    statements: Sequence[tuple[str, str]] = ()
    files: Sequence[File] = ()

    @property
    def date(self) -> str:
        """`23 November 2026`."""
        return f"{self.published_at.day} {self.published_at:%B %Y}"

    @property
    def in_words(self) -> str:
        """One line for a list of references. There is no DOI in it, as none was registered."""
        author = self.author.rstrip(".")
        return (
            f"{author}. {_sentence(self.title)} {_sentence(f'In: {self.guideline}')} "
            f"Version {self.number}, {self.date}. {self.address}"
        )


def to_ris(citation: Citation) -> str:
    """A RIS record, lines ended by CR and LF."""
    at = citation.published_at
    lines = [
        ("TY", "RPRT"),
        ("AU", citation.author),
        ("TI", citation.title),
        ("T2", citation.guideline),
        ("ET", f"Version {citation.number}"),
        ("PY", f"{at:%Y}"),
        ("DA", f"{at:%Y/%m/%d}"),
        ("PB", citation.author),
        ("AB", citation.answer),
        ("LA", citation.language),
        ("UR", citation.address),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {_one_line(value)}\r\n" for tag, value in lines if value or tag == "ER")


def to_bibtex(citation: Citation) -> str:
    """A BibTeX entry. The title stands in double braces: its letters keep their case."""
    at = citation.published_at
    fields = {
        "author": f"{{{_bibtex(citation.author)}}}",
        "title": f"{{{_bibtex(citation.title)}}}",
        "institution": _bibtex(citation.author),
        "type": "Evidence-to-Decision document",
        "number": f"Version {citation.number}",
        "note": _bibtex(f"In: {citation.guideline}"),
        "year": f"{at:%Y}",
        "month": f"{at:%b}".lower(),
        "url": citation.address,
    }
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}" for name, value in fields.items()]
    return f"@techreport{{{citation.key},\n" + ",\n".join(lines) + "\n}\n"


def to_json_ld(citation: Citation) -> Mapping[str, Any]:
    """The version in the words of schema.org."""
    organisation = {"@type": "Organization", "name": citation.author}
    date = f"{citation.published_at:%Y-%m-%d}"
    return {
        "@context": "https://schema.org",
        "@type": "MedicalWebPage",
        "@id": citation.address,
        "url": citation.address,
        "name": citation.title,
        "version": str(citation.number),
        "datePublished": date,
        "inLanguage": citation.language,
        "publisher": organisation,
        "isPartOf": {"@type": "CreativeWork", "name": citation.guideline},
        "mainEntity": {
            "@type": "MedicalGuideline",
            "name": citation.title,
            "guidelineDate": date,
            "recognizingAuthority": organisation,
        },
        "mentions": [
            {"@type": "MedicalGuidelineRecommendation", "name": text, "recommendationStrength": grade}
            for text, grade in citation.statements
        ],
        "encoding": [
            {
                "@type": "MediaObject",
                "contentUrl": file.address,
                "encodingFormat": file.content_type,
                "sha256": file.sha256,
            }
            for file in citation.files
        ],
    }


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _one_line(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()


def _bibtex(text: str) -> str:
    return "".join(_BIBTEX.get(letter, letter) for letter in _one_line(text))
