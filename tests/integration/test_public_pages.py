"""What everybody may read: what was published, as it was published, and nothing else of anybody."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from html import unescape
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from documents.actions import publishing
from documents.html import render_html
from documents.public import feed
from documents.selectors.published_versions import published_guidelines
from etd.actions import publication
from etd.models import (
    Question,
)
from tests import factories as f
from tests.integration.published import every_address, forget, left_out, publish, read, words
from tests.unit.documents.example import example as example_document
from tests.unit.documents.example import published as as_published
from tests.unit.etd import document_examples
from tests.unit.etd.worlds import panel_of

EXAMPLE = ("ilcor-als", "mcs-after-rosc")
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(autouse=True)
def nothing_is_kept() -> None:
    forget()


@pytest.fixture
def device(db: None) -> Question:
    """A question with the small document of the printed page's tests as its one version."""
    question = f.draft_question(guideline=f.guideline(slug="cardiac"), slug="device")
    publish(question, example_document())
    return question


FILES = ("document.pdf", "document.json")


# --- What stands on a page


def test_a_document_with_one_of_everything_is_on_its_page(device: Question) -> None:
    """But the name of its kind, and the headings under which nothing is recorded."""
    publish(device, as_published(), 2, "More trials.")
    missing = left_out(render_html(as_published()), read("cardiac", "device"))
    assert missing == {"Evidence-to-Decision", "SETTING", "ADDITIONAL CONSIDERATIONS"}


def test_the_recommendation_comes_first(device: Question) -> None:
    page = words(read("cardiac", "device"))
    order = [
        "We suggest the device.",
        "Weak recommendation for",
        "PDF",
        "Summary of judgements",
        "Assessment",
    ]
    assert [page.index(one) for one in order] == sorted(page.index(one) for one in order)


def test_a_question_that_is_published_shows_at_once(db: None) -> None:
    panel = panel_of()
    version = publishing.publish(**document_examples.publish(panel))
    place = (panel.guideline.slug, version.question.slug)
    assert version.document_sha256[:12] in read(*place)
    publication.withdraw_version(version=version, reason="A trial was retracted.", by=panel.chair)
    assert "A trial was retracted." in read(*place)


# --- Versions that do not hold


def test_of_a_superseded_version_the_newer_one_is_named(device: Question) -> None:
    newer = replace(example_document(), statements=())
    publish(device, newer, 2, "The second <trial>.")
    first, second = read("cardiac", "device", 1, name="published_version"), read("cardiac", "device")
    assert "There is a newer version" in first
    assert "We suggest the device." in first
    assert '<meta name="robots" content="noindex">' in first
    assert "There is a newer version" not in second
    assert "noindex" not in second
    assert "We suggest the device." not in second
    assert "The second &lt;trial&gt;." in first
    assert "The second &lt;trial&gt;." in second


def test_a_withdrawn_version_says_why_and_no_earlier_one_takes_its_place(device: Question) -> None:
    second = publish(device, example_document(), 2, "A second trial.")
    f.withdrawal(version=second, reason="The <second> trial was retracted.")
    page = read("cardiac", "device")
    assert "The &lt;second&gt; trial was retracted." in page
    assert "We suggest the device." not in page
    assert [reverse("published_version", args=["cardiac", "device", n]) in page for n in (1, 2)] == [
        True,
        True,
    ]
    own = read("cardiac", "device", 2, name="published_version")
    assert "This version was withdrawn on 15 January 2026" in own
    assert "We suggest the device." in own
    earlier = read("cardiac", "device", 1, name="published_version")
    assert "This version no longer holds" in earlier
    listed = read("cardiac", name="published_guideline")
    assert "The &lt;second&gt; trial was retracted." in listed
    assert "We suggest the device." not in listed
    assert "pill-withdrawn" in read(name="published_guidelines")


def test_an_earlier_version_that_is_withdrawn_leaves_the_newest_as_it_is(device: Question) -> None:
    f.withdrawal(version=device.versions.get())
    publish(device, example_document(), 2, "A second trial.")
    assert "We suggest the device." in read("cardiac", "device")
    assert "This version was withdrawn" in read("cardiac", "device", 1, name="published_version")


