"""Which column is which: the canonical names, the other names that are understood, and no guessing.

A header is compared without case, spaces, punctuation and invisible characters. `%` is kept, so that "events %"
is never taken for a count. A name that does not say which arm it belongs to is never mapped.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches

from metaanalysis.importers.table import Kind, ProblemLog, visible

ARM_NAMES = {
    "intervention": (
        *("intervention", "interv", "int", "i", "treatment", "treated", "treat", "trt", "tx", "t"),
        *("experimental", "exp", "e", "active", "1"),
    ),
    "comparison": (
        *("comparison", "comparator", "comp", "control", "controls", "ctl", "ctrl", "con", "cont", "c"),
        *("placebo", "2"),
    ),
}
ARM_COLUMN_NAMES = {
    "events": ("events", "event", "ev", "cases", "n_events", "number_of_events", "events_n"),
    "n": ("n", "total", "totals", "participants", "patients", "sample_size", "n_total", "total_n"),
    "mean": ("mean",),
    "sd": ("sd", "std", "std_dev", "stdev", "standard_deviation"),
    "nonevents": ("nonevents", "non_events", "nonevent", "non_event"),
}
SINGLE_NAMES = {
    "study": (
        "study",
        "study_id",
        "study_name",
        "trial",
        "trial_name",
        "study_or_subgroup",
        "studlab",
        "slab",
    ),
    "year": ("year", "study_year", "publication_year", "pub_year"),
    "outcome": ("outcome", "outcome_name", "endpoint"),
    "timepoint": ("timepoint", "time_point", "followup", "follow_up"),
    "population": ("population",),
    "subgroup": ("subgroup", "sub_group"),
    "source": ("source", "reference", "source_ref"),
    "note": ("note", "notes", "comment", "comments"),
    "measure": ("measure", "effect_measure"),
    "estimate": ("estimate", "yi", "te"),
    "se": ("se", "sei", "sete", "standard_error", "std_error"),
    "variance": ("variance", "var", "v", "vi", "v_o_e", "var_o_e", "variance_o_e"),
    "o_e": ("o_e", "o_minus_e", "oe", "observed_minus_expected"),
    "md": ("md", "mean_difference"),
    "smd": (
        "smd",
        "hedges_g",
        "std_mean_difference",
        "standardised_mean_difference",
        "standardized_mean_difference",
    ),
    "rd": ("rd", "risk_difference"),
}
RATIO_NAMES = {
    "hr": ("hr", "hazard_ratio", "hazards_ratio"),
    "or": ("or", "odds_ratio"),
    "rr": ("rr", "risk_ratio", "relative_risk"),
}
MEASURES = {"hr": "HR", "or": "OR", "rr": "RR", "md": "MD", "smd": "SMD", "rd": "RD"}
RATIO_COLUMNS = tuple(RATIO_NAMES)
SCALED_COLUMNS = ("estimate", "log_hr", "log_or", "log_rr", "md", "smd", "rd")
"""An effect on the analysis scale."""
SE_COLUMNS = ("se", "se_log_hr", "se_log_or", "se_log_rr")
INTERVAL_WORDS = frozenset({"ci", "conf", "confidence", "interval", "limit", "bound", "cl"})
INTERVAL_SIDES = {
    **dict.fromkeys(("low", "lower", "lo", "lb", "ll", "l", "start", "lcl", "lci"), "ci_low"),
    **dict.fromkeys(("high", "upper", "hi", "up", "ub", "ul", "u", "end", "ucl", "uci"), "ci_high"),
}
SIDES_THAT_STAND_ALONE = frozenset({"lower", "upper", "lcl", "ucl", "lci", "uci"})
"""The others mean a limit only beside a word for the interval, its level or a ratio."""
METAFOR_GROUPS = (
    {
        "ai": "events_intervention",
        "n1i": "n_intervention",
        "ci": "events_comparison",
        "n2i": "n_comparison",
    },
    {
        "ai": "events_intervention",
        "bi": "nonevents_intervention",
        "ci": "events_comparison",
        "di": "nonevents_comparison",
    },
    {
        "tpos": "events_intervention",
        "tneg": "nonevents_intervention",
        "cpos": "events_comparison",
        "cneg": "nonevents_comparison",
    },
    {
        "m1i": "mean_intervention",
        "sd1i": "sd_intervention",
        "n1i": "n_intervention",
        "m2i": "mean_comparison",
        "sd2i": "sd_comparison",
        "n2i": "n_comparison",
    },
)
"""Each only together: `ci` alone is as likely a confidence interval."""
WHOLE_INTERVAL = re.compile(r"(95_?%?_)?(ci|conf(idence)?_int(erval)?)(_95_?%?)?|ci_?95_?%?|95%?_?ci")
ARM_STANDARD_ERROR = re.compile(r"(se|sem|standard_error|std_error)_?(.*)")
UNCLEAR_ARM = frozenset(
    {name for names in ARM_COLUMN_NAMES.values() for name in names}
    | {
        f"{measure}_{arm}"
        for measure in ("events", "n", "total", "mean", "sd")
        for arm in ("a", "b", "g1", "g2")
    }
    | {"total_events", "group_1", "group_2"}
)
NAME_COLUMNS = frozenset({"study", "outcome", "timepoint", "population", "subgroup"})
COUNT_COLUMNS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")
NONEVENT_COLUMNS = ("nonevents_intervention", "nonevents_comparison")
MEAN_COLUMNS = (
    "mean_intervention",
    "sd_intervention",
    "n_intervention",
    "mean_comparison",
    "sd_comparison",
    "n_comparison",
)
ESTIMATE_COLUMNS = (
    *SCALED_COLUMNS,
    *RATIO_COLUMNS,
    *SE_COLUMNS,
    *(f"{ratio}_ci_{bound}" for ratio in RATIO_COLUMNS for bound in ("low", "high")),
    *("variance", "ci_low", "ci_high", "o_e", "measure"),
)
TEXT_COLUMNS = ("outcome", "timepoint", "population", "subgroup", "source", "note")


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


def normalised(header: str) -> str:
    """The header in lower case, words joined by one underscore, invisible characters removed."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    kept = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return re.sub(r"[\s_.\-−–/():\[\]]+", "_", kept).strip("_")


