"""Editing with and without htmx: saved, refused when stale with both texts shown, refused when wrong, never lost."""

from __future__ import annotations

import html
import re
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.test import Client

from etd.actions.questions import QUESTION_FIELDS
from etd.models import AuditEvent, ConclusionSection, CriterionAssessment, Judgement, RecommendationStatement
from tests.integration.conftest import ClientFor, get_question

UPDATE = "/guidelines/ilcor-als/mcs-after-rosc-update/"
HTMX = {"HX-Request": "true"}


def assessment(key: str) -> CriterionAssessment:
    return CriterionAssessment.objects.get(question=get_question(), criterion_key=key)


def texts(client: Client, revision: int, evidence: str, **more: str) -> dict[str, object]:
    return {
        "revision": revision,
        "op": uuid4(),
        "research_evidence": evidence,
        "additional_considerations": "",
    } | more


def pico(**changed: str) -> dict[str, object]:
    question = get_question()
    return (
        {"revision": question.revision, "op": uuid4()}
        | {f: getattr(question, f) for f in QUESTION_FIELDS}
        | changed
    )


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_the_pico_is_saved(headers: dict[str, str], client_for: ClientFor) -> None:
    client = client_for("methodologist")
    answer = client.post(f"{UPDATE}edit/", pico(setting="Intensive care & <wards>"), headers=headers)
    assert get_question().setting == "Intensive care & <wards>"
    if headers:
        assert answer.status_code == 200
        assert "Intensive care &amp; &lt;wards&gt;" in answer.content.decode()
        assert "Saved" in answer.content.decode()
    else:
        assert answer.status_code == 302
        assert answer["Location"] == UPDATE


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_stale_edit_shows_both_texts_and_saves_neither(
    headers: dict[str, str], client_for: ClientFor
) -> None:
    client = client_for("methodologist")
    address = f"{UPDATE}criteria/equity/texts/"
    revision = assessment("equity").revision
    client.post(address, texts(client, revision, "The first text"))
    answer = client.post(address, texts(client, revision, "The second text"), headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The first text" in page
    assert "The second text" in page
    assert assessment("equity").research_evidence == "The first text"
    # The person chooses their own.
    client.post(address, texts(client, revision, "The second text", over=str(revision + 1)), headers=headers)
    assert assessment("equity").research_evidence == "The second text"


def test_a_card_saved_on_a_page_of_its_own_keeps_the_heading_of_the_page(client_for: ClientFor) -> None:
    client = client_for("methodologist")
    data = texts(client, assessment("equity").revision, "New words")
    pages = []
    for place in ("criteria/equity/", ""):
        headers = HTMX | {"HX-Current-URL": f"http://testserver{UPDATE}{place}"}
        answer = client.post(f"{UPDATE}criteria/equity/texts/", data, headers=headers)
        pages.append(re.findall(r'<(h\d) class="criterion-name"', answer.content.decode()))
    assert pages == [["h1"], ["h3"]]


def test_text_is_kept_letter_for_letter(client_for: ClientFor) -> None:
    client = client_for("chair")
    typed = "  p<0.05, <median & 5 µg/kg\r\n\r\n1. one\r\n· two *star* _under_  "
    client.post(f"{UPDATE}criteria/equity/texts/", texts(client, assessment("equity").revision, typed))
    assert assessment("equity").research_evidence == typed.replace("\r\n", "\n")


def test_saving_an_unchanged_text_is_no_event(client_for: ClientFor) -> None:
    client = client_for("chair")
    stored = assessment("equity")
    before = AuditEvent.objects.count()
    browser_text = stored.research_evidence.replace("\n", "\r\n")
    answer = client.post(f"{UPDATE}criteria/equity/texts/", texts(client, stored.revision, browser_text))
    assert answer.status_code == 302
    assert AuditEvent.objects.count() == before


def test_an_over_long_text_is_refused_and_kept(client_for: ClientFor) -> None:
    client = client_for("chair")
    answer = client.post(
        f"{UPDATE}criteria/equity/texts/", texts(client, assessment("equity").revision, "x" * 20_001)
    )
    assert answer.status_code == 422
    assert "at most 20000 characters" in answer.content.decode()
    assert "x" * 20_001 in answer.content.decode()


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_the_panels_judgement_may_hold_several_options_each_for_a_part(
    headers: dict[str, str], client_for: ClientFor
) -> None:
    client = client_for("chair")
    answer = client.post(
        f"{UPDATE}criteria/resources_required/judgement/",
        {
            "revision": assessment("resources_required").judgement_revision,
            "op": uuid4(),
            "options": ["moderate_costs", "negligible"],
            "applies_to_moderate_costs": "active devices",
            "applies_to_negligible": "IABP",
            "basis": "consensus",
        },
        headers=headers,
    )
    assert answer.status_code == (200 if headers else 302)
    stored = Judgement.objects.filter(assessment=assessment("resources_required"))
    assert set(stored.values_list("option_key", "applies_to", "basis")) == {
        ("moderate_costs", "active devices", "consensus"),
        ("negligible", "IABP", "consensus"),
    }
    page = client.get(UPDATE).content.decode()
    assert "options are ticked where the framework takes one" not in page


def test_a_stale_judgement_names_what_is_stored(client_for: ClientFor) -> None:
    client = client_for("chair")
    data = {"revision": 1, "op": uuid4(), "options": ["increased"], "basis": "vote"}
    answer = client.post(f"{UPDATE}criteria/equity/judgement/", data)
    assert answer.status_code == 409
    assert "Probably reduced" in answer.content.decode()
    assert list(
        Judgement.objects.filter(assessment=assessment("equity")).values_list("option_key", flat=True)
    ) == ["probably_reduced"]


def test_the_form_of_a_judgement_shows_what_it_rests_on_and_takes_nothing_over(client_for: ClientFor) -> None:
    client = client_for("chair")
    address = f"{UPDATE}criteria/equity/judgement/"

    def offered() -> list[str]:
        return re.findall(r'<option value="(\w+)" selected', client.get(address).content.decode())

    assert assessment("equity").judgements.get().basis == "document"
    assert offered() == []
    data = {"revision": assessment("equity").judgement_revision, "op": uuid4(), "options": ["increased"]}
    assert client.post(address, data | {"basis": "document"}).status_code == 422
    client.post(address, data | {"basis": "vote"})
    assert assessment("equity").judgements.get().basis == "vote"
    assert offered() == ["vote"]


@pytest.mark.parametrize("over", ["9" * 5000, "newest", "-1"])
def test_a_revision_that_is_none_is_refused_with_the_words_kept(over: str, client_for: ClientFor) -> None:
    data = texts(client_for("chair"), assessment("equity").revision, "My words", over=over)
    answer = client_for("chair").post(f"{UPDATE}criteria/equity/texts/", data)
    assert answer.status_code == 422
    assert "My words" in answer.content.decode()


def statements(*texts_and_kinds: tuple[str, str], **more: str) -> dict[str, object]:
    data: dict[str, object] = {
        "revision": get_question().recommendation.revision,
        "op": uuid4(),
        "statements-TOTAL_FORMS": len(texts_and_kinds),
        "statements-INITIAL_FORMS": 0,
    }
    for n, (text, kind) in enumerate(texts_and_kinds):
        data |= {f"statements-{n}-text": text, f"statements-{n}-kind": kind}
    return data | more


def test_the_recommendation_is_saved_with_its_statements(client_for: ClientFor) -> None:
    client = client_for("staff")
    answer = client.post(
        f"{UPDATE}recommendation/",
        statements(
            ("We suggest against it.", "recommendation"),
            ("", "recommendation"),
            ("Monitor.", "good_practice_statement"),
            **{"statements-0-direction": "against", "statements-0-strength": "conditional"},
        ),
    )
    assert answer.status_code == 302
    stored = RecommendationStatement.objects.filter(question=get_question()).order_by("position")
    assert list(stored.values_list("text", "kind", "direction")) == [
        ("We suggest against it.", "recommendation", "against"),
        ("Monitor.", "good_practice_statement", ""),
    ]


def test_a_recommendation_sent_twice_keeps_the_statement_that_was_added(client_for: ClientFor) -> None:
    """As when the first answer was lost on its way; also when the second is saved over the first."""
    client = client_for("staff")
    address = f"{UPDATE}recommendation/"
    data = statements(*[(f"Statement {n}.", "recommendation") for n in range(1, 5)])
    data["statements-INITIAL_FORMS"] = 3
    client.post(address, data)
    again = client.post(address, data)
    assert again.status_code == 302
    client.post(address, data | {"statements-0-text": "Statement one.", "over": str(data["revision"] + 1)})  # type: ignore[operator]
    stored = RecommendationStatement.objects.filter(question=get_question()).order_by("position")
    assert list(stored.values_list("text", flat=True)) == [
        "Statement one.",
        *(f"Statement {n}." for n in (2, 3, 4)),
    ]


def test_editing_the_statements_keeps_the_note_and_its_markup(client_for: ClientFor) -> None:
    recommendation = get_question().recommendation
    recommendation.note = "Where **trained** staff are there."
    recommendation.save()
    client = client_for("staff")
    client.post(f"{UPDATE}recommendation/", statements(("We suggest it.", "recommendation")))
    assert get_question().recommendation.note == "Where **trained** staff are there."
    assert "Where <strong>trained</strong> staff are there." in client.get(UPDATE).content.decode()


def test_a_good_practice_statement_with_a_strength_is_refused_at_its_field(client_for: ClientFor) -> None:
    client = client_for("staff")
    answer = client.post(
        f"{UPDATE}recommendation/",
        statements(("Monitor closely.", "good_practice_statement"), **{"statements-0-strength": "strong"}),
        headers=HTMX,
    )
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "A good practice statement carries no strength" in page
    assert "Monitor closely." in page
    assert RecommendationStatement.objects.filter(question=get_question()).count() == 3


def stored() -> list[tuple[str, ...]]:
    return list(
        RecommendationStatement.objects.filter(question=get_question())
        .order_by("position")
        .values_list("text", "kind", "strength", "certainty")
    )


STRONG_ON_LOW = {
    "statements-0-direction": "for",
    "statements-0-strength": "strong",
    "statements-0-certainty": "very_low",
}


def test_strong_on_low_certainty_asks_for_one_of_the_five_situations(client_for: ClientFor) -> None:
    client = client_for("staff")
    data = statements(
        ("We recommend it.", "recommendation"), **STRONG_ON_LOW, **{"statements-0-remark": "At once."}
    )
    before = stored()
    answer = client.post(f"{UPDATE}recommendation/", data)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert "choose one of the five situations that GRADE names: Life-threatening situation; " in page
    assert "Potential catastrophic harm" in page
    assert "We recommend it." in page
    assert "At once." in page
    data["statements-0-paradigm"] = "catastrophic_harm"
    answer = client.post(f"{UPDATE}recommendation/", data)
    assert "Please say why this is such a situation." in html.unescape(answer.content.decode())
    assert stored() == before
    data["statements-0-paradigm_reason"] = "It cannot be undone."
    assert client.post(f"{UPDATE}recommendation/", data).status_code == 302
    assert stored() == [("We recommend it.", "recommendation", "strong", "very_low")]
    page = html.unescape(client.get(UPDATE).content.decode())
    assert "Strong recommendation on very low certainty: potential catastrophic harm" in page
    assert "It cannot be undone." in page
    assert "At once." in page


def test_a_good_practice_statement_is_saved_with_the_answers_there_are(client_for: ClientFor) -> None:
    client = client_for("staff")
    answers = {
        "statements-0-practice_basis": "principles",
        "statements-0-answer_necessary": "no",
        "statements-0-why_necessary": "It is done anyway.",
        "statements-0-answer_net_positive": "yes",
        "statements-0-why_clear_rationale": " ",
    }
    data = statements(("Monitor closely.", "good_practice_statement"), **answers)
    assert client.post(f"{UPDATE}recommendation/", data).status_code == 302
    statement = RecommendationStatement.objects.get(question=get_question())
    assert statement.practice_basis == "principles"
    assert set(statement.practice_answers.values_list("question_key", "answer", "rationale")) == {
        ("necessary", "no", "It is done anyway."),
        ("net_positive", "yes", ""),
    }
    page = html.unescape(client.get(UPDATE).content.decode())
    assert "Four of the five questions are not answered with yes: GRADE asks for all five." in page
    form = html.unescape(client.get(f"{UPDATE}recommendation/").content.decode())
    assert "It is done anyway." in form
    assert '<option value="no" selected>No</option>' in form


@pytest.mark.parametrize(
    ("kind", "more", "message"),
    [
        ("recommendation", {"answer_necessary": "yes"}, "Only a good practice statement"),
        ("recommendation", {"practice_basis": "ethics"}, "Only a good practice statement"),
        ("no_recommendation", {"strength": "conditional"}, "“No recommendation” carries no strength"),
        ("research_only", {"direction": "for"}, "research” carries no direction"),
        ("recommendation", {"strength": "strong", "direction": "either"}, "is for or against"),
        ("recommendation", {"paradigm": "life_threatening"}, "Only a strong recommendation on low"),
        ("recommendation", {"paradigm_reason": "It is."}, "choose the situation that this reason"),
        ("recommendation", {"answer_necessary": "maybe"}, "maybe is not one of the available choices"),
    ],
)
def test_what_cannot_stand_together_is_refused_at_its_field(
    kind: str, more: dict[str, str], message: str, client_for: ClientFor
) -> None:
    before = stored()
    data = statements(("We say.", kind), **{f"statements-0-{name}": value for name, value in more.items()})
    answer = client_for("staff").post(f"{UPDATE}recommendation/", data)
    assert answer.status_code == 422
    assert message in html.unescape(answer.content.decode())
    assert stored() == before


def test_no_recommendation_may_say_how_certain_the_evidence_is(client_for: ClientFor) -> None:
    client = client_for("staff")
    data = statements(
        ("No recommendation can be made.", "no_recommendation"), **{"statements-0-certainty": "very_low"}
    )
    client.post(f"{UPDATE}recommendation/", data)
    assert stored() == [("No recommendation can be made.", "no_recommendation", "", "very_low")]


def test_a_statement_is_removed_by_its_tick_and_not_for_its_missing_text(client_for: ClientFor) -> None:
    client = client_for("staff")
    address = f"{UPDATE}recommendation/"
    data = statements(
        ("", "recommendation"), ("Stay.", "recommendation"), **{"statements-0-remark": "Hours of work."}
    )
    answer = client.post(address, data)
    assert answer.status_code == 422
    assert "or tick “Remove this statement”" in html.unescape(answer.content.decode())
    assert "Hours of work." in answer.content.decode()
    data["statements-0-DELETE"] = "on"
    assert client.post(address, data).status_code == 302
    assert [text for text, *_ in stored()] == ["Stay."]


def typed_texts(page: str) -> list[str]:
    found = re.findall(r'<textarea name="statements-\d+-text".*?>\n?(.*?)</textarea>', page, flags=re.DOTALL)
    return [html.unescape(text) for text in found]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("arrange", "texts"),
    [
        ("add", ["One <1>", "Two", "Three", ""]),
        ("up-1", ["Two", "One <1>", "Three"]),
        ("down-0", ["Two", "One <1>", "Three"]),
        ("up-0", ["One <1>", "Two", "Three"]),
        ("down-2", ["One <1>", "Two", "Three"]),
        ("up-99", ["One <1>", "Two", "Three"]),
        ("sideways", ["One <1>", "Two", "Three"]),
    ],
)
def test_statements_are_arranged_with_all_that_was_typed_and_nothing_is_saved(
    headers: dict[str, str], arrange: str, texts: list[str], client_for: ClientFor
) -> None:
    before, n_events = stored(), AuditEvent.objects.count()
    data = statements(
        *((text, "recommendation") for text in ("One <1>", "Two", "Three")),
        **{"statements-0-remark": "Of one.", "statements-1-strength": "strong", "arrange": arrange},
    )
    answer = client_for("staff").post(f"{UPDATE}recommendation/", data, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert typed_texts(page) == texts
    assert f'name="statements-TOTAL_FORMS" value="{len(texts)}"' in page
    place = texts.index("One <1>")
    assert re.search(rf'name="statements-{place}-remark"[^>]*>\s*Of one\.</textarea>', page)
    strong = re.search(rf'name="statements-{texts.index("Two")}-strength".*?</select>', page, flags=re.DOTALL)
    assert strong is not None
    assert '<option value="strong" selected>' in strong[0]
    assert f'value="{data["revision"]}"' in page
    assert 'data-unsaved="yes"' in page
    assert (stored(), AuditEvent.objects.count()) == (before, n_events)


def test_a_conflict_over_statements_shows_theirs_in_full_and_keeps_mine(client_for: ClientFor) -> None:
    theirs = statements(
        ("Theirs.", "recommendation"),
        **STRONG_ON_LOW,
        **{"statements-0-paradigm": "life_threatening", "statements-0-paradigm_reason": "They say so."},
    )
    mine = statements(
        ("Mine.", "good_practice_statement"),
        ("Mine too.", "recommendation"),
        **{"statements-0-why_necessary": "I typed this.", "statements-1-remark": "And this."},
    )
    client_for("chair").post(f"{UPDATE}recommendation/", theirs)
    client = client_for("staff")
    answer = client.post(f"{UPDATE}recommendation/", mine)
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    for words in ("Theirs.", "Strong recommendation for", "Life-threatening situation", "They say so."):
        assert words in page
    for words in ("Mine.", "Mine too.", "I typed this.", "And this."):
        assert words in page
    assert [text for text, *_ in stored()] == ["Theirs."]
    client.post(f"{UPDATE}recommendation/", mine | {"over": str(get_question().recommendation.revision)})
    assert [text for text, *_ in stored()] == ["Mine.", "Mine too."]


@pytest.mark.parametrize(
    ("place", "heading"),
    [
        ("edit/", "Edit the question"),
        ("criteria/equity/texts/", "Edit the texts: Equity"),
        ("criteria/equity/judgement/", "Record the panel’s judgement: Equity"),
        ("recommendation/", "Edit the recommendation"),
        ("recommendation/type/", "Record the type of recommendation"),
        ("sections/justification/", "Edit: Justification"),
    ],
)
def test_a_page_of_its_own_says_what_is_edited_and_of_which_question(
    place: str, heading: str, client_for: ClientFor
) -> None:
    page = html.unescape(client_for("chair").get(f"{UPDATE}{place}").content.decode())
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", page) == [heading]
    crumbs = re.search(r'<nav class="crumbs".*?</nav>', page, flags=re.DOTALL)
    assert crumbs is not None
    question = get_question()
    assert re.findall(r'<a href="([^"]*)">(.*?)</a>', crumbs[0]) == [
        ("/guidelines/ilcor-als/", question.guideline.title),
        (UPDATE, question.title),
    ]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_a_section_is_saved(headers: dict[str, str], client_for: ClientFor) -> None:
    client = client_for("staff")
    section = ConclusionSection.objects.get(question=get_question(), section_key="monitoring_and_evaluation")
    answer = client.post(
        f"{UPDATE}sections/monitoring_and_evaluation/",
        {"revision": section.revision, "op": uuid4(), "body": "Watch limb perfusion."},
        headers=headers,
    )
    section.refresh_from_db()
    assert section.body == "Watch limb perfusion."
    assert answer.status_code == (200 if headers else 302)


def test_an_unknown_criterion_or_section_is_not_found(client_for: ClientFor) -> None:
    client = client_for("chair")
    for place in (
        "criteria/nothing/",
        "criteria/nothing/texts/",
        "criteria/nothing/judgement/",
        "sections/nothing/",
    ):
        answer = client.get(f"{UPDATE}{place}")
        assert (place, answer.status_code) == (place, 404)
        assert "There is nothing here for you" in answer.content.decode()


def test_a_database_that_is_gone_loses_nothing_typed(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even who is signed in can be read then."""

    def gone(request: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    client = client_for("chair")
    monkeypatch.setattr("django.contrib.auth.middleware.get_user", gone)
    answer = client.post(f"{UPDATE}criteria/equity/texts/", texts(client, 1, "An hour of work"))
    assert answer.status_code == 503
    assert "An hour of work" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"


def test_a_database_that_cannot_write_loses_nothing_typed(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(**kwargs: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("etd.actions.assessments.edit_texts", locked)
    client = client_for("chair")
    answer = client.post(f"{UPDATE}criteria/equity/texts/", texts(client, 1, "An hour of work & <more>"))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "An hour of work &amp; &lt;more&gt;" in answer.content.decode()
