"""Two worlds that differ only in other members' blind votes: every page must be the same bytes in both.

`python -m tests.reliability.worlds WORLD FILE [--closed] [--few]` sets world 0 or 1 up on its own database and
writes what every actor is answered at every address, with what changes from request to request taken out. Clock, random
numbers and receipts are the same in both; only what the others vote differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import django

os.environ["ALLOWED_HOSTS"] = "testserver"
os.environ["OPENETD_JOBS"] = "request"
django.setup()

from django.core import mail  # noqa: E402 -- after the set-up
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse  # noqa: E402
from django.utils import timezone  # noqa: E402
from pypdf import PdfReader  # noqa: E402

from etd.actions import reminders, rounds, voting  # noqa: E402
from etd.enums import RECOMMENDATION_TYPE_ITEM, QuestionStatus, Role, SummaryColumn  # noqa: E402
from etd.models import AuditEvent, Question, User, Vote  # noqa: E402
from tests import factories as f  # noqa: E402

START = datetime(2026, 1, 15, 12, 30, tzinfo=UTC)
# What a word of the others' reasons looks like; in no world may it be found in an answer to somebody else.
CANARIES = ("Heron7731", "Osprey9942 with a far longer reason, `<median` & more")
VOTES = (("0", "low", ""), ("2", "high", "experience"))


class Clock:
    """A second a question, from the same start in both worlds."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def set_up(world: int, *, closed: bool) -> tuple[Question, dict[str, User | None]]:
    """A panel in which two members have voted otherwise in one world than in the other, and everybody else alike."""
    draw = Random(5)  # noqa: S311 -- the same in both worlds
    guideline = f.guideline(slug="worlds", title="Worlds", created_at=START)

    def person(role: Role, name: str) -> User:
        user = f.user(name=name, email=f"{name.split()[0].lower()}@example.org", date_joined=START)
        return f.panel_membership(guideline=guideline, role=role, user=user, created_at=START).user

    chair = person(Role.CHAIR, "Carla Chair")
    secret = [person(Role.PANEL_MEMBER, name) for name in ("Vera Voter", "Viktor Voter")]
    people: dict[str, User | None] = {
        "chair": chair,
        "panel member": person(Role.PANEL_MEMBER, "Mia Member"),
        "methodologist": person(Role.METHODOLOGIST, "Mats Methodologist"),
        "staff": person(Role.STAFF, "Sam Staff"),
        "observer": person(Role.OBSERVER, "Oda Observer"),
        "outsider": f.user(name="Otto Outsider", email="otto@example.org", date_joined=START),
        "administrator": f.user(
            name="Ada Admin", email="ada@example.org", is_staff=True, is_superuser=True, date_joined=START
        ),
        "nobody": None,
    }
    question = f.draft_question(guideline=guideline, status=QuestionStatus.VOTING, slug="blind")
    give_it_an_outcome(question)
    criteria = f.FRAMEWORK.criteria
    opened = rounds.open_round(
        question=question,
        item_keys=[*(one.key for one in criteria), RECOMMENDATION_TYPE_ITEM],
        closes_at=timezone.now() + timedelta(days=1),
        by=chair,
    )
    with mock.patch("secrets.token_hex", lambda n=32: f"{draw.getrandbits(8 * n):0{2 * n}x}"):
        for voter in (*secret, people["panel member"], chair):
            for number, criterion in enumerate(criteria):
                own = voter not in secret
                which, confidence, basis = VOTES[0 if own else world]
                option = criterion.options[(int(which) + number) % len(criterion.options)].key
                voting.cast_vote(
                    question=question,
                    item_key=criterion.key,
                    option_keys=[option],
                    comment="The same in both." if own else f"{CANARIES[world]} {number}",
                    version=0,
                    confidence=confidence,
                    no_evidence_basis=basis,
                    by=voter,  # type: ignore[arg-type]
                )
        # One of the two has finished, with another vote in each world: the others are reminded, this one is not.
        voting.cast_vote(
            question=question,
            item_key=RECOMMENDATION_TYPE_ITEM,
            option_keys=[f.FRAMEWORK.recommendation_types[world].key],
            comment=f"{CANARIES[world]} type",
            version=0,
            by=secret[0],
        )
    if closed:
        rounds.close_round(voting_round=opened, by=chair)
    return question, people


