"""How far a panel is from one opinion, as one number: what an agenda is ordered by.

The index is twice the mean distance between the votes of two members drawn at random, with replacement: Rao's
quadratic entropy (Rao CR. Diversity and dissimilarity coefficients: a unified approach. Theor Popul Biol
1982;21:24-43). The distance between two steps of a scale is the number of steps between them over the greatest
possible one; with all votes on the scale the index is then Blair and Lacy's ordinal variation 1 - l² (Blair J, Lacy MG.
Statistics of ordinal variation. Sociol Methods Res 2000;28:251-80): 0 where all agree, 1 where one half stands at
either end.

Two conventions are ours. An option outside the scale ("Varies", "Don't know") lies half the scale away from every other
option: it is another opinion, but not the opposite one. Where several options may be chosen, the distance between two
votes is Jaccard's, one minus the share of options they have in common among those that either names; three or more
opinions that have nothing in common would then come out above 1, and count as 1.

RAND/UCLA's disagreement index is not used: its constants were found for a scale of nine points, and GRADE's have three
to five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

HALF = Fraction(1, 2)


def disagreement(scale: Sequence[str], votes: Sequence[frozenset[str]], *, multiple: bool) -> Fraction | None:
    """0 to 1; None for fewer than two votes. `scale` names the options of the scale, in its order.

    A vote is the options that a member chose, at least one; exactly one where not `multiple`.
    """
    if len(votes) < 2:
        return None
    steps = {key: step for step, key in enumerate(scale)}
    counted = Counter(votes)
    total = Fraction(0)
    for one, n in counted.items():
        for other, m in counted.items():
            total += n * m * (_jaccard(one, other) if multiple else _distance(one, other, steps))
    return min(Fraction(1), 2 * total / len(votes) ** 2)


def _distance(one: frozenset[str], other: frozenset[str], steps: Mapping[str, int]) -> Fraction:
    if one == other:
        return Fraction(0)
    (a,), (b,) = one, other
    if a in steps and b in steps:
        return Fraction(abs(steps[a] - steps[b]), len(steps) - 1)
    return HALF


def _jaccard(one: frozenset[str], other: frozenset[str]) -> Fraction:
    return 1 - Fraction(len(one & other), len(one | other))
