"""Choosing a method of pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from etd.forms.helper import form_helper
from metaanalysis.stats.types import CiMethod, Measure, Method, Model, PoolingSpec, Tau2Method
from metaanalysis.wording import CI_METHODS, MEASURES, METHODS, MODELS, TAU2_METHODS

SPEC_FIELDS = ("measure", "model", "method", "tau2", "ci")


def _choices(kind: Sequence[str] | Any, words: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(str(each), words[each][:1].upper() + words[each][1:]) for each in kind]


class SpecForm(forms.Form):
    """A method of pooling. After validation `spec` holds it; combinations that no method defines are refused."""

    measure = forms.ChoiceField(choices=_choices((Measure.OR, Measure.RR, Measure.RD), MEASURES))
    model = forms.ChoiceField(choices=_choices(Model, MODELS))
    method = forms.ChoiceField(choices=_choices(Method, METHODS), label="Weights")
    tau2 = forms.ChoiceField(choices=_choices(Tau2Method, TAU2_METHODS), label="Between-study variance (τ²)")
    ci = forms.ChoiceField(choices=_choices(CiMethod, CI_METHODS), label="Interval")

    spec: PoolingSpec

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper(*SPEC_FIELDS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if all(cleaned.get(name) for name in SPEC_FIELDS):
            try:
                self.spec = PoolingSpec(
                    measure=cleaned["measure"],
                    model=cleaned["model"],
                    method=cleaned["method"],
                    tau2_method=cleaned["tau2"],
                    ci_method=cleaned["ci"],
                )
            except ValueError as error:
                self.add_error(None, f"{error}.")
        return cleaned

    @staticmethod
    def initial_for(spec: PoolingSpec) -> dict[str, str]:
        return {
            "measure": str(spec.measure),
            "model": str(spec.model),
            "method": str(spec.method),
            "tau2": str(spec.tau2_method or Tau2Method.DL),
            "ci": str(spec.ci_method),
        }
