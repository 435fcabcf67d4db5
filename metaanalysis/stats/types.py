"""What goes into a meta-analysis and what comes out of it.

Estimates, standard errors and bounds are kept on the scale on which they are computed, the analysis scale: the natural
logarithm for odds, risk and hazard ratios, the plain value for every other measure. Properties that end in `_natural`
give them as people read them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

MAX_PARTICIPANTS = 1_000_000_000
"""More people in one arm than this is a slip of the keyboard; the limit also keeps every product finite."""

LARGEST_MEAN = 1e15
"""No mean or standard deviation is larger, and no standard deviation smaller than one divided by this: as above."""

LARGEST_ESTIMATE = 1e40
"""The same for an estimate and its standard error."""

_LARGEST_EXPONENT = 709.0  # exp() of more than this overflows a double


class Measure(StrEnum):
    """Effect measure. HR and GIV come from estimates only; GIV is pooled and shown on the scale of the input."""

    OR = "OR"
    RR = "RR"
    RD = "RD"
    MD = "MD"
    SMD = "SMD"
    HR = "HR"
    GIV = "GIV"

    @property
    def is_ratio(self) -> bool:
        """True where the analysis runs on the logarithm."""
        return self in (Measure.OR, Measure.RR, Measure.HR)

    @property
    def is_of_counts(self) -> bool:
        """True where 2x2 tables give the effect."""
        return self in (Measure.OR, Measure.RR, Measure.RD)

    @property
    def is_of_means(self) -> bool:
        """True where means and standard deviations give the effect."""
        return self in (Measure.MD, Measure.SMD)


class Model(StrEnum):
    COMMON = "common"
    RANDOM = "random"


class Method(StrEnum):
    """Inverse variance, Mantel-Haenszel, or Peto's one-step odds ratio."""

    IV = "iv"
    MH = "mh"
    PETO = "peto"


class Tau2Method(StrEnum):
    """DerSimonian-Laird, Paule-Mandel, or restricted maximum likelihood."""

    DL = "DL"
    PM = "PM"
    REML = "REML"


class CiMethod(StrEnum):
    """How the interval of the pooled effect is made; `auto` is a rule that ends in one of the others."""

    AUTO = "auto"
    WALD = "wald"
    HKSJ = "hksj"
    HKSJ_ADHOC = "hksj-adhoc"


class ZeroRule(StrEnum):
    """What happens to a study with an empty cell; see `metaanalysis.stats.effects`.

    The two that begin with `pool` belong to Mantel-Haenszel: raw cells, or 0.5 in studies with an empty cell also where
    cells are summed up.
    """

    ONLY0 = "only0"
    NONE = "none"
    ONLY0_KEEP = "only0-keep"
    POOL_NONE = "pool-none"
    POOL_ONLY0 = "pool-only0"


class DataKind(StrEnum):
    """What the studies of an analysis bring."""

    COUNTS = "counts"
    MEANS = "means"
    ESTIMATE = "estimate"


class SmdVariant(StrEnum):
    """Which Hedges' g: exact correction with variance 1/n1 + 1/n2 + g²/2N (metafor), or RevMan 5's formulas."""

    EXACT = "exact"
    REVMAN = "revman"


class RdSe(StrEnum):
    """Standard error of the Mantel-Haenszel risk difference: Sato 1989, or Greenland and Robins 1985."""

    SATO = "sato"
    GREENLAND_ROBINS = "greenland-robins"


class PredictionDf(StrEnum):
    """Degrees of freedom of the t distribution behind the prediction interval."""

    K_MINUS_1 = "k-1"
    K_MINUS_2 = "k-2"


@dataclass(frozen=True, slots=True)
class StudyCounts:
    """One study as a 2x2 table. Raises ValueError unless 0 <= events <= n and n >= 1 in both arms."""

    study: str
    events_intervention: int
    n_intervention: int
    events_comparison: int
    n_comparison: int
    year: int | None = None
    subgroup: str = ""

    def __post_init__(self) -> None:
        _check_name(self.study)
        for arm in ("intervention", "comparison"):
            events, n = getattr(self, f"events_{arm}"), getattr(self, f"n_{arm}")
            _check_whole_number(self.study, f"events_{arm}", events)
            _check_whole_number(self.study, f"n_{arm}", n)
            if not 1 <= n <= MAX_PARTICIPANTS:
                raise ValueError(f"{self.study}: n_{arm} is {n}; it must be from 1 to {MAX_PARTICIPANTS}")
            if not 0 <= events <= n:
                raise ValueError(
                    f"{self.study}: events_{arm} is {events}; it must be from 0 to n_{arm} ({n})"
                )
        if self.year is not None:
            _check_whole_number(self.study, "year", self.year)


