"""Coherence checks: do the judgements, statements, texts, tables and references of a question say the same?

One module a family. No rule knows a framework's key or a word of one document. A rule that reads English marks what it
finds as heuristic, and is silent where it is not sure. docs/checks.md lists the rules with their near misses.
"""

from functools import lru_cache

from etd.domain.coherence import evidence, facts, judgements, signs, statements, texts
from etd.domain.coherence.checklist import Item, State, incomplete, prepublication_list
from etd.domain.coherence.inputs import EtdInput
from etd.domain.findings import Finding, by_severity

__all__ = ["EtdInput", "Item", "State", "coherence_findings", "prepublication_list"]


@lru_cache(maxsize=32)
def coherence_findings(etd: EtdInput) -> tuple[Finding, ...]:
    """Everything that the checks find, the gravest first.

    Remembered for the last inputs: every page of a question counts its findings, and few change its words.
    """
    families = (judgements, statements, facts, signs, texts, evidence)
    found = [finding for family in families for finding in family.check(etd)]
    return by_severity([*found, *incomplete(etd)])
