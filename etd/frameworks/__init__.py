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
    "offered_frameworks",
    "use_directory",
]

DATA = Path(__file__).parent / "data"
_own_directory: Path | None = None


def use_directory(directory: Path | None) -> None:
    """Load the files of this directory too, besides those that are shipped; None: no more than those."""
    global _own_directory
    _own_directory = directory
    all_frameworks.cache_clear()
    get_framework.cache_clear()


@cache
def all_frameworks() -> tuple[Framework, ...]:
    """Every framework, those that are shipped and then a site's own, each by key and version.

    Raises `FrameworkError` where a file is wrong, or where a site's own file takes the key of one that is shipped: a
    later release could ship that version with other words.
    """
    shipped = load_directory(DATA)
    own = load_directory(_own_directory) if _own_directory else ()
    taken = {framework.key for framework in shipped}
    for framework in own:
        if framework.key in taken:
            raise FrameworkError(
                f"{_own_directory}/{framework.key}_v{framework.version}.toml: the key '{framework.key}' belongs to a "
                "framework that OpenEtD ships: choose another, such as the name of your organization and the key"
            )
    return shipped + own


@cache
def get_framework(key: str, version: int) -> Framework:
    """The framework that a question names. Raises `UnknownKey`."""
    for framework in all_frameworks():
        if (framework.key, framework.version) == (key, version):
            return framework
    known = ", ".join(framework.name for framework in all_frameworks())
    raise UnknownKey(f"no framework '{key}' version {version}; known: {known}")


def offered_frameworks() -> tuple[Framework, ...]:
    """What a new question can begin with: the newest version of each framework, unless that is retired."""
    newest = {framework.key: framework for framework in all_frameworks()}
    return tuple(framework for framework in newest.values() if not framework.retired)
