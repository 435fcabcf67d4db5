"""When a panel calls a tally a consensus: the rules to choose from, and the verdict of a rule on a tally.

Thresholds are exact fractions and are compared exactly: 75 % is not "more than 75 %", and two of three votes are not
"more than two thirds".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Any

from etd.domain.numbers import rounded
from etd.domain.tally import Tally
from etd.frameworks.schema import RecommendationDirection, Strength


class Kind(StrEnum):
    """What a rule looks at: the share of the leading option, or the sides of a recommendation (GRADE grid)."""

    AGREEMENT = "agreement"
    GRID = "grid"


@dataclass(frozen=True)
class Level:
    """One step of a rule: the share (0 to 1) to be reached, or exceeded where `more_than`, and whether it is enough."""

    label: str
    share: Fraction
    more_than: bool
    is_consensus: bool

    def holds(self, agreement: Fraction) -> bool:
        return agreement > self.share if self.more_than else agreement >= self.share


@dataclass(frozen=True)
class Rule:
    """A rule for consensus. `levels` from the highest to the lowest share; `otherwise` names what is below them all.

    `quorum` is the share (0 to 1) of ballots that must hold a vote on an item, None where the rule asks for none.
    """

    key: str
    label: str
    citation: str
    kind: Kind
    levels: tuple[Level, ...] = ()
    otherwise: str = ""
    quorum: Fraction | None = None

    def votes_needed(self, n_ballots: int) -> int:
        """How many of the ballots must hold a vote, 0 without a quorum: 8 of 12 where it is 60 %, as 7 are fewer."""
        return 0 if self.quorum is None else ceil(self.quorum * n_ballots)


@dataclass(frozen=True)
class Verdict:
    """What the rule says of a tally. `met` is None where the rule does not speak of such an item, or there is no rule.

    `n_agree` of `n_votes` is the share that was looked at: the votes for the leading option, or for the side that the
    GRADE grid favours. `agreed` are the keys of the options that the votes speak for: those that lead or, where the
    grid is met, the types of the direction and strength that it gives.
    """

    label: str
    met: bool | None
    n_agree: int
    n_votes: int
    agreed: tuple[str, ...] = ()
    has_quorum: bool = True

    def wording(self, *, with_share: bool = True) -> str:
        """`strong consensus, 96% (24 of 25)`, without its percentage where that is withheld."""
        if self.met is None or not self.n_votes or not self.has_quorum:
            return self.label
        of = f"{self.n_agree} of {self.n_votes}"
        if not with_share:
            return f"{self.label}, {of}"
        return f"{self.label}, {percent(Fraction(self.n_agree, self.n_votes))} ({of})"


AWMF = Rule(
    key="awmf",
    label="AWMF levels of consensus",
    citation=(
        "Arbeitsgemeinschaft der Wissenschaftlichen Medizinischen Fachgesellschaften (AWMF), Ständige Kommission "
        "Leitlinien. AWMF-Regelwerk Leitlinien: strong consensus above 95 %, consensus above 75 %, majority agreement "
        "above 50 %."
    ),
    kind=Kind.AGREEMENT,
    levels=(
        Level("strong consensus", Fraction(95, 100), more_than=True, is_consensus=True),
        Level("consensus", Fraction(75, 100), more_than=True, is_consensus=True),
        Level("majority agreement", Fraction(50, 100), more_than=True, is_consensus=False),
    ),
    otherwise="no consensus",
)
WHO_TWO_THIRDS = Rule(
    key="who_two_thirds",
    label="WHO, more than two thirds",
    citation=(
        "World Health Organization, guideline development groups of the Global Tuberculosis Programme: decision by "
        "consensus; failing that, by a vote of more than two thirds."
    ),
    kind=Kind.AGREEMENT,
    levels=(Level("more than two thirds agree", Fraction(2, 3), more_than=True, is_consensus=True),),
    otherwise="no two-thirds majority",
)
GRADE_GRID = Rule(
    key="grade_grid",
    label="GRADE grid",
    citation=(
        "Jaeschke R, Guyatt GH, Dellinger P, et al. Use of GRADE grid to reach decisions on clinical practice "
        "guidelines when consensus is elusive. BMJ 2008;337:a744: at least 50 % in favour and less than 20 % "
        "preferring the comparator; strong where at least 70 % say strong."
    ),
    kind=Kind.GRID,
    otherwise="no recommendation for or against",
)
OWN = "own"
PRESETS = (AWMF, WHO_TWO_THIRDS, GRADE_GRID)
# Key, label and source of every rule to choose from.
CHOICES = (
    *((rule.key, rule.label, rule.citation) for rule in PRESETS),
    (OWN, "Our own threshold", "The panel's own rule: at least the share given below, for one option."),
)

IN_FAVOUR, PREFER_OTHER, SAY_STRONG = Fraction(50, 100), Fraction(20, 100), Fraction(70, 100)
NO_RULE = Verdict("no rule for consensus", None, 0, 0)


def own_rule(threshold: int) -> Rule:
    """The panel's own rule: at least this percentage (50 to 100) for one option. Raises ValueError outside that."""
    if not 50 <= threshold <= 100:
        raise ValueError(f"a threshold for consensus lies between 50 and 100 percent, not at {threshold}")
    return Rule(
        key=OWN,
        label=f"At least {threshold}%",
        citation="The panel's own rule.",
        kind=Kind.AGREEMENT,
        levels=(Level("consensus", Fraction(threshold, 100), more_than=False, is_consensus=True),),
        otherwise="no consensus",
    )


