"""Sending a document, reading it otherwise, and storing what was read."""

from __future__ import annotations

from typing import Any

from crispy_forms.layout import Column, Row
from django import forms

from etd.enums import Better
from etd.forms.guideline import AddressField
from etd.forms.helper import form_helper
from etd.selectors.frameworks import FrameworkChoice

BETTER_CHOICES = (
    ("", "Say so: their rows are kept aside"),
    (Better.HIGHER, "More of it is better (survival)"),
    (Better.LOWER, "Less of it is better (deaths, harms)"),
)


class SendDocumentForm(forms.Form):
    """Lays out the file field; the view says what is wrong with what was sent."""

    file = forms.FileField(
        label="An Evidence-to-Decision document",
        help_text=(
            "Word (.docx), a web page (.html), plain text, or OpenEtD’s own JSON or HTML. At most 10 MiB. You see "
            "everything that was read before anything is stored."
        ),
        widget=forms.FileInput(
            attrs={"accept": ".docx,.html,.htm,.txt,.json,text/plain,text/html,application/json"}
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self.helper = form_helper("file")


class ReadOtherwiseForm(forms.Form):
    """By which framework a document is read, and what its outcomes mean where their names do not say it."""

    framework = forms.ChoiceField(required=False, label="Framework")
    better = forms.ChoiceField(
        required=False, choices=BETTER_CHOICES, label="Outcomes that do not say which way is better"
    )

    def __init__(self, *args: Any, frameworks: tuple[FrameworkChoice, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The other form of the page has fields of these names too.
        self.auto_id = "read_%s"
        self._frameworks = frameworks
        self.fields["framework"].choices = [  # type: ignore[attr-defined]
            ("", "The one that fits the document best"),
            *((one.value, one.title) for one in frameworks),
        ]
        self.helper = form_helper(Row(Column("framework"), Column("better")))

    def chosen(self) -> tuple[FrameworkChoice, ...]:
        """What the document is read by: the one that was chosen, or all of them; all for a choice that there is not."""
        value = self.cleaned_data.get("framework", "") if self.is_valid() else ""
        return tuple(one for one in self._frameworks if one.value == value) or self._frameworks

    def better_side(self) -> str:
        return str(self.cleaned_data.get("better", "")) if self.is_valid() else ""


class StoreDocumentForm(forms.Form):
    """The address of the new question, and whose the document is. The hidden fields say what was looked at."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    framework = forms.CharField(widget=forms.HiddenInput, max_length=100, required=False)
    better = forms.CharField(widget=forms.HiddenInput, max_length=10, required=False)
    slug = AddressField()
    organisation = forms.CharField(
        max_length=300,
        required=False,
        label="Whose document it is",
        help_text="If another body made it: its name. Readers see it beside the source.",
    )
    address = forms.CharField(
        max_length=500,
        required=False,
        label="Where it was found",
        help_text="Its address or DOI, if it has one.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            "sha256", "framework", "better", "slug", Row(Column("organisation"), Column("address"))
        )
