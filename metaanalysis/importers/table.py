"""What reading a study table gives: rows, how the columns were understood, and every problem found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from metaanalysis.importers.limits import MAX_PROBLEMS_KEPT

Severity = Literal["error", "warning"]
Kind = Literal["counts", "means", "estimate"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong (error: nothing may be imported) or odd (warning: import after an explicit tick).

    `message` is the whole sentence with sheet, row, column, value and remedy; `row` is the number the person
    sees in their spreadsheet (header = row 1); `column` is the name as they wrote it.
    """

    code: str
    severity: Severity
    message: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class StudyRow:
    """What one study says, by `kind`; the numbers of the other kinds are None. Absent texts are "".

    counts: 0 <= events <= n, n >= 1 in both arms. means: sd above 0, n >= 2 in both arms. estimate: `estimate` and `se`
    on the analysis scale (natural logarithm for ratios), se above 0; `measure` is what the file says it is (HR, OR, RR,
    RD, MD, SMD), "" where it does not say. `extra` holds what the columns say that are not used for pooling, by their
    names as written; it is in `note` too.
    """

    row: int
    study: str
    year: int | None
    events_intervention: int | None = None
    n_intervention: int | None = None
    events_comparison: int | None = None
    n_comparison: int | None = None
    outcome: str = ""
    timepoint: str = ""
    population: str = ""
    subgroup: str = ""
    source: str = ""
    note: str = ""
    kind: Kind = "counts"
    mean_intervention: float | None = None
    sd_intervention: float | None = None
    mean_comparison: float | None = None
    sd_comparison: float | None = None
    estimate: float | None = None
    se: float | None = None
    measure: str = ""
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class ParsedTable:
    """A study table as it was read. `rows` is empty as soon as there is one error: all or nothing.

    `problems` keeps the first 50 errors and the first 50 warnings; `error_count` and `warning_count` are the totals.
    `notices` are remarks that need no tick (a skipped `sep=` line, a table that does not start in A1).
    `column_mapping` holds (name as written, canonical name); a column we do not know maps to "note".
    `layout` says which kind the rows are of, "mixed" where a file holds several.
    """

    file_format: Literal["csv", "xlsx", "revman5-csv", "revman-web", "rm5", "unknown"] = "unknown"
    layout: Literal["counts", "means", "estimate", "mixed"] = "counts"
    encoding: str = ""
    delimiter: str = ""
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    column_mapping: tuple[tuple[str, str], ...] = ()
    rows: tuple[StudyRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    error_count: int = 0
    warning_count: int = 0
    notices: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def ok(self) -> bool:
        """True if the rows may be imported (after a tick, when there are warnings)."""
        return self.error_count == 0

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Outcomes named in the table, in the order of the rows; "" where a row names none."""
        return _distinct(row.outcome for row in self.rows)

    @property
    def populations(self) -> tuple[str, ...]:
        """Populations named in the table, in the order of the rows; "" where a row names none."""
        return _distinct(row.population for row in self.rows)


class Refusal(Exception):
    """Reading cannot go on: the file, sheet or row named here ends it."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
        sheet: str | None = None,
        sheets: tuple[str, ...] = (),
    ) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.row = row
        self.column = column
        self.value = value
        self.sheet = sheet
        self.sheets = sheets


@dataclass
class ProblemLog:
    """Collects problems; counts all, keeps the first of each severity."""

    sheet: str | None = None
    problems: list[Problem] = field(default_factory=list)
    counts: dict[Severity, int] = field(default_factory=lambda: {"error": 0, "warning": 0})
    notices: list[str] = field(default_factory=list)

    def add(
        self,
        severity: Severity,
        code: str,
        text: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """`text` says what is wrong and what to do, in sentences, without the place."""
        self.counts[severity] += 1
        if self.counts[severity] > MAX_PROBLEMS_KEPT:
            return
        shown = None if value is None else visible(value)
        message = _message(text, self.sheet, row, column, shown)
        self.problems.append(Problem(code, severity, message, self.sheet, row, column, shown))

    def error(
        self,
        code: str,
        text: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        self.add("error", code, text, row=row, column=column, value=value)

    def warning(
        self,
        code: str,
        text: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        self.add("warning", code, text, row=row, column=column, value=value)

    def refuse(self, refusal: Refusal) -> None:
        self.sheet = refusal.sheet or self.sheet
        self.error(refusal.code, refusal.text, row=refusal.row, column=refusal.column, value=refusal.value)

    @property
    def has_errors(self) -> bool:
        return self.counts["error"] > 0


def visible(text: str, limit: int = 60) -> str:
    """Text as it may be shown in a message: invisible characters spelled out, long text cut."""
    spelled = "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text[: limit + 1])
    return spelled if len(text) <= limit else spelled[:limit] + "…"


def _message(text: str, sheet: str | None, row: int | None, column: str | None, value: str | None) -> str:
    place = [f"sheet '{visible(sheet)}'"] if sheet is not None else []
    if row is not None:
        place.append(f"row {row}")
    if column is not None:
        place.append(f"column {visible(column)}")
    if not place:
        shown = f"'{value}': {text}" if value is not None else text
        return shown[:1].upper() + shown[1:]
    where = ", ".join(place)
    where = where[:1].upper() + where[1:]
    return f"{where} ('{value}'): {text}" if value is not None else f"{where}: {text}"


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