def give_it_an_outcome(question: Question) -> None:
    """A row of results with what the pages of an outcome and the summary tables show of it; and a reference."""
    f.reference(question=question, number=1)
    row = f.outcome_row(table=f.outcome_table(question=question))
    f.decision_thresholds(outcome=row.outcome)
    f.comparator_risk(outcome=row.outcome, population=row.population)
    f.certainty_rating(worksheet=f.certainty_worksheet(outcome=row.outcome, rated_by=question.created_by))
    line = f.summary_row(question=question, outcome=row.outcome, population=row.population)
    f.summary_edit(row=line, edited_by=question.created_by)


def write_letters(question: Question, chair: User) -> None:
    """Everything that the panel is ever sent about an open round."""
    opened = question.rounds.get()
    for hours, write in (
        (0, reminders.announce_opening),
        (0, reminders.announce_more_time),
        (20, partial(reminders.remind_before_close, hours=48)),
        (22, reminders.remind),
    ):
        with mock.patch.object(timezone, "now", return_value=opened.opened_at + timedelta(hours=hours)):
            write(voting_round=opened, by=chair)


def patterns(resolver: URLResolver) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every address. Django's admin shows accounts alone, and its addresses are Django's."""
    for one in resolver.url_patterns:
        if isinstance(one, URLPattern) and one.name:
            yield one.name, tuple(one.pattern.converters)
        elif isinstance(one, URLResolver) and one.namespace != "admin":
            yield from patterns(one)


def addresses(question: Question, people: dict[str, User | None]) -> tuple[list[str], list[str]]:
    """Every address, and the names of those with a parameter that has no value here: there should be none."""
    criterion = f.FRAMEWORK.criteria[0].key
    chair, member = people["chair"], people["panel member"]
    assert chair is not None
    assert member is not None
    membership = question.guideline.memberships.get(user=member).pk
    line = question.summary_rows.get()
    values: dict[str, Any] = {
        "guideline": question.guideline.slug,
        "question": question.slug,
        "key": criterion,
        "item": criterion,
        "number": 1,
        "style": "ris",
        "old": 1,
        "new": 2,
        "member": member.pk,
        "membership": membership,
        "scope": question.slug,
        "kind": "means",
        "file_format": "csv",
        "table": "sof",
        "outcome": line.outcome_id,
        "population": line.population_id,
        "row": line.pk,
        "column": SummaryColumn.WHAT_HAPPENS.value,
        "base": f"{f.FRAMEWORK.key}:{f.FRAMEWORK.version}",
        "to": f"{f.FRAMEWORK.key}:{f.FRAMEWORK.version}",
    }
    found, left_out = [], []
    for name, parameters in patterns(get_resolver()):
        if name in NEVER_TWICE_THE_SAME or name in NOT_IN_THIS_WORLD:
            continue
        if "guideline" in parameters or not parameters:
            try:
                found.append(reverse(name, kwargs={one: values[one] for one in parameters}))
                continue
            except (KeyError, NoReverseMatch):
                pass
        left_out.append(name)
    section = f.FRAMEWORK.sections[0].key
    found.append(reverse("edit_section", args=[question.guideline.slug, question.slug, section]))
    # Whether somebody else's receipt stands may be asked; what it is for may not.
    receipt = reverse("receipt", args=[question.guideline.slug, question.slug])
    found.append(f"{receipt}?code={Vote.objects.earliest('pk').commitment}")
    found += ["/admin/", "/admin/etd/user/", "/no-such-page/"]
    return list(dict.fromkeys(found)), left_out


# Draws a new key whenever it is opened.
NEVER_TWICE_THE_SAME = {"set_up_codes"}
# Addresses of what this world does not have: an upload or an import, studies of a row, an invitation, a lost password,
# a job that failed.
NOT_IN_THIS_WORLD = frozenset(
    {
        "reset_password",
        "try_job_again",
        "invitation",
        "preview_import",
        "store_import",
        "discard_import",
        "edit_studies",
        "upload_preview",
        "correct_upload",
        "upload_file",
        "analysis",
        "use_analysis",
        "analysis_data",
        "analysis_result",
        "analysis_r_code",
        "analysis_plot",
        "analysis_image",
    }
)

PER_REQUEST = (
    (re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*'), rb"\1"),
    (re.compile(rb'(name="op" value=")[^"]*'), rb"\1"),
    (re.compile(rb"(&quot;X-CSRFToken&quot;: &quot;)[^&]*"), rb"\1"),
)


def normalised(content: bytes, digests: dict[bytes, bytes]) -> bytes:
    """The bytes without tokens; a receipt or a hash of the trail is replaced by its number in the trail."""
    for pattern, replacement in PER_REQUEST:
        content = pattern.sub(replacement, content)
    return re.sub(rb"[0-9a-f]{64}", lambda found: digests.get(found.group(), found.group()), content)


def trail_digests() -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for event in AuditEvent.objects.order_by("pk"):
        found[event.hash.encode()] = f"hash {event.chain} {event.seq}".encode()
        if event.after and (code := json.loads(event.after)).__class__ is dict and "commitment" in code:
            found[code["commitment"].encode()] = f"receipt {event.chain} {event.seq}".encode()
    for vote in Vote.objects.order_by("pk"):
        found[vote.commitment.encode()] = f"receipt of vote {vote.pk}".encode()
    return found


def answers(
    question: Question, people: dict[str, User | None], *, printers: Collection[str]
) -> dict[str, Any]:
    """`actor address` to status, headers and bytes of the answer; PDFs, which take seconds, for `printers` alone."""
    paths, left_out = addresses(question, people)
    digests = trail_digests()
    seen: dict[str, Any] = {}
    for actor, user in people.items():
        client = Client(raise_request_exception=False)
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        for path in paths:
            if path.endswith(".pdf") and actor not in printers:
                continue
            response = client.get(path)
            seen[f"{actor} {path.partition('=')[0]}"] = described(response, digests)
    letters = [letter(one) for one in mail.outbox]
    return {
        "answers": seen,
        "left_out": left_out,
        "mails": letters,
        "canaries_in_mails": sum(canary.split()[0] in one for canary in CANARIES for one in letters),
    }


def letter(sent: mail.EmailMessage) -> str:
    """Everything but what the moment and chance put into it."""
    message = sent.message()
    del message["Date"], message["Message-ID"]
    return str(message)


def described(response: Any, digests: dict[bytes, bytes]) -> dict[str, Any]:
    body = b"".join(response) if response.streaming else response.content
    assert isinstance(response, HttpResponse) or response.streaming
    if response.get("Content-Type") == "application/pdf":
        # What can be read in it, the attached files too; its bytes are compressed, and hold the sha256 of the whole.
        body = pdf_words(body)
    body = normalised(body, digests)
    headers = {
        name: normalised(value.encode(), digests).decode()
        # The length is that of the normalised bytes, below; Expires is the clock of the machine; a request has an id.
        for name, value in sorted(response.headers.items())
        if name not in {"Content-Length", "Expires", "X-Request-ID"}
    }
    return {
        "status": response.status_code,
        "headers": headers,
        "cookies": sorted(response.cookies),
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "canaries": sum(canary.split()[0].encode() in body for canary in CANARIES),
        "body": body.decode("utf-8", "replace") if len(body) < 400_000 else "",
    }


def pdf_words(pdf: bytes) -> bytes:
    """The text of every page and the attached files of a PDF."""
    reader = PdfReader(BytesIO(pdf))
    pages = [page.extract_text().encode() for page in reader.pages]
    files = [content for name in sorted(reader.attachments) for content in reader.attachments[name]]
    if not any(pages):
        raise RuntimeError("the PDF has no text to compare")
    return b"\f".join([*pages, *files])


FEW = ("chair", "panel member", "observer", "nobody")


def main(world: int, target: Path, *, closed: bool, few: bool) -> None:
    setup_test_environment()
    clock = Clock()
    with mock.patch.object(timezone, "now", clock):
        question, people = set_up(world, closed=False)
        chair = people["chair"]
        assert chair is not None
        write_letters(question, chair)
        if closed:
            rounds.close_round(voting_round=question.rounds.get(), by=chair)
    if few:
        people = {actor: people[actor] for actor in FEW}
    # From here on time stands still, for both: an age that is shown must not differ by how fast the machine is.
    with mock.patch.object(timezone, "now", return_value=clock.now + timedelta(minutes=1)):
        printers = {"panel member"} if few else {"chair", "panel member"}
        found = answers(question, people, printers=printers)
    target.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    arguments = [one for one in sys.argv[1:] if not one.startswith("--")]
    main(
        int(arguments[0]),
        Path(arguments[1]),
        closed="--closed" in sys.argv,
        few="--few" in sys.argv,
    )
