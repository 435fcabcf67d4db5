"""Trim and fill by L0."""

from __future__ import annotations

import pytest

from metaanalysis.stats.pooling import pool
from metaanalysis.stats.trim_and_fill import NEEDS_THREE, ONLY_INVERSE_VARIANCE, trim_and_fill
from metaanalysis.stats.types import Measure, Method, Model, PoolingSpec, StudyEstimate, Tau2Method

from .blocks import Block, blocks, close

SPECS = {"CE": "common_effect", "DL": "RE_DL_z", "REML": "RE_REML_z"}
CASES = [
    (block, name)
    for block in blocks()
    for name in SPECS
    if f"trimfill_{name}_L0" in block.expected.get("small_study_effects", {})
]


@pytest.mark.parametrize(("block", "name"), CASES, ids=lambda value: getattr(value, "name", value))
def test_as_in_the_reference(block: Block, name: str) -> None:
    expected = block.expected["small_study_effects"][f"trimfill_{name}_L0"]
    found = trim_and_fill(block.studies, block.spec(SPECS[name]))
    assert (found.k0, found.side) == (expected["k0"], expected["side"])
    result = found.result
    assert result is not None
    assert result.k == expected["k"]
    for ours, theirs in [
        (result.estimate, "estimate"),
        (result.se, "se"),
        (result.ci_low, "ci_lb"),
        (result.ci_high, "ci_ub"),
        (result.tau2, "tau2"),
        (result.q, "Q"),
    ]:
        assert close(ours, expected[theirs]), theirs
    assert close(result.p_value, expected["p"], zero=0)
    assert len(found.filled) == found.k0


def test_the_reference_fills_by_every_model_it_has() -> None:
    filled = {
        name for block, name in CASES if block.expected["small_study_effects"][f"trimfill_{name}_L0"]["k0"]
    }
    assert filled == set(SPECS)


@pytest.mark.parametrize("tau2", Tau2Method)
@pytest.mark.parametrize(
    "block", [block for block, name in CASES if name == "CE"], ids=lambda block: block.name
)
def test_the_mirror_image_fills_the_other_side(block: Block, tau2: Tau2Method) -> None:
    spec = PoolingSpec(Measure.GIV, tau2_method=tau2)
    effects = pool(block.studies, block.spec("common_effect")).studies
    one = trim_and_fill([StudyEstimate(e.study, e.estimate, e.se) for e in effects], spec)
    other = trim_and_fill([StudyEstimate(e.study, -e.estimate, e.se) for e in effects], spec)
    assert one.k0 == other.k0
    assert {one.side, other.side} == {"left", "right"}
    assert one.result is not None
    assert other.result is not None
    assert one.result.estimate == pytest.approx(-(other.result.estimate or 0), rel=1e-9)


def test_filled_studies_are_as_precise_as_those_they_mirror() -> None:
    block = next(block for block, _ in CASES if block.name == "li2007-OR")
    spec = block.spec("RE_DL_z")
    found = trim_and_fill(block.studies, spec)
    observed = sorted(pool(block.studies, spec).studies, key=lambda study: study.estimate)
    assert found.side == "right"
    assert sorted(study.se for study in found.filled) == pytest.approx(
        sorted(study.se for study in observed[: found.k0])
    )
    # each stands as far right of the trimmed centre as its image stands left of it
    pairs = zip(sorted(study.estimate for study in found.filled), reversed(observed[: found.k0]), strict=True)
    middles = [(filled + image.estimate) / 2 for filled, image in pairs]
    assert middles == pytest.approx([middles[0]] * found.k0)


@pytest.mark.parametrize("method", [Method.MH, Method.PETO])
def test_other_methods_are_refused_with_a_reason(method: Method) -> None:
    block = CASES[0][0]
    found = trim_and_fill(block.studies, PoolingSpec(method=method))
    assert (found.result, found.note) == (None, ONLY_INVERSE_VARIANCE)


def test_too_few_studies_have_no_shape() -> None:
    studies = [StudyEstimate("A", 0.1, 0.2), StudyEstimate("B", 0.3, 0.4)]
    assert trim_and_fill(studies, PoolingSpec(Measure.GIV)).note == NEEDS_THREE


def test_studies_of_one_precision_are_filled_on_the_left() -> None:
    studies = [StudyEstimate(f"S{i}", y, 0.3) for i, y in enumerate([0.0, 0.1, 0.2, 1.5, 1.7])]
    assert trim_and_fill(studies, PoolingSpec(Measure.GIV)).side == "left"


def test_of_equal_effects_those_in_later_rows_are_mirrored() -> None:
    y = [0.1, 0.2, 0.3, 0.9, 0.9, 0.9, 0.2, 0, 0.1]
    v = [0.01, 0.02, 0.03, 0.3, 0.1, 0.2, 0.015, 0.05, 0.06]
    studies = [StudyEstimate(f"S{i}", yi, vi**0.5) for i, (yi, vi) in enumerate(zip(y, v, strict=True))]
    found = trim_and_fill(studies, PoolingSpec(Measure.GIV, Model.COMMON))
    assert [study.variance for study in found.filled] == pytest.approx([0.1, 0.2])
    assert found.result is not None
    # metafor 3.8-1: trimfill(rma(y, v, method="FE"))
    assert found.result.estimate == pytest.approx(0.165517241379, rel=1e-11)
    assert found.result.se == pytest.approx(0.0559016994375, rel=1e-11)


@pytest.mark.parametrize(
    ("tau2", "expected"), [("DL", -0.232869172343), ("PM", -0.232554434777), ("REML", -0.232870849011)]
)
def test_the_side_is_chosen_with_the_tau2_of_the_spec(tau2: str, expected: float) -> None:
    """By the common effect, the small studies of these lie on the other side."""
    y, v = [0.2, 0.7, 0.1, 0.2, -1.3, -0.3], [0.44, 0.26, 0.2, 0.04, 0.15, 0.16]
    studies = [StudyEstimate(f"S{i}", yi, vi**0.5) for i, (yi, vi) in enumerate(zip(y, v, strict=True))]
    found = trim_and_fill(studies, PoolingSpec(Measure.GIV, tau2_method=Tau2Method(tau2)))
    assert trim_and_fill(studies, PoolingSpec(Measure.GIV, Model.COMMON)).side == "right"
    assert (found.k0, found.side) == (1, "left")
    assert found.result is not None
    # metafor 3.8-1: trimfill(rma(y, v, method=tau2, control=ctl), control=ctl), threshold and tol 1e-13
    assert found.result.estimate == pytest.approx(expected, rel=1e-10)
