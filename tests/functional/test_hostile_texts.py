"""Strings that would run a script stand in every text field: no page runs one, asks for one, or loses a letter.

Pages are what Django's test client is answered; a browser shows them, with their headers, as if from the site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.contrib.staticfiles import finders
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Dialog, Page, Route

from documents.actions import publishing
from documents.assemble import assemble
from documents.published import content_sha256
from etd.actions import publication, rounds
from etd.enums import QuestionStatus, StatementKind
from etd.models import CriterionAssessment, Guideline, Question, User
from metaanalysis.actions import uploads
from tests import factories as f
from tests.functional.hostile import MARK, STRINGS, Texts, fill_every_text, fill_studies_of_analyses
from tests.integration.everything import Site, site
from tests.reliability import worlds
from tests.unit.etd.document_examples import no_pdf

pytestmark = [pytest.mark.browser, pytest.mark.pages]

HOST = "http://testserver"
BACKEND = "django.contrib.auth.backends.ModelBackend"
STYLES = (".css", ".ttf", ".woff2", ".svg", ".png", ".ico")
# What the walk must have met, or it met nothing.
ON_SOME_PAGE = {
    *("User.name", "Guideline.title", "Question.title", "Outcome.name", "Population.label", "Study.label"),
    *(
        "Vote.comment",
        "DiscussionNote.text",
        "ConflictDeclaration.text",
        "Reference.citation",
        "KeptPart.text",
    ),
    *("RecommendationStatement.text", "CertaintyRating.reason", "DataUpload.filename", "SummaryEdit.text"),
    *("upload column", "upload study", "upload file"),
}
TYPED = {"text", "textarea", "search"}
# Takes a whole table, which is taken apart: an upload has the same strings in its cells.
PASTED = "table"
# Nothing that a browser shows as a page; to make some of them takes seconds.
FILES = (".pdf", ".png", ".docx", ".xlsx", ".csv", ".zip", ".json", ".R")
# Runs before the page: whatever a string calls is counted.
WATCH = """
window.ran = []
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => { window.ran.push(name) }
document.addEventListener('securitypolicyviolation',
  e => window.ran.push(`policy: ${e.violatedDirective} ${e.blockedURI}`))
