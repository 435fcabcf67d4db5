"""The pages of a PDF against the data they are made of: `python -m tests.reliability.printed --documents N`.

T7: of the published example and of N generated documents, every text that is printed is found on the pages, every page
says version, day and short hash, and a second rendering gives the same bytes. Its control changes one letter.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import django

django.setup()

from documents import pdf, schema  # noqa: E402 -- after the set-up
from documents.selectors.published_versions import read  # noqa: E402
from etd.models import PublishedVersion  # noqa: E402
from tests import renders  # noqa: E402
from tests.unit.documents.printed import altered, generated, missing, page_text, without_version  # noqa: E402

CHANGES = 20


def looked_at(made: bytes, document: schema.EtdDocument, name: str) -> list[str]:
    """What is wrong with a PDF, empty where nothing is."""
    wrong = [f"{name}: missing {text}" for text in missing(page_text(made), document)]
    wrong += [f"{name}: page {number} has no version" for number in without_version(made, document)]
    renders.forget()
    if pdf.render_pdf(document) != made:
        wrong.append(f"{name}: a second rendering gives other bytes")
    return wrong


def main(documents: int) -> dict[str, Any]:
    version = PublishedVersion.objects.get()
    wrong = looked_at(bytes(version.pdf), read(version.document), "the example")
    missed = 0
    first = random.SystemRandom().randrange(10**6)
    for seed in range(first, first + documents):
        document = generated(seed)
        made = pdf.render_pdf(document)
        wrong += looked_at(made, document, f"seed {seed}")
        draw = random.Random(seed)  # noqa: S311 -- to be repeated
        text = page_text(made)
        missed += sum(not missing(text, altered(document, draw)) for _ in range(CHANGES))
    figures = {"documents": documents + 1, "wrong": wrong[:20]}
    return figures | {"control_changes": CHANGES * documents, "control_missed": missed}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[sys.argv.index("--documents") + 1]))))
