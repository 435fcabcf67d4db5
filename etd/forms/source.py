"""What the panel does with the source's judgement on a criterion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms

from etd.enums import AdolopmentChoice
from etd.forms.fields import ProseField

MEANINGS = {
    AdolopmentChoice.ADOPT: "Adopt: the source’s judgement is ours, as it stands",
    AdolopmentChoice.ADAPT: "Adapt: we began with it and changed the judgement or what it rests on",
    AdolopmentChoice.REDO: "Judge anew: we do not use it, and judge for ourselves",
}


class AdolopmentForm(forms.Form):
    """One stands beside each criterion: its key keeps their ids apart. `revision` is of the choice that was shown."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    choice = forms.ChoiceField(
        choices=list(MEANINGS.items()),
        widget=forms.RadioSelect,
        label="What we do with it",
        error_messages={"required": "Please choose one of the three."},
    )
    reason = ProseField(label="Why, and what was changed (needed where you adapt)", rows=2, required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, key: str, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"{key}-%s", **kwargs)
        self.fields["reason"].widget.attrs["class"] = "form-control"
