"""No code and no template knows a key of a framework: rules ask for roles, pages walk through what there is."""

from __future__ import annotations

import ast
import re
from enum import Enum
from functools import cache

from django.apps import apps

from etd import enums
from etd.frameworks import all_frameworks, schema
from tests.architecture.sources import name, python_files, template_files, tree


def _vocabulary() -> set[str]:
    """The words that the code has of itself: fields and relations of models, and the values of closed vocabularies."""
    words = {field.name for model in apps.get_models() for field in model._meta.get_fields()}
    for module in (enums, schema):
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, Enum):
                words |= {str(member.value) for member in thing}
    return words


def _names_of_one_word() -> set[str]:
    """Variables, arguments and attributes of the code that are one word: plain English, as some keys are."""
    names = set()
    for path in python_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.arg):
                names.add(node.arg)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
    return {word for word in names if "_" not in word}


@cache
def keys() -> frozenset[str]:
    """The keys of all criteria, types and sections, but for those that are words of the code itself: a "recommendation"
    is also a model, "values" also a role, a "problem" any problem. Such a word cannot be told from the key."""
    found: set[str] = set()
    for framework in all_frameworks():
        found |= {criterion.key for criterion in framework.criteria}
        found |= {choice.key for choice in framework.recommendation_types}
        found |= {section.key for section in framework.sections}
    return frozenset(found - _vocabulary() - _names_of_one_word())


def quoted_in_python(module: ast.Module) -> list[tuple[int, str]]:
    return [
        (node.lineno, node.value)
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in keys()
    ]


def quoted_in_template(text: str) -> list[str]:
    return [word for word in re.findall(r"""["']([a-z_]+)["']""", text) if word in keys()]


def test_no_key_is_quoted_in_code() -> None:
    found = [
        f"{name(path)}:{line} {key}" for path in python_files() for line, key in quoted_in_python(tree(path))
    ]
    assert found == []


def test_no_key_is_quoted_in_a_template() -> None:
    found = {
        name(path): quoted
        for path in template_files()
        if (quoted := quoted_in_template(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_a_control_keys_are_looked_for_and_found() -> None:
    assert len(keys()) >= 15
    key = sorted(keys())[0]
    assert quoted_in_python(ast.parse(f"if criterion.key == '{key}': pass")) == [(1, key)]
    assert quoted_in_template(f'{{% if criterion.key == "{key}" %}}') == [key]
