"""A document cannot make the renderer fetch, hang or take the machine: every way in, every field, and the limits."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from threading import Thread
from typing import Any

import pypdf
import pytest

from documents import pdf
from documents.schema import EtdDocument, from_json, to_json
from etd.installation.turns import RENDERING
from tests.canary import SECRET, canary
from tests.unit.documents.example import criterion, example, published

VECTORS = {
    "image": '<img src="{}">',
    "style import": '<style>@import url("{}");</style>',
    "background": '<p style="background: url({})">x</p>',
    "font": '<style>@font-face {{ font-family: X; src: url("{}") }} b {{ font-family: X }}</style><b>x</b>',
    "linked style": '<link rel="stylesheet" href="{}">',
    "attached by link": '<link rel="attachment" href="{}">',
    "attached by anchor": '<a rel="attachment" href="{}">x</a>',
    "object": '<object data="{}"></object>',
    "embed": '<embed src="{}">',
    "image in a drawing": '<svg width="9" height="9"><image width="9" height="9" href="{}"/></svg>',
    "image by xlink": '<svg width="9" height="9" xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<image width="9" height="9" xlink:href="{}"/></svg>',
    "use in a drawing": '<svg width="9" height="9"><use href="{}#a"/></svg>',
    "drawing as data": "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'>"
    "<image width='9' height='9' href='{}'/></svg>\">",
    "base": '<base href="{}/"><img src="x.png">',
    "style of XML": '<?xml-stylesheet href="{}"?><p>x</p>',
    "list marker": '<ul style="list-style-image: url({})"><li>x</li></ul>',
}
ASK_FOR_NOTHING = {"use in a drawing", "style of XML"}
"""WeasyPrint itself takes no address there; that nothing is fetched is what counts."""

TYPED = {
    *("title", "organisation", "text", "heading", "summary_heading", "prompt", "label", "intervention_label"),
    *("comparison_label", "research_evidence", "additional_considerations", "recommendation_note", "body"),
    *(
        "citation",
        "doi",
        "population",
        "outcome",
        "name",
        "note",
        "published_by",
        "withdrawn",
        "source_label",
    ),
    *("abbreviations", "footnotes", "favours_left", "favours_right", "study", "remark", "reason", "effect"),
}


@pytest.fixture(scope="module", name="canary")
def the_canary() -> Iterator[tuple[str, list[str]]]:
    with canary() as found:
        yield found


@pytest.fixture
def addresses(canary: tuple[str, list[str]], tmp_path: Path) -> list[str]:
    file = tmp_path / "secret.txt"
    file.write_bytes(SECRET)
    return [f"{canary[0]}/secret.txt", f"{canary[0]}/moved", file.as_uri(), str(file)]


def test_no_way_leads_out_of_the_worker(canary: tuple[str, list[str]], addresses: list[str]) -> None:
    for address in addresses:
        tags = {name: tag.format(f"{address}?{n}") for n, (name, tag) in enumerate(VECTORS.items())}
        body = "".join(tag for name, tag in tags.items() if name != "base")
        with pytest.raises(pdf.CannotRender, match=r"files from outside \(\d+\)") as caught:
            pdf.run_worker(f"<html><body>{body}</body></html>", [])
        refused = str(caught.value)
        for name, tag in tags.items():
            if name not in {"base", *ASK_FOR_NOTHING}:
                assert re.search(rf"{re.escape(Path(address).name)}\?{list(tags).index(name)}\b", refused), (
                    name,
                    tag,
                )
        with pytest.raises(pdf.CannotRender, match=r"files from outside \(1\)"):
            pdf.run_worker(f"<html><head></head><body>{tags['base']}</body></html>", [])
    assert canary[1] == []


def test_a_control_the_default_fetcher_asks_and_hands_out(canary: tuple[str, list[str]]) -> None:
    import weasyprint

    html = f'<html><head><link rel="attachment" href="{canary[0]}/moved"></head><body>x</body></html>'
    leaked = pypdf.PdfReader(io.BytesIO(weasyprint.HTML(string=html).write_pdf())).attachments
    assert [bytes(content[0]) for content in leaked.values()] == [SECRET]
    assert canary[1] == ["/moved", "/secret.txt"]
    canary[1].clear()


def with_typed(value: Any, more: Callable[[], str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: with_typed(item, more, name) for name, item in value.items()}
    if isinstance(value, list):
        return [with_typed(item, more, key) for item in value]
    return f"{value} {more()}" if isinstance(value, str) and key in TYPED else value


class Tags(HTMLParser):
    """The elements of a page, and the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {
            tag,
            *(name for name, _ in attrs if name in {"style", "src", "data", "rel", "xlink:href"}),
        }


