"""The contour funnel plot: where circles and contours lie, and what it says in words."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from django.template.loader import render_to_string

from metaanalysis.plots.drawing import Plot
from metaanalysis.plots.funnel import BOTTOM, LEFT, RIGHT, TOP, funnel_plot
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.trim_and_fill import trim_and_fill
from metaanalysis.stats.types import Measure, PoolingSpec, StudyData, StudyEstimate
from tests.unit.metaanalysis_stats.reference import other_sets, reference_sets

LI = reference_sets()["nielweise2007"].studies


def plot_of(studies: tuple[StudyData, ...] | list[StudyData], **spec: object) -> Plot:
    asked = PoolingSpec(**spec)  # type: ignore[arg-type]
    plot = funnel_plot(pool(studies, asked), outcome="Infection", filled=trim_and_fill(studies, asked).filled)
    assert plot is not None
    return plot


def test_precise_studies_lie_at_the_top_and_effects_from_left_to_right() -> None:
    result = pool(LI, PoolingSpec())
    plot = plot_of(LI)
    circles = [(float(circle.x), float(circle.y)) for circle in plot.circles][: result.k]
    by_se = sorted(zip(result.studies, circles, strict=True), key=lambda pair: pair[0].se)
    assert [y for _, (_, y) in by_se] == sorted(y for _, y in circles)
    by_effect = sorted(zip(result.studies, circles, strict=True), key=lambda pair: pair[0].estimate)
    assert [x for _, (x, _) in by_effect] == sorted(x for x, _ in circles)
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in circles)


def test_what_trim_and_fill_adds_is_hollow_and_said_to_be_no_data() -> None:
    plot = plot_of(LI)
    hollow = [circle for circle in plot.circles if circle.fill == "#ffffff"]
    assert len(hollow) == 7 + 1  # and one in the legend
    assert "7 hollow circles are added by trim and fill and are not data" in plot.desc
    assert plot.table.rows[-1][0] == "Filled 7 (not data)"
    without = funnel_plot(pool(LI, PoolingSpec()), outcome="Infection")
    assert without is not None
    assert not [circle for circle in without.circles if circle.fill == "#ffffff"]
    assert "added by trim and fill, not data" not in [label.text for label in without.labels]


def test_a_study_lies_in_the_shade_of_its_own_p() -> None:
    """A study with P just above 0.05 lies inside the contour of 0.05, one just below outside."""
    contour = 1.959963984540054
    studies: list[StudyData] = [
        StudyEstimate("inside", 0.97 * contour * 0.3, 0.3),
        StudyEstimate("outside", 1.03 * contour * 0.3, 0.3),
        StudyEstimate("precise", 0.01, 0.1),
    ]
    plot = plot_of(studies, measure="MD")
    inside, outside = (float(circle.x) for circle in plot.circles[:2])
    line = plot.lines[3]  # the contour of 0.05 on the right: 0.1 comes first, each with two sides
    (x1, y1), (x2, y2) = (float(line.x1), float(line.y1)), (float(line.x2), float(line.y2))
    y = float(plot.circles[0].y)
    edge = x1 + (x2 - x1) * (y - y1) / (y2 - y1)
    assert inside < edge < outside


def test_the_shades_differ_in_lightness_and_are_named() -> None:
    plot = plot_of(LI)
    lightness = [int(shape.fill[1:3], 16) for shape in plot.areas]
    assert lightness == sorted(lightness)
    assert len(set(lightness)) == 4
    assert {"P above 0.1", "0.05 to 0.1", "0.01 to 0.05", "below 0.01"} <= {
        label.text for label in plot.labels
    }


def test_it_stays_within_its_frame_whatever_the_data() -> None:
    studies: list[StudyData] = [
        StudyEstimate("A", -40.0, 0.001),
        StudyEstimate("B", 3.0, 12.0),
        StudyEstimate("C", 600.0, 1e-9),
    ]
    for measure in (Measure.HR, Measure.GIV):
        plot = plot_of(studies, measure=measure)
        for circle in plot.circles[:3]:
            assert LEFT <= float(circle.x) <= RIGHT
            assert TOP <= float(circle.y) <= BOTTOM
        for shape in plot.areas:
            numbers = [float(text) for text in re.findall(r"-?\d+\.\d", shape.path)]
            assert all(math.isfinite(number) for number in numbers)
            assert min(numbers) >= TOP - 0.1
            assert max(numbers) <= RIGHT + 0.1


@pytest.mark.parametrize("studies", [[], LI[:1]])
def test_no_cloud_no_plot(studies: list[StudyData]) -> None:
    assert funnel_plot(pool(studies, PoolingSpec()), outcome="Infection") is None


def test_means_have_a_plain_axis() -> None:
    plot = plot_of(other_sets()["normand1999_cont"].studies, measure="MD")
    assert "Mean difference" in [label.text for label in plot.labels]
    assert plot.table.headings == ("Study", "Mean difference", "Standard error")


def test_the_drawing_is_svg_without_styles() -> None:
    text = render_to_string("metaanalysis/plot.svg", {"plot": plot_of(LI)})
    svg = ET.fromstring(text)  # noqa: S314 -- ours
    assert svg[0].text == "Funnel plot: Infection; 17 studies"
    assert "style=" not in text
