"""Texts that people type: CommonMark without HTML, in a small subset, shown letter for letter.

`to_html` is used by page and PDF alike. Only what is plainly meant as markup is markup: emphasis, lists, headings
(as bold paragraphs), links to http and https, and citation marks. Everything else stays as it was typed: `p<0.05`,
`R&D`, `5*10 and 4*10`, a rule of dashes, a table, an image. A backslash makes the next sign plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape, unescape

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

BULLET = "•"
# Deeper lists are no prose, and the parser would drop what lies too deep: such a text is shown as it was typed.
DEEPEST_LEVEL = 12

# A range wider than this is a slip of the pen.
WIDEST_RANGE = 500

_CITATION = re.compile(r"\[\^([0-9]{1,9}(?:[–,-][0-9]{1,9})*)\]")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_LINE_END = re.compile(r"<br>|</p>|</li>|<ul>|<ol>")
_NOT_IN_SUBSET = (
    ["code", "fence", "blockquote", "html_block", "lheading", "reference", "table"],
    ["autolink", "backticks", "entity", "html_inline", "image", "linkify"],
)


@dataclass(frozen=True)
class Citations:
    """What marks lead to: the numbers that have a reference, and the address of the page that lists them.

    The address is empty for the list on the same page.
    """

    listed: frozenset[int]
    address: str = ""


def cited_numbers(text: str) -> tuple[int, ...]:
    """The numbers that the text cites, in order, each once: `[^7–10]` cites four, an escaped mark none."""
    if "[^" not in text:
        return ()
    found: dict[int, None] = {}
    for token in _parser().parse(re.sub(r"\r\n?", "\n", text)):
        for child in token.children or []:
            if child.type == "citation":
                for part in child.content.split(","):
                    found |= dict.fromkeys(_numbers(part))
    return tuple(found)


def to_html(text: str, citations: Citations | None = None) -> str:
    """The text as HTML with p, strong, em, ul, ol, li, a, br, sup and span alone; never raises.

    With `citations` the numbers in marks are links to `#reference-N`, and those without a reference are marked.
    """
    text = re.sub(r"\r\n?", "\n", text)
    tokens = _parser().parse(text)
    if any(token.level >= DEEPEST_LEVEL for token in tokens):
        return _as_typed(text)
    return _blocks(tokens, text.split("\n"), citations)


def plain(text: str) -> str:
    """What a reader sees of the text: without markup, one line a paragraph, list item or line break."""
    lines = _LINE_END.sub("\n", to_html(text)).split("\n")
    return "\n".join(line for line in (unescape(_TAG.sub("", line)).strip() for line in lines) if line)


def parsed(text: str) -> list[Token]:
    """The text as the parser's tokens, for other prints than HTML. Line ends must be \\n; see `DEEPEST_LEVEL`."""
    return _parser().parse(text)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": DEEPEST_LEVEL + 8})
    for names in _NOT_IN_SUBSET:
        parser.disable(names, ignoreInvalid=True)
    parser.inline.ruler.before("link", "citation", _citation)
    parser.inline.ruler.before("emphasis", "inner_asterisk", _inner_asterisk)
    parser.validateLink = lambda url: bool(_WEB_ADDRESS.match(url))  # type: ignore[method-assign]
    return parser


def _citation(state: StateInline, silent: bool) -> bool:
    match = _CITATION.match(state.src, state.pos, state.posMax)
    if match is None:
        return False
    if not silent:
        state.push("citation", "sup", 0).content = match[1]
    state.pos = match.end()
    return True


def _inner_asterisk(state: StateInline, silent: bool) -> bool:
    """One asterisk between letters or digits multiplies; CommonMark would take it for emphasis."""
    before, sign, after = (
        state.src[state.pos - 1 : state.pos],
        state.src[state.pos],
        state.src[state.pos + 1 : state.pos + 2],
    )
    if sign != "*" or not (before.isalnum() and after.isalnum()):
        return False
    if not silent:
        state.pending += sign
    state.pos += 1
    return True


