"""Typed texts as HTML: nothing lost, nothing let through."""

from __future__ import annotations

import re
import tomllib
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etd.domain.text import Citations, cited_numbers, plain, to_html
from etd.templatetags.etd_text import markdown

ALLOWED = {
    "p": {"dir"},
    "strong": set(),
    "em": set(),
    "ul": set(),
    "ol": set(),
    "li": {"dir"},
    "a": {"href", "rel"},
    "br": set(),
    "sup": {"class"},
    "span": {"class"},
}
EXAMPLE = Path(__file__).parents[2] / "fixtures" / "ilcor-mcs-after-rosc" / "document.toml"


class Reader(HTMLParser):
    """The text content of a page, and every tag and attribute that is not on the list."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.strangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = ALLOWED.get(tag)
        if known is None:
            self.strangers.append(tag)
            return
        self.strangers += [f"{tag} {name}" for name, _ in attrs if name not in known]
        self.strangers += [
            f"{value}"
            for name, value in attrs
            if name == "href" and not re.match("https?://", value or "", re.IGNORECASE)
        ]

    def handle_comment(self, data: str) -> None:
        self.strangers.append(f"comment {data}")

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def fold(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "p<0.05 and n>=18, <median or <b>bold</b>",
        "R&D, AT&amp;T and &nbsp; as typed",
        "5*10^9 to 4*10^9, 11* and 10*",
        "snake_case_names",
        "> 60 mmHg at admission",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "    indented by hand",
        "```\ncode?\n```\n`x`",
        "* * *\n---\ntext\n---",
        "[1]: http://example.org\nsee [1]",
        "[figure](ftp://example.org/x.png)",
        "[x](javascript:alert(1))",
        "<!-- comment -->",
        "· a line that begins with a dot\n· another",
        "1. first\n2. second\n10. tenth",
        "7) seven",
        "2024. The year before",
        "+ 3 more patients",
        "مرحبا بالعالم\nשלום",
        "a" * 500,
        "- " * 60 + "deep",
    ],
)
def test_what_is_typed_is_what_is_read(text: str) -> None:
    reader = read(to_html(text))
    assert fold(reader.text) == fold(text)
    assert reader.strangers == []
    assert fold(plain(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*some* **bold**", '<p dir="auto"><em>some</em> <strong>bold</strong></p>'),
        ("one\ntwo", '<p dir="auto">one<br>two</p>'),
        ("one\r\ntwo", '<p dir="auto">one<br>two</p>'),
        ("one\n\ntwo", '<p dir="auto">one</p><p dir="auto">two</p>'),
        ("# Heading", '<p dir="auto"><strong>Heading</strong></p>'),
        ("\\*plain\\*", '<p dir="auto">*plain*</p>'),
        ("P = 0.04)[^1].", '<p dir="auto">P = 0.04)<sup class="citation">1</sup>.</p>'),
        ("days 2–7.[^7–10] The", '<p dir="auto">days 2–7.<sup class="citation">7–10</sup> The</p>'),
        ("\\[^1]", '<p dir="auto">[^1]</p>'),
        (
            "[a](https://example.org/?q=1&r=2)",
            '<p dir="auto"><a href="https://example.org/?q=1&amp;r=2" rel="noopener">a</a></p>',
        ),
        (
            "- a\n- b",
            '<ul><li dir="auto"><span class="marker">•</span> a</li>'
            '<li dir="auto"><span class="marker">•</span> b</li></ul>',
        ),
        (
            "gaps:\n1. No studies\n2. Others",
            '<p dir="auto">gaps:</p><ol><li dir="auto"><span class="marker">1.</span> No studies</li>'
            '<li dir="auto"><span class="marker">2.</span> Others</li></ol>',
        ),
        ("", ""),
    ],
)
def test_markup(text: str, html: str) -> None:
    assert to_html(text) == html


def test_plain_gives_a_line_for_a_line() -> None:
    assert (
        plain("Gaps:\n1. *No* studies[^2]\n   - none\n\nEnd & all")
        == "Gaps:\n1. No studies2\n• none\nEnd & all"
    )


def test_the_filter_is_safe_and_takes_nothing_for_an_empty_text() -> None:
    html = markdown("<script>")
    assert html == '<p dir="auto">&lt;script&gt;</p>'
    assert hasattr(html, "__html__")
    assert markdown(None) == ""


def test_every_text_of_the_example_is_kept() -> None:
    document = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    bodies = [entry["research_evidence"] for entry in document["criterion"]]
    bodies += [entry["body"] for entry in document["section"]]
    bodies += [entry["text"] for entry in document["statement"]]
    assert len(bodies) > 20
    for body in bodies:
        expected = re.sub(r"\[\^([0-9–]+)\]", r"\1", body)
        assert fold(read(to_html(body)).text) == fold(expected)


MARKUP = st.text(
    alphabet=st.one_of(
        st.sampled_from("*_[]()<>&!#-+.`~|^\\/:=\"'0123abc \n\t"), st.characters(codec="utf-8")
    )
)


@given(MARKUP)
@example("[a](http://[)")
@example("[](https://x" + ")" * 5)
@example("- ---\u2028\n***")
def test_no_text_brings_a_foreign_tag_or_an_error(text: str) -> None:
    reader = read(to_html(text))
    assert reader.strangers == []
    plain(text)


PROSE = st.text(
    alphabet=st.one_of(st.sampled_from("<>&\"'=%/;:,.()–≥é אب"), st.characters(categories=["L", "Nd"])),
)


@given(st.lists(PROSE, max_size=6))
def test_prose_is_shown_letter_for_letter(paragraphs: list[str]) -> None:
    text = "\n".join(paragraphs)
    assert fold(read(to_html(text)).text) == fold(text)
    assert fold(plain(text)) == fold(text)


def test_a_control_an_unescaped_text_would_be_seen() -> None:
    assert read(unescape(to_html("<img src=x>"))).strangers == ["img"]


LISTED = Citations(frozenset({1, 7, 9, 10}), "/guidelines/g/q/")


@pytest.mark.parametrize(
    ("mark", "html"),
    [
        ("[^1]", '<a href="/guidelines/g/q/#reference-1">1</a>'),
        ("[^2]", '<span class="dangling" title="Not in the list of references: 2">2</span>'),
        (
            "[^9–10]",
            '<a href="/guidelines/g/q/#reference-9">9</a>–<a href="/guidelines/g/q/#reference-10">10</a>',
        ),
        (
            "[^7-9]",
            '<a href="/guidelines/g/q/#reference-7">7</a>'
            '<span class="dangling" title="Not in the list of references: 8">-</span>'
            '<a href="/guidelines/g/q/#reference-9">9</a>',
        ),
        (
            "[^1,2–5]",
            '<a href="/guidelines/g/q/#reference-1">1</a>,'
            '<span class="dangling" title="Not in the list of references: 2">2</span>'
            '<span class="dangling" title="Not in the list of references: 3 to 4">–</span>'
            '<span class="dangling" title="Not in the list of references: 5">5</span>',
        ),
    ],
)
def test_marks_lead_to_their_references(mark: str, html: str) -> None:
    assert to_html(mark, LISTED) == f'<p dir="auto"><sup class="citation">{html}</sup></p>'
    assert markdown(mark, LISTED) == to_html(mark, LISTED)
    assert read(to_html(mark, LISTED)).text == read(to_html(mark)).text


@given(MARKUP.map(lambda text: f"{text}[^1–{text}][^7]"))
def test_marks_with_links_bring_no_error(text: str) -> None:
    assert fold(read(to_html(text, LISTED)).text) == fold(read(to_html(text)).text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("A[^3], b[^7–10] and again[^3].", (3, 7, 8, 9, 10)),
        ("[^1,4-5]", (1, 4, 5)),
        ("\\[^1] and [1]", ()),
        ("[^9–2] is backward, [^1–9999] too wide", (9, 2, 1, 9999)),
        (f"[^{'9' * 5000}]", ()),
    ],
)
def test_cited_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert cited_numbers(text) == numbers
