"""The example as PDF, made anew and kept, against headless Chromium printing the same page."""

from __future__ import annotations

import subprocess
from pathlib import Path

from documents import pdf
from documents.assemble import assemble
from documents.html import render_html
from etd.models import Question
from tests.bench.measure import line, side_by_side
from tests.launcher import load_launcher

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
)
PEER = "headless Chromium printing the same page"


def document(folder: Path) -> None:
    chromium = load_launcher().find_chromium()
    if chromium is None:
        print("Chromium is missing, so the PDF has no peer to be compared with.")
        return
    question = Question.objects.select_related("guideline", "recommendation").get(slug="mcs-after-rosc")
    assembled = assemble(question)
    html, attachments = render_html(assembled), pdf.attachments_of(assembled)
    page = folder / "document.html"
    page.write_text(html, encoding="utf-8")
    target = f"--print-to-pdf={folder / 'chromium.pdf'}"

    def chromiums() -> None:
        subprocess.run(
            [str(chromium), *FLAGS, target, page.as_uri()], capture_output=True, check=True, timeout=120
        )

    median = side_by_side(
        5,
        anew=lambda: pdf.made_anew(html, attachments),
        kept=lambda: pdf.render_pdf(assembled),
        chromium=chromiums,
    )
    line("the example as PDF, made anew", median["anew"], PEER, median["chromium"])
    line("the example as PDF, unchanged", median["kept"], PEER, median["chromium"])
