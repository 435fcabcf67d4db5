"""Choosing a method of pooling: what is offered, what goes together, and what is put right with a word about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms

from etd.forms.helper import form_helper
from metaanalysis import wording
from metaanalysis.kinds import MEASURES_OF
from metaanalysis.plots.forest import ORDERS
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PoolingSpec,
    PredictionDf,
    RdSe,
    SmdVariant,
    Tau2Method,
    ZeroRule,
)

SPEC_FIELDS = ("measure", "model", "method", "tau2", "ci")
FINER_FIELDS = ("zero", "prediction", "smd", "rd_se")
VIEW_FIELDS = ("order", "subgroups")

_LABELS = {
    "measure": "Measure",
    "model": "Model",
    "method": "Weights",
    "tau2": "Between-study variance (τ²)",
    "ci": "Interval",
    "zero": "Studies with an empty cell",
    "prediction": "Prediction interval",
    "smd": "Standardised by",
    "rd_se": "Standard error of the risk difference",
}
SHORT_WORDS: dict[str, Mapping[str, str]] = {
    "measure": wording.MEASURES,
    "model": {"random": "Random effects", "common": "Common effect"},
    "method": {"iv": "Inverse variance", "mh": "Mantel-Haenszel", "peto": "Peto"},
    "tau2": {"DL": "DerSimonian-Laird", "PM": "Paule-Mandel", "REML": "REML"},
    "ci": {
        "auto": "By rule",
        "wald": "Wald",
        "hksj": "Hartung-Knapp (HKSJ)",
        "hksj-adhoc": "HKSJ, never below Wald",
    },
    "zero": {
        "only0": "0.5 added, double zeros out",
        "only0-keep": "0.5 added, double zeros kept",
        "none": "Nothing added",
        "pool-none": "Summed as they are",
        "pool-only0": "0.5 added before summing",
    },
    "prediction": {"k-1": "t with k − 1 df", "k-2": "t with k − 2 df"},
    "smd": {"exact": "Hedges’ g, exact", "revman": "Hedges’ g, RevMan 5"},
    "rd_se": {"sato": "Sato 1989", "greenland-robins": "Greenland-Robins 1985"},
}
"""What a choice is called in a narrow select."""


@dataclass(frozen=True)
class Chosen:
    """The three choices that decide which of the others there are."""

    measure: Measure
    method: Method
    model: Model


def methods_of(kind: DataKind, measure: Measure) -> tuple[Method, ...]:
    """Mantel-Haenszel needs counts, Peto the odds ratio from counts."""
    if kind is not DataKind.COUNTS:
        return (Method.IV,)
    return (Method.IV, Method.MH, Method.PETO) if measure is Measure.OR else (Method.IV, Method.MH)


def models_of(method: Method) -> tuple[Model, ...]:
    return (Model.COMMON,) if method is Method.PETO else (Model.RANDOM, Model.COMMON)


def finer_choices(kind: DataKind, chosen: Chosen) -> dict[str, tuple[str, ...]]:
    """What else there is to choose beside measure, weights and model, by field; the usual choice comes first.

    Everything that can be chosen here has reference numbers: `tests/unit/metaanalysis/test_offered_methods.py`.
    """
    choices: dict[str, tuple[str, ...]] = {}
    mantel_haenszel = chosen.method is Method.MH
    if chosen.model is Model.RANDOM:
        # RevMan's “M-H, random” is DerSimonian-Laird with a Wald interval; nobody defines another
        choices["tau2"] = ("DL",) if mantel_haenszel else ("REML", "DL", "PM")
        choices["ci"] = ("wald",) if mantel_haenszel else ("auto", "wald", "hksj", "hksj-adhoc")
        choices["prediction"] = ("k-1", "k-2")
    if kind is DataKind.COUNTS and chosen.method is not Method.PETO:
        choices["zero"] = _zero_rules(chosen)
    if kind is DataKind.MEANS and chosen.measure is Measure.SMD:
        choices["smd"] = ("exact", "revman")
    if chosen.measure is Measure.RD and mantel_haenszel and chosen.model is Model.COMMON:
        choices["rd_se"] = ("sato", "greenland-robins")
    return choices


def _zero_rules(chosen: Chosen) -> tuple[str, ...]:
    if chosen.method is Method.MH:
        return ("pool-none", "pool-only0")
    return ("only0", "only0-keep", "none") if chosen.measure.is_ratio else ("only0-keep", "none")


def offered_specs(kind: DataKind) -> Iterable[PoolingSpec]:
    """Every specification that can be chosen for studies of this kind."""
    for measure in MEASURES_OF[kind]:
        for method in methods_of(kind, measure):
            for model in models_of(method):
                yield from _with_finer_choices(kind, Chosen(measure, method, model))


def _with_finer_choices(kind: DataKind, chosen: Chosen) -> Iterable[PoolingSpec]:
    combinations: list[dict[str, str]] = [{}]
    for name, values in finer_choices(kind, chosen).items():
        combinations = [known | {name: value} for known in combinations for value in values]
    for combination in combinations:
        yield _spec(
            {
                "measure": str(chosen.measure),
                "method": str(chosen.method),
                "model": str(chosen.model),
                **combination,
            }
        )


def _spec(words: Mapping[str, str]) -> PoolingSpec:
    return PoolingSpec(
        measure=Measure(words["measure"]),
        model=Model(words["model"]),
        method=Method(words["method"]),
        tau2_method=Tau2Method(words["tau2"]) if words.get("tau2") else None,
        ci_method=CiMethod(words.get("ci") or CiMethod.AUTO),
        zero=ZeroRule(words["zero"]) if words.get("zero") else None,
        prediction=PredictionDf(words.get("prediction") or PredictionDf.K_MINUS_1),
        smd=SmdVariant(words["smd"]) if words.get("smd") else None,
        rd_se=RdSe(words["rd_se"]) if words.get("rd_se") else None,
    )


def _choices(name: str, values: Iterable[str]) -> list[tuple[str, str]]:
    return [(str(value), SHORT_WORDS[name][str(value)]) for value in values]


class SpecForm(forms.Form):
    """A method of pooling studies of one kind. After validation `spec` holds it; what no method defines is refused."""

    measure = forms.ChoiceField()
    model = forms.ChoiceField(choices=_choices("model", Model))
    method = forms.ChoiceField(label="Weights")
    tau2 = forms.ChoiceField(choices=_choices("tau2", Tau2Method), label=_LABELS["tau2"])
    ci = forms.ChoiceField(choices=_choices("ci", CiMethod), label=_LABELS["ci"])

    spec: PoolingSpec

    def __init__(self, *args: Any, kind: DataKind | str = DataKind.COUNTS, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = DataKind(kind)
        methods = [m for m in Method if any(m in methods_of(self.kind, x) for x in MEASURES_OF[self.kind])]
        self._choose("measure", MEASURES_OF[self.kind])
        self._choose("method", methods)
        self.helper = form_helper(*SPEC_FIELDS)

    def _choose(self, name: str, values: Sequence[str]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _choices(name, values)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if all(cleaned.get(name) for name in SPEC_FIELDS if name in self.fields):
            try:
                self.spec = _spec(cleaned)
            except ValueError as error:
                self.add_error(None, f"{error}.")
            else:
                self._refuse_what_is_not_offered()
        return cleaned

    def _refuse_what_is_not_offered(self) -> None:
        spec = self.spec
        assert spec.model is not None
        if spec.method not in methods_of(self.kind, spec.measure):
            self.add_error("method", "These weights do not go with this measure: choose inverse variance.")
            return
        offered = finer_choices(self.kind, Chosen(spec.measure, spec.method, spec.model))
        if "ci" in offered and str(spec.ci_method) not in offered["ci"]:
            self.add_error(
                "ci",
                "Random effects with Mantel-Haenszel come with a Wald interval: choose Wald, or inverse variance.",
            )

    @staticmethod
    def initial_for(spec: PoolingSpec) -> dict[str, str]:
        return {
            "measure": str(spec.measure),
            "model": str(spec.model),
            "method": str(spec.method),
            "tau2": str(spec.tau2_method or Tau2Method.DL),
            "ci": str(spec.ci_method),
        }


class AnalysisForm(SpecForm):
    """The controls beside a plot: only what goes with the measure, the weights and the model that are chosen.

    `asked` may hold anything: what does not fit is set to the usual choice, and `put_right` says so. Words that are no
    choice at all are refused at their field.
    """

    zero = forms.ChoiceField(label=_LABELS["zero"])
    prediction = forms.ChoiceField(label=_LABELS["prediction"])
    smd = forms.ChoiceField(label=_LABELS["smd"])
    rd_se = forms.ChoiceField(label=_LABELS["rd_se"])
    order = forms.ChoiceField(choices=list(ORDERS.items()), label="Order of the studies")
    subgroups = forms.ChoiceField(choices=[("yes", "Shown"), ("no", "Not shown")], label="Subgroups")

    def __init__(
        self,
        asked: Mapping[str, str],
        *,
        kind: DataKind | str,
        has_subgroups: bool,
        measures: Sequence[Measure] = (),
        by_hand: Mapping[str, str] | None = None,
    ) -> None:
        """`measures` are those that the studies may be pooled as, where it is not every one of their kind.

        `by_hand` is the part of `asked` that somebody asked for, where the rest is as it was.
        """
        chosen_now = asked if by_hand is None else by_hand
        self.is_by_hand = bool(chosen_now)
        self.asks_for_a_method = any(name not in VIEW_FIELDS for name in chosen_now)
        fitted, self.put_right = _fitted(asked, DataKind(kind), frozenset(chosen_now))
        super().__init__({"order": "year", "subgroups": "yes"} | fitted, kind=kind)
        if measures:
            self._choose("measure", measures)
        self._keep_what_applies()
        if not has_subgroups:
            del self.fields["subgroups"]
        self.helper = form_helper(*self.fields)

    def _keep_what_applies(self) -> None:
        chosen = _chosen(self.data, self.kind)
        for name in ("tau2", "ci", *FINER_FIELDS):
            self._choose(name, tuple(SHORT_WORDS[name]))
        if chosen is None:
            for name in FINER_FIELDS:
                del self.fields[name]
            return
        self._choose("method", methods_of(self.kind, chosen.measure))
        self._choose("model", models_of(chosen.method))
        offered = finer_choices(self.kind, chosen)
        for name in ("tau2", "ci", *FINER_FIELDS):
            if name in offered:
                self._choose(name, offered[name])
            else:
                del self.fields[name]

    def as_query(self) -> str:
        """What the form shows, as a query string that asks for the same."""
        return urlencode({name: self[name].value() or "" for name in self.fields})

    @staticmethod
    def initial_for(spec: PoolingSpec) -> dict[str, str]:
        """Every choice of a specification by the fields of the form, also those that it has no use for."""
        words = {
            "tau2": spec.tau2_method,
            "ci": spec.ci_method,
            "zero": spec.zero,
            "prediction": spec.prediction,
            "smd": spec.smd,
            "rd_se": spec.rd_se,
        }
        chosen = {"measure": str(spec.measure), "model": str(spec.model), "method": str(spec.method)}
        return chosen | {name: str(word) for name, word in words.items() if word is not None}


def _chosen(asked: Mapping[str, str], kind: DataKind) -> Chosen | None:
    """The measure, weights and model that were asked for; None where one is no choice at all."""
    try:
        chosen = Chosen(Measure(asked["measure"]), Method(asked["method"]), Model(asked["model"]))
    except (KeyError, ValueError):
        return None
    fits = chosen.measure in MEASURES_OF[kind] and chosen.method in methods_of(kind, chosen.measure)
    return chosen if fits and chosen.model in models_of(chosen.method) else None


def _fitted(
    asked: Mapping[str, str], kind: DataKind, by_hand: frozenset[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """What was asked for, with what does not go together set to the usual choice.

    And a sentence for each of these that somebody chose `by_hand`.
    """
    fitted, said = dict(asked), []
    try:
        measure, method, model = Measure(asked["measure"]), Method(asked["method"]), Model(asked["model"])
    except (KeyError, ValueError):
        return fitted, ()
    if measure not in MEASURES_OF[kind]:
        return fitted, ()
    if method not in methods_of(kind, measure):
        said.append(
            f"{SHORT_WORDS['method'][method]} does not give a {wording.MEASURES[measure].lower()}: the weights were set"
            " to inverse variance."
        )
        method = Method.IV
    if model not in models_of(method):
        said.append("Peto’s method is a common-effect method: the model was set to common effect.")
        model = Model.COMMON
    fitted |= {"method": str(method), "model": str(model)}
    if "method" not in by_hand and "model" not in by_hand and "measure" not in by_hand:
        said = []
    for name, values in finer_choices(kind, Chosen(measure, method, model)).items():
        before = fitted.get(name)
        if before in values:
            continue
        fitted[name] = values[0]
        if name in by_hand and before in SHORT_WORDS[name] and before is not None:
            words = SHORT_WORDS[name]
            said.append(
                f"{_LABELS[name]}: “{words[before]}” does not go with the other choices and was set to"
                f" “{words[values[0]]}”."
            )
    return fitted, tuple(said)


class ReasonForm(forms.Form):
    """Why the main method changes after the results were seen."""

    reason = forms.CharField(
        max_length=2000,
        label="Why does the main method change?",
        help_text="The results have been seen. The reason is shown beside the result, with your name and the date.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say why the main method changes; the results have been seen."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.helper = form_helper("reason")
