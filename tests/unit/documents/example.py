"""A small document made by hand: one of everything that the printed page must tell apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from documents import schema
from metaanalysis import specification
from metaanalysis.stats.pooling import pool
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.types import PoolingSpec, StudyCounts

INPUTS: tuple[dict[str, Any], ...] = (
    {
        "study": "Alpha",
        "year": 2005,
        "events_intervention": 12,
        "n_intervention": 21,
        "events_comparison": 11,
        "n_comparison": 20,
        "note": "=HYPERLINK(1)",
    },
    {
        "study": "Beta",
        "year": 2019,
        "events_intervention": 100,
        "n_intervention": 297,
        "events_comparison": 97,
        "n_comparison": 294,
        "note": "",
    },
    {
        "study": "Gamma",
        "year": 2024,
        "events_intervention": 97,
        "n_intervention": 179,
        "events_comparison": 73,
        "n_comparison": 176,
        "note": "from %",
    },
)
SPEC = PoolingSpec()


def analysis() -> schema.Analysis:
    counts = [StudyCounts(**{k: v for k, v in row.items() if k != "note"}) for row in INPUTS]
    return schema.Analysis(
        table_number=2,
        outcome="Survival, n (%)",
        better="higher",
        population="All patients",
        spec=specification.to_json(SPEC),
        inputs=INPUTS,
        input_digest="ab" * 32,
        result=result_to_json(pool(counts, SPEC)),
        engine={"openetd": "1.2.3", "statsmodels": "0.15.0"},
        caveats=("Follow-up differs between studies.",),
        is_stale=False,
        at="2026-01-15T12:30:00+00:00",
    )


def row(**changes: Any) -> schema.Row:
    reported = schema.Row(
        population="All patients",
        source="reported",
        source_label="Reported",
        is_stale=False,
        n_studies=14,
        footnote_mark="*",
        intervention="426/944 (45%)",
        comparison="385/931 (41%)",
        effect="1.17 (0.97–1.42)",
        p_value="0.10",
        i_squared="0%",
        measure="OR",
        values={
            "n_intervention": 944,
            "n_comparison": 931,
            "estimate": 1.17,
            "ci_low": 0.97,
            "ci_high": 1.42,
            "p_value": 0.1,
            "i_squared": 0.0,
        },
        caveats=(),
        provenance=None,
    )
    return replace(reported, **changes)


COMPUTED = {
    "source": "computed",
    "source_label": "Recomputed",
    "n_studies": 3,
    "footnote_mark": "",
    "effect": "1.18 (0.80–1.73)",
    "caveats": ("Follow-up differs between studies.",),
    "provenance": {"k": 3},
}
EMPTY = {
    "population": "Comatose",
    "n_studies": 0,
    "footnote_mark": "",
    "intervention": "-",
    "comparison": "-",
    "effect": "-",
    "p_value": "-",
    "i_squared": "-",
    "values": dict.fromkeys(
        ("n_intervention", "n_comparison", "estimate", "ci_low", "ci_high", "p_value", "i_squared")
    ),
}

REAFFIRMED: dict[str, Any] = {
    "reaffirmed_by": "Mats Methodologist",
    "reaffirmed_at": "2026-11-23T08:30:00+00:00",
    "reaffirmed_because": "The limits moved <by> a hundredth\nand no more.",
}


def option(key: str, label: str, column: int, direction: str = "", **changes: Any) -> schema.Option:
    plain = schema.Option(key, label, column, direction, aside=column > 5, chosen=False, applies_to=())
    return replace(plain, **changes)


def criterion(**changes: Any) -> schema.Criterion:
    plain = schema.Criterion(
        key="benefit",
        number=1,
        heading="Benefit",
        summary_heading="BENEFIT",
        prompt="How large is the benefit?",
        multiple=False,
        role="desirable",
        scale=(
            option("small", "Small", 1, "comparison"),
            option("large", "Large", 2, "intervention", chosen=True, applies_to=("adults",)),
            None,
            None,
            None,
            option("varies", "Varies", 6),
            None,
        ),
        judgements=(
            schema.Judgement("large", "Large", "adults", "Consensus", "2026-01-15T12:30:00+00:00", False),
        ),
        too_many=False,
        research_evidence="Benefit was seen (P = 0.04)[^1]. *Few* patients, p<0.05, AMI-CS.",
        additional_considerations="",
    )
    return replace(plain, **changes)


VERSION = schema.Version(
    number=2,
    published_at="2026-03-03T09:15:00.123456+00:00",
    published_by="Stefan Staff",
    note="The search was brought up to date.\nNothing else has changed.",
    approvals=(
        schema.Approval("Carla Chair", "2026-03-02T10:00:00.000000+00:00"),
        schema.Approval("Mats Methodologist", "2026-03-02T11:30:00.000000+00:00"),
    ),
    previous_sha256="cd" * 32,
    earlier=(
        schema.EarlierVersion(
            1, "2025-02-01T08:00:00.000000+00:00", "Stefan Staff", "", "cd" * 32, "A number was wrong."
        ),
    ),
)


def published() -> schema.EtdDocument:
    """The example as its second version."""
    document = example()
    question = replace(document.question, status="published", status_label="Published")
    return replace(document, question=question, version=VERSION)


def example(**changes: Any) -> schema.EtdDocument:
    document = schema.EtdDocument(
        schema_version=schema.SCHEMA_VERSION,
        openetd_version="1.2.3",
        guideline=schema.Guideline("cardiac", "Cardiac guideline", "Society", "weak"),
        question=schema.Question(
            slug="device",
            title="Should devices be used?",
            status="evidence",
            status_label="Evidence",
            revision=4,
            intervention_label="Device",
            comparison_label="No device",
            fields=(
                schema.Field("population", "POPULATION", "Adults (≥ 18 years)"),
                schema.Field("setting", "SETTING", ""),
            ),
        ),
        framework=schema.Framework(
            key="short",
            version=1,
            title="Short framework",
            language="en-US",
            source="Made by hand.",
            headings=schema.Headings(
                question="QUESTION",
                assessment="ASSESSMENT",
                judgement="JUDGEMENT",
                research_evidence="RESEARCH EVIDENCE",
                additional_considerations="ADDITIONAL CONSIDERATIONS",
                summary_of_judgements="SUMMARY OF JUDGEMENTS",
                type_of_recommendation="TYPE OF RECOMMENDATION",
                conclusions="CONCLUSIONS",
            ),
        ),
        criteria=(criterion(),),
        tables=(
            schema.OutcomeTable(
                number=2,
                title="Pooled rates",
                criterion_key="benefit",
                abbreviations="CI, confidence interval",
                footnotes="*including pooled data",
                measure="OR",
                measure_label="Odds ratio",
                favours_left="favours No device",
                favours_right="favours Device",
                groups=(
                    schema.OutcomeGroup(
                        name="Survival, n (%)",
                        better="higher",
                        certainty="Low",
                        certainty_symbols="⊕⊕◯◯",
                        rows=(row(), row(**COMPUTED), row(**EMPTY)),
                    ),
                ),
            ),
        ),
        recommendation_types=(
            schema.RecommendationType("against", "Against the device", "against-strong", False),
            schema.RecommendationType("for", "For the device", "for-conditional", True),
        ),
        recommendation_note="",
        statements=(
            schema.Statement(
                "recommendation",
                "Recommendation",
                "We suggest the device.",
                "selected patients",
                "conditional",
                "for",
                "low",
                "Low",
                "⊕⊕◯◯",
            ),
            schema.Statement(
                "good_practice_statement",
                "Good practice statement",
                "Watch for harm.",
                "",
                "",
                "",
                "",
                "",
                "",
            ),
        ),
        sections=(
            schema.Section("advice", "Recommendation", True, ""),
            schema.Section("gaps", "Research priorities", False, "Gaps:\n1. No studies of comatose patients"),
            schema.Section("watching", "Monitoring and evaluation", False, ""),
        ),
        references=(
            schema.Reference(1, ""),
            schema.Reference(2, "Alpha A. Trial. 2005."),
            schema.Reference(3, ""),
        ),
        analyses=(analysis(),),
        panel=None,
    )
    return replace(document, **changes)
