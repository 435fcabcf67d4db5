"""Other ways in which the same layout comes out of a converter, and what is not in it."""

from __future__ import annotations

import re

import pytest

from documents.importing import ImportedEtd, read_text
from documents.importing.evidence_tables import WHOLE
from documents.importing.imported import ImportedCriterion
from etd.frameworks import get_framework
from tests.unit.documents.importing.example import SOURCE, read_example

FRAMEWORK = get_framework("grade_clinical_population", 2)
FIRST, SECOND = FRAMEWORK.criteria[:2]


def changed(*pairs: tuple[str, str]) -> str:
    text = SOURCE
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def criterion(etd: ImportedEtd, heading: str) -> ImportedCriterion:
    return next(one for one in etd.criteria if one.heading == heading)


def left(etd: ImportedEtd) -> list[tuple[str, str]]:
    return [(one.where, one.text) for one in etd.not_understood]


def flagged(etd: ImportedEtd, where: str) -> str:
    return " ".join(flag.message for flag in etd.flags if flag.where == where)


def same_content(one: ImportedEtd, other: ImportedEtd) -> bool:
    def content(etd: ImportedEtd) -> list[object]:
        return [
            etd.title,
            etd.fields,
            {c.key: c for c in etd.criteria},
            etd.tables,
            etd.types,
            etd.statements,
            etd.sections,
        ]

    return content(one) == content(other)


@pytest.mark.parametrize(
    "text",
    [
        SOURCE.replace("\n", "\r\n"),
        SOURCE.replace("\n", "\r"),
        SOURCE.replace("\u00a0", " "),
        SOURCE.replace("●", "⬤").replace("○", "◯"),
        SOURCE.replace("●", "•").replace("○", "o"),
        SOURCE.replace("●\u00a0", "[x] ").replace("○\u00a0", "[ ] "),
        SOURCE.replace("\tProblem\n", "\t1. Problem\n").replace("\tEquity\n", "\t10) Equity\n"),
        SOURCE.replace("Favors", "Favours").replace("JUDGEMENT", "JUDGMENT").replace("Don't", "Don’t"),
        SOURCE.replace("Cost effectiveness", "Cost-effectiveness").replace("\tEquity\n", "\tHealth equity:\n"),
        SOURCE.replace("ASSESSMENT\n", "Assessment\n\n").replace("\nCONCLUSIONS", "\nConclusions\n"),
        SOURCE.replace("ASSESSMENT\n", ""),
        SOURCE.replace("\tQUESTION\n", ""),
        SOURCE.replace("\tEquity\n", ""),
        SOURCE.replace("POPULATION:\n\t", "POPULATION: "),
        SOURCE.replace("POPULATION:\n\t", "POPULATION:\t"),
    ],
    ids=[
        "Windows lines", "old Mac lines", "no NBSP", "large circles", "bullets and o", "boxes", "numbered", "British",
        "synonyms",
        "capitals", "no ASSESSMENT", "no QUESTION", "prompt without heading", "field on one line",
        "field and cell on one line",
    ],
)  # fmt: skip
def test_the_same_content_in_another_form(text: str) -> None:
    assert text != SOURCE
    etd = read_example(text)
    assert etd.not_understood == ()
    assert same_content(etd, read_example())


def test_criteria_may_stand_in_another_order() -> None:
    start, end = SOURCE.index("\tEquity\n"), SOURCE.index("\tAcceptability\n")
    first = SOURCE.index("\tProblem\n")
    text = SOURCE[:first] + SOURCE[start:end] + SOURCE[first:start] + SOURCE[end:]
    etd = read_example(text)
    assert etd.criteria[0].heading == "Equity"
    assert etd.not_understood == ()
    assert same_content(etd, read_example())