def test_a_document_of_an_unknown_schema_keeps_its_files(device: Question) -> None:
    text = '{"schema_version": "openetd-etd/0", "question": {"title": "An <old> one"}}'
    digest = hashlib.sha256(text.encode()).hexdigest()
    publish(device, example_document(), 2, "Old.", document=text, document_sha256=digest)
    page = read("cardiac", "device")
    assert "An &lt;old&gt; one" in page
    assert "This version cannot be shown as a page" in page
    assert Client().get(reverse("published_json", args=["cardiac", "device", 2])).content == text.encode()
    assert (
        Client().get(reverse("published_pdf", args=["cardiac", "device", 2])).content == b"%PDF-1.7 version 2"
    )
    assert "An &lt;old&gt; one" in read("cardiac", name="published_guideline")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"question": 1, "guideline": []}'])
def test_no_stored_text_breaks_a_page(text: str, device: Question) -> None:
    publish(device, example_document(), 2, "Broken.", document=text)
    answers = [Client().get(one).status_code for one in every_address("cardiac", "device", 2)]
    assert answers == [200] * len(answers)


# --- Caches may keep it


def test_pages_are_asked_for_again_and_files_are_kept_for_good(device: Question) -> None:
    for address in every_address("cardiac", "device"):
        answer = Client().get(address)
        expected = "public, max-age=31536000, immutable" if address.endswith(FILES) else "public, no-cache"
        assert answer["Cache-Control"] == expected
        again = Client().get(address, headers={"if-none-match": answer["ETag"]})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", answer["ETag"])
        assert again["Cache-Control"] == expected
        head = Client().head(address)
        assert (head.status_code, head.content, head["ETag"]) == (200, b"", answer["ETag"])


def test_a_page_that_has_changed_is_sent_again(device: Question) -> None:
    addresses = [
        reverse("published_question", args=["cardiac", "device"]),
        reverse("published_feed", args=["cardiac"]),
    ]
    known = {address: Client().get(address)["ETag"] for address in addresses}
    f.withdrawal(version=device.versions.get(), reason="Retracted.")
    for address, etag in known.items():
        answer = Client().get(address, headers={"if-none-match": etag})
        assert (answer.status_code, "Retracted." in answer.content.decode()) == (200, True)


def test_no_other_verb_is_taken(device: Question) -> None:
    for address in every_address("cardiac", "device"):
        found = {
            verb: getattr(Client(), verb)(address).status_code for verb in ("post", "put", "patch", "delete")
        }
        assert found == dict.fromkeys(found, 405)


def test_every_answer_has_the_headers_of_the_site(device: Question) -> None:
    for address in [*every_address("cardiac", "device"), "/published/nothing/"]:
        answer = Client().get(address)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer["X-Frame-Options"] == "DENY"


def test_the_files_are_the_stored_bytes_under_their_names(device: Question) -> None:
    version = device.versions.get()
    place = ("cardiac", "device", 1)
    for name, content, digest, disposition in (
        ("published_json", version.document.encode(), version.document_sha256, "attachment"),
        ("published_pdf", bytes(version.pdf), version.pdf_sha256, "inline"),
    ):
        answer = Client().get(reverse(name, args=place))
        ending = name.removeprefix("published_")
        assert answer.content == content
        assert answer["Content-Disposition"] == f'{disposition}; filename="cardiac-device-v1.{ending}"'
        assert answer["Content-Type"] == f"application/{ending}"
        assert answer["Repr-Digest"] == f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"


def test_a_page_takes_few_queries_however_much_is_published(device: Question) -> None:
    def queries() -> list[int]:
        found = []
        for address in every_address("cardiac", "device"):
            with CaptureQueriesContext(connection) as captured:
                Client().get(address)
            found.append(len(captured))
        return found

    first, warm = queries(), queries()
    for number in range(2, 6):
        publish(device, example_document(), number, "More.")
        question = f.draft_question(guideline=f.guideline() if number % 2 else device.guideline)
        publish(question, example_document())
    forget()
    assert max(queries() + first) <= 3
    assert max(queries() + warm) <= 2
    f.withdrawal(version=device.versions.get(number=5))
    assert max(queries()) <= 2


# --- For search engines, reference managers and feed readers


