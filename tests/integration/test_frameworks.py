"""A question in each framework that is shipped, from its form to its document: judged, voted on, written, exported."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pypdf
import pytest
from django.db import transaction
from django.test import Client

from documents.assemble import assemble
from documents.html import render_html
from documents.pdf import render_pdf
from documents.published import document_bytes
from documents.schema import from_json
from etd.actions import assessments, recommendations, rounds, voting
from etd.actions.recommendations import Statement
from etd.domain.consensus import GRADE_GRID
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, QuestionStatus, TallyDisplay
from etd.frameworks import Framework, Role, offered_frameworks
from etd.models import Question, User, VotingRound
from tests import factories as f
from tests.unit.etd.worlds import Panel, panel_of

FRAMEWORKS = {framework.key: framework for framework in offered_frameworks()}


@pytest.fixture
def panel(db: None) -> Panel:
    return panel_of()


@dataclass(frozen=True)
class Decided:
    framework: Framework
    question: Question
    voting_round: VotingRound
    panel: Panel

    @property
    def address(self) -> str:
        return f"/guidelines/{self.question.guideline.slug}/{self.question.slug}/"


@pytest.fixture(scope="module", params=FRAMEWORKS)
def decided_once(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Decided]:
    """Made once for all tests of a framework; each test's own changes are rolled back before the next."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield decide(FRAMEWORKS[request.param].worded("weak"), panel_of())
        transaction.set_rollback(True)


@pytest.fixture
def decided(decided_once: Decided, db: None) -> Decided:
    return decided_once


def decide(framework: Framework, panel: Panel) -> Decided:
    """Begun with the form, every criterion and the type voted on by three and recorded, everything written."""
    panel.guideline.strength_word = "weak"
    panel.guideline.save()
    question = begun(panel, framework)
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.VOTING)
    question = Question.objects.get(pk=question.pk)
    items = [*(criterion.key for criterion in framework.criteria), RECOMMENDATION_TYPE_ITEM]
    opened = rounds.open_round(
        question=question, item_keys=items, by=panel.chair, rule=GRADE_GRID, tally_display=TallyDisplay.NAMED
    )
    for person, position in ((panel.chair, 0), (panel.member, -1), (panel.colleague, -1)):
        for criterion in framework.criteria:
            vote(question, criterion.key, criterion.options[position].key, person)
        vote(question, RECOMMENDATION_TYPE_ITEM, framework.recommendation_types[-2].key, person)
    rounds.close_round(voting_round=opened, by=panel.chair)
    opened.refresh_from_db()
    for criterion in framework.criteria:
        assessments.record_judgement(
            question=question,
            criterion_key=criterion.key,
            choices=[(criterion.options[-1].key, "")],
            basis=Basis.CONSENSUS,
            revision=1,
            by=panel.chair,
        )
    recommendations.record_type(
        question=question,
        type_key=framework.recommendation_types[1].key,
        basis=Basis.CONSENSUS,
        revision=1,
        by=panel.chair,
    )
    recommendations.edit_recommendation(
        question=question,
        note="",
        statements=[Statement("recommendation", "We do this.", strength="conditional", direction="against")],
        revision=1,
        by=panel.staff,
    )
    for section in framework.sections:
        if not section.holds_statements:
            recommendations.edit_section(
                question=question,
                section_key=section.key,
                body=f"About it: {section.key}.",
                revision=1,
                by=panel.staff,
            )
    return Decided(framework, Question.objects.get(pk=question.pk), opened, panel)


def begun(panel: Panel, framework: Framework) -> Question:
    form = {
        "title": "Should it be done?",
        "intervention_label": "it",
        "comparison_label": "nothing",
        "framework": f"{framework.key}:{framework.version}",
        "slug": "should-it",
    } | {field.key: f"Words of {field.key}" for field in framework.question_fields}
    answer = browser(panel.staff).post(f"/guidelines/{panel.guideline.slug}/questions/new/", form)
    assert answer.status_code == 302
    return Question.objects.get(guideline=panel.guideline, slug="should-it")


def vote(question: Question, item_key: str, option_key: str, by: User) -> None:
    voting.cast_vote(
        question=question, item_key=item_key, option_keys=[option_key], comment="", version=0, by=by
    )


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def words(html: str) -> str:
    """The text of a page, without tags, its spaces folded."""
    text = unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<(style|script).*?</\1>", " ", html)))
    return " ".join(text.split())


def read(decided: Decided, address: str = "", person: User | None = None) -> str:
    answer = browser(person or decided.panel.chair).get(decided.address + address, follow=True)
    assert answer.status_code == 200
    return words(answer.content.decode())


def all_words(framework: Framework) -> list[str]:
    """What a page or document of the framework says, whatever its letters' case."""
    criteria = framework.criteria
    return [
        framework.title,
        framework.headings.type_of_recommendation,
        framework.headings.conclusions,
        framework.headings.summary_of_judgements,
        *(field.heading for field in framework.question_fields),
        *(criterion.heading for criterion in criteria),
        *(criterion.prompt for criterion in criteria),
        *(option.label for criterion in criteria for option in criterion.options),
        *(choice.label for choice in framework.recommendation_types),
        *(section.heading for section in framework.sections),
    ]


