"""What modules are called, what they listen to, and what they load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys

import pytest

from tests.architecture.sources import name, python_files, tree
from tests.launcher import ROOT

EMPTY_NAMES = {"utils", "util", "common", "helpers", "misc"}
HEAVY = ("statsmodels", "scipy", "pandas", "weasyprint", "openpyxl")


def test_no_module_has_a_name_that_says_nothing() -> None:
    found = [
        name(path) for path in python_files() if EMPTY_NAMES & {path.stem, *path.relative_to(ROOT).parts}
    ]
    assert found == []


def signals_heard(module: ast.Module) -> set[str]:
    """The names imported from, or reached through, a module of signals."""
    heard = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("signals"):
            heard |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and {alias.name for alias in node.names} & {
            "signals",
            "receiver",
        }:
            heard |= {alias.name for alias in node.names} & {"signals", "receiver"}
        elif isinstance(node, ast.Import):
            heard |= {alias.name for alias in node.names if alias.name.endswith("signals")}
    return heard


def test_the_one_signal_is_the_end_of_a_migration() -> None:
    heard = {name(path): signals for path in python_files() if (signals := signals_heard(tree(path)))}
    assert heard == {"etd/apps.py": {"post_migrate"}}


@pytest.mark.parametrize(
    "source",
    [
        "from django.db.models.signals import post_save",
        "from django.dispatch import receiver",
        "from django.db.models import signals",
        "import django.db.models.signals",
    ],
)
def test_a_control_signals_are_seen(source: str) -> None:
    assert signals_heard(ast.parse(source))


def loaded(statements: str) -> list[str]:
    """The heavy packages that a fresh interpreter has loaded after these statements."""
    script = f"import sys; {statements}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.split()


def test_serving_pages_loads_nothing_heavy() -> None:
    """Neither the start nor the first request (which loads every view) pays for statistics, PDF or workbooks."""
    start = "import django; django.setup()"
    assert loaded(f"{start}; from django.urls import get_resolver; get_resolver().url_patterns") == []


def test_a_control_what_is_loaded_is_seen() -> None:
    assert "openpyxl" in loaded("import openpyxl")
