"""The forms of a chair who runs a round."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.utils import timezone

from etd.domain.consensus import CHOICES, Rule, rule_of, with_quorum
from etd.enums import ConsensusPreset
from etd.forms.fields import ProseField
from etd.models import Guideline
from etd.selectors.results import BallotProgress
from etd.selectors.rounds import ItemName


def zone_words() -> str:
    """`UTC`, `CET (UTC+01:00)`: the zone that times without one are read in, as it is now."""
    now = timezone.localtime()
    offset = now.strftime("%z")
    name = now.tzname() or "UTC"
    return name if name == "UTC" else f"{name} (UTC{offset[:3]}:{offset[3:5]})"


class MomentField(forms.DateTimeField):
    """A date and a time to the minute in the site's zone, which its help says; only a later moment is taken."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "form-control"}, format="%Y-%m-%dT%H:%M"
        )
        super().__init__(widget=widget, **kwargs)

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        if moment is not None and moment <= timezone.now():
            raise forms.ValidationError("This moment has passed already: please choose a later one.")
        return moment


class OpenRoundForm(forms.Form):
    """What a round asks, until when, how it is voted on, and what counts as a consensus."""

    items = forms.MultipleChoiceField(
        label="What the panel votes on",
        error_messages={"required": "Please choose at least one thing to vote on."},
    )
    closes_at = MomentField(label="Closes", required=False)
    blind = forms.ChoiceField(label="How votes are cast", choices=[("blind", "Blind"), ("open", "Open")])
    rule = forms.ChoiceField(
        label="What counts as consensus", choices=[(key, label) for key, label, _ in CHOICES]
    )
    threshold = forms.IntegerField(
        label="Our own threshold, in percent",
        required=False,
        min_value=50,
        max_value=100,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    quorum = forms.IntegerField(
        label="Quorum, in percent of the ballots",
        required=False,
        min_value=1,
        max_value=100,
        help_text="Empty for none.",
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )

    def __init__(self, names: tuple[ItemName, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].choices = [(name.key, name.heading) for name in names]  # type: ignore[attr-defined]
        self.fields["closes_at"].help_text = f"In {zone_words()}. Leave it empty to close the round yourself."

    @staticmethod
    def initial_for(guideline: Guideline, items: list[str]) -> dict[str, Any]:
        return {
            "items": items,
            "blind": "blind",
            "rule": guideline.consensus_preset,
            "threshold": guideline.consensus_threshold,
            "quorum": guideline.consensus_quorum,
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        own = cleaned.get("rule") == ConsensusPreset.OWN
        if own and cleaned.get("threshold") is None and "threshold" not in self.errors:
            self.add_error("threshold", "Please give the percentage, between 50 and 100.")
        return cleaned

    def consensus_rule(self) -> Rule:
        rule = rule_of(self.cleaned_data["rule"], self.cleaned_data["threshold"])
        return with_quorum(rule, self.cleaned_data["quorum"])

    @property
    def rules(self) -> list[tuple[str, str, str, bool]]:
        """Key, label, source and whether it is chosen, for each rule to choose from."""
        chosen = self["rule"].value()
        return [(key, label, source, key == chosen) for key, label, source in CHOICES]


class ExtendForm(forms.Form):
    closes_at = MomentField(label="New closing time")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["closes_at"].help_text = f"In {zone_words()}. A round can only be given more time."


class VoidForm(forms.Form):
    """Whose ballot is not to count, and why."""

    ballot = forms.TypedChoiceField(
        label="Whose ballot", coerce=int, widget=forms.Select(attrs={"class": "form-select"})
    )
    reason = ProseField(label="Why it is not to count", rows=3)

    def __init__(self, ballots: tuple[BallotProgress, ...], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = [(str(one.ballot_id), one.name) for one in ballots if not one.is_voided]
        self.fields["ballot"].choices = [("", "Please choose"), *standing]  # type: ignore[attr-defined]
        self.fields["reason"].widget.attrs["class"] = "form-control"


class NoteForm(forms.Form):
    """A note in the discussion of one item."""

    text = ProseField(label="Your note", rows=3)
    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].widget.attrs["class"] = "form-control"


class ReceiptForm(forms.Form):
    code = forms.CharField(
        label="Receipt",
        max_length=200,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )
