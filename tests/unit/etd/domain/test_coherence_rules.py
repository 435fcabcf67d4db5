"""The coherence rules on ten questions of our own: silent where a question is sound, and one finding a defect.

Then the near misses of each rule, which must stay silent, and the bounds on the work for long texts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType, ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etd.domain.coherence import (
    coherence_findings,
    english,
    evidence,
    facts,
    judgements,
    signs,
    statements,
    texts,
)
from etd.domain.coherence.evidence import main_outcomes, ranges
from etd.domain.coherence.inputs import (
    Choice,
    EtdInput,
    Passage,
    RowInput,
    SectionInput,
    StatementInput,
    TableInput,
)
from etd.domain.coherence.judgements import says_nothing_was_found
from etd.domain.coherence.statements import said_direction
from etd.domain.coherence.texts import unpaired
from etd.domain.findings import Finding
from tests.unit.etd.domain.coherence_examples import sound, with_criterion, with_section, with_statement
from tests.unit.etd.domain.coherence_questions import BALANCE, CERTAINTY, DESIRABLE, QUESTIONS, UNDESIRABLE

DEFECTS = [
    pytest.param(name, code, change, id=f"{name}: {code} {number}")
    for name, question in QUESTIONS.items()
    for number, (code, change) in enumerate(question.defects, start=1)
]


def codes(etd: EtdInput) -> list[str]:
    return [finding.code for finding in coherence_findings(etd)]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_sound_question_is_silent(name: str) -> None:
    assert coherence_findings(QUESTIONS[name].etd) == ()


@pytest.mark.parametrize(("name", "code", "change"), DEFECTS)
def test_one_defect_is_one_finding(name: str, code: str, change: Callable[[EtdInput], EtdInput]) -> None:
    assert codes(change(QUESTIONS[name].etd)) == [code]


def test_the_ten_questions_have_every_kind_of_defect_but_that_of_an_unfinished_document() -> None:
    made = {code for question in QUESTIONS.values() for code, _ in question.defects}
    known = set(re.findall(r'Finding\(\s*f?"([a-z_]+)', "".join(_source(module) for module in MODULES)))
    assert len(QUESTIONS) == 10
    assert known - made == {"statement_words_", "statement_certainty"}


# Near misses: what a mistaken rule would say something about.


BALANCES = [
    ("varies", "The balance favors the intervention in some and favors the comparison in others."),
    ("favors_neither", "The balance does not favor either the intervention or the comparison."),
    ("favors_neither", "It is uncertain whether the balance favors the intervention."),
    ("favors_neither", "One trial favored the intervention on survival, another favored placebo."),
    ("favors_neither", "The benefits do not outweigh the harms, nor the harms the benefits."),
    ("favors_neither", "The panel could not say that the balance of effects favours the intervention."),
    ("probably_favors_intervention", "On balance, benefits outweigh harms. No trial favored the comparison."),
    ("favors_intervention", "In all subgroups the balance favors galcanezumab rather than favoring placebo."),
    ("favors_comparison", "The balance is in favour of placebo."),
    ("favors_comparison", "Patients favour the intervention, yet the balance of effects favors placebo."),
    ("favors_comparison", "Some guidelines conclude that benefits outweigh harms."),
    ("favors_comparison", "Two members felt that the benefits outweigh the harms."),
    ("favors_comparison", "The balance was thought to favor galcanezumab by two members."),
    ("favors_comparison", "NICE judged that the balance favours galcanezumab."),
    ("favors_comparison", "In 2012 the panel judged that the benefits outweigh the harms."),
    ("favors_comparison", "Had the trials been larger, the balance might favor the intervention."),
    ("favors_comparison", "The panel discussed in which patients benefits outweigh harms."),
    ("favors_intervention", "There were concerns that harms would outweigh benefits."),
    ("favors_intervention", "Harms may outweigh benefits in frail patients."),
    ("favors_intervention", "The balance favours usual care plus galcanezumab."),
    ("favors_intervention", "The balance of effects favors placebo-controlled trials."),
]


@pytest.mark.parametrize(("option", "text"), BALANCES)
def test_a_balance_that_agrees_with_its_text_or_says_no_side_is_silent(option: str, text: str) -> None:
    etd = with_criterion(replace(sound(), type=None), BALANCE, options=[option], research_evidence=text)
    assert codes(etd) == []


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("The balance of effects favors placebo.", "inconsistent"),
        ("Overall, the balance favors placebo, although larger trials might change this.", "inconsistent"),
        ("In children, the harms outweigh the benefits.", "informational"),
        ("The balance of effects for the outcome pain favors placebo.", "informational"),
        ("The point estimates on balance favour placebo for injection-site reactions.", "informational"),
        ("The balance favors the intervention. In pregnancy the balance favors placebo.", "informational"),
    ],
)
def test_an_exception_beside_the_judged_side_or_for_some_is_a_hint(text: str, severity: str) -> None:
    etd = with_criterion(sound(), BALANCE, options=["favors_intervention"], research_evidence=text)
    found = [(finding.code, finding.severity.value) for finding in coherence_findings(etd)]
    assert found == [("text_against_judgement", severity)]


def test_a_judgement_for_each_group_says_both_sides() -> None:
    text = "The balance favors the intervention in adults. The balance favors the comparison in children."
    etd = with_criterion(
        sound(), BALANCE, options=["favors_intervention", "favors_comparison"], research_evidence=text
    )
    groups = ("adults", "children")
    choices = next(c for c in etd.criteria if c.heading == BALANCE).choices
    split = tuple(replace(choice, applies_to=group) for choice, group in zip(choices, groups, strict=True))
    assert codes(with_criterion(etd, BALANCE, choices=split)) == []


LEVELS = [
    ("moderate", "The certainty ranged from low to high."),
    ("low", "The certainty was low because of a high risk of bias."),
    ("moderate", "The certainty was high for mortality."),
    ("very_low", "Certainty of the evidence: very low."),
    ("moderate", "It is not certain that the low dose is moderate."),
    ("low", "The certainty is low. It would be high if the trials were larger."),
    ("moderate", "The certainty was low in the previous version of this review."),
    ("moderate", "One reviewer rated the certainty as low."),
    ("moderate", "The certainty of the evidence was initially rated as low and later raised."),
    ("moderate", "In the observational studies the certainty was very low."),
    ("moderate", "The certainty of evidence for injection-site reactions was high."),
    ("moderate", "The certainty of the evidence on costs is low."),
    ("moderate", "The certainty is high that migraine is burdensome."),
    ("moderate", "The panel is certain that the effect is low."),
    ("moderate", "A Cochrane review rated the certainty as low."),
    ("moderate", "Certainty is low if only trials with a sham are counted."),
    ("moderate", "Certainty in the baseline risk is high."),
]


@pytest.mark.parametrize(("option", "text"), LEVELS)
def test_a_level_in_the_text_that_may_be_about_something_else_is_silent(option: str, text: str) -> None:
    etd = with_criterion(sound(statements=(), type=None), CERTAINTY, options=[option], research_evidence=text)
    etd = replace(etd, outcomes=tuple(replace(o, certainty="high") for o in etd.outcomes))
    assert codes(etd) == []


DOWNGRADED = [
    ("low", "Downgraded for very serious indirectness."),
    ("low", "Downgraded two levels for imprecision."),
    ("low", "Downgraded twice for imprecision."),
    ("low", "Downgraded for risk of bias and imprecision."),
    ("very_low", "Downgraded for risk of bias, inconsistency, indirectness and imprecision."),
    ("low", "Downgraded, mainly for imprecision."),
    ("high", "We did not downgrade for imprecision."),
    ("low", "Mortality: downgraded for imprecision. Stroke: downgraded for indirectness."),
    ("low", "Low, as the panel judged."),
    ("moderate", "Downgraded for risk of bias (one level)."),
    ("moderate", "Downgraded one level for risk of bias and imprecision combined."),
    ("moderate", "Downgraded once in total for risk of bias and imprecision."),
    ("moderate", "Rated down for imprecision, despite low risk of bias."),
]


@pytest.mark.parametrize(("option", "text"), DOWNGRADED)
def test_levels_that_add_up_or_cannot_be_added_are_silent(option: str, text: str) -> None:
    etd = with_criterion(sound(statements=(), type=None), CERTAINTY, options=[option], research_evidence=text)
    etd = replace(etd, outcomes=tuple(replace(o, certainty="high") for o in etd.outcomes))
    assert codes(etd) == []


def test_observational_evidence_starts_low() -> None:
    etd = with_criterion(
        sound(statements=(), type=None),
        CERTAINTY,
        options=["very_low"],
        research_evidence="Downgraded for imprecision.",
    )
    cohorts = with_criterion(
        etd, DESIRABLE, research_evidence="Five cohorts, none randomised: 20% against 30%."
    )
    by_rating = replace(etd, outcomes=tuple(replace(o, design="non_randomised") for o in etd.outcomes))
    without = replace(cohorts, outcomes=tuple(replace(o, design="") for o in etd.outcomes))
    assert "downgrade_sum" in codes(etd)
    assert "downgrade_sum" not in codes(by_rating) + codes(without)


@pytest.mark.parametrize(
    "sentence",
    [
        "We have not identified any research that assessed acceptability.",
        "No research evidence was identified.",
        "We did not find any studies.",
        "No evidence.",
        "There were no qualitative studies available.",
        "We found no studies on this.",
    ],
)
def test_a_sentence_that_says_that_nothing_was_found(sentence: str) -> None:
    assert says_nothing_was_found(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "We have not identified any other research on costs.",
        "We did not identify any further studies.",
        "No randomised trials were found, but one survey was.",
        "There was no evidence of harm.",
        "No studies showed a difference in acceptance.",
        "We found one study.",
        "Studies have not found that nurses refuse it.",
        "We found no evidence of harm.",
        "We did not find evidence that it is refused.",
        "No evidence of a difference in acceptability was found.",
    ],
)
def test_a_sentence_that_says_something_else(sentence: str) -> None:
    assert not says_nothing_was_found(sentence)


NOTHING = "We found no studies on this. No research evidence was identified."


@pytest.mark.parametrize(
    "changes",
    [
        {"additional_considerations": "The panel’s experience in four hospitals."},
        {"stated_basis": True},
        {"choices": (Choice("Probably yes", sound().criteria[0].scale[2], reason="Our experience"),)},
        {"choices": (Choice("Don't know", None),)},
        {"choices": ()},
        {"research_evidence": f"{NOTHING} However, a survey of 30 nurses found it acceptable."},
        {"has_table": True},
    ],
)
def test_a_judgement_with_a_basis_or_none_at_all_is_silent(changes: dict[str, Any]) -> None:
    bare = with_criterion(sound(), "Acceptability", research_evidence=NOTHING)
    assert codes(bare) == ["judgement_without_basis"]
    assert codes(with_criterion(bare, "Acceptability", **changes)) == []


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("We suggest against routine use.", "against"),
        ("We recommend not using it.", "against"),
        ("We recommend that it not be used.", "against"),
        ("Antibiotics should not be given.", "against"),
        ("Do not give antibiotics.", "against"),
        ("The panel strongly recommends aspirin.", "for"),
        ("Aspirin should be given.", "for"),
        ("We suggest either aspirin or clopidogrel.", "either"),
        ("We suggest aspirin, given either in the morning or at night.", "for"),
        ("We recommend aspirin. It should not be given to children.", "for"),
        ("We suggest aspirin in adults but suggest against it in children.", ""),
        ("We suggest avoiding aspirin.", ""),
        ("If patients do not tolerate aspirin, we suggest clopidogrel.", "for"),
        ("In patients who should not take aspirin, we suggest clopidogrel.", "for"),
        ("Patients who do not respond to aspirin should be offered clopidogrel.", "for"),
        ("When aspirin must not be given, clopidogrel is preferred.", ""),
        ("The panel recommends that clinicians do not give aspirin.", "against"),
        ("We recommend that patients who do not tolerate aspirin take clopidogrel.", "for"),
        ("In children, do not give aspirin.", "against"),
        ("The panel suggests that aspirin is offered and that it should not be combined.", "for"),
        ("Aspirin should not be withheld.", ""),
        ("We suggest that access to aspirin not be restricted.", ""),
        ("Health systems should not limit aspirin to specialists.", ""),
        ("Aspirin is cheap.", ""),
        ("", ""),
    ],
)
def test_the_direction_that_a_statement_says(text: str, direction: str) -> None:
    assert said_direction(text) == direction


@pytest.mark.parametrize(
    "text",
    [
        "We suggest galcanezumab.",
        "We suggest galcanezumab (weak recommendation, moderate-certainty evidence).",
        "We suggest galcanezumab for those who recommend it to others.",
        "We suggest avoiding a delay of galcanezumab.",
        "Galcanezumab is an option (conditional recommendation; certainty of the evidence moderate).",
        "We conditionally recommend galcanezumab.",
        "We recommend galcanezumab conditionally.",
        "We suggest galcanezumab. Other panels made a strong recommendation.",
        "We suggest either monthly or quarterly galcanezumab.",
    ],
)
def test_a_statement_whose_words_agree_is_silent(text: str) -> None:
    assert codes(with_statement(sound(), 1, text=text)) == []


def test_a_good_practice_statement_beside_a_recommendation_is_no_second_type() -> None:
    practice = StatementInput(2, "good_practice_statement", "We recommend to talk about expectations.")
    assert codes(sound(statements=(*sound().statements, practice))) == []


def test_a_low_certainty_for_a_population_of_its_own_is_silent_and_a_high_one_is_not() -> None:
    low = with_statement(
        sound(), 1, text="We suggest galcanezumab.", certainty="low", population="Adolescents"
    )
    assert codes(low) == []
    assert codes(with_statement(low, 1, certainty="high")) == ["statement_certainty"]
    assert codes(with_statement(low, 1, population="")) == ["statement_certainty"]


def test_strong_on_low_with_its_situation_named_is_silent() -> None:
    etd = QUESTIONS["malaria"].etd
    low = with_criterion(etd, CERTAINTY, options=["low"], research_evidence="See the profile.")
    low = replace(low, outcomes=tuple(replace(o, certainty="low") for o in low.outcomes))
    bare = with_statement(low, 1, certainty="low")
    assert codes(bare) == ["strong_on_low_certainty"]
    assert codes(with_statement(bare, 1, paradigm="life_threatening")) == []


def test_a_blank_section_is_silent_where_the_whole_question_is_about_it() -> None:
    etd = with_section(sound(title="Monitoring of glucose"), "Monitoring and evaluation", "")
    etd = with_statement(etd, 1, text="We suggest monitoring.")
    assert codes(etd) == []
    assert codes(replace(etd, title="Care of diabetes")) == ["empty_section"]


PAIRS = [
    ("At 30 days, mortality was 12% in the treated group.", "At 90 days, mortality was 15% in the treated group."),
    ("Serious bleeding occurred in 12% of patients in the treated group of one trial.",
     "Serious infection occurred in 15% of patients in the treated group of one trial."),
    ("Up to 92% of patients were men in one trial.", "Up to 95% of nurses were women in one hospital."),
    ("The trial by Smith enrolled 120 patients at home.", "The trial by Jones enrolled 240 patients at home."),
    ("The effect was 1.2 (95% CI 1.1 to 1.3).", "The effect was 1.4 (95% CI 1.2 to 1.6)."),
    ("In adults the rate of response to treatment was 40% in the largest trial.",
     "In children the rate of response to treatment was 60% in the largest trial."),
    ("The guideline of 2015 recommended to give the drug to all patients with frequent migraine at home.",
     "The guideline of 2021 recommended to give the drug to all patients with frequent migraine at home."),
    ("After 6 months there was no difference between the groups in the number of attacks at all.",
     "After 12 months there was no difference between the groups in the number of attacks at all."),
    ("In three trials (n = 345), pain was lower by 1.2 points (95% CI 0.8 to 1.6).",
     "In five trials (n = 802), function was better by 3.4 points (95% CI 1.1 to 5.7)."),
    ("Of 10,200 patients in the trials, 12% had attacks.", "Of 10200 patients in the trials, 12% had attacks."),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_numbers_for_two_things_are_silent(first: str, second: str) -> None:
    etd = with_section(with_section(sound(), "Justification", first), "Subgroup considerations", second)
    assert codes(etd) == []


BOUNDS = [
    ("Trials excluded patients with a GCS ≤ 8.", "Patients with a GCS > 8 may benefit."),
    ("Patients aged < 65 years may benefit.", "Patients aged ≥ 65 years may benefit."),
    ("Trials excluded patients with an eGFR < 30.", "Patients with an eGFR < 30 are unlikely to benefit."),
    (
        "The difference was significant (P < 0.05).",
        "Subgroups with P < 0.05 were excluded; they may benefit.",
    ),
    (
        "Adults aged ≥ 65 years were excluded.",
        "Adults aged ≥ 65 years were included in registries and may benefit.",
    ),
    ("Patients with a BMI > 30 were excluded.", "We do not suggest surgery with a BMI > 30."),
    ("Patients aged > 80 years were excluded.", "Doses > 80 mg may benefit some."),
    ("Short courses (<7 days) were safe.", "Long courses (>7 days) were not."),
    ("Those with a score > 5 were excluded, yet those with a score > 5 may benefit.", "None."),
    ("Trials excluded patients with a pain score > 5.", "Patients with a fatigue score > 5 may benefit."),
]


@pytest.mark.parametrize(("first", "second"), BOUNDS)
def test_bounds_that_agree_or_are_of_something_else_are_silent(first: str, second: str) -> None:
    etd = with_section(with_section(sound(), "Justification", first), "Subgroup considerations", second)
    assert codes(etd) == []


def test_a_bound_is_known_by_its_initials_and_by_its_word() -> None:
    excluded = with_section(sound(), "Justification", "Trials excluded those with a Glasgow Coma Scale ≤ 8.")
    clash = with_section(excluded, "Subgroup considerations", "Those with a GCS <= 8 may benefit.")
    assert codes(clash) == ["sign_clash"]
    turned = with_section(sound(), "Justification", "A short duration of symptoms (<10 hours) is common.")
    turned = with_section(
        turned, "Subgroup considerations", "A short duration of symptoms (>10 hours) is common."
    )
    assert codes(turned) == ["sign_clash"]


@pytest.mark.parametrize(
    "line",
    [
        "Options: a) one, b) two (and three).",
        "1) first; 2) second",
        "The set [0, 1) is half open.",
        "A (nested [one]) is fine.",
        "(MCS) devices and (low) doses (see above).",
        "",
    ],
)
def test_brackets_that_are_in_order(line: str) -> None:
    assert unpaired(line) == ""


@pytest.mark.parametrize(
    ("line", "sign"), [("a (b", "("), ("a long word) b", ")"), ("x (y]", "]"), ("[1", "["), ("(a (b) c", "(")]
)
def test_brackets_without_a_partner(line: str, sign: str) -> None:
    assert unpaired(line) == sign


LISTS = [
    "1. The dose\n2. The time\n3. Which device\n4. The costs",
    "- Costs\n- Equity\n- Time\n- Dose\n- The device\n- Setting",
    "1. The dose\n2. The time\n3. No trial was found.\n4. The costs\n5. The device\n6. The setting",
    "1. The dose\n2. The time\n3. The device\n4. The costs\n5. The setting",
]


@pytest.mark.parametrize("text", LISTS)
def test_lists_of_items_in_their_own_words_are_silent(text: str) -> None:
    assert codes(with_section(sound(), "Research priorities", text)) == []


def test_what_is_said_again_shortly_or_in_a_statement_is_silent() -> None:
    etd = with_section(
        sound(), "Subgroup considerations", "The panel judged the benefit to be worth the burden and costs."
    )
    etd = with_section(
        etd, "Implementation considerations", "The panel judged the benefit to be worth the burden and costs."
    )
    etd = with_section(etd, "Research priorities", sound().statements[0].text)
    assert codes(etd) == []


def test_every_citation_with_an_entry_is_silent_and_a_range_counts_each_of_its_numbers() -> None:
    etd = with_section(sound(), "Justification", "The benefit was large.[^1] The costs were not.[^2–4]")
    assert codes(replace(etd, references=dict.fromkeys(range(1, 5), "A. 2024."))) == []
    (finding,) = coherence_findings(replace(etd, references={1: "A. 2024.", 2: "B. 2024.", 3: " "}))
    assert finding.evidence == "Cited without an entry: 3–4"
    assert ranges([1, 2, 3, 5, 8, 9]) == "1–3, 5, 8–9"


RATIOS = [
    "The drug was superior (hazard ratio 0.74).",
    "Survival was not improved (odds ratio 1.30).",
    "Remission was improved (odds ratio 1.30).",
    "The drug was superior (risk ratio 1.00).",
    "Men were more often enrolled (odds ratio 1.30).",
]


@pytest.mark.parametrize("text", RATIOS)
def test_ratios_that_may_be_of_the_same_event_are_silent(text: str) -> None:
    assert codes(with_section(sound(), "Subgroup considerations", text)) == []


def test_no_polarity_where_the_tables_have_both_or_no_ratio() -> None:
    odd = with_section(sound(), "Subgroup considerations", "The drug was superior (odds ratio 1.30).")
    assert codes(odd) == ["polarity"]
    table = odd.tables[0]
    both = replace(
        odd, tables=(replace(table, rows=(*table.rows, RowInput("Response", "", "higher", "OR", 2.0, True))),)
    )
    assert codes(both) == []
    assert codes(replace(odd, tables=(replace(table, rows=table.rows[:1]),))) == []


def test_a_harm_beside_the_benefits_does_not_hide_their_polarity() -> None:
    rows = (
        RowInput("Response", "", "higher", "OR", 2.0, True),
        RowInput("Major bleeding", "", "lower", "OR", 1.9, True),
    )
    table = replace(sound().tables[0], rows=(*sound().tables[0].rows, *rows))
    etd = with_section(
        sound(tables=(table,)), "Subgroup considerations", "The drug was superior (hazard ratio 0.74)."
    )
    assert codes(etd) == ["polarity"]


def test_a_criterion_written_with_a_hyphen_is_the_topic_too() -> None:
    etd = with_criterion(
        sound(),
        "Cost effectiveness",
        options=["favors_comparison"],
        research_evidence="Cost-effectiveness favours the intervention in 3 of 3 models.",
    )
    assert codes(etd) == ["text_against_judgement"]


def test_main_outcomes_are_split_at_commas_outside_brackets() -> None:
    text = "Primary outcome: survival (at 30 days, or later). Secondary outcomes: stroke, QoL; harms (e.g., rash)"
    assert main_outcomes(text) == [
        "survival (at 30 days, or later)",
        "stroke",
        "QoL",
        "harms (e.g., rash)",
    ]


@pytest.mark.parametrize(
    ("outcome", "row"),
    [
        ("quality of life", "QoL at 6 months"),
        ("QoL", "Quality of life"),
        ("mortality", "Death from any cause"),
        ("survival", "Mortality"),
        ("haemorrhage", "Major hemorrhage"),
        ("adverse events (e.g., rash)", "Rash"),
        ("complications", "Serious adverse events"),
        ("harms", "Nausea"),
        ("length of stay", "Hospital length of stay, days"),
        ("neurological outcome", "Survival with favourable neurological outcome"),
    ],
)
def test_an_outcome_has_a_row_under_another_name(outcome: str, row: str) -> None:
    rows = (*sound().rows, RowInput(row, "All", "lower", "RR", 1.1, True))
    etd = sound(
        tables=(TableInput(1, "T", rows=rows),), main_outcomes=Passage("M", f"Migraine days, {outcome}")
    )
    assert codes(etd) == []
    assert codes(replace(etd, tables=sound().tables)) in ([], ["outcome_without_evidence"])


def test_a_remark_on_the_outcomes_is_no_outcome() -> None:
    text = "Migraine days, injection-site reactions. Outcomes were rated by the panel; all are assessed at 3 months."
    assert main_outcomes(text) == ["Migraine days", "injection-site reactions"]


def test_one_figure_of_several_is_another_in_a_sentence_of_its_own() -> None:
    first = "Pain was lower with the new drug (odds ratio, 0.74; 95% CI, 0.55 to 0.99; P = 0.04) in men and women."
    second = (
        "One large trial of the new drug found lower pain (odds ratio, 0.47; 95% CI, 0.55 to 0.99) in women."
    )
    etd = with_section(with_section(sound(), "Justification", first), "Subgroup considerations", second)
    assert codes(etd) == ["same_phrase_different_number"]


def test_an_outcome_with_a_number_in_the_text_has_evidence() -> None:
    etd = sound(main_outcomes=Passage("M", "Migraine days, return to work"))
    assert codes(etd) == ["outcome_without_evidence"]
    told = with_criterion(
        etd,
        DESIRABLE,
        research_evidence="Twelve trials. Return to work was 1.5 times as likely. Days fell by 1.9.",
    )
    assert codes(told) == []


def test_a_size_is_told_by_a_row_or_a_number_and_trivial_needs_none() -> None:
    etd = sound(main_outcomes=Passage("M", ""), tables=(replace(sound().tables[0], rows=sound().rows[:1]),))
    bare = with_criterion(etd, UNDESIRABLE, research_evidence="Reactions were more frequent.")
    assert codes(bare) == ["size_without_number"]
    assert codes(with_criterion(bare, UNDESIRABLE, options=["trivial"])) == []
    assert codes(with_criterion(bare, UNDESIRABLE, options=["varies"])) == []
    assert codes(with_criterion(bare, UNDESIRABLE, research_evidence="Reactions: 12 of 300.")) == []


def test_tables_that_begin_with_one_are_silent() -> None:
    second = replace(sound().tables[0], number=2)
    assert codes(sound(tables=(sound().tables[0], second))) == []


# Bounds on the work.


MODULES: tuple[ModuleType, ...] = (english, evidence, facts, judgements, signs, statements, texts)


def _source(module: ModuleType) -> str:
    assert module.__file__
    with open(module.__file__, encoding="utf-8") as file:
        return file.read()


def _patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for module in MODULES:
        for name, thing in vars(module).items():
            group = (
                thing.values() if isinstance(thing, dict) else thing if isinstance(thing, tuple) else [thing]
            )
            yield from ((f"{module.__name__}.{name}", one) for one in group if isinstance(one, re.Pattern))


def _unbounded_inside(parsed: Any, inside: bool = False) -> bool:
    """Does a repetition without an end stand inside another one?"""
    for operation, argument in parsed:
        repeats = str(operation) in ("MAX_REPEAT", "MIN_REPEAT")
        endless = repeats and argument[1] > 1000
        if endless and inside:
            return True
        parts = argument if isinstance(argument, (list, tuple)) else [argument]
        for part in parts:
            branches = part if isinstance(part, list) else [part]
            for branch in branches:
                if hasattr(branch, "data") and _unbounded_inside(branch.data, inside or endless):
                    return True
    return False


def _parse(pattern: str, flags: int = 0) -> Any:
    from re import _parser as parser  # type: ignore[attr-defined]

    return parser.parse(pattern, flags)


def test_no_pattern_repeats_without_end_inside_a_repetition() -> None:
    patterns = dict(_patterns())
    assert len(patterns) > 30
    assert [name for name, one in patterns.items() if _unbounded_inside(_parse(one.pattern).data)] == []


def test_a_control_nested_repetitions_are_seen() -> None:
    assert _unbounded_inside(_parse(r"(?:a+b?)*c").data)
    assert not _unbounded_inside(_parse(r"a+b{0,20}(?:c|d)*").data)


def calls(etd: EtdInput) -> int:
    """How many functions the checks call, Python's own included: what grows with the square of the text shows here."""
    count = 0

    def counting(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    english._sentences.cache_clear()
    sys.setprofile(counting)
    try:
        coherence_findings(etd)
    finally:
        sys.setprofile(None)
    return count


SENTENCE = (
    "Up to {n}% of the patients with migraine in trial {n} had a score ≤ {n} (risk ratio 0.{n}; see above). "
)
HARD = {
    "numbers": lambda size: "".join(SENTENCE.format(n=n) for n in range(size // len(SENTENCE))),
    "one phrase": lambda size: "".join(
        f"In up to {n}% of the patients in one trial. " for n in range(size // 42)
    ),
    "one sentence": lambda size: "the balance favors " * (size // 19),
    "signs": lambda size: "score ≤ 8 excluded benefit " * (size // 27),
    "brackets": lambda size: "(" * size,
    "no stop": lambda size: "a" * size,
    "lines": lambda size: "- The a\n" * (size // 8),
    "commas": lambda size: "pain, " * (size // 6),
    "not be": lambda size: "We suggest that " * (size // 16),
}


@pytest.mark.parametrize("kind", HARD)
def test_the_work_grows_no_faster_than_the_text(kind: str) -> None:
    def with_text_of(size: int) -> EtdInput:
        text = HARD[kind](size)
        etd = with_criterion(with_section(sound(), "Justification", text), BALANCE, research_evidence=text)
        return replace(with_statement(etd, 1, text=text), main_outcomes=Passage("M", text[: size // 10]))

    small, large = calls(with_text_of(10_000)), calls(with_text_of(40_000))
    assert large < 6 * small


def test_two_hundred_thousand_signs_are_read() -> None:
    text = HARD["numbers"](200_000)
    assert len(text) > 180_000
    etd = with_section(sound(), "Justification", text)
    assert all(isinstance(finding, Finding) for finding in coherence_findings(etd))


@settings(max_examples=60, deadline=None)
@given(
    st.text(
        alphabet=st.one_of(
            st.sampled_from("()[]^≤≥<>%.,;: \n0123456789-–·*\\"), st.characters(codec="utf-8")
        ),
        max_size=400,
    )
)
def test_no_text_stops_the_checks(text: str) -> None:
    etd = with_section(with_criterion(sound(), BALANCE, research_evidence=text), "Justification", text)
    etd = replace(
        with_statement(etd, 1, text=text), main_outcomes=Passage("M", text), intervention_label=text[:60]
    )
    etd = replace(etd, sections=(*etd.sections, SectionInput(text[:40], "")))
    for finding in coherence_findings(etd):
        assert finding.message
        assert finding.where


def test_the_type_is_read_as_that_of_the_first_recommendation() -> None:
    second = StatementInput(
        2, "recommendation", "We suggest against it in children.", "", "conditional", "against"
    )
    etd = sound(statements=(*sound().statements, second))
    assert codes(etd) == ["several_statements_one_type"]
    turned = replace(etd, statements=tuple(replace(s, number=3 - s.number) for s in reversed(etd.statements)))
    assert codes(turned) == ["type_against_statement", "several_statements_one_type"]
