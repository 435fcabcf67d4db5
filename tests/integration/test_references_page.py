"""The page of references: what is cited, what is missing, one by hand, many from a file."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from documents.assemble import assemble
from etd.actions import assessments, questions, references
from etd.enums import QuestionStatus
from etd.models import CriterionAssessment, Reference
from etd.selectors.question import load_etd
from etd.selectors.references import cited_at, reference_list
from tests.integration.conftest import ClientFor, demo, get_question

SLUG = "mcs-after-rosc-update"
HOME = f"/guidelines/ilcor-als/{SLUG}/"
LIST = f"{HOME}references/"
EDITORS = ("chair", "methodologist")
READERS = ("panel member", "staff", "observer")
CHAIR = demo("chair")
DOI = "10.1056/nejmoa2307227"
RIS = f"""TY  - JOUR
AU  - Thiele, Holger
TI  - Extracorporeal life support in infarct-related cardiogenic shock
JO  - N Engl J Med
PY  - 2023
VL  - 389
SP  - 1286
EP  - 1297
DO  - https://doi.org/{DOI}
AB  - Long.
ER  -
TY  - JOUR
AU  - Møller, Jacob E.
TI  - Microaxial flow pump or standard care
JO  - N Engl J Med
PY  - 2024
ER  -
TY  - JOUR
AU  - Nobody, N.
ER  -
"""
THIELE = "Thiele H. Extracorporeal life support in infarct-related cardiogenic shock. N Engl J Med. 2023;389:1286-1297."
MOLLER = "Møller JE. Microaxial flow pump or standard care. N Engl J Med. 2024."


def page(client: Client, address: str = LIST) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def listed() -> dict[int, str]:
    stored = Reference.objects.filter(question=get_question(SLUG)).exclude(citation="")
    return dict(stored.order_by("number").values_list("number", "citation"))


def add(number: int, citation: str, **more: Any) -> Reference:
    return references.add_reference(
        question=get_question(SLUG), number=number, citation=citation, by=CHAIR(), **more
    )


def write(text: str) -> None:
    """As the research evidence of equity, which cites nothing in the example."""
    stored = CriterionAssessment.objects.get(question=get_question(SLUG), criterion_key="equity")
    assessments.edit_texts(
        question=get_question(SLUG),
        criterion_key="equity",
        research_evidence=text,
        additional_considerations=stored.additional_considerations,
        revision=stored.revision,
        by=CHAIR(),
    )


def read(client: Client, text: str = RIS) -> str:
    """The preview of pasted text."""
    answer = client.post(f"{LIST}import/", {"text": text})
    assert answer.status_code == 200, words(answer.content.decode())
    return answer.content.decode()


def store(client: Client, preview: str, do: str = "new", **more: str) -> tuple[int, str]:
    fields = dict(re.findall(r'name="(shown|first)" value="([^"]*)"', preview))
    answer = client.post(f"{LIST}import/store/", fields | {"do": do} | more)
    return answer.status_code, answer.content.decode()


@pytest.mark.usefixtures("example")
class TestList:
    def test_what_is_cited_without_a_reference_stands_on_top(self, client_for: ClientFor) -> None:
        found = reference_list(load_etd(get_question(SLUG), None))
        assert [one.number for one in found.dangling] == sorted(
            Reference.objects.filter(question=get_question(SLUG)).values_list("number", flat=True)
        )
        html = page(client_for("methodologist"))
        assert html.count("?number=") == len(found.dangling)
        assert f'href="{HOME}#criterion-' in html

    def test_a_reference_says_where_it_is_cited_and_leads_to_its_doi(self, client_for: ClientFor) -> None:
        add(90, THIELE, doi=DOI, pmid="37634145")
        add(91, MOLLER)
        write("As shown.[^89–90]")
        html = page(client_for("observer"))
        entry = html[html.index('id="reference-90"') : html.index('id="reference-91"')]
        assert f'href="https://doi.org/{DOI}" rel="noopener"' in entry
        assert 'href="https://pubmed.ncbi.nlm.nih.gov/37634145/" rel="noopener"' in entry
        assert "Cited in Equity, research evidence" in words(entry).replace("’", "'").replace(
            "EQUITY", "Equity"
        )
        assert "No text cites it." in html[html.index('id="reference-91"') :]
        assert "89" in [
            str(one.number) for one in reference_list(load_etd(get_question(SLUG), None)).dangling
        ]

    @pytest.mark.parametrize("actor", READERS)
    def test_who_only_reads_is_offered_nothing_to_edit(self, actor: str, client_for: ClientFor) -> None:
        add(90, THIELE)
        html = page(client_for(actor))
        assert THIELE in html
        assert re.findall(r"references/(?:new|import|\d+)/", html) == []

    def test_nothing_to_edit_while_the_texts_are_frozen(self, client_for: ClientFor) -> None:
        questions.change_status(question=get_question(SLUG), status=QuestionStatus.VOTING, by=CHAIR())
        assert f"{LIST}new/" not in page(client_for("chair"))
        answer = client_for("chair").post(
            f"{LIST}new/", {"number": "90", "citation": THIELE, "revision": "0"}
        )
        assert (answer.status_code, listed()) == (409, {})
        assert THIELE in answer.content.decode()

    def test_the_queries_do_not_grow_with_the_list(self, client_for: ClientFor) -> None:
        client = client_for("panel member")
        page(client)
        with CaptureQueriesContext(connection) as few:
            page(client)
        for number in range(60, 80):
            add(number, f"Reference {number}")
        with CaptureQueriesContext(connection) as many:
            page(client)
        assert len(many) == len(few) <= 25

    def test_marks_on_the_question_page_lead_to_the_list(self, client_for: ClientFor) -> None:
        add(90, THIELE)
        write("As shown.[^90] And not.[^89]")
        html = page(client_for("observer"), HOME)
        assert f'<sup class="citation"><a href="{HOME}#reference-90">90</a></sup>' in html
        assert '<span class="dangling" title="Not in the list of references: 89">89</span>' in html
        assert html.count('id="reference-90"') == 1


@pytest.mark.usefixtures("example")
class TestByHand:
    @pytest.mark.parametrize("actor", EDITORS)
    def test_add_under_the_number_that_is_missing(self, actor: str, client_for: ClientFor) -> None:
        client = client_for(actor)
        assert 'value="1"' in page(client, f"{LIST}new/?number=1")
        answer = client.post(
            f"{LIST}new/?number=1",
            {"number": "1", "citation": THIELE, "doi": f"https://doi.org/{DOI}", "revision": "0"},
        )
        assert answer["Location"] == f"{LIST}#reference-1"
        assert listed() == {1: THIELE}
        assert Reference.objects.get(question=get_question(SLUG), number=1).doi == DOI

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ({"number": "0"}, "Write a number from 1 to 99,999."),
            ({"number": "x"}, "Write a number from 1 to 99,999."),
            ({"citation": " "}, "A reference needs its citation."),
            ({"doi": "see text"}, "“see text” is no DOI: one looks like 10.1056/nejmoa2307227."),
            ({"pmid": "PMC1"}, "“PMC1” is no PMID"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(
        self, values: dict[str, str], said: str, client_for: ClientFor
    ) -> None:
        sent = {"number": "90", "citation": THIELE, "revision": "0"} | values
        answer = client_for("chair").post(f"{LIST}new/", sent)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert listed() == {}

    def test_a_taken_number_loses_nothing_typed(self, client_for: ClientFor) -> None:
        add(90, THIELE)
        answer = client_for("chair").post(
            f"{LIST}new/", {"number": "90", "citation": MOLLER, "revision": "0"}
        )
        assert answer.status_code == 409
        assert "Number 90 has been given to" in answer.content.decode()
        assert MOLLER in answer.content.decode()

    def test_edit_and_a_stale_edit(self, client_for: ClientFor) -> None:
        add(90, "Thiele 2023")
        client, address = client_for("methodologist"), f"{LIST}90/edit/"
        assert "Thiele 2023" in page(client, address)
        assert client.post(address, {"citation": THIELE, "revision": "1"}).status_code == 302
        stale = client.post(address, {"citation": MOLLER, "revision": "1"})
        assert stale.status_code == 409
        shown = stale.content.decode()
        assert (THIELE in shown, MOLLER in shown) == (True, True)
        assert listed() == {90: THIELE}
        assert client.post(address, {"citation": MOLLER, "revision": "1", "over": "2"}).status_code == 302
        assert listed() == {90: MOLLER}

    def test_remove_is_refused_while_a_text_cites_it(self, client_for: ClientFor) -> None:
        add(90, THIELE)
        write("As shown.[^90]")
        client, address = client_for("chair"), f"{LIST}90/remove/"
        assert "Remove the reference" not in page(client, address)
        assert client.post(address).status_code == 409
        (place,) = cited_at(get_question(SLUG))[90]
        assert place.endswith(", research evidence")
        assert listed() == {90: THIELE}
        write("As shown.")
        assert "Remove the reference" in page(client, address)
        assert client.post(address).status_code == 302
        assert listed() == {}

    @pytest.mark.parametrize("number", ["4711", "9" * 30])
    def test_a_number_that_is_not_there_leads_nowhere(self, number: str, client_for: ClientFor) -> None:
        add(90, THIELE)
        for what in ("edit", "remove"):
            answer = client_for("chair").post(
                f"{LIST}{number}/{what}/", {"citation": MOLLER, "revision": "1"}
            )
            assert answer.status_code == 404
        assert listed() == {90: THIELE}


@pytest.mark.usefixtures("example")
class TestImport:
    def test_a_preview_stores_nothing_and_names_what_it_leaves_out(self, client_for: ClientFor) -> None:
        html = words(read(client_for("methodologist")))
        assert "2 new 1 left out RIS, UTF-8" in html
        assert "Entry 3, line 18, left out. Has no title (TI or T1)" in html
        assert "no place for these fields: AB." in html
        assert (THIELE in html, MOLLER in html) == (True, True)
        assert listed() == {}

    def test_then_it_is_stored_after_the_last_number(self, client_for: ClientFor) -> None:
        client = client_for("methodologist")
        last = max(one.number for one in reference_list(load_etd(get_question(SLUG), None)).dangling)
        assert store(client, read(client))[0] == 302
        assert listed() == {last + 1: THIELE, last + 2: MOLLER}

    def test_or_from_the_number_that_is_missing(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        add(2, "Taken already")
        status, again = store(client, read(client), do="number", first="1")
        assert (status, listed()) == (200, {2: "Taken already"})
        assert store(client, again)[0] == 302
        assert listed() == {1: THIELE, 2: "Taken already", 3: MOLLER}

    def test_other_numbers_than_shown_are_shown_first(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        status, again = store(client, read(client), do="new", first="1")
        assert (status, listed()) == (409, {})
        assert "these are the numbers from 1 on" in again
        assert store(client, again)[0] == 302
        assert listed() == {1: THIELE, 2: MOLLER}

    def test_what_is_in_the_list_already_is_said_and_left_out(self, client_for: ClientFor) -> None:
        add(80, "The same work in other words", doi=DOI)
        client = client_for("chair")
        preview = read(client, RIS + RIS.split("ER  -")[1].lstrip() + "ER  -\n")
        assert "The same as reference 80." in words(preview)
        assert "The same as entry 2 of this file." in words(preview)
        assert store(client, preview)[0] == 302
        assert listed() == {80: "The same work in other words", 81: MOLLER}
        assert store(client, read(client), do="all")[0] == 302
        assert sorted(listed().values()) == sorted(["The same work in other words", MOLLER, MOLLER, THIELE])

    def test_a_number_that_was_taken_since_is_not_written_over(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        preview = store(client, read(client), do="number", first="1")[1]
        add(1, "Somebody was faster")
        status, again = store(client, preview)
        assert (status, listed()) == (409, {1: "Somebody was faster"})
        assert store(client, again)[0] == 302
        assert listed() == {1: "Somebody was faster", 2: THIELE, 3: MOLLER}

    def test_a_file(self, client_for: ClientFor) -> None:
        file = SimpleUploadedFile("refs.ris", RIS.encode("cp1252"))
        answer = client_for("chair").post(f"{LIST}import/", {"file": file})
        assert "Windows-1252" in answer.content.decode()
        assert MOLLER in answer.content.decode()

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({}, "Choose a file, or paste."),
            ({"text": "Thiele 2023"}, "No entry was found"),
            ({"file": SimpleUploadedFile("x.ris", b"%PDF\x00")}, "This is no text"),
            ({"file": SimpleUploadedFile("x.ris", b"a" * (2 * 1024 * 1024 + 1))}, "larger than 2 MiB"),
        ],
    )
    def test_what_cannot_be_read(self, sent: dict[str, object], said: str, client_for: ClientFor) -> None:
        answer = client_for("chair").post(f"{LIST}import/", sent)
        assert answer.status_code == 422
        assert said in answer.content.decode()

    @pytest.mark.parametrize("shown", ["", "made:up:value"])
    def test_only_what_a_preview_showed_is_stored(self, shown: str, client_for: ClientFor) -> None:
        sent = {"shown": shown, "first": "1", "do": "new"}
        answer = client_for("chair").post(f"{LIST}import/store/", sent)
        assert answer.status_code == 422
        assert "please read the file again" in answer.content.decode()
        assert listed() == {}

    def test_a_preview_of_another_question_is_not_stored_here(self, client_for: ClientFor) -> None:
        client = client_for("chair")
        other = client.post(f"{LIST.replace(SLUG, 'mcs-after-rosc')}import/", {"text": RIS}).content.decode()
        assert store(client, other)[0] == 422
        assert listed() == {}


def test_the_document_holds_doi_and_pmid(example: None) -> None:
    add(90, THIELE, doi=DOI, pmid="37634145")
    write("As shown.[^89]")
    document = assemble(get_question(SLUG))
    cited, last = document.references[-2:]
    assert (cited.number, cited.citation) == (89, "")
    assert (last.number, last.citation, last.doi, last.pmid) == (90, THIELE, DOI, "37634145")