def test_a_page_says_what_it_is_to_search_engines(device: Question, settings: LazySettings) -> None:
    settings.SITE_URL = "https://etd.example.org"
    page = read("cardiac", "device", 1, name="published_version")
    metas = dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', page))
    own = "https://etd.example.org/published/cardiac/device/"
    assert f'<link rel="canonical" href="{own}">' in page
    assert metas["citation_publication_date"] == "2026/01/16"
    assert metas["DC.date"] == "2026-01-16"
    assert metas["citation_pdf_url"] == f"{own}versions/1/document.pdf"
    assert (
        metas["citation_title"] == metas["DC.title"] == metas["og:title"] == example_document().question.title
    )
    assert metas["description"].startswith("We suggest the device. (Weak recommendation for")
    assert metas["DC.identifier"] == f"{own}versions/1/"
    alternates = re.findall(r'<link rel="alternate" type="([^"]+)"', page)
    assert alternates == [
        "application/pdf",
        "application/json",
        "application/ld+json",
        "application/atom+xml",
        "application/atom+xml",
    ]
    publish(device, example_document(), 2, "More.")
    first = read("cardiac", "device", 1, name="published_version")
    assert f'<link rel="canonical" href="{own}versions/1/">' in first


def test_the_metadata_name_the_files_by_their_sha256(device: Question) -> None:
    version = device.versions.get()
    data = json.loads(read("cardiac", "device", 1, name="published_metadata"))
    assert data["@type"] == "MedicalWebPage"
    assert [file["sha256"] for file in data["encoding"]] == [version.pdf_sha256, version.document_sha256]
    assert data["mentions"][0] == {
        "@type": "MedicalGuidelineRecommendation",
        "name": "We suggest the device.",
        "recommendationStrength": "Weak recommendation for · Low certainty of evidence",
    }


