"""What the preview of a file shows and asks: every kind of data, many outcomes, which method, what changes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.enums import ValueSource
from etd.models import OutcomeRow
from metaanalysis.actions.uploads import MAX_GROUPS, Assignment, NewOutcome, confirm_upload
from metaanalysis.importers import read_table
from metaanalysis.models import Analysis, DataUpload, Study, StudyResult
from metaanalysis.readings import Group
from metaanalysis.stats.types import Measure, PoolingSpec, Tau2Method
from tests.integration.conftest import ClientFor
from tests.integration.test_evidence import HEADER, SMALL, form, methodologist, place, send, staged, text, url
from tests.integration.test_uploads_grid import MEANS_HEADER
from tests.unit.importers.revman.test_pooled import REVIEW
from tests.unit.importers.revman.writers import as_csv, as_package, as_rm5

REVMAN = [(as_csv, "review.csv"), (as_package, "review.zip"), (as_rm5, "review.rm5")]
MEANS = f"{MEANS_HEADER}\nAlpha 2001,12.5,3,20,-14.1,3.5,21\nBeta 2002,11,2.25,30,13,2,31\n"
RATIOS = "study,HR,CI low,CI high\nAlpha 2001,0.740,0.550,0.996\nBeta 2002,1.100,0.820,1.476\n"


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def selected(page: str, field: str) -> str:
    """What a select of the page shows as chosen."""
    found = re.search(rf'<select name="{field}".*?</select>', page, re.DOTALL)
    assert found is not None, field
    chosen = re.findall(r'<option value="([^"]*)" selected>', found[0])
    return chosen[0] if chosen else ""


def preview(client: Client, content: str, name: str = "t.csv") -> Any:
    return client.get(send(client, content.encode(), name)["Location"])


def stored(content: str, spec: PoolingSpec, name: str = "Days in hospital") -> OutcomeRow:
    """A new outcome with the studies of the file, pooled so."""
    upload = staged(content.encode())
    (row,) = confirm_upload(
        upload=upload,
        assignments=[Assignment(Group("", ""), NewOutcome(name, "lower"), place()[1], spec)],  # type: ignore[arg-type]
        sha256=upload.sha256,
        accepted_warnings=True,
        by=methodologist(),
    )
    return row


# Kinds of data


def test_means_are_shown_in_columns_of_their_own_and_pooled_as_a_mean_difference(client: Client) -> None:
    page = preview(client, MEANS)
    assert "Alpha 2001 12.5 3 20 −14.1 3.5 21" in text(page)
    assert "2 rows means and standard deviations" in text(page)
    assert selected(page.content.decode(), "rows0-measure") == "MD"


def test_ratios_are_shown_as_they_were_reported_and_as_they_are_pooled(client: Client) -> None:
    page = preview(client, RATIOS)
    assert "Alpha 2001 HR −0.301105 0.15" in text(page)
    assert re.search(r"Alpha 2001 HR −0\.301105 [0-9.]+ 0\.74 ", text(page))
    assert selected(page.content.decode(), "rows0-measure") == "HR"


def test_estimates_that_do_not_say_of_what_are_pooled_as_given(client: Client) -> None:
    page = preview(client, "study,yi,sei\nAlpha,-0.2,0.1\nBeta,0.3,0.2\n")
    assert "Alpha not said −0.2 0.1 –" in text(page)
    assert selected(page.content.decode(), "rows0-measure") == "GIV"


@pytest.mark.parametrize(
    ("first", "second", "spec", "what"),
    [
        (
            MEANS,
            MEANS.replace("12.5", "12.75"),
            PoolingSpec(measure=Measure.MD),
            "Mean, intervention 12.5 12.75",
        ),
        (
            RATIOS.replace("HR,CI low,CI high", "HR,ci_low,ci_high"),
            RATIOS.replace("1.476", "1.577"),
            PoolingSpec(measure=Measure.HR),
            "Beta 2002 Standard error",
        ),
    ],
    ids=["means", "estimates"],
)
def test_a_corrected_file_updates_and_never_doubles(
    first: str, second: str, spec: PoolingSpec, what: str, client: Client
) -> None:
    row = stored(first, spec)
    upload = staged(second.encode())
    chosen = form(upload, row.outcome_id, row.population_id)
    target = url("upload_preview", upload.pk)
    place_only = {key: chosen[key] for key in ("rows0-outcome", "rows0-population")}
    page = client.post(target, place_only | {"action": "compare"})
    assert "0 new 1 changed 1 unchanged 0 stored but not in this file" in text(page)
    assert what in text(page)
    client.post(
        target, chosen | {"rows0-measure": str(spec.measure), "rows0-reason": "As the protocol says."}
    )
    assert Study.objects.count() == StudyResult.objects.count() == 2
    assert Analysis.objects.filter(row=row).count() == 2


def test_rows_of_two_kinds_in_one_outcome_are_said_and_refused(client: Client) -> None:
    row = stored(MEANS, PoolingSpec(measure=Measure.MD))
    upload = staged(SMALL.replace(b"Alpha", b"Gamma"))
    target, chosen = url("upload_preview", upload.pk), form(upload, row.outcome_id, row.population_id)
    said = "these would be events and totals and means and standard deviations"
    assert said in text(client.post(target, chosen | {"action": "compare"}))
    assert said not in text(client.post(target, chosen | {"action": "compare", "rows0-missing": "remove"}))
    answer = client.post(target, chosen)
    assert answer.status_code == 422
    assert f"Not stored. {row.outcome}, {row.population}: One analysis takes one kind of data" in text(answer)
    assert {result.kind for result in StudyResult.objects.all()} == {"means"}


# Which method


def test_the_method_offered_is_the_main_one_with_all_its_choices(client: Client) -> None:
    spec = PoolingSpec(measure=Measure.SMD, tau2_method=Tau2Method.PM, smd="revman")  # type: ignore[arg-type]
    row = stored(MEANS, spec)
    upload = staged(MEANS.replace("12.5", "13").encode())
    target = url("upload_preview", upload.pk)
    asked = {"action": "compare", "rows0-outcome": row.outcome_id, "rows0-population": row.population_id}
    page = client.post(target, asked).content.decode()
    assert (selected(page, "rows0-measure"), selected(page, "rows0-tau2")) == ("SMD", "PM")
    assert "Why another method" not in page
    shown = {
        f"rows0-{name}": selected(page, f"rows0-{name}")
        for name in ("measure", "model", "method", "tau2", "ci")
    }
    client.post(target, form(upload, row.outcome_id, row.population_id) | shown)
    latest = Analysis.objects.filter(row=row).latest("pk")
    assert (latest.spec["smd"], latest.spec["tau2_method"], latest.inputs[0]["mean_intervention"]) == (
        "revman",
        "PM",
        13,
    )


def test_another_method_than_the_main_one_asks_for_a_reason(client: Client) -> None:
    row = stored(SMALL.decode(), PoolingSpec())
    upload = staged(SMALL.replace(b",5,", b",6,"))
    target = url("upload_preview", upload.pk)
    chosen = form(upload, row.outcome_id, row.population_id, **{"rows0-tau2": "PM"})
    assert "Why another method than the main one" in text(client.post(target, chosen | {"action": "compare"}))
    refused = client.post(target, chosen)
    assert refused.status_code == 422
    assert Analysis.objects.count() == 1
    client.post(target, chosen | {"rows0-reason": "The protocol names Paule-Mandel."})
    assert Analysis.objects.filter(row=row).latest("pk").spec["tau2_method"] == "PM"


def test_the_method_of_another_outcome_is_not_stored_before_the_page_is_drawn_anew(client: Client) -> None:
    """The page still shows what was offered before the outcome was chosen, and the button is pressed."""
    row = stored(SMALL.decode(), PoolingSpec())
    upload = staged(SMALL.replace(b",5,", b",6,"))
    target = url("upload_preview", upload.pk)
    page = client.get(target).content.decode()
    began_with = re.search(r'name="rows0-usual" value="([^"]*)"', page)
    assert began_with is not None
    shown = {
        f"rows0-{name}": selected(page, f"rows0-{name}")
        for name in ("measure", "model", "method", "tau2", "ci")
    }
    early = form(upload, row.outcome_id, row.population_id) | shown | {"rows0-usual": began_with[1]}
    answer = client.post(target, early)
    assert answer.status_code == 422
    assert "The method shown was that of another outcome" in text(answer)
    again = answer.content.decode()
    assert (selected(again, "rows0-tau2"), selected(again, "rows0-ci")) == ("REML", "auto")
    assert Analysis.objects.count() == 1
    now = {
        f"rows0-{name}": selected(again, f"rows0-{name}")
        for name in ("measure", "model", "method", "tau2", "ci")
    }
    key = re.search(r'name="rows0-usual" value="([^"]*)"', again)
    assert key is not None
    client.post(target, early | now | {"rows0-usual": key[1]})
    assert Analysis.objects.filter(row=row).latest("pk").spec["tau2_method"] == "REML"


# Many outcomes


def many(number: int) -> str:
    lines = (f"Study {n},5,20,7,21,Outcome {n}" for n in range(number))
    return f"{HEADER},outcome\n" + "\n".join(lines) + "\n"


def test_a_file_of_many_outcomes_asks_which_and_draws_no_form_before(client: Client) -> None:
    upload = staged(many(200).encode())
    target = url("upload_preview", upload.pk)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(target).content.decode()
    assert page.count('name="take"') == 200
    assert "rows0-outcome" not in page
    assert "Store the studies" not in page
    assert "1 study, events and totals" in text(client.get(target))
    with CaptureQueriesContext(connection) as of_few:
        client.get(url("upload_preview", staged(many(9).encode()).pk))
    assert len(queries) <= len(of_few)


def test_only_what_was_ticked_is_stored_and_the_rest_is_said(client: Client) -> None:
    upload = staged(many(40).encode())
    target = url("upload_preview", upload.pk)
    page = client.get(target, {"take": ["3", "7"]})
    assert "2 of 40 outcomes of the file; the other 38 are left out" in text(page)
    assert "Study 3 5/20" in text(page)
    assert "Study 4 5/20" not in text(page)
    _, population = place()
    data: dict[str, Any] = {"take": ["3", "7"]}
    for number in (3, 7):
        new = {"rows0-new_outcome": f"Outcome {number}", "rows0-better": "lower"}
        data |= {
            key.replace("rows0", f"rows{number}"): value
            for key, value in form(upload, "new", population, **new).items()
        }
    client.post(target, data)
    assert {result.outcome.name for result in StudyResult.objects.all()} == {"Outcome 3", "Outcome 7"}
    rows = OutcomeRow.objects.filter(source=ValueSource.COMPUTED)
    assert {row.outcome.name for row in rows} == {"Outcome 3", "Outcome 7"}


def test_more_than_one_confirmation_takes_is_refused_with_the_limit(client: Client) -> None:
    upload = staged(many(40).encode())
    ticked = [str(number) for number in range(MAX_GROUPS + 1)]
    page = client.get(url("upload_preview", upload.pk), {"take": ticked})
    assert f"{MAX_GROUPS + 1} outcomes are too many at once: tick at most {MAX_GROUPS}" in text(page)
    assert page.content.decode().count(" checked") == MAX_GROUPS + 1
    fitting = client.get(url("upload_preview", upload.pk), {"take": ticked[1:]})
    assert len(set(re.findall(r'name="rows(\d+)-outcome"', fitting.content.decode()))) == MAX_GROUPS


def test_the_form_of_as_many_outcomes_as_one_confirmation_takes_has_room_for_half_as_much_again(
    client: Client, settings: Any
) -> None:
    upload = staged(many(40).encode())
    page = client.get(
        url("upload_preview", upload.pk), {"take": [str(number) for number in range(MAX_GROUPS)]}
    )
    names = set(re.findall(r'<(?:input|select|textarea|button)[^>]* name="([^"]+)"', page.content.decode()))
    n_fields = len(names - {"take"}) + MAX_GROUPS
    assert n_fields > 10 * MAX_GROUPS
    assert n_fields * 1.5 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    sent = dict.fromkeys((f"x{number}" for number in range(n_fields)), "")
    answer = client.post(
        url("upload_preview", upload.pk), {"action": "discard", "sha256": upload.sha256, **sent}
    )
    assert answer.status_code == 302


@pytest.mark.parametrize("take", ["x", "999", "-1", "²"])
def test_a_tick_that_is_none_of_the_outcomes_is_ignored(take: str, client: Client) -> None:
    page = client.get(url("upload_preview", staged(many(9).encode()).pk), {"take": take})
    assert "Which outcomes do you want?" in text(page)


# Reviews of RevMan


@pytest.mark.parametrize(("write", "name"), REVMAN, ids=[name for _, name in REVMAN])
def test_a_review_of_revman_becomes_an_outcome_for_each_of_its_analyses(
    write: Callable[..., bytes], name: str, client: Client
) -> None:
    page = client.get(send(client, write(REVIEW), name)["Location"])
    content = page.content.decode()
    upload = DataUpload.objects.get()
    assert (selected(content, "rows0-measure"), selected(content, "rows1-measure")) == ("OR", "MD")
    assert "CDP 44/758 64/771" in text(page)
    assert re.search(r"Hart 12\.5 1\.47 20 12\.3 1\.66 20", text(page))
    assert url("correct_upload", upload.pk) not in content
    assert client.get(url("correct_upload", upload.pk))["Location"] == url("upload_preview", upload.pk)
    data: dict[str, Any] = {}
    for number, outcome in enumerate(("Death", "Days in hospital")):
        measure = selected(content, f"rows{number}-measure")
        new = {"rows0-new_outcome": outcome, "rows0-better": "lower", "rows0-measure": measure}
        data |= {
            key.replace("rows0", f"rows{number}"): value
            for key, value in form(upload, "new", place()[1], **new).items()
        }
    client.post(url("upload_preview", upload.pk), data)
    rows = OutcomeRow.objects.filter(source=ValueSource.COMPUTED).order_by("pk")
    assert [(row.outcome.name, row.measure, row.n_studies) for row in rows] == [
        ("Death", "OR", 7),
        ("Days in hospital", "MD", 5),
    ]


def test_a_damaged_review_is_refused_at_the_form_with_the_reason(client: Client) -> None:
    answer = send(client, as_package(REVIEW)[:-300], "review.zip")
    assert answer.status_code == 422
    assert "review.zip could not be read." in text(answer)
    assert not DataUpload.objects.exists()


# Columns


def test_other_names_of_columns_are_shown_openly_to_be_confirmed_or_changed(client: Client) -> None:
    page = preview(client, "trial,ev_t,n_t,ev_c,n_c\nAlpha,5,20,7,21\nBeta,6,20,7,21\n")
    assert "ev_t Events, intervention" in text(page)
    assert '<details class="mapping" open>' in page.content.decode()
    assert "By storing the studies you confirm this." in text(page)
    assert url("correct_upload", DataUpload.objects.get().pk) in page.content.decode()


def test_our_own_names_need_no_confirmation(client: Client) -> None:
    page = preview(client, SMALL.decode())
    assert '<details class="mapping">' in page.content.decode()
    assert "By storing the studies you confirm this." not in text(page)


# Templates


@pytest.mark.parametrize("kind", ["counts", "means", "estimate"])
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_each_template_is_read_as_its_kind(kind: str, file_format: str, client: Client) -> None:
    answer = client.get(url("upload_template", kind, file_format))
    assert answer["Content-Disposition"] == f'attachment; filename="study-data-{kind}.{file_format}"'
    table = read_table(io.BytesIO(answer.content).read(), filename=f"t.{file_format}")
    assert (table.errors, [row.kind for row in table.rows]) == ((), [kind])


@pytest.mark.parametrize(("kind", "file_format"), [("ranks", "csv"), ("counts", "pdf")])
def test_there_is_no_other_template(kind: str, file_format: str, client: Client) -> None:
    assert (client.get(url("upload_template", kind, file_format)).status_code, kind) == (404, kind)
