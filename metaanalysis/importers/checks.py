"""Checks of the rows against one another and for plausibility: duplicates, totals, zero cells, odd sizes."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from metaanalysis.importers.table import ProblemLog, StudyRow, visible

_LOOK_ALIKES = str.maketrans("авеіјкмнорсѕтухԁԛԝьαβεικνορτυχγ", "abeijkmhopcstyxdqwbabeikvoptuxy")
_TOTAL = re.compile(
    r"(sub)?totals?\b|sum\b|pooled\b|overall\b|combined\b|all (studies|trials)\b|gesamt\b|summe\b",
    re.IGNORECASE,
)
_CONTINUITY = "in ratio measures 0.5 is added to its four cells (zero-cell rule only0)"
Counts = tuple[int, int, int, int]


def check_rows(
    rows: Sequence[StudyRow], names: dict[str, str], log: ProblemLog, *, has_row_numbers: bool = True
) -> None:
    """`names` gives each canonical column's name as written, for the messages."""
    _check_duplicates(rows, names, log, has_row_numbers=has_row_numbers)
    _check_totals(rows, names, log)
    for row in rows:
        if row.kind == "counts":
            _check_zero_cells(row, names, log)
        if row.kind == "means":
            _check_spreads(row, names, log)
        if row.kind != "estimate":
            _check_sizes(row, names, log)
    _check_swapped(rows, names, log)
    _check_timepoints(rows, log)


def check_against_earlier(
    rows: Iterable[StudyRow], earlier: Iterable[tuple[str, int, int]], log: ProblemLog
) -> None:
    """Warns of a study whose two totals stand the other way round in earlier data: (study, n_int, n_comp)."""
    known = {(folded(study), first, second) for study, first, second in earlier}
    for row in rows:
        first, second = row.n_intervention, row.n_comparison
        key = folded(row.study)
        if first != second and (key, second, first) in known and (key, first, second) not in known:
            log.warning("arms_swapped", _swapped_text(row), row=row.row, column="study", value=row.study)


