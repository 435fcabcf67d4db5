"""An estimate and its standard error on the analysis scale, from whatever a report prints of them.

Ratios with 95 % limits: estimate = ln(ratio), SE = (ln(high) - ln(low)) / (2 z), z = 1.959964 (Handbook 6.3.2).
Limits on the analysis scale: SE = (high - low) / (2 z). Variance: SE = sqrt(variance). O-E and V, for log-rank and
Peto results: estimate = (O-E)/V, SE = 1/sqrt(V) (Yusuf et al. 1985; Cochrane Handbook 6.8.2). What is printed has been
rounded: two results contradict each other only where no unrounded numbers could have been printed as these.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

from metaanalysis.importers.cells import Finding
from metaanalysis.importers.column_names import RATIO_COLUMNS, SCALED_COLUMNS, SE_COLUMNS, measure_of
from metaanalysis.importers.decimals import Number
from metaanalysis.importers.limits import MIN_SPREAD

Z = NormalDist().inv_cdf(0.975)
_FAR_FROM_THE_MIDDLE = 0.05
"""Share of half the interval's width that the estimate may lie off its middle, beyond rounding."""
_COARSE = 0.2
"""Share of the standard error that the rounding of the limits may leave open without a warning."""
_SAME = 1e-6
"""Relative difference between numbers that are printed in full."""
RATIO_NOTICE = (
    "Ratios with 95 % confidence limits: the natural logarithm of the ratio is the estimate, and its standard error is "
    "(ln high − ln low) / (2 × 1.959964)."
)
INTERVAL_NOTICE = (
    "Estimates with 95 % confidence limits on the analysis scale: the standard error is "
    "(high − low) / (2 × 1.959964)."
)
VARIANCE_NOTICE = "Estimates with variances: the standard error is the square root of the variance."
LOG_RANK_NOTICE = (
    "O−E and its variance V: the estimate is the logarithm (O−E) / V, its standard error 1 / √V."
)


@dataclass(frozen=True)
class Range:
    """All values that a printed number may have had before it was rounded."""

    low: float
    high: float

    def gap(self, other: "Range") -> float:
        """How far the two ranges are apart; 0 where they meet."""
        return max(self.low - other.high, other.low - self.high, 0.0)

    def contradicts(self, other: "Range") -> bool:
        return self.gap(other) > _SAME * max(abs(self.low), abs(self.high), abs(other.low), abs(other.high))


class ColumnFinding(NamedTuple):
    """A finding with the canonical column at which it is shown."""

    column: str
    finding: Finding


@dataclass(frozen=True)
class EstimateReading:
    """`estimate` and `se` on the analysis scale, None exactly if a problem is an error; `as_read` is for the reader."""

    estimate: float | None
    se: float | None
    measure: str
    as_read: str
    notice: str
    problems: tuple[ColumnFinding, ...]


def read_estimate(numbers: Mapping[str, Number], measure: str, wanted: str) -> EstimateReading:
    """The estimate of one row from the columns that are filled in it.

    `numbers` by canonical column name, at most one of each group (`columns.map_columns` sees to that); `measure` is
    what the row says in words, "" if nothing; `wanted` is the column to name where nothing can be read.
    """
    reader = _Reader(numbers, measure)
    if "o_e" in numbers and not (reader.scaled and reader.se_column):
        reader.read_log_rank()
    elif reader.scaled or reader.ratio:
        reader.read_value()
    else:
        reader.error(wanted, "missing", "the estimate is missing. Write it, or delete the row.")
    return reader.reading()