@dataclass(frozen=True, slots=True)
class StudyMeans:
    """One study as mean, standard deviation and number of people in each arm.

    Raises ValueError unless means are finite, standard deviations above 0 and finite, both within `LARGEST_MEAN`, and
    n >= 2 in both arms: a standard deviation of one person does not exist.
    """

    study: str
    mean_intervention: float
    sd_intervention: float
    n_intervention: int
    mean_comparison: float
    sd_comparison: float
    n_comparison: int
    year: int | None = None
    subgroup: str = ""

    def __post_init__(self) -> None:
        _check_name(self.study)
        for arm in ("intervention", "comparison"):
            mean, sd, n = (getattr(self, f"{name}_{arm}") for name in ("mean", "sd", "n"))
            if not math.isfinite(mean):
                raise ValueError(f"{self.study}: mean_{arm} is {mean}; it must be a number to calculate with")
            if not (math.isfinite(sd) and sd > 0):
                raise ValueError(f"{self.study}: sd_{arm} is {sd}; it must be above zero")
            if abs(mean) > LARGEST_MEAN:
                raise ValueError(f"{self.study}: mean_{arm} is {mean}; choose a unit in which it is smaller")
            if not 1 / LARGEST_MEAN <= sd <= LARGEST_MEAN:
                raise ValueError(f"{self.study}: sd_{arm} is {sd}; choose a unit in which it is nearer to 1")
            _check_whole_number(self.study, f"n_{arm}", n)
            if not 2 <= n <= MAX_PARTICIPANTS:
                raise ValueError(f"{self.study}: n_{arm} is {n}; it must be from 2 to {MAX_PARTICIPANTS}")
        if self.year is not None:
            _check_whole_number(self.study, "year", self.year)


@dataclass(frozen=True, slots=True)
class StudyEstimate:
    """One study as an effect and its standard error, both on the analysis scale (generic inverse variance).

    Raises ValueError unless both are finite and within `LARGEST_ESTIMATE` and the standard error is above zero.
    """

    study: str
    estimate: float
    se: float
    year: int | None = None
    subgroup: str = ""

    def __post_init__(self) -> None:
        _check_name(self.study)
        if not math.isfinite(self.estimate):
            raise ValueError(f"{self.study}: the estimate {self.estimate} is not a number to calculate with")
        if not (math.isfinite(self.se) and self.se > 0):
            raise ValueError(f"{self.study}: the standard error {self.se} must be above zero")
        if abs(self.estimate) > LARGEST_ESTIMATE:
            raise ValueError(
                f"{self.study}: the estimate {self.estimate} is too large: choose a unit in which it is smaller"
            )
        if not 1 / LARGEST_ESTIMATE <= self.se <= LARGEST_ESTIMATE:
            raise ValueError(
                f"{self.study}: the standard error {self.se} is out of range: choose a unit in which it is nearer to 1"
            )

    @property
    def variance(self) -> float:
        return self.se * self.se


StudyData = StudyCounts | StudyMeans | StudyEstimate
"""What a study brings. All studies of one analysis are of one kind; estimates go with any measure."""


