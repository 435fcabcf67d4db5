"""PDFs that were kept, out of the way."""

from __future__ import annotations

import shutil

from documents import kept_renders


def forget() -> None:
    """The next PDF of anything is made anew."""
    shutil.rmtree(kept_renders.folder(), ignore_errors=True)
