"""Which column is which, and the kind of table that they make: nothing is guessed, what is unclear is logged."""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from metaanalysis.importers.column_names import (
    ALIASES,
    ARM_NAMES,
    ARM_STANDARD_ERROR,
    COUNT_COLUMNS,
    ESTIMATE_COLUMNS,
    MEAN_COLUMNS,
    NONEVENT_COLUMNS,
    RATIO_COLUMNS,
    SCALED_COLUMNS,
    SE_COLUMNS,
    TEXT_COLUMNS,
    UNCLEAR_ARM,
    WHOLE_INTERVAL,
    known_names,
    measure_of,
    normalised,
)
from metaanalysis.importers.table import Kind, ProblemLog, visible


@dataclass(frozen=True)
class Layout:
    """A kind of table: its usual columns, and all those that it can use beside the study, its year and its texts."""

    kind: Kind
    usual: tuple[str, ...]
    numbers: tuple[str, ...]
    title: str

    def uses(self, canonical: str | None) -> bool:
        return canonical in {"study", "year", *TEXT_COLUMNS, *self.numbers}


COUNTS = Layout("counts", COUNT_COLUMNS, (*COUNT_COLUMNS, *NONEVENT_COLUMNS), "events and totals")
MEANS = Layout("means", MEAN_COLUMNS, MEAN_COLUMNS, "means and standard deviations")
ESTIMATE = Layout(
    "estimate", ("estimate", "se"), ESTIMATE_COLUMNS, "estimates with standard errors or intervals"
)
LAYOUTS = (COUNTS, MEANS, ESTIMATE)


@dataclass(frozen=True)
class Column:
    """A column of the file. `canonical` is None for one that we do not know, which goes into the note."""

    index: int
    written: str
    canonical: str | None


def complete_layouts(found: Collection[str | None]) -> tuple[Layout, ...]:
    """The kinds of table whose necessary columns are all there."""
    if "study" not in found:
        return ()
    totals = all(f"n_{arm}" in found or f"nonevents_{arm}" in found for arm in ARM_NAMES)
    complete = {
        "counts": totals and {"events_intervention", "events_comparison"} <= set(found),
        "means": set(MEAN_COLUMNS) <= set(found),
        "estimate": _has_estimate(found),
    }
    return tuple(layout for layout in LAYOUTS if complete[layout.kind])


def _has_estimate(found: Collection[str | None]) -> bool:
    if "o_e" in found:
        return "variance" in found
    has_scaled = any(name in found for name in SCALED_COLUMNS)
    has_se = any(name in found for name in (*SE_COLUMNS, "variance"))
    has_ci = {"ci_low", "ci_high"} <= set(found)
    if has_scaled and (has_se or has_ci):
        return True
    ratios = [name for name in RATIO_COLUMNS if name in found]
    return any(has_se or has_ci or {f"{name}_ci_low", f"{name}_ci_high"} <= set(found) for name in ratios)


def map_columns(headers: list[str], row: int, log: ProblemLog) -> tuple[tuple[Column, ...], Layout]:
    """The columns with a name, and the kind of table; every missing, doubled or unclear one is logged as an error.

    Where a table has all columns of two kinds, an estimate beside the arms' own counts or means is extra information
    and stays in the note, with a warning; counts beside means are refused, for either may be what is meant.
    """
    canonical = known_names(headers)
    columns = tuple(
        Column(index, header.strip(), name)
        for index, (header, name) in enumerate(zip(headers, canonical, strict=True))
        if normalised(header)
    )
    found = {column.canonical for column in columns}
    complete = complete_layouts(found)
    layout = complete[0] if complete else _nearest_layout(found)
    _log_repeated(columns, layout, row, log)
    if not complete:
        _log_missing(columns, layout, row, log)
    elif len(complete) > 1:
        _log_several(complete, columns, row, log)
    elif layout is ESTIMATE:
        _log_unclear_estimate(columns, row, log)
    return columns, layout


def _nearest_layout(found: Collection[str | None]) -> Layout:
    if any(name in found for name in (*COUNT_COLUMNS[::2], *NONEVENT_COLUMNS)):
        return COUNTS
    if any(f"{number}_{arm}" in found for number in ("mean", "sd") for arm in ARM_NAMES):
        return MEANS
    if any(name in found for name in ESTIMATE_COLUMNS):
        return ESTIMATE
    return COUNTS


def _log_repeated(columns: tuple[Column, ...], layout: Layout, row: int, log: ProblemLog) -> None:
    first: dict[str, Column] = {}
    for column in columns:
        used = column.canonical if layout.uses(column.canonical) else None
        meaning = used or normalised(column.written)
        before = first.setdefault(meaning, column)
        if before is column:
            continue
        places = f"columns {before.index + 1} and {column.index + 1}"
        if normalised(before.written) == normalised(column.written):
            text = f"this column name appears twice ({places}). Delete or rename one of them."
        else:
            text = (
                f"'{visible(before.written)}' and '{visible(column.written)}' ({places}) both mean {meaning}. "
                "Delete or rename one of them."
            )
        log.error("duplicate_column", text, row=row, column=column.written)


def _log_several(
    complete: tuple[Layout, ...], columns: tuple[Column, ...], row: int, log: ProblemLog
) -> None:
    if COUNTS in complete and MEANS in complete:
        text = (
            f"this table holds both {COUNTS.title} and {MEANS.title}, which give different analyses. Put each in "
            "a table of its own."
        )
        log.error("two_layouts", text, row=row)
        return
    others = [column.written for column in columns if column.canonical in ESTIMATE_COLUMNS]
    listed = ", ".join(visible(name) for name in others)
    text = (
        f"this table holds {complete[0].title} and also estimates ({listed}). The {complete[0].title} are used; the "
        "estimates stay in the note. To pool the estimates, delete the columns of the arms."
    )
    log.warning("two_layouts", text, row=row)