def test_a_whole_criterion_on_lines_of_cells() -> None:
    block = (
        f"{FIRST.heading}\n{FIRST.prompt}\nJUDGEMENT\tRESEARCH EVIDENCE\tADDITIONAL CONSIDERATIONS\n"
        + "\n".join(f"{'●' if number == 2 else '○'} {o.label}" for number, o in enumerate(FIRST.options))
        + "\tThe evidence.\tThe considerations.\n\nSecond paragraph.\n\n"
    )
    text = re.sub(r"(?s)\tProblem\n.*?(?=\tDesirable Effects)", lambda _: block, SOURCE)
    one = criterion(read_text(text), FIRST.heading)
    assert one.options == (FIRST.options[2].key,)
    assert one.research_evidence == "The evidence."
    assert one.additional_considerations == "The considerations.\n\nSecond paragraph."


def copied_from_word(text: str) -> str:
    """The criteria as Word's clipboard has them: the cells of a row on one line, their paragraphs on lines."""
    headings = "\tJUDGEMENT\n\tRESEARCH EVIDENCE\n\tADDITIONAL\u00a0CONSIDERATIONS\n\n\t"
    assert headings in text
    text = text.replace(headings, "JUDGEMENT\tRESEARCH EVIDENCE\tADDITIONAL CONSIDERATIONS\n")
    return re.sub(r"([○●]\u00a0[^\n\t]*)\n+\t", r"\1\t", text)


def test_criteria_as_the_clipboard_has_them() -> None:
    etd = read_example(copied_from_word(SOURCE))
    assert etd.not_understood == ()
    assert same_content(etd, read_example())
    last = "We have not identified any research that assessed acceptability."
    text = copied_from_word(
        changed((last, f"{last}\nThe second paragraph.\tThe panel considered.\nAnd more."))
    )
    one = criterion(read_text(text), "Acceptability")
    assert one.research_evidence == f"{last}\nThe second paragraph."
    assert one.additional_considerations == "The panel considered.\nAnd more."


def test_an_empty_cell_keeps_its_place() -> None:
    text = changed(("\tWe have not identified any research", "\t\n\tWe have not identified any research"))
    one = criterion(read_text(text), "Acceptability")
    assert one.research_evidence == ""
    assert one.additional_considerations.startswith("We have not identified")


def test_without_tabs_all_but_the_table_is_read_and_the_table_stays_as_text() -> None:
    etd = read_text(SOURCE.replace("\t", ""))
    assert etd.not_understood == ()
    assert [one.options for one in etd.criteria] == [one.options for one in read_text(SOURCE).criteria]
    assert etd.tables == ()
    assert "190/406 (47%)" in criterion(etd, SECOND.heading).research_evidence
    assert etd.types == read_text(SOURCE).types


def test_two_ticks_are_kept_and_flagged() -> None:
    text = changed(("○\u00a0Probably yes\n●\u00a0Yes", "●\u00a0Probably yes\n●\u00a0Yes"))
    etd = read_text(text)
    assert criterion(etd, FIRST.heading).options == (FIRST.options[2].key, FIRST.options[3].key)
    assert flagged(etd, f"{FIRST.heading}, judgement").startswith("2 options are ticked")


def test_a_ticked_option_that_the_framework_does_not_have_is_left_and_said() -> None:
    etd = read_text(changed(("●\u00a0Small", "●\u00a0Enormous")))
    assert criterion(etd, SECOND.heading).options == ()
    (one,) = etd.not_understood
    assert (one.where, one.text) == (f"{SECOND.heading}, judgement", "●\u00a0Enormous")
    assert one.reason.endswith("It is ticked: the judgement may be missing.")
    assert flagged(etd, f"{SECOND.heading}, judgement") == "No option is ticked."


def test_one_option_alone_without_a_mark_is_not_taken_for_a_judgement() -> None:
    options = "\n".join(f"{mark}\u00a0{o.label}" for mark, o in zip("○○○●○○", FIRST.options, strict=True))
    etd = read_text(changed((options, "Probably yes")))
    assert criterion(etd, FIRST.heading).options == ()
    assert left(etd) == [(f"{FIRST.heading}, judgement", "Probably yes")]


