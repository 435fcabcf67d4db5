from __future__ import annotations

from typing import Any

from crispy_forms.layout import Column, Field, Row
from django import forms

from etd.actions.recommendations import Statement
from etd.enums import CertaintyLevel, Direction, StatementKind, Strength, StrengthWord
from etd.forms.assessment import DecisionForm
from etd.forms.fields import HOW_TO_MARK_UP, ProseField, RevisionForm
from etd.forms.helper import form_helper
from etd.selectors import EtdView, strength_label

NONE = [("", "–")]
STATEMENT_FIELDS = ("kind", "text", "population", "strength", "direction", "certainty")


class TypeForm(DecisionForm):
    """The type of recommendation that the panel decided on; where one is recorded, it can be taken back.

    `name_of_type` is what the framework calls it: the type of recommendation, or of decision.
    """

    options = forms.ChoiceField(required=False)

    def __init__(self, etd: EtdView, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cells = etd.recommendation_types
        self.name_of_type = etd.framework.headings.type_of_recommendation.capitalize()
        self.fields["options"].label = self.name_of_type
        self.can_be_none = any(t.chosen for t in etd.recommendation_types)
        labels = [(t.key, t.label) for t in etd.recommendation_types]
        self.fields["options"].choices = [("", "None"), *labels]  # type: ignore[attr-defined]
        self.helper = form_helper(
            "revision",
            "op",
            Field("options", template="_components/types_field.html"),
            *self._fields_of_the_basis(),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.can_be_none and not cleaned.get("options") and "options" not in self.errors:
            self.add_error("options", f"Please choose the {self.name_of_type.lower()}.")
        return cleaned

    @staticmethod
    def initial_for(etd: EtdView) -> dict[str, Any]:
        chosen = next((t.key for t in etd.recommendation_types if t.chosen), "")
        return {"revision": etd.type_revision, "options": chosen} | DecisionForm.initial_basis(
            etd.type_judgement
        )


class RecommendationForm(RevisionForm):
    """The revision that the statements were made from."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("revision", "op")

    @staticmethod
    def initial_for(etd: EtdView) -> dict[str, Any]:
        return {"revision": etd.recommendation_revision}


class StatementForm(forms.Form):
    text = ProseField(
        required=False, label="Statement", help_text="Leave it empty to take the statement out."
    )
    kind = forms.ChoiceField(choices=StatementKind.choices, initial=StatementKind.RECOMMENDATION)
    population = forms.CharField(
        strip=False, required=False, label="For whom", help_text="Empty: the question's population."
    )
    direction = forms.ChoiceField(choices=NONE + Direction.choices, required=False)
    strength = forms.ChoiceField(required=False)
    certainty = forms.ChoiceField(
        choices=NONE + CertaintyLevel.choices, required=False, label="Certainty of evidence"
    )

    def __init__(self, *args: Any, strength_word: str = StrengthWord.CONDITIONAL, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["strength"].choices = [  # type: ignore[attr-defined]
            *NONE,
            *((value, strength_label(value, strength_word)) for value in Strength.values),
        ]
        self.helper = form_helper(
            "text",
            Row(Column("kind"), Column("population")),
            Row(Column("direction"), Column("strength"), Column("certainty")),
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") == StatementKind.GOOD_PRACTICE:
            for name in ("direction", "strength", "certainty"):
                if cleaned.get(name):
                    self.add_error(name, "A good practice statement has none: choose –.")
        return cleaned


StatementFormSet = forms.formset_factory(StatementForm, extra=1, max_num=30, validate_max=True)


def statements_initial(etd: EtdView) -> list[dict[str, str]]:
    return [{name: getattr(statement, name) for name in STATEMENT_FIELDS} for statement in etd.statements]


def statements_of(formset: forms.BaseFormSet) -> list[Statement]:
    return [
        Statement(**{name: form.cleaned_data[name] for name in STATEMENT_FIELDS})
        for form in formset
        if form.cleaned_data.get("text", "").strip()
    ]


class SectionForm(RevisionForm):
    body = ProseField(required=False, rows=12, help_text=HOW_TO_MARK_UP)

    def __init__(self, heading: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].label = heading
        self.helper = form_helper("revision", "op", "body")
