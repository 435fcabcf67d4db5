"""Sets a panel up and reads afterwards what is stored: `python -m tests.reliability.stage COMMAND …`, as JSON.

A process of its own, on the database of a server that runs or has been killed.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 -- after the set-up
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from documents.actions import publishing  # noqa: E402
from documents.assemble import assemble  # noqa: E402
from documents.published import content_sha256  # noqa: E402
from etd.actions import conflicts, rounds  # noqa: E402
from etd.actions.verification import verify_guideline  # noqa: E402
from etd.enums import ConflictLevel, QuestionStatus, Role  # noqa: E402
from etd.installation.durability import what_may_be_lost  # noqa: E402
from etd.installation.restoring import RestoreFailed, check  # noqa: E402
from etd.models import AuditEvent, Ballot, Guideline, PanelMembership, Question, User, Vote  # noqa: E402
from etd.sessions import SIGNED_IN  # noqa: E402
from tests import factories as f  # noqa: E402
from tests.reliability.facts import OPTIONS, PEOPLE, ROLES, facts_of, faults_of  # noqa: E402

CHOICES = 3
REVIEWED = "mcs-after-rosc-update"
WORKERS = ("chair", "methodologist", "staff")
PASSWORD = "a-long-pass-phrase-2026"


def session_of(user: User) -> str:
    """The key of a session in which this person has just signed in."""
    now = timezone.now()
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[SIGNED_IN] = session["proved_at"] = now.isoformat()
    session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    session.save()
    return str(session.session_key)


def set_up(members: str) -> dict[str, Any]:
    """A guideline with a chair and so many members, and a round over every criterion."""
    guideline = f.guideline()
    chair = f.panel_membership(guideline=guideline, role=Role.CHAIR, user=f.user(name="Carla Chair")).user
    people = [
        f.panel_membership(guideline=guideline, user=f.user(name=f"Member {n}")).user
        for n in range(int(members))
    ]
    question = f.draft_question(guideline=guideline, status=QuestionStatus.VOTING)
    criteria = f.FRAMEWORK.criteria
    opened = rounds.open_round(question=question, item_keys=[one.key for one in criteria], by=chair)
    return {
        "guideline": guideline.slug,
        "question": question.slug,
        "round": opened.number,
        "chair": [chair.pk, session_of(chair)],
        "members": [[user.pk, session_of(user)] for user in people],
        "items": {one.key: [option.key for option in one.options][:CHOICES] for one in criteria},
    }


def read(slug: str) -> dict[str, Any]:
    """Everything that is stored of the question's only round."""
    question = Question.objects.select_related("guideline").get(slug=slug)
    votes = Vote.objects.filter(ballot__round__question=question).select_related("ballot")
    events = AuditEvent.objects.filter(question=slug).order_by("seq")
    closing = events.filter(type="round_closed").first()
    tallies = json.loads(closing.after)["tallies"] if closing else []
    voided = Ballot.objects.filter(round__question=question, voided_at__isnull=False)
    return {
        "votes": [
            [vote.ballot.member_id, vote.item_key, vote.version, "+".join(vote.option_keys), vote.comment]
            for vote in votes
        ],
        "events": [
            [event.seq, int(event.actor_id), str(event.op or "")] for event in events.filter(type="vote_cast")
        ],
        "faults": [str(fault) for fault in verify_guideline(question.guideline)] + database_faults(),
        "closed_seq": closing.seq if closing else None,
        "tallies": {one["item"]: one["counts"] for one in tallies},
        "voided": list(voided.values_list("member_id", flat=True)),
    }


def database_faults() -> list[str]:
    """What SQLite's own check finds. PostgreSQL has none to ask: a broken page shows as an error while reading."""
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        return [line for (line,) in cursor.fetchall() if line != "ok"]


def recuse(slug: str, member: str) -> dict[str, Any]:
    question = Question.objects.select_related("guideline").get(slug=slug)
    conflicts.manage_conflict(
        member=User.objects.get(pk=member),
        guideline=question.guideline,
        question=question,
        level=ConflictLevel.NO_VOTE,
        note="",
        by=question.rounds.latest("number").opened_by,
    )
    return {}


def end_membership(slug: str, member: str) -> dict[str, Any]:
    membership = PanelMembership.objects.get(guideline__questions__slug=slug, user_id=member)
    membership.ended_at, membership.ended_by = timezone.now(), membership.guideline.created_by
    membership.save()
    return {}


