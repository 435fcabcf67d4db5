"""A site in which every address leads somewhere: a question with a round, one in evidence, an upload, an invitation."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_tasks import TaskResultStatus

from documents.actions import staging
from etd.enums import QuestionStatus, SummaryColumn
from etd.models import Question, User
from metaanalysis.actions import uploads
from tests import factories as f
from tests.reliability import worlds
from tests.unit.etd import action_examples as examples
from tests.unit.etd.worlds import Panel, panel_of

FRAMEWORK = f"{f.FRAMEWORK.key}:{f.FRAMEWORK.version}"


@dataclass
class Site:
    """`paths` are addresses that lead somewhere; `people` those of the voting panel, `panel` those of the evidence."""

    question: Question
    people: dict[str, User | None]
    panel: Panel
    paths: list[str]

    def users(self, actor: str) -> list[User]:
        """Who has this role, in each of the guidelines."""
        found = [self.people[actor], getattr(self.panel, actor.split()[-1])]
        return [user for user in found if user is not None]


def site() -> Site:
    question, people = worlds.set_up(0, closed=False)
    paths, _ = worlds.addresses(question, people)
    chair, staff = people["chair"], people["staff"]
    assert chair is not None
    assert staff is not None
    written = f.draft_question(guideline=question.guideline, slug="written", status=QuestionStatus.EVIDENCE)
    worlds.give_it_an_outcome(written)
    more, _ = worlds.addresses(written, people)
    invited = f.invitation(guideline=question.guideline)
    paths += [
        *more,
        reverse("resend_invitation", args=[question.guideline.slug, invited.pk]),
        reverse("withdraw_invitation", args=[question.guideline.slug, invited.pk]),
        reverse("try_job_again", args=[f.job(status=TaskResultStatus.FAILED).pk]),
    ]
    panel = panel_of()
    (row,) = uploads.confirm_upload(**examples.confirm_upload(panel))
    pooled = row.table.question
    staged = uploads.stage_upload(
        question=pooled,
        filename="more.csv",
        content=examples.TRIALS + b"Eta 2024,2024,1,20,2,21\n",
        by=panel.methodologist,
    )
    waiting = staging.stage_import(**examples.document_examples.stage_import(panel))
    place = {"guideline": panel.guideline.slug, "question": pooled.slug}
    values = {
        "row": row.pk,
        "upload": staged.pk,
        "staged": waiting.pk,
        "outcome": row.outcome_id,
        "population": row.population_id,
        "name": "forest",
        "column": SummaryColumn.values[0],
        "table": "sof",
        "to": FRAMEWORK,
        "base": FRAMEWORK,
        "number": 1,
        "style": "ris",
        "old": 1,
        "new": 2,
    }
    for name, parameters in worlds.patterns(get_resolver()):
        if "guideline" in parameters and set(parameters) <= {*place, *values}:
            paths.append(reverse(name, kwargs={one: (place | values)[one] for one in parameters}))
    return Site(question, people, panel, list(dict.fromkeys(paths)))


def every_pattern(resolver: URLResolver | None = None) -> list[URLPattern]:
    """Every address of ours; Django's admin shows accounts alone."""
    found: list[URLPattern] = []
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLPattern):
            found.append(one)
        elif one.namespace != "admin":
            found += every_pattern(one)
    return found