def test_no_field_holds_a_tag() -> None:
    """Every vector in every field at once: the page has no other elements than without them."""
    typed = " ".join(tag.format("http://127.0.0.1/secret.txt") for tag in VECTORS.values())
    document: EtdDocument = from_json(with_typed(to_json(published()), lambda: typed))
    assert typed in document.criteria[0].research_evidence
    tags = Tags()
    tags.feed(pdf.render_html(document))
    asking = {"img", "style", "link", "object", "embed", "image", "use", "base", "script", "iframe"}
    assert tags.found & (asking | {"src", "data", "rel", "xlink:href"}) == set()


def test_no_field_leads_out_of_a_document(canary: tuple[str, list[str]], addresses: list[str]) -> None:
    """In each field another vector, with the address of a server and of a file in turns, and a link in Markdown."""
    more = (
        f"{tag} ![x]({address}) [y]({address})".replace("{}", address).replace("{{", "{").replace("}}", "}")
        for tag, address in zip(cycle(VECTORS.values()), cycle(addresses[::2]), strict=False)
    )
    document: EtdDocument = from_json(with_typed(to_json(published()), lambda: next(more)))
    reader = pypdf.PdfReader(io.BytesIO(pdf.render_pdf(document)))
    assert set(reader.attachments) == {"device.json", "analysis-1-studies.csv", "analysis-1.R"}
    found = list(streams(reader))
    assert len(found) > 10
    assert not any(SECRET in data for data in found)
    assert canary[1] == []


def streams(reader: pypdf.PdfReader) -> Iterator[bytes]:
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        found = reader.get_object(number)
        if isinstance(found, pypdf.generic.StreamObject):
            yield found.get_data()


# Documents that ask for too much.

BOMBS = {
    "a cell over a million columns": "<table><tr><td colspan=1000000>x</td></tr></table>",
    "two thousand nested blocks": "<div>" * 2000 + "x" + "</div>" * 2000,
    "a megabyte of text": f"<p>{'words and words ' * 65_536}</p>",
    "five thousand rows": "<table>" + "<tr><td>a</td><td>b</td></tr>" * 5000 + "</table>",
}


@pytest.mark.parametrize("html", BOMBS.values(), ids=BOMBS)
def test_what_asks_for_too_much_is_stopped_with_a_message(html: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends within the limits, whichever comes first; a shorter wall here, so that nobody waits for it."""
    monkeypatch.setattr(pdf, "WALL_SECONDS", 4)
    said = answer_to(lambda: pdf.run_worker(f"<html><body>{html}</body></html>", []))
    assert re.match(r"%PDF|.*(did not get|more memory or time|nested too deeply)", said)


def answer_to(render: Callable[[], bytes]) -> str:
    try:
        return render()[:5].decode()
    except pdf.CannotRender as problem:
        return str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "e" + "\u0301" * 19_000,
        "\u202e" + "right to left " * 900,
        "x" * 19_000,
        "\u200b" * 19_000,
        "> " * 9_000,
    ],
    ids=["combining marks", "direction overrides", "one long word", "no width", "nested quotes"],
)
def test_odd_letters_of_a_field_are_printed_or_refused(text: str) -> None:
    document = example(criteria=(criterion(research_evidence=text),), analyses=())
    said = answer_to(lambda: pdf.render_pdf(document))
    assert re.match(r"%PDF|.*shorten them", said)


def test_a_megabyte_in_one_field_is_refused_before_it_is_rendered() -> None:
    document = example(criteria=(criterion(research_evidence="x" * 1_000_000),))
    with pytest.raises(pdf.DocumentTooLarge, match="1,000,000 characters"):
        pdf.render_pdf(document)


def test_twenty_at_once_are_rendered_two_at_a_time(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """Each of twenty is rendered or told to come back; never are there more than two."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(pdf, "WAIT_FOR_A_TURN_SECONDS", 0.2)
    running: list[int] = []
    most: list[int] = []
    ended: list[str] = []

    def run(*args: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        running.append(1)
        most.append(len(running))
        subprocess.Popen([sys.executable, "-c", "pass"]).wait()
        running.pop()
        return subprocess.CompletedProcess([], 0, b"%PDF-1.7", b"")

    monkeypatch.setattr(subprocess, "run", run)

    def ask(number: int) -> None:
        try:
            pdf.run_worker(f"<p>{number}</p>", [])
            ended.append("made")
        except pdf.RendererBusy:
            ended.append("busy")

    threads = [Thread(target=ask, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 20
    assert ended.count("made") >= 2
    assert max(most) <= len(RENDERING.places) == 2


def test_a_render_takes_less_than_its_memory() -> None:
    """The most that the worker held, in KiB. `getrusage` would begin with the most that its parent held."""
    code = (
        "import re, runpy, sys\n"
        f"status = runpy.run_path({str(pdf.WORKER)!r})['main']([])\n"
        "sys.stderr.write(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])\n"
        "sys.exit(status)"
    )
    job = pdf._job(pdf.render_html(published()), pdf.attachments_of(published()))
    done = subprocess.run(
        [sys.executable, "-c", code], input=job, capture_output=True, timeout=120, check=True
    )
    assert done.stdout.startswith(b"%PDF")
    assert int(done.stderr.split()[-1]) < 300 * 1024