def _as_typed(text: str) -> str:
    return "".join(
        f"{_PARAGRAPH}{'<br>'.join(escape(line.strip()) for line in paragraph.split(chr(10)))}</p>"
        for paragraph in re.split(r"\n\s*\n", text.strip())
    )


_PARAGRAPH = '<p dir="auto">'
_BLOCK_TAGS = {
    "bullet_list_close": "</ul>",
    "ordered_list_close": "</ol>",
    "heading_open": f"{_PARAGRAPH}<strong>",
    "heading_close": "</strong></p>",
}
_INLINE_TAGS = {
    "em_open": "<em>",
    "em_close": "</em>",
    "strong_open": "<strong>",
    "strong_close": "</strong>",
    "link_close": "</a>",
    "softbreak": "<br>",
    "hardbreak": "<br>",
}


def _blocks(tokens: Sequence[Token], lines: Sequence[str], citations: Citations | None) -> str:
    """The block tokens as HTML; an item's marker stands before the first thing that the item holds."""
    html: list[str] = []
    marker = ""
    for token in tokens:
        match token.type:
            case "list_item_open":
                html.append('<li dir="auto">')
                marker = f'<span class="marker">{_marker(token)}</span> '
            case "list_item_close":
                html.append(f"{marker}</li>")
                marker = ""
            case "bullet_list_open" | "ordered_list_open":
                html.append(f"{marker}<{token.tag}>")
                marker = ""
            case "hr":
                html.append(
                    f"{_PARAGRAPH}{marker}{escape(lines[token.map[0]].strip() if token.map else '')}</p>"
                )
                marker = ""
            case "inline":
                html.append(marker + "".join(_inline(child, citations) for child in token.children or []))
                marker = ""
            case "paragraph_open" | "paragraph_close":
                html.append("" if token.hidden else _PARAGRAPH if token.nesting > 0 else "</p>")
            case other:
                html.append(_BLOCK_TAGS[other])
    return "".join(html)


def _marker(token: Token) -> str:
    """The number as it was typed, so that it is text and not decoration; a bullet for `-` and `*`."""
    if token.info:
        return f"{token.info}{token.markup}"
    return token.markup if token.markup == "+" else BULLET


def _inline(token: Token, citations: Citations | None) -> str:
    match token.type:
        case "text" | "text_special":
            return escape(token.content)
        case "citation":
            shown = _linked(token.content, citations) if citations else escape(token.content)
            return f'<sup class="citation">{shown}</sup>'
        case "link_open":
            return f'<a href="{escape(str(token.attrs["href"]))}" rel="noopener">'
        case other:
            return _INLINE_TAGS[other]


def _linked(mark: str, citations: Citations) -> str:
    """`7–10` with its numbers as links; the dash speaks for the numbers between."""
    return ",".join(
        "".join(
            _number(int(piece), piece, citations)
            if piece.isdigit()
            else _unlisted(piece, [n for n in _numbers(part)[1:-1] if n not in citations.listed])
            for piece in re.split("([–-])", part)
        )
        for part in mark.split(",")
    )


def _number(number: int, typed: str, citations: Citations) -> str:
    if number not in citations.listed:
        return _unlisted(typed, [number])
    return f'<a href="{escape(citations.address)}#reference-{number}">{typed}</a>'


def _unlisted(typed: str, numbers: Sequence[int]) -> str:
    """Marked where there is no reference for these numbers."""
    if not numbers:
        return typed
    ends = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
    return f'<span class="dangling" title="Not in the list of references: {ends}">{typed}</span>'


def _numbers(part: str) -> Sequence[int]:
    """The numbers of `7–10`, or of `7`; of a range that is too wide or backward its ends alone."""
    ends = [int(end) for end in re.split("[–-]", part)]
    is_range = len(ends) == 2 and 0 <= ends[1] - ends[0] <= WIDEST_RANGE
    return range(ends[0], ends[1] + 1) if is_range else ends
