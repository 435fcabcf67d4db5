"""Means and estimates from a file to the document, and the record of the main method."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.assemble import assemble
from documents.html import render_html
from documents.pdf import attachments_of
from documents.schema import from_json, to_json
from etd.actions.errors import Refused
from etd.actions.outcome_tables import rename_table
from etd.enums import Better, QuestionStatus, ValueSource
from etd.models import AuditEvent, Outcome, OutcomeRow, OutcomeTable, Population, Question, User
from etd.selectors import load_etd
from metaanalysis import specification
from metaanalysis.actions import uploads
from metaanalysis.actions.analyses import run_analysis
from metaanalysis.actions.methods import ReasonNeeded, choose_main_method
from metaanalysis.actions.places import (
    NewOutcome,
    WrongAssignment,
    find_or_create_outcome,
    find_or_create_population,
)
from metaanalysis.analyses import pool_inputs
from metaanalysis.models import Analysis, MainMethod, StudyResult
from metaanalysis.readings import Group
from metaanalysis.selectors.methods import main_methods, method_history
from metaanalysis.selectors.study_data import load_evidence, load_stored
from metaanalysis.specification import on_its_own
from metaanalysis.stats.report import result_to_json
from metaanalysis.stats.types import CiMethod, DataKind, Measure, Model, PoolingSpec, SmdVariant, Tau2Method
from tests import factories
from tests.integration.conftest import ClientFor, get_question

REFERENCE = Path(__file__).parents[1] / "reference" / "metafor"
UPDATE = "mcs-after-rosc-update"
COUNTS = (
    b"study,events_intervention,n_intervention,events_comparison,n_comparison\n"
    b"Alpha 2001,5,20,7,21\nBeta 2002,6,30,6,31\n"
)
ADULTS = Group("", "")


def reference(name: str) -> dict[str, Any]:
    return dict(json.loads((REFERENCE / f"{name}.json").read_text()))


def as_csv(columns: tuple[str, ...], rows: list[list[Any]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([columns, *rows])
    return file.getvalue().encode()


def lengths_of_stay(**changed: Any) -> bytes:
    """Normand 1999 as a file; `changed` are cells of the first row."""
    columns = ("study", "mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
    rows = [dict(row) for row in reference("normand1999_cont")["input"]["rows"]]
    rows[0] |= changed
    return as_csv(columns, [[row[name] for name in columns] for row in rows])


def log_hazards(head: str = "log HR") -> bytes:
    """Pignon 2000 as a file."""
    rows = [[row["study"], row["yi"], row["sei"]] for row in reference("pignon2000_hr")["input"]["rows"]]
    return as_csv(("study", head, "se"), rows)


def by() -> User:
    return User.objects.get(email="methodologist@example.org")


def url(name: str, *args: object) -> str:
    return reverse(name, args=["ilcor-als", UPDATE, *args])


def text(response: Any) -> str:
    return plain(response.content.decode())


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def question() -> Question:
    return get_question(UPDATE)


def population() -> Population:
    return question().populations.order_by("pk")[0]


def outcome(name: str, better: Better = Better.LOWER) -> Outcome:
    found = Outcome.objects.filter(question=question(), name=name).first()
    return found or factories.outcome(question=question(), name=name, better=better)


def confirm(
    content: bytes,
    name: str,
    spec: PoolingSpec,
    *,
    reason: str = "",
    missing: uploads.Missing = uploads.Missing.KEEP,
    better: Better = Better.LOWER,
) -> OutcomeRow:
    upload = uploads.stage_upload(question=question(), filename=f"{name}.csv", content=content, by=by())
    (row,) = uploads.confirm_upload(
        upload=upload,
        assignments=[
            uploads.Assignment(
                ADULTS, outcome(name, better), population(), spec, missing=missing, reason=reason
            )
        ],
        sha256=upload.sha256,
        accepted_warnings=True,
        by=by(),
    )
    return row


MD = PoolingSpec(measure=Measure.MD, tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)


# Means and estimates


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (MD, ("MD", "RE_DL_z")),
        (PoolingSpec(measure=Measure.MD, ci_method=CiMethod.HKSJ), ("MD", "RE_REML_knha")),
        (
            PoolingSpec(measure=Measure.SMD, tau2_method=Tau2Method.PM, ci_method=CiMethod.WALD),
            ("SMD_metafor", "RE_PM_z"),
        ),
        (
            PoolingSpec(measure=Measure.SMD, model=Model.COMMON, smd=SmdVariant.REVMAN),
            ("SMD_revman", "common_effect"),
        ),
    ],
)
def test_means_from_a_file_are_pooled_as_metafor_pools_them(
    example: None, spec: PoolingSpec, where: tuple[str, str]
) -> None:
    row = confirm(lengths_of_stay(), "Length of stay", spec)
    expected = reference("normand1999_cont")["expected"][where[0]]["inverse_variance"][where[1]]
    row.refresh_from_db()
    assert (row.n_studies, row.measure) == (9, where[0][:3].removesuffix("_"))
    assert row.estimate == pytest.approx(expected["estimate"], rel=1e-7)
    assert (row.ci_low, row.ci_high) == pytest.approx((expected["ci_lb"], expected["ci_ub"]), rel=1e-7)
    assert (row.events_intervention, row.events_comparison) == (None, None)
    rows = reference("normand1999_cont")["input"]["rows"]
    assert (row.n_intervention, row.n_comparison) == tuple(sum(r[n] for r in rows) for n in ("n_t", "n_c"))


def test_hazard_ratios_from_a_file_are_pooled_as_metafor_pools_them(example: None) -> None:
    spec = PoolingSpec(measure=Measure.HR, ci_method=CiMethod.WALD)
    row = confirm(log_hazards(), "Death", spec)
    expected = reference("pignon2000_hr")["expected"]["HR"]["inverse_variance"]["RE_REML_z"]["exp"]
    assert (row.n_studies, row.measure, row.n_intervention) == (65, "HR", None)
    assert row.estimate == pytest.approx(expected["estimate"], rel=1e-7)
    assert (row.ci_low, row.ci_high) == pytest.approx((expected["ci_lb"], expected["ci_ub"]), rel=1e-7)
    assert {result.measure for result in StudyResult.objects.filter(outcome__name="Death")} == {"HR"}


def test_what_is_stored_with_an_analysis_gives_the_same_result_again(example: None) -> None:
    confirm(lengths_of_stay(), "Length of stay", MD)
    analysis = Analysis.objects.latest("pk")
    first = analysis.inputs[0]
    assert first["kind"] == "means"
    assert (first["mean_intervention"], first["sd_comparison"], first["n_comparison"]) == (55, 64, 156)
    again = result_to_json(pool_inputs(analysis.inputs, specification.from_json(analysis.spec)))
    assert again == analysis.result


def test_a_row_of_means_on_the_page_in_the_document_and_in_its_files(client_for: ClientFor) -> None:
    row = confirm(lengths_of_stay(), "Length of stay", MD)
    etd = load_etd(question(), None)
    (table,) = [t for t in etd.tables if t.id == row.table_id]
    assert (table.measure, table.measure_label) == ("MD", "Mean difference")
    assert table.title == "Results of the studies, mean difference"
    assert table.favours_left == f"favours {etd.intervention_label}"
    (line,) = table.groups[0].rows
    assert (line.intervention, line.comparison) == (f"n = {row.n_intervention}", f"n = {row.n_comparison}")
    reference_values = reference("normand1999_cont")["expected"]["MD"]["inverse_variance"]["RE_DL_z"]
    low, high = (f"{reference_values[name]:.2f}".replace("-", "−") for name in ("ci_lb", "ci_ub"))
    estimate = f"{reference_values['estimate']:.2f}".replace("-", "−")
    assert line.effect == f"{estimate} ({low} to {high})"
    assert line.plot is not None
    assert line.plot.no_effect == "75.0"
    page = text(client_for("observer").get(url("evidence")))
    assert f"n = {row.n_intervention} n = {row.n_comparison}" in page
    assert line.effect in page
    document = assemble(question())
    assert from_json(json.loads(json.dumps(to_json(document)))) == document
    assert line.effect in plain(render_html(document))
    stored = next(a for a in document.analyses if a.outcome == "Length of stay")
    number = document.analyses.index(stored) + 1
    file = next(a for a in attachments_of(document) if a.name == f"analysis-{number}-studies.csv")
    header, first, *_ = csv.reader(io.StringIO(file.content.decode()))
    assert header[:8] == [
        "study",
        "year",
        "mean_intervention",
        "sd_intervention",
        "n_intervention",
        "mean_comparison",
        "sd_comparison",
        "n_comparison",
    ]
    assert first[:4] == ["Edinburgh", "", "55.0", "47.0"]
    assert "events_intervention" not in header


def test_a_row_of_estimates_shows_neither_people_nor_events(client_for: ClientFor) -> None:
    row = confirm(log_hazards(), "Death", PoolingSpec(measure=Measure.HR))
    etd = load_etd(question(), None)
    (table,) = [t for t in etd.tables if t.id == row.table_id]
    (line,) = table.groups[0].rows
    assert (table.measure_label, line.intervention, line.comparison) == ("Hazard ratio", "-", "-")
    assert line.plot is not None
    assert re.fullmatch(r"0\.87 \(0\.8\d–0\.9\d\)", line.effect)
    assert line.effect in text(client_for("observer").get(url("evidence")))
    assert line.effect in plain(render_html(assemble(question())))
    place = next(place for place in load_evidence(question()).places if place.outcome == "Death")
    assert place.studies[0].estimate.endswith(", HR")
    assert (place.studies[0].intervention, place.studies[0].comparison) == ("", "")


def test_every_measure_has_a_table_of_its_own(example: None) -> None:
    stay = confirm(lengths_of_stay(), "Length of stay", MD)
    cost = confirm(lengths_of_stay(), "Days at work", MD, better=Better.HIGHER)
    score = confirm(lengths_of_stay(), "Score", PoolingSpec(measure=Measure.SMD))
    given = confirm(log_hazards(), "Death", PoolingSpec(measure=Measure.GIV))
    assert stay.table_id == cost.table_id
    assert len({stay.table_id, score.table_id, given.table_id}) == 3
    assert given.table.title == "Results of the studies, effect as given"
    (table,) = [t for t in load_etd(question(), None).tables if t.id == stay.table_id]
    assert (table.favours_left, table.favours_right) == ("", ""), "two polarities: no one label fits"


# What is refused


def test_two_kinds_of_data_in_one_place_are_refused_and_nothing_is_stored(example: None) -> None:
    alone = confirm(COUNTS, "Stroke", PoolingSpec(measure=Measure.RR))
    assert alone.table.title == "Results of the studies, risk ratio"
    before = list(StudyResult.objects.values())
    with pytest.raises(uploads.WrongAssignment, match="One analysis takes one kind of data"):
        confirm(lengths_of_stay(), "Stroke", MD, reason="Means now.")
    assert list(StudyResult.objects.values()) == before
    replaced = confirm(lengths_of_stay(), "Stroke", MD, reason="Means now.", missing=uploads.Missing.REMOVE)
    assert (replaced.n_studies, replaced.measure, replaced.pk) == (9, "MD", alone.pk)
    assert replaced.table.title == "Results of the studies, mean difference"


@pytest.mark.parametrize(
    ("content", "spec", "says"),
    [
        (lengths_of_stay(), PoolingSpec(), "does not come from means and standard deviations"),
        (COUNTS, MD, "does not come from events and totals"),
        (log_hazards(), PoolingSpec(), "Choose the hazard ratio, or the effect as given"),
    ],
)
def test_a_measure_that_the_data_do_not_give_is_refused_with_a_remedy(
    example: None, content: bytes, spec: PoolingSpec, says: str
) -> None:
    with pytest.raises(uploads.WrongAssignment, match=says):
        confirm(content, "Stroke", spec)
    assert not StudyResult.objects.filter(outcome__name="Stroke").exists()
    assert not MainMethod.objects.filter(outcome__name="Stroke").exists()


def test_a_corrected_mean_is_a_change_and_is_pooled_anew(example: None) -> None:
    first = confirm(lengths_of_stay(), "Length of stay", MD).estimate
    row = confirm(lengths_of_stay(mean_t=65), "Length of stay", MD)
    assert (row.n_studies, row.estimate != first) == (9, True)
    event = AuditEvent.objects.filter(type="study_results_imported").latest("pk")
    assert "55 (SD 47), n = 155 and 75 (SD 64), n = 156" in event.before
    assert "65 (SD 47), n = 155 and 75 (SD 64), n = 156" in event.after


# The main method


def test_a_method_chosen_before_there_are_data_is_what_an_upload_begins_with(example: None) -> None:
    place = outcome("Length of stay"), population()
    chosen = choose_main_method(outcome=place[0], population=place[1], spec=MD, by=by())
    assert (chosen.after_results, chosen.reason) == (False, "")
    stored = load_stored(question())
    usual = stored.usual(*place, is_new=False, kind=DataKind.MEANS)
    assert usual.spec == MD
    assert usual.key == f"main-{chosen.pk}"
    assert re.search(r"chosen on \d+ \w+ \d{4} by .+\.$", usual.why)
    assert stored.offered(usual.key) == usual
    other = stored.usual(outcome("Another"), place[1], is_new=False, kind=DataKind.MEANS)
    assert (other.key, other.spec) == ("own-MD", PoolingSpec(measure=Measure.MD))
    assert (stored.offered("own"), stored.offered("main-0")) == (on_its_own(), None)


def test_before_results_the_method_may_change_without_a_reason(example: None) -> None:
    place: dict[str, Any] = {"outcome": outcome("Length of stay"), "population": population()}
    choose_main_method(**place, spec=MD, by=by())
    choose_main_method(**place, spec=PoolingSpec(measure=Measure.SMD), by=by())
    assert [line.after_results for line in method_history(**place)] == [False, False]
    assert not load_stored(question()).needs_reason(place["outcome"], place["population"], MD)


def test_the_same_method_again_is_not_recorded_again(example: None) -> None:
    row = confirm(COUNTS, "Stroke", PoolingSpec(model=Model.COMMON))
    events = AuditEvent.objects.filter(type="main_method_chosen").count()
    place: dict[str, Any] = {"outcome": row.outcome, "population": row.population}
    again = choose_main_method(
        **place, spec=PoolingSpec(model=Model.COMMON, ci_method=CiMethod.WALD), by=by()
    )
    assert again == MainMethod.objects.get(**place)
    assert AuditEvent.objects.filter(type="main_method_chosen").count() == events


def test_the_first_analysis_records_its_method_as_chosen_before_results(example: None) -> None:
    row = confirm(COUNTS, "Stroke", PoolingSpec())
    (line,) = method_history(row.outcome, row.population)
    assert (line.after_results, line.reason, line.by) == (False, "", str(by()))
    assert line.method.startswith("Odds ratio, random effects, inverse variance")
    chosen, pooled = (
        AuditEvent.objects.filter(type=kind).latest("pk") for kind in ("main_method_chosen", "analysis_run")
    )
    assert chosen.seq < pooled.seq
    assert '"after_results":false' in chosen.after


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_another_method_after_results_needs_a_reason(example: None, reason: str) -> None:
    row = confirm(COUNTS, "Stroke", PoolingSpec())
    place: dict[str, Any] = {"outcome": row.outcome, "population": row.population}
    other = PoolingSpec(tau2_method=Tau2Method.DL)
    assert load_stored(question()).needs_reason(row.outcome, row.population, other)
    assert not load_stored(question()).needs_reason(row.outcome, row.population, PoolingSpec())
    before = (Analysis.objects.count(), MainMethod.objects.count(), row.provenance)
    with pytest.raises(ReasonNeeded, match="Say why the main method changes"):
        run_analysis(**place, spec=other, reason=reason, by=by())
    with pytest.raises(uploads.WrongAssignment, match=r"Stroke, .*: The results .* Say why"):
        confirm(COUNTS.replace(b",7,", b",8,"), "Stroke", other, reason=reason)
    row.refresh_from_db()
    assert (Analysis.objects.count(), MainMethod.objects.count(), row.provenance) == before


def test_a_change_after_results_is_kept_with_its_reason(example: None) -> None:
    row = confirm(COUNTS, "Stroke", PoolingSpec())
    why = "The protocol names DerSimonian-Laird; REML was chosen by mistake."
    run_analysis(
        outcome=row.outcome,
        population=row.population,
        spec=PoolingSpec(tau2_method=Tau2Method.DL),
        reason=f" {why} ",
        by=by(),
    )
    first, second = method_history(row.outcome, row.population)
    assert (first.after_results, second.after_results, second.reason) == (False, True, why)
    assert "DerSimonian-Laird" in second.method
    place = next(p for p in main_methods(question()) if p.outcome == "Stroke")
    assert (place.history, place.row_id) == ((first, second), row.pk)
    event = AuditEvent.objects.filter(type="main_method_chosen").latest("pk")
    assert why in event.after
    assert '"after_results":true' in event.after
    assert "REML" in event.before


def test_a_method_cannot_be_chosen_while_the_panel_votes_or_for_another_question(example: None) -> None:
    place: dict[str, Any] = {"outcome": outcome("Stroke"), "population": population()}
    with pytest.raises(Refused, match="same question"):
        choose_main_method(**place | {"population": factories.population()}, spec=MD, by=by())
    Question.objects.filter(pk=question().pk).update(status=QuestionStatus.VOTING)
    with pytest.raises(Refused, match="voting"):
        choose_main_method(**place, spec=MD, by=by())
    assert not MainMethod.objects.filter(outcome__name="Stroke").exists()


def test_analyses_from_before_the_record_get_their_history(example: None) -> None:
    """The migration reads the analyses in their order: a method, the same again, another, and the first again."""
    migration = import_module("metaanalysis.migrations.0004_history_of_methods")
    row = factories.outcome_row(
        source=ValueSource.COMPUTED, provenance={}, outcome=outcome("Old"), population=population()
    )
    reml, dl = (
        specification.to_json(spec) for spec in (PoolingSpec(), PoolingSpec(tau2_method=Tau2Method.DL))
    )
    for spec in (reml, reml, dl, reml):
        factories.analysis(row=row, spec=spec)
    others = set(MainMethod.objects.values_list("pk", flat=True))
    migration.methods_of_existing_analyses(apps, None)
    made = MainMethod.objects.exclude(pk__in=others).filter(outcome__name="Old").order_by("pk")
    assert [(m.spec["tau2_method"], m.after_results, m.reason) for m in made] == [
        ("REML", False, ""),
        ("DL", True, ""),
        ("REML", True, ""),
    ]
    assert {(m.created_at, m.created_by) for m in made} == {(factories.NOW, row.created_by)}


def test_a_place_of_another_question_is_refused_and_a_known_one_is_not_made_again(example: None) -> None:
    here, known = question(), population()
    with pytest.raises(WrongAssignment, match="outcome must be one of this question"):
        find_or_create_outcome(question=here, chosen=factories.outcome(), by=by())
    with pytest.raises(WrongAssignment, match="population must be one of this question"):
        find_or_create_population(question=here, chosen=factories.population(), by=by())
    assert find_or_create_population(question=here, chosen=known.label, by=by()) == known
    pain = find_or_create_outcome(question=here, chosen=NewOutcome("Pain", Better.LOWER), by=by())
    assert find_or_create_outcome(question=here, chosen=NewOutcome("Pain", Better.LOWER), by=by()) == pain


def test_a_table_that_has_the_name_already_is_not_renamed_again(example: None) -> None:
    table = OutcomeTable.objects.filter(question=question())[0]
    events = AuditEvent.objects.count()
    assert rename_table(table=table, title=table.title, by=by()) == table
    assert AuditEvent.objects.count() == events


# The page


def form(**more: Any) -> dict[str, Any]:
    return {
        "kind": "means",
        "place-outcome": outcome("Length of stay").pk,
        "place-population": population().pk,
        "measure": "SMD",
        "model": "random",
        "method": "iv",
        "tau2": "DL",
        "ci": "wald",
        "prediction": "k-2",
        "smd": "revman",
    } | more


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def test_a_methodologist_records_a_main_method_before_there_are_data(client: Client) -> None:
    offered = text(client.get(url("main_methods") + "?kind=means&measure=SMD"))
    assert "Standardised mean difference" in offered
    answer = client.post(url("choose_main_method"), form())
    assert answer["Location"] == url("main_methods")
    chosen = MainMethod.objects.get(outcome__name="Length of stay")
    assert chosen.spec == specification.to_json(
        PoolingSpec(
            measure=Measure.SMD,
            tau2_method=Tau2Method.DL,
            ci_method=CiMethod.WALD,
            smd=SmdVariant.REVMAN,
            prediction="k-2",  # type: ignore[arg-type]
        )
    )
    shown = text(client.get(url("main_methods")))
    assert "Hedges’ g by the formulas of RevMan 5, random effects" in shown
    assert "Chosen before results were looked at, on" in shown


def test_an_outcome_and_a_population_can_be_named_with_their_method(client: Client) -> None:
    new = {
        "place-outcome": "new",
        "place-new_outcome": "Pain",
        "place-better": "lower",
        "place-population": "new",
        "place-new_population": "Children",
    }
    client.post(url("choose_main_method"), form(**new))
    chosen = MainMethod.objects.get(outcome__name="Pain")
    assert (chosen.outcome.better, chosen.population.label) == ("lower", "Children")
    refused = client.post(url("choose_main_method"), form(**new | {"place-better": "higher"}))
    assert refused.status_code == 422
    assert "There is already an outcome Pain, of which lower is better." in text(refused)
    assert MainMethod.objects.filter(outcome__name="Pain").count() == 1


def test_what_was_chosen_stays_while_the_form_is_drawn_anew(client: Client) -> None:
    drawn = client.get(
        url("main_methods"),
        form(measure="MD", **{"place-outcome": "new", "place-new_outcome": "Pain"}),
        headers={"HX-Request": "true"},
    ).content.decode()
    assert 'value="Pain"' in drawn
    assert '<option value="new" selected>' in drawn
    assert '<option value="MD" selected>' in drawn
    assert 'name="smd"' not in drawn
    assert "<h1" not in drawn


def test_where_results_are_the_method_changes_on_the_page_of_the_analysis(client: Client) -> None:
    confirm(lengths_of_stay(), "Length of stay", MD)
    answer = client.post(url("choose_main_method"), form())
    assert answer.status_code == 409
    assert "Choose another method on the page of its analysis" in text(answer)
    assert MainMethod.objects.filter(outcome__name="Length of stay").count() == 1


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"place-outcome": ""}, "This field is required"),
        ({"place-population": "0"}, "Select a valid choice"),
        ({"place-outcome": "new", "place-better": "lower"}, "Write the name of the new outcome."),
        ({"place-outcome": "new", "place-new_outcome": "Pain"}, "Say what is better, higher or lower."),
        ({"place-population": "new"}, "Write the name of the new population."),
        ({"measure": "OR"}, "Select a valid choice"),
        ({"model": "XX"}, "Select a valid choice"),
    ],
)
def test_a_choice_that_is_none_is_refused_at_its_field(
    client: Client, wrong: dict[str, str], says: str
) -> None:
    answer = client.post(url("choose_main_method"), form(**wrong))
    assert answer.status_code == 422
    assert says in text(answer)
    assert not MainMethod.objects.filter(outcome__name="Length of stay").exists()


def test_everybody_sees_a_change_after_results_and_its_reason(client_for: ClientFor) -> None:
    row = confirm(COUNTS, "Stroke", PoolingSpec())
    run_analysis(
        outcome=row.outcome,
        population=row.population,
        spec=PoolingSpec(tau2_method=Tau2Method.DL),
        reason="A reader asked for <b>DL</b>.",
        by=by(),
    )
    page = client_for("observer").get(url("main_methods"))
    assert "after results were there" in text(page)
    assert "Reason: A reader asked for &lt;b&gt;DL&lt;/b&gt;." in page.content.decode()
    assert "Record the main method" not in text(page)


def test_the_page_of_methods_asks_as_little_for_three_as_for_one(client: Client) -> None:
    confirm(COUNTS, "Stroke", PoolingSpec())
    with CaptureQueriesContext(connection) as one:
        client.get(url("main_methods"))
    confirm(COUNTS, "Bleeding", PoolingSpec())
    confirm(lengths_of_stay(), "Length of stay", MD)
    tables = OutcomeTable.objects.filter(question=question()).count()
    assert tables >= 2
    with CaptureQueriesContext(connection) as three:
        client.get(url("main_methods"))
    assert len(three) == len(one)
