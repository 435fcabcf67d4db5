"""The files that the architecture tests read: the project's own Python and templates, as they lie on the disk."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.launcher import ROOT

PACKAGES = ("config", "documents", "etd", "metaanalysis")


@cache
def python_files() -> tuple[Path, ...]:
    return tuple(sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")))


@cache
def template_files() -> tuple[Path, ...]:
    folders = [ROOT / "templates", *(ROOT / package / "templates" for package in PACKAGES)]
    return tuple(
        sorted(
            path
            for folder in folders
            for path in folder.rglob("*")
            if path.suffix in {".html", ".svg", ".txt", ".xml"}
        )
    )


@cache
def files_of_tests() -> tuple[Path, ...]:
    return tuple(sorted((ROOT / "tests").rglob("test_*.py")))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))
