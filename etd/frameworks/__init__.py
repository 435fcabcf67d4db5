"""The decision frameworks that OpenEtD ships, as data: `get_framework` and `all_frameworks`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from etd.frameworks.loader import FrameworkError, load_directory, load_file
from etd.frameworks.schema import (
    Criterion,
    Framework,
    Option,
    OptionDirection,
    OptionKind,
    QuestionField,
    RecommendationDirection,
    RecommendationType,
    Role,
    Section,
    Strength,
    UnknownKey,
)

__all__ = [
    "Criterion",
    "Framework",
    "FrameworkError",
    "Option",
    "OptionDirection",
    "OptionKind",
    "QuestionField",
    "RecommendationDirection",
    "RecommendationType",
    "Role",
    "Section",
    "Strength",
    "UnknownKey",
    "all_frameworks",
    "get_framework",
    "load_file",
]

DATA = Path(__file__).parent / "data"


@cache
def all_frameworks() -> tuple[Framework, ...]:
    """Every framework that is shipped, by key and version. Raises `FrameworkError` where a file is wrong."""
    return load_directory(DATA)


@cache
def get_framework(key: str, version: int) -> Framework:
    """The framework that a question names. Raises `UnknownKey`."""
    for framework in all_frameworks():
        if (framework.key, framework.version) == (key, version):
            return framework
    known = ", ".join(framework.name for framework in all_frameworks())
    raise UnknownKey(f"no framework '{key}' version {version}; known: {known}")