@pytest.mark.parametrize(
    ("judgement", "options"),
    [
        ("Choose one:\n○ No\n● Yes", ("yes",)),
        ("~~● No~~\n● Yes\n○ Varies", ("yes",)),
        ("\n○ No\n● Yes", ("yes",)),
        ("X No\nYes\nVaries", ()),
        ("The panel said yes.", ()),
        ("", ()),
    ],
)
def test_a_cell_of_the_judgement_that_begins_otherwise_shifts_no_text(
    judgement: str, options: tuple[str, ...]
) -> None:
    etd = read_text(
        f"ASSESSMENT\n\tProblem\n\n\tJUDGEMENT\n\tRESEARCH EVIDENCE\n\tADDITIONAL CONSIDERATIONS\n\n"
        f"\t{judgement}\n\tThe evidence.\n\tThe considerations.\n"
    )
    (one,) = etd.criteria
    texts = (one.research_evidence, one.additional_considerations)
    assert (one.options, *texts) == (options, "The evidence.", "The considerations.")
    kept = " ".join(text for _, text in left(etd))
    first = judgement.split("\n")[0]
    assert first in kept


def test_where_the_marks_are_lost_nothing_is_ticked() -> None:
    etd = read_text(SOURCE.replace("●\u00a0", "").replace("○\u00a0", ""))
    assert {one.options for one in etd.criteria} == {()}
    assert etd.not_understood == ()


def test_an_unknown_criterion_is_kept_whole() -> None:
    etd = read_text(
        changed(("\tAcceptability\nIs the intervention acceptable", "\tClimate\nIs the planet acceptable"))
    )
    ((where, text),) = left(etd)
    assert where == "Assessment, Climate"
    assert text.startswith("Climate\nIs the planet acceptable")
    assert "●\u00a0Probably yes" in text
    assert text.endswith("We have not identified any research that assessed acceptability.")
    assert flagged(etd, "Acceptability") == "The document does not have this criterion."


def test_the_text_before_a_judgement_is_not_its_heading() -> None:
    values = next(one for one in FRAMEWORK.criteria if one.heading == "Values")
    heading = f"\t{values.heading}\n{values.prompt}\n"
    etd = read_text(changed((heading, "")))
    assert criterion(etd, "Certainty of evidence").research_evidence.startswith(
        "The certainty of evidence across"
    )
    assert [where for where, _ in left(etd)] == ["Assessment, JUDGEMENT"]


def test_two_questions_in_one_file_are_said_and_the_second_is_kept() -> None:
    alone, both = read_text(SOURCE), read_text(f"{SOURCE}\n\n{SOURCE.replace('individuals', 'horses')}")
    assert flagged(alone, "Document") == ""
    assert "the first question was read" in flagged(both, "Document")
    assert (both.title, both.fields, both.criteria) == (alone.title, alone.fields, alone.criteria)
    assert "Adult horses" in " ".join(text for _, text in left(both))


def test_a_criterion_that_stands_twice_is_read_once_and_kept_once() -> None:
    start, end = SOURCE.index("\tEquity\n"), SOURCE.index("\tAcceptability\n")
    etd = read_text(SOURCE[:end] + SOURCE[start:end] + SOURCE[end:])
    assert len(etd.criteria) == len(FRAMEWORK.criteria)
    ((where, text),) = left(etd)
    assert where == "Assessment, Equity"
    assert "low-resource settings" in text


def test_unknown_fields_sections_and_cells_are_kept_with_their_place() -> None:
    etd = read_text(
        changed(
            ("\tSETTING:", "\tAUTHORS:\n\tA. Author\n\n\tSETTING:"),
            (
                "\tSubgroup considerations\n",
                "\tCosts in detail\n\n\tAbout 5 euros.\n\n\tSubgroup considerations\n",
            ),
            ("\tEquity\n", "\tConsiderations.\n\n\tA third cell.\n\n\tEquity\n"),
        )
    )
    assert left(etd) == [
        ("Question, AUTHORS:", "AUTHORS:\n\tA. Author"),
        ("Cost effectiveness, after the additional considerations", "A third cell."),
        ("Conclusions, after Justification", "Costs in detail\n\n\tAbout 5 euros."),
    ]
    assert criterion(etd, "Cost effectiveness").additional_considerations == "Considerations."


def test_a_word_in_running_text_is_no_heading() -> None:
    etd = read_text(
        changed(
            ("\tWe have not identified any research", "\tValues\nYes\nWe have not identified any research")
        )
    )
    assert criterion(etd, "Acceptability").research_evidence.startswith("Values\nYes\nWe have not")
    assert criterion(etd, "Values").options
    assert etd.not_understood == ()


def test_the_grid_is_compared_where_its_marking_survives() -> None:
    row = "\tPROBLEM\n\tNo\n\tProbably no\n\tProbably yes\n\tYes"
    for marked in ("**Yes**", "● Yes", "[Yes]", "Yes ✓"):
        agrees = read_text(changed((row, row[:-3] + marked)))
        assert flagged(agrees, f"{FIRST.heading}, judgement") == ""
        assert flagged(agrees, "Summary of judgements") == ""
        assert agrees.not_understood == ()
    differs = read_text(changed((row, row.replace("Probably yes", "**Probably yes**"))))
    assert flagged(differs, f"{FIRST.heading}, judgement") == (
        "The summary of judgements marks “Probably yes”, the criterion ticks “Yes”. The criterion's own tick was taken."
    )
    assert criterion(differs, FIRST.heading).options == (FIRST.options[3].key,)


TYPES = FRAMEWORK.recommendation_types
ROW_OF_TYPES = re.compile(r"(?s)(?<=TYPE OF RECOMMENDATION\n).*?(?=\n\n\n\nCONCLUSIONS)")


@pytest.mark.parametrize(
    "row",
    [
        "\n".join(f"{'●' if number == 1 else '○'} {kind.label}" for number, kind in enumerate(TYPES)),
        "\t" + "\t".join(kind.label for kind in TYPES) + "\n\t○\t●\t○\t○\t○",
        "\n".join(f"\t{kind.label}\n\t{'●' if number == 1 else '○'}" for number, kind in enumerate(TYPES)),
        "● Weak recommendation against the intervention",
    ],
    ids=["lines", "rows of cells", "pairs", "only the chosen one, called weak"],
)
def test_forms_of_the_type_of_recommendation(row: str) -> None:
    etd = read_text(ROW_OF_TYPES.sub(lambda _: row, SOURCE))
    assert etd.types == (TYPES[1].key,)
    assert etd.not_understood == ()


def test_several_ticked_types_are_kept_and_none_is_chosen() -> None:
    etd = read_text(changed(("\t○ \n\t○ \n\t● ", "\t○ \n\t● \n\t● ")))
    assert etd.types == (TYPES[1].key, TYPES[2].key)
    assert "More than one type is ticked" in flagged(etd, "Type of recommendation")
    assert [one.reason for one in etd.not_understood] == [
        f"One of several ticks: {kind.label}." for kind in TYPES[1:3]
    ]


def test_radio_buttons_that_cannot_be_counted_are_left() -> None:
    etd = read_text(changed(("\t○ \n\t○ \n\t● ", "\t○ \n\t● ")))
    assert etd.types == ()
    assert len(etd.not_understood) == 1
    assert "○" in etd.not_understood[0].text
    assert "●" in etd.not_understood[0].text


def test_statements_say_what_they_are_and_other_lines_are_a_note() -> None:
    statements = (
        "We recommend A in adults (strong recommendation, moderate certainty of the evidence).\n"
        "Remarks: see below.\n"
        "We suggest either A or B (conditional recommendation, very low certainty of evidence)."
    )
    start = SOURCE.index("We suggest against the routine")
    end = SOURCE.index("\n\n\t\n\n\n\tJustification")
    etd = read_text(SOURCE[:start] + statements + SOURCE[end:])
    said = [(one.strength, one.direction, one.certainty) for one in etd.statements]
    assert said == [("strong", "for", "moderate"), ("conditional", "either", "very_low")]
    assert etd.note == "Remarks: see below."


def test_references_are_linked_and_missing_ones_are_named() -> None:
    etd = read_text(
        f"{SOURCE}\nREFERENCES\n1. Moller 2024. NEJM\nsecond line.\n2. Thiele 2024.\n99. Nobody.\nMore.\n"
    )
    assert etd.references[1] == "Moller 2024. NEJM second line."
    assert etd.references[99] == "Nobody. More."
    assert "[^1]" in criterion(etd, SECOND.heading).research_evidence
    assert "trial,3 which" in criterion(etd, "Resources required").research_evidence
    assert "3, 4, 5" in flagged(etd, "Citations")


