from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms

from etd.forms.fields import ProseField


class RestoreForm(forms.Form):
    """`fingerprint` names the finding."""

    fingerprint = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)
    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)


class DismissForm(RestoreForm):
    """Why a finding can stay as it is. One stands beside each finding: `anchor` keeps their ids apart."""

    reason = ProseField(
        label="Why this can stay as it is",
        rows=2,
        error_messages={"required": "Please say why this can stay as it is."},
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, anchor: str, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"{anchor}-%s", **kwargs)
        self.fields["reason"].widget.attrs["class"] = "form-control"
