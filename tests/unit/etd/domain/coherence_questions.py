"""Ten small EtDs about ten diseases, each sound, each with defects of its own: the rules know none of their words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from etd.domain.coherence.inputs import (
    EtdInput,
    OutcomeInput,
    PanelInput,
    Passage,
    RowInput,
    StatementInput,
    TableInput,
)
from etd.frameworks.schema import Role
from tests.unit.etd.domain.coherence_examples import (
    FRAMEWORK,
    role_heading,
    sound,
    type_input,
    with_criterion,
    with_section,
    with_statement,
    with_text,
)

DESIRABLE, UNDESIRABLE = role_heading(Role.DESIRABLE), role_heading(Role.UNDESIRABLE)
CERTAINTY, BALANCE = role_heading(Role.OVERALL_CERTAINTY), role_heading(Role.BALANCE)
Change = Callable[[EtdInput], EtdInput]


@dataclass(frozen=True)
class Small:
    """A sound EtD and what may be broken in it: the code of the one finding that each change brings."""

    etd: EtdInput
    defects: tuple[tuple[str, Change], ...]


def _etd(
    title: str,
    *,
    labels: tuple[str, str],
    outcomes: str,
    rows: list[tuple[str, str, str, float]],
    effects: tuple[str, str],
    certainty: tuple[str, str],
    balance: tuple[str, str],
    type_key: str,
    statement: str,
    justification: str,
    level: str,
) -> EtdInput:
    """`sound()` in other words; `certainty`, `balance` are the option and its text, `level` that of the statement."""
    chosen = type_input(FRAMEWORK, type_key)
    etd = sound(
        title=title,
        intervention_label=labels[0],
        comparison_label=labels[1],
        fields=(Passage("POPULATION", title),),
        main_outcomes=Passage("MAIN OUTCOMES", outcomes),
        type=chosen,
        statements=(
            StatementInput(
                1,
                "recommendation",
                statement,
                strength=chosen.strength.value,
                direction=chosen.direction.value,
                certainty=level,
            ),
        ),
        tables=(
            TableInput(
                1,
                title,
                rows=tuple(RowInput(name, "All", side, m, value, True) for name, side, m, value in rows),
            ),
        ),
        outcomes=tuple(
            OutcomeInput(name, side, "critical", level, "randomised") for name, side, _, _ in rows
        ),
        panel=PanelInput(("A. Chair",), (), "2026-02-02", 1),
    )
    etd = with_criterion(etd, DESIRABLE, research_evidence=effects[0])
    etd = with_criterion(etd, UNDESIRABLE, research_evidence=effects[1])
    etd = with_criterion(etd, CERTAINTY, options=[certainty[0]], research_evidence=certainty[1])
    etd = with_criterion(etd, BALANCE, options=[balance[0]], research_evidence=balance[1])
    for heading in (
        "Problem",
        "Values",
        "Resources required",
        "Cost effectiveness",
        "Acceptability",
        "Feasibility",
    ):
        etd = with_criterion(
            etd, heading, research_evidence=f"See the review on {title.lower()}, part {heading.lower()}."
        )
    return with_section(etd, "Justification", justification)


def _says(heading: str, text: str) -> Change:
    return lambda etd: with_criterion(etd, heading, research_evidence=text)


def _judged(heading: str, *options: str) -> Change:
    return lambda etd: with_criterion(etd, heading, options=list(options))


def _words(old: str, new: str) -> Change:
    return lambda etd: with_text(etd, old, new)


def _of_type(key: str) -> Change:
    return lambda etd: replace(etd, type=type_input(FRAMEWORK, key))


def _section(heading: str, body: str) -> Change:
    return lambda etd: with_section(etd, heading, body)


ASTHMA = Small(
    _etd(
        "Low-dose inhaled steroids for mild asthma in children",
        labels=("Inhaled steroids", "No treatment"),
        outcomes="Severe exacerbations, growth in height, days off school",
        rows=[
            ("Severe exacerbations", "lower", "RR", 0.55),
            ("Height growth over a year", "higher", "MD", -0.5),
            ("Days off school", "lower", "MD", -1.2),
        ],
        effects=(
            "Nine randomized trials showed fewer severe exacerbations (risk ratio 0.55, 95% CI 0.41 to 0.74).",
            "Children grew 0.5 cm less in the first year. Oral candidiasis was seen in 2% of children.",
        ),
        certainty=(
            "moderate",
            "The certainty of the evidence is moderate. It was downgraded for imprecision.",
        ),
        balance=(
            "probably_favors_intervention",
            "The balance probably favors the intervention, as growth catches up.",
        ),
        type_key="strong_for",
        statement="We recommend low-dose inhaled steroids in children aged ≥ 5 years with mild asthma.",
        justification="Children aged < 5 years were not studied here. The panel was led by the fewer exacerbations.",
        level="moderate",
    ),
    (
        ("text_against_judgement", _judged(BALANCE, "favors_neither")),
        ("too_many_options", _judged("Feasibility", "yes", "probably_yes")),
        ("statement_words_strength", _words("We recommend low-dose", "We suggest low-dose")),
        ("sign_clash", _section("Justification", "Trials excluded children aged ≥ 5 years.")),
        ("unpaired_bracket", _words("catches up", "(catches up")),
    ),
)
BACK_PAIN = Small(
    _etd(
        "Opioids for chronic low back pain",
        labels=("Opioids", "Placebo"),
        outcomes="Primary outcome: pain intensity. Secondary outcomes: disability; constipation; opioid use disorder",
        rows=[
            ("Pain intensity, 0-100", "lower", "MD", -4.0),
            ("Disability (RMDQ)", "lower", "SMD", -0.1),
            ("Constipation", "lower", "RR", 2.7),
            ("Opioid use disorder", "lower", "RR", 3.1),
        ],
        effects=(
            "Pain fell by 4 points of 100, less than the 10 that patients notice, in 13 randomised trials.",
            "Constipation was reported by 23% and 8%. Any adverse event was more frequent (RR 1.4).",
        ),
        certainty=("low", "Certainty is low; we rated down for risk of bias and for inconsistency."),
        balance=(
            "probably_favors_comparison",
            "On balance, the harms outweigh the benefits for most patients.",
        ),
        type_key="conditional_against",
        statement="We suggest not using opioids for back pain (weak recommendation, low certainty evidence).",
        justification="The small effect on pain does not make up for dependence.",
        level="low",
    ),
    (
        ("text_against_judgement", _judged(BALANCE, "favors_neither")),
        ("downgrade_sum", _words("for risk of bias and for inconsistency", "for risk of bias")),
        ("type_against_statement", _of_type("conditional_either")),
        (
            "outcome_without_evidence",
            lambda e: replace(e, main_outcomes=Passage("MAIN OUTCOMES", "Pain, return to work")),
        ),
        ("judgement_without_basis", _says("Acceptability", "No studies on acceptability were identified.")),
    ),
)
STROKE = Small(
    _etd(
        "Thrombectomy within 24 hours of ischaemic stroke",
        labels=("Thrombectomy", "Medical care"),
        outcomes="Functional independence, mortality, symptomatic intracranial haemorrhage",
        rows=[
            ("Functional independence at 90 days", "higher", "RR", 1.8),
            ("Death at 90 days", "lower", "RR", 0.9),
            ("Symptomatic intracranial hemorrhage", "lower", "RR", 1.2),
        ],
        effects=(
            "In six randomised trials, 46% were independent after thrombectomy and 26% after medical care alone.",
            "Symptomatic haemorrhage occurred in 5% and 4%.",
        ),
        certainty=("high", "The overall certainty was high. We did not downgrade for any domain."),
        balance=("favors_intervention", "The desirable effects clearly outweigh the undesirable effects."),
        type_key="strong_for",
        statement="Adults with large vessel occlusion should be offered thrombectomy within 24 hours.",
        justification="Patients with an NIHSS < 6 were excluded from all trials. Benefit was seen for NIHSS ≥ 6.",
        level="high",
    ),
    (
        ("text_against_judgement", _judged(BALANCE, "favors_neither")),
        ("sign_clash", _section("Subgroup considerations", "Those with an NIHSS < 6 may benefit most.")),
        ("type_against_statement", _of_type("conditional_for")),
        (
            "certainty_above_outcomes",
            lambda e: replace(e, outcomes=tuple(replace(o, certainty="low") for o in e.outcomes)),
        ),
        (
            "empty_section",
            lambda e: with_section(
                with_statement(
                    e, 1, text="Thrombectomy should be offered, with monitoring of the blood pressure."
                ),
                "Monitoring and evaluation",
                "",
            ),
        ),
    ),
)
DEPRESSION = Small(
    _etd(
        "Internet-based therapy for depression",
        labels=("Online therapy", "Usual care"),
        outcomes="• Response\n• Dropout for any reason\n• QoL",
        rows=[
            ("Response", "higher", "OR", 1.9),
            ("Drop-out for any reason", "lower", "OR", 1.3),
            ("Quality of life", "higher", "SMD", 0.2),
        ],
        effects=(
            "Response was more likely (odds ratio 1.90; 95% confidence interval 1.5 to 2.4) in 20 RCTs.",
            "Dropout was 31% against 25%. Trials did not report on suicidality.",
        ),
        certainty=("low", "Low certainty, downgraded two levels for very serious risk of bias."),
        balance=("probably_favors_intervention", "The balance is in favour of online therapy."),
        type_key="conditional_for",
        statement="We suggest offering online therapy either with or without a therapist.",
        justification="Up to 40% of the participants had support by a therapist in the largest trial.",
        level="low",
    ),
    (
        (
            "same_phrase_different_number",
            _section(
                "Subgroup considerations",
                "Support by a therapist in trials was frequent, up to 48% of the participants in the largest trial.",
            ),
        ),
        (
            "statement_words_direction",
            lambda e: with_statement(e, 1, text="We suggest against offering online therapy."),
        ),
        ("text_against_judgement", _words("in favour of online therapy", "in favour of usual care")),
        ("table_number", lambda e: replace(e, tables=(replace(e.tables[0], number=3),))),
        (
            "citation_without_reference",
            _words("support by a therapist in the largest trial.", "support by a therapist.[^4]"),
        ),
    ),
)
MALARIA = Small(
    _etd(
        "Seasonal chemoprevention of malaria",
        labels=("Chemoprevention", "No chemoprevention"),
        outcomes="Clinical malaria, all-cause death, vomiting (e.g., within 30 minutes of the dose)",
        rows=[
            ("Episodes of clinical malaria", "lower", "RR", 0.26),
            ("Mortality", "lower", "RR", 0.66),
            ("Vomiting", "lower", "RR", 1.4),
        ],
        effects=(
            "Episodes fell by three quarters (rate ratio 0.26) in seven randomised trials; mortality was lower.",
            "Vomiting was seen in 1.4 times as many children.",
        ),
        certainty=("high", "The certainty is high for malaria and moderate for mortality."),
        balance=("favors_intervention", "The balance favors chemoprevention."),
        type_key="strong_for",
        statement="The panel recommends seasonal chemoprevention in children aged 3 to 59 months.",
        justification="The effect was large, and resistance has stayed below 5% in most countries.",
        level="high",
    ),
    (
        ("text_against_judgement", _judged(BALANCE, "favors_neither")),
        (
            "strong_on_low_certainty",
            lambda e: with_statement(
                with_criterion(e, CERTAINTY, options=["low"], research_evidence="See the profile."),
                1,
                certainty="low",
            ),
        ),
        (
            "type_against_balance",
            lambda e: replace(e, type=type_input(FRAMEWORK, "strong_against"), statements=()),
        ),
        (
            "size_without_number",
            lambda e: with_criterion(
                replace(
                    e,
                    tables=(replace(e.tables[0], rows=e.tables[0].rows[:2]),),
                    main_outcomes=Passage("M", ""),
                ),
                UNDESIRABLE,
                research_evidence="Vomiting was more frequent.",
            ),
        ),
    ),
)
ECZEMA = Small(
    _etd(
        "Emollients from birth to prevent eczema",
        labels=("Emollients", "Standard care"),
        outcomes="Eczema at age 2; skin infections",
        rows=[("Eczema at age 2", "lower", "RR", 1.03), ("Skin infection", "lower", "RR", 1.33)],
        effects=(
            "Ten randomised trials found little to no difference: 18% in both groups.",
            "Skin infections were somewhat more frequent, 6.6% against 5.0%.",
        ),
        certainty=(
            "moderate",
            "The certainty of evidence was judged moderate, due to imprecision (downgraded one level).",
        ),
        balance=("favors_neither", "The balance of effects favors neither side."),
        type_key="conditional_either",
        statement="We suggest either daily emollients or standard care.",
        justification="With little difference, parents' preferences decide.",
        level="moderate",
    ),
    (
        ("text_against_judgement", _words("favors neither side", "favors standard care")),
        (
            "several_statements_one_type",
            lambda e: replace(
                e,
                statements=(
                    *e.statements,
                    StatementInput(
                        2, "recommendation", "We suggest against oils.", "", "conditional", "against"
                    ),
                ),
            ),
        ),
        ("too_many_options", _judged("Problem", "yes", "probably_yes")),
        ("judgement_without_basis", _says("Equity", "We did not find any research evidence on equity.")),
    ),
)
SEPSIS = Small(
    _etd(
        "Balanced crystalloids for sepsis",
        labels=("Balanced crystalloids", "Saline"),
        outcomes="Mortality (28 days and 90 days), renal replacement therapy",
        rows=[
            ("Mortality at 90 days", "lower", "OR", 0.93),
            ("Renal replacement therapy", "lower", "OR", 0.95),
        ],
        effects=(
            "Mortality was reduced slightly (odds ratio 0.93, 95% CI 0.84 to 1.02). Trials enrolled 15,802 patients.",
            "No difference in electrolyte disorders was seen (3.1% and 3.0%).",
        ),
        certainty=("low", "Low: downgraded for indirectness and imprecision."),
        balance=(
            "probably_favors_intervention",
            "The panel felt that the balance probably favours balanced crystalloids.",
        ),
        type_key="conditional_for",
        statement="For adults with sepsis, we suggest balanced crystalloids instead of saline.",
        justification="Trials with a lactate > 4 mmol/l showed the same effect as those with a lactate ≤ 4 mmol/l.",
        level="low",
    ),
    (
        (
            "polarity",
            lambda e: with_section(
                replace(
                    e,
                    tables=(
                        replace(
                            e.tables[0],
                            rows=(
                                RowInput("Survival at 90 days", "All", "higher", "OR", 1.08, True),
                                RowInput(
                                    "Alive without renal replacement therapy",
                                    "All",
                                    "higher",
                                    "OR",
                                    1.05,
                                    True,
                                ),
                            ),
                        ),
                    ),
                ),
                "Subgroup considerations",
                "In brain injury, saline was superior (odds ratio 0.81).",
            ),
        ),
        (
            "downgrade_sum",
            _words("indirectness and imprecision", "indirectness, imprecision and inconsistency"),
        ),
        (
            "text_against_judgement",
            _words("Low: downgraded for indirectness and imprecision.", "The certainty was very low."),
        ),
        (
            "empty_section",
            lambda e: with_section(
                with_statement(e, 1, text="We suggest balanced crystalloids where they can be implemented."),
                "Implementation considerations",
                "",
            ),
        ),
    ),
)
VACCINE = Small(
    _etd(
        "Zoster vaccination of adults over 50",
        labels=("Vaccine", "No vaccine"),
        outcomes="Herpes zoster, postherpetic neuralgia, serious adverse events",
        rows=[
            ("Herpes zoster", "lower", "RR", 0.08),
            ("Post-herpetic neuralgia", "lower", "RR", 0.11),
            ("Serious adverse events", "lower", "RR", 1.0),
        ],
        effects=(
            "Two randomised trials: 0.3% against 3.5% had zoster over three years.",
            "Injection-site pain was common (78%). Serious adverse events did not differ.",
        ),
        certainty=("high", "Certainty of evidence: high."),
        balance=("favors_intervention", "Benefits outweigh the risks."),
        type_key="strong_for",
        statement="We recommend the vaccine for adults aged ≥ 50 years (strong recommendation; high certainty).",
        justification="Adults aged < 50 years were excluded. Efficacy was 97% at ages 50 to 59, 91% beyond 70.",
        level="high",
    ),
    (
        (
            "statement_words_certainty",
            _words("high certainty)", "moderate certainty)"),
        ),
        ("statement_words_strength", _words("(strong recommendation", "(conditional recommendation")),
        ("sign_clash", _words("aged ≥ 50 years (strong", "aged < 50 years (strong")),
        ("text_against_judgement", _words("Benefits outweigh the risks", "The risks outweigh the benefits")),
    ),
)
KNEE = Small(
    _etd(
        "Arthroscopic surgery for degenerative knee disease",
        labels=("Arthroscopy", "Conservative care"),
        outcomes="Pain, function, venous thromboembolism, infection",
        rows=[
            ("Pain at 3 months", "lower", "MD", -5.4),
            ("Function", "higher", "MD", 4.9),
            ("Venous thromboembolism", "lower", "RD", 0.005),
            ("Infection", "lower", "RD", 0.002),
        ],
        effects=(
            "At 3 months pain was 5.4 points lower in the surgery group. At 24 months pain was 3.1 points lower"
            " in the surgery group.",
            "Thromboembolism: 5 per 1000. Infection: 2 per 1000.",
        ),
        certainty=("moderate", "Downgraded one level for risk of bias: moderate certainty."),
        balance=("favors_comparison", "The balance of effects is in favor of conservative care."),
        type_key="strong_against",
        statement="We recommend against arthroscopy in nearly all patients with degenerative knee disease.",
        justification="Recovery takes 2 to 6 weeks. A difference in pain of 12 points was held to be important.",
        level="moderate",
    ),
    (
        ("type_against_statement", _of_type("conditional_against")),
        ("statement_words_direction", _words("We recommend against arthroscopy", "We recommend arthroscopy")),
        (
            "same_phrase_different_number",
            _section(
                "Subgroup considerations",
                "A difference in pain of 15 points was held to be important.",
            ),
        ),
        (
            "repeated_text",
            _section(
                "Implementation considerations",
                "At 3 months pain was 5.4 points lower in the surgery group. At 24 months pain was 3.1 points lower"
                " in the surgery group.",
            ),
        ),
    ),
)
SCREENING = Small(
    _etd(
        "Low-dose CT screening for lung cancer",
        labels=("Low-dose CT", "No screening"),
        outcomes="Lung cancer mortality; overdiagnosis; false positives",
        rows=[
            ("Death from lung cancer", "lower", "RR", 0.80),
            ("Overdiagnosed cancers", "lower", "RD", 0.01),
            ("False-positive results", "lower", "RD", 0.2),
        ],
        effects=(
            "Eight randomised trials: 20% fewer deaths from lung cancer. Benefit was larger in women (hazard ratio for"
            " death 0.67).",
            "False positives: 24% of those screened. Complications of biopsies: 3 per 1000.",
        ),
        certainty=("moderate", "Overall certainty is moderate. Mortality: downgraded for indirectness."),
        balance=(
            "varies",
            "The balance favors screening in heavy smokers and favors no screening in light smokers.",
        ),
        type_key="conditional_for",
        statement="We suggest low-dose CT every year in people with ≥ 20 pack-years; it should not be offered at 40.",
        justification="The panel considered overdiagnosis. People with < 20 pack-years were excluded from most trials.",
        level="moderate",
    ),
    (
        ("sign_clash", _words("with ≥ 20 pack-years; it", "with < 20 pack-years; it")),
        (
            "cited_differently",
            lambda e: with_section(
                with_text(
                    e,
                    "The panel considered overdiagnosis.",
                    "One cohort found that half of all screened cancers never grew (Patz 2014).",
                ),
                "Subgroup considerations",
                "One cohort found that half of all screened cancers never grew (Berg 2019).",
            ),
        ),
        (
            "fragment",
            _section(
                "Research priorities",
                "1. The best interval\n2. The age to stop\n3. Smokers of pipes\n4. The blood tests\n5. The cost",
            ),
        ),
        ("judgement_without_basis", _says("Feasibility", "")),
    ),
)

QUESTIONS = {
    "asthma": ASTHMA, "back pain": BACK_PAIN, "stroke": STROKE, "depression": DEPRESSION, "malaria": MALARIA,
    "eczema": ECZEMA, "sepsis": SEPSIS, "vaccine": VACCINE, "knee": KNEE, "screening": SCREENING,
}  # fmt: skip
