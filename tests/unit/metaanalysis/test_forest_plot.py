"""The forest plot: what is drawn where, and what it says in words."""

from __future__ import annotations

import csv
import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from metaanalysis.beyond import subgroup_test_in_numbers
from metaanalysis.kinds import study_of
from metaanalysis.plots.drawing import Plot
from metaanalysis.plots.forest import WIDTH, GroupedBy, PooledGroup, forest_plot
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.subgroups import pool_subgroups
from metaanalysis.stats.types import CiMethod, Measure, PoolingSpec, StudyCounts, Tau2Method

TRIALS = (
    Path(__file__).parents[3]
    / "fixtures"
    / "ilcor-mcs-after-rosc"
    / "trials"
    / "survival_longest_sourced_13trials.csv"
)
SVG = "{http://www.w3.org/2000/svg}"
Row = dict[str, Any]


def trials() -> list[Row]:
    with TRIALS.open(encoding="utf-8", newline="") as file:
        return [
            row(
                line["study"],
                int(line["year"]),
                *(
                    int(line[c])
                    for c in ("events_intervention", "n_intervention", "events_control", "n_control")
                ),
            )
            for line in csv.DictReader(file)
        ]


def row(study: str, year: int | None, *counts: int) -> Row:
    names = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
    return {"study": study, "year": year, **dict(zip(names, counts, strict=True))}


def plot_of(rows: list[Row], *, better: str = "higher", **spec: Any) -> Plot:
    result = result_to_json(pool([StudyCounts(**r) for r in rows], PoolingSpec(**spec)))
    return forest_plot(
        result,
        inputs=rows,
        outcome="Survival",
        better=better,
        intervention_label="MCS",
        comparison_label="Standard care",
    )


def texts(plot: Plot) -> list[str]:
    return [label.text for label in plot.labels if label.text]


def drawn(plot: Plot) -> ET.Element:
    return ET.fromstring(render_to_string("metaanalysis/plot.svg", {"plot": plot}))  # noqa: S314 -- ours


@pytest.fixture
def example() -> Plot:
    return plot_of(trials(), tau2_method="DL", ci_method="wald")


def test_the_examples_numbers_stand_beside_the_lines(example: Plot) -> None:
    written = texts(example)
    assert {"1.67 (1.10–2.54)", "97/179", "73/176", "20.6", "429/913", "390/901", "1.17 (0.96–1.41)"} <= set(
        written
    )
    assert "Heterogeneity: τ² 0, I² 0%, Q 9.5 on 12 df, P 0.66" in written
    assert "Overall effect: z 1.59, P 0.11" in written
    assert "Interval: Wald" in written
    assert "Pooled, random effects (DL)" in written


def test_studies_stand_in_the_order_of_years_and_names(example: Plot) -> None:
    names = [cells[0] for cells in example.table.rows]
    assert names[:3] == ["TACTICS 2005", "Thiele (TandemHeart) 2005", "Burkhoff (TandemHeart) 2006"]
    assert names[12:] == ["ECMO-CS 2024", "Pooled, random effects (DL)", "Prediction interval"]


def test_title_and_description_say_what_the_drawing_shows(example: Plot) -> None:
    assert example.title == "Forest plot: Survival; 13 studies, pooled odds ratio 1.17 (0.96–1.41)"
    assert "I² 0%" in example.desc
    svg = drawn(example)
    assert svg.find(f"{SVG}title").text == example.title  # type: ignore[union-attr]
    assert svg[0].tag == f"{SVG}title"
    assert svg[1].tag == f"{SVG}desc"


def test_the_area_of_a_square_is_its_weight(example: Plot) -> None:
    weights = [float(cells[4]) for cells in example.table.rows[:13]]
    sides = [float(box.width) for box in example.boxes[:13]]
    heavy = [(w, s) for w, s in zip(weights, sides, strict=True) if w > 5]
    assert len(heavy) == 4
    for weight, side in heavy:
        assert side**2 / weight == pytest.approx(13**2 / 31, rel=0.05)
    assert min(sides) == 3.2


def test_squares_lie_on_their_lines_in_the_order_of_the_estimates(example: Plot) -> None:
    places = []
    for cells, box in zip(example.table.rows[:13], example.boxes[:13], strict=True):
        places.append((float(cells[3].split()[0]), float(box.x) + float(box.width) / 2))
    assert [x for _, x in sorted(places)] == sorted(x for _, x in places)
    no_effect = float(example.lines[0].x1)
    for estimate, x in places:
        assert (x > no_effect) == (estimate > 1) or abs(x - no_effect) < 1


def test_arrows_stand_where_a_line_is_cut(example: Plot) -> None:
    arrows = [shape.path for shape in example.shapes if " l" in shape.path]
    assert len(arrows) == 2  # 0.14 (0.01-3.63) on the left, 2.62 (0.64-10.61) on the right
    assert sorted(" l-7" in path for path in arrows) == [False, True]


