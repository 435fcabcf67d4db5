"""`manage.py load_example`: the ILCOR document as a demo guideline, with people to sign in as. Safe to run again."""

from __future__ import annotations

import csv
import os
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from documents.actions.publishing import Render, approve, publish
from documents.assemble import assemble
from documents.pdf import CannotRender, render_pdf
from documents.published import content_sha256
from etd.actions import accounts, documents, questions, recommendations, rounds
from etd.actions.references import NewReference
from etd.enums import RECOMMENDATION_TYPE_ITEM, Better, QuestionStatus, Role
from etd.models import Guideline, Question, User

FOLDER = settings.BASE_DIR / "fixtures" / "ilcor-mcs-after-rosc"
DEMO_PASSWORD = "demo-panel-2026"  # noqa: S105 -- printed for everybody to use; refused where HTTPS is on


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    role: Role | None


PEOPLE = (
    Person("staff@example.org", "Sam Osei", Role.STAFF),
    Person("chair@example.org", "Helena Brandt", Role.CHAIR),
    Person("methodologist@example.org", "Mats Lindqvist", Role.METHODOLOGIST),
    Person("panel@example.org", "Maria Bianchi", Role.PANEL_MEMBER),
    Person("panel2@example.org", "David Okafor", Role.PANEL_MEMBER),
    Person("patient@example.org", "Ines Carvalho", Role.PANEL_MEMBER),
    Person("observer@example.org", "Tomoko Hayashi", Role.OBSERVER),
    Person("outsider@example.org", "Oliver Nowak", None),
)


