"""Which column is which: the canonical names, the other names that are understood, and no guessing.

A header is compared without case, spaces, punctuation and invisible characters. `%` is kept, so that "events %"
is never taken for a count. A name that does not say which arm it belongs to is never mapped.
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches

from metaanalysis.importers.table import ProblemLog, visible

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
MEASURE_NAMES = {
    "events": ("events", "event", "ev", "cases", "n_events", "number_of_events", "events_n"),
    "n": ("n", "total", "totals", "participants", "patients", "sample_size", "n_total", "total_n"),
    "mean": ("mean",),
    "sd": ("sd", "std", "std_dev", "standard_deviation"),
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
    "estimate": ("estimate", "yi", "te"),
    "se": ("se", "sei", "sete", "standard_error", "std_error"),
}
METAFOR_COUNTS = {
    "ai": "events_intervention",
    "n1i": "n_intervention",
    "ci": "events_comparison",
    "n2i": "n_comparison",
}
"""Only together: `ci` alone is as likely a confidence interval."""
UNCLEAR_ARM = frozenset(
    {name for names in MEASURE_NAMES.values() for name in names}
    | {
        f"{measure}_{arm}"
        for measure in ("events", "n", "total", "mean", "sd")
        for arm in ("a", "b", "g1", "g2")
    }
    | {"total_events", "group_1", "group_2"}
)
NAME_COLUMNS = frozenset({"study", "outcome", "timepoint", "population", "subgroup"})
COUNT_COLUMNS = ("events_intervention", "n_intervention", "events_comparison", "n_comparison")


@dataclass(frozen=True)
class Layout:
    """A kind of table, by the columns that it must have."""

    name: str
    required: tuple[str, ...]
    title: str


COUNTS = Layout("counts", ("study", *COUNT_COLUMNS), "events and totals")
LAYOUTS_NOT_READ_YET = (
    Layout(
        "means",
        (
            "study",
            "mean_intervention",
            "sd_intervention",
            "n_intervention",
            "mean_comparison",
            "sd_comparison",
            "n_comparison",
        ),
        "means and standard deviations",
    ),
    Layout("generic", ("study", "estimate", "se"), "estimates with standard errors"),
)


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
    return re.sub(r"[\s_.\-/():\[\]]+", "_", kept).strip("_")


def known_names(headers: list[str]) -> list[str | None]:
    """The canonical name of each header, None where it has none."""
    keys = [normalised(header) for header in headers]
    names = dict(_ALIASES)
    if METAFOR_COUNTS.keys() <= set(keys):
        names.update(METAFOR_COUNTS)
    return [names.get(key) for key in keys]


def map_columns(headers: list[str], row: int, log: ProblemLog) -> tuple[Column, ...]:
    """The columns with a name; every missing, doubled or unclear one is logged as an error."""
    canonical = known_names(headers)
    columns = tuple(
        Column(index, header.strip(), name)
        for index, (header, name) in enumerate(zip(headers, canonical, strict=True))
        if normalised(header)
    )
    _log_repeated(columns, row, log)
    found = {column.canonical for column in columns}
    missing = [name for name in COUNTS.required if name not in found]
    if missing:
        _log_missing(missing, columns, row, log)
    return columns


def _aliases() -> dict[str, str]:
    names = {alias: canonical for canonical, aliases in SINGLE_NAMES.items() for alias in aliases}
    for measure, measure_aliases in MEASURE_NAMES.items():
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


_ALIASES = _aliases()


def _log_repeated(columns: tuple[Column, ...], row: int, log: ProblemLog) -> None:
    first: dict[str, Column] = {}
    for column in columns:
        meaning = column.canonical or normalised(column.written)
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


def _log_missing(missing: list[str], columns: tuple[Column, ...], row: int, log: ProblemLog) -> None:
    found = {column.canonical for column in columns}
    for layout in LAYOUTS_NOT_READ_YET:
        if set(layout.required) <= found:
            text = f"this table holds {layout.title}; only tables of {COUNTS.title} can be read so far."
            log.error("layout_not_read", text, row=row)
            return
    unclear = [column for column in columns if normalised(column.written) in UNCLEAR_ARM]
    for column in unclear:
        text = (
            "this name does not say which arm the column belongs to. Name the columns "
            f"{', '.join(COUNT_COLUMNS)}."
        )
        log.error("ambiguous_column", text, row=row, column=column.written)
    unknown = [column.written for column in columns if column.canonical is None and column not in unclear]
    listed = ", ".join(visible(column.written) for column in columns) or "none"
    for name in missing:
        nearest = _nearest(name, unknown)
        hint = f" Did you mean '{visible(nearest)}'? Then rename it." if nearest else " Add it."
        log.error("missing_column", f"the column {name} is missing.{hint} Columns found: {listed}.", row=row)


def _nearest(name: str, written: list[str]) -> str | None:
    """The header most like any accepted name of the missing column, if one is close enough."""
    by_key = {normalised(header): header for header in written}
    for alias in (
        name,
        *(alias for alias, canonical in _ALIASES.items() if canonical == name and len(alias) > 4),
    ):
        close = get_close_matches(alias, by_key, n=1, cutoff=0.8)
        if close:
            return by_key[close[0]]
    return None
