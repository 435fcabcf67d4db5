"""A guideline's settings: what it calls itself and its recommendations, how its panel votes, and how many approve."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.html import format_html

from etd.actions.guideline_settings import MOST_APPROVALS
from etd.domain.consensus import CHOICES
from etd.enums import ConsensusPreset, StrengthWord, TallyDisplay
from etd.forms.helper import form_helper
from etd.models import Guideline

TALLIES = {
    TallyDisplay.NONE: (
        "Not shown: only the chairs see how often each option was chosen; the document says when the panel voted, on "
        "what and by which rule, with no count"
    ),
    TallyDisplay.COUNTS: (
        "Counts: the panel sees how often each option was chosen, not by whom; the document prints these counts"
    ),
    TallyDisplay.NAMED: "Named: the panel sees who chose what; the document prints it with the members’ names",
}
RULES = {
    ConsensusPreset(key): format_html(
        '{}<span class="visually-hidden">.</span> <span class="setting-source">{}</span>', label, source
    )
    for key, label, source in CHOICES
}


class GuidelineNameForm(forms.Form):
    """The guideline's title, organisation and word for a recommendation that is not strong."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
    title = forms.CharField(max_length=300, label="Title of the guideline")
    organisation = forms.CharField(max_length=300, required=False)
    strength_word = forms.ChoiceField(
        choices=StrengthWord.choices,
        widget=forms.RadioSelect,
        label="The word for a recommendation that is not strong",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("op", "title", "organisation", "strength_word")

    @staticmethod
    def initial_for(guideline: Guideline) -> dict[str, Any]:
        return {name: getattr(guideline, name) for name in ("title", "organisation", "strength_word")}


class PublishingForm(forms.Form):
    """How many people approve a question before it is published."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
    approvals_needed = forms.IntegerField(
        min_value=1,
        max_value=MOST_APPROVALS,
        label="People who approve a question before it is published",
        help_text=(
            f"From 1 to {MOST_APPROVALS}. Each is another person: a chair, a methodologist or staff. Whoever publishes "
            "may be one of them. With 1, the one who publishes can be the only one who has looked."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("op", "approvals_needed")

    @staticmethod
    def initial_for(guideline: Guideline) -> dict[str, Any]:
        return {"approvals_needed": guideline.approvals_needed}


class VoteSettingsForm(forms.Form):
    """What is shown of votes, and what is a consensus. The threshold, in percent, counts for one's own rule alone."""

    op = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4, required=False)
    tally_display = forms.ChoiceField(
        choices=list(TALLIES.items()),
        widget=forms.RadioSelect,
        label="What is shown and printed of a round that is over",
    )
    reasons_named = forms.BooleanField(
        required=False,
        label="Members’ reasons are shown with their names",
        help_text=(
            "Without this, a round that is over shows the reasons, and nobody’s name beside them. "
            "The document prints no member’s reason, with or without."
        ),
    )
    consensus_preset = forms.ChoiceField(
        choices=list(RULES.items()), widget=forms.RadioSelect, label="What this panel calls a consensus"
    )
    consensus_threshold = forms.IntegerField(
        required=False,
        min_value=50,
        max_value=100,
        label="Our own threshold, in percent",
        help_text="From 50 to 100: at least this share for one option. It counts only with “our own threshold”.",
    )

    consensus_quorum = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Quorum, in percent of the ballots",
        help_text=(
            "From 1 to 100, empty for none. With fewer votes on a thing there is no consensus on it, whatever they say."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(
            "op",
            "tally_display",
            "reasons_named",
            "consensus_preset",
            "consensus_threshold",
            "consensus_quorum",
        )

    @staticmethod
    def initial_for(guideline: Guideline) -> dict[str, Any]:
        names = (
            "tally_display",
            "reasons_named",
            "consensus_preset",
            "consensus_threshold",
            "consensus_quorum",
        )
        return {name: getattr(guideline, name) for name in names}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("consensus_preset") != ConsensusPreset.OWN:
            cleaned["consensus_threshold"] = None
        elif cleaned.get("consensus_threshold") is None and "consensus_threshold" not in self.errors:
            self.add_error("consensus_threshold", "Your own rule needs a threshold, from 50 to 100.")
        return cleaned
