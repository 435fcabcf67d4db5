"""The forms of a question's publication page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms

from etd.forms.fields import ProseField

SHA256 = r"^[0-9a-f]{64}$"


class StepForm(forms.Form):
    """A step that asks for nothing but the button."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)


class ApproveForm(StepForm):
    """`content` is the hash of what the person saw."""

    content = forms.RegexField(SHA256, widget=forms.HiddenInput)


class PublishForm(ApproveForm):
    """`note` is what readers see beside the version."""

    note = ProseField(
        rows=4,
        required=False,
        label="What has changed since the last version",
        help_text="What stands here is proposed from the differences: say it in your words. Readers see it beside"
        " the version, letter for letter, and it cannot be edited later.",
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, is_first: bool, **kwargs: Any) -> None:
        super().__init__(data, auto_id="publish-%s", **kwargs)
        field = self.fields["note"]
        field.widget.attrs["class"] = "form-control"
        if is_first:
            field.label = "A note on this version, if you want one"
            field.help_text = (
                "Readers see it beside the version, letter for letter. It cannot be edited later."
            )
        else:
            # For the browser; the action asks, which knows a second click from a second version.
            field.widget.attrs["required"] = True


class WithdrawForm(StepForm):
    """Which version is withdrawn, and why."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    reason = ProseField(
        rows=3,
        label="Why it is withdrawn",
        help_text="Readers of the version see this reason and the date. It cannot be edited later.",
        error_messages={
            "required": "Please say why this version is withdrawn: readers of it will see the reason."
        },
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, anchor: str, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"{anchor}-%s", **kwargs)
        self.fields["reason"].widget.attrs["class"] = "form-control"
