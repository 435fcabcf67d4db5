"""Files of references: each entry as one citation, and nothing dropped unsaid."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from etd.domain.references import (
    MOST_BYTES,
    NoIdentifier,
    Reading,
    ReadReference,
    clean_doi,
    clean_pmid,
    doi_address,
    read_references,
)
from etd.domain.references.citation import listed_authors, short_name

RIS = """TY  - JOUR
AU  - Thiele, Holger
AU  - Zeymer, Uwe
AU  - Akin, Ibrahim
AU  - Behnes, Michael
AU  - Rassaf, Tienush
AU  - Mahabadi, Amir A.
AU  - Lehmann, Ralf
TI  - Extracorporeal life support in infarct-related
cardiogenic shock
T2  - New England Journal of Medicine
JO  - N Engl J Med
PY  - 2023/10/05/
VL  - 389
IS  - 14
SP  - 1286
EP  - 1297
DO  - https://doi.org/10.1056/NEJMoa2307227
UR  - https://doi.org/10.1056/NEJMoa2307227
ER  -
"""
NBIB = """
PMID- 37634145
OWN - NLM
DP  - 2023 Oct 5
TI  - Extracorporeal Life Support in Infarct-Related
      Cardiogenic Shock.
PG  - 1286-1297
LID - 10.1056/NEJMoa2307227 [doi]
FAU - Thiele, Holger
AU  - Thiele H
FAU - Zeymer, Uwe
AU  - Zeymer U
CN  - ECLS-SHOCK Investigators
TA  - N Engl J Med
JT  - The New England journal of medicine
VI  - 389
IP  - 14
AID - 10.1056/NEJMoa2307227 [doi]
"""
SIX = "Thiele H, Zeymer U, Akin I, Behnes M, Rassaf T, Mahabadi AA, et al."
ARTICLE = (
    "Extracorporeal life support in infarct-related cardiogenic shock. N Engl J Med. 2023;389(14):1286-1297."
)
DOI = "10.1056/nejmoa2307227"


def read(text: str) -> Reading:
    return read_references(text.encode())


def ris(*lines: str) -> str:
    return "\n".join(["TY  - JOUR", *lines, "ER  -", ""])


def only(reading: Reading) -> ReadReference:
    (one,) = reading.references
    return one


class TestRis:
    def test_an_article(self) -> None:
        reading = read(RIS)
        assert only(reading) == ReadReference(1, 1, f"{SIX} {ARTICLE}", DOI)
        assert (reading.format, reading.encoding) == ("RIS", "UTF-8")
        assert (reading.problems, reading.not_used, reading.refusal) == ((), (), "")

    @pytest.mark.parametrize(
        "data",
        [
            RIS.encode("utf-8-sig"),
            RIS.replace("\n", "\r\n").encode(),
            RIS.replace("\n", "\r").encode(),
            RIS.encode("utf-16"),
            RIS.replace("TI  -", "T1  -").replace("AU  -", "A1  -").replace("PY  -", "Y1  -").encode(),
            RIS.replace("  - ", " - ").encode(),
        ],
        ids=["BOM", "CR LF", "CR", "UTF-16", "older tags", "one blank"],
    )
    def test_however_it_is_written(self, data: bytes) -> None:
        assert only(read_references(data)).citation == f"{SIX} {ARTICLE}"

    def test_windows_1252_is_said(self) -> None:
        reading = read_references(ris("TI  - Müller’s trial", "PY  - 2020").encode("cp1252"))
        assert (only(reading).citation, reading.encoding) == ("Müller’s trial. 2020.", "Windows-1252")

    @pytest.mark.parametrize(
        ("lines", "citation"),
        [
            (
                ["TY  - BOOK", "AU  - World Health Organization", "TI  - Handbook", "ET  - 2nd ed", "CY  - Geneva",
                 "PB  - WHO", "PY  - 2014", "UR  - https://example.org/h"],
                "World Health Organization. Handbook. 2nd ed. Geneva: WHO; 2014."
                " Available from: https://example.org/h",
            ),
            (
                ["TY  - CHAP", "AU  - van der Berg, Jan-Willem", "A2  - Smith, J", "A2  - Roe, R", "TI  - A chapter",
                 "T2  - The book", "SP  - 3", "EP  - 9", "PY  - 2001", "PB  - Wiley"],
                "van der Berg JW. A chapter. In: Smith J, Roe R, editors. The book. Wiley; 2001. p. 3-9.",
            ),
            (
                ["TY  - RPRT", "TI  - Is it so?", "PY  - 2019", "IS  - 7"],
                "Is it so? 2019. no. 7.",
            ),
            (["TY  - JOUR", "TI  - T", "JO  - J", "PY  - 2020", "SP  - e12"], "T. J. 2020:e12."),
            (
                ["TY  - JOUR", "TI  - T", "JO  - J", "VL  - 4", "PY  - 2020", "SP  - 3-9", "EP  - 9"],
                "T. J. 2020;4:3-9.",
            ),
        ],
    )  # fmt: skip
    def test_other_works(self, lines: list[str], citation: str) -> None:
        assert only(read("\n".join([*lines, "ER  -"]))).citation == citation

    def test_an_entry_without_a_title_is_named_and_left_out(self) -> None:
        reading = read(ris("AU  - Roe, R", "PY  - 2020") + ris("TI  - T", "PY  - 2020"))
        assert [(one.entry, one.line) for one in reading.references] == [(2, 4 + 1)]
        (problem,) = reading.problems
        assert (problem.where, problem.is_left_out) == ("Entry 1, line 1", True)
        assert "no title (TI or T1)" in problem.text

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (ris("TI  - T", "PY  - 2020", "DO  - see text"), "“see text” is no DOI"),
            (ris("TI  - T"), "Has no year"),
            (ris("TI  - T", "TI  - U", "PY  - 2020"), "Has 2 titles; the first was taken"),
            (ris("TI  - T", "PY  - 2020").replace("ER  -", ""), "Has no line ER"),
            ("My list\nof references\n\n" + ris("TI  - T", "PY  - 2020"), "was not read: “My list”"),
        ],
    )  # fmt: skip
    def test_what_was_read_with_a_remark(self, text: str, said: str) -> None:
        reading = read(text)
        assert only(reading).citation.startswith("T.")
        assert [said in problem.text for problem in reading.problems] == [True]

    def test_two_entries_of_which_the_first_has_no_end_stay_two(self) -> None:
        reading = read(ris("TI  - T", "PY  - 2020").replace("ER  -\n", "") + ris("TI  - U", "PY  - 2021"))
        assert [one.citation for one in reading.references] == ["T. 2020.", "U. 2021."]

    def test_what_a_citation_has_no_place_for_is_counted(self) -> None:
        reading = read(ris("TI  - T", "PY  - 2020", "AB  - Long", "KW  - a", "KW  - b", "ID  - 3"))
        assert reading.not_used == (("AB", 1), ("KW", 2))

    def test_a_pubmed_number_by_its_address_or_its_database(self) -> None:
        address = "UR  - https://pubmed.ncbi.nlm.nih.gov/37634145/"
        assert only(read(ris("TI  - T", "PY  - 2020", address))).pmid == "37634145"
        assert only(read(ris("TI  - T", "PY  - 2020", "AN  - 12", "DB  - PubMed"))).pmid == "12"
        foreign = read(ris("TI  - T", "PY  - 2020", "AN  - 12", "DB  - Scopus"))
        assert (only(foreign).pmid, foreign.not_used) == ("", (("AN", 1), ("DB", 1)))

    def test_a_line_of_a_title_is_no_tag(self) -> None:
        assert only(read(ris("TI  - A trial in the", "UK - based units", "PY  - 2020"))).citation == (
            "A trial in the UK - based units. 2020."
        )


class TestNbib:
    def test_an_article(self) -> None:
        reading = read(NBIB)
        assert only(reading) == ReadReference(
            1,
            2,
            "Thiele H, Zeymer U, ECLS-SHOCK Investigators. Extracorporeal Life Support in Infarct-Related"
            " Cardiogenic Shock. N Engl J Med. 2023;389(14):1286-1297.",
            DOI,
            "37634145",
        )
        assert (reading.format, reading.problems, reading.not_used) == ("NBIB", (), ())

    def test_two_entries_with_and_without_a_line_between(self) -> None:
        for gap in ("", "\n"):
            reading = read(NBIB + gap + NBIB.lstrip().replace("37634145", "12"))
            assert [one.pmid for one in reading.references] == ["37634145", "12"]

    def test_full_names_where_there_are_no_short_ones(self) -> None:
        text = NBIB.replace("AU  - Thiele H\n", "").replace("AU  - Zeymer U\n", "")
        assert only(read(text)).citation.startswith("Thiele H, Zeymer U, ECLS-SHOCK Investigators. ")

    def test_an_entry_without_a_title(self) -> None:
        reading = read("PMID- 12\nDP  - 2020\n")
        assert reading.references == ()
        assert [problem.where for problem in reading.problems] == ["Entry 1, line 1"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "No entry was found"),
        (b"Thiele H. A trial. 2023.", "No entry was found"),
        (b"%PDF-1.7\x00\x01", "no text"),
        (b"\x81\x8d", "no text"),
        (b"a" * (MOST_BYTES + 1), "larger than 2 MiB"),
        (b"TY  - JOUR\nER  -\n" * 2001, "2,001 entries"),
    ],
)
def test_what_is_refused(data: bytes, said: str) -> None:
    reading = read_references(data)
    assert said in reading.refusal
    assert reading.references == ()


def test_as_many_as_are_allowed() -> None:
    assert len(read(ris("TI  - T", "PY  - 2020") * 2000).references) == 2000


@pytest.mark.parametrize(
    ("author", "short"),
    [
        ("Thiele, Holger", "Thiele H"),
        ("Thiele, H. J.", "Thiele HJ"),
        ("Thiele, HJ", "Thiele HJ"),
        ("Berg, Jan van der", "Berg J van der"),
        ("King, Martin Luther, Jr.", "King ML Jr"),
        ("Møller, Jacob E.", "Møller JE"),
        ("王, 伟", "王 伟"),
        ("ECLS-SHOCK Investigators", "ECLS-SHOCK Investigators"),
        ("World Health Organization,", "World Health Organization"),
    ],
)
def test_names(author: str, short: str) -> None:
    assert short_name(author) == short


@pytest.mark.parametrize(
    ("authors", "listed"),
    [
        ("A", "A"),
        ("ABCDEF", "A, B, C, D, E, F"),
        ("ABCDEFG", "A, B, C, D, E, F, et al"),
        (["A", "et al."], "A, et al"),
        ("", ""),
    ],
)
def test_six_authors_then_et_al(authors: list[str], listed: str) -> None:
    assert listed_authors(list(authors)) == listed


@pytest.mark.parametrize(
    "given",
    [DOI, "10.1056/NEJMoa2307227", f"https://doi.org/{DOI}", f"http://dx.doi.org/{DOI}", f" doi: {DOI}. ", f"DOI:{DOI}",
     "https://doi.org/10.1056%2Fnejmoa2307227"],
)  # fmt: skip
def test_spellings_of_a_doi(given: str) -> None:
    assert clean_doi(given) == DOI


@pytest.mark.parametrize(
    "given",
    ["11.1056/x", "10.1056", "10.1056/", "10.1/x", "see text", "10.1056/a b", "10.1056/" + "x" * 200],
)
def test_no_doi(given: str) -> None:
    with pytest.raises(NoIdentifier, match="DOI"):
        clean_doi(given)


def test_spellings_of_a_pmid() -> None:
    spelled = ("37634145", " PMID: 37634145", "https://pubmed.ncbi.nlm.nih.gov/37634145/", "037634145")
    assert {clean_pmid(given) for given in spelled} == {"37634145"}
    for none in ("0", "PMC37634145", "٣٧", "1234567890"):
        with pytest.raises(NoIdentifier, match="no PMID"):
            clean_pmid(none)


def test_the_address_of_a_doi_is_quoted() -> None:
    assert doi_address(DOI) == f"https://doi.org/{DOI}"
    assert doi_address('10.1000/<x>"#1') == "https://doi.org/10.1000/%3Cx%3E%22%231"
    assert doi_address("") == ""


ODD_LINES = ["", "ER  -", "TY  - CHAP", "AU  - ,", "TI  - ,", "DO  - 10."]
LINES = st.lists(
    st.one_of(
        st.sampled_from([*RIS.splitlines(), *NBIB.splitlines(), *ODD_LINES]),
        st.text(max_size=30),
    ),
    max_size=25,
)


@given(
    st.one_of(st.binary(max_size=200), LINES.map(lambda lines: "\n".join(lines).encode("utf-8", "replace")))
)
@example(b"TY  - JOUR\nTI  - " + b"a" * 5000)
@example(b"\xff\xfe\x00\xd8")
def test_nothing_raises_and_every_entry_is_accounted_for(data: bytes) -> None:
    reading = read_references(data)
    read_or_named = {one.entry for one in reading.references}
    read_or_named |= {problem.entry for problem in reading.problems if problem.is_left_out and problem.entry}
    assert read_or_named == set(range(1, max(read_or_named, default=0) + 1))
    assert all(one.citation == " ".join(one.citation.split()) for one in reading.references)
    assert bool(reading.refusal) or reading.format in ("RIS", "NBIB")
