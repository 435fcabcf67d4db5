"""Choosing an outcome and a population of a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from etd.forms.helper import form_helper
from etd.models import Outcome, Population


class PlaceForm(forms.Form):
    """Which results: after validation `outcome` and `population` hold them."""

    outcome = forms.ChoiceField()
    population = forms.ChoiceField()

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
            field.choices = [("", "Choose"), *((key, str(value)) for key, value in known.items())]
        self.helper = form_helper("outcome", "population")

    @property
    def place(self) -> tuple[Outcome, Population]:
        cleaned = self.cleaned_data
        return self.outcomes[cleaned["outcome"]], self.populations[cleaned["population"]]
