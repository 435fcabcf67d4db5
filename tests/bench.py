"""`./openetd bench`: what things cost, as ratios to a peer measured in the same run, on a fresh copy of the example.

Absolute times depend on the machine and are printed for orientation only. Nothing here passes or fails.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.launcher import load_launcher
from tests.server import application_environment, run_manage

ROUNDS = 15


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def side_by_side(rounds: int, **works: Callable[[], object]) -> dict[str, float]:
    """The median time of each, taken in turns, so that a busy moment of the machine falls on all alike."""
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work))
    return {name: statistics.median(values) for name, values in times.items()}


def pages() -> None:
    from django.test import Client

    from etd.models import User

    question = "/guidelines/ilcor-als/mcs-after-rosc-vote/"
    client = Client()
    client.force_login(
        User.objects.get(email="panel@example.org"), "django.contrib.auth.backends.ModelBackend"
    )
    versions = iter(range(10_000))

    def vote() -> None:
        version = next(versions)
        data = {"revision": version, "op": uuid4(), "options": ["reduced"], "comment": f"Reason {version}"}
        answer = client.post(f"{question}votes/equity/", data, headers={"HX-Request": "true"})
        assert answer.status_code == 200, answer.content

    median = side_by_side(
        ROUNDS,
        trivial=lambda: Client().get("/no-such-page/"),
        page=lambda: client.get(question),
        vote=vote,
    )
    line(
        "the question page with an open round",
        median["page"],
        "a page that says “not found”",
        median["trivial"],
    )
    line("saving a judgement", median["vote"], "a page that says “not found”", median["trivial"])


def document(folder: Path) -> None:
    from documents.assemble import assemble
    from documents.html import render_html
    from documents.pdf import render_pdf
    from etd.models import Question

    chromium = load_launcher().find_chromium()
    question = Question.objects.select_related("guideline", "recommendation").get(slug="mcs-after-rosc")
    assembled = assemble(question)
    page = folder / "document.html"
    page.write_text(render_html(assembled), encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-background-networking",
    ]
    target = f"--print-to-pdf={folder / 'chromium.pdf'}"

    def ours() -> None:
        from documents import pdf

        pdf._rendered.cache_clear()
        render_pdf(assembled)

    def chromiums() -> None:
        subprocess.run(
            [str(chromium), *flags, target, page.as_uri()], capture_output=True, check=True, timeout=120
        )

    if chromium is None:
        print("Chromium is missing, so the PDF has no peer to be compared with.")
        return
    median = side_by_side(3, ours=ours, chromium=chromiums)
    line("the example as PDF", median["ours"], "headless Chromium printing the same page", median["chromium"])


def line(what: str, mine: float, peer: str, theirs: float) -> None:
    print(
        f"{what}: {mine / theirs:.1f} x {peer} ({mine * 1000:.0f} ms against {theirs * 1000:.0f} ms)",
        flush=True,
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = application_environment(f"sqlite:///{folder / 'bench.sqlite3'}", folder)
        for command in (["migrate", "--noinput"], ["load_example"]):
            done = run_manage(environment, *command)
            if done.returncode:
                print(done.stdout + done.stderr, file=sys.stderr)
                return 1
        os.environ.update(environment, ALLOWED_HOSTS="testserver")
        import logging

        import django

        django.setup()
        logging.disable(logging.WARNING)
        pages()
        document(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
