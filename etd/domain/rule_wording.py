"""What a rule for consensus asks for, in words beside a verdict."""

from __future__ import annotations

from etd.domain.consensus import IN_FAVOUR, PREFER_OTHER, Kind, Rule, percent


def asks_for(rule: Rule | None) -> str:
    """`more than 75%, with votes on at least 60% of the ballots`: the least that the rule calls a consensus, or ""."""
    if rule is None or not (least := _least(rule)):
        return ""
    return f"{least}, with votes on at least {percent(rule.quorum)} of the ballots" if rule.quorum else least


def _least(rule: Rule) -> str:
    if rule.kind is Kind.GRID:
        return (
            f"at least {percent(IN_FAVOUR)} for one side and less than {percent(PREFER_OTHER)} for the other"
        )
    enough = [level for level in rule.levels if level.is_consensus]
    if not enough:
        return ""
    least = min(enough, key=lambda level: level.share)
    share = (
        "two thirds" if (least.share.numerator, least.share.denominator) == (2, 3) else percent(least.share)
    )
    return f"{'more than' if least.more_than else 'at least'} {share}"
