"""Texts as paragraphs and list items with their formatting, and back to CommonMark: what Word files are made of.

`markdown_of(blocks_of(text))` shows what `text` shows. Markup may come back spelled otherwise (`_a_` as `*a*`, bullets
as `-`), never its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product

from markdown_it.token import Token

from etd.domain.text import BULLET, DEEPEST_LEVEL, parsed

_PLUS = "+"
_SLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_SIGN = re.compile(r"[\\*_\[\]#]")
_BULLET_LINE = re.compile(r"^(\s*)([-+])(?=\s|$)", re.M)
_RULE_LINE = re.compile(r"^(\s*)(-)(?=[-\s]*$)", re.M)
_NUMBER_LINE = re.compile(r"^(\s*\d{1,9})([.)])(?=\s|$)", re.M)
_ORDERED = re.compile(r"\d{1,9}[.)]")
_LINE_END = re.compile(r"(\s*\n\s*)")
_SPELLINGS = (("**", "*"), ("**", "_"), ("__", "*"), ("__", "_"))
_LONGEST_TRIED = 20_000


@dataclass(frozen=True)
class Run:
    """Letters of one look; `text` has \\n where a line ends. `cites`: the text is the inside of a citation mark."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str = ""
    cites: bool = False


@dataclass(frozen=True)
class Block:
    """A paragraph or list item. `depth` 0 is no list; `marker` is •, + or a number as typed, empty for what goes on
    with the item above. `joined`: no empty line stands before this item."""

    runs: tuple[Run, ...]
    depth: int = 0
    marker: str = ""
    joined: bool = False

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


def blocks_of(text: str) -> tuple[Block, ...]:
    """The text's paragraphs and items in the order they are shown; nothing of its words is left out."""
    text = re.sub(r"\r\n?", "\n", text)
    tokens = parsed(text)
    if any(token.level >= DEEPEST_LEVEL for token in tokens):
        typed = re.split(r"\n\s*\n", text.strip())
        return tuple(Block((Run("\n".join(line.strip() for line in part.split("\n"))),)) for part in typed)
    return tuple(_blocks(tokens, text.split("\n")))


def markdown_of(blocks: Sequence[Block]) -> str:
    """CommonMark that shows these blocks: as few backslashes as it needs. Where formatting cannot be written between
    these letters, the letters stand without it."""
    wanted = _normal(blocks)
    each = tuple(_spelled(block) for block in wanted)
    for spelled in (each, tuple(_spelled(replace(block, runs=_plain(block.runs))) for block in wanted)):
        text = _joined(wanted, spelled)
        if shows_the_same(blocks, text):
            return text
    return _joined(wanted, tuple(_escaped(block.text) for block in wanted))


def shows_the_same(blocks: Sequence[Block], text: str) -> bool:
    """Does this CommonMark show these blocks, however it is spelled?"""
    return _normal(blocks_of(text)) == _normal(blocks)


def _blocks(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Block]:
    depth, marker, heading = 0, "", False
    last_line = -1
    for number, token in enumerate(tokens):
        start, end = token.map or (0, 0)
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                if marker:
                    yield Block((), depth, marker, joined=last_line == start)
                    marker, last_line = "", start
                depth += 1
            case "bullet_list_close" | "ordered_list_close":
                depth -= 1
            case "list_item_open":
                marker = _marker(token)
                if tokens[number + 1].type == "list_item_close":
                    yield Block((), depth, marker, joined=last_line == start)
                    marker, last_line = "", start + 1
            case "heading_open":
                heading = True
            case "heading_close":
                heading = False
            case "hr":
                yield Block((Run(lines[start].strip()),), depth, marker, joined=last_line == start)
                marker, last_line = "", end
            case "inline":
                runs = tuple(_runs(token.children or [], bold=heading))
                yield Block(runs, depth, marker, joined=last_line == start)
                marker, last_line = "", end


def _marker(token: Token) -> str:
    if token.info:
        return f"{token.info}{token.markup}"
    return token.markup if token.markup == _PLUS else BULLET


def _runs(children: Iterable[Token], *, bold: bool) -> Iterator[Run]:
    look = Run("", bold=bold)
    strong, emphasis = int(bold), 0
    for child in children:
        match child.type:
            case "text" | "text_special":
                if child.content:
                    yield replace(look, text=child.content)
            case "citation":
                yield replace(look, text=child.content, cites=True)
            case "softbreak" | "hardbreak":
                yield replace(look, text="\n")
            case "link_open":
                look = replace(look, href=str(child.attrs["href"]))
            case "link_close":
                look = replace(look, href="")
            case _:
                strong += child.nesting if child.type.startswith("strong") else 0
                emphasis += child.nesting if child.type.startswith("em") else 0
                look = replace(look, bold=strong > 0, italic=emphasis > 0)