def entries(name: str, *place: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(read(*place, name=name))  # noqa: S314 -- ours
    assert root.tag == f"{ATOM}feed"
    for part in ("id", "title", "updated"):
        assert root.findtext(f"{ATOM}{part}")
    assert root.findtext(f"{ATOM}author/{ATOM}name")
    return [
        {part: entry.findtext(f"{ATOM}{part}") or "" for part in ("id", "title", "updated", "summary")}
        for entry in root.findall(f"{ATOM}entry")
    ]


def test_the_feed_tells_each_version_and_each_withdrawal_the_newest_first(
    device: Question, settings: LazySettings
) -> None:
    settings.SITE_URL = "https://etd.example.org"
    second = publish(device, example_document(), 2, "R&D <b>\x0b")
    f.withdrawal(version=second, reason="Retracted & gone.", withdrawn_at=f.NOW + timedelta(days=9))
    other = f.draft_question(guideline=device.guideline, slug="other")
    publish(other, example_document(), published_at=f.NOW + timedelta(days=5))
    found = entries("published_feed", "cardiac")
    assert [one["id"] for one in found] == [
        "tag:etd.example.org,2026-01-17:cardiac/device/version/2/withdrawn",
        "tag:etd.example.org,2026-01-20:cardiac/other/version/1",
        "tag:etd.example.org,2026-01-17:cardiac/device/version/2",
        "tag:etd.example.org,2026-01-16:cardiac/device/version/1",
    ]
    assert found[0]["updated"] == "2026-01-24T12:30:00+00:00"
    assert found[0]["summary"] == "Withdrawn: Retracted & gone."
    assert found[2]["summary"].startswith("R&D <b>\ufffd We suggest the device.")
    assert [one["id"] for one in entries("published_question_feed", "cardiac", "device")] == [
        found[0]["id"],
        found[2]["id"],
        found[3]["id"],
    ]
    before = found
    f.draft_question(guideline=device.guideline)
    assert entries("published_feed", "cardiac") == before


def test_an_entry_keeps_its_id_when_more_is_published(device: Question) -> None:
    (guideline,) = published_guidelines()
    before = {change.what for change in feed.changes(guideline.questions[0].versions)}
    publish(device, example_document(), 2, "More.")
    (guideline,) = published_guidelines()
    assert before < {change.what for change in feed.changes(guideline.questions[0].versions)}


def test_search_engines_are_led_to_what_stands(device: Question, settings: LazySettings) -> None:
    settings.SITE_URL = "https://etd.example.org"
    gone = f.draft_question(guideline=device.guideline, slug="gone")
    f.withdrawal(version=publish(gone, example_document()))
    root = ElementTree.fromstring(read(name="sitemap"))  # noqa: S314 -- ours
    assert [one.text for one in root.iter(f"{SITEMAP}loc")] == [
        "https://etd.example.org/published/",
        "https://etd.example.org/published/cardiac/",
        "https://etd.example.org/published/cardiac/device/",
    ]
    robots = read(name="robots").splitlines()
    assert "Allow: /published/" in robots
    assert "Disallow: /" in robots
    assert robots[-1] == "Sitemap: https://etd.example.org/sitemap.xml"


def test_a_guideline_lists_twenty_questions_a_page_at_addresses_that_stay(device: Question) -> None:
    for number in range(20):
        more = f.draft_question(guideline=device.guideline, slug=f"more-{number}")
        publish(more, example_document())
    address = reverse("published_guideline", args=["cardiac"])
    first, second = (Client().get(f"{address}{page}").content.decode() for page in ("", "?page=2"))
    listed = [
        re.findall(r'<h2 id="question-[^"]*"><a href="/published/cardiac/([^/]+)/"', page)
        for page in (first, second)
    ]
    assert listed == [["device", *(f"more-{number}" for number in range(19))], ["more-19"]]
    assert "21 published questions" in second
    assert re.findall(r'rel="(next|prev)" href="([^"]*)"', first + second) == [
        ("next", "?page=2"),
        ("prev", "?page=1"),
    ]
    canonical = [
        re.findall(r'rel="canonical" href="https?://[^/]+([^"]*)"', page) for page in (first, second)
    ]
    assert canonical == [[address], [f"{address}?page=2"]]


def test_where_nothing_is_published_the_lists_say_so(db: None) -> None:
    assert "No guideline has published a recommendation yet." in read(name="published_guidelines")
    assert "/published/" in read(name="sitemap")


def test_the_sign_in_page_leads_there_once_something_is_published(device: Question) -> None:
    link = f'href="{reverse("published_guidelines")}"'
    assert link in Client().get(reverse("sign_in")).content.decode()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("etd.views.account.is_anything_published", lambda: False)
        assert link not in Client().get(reverse("sign_in")).content.decode()


# --- What people typed is shown, and does nothing

SCRIPT = '<script>alert("x")</script></title>\u2028{{ 7|add:7 }}'


def scripted(value: Any) -> Any:
    """The value with the script behind each of its texts that people type."""
    if is_dataclass(value) and not isinstance(value, type):
        typed = {
            "title",
            "organisation",
            "text",
            "heading",
            "body",
            "citation",
            "research_evidence",
            "name",
            "note",
        }
        typed |= {
            "additional_considerations",
            "population",
            "remark",
            "label",
            "prompt",
            "abbreviations",
            "footnotes",
        }
        changed = {
            one.name: f"{found}{SCRIPT}"
            if one.name in typed and isinstance(found := getattr(value, one.name), str)
            else scripted(getattr(value, one.name))
            for one in fields(value)
        }
        return type(value)(**changed)
    if isinstance(value, tuple):
        return tuple(scripted(one) for one in value)
    return value


def test_scripts_in_texts_are_text(device: Question) -> None:
    document = scripted(as_published())
    publish(device, document, 2, SCRIPT)
    withdrawn = f.draft_question(guideline=device.guideline, slug="gone")
    f.withdrawal(version=publish(withdrawn, document), reason=SCRIPT)
    addresses = [
        *every_address("cardiac", "device", 2),
        reverse("published_question", args=["cardiac", "gone"]),
        reverse("published_version", args=["cardiac", "gone", 1]),
    ]
    pages = 0
    for address in addresses:
        answer = Client().get(address)
        if answer["Content-Type"].startswith("text/html"):
            page = answer.content.decode()
            assert "<script" not in page
            assert page.partition("</head>")[0].count("</title>") == 1
            pages += 'alert("x")' in unescape(page)
        elif "xml" in answer["Content-Type"]:
            ElementTree.fromstring(answer.content)  # noqa: S314 -- ours
    assert pages == 6
    shown = words(read("cardiac", "device"))
    assert '<script>alert("x")</script></title>' in shown
    assert "14" not in shown.split("{{ 7|add:7 }}")[0][-4:]


def test_a_text_cannot_add_a_line_to_a_citation(device: Question) -> None:
    document = example_document()
    sly = replace(
        document,
        question=replace(document.question, title="A\r\nER  - \nUR  - x } , x={"),
    )
    publish(device, sly, 2, "Sly.")
    ris = read("cardiac", "device", 2, "ris", name="published_citation")
    tags = [line[:2] for line in ris.split("\r\n") if line]
    assert tags.count("ER") == tags.count("UR") == 1
    assert tags[0] == "TY"
    assert tags[-1] == "ER"
    bib = read("cardiac", "device", 2, "bib", name="published_citation")
    assert r"\} , x=\{" in bib
    plain = bib.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}")