class Command(BaseCommand):
    stealth_options = ("render",)
    help = "Load the ILCOR example as a demo guideline with demo accounts. Running it again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder with document.toml")

    def handle(self, *args: Any, folder: Path, render: Render = render_pdf, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD") or DEMO_PASSWORD
        if settings.HTTPS and password == DEMO_PASSWORD:
            raise CommandError("On a site with HTTPS, set DEMO_PASSWORD first: the default one is public.")
        document = tomllib.loads((folder / "document.toml").read_text(encoding="utf-8"))
        with (folder / document["source"]["outcome_rows"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        loader = Loader(document=document, rows=rows, password=password, render=render)
        loaded = loader.load()
        for slug in loaded:
            self.stdout.write(f"Loaded {document['guideline']['slug']}/{slug}.")
        for note in loader.notes:
            self.stdout.write(note)
        if not loaded:
            self.stdout.write("The example is loaded already; nothing was changed.")
        self.stdout.write("Demo accounts (password: the same for all):")
        for person in PEOPLE:
            role = person.role.label if person.role else "No role in any guideline"
            self.stdout.write(f"  {person.email:<27} {role}")
        known = password == DEMO_PASSWORD
        shown = password if known else "what DEMO_PASSWORD was when the accounts were made"
        self.stdout.write(f"  Password: {shown}")


class Loader:
    """Loads one document three times: as it stands, as a copy that takes uploads, and as a copy that is voted on."""

    def __init__(
        self, *, document: dict[str, Any], rows: list[dict[str, str]], password: str, render: Render
    ) -> None:
        self.document = document
        self.render = render
        self.notes: list[str] = []
        self.rows = rows
        self.password = password

    def load(self) -> list[str]:
        """The slugs of the questions that were not there before."""
        people = {person.role: self._account(person) for person in reversed(PEOPLE)}
        self.staff, self.chair = people[Role.STAFF], people[Role.CHAIR]
        self.methodologist = people[Role.METHODOLOGIST]
        self.guideline = self._guideline()
        slug = self.document["question"]["slug"]
        loaded = []
        for name, finish in (
            (slug, self._publish),
            (f"{slug}-update", self._leave_in_evidence),
            (f"{slug}-vote", self._open_round),
        ):
            if not Question.objects.filter(guideline=self.guideline, slug=name).exists():
                with transaction.atomic():
                    finish(self._question(name))
                loaded.append(name)
        return loaded

    def _account(self, person: Person) -> User:
        user = User.objects.filter(email=person.email).first()
        return user or accounts.create_account(
            email=person.email, name=person.name, password=self.password, by=None
        )

    def _guideline(self) -> Guideline:
        values = self.document["guideline"]
        guideline = Guideline.objects.filter(slug=values["slug"]).first()
        if guideline is None:
            guideline = accounts.create_guideline(**values, by=self.staff)
        present = set(guideline.memberships.values_list("user__email", flat=True))
        for person in PEOPLE:
            if person.role and person.email not in present:
                user = User.objects.get(email=person.email)
                accounts.add_member(guideline=guideline, user=user, role=person.role, by=self.staff)
        return guideline

    def _question(self, slug: str) -> Question:
        return documents.take_over_document(
            guideline=self.guideline,
            slug=slug,
            document=read_document(self.document, self.rows),
            by=self.staff,
        )

    def _judge(self, question: Question) -> None:
        """The panel's judgements and the type of recommendation, taken over from the document."""
        documents.take_over_judgements(
            question=question, document=read_document(self.document, self.rows), by=self.chair
        )

    def _publish(self, question: Question) -> None:
        self._judge(question)
        for status in (QuestionStatus.VOTING, QuestionStatus.IN_REVIEW):
            questions.change_status(question=question, status=status, by=self.chair)
        question = Question.objects.select_related("guideline", "own_framework").get(pk=question.pk)
        content = content_sha256(assemble(question))
        for person in (self.methodologist, self.chair):
            approve(question=question, content=content, by=person)
        try:
            publish(question=question, content=content, note="", by=self.staff, render=self.render)
        except CannotRender as problem:
            self.notes.append(f"{question.guideline.slug}/{question.slug} stays in review. {problem}")

    def _leave_in_evidence(self, question: Question) -> None:
        self._judge(question)

    def _open_round(self, question: Question) -> None:
        """The evidence and the draft conclusions of the document; what the panel judges of it is still open."""
        questions.change_status(question=question, status=QuestionStatus.VOTING, by=self.chair)
        keys = [criterion["key"] for criterion in self.document["criterion"]]
        rounds.open_round(
            question=question,
            item_keys=[*keys, RECOMMENDATION_TYPE_ITEM],
            closes_at=timezone.now() + timedelta(days=10),
            by=self.chair,
        )


def read_document(document: dict[str, Any], rows: list[dict[str, str]]) -> documents.ReadDocument:
    """The content of `document.toml` and the rows of `outcomes.csv` as a document that can be taken over."""
    question, table = document["question"], document["outcome_table"]
    named = {"slug", "framework_key", "framework_version"}
    return documents.ReadDocument(
        framework_key=question["framework_key"],
        framework_version=question["framework_version"],
        values={field: text for field, text in question.items() if field not in named},
        references=tuple(NewReference(number, "") for number in document["source"]["references_cited"]),
        outcomes={outcome["name"]: Better(outcome["better"]) for outcome in document["outcome"]},
        tables=(
            documents.ReadTable(
                criterion_key=table["criterion"],
                number=table["number"],
                title=table["title"],
                abbreviations=table["abbreviations"],
                footnotes=table["footnotes"],
                rows=tuple(documents.ReadRow(row["outcome"], row["population"], row) for row in rows),
            ),
        ),
        criteria=tuple(
            documents.ReadCriterion(
                key=criterion["key"],
                options=tuple(criterion["options"]),
                research_evidence=criterion["research_evidence"],
                additional_considerations=criterion["additional_considerations"],
            )
            for criterion in document["criterion"]
        ),
        statements=tuple(recommendations.Statement(**statement) for statement in document["statement"]),
        sections={section["key"]: section["body"] for section in document["section"] if section["body"]},
        type_key=document["recommendation"]["type"],
    )
