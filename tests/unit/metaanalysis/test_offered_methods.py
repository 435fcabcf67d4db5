"""What the pages offer can be computed, has reference numbers, and is put right where it does not go together."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from metaanalysis.forms.method import (
    FINER_FIELDS,
    SHORT_WORDS,
    SPEC_FIELDS,
    AnalysisForm,
    ReasonForm,
    SpecForm,
    offered_specs,
)
from metaanalysis.kinds import MEASURES_OF
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PoolingSpec,
    Tau2Method,
    ZeroRule,
)
from tests.unit.metaanalysis_stats.test_reference import _checked, _identity

KINDS = tuple(DataKind)
FIELDS = (*SPEC_FIELDS, *FINER_FIELDS)


def form(kind: DataKind = DataKind.COUNTS, **asked: str) -> AnalysisForm:
    usual = AnalysisForm.initial_for(PoolingSpec(measure=MEASURES_OF[kind][0]))
    return AnalysisForm(usual | asked, kind=kind, has_subgroups=False, by_hand=asked)


def intervals_of(spec: PoolingSpec) -> list[PoolingSpec]:
    """An interval by rule ends in one of two."""
    if spec.ci_method is not CiMethod.AUTO:
        return [spec]
    ends = (CiMethod.WALD, CiMethod.HKSJ) if spec.model is Model.RANDOM else (CiMethod.WALD,)
    return [replace(spec, ci_method=end) for end in ends]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_is_offered_has_reference_numbers(kind: DataKind) -> None:
    checked = _checked()
    specs = [settled for spec in offered_specs(kind) for settled in intervals_of(spec)]
    assert [spec for spec in specs if _identity(spec) not in checked] == []
    assert {spec.measure for spec in specs} == set(MEASURES_OF[kind])
    assert len(specs) > 40


@pytest.mark.parametrize("kind", KINDS)
def test_no_words_of_a_request_lead_to_anything_else(kind: DataKind) -> None:
    """Every eleventh of the full product of words, which meets all combinations of a few of them."""
    offered = set(offered_specs(kind))
    valid = 0
    for values in itertools.islice(
        itertools.product(*(tuple(SHORT_WORDS[name]) for name in FIELDS)), 0, None, 11
    ):
        shown = form(kind, **dict(zip(FIELDS, values, strict=True)))
        if shown.is_valid():
            valid += 1
            assert shown.spec in offered
    assert valid > 500


@pytest.mark.parametrize("kind", KINDS)
def test_every_offered_method_can_be_chosen_as_it_is(kind: DataKind) -> None:
    for spec in offered_specs(kind):
        shown = form(kind, **AnalysisForm.initial_for(spec))
        assert shown.is_valid()
        assert shown.spec == spec
        assert shown.put_right == ()


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_of_an_upload_accepts_only_what_has_reference_numbers(kind: DataKind) -> None:
    checked = _checked()
    accepted = 0
    for values in itertools.product(*(tuple(SHORT_WORDS[name]) for name in SPEC_FIELDS)):
        chosen = SpecForm(dict(zip(SPEC_FIELDS, values, strict=True)), kind=kind)
        if chosen.is_valid():
            accepted += 1
            assert all(_identity(spec) in checked for spec in intervals_of(chosen.spec))
    assert accepted > 20


def test_mantel_haenszel_with_random_effects_is_offered_as_revman_defines_it() -> None:
    random = [
        spec
        for spec in offered_specs(DataKind.COUNTS)
        if spec.method is Method.MH and spec.model is Model.RANDOM
    ]
    assert {spec.ci_method for spec in random} == {CiMethod.WALD}
    assert {spec.tau2_method for spec in random} == {Tau2Method.DL}
    assert {spec.zero for spec in random} == {ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0}
    asked = {"measure": "OR", "model": "random", "method": "mh", "tau2": "DL", "ci": "hksj"}
    refused = SpecForm(asked)
    assert not refused.is_valid()
    assert "come with a Wald interval" in refused.errors["ci"][0]


def test_what_does_not_go_together_is_put_right_with_a_word() -> None:
    shown = form(method="mh", ci="hksj", tau2="REML", zero="only0")
    assert shown.is_valid()
    assert (shown.spec.method, shown.spec.ci_method, shown.spec.tau2_method) == ("mh", "wald", "DL")
    assert [sentence.partition(":")[0] for sentence in shown.put_right] == [
        "Between-study variance (τ²)",
        "Interval",
        "Studies with an empty cell",
    ]
    assert form(method="peto", model="random").put_right == (
        "Peto’s method is a common-effect method: the model was set to common effect.",
    )


def test_what_nobody_asked_for_is_put_right_in_silence() -> None:
    shown = form(method="mh", model="common")
    assert shown.is_valid()
    assert shown.spec.zero is ZeroRule.POOL_NONE
    assert shown.put_right == ()


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, {"measure", "model", "method", "tau2", "ci", "zero", "prediction", "order"}),
        ({"model": "common"}, {"measure", "model", "method", "zero", "order"}),
        ({"method": "peto", "model": "common"}, {"measure", "model", "method", "order"}),
        (
            {"measure": "RD", "method": "mh", "model": "common"},
            {"measure", "model", "method", "zero", "rd_se", "order"},
        ),
    ],
)
def test_only_what_applies_is_shown(asked: dict[str, str], fields: set[str]) -> None:
    assert set(form(DataKind.COUNTS, **asked).fields) == fields


def test_means_are_asked_how_they_are_standardised_and_nothing_of_cells() -> None:
    assert "smd" not in form(DataKind.MEANS).fields
    standardised = form(DataKind.MEANS, measure="SMD")
    assert "smd" in standardised.fields
    assert "zero" not in standardised.fields
    assert [value for value, _ in standardised.fields["method"].choices] == ["iv"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SPEC_FIELDS)
def test_a_word_that_is_no_choice_is_refused_at_its_field(name: str) -> None:
    shown = form(DataKind.COUNTS, **{name: "no-such-word"})
    if name in ("tau2", "ci"):  # put in place: the word means nothing to anybody
        assert shown.is_valid()
    else:
        assert not shown.is_valid()
        assert list(shown.errors) == [name]


def test_the_query_asks_for_what_is_shown() -> None:
    shown = form(method="mh", model="common", order="weight")
    assert shown.is_valid()
    again = AnalysisForm(
        dict(pair.split("=") for pair in shown.as_query().split("&")),
        kind=DataKind.COUNTS,
        has_subgroups=False,
    )
    assert again.is_valid()
    assert again.spec == shown.spec
    assert again.cleaned_data["order"] == "weight"


def test_measures_can_be_fewer_than_the_kind_has() -> None:
    shown = AnalysisForm(
        AnalysisForm.initial_for(PoolingSpec(measure=Measure.HR)),
        kind=DataKind.ESTIMATE,
        has_subgroups=True,
        measures=(Measure.HR, Measure.GIV),
    )
    assert [value for value, _ in shown.fields["measure"].choices] == ["HR", "GIV"]  # type: ignore[attr-defined]
    assert "subgroups" in shown.fields


def test_a_reason_is_needed() -> None:
    assert not ReasonForm({"reason": "  "}).is_valid()
    assert ReasonForm({"reason": "The protocol says so."}).is_valid()
