"""What drawings are made of. Positions are strings made here, not in a template: no locale may put a comma in."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

INK, MUTED, BRAND, BAND, PAPER = "#14212b", "#5b6b76", "#0b5d6b", "#f3f6f7", "#ffffff"
LINE, LETTER, NOTE_LETTER = 16.0, 6.6, 5.7


@dataclass(frozen=True)
class Label:
    x: str
    y: str
    anchor: str
    text: str
    weight: str = "400"
    size: str = "13"
    fill: str = INK


@dataclass(frozen=True)
class Line:
    x1: str
    y1: str
    x2: str
    y2: str
    stroke: str = INK
    width: str = "1.3"
    dashes: str = ""


@dataclass(frozen=True)
class Box:
    x: str
    y: str
    width: str
    height: str
    fill: str


@dataclass(frozen=True)
class Shape:
    """A path: an arrow where a line is cut, a diamond, an area. With `stroke` it has an outline."""

    path: str
    fill: str
    stroke: str = ""


@dataclass(frozen=True)
class Circle:
    x: str
    y: str
    r: str
    fill: str
    stroke: str


@dataclass(frozen=True)
class PlotTable:
    """The same as text, for those who do not see the plot; the last cells of a row may be empty."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Plot:
    """What `templates/metaanalysis/plot.svg` draws, from back to front. `id` is unique on its page."""

    id: str
    width: str
    height: str
    title: str
    desc: str
    bands: tuple[Box, ...]
    areas: tuple[Shape, ...]
    lines: tuple[Line, ...]
    boxes: tuple[Box, ...]
    shapes: tuple[Shape, ...]
    circles: tuple[Circle, ...]
    labels: tuple[Label, ...]
    table: PlotTable
    notes: tuple[str, ...]


@dataclass
class Drawing:
    """Collects what is drawn; `plot` turns it into a Plot."""

    bands: list[Box] = field(default_factory=list)
    areas: list[Shape] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    tracks: list[tuple[float, float]] = field(
        default_factory=list
    )  # from top to foot, where effects are drawn

    def write(self, x: float, y: float, texts: Iterable[str], anchor: str = "end", **style: str) -> None:
        """Lines of text under each other, the first on the baseline `y`."""
        for number, text in enumerate(texts):
            if text:
                self.labels.append(Label(at(x), at(y + number * LINE), anchor, text, **style))

    def plot(
        self,
        plot_id: str,
        size: tuple[float, float],
        *,
        title: str,
        desc: str,
        table: PlotTable,
        notes: Iterable[str] = (),
    ) -> Plot:
        return Plot(
            id=plot_id,
            width=at(size[0]),
            height=at(size[1]),
            title=title,
            desc=desc,
            bands=tuple(self.bands),
            areas=tuple(self.areas),
            lines=tuple(self.lines),
            boxes=tuple(self.boxes),
            shapes=tuple(self.shapes),
            circles=tuple(self.circles),
            labels=tuple(self.labels),
            table=table,
            notes=tuple(notes),
        )


def letters_of(text: str) -> int:
    """How many Latin letters wide a text is, about: those of East Asian scripts count double."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def wrapped(text: str, letters: int) -> list[str]:
    if letters_of(text) > len(text):
        letters //= 2
    return textwrap.wrap(text, max(letters, 6)) or [""]


def at(value: float) -> str:
    return f"{value:.1f}"
