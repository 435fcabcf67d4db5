from __future__ import annotations

import pytest

from tests.unit.etd.worlds import Panel, panel_of


@pytest.fixture
def panel(db: None) -> Panel:
    """A guideline with one person in each role, and one person in none."""
    return panel_of()
