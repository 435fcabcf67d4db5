"""RevMan's estimates on the scale they are pooled on: logarithms for ratios.

RevMan pools a generic estimate as it was entered and shows it, where told that it is a logarithm, as its exponential.
The data package and .rm5 hold what was entered; the CSV export only what is shown, with the standard error of what was
entered, so that there the interval must tell: exp(ln(effect) ± z se) for logarithms, effect ± z se otherwise.
O-E and its variance V: estimate (O-E)/V, standard error 1/sqrt(V) (Yusuf et al. 1985; Cochrane Handbook 6.8.2).
"""

import math
from statistics import NormalDist

from metaanalysis.importers.cells import Finding
from metaanalysis.importers.limits import MIN_SPREAD
from metaanalysis.importers.revman.analyses import Analysis, DataKind, Entry, Measure
from metaanalysis.importers.revman.figures import NotAFigure, decimal_of, spread_of

_LEVELS = tuple(NormalDist().inv_cdf(0.5 + level / 2) for level in (0.90, 0.95, 0.99))
"""The confidence levels that RevMan offers, as quantiles."""
_NEAR = 0.05
"""Share of the standard error that the rounding of printed limits may take."""
_CLEARLY = 3.0
"""How many times worse the other scale must fit."""
Estimate = tuple[float, float]


def from_o_e(o_e: str, variance: str) -> Estimate:
    """Estimate (log ratio) and standard error from O-E and V. Raises NotAFigure."""
    v = spread_of(variance)
    estimate, se = decimal_of(o_e) / v, 1 / math.sqrt(v)
    if se < MIN_SPREAD:
        raise NotAFigure(Finding("error", "too_large", "this variance is too large. Check the number."))
    return estimate, se


def scale_refusal(analysis: Analysis, measure: Measure) -> str:
    """Why estimates of this measure cannot be taken as they were entered; "" if they can."""
    if measure.is_ratio and not measure.is_log and analysis.is_log is False:
        return (
            f"the estimates are {measure.words}s that were not entered as logarithms, and RevMan pools them as they "
            "are, which no method here does. Enter the logarithms and their standard errors in RevMan, and tick "
            "that the data are on a log scale."
        )
    if measure.is_ratio and not measure.is_log and analysis.is_log is None:
        return (
            f"the file does not say whether these {measure.words}s were entered as logarithms. Export the review "
            "from RevMan again, as .rm5 or as a data package."
        )
    return ""


def as_entered(entry: Entry) -> Estimate:
    """Estimate and standard error where the file holds what was entered. Raises NotAFigure."""
    return decimal_of(entry.values.get("estimate", "")), spread_of(entry.values.get("se", ""))


def differs_from_shown(analysis: Analysis, entry: Entry, estimate: float) -> bool:
    """Whether the effect kept beside the estimate is another one. Zero and nothing stand for 'not computed'."""
    try:
        shown = decimal_of(entry.values.get("effect", ""))
    except NotAFigure:
        return False
    if shown == 0 or (analysis.is_log and shown < 0):
        return False
    expected = math.log(shown) if analysis.is_log else shown
    return abs(expected - estimate) > 0.01 * max(1.0, abs(estimate))


class ShownScale:
    """Tells from the intervals of an analysis whether effects are shown as exponentials of what was entered."""

    def __init__(self, analysis: Analysis, measure: Measure) -> None:
        self.measure = measure
        self.expects_log = (
            True
            if analysis.kind is DataKind.O_E or (measure.is_ratio and not measure.is_log)
            else analysis.is_log
        )
        if measure.hint in {"RD", "MD", "SMD"} and analysis.is_log is None:
            self.expects_log = False
        misfits = [_misfits(entry) for entry in analysis.entries]
        self.has_intervals = any(log or plain for log, plain in misfits)
        self.log_votes = sum(log <= _NEAR and log * _CLEARLY < plain for log, plain in misfits)
        self.plain_votes = sum(plain <= _NEAR and plain * _CLEARLY < log for log, plain in misfits)

    @property
    def is_log(self) -> bool | None:
        """None where the intervals do not tell, or tell something else than the file says."""
        if not self.has_intervals and self.expects_log is False:
            return False  # none are needed where nothing is a logarithm
        if bool(self.log_votes) == bool(self.plain_votes):
            return None
        found = bool(self.log_votes)
        return found if self.expects_log in (None, found) else None


def as_shown(entry: Entry, is_log: bool) -> Estimate:
    """Estimate and standard error from the effect shown. Raises NotAFigure, also where its interval does not fit."""
    effect, se = decimal_of(entry.values.get("effect", "")), spread_of(entry.values.get("se", ""))
    log_misfit, plain_misfit = _misfits(entry)
    if (log_misfit if is_log else plain_misfit) > _NEAR or (is_log and effect <= 0):
        text = "the effect, its standard error and its interval do not fit together. Check all four."
        raise NotAFigure(Finding("error", "interval", text))
    return (math.log(effect) if is_log else effect), se


def _misfits(entry: Entry) -> tuple[float, float]:
    """How far effect and limits are from (exponentials of, plain) estimate ± z se, in standard errors; 0 if unknown."""
    try:
        effect, low, high = (
            decimal_of(entry.values.get(name, "")) for name in ("effect", "ci_low", "ci_high")
        )
        se = spread_of(entry.values.get("se", ""))
    except NotAFigure:
        return 0.0, 0.0
    plain = _misfit(effect, low, high, se)
    if min(effect, low, high) <= 0:
        return math.inf, plain
    return _misfit(math.log(effect), math.log(low), math.log(high), se), plain


def _misfit(effect: float, low: float, high: float, se: float) -> float:
    return min(max(abs(effect - z * se - low), abs(effect + z * se - high)) / se for z in _LEVELS)
