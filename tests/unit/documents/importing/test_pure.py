"""The reader is pure: text in, dataclasses out."""

from __future__ import annotations

import subprocess
import sys

from tests.launcher import ROOT


def test_the_reader_loads_neither_django_nor_the_models() -> None:
    script = (
        "import sys; from documents.importing import read_text; read_text('QUESTION'); "
        "print(*[name for name in sys.modules if name.split('.')[0] == 'django' or name == 'etd.models'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == []
