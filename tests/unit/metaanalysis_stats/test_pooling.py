"""Named situations: the published example, the rule for the interval, one study, none, nothing to divide by."""

from __future__ import annotations

import math

import pytest

from metaanalysis.stats.continuous import exact_correction
from metaanalysis.stats.heterogeneity import tau2_reml
from metaanalysis.stats.pooling import NO_STUDIES, NOTHING_ESTIMABLE, ONE_STUDY, ONE_STUDY_RANDOM, pool
from metaanalysis.stats.types import (
    CiMethod,
    Measure,
    Method,
    Model,
    PoolingSpec,
    StudyCounts,
    StudyData,
    StudyEstimate,
    StudyMeans,
    ZeroRule,
)

from .reference import MEANS as MEANS_SET
from .reference import WHOLE_SETS, other_sets, reference_sets

# Survival at the longest follow-up in 13 trials of mechanical circulatory support, events are survivors.
SURVIVAL = (
    StudyCounts("ECMO-CS", 18, 58, 19, 59, 2024),
    StudyCounts("ECLS-SHOCK I", 17, 21, 13, 21, 2020),
    StudyCounts("DanGer Shock", 97, 179, 73, 176, 2024),
    StudyCounts("IABP-SHOCK II", 100, 297, 97, 294, 2019),
    StudyCounts("IMPRESS in Severe Shock", 12, 24, 9, 24, 2021),
    StudyCounts("ECLS-SHOCK", 109, 209, 106, 208, 2023),
    StudyCounts("EURO SHOCK", 10, 17, 7, 18, 2023),
    StudyCounts("ISAR-SHOCK", 7, 13, 7, 13, 2008),
    StudyCounts("Thiele", 12, 21, 11, 20, 2005),
    StudyCounts("Burkhoff", 10, 19, 9, 14, 2006),
    StudyCounts("TACTICS", 21, 30, 18, 27, 2005),
    StudyCounts("IABP-SHOCK", 12, 19, 15, 21, 2010),
    StudyCounts("IMPELLA-STIC", 4, 6, 6, 6, 2020),
)
NO_EVENTS = StudyCounts("No events", 0, 20, 0, 22)
EVENTS = StudyCounts("Events", 4, 40, 9, 41)


def test_the_example_by_dersimonian_laird() -> None:
    result = pool(SURVIVAL, PoolingSpec(tau2_method="DL", ci_method="wald"))  # type: ignore[arg-type]
    assert result.k == 13
    assert result.estimate_natural == pytest.approx(1.168, abs=5e-4)
    assert result.ci_low_natural == pytest.approx(0.9648, abs=5e-5)
    assert result.ci_high_natural == pytest.approx(1.413, abs=5e-4)
    assert result.tau2 == result.i2 == result.i2_tau2 == 0
    assert result.h2 == 1
    assert [study.study for study in result.studies if study.corrected] == ["IMPELLA-STIC"]
    assert sum(study.weight or 0 for study in result.studies) == pytest.approx(100)


def test_auto_is_wald_without_heterogeneity() -> None:
    result = pool(SURVIVAL, PoolingSpec(tau2_method="DL"))  # type: ignore[arg-type]
    assert (result.tau2, result.ci_method, result.note) == (0, CiMethod.WALD, None)


def test_an_hksj_interval_narrower_than_wald_is_pointed_out() -> None:
    """REML sees a little heterogeneity in the example although Q is below its degrees of freedom."""
    result = pool(SURVIVAL, PoolingSpec())
    assert result.tau2 == pytest.approx(0.00594, abs=5e-6)
    assert result.ci_method is CiMethod.HKSJ
    assert "narrower" in (result.note or "")
    adhoc = pool(SURVIVAL, PoolingSpec(ci_method=CiMethod.HKSJ_ADHOC))
    assert adhoc.note is None


def test_auto_is_hksj_with_heterogeneity_in_three_studies() -> None:
    bcg = reference_sets()["bcg"].studies
    assert pool(bcg, PoolingSpec()).ci_method is CiMethod.HKSJ
    two = reference_sets()["k2_heterogeneous"].studies
    result = pool(two, PoolingSpec())
    assert result.tau2
    assert result.ci_method is CiMethod.WALD


def test_no_prediction_interval_below_three_studies() -> None:
    two = reference_sets()["k2_heterogeneous"].studies
    assert pool(two, PoolingSpec()).prediction_low is None
    three = reference_sets()["k3"].studies
    assert pool(three, PoolingSpec()).prediction_low is not None


MEANS = StudyMeans("Means", 5.0, 2.0, 30, 4.0, 2.5, 31)
ESTIMATE = StudyEstimate("Estimate", -0.3, 0.2)


@pytest.mark.parametrize(
    ("studies", "options", "complaint"),
    [
        ([EVENTS, MEANS], {}, "bring counts and means: pool each kind on its own"),
        ([MEANS, ESTIMATE], {"measure": "SMD"}, "bring estimate and means"),
        ([EVENTS], {"measure": "MD"}, "MD does not come from events and totals: choose OR, RR or RD"),
        ([EVENTS], {"measure": "HR"}, "HR does not come from events and totals"),
        ([MEANS], {"measure": "OR"}, "OR does not come from means and standard deviations: choose MD or SMD"),
        ([MEANS], {"measure": "GIV"}, "GIV does not come from means"),
        ([ESTIMATE], {"method": "mh"}, "The method mh needs events and totals.*choose inverse variance"),
        ([ESTIMATE], {"method": "peto"}, "The method peto needs events and totals"),
        ([MEANS], {"method": "mh"}, "choose MD or SMD"),
    ],
)
def test_studies_that_do_not_fit_the_analysis_are_refused_with_a_remedy(
    studies: list[StudyData], options: dict[str, str], complaint: str
) -> None:
    spec = PoolingSpec(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=complaint):
        pool(studies, spec)


def test_the_convention_of_a_standardised_mean_difference_is_named() -> None:
    result = pool([MEANS, MEANS], PoolingSpec(Measure.SMD))
    assert "exact correction" in (result.smd_method or "")
    assert (result.smd_method or "?") in (result.note or "")
    taken_as_given = pool([ESTIMATE], PoolingSpec(Measure.SMD))
    assert taken_as_given.smd_method is None


@pytest.mark.parametrize("df", [2, 3, 10, 999, 1000, 1001, 10**6, 2 * 10**9])
def test_the_exact_correction_keeps_to_its_recurrence(df: int) -> None:
    """Γ cancels in the product of two neighbours: J(m) J(m + 1) = (m - 1) / √(m (m + 1))."""
    product = exact_correction(df) * exact_correction(df + 1)
    assert product == pytest.approx((df - 1) / math.sqrt(df * (df + 1)), rel=1e-12)


def test_the_zero_rule_is_told_only_where_there_are_counts() -> None:
    assert pool([EVENTS], PoolingSpec()).zero is ZeroRule.ONLY0
    assert pool([ESTIMATE], PoolingSpec()).zero is None


@pytest.mark.parametrize("method", Method)
def test_no_studies(method: Method) -> None:
    result = pool([], PoolingSpec(method=method))
    assert (result.k, result.estimate, result.q_df, result.note) == (0, None, None, NO_STUDIES)


@pytest.mark.parametrize("method", Method)
def test_no_events_anywhere(method: Method) -> None:
    result = pool([NO_EVENTS], PoolingSpec(method=method))
    assert (result.k, result.estimate, result.note) == (0, None, NOTHING_ESTIMABLE)
    assert result.excluded[0].reason.startswith("No events in either arm")


def test_events_in_everybody_are_named_as_such() -> None:
    result = pool([StudyCounts("Full", 20, 20, 22, 22), EVENTS], PoolingSpec())
    assert result.excluded[0].reason.startswith("Events in everybody")


def test_an_empty_cell_without_correction_leaves_the_analysis() -> None:
    empty = StudyCounts("Empty cell", 0, 20, 3, 22)
    result = pool([empty, EVENTS], PoolingSpec(zero=ZeroRule.NONE))
    assert (result.k, result.excluded[0].study) == (1, "Empty cell")
    assert "correction" in result.excluded[0].reason


def test_a_risk_ratio_needs_events_only_where_it_divides() -> None:
    full_arm = StudyCounts("All events in one arm", 20, 20, 10, 22)
    assert pool([full_arm, EVENTS], PoolingSpec(Measure.RR, zero=ZeroRule.NONE)).k == 2
    assert pool([full_arm, EVENTS], PoolingSpec(Measure.OR, zero=ZeroRule.NONE)).k == 1


def test_a_risk_difference_keeps_studies_without_events() -> None:
    assert pool([NO_EVENTS, EVENTS], PoolingSpec(Measure.RD)).k == 2
    raw = pool([NO_EVENTS, EVENTS], PoolingSpec(Measure.RD, zero=ZeroRule.NONE))
    assert (raw.k, raw.excluded[0].study) == (1, "No events")
    assert pool([NO_EVENTS, EVENTS], PoolingSpec(Measure.RD, method=Method.MH)).k == 2


def test_one_study_stands_alone() -> None:
    result = pool([EVENTS], PoolingSpec())
    assert (result.k, result.tau2, result.note) == (1, 0, ONE_STUDY_RANDOM)
    assert result.q is result.i2 is result.i2_tau2 is result.h2 is result.prediction_low is None
    assert (result.estimate, result.se) == (result.studies[0].estimate, result.studies[0].se)
    assert result.studies[0].weight == 100
    common = pool([EVENTS], PoolingSpec(model=Model.COMMON))
    assert (common.tau2, common.note) == (None, ONE_STUDY)


@pytest.mark.parametrize("measure", [Measure.OR, Measure.RR])
def test_mantel_haenszel_without_events_in_one_arm(measure: Measure) -> None:
    studies = [StudyCounts("A", 0, 20, 3, 22), StudyCounts("B", 0, 30, 2, 31)]
    result = pool(studies, PoolingSpec(measure, method=Method.MH, zero=ZeroRule.NONE))
    assert result.estimate is result.se is result.q is result.ci_method is None
    assert "is not defined without a zero-cell correction" in (result.note or "")
    assert [study.weight for study in result.studies] == [None, None]


def test_effects_that_differ_by_rounding_only_have_no_hksj_interval() -> None:
    """3/10 against 4/10 and 6/20 against 8/20 are the same odds ratio up to the last digit."""
    studies = [StudyCounts("A", 3, 10, 4, 10), StudyCounts("B", 9, 30, 12, 30), StudyCounts("C", 5, 7, 5, 7)]
    same = pool(studies[:2], PoolingSpec(ci_method=CiMethod.HKSJ))
    assert same.se is same.p_value is None
    assert "same effect" in (same.note or "")
    assert pool(studies, PoolingSpec(ci_method=CiMethod.HKSJ)).se is not None
    almost_zero = [StudyEstimate("A", 0.0, 0.1), StudyEstimate("B", 1e-17, 0.1)]
    assert pool(almost_zero, PoolingSpec(Measure.GIV, ci_method=CiMethod.HKSJ)).se is None


def test_mantel_haenszel_names_its_standard_error() -> None:
    result = pool(SURVIVAL, PoolingSpec(Measure.RD, method=Method.MH))
    assert result.se_method == "Sato, Greenland and Robins 1989"
    assert result.se_method in (result.note or "")


def test_a_bound_that_cannot_be_written_is_left_out() -> None:
    two = reference_sets()["k2_heterogeneous"].studies
    result = pool(two, PoolingSpec(ci_method=CiMethod.HKSJ, level=0.99999))
    assert result.ci_high is not None
    assert result.ci_high > 709
    assert result.ci_high_natural is None
    assert "too large" in (result.note or "")


@pytest.mark.parametrize("name", [*WHOLE_SETS, *other_sets()])
def test_the_common_effect_is_that_of_statsmodels(name: str) -> None:
    import numpy as np
    from statsmodels.stats.meta_analysis import combine_effects

    counts = reference_sets().get(name)
    studies = counts.studies if counts else other_sets()[name].studies
    measure = Measure.OR if counts else Measure.MD if name == MEANS_SET else Measure.HR
    result = pool(studies, PoolingSpec(measure, Model.COMMON))
    y, se = (np.array([getattr(study, name) for study in result.studies]) for name in ("estimate", "se"))
    fit = combine_effects(y, se**2, method_re="pm")
    assert result.estimate == pytest.approx(fit.mean_effect_fe, rel=1e-10, abs=1e-12)
    assert result.se == pytest.approx(fit.sd_eff_w_fe, rel=1e-12)
    assert result.q == pytest.approx(fit.q, rel=1e-8, abs=1e-10)


@pytest.mark.parametrize(
    ("y", "v", "highest"),
    [
        (
            [-0.03, -0.14, -32.59, -14.81, 0.0, 0.07],
            [0.0023, 0.0052, 9.2794, 6.0278, 0.0003, 0.0038],
            170.4257,
        ),
        ([-0.07, 0.04, -2.04], [0.0018, 0.0027, 0.5097], 0.791099),
        ([9.09, -0.01, -0.03, 0.05, 0.09], [4.5352, 0.0006, 0.0161, 0.0126, 1.385], 0.0),
    ],
)
def test_reml_takes_the_highest_of_several_hills(y: list[float], v: list[float], highest: float) -> None:
    """Imprecise studies far from precise ones give the likelihood a top at or near 0 and another far out."""
    assert tau2_reml(y, v) == pytest.approx(highest, rel=1e-5)


def test_a_study_that_dwarfs_the_others_costs_reml_no_digits() -> None:
    v = [1e-18, 1.0, 1.0]
    assert tau2_reml([0.0, 0.1, -0.1], v) == tau2_reml([1e6, 1e6 + 0.1, 1e6 - 0.1], v) == 0


def test_reml_of_two_studies_and_of_equal_variances_has_a_closed_form() -> None:
    assert tau2_reml([0.0, 3.0], [1.0, 2.0]) == pytest.approx(9 / 2 - 1.5)
    assert tau2_reml([0.0, 0.1], [1.0, 1.0]) == 0
    assert tau2_reml([0.0, 0.0, 0.0, 6.0], [1e-4] * 4) == pytest.approx(9 - 1e-4)
