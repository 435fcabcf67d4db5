"""Every model has a factory and says in words what a row is."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.db import models

from etd.models import SummaryRow, User
from metaanalysis.models import StudyResult
from tests import factories as f

APPS = ("etd", "metaanalysis", "documents")
FIRST = f.FRAMEWORK.criteria[0].key
SECTION = f.FRAMEWORK.sections[0].key

STRINGS = {
    "User": lambda: (f.user(name="Ada Lovelace"), "Ada Lovelace"),
    "Guideline": lambda: (f.guideline(title="ALS 2025"), "ALS 2025"),
    "OwnFramework": lambda: (f.own_framework(title="Short form", version=2), "Short form, version 2"),
    "PanelMembership": lambda: (
        f.panel_membership(user=f.user(name="Ada"), guideline=f.guideline(title="ALS"), role="chair"),
        "Ada, Chair of ALS",
    ),
    "Invitation": lambda: (
        f.invitation(email="ada@example.org", guideline=f.guideline(title="ALS"), role="chair"),
        "ada@example.org, Chair of ALS",
    ),
    "Question": lambda: (f.question(title="Cooling?"), "Cooling?"),
    "DismissedFinding": lambda: (f.dismissed_finding(), "table_number, Table 2"),
    "KeptEvidence": lambda: (
        (kept := f.kept_evidence()),
        f"Evidence 000000000000 of {kept.question}",
    ),
    "Approval": lambda: (
        f.approval(question=f.question(title="Cooling?"), approved_by=f.user(name="Ada")),
        "Ada approves Cooling?",
    ),
    "PublishedVersion": lambda: (
        f.published_version(question=f.question(title="Cooling?")),
        "Version 1 of Cooling?",
    ),
    "Withdrawal": lambda: (
        f.withdrawal(version=f.published_version(question=f.question(title="Cooling?"))),
        "Version 1 of Cooling? withdrawn",
    ),
    "Book": lambda: (f.book(guideline=f.guideline(title="ALS")), "Book of ALS: Waiting to begin"),
    "SourceDocument": lambda: (
        f.source_document(question=f.question(title="Cooling?"), title="TTM"),
        "Source of Cooling?: TTM",
    ),
    "Adolopment": lambda: ((one := f.adolopment()), f"Adopted: {one.assessment}"),
    "KeptPart": lambda: (f.kept_part(), "Equity: research evidence, from GRADE, version 1"),
    "Recusal": lambda: (
        f.recusal(user=f.user(name="Ada"), question=f.question(title="Cooling?")),
        "Ada recused from Cooling?",
    ),
    "ConflictDeclaration": lambda: (
        f.conflict_declaration(version=2, member=f.user(name="Ada"), question=f.question(title="Cooling?")),
        "Declaration 2 of Ada for Cooling?",
    ),
    "ConflictManagement": lambda: (
        f.conflict_management(
            level="excluded", member=f.user(name="Ada"), guideline=f.guideline(title="ALS")
        ),
        "Ada, Takes no part: ALS",
    ),
    "Reference": lambda: (f.reference(number=3, citation="Thiele 2023"), "3. Thiele 2023"),
    "Outcome": lambda: (f.outcome(name="Survival", timepoint="30 days"), "Survival, 30 days"),
    "Population": lambda: (f.population(label="Adults"), "Adults"),
    "OutcomeTable": lambda: (f.outcome_table(number=1, title="Survival"), "Table 1. Survival"),
    "OutcomeRow": lambda: (
        f.outcome_row(outcome=f.outcome(name="Survival"), population=f.population(label="Adults")),
        "Survival, Adults (reported)",
    ),
    "ImportanceRating": lambda: (
        f.importance_rating(outcome=f.outcome(name="Survival"), rated_by=f.user(name="Ada")),
        "Survival: 7 by Ada",
    ),
    "DecisionThresholds": lambda: (
        f.decision_thresholds(outcome=f.outcome(name="Survival")),
        "Survival: 5.00, 20.00, 50.00 per 1,000",
    ),
    "ComparatorRisk": lambda: (
        f.comparator_risk(outcome=f.outcome(name="Survival"), population=f.population(label="Adults")),
        "Survival, Adults: As in the studies",
    ),
    "CertaintyWorksheet": lambda: (
        f.certainty_worksheet(outcome=f.outcome(name="Survival")),
        "Certainty of Survival",
    ),
    "CertaintyRating": lambda: (f.certainty_rating(), "Imprecision: -1"),
    "SummaryRow": lambda: (_summary_row(), "Survival, Adults"),
    "SummaryEdit": lambda: (f.summary_edit(row=_summary_row()), "What happens of Survival, Adults"),
    "CriterionAssessment": lambda: (
        f.criterion_assessment(question=f.question(title="Cooling?")),
        f"{FIRST} of Cooling?",
    ),
    "Judgement": lambda: (
        f.judgement(
            assessment=f.criterion_assessment(question=f.question(title="Cooling?")), option_key="varies"
        ),
        f"{FIRST} of Cooling?: varies",
    ),
    "Recommendation": lambda: (
        f.recommendation(question=f.question(title="Cooling?")),
        "Recommendation of Cooling?",
    ),
    "RecommendationStatement": lambda: (f.recommendation_statement(text="We suggest."), "We suggest."),
    "PracticeAnswer": lambda: (f.practice_answer(), "Is the message really necessary? Yes"),
    "ConclusionSection": lambda: (
        f.conclusion_section(question=f.question(title="Cooling?")),
        f"{SECTION} of Cooling?",
    ),
    "VotingRound": lambda: (
        f.voting_round(number=2, question=f.question(title="Cooling?")),
        "Round 2 of Cooling?",
    ),
    "RoundSnapshot": lambda: (
        f.round_snapshot(round=f.voting_round(number=2, question=f.question(title="Cooling?"))),
        "Snapshot of Round 2 of Cooling?",
    ),
    "Ballot": lambda: (
        f.ballot(
            member=f.user(name="Ada"), round=f.voting_round(number=2, question=f.question(title="Cooling?"))
        ),
        "Ada in Round 2 of Cooling?",
    ),
    "Vote": lambda: (
        f.vote(
            ballot=f.ballot(
                member=f.user(name="Ada"),
                round=f.voting_round(number=2, question=f.question(title="Cooling?")),
            )
        ),
        f"{FIRST}, Ada in Round 2 of Cooling?",
    ),
    "DiscussionNote": lambda: (
        f.discussion_note(
            author=f.user(name="Ada"), round=f.voting_round(number=2, question=f.question(title="Cooling?"))
        ),
        f"Ada on {FIRST}, Round 2 of Cooling?",
    ),
    "AuditChainHead": lambda: (f.audit_chain_head(chain="site", seq=4), "site at 4"),
    "AuditEvent": lambda: (
        f.audit_event(chain="site", seq=4, type="vote_cast", subject="Round 1"),
        "site 4: vote_cast Round 1",
    ),
    "StagedImport": lambda: (f.staged_import(file_name="etd.docx"), "etd.docx"),
    "Mailing": lambda: (
        f.mailing(round=f.voting_round(number=2, question=f.question(title="Cooling?"))),
        "round_opened about Round 2 of Cooling?",
    ),
    "Worker": lambda: (f.worker(name="host-1"), "Worker host-1"),
    "DataUpload": lambda: (f.data_upload(filename="trials.csv"), "trials.csv"),
    "Study": lambda: (f.study(label="Thiele 2023"), "Thiele 2023"),
    "StudyResult": lambda: (_study_result(), "Thiele 2023: Survival, Adults"),
    "Analysis": lambda: (f.analysis(row=_computed_row()), "Survival, Adults (computed), 2026-01-15 12:30"),
    "MainMethod": lambda: (
        f.main_method(outcome=f.outcome(name="Survival"), population=f.population(label="Adults")),
        "Survival, Adults, 2026-01-15 12:30",
    ),
}


def _study_result() -> StudyResult:
    return f.study_result(
        study=f.study(label="Thiele 2023"),
        outcome=f.outcome(name="Survival"),
        population=f.population(label="Adults"),
    )


def _summary_row() -> SummaryRow:
    return f.summary_row(outcome=f.outcome(name="Survival"), population=f.population(label="Adults"))


def _computed_row() -> models.Model:
    return f.outcome_row(
        outcome=f.outcome(name="Survival"),
        population=f.population(label="Adults"),
        source="computed",
        provenance={},
    )


def _models() -> dict[str, type[models.Model]]:
    return {m.__name__: m for m in apps.get_models() if m._meta.app_label in APPS}


@pytest.mark.parametrize("name", STRINGS)
@pytest.mark.django_db
def test_a_row_says_what_it_is(name: str) -> None:
    row, words = STRINGS[name]()
    row.refresh_from_db()
    assert str(row) == words


def test_every_model_has_a_factory_and_says_what_it_is() -> None:
    assert [name for name in _models() if name not in STRINGS] == []
    factories = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in _models()}
    assert [name for name in factories if not callable(getattr(f, name, None))] == []


@pytest.mark.django_db
def test_an_outcome_without_a_time_point_is_its_name() -> None:
    assert str(f.outcome(name="Survival")) == "Survival"


class TestUser:
    @pytest.mark.django_db
    def test_the_email_is_stored_in_lower_case_and_found_in_any(self) -> None:
        ada = f.user(email=" Ada@Example.ORG ", password="correct horse battery")
        assert ada.email == "ada@example.org"
        assert User.objects.get_by_natural_key("ADA@example.org") == ada
        assert ada.check_password("correct horse battery")

    @pytest.mark.django_db
    def test_without_a_password_nobody_can_sign_in(self) -> None:
        assert not f.user().has_usable_password()

    @pytest.mark.django_db
    def test_a_superuser_is_staff(self) -> None:
        root = User.objects.create_superuser("root@example.org", name="Root")
        assert (root.is_staff, root.is_superuser) == (True, True)

    @pytest.mark.parametrize(
        ("name", "initials"),
        [
            ("Maria Bianchi", "MB"),
            ("Ana Maria de Souza", "AS"),
            ("Plato", "P"),
            ("J.R. Smith", "JS"),
            ("é b", "ÉB"),
            ("", "?"),
            ("42", "?"),
        ],
    )
    def test_initials(self, name: str, initials: str) -> None:
        assert User(name=name).initials == initials

    def test_a_nameless_person_is_their_address(self) -> None:
        assert str(User(email="a@example.org")) == "a@example.org"
        assert User(email="a@example.org", name="Ada").get_full_name() == "Ada"
        assert User(name="Ada").get_short_name() == "Ada"
