"""What our forms share: prose kept letter for letter, and the revision that a form was made from."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

MAX_TEXT = 20_000
HOW_TO_MARK_UP = "An empty line begins a paragraph. *Italic*, **bold**, [^1] for a citation mark."


class ProseField(forms.CharField):
    """Text of any length up to MAX_TEXT characters, kept letter for letter.

    Browsers send line breaks as CR LF; they are stored as LF, so that saving an unchanged text changes nothing.
    """

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        super().__init__(
            strip=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": rows}), **kwargs
        )

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class RevisionForm(forms.Form):
    """A form that knows which revision it was made from, and the request it will be sent by.

    `over` is the revision that the person, after a conflict, chose to save over.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    over = forms.IntegerField(required=False, min_value=0)
    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)

    def revision_to_save_at(self) -> int:
        over: int | None = self.cleaned_data["over"]
        revision: int = self.cleaned_data["revision"]
        return revision if over is None else over
