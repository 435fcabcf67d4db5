"""The R code holds the data, asks metafor for the same analysis, and says what it should print.

The numbers that R prints were compared with ours for every method that is offered, on the data sets of
tests/reference/metafor; what is tested here is that the text keeps asking for these analyses.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from metaanalysis.forms.method import offered_specs
from metaanalysis.kinds import study_of
from metaanalysis.r_code import r_code
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.types import DataKind, Measure, PoolingSpec

COUNTS = [
    {
        "study": study, "year": year, "subgroup": group, "kind": "counts",
        "events_intervention": a, "n_intervention": n1, "events_comparison": c, "n_comparison": n2,
    }
    for study, year, group, a, n1, c, n2 in (
        ("Alpha", 2001, "early", 3, 40, 6, 41),
        ("Beta", 2004, "early", 0, 30, 4, 31),
        ("Gamma", None, "late", 9, 60, 8, 59),
    )
]  # fmt: skip
MEANS = [
    {
        "study": study, "year": None, "kind": "means",
        "mean_intervention": m, "sd_intervention": 6.5, "n_intervention": 20,
        "mean_comparison": 14.25, "sd_comparison": 7.0, "n_comparison": 22,
    }
    for study, m in (("A", 12.5), ("B", 13.1), ("C", 10.0))
]  # fmt: skip
ESTIMATES = [
    {"study": study, "year": None, "kind": "estimate", "estimate": y, "se": se}
    for study, y, se in (("A", -0.3, 0.12), ("B", 0.04, 0.2), ("C", 1e-05, 0.33))
]
ROWS: dict[str, list[dict[str, Any]]] = {"counts": COUNTS, "means": MEANS, "estimate": ESTIMATES}


def code(rows: list[dict[str, Any]], **spec: Any) -> str:
    asked = PoolingSpec(**spec)
    return r_code(rows, pool([study_of(row) for row in rows], asked), title="Survival, adults")


def test_the_data_are_written_out_with_every_digit() -> None:
    text = code(COUNTS)
    assert 'study = c("Alpha", "Beta", "Gamma")' in text
    assert "ai = c(3, 0, 9)" in text
    assert "n2i = c(41, 31, 59)" in text
    assert "year = c(2001, 2004, NA)" in text
    assert 'subgroup = c("early", "early", "late")' in text
    assert "sei = c(0.12, 0.2, 0.33)" in code(ESTIMATES, measure="HR")
    assert "yi = c(-0.3, 0.04, 1e-05)" in code(ESTIMATES, measure="HR")
    assert "m2i = c(14.25, 14.25, 14.25)" in code(MEANS, measure="MD")


def test_the_data_can_stand_in_a_file() -> None:
    for rows, measure in ((COUNTS, "OR"), (MEANS, "MD"), (ESTIMATES, "HR")):
        pooled = pool([study_of(row) for row in rows], PoolingSpec(measure=Measure(measure)))
        text = r_code(rows, pooled, title="T", data_file='da"ta.csv')
        assert r'rows <- read.csv("da\"ta.csv", colClasses="character"' in text
        assert "= c(" not in text[text.index("dat <- data.frame(") :].partition("\n)\n")[0]
        columns = re.findall(r"as\.numeric\(rows\$(\w+)\)", text)
        assert set(columns) <= {*rows[0], "year"}
        assert ("subgroup = rows$subgroup" in text) == (rows is COUNTS)


@pytest.mark.parametrize(
    ("spec", "asks"),
    [
        ({}, 'add=1/2, to="only0", drop00=TRUE)'),
        ({"zero": "only0-keep"}, 'add=1/2, to="only0", drop00=FALSE)'),
        ({"zero": "none"}, 'add=0, to="none", drop00=TRUE)'),
        ({"measure": "RD"}, 'n2i=n2i, data=dat, add=1/2, to="only0", drop00=FALSE)'),
        ({"model": "common"}, 'method="EE"'),
        ({"ci_method": "wald"}, 'method="REML", test="z", control=list(threshold=1e-12'),
        ({"tau2_method": "PM", "ci_method": "hksj"}, 'method="PM", test="knha", control=list(tol=1e-12'),
        ({"tau2_method": "DL", "ci_method": "hksj-adhoc"}, 'method="DL", test="adhoc"'),
        ({"method": "peto"}, "rma.peto("),
        ({"method": "mh"}, 'add=c(1/2, 0), to=c("only0", "none"), drop00=c(TRUE, TRUE)'),
        ({"method": "mh", "zero": "pool-only0"}, 'add=c(1/2, 1/2), to=c("only0", "only0"), drop00=c(TRUE, TRUE)'),
        ({"method": "mh", "measure": "RD"}, "drop00=c(FALSE, FALSE)"),
        ({"method": "mh", "measure": "RD", "rd_se": "greenland-robins"}, "sqrt(sum((a * b * n2^3 + c0 * d * n1^3)"),
        ({"method": "mh", "model": "random", "ci_method": "wald"}, "tau2=tau2"),
        ({"prediction": "k-2", "ci_method": "wald"}, "qt(0.975, res$k - 2)"),
        ({"level": 0.9}, "level=90.0"),
    ],
)  # fmt: skip
def test_metafor_is_asked_for_the_same(spec: dict[str, Any], asks: str) -> None:
    assert asks in code(COUNTS, **spec)


def test_means_are_standardised_as_they_were() -> None:
    assert 'vtype="LS"' in code(MEANS, measure="SMD")
    assert "(1 - 3 / (4 * N - 9))" in code(MEANS, measure="SMD", smd="revman")
    assert 'escalc(measure="MD"' in code(MEANS, measure="MD")


@pytest.mark.parametrize("kind", list(DataKind))
def test_what_it_should_print_stands_in_its_comments(kind: DataKind) -> None:
    rows = ROWS[kind]
    for spec in offered_specs(kind):
        result = pool([study_of(row) for row in rows], spec)
        text = r_code(rows, result, title="T")
        assert f"#   estimate     {result.estimate!r}" in text
        assert f"#   ci.lb        {result.ci_low!r}" in text
        assert text.count("(") == text.count(")")
        assert "None" not in text
        assert "nan" not in text
        assert "library(metafor)" in text


def test_subgroups_and_their_test_are_asked_for_where_there_are_any() -> None:
    assert "split(dat, dat$subgroup)" in code(COUNTS)
    assert "subgroup differences" not in code(ESTIMATES, measure="HR")


def test_parts_of_the_data_have_the_interval_by_rule_too() -> None:
    text = code(COUNTS)
    assert "fit$k < 3 || fit$tau2 < 1e-9" in text
    assert "function(part) refit(part)" in text
    assert "leave1out" not in text
    assert "cumul(" not in text
    chosen = code(COUNTS, ci_method="hksj")
    assert "print(leave1out(res))" in chosen
    assert "function(part) update(res, data=part)" in chosen
    assert "refit" not in chosen


def test_one_study_has_no_i2() -> None:
    assert "I2_from_Q" not in code(COUNTS[:1])
    assert "I2_from_Q" in code(COUNTS)


def test_a_name_cannot_leave_its_quotes() -> None:
    rows = [row | {"study": name} for row, name in zip(COUNTS, ('a"); quit("no', "b\\", "c\nd"), strict=True)]
    (line,) = re.findall(r"^  study = c\(.*$", code(rows), flags=re.MULTILINE)
    assert line == r'  study = c("a\"); quit(\"no", "b\\", "c\u{a}d"),'
    titled = r_code(rows, pool([study_of(row) for row in rows], PoolingSpec()), title="x\nquit()")
    assert "\nquit()" not in titled


def test_no_study_gives_a_script_without_a_result() -> None:
    assert "# What it should print" in r_code([], pool([], PoolingSpec()), title="T")
