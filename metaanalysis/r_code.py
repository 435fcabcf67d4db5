"""R code that makes an analysis again with the package metafor, from the numbers of its studies alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from metaanalysis.kinds import kind_of
from metaanalysis.stats.types import (
    CiMethod,
    DataKind,
    Measure,
    Method,
    Model,
    PooledResult,
    PredictionDf,
    RdSe,
    SmdVariant,
    ZeroRule,
)

COLUMNS: Mapping[DataKind, Mapping[str, str]] = {
    DataKind.COUNTS: {
        "ai": "events_intervention",
        "n1i": "n_intervention",
        "ci": "events_comparison",
        "n2i": "n_comparison",
    },
    DataKind.MEANS: {
        "m1i": "mean_intervention",
        "sd1i": "sd_intervention",
        "n1i": "n_intervention",
        "m2i": "mean_comparison",
        "sd2i": "sd_comparison",
        "n2i": "n_comparison",
    },
    DataKind.ESTIMATE: {"yi": "estimate", "sei": "se"},
}
"""metafor's names for our columns."""

_COUNTS = "ai=ai, n1i=n1i, ci=ci, n2i=n2i"
_MEANS = "m1i=m1i, sd1i=sd1i, n1i=n1i, m2i=m2i, sd2i=sd2i, n2i=n2i"
_TESTS = {CiMethod.WALD: "z", CiMethod.HKSJ: "knha", CiMethod.HKSJ_ADHOC: "adhoc"}
_CONTROL = {
    "REML": "control=list(threshold=1e-12, maxiter=10000)",
    "PM": "control=list(tol=1e-12, maxiter=10000)",
}
_ZEROS = {
    ZeroRule.ONLY0: 'add=1/2, to="only0", drop00=TRUE',
    ZeroRule.ONLY0_KEEP: 'add=1/2, to="only0", drop00=FALSE',
    ZeroRule.NONE: 'add=0, to="none", drop00=TRUE',
}

_BY_RULE = [
    "# The interval by rule: Hartung-Knapp from three studies on if tau2 is above 0, else Wald",
    "refit <- function(part) {",
    '  fit <- update(res, data=part, test="knha")',
    '  if (fit$k < 3 || fit$tau2 < 1e-9) update(res, data=part, test="z") else fit',
    "}",
    "shown <- function(part) {",
    "  fit <- refit(part)",
    "  c(k=fit$k, estimate=fit$beta[[1]], ci.lb=fit$ci.lb, ci.ub=fit$ci.ub, P=fit$pval, tau2=fit$tau2)",
    "}",
    "one_out <- t(sapply(seq_len(nrow(dat)), function(i) shown(dat[-i, ])))",
    "print(data.frame(without=dat$study, one_out))",
]
_CUMULATIVE_BY_RULE = [
    "by_year <- dat[order(dat$year), ]",
    "so_far <- t(sapply(seq_len(nrow(by_year)), function(i) shown(by_year[seq_len(i), ])))",
    "print(data.frame(added=by_year$study, so_far))",
]


def r_code(
    inputs: Sequence[Mapping[str, Any]], result: PooledResult, *, title: str, data_file: str = ""
) -> str:
    """A script that prints the numbers of `result`, which stand in its comments. `inputs` are the entries pooled.

    It needs metafor 3.8 or later and nothing else: the data are written out in it. With `data_file`, the name of a CSV
    with our columns, it reads them from there.
    """
    kind = kind_of(inputs[0]) if inputs else DataKind.COUNTS
    lines = [
        *_comment(title, result),
        "",
        "library(metafor)",
        "options(digits=10)",
        "",
        *(_from_file(data_file, inputs, kind) if data_file else _data_frame(inputs, kind)),
        "",
        *_model(result, kind),
        "",
        *_more(inputs, result),
    ]
    return "\n".join(lines) + "\n"