def test_german_spanish_and_french_labels_mean_the_same() -> None:
    german = (
        "ASSESSMENT\n\tProblem\n\n\tURTEIL\n\tFORSCHUNGSEVIDENZ\n\n"
        "\t○ Nein\n○ Wahrscheinlich nein\n● Wahrscheinlich ja\n○ Ja\n○ Weiß nicht\n\tText.\n"
    )
    spanish = (
        "EVALUACIÓN\n\tProblema\n\n\tJUICIO\n\tEVIDENCIA DE INVESTIGACIÓN\n\n"
        "\t○ No\n○ Probablemente no\n● Probablemente sí\n○ Sí\n○ Varía\n\tTexto.\n"
    )
    french = (
        "ÉVALUATION\n\tProblème\n\n\tJUGEMENT\n\tDONNÉES DE LA RECHERCHE\n\n"
        "\t○ Non\n○ Probablement non\n● Probablement oui\n○ Oui\n○ Ne sait pas\n\tTexte.\n"
    )
    for text in (german, spanish, french):
        etd = read_text(text)
        (one,) = etd.criteria
        assert (one.heading, one.options) == (FIRST.heading, (FIRST.options[2].key,))
        assert etd.not_understood == ()


def test_a_french_word_means_what_its_criterion_has() -> None:
    """“Faible” is small of an effect, and low of a certainty."""
    small = next(one for one in FRAMEWORK.criteria if "Small" in {option.label for option in one.options})
    low = next(one for one in FRAMEWORK.criteria if "Low" in {option.label for option in one.options})
    text = "ÉVALUATION\n" + "".join(
        f"\t{one.heading}\n\n\tJUGEMENT\n\tDONNÉES DE LA RECHERCHE\n\n\t● Faible\n\tTexte.\n\n"
        for one in (small, low)
    )
    chosen = {one.heading: one.options for one in read_text(text).criteria}
    keys = {option.label: option.key for one in (small, low) for option in one.options}
    assert chosen == {small.heading: (keys["Small"],), low.heading: (keys["Low"],)}


def test_the_framework_is_the_one_whose_criteria_the_document_has() -> None:
    individual = get_framework("grade_clinical_individual", 1)
    blocks = "".join(
        f"\t{one.heading}\n{one.prompt}\n\n\tJUDGEMENT\n\tRESEARCH EVIDENCE\n\n\t● {one.options[0].label}\n\tText.\n\n"
        for one in individual.criteria
    )
    etd = read_text(f"ASSESSMENT\n{blocks}")
    assert etd.framework.key == individual.key
    assert [one.options for one in etd.criteria] == [(one.options[0].key,) for one in individual.criteria]


def test_a_text_of_something_else_is_no_document() -> None:
    for text in ("", "Dear all,\n\nPopulation: see below.\nYes\n", "\t\t\n\n"):
        assert not read_text(text).has_content
    assert read_text(SOURCE).has_content


# Tables

TABLE = re.compile(r"(?s)Table 2\..*?et al\. 2024\.\n")


def with_table(table: str) -> ImportedEtd:
    return read_text(TABLE.sub(lambda _: table, SOURCE))


HEADINGS = "Outcome\tNo of studies\tA\tB\tRisk ratio (95% CI)\tP value\tI²\n"


