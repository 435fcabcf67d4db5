"""Which names of columns are understood: the canonical ones and the others that mean the same.

A header is compared without case, spaces, punctuation and invisible characters. `%` is kept, so that "events %"
is never taken for a count. A name that does not say which arm it belongs to is never mapped.
"""

import re
import unicodedata

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


def normalised(header: str) -> str:
    """The header in lower case, words joined by one underscore, invisible characters removed."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    kept = "".join(char for char in folded if unicodedata.category(char) != "Cf")
    return re.sub(r"[\s_.\-−–/():\[\]]+", "_", kept).strip("_")


def known_names(headers: list[str]) -> list[str | None]:
    """The canonical name of each header, None where it has none."""
    keys = [normalised(header) for header in headers]
    names = dict(ALIASES)
    for group in METAFOR_GROUPS:
        if group.keys() <= set(keys):
            names.update(group)
    return [names.get(key) or interval_column(key) for key in keys]


def measure_of(column: str) -> str:
    """HR, OR, RR, RD, MD or SMD where the column's name says it, else ""."""
    return MEASURES.get(column.rpartition("log_")[2], "")


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


ALIASES = _aliases()
