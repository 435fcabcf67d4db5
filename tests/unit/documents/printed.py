"""T7: is the text of a PDF that of its document? What is printed is read back from the pages and compared.

Spaces and hyphens count for nothing, since lines are broken at them; every other letter does, but for its case.
"""

from __future__ import annotations

import io
import random
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pypdf

from documents import schema
from documents.published import document_sha256, short
from etd.domain.text import plain
from tests.unit.documents.example import criterion, published

# What a document holds for programs, and what the page says in words of its own: times as days, bases as sentences.
NOT_PRINTED = frozenset(
    {
        *(
            "key",
            "slug",
            "language",
            "direction",
            "role",
            "option_key",
            "criterion_key",
            "tone",
            "kind",
            "status",
        ),
        *(
            "evidence_digest",
            "input_digest",
            "at",
            "published_at",
            "basis",
            "source",
            "better",
            "certainty_key",
        ),
        *("strength", "strength_word", "status_label", "measure", "measure_label"),
        *("spec", "inputs", "result", "engine", "values", "provenance"),
    }
)
# The same of texts that stand elsewhere: judgements are marked on their scale, grades are sentences of the field, and
# the organisation is the author in the PDF's metadata.
NOT_PRINTED_THERE = frozenset(
    {
        *(".criteria.judgements.label", ".criteria.judgements.applies_to", ".guideline.organisation"),
        *(".statements.kind_label", ".statements.certainty"),
    }
)
# Where the text is Markdown.
MARKDOWN = frozenset(
    {
        *("text", "body", "research_evidence", "additional_considerations", "recommendation_note"),
        *("paradigm_reason", "rationale", "remark"),
    }
)

# In points: what is not the body of a page, from its top and from its bottom.
MARGINS = {"first": (30, 44), "portrait": (56, 52), "landscape": (42, 38)}


def page_text(pdf: bytes) -> str:
    """The text of the bodies of all pages, folded: as it is read across, and as it was written, cell after cell."""
    return "".join(
        folded("\n".join(text for _, text in pages(pdf, "-raw" if raw else "-nopgbrk", body_alone=True)))
        for raw in (False, True)
    )


def missing(text: str, document: schema.EtdDocument) -> list[str]:
    """The texts of the document that are not in the text of the pages."""
    return [
        f"{path}: {line}"
        for path, line in printed_lines(document)
        if folded(line) and folded(line) not in text
    ]


def without_version(pdf: bytes, document: schema.EtdDocument) -> list[int]:
    """The numbers of the pages that do not say version, day and short hash."""
    version = document.version
    assert version is not None
    day = datetime.fromisoformat(version.published_at).strftime("%-d %B %Y")
    state = folded(f"Version {version.number} · {day} · {short(document_sha256(document))}")
    return [number for number, text in pages(pdf, body_alone=False) if state not in folded(text)]


def printed_lines(document: schema.EtdDocument) -> Iterator[tuple[str, str]]:
    for path, text in texts(schema.to_json(document)):
        shown = plain(text) if path.rpartition(".")[2] in MARKDOWN else text
        for line in shown.splitlines():
            yield path, line


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and text of every text that is printed."""
    if isinstance(value, str):
        if path not in NOT_PRINTED_THERE:
            yield path, value
    elif isinstance(value, list):
        for one in value:
            yield from texts(one, path)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in NOT_PRINTED:
                yield from texts(one, f"{path}.{key}")


def folded(text: str) -> str:
    plain_letters = unicodedata.normalize("NFKC", text)
    return re.sub(r"[\s\u00ad\u2010\u200b\u2060-]", "", plain_letters).casefold()


def pages(pdf: bytes, order: str = "-nopgbrk", *, body_alone: bool) -> list[tuple[int, str]]:
    """Number and text of each page, with or without what stands in its margins."""
    found = []
    for number, page in enumerate(pypdf.PdfReader(io.BytesIO(pdf)).pages, start=1):
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        kind = "landscape" if width > height else "first" if number == 1 else "portrait"
        top, bottom = MARGINS[kind] if body_alone else (0, 0)
        area = {"-x": 0, "-y": top, "-W": int(width), "-H": int(height - top - bottom)}
        options = [str(part) for pair in area.items() for part in pair]
        done = subprocess.run(
            ["pdftotext", order, "-r", "72", "-f", str(number), "-l", str(number), *options, "-", "-"],
            input=pdf,
            capture_output=True,
            timeout=60,
            check=True,
        )
        found.append((number, done.stdout.decode()))
    return found


# --- Documents of any words

SOME_WORDS = """
survival benefit harm p<0.05 <median >90% R&D 95%-CI naïve Ångström τ² I² ≥18 ≤3 −0.3–1.2 10% ‘quoted’ “said” μg
β-blocker Δ Привет Ελλάδα 1,000 e.g. (see above) and/or AMI-CS per-protocol intention-to-treat ± × … 3½ co-operate
"""
WORDS = SOME_WORDS.split()
KEPT = frozenset({"certainty_symbols", "schema_version", "openetd_version", "favours_left", "favours_right"})


def generated(seed: int) -> schema.EtdDocument:
    """A published document with other words in every text that is printed, and with more or fewer of each thing."""
    draw = random.Random(seed)  # noqa: S311 -- to be repeated
    document = published()
    document = replace(
        document,
        criteria=tuple(criterion(key=f"c{n}", number=n) for n in range(1, draw.randint(2, 4))),
        statements=document.statements * draw.randint(1, 2),
        references=tuple(schema.Reference(n, "?") for n in range(1, draw.randint(2, 5))),
        analyses=document.analyses if draw.random() < 0.3 else (),
    )
    document = replace(document, tables=tuple(replace(one, criterion_key="c1") for one in document.tables))
    count = iter(range(1_000_000))

    def other(value: Any, key: str = "") -> Any:
        if isinstance(value, list):
            return [other(one, key) for one in value]
        if isinstance(value, dict):
            return {
                name: other(one, name) if name not in NOT_PRINTED | KEPT else one
                for name, one in value.items()
            }
        if not isinstance(value, str) or not value or re.fullmatch("[0-9a-f]{64}|[^a-zA-Z]*", value):
            return value
        long = draw.randint(5, 60) if key in MARKDOWN else draw.randint(1, 3)
        # Each ends with a number of its own, so that no text is taken for another.
        return " ".join([*draw.choices(WORDS, k=long), f"n{seed}x{next(count)}"])

    return schema.from_json(other(schema.to_json(document)))


def altered(document: schema.EtdDocument, draw: random.Random) -> schema.EtdDocument:
    """A generated document with one letter more in one of the texts that are printed."""
    whole = schema.to_json(document)
    chosen = draw.choice([text for _, text in texts(whole) if re.search(r"n\d+x\d+$", text)])
    at = draw.randrange(len(chosen) - 3)

    def other(value: Any) -> Any:
        if isinstance(value, list):
            return [other(one) for one in value]
        if isinstance(value, dict):
            return {key: other(one) for key, one in value.items()}
        return chosen[:at] + "Q" + chosen[at:] if value == chosen else value

    return schema.from_json(other(whole))
