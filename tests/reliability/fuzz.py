"""Readers fed with damaged files, whatever happens: `python -m tests.reliability.fuzz --seconds N`.

U4: for so many seconds each, a reader gets the files of the corpora changed at random places. It may refuse them with
its own class of error, and raise nothing else. Its control is a reader that forgot one check.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import django

django.setup()

from documents.importing.files import NotADocument, read_file  # noqa: E402 -- after the set-up
from documents.importing.html_page import TooDeep, text_of  # noqa: E402
from documents.prose import blocks_of, markdown_of  # noqa: E402
from documents.published import document_bytes  # noqa: E402
from etd.domain.text import plain, to_html  # noqa: E402
from etd.frameworks import all_frameworks  # noqa: E402
from metaanalysis.importers import read_table  # noqa: E402
from metaanalysis.importers.child_main import answer  # noqa: E402
from metaanalysis.importers.table import Refusal  # noqa: E402
from metaanalysis.importers.workbook import workbook_job  # noqa: E402
from metaanalysis.importers.workbook_archive import check_archive  # noqa: E402
from tests.unit.documents.example import published  # noqa: E402
from tests.unit.documents.importing.example import SOURCE  # noqa: E402
from tests.unit.documents.importing.page import page  # noqa: E402
from tests.unit.documents.importing.test_docx import REFUSED  # noqa: E402
from tests.unit.importers.corpus import CASES  # noqa: E402

FRAMEWORKS = list(all_frameworks())
LARGEST_SEED = 50_000
PIECES = (
    *(
        b'"',
        b",",
        b"\t",
        b"\n",
        b"\r",
        b"\x00",
        b"\xff",
        b"<",
        b">",
        b"&",
        b"(",
        b"[",
        b"{",
        b"}",
        b"]",
        b"*",
        b"`",
    ),
    *(
        b"[^1]",
        b"<!--",
        b"]]>",
        b"&#0;",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"1e999",
        b"-0",
        b"null",
        b"\xe2\x80\xae",
    ),
    *(
        b"<table>",
        b"</td>",
        b"JUDGEMENT\n",
        b"Table 1. ",
        b"(95% CI",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"sep=;\n",
    ),
)


def changed(content: bytes, draw: random.Random) -> bytes:
    """One to six changes: bytes replaced, put in, taken out, repeated, exchanged."""
    data = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        place = draw.randrange(len(data) + 1)
        end = min(len(data), place + draw.choice((1, 2, 8, 64, 1024)))
        match draw.randrange(5):
            case 0:
                data[place:place] = draw.choice(PIECES)
            case 1:
                data[place:end] = bytes(draw.randrange(256) for _ in range(end - place))
            case 2:
                del data[place:end]
            case 3:
                data[place:place] = data[place:end] * draw.choice((1, 2, 30))
            case _:
                other = draw.randrange(len(data) + 1)
                data[other:other] = data[place:end]
    return bytes(data)


def as_text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")


def show(content: bytes) -> None:
    text = as_text(content)
    to_html(text)
    plain(text)
    markdown_of(blocks_of(text))


def check_package(content: bytes) -> None:
    with suppress(Refusal):
        check_archive(content)


def read_page(content: bytes) -> None:
    with suppress(TooDeep):
        text_of(as_text(content))


def read_document(content: bytes) -> None:
    with suppress(NotADocument):
        read_file(content, frameworks=FRAMEWORKS)


def read_text_document(content: bytes) -> None:
    """Of packages and pages the children are asked elsewhere: to start one takes longer than all else."""
    if not content.startswith(b"PK") and b"<" not in content[:5000]:
        read_document(content)


TABLES = [case.build() for case in CASES if case.filename == "trials.csv"]
BOOKS = [case.build() for case in CASES if case.filename == "trials.xlsx"]
Target = tuple[Callable[[bytes], object], Sequence[bytes]]
TARGETS: dict[str, Target] = {
    "tables of text": (lambda content: read_table(content, filename="trials.csv"), TABLES),
    "packages of workbooks": (check_package, BOOKS),
    "workbooks in the child": (lambda content: answer(content, workbook_job(None)), BOOKS),
    "text markup": (
        show,
        [
            SOURCE.encode()[:4000],
            b"# a\n\n- *b* [c](http://d)\n\n1. `e` p<0.05 [^1]\n\n> f\n\n| g | h |\n|---|---|\n",
        ],
    ),
    "documents of text": (
        read_text_document,
        [SOURCE.encode(), SOURCE.encode("utf-16"), SOURCE.encode()[:3000]],
    ),
    "documents of JSON": (read_document, [document_bytes(published())]),
    "pages": (read_page, [page().encode()]),
    "packages of documents": (
        lambda content: read_document(b"PK\x05\x06" + content),
        [content for content, _ in REFUSED.values()],
    ),
}


def forgetful(content: bytes) -> None:
    """A reader that takes every number for one."""
    for line in as_text(content).splitlines()[1:]:
        for cell in line.split(",")[1:]:
            int(cell or 0)


def feed(target: Target, seconds: float, draw: random.Random) -> tuple[int, list[str], float]:
    """How many files were read, what was raised that must not be, and the seconds of the slowest."""
    read, seeds = target
    seeds = [one for one in seeds if 0 < len(one) <= LARGEST_SEED]
    runs, raised, slowest, end = 0, dict[str, str](), 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        content = changed(draw.choice(seeds), draw)
        start = time.process_time()
        try:
            read(content)
        except Exception as error:
            raised.setdefault(repr(error)[:100], repr(content[:2000]))
        runs, slowest = runs + 1, max(slowest, time.process_time() - start)
    return runs, [f"{error}: {content}" for error, content in raised.items()][:5], slowest


def main(seconds: float) -> dict[str, Any]:
    start = random.SystemRandom().randrange(10**6)
    runs, raised, slowest = {}, {}, {}
    for name, target in TARGETS.items():
        draw = random.Random(f"{start} {name}")  # noqa: S311 -- to be repeated
        runs[name], found, slow = feed(target, seconds, draw)
        slowest[name] = round(slow, 2)
        if found:
            raised[name] = found
    _, control, _ = feed((forgetful, TABLES), min(seconds, 2), random.Random(start))  # noqa: S311
    return {
        "seed": start,
        "runs": runs,
        "slowest_cpu_s": slowest,
        "raised": raised,
        "control_raised": len(control),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(float(sys.argv[sys.argv.index("--seconds") + 1]))))