def folded(text: str) -> str:
    """The text without case, accents, spaces and punctuation, look-alike letters made Latin."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LOOK_ALIKES)
    return "".join(char for char in plain if char.isalnum()) or text


def _setting(row: StudyRow) -> tuple[str, ...]:
    return tuple(folded(part) for part in (row.outcome, row.timepoint, row.population, row.subgroup))


def _check_duplicates(
    rows: Sequence[StudyRow], names: dict[str, str], log: ProblemLog, *, has_row_numbers: bool
) -> None:
    exact: dict[tuple[str, ...], StudyRow] = {}
    alike: dict[tuple[str, ...], StudyRow] = {}
    for row in rows:
        setting = _setting(row)
        same = exact.setdefault((row.study, *setting), row)
        similar = alike.setdefault((folded(row.study), *setting), row)
        if same is not row:
            text = (
                f"this study is already in row {same.row}. Give each study its own name, or tell the rows apart "
                "by outcome, timepoint, population or subgroup."
            )
            log.error("duplicate_study", text, row=row.row, column=names["study"], value=row.study)
        elif similar is not row:
            place = f" in row {similar.row}" if has_row_numbers else ""
            text = f"is this the same study as '{visible(similar.study)}'{place}? If so, delete one."
            log.warning("similar_study", text, row=row.row, column=names["study"], value=row.study)


def _counts(row: StudyRow) -> Counts:
    counts = row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison
    return counts[0] or 0, counts[1] or 0, counts[2] or 0, counts[3] or 0


def _plus(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]


def _check_totals(rows: Sequence[StudyRow], names: dict[str, str], log: ProblemLog) -> None:
    """A row of totals is known by its sums, by its name, or by both; of estimates only by the name."""
    nothing: Counts = (0, 0, 0, 0)
    overall, seen = nothing, 0
    by_outcome: dict[str, Counts] = {}
    for row in rows:
        own = by_outcome.get(folded(row.outcome), nothing)
        is_sum = row.kind != "estimate" and seen > 1 and _counts(row) in {overall, own}
        named = _TOTAL.match(row.study) is not None
        if is_sum and named:
            text = "this row is the total of the rows above. Delete it."
            log.error("total_row", text, row=row.row, column=names["study"], value=row.study)
        elif is_sum:
            what = "counts" if row.kind == "counts" else "numbers of people"
            text = f"these {what} are the sums of the rows above. If this is a total, delete the row."
            log.warning("total_row", text, row=row.row, column=names["study"], value=row.study)
        elif named:
            text = "this looks like a row of totals. If it is one, delete it."
            log.warning("total_row", text, row=row.row, column=names["study"], value=row.study)
        overall, seen = _plus(overall, _counts(row)), seen + 1
        by_outcome[folded(row.outcome)] = _plus(own, _counts(row))


def _check_zero_cells(row: StudyRow, names: dict[str, str], log: ProblemLog) -> None:
    none = (row.events_intervention == 0, row.events_comparison == 0)
    everybody = (row.events_intervention == row.n_intervention, row.events_comparison == row.n_comparison)
    if all(none) or all(everybody):
        code, what = ("double_zero", "nobody") if all(none) else ("all_events", "everybody")
        text = (
            f"{what} had the event in either arm. The study adds no information to a pooled ratio; it is kept and "
            "listed as excluded from it."
        )
        log.warning(code, text, row=row.row, column=names["study"], value=row.study)
    elif any(none) or any(everybody):
        arm = "intervention" if none[0] or everybody[0] else "comparison"
        what = "nobody" if any(none) else "everybody"
        text = f"{what} had the event in this arm; {_CONTINUITY}. Check the count."
        column = f"events_{arm}"
        log.warning("zero_cell", text, row=row.row, column=names[column], value=str(getattr(row, column)))


def _check_spreads(row: StudyRow, names: dict[str, str], log: ProblemLog) -> None:
    """Standard deviations so unlike that one may be a standard error, a variance, or of another unit."""
    spreads = {"sd_intervention": row.sd_intervention or 0.0, "sd_comparison": row.sd_comparison or 0.0}
    smaller = min(spreads, key=lambda name: spreads[name])
    if max(spreads.values()) >= 10 * spreads[smaller]:
        text = (
            "one standard deviation is at least 10 times the other "
            f"({row.sd_intervention:g} and {row.sd_comparison:g}). "
            "Check that both are standard deviations, not standard errors, and in the same unit."
        )
        log.warning("unequal_sds", text, row=row.row, column=names[smaller], value=f"{spreads[smaller]:g}")


def _check_sizes(row: StudyRow, names: dict[str, str], log: ProblemLog) -> None:
    totals = {"n_intervention": row.n_intervention or 0, "n_comparison": row.n_comparison or 0}
    for column, total in totals.items():
        if total < 5:
            text = "fewer than 5 people in this arm. Check the number."
            log.warning("small_total", text, row=row.row, column=_written(names, column), value=str(total))
    if max(totals.values()) > 20 * min(totals.values()):
        text = f"one arm is more than 20 times the other ({row.n_intervention} and {row.n_comparison}). Check both."
        column = _written(names, "n_intervention")
        log.warning("unequal_arms", text, row=row.row, column=column, value=str(row.n_intervention))


def _written(names: dict[str, str], total: str) -> str:
    """The column of an arm's total, or of its events where the total was made of events and non-events."""
    return names.get(total) or names[total.replace("n_", "events_")]


def _check_swapped(rows: Sequence[StudyRow], names: dict[str, str], log: ProblemLog) -> None:
    first_seen: dict[tuple[str, int, int], int] = {}
    for row in rows:
        key, first, second = folded(row.study), row.n_intervention or 0, row.n_comparison or 0
        if first != second and (key, second, first) in first_seen:
            log.warning(
                "arms_swapped", _swapped_text(row), row=row.row, column=names["study"], value=row.study
            )
        first_seen.setdefault((key, first, second), row.row)


def _swapped_text(row: StudyRow) -> str:
    return (
        f"elsewhere this study has {row.n_comparison} and {row.n_intervention} people in its arms, the other way "
        f"round than here ({row.n_intervention} and {row.n_comparison}). Check which arm is which."
    )


def _check_timepoints(rows: Sequence[StudyRow], log: ProblemLog) -> None:
    by_outcome: dict[str, dict[str, str]] = {}
    for row in rows:
        by_outcome.setdefault(row.outcome, {}).setdefault(folded(row.timepoint), row.timepoint)
    for outcome, timepoints in by_outcome.items():
        if len(timepoints) > 1:
            listed = ", ".join(
                visible(each) if each else "not given" for each in list(timepoints.values())[:12]
            )
            of = f" of outcome '{visible(outcome)}'" if outcome else ""
            text = f"the rows{of} have different follow-up times ({listed}). Check that they belong together."
            log.warning("mixed_timepoints", text)
