"""The page on which reported rows are tried by every method, and the sentence beside an analysis."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.enums import ValueSource
from etd.models import OutcomeRow, OutcomeTable
from metaanalysis import readings
from metaanalysis.actions.uploads import Assignment, confirm_upload
from metaanalysis.models import StudyResult
from metaanalysis.selectors import reproduction
from metaanalysis.stats.types import Measure, PoolingSpec
from tests import factories
from tests.integration.conftest import ClientFor, get_question
from tests.integration.test_evidence import (
    LONGEST,
    TRIALS,
    confirmed,
    methodologist,
    place,
    staged,
    text,
    url,
)

BMC = (TRIALS / "ecmo_30d_mortality_bmc2024.csv").read_bytes()
# Of the same four trials, as BMC 2024 prints it.
PUBLISHED = {"estimate": "0.96", "ci_low": "0.81", "ci_high": "1.13", "p_value": "0.60"}


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def reported(content: bytes, **printed: str) -> OutcomeRow:
    """A reported row of an outcome of its own, in a table of risk ratios, and the studies of the file stored for it."""
    question = get_question()
    last = OutcomeTable.objects.filter(question=question).order_by("number").last()
    assert last is not None
    table = factories.outcome_table(
        question=question, number=last.number + 1, criterion_key=last.criterion_key
    )
    row = factories.outcome_row(
        table=table,
        n_studies=4,
        measure=Measure.RR,
        **{name: float(value) for name, value in printed.items()},
        **dict.fromkeys(
            ("i_squared", "events_intervention", "n_intervention", "events_comparison", "n_comparison")
        ),
        printed=printed,
    )
    upload = staged(content)
    groups = readings.groups(readings.from_json(upload.reading))
    spec = PoolingSpec(measure=Measure.RR)
    confirm_upload(
        upload=upload,
        assignments=[Assignment(group, row.outcome, row.population, spec) for group in groups],
        sha256=upload.sha256,
        accepted_warnings=True,
        by=methodologist(),
    )
    return row


def card(page: Any, row: OutcomeRow) -> str:
    """What the page says of one row."""
    inside = page.content.decode().split(f'id="reproduction-{row.pk}"')[1].split("</section>")[0]
    page.content = inside.encode()
    return text(page)


def test_the_longest_follow_up_of_the_example_comes_from_more_studies_than_are_stored(client: Client) -> None:
    confirmed(LONGEST)
    outcome, population = place()
    row = OutcomeRow.objects.get(outcome=outcome, population=population, source=ValueSource.REPORTED)
    said = card(client.get(url("reproduction")), row)
    assert "Other studies are stored" in said
    assert "Not by any of the 39 methods offered here; nearest is Odds ratio" in said
    assert "13 studies (14 in the row), 429 events with the intervention (426 in the row)" in said
    assert "913 people with the intervention (944 in the row)" in said
    assert "426/944 (45%) 385/931 (41%) 1.17 (0.97–1.42) 0.10 0%" in said
    assert "Stored studies, by the nearest method 13 429/913 (47%) 390/901 (43%)" in said
    of_dl = said.partition("1.168 (0.965–1.413) 0.11 0.0% the lower limit, the upper limit and P")[2]
    assert "Random effects, inverse variance, DerSimonian-Laird, Wald interval" in of_dl.partition("1.165")[0]
    assert "wrong" not in said


def test_a_published_row_is_reproduced_from_its_trials(client: Client) -> None:
    row = reported(BMC, **PUBLISHED)
    said = card(client.get(url("reproduction")), row)
    assert "Reproduced" in said
    assert "Reproduced by Risk ratio, common effect, inverse variance, Wald interval; by" in said
    assert "not those of the row" not in said


def test_an_altered_row_is_given_by_none_of_the_methods(client: Client) -> None:
    row = reported(BMC, **PUBLISHED | {"ci_low": "0.18"})
    said = card(client.get(url("reproduction")), row)
    assert "Not by the methods here" in said
    assert "Not by any of the 14 methods offered here; nearest is Risk ratio" in said
    assert "the lower limit" in said


def test_rows_without_stored_studies_are_listed_as_such(client: Client) -> None:
    confirmed(LONGEST)
    page = text(client.get(url("reproduction")))
    _, _, without = page.partition("No study results are stored")
    rows = OutcomeRow.objects.filter(table__question=get_question(), source=ValueSource.REPORTED)
    assert without.count("Survival") == rows.count() - 1 == 11
    assert "1.17 (0.97–1.42)" not in without


def test_more_rows_with_studies_take_no_more_queries(client: Client) -> None:
    def n_queries() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(url("reproduction"))
        return len(queries)

    n_queries()
    confirmed(LONGEST)
    few = n_queries()
    reported(BMC, **PUBLISHED)
    reported(BMC.replace(b"2023,100,", b"2023,101,"), **PUBLISHED)
    assert n_queries() == few


def test_what_would_take_long_waits_until_it_is_asked_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(LONGEST)
    row = reported(BMC, **PUBLISHED)
    monkeypatch.setattr(reproduction, "MOST_TRIED", 13 * 39)
    page = client.get(url("reproduction"))
    assert "1 row waits until asked for" in text(page)
    said = card(page, row)
    assert "Not tried yet" in said
    assert "Reproduced by" not in said
    alone = client.get(f"{url('reproduction')}?row={row.pk}")
    assert "Reproduced by Risk ratio" in text(alone)
    assert "Survival at the longest" not in text(alone)
    assert client.get(f"{url('reproduction')}?row=0").status_code == 404
    assert client.get(f"{url('reproduction')}?row=x").status_code == 404


def test_a_question_of_recomputed_rows_only_says_what_they_are_made_by(client: Client) -> None:
    OutcomeRow.objects.filter(table__question=get_question()).delete()
    assert "No row was reported" in text(client.get(url("reproduction")))


def test_the_evidence_and_the_analysis_lead_to_it(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed = confirmed(LONGEST)
    row = OutcomeRow.objects.get(
        outcome=computed.outcome, population=computed.population, source=ValueSource.REPORTED
    )
    link = f'href="{url("reproduction")}'
    for actor, sees in (
        ("methodologist", True),
        ("staff", True),
        ("observer", False),
        ("panel member", False),
    ):
        client = client_for(actor)
        analysis = client.get(url("analysis", computed.pk))
        assert (f'{link}#reproduction-{row.pk}"' in analysis.content.decode()) is sees
        assert ("Not by any of the 39 methods offered here" in text(analysis)) is sees
        assert (f'{link}"' in client.get(url("evidence")).content.decode()) is sees
    monkeypatch.setattr(reproduction, "QUICK", 13 * 39 - 1)
    analysis = client_for("chair").get(url("analysis", computed.pk))
    assert link in analysis.content.decode()
    assert "Not by any of the" not in text(analysis)


def test_an_analysis_without_a_reported_row_has_nothing_to_be_compared_with(client: Client) -> None:
    row = reported(BMC, **PUBLISHED)
    computed = OutcomeRow.objects.get(outcome=row.outcome, source=ValueSource.COMPUTED)
    row.delete()
    page = client.get(url("analysis", computed.pk)).content.decode()
    assert "by every method" not in page
    assert StudyResult.objects.filter(outcome=computed.outcome).count() == 4
