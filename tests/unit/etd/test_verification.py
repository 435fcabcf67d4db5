"""verify_chain: quiet when all is whole, and finds what was changed behind the trail's back."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from etd.actions import rounds
from etd.actions.verification import verify_guideline
from etd.models import AuditEvent, RoundSnapshot, Vote, VotingRound
from tests.unit.etd import action_examples as examples
from tests.unit.etd.test_append_only import drop_triggers
from tests.unit.etd.worlds import OPTIONS, Panel


@pytest.fixture
def closed(panel: Panel) -> VotingRound:
    """A closed round with two votes, in tables whose triggers are gone."""
    stored = rounds.close_round(**examples.close_round(panel))
    assert verify_guideline(panel.guideline) == []
    for model in (AuditEvent, RoundSnapshot):
        drop_triggers(connection, model._meta.db_table)
    return stored


def other_option() -> None:
    Vote.objects.filter(option_keys=[OPTIONS[0]]).update(option_keys=[OPTIONS[3]])


def other_option_and_commitment() -> None:
    vote = Vote.objects.first()
    assert vote is not None
    vote.commitment = "1" * 64
    vote.save()


def lost_vote() -> None:
    Vote.objects.filter(pk=Vote.objects.values_list("pk", flat=True)[0]).delete()


def other_question() -> None:
    snapshot = RoundSnapshot.objects.get()
    snapshot.content = snapshot.content.replace("Question", "Another question")
    snapshot.save()


def no_snapshot() -> None:
    RoundSnapshot.objects.all().delete()


def other_event() -> None:
    AuditEvent.objects.filter(type="vote_revealed").update(actor_name="Somebody Else")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_option, "is not what was committed to"),
        (other_option_and_commitment, "is not the last one that its member cast"),
        (lost_vote, "is no longer stored"),
        (other_question, "is not the one it opened with"),
        (no_snapshot, "is missing"),
        (other_event, "has been changed"),
    ],
)
def test_a_change_is_found_and_said(
    panel: Panel, closed: VotingRound, change: Callable[[], None], said: str
) -> None:
    change()
    assert any(said in fault.problem for fault in verify_guideline(panel.guideline))
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify_chain", stdout=out)
    assert end.value.code == 1
    assert said in out.getvalue()


def test_a_reveal_of_something_else_is_found(panel: Panel, closed: VotingRound) -> None:
    event = AuditEvent.objects.filter(type="vote_revealed").first()
    assert event is not None
    after = json.loads(event.after)
    event.after = json.dumps(after | {"option_keys": [OPTIONS[3]]})
    event.save()
    problems = [fault.problem for fault in verify_guideline(panel.guideline)]
    assert "what is revealed is not what was committed to" in problems


def test_the_command_on_a_whole_trail(panel: Panel) -> None:
    rounds.close_round(**examples.close_round(panel))
    out = StringIO()
    call_command("verify_chain", stdout=out)
    assert out.getvalue().splitlines() == ["site: whole", f"{panel.guideline.slug}: whole"]
    out = StringIO()
    call_command("verify_chain", "--guideline", panel.guideline.slug, "--json", stdout=out)
    assert json.loads(out.getvalue()) == {panel.guideline.slug: []}


def test_an_unknown_guideline_is_said(db: None) -> None:
    with pytest.raises(CommandError, match="There is no guideline “nowhere”"):
        call_command("verify_chain", "--guideline", "nowhere")
