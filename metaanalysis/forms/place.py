"""Choosing an outcome and a population of a question, or naming new ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crispy_forms.layout import Column, Div, LayoutObject, Row
from django import forms

from etd.enums import Better
from etd.forms.helper import form_helper
from etd.models import Outcome, Population
from metaanalysis.actions.places import NewOutcome

NEW = "new"


class PlaceFields(forms.Form):
    """An outcome and a population, known ones or new ones by name."""

    outcome = forms.ChoiceField()
    new_outcome = forms.CharField(max_length=300, required=False, label="Name of the new outcome")
    better = forms.ChoiceField(
        choices=[("", "Choose"), *Better.choices], required=False, label="What is better?"
    )
    population = forms.ChoiceField()
    new_population = forms.CharField(max_length=300, required=False, label="Name of the new population")

    @staticmethod
    def place_layout() -> tuple[LayoutObject, ...]:
        return (
            Row(Column("outcome", css_class="col-lg-7"), Column("population", css_class="col-lg-5")),
            Div(
                Row(Column("new_outcome", css_class="col-lg-7"), Column("better", css_class="col-lg-5")),
                css_class="only-new-outcome",
            ),
            Div("new_population", css_class="only-new-population"),
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("outcome") == NEW:
            if not cleaned.get("new_outcome"):
                self.add_error("new_outcome", "Write the name of the new outcome.")
            if not cleaned.get("better"):
                self.add_error("better", "Say what is better, higher or lower.")
        if cleaned.get("population") == NEW and not cleaned.get("new_population"):
            self.add_error("new_population", "Write the name of the new population.")
        return cleaned


class PlaceForm(PlaceFields):
    """Which results: after validation `chosen_outcome` and `chosen_population` say it."""

    def __init__(
        self,
        outcomes: Iterable[Outcome],
        populations: Iterable[Population],
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data, **kwargs)
        self.outcomes = {str(outcome.pk): outcome for outcome in outcomes}
        self.populations = {str(population.pk): population for population in populations}
        for name, known in (("outcome", self.outcomes), ("population", self.populations)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            names = ((key, str(value)) for key, value in known.items())
            field.choices = [("", "Choose"), *names, (NEW, f"A new {name} …")]
        self.helper = form_helper(*self.place_layout())

    @property
    def chosen_outcome(self) -> Outcome | NewOutcome:
        cleaned = self.cleaned_data
        known = self.outcomes.get(cleaned["outcome"])
        return known or NewOutcome(cleaned["new_outcome"], Better(cleaned["better"]))

    @property
    def chosen_population(self) -> Population | str:
        cleaned = self.cleaned_data
        return self.populations.get(cleaned["population"]) or str(cleaned["new_population"])
