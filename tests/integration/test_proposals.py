"""What confirming a file would store, worked out before: it is what is stored then, to the last digit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from etd.enums import ValueSource
from etd.models import AuditEvent, OutcomeRow
from metaanalysis.models import DataUpload, Study, StudyResult
from metaanalysis.previews import preview
from metaanalysis.proposals import Proposal, propose
from metaanalysis.stats.types import Measure, PoolingSpec
from tests.integration.conftest import ClientFor, get_question
from tests.integration.test_evidence import HEADER, LONGEST, confirmed, form, place, staged, url
from tests.integration.test_uploads_preview import MEANS, RATIOS, stored

BEGUN = f"{HEADER}\nAlpha 2001,5,20,7,21\nBeta 2002,6,30,6,31\nGamma 2003,1,44,9,43\n"
ANOTHER = f"{HEADER}\nDelta 2004,3,33,11,35\nBeta 2002,6,30,6,31\nAlpha 2001,5,20,8,21\n"
MORE_MEANS = MEANS.replace("12.5", "12.75") + "Gamma 2003,10.1,2.9,31,12.7,3.3,30\n"
MORE_RATIOS = RATIOS.replace("1.476", "1.577").replace("HR,CI low,CI high", "HR,ci_low,ci_high")
MORE_RATIOS += "Gamma 2003,0.910,0.700,1.183\n"


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def proposal(upload: DataUpload, chosen: dict[str, Any]) -> Proposal:
    """What the preview works out for these fields; nothing is written by it."""
    data = QueryDict(mutable=True)
    for name, value in chosen.items():
        data.setlist(name, value if isinstance(value, list) else [str(value)])
    question = get_question()
    before = AuditEvent.objects.count(), StudyResult.objects.count(), OutcomeRow.objects.count()
    shown = preview(question, upload, data)
    assert shown.stored is not None
    found = propose(question, shown.table, shown.forms, shown.stored.results)
    after = AuditEvent.objects.count(), StudyResult.objects.count(), OutcomeRow.objects.count()
    assert before == after
    return found


def proposed_rows(found: Proposal) -> dict[tuple[str, str], dict[str, Any]]:
    assert (found.to_choose, found.refused) == ((), "")
    return {(row.outcome, row.population): asdict(row.values) for row in found.rows}


def stored_rows(names: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    rows = OutcomeRow.objects.filter(table__question=get_question(), source=ValueSource.COMPUTED)
    return {
        (str(row.outcome), row.population.label): {name: getattr(row, name) for name in names} for row in rows
    }


def assert_confirming_stores_it(client: Client, upload: DataUpload, chosen: dict[str, Any]) -> dict[str, Any]:
    """The values of the only row."""
    proposed = proposed_rows(proposal(upload, chosen))
    answer = client.post(url("upload_preview", upload.pk), chosen)
    assert answer.status_code == 302, answer.content.decode()
    names = list(next(iter(proposed.values())))
    assert stored_rows(names) == proposed
    return next(iter(proposed.values()))


def test_new_studies(client: Client) -> None:
    values = assert_confirming_stores_it(client, upload := staged(LONGEST), form(upload, *place()))
    assert values["n_studies"] == 13
    assert values["estimate"] == pytest.approx(1.168, abs=0.0005)


@pytest.mark.parametrize(("missing", "n_studies"), [("keep", 4), ("remove", 3)])
def test_new_changed_and_unchanged_studies_and_one_that_the_file_lacks(
    missing: str, n_studies: int, client: Client
) -> None:
    confirmed(BEGUN.encode())
    upload = staged(ANOTHER.encode())
    values = assert_confirming_stores_it(client, upload, form(upload, *place(), **{"rows0-missing": missing}))
    assert values["n_studies"] == n_studies
    assert values["events_comparison"] == 11 + 6 + 8 + (9 if missing == "keep" else 0)


@pytest.mark.parametrize("missing", ["keep", "remove"])
@pytest.mark.parametrize(
    ("method", "tau2", "ci"), [("iv", "REML", "auto"), ("iv", "PM", "hksj"), ("mh", "DL", "wald")]
)
def test_by_other_methods_and_part_of_the_studies(
    method: str, tau2: str, ci: str, missing: str, client: Client
) -> None:
    """Part of the file again, its studies in another order."""
    confirmed(LONGEST)
    lines = LONGEST.decode().splitlines()
    upload = staged("\n".join([lines[0], *reversed(lines[4:9])]).encode())
    chosen = form(upload, *place(), **{"rows0-missing": missing, "rows0-reason": "To see."})
    chosen |= {"rows0-method": method, "rows0-tau2": tau2, "rows0-ci": ci}
    values = assert_confirming_stores_it(client, upload, chosen)
    assert values["n_studies"] == (13 if missing == "keep" else 5)


@pytest.mark.parametrize("missing", ["keep", "remove"])
@pytest.mark.parametrize(
    ("first", "then", "measure"),
    [(MEANS, MORE_MEANS, Measure.MD), (MEANS, MORE_MEANS, Measure.SMD), (RATIOS, MORE_RATIOS, Measure.HR)],
)
def test_means_and_estimates(first: str, then: str, measure: Measure, missing: str, client: Client) -> None:
    row = stored(first + first.splitlines()[1].replace("Alpha", "Omega") + "\n", PoolingSpec(measure=measure))
    upload = staged(then.encode())
    chosen = form(upload, row.outcome_id, row.population_id, **{"rows0-missing": missing})
    chosen |= {"rows0-measure": str(measure), "rows0-tau2": "REML", "rows0-ci": "auto"}
    values = assert_confirming_stores_it(client, upload, chosen)
    assert values["n_studies"] == (4 if missing == "keep" else 3)
    assert values["measure"] == measure


def test_a_study_that_stands_for_several_trials(client: Client) -> None:
    confirmed(BEGUN.encode())
    Study.objects.filter(label__in=["Alpha 2001", "Gamma 2003"]).update(n_trials=6)
    outcome = form(upload := staged(ANOTHER.encode()), *place())
    values = assert_confirming_stores_it(client, upload, outcome)
    assert values["n_studies"] == 6 + 6 + 1 + 1


def test_a_known_study_that_stands_for_several_trials_comes_to_a_new_outcome(client: Client) -> None:
    Study.objects.create(question=get_question(), label="Alpha 2001", n_trials=6)
    upload = staged(BEGUN.encode())
    new = {"rows0-new_outcome": "Survival to the census", "rows0-better": "higher"}
    values = assert_confirming_stores_it(client, upload, form(upload, "new", place()[1], **new))
    assert values["n_studies"] == 8


def test_two_parts_of_a_file_that_become_one_place_are_pooled_together(client: Client) -> None:
    lines = BEGUN.splitlines()
    parts = [f"{lines[0]},outcome", *(f"{line},Outcome {n // 2}" for n, line in enumerate(lines[1:]))]
    upload = staged("\n".join(parts).encode())
    chosen = form(upload, *place())
    chosen |= {key.replace("rows0", "rows1"): value for key, value in chosen.items()}
    assert assert_confirming_stores_it(client, upload, chosen)["n_studies"] == 3


def test_a_new_name_that_is_known_is_the_known_outcome(client: Client) -> None:
    row = stored(BEGUN, PoolingSpec(), name="Bleeding")
    upload = staged(ANOTHER.encode())
    new = {"rows0-new_outcome": "Bleeding", "rows0-better": "lower", "rows0-reason": "To see."}
    chosen = form(upload, "new", "new", **new, **{"rows0-new_population": row.population.label})
    assert assert_confirming_stores_it(client, upload, chosen)["n_studies"] == 4


# Where nothing can be proposed


def test_what_is_still_to_be_chosen_is_said(client: Client) -> None:
    upload = staged(BEGUN.encode())
    assert proposal(upload, {}).to_choose == ("Choose an outcome and choose a population.",)
    new = {"rows0-outcome": "new", "rows0-population": place()[1].pk, "rows0-new_outcome": ""}
    assert proposal(upload, new).to_choose == ("Name the new outcome and say what is better.",)
    assert proposal(upload, new).rows == ()


def test_rows_that_are_left_out_propose_nothing(client: Client) -> None:
    assert proposal(staged(BEGUN.encode()), {"rows0-outcome": "leave-out"}) == Proposal()


def test_what_confirming_would_refuse_is_refused_here_in_the_same_words(client: Client) -> None:
    row = stored(MEANS, PoolingSpec(measure=Measure.MD))
    upload = staged(BEGUN.replace("Alpha", "Delta").encode())
    chosen = form(upload, row.outcome_id, row.population_id)
    found = proposal(upload, chosen)
    assert found.rows == ()
    assert found.refused.startswith(f"{row.outcome}, {row.population}: One analysis takes one kind of data")
    assert found.refused in client.post(url("upload_preview", upload.pk), chosen).content.decode()


def test_a_measure_that_its_table_does_not_hold_is_refused_before(client: Client) -> None:
    upload = staged(BEGUN.encode())
    chosen = form(upload, *place(), **{"rows0-measure": "RR"})
    found = proposal(upload, chosen)
    assert "holds the odds ratio; the risk ratio in it would be misread" in found.refused
    answer = client.post(url("upload_preview", upload.pk), chosen)
    assert (answer.status_code, found.refused in answer.content.decode()) == (409, True)
