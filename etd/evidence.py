"""The evidence of a question as it is now, as one digest a criterion."""

from __future__ import annotations

from etd.domain.evidence import evidence_digest
from etd.models import CriterionAssessment, OutcomeRow, Question

ROW_VALUES = (
    "outcome_id",
    "population_id",
    "source",
    "n_studies",
    "events_intervention",
    "n_intervention",
    "events_comparison",
    "n_comparison",
    "measure",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "i_squared",
)


def evidence_digests(question: Question) -> dict[str, str]:
    """Criterion key to the digest of what it is judged by, in two queries."""
    framework = question.framework
    texts = dict(
        CriterionAssessment.objects.filter(question=question).values_list(
            "criterion_key", "research_evidence"
        )
    )
    rows = list(OutcomeRow.objects.filter(table__question=question).values("id", *ROW_VALUES))
    return {
        criterion.key: evidence_digest(
            role=criterion.role or "", research_evidence=texts.get(criterion.key, ""), rows=rows
        )
        for criterion in framework.criteria
    }
