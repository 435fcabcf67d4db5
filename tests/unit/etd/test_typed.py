"""What a form sent, as the pages that say “not saved” show it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from django import forms
from django.template.loader import render_to_string
from django.test import RequestFactory

import etd.forms
import metaanalysis.forms
from etd.typed import NOT_TYPED, Typed, typed_text


def shown(**sent: str | list[str]) -> list[tuple[str, str]]:
    return [(one.label, one.words) for one in typed_text(RequestFactory().post("/", sent))]


def form_classes() -> Iterator[type[forms.Form]]:
    for package in (etd.forms, metaanalysis.forms):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield from forms_of(found.name)
    yield from forms_of("documents.forms.publication")


def forms_of(module: str) -> Iterator[type[forms.Form]]:
    for _, one in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        if issubclass(one, forms.Form):
            yield one


def test_texts_come_first_and_letter_for_letter() -> None:
    text = " a_b_c <median>\n two "
    assert shown(options=["probably_yes", "varies"], research_evidence=text) == [
        ("Research evidence", text),
        ("Options", "probably yes"),
        ("Options", "varies"),
    ]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("comment", "Comment"),
        ("statements-0-why_necessary", "Statement 1: why necessary"),
        ("reason-9999999-x", "Reason 9999999: x"),
    ],
)
def test_a_field_is_named_in_words(name: str, label: str) -> None:
    assert shown(**{name: "Some words"}) == [(label, "Some words")]


@pytest.mark.parametrize("value", ["mcs-after-rosc", "p<0.05", "A_b", "0.10", "日本語", "x" * 41])
def test_only_the_value_of_a_choice_is_put_in_other_words(value: str) -> None:
    assert Typed("Text", value).words == value


def test_what_is_secret_hidden_or_empty_is_not_shown() -> None:
    assert shown(**{"new_password1": "s", "code": "123456", "statements-TOTAL_FORMS": "3", "note": ""}) == []


def test_no_field_that_is_hidden_in_a_form_is_shown() -> None:
    hidden = {
        name
        for one in form_classes()
        for name, field in one.base_fields.items()
        if isinstance(field.widget, forms.HiddenInput)
    }
    assert "op" in hidden
    assert hidden - NOT_TYPED == set()


def test_short_answers_stand_under_one_heading() -> None:
    typed = [Typed("Comment", "My words"), Typed("Options", "probably_yes"), Typed("Basis", "vote")]
    page = render_to_string("_components/typed.html", {"typed": typed})
    assert page.count("<textarea") == 1
    assert page.count("Choices and short answers") == 1
    assert page.index("My words") < page.index("Choices") < page.index("probably yes") < page.index("vote")
