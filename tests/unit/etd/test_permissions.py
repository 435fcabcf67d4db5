"""Who may do what: the role table said once more, in full, and the way from an address to a question."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from pytest_django import DjangoAssertNumQueries

from etd.actions import accounts
from etd.enums import QuestionStatus, Role
from etd.models import PanelMembership, Question, User
from etd.permissions import FROZEN_WITH, ROLE_PERMISSIONS, Access, Permission, load_access, requires
from tests import factories as f
from tests.unit.etd.worlds import Panel

ROLES = ("chair", "panel_member", "methodologist", "staff", "observer")
# Permission: the letters of the roles that have it, in the order above.
TABLE = {
    Permission.VIEW: "CPMSO",
    Permission.EXPORT: "CPMSO",
    Permission.VOTE: "CP---",
    Permission.DISCUSS: "CPM--",
    Permission.CREATE_QUESTION: "C-MS-",
    Permission.IMPORT_DOCUMENT: "C-M--",
    Permission.EDIT_GUIDELINE: "C--S-",
    Permission.MANAGE_PEOPLE: "C--S-",
    Permission.MANAGE_CHAIRS: "C----",
    Permission.MANAGE_ROUNDS: "C----",
    Permission.END_ROUNDS: "C----",
    Permission.DECLARE_CONFLICT: "CPMSO",
    Permission.MANAGE_CONFLICTS: "C----",
    Permission.EDIT_QUESTION: "C-M--",
    Permission.EDIT_TEXTS: "C-M--",
    Permission.RECORD_JUDGEMENT: "C-M--",
    Permission.EDIT_RECOMMENDATION: "C-MS-",
    Permission.EDIT_OUTCOMES: "C-M--",
    Permission.RATE_IMPORTANCE: "CPM--",
    Permission.SEE_CHECKS: "C-MS-",
    Permission.IMPORT_DOCUMENT: "C-M--",
    Permission.APPROVE: "C-MS-",
    Permission.PUBLISH: "C--S-",
    Permission.UPLOAD_DATA: "--M--",
}
EVERY_STATUS = {"draft", "evidence", "voting", "in_review", "published", "withdrawn"}
# Permission: the statuses in which that part of the question is open.
OPEN = {
    Permission.VIEW: EVERY_STATUS,
    Permission.EXPORT: EVERY_STATUS,
    Permission.VOTE: EVERY_STATUS,
    Permission.DISCUSS: EVERY_STATUS,
    Permission.CREATE_QUESTION: EVERY_STATUS,
    Permission.IMPORT_DOCUMENT: EVERY_STATUS,
    Permission.EDIT_GUIDELINE: EVERY_STATUS,
    Permission.MANAGE_PEOPLE: EVERY_STATUS,
    Permission.MANAGE_CHAIRS: EVERY_STATUS,
    Permission.MANAGE_ROUNDS: EVERY_STATUS,
    Permission.END_ROUNDS: EVERY_STATUS,
    Permission.DECLARE_CONFLICT: EVERY_STATUS,
    Permission.MANAGE_CONFLICTS: EVERY_STATUS,
    Permission.EDIT_QUESTION: {"draft", "evidence"},
    Permission.EDIT_TEXTS: {"draft", "evidence"},
    Permission.RECORD_JUDGEMENT: {"draft", "evidence", "voting"},
    Permission.EDIT_RECOMMENDATION: {"draft", "evidence", "voting", "in_review"},
    Permission.EDIT_OUTCOMES: {"draft", "evidence"},
    Permission.RATE_IMPORTANCE: {"draft", "evidence", "voting"},
    Permission.SEE_CHECKS: EVERY_STATUS,
    Permission.IMPORT_DOCUMENT: EVERY_STATUS,
    Permission.APPROVE: EVERY_STATUS,
    Permission.PUBLISH: EVERY_STATUS,
    Permission.UPLOAD_DATA: {"draft", "evidence"},
}


def test_the_tables_here_know_every_role_permission_and_status() -> None:
    assert set(ROLES) == set(Role.values) == set(ROLE_PERMISSIONS)
    assert set(TABLE) == set(OPEN) == set(Permission)
    assert {status for statuses in OPEN.values() for status in statuses} == set(QuestionStatus.values)
    assert set(FROZEN_WITH) <= set(Permission)


@pytest.mark.parametrize("permission", TABLE)
@pytest.mark.parametrize("role", ROLES)
def test_the_role_table(role: str, permission: Permission) -> None:
    access = Access(question=Question(), user=User(), role=Role(role))
    assert access.may(permission) == (TABLE[permission][ROLES.index(role)] != "-")


@pytest.mark.parametrize("status", QuestionStatus.values)
@pytest.mark.parametrize("permission", TABLE)
def test_what_a_status_freezes_can_no_role_do(permission: Permission, status: str) -> None:
    for role, letter in zip(ROLES, TABLE[permission], strict=True):
        access = Access(question=Question(status=status), user=User(), role=Role(role))
        assert access.can(permission) == (letter != "-" and status in OPEN[permission])


class TestLoadAccess:
    def test_a_member_gets_the_question_and_their_role(
        self, panel: Panel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        question = panel.question()
        with django_assert_num_queries(1):
            access = load_access(panel.chair, panel.guideline.slug, question.slug)
            assert access.question.guideline.slug == panel.guideline.slug
            assert access.question.recommendation.revision == 1
        assert (access.question, access.user, access.role) == (question, panel.chair, Role.CHAIR)

    def refusal(self, user: User, guideline: str, question: str) -> str:
        with pytest.raises(Http404) as refusal:
            load_access(user, guideline, question)
        return str(refusal.value)

    def test_foreign_and_absent_look_alike(self, panel: Panel) -> None:
        question = panel.question()
        elsewhere = f.draft_question()
        here = panel.guideline.slug
        said = {
            self.refusal(panel.outsider, here, question.slug),
            self.refusal(panel.member, here, "absent"),
            self.refusal(panel.member, "absent", question.slug),
            self.refusal(panel.member, elsewhere.guideline.slug, elsewhere.slug),
            self.refusal(panel.member, here, elsewhere.slug),
            self.refusal(panel.member, elsewhere.guideline.slug, question.slug),
        }
        assert len(said) == 1

    def test_a_superuser_is_no_member(self, panel: Panel) -> None:
        root = User.objects.create_superuser("root@example.org", name="Root")
        assert self.refusal(root, panel.guideline.slug, panel.question().slug) == ""

    def test_an_ended_membership_ends_at_once(self, panel: Panel) -> None:
        question = panel.question()
        assert load_access(panel.member, panel.guideline.slug, question.slug).role == Role.PANEL_MEMBER
        membership = PanelMembership.objects.get(user=panel.member)
        accounts.end_membership(membership=membership, by=panel.staff)
        assert self.refusal(panel.member, panel.guideline.slug, question.slug) == ""

    def test_one_slug_in_two_guidelines_is_two_questions(self, panel: Panel) -> None:
        mine = panel.question(slug="cooling")
        f.draft_question(slug="cooling")
        assert load_access(panel.member, panel.guideline.slug, "cooling").question == mine


class TestRequires:
    @staticmethod
    @requires(Permission.RECORD_JUDGEMENT)
    def view(request: HttpRequest, access: Access, **kwargs: str) -> HttpResponse:
        return HttpResponse(f"{access.user.name}, {access.role}, {kwargs}")

    def get(self, user: User | AnonymousUser, question: Question, **kwargs: str) -> Any:
        request = RequestFactory().get("/somewhere/")
        request.user = user
        return self.view(request, guideline=question.guideline.slug, question=question.slug, **kwargs)

    def test_who_may_comes_through(self, panel: Panel) -> None:
        response = self.get(panel.chair, panel.question(), criterion="x")
        assert response.content.decode() == "Carla Chair, chair, {'criterion': 'x'}"

    def test_who_may_not_is_told_why(self, panel: Panel) -> None:
        with pytest.raises(PermissionDenied, match="Your role here, panel member, cannot record the panel's"):
            self.get(panel.member, panel.question())

    def test_a_stranger_learns_nothing(self, panel: Panel) -> None:
        with pytest.raises(Http404):
            self.get(panel.outsider, panel.question())

    @override_settings(LOGIN_URL="/sign-in/")
    def test_nobody_is_sent_to_sign_in(self, panel: Panel) -> None:
        response = self.get(AnonymousUser(), panel.question())
        assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=/somewhere/")

    def test_the_view_says_what_it_requires(self) -> None:
        view: Any = self.view
        assert view.permission == Permission.RECORD_JUDGEMENT