def known_names(headers: list[str]) -> list[str | None]:
    """The canonical name of each header, None where it has none."""
    keys = [normalised(header) for header in headers]
    names = dict(_ALIASES)
    for group in METAFOR_GROUPS:
        if group.keys() <= set(keys):
            names.update(group)
    return [names.get(key) or interval_column(key) for key in keys]


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


def _aliases() -> dict[str, str]:
    names = {alias: canonical for canonical, aliases in SINGLE_NAMES.items() for alias in aliases}
    return names | _arm_aliases() | _ratio_aliases()


def _arm_aliases() -> dict[str, str]:
    names = {}
    for measure, measure_aliases in ARM_COLUMN_NAMES.items():
        for arm, arm_aliases in ARM_NAMES.items():
            for measure_alias in measure_aliases:
                for arm_alias in arm_aliases:
                    canonical = f"{measure}_{arm}"
                    names[f"{measure_alias}_{arm_alias}"] = canonical
                    if arm_alias.isdigit():
                        names[f"{measure_alias}{arm_alias}"] = canonical
                    else:
                        names[f"{arm_alias}_{measure_alias}"] = canonical
    return names


def _ratio_aliases() -> dict[str, str]:
    """hr and its kin, and their logarithms (log_hr, loghr, lnHR, log(HR)) with standard errors."""
    names = {}
    for ratio, aliases in RATIO_NAMES.items():
        for alias in aliases:
            names[alias] = ratio
            for logarithm in (f"log_{alias}", f"log{alias}", f"ln_{alias}", f"ln{alias}"):
                names[logarithm] = f"log_{ratio}"
                for error in (
                    f"se_{logarithm}",
                    f"se{logarithm}",
                    f"{logarithm}_se",
                    f"standard_error_{logarithm}",
                ):
                    names[error] = f"se_log_{ratio}"
    return names


def interval_column(key: str) -> str | None:
    """ci_low or ci_high, hr_ci_low … where a ratio is named, for a header of a limit; any level given must be 95 %."""
    words = [word for word in re.findall(r"[a-z]+|[0-9]+%?", key) if word not in {"95", "95%"}]
    has_level = bool(re.search(r"(?<![0-9])95(?![0-9])", key))
    sides = [word for word in words if word.removeprefix("ci") in INTERVAL_SIDES]
    if len(sides) != 1:
        return None
    side = sides[0]
    rest = [word for word in words if word != side and word not in INTERVAL_WORDS]
    canonical = INTERVAL_SIDES[side.removeprefix("ci")]
    if not rest:
        has_word = side.startswith("ci") or any(word in INTERVAL_WORDS for word in words)
        return canonical if has_word or has_level or side in SIDES_THAT_STAND_ALONE else None
    ratio = next((name for name, aliases in RATIO_NAMES.items() if "_".join(rest) in aliases), None)
    return f"{ratio}_{canonical}" if ratio else None


_ALIASES = _aliases()


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
        if error and _ALIASES.get(f"sd_{error[2]}") == name:
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


def measure_of(column: str) -> str:
    """HR, OR, RR, RD, MD or SMD where the column's name says it, else ""."""
    return MEASURES.get(column.rpartition("log_")[2], "")


def _nearest(name: str, written: list[str]) -> str | None:
    """The header most like any accepted name of the missing column, if one is close enough."""
    by_key = {
        normalised(header): header
        for header in written
        if not ARM_STANDARD_ERROR.fullmatch(normalised(header))
    }
    for alias in (
        name,
        *(alias for alias, canonical in _ALIASES.items() if canonical == name and len(alias) > 4),
    ):
        close = get_close_matches(alias, by_key, n=1, cutoff=0.8)
        if close:
            return by_key[close[0]]
    return None