def _comment(title: str, result: PooledResult) -> list[str]:
    expected = [
        ("studies", result.k),
        ("estimate", result.estimate),
        ("se", result.se),
        ("ci.lb", result.ci_low),
        ("ci.ub", result.ci_high),
        ("P", result.p_value),
        ("tau2", result.tau2),
        ("Q", result.q),
        ("I2 from Q", result.i2),
        ("I2 from tau2", result.i2_tau2),
        ("pi.lb", result.prediction_low),
        ("pi.ub", result.prediction_high),
    ]
    scale = "on the log scale" if result.spec.measure.is_ratio else "on the scale of the effect"
    return [
        *(f"# {line}" for line in " ".join(title.split()).splitlines()),
        f"# What it should print ({scale}):",
        *(f"#   {name:<13}{_number(value)}" for name, value in expected if value is not None),
        *([f"# {' '.join(result.note.split())}"] if result.note else []),
    ]


def _data_frame(inputs: Sequence[Mapping[str, Any]], kind: DataKind) -> list[str]:
    columns = [("study", [_text(row["study"]) for row in inputs])]
    columns += [(name, [_number(row[ours]) for row in inputs]) for name, ours in COLUMNS[kind].items()]
    columns.append(("year", ["NA" if row.get("year") is None else str(row["year"]) for row in inputs]))
    columns.append(("subgroup", [_text(row.get("subgroup") or "") for row in inputs]))
    body = ",\n".join(f"  {name} = c({', '.join(values)})" for name, values in columns)
    return ["dat <- data.frame(", *body.split("\n"), "  , stringsAsFactors = FALSE", ")"]


def _from_file(name: str, inputs: Sequence[Mapping[str, Any]], kind: DataKind) -> list[str]:
    """Every column is read as text, so that a study called `NA` or `2005` keeps its name."""
    columns = [f"{theirs} = as.numeric(rows${ours})" for theirs, ours in COLUMNS[kind].items()]
    groups = "rows$subgroup" if any("subgroup" in row for row in inputs) else '""'
    return [
        "# The study data stand in this file, attached to the same document: save both in one folder",
        f'rows <- read.csv({_text(name)}, colClasses="character", na.strings=character(0), encoding="UTF-8")',
        "dat <- data.frame(",
        *(f"  {line}," for line in ("study = rows$study", *columns)),
        "  year = as.numeric(rows$year),",
        f"  subgroup = {groups}, stringsAsFactors = FALSE",
        ")",
    ]


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    printable = "".join(letter if letter.isprintable() else f"\\u{{{ord(letter):x}}}" for letter in escaped)
    return f'"{printable}"'


def _number(value: float) -> str:
    return repr(value)


def _model(result: PooledResult, kind: DataKind) -> list[str]:
    spec = result.spec
    if spec.method is Method.PETO:
        return [
            f'res <- rma.peto({_COUNTS}, slab=study, data=dat, add=1/2, to="only0", drop00=TRUE{_level(result)})',
            *_show(),
        ]
    if spec.method is Method.MH:
        return _mantel_haenszel(result)
    shown = [*_show(), *(_i2_by_q() if result.k > 1 else []), *_prediction(result), *_q_profile(result)]
    return [*_effects(result, kind), _rma(result, "dat"), *shown]


def _level(result: PooledResult) -> str:
    return "" if result.spec.level == 0.95 else f", level={100 * result.spec.level!r}"


def _show() -> list[str]:
    return [
        "print(res)",
        "print(c(estimate=res$beta[[1]], se=res$se, ci.lb=res$ci.lb, ci.ub=res$ci.ub, P=res$pval, Q=res$QE))",
    ]


def _effects(result: PooledResult, kind: DataKind) -> list[str]:
    spec = result.spec
    if kind is DataKind.ESTIMATE:
        return ["dat$vi <- dat$sei^2"]
    if kind is DataKind.MEANS:
        return _effects_of_means(spec.measure, spec.smd)
    assert spec.zero is not None
    lines = [f'dat <- escalc(measure="{spec.measure}", {_COUNTS}, data=dat, {_zeros(result)})']
    return [
        *lines,
        "dat <- dat[is.finite(dat$yi) & !is.na(dat$vi) & dat$vi > 0, ]  # studies without an effect",
    ]