def rule_of(preset: str, threshold: int | None) -> Rule:
    """The rule of a guideline's settings; `threshold` in percent belongs to the panel's own. Raises ValueError."""
    if preset == OWN:
        if threshold is None:
            raise ValueError("the panel's own rule needs a threshold")
        return own_rule(threshold)
    for rule in PRESETS:
        if rule.key == preset:
            return rule
    raise ValueError(f"there is no rule for consensus '{preset}'")


def with_quorum(rule: Rule, quorum: int | None) -> Rule:
    """The rule with a quorum in percent of the ballots (1 to 100), None for none. Raises ValueError outside that."""
    if quorum is None:
        return replace(rule, quorum=None)
    if not 1 <= quorum <= 100:
        raise ValueError(f"a quorum lies between 1 and 100 percent, not at {quorum}")
    return replace(rule, quorum=Fraction(quorum, 100))


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """With fractions as text ("2/3"): a hashed record holds no floats. Without a quorum it has no such key."""
    quorum = {} if rule.quorum is None else {"quorum": str(rule.quorum)}
    return quorum | {
        "key": rule.key,
        "label": rule.label,
        "citation": rule.citation,
        "kind": str(rule.kind),
        "levels": [
            {
                "label": level.label,
                "share": str(level.share),
                "more_than": level.more_than,
                "is_consensus": level.is_consensus,
            }
            for level in rule.levels
        ],
        "otherwise": rule.otherwise,
    }


def rule_from_json(stored: Mapping[str, Any]) -> Rule | None:
    """A rule as it was frozen with a round; None for a round from before there were rules (`{}`)."""
    if not stored:
        return None
    return Rule(
        key=stored["key"],
        label=stored["label"],
        citation=stored["citation"],
        kind=Kind(stored["kind"]),
        levels=tuple(
            Level(level["label"], Fraction(level["share"]), level["more_than"], level["is_consensus"])
            for level in stored["levels"]
        ),
        otherwise=stored["otherwise"],
        quorum=Fraction(stored["quorum"]) if "quorum" in stored else None,
    )


def verdict(rule: Rule | None, tally: Tally) -> Verdict:
    """What `rule` says of `tally`.

    Fewer votes than its quorum are no consensus, whatever they say. A tie where one option can be the answer meets no
    rule, whatever its threshold.
    """
    if rule is None:
        return replace(NO_RULE, agreed=tally.leading)
    if rule.kind is Kind.GRID and not _has_sides(tally):
        return Verdict(
            "the GRADE grid speaks of recommendations for or against only", None, 0, 0, tally.leading
        )
    if tally.agreement is None:
        return Verdict("no votes", False, 0, 0)
    needed = rule.votes_needed(tally.n_ballots)
    if tally.n_votes < needed:
        return Verdict(
            f"no quorum ({tally.n_votes} of {tally.n_ballots} voted; {needed} needed)",
            False,
            0,
            tally.n_votes,
            tally.leading,
            has_quorum=False,
        )
    if rule.kind is Kind.GRID:
        return _grid(rule, tally)
    n_agree = tally.count(tally.leading[0])
    for level in rule.levels:
        if level.holds(tally.agreement) and not tally.is_tie:
            return Verdict(level.label, level.is_consensus, n_agree, tally.n_votes, tally.leading)
    return Verdict(rule.otherwise, False, n_agree, tally.n_votes, tally.leading)


def percent(share: Fraction) -> str:
    """`96%`, `66.7%`: one decimal where the percentage is not whole, `share` between 0 and 1."""
    value = share * 100
    return f"{rounded(float(value), 0 if value.denominator == 1 else 1)}%"


def _has_sides(tally: Tally) -> bool:
    directions = {option.direction for option in tally.item.options}
    return {RecommendationDirection.FOR, RecommendationDirection.AGAINST} <= directions


def _grid(rule: Rule, tally: Tally) -> Verdict:
    for side, other, word in (
        (RecommendationDirection.FOR, RecommendationDirection.AGAINST, "for"),
        (RecommendationDirection.AGAINST, RecommendationDirection.FOR, "against"),
    ):
        n_side = _votes(tally, side)
        n_strong = _votes(tally, side, strong=True)
        in_favour = Fraction(n_side, tally.n_votes) >= IN_FAVOUR
        if in_favour and Fraction(_votes(tally, other), tally.n_votes) < PREFER_OTHER:
            strong = Fraction(n_strong, tally.n_votes) >= SAY_STRONG
            agreed = [
                option
                for option in tally.item.options
                if option.direction == side and (option.strength == Strength.STRONG) == strong
            ]
            words = f"{'strong' if strong else 'conditional'} recommendation {word} the intervention"
            return Verdict(
                _lower_first(agreed[0].label) if len(agreed) == 1 else words,
                True,
                n_strong if strong else n_side,
                tally.n_votes,
                tuple(option.key for option in agreed),
            )
    n_most = max(_votes(tally, RecommendationDirection.FOR), _votes(tally, RecommendationDirection.AGAINST))
    return Verdict(rule.otherwise, False, n_most, tally.n_votes, tally.leading)


def _lower_first(label: str) -> str:
    return label[:1].lower() + label[1:]


def _votes(tally: Tally, direction: str, *, strong: bool = False) -> int:
    return sum(
        counted.count
        for counted in tally.counts
        if counted.option.direction == direction
        and (counted.option.strength == Strength.STRONG or not strong)
    )
