"""A member's own judgement: saved with and without htmx, changed, never overwritten unseen, never anybody else's."""

from __future__ import annotations

import html
import re
from uuid import uuid4

import pytest

from etd.actions import rounds
from etd.models import Vote
from tests.integration.conftest import ClientFor, demo, get_question

VOTE = "/guidelines/ilcor-als/mcs-after-rosc-vote/"
HTMX = {"HX-Request": "true"}


def ballot_paper(version: int, *options: str, comment: str = "", **more: str) -> dict[str, object]:
    return {"revision": version, "op": str(uuid4()), "options": list(options), "comment": comment} | more


def stored(item: str, email: str = "panel@example.org") -> tuple[list[str], str, int]:
    vote = Vote.objects.get(ballot__member__email=email, item_key=item)
    return vote.option_keys, vote.comment, vote.version


def test_a_vote_without_javascript(client_for: ClientFor) -> None:
    client = client_for("panel member")
    answer = client.post(f"{VOTE}votes/equity/", ballot_paper(0, "reduced", comment="Devices are dear."))
    assert answer.status_code == 302
    assert answer["Location"] == f"{VOTE}#criterion-equity"
    assert stored("equity") == (["reduced"], "Devices are dear.", 1)
    page = client.get(VOTE).content.decode()
    assert re.search(r'value="reduced" checked', page)
    assert "Devices are dear." in page


def test_save_and_next_leads_to_the_next_criterion(client_for: ClientFor) -> None:
    client = client_for("panel member")
    answer = client.post(f"{VOTE}votes/equity/", ballot_paper(0, "reduced", next="acceptability"))
    assert answer["Location"] == f"{VOTE}criteria/acceptability/"
    answer = client.post(f"{VOTE}votes/equity/", ballot_paper(1, "increased", next="//evil.example"))
    assert answer["Location"] == f"{VOTE}#criterion-equity"


def test_a_vote_sent_without_a_sign_in_shows_what_was_typed_and_no_more(client_for: ClientFor) -> None:
    paper = ballot_paper(0, "reduced", comment="Devices are dear.", next="acceptability")
    page = client_for("anonymous").post(f"{VOTE}votes/equity/", paper).content.decode()
    assert "Devices are dear." in page
    assert "acceptability" not in page


def test_save_and_next_skips_what_the_round_does_not_ask(client_for: ClientFor) -> None:
    question = get_question("mcs-after-rosc-vote")
    rounds.close_round(voting_round=question.rounds.get(), by=demo("chair")())
    rounds.open_round(
        question=question, item_keys=["problem", "equity"], closes_at=None, blind=True, by=demo("chair")()
    )
    client = client_for("panel member")
    assert 'name="next" value="equity"' in client.get(f"{VOTE}criteria/problem/").content.decode()
    assert 'name="next" value="round"' in client.get(f"{VOTE}criteria/equity/").content.decode()
    answer = client.post(f"{VOTE}votes/equity/", ballot_paper(0, "reduced", next="round"))
    assert answer["Location"] == f"{VOTE}rounds/2/"


def test_with_htmx_the_answer_renews_version_dot_and_progress(client_for: ClientFor) -> None:
    client = client_for("panel member")
    page = client.post(f"{VOTE}votes/equity/", ballot_paper(0, "reduced"), headers=HTMX).content.decode()
    assert "Saved" in page
    assert 'name="revision" value="1"' in page
    assert 'class="dot dot-done" id="dot-equity" hx-swap-oob="true"' in page
    assert "you have judged 1 of 13" in page


def test_a_reason_alone_is_kept_but_is_not_yet_a_judgement(client_for: ClientFor) -> None:
    client = client_for("panel member")
    page = client.post(
        f"{VOTE}votes/equity/", ballot_paper(0, comment="Still thinking"), headers=HTMX
    ).content.decode()
    assert "Reason saved; no option chosen yet" in page
    assert "you have judged 0 of 13" in page
    assert stored("equity") == ([], "Still thinking", 1)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_two_windows_do_not_overwrite_each_other(headers: dict[str, str], client_for: ClientFor) -> None:
    client = client_for("panel member")
    client.post(f"{VOTE}votes/equity/", ballot_paper(0, "reduced", comment="On the laptop"))
    answer = client.post(
        f"{VOTE}votes/equity/", ballot_paper(0, "increased", comment="On the phone"), headers=headers
    )
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 409
    assert "On the laptop" in page
    assert "Reduced" in page
    assert "You have saved another judgement here in the meantime" in page
    assert "Somebody else" not in page
    assert stored("equity") == (["reduced"], "On the laptop", 1)
    if not headers:
        assert "On the phone" in page
    client.post(
        f"{VOTE}votes/equity/",
        ballot_paper(0, "increased", comment="On the phone", over="1"),
        headers=headers,
    )
    assert stored("equity") == (["increased"], "On the phone", 2)


def test_a_double_click_is_one_vote(client_for: ClientFor) -> None:
    client = client_for("panel member")
    paper = ballot_paper(0, "reduced")
    assert [client.post(f"{VOTE}votes/equity/", paper).status_code for _ in range(3)] == [302, 302, 302]
    assert stored("equity") == (["reduced"], "", 1)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("options", "status"), [(("nonsense",), 422), (("reduced", "increased"), 409)], ids=["unknown", "two"]
)
def test_a_wrong_choice_is_refused_and_the_reason_kept(
    options: tuple[str, ...], status: int, headers: dict[str, str], client_for: ClientFor
) -> None:
    answer = client_for("panel member").post(
        f"{VOTE}votes/equity/", ballot_paper(0, *options, comment="My long reason"), headers=headers
    )
    assert answer.status_code == status
    assert "Please choose one" in answer.content.decode()
    if not headers:
        assert "My long reason" in answer.content.decode()
    assert Vote.objects.count() == 0


def test_the_type_of_recommendation_is_voted_on_too(client_for: ClientFor) -> None:
    client = client_for("panel member")
    client.post(f"{VOTE}votes/recommendation-type/", ballot_paper(0, "conditional_for"))
    assert stored("recommendation-type") == (["conditional_for"], "", 1)
    assert re.search(r'value="conditional_for" checked', client.get(VOTE).content.decode())


def test_nobody_sees_another_members_vote(client_for: ClientFor) -> None:
    before = {
        actor: client_for(actor).get(VOTE).content
        for actor in ("chair", "methodologist", "observer", "staff")
    }
    token = "Zebra-crossing-4711"
    client_for("panel member").post(f"{VOTE}votes/equity/", ballot_paper(0, "reduced", comment=token))
    for actor, page in before.items():
        after = client_for(actor).get(VOTE).content
        assert token.encode() not in after
        assert without_tokens(after) == without_tokens(page), actor


def without_tokens(page: bytes) -> str:
    return re.sub(r'name="(csrfmiddlewaretoken|op)" value="[^"]*"', "", page.decode())


def test_without_a_ballot_there_is_no_vote(client_for: ClientFor) -> None:
    update = "/guidelines/ilcor-als/mcs-after-rosc-update/"
    answer = client_for("panel member").post(f"{update}votes/equity/", ballot_paper(0, "reduced"))
    assert answer.status_code == 409
    assert Vote.objects.count() == 0


def test_an_unknown_item_is_not_found(client_for: ClientFor) -> None:
    answer = client_for("panel member").post(f"{VOTE}votes/nothing/", ballot_paper(0, "x"))
    assert answer.status_code == 404
    assert Vote.objects.count() == 0
