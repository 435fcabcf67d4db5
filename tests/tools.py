"""What a test does when a program it needs is not on the machine."""

from __future__ import annotations

from typing import NoReturn

import pytest

from tests.launcher import load_launcher


def missing_tool(reason: str) -> NoReturn:
    """Skip the test with its reason; with CI set fail it, so that nothing goes untested unseen."""
    if load_launcher().in_ci():
        pytest.fail(f"{reason} (CI is set: a test that cannot run fails)", pytrace=False)
    pytest.skip(reason)