def test_a_table_with_its_rows_on_lines() -> None:
    etd = with_table(
        f"Table 4: Harms\n{HEADINGS}Bleeding\t\t\t\t\t\t\n"
        "Adults\t3a\t1,030/2 000 (51.5 %)\t10/100\tRR 2.10 [95% CI 1.50 to 3.00]\t<0.001\t8%\n"
        "Children\t1\t-\t-\t1,5 (1,2; 1,9)\t,04\tNA\nStroke\t0\t–\t–\t–\t–\t–\n\n"
        "Abbreviations: A, one.\n*a note\na) another\n\nThe evidence goes on.\n"
    )
    (table,) = etd.tables
    assert (table.number, table.title) == (4, "Harms")
    assert (table.intervention_label, table.comparison_label) == ("A", "B")
    assert (table.abbreviations, table.footnotes) == ("Abbreviations: A, one.", "*a note\na) another")
    assert criterion(etd, SECOND.heading).research_evidence.endswith("[^2]\n\nThe evidence goes on.")
    first, second, third = (dict(row.cells) for row in table.rows)
    assert [(row.outcome, row.population) for row in table.rows] == [
        ("Bleeding", "Adults"), ("Bleeding", "Children"), ("Bleeding", "Stroke"),
    ]  # fmt: skip
    assert first == {
        "n_studies": "3", "footnote_mark": "a", "measure": "RR",
        "events_intervention": "1030", "n_intervention": "2000",
        "percent_intervention": "51.5", "events_comparison": "10", "n_comparison": "100", "percent_comparison": "",
        "estimate": "2.10", "ci_low": "1.50", "ci_high": "3.00", "p_value": "<0.001", "i2": "8",
    }  # fmt: skip
    assert [second[name] for name in ("estimate", "ci_low", "ci_high", "p_value", "i2")] == [
        "1.5",
        "1.2",
        "1.9",
        ".04",
        "",
    ]
    assert {value for name, value in third.items() if name != "n_studies"} == {""}


def test_outcomes_may_stand_on_lines_of_their_own_between_lines_of_cells() -> None:
    row = "\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%\n"
    etd = with_table(
        f"{HEADINGS}\nSurvival\nAdults{row}\nChildren{row}Mortality\n\nAdults{row}\nThe text\ngoes on.\n"
    )
    assert [(one.outcome, one.population) for one in etd.tables[0].rows] == [
        ("Survival", "Adults"), ("Survival", "Children"), ("Mortality", "Adults"),
    ]  # fmt: skip
    assert etd.not_understood == ()
    assert criterion(etd, SECOND.heading).research_evidence.endswith("\n\nThe text\ngoes on.")


