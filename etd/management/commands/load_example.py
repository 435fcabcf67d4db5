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

from etd.actions import accounts, assessments, outcome_tables, questions, recommendations, rounds
from etd.enums import RECOMMENDATION_TYPE_ITEM, Basis, Better, QuestionStatus, Role
from etd.models import CriterionAssessment, Guideline, Question, User

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
    help = "Load the ILCOR example as a demo guideline with demo accounts. Running it again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--folder", type=Path, default=FOLDER, help="the folder with document.toml")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD") or DEMO_PASSWORD
        if settings.HTTPS and password == DEMO_PASSWORD:
            raise CommandError("On a site with HTTPS, set DEMO_PASSWORD first: the default one is public.")
        document = tomllib.loads((folder / "document.toml").read_text(encoding="utf-8"))
        with (folder / document["source"]["outcome_rows"]).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        loader = Loader(document=document, rows=rows, password=password)
        loaded = loader.load()
        for slug in loaded:
            self.stdout.write(f"Loaded {document['guideline']['slug']}/{slug}.")
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

    def __init__(self, *, document: dict[str, Any], rows: list[dict[str, str]], password: str) -> None:
        self.document = document
        self.rows = rows
        self.password = password

    def load(self) -> list[str]:
        """The slugs of the questions that were not there before."""
        people = {person.role: self._account(person) for person in reversed(PEOPLE)}
        self.staff, self.chair = people[Role.STAFF], people[Role.CHAIR]
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
        values = dict(self.document["question"])
        del values["slug"]
        question = questions.create_question(
            guideline=self.guideline,
            slug=slug,
            framework_key=values.pop("framework_key"),
            framework_version=values.pop("framework_version"),
            values=values,
            by=self.staff,
        )
        for number in self.document["source"]["references_cited"]:
            questions.add_reference(question=question, number=number, citation="", by=self.staff)
        self._outcome_table(question)
        for criterion in self.document["criterion"]:
            assessments.edit_texts(
                question=question,
                criterion_key=criterion["key"],
                research_evidence=criterion["research_evidence"],
                additional_considerations=criterion["additional_considerations"],
                revision=1,
                by=self.staff,
            )
        self._conclusions(question)
        return questions.change_status(question=question, status=QuestionStatus.EVIDENCE, by=self.staff)

    def _outcome_table(self, question: Question) -> None:
        values = self.document["outcome_table"]
        table = outcome_tables.create_table(
            question=question,
            criterion_key=values["criterion"],
            number=values["number"],
            title=values["title"],
            abbreviations=values["abbreviations"],
            footnotes=values["footnotes"],
            by=self.staff,
        )
        outcomes = {
            outcome["name"]: outcome_tables.create_outcome(
                question=question, name=outcome["name"], better=Better(outcome["better"]), by=self.staff
            )
            for outcome in self.document["outcome"]
        }
        populations = {
            label: outcome_tables.create_population(question=question, label=label, by=self.staff)
            for label in dict.fromkeys(row["population"] for row in self.rows)
        }
        for row in self.rows:
            outcome_tables.record_reported_row(
                table=table,
                outcome=outcomes[row["outcome"]],
                population=populations[row["population"]],
                values=_row_values(row),
                printed={field: row[field] for field in PRINTED if row[field]},
                by=self.staff,
            )

    def _conclusions(self, question: Question) -> None:
        for section in self.document["section"]:
            if section["body"]:
                recommendations.edit_section(
                    question=question,
                    section_key=section["key"],
                    body=section["body"],
                    revision=1,
                    by=self.staff,
                )
        recommendations.edit_recommendation(
            question=question,
            note="",
            statements=self._statements(),
            revision=1,
            by=self.staff,
        )

    def _statements(self) -> list[recommendations.Statement]:
        return [recommendations.Statement(**statement) for statement in self.document["statement"]]

    def _judge(self, question: Question) -> None:
        """The panel's judgements and the type of recommendation, taken over from the document."""
        for criterion in self.document["criterion"]:
            assessment = CriterionAssessment.objects.get(question=question, criterion_key=criterion["key"])
            assessments.record_judgement(
                question=question,
                criterion_key=criterion["key"],
                choices=[(option, "") for option in criterion["options"]],
                basis=Basis.DOCUMENT,
                revision=assessment.judgement_revision,
                by=self.chair,
            )
        recommendations.record_type(
            question=question,
            type_key=self.document["recommendation"]["type"],
            basis=Basis.DOCUMENT,
            revision=question.recommendation.type_revision,
            by=self.chair,
        )

    def _publish(self, question: Question) -> None:
        self._judge(question)
        for status in (QuestionStatus.VOTING, QuestionStatus.AGREED, QuestionStatus.PUBLISHED):
            questions.change_status(question=question, status=status, by=self.chair)

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


PRINTED = ("percent_intervention", "percent_comparison", "estimate", "ci_low", "ci_high", "p_value", "i2")


def _row_values(row: dict[str, str]) -> outcome_tables.RowValues:
    return outcome_tables.RowValues(
        n_studies=int(row["n_studies"]),
        footnote_mark=row["footnote_mark"],
        measure=row["measure"],
        events_intervention=_integer(row["events_intervention"]),
        n_intervention=_integer(row["n_intervention"]),
        events_comparison=_integer(row["events_comparison"]),
        n_comparison=_integer(row["n_comparison"]),
        estimate=_number(row["estimate"]),
        ci_low=_number(row["ci_low"]),
        ci_high=_number(row["ci_high"]),
        p_value=_number(row["p_value"]),
        i_squared=_number(row["i2"]),
    )


def _integer(text: str) -> int | None:
    return int(text) if text else None


def _number(text: str) -> float | None:
    return float(text) if text else None