def _normal(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """As it is seen: runs of one look are one, citations and white space at the ends of a run or a
    line have no look of their own."""
    found: list[Block] = []
    depth = 0
    for block in blocks:
        depth = min(block.depth, depth + 1)
        lines = (
            replace(run, text=part)
            for run in _merged(block.runs)
            for part in _LINE_END.split(run.text)
            if part
        )
        shown = tuple(_trimmed(_merged(piece for line in lines for piece in _without_bare_ends(line))))
        marker = block.marker if depth else ""
        if not shown and not marker:
            continue
        # An item without a word does not interrupt a paragraph.
        follows = bool(found) and bool(marker) and (bool(shown) or bool(found[-1].marker))
        found.append(Block(shown, depth, marker, block.joined and follows))
    return tuple(found)


def _merged(runs: Iterable[Run]) -> list[Run]:
    return [
        replace(look, text="".join(run.text for run in same))
        for look, same in groupby(runs, key=lambda run: replace(run, text=""))
    ]


def _without_bare_ends(run: Run) -> Iterator[Run]:
    if not (run.bold or run.italic):
        yield run
        return
    inner = run.text.strip()
    bare = replace(run, bold=False, italic=False)
    if run.cites or not inner:
        yield bare
        return
    start = run.text.index(inner)
    for piece in (
        replace(bare, text=run.text[:start]),
        replace(run, text=inner),
        replace(bare, text=run.text[start + len(inner) :]),
    ):
        if piece.text:
            yield piece


def _trimmed(runs: Sequence[Run]) -> Iterator[Run]:
    """Without blanks beside line breaks and at the ends, which CommonMark does not keep."""
    whole = "".join(run.text for run in runs)
    kept = [True] * len(whole)
    for match in re.finditer(r"\A\s+|\s+\Z|[ \t]*\n[ \t\n]*", whole):
        breaks = match[0].find("\n") if match.start() > 0 and match.end() < len(whole) else -1
        for place in range(match.start(), match.end()):
            kept[place] = breaks >= 0 and place == match.start() + breaks
    place = 0
    for run in runs:
        text = "".join(sign for number, sign in enumerate(run.text, start=place) if kept[number])
        place += len(run.text)
        if text:
            yield replace(run, text=text)


def _spelled(block: Block) -> str:
    """The block's own text in CommonMark, without its marker."""
    if len(block.text) <= _LONGEST_TRIED:
        for runs in (block.runs, _plain(block.runs)):
            wanted = _normal((Block(runs),))
            looks = _SPELLINGS if any(run.bold or run.italic for run in runs) else _SPELLINGS[:1]
            for escape, spelling in product((str, _slashed, _escaped), looks):
                attempt = _inline(runs, escape, spelling)
                if _normal(blocks_of(attempt)) == wanted:
                    return attempt
    return _inline(_plain(block.runs), _escaped, _SPELLINGS[0])


def _plain(runs: Sequence[Run]) -> tuple[Run, ...]:
    return tuple(Run(run.text, cites=run.cites) for run in runs)


def _slashed(text: str) -> str:
    return _SLASH.sub(r"\\\\", text)


def _escaped(text: str) -> str:
    signs = _SIGN.sub(r"\\\g<0>", text)
    return _NUMBER_LINE.sub(r"\1\\\2", _RULE_LINE.sub(r"\1\\\2", _BULLET_LINE.sub(r"\1\\\2", signs)))


def _inline(runs: Sequence[Run], escape: object, spelling: tuple[str, str]) -> str:
    assert callable(escape)
    written: list[str] = []
    opened: list[tuple[str, str]] = []
    looks = [_looks(run, spelling) for run in runs]
    for number, (run, wanted) in enumerate(zip(runs, looks, strict=True)):
        # What lasts longest is opened first, so that it needs not be closed with the others.
        lasts = {one: _lasts(one, looks[number:]) for one in wanted}
        wanted.sort(key=lasts.__getitem__, reverse=True)
        while any(one not in wanted for one in opened):
            written.append(_end(opened.pop()))
        for one in wanted:
            if one not in opened:
                written.append("[" if one[0] == "href" else one[1])
                opened.append(one)
        written.append(f"[^{run.text}]" if run.cites else escape(run.text))
    written += [_end(one) for one in reversed(opened)]
    return "".join(written)


def _lasts(look: tuple[str, str], later: Sequence[Sequence[tuple[str, str]]]) -> int:
    return next((number for number, looks in enumerate(later) if look not in looks), len(later))


def _looks(run: Run, spelling: tuple[str, str]) -> list[tuple[str, str]]:
    looks = [("href", run.href)] if run.href else []
    looks += [("bold", spelling[0])] if run.bold else []
    return looks + ([("italic", spelling[1])] if run.italic else [])


def _end(one: tuple[str, str]) -> str:
    return (
        f"](<{one[1]}>)"
        if one[0] == "href" and re.search(r"[()\s]", one[1])
        else (f"]({one[1]})" if one[0] == "href" else one[1])
    )


def _joined(blocks: Sequence[Block], spelled: Sequence[str]) -> str:
    """The blocks below each other, items under their parents."""
    written: list[str] = []
    widths: list[int] = []
    for block, text in zip(blocks, spelled, strict=True):
        if block.marker:
            marker = (
                block.marker
                if _ORDERED.fullmatch(block.marker)
                else (_PLUS if block.marker == _PLUS else "-")
            )
            del widths[block.depth - 1 :]
            indent = " " * sum(widths)
            widths.append(len(marker) + 1)
            first = f"{indent}{marker} {text}".rstrip() if not text else f"{indent}{marker} {text}"
        else:
            del widths[block.depth :]
            indent = " " * sum(widths)
            first = f"{indent}{text}"
        inner = "\n" + " " * sum(widths)
        if written:
            written.append("\n" if block.joined else "\n\n")
        written.append(first.replace("\n", inner))
    return "".join(written)