def test_the_ends_are_named_from_the_outcomes_polarity() -> None:
    def ends(better: str) -> str:
        return " ".join(text for text in texts(plot_of(trials(), better=better)) if text != "MCS")

    assert "◂ favours Standard care favours MCS ▸" in re.sub(r"\s+", " ", ends("higher"))
    assert "◂ favours MCS favours Standard care ▸" in re.sub(r"\s+", " ", ends("lower"))


def test_a_study_without_events_is_listed_with_the_reason() -> None:
    plot = plot_of([*trials(), row("Empty", 2001, 0, 10, 0, 12)])
    (line,) = [cells for cells in plot.table.rows if cells[0] == "Empty 2001"]
    assert line[1:3] == ("0/10", "0/12")
    assert line[3].startswith("Not in the analysis: no events in either arm")
    assert "1 study is listed but not in the analysis." in plot.desc
    grey = [label for label in plot.labels if label.text == "Empty 2001"]
    assert grey[0].fill != "#14212b"
    assert "429/913" in texts(plot)  # its patients are not in the total


def test_no_study() -> None:
    plot = plot_of([])
    assert plot.table.rows == (("Pooled, random effects (REML)", "", "", "not estimable", ""),)
    assert plot.title == "Forest plot: Survival; no study, pooled odds ratio not estimable"
    assert plot.boxes == plot.shapes == ()
    assert drawn(plot) is not None


def test_one_study_has_no_heterogeneity() -> None:
    plot = plot_of(trials()[:1])
    assert "Heterogeneity: not defined for one study" in plot.notes
    assert plot.title.startswith("Forest plot: Survival; 1 study, ")
    assert len([shape for shape in plot.shapes if "Z" in shape.path]) == 1


def test_nothing_estimable() -> None:
    plot = plot_of([row("A", 2001, 0, 10, 0, 12), row("B", 2002, 0, 9, 0, 9)])
    assert plot.boxes == ()
    assert "not estimable" in texts(plot)


def test_a_risk_difference_is_drawn_around_zero_on_a_linear_axis() -> None:
    plot = plot_of(trials(), measure="RD")
    assert {"−0.5", "0", "0.5"} <= set(texts(plot))
    assert "0.127 (0.024–0.230)" in texts(plot)
    assert "−0.083 (−0.373 to 0.208)" in texts(plot)


def test_very_wide_intervals_stay_on_the_drawing() -> None:
    plot = plot_of([row("W", None, 9999, 10000, 1, 10000), row("V", 2003, 999, 1000, 1, 1000)])
    right = float(plot.width)
    assert all(0 <= float(line.x2) <= right for line in plot.lines)
    assert any("×10⁷" in text for text in texts(plot))
    assert all(not re.search("nan|inf", text) for text in texts(plot))
    assert plot.table.rows[0][0] == "V 2003"  # years first, no year last


def test_a_long_name_is_wrapped_and_whole() -> None:
    name = "A study whose name nobody could ever shorten without losing something " * 2
    plot = plot_of([row(name.strip(), 2001, 3, 10, 5, 12), row("B", 2002, 3, 9, 4, 9)])
    assert name.strip() + " 2001" in " ".join(texts(plot))
    assert float(plot.width) == pytest.approx(WIDTH, abs=60)


def test_predicted_effects_have_a_thin_bar(example: Plot) -> None:
    assert example.table.rows[-1] == ("Prediction interval", "", "", "0.94–1.44", "")
    assert example.boxes[-1].height == "3.0"


def test_markup_in_names_is_only_text() -> None:
    plot = plot_of([row('<script>alert("x")</script>', 2001, 3, 10, 5, 12)])
    assert [child.tag for child in drawn(plot).iter() if "script" in child.tag] == []


def test_the_drawing_has_no_inline_style_and_no_comma_in_any_language(example: Plot) -> None:
    with translation.override("de"):
        svg = render_to_string("metaanalysis/plot.svg", {"plot": example})
    assert "style=" not in svg
    places = re.findall(r'\b(?:x|y|x1|x2|y1|y2|width|height|d|viewBox)="([^"]*)"', svg)
    assert len(places) > 200
    assert not [place for place in places if "," in place]


# Subgroups, orders, other kinds of data, the layout for a phone


def grouped_rows() -> list[Row]:
    return [row | {"subgroup": "early" if row["year"] < 2015 else "late"} for row in trials()]


def plot_with(rows: list[Row], spec: PoolingSpec, **more: Any) -> Plot:
    studies = [study_of(entry) for entry in rows]
    groups = pool_subgroups(studies, spec)
    shown = GroupedBy(
        tuple(PooledGroup(group.name, result_to_json(group.result)) for group in groups.groups),
        subgroup_test_in_numbers(groups),
    )
    more = {"grouped": shown} | more
    return forest_plot(
        result_to_json(pool(studies, spec)),
        inputs=rows,
        outcome="Survival",
        better="higher",
        intervention_label="MCS",
        comparison_label="Standard care",
        **more,
    )


