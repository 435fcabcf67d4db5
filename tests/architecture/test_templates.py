"""Templates place strings: nothing is trusted, computed, formatted or styled in them."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import name, python_files, template_files, tree

FORBIDDEN = {
    "trusts text": re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off|mark_safe"),
    "has a style of its own": re.compile(r"""\sstyle\s*=\s*["']"""),
    "runs a script of its own": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "handles an event": re.compile(r"""\son[a-z]+\s*=\s*["'{]""", re.IGNORECASE),
    "lets htmx evaluate": re.compile(r"\shx-on\b|\shx-vals\s*=\s*[\"']js:", re.IGNORECASE),
    "formats a number": re.compile(
        r"\|\s*(floatformat|stringformat|intcomma|widthratio|divisibleby)\b|{%\s*widthratio"
    ),
}


def faults(text: str) -> list[str]:
    return [fault for fault, pattern in FORBIDDEN.items() if pattern.search(text)]


def test_no_template_does_what_it_may_not() -> None:
    found = {
        name(path): fault for path in template_files() if (fault := faults(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{{ body|safe }}", "trusts text"),
        ("{{ body | safeseq }}", "trusts text"),
        ("{% autoescape off %}", "trusts text"),
        ('<p class="a" style="color: red">', "has a style of its own"),
        ("<script>alert(1)</script>", "runs a script of its own"),
        ('<a href="#" onclick="go()">', "handles an event"),
        ('<button hx-on:click="go()">', "lets htmx evaluate"),
        ("{{ p|floatformat:2 }}", "formats a number"),
    ],
)
def test_a_control_each_fault_is_seen(text: str, fault: str) -> None:
    assert faults(text) == [fault]


def test_what_is_harmless_passes() -> None:
    assert (
        faults('<script src="{% static "x.js" %}" defer></script><p data-on="x">{{ safe }} one = two</p>')
        == []
    )


def trusting(module: ast.Module) -> list[int]:
    """Lines of Python that say of a text that it needs no escaping."""
    return [
        node.lineno
        for node in ast.walk(module)
        if (isinstance(node, ast.Name) and node.id in {"mark_safe", "SafeString", "SafeText"})
        or (isinstance(node, ast.Attribute) and node.attr in {"mark_safe", "SafeString", "SafeText"})
    ]


def test_only_template_tags_trust_text() -> None:
    found = [
        f"{name(path)}:{line}"
        for path in python_files()
        if path.parent.name != "templatetags"
        for line in trusting(tree(path))
    ]
    assert found == []
    assert trusting(ast.parse("from django.utils.safestring import mark_safe\nmark_safe(x)")) == [2]
