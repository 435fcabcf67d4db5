"""The page of an analysis and what can be downloaded from it, for all kinds of data."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from etd.enums import Better
from etd.models import OutcomeRow
from metaanalysis.actions import uploads as study_uploads
from metaanalysis.importers import read_table
from metaanalysis.models import Analysis, MainMethod
from metaanalysis.readings import groups
from metaanalysis.stats.types import CiMethod, Measure, PoolingSpec, StudyCounts, Tau2Method
from tests.integration.conftest import ClientFor, get_question
from tests.integration.test_evidence import UPDATE, methodologist, text, url
from tests.unit.metaanalysis_stats.reference import reference_sets

WALD_DL = PoolingSpec(tau2_method=Tau2Method.DL, ci_method=CiMethod.WALD)
MEANS = (
    b"study,mean_intervention,sd_intervention,n_intervention,mean_comparison,sd_comparison,n_comparison\n"
    b"Edinburgh,55,47,155,75,64,156\nOrpington,27,7,31,29,4,32\nMontreal,14,8,8,18,11,13\n"
)
HAZARDS = b"study,estimate,se,measure\nPitie,-0.124,0.263,HR\nHNCP,-0.01,0.126,HR\nYale,0.082,0.203,HR\n"


def counts_file(studies: tuple[StudyCounts, ...]) -> bytes:
    lines = ["study,year,subgroup,events_intervention,n_intervention,events_comparison,n_comparison"]
    for s in studies:
        numbers = (s.events_intervention, s.n_intervention, s.events_comparison, s.n_comparison)
        lines.append(f"{s.study},{s.year or ''},{s.subgroup}," + ",".join(map(str, numbers)))
    return "\n".join(lines).encode()


BCG = counts_file(reference_sets()["bcg"].studies)
ONE = counts_file(reference_sets()["bcg"].studies[:1])


def analysed(content: bytes, spec: PoolingSpec, name: str = "Tuberculosis") -> OutcomeRow:
    """The studies of a file, stored and pooled as a new outcome."""
    question, by = get_question(), methodologist()
    upload = study_uploads.stage_upload(question=question, filename="studies.csv", content=content, by=by)
    table = read_table(content, filename="studies.csv")
    (group,) = groups(table)
    population = question.populations.first()
    assert population is not None
    place = study_uploads.NewOutcome(name, Better.LOWER)
    (row,) = study_uploads.confirm_upload(
        upload=upload,
        assignments=[study_uploads.Assignment(group, place, population, spec)],
        sha256=upload.sha256,
        accepted_warnings=True,
        by=by,
    )
    return row


@pytest.fixture
def client(client_for: ClientFor) -> Client:
    return client_for("methodologist")


def page_of(client: Client, row: OutcomeRow, **asked: str) -> str:
    return text(client.get(url("analysis", row.pk), asked))


# What the page says


def test_a_rich_analysis_is_told_in_words_and_numbers(client: Client) -> None:
    said = page_of(client, analysed(BCG, PoolingSpec()))
    for words in (
        "Odds ratio 0.47 (0.32–0.71)",
        "By rule: Hartung-Knapp-Sidik-Jonkman, because there are three or more studies and τ² is above 0.",
        "0.475 (0.316–0.713)",
        "0.338 (0.130–1.181)",
        "0.126–1.795",
        "No single study moves the interval across 1.",
        "Test for subgroup differences: Q 1.64 on 2 df, P 0.44",
        "Egger’s test P 0.16",
        "All 8 other usual methods come to the same conclusion.",
        "TPT Madras 1980 moves the estimate most",
    ):
        assert words in said, words


def test_the_rule_says_why_it_chose_wald(client: Client) -> None:
    row = analysed(counts_file(reference_sets()["hine1989"].studies), PoolingSpec())
    assert "By rule: Wald, because τ² is 0." in page_of(client, row)
    one = analysed(ONE, PoolingSpec(), "Death")
    assert "By rule: Wald, because there are fewer than three studies." in page_of(client, one)


@pytest.mark.parametrize(
    ("content", "spec", "words"),
    [
        (MEANS, PoolingSpec(measure=Measure.MD), ["55 (47), 155", "mean (SD), n", "Mean difference"]),
        (
            MEANS,
            PoolingSpec(measure=Measure.SMD),
            ["Standardised mean difference", "Hedges’ g with the exact correction"],
        ),
        (HAZARDS, PoolingSpec(measure=Measure.HR), ["−0.124 (0.263)", "Hazard ratio", "Estimate (SE)"]),
    ],
)
def test_each_kind_of_data_has_its_page(
    content: bytes, spec: PoolingSpec, words: list[str], client: Client
) -> None:
    said = page_of(client, analysed(content, spec))
    assert [word for word in words if word not in said] == []


def test_measures_that_the_file_excludes_are_not_offered(client: Client) -> None:
    html = client.get(url("analysis", analysed(HAZARDS, PoolingSpec(measure=Measure.HR)).pk)).content.decode()
    (select,) = re.findall(r'<select name="measure".*?</select>', html, flags=re.DOTALL)
    assert re.findall(r'value="(\w+)"', select) == ["HR", "GIV"]


def test_subgroups_can_be_hidden_and_studies_sorted(client: Client) -> None:
    row = analysed(BCG, PoolingSpec())
    shown = client.get(url("analysis", row.pk))
    assert shown.context["analysis"].plot.table.rows[0][0] == "random"
    assert shown.context["analysis"].is_stored
    hidden = client.get(url("analysis", row.pk), {"subgroups": "no", "order": "weight"}).context["analysis"]
    assert hidden.plot.table.rows[0][0] == "TPT Madras 1980"
    assert hidden.is_stored  # another order is no other method
    assert "Subtotal" not in [cells[0] for cells in hidden.plot.table.rows]


def test_one_study_and_none_are_pages_too(client: Client) -> None:
    said = page_of(client, analysed(ONE, PoolingSpec()))
    assert "Only one study" in said
    empty = analysed(counts_file(reference_sets()["all_doublezero"].studies), PoolingSpec(), "Death")
    said = page_of(client, empty)
    assert "Not estimable." in said
    assert "No study can enter the analysis" in said


def test_numbers_of_another_program_are_not_passed_off_as_the_stored_ones(client: Client) -> None:
    row = analysed(BCG, PoolingSpec())
    assert "Computed anew" not in page_of(client, row)
    stored = Analysis.objects.get(row=row)
    changed = Analysis(
        row=row,
        spec=stored.spec,
        inputs=stored.inputs,
        input_digest=stored.input_digest,
        result=stored.result | {"estimate": 0.4, "ci_low": 0.3, "ci_high": 0.6},
        engine=stored.engine,
        created_at=stored.created_at,
        created_by=stored.created_by,
    )
    changed.save()
    said = page_of(client, row)
    assert "gives 0.47 (0.32–0.71) instead of the stored 0.40 (0.30–0.60)" in said


def test_the_page_asks_the_database_as_little_for_many_studies_as_for_one(client: Client) -> None:
    def queries(row: OutcomeRow, **asked: str) -> int:
        with CaptureQueriesContext(connection) as done:
            assert client.get(url("analysis", row.pk), asked).context["analysis"].steps
        return len(done)

    many, one = analysed(BCG, PoolingSpec()), analysed(ONE, PoolingSpec(), "Death")
    assert queries(many) == queries(one)
    assert queries(many, method="mh", model="common") == queries(one, method="mh", model="common")


# The main method


def test_the_main_method_is_marked_with_when_and_by_whom(client: Client) -> None:
    said = page_of(client, analysed(BCG, PoolingSpec()))
    assert re.search(
        r"Main method , chosen before the results were seen on \d+ \w+ \d{4}, \d\d:\d\d UTC by Mats", said
    )
    assert "Changed on" not in said


def test_another_method_is_used_only_with_a_reason_which_is_shown(client: Client) -> None:
    row = analysed(BCG, PoolingSpec())
    chosen = {"method": "mh", "model": "common"}
    refused = client.post(url("use_analysis", row.pk), chosen | {"reason": " "})
    assert refused.status_code == 422
    assert "Say why the main method changes; the results have been seen." in text(refused)
    assert MainMethod.objects.filter(outcome=row.outcome).count() == 1
    client.post(url("use_analysis", row.pk), chosen | {"reason": "The protocol names it."})
    said = page_of(client, row)
    assert re.search(
        r"Changed on .{10,40} after the results were seen, by Mats \w+, to: Odds ratio, common effect, Mantel-Haenszel",
        said,
    )
    assert "Reason: The protocol names it." in said


# Downloads


def download(client: Client, name: str, row: OutcomeRow, *more: str, **asked: str) -> Any:
    answer = client.get(url(name, row.pk, *more), asked)
    assert answer.status_code == 200
    return answer


def test_the_plot_as_svg_stands_alone(client: Client) -> None:
    row = analysed(BCG, WALD_DL)
    answer = download(client, "analysis_plot", row, "forest", order="effect")
    assert answer["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert answer["Content-Disposition"] == (
        f'attachment; filename="{UPDATE}-tuberculosis-{row.pk}.forest.svg"'
    )
    svg = ET.fromstring(answer.content)  # noqa: S314 -- ours
    assert svg.get("width")
    assert b"href" not in answer.content
    assert b"Subtotal" in answer.content
    assert b"Test for subgroup differences" in answer.content
    assert ET.fromstring(download(client, "analysis_plot", row, "funnel").content) is not None  # noqa: S314 -- ours


def test_the_plot_as_png_is_sharp_and_on_white(client: Client) -> None:
    from PIL import Image

    row = analysed(BCG, WALD_DL)
    answer = download(client, "analysis_image", row, "forest")
    assert answer["Content-Type"] == "image/png"
    image = Image.open(io.BytesIO(answer.content))
    plot = client.get(url("analysis", row.pk)).context["analysis"].plot
    assert image.size == pytest.approx((2.5 * float(plot.width), 2.5 * float(plot.height)), abs=3)
    assert image.mode == "RGB"
    assert image.getpixel((image.width - 2, image.height - 2)) == (255, 255, 255)
    colours = {colour for _, colour in image.getcolors(1 << 20) or ()}
    assert (11, 93, 107) in colours  # the diamond


@pytest.mark.parametrize("name", ["analysis_plot", "analysis_image"])
def test_there_is_no_other_plot_and_none_of_one_study(name: str, client: Client) -> None:
    row = analysed(ONE, PoolingSpec())
    answers = [client.get(url(name, row.pk, plot)) for plot in ("funnel", "galbraith")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.get(url(name, row.pk, "forest"), {"measure": "XX"}).status_code == 404


def test_the_result_as_json_holds_what_the_page_shows(client: Client) -> None:
    row = analysed(BCG, PoolingSpec())
    stored = json.loads(download(client, "analysis_result", row).content)
    assert stored["is_stored"] is True
    assert stored["estimate"] == Analysis.objects.get(row=row).result["estimate"]
    assert [group["name"] for group in stored["subgroups"]] == ["random", "alternate", "systematic"]
    assert stored["subgroup_test"]["df"] == 2
    assert len(stored["leave_one_out"]) == len(stored["cumulative"]) == 13
    assert stored["small_study"]["egger"]["df"] == 11
    assert stored["spec"]["tau2_method"] == "REML"
    assert stored["input_digest"] == Analysis.objects.get(row=row).input_digest
    assert {"numpy", "scipy", "openetd"} <= set(stored["versions"])
    tried = json.loads(download(client, "analysis_result", row, method="peto", model="common").content)
    assert (tried["is_stored"], tried["method"]) == (False, "peto")
    assert tried["estimate"] == pytest.approx(0.6222, abs=5e-5)


def test_r_code_is_of_the_method_that_is_shown(client: Client) -> None:
    row = analysed(BCG, PoolingSpec())
    answer = download(client, "analysis_r_code", row)
    assert answer["Content-Disposition"].endswith(f'tuberculosis-{row.pk}.R"')
    assert 'method="REML", test="knha"' in answer.content.decode()
    assert "rma.peto(" in download(client, "analysis_r_code", row, method="peto").content.decode()


@pytest.mark.parametrize(
    ("content", "spec", "columns"),
    [
        (BCG, PoolingSpec(), {"events_intervention": "4", "n_comparison": "139", "subgroup": "random"}),
        (MEANS, PoolingSpec(measure=Measure.MD), {"mean_intervention": "55", "sd_comparison": "64"}),
        (HAZARDS, PoolingSpec(measure=Measure.HR), {"estimate": "-0.124", "se": "0.263", "measure": "HR"}),
    ],
)
def test_the_data_can_be_taken_away_and_read_again(
    content: bytes, spec: PoolingSpec, columns: dict[str, str], client: Client
) -> None:
    row = analysed(content, spec)
    data = download(client, "analysis_data", row).content
    first = next(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert {name: first[name].removesuffix(".0") for name in columns} == columns
    again = read_table(data, filename="a.csv")
    assert not again.errors
    assert len(again.rows) == len(Analysis.objects.get(row=row).inputs)


def test_the_downloads_on_the_page_are_of_what_it_shows(client: Client) -> None:
    row = analysed(BCG, PoolingSpec())
    html = client.get(url("analysis", row.pk), {"method": "mh", "model": "common"}).content.decode()
    addresses = re.findall(r'href="([^"]*(?:\.svg|\.png|\.json|\.R)\?[^"]*)"', html)
    assert len(addresses) == 6
    assert all("method=mh" in address for address in addresses)
    (code,) = [address for address in addresses if ".R?" in address]
    assert "rma.mh(" in client.get(code.replace("&amp;", "&")).content.decode()
