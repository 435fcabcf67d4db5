"""The example out as a Word file and in again; the file's address and the command."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from documents.assemble import assemble
from documents.published import document_bytes
from documents.word_etd import word_file
from etd.models import CriterionAssessment, KeptPart, Question
from tests.integration.conftest import ClientFor, get_question

GUIDELINE = "ilcor-als"
PLACE = {"guideline": GUIDELINE, "question": "mcs-after-rosc-update"}
# What the layout cannot say. A judgement that was taken over has this moment and rests on the document.
CANNOT_SAY = ("slug", "status", "status_label", "source", "version", "at", "evidence_digest")
# What of the file is printed from records that are not in it.
RECORDS = "Records of OpenEtD"


def without(content: Any, left_out: tuple[str, ...]) -> Any:
    if isinstance(content, dict):
        return {name: without(value, left_out) for name, value in content.items() if name not in left_out}
    return [without(one, left_out) for one in content] if isinstance(content, list) else content


def differences(one: Any, other: Any, place: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for name in one for found in differences(one[name], other[name], f"{place}.{name}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for place_, (a, b) in pairs for found in differences(a, b, f"{place}[{place_}]")]
    return [] if one == other else [f"{place}: {one!r} is not {other!r}"]


def out_and_in(tmp_path: Path, slug: str) -> tuple[dict[str, Any], Question]:
    file = tmp_path / "etd.docx"
    call_command("export_etd", f"{GUIDELINE}/{slug}", format="docx", output=str(file), stderr=io.StringIO())
    out = io.StringIO()
    try:
        arguments = [str(file), "--guideline", GUIDELINE, "--slug", "again", "--json"]
        call_command("import_etd", *arguments, stdout=out)
    except SystemExit as end:
        assert end.code == 1  # noqa: PT017 -- parts of it were kept aside
    return json.loads(out.getvalue()), Question.objects.get(slug="again")


def test_the_example_comes_back_without_a_difference(example: None, tmp_path: Path) -> None:
    report, again = out_and_in(tmp_path, "mcs-after-rosc")
    both = (get_question("mcs-after-rosc"), again)
    went, came = (without(json.loads(document_bytes(assemble(one))), CANNOT_SAY) for one in both)
    assert differences(went, came) == []
    assert len(went["criteria"]) == 12
    assert {left["where"] for left in report["not_understood"]} <= {RECORDS}
    assert not any("marking is lost" in flag["message"] for flag in report["flags"])


def test_what_is_printed_from_records_is_kept_beside_the_question(example: None, tmp_path: Path) -> None:
    """The question with an open round: of its panel something is printed, of the votes nothing."""
    report, again = out_and_in(tmp_path, "mcs-after-rosc-vote")
    assert {left["where"] for left in report["not_understood"]} == {RECORDS}
    kept = "\n".join(KeptPart.objects.filter(question=again).values_list("text", flat=True))
    assert "PANEL AND CONFLICTS OF INTEREST" in kept


def test_a_text_typed_in_the_product_comes_back(example: None, tmp_path: Path) -> None:
    typed = (
        "**Bold**, *slanted* and [a site](https://example.org/x?a=b)[^1]\n\n"
        "- one\n  1. two\n- ○ Yes\n\nCONCLUSIONS\n● No"
    )
    assessment = CriterionAssessment.objects.get(question=get_question(), criterion_key="equity")
    assessment.additional_considerations = typed
    assessment.save()
    _, again = out_and_in(tmp_path, "mcs-after-rosc-update")
    read = CriterionAssessment.objects.get(question=again, criterion_key="equity")
    assert read.additional_considerations == typed


def test_the_address_gives_the_file_as_a_download(client_for: ClientFor) -> None:
    answer = client_for("panel member").get(reverse("document_docx", kwargs=PLACE))
    assert answer.status_code == 200
    assert answer["Content-Type"].endswith("wordprocessingml.document")
    assert answer["Content-Disposition"] == 'attachment; filename="ilcor-als-mcs-after-rosc-update.docx"'
    assert answer.content == word_file(assemble(get_question()))


def test_a_sign_that_word_cannot_hold_is_told_with_its_place(client_for: ClientFor, tmp_path: Path) -> None:
    CriterionAssessment.objects.filter(question=get_question(), criterion_key="equity").update(
        research_evidence="Costs\x0brise"
    )
    answer = client_for("chair").get(reverse("document_docx", kwargs=PLACE))
    assert answer.status_code == 422
    assert "Equity: the sign U+000B after “Costs” cannot stand in a Word file." in answer.content.decode()
    with pytest.raises(CommandError, match="Equity"):
        call_command("export_etd", "mcs-after-rosc-update", format="docx", output=str(tmp_path / "x.docx"))
    assert not (tmp_path / "x.docx").exists()


def test_the_command_refuses_what_is_no_word_file(example: None, tmp_path: Path) -> None:
    file = tmp_path / "etd.docx"
    file.write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    before = Question.objects.count()
    with pytest.raises(CommandError, match=r"\(\.doc\)"):
        call_command("import_etd", str(file), "--guideline", GUIDELINE)
    assert Question.objects.count() == before
