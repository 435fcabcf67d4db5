"""Ways by which a document could make the renderer fetch: `python -m tests.reliability.vectors`.

P1: every way, given to the renderer itself and typed into every field of a document, with addresses of a server on this
machine, one that leads on, and a file. Nothing is asked for, and no byte of the file is in a PDF. Its control is the
renderer with its own fetcher.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from itertools import cycle
from pathlib import Path
from typing import Any

import django

django.setup()

import pypdf  # noqa: E402 -- after the set-up

from documents import pdf  # noqa: E402
from documents.schema import EtdDocument, from_json, to_json  # noqa: E402
from tests.canary import SECRET, canary  # noqa: E402
from tests.unit.documents.example import published  # noqa: E402
from tests.unit.documents.test_pdf_safety import (  # noqa: E402
    ASK_FOR_NOTHING,
    VECTORS,
    streams,
    with_typed,
)

MORE = {
    "ftp": '<img src="ftp://127.0.0.1/secret.txt">',
    "a socket": '<img src="unix:///secret.txt">',
}


def refused_of(html: str) -> str:
    """What the worker says; empty where it made a PDF of it."""
    try:
        pdf.run_worker(html, [])
    except pdf.CannotRender as problem:
        return str(problem)
    return ""


def in_the_renderer(addresses: list[str]) -> tuple[int, list[str]]:
    """How many ways were refused, and those that were not."""
    refused, let_through = 0, []
    for address in addresses:
        tags = {name: tag.format(f"{address}?{n}") for n, (name, tag) in enumerate(VECTORS.items())} | MORE
        together = "".join(tag for name, tag in tags.items() if name != "base")
        said = refused_of(f"<html><body>{together}</body></html>")
        base = refused_of(f"<html><head></head><body>{tags['base']}</body></html>")
        for number, name in enumerate(tags):
            if name == "base":
                found = "files from outside (1)" in base
            elif name in MORE:
                found = MORE[name].split('"')[1] in said
            else:
                found = name in ASK_FOR_NOTHING or f"{Path(address).name}?{number}" in said
            refused += found
            if not found:
                let_through.append(f"{name}: {address}")
    return refused, let_through


def in_every_field(addresses: list[str]) -> tuple[int, int, list[str]]:
    """How many fields were typed into, streams of the PDFs that hold the secret, and what else they attach."""
    fields = leaks = 0
    attached: set[str] = set()
    for shift in range(0, len(VECTORS), 4):
        ways = list(VECTORS.values())
        typed = iter(zip(cycle(ways[shift:] + ways[:shift]), cycle(addresses), strict=False))

        def more(typed: Any = typed) -> str:
            nonlocal fields
            fields += 1
            tag, address = next(typed)
            return (
                f"{tag} ![x]({address}) [y]({address})".replace("{}", address)
                .replace("{{", "{")
                .replace("}}", "}")
            )

        document: EtdDocument = from_json(with_typed(to_json(published()), more))
        reader = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(document)))
        leaks += sum(SECRET in data for data in streams(reader))
        attached |= set(reader.attachments)
    return fields, leaks, sorted(attached - {"device.json", "analysis-1-studies.csv", "analysis-1.R"})


def leaks_of_the_default(addresses: list[str]) -> int:
    """How often WeasyPrint's own fetcher hands out what it is asked for."""
    import weasyprint

    leaks = 0
    for address in addresses[:3]:
        html = f'<html><head><link rel="attachment" href="{address}"></head><body>x</body></html>'
        files = pypdf.PdfReader(io.BytesIO(weasyprint.HTML(string=html).write_pdf())).attachments
        leaks += any(SECRET in content for contents in files.values() for content in contents)
    return leaks


def main() -> dict[str, Any]:
    # What is asked for is looked at here; how long that may take, P2 measures.
    pdf.WALL_SECONDS = 600
    with canary() as (server, asked), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "secret.txt"
        file.write_bytes(SECRET)
        addresses = [f"{server}/secret.txt", f"{server}/moved", file.as_uri(), str(file)]
        refused, let_through = in_the_renderer(addresses)
        fields, leaks, attached = in_every_field(addresses)
        hits = len(asked)
        control = leaks_of_the_default(addresses)
    return {
        "ways": len(VECTORS) + len(MORE),
        "refused": refused,
        "let_through": let_through,
        "fields": fields,
        "bytes_of_the_file": leaks,
        "other_attachments": attached,
        "requests_to_the_canary": hits,
        "control_leaks": control,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
