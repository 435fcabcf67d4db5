"""QR codes as paths of an SVG, so that a template can draw them without a style or a trusted text."""

from __future__ import annotations

from dataclasses import dataclass

QUIET_ZONE = 4


@dataclass(frozen=True)
class QrCode:
    """A square of `size` modules with its quiet zone; `path` draws the dark ones, a row at a time."""

    size: int
    path: str


def qr_code(text: str) -> QrCode:
    import segno  # noqa: PLC0415 -- one page needs it

    rows = list(segno.make(text, error="m", micro=False).matrix_iter(border=QUIET_ZONE))
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return QrCode(size=len(rows), path="".join(dark))
