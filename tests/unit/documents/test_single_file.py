"""The document as one HTML file: it holds what it needs, asks for nothing, and its data are the document."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from documents.schema import EtdDocument, from_json
from documents.single_file import STATIC, to_single_file
from tests.unit.documents.example import example, published

FONTS = sorted((STATIC / "fonts").glob("*.ttf"))
LARGEST_WITHOUT_TEXTS = 1_500_000


class Asked(HTMLParser):
    """Every attribute whose value a browser would fetch; where a link leads, it fetches nothing."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[tuple[str, str]] = []
        self.scripts: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            fetched = name in {
                "src",
                "srcset",
                "data",
                "poster",
                "background",
                "action",
                "xlink:href",
                "style",
            }
            if fetched or (name == "href" and tag != "a"):
                self.addresses.append((tag, value or ""))
        if tag == "script":
            self.scripts.append(dict(attrs).get("type"))


def html_of(document: EtdDocument) -> str:
    return to_single_file(document).decode()


@pytest.mark.parametrize("document", [example(), published()], ids=["draft", "published"])
def test_the_file_asks_for_no_other(document: EtdDocument) -> None:
    html = html_of(document)
    asked = Asked(html)
    assert (asked.addresses, asked.scripts) == ([], ["application/json"])
    style = re.search(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    assert style is not None
    addresses = re.findall(r"url\(\s*[\"']?([^)\"']{0,20})", style[1])
    assert len(addresses) == len(FONTS)
    assert {address[:15] for address in addresses} == {"data:font/woff2"}
    assert "@import" not in style[1]


def test_an_address_that_is_fetched_would_be_seen() -> None:
    bad = '<link href="x.css"><img src="http://a/b.png"><a href="http://a/">x</a><svg><use xlink:href="y"/></svg>'
    assert [tag for tag, _ in Asked(bad).addresses] == ["link", "img", "use"]


def test_its_policy_allows_its_style_and_its_fonts_alone() -> None:
    html = html_of(example())
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    style = re.search(r"<style>(.*?)</style>", html, flags=re.DOTALL)
    assert policy is not None
    assert style is not None
    allowed = dict(part.strip().split(" ", 1) for part in unescape(policy[1]).split(";"))
    sha256 = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert allowed["default-src"] == "'none'"
    assert allowed["style-src"] == f"'sha256-{sha256}'"
    assert allowed["font-src"] == "data:"


def test_its_data_are_the_document_whatever_was_typed() -> None:
    title = "</script><!--<script>alert(1)</script> & <b>\u2028"
    document = replace(example(), question=replace(example().question, title=title))
    html = html_of(document)
    assert html.count("<script") == 1
    data = re.search(
        r'<script type="application/json" id="etd-document">(.*?)</script>', html, flags=re.DOTALL
    )
    assert data is not None
    assert from_json(json.loads(data[1])) == document


def test_the_same_document_gives_the_same_small_file() -> None:
    content = to_single_file(example())
    assert content == to_single_file(example())
    assert len(content) < LARGEST_WITHOUT_TEXTS


@pytest.mark.parametrize("path", FONTS, ids=lambda path: path.stem)
def test_a_compressed_font_has_the_letters_of_the_other(path: object) -> None:
    whole = TTFont(path)
    small = TTFont(str(path).replace(".ttf", ".woff2"))
    assert small.getBestCmap() == whole.getBestCmap()
    assert small["hmtx"].metrics == whole["hmtx"].metrics
    weights = [
        [(axis.minValue, axis.maxValue) for axis in font["fvar"].axes if axis.axisTag == "wght"]
        for font in (whole, small)
        if "fvar" in font
    ]
    assert weights == [[(200, 900)]] * len(weights)