"""
# What Django's admin asks for its words; it answers nobody who has not signed in.
UNTRANSLATED = """
const gettext = text => text, ngettext = (one, many, n) => n === 1 ? one : many, interpolate = text => text
"""
LOOK = """() => {
  const bad = []
  for (const one of document.querySelectorAll('*')) {
    for (const {name, value} of one.attributes) {
      if (/^on|^hx-on|^srcdoc$/i.test(name)) bad.push(`${one.tagName} ${name}`)
      const leads = /^(href|src|action|formaction|data|xlink:href)$/i.test(name)
      if (leads && /^\\s*(javascript|vbscript|data:text)/i.test(value))
        bad.push(`${one.tagName} ${name}=${value}`)
    }
    if (one.tagName === 'SCRIPT' && !one.src && one.type !== 'application/json') bad.push('a script')
    if (/^(IFRAME|OBJECT|EMBED|BASE|MATH|VIDEO|AUDIO|MARQUEE|TEMPLATE|X|B|I)$/.test(one.tagName)) bad.push(one.tagName)
  }
  const whole = document.body.cloneNode(true)
  whole.querySelectorAll('script').forEach(one => one.remove())
  const texts = [document.title, whole.textContent]
  for (const one of document.querySelectorAll('*')) {
    for (const {value} of one.attributes) if (value.includes('⟦') && !/^\\s*[{[]/.test(value)) texts.push(value)
    if (typeof one.value === 'string' && one.value.includes('⟦')) texts.push(one.value)
  }
  return {bad, texts, ran: window.ran}
}"""


@dataclass
class Browsed:
    """What was seen: faults by page, and the numbers of the texts that were shown."""

    page: Page
    texts: Texts
    faults: list[str] = field(default_factory=list)
    shown: set[int] = field(default_factory=set)
    n_pages: int = 0
    seen: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    _answer: HttpResponse | None = None
    _address: str = ""
    _asked: list[str] = field(default_factory=list)
    _with_headers: bool = True

    def __post_init__(self) -> None:
        self.page.add_init_script(WATCH)
        self.page.on("dialog", self._hear)
        self.page.route("**/*", self._serve)

    def show(self, address: str, answer: HttpResponse, *, headers: bool = True) -> None:
        """The answer as the browser shows it; without `headers` as a file that was saved and opened."""
        self._answer, self._address, self._with_headers = answer, address, headers
        self.n_pages += 1
        self.page.goto(HOST + address, wait_until="load")
        seen = self.page.evaluate(LOOK)
        for what in (*seen["bad"], *seen["ran"], *self._asked):
            self._fault(what)
        self._asked.clear()
        for text in seen["texts"]:
            self.shown |= {int(number) for number in MARK.findall(text)}
            for lost in self.texts.lost(text):
                self._fault(lost)

    def _hear(self, dialog: Dialog) -> None:
        """A form that holds words nobody has saved asks before it is left; nothing else asks anything."""
        if dialog.type != "beforeunload":
            self._fault(f"dialog {dialog.message}")
        dialog.accept()

    def _fault(self, what: str) -> None:
        self.faults.append(f"{self._address}: {what}")

    def _serve(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if route.request.is_navigation_request() and (
            self._answer is None or route.request.url != HOST + self._address
        ):
            self._asked.append(f"went to {route.request.url}")
            route.fulfill(status=204, body="")
        elif route.request.is_navigation_request() and self._answer is not None:
            answer, self._answer = self._answer, None
            kept = dict(answer.headers) if self._with_headers else {"Content-Type": answer["Content-Type"]}
            kept.pop("Content-Disposition", None)
            route.fulfill(status=200, headers=kept, body=answer.content)
        elif address.netloc != "testserver":
            self._asked.append(f"asked for {route.request.url}")
            route.abort()
        elif address.path.endswith(STYLES):
            route.fulfill(
                status=200,
                content_type="text/css" if address.path.endswith(".css") else "text/plain",
                body="",
            )
        elif address.path.startswith("/static/") and (
            found := finders.find(address.path.removeprefix("/static/"))
        ):
            route.fulfill(path=str(found), content_type="text/javascript")
        elif address.path == reverse("admin:jsi18n"):
            route.fulfill(content_type="text/javascript", body=UNTRANSLATED)
        else:
            route.fulfill(status=204, body="")


def hostile_site(texts: Texts) -> tuple[Site, Question]:
    """The site of all addresses, with more in it, its every text one of the strings; and a published question."""
    found = site()
    guideline, chair = found.question.guideline, found.people["chair"]
    assert chair is not None
    shown = f.draft_question(guideline=guideline, slug="shown", status=QuestionStatus.EVIDENCE)
    worlds.give_it_an_outcome(shown)
    pooled = found.panel.guideline.questions.latest("pk")
    for question in (found.question, guideline.questions.get(slug="written"), shown, pooled):
        add_more(question, chair)
    for owner, who in (
        (guideline, found.people["panel member"]),
        (found.panel.guideline, found.panel.member),
    ):
        f.conflict_declaration(guideline=owner, member=who)
        f.conflict_management(guideline=owner, member=who, note="Told to leave.")
    fill_every_text(texts)
    fill_studies_of_analyses(texts)
    found.paths += staged(texts, pooled, found.panel.methodologist)
    publish(shown, chair, found.people)
    place = {
        "guideline": guideline.slug,
        "question": shown.slug,
        "number": 1,
        "style": "ris",
        "old": 1,
        "new": 1,
    }
    for name, parameters in worlds.patterns(worlds.get_resolver()):
        if {"guideline"} <= set(parameters) <= set(place) or name.startswith("published"):
            found.paths.append(reverse(name, kwargs={one: place[one] for one in parameters}))
    found.paths = list(dict.fromkeys(found.paths))
    return found, shown


def add_more(question: Question, chair: User) -> None:
    """What a question may have beside what the site gives it."""
    f.kept_part(question=question)
    f.reference(question=question)
    f.recusal(question=question)
    f.dismissed_finding(question=question)
    for kind in (StatementKind.RECOMMENDATION, StatementKind.GOOD_PRACTICE):
        statement = f.recommendation_statement(question=question, kind=kind)
        if kind == StatementKind.GOOD_PRACTICE:
            f.practice_answer(statement=statement, rationale="It is plain.")
    first = CriterionAssessment.objects.filter(question=question).order_by("pk").first()
    if first is not None:
        f.judgement(assessment=first, reason="The panel knows better.")


def staged(texts: Texts, question: Question, by: User) -> list[str]:
    """An upload whose names, notes, column and file are the strings; the addresses of its pages."""
    lines = [f'study,year,events_t,n_t,events_c,n_c,note,"{quoted(texts.next("upload column"))}"']
    for number in range(len(STRINGS)):
        cells = (quoted(texts.next(f"upload {what}")) for what in ("study", "note", "cell"))
        study, note, cell = (f'"{one}"' for one in cells)
        lines.append(f"{study},{2000 + number % 20},{number % 7},40,{number % 5},41,{note},{cell}")
    upload = uploads.stage_upload(
        question=question,
        filename=f"{texts.next('upload file', 200)}.csv",
        content="\n".join(lines).encode(),
        by=by,
    )
    place = {"guideline": question.guideline.slug, "question": question.slug, "upload": upload.pk}
    return [reverse(name, kwargs=place) for name in ("upload_preview", "correct_upload")]


def quoted(text: str) -> str:
    return text.replace('"', '""')


def publish(question: Question, chair: User, people: dict[str, User | None]) -> None:
    Question.objects.filter(pk=question.pk).update(status=QuestionStatus.IN_REVIEW)
    question = Question.objects.select_related("guideline").get(pk=question.pk)
    content = content_sha256(assemble(question))
    for name in ("chair", "methodologist"):
        who = people[name]
        assert who is not None
        publication.approve(question=question, content_sha256=content, by=who)
    publishing.publish(question=question, content=content, note="", render=no_pdf, by=chair)


class Forms(HTMLParser):
    """The forms of a page that are sent by POST: where to, with the values that a browser would send."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, tuple[str, str]]]] = []
        self._fields: dict[str, tuple[str, str]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = {} if values.get("method", "").lower() == "post" else None
            if self._fields is not None:
                self.found.append((values.get("action", ""), self._fields))
        elif self._fields is not None and tag in {"input", "textarea"} and values.get("name"):
            kind = "textarea" if tag == "textarea" else values.get("type", "text")
            if kind not in {"radio", "checkbox", "file", "submit"} or "checked" in values:
                self._fields[values["name"]] = (kind, values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None


def refusals(
    client: Client, address: str, page: str, texts: Texts, tried: set[str]
) -> Iterator[tuple[str, HttpResponse]]:
    """Every form of the page sent with strings in its text fields, where that is refused; nothing is kept of it."""
    for action, fields in Forms(page).found:
        target = action or address
        has_text = any(kind in TYPED for kind, _ in fields.values())
        if target in tried or not has_text:
            continue
        tried.add(target)
        sent = {
            name: texts.next(f"form field {name}") if kind in TYPED and name != PASTED else value
            for name, (kind, value) in fields.items()
        }
        with transaction.atomic():
            answer = client.post(target, sent)
            transaction.set_rollback(True)
        if answer.status_code in {409, 422} and is_html(answer):  # type: ignore[arg-type]
            yield target, answer  # type: ignore[misc]


def is_html(answer: HttpResponse) -> bool:
    return str(answer.get("Content-Type", "")).startswith("text/html")


SAME = re.compile(
    r'<header class="app-bar">.*?</header>|name="(csrfmiddlewaretoken|op)" value="[^"]*"|X-CSRFToken[^}]*',
    re.S,
)


def walk(browsed: Browsed, users: Iterable[User | None], paths: list[str], *, forms: bool = False) -> None:
    """Every path as each of these people, a page that differs from all before in more than who looks at it."""
    for user in users:
        client = Client(raise_request_exception=False)
        if user is not None:
            client.force_login(user, backend=BACKEND)
        elsewhere = guidelines_of_others(user)
        for path in paths:
            if path.partition("?")[0].endswith(FILES) or path.startswith(elsewhere):
                continue
            answer: HttpResponse = client.get(path)  # type: ignore[assignment]
            if answer.status_code >= 500:
                browsed.faults.append(f"{path}: {answer.status_code}")
            if answer.streaming or not is_html(answer):
                continue
            html = answer.content.decode()
            bare = SAME.sub("", html)
            if bare in browsed.seen:
                continue
            browsed.seen.add(bare)
            browsed.show(path, answer, headers=not path.endswith("document.html"))
            if forms:
                for target, refused in refusals(client, path, html, browsed.texts, browsed.tried):
                    browsed.show(target, refused)


def guidelines_of_others(user: User | None) -> tuple[str, ...]:
    """The beginnings of addresses that answer a member of another guideline with the same page each time."""
    own = list(user.memberships.values_list("guideline", flat=True)) if user else []
    others = Guideline.objects.exclude(pk__in=own) if own else Guideline.objects.none()
    return tuple(f"/guidelines/{slug}/" for slug in others.values_list("slug", flat=True))


@pytest.fixture
def browsed(page: Page) -> Browsed:
    page.set_default_navigation_timeout(15_000)
    return Browsed(page, Texts())


def test_no_page_runs_or_loses_what_was_typed(browsed: Browsed, db: None) -> None:
    found, _ = hostile_site(browsed.texts)
    people = found.people
    for who in ("methodologist", "chair"):
        walk(browsed, found.users(who), found.paths, forms=True)
    for who in ("panel member", "staff", "observer"):
        walk(browsed, found.users(who), found.paths)
    walk(browsed, (people["outsider"], people["administrator"], None), found.paths)
    opened, chair = found.question.rounds.get(), people["chair"]
    assert chair is not None
    rounds.close_round(voting_round=opened, by=chair)
    f.discussion_note(round=opened, author=chair)
    fill_every_text(browsed.texts)
    walk(browsed, [chair], [one for one in found.paths if f"/{found.question.slug}/" in one])
    assert browsed.faults == []
    assert browsed.n_pages > 400
    assert len({browsed.texts.typed[number] for number in browsed.shown}) == len(STRINGS)
    fields = {browsed.texts.where[number] for number in browsed.shown}
    assert len(STRINGS) >= 60
    assert ON_SOME_PAGE - fields == set()


def test_a_careless_page_is_caught(browser: Browser) -> None:
    """Controls: the same strings put into a page as they are, with and without a policy."""
    with browser.new_context() as context:
        browsed = Browsed(context.new_page(), Texts())
        careless = "".join(f"<p>{browsed.texts.next('a page')}</p>" for _ in STRINGS)
        answer = HttpResponse(f"<title>t</title>{careless}", content_type="text/html; charset=utf-8")
        browsed.show("/", answer)
        assert any("/: alert" in fault for fault in browsed.faults)
        assert any("onerror" in fault for fault in browsed.faults)
        browsed.faults.clear()
        answer["Content-Security-Policy"] = "default-src 'none'"
        browsed.show("/", answer)
        assert any("policy: script-src" in fault for fault in browsed.faults)


@pytest.mark.parametrize("typed", ["p<0.05", "<median", "R&D", "<b>"])
def test_a_lost_letter_is_caught(browsed: Browsed, typed: str) -> None:
    browsed.texts.typed[0], browsed.texts.where[0] = typed, "a page"
    for shown, n_faults in ((typed, 0), (re.sub(r"<\w*>?", "", typed).replace("&", ""), 1)):
        body = f"<title>t</title><p>{escape(shown)}⟦0⟧</p>"
        browsed.show("/", HttpResponse(body, content_type="text/html; charset=utf-8"))
        assert len(browsed.faults) == n_faults
