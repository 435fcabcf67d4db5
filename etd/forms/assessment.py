from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Field
from django import forms

from etd.enums import Basis
from etd.forms.fields import HOW_TO_MARK_UP, ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.selectors import CriterionView


class TextsForm(RevisionForm):
    research_evidence = ProseField(required=False, rows=9, help_text=HOW_TO_MARK_UP)
    additional_considerations = ProseField(required=False, rows=4, help_text=HOW_TO_MARK_UP)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("revision", "op", "research_evidence", "additional_considerations")


class JudgementForm(RevisionForm):
    """The panel's judgement: one or several options, each for all or for a named part, and what it rests on."""

    options = forms.MultipleChoiceField(required=False, label="The panel's judgement")
    # A judgement recorded here is the panel's own; only loading a document takes one over.
    basis = forms.ChoiceField(
        choices=[
            ("", "Please choose"),
            *((value, label) for value, label in Basis.choices if value != Basis.DOCUMENT),
        ],
        label="It rests on",
    )
    voting_round = forms.TypedChoiceField(
        required=False, coerce=int, empty_value=None, label="The round it refers to"
    )
    reason = ProseField(
        required=False,
        rows=3,
        label="The panel's reason",
        help_text="Needed where the round did not reach consensus, or where most votes were for something else.",
    )

    def __init__(
        self, criterion: CriterionView, *args: Any, rounds: Sequence[int] = (), **kwargs: Any
    ) -> None:
        """`rounds` are the numbers of the rounds that are over and asked about the criterion."""
        super().__init__(*args, **kwargs)
        self.cells = criterion.scale
        self.multiple = True
        self.option_fields: list[tuple[str, str]] = []
        numbers = [(number, f"Round {number}") for number in rounds]
        self.fields["voting_round"].choices = [("", "None"), *numbers]  # type: ignore[attr-defined]
        labels = [(cell.key, cell.label) for cell in criterion.scale if cell]
        self.fields["options"].choices = labels  # type: ignore[attr-defined]
        for key, label in labels:
            name = f"applies_to_{key}"
            self.fields[name] = forms.CharField(
                label=label,
                required=False,
                max_length=200,
                widget=forms.TextInput(attrs={"placeholder": "all"}),
            )
            self.option_fields.append((key, name))
        self.helper = form_helper(
            "revision",
            "op",
            Field("options", template="_components/scale_field.html"),
            "basis",
            *(["voting_round", "reason"] if rounds else []),
        )
        self.applies_to_helper = form_helper(*(name for _, name in self.option_fields))

    def choices(self) -> list[tuple[str, str]]:
        return [
            (key, self.cleaned_data[name].strip())
            for key, name in self.option_fields
            if key in self.cleaned_data["options"]
        ]

    @staticmethod
    def initial_for(criterion: CriterionView) -> dict[str, Any]:
        stored = criterion.judgements[0] if criterion.judgements else None
        return {
            "revision": criterion.judgement_revision,
            "options": [j.option_key for j in criterion.judgements],
            "basis": stored.basis if stored and stored.basis != Basis.DOCUMENT else "",
            "voting_round": stored.round_number if stored else None,
            "reason": stored.reason if stored else "",
        } | {f"applies_to_{j.option_key}": j.applies_to for j in criterion.judgements}