def _log_missing(columns: tuple[Column, ...], layout: Layout, row: int, log: ProblemLog) -> None:
    found = {column.canonical for column in columns}
    missing = [name for name in ("study", *layout.usual) if name not in found]
    unclear = [column for column in columns if normalised(column.written) in UNCLEAR_ARM]
    unclear = [] if layout is ESTIMATE else unclear
    for column in unclear:
        names = ", ".join(layout.usual)
        text = f"this name does not say which arm the column belongs to. Name the columns {names}."
        log.error("ambiguous_column", text, row=row, column=column.written)
    unknown = [column.written for column in columns if column.canonical is None and column not in unclear]
    listed = ", ".join(visible(column.written) for column in columns) or "none"
    if layout is ESTIMATE:
        missing = [name for name in missing if name == "study"]
        _log_incomplete_estimate(columns, listed, row, log)
    for name in missing:
        hint = _standard_error_hint(name, unknown) or _hint(_nearest(name, unknown))
        log.error("missing_column", f"the column {name} is missing.{hint} Columns found: {listed}.", row=row)


def _hint(nearest: str | None) -> str:
    return f" Did you mean '{visible(nearest)}'? Then rename it." if nearest else " Add it."


def _standard_error_hint(name: str, written: list[str]) -> str:
    """A standard error is never offered as a standard deviation."""
    if not name.startswith("sd_"):
        return ""
    for header in written:
        error = ARM_STANDARD_ERROR.fullmatch(normalised(header))
        if error and ALIASES.get(f"sd_{error[2]}") == name:
            return (
                f" '{visible(header)}' seems to be a standard error: SD = SE × √n. Compute the SD and add it."
            )
    return ""


def _log_incomplete_estimate(columns: tuple[Column, ...], listed: str, row: int, log: ProblemLog) -> None:
    found = {column.canonical for column in columns}
    if "o_e" in found and "variance" not in found:
        log.error(
            "missing_column",
            f"the column v (variance of O-E) is missing. Add it. Columns found: {listed}.",
            row=row,
        )
        return
    if not any(name in found for name in (*SCALED_COLUMNS, *RATIO_COLUMNS, "o_e")):
        text = f"the column estimate is missing (or hr, or, rr; or o_e). Add it. Columns found: {listed}."
        log.error("missing_column", text, row=row)
        return
    for column in columns:
        if column.canonical is None and WHOLE_INTERVAL.fullmatch(normalised(column.written)):
            text = "an interval needs two columns. Write its limits in the columns ci_low and ci_high."
            log.error("ambiguous_column", text, row=row, column=column.written)
            return
    if not _has_estimate(found):
        half = any(name is not None and name.endswith(("ci_low", "ci_high")) for name in found)
        need = "both limits of the interval, ci_low and ci_high" if half else "se, or both ci_low and ci_high"
        text = f"an estimate needs {need}. Add the columns. Columns found: {listed}."
        log.error("missing_column", text, row=row)


def _log_unclear_estimate(columns: tuple[Column, ...], row: int, log: ProblemLog) -> None:
    """Two effects in a row, or a standard error that belongs to neither: which one is meant is not guessed."""
    written = {column.canonical: column.written for column in columns}
    scaled = [name for name in SCALED_COLUMNS if name in written]
    ratios = [name for name in RATIO_COLUMNS if name in written]
    errors = [name for name in SE_COLUMNS if name in written]
    several = [group for group in (scaled, ratios, errors) if len(group) > 1]
    if "o_e" in written and (ratios or (scaled and not errors)):
        several.append(["o_e", *scaled, *ratios])
    several += [
        ["ci_low", f"{name}_ci_low"] for name in ratios if {"ci_low", f"{name}_ci_low"} <= written.keys()
    ]
    measures = {name: measure for name in (*scaled, *ratios, *errors) if (measure := measure_of(name))}
    if not several and len(set(measures.values())) > 1:
        several.append(list(measures))
    for group in several:
        names = " and ".join(f"'{visible(written[name])}'" for name in group)
        text = f"{names} are different results. Keep the columns of one of them and delete the others."
        log.error("two_estimates", text, row=row, column=written[group[-1]])
    has_limits = "ci_low" in written or any(f"{name}_ci_low" in written for name in ratios)
    if (
        ratios
        and not several
        and not scaled
        and ("variance" in written or "se" in written)
        and not has_limits
    ):
        name = "se" if "se" in written else "variance"
        text = (
            f"is this of the {measure_of(ratios[0])} or of its logarithm? Name the column se_log_{ratios[0]} if it is "
            "the standard error of the logarithm, or give the limits of the interval."
        )
        log.error("unclear_scale", text, row=row, column=written[name])


def _nearest(name: str, written: list[str]) -> str | None:
    """The header most like any accepted name of the missing column, if one is close enough."""
    by_key = {
        normalised(header): header
        for header in written
        if not ARM_STANDARD_ERROR.fullmatch(normalised(header))
    }
    for alias in (
        name,
        *(alias for alias, canonical in ALIASES.items() if canonical == name and len(alias) > 4),
    ):
        close = get_close_matches(alias, by_key, n=1, cutoff=0.8)
        if close:
            return by_key[close[0]]
    return None
