"""T7: the text of a PDF is that of what was published, every page says of which version, and it is made again alike.

Twenty generated documents: `./openetd reliability T7`.
"""

from __future__ import annotations

import random
from dataclasses import replace

from documents import pdf, schema
from documents.assemble import assemble
from tests import renders
from tests.integration.conftest import get_question
from tests.unit.documents.example import VERSION
from tests.unit.documents.printed import (
    altered,
    generated,
    missing,
    page_text,
    printed_lines,
    without_version,
)


def rendered_twice(document: schema.EtdDocument) -> bytes:
    """The PDF, which a second rendering gives too, byte for byte."""
    first = pdf.render_pdf(document)
    renders.forget()
    assert pdf.render_pdf(document) == first
    return first


def test_the_pages_of_the_example_say_what_its_data_say(example: None) -> None:
    document = replace(assemble(get_question("mcs-after-rosc")), version=VERSION)
    assert sum(1 for _ in printed_lines(document)) > 300
    made = rendered_twice(document)
    assert missing(page_text(made), document) == []
    assert without_version(made, document) == []


def test_the_pages_of_any_document_say_what_its_data_say() -> None:
    seed = random.SystemRandom().randrange(10**6)
    document = generated(seed)
    made = rendered_twice(document)
    text = page_text(made)
    assert (seed, missing(text, document), without_version(made, document)) == (seed, [], [])
    draw = random.Random(seed)  # noqa: S311 -- to be repeated
    for _ in range(10):
        assert missing(text, altered(document, draw)) != [], seed
    other = replace(document, version=replace(VERSION, number=3))
    assert without_version(made, other) != []
