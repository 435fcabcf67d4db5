"""EtDs for the coherence checks: the ILCOR document of fixtures/ as it is printed, and a small sound one of our own."""

from __future__ import annotations

import csv
import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from etd.domain.coherence.inputs import (
    Choice,
    CriterionInput,
    EtdInput,
    OutcomeInput,
    PanelInput,
    Passage,
    RowInput,
    SectionInput,
    StatementInput,
    Step,
    TableInput,
    TypeInput,
)
from etd.frameworks import Framework, get_framework
from etd.frameworks.schema import Criterion, Role

FOLDER = Path(__file__).resolve().parents[4] / "fixtures" / "ilcor-mcs-after-rosc"


@cache
def example() -> EtdInput:
    """The ILCOR document, nothing added to it."""
    document = tomllib.loads((FOLDER / "document.toml").read_text(encoding="utf-8"))
    with (FOLDER / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    question, table = document["question"], document["outcome_table"]
    framework = get_framework(question["framework_key"], question["framework_version"])
    better = {outcome["name"]: outcome["better"] for outcome in document["outcome"]}
    bodies = {section["key"]: section["body"].strip("\n") for section in document["section"]}
    fields = tuple(Passage(f.heading, question.get(f.key, "")) for f in framework.question_fields)
    return EtdInput(
        title=question["title"],
        intervention_label=question["intervention_label"],
        comparison_label=question["comparison_label"],
        fields=fields,
        main_outcomes=Passage("MAIN OUTCOMES", question["main_outcomes"]),
        criteria=tuple(
            criterion_input(
                framework.criterion(given["key"]),
                given["options"],
                evidence=given["research_evidence"],
                considerations=given["additional_considerations"],
                has_table=given["key"] == table["criterion"],
                from_document=True,
            )
            for given in document["criterion"]
        ),
        type=type_input(framework, document["recommendation"]["type"]),
        statements=tuple(
            StatementInput(
                number=number,
                kind=given["kind"],
                text=given["text"].strip(),
                population=given["population"],
                strength=given.get("strength", ""),
                direction=given.get("direction", ""),
                certainty=given.get("certainty", ""),
                practice_questions_open=5 if given["kind"] == "good_practice_statement" else 0,
            )
            for number, given in enumerate(document["statement"], start=1)
        ),
        sections=tuple(SectionInput(s.heading, bodies[s.key], s.holds_statements) for s in framework.sections),
        tables=(
            TableInput(
                table["number"], table["title"], table["abbreviations"], table["footnotes"],
                tuple(_row(row, better[row["outcome"]]) for row in rows),
            ),
        ),
        outcomes=tuple(OutcomeInput(name, side) for name, side in better.items()),
        references=dict.fromkeys(document["source"]["references_cited"], ""),
    )  # fmt: skip


def _row(row: dict[str, str], better: str) -> RowInput:
    estimate = float(row["estimate"]) if row["estimate"] else None
    return RowInput(
        outcome=row["outcome"],
        population=row["population"],
        better=better,
        measure=row["measure"],
        estimate=estimate,
        has_data=estimate is not None,
    )


def criterion_input(
    criterion: Criterion,
    options: list[str],
    *,
    evidence: str = "",
    considerations: str = "",
    has_table: bool = False,
    from_document: bool = False,
) -> CriterionInput:
    steps = {o.key: Step(o.label, o.column, o.direction) for o in criterion.options if o.is_scale}
    return CriterionInput(
        heading=criterion.heading,
        scale=tuple(steps.values()),
        choices=tuple(
            Choice(criterion.option(key).label, steps.get(key), from_document=from_document)
            for key in options
        ),
        role=criterion.role,
        multiple=criterion.multiple,
        is_certainty=criterion.certainty,
        research_evidence=evidence.strip("\n"),
        additional_considerations=considerations.strip("\n"),
        has_table=has_table,
    )


def type_input(framework: Framework, key: str) -> TypeInput:
    chosen = framework.recommendation_type(key)
    return TypeInput(chosen.label, chosen.strength, chosen.direction)


# A small question of our own, in which nothing is to be found.

FRAMEWORK = get_framework("grade_clinical_population", 1)
TEXTS = {
    "problem": ("yes", "Migraine is among the leading causes of years lived with disability."),
    "desirable_effects": (
        "moderate",
        "Twelve randomised trials were pooled. Galcanezumab lowered the number of migraine days by 1.9 a month.",
    ),
    "undesirable_effects": ("small", "Injection-site reactions occurred in 18% against 10% of patients."),
    "certainty_of_evidence": ("moderate", "The certainty is moderate (downgraded for imprecision)."),
    "values": ("probably_no_important", "Patients place a high value on days without migraine."),
    "balance_of_effects": ("probably_favors_intervention", "The balance of effects favors the intervention."),
    "resources_required": ("moderate_costs", "The list price is about 5,000 a year."),
    "certainty_of_required_resources": ("low", "Two cost studies were found."),
    "cost_effectiveness": ("favors_neither", "One model gave 40,000 per QALY."),
    "equity": ("probably_reduced", "Access differs between regions, as one survey shows."),
    "acceptability": ("probably_yes", "In a survey, 80% of patients would accept a monthly injection."),
    "feasibility": ("yes", "Self-injection at home was feasible in all trials."),
}  # fmt: skip
SECTIONS = (
    "", "The panel judged the benefit to be worth the burden and the costs.", "None.",
    "Training in self-injection is needed.", "Headache diaries should be kept.", "Trials in adolescents.",
)  # fmt: skip


def sound(**changes: Any) -> EtdInput:
    """Galcanezumab for migraine: complete, and in which all parts agree. `changes` replace parts of it."""
    etd = EtdInput(
        title="Galcanezumab for the prevention of migraine",
        intervention_label="Galcanezumab",
        comparison_label="Placebo",
        fields=(Passage("POPULATION", "Adults with at least four migraine days a month"),),
        main_outcomes=Passage("MAIN OUTCOMES", "Migraine days per month, injection-site reactions"),
        criteria=tuple(
            criterion_input(FRAMEWORK.criterion(key), [option], evidence=text)
            for key, (option, text) in TEXTS.items()
        ),
        type=type_input(FRAMEWORK, "conditional_for"),
        statements=(
            StatementInput(
                1,
                "recommendation",
                "We suggest galcanezumab for adults with frequent migraine (conditional recommendation, moderate"
                " certainty of evidence).",
                strength="conditional",
                direction="for",
                certainty="moderate",
            ),
        ),
        sections=tuple(
            SectionInput(s.heading, body, s.holds_statements)
            for s, body in zip(FRAMEWORK.sections, SECTIONS, strict=True)
        ),
        tables=(
            TableInput(
                1,
                "Galcanezumab against placebo",
                rows=(
                    RowInput("Migraine days per month", "All", "lower", "MD", -1.9, True),
                    RowInput("Injection-site reactions", "All", "lower", "RR", 1.8, True),
                ),
            ),
        ),
        outcomes=(
            OutcomeInput("Migraine days per month", "lower", "critical", "moderate", "randomised"),
            OutcomeInput("Injection-site reactions", "lower", "important", "moderate", "randomised"),
        ),
        panel=PanelInput(("A. Chair", "B. Member"), (), "2026-03-01", 1),
        n_summary_rows=2,
        n_absolute=2,
    )
    return replace(etd, **changes)


def with_criterion(etd: EtdInput, heading: str, **changes: Any) -> EtdInput:
    """The EtD with one criterion changed; `options` are keys of the framework."""
    assert any(criterion.heading == heading for criterion in etd.criteria)
    options = changes.pop("options", None)
    if options is not None:
        criterion = next(c for c in FRAMEWORK.criteria if c.heading == heading)
        changes["choices"] = criterion_input(criterion, options).choices
    criteria = (replace(c, **changes) if c.heading == heading else c for c in etd.criteria)
    return replace(etd, criteria=tuple(criteria))


def with_section(etd: EtdInput, heading: str, body: str) -> EtdInput:
    assert any(section.heading == heading for section in etd.sections)
    sections = (replace(s, body=body) if s.heading == heading else s for s in etd.sections)
    return replace(etd, sections=tuple(sections))


def with_statement(etd: EtdInput, number: int, **changes: Any) -> EtdInput:
    statements = (replace(s, **changes) if s.number == number else s for s in etd.statements)
    return replace(etd, statements=tuple(statements))


def with_text(etd: EtdInput, old: str, new: str) -> EtdInput:
    """The EtD with words replaced wherever they stand in a criterion, a section or a statement."""
    changed = replace(
        etd,
        criteria=tuple(
            replace(
                c,
                research_evidence=c.research_evidence.replace(old, new),
                additional_considerations=c.additional_considerations.replace(old, new),
            )
            for c in etd.criteria
        ),
        sections=tuple(replace(s, body=s.body.replace(old, new)) for s in etd.sections),
        statements=tuple(replace(s, text=s.text.replace(old, new)) for s in etd.statements),
    )
    assert changed != etd, f"“{old}” does not occur"
    return changed


def role_heading(role: Role) -> str:
    found = FRAMEWORK.criterion_with_role(role)
    assert found
    return found.heading