def make_observer(slug: str, member: str) -> dict[str, Any]:
    PanelMembership.objects.filter(guideline__questions__slug=slug, user_id=member).update(role=Role.OBSERVER)
    return {}


def deactivate(slug: str, member: str) -> dict[str, Any]:
    User.objects.filter(pk=member).update(is_active=False)
    return {}


def end_sessions(slug: str, member: str) -> dict[str, Any]:
    """As a new password does."""
    user = User.objects.get(pk=member)
    user.session_number += 1
    user.save(update_fields=["session_number"])
    return {}


def set_up_history(number: str) -> dict[str, Any]:
    """A guideline of its own, named by the number, with the people of A1 and a question whose evidence is written."""
    name = f"history-{number}"
    people = {
        person: f.user(name=person.title(), email=f"{person}-{number}@example.org")
        for person in (*PEOPLE, "methodologist", "staff")
    }
    guideline = f.guideline(slug=name, created_by=people["staff"])
    for person, role in {**ROLES, "methodologist": Role.METHODOLOGIST, "staff": Role.STAFF}.items():
        f.panel_membership(guideline=guideline, role=role, user=people[person])
    f.draft_question(guideline=guideline, slug=name, status=QuestionStatus.EVIDENCE)
    return {
        "slug": name,
        "people": {person: [user.pk, session_of(user)] for person, user in people.items()},
        "roles": ROLES,
        "options": OPTIONS,
        "rule": guideline.consensus_preset,
    }


def read_history(slug: str, people: dict[str, str], item: str) -> dict[str, Any]:
    """What is stored of a history, and the numbers that its pages are addressed by."""
    names = {int(pk): name for pk, name in people.items() if name in PEOPLE}
    ballots = Ballot.objects.filter(round__question__slug=slug)
    memberships = PanelMembership.objects.filter(guideline__slug=slug, user__in=names)
    return {
        "facts": facts_of(slug, names, item),
        "faults": faults_of(slug),
        "ballots": {
            f"{number} {names[member]}": pk
            for pk, member, number in ballots.values_list("pk", "member_id", "round__number")
        },
        "memberships": {names[user]: pk for pk, user in memberships.values_list("pk", "user_id")},
    }


def set_up_work(email: str) -> dict[str, Any]:
    """In the example: a question that takes files, one that can be published, and the sessions of those who do so.

    `email` is that of an account that is made, which signs in with `PASSWORD`.
    """
    guideline = Guideline.objects.get(slug="ilcor-als")
    f.draft_question(guideline=guideline, slug="takes-files", status=QuestionStatus.EVIDENCE)
    Question.objects.filter(slug=REVIEWED).update(status=QuestionStatus.IN_REVIEW)
    question = Question.objects.select_related("guideline").get(slug=REVIEWED)
    people = {name: User.objects.get(email=f"{name}@example.org") for name in WORKERS}
    for name in ("chair", "methodologist"):
        publishing.approve(question=question, content=content_sha256(assemble(question)), by=people[name])
    f.panel_membership(guideline=guideline, user=f.user(email=email, password=PASSWORD))
    return {"reviewed": REVIEWED} | {name: session_of(user) for name, user in people.items()}


def durability() -> dict[str, Any]:
    """What a connection of the application says of itself."""
    return {"may_be_lost": what_may_be_lost(connection)}


def flip(path: str, times: str) -> dict[str, Any]:
    """One bit of a backup changed, at so many places drawn at random, each in its turn: how many were not found."""
    whole, draw, missed = Path(path).read_bytes(), random.Random(1), 0  # noqa: S311 -- places to try
    changed = Path(path).with_name("changed.zip")
    for _ in range(int(times)):
        at, bit = draw.randrange(len(whole)), draw.randrange(8)
        changed.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        try:
            check(changed)
            missed += 1
        except RestoreFailed:
            pass
    changed.unlink()
    return {"missed": missed}


def serve() -> None:
    """Commands as lines of JSON, each answered by a line, until the input ends."""
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        sys.stdout.write(json.dumps(COMMANDS[command](*arguments)) + "\n")
        sys.stdout.flush()


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {
    command.__name__: command
    for command in (
        set_up,
        read,
        recuse,
        end_membership,
        make_observer,
        deactivate,
        end_sessions,
        flip,
        set_up_history,
        read_history,
        set_up_work,
        durability,
    )
}


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        json.dump(COMMANDS[sys.argv[1]](*sys.argv[2:]), sys.stdout)
