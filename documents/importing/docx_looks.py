"""What the letters and cells of a Word file look like: fonts with pictures, boxes, bold and shaded cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from documents.importing.marks import (
    BOLD,
    BOLD_END,
    CITED,
    CITED_END,
    ITALIC,
    ITALIC_END,
    LOWERED,
    LOWERED_END,
    RAISED,
    RAISED_END,
)

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
STRUCK = "~~"
_TICKS, _BOXES = "☒", "☐"
# Letters of symbol fonts, by font and number without the private-use offset: ticks, boxes, circles, bullets.
_SYMBOLS = {
    "wingdings": {
        0x6C: "●", 0x6D: "○", 0x6E: "■", 0x6F: "☐", 0x71: "☐", 0x76: "◆", 0x9E: "·", 0x9F: "•", 0xA1: "○",
        0xA7: "▪", 0xA8: "☐", 0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    },
    "wingdings 2": {0x50: "✓", 0x51: "☒", 0x52: "☑", 0x53: "☒", 0x54: "☒", 0x81: "○", 0x98: "●", 0x99: "◉", 0xA3: "☐"},
    "symbol": {
        # Digits and most signs of the line are those of letters.
        **{code: chr(code) for code in range(0x20, 0x40) if code not in (0x22, 0x24, 0x27, 0x2A, 0x2D)},
        0xB7: "·", 0xA3: "≤", 0xB3: "≥", 0xB1: "±", 0xB4: "×", 0xA5: "∞", 0x6D: "μ", 0x61: "α", 0x62: "β", 0x2D: "−",
        0xAE: "→", 0xB9: "≠", 0xBB: "≈", 0x44: "Δ", 0x63: "χ", 0x74: "τ", 0x53: "Σ",
    },
}  # fmt: skip
LOOKS = {
    "bold": (BOLD, BOLD_END),
    "italic": (ITALIC, ITALIC_END),
    "raised": (RAISED, RAISED_END),
    "lowered": (LOWERED, LOWERED_END),
    "cited": (CITED, CITED_END),
    # Seen in the text: what is struck through is no part of a number, and not for us to leave out.
    "struck": (STRUCK, STRUCK),
}
_SHIFTS = (("_", "sub"), ("^", "sup"))
_SHIFTED = 4  # half-points
_BLANKS = {f"{W}tab", f"{W}br", f"{W}cr"}


def style_names(styles: Any) -> dict[str, str]:
    """Style id to name."""
    if styles is None:
        return {}
    return {style.get(f"{W}styleId", ""): value(style, "name") for style in styles.iter(f"{W}style")}


def value(parent: Any, name: str) -> str:
    child = parent.find(f"{W}{name}") if parent is not None else None
    return str(child.get(f"{W}val", "")) if child is not None else ""


def is_on(parent: Any, name: str) -> bool:
    child = parent.find(f"{W}{name}") if parent is not None else None
    return child is not None and child.get(f"{W}val", "true") not in ("0", "false", "off", "none")


def marked_cells(cells: list[Any], names: Mapping[str, str]) -> set[int]:
    """The cells that stand out in a row of many by bold letters, else by their shade: the fewer ones."""
    if len(cells) < 4:
        return set()
    filled = [number for number, cell in enumerate(cells) if number and "".join(letters(cell)).strip()]
    bold = {number for number in filled if is_bold(cells[number], names)}
    if 0 < len(bold) < len(filled):
        return bold
    shades = {number: shade(cells[number]) for number in filled}
    common = Counter(shades.values()).most_common(2)
    if len(common) < 2 or common[0][1] == common[1][1]:
        return set()
    return {number for number, shade in shades.items() if shade != common[0][0]}


def is_bold(cell: Any, names: Mapping[str, str]) -> bool:
    runs = [run for run in cell.iter(f"{W}r") if "".join(letters(run)).strip()]
    return bool(runs) and all("bold" in looks_of(run.find(f"{W}rPr"), names) for run in runs)


def shade(cell: Any) -> str:
    shade = cell.find(f"{W}tcPr/{W}shd")
    fill = shade.get(f"{W}fill", "auto").upper() if shade is not None else "AUTO"
    return "AUTO" if fill == "FFFFFF" else fill


def looks_of(properties: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    if properties is None:
        return ()
    style = names.get(value(properties, "rStyle"), value(properties, "rStyle"))
    if style == "EtD Citation":
        return ("cited",)
    found = [name for name, tag in (("bold", "b"), ("italic", "i")) if is_on(properties, tag)]
    found += ["bold"] if style == "Strong" and "bold" not in found else []
    found += ["italic"] if style == "Emphasis" and "italic" not in found else []
    shift = value(properties, "vertAlign")
    height = _height(value(properties, "position"))
    if shift == "superscript" or height >= _SHIFTED:
        found.append("raised")
    elif shift == "subscript" or height <= -_SHIFTED:
        found.append("lowered")
    found += ["struck"] if is_on(properties, "strike") or is_on(properties, "dstrike") else []
    return tuple(sorted(found, key=list(LOOKS).index))


def _height(position: str) -> int:
    """Half-points above the line; 0 where it is no number."""
    return int(position) if re.fullmatch(r"-?\d{1,4}", position) else 0


def formula(element: Any) -> str:
    """An equation on one line: no digit of a fraction or a power becomes one of the number before it."""
    name = element.tag.rpartition("}")[2]
    if name == "t":
        return element.text or ""
    parts = {child.tag.rpartition("}")[2]: formula(child) for child in element}
    if name == "f":
        return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
    if name == "rad":
        return f"{parts.get('deg', '')}√({parts.get('e', '')})"
    if name in ("sSup", "sSub", "sSubSup", "sPre"):
        low, high = (f"{sign}{_grouped(parts[part])}" if parts.get(part) else "" for sign, part in _SHIFTS)
        return f"{low}{high}{parts.get('e', '')}" if name == "sPre" else f"{parts.get('e', '')}{low}{high}"
    within = "".join(formula(child) for child in element)
    return f"({within})" if name == "d" else within


def _grouped(text: str) -> str:
    return text if text.isalnum() else f"({text})"


def letters(parent: Any) -> Iterator[str]:
    for one in parent.iter():
        if one.tag in (f"{W}t", f"{W}delText"):
            yield one.text or ""
        elif one.tag in _BLANKS and one.getparent().tag == f"{W}r":
            yield " "


def check_box(control: Any) -> str | None:
    """The box of a content control that can be ticked."""
    box = control.find(f"{W}sdtPr/{W14}checkbox")
    if box is None:
        return None
    ticked = box.find(f"{W14}checked")
    return _TICKS if ticked is not None and ticked.get(f"{W14}val", "0") in ("1", "true", "on") else _BOXES


def symbol(element: Any) -> str:
    font = element.get(f"{W}font", "").casefold()
    try:
        code = int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return "\ufffd"
    return _SYMBOLS.get(font, {}).get(code & 0xFF if code >= 0xF000 else code) or (
        chr(code) if 0x20 <= code < 0xD800 else "\ufffd"
    )


def from_symbol_font(text: str, properties: Any) -> str:
    """Letters that are pictures in their font."""
    fonts = properties.find(f"{W}rFonts") if properties is not None else None
    table = _SYMBOLS.get((fonts.get(f"{W}ascii") or "").casefold()) if fonts is not None else None
    if not table:
        return text
    return "".join(table.get(ord(sign) & 0xFF if ord(sign) >= 0xF000 else ord(sign), sign) for sign in text)
