"""Column names: many spellings, no guessing."""

import pytest

from metaanalysis.importers import read_table


def mapping(header: str) -> dict[str, str]:
    delimiter_row = ",".join(["A", "1", "9", "2", "8"] + ["z"] * (header.count(",") - 4))
    parsed = read_table(f"{header}\n{delimiter_row}\n".encode(), filename="a.csv")
    assert parsed.ok, parsed.errors
    row = parsed.rows[0]
    counts = (row.events_intervention, row.n_intervention, row.events_comparison, row.n_comparison)
    assert counts == (1, 9, 2, 8)
    return dict(parsed.column_mapping)


@pytest.mark.parametrize(
    "header",
    [
        "study,events_intervention,n_intervention,events_comparison,n_comparison",
        "study,events_intervention,n_intervention,events_control,n_control",
        "study,events_t,n_t,events_c,n_c",
        "study,events_int,n_int,events_ctl,n_ctl",
        "study,events_i,n_i,events_c,n_c",
        "study,ai,n1i,ci,n2i",
        "Study,Events 1,Total 1,Events 2,Total 2",
        "studlab,event.e,n.e,event.c,n.c",
        "Study or Subgroup,Experimental Events,Experimental Total,Control Events,Control Total",
        "Study,Experimental cases,Experimental N,Control cases,Control N",
        "STUDY ID,Events (Intervention),N (Intervention),Events (Control),N (Control)",
    ],
)
def test_spellings(header: str) -> None:
    names = list(mapping(header).values())
    assert names == ["study", "events_intervention", "n_intervention", "events_comparison", "n_comparison"]


def test_an_unknown_column_is_kept_in_the_note_and_said() -> None:
    data = b"study,events_t,n_t,events_c,n_c,note,confidence\nA,1,9,2,8,seen,high\nB,1,9,2,7,,\n"
    parsed = read_table(data, filename="a.csv")
    assert [row.note for row in parsed.rows] == ["seen; confidence: high", ""]
    assert [(problem.code, problem.column) for problem in parsed.warnings] == [
        ("unknown_column", "confidence")
    ]


def test_ci_alone_is_not_taken_for_a_count() -> None:
    header = "study,events_t,n_t,events_c,n_c,ci"
    assert mapping(header)["ci"] == "note"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("study,events_t,n_t,events_int,n_c", "duplicate_column"),
        ("study,events,n,events,n", "duplicate_column"),
        ("study,events_a,n_a,events_b,n_b", "ambiguous_column"),
        ("study,ai,n1i,ci,n", "missing_column"),
        ("study,events_t %,n_t,events_c %,n_c", "missing_column"),
        ("study,mean_t,sd_t,n_t,mean_c", "missing_column"),
        ("study,yi,ci_low,x,y", "missing_column"),
        ("study,yi,95% CI,x,y", "ambiguous_column"),
    ],
)
def test_no_guess(header: str, code: str) -> None:
    parsed = read_table(f"{header}\nA,1,9,2,8\n".encode(), filename="a.csv")
    assert code in {problem.code for problem in parsed.errors}


def test_every_missing_column_is_named() -> None:
    parsed = read_table(b"study,events_t,n_t,x,y\nA,1,9,2,8\n", filename="a.csv")
    text = " ".join(problem.message for problem in parsed.errors)
    assert "events_comparison is missing" in text
    assert "n_comparison is missing" in text
    assert "Columns found: study, events_t, n_t, x, y" in text
