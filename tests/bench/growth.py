"""How the time grows with questions, members and studies; each size in a guideline of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import transaction
from django.test import Client
from django.urls import reverse

from etd.actions import questions, rounds
from etd.enums import Better, QuestionStatus, Role
from etd.models import OutcomeRow, Question, User, VotingRound
from metaanalysis.actions import uploads
from metaanalysis.models import DataUpload
from metaanalysis.readings import Group
from metaanalysis.stats.types import PoolingSpec
from tests import factories
from tests.bench.measure import growth_line, line, seconds, side_by_side
from tests.integration.full_question import vote_all
from tests.unit.etd.worlds import Panel, panel_of

QUESTIONS = (10, 100, 1_000)
MEMBERS = (10, 50, 200)
STUDIES = (10, 100, 1_000, 5_000)
ROUNDS = 7


def growth() -> None:
    of_questions()
    of_members()
    of_studies()


def visitor(user: User) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def gets(client: Client, address: str) -> Callable[[], None]:
    def get() -> None:
        answer = client.get(address)
        assert answer.status_code == 200, address

    return get


def measured(sizes: Sequence[int], works: Sequence[Callable[[], None]]) -> dict[int, float]:
    medians = side_by_side(ROUNDS, **{str(size): work for size, work in zip(sizes, works, strict=True)})
    return {size: medians[str(size)] for size in sizes}


def of_questions() -> None:
    lists, homes = [], []
    for size in QUESTIONS:
        panel = panel_of()
        with transaction.atomic():
            for _ in range(size):
                factories.question(guideline=panel.guideline)
        chair = visitor(panel.chair)
        lists.append(gets(chair, f"/guidelines/{panel.guideline.slug}/"))
        homes.append(gets(chair, "/"))
    for what, works in (
        ("a guideline's page by its questions", lists),
        ("my questions by their number", homes),
    ):
        times = measured(QUESTIONS, works)
        growth_line(what, times)
        line(f"{what}: 1,000", times[1_000], "100, a full page each", times[100])
        line(f"{what}: 1,000", times[1_000], "10", times[10])


def voted_on(panel: Panel, n_voters: int) -> tuple[Question, VotingRound]:
    """A question with a round over one item, on which so many have voted."""
    with transaction.atomic():
        voters = [panel.chair, panel.member, panel.colleague]
        while len(voters) < n_voters:
            joined = factories.panel_membership(guideline=panel.guideline, role=Role.PANEL_MEMBER)
            voters.append(joined.user)
        question = factories.draft_question(guideline=panel.guideline, status=QuestionStatus.EVIDENCE)
        questions.change_status(question=question, status=QuestionStatus.VOTING, by=panel.chair)
        opened = rounds.open_round(question=question, item_keys=["equity"], by=panel.chair)
        vote_all(question, opened, voters)
    return question, opened


def of_members() -> None:
    pages: dict[str, list[Callable[[], None]]] = {"": [], "rounds/1/": []}
    closing = {}
    for size in MEMBERS:
        panel = panel_of()
        question, opened = voted_on(panel, size)
        closing[size] = seconds(lambda: rounds.close_round(voting_round=opened, by=panel.chair))  # noqa: B023
        chair = visitor(panel.chair)
        for name, works in pages.items():
            works.append(gets(chair, f"/guidelines/{panel.guideline.slug}/{question.slug}/{name}"))
    growth_line("the question page by the members who voted", measured(MEMBERS, pages[""]))
    growth_line("the page of a closed round by the members who voted", measured(MEMBERS, pages["rounds/1/"]))
    growth_line("closing a round by the members who voted", closing)


def trials(size: int) -> bytes:
    head = "study,year,events_intervention,n_intervention,events_comparison,n_comparison"
    lines = (
        f"Trial {n},{1950 + n % 70},{10 + n % 30},{100 + n % 7},{12 + n % 25},{98 + n % 9}"
        for n in range(size)
    )
    return "\n".join((head, *lines, "")).encode()


def of_studies() -> None:
    steps(STUDIES[0])  # what is loaded at first use is no growth
    found = {size: steps(size) for size in STUDIES}
    for name in found[STUDIES[0]]:
        growth_line(f"{name}, by its studies", {size: times[name] for size, times in found.items()})


def steps(size: int) -> dict[str, float]:
    """From the file of so many studies to the document, each step once."""
    panel = panel_of()
    question = factories.draft_question(guideline=panel.guideline, status=QuestionStatus.EVIDENCE)
    place = (panel.guideline.slug, question.slug)
    person = visitor(panel.methodologist)
    content = trials(size)

    def stage() -> DataUpload:
        return uploads.stage_upload(
            question=question, filename="trials.csv", content=content, by=panel.methodologist
        )

    reading = seconds(stage)
    upload = stage()

    def pool() -> None:
        survival = uploads.NewOutcome("Survival", Better.HIGHER)
        uploads.confirm_upload(
            upload=upload,
            assignments=[
                uploads.Assignment(Group(outcome="", population=""), survival, "Adults", PoolingSpec())
            ],
            sha256=upload.sha256,
            accepted_warnings=True,
            by=panel.methodologist,
        )

    preview = seconds(gets(person, reverse("upload_preview", args=[*place, upload.pk])))
    pooling = seconds(pool)
    row = OutcomeRow.objects.get(table__question=question)
    pages = {
        "the question page": reverse("question", args=place),
        "the page of the analysis": reverse("analysis", args=[*place, row.pk]),
        "the document as JSON": reverse("document_json", args=place),
    }
    return {
        "reading an upload": reading,
        "its preview": preview,
        "pooling and storing it": pooling,
    } | {name: seconds(gets(person, address)) for name, address in pages.items()}