def _zeros(result: PooledResult) -> str:
    """The zero-cell rule by which single studies are shown; a risk difference never drops double zeros."""
    rule = result.spec.zero
    if rule in (ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0):
        rule = ZeroRule.ONLY0 if result.spec.measure.is_ratio else ZeroRule.ONLY0_KEEP
    if rule is ZeroRule.NONE and result.spec.measure is Measure.RD:
        return 'add=0, to="none", drop00=FALSE'
    return _ZEROS[rule or ZeroRule.ONLY0]


def _effects_of_means(measure: Measure, variant: SmdVariant | None) -> list[str]:
    if measure is Measure.MD:
        return [f'dat <- escalc(measure="MD", {_MEANS}, data=dat)']
    if variant is SmdVariant.REVMAN:
        return [
            "# RevMan 5's formulas, which metafor does not have",
            "N <- dat$n1i + dat$n2i",
            "sp <- sqrt(((dat$n1i - 1) * dat$sd1i^2 + (dat$n2i - 1) * dat$sd2i^2) / (N - 2))",
            "dat$yi <- (dat$m1i - dat$m2i) / sp * (1 - 3 / (4 * N - 9))",
            "dat$vi <- N / (dat$n1i * dat$n2i) + dat$yi^2 / (2 * (N - 3.94))",
        ]
    return [f'dat <- escalc(measure="SMD", {_MEANS}, data=dat, vtype="LS")']


def _rma(result: PooledResult, data: str, tau2: str = "") -> str:
    spec = result.spec
    interval = result.ci_method or (CiMethod.WALD if spec.ci_method is CiMethod.AUTO else spec.ci_method)
    if spec.model is Model.COMMON:
        arguments = ['method="EE"']
    elif tau2:
        arguments = [f"tau2={tau2}", f'test="{_TESTS[interval]}"']
    else:
        assert spec.tau2_method is not None
        arguments = [f'method="{spec.tau2_method}"', f'test="{_TESTS[interval]}"']
        if str(spec.tau2_method) in _CONTROL:
            arguments.append(_CONTROL[str(spec.tau2_method)])
    return f"res <- rma(yi, vi, data={data}, slab=study, {', '.join(arguments)}{_level(result)})"


def _i2_by_q() -> list[str]:
    return [
        "print(c(tau2=res$tau2, I2_from_Q=100 * max(0, (res$QE - (res$k - 1)) / res$QE), I2_from_tau2=res$I2))"
    ]


def _prediction(result: PooledResult) -> list[str]:
    """metafor's own prediction interval takes the normal distribution with a Wald interval; ours takes t throughout."""
    if result.prediction_low is None:
        return []
    df = "res$k - 1" if result.spec.prediction is PredictionDf.K_MINUS_1 else "res$k - 2"
    tail = (1 + result.spec.level) / 2
    return [
        f"reach <- qt({tail!r}, {df}) * sqrt(res$tau2 + res$se^2)",
        "print(c(pi.lb=res$beta[[1]] - reach, pi.ub=res$beta[[1]] + reach))",
    ]


def _q_profile(result: PooledResult) -> list[str]:
    """metafor searches up to a limit only, which the interval of a few different studies exceeds."""
    if result.spec.method is not Method.IV or result.tau2_ci_high is None:
        return []
    limit = max(100.0, 2 * result.tau2_ci_high)
    return [f"print(confint(res, control=list(tau2.max={limit!r})))  # tau2 by the Q-profile method"]


