from __future__ import annotations

from typing import Any

from crispy_forms.layout import HTML, Column, Field, Row
from django import forms

from etd.domain.addresses import RESERVED
from etd.enums import StrengthWord
from etd.forms.helper import form_helper
from etd.forms.question import QuestionForm
from etd.models import Guideline
from etd.selectors.frameworks import FrameworkChoice, framework_choices


class AddressField(forms.SlugField):
    """The part of an address that names a guideline or a question: letters a to z, digits and hyphens."""

    default_error_messages = {"invalid": "Use letters a to z, digits and hyphens only, such as als-2027."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Name in the address",
            max_length=80,
            help_text="Short, for links: letters, digits and hyphens. It cannot be changed later.",
            **kwargs,
        )

    def clean(self, value: Any) -> str:
        slug: str = super().clean(str(value or "").strip().lower())
        if slug in RESERVED:
            raise forms.ValidationError(f"“{slug}” is used by the site itself: please choose another.")
        return slug


class GuidelineForm(forms.Form):
    title = forms.CharField(max_length=300, label="Title of the guideline")
    organisation = forms.CharField(max_length=300, required=False)
    strength_word = forms.ChoiceField(
        choices=StrengthWord.choices, label="The word for a recommendation that is not strong"
    )
    slug = AddressField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("title", "organisation", Row(Column("strength_word"), Column("slug")))


class NewQuestionForm(QuestionForm):
    """A question from nothing: besides its PICO, the framework that it is judged by."""

    revision = None  # type: ignore[assignment]
    framework = forms.ChoiceField(
        label="Framework",
        help_text="Which criteria the panel judges, and how. It can be changed until the panel votes.",
    )
    slug = AddressField()

    def __init__(self, guideline: Guideline, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.frameworks = framework_choices(guideline)
        self.fields["framework"].choices = [  # type: ignore[attr-defined]
            (choice.value, choice.title) for choice in self.frameworks
        ]
        self.helper = form_helper(
            "title",
            Row(Column("intervention_label"), Column("comparison_label")),
            Field("framework", template="_components/framework_field.html"),
            "slug",
            HTML('<h2 class="form-part">The question in parts</h2>'),
            HTML('<p class="help">All of this can be written and changed later, until the panel votes.</p>'),
            "population",
            "intervention",
            "comparison",
            "main_outcomes",
            "setting",
            HTML('<details class="more"><summary>Perspective and background</summary>'),
            "perspective",
            "background",
            HTML("</details>"),
        )

    def chosen_framework(self) -> FrameworkChoice:
        return next(one for one in self.frameworks if one.value == self.cleaned_data["framework"])
