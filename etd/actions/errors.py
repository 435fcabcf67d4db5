"""Why an action refused. Nothing was changed; the message is for the person who tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The state of things does not allow it (a frozen part, a closed round, an unknown option)."""


class StaleEdit(Refused):
    """Somebody else saved in between. `current` holds what is stored now, `revision` its number."""

    def __init__(self, current: Mapping[str, Any], revision: int) -> None:
        super().__init__("Somebody else has saved this in the meantime. Nothing of yours was saved or lost.")
        self.current = dict(current)
        self.revision = revision