def test_rows_without_populations_are_of_the_whole_one() -> None:
    etd = with_table(f"{HEADINGS}Mortality\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%\n")
    (row,) = etd.tables[0].rows
    assert (etd.tables[0].number, row.outcome, row.population) == (1, "Mortality", WHOLE)
    assert etd.better == {"Mortality": "lower"}
    assert WHOLE in flagged(etd, f"{SECOND.heading}, table without a number")
    assert "Taken as lower is better" in flagged(etd, f"{SECOND.heading}, table without a number")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Mortality\t3\t11/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "more events than people"),
        ("Mortality\t3\t1/10\t2/10\t0.5 (0.6–2.0)\t0.4\t0%", "outside its interval"),
        ("Mortality\t3\t1/10\t2/10\t-0.5 (-0.6–2.0)\t0.4\t0%", "not below 0"),
        ("Mortality\t3\t1/10\t2/10\t1,234 (1,111–1,300)\t0.4\t0%", "thousands or a fraction"),
        ("Mortality\t3\t1/10\t2/10\tOR 0.5 (0.1–2.0)\t0.4\t0%", "not the measure"),
        ("Mortality\t3\t1/10\t2/10\t0.5\t0.4\t0%", "no effect with its interval"),
        ("Mortality\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t1.4\t0%", "no P value"),
        ("Mortality\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t101%", "no I² in percent"),
        ("Mortality\t3\t1/10\t2/10\t-\t0.4\t0%", "no effect"),
        ("Mortality\t0\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "number of studies is 0"),
        ("Mortality\tmany\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "no number of studies"),
        ("Mortality\t3\tten\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "is not events/people"),
        ("Mortality\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4", "6 cells under 7 columns"),
        ("Days\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "does not say whether more or less of it is better"),
        ("Survival after stroke\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "more or less of it is better"),
        ("Survival\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%", "has this outcome and population already"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_is_kept_as_it_stands(row: str, reason: str) -> None:
    good = "Survival\t2\t5/10\t4/10\t1.2 (0.9–1.6)\t0.2\t0%"
    etd = with_table(f"Table 2. T\n{HEADINGS}{good}\n{row}\n")
    assert [one.outcome for one in etd.tables[0].rows] == ["Survival"]
    (one,) = etd.not_understood
    assert one.text == row
    assert reason in one.reason
    assert one.where.startswith(f"{SECOND.heading}, Table 2, row 2 (")


def test_which_way_is_better_can_be_said() -> None:
    text = TABLE.sub(lambda _: f"{HEADINGS}Days\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%\n", SOURCE)
    assert read_text(text, better="higher").better == {"Days": "higher"}
    assert read_text(text).tables == ()


@pytest.mark.parametrize(
    "headings",
    [
        "Outcome\tStudies\tA\tB\tEffect\tP\n",
        "Outcome\tA\tB\tRisk ratio\n",
        "Outcome\tStudies\tA\tRisk ratio\tCertainty\n",
    ],
)
def test_a_table_of_another_kind_is_kept_whole(headings: str) -> None:
    row = "\t".join(["Death", *("1" for _ in headings.split("\t")[1:])])
    etd = with_table(f"Table 2. Certainty\n{headings}{row}\n\nAfter the table.\n")
    assert etd.tables == ()
    ((where, text),) = left(etd)
    assert where == f"{SECOND.heading}, Table 2"
    assert text.split("\n")[0] == "Table 2. Certainty"
    assert row in text
    assert criterion(etd, SECOND.heading).research_evidence.endswith("\n\nAfter the table.")


@pytest.mark.parametrize(
    ("headings", "reason"),
    [
        ("A\tB\tRisk ratio (90% CI)", "only those with a 95 % interval"),
        ("A\tB\tOdds ratio (log, 95% CI)", "only those with a 95 % interval"),
        ("A\tB\tRisk difference (%, 95% CI)", "only those with a 95 % interval"),
        ("A\tB\tRD (per 100)", "only those with a 95 % interval"),
        ("Control\tDevice\tRisk ratio (95% CI)", "“Control” stands before “Device”"),
        ("Kontrollgruppe (n/N)\tGerät\tRR (95 %-KI)", "stands before “Gerät”"),
    ],
)
def test_a_table_of_other_effects_or_with_its_arms_the_other_way_round_is_kept_whole(
    headings: str, reason: str
) -> None:
    row = "Mortality\t3\t10/100\t20/100\t0.5 (0.1–0.9)"
    etd = with_table(f"Table 2. T\nOutcome\tStudies\t{headings}\n{row}\n\nAfter the table.\n")
    assert etd.tables == ()
    (one,) = etd.not_understood
    assert row in one.text
    assert reason in one.reason
    assert criterion(etd, SECOND.heading).research_evidence.endswith("\n\nAfter the table.")


@pytest.mark.parametrize(
    "headings",
    [
        "Device\tControl\tRR (95% CI)",
        "Tight control\tUsual care\tPooled risk ratio (random effects, 95 % CI)",
        "Placebo\tSham\tRR [IC 95%]",
    ],
)
def test_arms_in_their_order_are_read_with_a_95_percent_interval(headings: str) -> None:
    etd = with_table(f"Outcome\tStudies\t{headings}\nMortality\t3²,⁴\t10/100\t20/100\t0.5 (0.1–0.9)\n")
    (row,) = etd.tables[0].rows
    assert (row.cells["n_studies"], row.cells["footnote_mark"]) == ("3", "²,⁴")
    assert (row.cells["events_intervention"], row.cells["events_comparison"]) == ("10", "20")


def test_two_tables_share_outcomes_and_two_of_one_number_do_not_stand_together() -> None:
    row = "Mortality\t3\t1/10\t2/10\t0.5 (0.1–2.0)\t0.4\t0%\n"
    harms = "(e.g., microaxial flow pump).\n"
    for number, stored in ((3, 2), (2, 1)):
        text = changed((harms, f"{harms}Table {number}. More\n{HEADINGS}{row}"))
        etd = read_text(text)
        assert len(etd.tables) == stored
        assert len(left(etd)) == 2 - stored
