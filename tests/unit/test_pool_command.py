"""`manage.py pool`: what scripts may rely on. No database is there for these tests to reach."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

TRIALS = settings.BASE_DIR / "fixtures" / "ilcor-mcs-after-rosc" / "trials"
LONGEST = TRIALS / "survival_longest_sourced_13trials.csv"
ECMO = TRIALS / "ecmo_30d_mortality_bmc2024.csv"
COMPLICATIONS = TRIALS / "complications.csv"
MEANS_HEADER = "study,mean_t,sd_t,n_t,mean_c,sd_c,n_c"
MEANS = ("Alpha,55,47,155,75,64,156", "Beta,27,7,31,29,4,32", "Gamma,64,17,75,119,29,71")
HEADER = "study,events_intervention,n_intervention,events_comparison,n_comparison"
KEYS = {
    *("measure", "model", "method", "tau2_method", "ci_method", "k", "estimate", "ci_low", "ci_high", "se"),
    *(
        "p_value",
        "tau2",
        "i2",
        "q",
        "q_df",
        "q_p",
        "prediction_low",
        "prediction_high",
        "studies",
        "excluded",
    ),
    "note",
}


@pytest.fixture
def table(tmp_path: Path) -> Any:
    def write(*rows: str, header: str = HEADER) -> Path:
        file = tmp_path / "trials.csv"
        file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return file

    return write


def pooled(capsys: pytest.CaptureFixture[str], file: Path, *options: str) -> dict[str, Any]:
    call_command("pool", str(file), "--json", *options)
    out, err = capsys.readouterr()
    assert err == ""
    result: dict[str, Any] = json.loads(out)
    return result


def refused(capsys: pytest.CaptureFixture[str], file: Path, *options: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("pool", str(file), *options)
    assert caught.value.returncode == 2
    assert capsys.readouterr().out == ""
    return str(caught.value)


def test_the_examples_odds_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    result = pooled(capsys, LONGEST, "--tau2", "DL", "--ci", "wald")
    assert result.keys() >= KEYS
    assert result["estimate"] == pytest.approx(1.1675491, abs=1e-6)
    assert result["ci_low"] == pytest.approx(0.9647995, abs=1e-6)
    assert result["ci_high"] == pytest.approx(1.4129060, abs=1e-6)
    assert (result["tau2_method"], result["ci_method"], result["k"]) == ("DL", "wald", 13)
    assert (result["i2"], result["tau2"], result["q_df"]) == (0, 0, 12)
    assert sum(study["weight"] for study in result["studies"]) == pytest.approx(100)
    assert result["excluded"] == []


def test_a_published_risk_ratio_of_the_ecmo_trials(capsys: pytest.CaptureFixture[str]) -> None:
    result = pooled(capsys, ECMO, "--measure", "RR", "--tau2", "DL", "--ci", "wald")
    rounded = tuple(round(result[name], 3) for name in ("estimate", "ci_low", "ci_high", "p_value"))
    assert rounded == (0.956, 0.809, 1.130, 0.600)


def test_without_flags_it_is_reml_with_the_interval_by_rule(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    different = table("Alpha,5,50,15,50", "Beta,20,50,6,50", "Gamma,9,50,10,50")
    result = pooled(capsys, different)
    assert (result["measure"], result["model"], result["method"]) == ("OR", "random", "iv")
    assert (result["tau2_method"], result["zero"], result["ci_method"]) == ("REML", "only0", "hksj")
    assert result["tau2"] > 0
    assert pooled(capsys, table("Alpha,5,50,15,50", "Beta,20,50,6,50"))["ci_method"] == "wald"


@pytest.mark.parametrize("file", sorted(TRIALS.glob("survival*.csv")), ids=lambda file: file.stem)
def test_every_file_of_the_example_with_one_outcome_is_pooled(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = pooled(capsys, file)
    assert result["k"] == len(result["studies"]) > 0
    assert 0.5 < result["estimate"] < 2


def test_several_outcomes_need_a_choice(capsys: pytest.CaptureFixture[str]) -> None:
    message = refused(capsys, COMPLICATIONS)
    assert "14 outcomes; choose one with --outcome" in message
    assert "\n  limb ischaemia\n" in message
    assert "No row has the outcome 'limb'" in refused(capsys, COMPLICATIONS, "--outcome", "limb")
    assert pooled(capsys, COMPLICATIONS, "--outcome", "bleeding")["studies"][0]["study"] == "EURO SHOCK"


def test_every_error_is_named_by_row_and_column_with_a_remedy(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    message = refused(capsys, table("Alpha,12,10,3,20", "Beta,x,10,4,20"))
    assert "Row 2, column events_intervention ('12'): more events (12) than people" in message
    assert "Row 3, column events_intervention ('x')" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--method", "peto", "--measure", "RR"], "Peto's method gives an odds ratio"),
        (["--model", "common", "--ci", "hksj"], "belongs to the random-effects model: choose Wald"),
        (
            ["--method", "mh", "--model", "random", "--tau2", "PM"],
            "defined with DerSimonian-Laird (DL), not PM",
        ),
        (["--method", "peto", "--model", "random"], "choose the common-effect model"),
    ],
)
def test_combinations_that_no_method_defines_are_bad_input(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in refused(capsys, ECMO, *options)


@pytest.mark.parametrize(("sheets", "asked"), [(["Data"], False), (["Notes", "Data"], True)])
def test_a_sheet_is_asked_for_only_where_there_are_several(
    sheets: list[str], asked: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.remove(workbook["Sheet"])
    for name in sheets:
        sheet = workbook.create_sheet(name)
        sheet.append(HEADER.split(","))
        sheet.append(["Alpha", 12, 10, 3, 20])
    workbook.save(tmp_path / "trials.xlsx")
    assert ("--sheet" in refused(capsys, tmp_path / "trials.xlsx")) is asked
    assert "more events" in refused(capsys, tmp_path / "trials.xlsx", "--sheet", "Data")


def test_files_that_cannot_be_opened_are_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no such file" in refused(capsys, tmp_path / "missing.csv")
    assert "is a directory" in refused(capsys, tmp_path)
    (tmp_path / "empty.csv").write_bytes(b"")
    assert "The file is empty" in refused(capsys, tmp_path / "empty.csv")
    (tmp_path / "large.csv").write_bytes(b"x" * (2 * 1024 * 1024 + 1))
    assert "larger than 2 MiB" in refused(capsys, tmp_path / "large.csv")


def test_nothing_estimable_is_an_answer(capsys: pytest.CaptureFixture[str], table: Any) -> None:
    result = pooled(capsys, table("Alpha,0,20,0,21", "Beta,0,30,0,31"))
    assert (result["estimate"], result["ci_low"], result["k"]) == (None, None, 0)
    assert result["note"] == "No study can enter the analysis: see the reasons given for each."
    assert [entry["study"] for entry in result["excluded"]] == ["Alpha", "Beta"]


def test_warnings_are_part_of_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    warnings = pooled(capsys, ECMO)["warnings"]
    assert [w for w in warnings if "Column confidence" in w]


def test_the_readable_table(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("pool", str(LONGEST), "--tau2", "DL", "--ci", "wald")
    lines = capsys.readouterr().out.splitlines()
    pooled_line = next(line for line in lines if line.startswith("Pooled"))
    assert pooled_line.split() == ["Pooled", "429/913", "390/901", "1.168", "(0.965–1.413)"]
    danger = next(line for line in lines if line.startswith("DanGer"))
    assert danger.split() == ["DanGer", "Shock", "97/179", "73/176", "1.669", "(1.097–2.540)", "20.6%"]
    assert "Q 9.49 on 12 df, P 0.66; I² 0.0%, τ² 0.0000" in lines
    assert "Prediction interval 0.944–1.443 (t with k-1 df)" in lines


def test_a_study_that_is_left_out_is_not_in_the_totals(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    call_command("pool", str(table("Alpha,0,20,0,21", "Beta,5,30,6,31", "Gamma,4,30,6,31")))
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("Pooled")).split()[1:3] == ["9/60", "12/62"]
    assert any(line.startswith("Not in the analysis: Alpha.") for line in lines)


BCG = settings.BASE_DIR / "tests" / "reference" / "metafor" / "bcg.json"
BCG_ODDS_RATIOS = json.loads(BCG.read_text(encoding="utf-8"))["expected"]["OR"]


@pytest.fixture
def bcg(table: Any) -> Path:
    rows = json.loads(BCG.read_text(encoding="utf-8"))["input"]["rows"]
    columns = ("study", "events_t", "n_t", "events_c", "n_c", "year", "subgroup")
    lines = [",".join(str(row[column]) for column in columns) for row in rows]
    file: Path = table(*lines, header="study,events_t,n_t,events_c,n_c,year,Allocation")
    return file


def test_all_that_goes_beyond_one_number(capsys: pytest.CaptureFixture[str], bcg: Path) -> None:
    plain = pooled(capsys, bcg)
    assert not plain.keys() & {"subgroups", "leave_one_out", "cumulative", "small_study"}
    options = ("--subgroup", "Allocation", "--leave-one-out", "--cumulative", "--small-study")
    result = pooled(capsys, bcg, "--tau2", "DL", "--ci", "wald", *options)
    test = BCG_ODDS_RATIOS["subgroups"]["RE_DL"]["test_subgroup_differences"]
    assert result["subgroup_test"] == pytest.approx({"q": test["Q"], "df": 2, "p_value": test["p"]})
    assert [group["name"] for group in result["subgroups"]] == ["random", "alternate", "systematic"]
    for part, key, name in (("leave_one_out", "RE_DL_z", "omitted"), ("cumulative", "RE_DL_z", "added")):
        expected = BCG_ODDS_RATIOS[part][key]
        assert [row[name] for row in result[part]] == [row[name] for row in expected]
        assert [row["p_value"] for row in result[part]] == pytest.approx([row["p"] for row in expected])
    egger = BCG_ODDS_RATIOS["small_study_effects"]["egger"]
    assert result["small_study"]["egger"]["intercept"] == pytest.approx(egger["intercept"])


@pytest.mark.parametrize("name", ["Allocation", "ALLOCATION", " allocation "])
def test_a_subgroup_column_is_named_as_it_is_written(
    name: str, capsys: pytest.CaptureFixture[str], bcg: Path
) -> None:
    result = pooled(capsys, bcg, "--subgroup", name)
    assert [group["k"] for group in result["subgroups"]] == [7, 2, 4]


def test_a_column_that_we_know_is_named_by_our_name_too(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    file = table("A,5,50,15,50,old", "B,2,50,6,50,new", "C,9,50,10,50,", header=f"{HEADER},Sub-group")
    for name in ("Sub-group", "subgroup"):
        result = pooled(capsys, file, "--subgroup", name)
        assert [group["name"] for group in result["subgroups"]] == ["old", "new", ""]
        assert result["subgroup_test"]["df"] == 1
        assert "name no subgroup" in result["subgroup_note"]


def test_years_make_subgroups_like_any_other_column(capsys: pytest.CaptureFixture[str], table: Any) -> None:
    file = table("A,5,50,15,50,1999", "B,2,50,6,50,2004", header=f"{HEADER},year")
    result = pooled(capsys, file, "--subgroup", "year")
    assert [group["name"] for group in result["subgroups"]] == ["1999", "2004"]


def test_a_subgroup_column_that_is_not_there_or_empty_is_bad_input(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    file = table("A,5,50,15,50,,x", "B,2,50,6,50,,", header=f"{HEADER},risk,note")
    message = refused(capsys, file, "--subgroup", "colour")
    assert "There is no column 'colour'" in message
    assert "\n  events_intervention\n" in message
    assert "No row names its subgroup in the column risk" in refused(capsys, file, "--subgroup", "risk")
    assert "No row names its subgroup" in refused(capsys, file, "--subgroup", "note")


def test_means_are_pooled_as_mean_differences_unless_told_otherwise(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    file = table(*MEANS, header=MEANS_HEADER)
    result = pooled(capsys, file, "--tau2", "DL", "--ci", "wald")
    assert (result["measure"], result["zero"], result["smd"]) == ("MD", None, None)
    assert result["studies"][0]["estimate"] == -20
    assert pooled(capsys, file, "--measure", "SMD")["smd"] == "exact"
    variants = [pooled(capsys, file, "--measure", "SMD", "--smd", v)["se"] for v in ("exact", "revman")]
    assert variants[0] != variants[1]


def test_estimates_are_pooled_as_what_the_file_says_they_are(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    plain = table("Alpha,-0.5,0.2", "Beta,-0.1,0.3", header="study,yi,sei")
    result = pooled(capsys, plain, "--model", "common")
    weights = (1 / 0.04, 1 / 0.09)
    mean = -(0.5 * weights[0] + 0.1 * weights[1]) / sum(weights)
    assert (result["measure"], result["estimate"]) == ("GIV", pytest.approx(mean))
    as_ratio = pooled(capsys, plain, "--model", "common", "--measure", "HR")
    assert as_ratio["estimate"] == pytest.approx(math.exp(mean))
    named = table("Alpha,-0.5,0.2,HR", "Beta,-0.1,0.3,HR", header="study,estimate,se,measure")
    assert pooled(capsys, named)["measure"] == "HR"
    message = refused(capsys, named, "--measure", "OR")
    assert "estimates are of the hazard ratio; as the odds ratio they would be misread" in message


@pytest.mark.parametrize(
    ("rows", "header", "options", "said"),
    [
        (["A,5,50,15,50"], HEADER, ["--measure", "MD"], "choose the odds ratio or the risk ratio or the risk"),
        (["A,5,50,15,50"], HEADER, ["--measure", "GIV"], "(--measure OR|RR|RD)"),
        (MEANS, MEANS_HEADER, ["--measure", "OR"], "(--measure MD|SMD)"),
        (MEANS, MEANS_HEADER, ["--method", "mh"], "choose inverse variance (iv)"),
        (["A,0.1,0.2"], "study,yi,sei", ["--method", "mh", "--measure", "OR"], "(--method iv)"),
        (["A,0.1,0.2"], "study,yi,sei", ["--method", "peto", "--measure", "OR"], "(--method iv)"),
    ],
)  # fmt: skip
def test_a_measure_that_the_data_do_not_give_is_bad_input(
    rows: list[str],
    header: str,
    options: list[str],
    said: str,
    table: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert said in refused(capsys, table(*rows, header=header), *options)


def test_named_choices_reach_the_analysis(capsys: pytest.CaptureFixture[str], bcg: Path) -> None:
    mh = ("--measure", "RD", "--method", "mh")
    sato, greenland = (pooled(capsys, bcg, *mh, "--rd-se", each) for each in ("sato", "greenland-robins"))
    assert (sato["rd_se"], greenland["rd_se"]) == ("sato", "greenland-robins")
    assert sato["estimate"] == greenland["estimate"]
    assert sato["se"] != greenland["se"]
    assert pooled(capsys, bcg, "--method", "mh")["zero"] == "pool-none"
    assert pooled(capsys, bcg, "--method", "mh", "--zero", "pool-only0")["zero"] == "pool-only0"
    wide, narrow = (pooled(capsys, bcg, "--prediction", each) for each in ("k-2", "k-1"))
    assert wide["prediction_high"] > narrow["prediction_high"]


def test_a_sheet_of_a_file_that_is_no_workbook_is_refused(
    table: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not a workbook" in refused(capsys, table("Alpha,3,20,4,21"), "--sheet", "Data")


def test_outcome_and_sheet_are_found_whatever_their_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import openpyxl

    assert pooled(capsys, COMPLICATIONS, "--outcome", "Bleeding")["k"] > 0
    workbook = openpyxl.Workbook()
    workbook.create_sheet("Data").append(HEADER.split(","))
    workbook["Data"].append(["Alpha", 5, 20, 3, 20])
    workbook["Sheet"].append(["nothing here"])
    workbook.save(tmp_path / "trials.xlsx")
    assert pooled(capsys, tmp_path / "trials.xlsx", "--sheet", "data")["k"] == 1


def test_names_that_differ_only_in_case_are_told_apart(
    capsys: pytest.CaptureFixture[str], table: Any
) -> None:
    file = table("A,5,50,15,50,Death", "B,2,50,6,50,death", header=f"{HEADER},outcome")
    assert pooled(capsys, file, "--outcome", "death")["studies"][0]["study"] == "B"
    assert "No row has the outcome 'DEATH'" in refused(capsys, file, "--outcome", "DEATH")


def test_the_other_parts_are_readable_too(capsys: pytest.CaptureFixture[str], bcg: Path) -> None:
    options = ("--subgroup", "allocation", "--leave-one-out", "--cumulative", "--small-study")
    call_command("pool", str(bcg), "--tau2", "DL", "--ci", "wald", *options)
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "alternate 2 0.540 (0.262–1.111) 88.7% 0.2421" in lines
    assert "Test for differences between subgroups: Q 1.47 on 2 df, P 0.48" in lines
    assert "Aronson 1948 12 0.478 (0.324–0.706) <0.001 93.2% 0.3702" in lines
    assert "Aronson 1948 1 0.391 (0.121–1.262) 0.12 - 0.0000" in lines
    assert "Egger: intercept −2.345, t −1.51 on 11 df, P 0.16" in lines
    assert "Trim and fill: 0 studies filled in on the right, then 0.474 (0.325–0.690)" in lines


def test_means_and_estimates_are_readable_too(capsys: pytest.CaptureFixture[str], table: Any) -> None:
    call_command("pool", str(table(*MEANS, header=MEANS_HEADER)))
    out = capsys.readouterr().out
    assert "55 (SD 47), n = 155" in out
    assert "n = 261" in next(line for line in out.splitlines() if line.startswith("Pooled"))
    assert "Mean difference, random effects" in out
    call_command("pool", str(table("Alpha,-0.5,0.2", "Beta,-0.1,0.3", header="study,yi,sei")))
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["Study", "GIV", "(95%", "CI)", "Weight"]
    assert "Effect as given" in out


def test_each_study_stands_beside_its_own_counts(capsys: pytest.CaptureFixture[str], table: Any) -> None:
    rows = ("Twin,0,20,0,21,old", "Alpha,4,30,6,31,old", "Twin,5,33,6,34,new")
    call_command("pool", str(table(*rows, header=f"{HEADER},subgroup")))
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("Twin")).split()[1:3] == ["5/33", "6/34"]


def run(*arguments: str, code: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code] if code else [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=120)


def test_as_a_process_bad_input_ends_with_status_2_and_says_so_on_standard_error() -> None:
    found = run("pool", "no-such-file.csv", "--json")
    assert (found.returncode, found.stdout) == (2, "")
    assert "no-such-file.csv: no such file" in found.stderr
    assert "Traceback" not in found.stderr
    assert run("pool", str(ECMO), "--measure", "HR").returncode == 2


def test_bad_input_is_refused_without_loading_the_statistics(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    code = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'; import django; django.setup()\n"
        "from django.core.management import CommandError, call_command\n"
        f"try: call_command('pool', {str(tmp_path / 'bad.csv')!r})\n"
        "except CommandError: print(sorted({'pandas', 'statsmodels', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    assert run(code=code).stdout.strip() == "[]"
