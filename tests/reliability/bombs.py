"""Documents that ask the renderer for too much: `python -m tests.reliability.bombs`.

P2: each is rendered, refused or stopped, with the seconds that it took. Its control is the worst of them rendered
without limits, which is still at it when the others have long been stopped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import django

django.setup()

from documents import pdf  # noqa: E402 -- after the set-up
from tests.unit.documents.example import criterion, example  # noqa: E402
from tests.unit.documents.test_pdf_safety import BOMBS  # noqa: E402

WORST = "a cell over a million columns"
CONTROL_SECONDS = 60
FIELDS = {
    "a megabyte in a field": "x" * 1_000_000,
    "combining marks": "e" + "\u0301" * 19_000,
    "direction overrides": "\u202e" + "right to left " * 900,
    "one long word": "x" * 19_000,
    "nested quotes": "> " * 9_000,
}
UNLIMITED = """
import sys
from weasyprint import HTML
HTML(string=sys.stdin.read()).write_pdf("/dev/null")
"""


def rendered(work: Any) -> str:
    try:
        work()
    except pdf.CannotRender as problem:
        return str(problem)
    return "rendered"


def control() -> tuple[float, str]:
    start = time.monotonic()
    try:
        subprocess.run(
            ["nice", sys.executable, "-c", UNLIMITED],
            input=f"<html><body>{BOMBS[WORST]}</body></html>",
            text=True,
            capture_output=True,
            timeout=CONTROL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return round(time.monotonic() - start, 1), "still at it"
    return round(time.monotonic() - start, 1), "done"


def main() -> dict[str, Any]:
    works = {
        name: lambda html=html: pdf.run_worker(f"<html><body>{html}</body></html>", [])
        for name, html in BOMBS.items()
    } | {
        name: lambda text=text: pdf.render_pdf(
            example(criteria=(criterion(research_evidence=text),), analyses=())
        )
        for name, text in FIELDS.items()
    }
    seconds, cpu, said = {}, {}, {}
    for name, work in works.items():
        start, used = time.monotonic(), os.times()
        said[name] = rendered(work)
        now = os.times()
        seconds[name] = time.monotonic() - start
        cpu[name] = now.children_user + now.children_system - used.children_user - used.children_system
    control_s, control_said = control()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "said": said,
        "control_s": control_s,
        "control_said": control_said,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()))