class _Reader:
    def __init__(self, numbers: Mapping[str, Number], measure: str) -> None:
        self.numbers = numbers
        self.scaled = next((name for name in SCALED_COLUMNS if name in numbers), "")
        self.ratio = next((name for name in RATIO_COLUMNS if name in numbers), "")
        self.se_column = next((name for name in SE_COLUMNS if name in numbers), "")
        self.said = measure
        self.measure = (
            measure_of(self.ratio) or measure_of(self.scaled) or measure_of(self.se_column) or measure
        )
        self.problems: list[ColumnFinding] = []
        self.parts: list[str] = []
        self.notice = ""
        self.estimate = 0.0
        self.se = 0.0

    def reading(self) -> EstimateReading:
        failed = self._has_errors()
        return EstimateReading(
            None if failed else self.estimate,
            None if failed else self.se,
            self.measure,
            ", ".join(self.parts),
            self.notice,
            tuple(self.problems),
        )

    def _has_errors(self) -> bool:
        return any(problem.finding.severity == "error" for problem in self.problems)

    def error(self, column: str, code: str, text: str) -> None:
        self.problems.append(ColumnFinding(column, Finding("error", code, text)))

    def warning(self, column: str, code: str, text: str) -> None:
        self.problems.append(ColumnFinding(column, Finding("warning", code, text)))

    def read_log_rank(self) -> None:
        if "variance" not in self.numbers:
            self.error("variance", "missing", "the variance of O−E is missing. Write it, or delete the row.")
            return
        o_e, variance = self.numbers["o_e"], self.numbers["variance"]
        self.measure = self.said or "HR"
        if self.measure not in {"HR", "OR"}:
            text = f"O−E and V give a hazard or an odds ratio, not {self.said}. Correct the measure."
            self.error("measure", "measure_conflict", text)
            return
        self.estimate = o_e.value / variance.value
        self.se = 1 / math.sqrt(variance.value)
        self.parts = [f"O−E {_signed(o_e.text)}, V {variance.text}"]
        self.notice = LOG_RANK_NOTICE

    def read_value(self) -> None:
        if "o_e" in self.numbers:
            self._compare_with_log_rank()
        if self.said and self.said != self.measure:
            text = f"the column is of {self.measure}, but the row says {self.said}. Correct one of them."
            self.error(self.ratio or self.scaled, "measure_conflict", text)
            return
        if self.ratio and self.numbers[self.ratio].value <= 0:
            text = (
                "a ratio must be above zero. If this is a logarithm, name the column log_" + self.ratio + "."
            )
            self.error(self.ratio, "not_above_zero", text)
            return
        if self.scaled:
            self.estimate = self.numbers[self.scaled].value
            self._compare_with_ratio()
        else:
            self.estimate = math.log(self.numbers[self.ratio].value)
        self._read_spread()

    def _compare_with_log_rank(self) -> None:
        """O−E and V beside an estimate with its standard error say the same once more, and V is not its variance."""
        o_e, variance = self.numbers["o_e"], self.numbers.get("variance")
        self.numbers = {
            name: number for name, number in self.numbers.items() if name not in {"o_e", "variance"}
        }
        if variance is None or variance.low <= 0:
            return
        quotients = [one / other for one in (o_e.low, o_e.high) for other in (variance.low, variance.high)]
        errors = Range(variance.high**-0.5, variance.low**-0.5)
        scaled, se = self.numbers[self.scaled], self.numbers[self.se_column]
        if Range(scaled.low, scaled.high).contradicts(Range(min(quotients), max(quotients))):
            text = f"{scaled.text} is not O−E divided by V ({o_e.value / variance.value:.4g}). Correct one of them."
            self.error(self.scaled, "contradiction", text)
        if Range(se.low, se.high).contradicts(errors):
            text = f"{se.text} is not 1 / √V ({variance.value**-0.5:.4g}). Correct one of them."
            self.error(self.se_column, "contradiction", text)
        self.parts.append(f"O−E {_signed(o_e.text)}, V {variance.text}")

    def _compare_with_ratio(self) -> None:
        if not self.ratio:
            return
        scaled, ratio = self.numbers[self.scaled], self.numbers[self.ratio]
        if Range(scaled.low, scaled.high).contradicts(_logarithm(ratio)):
            text = (
                f"{scaled.text} is not the natural logarithm of {ratio.text} ({math.log(ratio.value):.4g}). Correct "
                "one of them, or delete the column that is not meant."
            )
            self.error(self.scaled, "contradiction", text)

    def _read_spread(self) -> None:
        limits = self._limits()
        given = self._given_se()
        if limits is None and given is None:
            self._log_no_spread()
            return
        if limits is not None and not self._check_limits(*limits):
            return
        if limits is not None and given is not None:
            self._compare_with_limits(given[0], _se_range(*self._on_scale(limits)))
        if given is not None:
            self._check_scale_of_se(limits is not None)
            self.se = given[1]
        elif limits is not None:
            self._take_from_limits(*limits)
        if self.se < MIN_SPREAD and not self._has_errors():
            self.error(
                self.ratio or self.scaled, "too_small", "the interval is too narrow to calculate with."
            )
        self._say(limits)

    def _limits(self) -> tuple[Number, Number] | None:
        own = (f"{self.ratio}_ci_low", f"{self.ratio}_ci_high")
        names = own if self.ratio and own[0] in self.numbers else ("ci_low", "ci_high")
        filled = [name for name in names if name in self.numbers]
        if len(filled) == 1:
            text = "only one limit of the interval is given. Write both, or none."
            self.error(filled[0], "one_limit", text)
        return (self.numbers[names[0]], self.numbers[names[1]]) if len(filled) == 2 else None

    def _given_se(self) -> tuple[Range, float] | None:
        """The standard error as it is given, or as the root of the variance."""
        if self.se_column:
            se = self.numbers[self.se_column]
            if "variance" in self.numbers:
                self._compare_with_variance(se)
            return Range(se.low, se.high), se.value
        if "variance" in self.numbers:
            variance = self.numbers["variance"]
            self.notice = VARIANCE_NOTICE
            self.parts.append(f"variance {variance.text}")
            return Range(math.sqrt(max(variance.low, 0.0)), math.sqrt(variance.high)), math.sqrt(
                variance.value
            )
        return None

    def _compare_with_variance(self, se: Number) -> None:
        variance = self.numbers["variance"]
        if Range(max(se.low, 0.0) ** 2, se.high**2).contradicts(Range(variance.low, variance.high)):
            text = f"this is not the square of the standard error {se.text}. Correct one of them."
            self.error("variance", "contradiction", text)

    def _check_scale_of_se(self, has_limits: bool) -> None:
        if self.scaled or has_limits or self.se_column not in {"", "se"}:
            return
        text = (
            f"is this of the {self.measure} or of its logarithm? Name the column se_log_{self.ratio}, or give the "
            "limits of the interval."
        )
        self.error(self.se_column or "variance", "unclear_scale", text)

    def _check_limits(self, low: Number, high: Number) -> bool:
        column = self._low_column()
        if self.ratio and low.value <= 0:
            text = (
                "the limits of a ratio must be above zero. If 0 was rounded, write more decimal places; if these are "
                f"logarithms, name the columns log_{self.ratio}, ci_low and ci_high and delete {self.ratio}."
            )
            self.error(column, "not_above_zero", text)
            return False
        value = self.numbers[self.ratio or self.scaled]
        if not low.value < high.value:
            text = f"the lower limit {low.text} is not below the upper limit {high.text}. Check both."
            self.error(column, "limits_reversed", text)
            return False
        if not low.value <= value.value <= high.value:
            text = f"the estimate {value.text} lies outside its interval ({low.text} to {high.text}). Check the three."
            self.error(self.ratio or self.scaled, "outside_interval", text)
            return False
        return True

    def _low_column(self) -> str:
        own = f"{self.ratio}_ci_low"
        return own if own in self.numbers else "ci_low"

    def _on_scale(self, limits: tuple[Number, Number]) -> tuple[Range, Range]:
        """What the limits may have been on the analysis scale before they were rounded."""
        low, high = limits
        if self.ratio:
            return _logarithm(low), _logarithm(high)
        return Range(low.low, low.high), Range(high.low, high.high)

    def _compare_with_limits(self, given: Range, derived: Range) -> None:
        if not given.contradicts(derived):
            return
        name = self.se_column or "variance"
        text = (
            f"this and the limits of the interval contradict each other: the limits give a standard error of "
            f"{derived.low:.4g} to {derived.high:.4g}. Correct one of them, or delete the columns not meant."
        )
        self.error(name, "contradiction", text)

    def _take_from_limits(self, low: Number, high: Number) -> None:
        if not self.ratio and self.measure in {"HR", "OR", "RR"} and not self.scaled.startswith("log_"):
            text = (
                f"are these limits of the {self.measure} or of its logarithm? Name the estimate's column "
                f"{self.measure.lower()} if they are ratios, log_{self.measure.lower()} if they are logarithms."
            )
            self.error(self.scaled, "unclear_scale", text)
            return
        ranges = self._on_scale((low, high))
        if self.ratio:
            self.se = (math.log(high.value) - math.log(low.value)) / (2 * Z)
            self.notice = RATIO_NOTICE
        else:
            self.se = (high.value - low.value) / (2 * Z)
            self.notice = INTERVAL_NOTICE
        self._check_middle(low, high, ranges)
        self._check_digits(_se_range(*ranges))

    def _check_middle(self, low: Number, high: Number, ranges: tuple[Range, Range]) -> None:
        middle = Range((ranges[0].low + ranges[1].low) / 2, (ranges[0].high + ranges[1].high) / 2)
        value = self.numbers[self.ratio or self.scaled]
        own = _logarithm(value) if self.ratio else Range(value.low, value.high)
        if own.gap(middle) <= _FAR_FROM_THE_MIDDLE * self.se * Z:
            self._check_name_of_scale(value, low, high)
            return
        if not self.ratio and self._looks_like_ratio(value, low, high):
            text = (
                f"the limits {low.text} and {high.text} look like those of a ratio, not of its logarithm. Name the "
                "columns hr (or, rr), ci_low and ci_high; or write all three as logarithms, or the standard error."
            )
            self.error(self.scaled, "looks_like_ratio", text)
            return
        text = (
            f"the estimate {value.text} is not in the middle of its interval ({low.text} to {high.text}"
            f"{', on the log scale' if self.ratio else ''}). Check the three numbers."
        )
        self.warning(self.ratio or self.scaled, "off_middle", text)

    def _check_name_of_scale(self, value: Number, low: Number, high: Number) -> None:
        """A narrow interval fits either scale, so that only the name of the column tells which it is."""
        if (
            self.scaled == "estimate"
            and not self.ratio
            and not self.measure
            and self._looks_like_ratio(value, low, high)
        ):
            text = (
                "these limits fit a ratio as well as a difference; they were read as a difference or a logarithm. If "
                "they are of a ratio, name the column hr, or or rr; else name it md, smd, rd or log_hr."
            )
            self.warning(self.scaled, "scale_by_name", text)

    def _looks_like_ratio(self, value: Number, low: Number, high: Number) -> bool:
        if low.value <= 0:
            return False
        limits = _logarithm(low), _logarithm(high)
        middle = Range((limits[0].low + limits[1].low) / 2, (limits[0].high + limits[1].high) / 2)
        allowed = _FAR_FROM_THE_MIDDLE * (math.log(high.value) - math.log(low.value)) / 2
        candidates = [Range(value.low, value.high)]
        if value.value > 0:
            candidates.append(_logarithm(value))
        return any(each.gap(middle) <= allowed for each in candidates)

    def _check_digits(self, derived: Range) -> None:
        if derived.high - derived.low <= _COARSE * self.se:
            return
        text = (
            f"the limits have so few digits that the standard error may lie between {derived.low:.3g} and "
            f"{derived.high:.3g}; read as {self.se:.3g}. Write more decimal places if the report has them."
        )
        self.warning(self._low_column(), "few_digits", text)

    def _log_no_spread(self) -> None:
        if self._has_errors():
            return
        text = "the standard error or both limits of the interval are missing. Write them, or delete the row."
        self.error(self.ratio or self.scaled, "missing_spread", text)

    def _say(self, limits: tuple[Number, Number] | None) -> None:
        if not (self.ratio or limits):
            return
        value = self.numbers[self.ratio or self.scaled]
        log = "log " if not self.ratio and self.scaled.startswith("log_") else ""
        label = f"{log}{self.measure}" if self.measure else "estimate"
        interval = f" ({_signed(limits[0].text)} to {_signed(limits[1].text)})" if limits else ""
        self.parts.insert(0, f"{label} {_signed(value.text)}{interval}")


def _signed(text: str) -> str:
    return text.replace("-", "−")


def _logarithm(number: Number) -> Range:
    """Of a number above zero; what rounding alone could have made zero counts from its smallest printed value."""
    low = number.low if number.low > 0 else number.value / 2
    return Range(math.log(low), math.log(number.high))


def _se_range(low: Range, high: Range) -> Range:
    return Range(max((high.low - low.high) / (2 * Z), 0.0), (high.high - low.low) / (2 * Z))
