"""The evidence of a question as it is now: what each criterion is judged by, and one digest of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from etd.domain.canonical import digest
from etd.domain.evidence import evidence_content, whole_evidence_digest, without_certainty
from etd.enums import RECOMMENDATION_TYPE_ITEM
from etd.frameworks import Framework
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


@dataclass(frozen=True)
class Evidence:
    """What each criterion is judged by, by its key, as `evidence_content` tells it.

    `names` say what its outcomes and populations are called, by id: {"outcomes": {"12": "Survival"}, "populations": …}.
    """

    contents: Mapping[str, Mapping[str, Any]]
    names: Mapping[str, Mapping[str, str]]

    @cached_property
    def digests(self) -> dict[str, str]:
        """Criterion key to the digest of its content."""
        return {key: digest(content) for key, content in self.contents.items()}

    @cached_property
    def whole_digest(self) -> str:
        """What the type of recommendation stands on."""
        return whole_evidence_digest(self.digests)

    @cached_property
    def without_certainty(self) -> Evidence:
        """The same evidence as it was told before contents had the certainty of their outcomes."""
        return replace(self, contents={key: without_certainty(one) for key, one in self.contents.items()})

    def digest_of(self, item_key: str) -> str:
        """Of a criterion or of the type of recommendation; empty for anything else."""
        return self.whole_digest if item_key == RECOMMENDATION_TYPE_ITEM else self.digests.get(item_key, "")

    def content_of(self, item_key: str) -> Mapping[str, Any]:
        """What `digest_of` is the digest of: for the type of recommendation the digests of all criteria."""
        return self.digests if item_key == RECOMMENDATION_TYPE_ITEM else self.contents[item_key]

    def is_of(self, item_key: str, digest: str) -> bool:
        """Is `digest` of this evidence, also in the form that it was told in earlier?"""
        return digest == self.digest_of(item_key) or digest == self.without_certainty.digest_of(item_key)


def load_rows(*questions: Question | int) -> list[OutcomeRow]:
    """The rows of all outcome tables, with table, outcome and population, in the order of print; one query.

    Questions are given as such or by their ids.
    """
    return list(
        OutcomeRow.objects.filter(table__question__in=questions)
        .select_related("table", "outcome", "population")
        .order_by("outcome__position", "population__position", "-source")
    )


def evidence_now(question: Question) -> Evidence:
    """In two queries."""
    texts = CriterionAssessment.objects.filter(question=question).values_list(
        "criterion_key", "research_evidence"
    )
    return evidence_of(question.framework, dict(texts), load_rows(question))


def evidence_of(framework: Framework, texts: Mapping[str, str], rows: Iterable[OutcomeRow]) -> Evidence:
    """`texts` are the research evidence by criterion key, `rows` all of the question, with outcome and population."""
    rows = list(rows)
    names = {
        "outcomes": {str(row.outcome_id): str(row.outcome) for row in rows},
        "populations": {str(row.population_id): row.population.label for row in rows},
    }
    return told_evidence(framework, texts, [row_content(row) for row in rows], names)


def told_evidence(
    framework: Framework,
    texts: Mapping[str, str],
    rows: Iterable[Mapping[str, Any]],
    names: Mapping[str, Mapping[str, str]],
) -> Evidence:
    """The evidence from rows as `row_content` tells them."""
    rows = list(rows)
    return Evidence(
        contents={
            criterion.key: evidence_content(
                role=criterion.role or "", research_evidence=texts.get(criterion.key, ""), rows=rows
            )
            for criterion in framework.criteria
        },
        names=names,
    )


def row_content(row: OutcomeRow) -> dict[str, Any]:
    """The row as evidence: its raw numbers, and the certainty of its outcome where one is recorded."""
    values = {"id": row.pk, **{name: getattr(row, name) for name in ROW_VALUES}}
    return values | ({"certainty": row.outcome.certainty} if row.outcome.certainty else {})


def evidence_digests(question: Question) -> dict[str, str]:
    """Criterion key to the digest of what it is judged by, in two queries."""
    return evidence_now(question).digests
