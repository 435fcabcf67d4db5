from __future__ import annotations

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
        choices=[(value, label) for value, label in Basis.choices if value != Basis.DOCUMENT],
        label="It rests on",
    )

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
            "basis",
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
        stored = criterion.judgements[0].basis if criterion.judgements else Basis.DOCUMENT
        return {
            "revision": criterion.judgement_revision,
            "options": [j.option_key for j in criterion.judgements],
            "basis": Basis.CONSENSUS if stored == Basis.DOCUMENT else stored,
        } | {f"applies_to_{j.option_key}": j.applies_to for j in criterion.judgements}
