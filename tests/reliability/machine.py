"""Any history of a panel against a plain model: `python -m tests.reliability.machine FIRST HISTORIES`.

A1: random acts, one after the other, through the actions; after each, answer and stored state must be the model's.
A3, its control: with recusals left out when ballots are given, the machine must find a recused member's ballot.
A history is that of its number: the same acts each time, on every database.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from random import Random
from typing import Any
from unittest import mock
from uuid import UUID

import django

django.setup()

from django.db import transaction  # noqa: E402 -- after the set-up
from django.utils import timezone  # noqa: E402

from etd.actions import accounts, assessments, conflicts, questions, rounds, voting  # noqa: E402
from etd.actions.errors import Refused, StaleEdit  # noqa: E402
from etd.enums import ConflictLevel, QuestionStatus, Role  # noqa: E402
from etd.models import (  # noqa: E402
    Ballot,
    PanelMembership,
    Recusal,
    User,
    VotingRound,
)
from metaanalysis.actions import uploads  # noqa: E402
from tests import factories as f  # noqa: E402
from tests.reliability.acts import Draw, one_by_one  # noqa: E402
from tests.reliability.facts import CRITERION, ITEMS, OPTIONS, PEOPLE, ROLES, facts_of, faults_of  # noqa: E402
from tests.reliability.model import STEPS, Act, PanelModel, Said, agrees  # noqa: E402

CONTROL_HISTORIES = 200


class Panel:
    """The same people and question, done through the actions."""

    def __init__(self) -> None:
        self.guideline = f.guideline()
        self.users: dict[str, User] = {}
        for name in PEOPLE:
            self.users[name] = f.user(name=name.title())
            if role := ROLES.get(name):
                f.panel_membership(guideline=self.guideline, role=role, user=self.users[name])
        self.staff = f.panel_membership(guideline=self.guideline, role=Role.STAFF).user
        self.question = f.draft_question(guideline=self.guideline, status=QuestionStatus.EVIDENCE)
        self.people = {user.pk: name for name, user in self.users.items()}

    def facts(self) -> dict[str, Any]:
        return facts_of(self.question.slug, self.people, CRITERION.key)

    def do(self, act: Act) -> Said:
        """Ask the action; each is one transaction, as in a request."""
        try:
            getattr(self, f"do_{act.kind}")(act)
        except StaleEdit:
            return Said.STALE
        except Refused:
            return Said.REFUSED
        return Said.DONE

    def do_vote(self, act: Act) -> None:
        voting.cast_vote(
            question=self.question,
            item_key=act.on,
            option_keys=act.options,
            comment=act.text,
            version=act.version,
            by=self.users[act.by],
            op=UUID(act.op),
        )

    def do_open(self, act: Act) -> None:
        rounds.open_round(question=self.question, item_keys=ITEMS, by=self.users["chair"])

    def do_close(self, act: Act) -> None:
        rounds.close_round(voting_round=self.round(act), by=self.users["chair"])

    def do_time_up(self, act: Act) -> None:
        VotingRound.objects.filter(question=self.question, closed_at__isnull=True).update(
            closes_at=timezone.now()
        )

    def do_void(self, act: Act) -> None:
        ballot = Ballot.objects.get(round=self.round(act), member=self.users[act.on])
        rounds.void_ballot(ballot=ballot, reason="Left the room.", by=self.users["chair"])

    def do_manage(self, act: Act) -> None:
        of_question = act.options == ("question",)
        conflicts.manage_conflict(
            member=self.users[act.on],
            guideline=self.guideline,
            question=self.question if of_question else None,
            level=ConflictLevel(act.text),
            note="",
            by=self.users[act.by],
        )

    def do_join(self, act: Act) -> None:
        accounts.add_member(
            guideline=self.guideline, user=self.users[act.on], role=Role(act.text), by=self.staff
        )

    def do_change_role(self, act: Act) -> None:
        accounts.change_role(membership=self.membership(act), role=Role(act.text), by=self.staff)

    def do_leave(self, act: Act) -> None:
        accounts.end_membership(membership=self.membership(act), by=self.staff)

    def do_begin(self, act: Act) -> None:
        self.change_status(QuestionStatus.VOTING)

    def do_reopen(self, act: Act) -> None:
        self.change_status(QuestionStatus.EVIDENCE)

    def do_edit(self, act: Act) -> None:
        assessments.edit_texts(
            question=self.question,
            criterion_key=CRITERION.key,
            research_evidence=act.text,
            additional_considerations="",
            revision=act.version,
            by=self.staff,
        )

    def do_upload(self, act: Act) -> None:
        uploads.stage_upload(
            question=self.question,
            filename="trials.csv",
            content=table_of_studies(act.text).encode(),
            by=self.staff,
        )

    def change_status(self, status: QuestionStatus) -> None:
        questions.change_status(question=self.question, status=status, by=self.staff)

    def round(self, act: Act) -> VotingRound:
        return VotingRound.objects.get(question=self.question, number=act.version)

    def membership(self, act: Act) -> PanelMembership:
        found = PanelMembership.objects.filter(guideline=self.guideline, user=self.users[act.on]).first()
        if found is None:
            raise Refused("Was never a member.")
        return found


def table_of_studies(name: str) -> str:
    return (
        "study,year,events_intervention,n_intervention,events_comparison,n_comparison\n"
        f"{name} 2019,2019,12,40,9,41\n"
    )


class Broken(Exception):
    """What is answered or stored is not what the model says."""


def live(number: int, steps: int, done: Counter[str]) -> None:
    """One history, rolled back at its end. Raises Broken with the acts that led there; `done` counts them."""
    acts: list[Act] = []
    with transaction.atomic():
        panel = Panel()
        model = PanelModel(roles={name: str(role) for name, role in ROLES.items()}, items=ITEMS)
        draw = Draw(Random(number), model, OPTIONS, one_by_one)  # noqa: S311 -- a test, not a secret
        for _ in range(steps):
            act = draw.act()
            acts.append(act)
            expected, answered = model.do(act), panel.do(act)
            done[f"{act.kind}, {expected}"] += 1
            if not agrees(expected, answered):
                raise Broken(f"history {number}: {answered} instead of {expected}, by {acts}")
            if (stored := panel.facts()) != model.facts():
                raise Broken(f"history {number}: {stored} instead of {model.facts()}, by {acts}")
            if faults := faults_of(panel.question.slug):
                raise Broken(f"history {number}: {faults}, by {acts}")
        transaction.set_rollback(True)


def histories(first: int, number: int, steps: int = STEPS) -> dict[str, Any]:
    """So many histories, until one is not as the model says: how many, which acts, and what was found."""
    done: Counter[str] = Counter()
    found = {"histories": 0, "complaint": ""}
    for n in range(first, first + number):
        found["histories"] = n - first + 1
        try:
            live(n, steps, done)
        except Broken as error:
            found["complaint"] = str(error)
            break
    return found | {"steps": done.total(), "acts": dict(sorted(done.items()))}


def recusals_left_out() -> Any:
    return mock.patch.object(rounds, "recusals", return_value=Recusal.objects.none())


def main(first: int, number: int) -> dict[str, Any]:
    found = histories(first, number)
    with recusals_left_out():
        control = histories(first, CONTROL_HISTORIES)
    return found | {"control": control}


if __name__ == "__main__":
    json.dump(main(int(sys.argv[1]), int(sys.argv[2])), sys.stdout)
