"""`manage.py import_etd`: an existing document becomes a question, and nothing of it is lost."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from documents.assemble import assemble
from documents.importing.plain_text import as_markdown
from documents.published import document_bytes
from etd.actions import audit
from etd.actions.frameworks import create_own_framework
from etd.enums import Basis, QuestionStatus, Role
from etd.frameworks.overlay import Changes, OwnCriterion
from etd.models import (
    AuditChainHead,
    AuditEvent,
    CriterionAssessment,
    Judgement,
    KeptPart,
    OutcomeRow,
    Question,
    Recommendation,
    SourceDocument,
    User,
)
from tests import factories
from tests.integration.conftest import get_question
from tests.unit.documents.importing.example import FOLDER, SOURCE
from tests.unit.documents.importing.page import page

FILE = FOLDER / "source.txt"
GUIDELINE = "ilcor-als"


def run(*arguments: str) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("import_etd", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def refused(*arguments: str) -> str:
    before = Question.objects.count()
    with pytest.raises(CommandError) as caught:
        call_command("import_etd", *arguments, stdout=io.StringIO())
    assert caught.value.returncode == 2
    assert Question.objects.count() == before
    return str(caught.value)


def imported(slug: str = "imported") -> Question:
    return Question.objects.select_related("guideline", "recommendation").get(slug=slug)


def written(tmp_path: Path, text: str | bytes, name: str = "document.txt") -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def without_the_moment(content: Any) -> Any:
    """A document without when it was recorded, the digests, which hold ids of rows, and its address."""
    if isinstance(content, dict):
        left_out = {"at", "evidence_digest", "slug"}
        return {name: without_the_moment(value) for name, value in content.items() if name not in left_out}
    return [without_the_moment(one) for one in content] if isinstance(content, list | tuple) else content


def test_the_example_s_text_becomes_the_question_that_the_fixture_gives(example: None) -> None:
    output, status = run(str(FILE), "--guideline", GUIDELINE, "--slug", "imported")
    assert status == 0
    assert output.startswith(f"Stored as {GUIDELINE}/imported: Mechanical circulatory support")
    assert "Not understood: 0" in output
    question = imported()
    assert question.status == QuestionStatus.EVIDENCE
    read, loaded = (
        without_the_moment(json.loads(document_bytes(assemble(one)))) for one in (question, get_question())
    )
    source = read.pop("source")
    assert source["file_name"] == "source.txt"
    assert source["sha256"] == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert loaded.pop("source") is None
    assert read == loaded
    assert read["criteria"]
    assert not KeptPart.objects.filter(question=question).exists()


def test_judgements_rest_on_the_document_and_are_the_chair_s_act(example: None) -> None:
    run(str(FILE), "--guideline", GUIDELINE, "--slug", "imported")
    judgements = Judgement.objects.filter(assessment__question=imported())
    assert {judgement.basis for judgement in judgements} == {Basis.DOCUMENT}
    assert {judgement.judged_by.email for judgement in judgements} == {"chair@example.org"}
    assert Recommendation.objects.get(question=imported()).type_basis == Basis.DOCUMENT
    assert {row.source for row in OutcomeRow.objects.filter(table__question=imported())} == {"reported"}
    assert [audit.verify_chain(head.chain) for head in AuditChainHead.objects.all()] == [
        [] for _ in AuditChainHead.objects.all()
    ]


def test_what_is_not_understood_is_kept_beside_the_question_and_shown(example: None, tmp_path: Path) -> None:
    text = SOURCE.replace("\tSETTING:", "\tAUTHORS:\n\tA. *Author*\n\n\tSETTING:")
    text = text.replace("0.97 (0.73–1.30)", "1.97 (0.73–1.30)")
    output, status = run(written(tmp_path, text), "--guideline", GUIDELINE, "--slug", "imported")
    assert status == 1
    assert "Question, AUTHORS: (lines 17 to 18): “AUTHORS:” is not a field of this framework." in output
    assert "    | \tA. *Author*" in output
    parts = list(KeptPart.objects.filter(question=imported()))
    assert [part.heading for part in parts] == [
        "Question, AUTHORS: (lines 17 to 18)",
        "Desirable Effects, Table 2, row 3 (Resuscitated cardiac arrest with cardiogenic shock) (lines 88 to 94)",
    ]
    assert {part.former_framework for part in parts} == {"the document document.txt"}
    assert parts[0].text == as_markdown(["AUTHORS:", "\tA. *Author*"])
    assert "208/380 (55%)" in parts[1].text
    assert OutcomeRow.objects.filter(table__question=imported()).count() == 11
    assert AuditEvent.objects.filter(question="imported", type="parts_kept").count() == 1
    browser = Client()
    browser.force_login(
        User.objects.get(email="panel@example.org"), backend="django.contrib.auth.backends.ModelBackend"
    )
    page = browser.get(f"/guidelines/{GUIDELINE}/imported/framework/").content.decode()
    assert "A. *Author*" in page
    assert "From the document document.txt" in page


def test_with_json_there_is_nothing_but_json(example: None, tmp_path: Path) -> None:
    text = "Page 1\n" + SOURCE
    output, status = run(written(tmp_path, text), "--guideline", GUIDELINE, "--slug", "imported", "--json")
    report = json.loads(output)
    assert status == 1
    assert (report["question"], report["stored"], report["encoding"]) == (
        f"{GUIDELINE}/imported",
        True,
        "utf-8",
    )
    assert report["imported_by"] == "chair@example.org"
    assert report["framework"] == {"key": imported().framework_key, "version": imported().framework_version}
    (left,) = report["not_understood"]
    assert (left["first_line"], left["text"]) == (1, "Page 1")
    assert len(report["criteria"]) == CriterionAssessment.objects.filter(question=imported()).count()
    assert len(report["understood"]) > 100


def test_a_trial_says_the_same_and_stores_nothing(example: None) -> None:
    events = AuditEvent.objects.count()
    output, status = run(str(FILE), "--guideline", GUIDELINE, "--dry-run")
    assert status == 0
    assert output.startswith(
        "A trial, nothing was stored. It would become ilcor-als/mechanical-circulatory-support"
    )
    assert not Question.objects.filter(slug__startswith="mechanical").exists()
    assert AuditEvent.objects.count() == events
    report = json.loads(run(str(FILE), "--guideline", GUIDELINE, "--dry-run", "--json")[0])
    assert report["stored"] is False
    assert len(report["question"].partition("/")[2]) <= 80


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_the_encoding_is_found_out(example: None, tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, SOURCE.replace("\n", "\r\n").encode(encoding))
    assert run(path, "--guideline", GUIDELINE, "--slug", "imported")[1] == 0
    assert imported().population == get_question().population


@pytest.mark.parametrize(
    ("write", "said"),
    [(lambda: page().encode(), "HTML"), (lambda: document_bytes(assemble(get_question())), "OpenEtD’s JSON")],
    ids=["html", "json"],
)
def test_other_formats_are_read_too(
    example: None, tmp_path: Path, write: Callable[[], bytes], said: str
) -> None:
    path = written(tmp_path, write(), "etd.bin")
    output, _ = run(path, "--guideline", GUIDELINE, "--slug", "imported", "--organisation", "Another body")
    assert f"Read as {said}, by:" in output
    assert imported().intervention == get_question().intervention
    source = SourceDocument.objects.get(question=imported())
    assert (source.organisation, bytes(source.original)) == ("Another body", Path(path).read_bytes())


def test_the_input_is_read_too(example: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SOURCE.encode()), encoding="ascii"))
    assert run("-", "--guideline", GUIDELINE, "--slug", "imported")[1] == 0
    assert imported().title == get_question().title


def test_a_document_without_a_title_is_called_by_its_file(example: None, tmp_path: Path) -> None:
    text = SOURCE.replace(f"\t{get_question().title}\n", "")
    output, _ = run(written(tmp_path, text, "my etd.txt"), "--guideline", GUIDELINE)
    assert f"{GUIDELINE}/imported" in output
    assert imported().title == "my etd.txt"


def test_outcomes_that_do_not_say_what_is_better_wait_for_a_word(example: None, tmp_path: Path) -> None:
    path = written(tmp_path, SOURCE.replace("Survival at 6 months", "Days at 6 months"))
    output, status = run(path, "--guideline", GUIDELINE, "--slug", "waiting")
    assert status == 1
    assert "import again and say so (--better)" in output
    assert run(path, "--guideline", GUIDELINE, "--slug", "told", "--better", "lower")[1] == 0
    sides = dict(imported("told").outcomes.values_list("name", "better"))
    assert sides["Days at 6 months or 1 year, n (%)"] == "lower"
    assert sides["Survival at the longest follow-up available, n (%)"] == "higher"
    assert imported("waiting").outcomes.count() == imported("told").outcomes.count() - 1


def test_two_types_are_flagged_and_none_is_recorded(example: None, tmp_path: Path) -> None:
    path = written(tmp_path, SOURCE.replace("\t○ \n\t○ \n\t● ", "\t○ \n\t● \n\t● "))
    output, status = run(path, "--guideline", GUIDELINE, "--slug", "imported")
    assert status == 1
    assert "More than one type is ticked" in output
    assert imported().recommendation.type_key == ""
    assert KeptPart.objects.filter(question=imported()).count() == 2


def test_what_cannot_be_read_ends_with_status_2(example: None, tmp_path: Path) -> None:
    into = ("--guideline", GUIDELINE)
    assert "could not be read: No such file" in refused(str(tmp_path / "none.txt"), *into)
    assert "Word file" in refused(written(tmp_path, b"PK\x03\x04"), *into)
    assert "No part of an Evidence-to-Decision document" in refused(written(tmp_path, "Dear all"), *into)
    assert "larger than 10 MiB" in refused(written(tmp_path, b"x" * (10 * 1024**2 + 1)), *into)
    assert f"There are: {GUIDELINE}." in refused(str(FILE), "--guideline", "other")


def test_an_address_that_is_taken_reserved_or_none_ends_with_status_2(example: None) -> None:
    into = (str(FILE), "--guideline", GUIDELINE)
    assert "already" in refused(*into, "--slug", "mcs-after-rosc")
    assert "--slug" in refused(*into, "--slug", "settings")
    assert "is no address" in refused(*into, "--slug", "a b")
    assert "80 characters" in refused(*into, "--slug", "a" * 81)
    assert run(*into)[1] == 0
    assert "--slug gives another address" in refused(*into)


def test_only_who_may_record_judgements_imports(example: None) -> None:
    into = (str(FILE), "--guideline", GUIDELINE, "--slug", "imported", "--as")
    assert "is no member" in refused(*into, "outsider@example.org")
    assert "is no member" in refused(*into, "nobody@example.org")
    for name in ("panel", "staff", "observer"):
        assert "may not record judgements" in refused(*into, f"{name}@example.org")
    assert run(*into, "Methodologist@example.org")[1] == 0
    assert imported().created_by.email == "methodologist@example.org"


def test_a_guideline_without_a_chair_is_told_to_say_who(example: None) -> None:
    guideline = factories.guideline(slug="empty")
    factories.panel_membership(guideline=guideline, role=Role.METHODOLOGIST)
    assert "has no chair: say who" in refused(str(FILE), "--guideline", "empty")


def test_a_criterion_of_the_guideline_s_own_framework_is_read_by_that_framework(
    example: None, tmp_path: Path
) -> None:
    chair = User.objects.get(email="chair@example.org")
    shipped = get_question().framework
    planet_criterion = OwnCriterion("own_planet", "Planet", "Is it good for the planet?", ("No", "Yes"))
    own = create_own_framework(
        guideline=get_question().guideline,
        title="With the planet",
        base_key=shipped.key,
        base_version=shipped.version,
        changes=Changes(own_criteria=(planet_criterion,)),
        by=chair,
    )
    block = (
        "\tPlanet\nIs it good for the planet?\n\n\tJUDGEMENT\n\tRESEARCH EVIDENCE\n\n"
        "\t○ No\n● Yes\n\tLess waste.\n\n\tEquity\n"
    )
    path = written(tmp_path, SOURCE.replace("\tEquity\n", block))
    assert run(path, "--guideline", GUIDELINE, "--slug", "imported")[1] == 0
    assert imported().own_framework == own
    planet = CriterionAssessment.objects.get(question=imported(), criterion_key="own_planet")
    assert planet.research_evidence == "Less waste."
    assert planet.judgements.count() == 1


def test_a_document_keeps_the_words_that_it_was_made_in(example: None, tmp_path: Path) -> None:
    """This guideline says weak, its document says conditional, as the first version of the framework does."""
    run(str(FILE), "--guideline", GUIDELINE, "--slug", "conditional")
    text = SOURCE.replace("\tConditional recommendation", "\tWeak recommendation")
    assert run(written(tmp_path, text), "--guideline", GUIDELINE, "--slug", "weak")[1] == 0
    assert [imported(slug).framework_version for slug in ("conditional", "weak")] == [1, 2]
    assert imported("conditional").recommendation.type_key == imported("weak").recommendation.type_key != ""
