"""Guidelines, their people and roles: who may do what, at once, and never without a chair."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django_tasks_db.models import DBTaskResult

from etd.actions import accounts, rounds
from etd.actions.errors import Refused
from etd.enums import RECOMMENDATION_TYPE_ITEM, Role
from etd.frameworks import offered_frameworks
from etd.models import AuditEvent, Guideline, Invitation, PanelMembership, Question, User
from tests import factories as f
from tests.integration.conftest import ACTORS, MEMBERS, STRANGERS, ClientFor

HOME = "/guidelines/ilcor-als/"
OFFERED = next(one for one in offered_frameworks() if one.key == f.FRAMEWORK.key)


def guideline() -> Guideline:
    return Guideline.objects.get(slug="ilcor-als")


def membership(name: str) -> PanelMembership:
    return PanelMembership.objects.get(guideline=guideline(), user__email=f"{name}@example.org")


def addresses() -> dict[str, tuple[str, set[str], int]]:
    """Name: path, verbs, and the answer to an empty form by somebody who may send it."""
    invited = f.invitation(guideline=guideline())
    other = f.invitation(guideline=guideline())
    return {
        "change_role": (f"{HOME}people/{membership('panel').pk}/role/", {"GET", "POST"}, 422),
        "end_membership": (f"{HOME}people/{membership('panel2').pk}/end/", {"GET", "POST"}, 302),
        "resend_invitation": (f"{HOME}invitations/{invited.pk}/resend/", {"POST"}, 302),
        "withdraw_invitation": (f"{HOME}invitations/{other.pk}/withdraw/", {"POST"}, 302),
    }


@pytest.mark.parametrize(
    "name", ["change_role", "end_membership", "resend_invitation", "withdraw_invitation"]
)
class TestTheMatrix:
    def test_roles(self, name: str, client_for: ClientFor) -> None:
        path, verbs, empty_post = addresses()[name]
        for actor in MEMBERS:
            if actor == "staff":
                continue  # the chair's form has done what an empty form does; see the next test
            client = client_for(actor)
            found = {verb: client.generic(verb, path).status_code for verb in ("GET", "POST", "PUT")}
            allowed = {"GET": 200, "POST": empty_post} if actor == "chair" else {"GET": 403, "POST": 403}
            expected = {verb: allowed[verb] if verb in verbs else 405 for verb in ("GET", "POST")}
            assert (actor, found) == (actor, expected | {"PUT": 405})
            if name == "end_membership" and actor == "chair":
                PanelMembership.objects.update(ended_at=None, ended_by=None)

    def test_staff_too(self, name: str, client_for: ClientFor) -> None:
        path, _, empty_post = addresses()[name]
        answer = client_for("staff").post(path)
        assert (name, answer.status_code) == (name, empty_post)

    def test_strangers_cannot_tell_it_from_nothing(self, name: str, client_for: ClientFor) -> None:
        path, verbs, _ = addresses()[name]
        nothing = re.sub(r"\d+", "999999", path)
        for actor in STRANGERS:
            client = client_for(actor)
            if actor == "just ended":  # was the chair; somebody else is now
                PanelMembership.objects.filter(user__email="panel@example.org").update(role=Role.CHAIR)
            for verb in verbs:
                assert [client.generic(verb, one).status_code for one in (path, nothing)] == [404, 404], actor
        assert client_for("staff").post(nothing).status_code == 404

    def test_without_sign_in(self, name: str, client_for: ClientFor) -> None:
        path = addresses()[name][0]
        answer = client_for("anonymous").post(path, {"role": "chair"})
        assert answer.status_code == 403
        assert "your sign-in has ended" in answer.content.decode()
        assert membership("panel").role == Role.PANEL_MEMBER

    def test_people_of_another_guideline_are_not_here(self, name: str, client_for: ClientFor) -> None:
        foreign = f.panel_membership(), f.invitation()
        path = addresses()[name][0]
        number = foreign[0].pk if "people" in path else foreign[1].pk
        answer = client_for("chair").post(re.sub(r"\d+", str(number), path), {"role": "observer"})
        foreign[0].refresh_from_db()
        foreign[1].refresh_from_db()
        assert answer.status_code == 404
        assert (foreign[0].role, foreign[0].ended_at, foreign[1].withdrawn_at) == ("panel_member", None, None)


class TestThePage:
    def test_everybody_sees_questions_people_and_roles_and_managers_addresses(
        self, client_for: ClientFor
    ) -> None:
        f.invitation(guideline=guideline(), email="invited@example.org", name="Ada")
        for actor in MEMBERS:
            page = client_for(actor).get(HOME).content.decode()
            assert "Helena Brandt" in page
            assert "mcs-after-rosc-update" in page
            manages = actor in {"chair", "staff"}
            assert ("patient@example.org" in page, "invited@example.org" in page) == (manages, manages), actor
            assert ("New question" in page) == (actor in {"chair", "methodologist", "staff"})

    def test_staff_have_no_way_to_a_chair(self, client_for: ClientFor) -> None:
        client, chair = client_for("staff"), membership("chair")
        assert f"people/{chair.pk}/" not in client.get(HOME).content.decode()
        assert client.post(f"{HOME}people/{chair.pk}/end/").status_code == 403
        own = client.post(f"{HOME}people/{membership('staff').pk}/role/", {"role": "chair"})
        invited = client.post(
            f"{HOME}people/invite/", {"name": "A", "email": "a@example.org", "role": "chair"}
        )
        assert (own.status_code, invited.status_code) == (422, 422)
        assert membership("staff").role == Role.STAFF
        assert not Invitation.objects.exists()

    @pytest.mark.parametrize("what", ["resend", "withdraw"])
    def test_staff_leave_the_invitation_of_a_chair_alone(self, what: str, client_for: ClientFor) -> None:
        invited = f.invitation(guideline=guideline(), role=Role.CHAIR)
        path = f"{HOME}invitations/{invited.pk}/{what}/"
        assert client_for("staff").post(path).status_code == 403
        invited.refresh_from_db()
        assert (invited.withdrawn_at, DBTaskResult.objects.count()) == (None, 0)
        assert client_for("chair").post(path).status_code == 302


class TestARoleThatChanges:
    def test_it_holds_from_the_next_request_of_a_live_session(self, client_for: ClientFor) -> None:
        member, chair = client_for("methodologist"), client_for("chair")
        upload = f"{HOME}mcs-after-rosc-update/evidence/uploads/new/"
        assert member.get(upload).status_code == 200
        path = f"{HOME}people/{membership('methodologist').pk}/role/"
        answer = chair.post(path, {"role": "observer"}, follow=True)
        assert "Mats Lindqvist is now observer." in answer.content.decode()
        assert member.get(upload).status_code == 403
        assert "Observer" in member.get(HOME).content.decode()
        chair.post(f"{HOME}people/{membership('methodologist').pk}/end/")
        assert member.get(HOME).status_code == 404
        assert "not a member of any guideline" in member.get("/").content.decode()

    def test_what_is_lost_is_named_before(self, client_for: ClientFor) -> None:
        title = Question.objects.get(slug="mcs-after-rosc-vote").title
        for page in ("role", "end"):
            with_ballot = client_for("chair").get(f"{HOME}people/{membership('panel').pk}/{page}/")
            without = client_for("chair").get(f"{HOME}people/{membership('observer').pk}/{page}/")
            text = with_ballot.content.decode()
            assert "Maria Bianchi has a ballot in an open round" in text
            assert title.split("\n")[0][:30] in text
            assert "has a ballot" not in without.content.decode()

    def test_a_closed_round_costs_nothing(self, client_for: ClientFor) -> None:
        question = Question.objects.get(slug="mcs-after-rosc-vote")
        rounds.close_round(voting_round=question.rounds.get(closed_at=None), by=membership("chair").user)
        page = client_for("chair").get(f"{HOME}people/{membership('panel').pk}/end/").content.decode()
        assert "has a ballot" not in page

    def test_a_demoted_voter_cannot_vote_any_more(self, client_for: ClientFor) -> None:
        client = client_for("panel member")
        accounts.change_role(membership=membership("panel"), role=Role.OBSERVER, by=membership("chair").user)
        path = f"{HOME}mcs-after-rosc-vote/votes/{RECOMMENDATION_TYPE_ITEM}/"
        assert client.post(path, {"version": "0"}).status_code == 403
        event = AuditEvent.objects.filter(type="role_changed").get()
        assert (event.subject, event.before, event.after) == (
            "panel@example.org",
            '{"role":"panel_member"}',
            '{"role":"observer"}',
        )


class TestTheLastChair:
    @pytest.mark.parametrize("page", ["role", "end"])
    def test_a_guideline_keeps_a_chair(self, page: str, client_for: ClientFor) -> None:
        chair = membership("chair")
        answer = client_for("chair").post(f"{HOME}people/{chair.pk}/{page}/", {"role": "observer"})
        chair.refresh_from_db()
        assert answer.status_code == 409
        assert "the only chair of this guideline" in answer.content.decode()
        assert (chair.role, chair.ended_at) == (Role.CHAIR, None)

    def test_with_another_one_a_chair_may_go(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        client.post(f"{HOME}people/{membership('panel').pk}/role/", {"role": "chair"})
        answer = client.post(f"{HOME}people/{membership('chair').pk}/end/")
        assert (answer.status_code, answer["Location"]) == (302, "/")
        with pytest.raises(Refused, match="only chair"):
            accounts.end_membership(membership=membership("panel"), by=membership("panel").user)


class TestNewGuideline:
    FORM = {"title": "Heart 2027", "organisation": "ESC", "strength_word": "weak", "slug": "Heart-2027"}

    def test_an_administrator_begins_one_and_is_its_chair(self, client_for: ClientFor) -> None:
        client = client_for("administrator")
        assert "New guideline" in client.get("/").content.decode()
        answer = client.post("/guidelines/new/", self.FORM)
        assert answer["Location"] == "/guidelines/heart-2027/"
        page = client.get(answer["Location"]).content.decode()
        assert "Begin the first one" in page
        assert PanelMembership.objects.get(guideline__slug="heart-2027").role == Role.CHAIR

    def test_nobody_else(self, client_for: ClientFor) -> None:
        for actor in ("chair", "staff", "outsider"):
            client = client_for(actor)
            assert "New guideline" not in client.get("/").content.decode()
            assert [
                client.get("/guidelines/new/").status_code,
                client.post("/guidelines/new/", self.FORM).status_code,
            ] == [
                403,
                403,
            ]
        assert client_for("anonymous").post("/guidelines/new/", self.FORM).status_code == 403
        assert not Guideline.objects.filter(title="Heart 2027").exists()

    @pytest.mark.parametrize(
        ("slug", "status", "why"),
        [
            ("ilcor-als", 409, "There is a guideline with the address"),
            ("new", 422, "is used by the site itself"),
            ("hé!", 422, "letters a to z, digits and hyphens only"),
            ("", 422, "This field is required"),
        ],
    )
    def test_an_address_that_cannot_be(self, slug: str, status: int, why: str, client_for: ClientFor) -> None:
        answer = client_for("administrator").post("/guidelines/new/", self.FORM | {"slug": slug})
        assert answer.status_code == status
        assert why in answer.content.decode()
        assert "Heart 2027" in answer.content.decode()


class TestNewQuestion:
    FORM = {
        "title": "Should cooling be used?\r\nIn adults.",
        "intervention_label": "cooling",
        "comparison_label": "none",
        "framework": f"{OFFERED.key}:{OFFERED.version}",
        "slug": "cooling",
        "population": "Adults with p<0.05",
    }

    def test_it_is_a_draft_with_its_words(self, client_for: ClientFor) -> None:
        answer = client_for("staff").post(f"{HOME}questions/new/", self.FORM)
        assert answer["Location"] == f"{HOME}cooling/"
        question = Question.objects.get(slug="cooling")
        assert (question.title, question.population, question.status) == (
            "Should cooling be used?\nIn adults.",
            "Adults with p<0.05",
            "draft",
        )
        assert question.assessments.count() == len(OFFERED.criteria)
        assert "Should cooling be used?" in client_for("observer").get(HOME).content.decode()

    @pytest.mark.parametrize(
        ("change", "status", "why"),
        [
            ({"slug": "mcs-after-rosc"}, 409, "has a question"),
            ({"slug": "settings"}, 422, "is used by the site itself"),
            ({"framework": "none:1"}, 422, "Select a valid choice"),
            ({"framework": f"{f.FRAMEWORK.key}:{f.FRAMEWORK.version}"}, 422, "Select a valid choice"),
            ({"title": ""}, 422, "This field is required"),
        ],
    )
    def test_what_cannot_be_is_said_and_the_words_stay(
        self, change: dict[str, str], status: int, why: str, client_for: ClientFor
    ) -> None:
        answer = client_for("chair").post(f"{HOME}questions/new/", self.FORM | change)
        assert answer.status_code == status
        assert why in answer.content.decode()
        assert "Adults with p&lt;0.05" in answer.content.decode()


def test_django_s_admin_shows_accounts_only_and_has_no_sign_in_of_its_own(client_for: ClientFor) -> None:
    page = client_for("administrator").get("/admin/").content.decode()
    assert set(re.findall(r'href="/admin/(\w+)/(\w+)/"', page)) == {("etd", "user")}
    answer = Client().get("/admin/login/?next=/admin/")
    assert answer["Location"] == "/sign-in/?next=%2Fadmin%2F"
    assert client_for("outsider").get("/admin/login/?next=/admin/").status_code == 403


def test_actors_are_who_they_say(example: None) -> None:
    """Else the matrix above says nothing."""
    assert User.objects.get(email="staff@example.org").is_staff is False
    assert ACTORS["administrator"]().memberships.count() == 0
