"""The audit chain: a true history is whole, and no change to it goes unseen. The triggers are taken away to try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from etd.actions import accounts, assessments, audit, rounds, voting
from etd.actions.audit import SITE_CHAIN, ChainFault, chain_name, event_hash, verify_chain
from etd.append_only import append_only_tables, install_triggers, missing_triggers
from etd.installation.logs import request_id
from etd.models import AuditChainHead, AuditEvent
from tests import factories as f
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import Panel

TABLE = AuditEvent._meta.db_table
# One false value for every column that a reader is shown; `id` is only where the row lies.
FALSE: dict[str, Any] = {
    "chain": "guideline-0",
    "seq": 77,
    "guideline": "other",
    "question": "other",
    "actor_id": "99",
    "actor_name": "Somebody Else",
    "op": "7b1c7d3e-29b2-4a7e-8a6d-4d6f6a2b0c11",
    "type": "nothing_done",
    "subject": "other",
    "before": '{"research_evidence":"x"}',
    "after": "{}",
    "at": f.NOW + timedelta(microseconds=1),
    "request_id": "0123456789abcdef",
    "prev_hash": "1" * 64,
    "hash": "2" * 64,
}


def without_triggers() -> None:
    with connection.cursor() as cursor:
        for suffix in (
            ("no_change", "no_truncate") if connection.vendor == "postgresql" else ("no_update", "no_delete")
        ):
            on = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {TABLE}_{suffix}{on}")


@pytest.fixture
def history(panel: Panel) -> str:
    """A chain of a guideline with edits, a round and a vote; its name. The triggers are gone."""
    assessments.edit_texts(**examples.edit_texts(panel))
    assessments.record_judgement(**examples.record_judgement(panel))
    rounds.open_round(**examples.open_round(panel))
    voting.cast_vote(**examples.cast_vote(panel))
    chain = chain_name(panel.guideline)
    assert AuditEvent.objects.filter(chain=chain).count() == 8
    assert verify_chain(chain) == []
    without_triggers()
    return chain


def event(chain: str, seq: int) -> Any:
    return AuditEvent.objects.filter(chain=chain, seq=seq)


def test_every_column_is_tried() -> None:
    assert set(FALSE) == {field.name for field in AuditEvent._meta.fields} - {"id"}


@pytest.mark.parametrize("column", FALSE)
@pytest.mark.parametrize("seq", [1, 4, 8])
def test_a_changed_column_is_found(history: str, column: str, seq: int) -> None:
    assert event(history, seq).update(**{column: FALSE[column]}) == 1
    assert verify_chain(history) != []


@pytest.mark.parametrize("seq", [1, 4, 7, 8])
def test_a_deleted_event_is_found(history: str, seq: int) -> None:
    event(history, seq).delete()
    assert verify_chain(history) != []


@pytest.mark.parametrize("left", [0, 1, 5])
def test_a_cut_tail_is_found(history: str, left: int) -> None:
    AuditEvent.objects.filter(chain=history, seq__gt=left).delete()
    assert verify_chain(history) == [ChainFault(history, 8, "the end of the chain is missing")]


def test_a_tail_cut_with_its_head_is_found(history: str) -> None:
    AuditEvent.objects.filter(chain=history, seq__gt=5).delete()
    AuditChainHead.objects.filter(chain=history).delete()
    assert verify_chain(history) == [ChainFault(history, 5, "the end of the chain is missing")]


def test_two_swapped_events_are_found(history: str) -> None:
    event(history, 3).update(seq=103)
    event(history, 4).update(seq=3)
    event(history, 103).update(seq=4)
    assert {fault.seq for fault in verify_chain(history)} >= {3, 4}


def test_a_change_with_its_own_hash_made_right_is_found_at_the_next_event(history: str) -> None:
    changed = event(history, 4).get()
    changed.after = '{"research_evidence":"nothing"}'
    event(history, 4).update(after=changed.after, hash=event_hash(changed))
    assert verify_chain(history) == [ChainFault(history, 5, "does not follow from the event before it")]


def test_an_inserted_event_is_found(history: str) -> None:
    for seq in range(8, 4, -1):
        event(history, seq).update(seq=F("seq") + 1)
    copy = event(history, 4).get()
    copy.pk, copy.seq, copy.op = None, 5, None
    copy.save(force_insert=True)
    assert verify_chain(history) != []


def test_the_report_says_where_and_what(history: str) -> None:
    event(history, 4).update(actor_name="Somebody Else")
    assert verify_chain(history) == [ChainFault(history, 4, "has been changed")]
    event(history, 2).delete()
    assert verify_chain(history) == [
        ChainFault(history, 3, "number 2 is missing"),
        ChainFault(history, 3, "does not follow from the event before it"),
        ChainFault(history, 4, "has been changed"),
    ]


def test_two_chains_do_not_disturb_each_other(panel: Panel) -> None:
    accounts.create_account(**examples.create_account(panel))
    accounts.add_member(**examples.add_member(panel))
    assert list(AuditEvent.objects.order_by("chain").values_list("chain", "seq", "prev_hash")) == [
        (chain_name(panel.guideline), 1, ""),
        (SITE_CHAIN, 1, ""),
    ]
    assert verify_chain(SITE_CHAIN) == verify_chain(chain_name(panel.guideline)) == []


def test_a_chain_that_never_began_is_whole(db: None) -> None:
    assert verify_chain("guideline-0") == []


def test_an_event_outlives_its_people(panel: Panel) -> None:
    accounts.create_account(**examples.create_account(panel))
    name = panel.staff.name
    panel.staff.memberships.all().delete()
    panel.staff.delete()
    assert AuditEvent.objects.get().actor_name == name
    assert verify_chain(SITE_CHAIN) == []


def test_an_event_has_no_foreign_key() -> None:
    assert [field.name for field in AuditEvent._meta.get_fields() if field.is_relation] == []


def test_the_hash_is_that_of_the_documented_fields(panel: Panel) -> None:
    """Worked out once by hand from the fields, so that no later change makes old chains look false."""
    accounts.create_account(**examples.create_account(panel))
    stored = AuditEvent.objects.get()
    assert event_hash(stored) == stored.hash
    first = AuditEvent(
        chain="site",
        seq=1,
        actor_id="1",
        actor_name="Ada",
        type="tested",
        subject="é",
        at=f.NOW,
        after='{"a":1}',
    )
    assert event_hash(first) == "f730b1b4cb81a3be5ff7ee845f88f036d0858ed773a0be4354990c90238610fb"
    first.prev_hash = "a" * 64
    assert event_hash(first) == "28ff1c80f4e8479736d3b1f9b3f37276b36a2b79f37ec40008ee6eb805e6b3db"


def test_an_event_has_the_id_of_its_request(panel: Panel) -> None:
    before = request_id.set("0123456789abcdef")
    of_request = audit.record(type="tested", subject="in a request", at=f.NOW, by=panel.staff)
    request_id.reset(before)
    of_command = audit.record(type="tested", subject="by a command", at=f.NOW, by=None)
    stored = AuditEvent.objects.order_by("seq").values_list("request_id", flat=True)
    assert list(stored) == ["0123456789abcdef", of_command.request_id]
    assert verify_chain(SITE_CHAIN) == []
    of_request.request_id = ""
    assert event_hash(of_request) != of_request.hash


def test_the_triggers_are_there_again(history: str) -> None:
    assert missing_triggers(connection) == [TABLE]
    install_triggers(connection)
    assert missing_triggers(connection) == []
    assert TABLE in append_only_tables()


def test_the_moment_of_the_change_is_the_moment_of_the_event(panel: Panel) -> None:
    membership = accounts.end_membership(**examples.end_membership(panel))
    assert AuditEvent.objects.get(type="member_ended").at == membership.ended_at
    assert audit.verify_chain(chain_name(panel.guideline)) == []
