"""Coherence on the ILCOR document: its defects are found where they are, and each goes when it is mended, alone.

The defects are those of a real document; no rule knows a word of it. test_coherence_rules.py proves the rules on other
questions, with and without each defect.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from etd.domain.coherence import coherence_findings
from etd.domain.coherence.inputs import EtdInput, OutcomeInput, PanelInput, RowInput, SectionInput
from etd.domain.findings import Severity
from tests.unit.etd.domain.coherence_examples import (
    FRAMEWORK,
    example,
    sound,
    type_input,
    with_criterion,
    with_section,
    with_statement,
    with_text,
)


def found(etd: EtdInput) -> set[tuple[str, str]]:
    """Code and place of every finding."""
    return {(finding.code, finding.where) for finding in coherence_findings(etd)}


def codes(etd: EtdInput) -> list[str]:
    return sorted(finding.code for finding in coherence_findings(etd))


DESIRABLE, UNDESIRABLE = "Desirable Effects – research evidence", "Undesirable Effects – research evidence"
COPIES = {
    (DESIRABLE, UNDESIRABLE),
    ("Justification", "Subgroup considerations"),
    ("Resources required – research evidence", "Cost effectiveness – research evidence"),
}
# The defects of the document by their number; the sixteenth ("slightly higher but statistically significant costs") is
# for a human eye, and nothing finds it.
DEFECTS: dict[int, set[tuple[str, str]]] = {
    1: {("type_against_statement", "Type of recommendation, statement 1")},
    2: {("text_against_judgement", "Balance of effects")},
    3: {("too_many_options", "Resources required")},
    4: {("several_statements_one_type", "Type of recommendation")},
    5: {("same_phrase_different_number", f"{DESIRABLE}, Justification and Subgroup considerations")},
    6: {("sign_clash", "Justification and Subgroup considerations")},
    7: {("downgrade_sum", "Certainty of evidence")},
    8: {("outcome_without_evidence", "MAIN OUTCOMES"), ("size_without_number", "Undesirable Effects")},
    9: {("judgement_without_basis", "Acceptability")},
    10: {("empty_section", "Monitoring and evaluation")},
    11: {("repeated_text", f"{one} and {other}") for one, other in COPIES}
    | {("cited_differently", f"{DESIRABLE} and {UNDESIRABLE}")},
    12: {
        (
            "citation_without_reference",
            f"{DESIRABLE}, Justification, Subgroup considerations, Resources required – research evidence and Cost"
            " effectiveness – research evidence",
        )
    },
    13: {("polarity", f"{DESIRABLE}, {UNDESIRABLE}, Justification and Subgroup considerations")},
    14: {("incomplete", "Before publication")},
    15: {("fragment", "Research priorities"), ("table_number", "Table 2")},
}


def test_fifteen_of_the_sixteen_defects_are_found_and_nothing_else() -> None:
    assert found(example()) == set().union(*DEFECTS.values())
    assert len(DEFECTS) == 15


def test_nothing_in_the_example_is_impossible_and_what_reads_english_says_so() -> None:
    findings = coherence_findings(example())
    assert {finding.severity for finding in findings} == {Severity.INCONSISTENT, Severity.INFORMATIONAL}
    by_structure = {finding.code for finding in findings if not finding.heuristic}
    assert by_structure == {
        "too_many_options", "type_against_statement", "several_statements_one_type", "repeated_text",
        "cited_differently", "citation_without_reference", "incomplete", "table_number",
    }  # fmt: skip


def test_each_finding_quotes_what_it_rests_on_shortly() -> None:
    for finding in coherence_findings(example()):
        assert finding.message.endswith((".", "?")), finding
        assert 5 < len(finding.evidence) < 600, finding
        assert "\n" not in finding.evidence + finding.message + finding.where


def _type(key: str) -> Callable[[EtdInput], EtdInput]:
    return lambda etd: replace(etd, type=type_input(FRAMEWORK, key))


def _only_one_recommendation(etd: EtdInput) -> EtdInput:
    return replace(etd, statements=tuple(s for s in etd.statements if s.number != 2))


def _with_harms(etd: EtdInput) -> EtdInput:
    names = ("Quality of life", "Length of hospital stay", "Major bleeding")
    rows = tuple(RowInput(name, "All", "lower", "MD", 0.5, True) for name in names)
    return replace(etd, tables=(replace(etd.tables[0], rows=etd.tables[0].rows + rows),))


def _without_copies(etd: EtdInput) -> EtdInput:
    """Each thing said once: the second of two places that said the same says something of its own."""
    etd = with_section(etd, "Subgroup considerations", "See the justification.")
    etd = with_criterion(etd, "Cost effectiveness", research_evidence="As for the resources required.")
    return with_criterion(
        etd, "Undesirable Effects", research_evidence="Complications were more frequent with the devices."
    )


def _complete(etd: EtdInput) -> EtdInput:
    return replace(
        etd,
        outcomes=tuple(OutcomeInput(o.name, o.better, "critical", "low") for o in etd.outcomes),
        panel=PanelInput(("A. Chair",), (), "2025-01-01", 1),
        n_summary_rows=1,
        n_absolute=1,
        criteria=tuple(
            replace(c, choices=tuple(replace(choice, from_document=False) for choice in c.choices))
            for c in etd.criteria
        ),
    )


MENDED: dict[int, Callable[[EtdInput], EtdInput]] = {
    1: _type("conditional_against"),
    2: lambda etd: with_criterion(etd, "Balance of effects", options=["varies"]),
    3: lambda etd: with_criterion(etd, "Resources required", options=["moderate_costs"]),
    4: _only_one_recommendation,
    5: lambda etd: with_text(etd, "up to 92%", "up to 95%"),
    6: lambda etd: with_text(etd, "with a Glasgow Coma Scale ≤ 8", "with a Glasgow Coma Scale > 8"),
    7: lambda etd: with_text(etd, "due to indirectness", "due to very serious indirectness"),
    8: _with_harms,
    9: lambda etd: with_criterion(
        etd, "Acceptability", additional_considerations="The panel’s own experience."
    ),
    10: lambda etd: with_section(etd, "Monitoring and evaluation", "Registries should record complications."),
    12: lambda etd: replace(etd, references=dict.fromkeys(range(1, 13), "A citation. 2024.")),
    13: lambda etd: with_text(etd, "(hazard ratio, 0.74", "(hazard ratio for death, 0.74"),
    14: _complete,
}


@pytest.mark.parametrize("number", MENDED)
def test_a_mended_defect_goes_and_nothing_else_comes_or_goes(number: int) -> None:
    expected = set().union(*(places for defect, places in DEFECTS.items() if defect != number))
    assert found(MENDED[number](example())) == expected


def test_with_each_thing_said_once_the_copies_go_and_the_places_are_fewer() -> None:
    mended = codes(_without_copies(example()))
    assert "repeated_text" not in mended
    assert "cited_differently" not in mended
    assert set(codes(example())) - set(mended) == {"repeated_text", "cited_differently"}


def test_each_trivial_slip_goes_alone() -> None:
    whole = with_text(example(), "2. Subpopulation of", "2. The subpopulation of")
    assert found(example()) - found(whole) == {("fragment", "Research priorities")}
    numbered = replace(example(), tables=(replace(example().tables[0], number=1),))
    assert found(example()) - found(numbered) == {("table_number", "Table 2")}


NEW: list[tuple[str, Callable[[EtdInput], EtdInput], tuple[str, str]]] = [
    (
        "a bracket is lost",
        lambda e: with_text(
            e, "in low-resource settings due to the high cost of devices and consumables and", "in (low"
        ),
        ("unpaired_bracket", "Equity – research evidence"),
    ),
    (
        "the stored direction is turned round",
        lambda e: with_statement(e, 2, direction="against"),
        ("statement_words_direction", "Statement 2"),
    ),
    (
        "the stored certainty is another",
        lambda e: with_statement(e, 2, certainty="very_low"),
        ("statement_words_certainty", "Statement 2"),
    ),
    (
        "the judgement of certainty is another than the text's, the statements name theirs no more",
        lambda e: with_criterion(
            replace(e, statements=tuple(replace(s, certainty="") for s in e.statements)),
            "Certainty of evidence",
            options=["moderate"],
        ),
        ("text_against_judgement", "Certainty of evidence"),
    ),
    (
        "a second option",
        lambda e: with_criterion(e, "Equity", options=["reduced", "probably_reduced"]),
        ("too_many_options", "Equity"),
    ),
    (
        "a text is lost",
        lambda e: with_criterion(e, "Feasibility", options=["yes"], research_evidence=""),
        ("judgement_without_basis", "Feasibility"),
    ),
    (
        "a sign is turned round",
        lambda e: with_criterion(
            e,
            "Values",
            research_evidence="Patients with a short duration of resuscitation (>10 minutes) value survival most.",
        ),
        (
            "sign_clash",
            f"{DESIRABLE}, Values – research evidence, Justification and Subgroup considerations",
        ),
    ),
    (
        "two figures change places in one copy",
        lambda e: with_section(
            e,
            "Subgroup considerations",
            next(s.body for s in e.sections if s.heading == "Justification").replace("of 98%", "of 89%"),
        ),
        ("same_phrase_different_number", "Justification and Subgroup considerations"),
    ),
    (
        "two digits change places in a sentence that stands in four places",
        lambda e: with_criterion(
            e,
            "Undesirable Effects",
            research_evidence=next(
                c.research_evidence for c in e.criteria if c.heading == "Undesirable Effects"
            ).replace("0.74", "0.47"),
        ),
        (
            "same_phrase_different_number",
            f"{DESIRABLE}, Justification, Subgroup considerations and {UNDESIRABLE}",
        ),
    ),
    (
        "a section is emptied",
        lambda e: with_section(e, "Implementation considerations", ""),
        ("empty_section", "Implementation considerations"),
    ),
]


@pytest.mark.parametrize(("what", "change", "new"), NEW, ids=[case[0] for case in NEW])
def test_a_new_defect_is_found_and_nothing_else(
    what: str, change: Callable[[EtdInput], EtdInput], new: tuple[str, str]
) -> None:
    assert found(change(example())) - found(example()) == {new}


def test_a_sound_question_is_silent() -> None:
    assert coherence_findings(sound()) == ()


def test_an_empty_question_is_silent_but_for_what_is_not_recorded() -> None:
    empty = EtdInput(
        title="A question",
        intervention_label="A",
        comparison_label="B",
        criteria=(),
        sections=(SectionInput("Justification", ""),),
    )
    assert codes(empty) == ["incomplete"]


def test_the_gravest_come_first() -> None:
    severities = [finding.severity for finding in coherence_findings(example())]
    assert severities == sorted(severities, key=list(Severity).index)
