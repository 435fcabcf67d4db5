"""The printed page as HTML: what stands on it, told apart as it must be."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from documents.html import Layout, Preview, keep_words_whole, number_list, printed_bases, render_html
from documents.published import document_sha256
from documents.schema import Adolopment, Conflict, Panel, PracticeAnswer, Reference
from etd.domain.recommendation_rules import PRACTICE_QUESTIONS
from tests.unit.documents.example import (
    COMPUTED,
    REAFFIRMED,
    analysis,
    criterion,
    example,
    option,
    published,
    row,
)

PREVIEW = Preview(back="/guidelines/cardiac/device/", other_layout="?layout=classic", pdf="/the.pdf")


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def body(html: str) -> str:
    return html.partition("<body")[2]


def test_the_parts_stand_in_the_order_of_the_original_behind_the_summary() -> None:
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", render_html(example()))
    assert headings == [
        "Recommendation",
        "Summary of judgements",
        "QUESTION",
        "ASSESSMENT",
        "SUMMARY OF JUDGEMENTS",
        "TYPE OF RECOMMENDATION",
        "CONCLUSIONS",
        "RECOMPUTED ANALYSES",
        "ABOUT THIS DOCUMENT",
        "VERSION",
    ]


def test_chosen_options_have_a_filled_mark_and_say_what_they_are_for() -> None:
    scale = re.search(r'<ul class="scale">.*?</ul>', render_html(example()), flags=re.DOTALL)
    assert scale is not None
    assert words(scale[0]) == "○ Small ● Large (adults) ○ Varies"
    assert 'class="c2 chosen intervention"' in scale[0]


def test_the_summary_keeps_blanks_in_their_columns() -> None:
    grids = re.findall(r'<table class="grid">.*?</table>', render_html(example()), flags=re.DOTALL)
    assert len(grids) == 2
    for grid in grids:
        cells = re.findall(r"<td class=\"([^\"]*)\">(.*?)</td>", grid[grid.index("<tbody>") :])
        assert [bool(words(cell)) for _, cell in cells] == [True, True, False, False, False, True, False]
        assert [kind for kind, _ in cells].count("blank") == 4


def test_reported_and_recomputed_rows_are_told_apart() -> None:
    text = words(render_html(example()))
    assert "All patients Reported 14* 426/944 (45%)" in text
    assert "All patients Recomputed 3 " in text
    assert "Follow-up differs between studies." in text
    group = example().tables[0].groups[0]
    alone = replace(example().tables[0], groups=(replace(group, rows=(row(),)),))
    assert "Reported 14*" not in words(render_html(example(tables=(alone,), analyses=())))


def test_changed_data_are_said() -> None:
    group = example().tables[0].groups[0]
    stale = replace(example().tables[0], groups=(replace(group, rows=(row(**COMPUTED, is_stale=True),)),))
    document = example(tables=(stale,), analyses=(replace(analysis(), is_stale=True),))
    text = words(render_html(document))
    assert "Data changed since" in text
    assert "The study data have changed since this analysis." in text


def test_a_row_without_studies_has_no_plot() -> None:
    table = re.search(r'<table class="outcomes">.*?</table>', render_html(example()), flags=re.DOTALL)
    assert table is not None
    assert table[0].count("<svg") == 2
    assert "Odds ratio 1.17 (0.97–1.42)" in table[0]


def test_statements_carry_their_grade_in_the_guidelines_own_word() -> None:
    text = words(render_html(example()))
    assert "Weak recommendation for · Low certainty of evidence ⊕⊕◯◯ · For selected patients" in text
    assert "Watch for harm. Good practice statement" in text
    strong = replace(example().statements[0], strength="strong", direction="against")
    assert "Strong recommendation against · Low" in words(render_html(example(statements=(strong,))))


def test_a_strong_recommendation_on_low_certainty_names_its_situation_in_both_places() -> None:
    named = replace(
        example().statements[0],
        strength="strong",
        certainty="very_low",
        certainty_label="Very low",
        paradigm="life_threatening",
        paradigm_label="Life-threatening situation",
        paradigm_reason="Without it *everybody* dies.",
        remark="Where staff are trained.",
    )
    page = render_html(example(statements=(named,)))
    text = words(page)
    assert text.count("Strong recommendation on very low certainty: life-threatening situation") == 2
    assert "life-threatening situation. Without it everybody dies. Remark Where staff are trained." in text
    unnamed = replace(named, paradigm="", paradigm_label="", paradigm_reason="")
    text = words(render_html(example(statements=(unnamed,))))
    assert text.count("on very low certainty: none of the five situations of GRADE is named") == 1


def test_the_five_answers_of_a_good_practice_statement_are_printed_where_there_are_any() -> None:
    plain = example().statements[1]
    assert "five questions" not in words(render_html(example(statements=(plain,))))
    answers = tuple(
        PracticeAnswer(key, question, "yes", "Yes", "") for key, question in PRACTICE_QUESTIONS.items()
    )
    full = replace(
        plain,
        practice_basis="ethics",
        practice_basis_label="Ethics or human rights",
        practice_answers=answers,
    )
    text = words(render_html(example(statements=(full,))))
    assert "Good practice statement · rests on ethics or human rights" in text
    assert "All five questions of a good practice statement are answered with yes." in text
    assert "Yes. Is the message really necessary?" in text
    no = replace(answers[1], answer="no", answer_label="No", rationale="It is done anyway.")
    text = words(render_html(example(statements=(replace(full, practice_answers=(no,)),))))
    assert "Five of the five" not in text
    assert "None of the five questions is answered with yes" in text
    assert "No. Is the message really necessary? It is done anyway." in text


def test_no_recommendation_says_how_certain_the_evidence_is() -> None:
    none = replace(
        example().statements[0],
        kind="no_recommendation",
        kind_label="No recommendation",
        strength="",
        direction="",
        population="",
    )
    text = words(render_html(example(statements=(none,))))
    assert "No recommendation · Low certainty of evidence ⊕⊕◯◯" in text


def test_citations_without_a_list_are_said_honestly() -> None:
    text = words(render_html(example()))
    assert "The text cites 1 and 3, for which no reference is given" in text
    assert "2. Alpha A. Trial. 2005." in text
    assert "The text cites" not in words(render_html(example(references=())))


def test_a_mark_leads_to_its_reference_and_that_to_its_doi() -> None:
    document = example(
        recommendation_note="As shown.[^2,3]",
        references=(
            Reference(2, "Alpha A. Trial. 2005.", doi="10.1056/nejmoa2307227", pmid="37634145"),
            Reference(3, ""),
        ),
    )
    html = render_html(document)
    assert '<sup class="citation"><a href="#reference-2">2</a>,<span class="dangling"' in html
    entry = html[html.index('id="reference-2"') :]
    assert '<a href="https://doi.org/10.1056/nejmoa2307227">' in entry
    assert "PMID: 37634145." in words(entry)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([], ""),
        ([4], "4"),
        ([1, 2], "1 and 2"),
        ([1, 2, 3], "1 to 3"),
        ([12, 1, 2, 3, 4, 7, 8], "1 to 4, 7, 8 and 12"),
    ],
)
def test_numbers_are_listed_in_runs(numbers: list[int], text: str) -> None:
    assert number_list(numbers) == text


def test_empty_fields_say_so() -> None:
    text = words(
        render_html(
            example(statements=(), criteria=(criterion(research_evidence="", judgements=()),), tables=())
        )
    )
    assert "SETTING: Nothing recorded." in text
    assert "RESEARCH EVIDENCE Nothing recorded. ADDITIONAL CONSIDERATIONS Nothing recorded." in text
    assert "Monitoring and evaluation Nothing recorded." in text
    assert "No statement has been written yet." in text
    assert "No judgement has been recorded yet." in text


def test_two_marks_where_one_belongs_are_flagged() -> None:
    chosen = tuple(option(k, k, n, chosen=True) for n, k in enumerate(("a", "b"), start=1))
    double = criterion(scale=chosen, too_many=True)
    assert "Two options are marked" in words(render_html(example(criteria=(double,))))
    assert "Two options are marked" not in words(render_html(example()))


def test_what_people_typed_is_only_text() -> None:
    bad = '<img src="http://example.org/x.png"><script>alert(1)</script>'
    document = example(
        criteria=(criterion(research_evidence=bad, heading=bad),),
        recommendation_note=bad,
        question=replace(example().question, title=bad, intervention_label=bad),
    )
    html = render_html(document)
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("&lt;img src=") >= 5


def test_the_page_has_no_style_and_asks_for_nothing_unless_it_is_a_preview() -> None:
    printed, preview = render_html(example()), render_html(example(), preview=PREVIEW)
    for html in (printed, preview):
        assert not re.search(r"\sstyle=", html)
        assert "<script" not in html
    assert "<link" not in printed
    assert re.findall(r"(?:src|href)=\"([^\"]*)\"", body(printed)) == []
    assert 'href="/static/css/print.css"' in preview
    assert '<a href="/guidelines/cardiac/device/">Back to the question</a>' in preview
    assert "The same numbers as a table" in preview


def test_language_and_title_are_those_of_the_document() -> None:
    html = render_html(example())
    assert '<html lang="en-US">' in html
    assert "<title>Should devices be used?</title>" in html


def test_many_studies_are_attached_and_not_drawn() -> None:
    many = replace(analysis(), inputs=analysis().inputs * 50)
    html = render_html(example(analyses=(many,)))
    assert "150 studies are more than a page can show" in html
    assert "forest-plot" not in html


def test_words_with_a_dash_are_kept_whole_but_not_in_drawings_and_tags() -> None:
    html = '<p class="a-b">AMI-CS, 7–10 and a/b - or - <svg><text>x-y</text></svg> p-q</p>'
    assert keep_words_whole(html) == (
        '<p class="a-b"><span class="whole">AMI-CS,</span> <span class="whole">7–10</span> and'
        ' <span class="whole">a/b</span> - or - <svg><text>x-y</text></svg> <span class="whole">p-q</span></p>'
    )
    assert keep_words_whole(f"<p>{'x-' * 40}y</p>") == f"<p>{'x-' * 40}y</p>"


def test_a_draft_says_on_every_page_that_it_is_one_and_a_version_its_day_and_hash() -> None:
    draft, version = example(), published()
    assert f'data-state="Draft – not published · Evidence, revision 4 · {document_sha256(draft)[:12]}"' in (
        render_html(draft)
    )
    assert f'data-state="Version 2 · 3 March 2026 · {document_sha256(version)[:12]}"' in render_html(version)
    copy = replace(version, version=None)
    assert 'data-state="Working copy – not the published version · Published, revision 4 · ' in (
        render_html(copy)
    )


def test_the_version_page_tells_who_published_what_and_what_came_before() -> None:
    document = published()
    page = words(render_html(document)).partition(" VERSION ")[2]
    for part in (
        "Version 2 Published 3 March 2026, 09:15 UTC, by Stefan Staff",
        "Approved 2 March 2026, 10:00 UTC, by Carla Chair 2 March 2026, 11:30 UTC, by Mats Methodologist",
        "What has changed The search was brought up to date. Nothing else has changed.",
        f"to compare. {document_sha256(document)}",
        f"unseen: {'cd' * 32}",
        "Version 1 · 1 February 2025 · Stefan Staff First version. Withdrawn: A number was wrong.",
    ):
        assert part in page
    assert document.version is not None
    first = replace(document, version=replace(document.version, number=1, previous_sha256="", earlier=()))
    page = words(render_html(first)).partition(" VERSION ")[2]
    assert "It is the first version" in page
    assert "Earlier versions" not in page
    assert "This is no published version" in words(render_html(example()))


def test_three_columns_hold_what_the_scales_do() -> None:
    taken_over = Adolopment("adapt", "Adapted", "Fewer centres.", ("Small",), False)
    document = example(criteria=(criterion(adolopment=taken_over),))
    scales, classic = (render_html(document, layout=layout) for layout in Layout)
    assert "Adapted from the source. The source judged: Small. Why: Fewer centres." in words(classic)
    headings = re.findall(r'<th scope="col"[^>]*>([A-Z ]+)</th>', classic)
    assert headings[:3] == ["JUDGEMENT", "RESEARCH EVIDENCE", "ADDITIONAL CONSIDERATIONS"]
    options = re.search(r'<ul class="options">.*?</ul>', classic, flags=re.DOTALL)
    assert options is not None
    assert words(options[0]) == "○ Small ● Large (adults) ○ Varies"
    assert 'class="columns' not in scales
    assert 'class="scale"' not in classic
    assert sorted(words(body(classic)).split()) == sorted(words(body(scales)).split())


def test_a_preview_leads_to_the_other_layout_and_to_its_pdf() -> None:
    for layout in Layout:
        page = render_html(example(), layout=layout, preview=PREVIEW)
        assert '<a href="/the.pdf">PDF in this layout</a>' in page
        here = {Layout.SCALES: "Judgement scales", Layout.CLASSIC: "Three columns"}[layout]
        assert f"<strong>{here}</strong>" in page
        assert page.count('href="?layout=classic"') == 1


def test_a_panel_is_printed_by_fact_and_scope() -> None:
    panel = Panel(
        conflicts=(
            Conflict("Mia Member", "question", "no_vote", "May discuss, does not vote"),
            Conflict("Oda Other", "guideline", "", ""),
        ),
        declared_none=("Carla Chair", "Cem Colleague"),
        no_declaration=("Nora New",),
    )
    page = words(render_html(example(panel=panel)))
    assert "Mia Member Conflict of interest for this question. May discuss, does not vote." in page
    assert (
        "Oda Other Conflict of interest for the whole guideline. Not decided yet how it is managed." in page
    )
    assert "No conflict declared Carla Chair, Cem Colleague" in page
    assert "No declaration Nora New" in page
    assert "PANEL AND CONFLICTS" not in render_html(example())


BY_VOTE: dict[str, Any] = {
    "basis_key": "vote",
    "recorded_by": "Carla Chair",
    "round_number": 2,
    "evidence_digest": "ab" * 32,
}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            BY_VOTE,
            "By vote in round 2. Recorded by Carla Chair, 15 January 2026, 12:30 UTC, on evidence abababababab.",
        ),
        (
            BY_VOTE | {"evidence_changed": True, "evidence_change": "changed"},
            "; the evidence has changed since.",
        ),
        (BY_VOTE | {"evidence_change": "minor"}, "; a minor change of the evidence since."),
        ({"basis_key": "document"}, ""),
        (
            {"basis_key": "document", "evidence_changed": True},
            "Taken over from a document; the evidence has changed since.",
        ),
        ({"evidence_changed": True}, ""),
    ],
)
def test_a_judgement_says_what_it_rests_on_and_how_its_evidence_moved(
    fields: dict[str, Any], said: str
) -> None:
    (judgement,) = example().criteria[0].judgements
    bases = printed_bases([replace(judgement, **fields)])
    assert [basis.text[-len(said) :] for basis in bases] == ([said] if said else [])


def test_a_reaffirmed_judgement_names_who_stands_by_it_and_why() -> None:
    first = example().criteria[0]
    (judgement,) = first.judgements
    again = replace(judgement, **BY_VOTE, **REAFFIRMED)
    page = words(render_html(example(criteria=(replace(first, judgements=(again,)),))))
    assert "Recorded by Carla Chair, 15 January 2026, 12:30 UTC. Reaffirmed on " in page
    assert (
        "Reaffirmed on 23 November 2026, 08:30 UTC by Mats Methodologist, on evidence abababababab: "
        "The limits moved <by> a hundredth and no more."
    ) in page
    moved = replace(judgement, basis_key="document", evidence_changed=True, **REAFFIRMED)
    (basis,) = printed_bases([moved])
    assert basis.text == ""
    assert basis.reaffirmed.endswith("by Mats Methodologist; the evidence has changed since")