def test_each_subgroup_has_its_heading_its_subtotal_and_its_heterogeneity() -> None:
    plot = plot_with(grouped_rows(), PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD))
    names = [cells[0] for cells in plot.table.rows]
    assert names[0] == "late"  # as in the file
    early = names.index("early")
    assert names[early - 1] == "Subtotal"
    assert plot.table.rows[early - 1][3] == "1.22 (0.97–1.54)"
    assert names[early + 1 : early + 3] == ["TACTICS 2005", "Thiele (TandemHeart) 2005"]
    assert names[-3:] == ["Subtotal", "Pooled, random effects (DL)", "Prediction interval"]
    written = texts(plot)
    assert any(text.startswith("Test for subgroup differences: Q ") for text in written)
    assert sum(text.startswith("τ² ") for text in written) == 2
    hollow = [shape for shape in plot.shapes if shape.stroke]
    assert len(hollow) == 2
    weights = [float(cells[4]) for cells in plot.table.rows if cells[0] == "Subtotal"]
    assert sum(weights) == pytest.approx(100, abs=0.11)


def test_an_empty_group_is_called_what_it_is() -> None:
    rows = [row | {"subgroup": ""} for row in trials()[:6]] + [
        row | {"subgroup": "late"} for row in trials()[6:]
    ]
    assert plot_with(rows, PoolingSpec()).table.rows[0][0] == "No subgroup named"


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("file", "ECMO-CS 2024"),
        ("year", "TACTICS 2005"),
        ("weight", "IABP-SHOCK II 2019"),
        ("effect", "IMPELLA-STIC 2020"),
    ],
)
def test_the_studies_stand_in_the_order_that_was_asked_for(order: str, first: str) -> None:
    assert plot_with(trials(), PoolingSpec(), order=order, grouped=None).table.rows[0][0] == first


def test_means_are_shown_with_their_deviations() -> None:
    names = (
        "mean_intervention",
        "sd_intervention",
        "n_intervention",
        "mean_comparison",
        "sd_comparison",
        "n_comparison",
    )
    rows = [
        {"study": study, "kind": "means", "year": None, **dict(zip(names, values, strict=True))}
        for study, *values in (
            ("A", 55, 47.25, 155, 75, 64, 156),
            ("B", 27, 7, 31, 29, 4, 32),
            ("C", 14, 8, 9, 18, 11, 13),
        )
    ]
    plot = plot_with(rows, PoolingSpec(measure=Measure.MD), grouped=None)
    assert plot.table.headings[1] == "MCS, mean (SD), n"
    assert plot.table.rows[0][1:3] == ("55 (47.25), 155", "75 (64), 156")
    assert plot.table.rows[-2][1:3] == ("n 195", "n 201")
    assert "Mean difference (95% CI)" in texts(plot)


def test_estimates_have_one_column_and_the_file_keeps_its_order() -> None:
    rows = [
        {"study": study, "kind": "estimate", "year": None, "estimate": y, "se": se}
        for study, y, se in (("Z", -0.3, 0.12), ("A", 0.04, 0.2))
    ]
    plot = plot_with(rows, PoolingSpec(measure=Measure.HR), grouped=None)
    assert plot.table.headings == ("Study", "Estimate (SE), log scale", "Hazard ratio (95% CI)", "Weight, %")
    assert [cells[:2] for cells in plot.table.rows[:2]] == [("Z", "−0.300 (0.120)"), ("A", "0.040 (0.200)")]
    assert {"0.5", "1", "2"} <= set(texts(plot))


def test_the_layout_for_a_phone_fits_it_and_says_the_same() -> None:
    rows = [*grouped_rows(), row("Empty", 2001, 0, 10, 0, 12) | {"subgroup": "early"}]
    wide, narrow = (plot_with(rows, PoolingSpec(), narrow=each) for each in (False, True))
    assert float(narrow.width) < 390
    assert narrow.table == wide.table
    assert {"1.67 (1.10–2.54)", "IABP-SHOCK II 2019"} <= set(texts(narrow))
    assert all(0 <= float(line.x1) <= float(narrow.width) for line in narrow.lines)
    boxes = [float(box.y) for box in narrow.boxes]
    assert boxes == sorted(boxes)


def test_a_hundred_studies_are_drawn_below_each_other() -> None:
    rows = [row(f"Study {number}", 1900 + number, 3 + number % 5, 40, 5, 41) for number in range(100)]
    plot = plot_with(rows, PoolingSpec(), grouped=None)
    baselines = [float(label.y) for label in plot.labels if label.text.startswith("Study ")]
    assert len(baselines) == 100
    assert min(b - a for a, b in itertools.pairwise(baselines)) >= 20
    assert float(plot.height) > baselines[-1]


def test_an_svg_that_stands_alone_brings_its_size_and_its_ground() -> None:
    plot = plot_of(trials())
    svg = ET.fromstring(render_to_string("metaanalysis/plot.svg", {"plot": plot, "standalone": True}))  # noqa: S314
    assert svg.get("width") == plot.width
    assert svg.get("height") == plot.height
    assert svg.get("font-family", "").startswith("'Source Sans 3'")
    ground = svg.find(f"{SVG}rect")
    assert ground is not None
    assert ground.get("fill") == "#ffffff"
