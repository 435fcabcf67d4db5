"""`./openetd bench`: what things cost, as ratios to a peer measured in the same run, on a fresh copy of the example,
how the cost grows, and how often the integrity checks are right.

Absolute times depend on the machine and are printed for orientation only. Nothing here passes or fails.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.server import application_environment, run_manage


def measure_all(folder: Path) -> None:
    """With Django set up. Growth comes last: it fills the database."""
    from tests.bench.documents import document
    from tests.bench.growth import growth
    from tests.bench.pages import pages
    from tests.bench.pooling import pooling

    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"Load of this machine at the start: {load}, with {os.cpu_count()} processors.", flush=True)
    pooling(folder)
    pages()
    document(folder)
    growth()
    integrity_checks()


def integrity_checks() -> None:
    """Shares of altered numbers found and false alarms, from seeded simulations: the same in every run."""
    from tests.detection import report

    for text in report():
        print(text, flush=True)


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
        measure_all(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
