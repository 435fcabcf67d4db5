from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crispy_forms.layout import Field
from django import forms

from etd.enums import Basis
from etd.forms.fields import HOW_TO_MARK_UP, ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.selectors import CriterionView, JudgementView


class TextsForm(RevisionForm):
    research_evidence = ProseField(required=False, rows=9, help_text=HOW_TO_MARK_UP)
    additional_considerations = ProseField(required=False, rows=4, help_text=HOW_TO_MARK_UP)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("revision", "op", "research_evidence", "additional_considerations")


class DecisionForm(RevisionForm):
    """What the panel decided, and what it rests on: a criterion's judgement, or the type of recommendation."""

    # What is recorded here is the panel's own; only loading a document takes something over.
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

    def __init__(self, *args: Any, rounds: Sequence[int] = (), **kwargs: Any) -> None:
        """`rounds` are the numbers of the rounds that are over and asked about it."""
        super().__init__(*args, **kwargs)
        self.rounds = rounds
        numbers = [(number, f"Round {number}") for number in rounds]
        self.fields["voting_round"].choices = [("", "None"), *numbers]  # type: ignore[attr-defined]

    def ask_for_what_is_missing(self, refusal: str) -> None:
        """What the action asks for is a field of the form: say it there too."""
        if self.rounds and not self.cleaned_data["reason"].strip():
            self.add_error("reason" if self.cleaned_data["voting_round"] else "voting_round", refusal)

    def _fields_of_the_basis(self) -> list[str]:
        return ["basis", *(["voting_round", "reason"] if self.rounds else [])]

    @staticmethod
    def initial_basis(stored: JudgementView | None) -> dict[str, Any]:
        return {
            "basis": stored.basis if stored and stored.basis != Basis.DOCUMENT else "",
            "voting_round": stored.round_number if stored else None,
            "reason": stored.reason if stored else "",
        }


class JudgementForm(DecisionForm):
    """The panel's judgement: one or several options, each for all or for a named part."""

    options = forms.MultipleChoiceField(required=False, label="The panel's judgement")

    def __init__(self, criterion: CriterionView, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = criterion.scale
        self.multiple = True
        self.option_fields: list[tuple[str, str]] = []
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
            *self._fields_of_the_basis(),
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
        return (
            {
                "revision": criterion.judgement_revision,
                "options": [j.option_key for j in criterion.judgements],
            }
            | DecisionForm.initial_basis(stored)
            | {f"applies_to_{j.option_key}": j.applies_to for j in criterion.judgements}
        )