def missing(framework: Framework, text: str) -> list[str]:
    folded = text.casefold()
    return [one for one in all_words(framework) if one.casefold() not in folded]


def test_the_page_says_everything(decided: Decided) -> None:
    text = read(decided)
    assert missing(decided.framework, text) == []
    assert "The panel has not judged this yet" not in text
    assert text.count("What to consider") == sum(bool(c.to_consider) for c in decided.framework.criteria)
    assert "conditional" not in text.casefold()
    for section in decided.framework.sections:
        assert section.holds_statements or f"About it: {section.key}." in text


def test_a_chosen_type_is_seen_whatever_its_direction() -> None:
    """White words on the colour of its tone: a type without strength and direction has one too."""
    styles = (Path(__file__).parents[2] / "static" / "css" / "app.css").read_text(encoding="utf-8")
    (rule,) = re.findall(r"^\.type \{([^}]*display[^}]*)\}", styles, flags=re.MULTILINE)
    assert "--tone:" in rule
    assert "--tone-deep:" in rule


def test_the_round_says_everything(decided: Decided) -> None:
    result = read(decided, f"rounds/{decided.voting_round.number}/")
    assert [c.heading for c in decided.framework.criteria if c.heading not in result] == []
    assert [t.label for t in decided.framework.recommendation_types if t.label not in result] == []
    assert "conditional" not in result.casefold()
    assert "off the scale" not in result[result.index(decided.framework.recommendation_types[0].label) :]
    agreed = decided.framework.recommendation_types[-2]
    if agreed.direction:
        assert agreed.label.startswith("Weak")
        assert f"{agreed.label}, 100% (3 of 3)" in result
    else:
        assert "The GRADE grid speaks of recommendations for or against only." in result


def test_no_type_without_a_direction_is_off_a_scale(decided: Decided) -> None:
    document = assemble(decided.question)
    tally = document.rounds[0].tally(RECOMMENDATION_TYPE_ITEM)
    assert tally is not None
    assert (tally.n_votes, tally.n_unsure) == (3, 0)


def test_meeting_history_and_lists_show_it(decided: Decided) -> None:
    chair = decided.panel.chair
    meeting = read(decided, "meeting/")
    assert [c.heading for c in decided.framework.criteria if c.heading not in meeting] == []
    history = read(decided, "history/")
    assert decided.framework.criteria[-1].heading in history
    for address in ("/", f"/guidelines/{decided.question.guideline.slug}/"):
        assert "Should it be done?" in words(browser(chair).get(address).content.decode())


def test_the_document_says_everything_but_the_help(decided: Decided) -> None:
    text = words(render_html(assemble(decided.question)))
    assert missing(decided.framework, text) == []
    assert "conditional" not in text.casefold().replace(decided.framework.source.casefold(), "")
    assert "Weak recommendation against" in text
    asked = [question for c in decided.framework.criteria for question in c.to_consider]
    assert [question for question in asked if question in text] == []


def test_the_json_says_key_and_word(decided: Decided) -> None:
    content = json.loads(document_bytes(assemble(decided.question)))
    read_back = from_json(content)
    assert [c.key for c in read_back.criteria] == [c.key for c in decided.framework.criteria]
    assert [(t.key, t.label) for t in read_back.recommendation_types] == [
        (t.key, t.label) for t in decided.framework.recommendation_types
    ]
    assert (read_back.statements[0].strength, read_back.statements[0].strength_label) == (
        "conditional",
        "Weak",
    )
    assert read_back.guideline.strength_word == "weak"
    assert all(criterion.judgements for criterion in read_back.criteria)


def test_the_pdf_has_every_heading(decided: Decided) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render_pdf(assemble(decided.question))))
    text = " ".join(" ".join(page.extract_text() for page in reader.pages).split()).casefold()
    headings = [criterion.heading for criterion in decided.framework.criteria]
    headings += [section.heading for section in decided.framework.sections]
    headings += [decided.framework.headings.type_of_recommendation]
    assert [heading for heading in headings if heading.casefold() not in text] == []


def test_a_table_of_outcomes_finds_its_criterion(decided: Decided) -> None:
    desirable = decided.framework.criterion_with_role(Role.DESIRABLE)
    assert desirable is not None
    f.outcome_table(question=decided.question, criterion_key=desirable.key, title="Trials of it")
    assert "Trials of it" in read(decided)


def test_the_voter_sees_the_words_of_the_framework(panel: Panel) -> None:
    panel.guideline.strength_word = "weak"
    panel.guideline.save()
    framework = FRAMEWORKS["grade_test_population"]
    question = begun(panel, framework)
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.VOTING)
    rounds.open_round(
        question=Question.objects.get(pk=question.pk), item_keys=[RECOMMENDATION_TYPE_ITEM], by=panel.chair
    )
    page = words(browser(panel.member).get(f"/guidelines/{panel.guideline.slug}/should-it/").content.decode())
    assert "Weak recommendation for the test" in page
    assert "Conditional recommendation" not in page
