"""A plot as PNG: the stand-alone SVG as a PDF of its own size, made in the child process of the PDFs, then drawn."""

from __future__ import annotations

import io

from documents.pdf import run_worker
from metaanalysis.plots.drawing import Plot

SHARPNESS = 2.5
"""Pixels of the PNG for each unit of the drawing."""

_POINTS_A_PIXEL = 0.75  # CSS: 96 pixels are 72 points


def png_of(svg: str, plot: Plot) -> bytes:
    """The drawing on white, `SHARPNESS` times its size in pixels. Raises `documents.pdf.CannotRender`."""
    pdf = run_worker(_page(svg, plot), [])
    import pypdfium2  # type: ignore[import-untyped]  # noqa: PLC0415 -- slow import

    document = pypdfium2.PdfDocument(pdf)
    try:
        image = document[0].render(scale=SHARPNESS / _POINTS_A_PIXEL).to_pil().convert("RGB")
    finally:
        document.close()
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _page(svg: str, plot: Plot) -> str:
    """One page of exactly the size of the drawing. `@page :first` too: the style sheet of documents sets that one."""
    size = f"{plot.width}px {plot.height}px"
    none = "@top-left{content:none}@bottom-left{content:none}@bottom-right{content:none}"
    style = f"@page{{size:{size};margin:0;{none}}}@page :first{{size:{size};margin:0;{none}}}"
    style += f"svg{{display:block;width:{plot.width}px;height:{plot.height}px}}body{{margin:0}}"
    drawing = svg.partition("?>\n")[2] or svg
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>Plot</title>'
        f"<style>{style}</style></head><body>{drawing}</body></html>"
    )