def _mantel_haenszel(result: PooledResult) -> list[str]:
    spec = result.spec
    adds = (
        'add=c(1/2, 0), to=c("only0", "none")'
        if spec.zero is ZeroRule.POOL_NONE
        else 'add=c(1/2, 1/2), to=c("only0", "only0")'
    )
    drop = "c(TRUE, TRUE)" if spec.measure.is_ratio else "c(FALSE, FALSE)"
    fit = f'rma.mh(measure="{spec.measure}", {_COUNTS}, slab=study, data=dat, {adds}, drop00={drop}{_level(result)})'
    if spec.model is Model.COMMON:
        lines = [f"res <- {fit}", *_show()]
        return lines + (_greenland_robins(result) if spec.rd_se is RdSe.GREENLAND_ROBINS else [])
    return [
        "# As RevMan 5's “M-H, random”: DerSimonian-Laird with the Q around the Mantel-Haenszel effect",
        f"mh <- {fit}",
        *_effects(result, DataKind.COUNTS),
        "w <- 1 / dat$vi",
        "Q <- sum(w * (dat$yi - mh$beta[[1]])^2)",
        "tau2 <- if (length(w) > 1) max(0, (Q - (length(w) - 1)) / (sum(w) - sum(w^2) / sum(w))) else 0",
        _rma(result, "dat", tau2="tau2"),
        "print(c(estimate=res$beta[[1]], se=res$se, ci.lb=res$ci.lb, ci.ub=res$ci.ub, P=res$pval, Q=Q, tau2=tau2))",
        *_prediction(result),
    ]


def _greenland_robins(result: PooledResult) -> list[str]:
    corrected = result.spec.zero is ZeroRule.POOL_ONLY0
    tail = (1 + result.spec.level) / 2
    return [
        "# The standard error of Greenland and Robins 1985; metafor's is that of Sato 1989",
        "a <- dat$ai; b <- dat$n1i - a; c0 <- dat$ci; d <- dat$n2i - c0",
        *(
            [
                "half <- ifelse(a == 0 | b == 0 | c0 == 0 | d == 0, 1/2, 0)",
                "a <- a + half; b <- b + half; c0 <- c0 + half; d <- d + half",
            ]
            if corrected
            else []
        ),
        "n1 <- a + b; n2 <- c0 + d; N <- n1 + n2",
        "se <- sqrt(sum((a * b * n2^3 + c0 * d * n1^3) / (n1 * n2 * N^2))) / sum(n1 * n2 / N)",
        f"reach <- qnorm({tail!r}) * se",
        "est <- res$beta[[1]]",
        "print(c(estimate=est, se=se, ci.lb=est - reach, ci.ub=est + reach, P=2 * pnorm(-abs(est / se)), Q=res$QE))",
    ]


def _is_by_rule(result: PooledResult) -> bool:
    """Whether parts of the data may have another interval than all of them."""
    return result.spec.ci_method is CiMethod.AUTO and result.spec.model is Model.RANDOM


def _more(inputs: Sequence[Mapping[str, Any]], result: PooledResult) -> list[str]:
    """What else the page shows, where metafor has it for this kind of analysis."""
    if result.k < 3:
        return []
    by_rule = _is_by_rule(result)
    lines = ["forest(res, header=TRUE)", *(_BY_RULE if by_rule else ["print(leave1out(res))"])]
    if result.spec.method is Method.IV:
        if any(row.get("year") is not None for row in inputs):
            lines += _CUMULATIVE_BY_RULE if by_rule else ["print(cumul(res, order=dat$year))"]
        lines += [
            'funnel(res, refline=0, level=c(90, 95, 99), shade=c("white", "gray85", "gray75"))',
            'print(regtest(res, model="lm"))  # Egger',
            "print(ranktest(res))  # Begg",
            "print(trimfill(res))",
        ]
    return [*lines, *_subgroups(inputs, result)]


def _subgroups(inputs: Sequence[Mapping[str, Any]], result: PooledResult) -> list[str]:
    names = {row.get("subgroup") or "" for row in inputs}
    if len(names - {""}) < 2 or result.spec.method is not Method.IV:
        return []
    fit = "refit(part)" if _is_by_rule(result) else "update(res, data=part)"
    return [
        "# Subgroups, each with a tau2 of its own, and the test for differences between them",
        f"groups <- lapply(split(dat, dat$subgroup), function(part) {fit})",
        'for (name in names(groups)) { cat(name, "\\n"); print(groups[[name]]) }',
        'named <- groups[names(groups) != ""]',
        "est <- sapply(named, function(part) part$beta[[1]])",
        "se <- sapply(named, function(part) sqrt(1 / sum(1 / (part$vi + part$tau2))))",
        'print(rma(est, sei=se, method="EE"))  # its Q is the test for subgroup differences',
    ]