@dataclass(frozen=True, slots=True)
class PoolingSpec:
    """Which meta-analysis is asked for.

    `None` asks for the usual choice, and after construction the field holds what was chosen:
    model random for inverse variance and common for Mantel-Haenszel and Peto; tau2_method REML (DL for
    Mantel-Haenszel weights); zero rule `pool-none` for Mantel-Haenszel (the Cochrane Handbook's advice), otherwise
    `only0` for ratios and `only0-keep` for the risk difference; smd `exact`; rd_se `sato`. Fields that have no meaning
    are emptied: tau2_method under the common-effect model; zero for Peto, which never corrects, and for measures that
    are not of counts; smd for other measures; rd_se for all but the common-effect Mantel-Haenszel risk difference.
    Mantel-Haenszel reads `none` and `only0` (`only0-keep` for RD) as `pool-none` and `pool-only0`.
    Plain strings are accepted for every choice. Raises ValueError for an unknown word and for combinations that
    no method defines.
    """

    measure: Measure = Measure.OR
    model: Model | None = None
    method: Method = Method.IV
    tau2_method: Tau2Method | None = None
    ci_method: CiMethod = CiMethod.AUTO
    zero: ZeroRule | None = None
    prediction: PredictionDf = PredictionDf.K_MINUS_1
    level: float = 0.95
    smd: SmdVariant | None = None
    rd_se: RdSe | None = None

    def __post_init__(self) -> None:
        self._settle("measure", _choice(Measure, self.measure))
        self._settle("method", _choice(Method, self.method))
        self._settle("model", self._chosen_model())
        self._settle("tau2_method", self._chosen_tau2_method())
        self._settle("ci_method", self._chosen_ci_method())
        self._settle("zero", self._chosen_zero_rule())
        self._settle("prediction", _choice(PredictionDf, self.prediction))
        self._settle("smd", self._chosen_smd())
        self._settle("rd_se", self._chosen_rd_se())
        if not 0 < self.level < 1:
            raise ValueError(f"level is {self.level}; it must lie between 0 and 1, for example 0.95")

    def _settle(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _chosen_model(self) -> Model:
        usual = Model.RANDOM if self.method is Method.IV else Model.COMMON
        model = usual if self.model is None else _choice(Model, self.model)
        if self.method is Method.MH and not self.measure.is_of_counts:
            raise ValueError(
                f"Mantel-Haenszel needs events and totals, which {self.measure} does not come from: choose inverse"
                " variance (iv)"
            )
        if self.method is Method.PETO and self.measure is not Measure.OR:
            raise ValueError(f"Peto's method gives an odds ratio, not {self.measure}: choose measure OR")
        if self.method is Method.PETO and model is Model.RANDOM:
            raise ValueError(
                "Peto's method is a common-effect method: choose the common-effect model, or inverse variance (iv)"
            )
        return model

    def _chosen_tau2_method(self) -> Tau2Method | None:
        usual = Tau2Method.DL if self.method is Method.MH else Tau2Method.REML
        tau2_method = usual if self.tau2_method is None else _choice(Tau2Method, self.tau2_method)
        if self.model is Model.COMMON:
            return None
        if self.method is Method.MH and tau2_method is not Tau2Method.DL:
            raise ValueError(
                "Random effects with Mantel-Haenszel are defined with DerSimonian-Laird (DL), not"
                f" {tau2_method}: choose DL, or inverse variance (iv)"
            )
        return tau2_method

    def _chosen_ci_method(self) -> CiMethod:
        ci_method = _choice(CiMethod, self.ci_method)
        if self.model is Model.COMMON and ci_method in (CiMethod.HKSJ, CiMethod.HKSJ_ADHOC):
            raise ValueError(
                f"A Hartung-Knapp-Sidik-Jonkman interval ({ci_method}) belongs to the random-effects model: "
                "choose Wald, or the interval by rule (auto)"
            )
        return ci_method

    def _chosen_zero_rule(self) -> ZeroRule | None:
        rule = None if self.zero is None else _choice(ZeroRule, self.zero)
        if self.method is Method.PETO or not self.measure.is_of_counts:
            return None
        if self.method is Method.MH:
            return self._chosen_pooling_rule(rule)
        if rule in (ZeroRule.POOL_NONE, ZeroRule.POOL_ONLY0):
            raise ValueError(
                f"The zero-cell rule {rule} belongs to Mantel-Haenszel: choose only0, only0-keep or none"
            )
        if not self.measure.is_ratio and rule in (None, ZeroRule.ONLY0):
            # a study without events says something about a risk difference, so nothing is dropped there
            return ZeroRule.ONLY0_KEEP
        return rule or ZeroRule.ONLY0

    def _chosen_pooling_rule(self, rule: ZeroRule | None) -> ZeroRule:
        if rule in (None, ZeroRule.NONE, ZeroRule.POOL_NONE):
            return ZeroRule.POOL_NONE
        if rule is ZeroRule.ONLY0_KEEP and self.measure.is_ratio:
            raise ValueError(
                "Mantel-Haenszel leaves out studies without any event for a ratio: choose pool-none or pool-only0"
            )
        return ZeroRule.POOL_ONLY0

    def _chosen_smd(self) -> SmdVariant | None:
        variant = SmdVariant.EXACT if self.smd is None else _choice(SmdVariant, self.smd)
        return variant if self.measure is Measure.SMD else None

    def _chosen_rd_se(self) -> RdSe | None:
        se = RdSe.SATO if self.rd_se is None else _choice(RdSe, self.rd_se)
        fits = self.measure is Measure.RD and self.method is Method.MH and self.model is Model.COMMON
        return se if fits else None


class OnNaturalScale:
    """An estimate with its interval, read off the analysis scale as people read them."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def measure(self) -> Measure: ...
        @property
        def estimate(self) -> float | None: ...
        @property
        def ci_low(self) -> float | None: ...
        @property
        def ci_high(self) -> float | None: ...

    @property
    def estimate_natural(self) -> float | None:
        return to_natural(self.estimate, self.measure)

    @property
    def ci_low_natural(self) -> float | None:
        return to_natural(self.ci_low, self.measure)

    @property
    def ci_high_natural(self) -> float | None:
        return to_natural(self.ci_high, self.measure)


@dataclass(frozen=True, slots=True)
class StudyEffect(OnNaturalScale):
    """One study as it entered the analysis; `weight` is its percentage, `corrected` tells of an added 0.5.

    The weight is None where the method gives no pooled effect.
    """

    study: str
    measure: Measure
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    weight: float | None
    corrected: bool


@dataclass(frozen=True, slots=True)
class Excluded:
    """A study that could not enter the analysis, and why, in words for the reader."""

    study: str
    reason: str


@dataclass(frozen=True, slots=True)
class PooledResult(OnNaturalScale):
    """The outcome of `metaanalysis.stats.pooling.pool`.

    Whatever cannot be estimated is None and `note` says why. `tau2`, its bounds and `se` belong to the analysis
    scale; `i2` and `i2_tau2` are percentages, `i2` always computed from Q. `ci_method` names the interval that was
    made, `spec.ci_method` the one that was asked for. `se_method` names the standard error where several exist,
    `smd_method` the convention by which standardised mean differences were computed from means. `kind` tells what the
    studies brought, None if there were none.
    """

    spec: PoolingSpec
    k: int
    studies: tuple[StudyEffect, ...]
    excluded: tuple[Excluded, ...]
    estimate: float | None = None
    se: float | None = None
    ci_method: CiMethod | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    q: float | None = None
    q_df: int | None = None
    q_p: float | None = None
    i2: float | None = None
    i2_tau2: float | None = None
    h2: float | None = None
    tau2: float | None = None
    tau2_ci_low: float | None = None
    tau2_ci_high: float | None = None
    prediction_low: float | None = None
    prediction_high: float | None = None
    se_method: str | None = None
    smd_method: str | None = None
    kind: DataKind | None = None
    note: str | None = None

    @property
    def zero(self) -> ZeroRule | None:
        """The zero-cell rule that was followed; None where there were no counts to follow it on."""
        return None if self.kind in (DataKind.MEANS, DataKind.ESTIMATE) else self.spec.zero

    @property
    def measure(self) -> Measure:
        return self.spec.measure

    @property
    def prediction_low_natural(self) -> float | None:
        return to_natural(self.prediction_low, self.spec.measure)

    @property
    def prediction_high_natural(self) -> float | None:
        return to_natural(self.prediction_high, self.spec.measure)


def to_natural(value: float | None, measure: Measure) -> float | None:
    """The value as people read it: exp() for ratios, else unchanged; None if it is None or too large to write."""
    if value is None or not measure.is_ratio:
        return value
    return math.exp(value) if value <= _LARGEST_EXPONENT else None


_Choice = TypeVar("_Choice", bound=StrEnum)


def _choice(kind: type[_Choice], value: str) -> _Choice:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(kind)
        raise ValueError(f"“{value}” is not one of: {words}") from None


def _check_name(study: str) -> None:
    if not study.strip():
        raise ValueError("a study needs a name")


def _check_whole_number(study: str, field: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{study}: {field} is {value!r}; it must be a whole number")
