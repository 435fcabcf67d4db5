"""What every answer of the server, as it ships behind a proxy with https, tells a browser: pages, files and errors."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.integration.test_access import every_path
from tests.server import ExampleDatabase, RunningServer

PASSWORD = "demo-panel-2026"
CANARY = "Qz7-canary-4711"
AT_LEAST = 120
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
OTHERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains; preload",
}
# A file of the program, the same for everybody; a published file says itself how long it may be kept.
KEPT = ("/static/", "/published/", "/robots.txt", "/sitemap.xml", "/verify/verify_etd.py", "/schema/")


@dataclass
class HttpsServer(RunningServer):
    """As behind a proxy that speaks https."""

    @property
    def env(self) -> dict[str, str]:
        more = {
            "SITE_URL": "https://etd.example.org",
            "HTTPS": "true",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SECRET_KEY": "for-tests-only-aZ19-" + "q7Tv" * 12,
        }
        return super().env | more


@dataclass
class Visitor:
    """A browser as far as its cookies go; what it was answered is kept."""

    server: HttpsServer
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookies: list[str] = field(default_factory=list)
    # (what was asked, status, headers)
    answers: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)

    def ask(self, verb: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
        place = urlsplit(self.server.url)
        assert place.hostname is not None
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        sent = {
            "X-Forwarded-Proto": "https",
            "Referer": f"https://{place.netloc}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(verb, path, body, sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.set_cookies.append(value)
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        found = {name.lower(): value for name, value in answer.getheaders()}
        self.answers.append((f"{verb} {path}", answer.status, found))
        return answer.status, content.decode("utf-8", "replace")

    def send(self, path: str, **fields: str) -> tuple[int, str]:
        body = urlencode(fields | {"csrfmiddlewaretoken": self.token()}).encode()
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded")

    def token(self) -> str:
        if "__Host-csrftoken" not in self.cookies:
            self.ask("GET", "/sign-in/")
        return self.cookies["__Host-csrftoken"]


@pytest.fixture
def https_server(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[HttpsServer]:
    name = example_database.copy()
    running = HttpsServer(example_database.url(name), tmp_path)
    try:
        running.start()
        yield running
    finally:
        running.kill()
        example_database.drop(name)


def faults(asked: str, status: int, headers: dict[str, str]) -> list[str]:
    """What is missing from an answer or wrong with it."""
    said = dict(
        part.strip().partition(" ")[::2] for part in headers.get("content-security-policy", "").split(";")
    )
    found = [f"policy {said}"] if said != POLICY else []
    # To https; browsers are told of strict transport there (RFC 6797, 7.2).
    others = {
        name: value for name, value in OTHERS.items() if status != 301 or not name.startswith("strict-")
    }
    found += [f"{name}: {headers.get(name)}" for name, value in others.items() if headers.get(name) != value]
    if "camera=()" not in headers.get("permissions-policy", ""):
        found.append("permissions-policy")
    path = asked.partition(" ")[2]
    if not path.startswith(KEPT) and status != 301 and "no-store" not in headers.get("cache-control", ""):
        found.append(f"cache-control: {headers.get('cache-control')}")
    return [f"{asked} ({status}): {one}" for one in found]


def walk(visitor: Visitor, start: str, most: int) -> None:
    """Follow links and the files of pages, as far as `most` answers."""
    waiting, seen = [start], {start}
    while waiting and len(visitor.answers) < most:
        _, page = visitor.ask("GET", waiting.pop(0))
        for path in re.findall(r'(?:href|src)="(/[^"#]*)"', page):
            if path not in seen and not path.endswith((".pdf", ".docx", ".png")):
                seen.add(path)
                waiting.append(path.replace("&amp;", "&"))


def test_every_answer_has_every_header(https_server: HttpsServer) -> None:
    nobody, chair = Visitor(https_server), Visitor(https_server)
    walk(nobody, "/published/", 40)
    status, _ = chair.send("/sign-in/", username="chair@example.org", password=PASSWORD)
    assert status == 302
    walk(chair, "/", 80)
    for path in every_path():
        chair.ask("GET", path)
    nobody.ask("GET", "/", Host="elsewhere.example")  # 400
    nobody.ask("GET", "/account/", X_Forwarded_Proto="http")  # to https
    nobody.ask("POST", "/sign-in/", b"")  # no token
    nobody.ask("DELETE", "/published/")
    nobody.ask("GET", "/static/no-such-file.css")
    nobody.ask("GET", "/healthz")
    many = urlencode({f"field-{n}": "" for n in range(1100)}).encode()
    chair.ask(
        "POST", "/account/", many, Content_Type="application/x-www-form-urlencoded"
    )  # more than are taken
    # Larger than is taken (Django says 400, not 413), which is told before the rest of it is read.
    form = "application/x-www-form-urlencoded"
    assert chair.ask("POST", "/account/", b"name=x", Content_Type=form, Content_Length="4000000")[0] == 400
    for _ in range(11):
        nobody.send("/sign-in/", username="panel@example.org", password="wrong-password-1")
    nobody.ask("GET", f"/forgotten-password/MQ/{CANARY}/")
    nobody.ask("GET", f"/invitations/1/{CANARY}/")
    typed = {"has_conflict": "yes", "kinds": "financial", "text": f"{CANARY} shares", "revision": "0"}
    chair.send("/guidelines/ilcor-als/conflicts/declare/", **typed, op="9d7c9c1e-5a0c-4a39-9a7e-0d2f3a6b7c11")
    _, page = chair.ask("GET", "/guidelines/ilcor-als/conflicts/")
    assert f"{CANARY} shares" in page
    chair.send("/account/codes/", setup=CANARY, code="123456")
    log = https_server.log.read_text()
    assert '"route"' in log
    secrets = {CANARY, PASSWORD, "wrong-password-1", https_server.env["SECRET_KEY"], *chair.cookies.values()}
    assert [secret for secret in secrets if secret in log] == []
    answers = nobody.answers + chair.answers
    statuses = {status for _, status, _ in answers}
    assert statuses >= {200, 301, 302, 400, 403, 404, 405, 429}
    assert not statuses & {500, 502}
    assert len(answers) >= AT_LEAST
    assert any("/static/" in asked and status == 200 for asked, status, _ in answers)
    assert [one for answer in answers for one in faults(*answer)] == []
    cookies = nobody.set_cookies + chair.set_cookies
    names = {one.partition("=")[0].removeprefix("__Host-") for one in cookies}
    assert names == {"sessionid", "csrftoken", "seen", "messages"}
    for one in cookies:
        words = {word.strip().lower() for word in one.split(";")[1:]}
        assert one.startswith("__Host-")
        # One that is taken back has nothing to read.
        kept = {"secure", "samesite=lax", "path=/"} | (set() if "max-age=0" in words else {"httponly"})
        assert kept <= words, one
        assert not [word for word in words if word.startswith("domain")], one


@pytest.mark.parametrize(("application", "status"), [("broken", 500), ("without_database", 503)])
def test_errors_of_the_program_have_them_too(
    application: str, status: int, example_database: ExampleDatabase, tmp_path: Path
) -> None:
    name = example_database.copy()
    running = HttpsServer(example_database.url(name), tmp_path)
    running.application = f"tests.reliability.unsafe:{application}()"
    try:
        running.start()
        visitor = Visitor(running)
        told, page = visitor.ask("GET", f"/forgotten-password/MQ/{CANARY}/")
    finally:
        running.kill()
        example_database.drop(name)
    assert told == status
    assert faults(*visitor.answers[-1]) == []
    log = running.log.read_text()
    assert f'"status": {status}' in log
    for secret in (running.env["SECRET_KEY"], CANARY, "on purpose"):
        assert secret not in page
    assert running.env["SECRET_KEY"] not in log
    assert CANARY not in log


def test_a_control_what_is_missing_is_found() -> None:
    policy = "; ".join(f"{name} {value}" for name, value in POLICY.items())
    whole = OTHERS | {
        "content-security-policy": policy,
        "permissions-policy": "camera=()",
        "cache-control": "no-store",
    }
    assert faults("GET /", 200, whole) == []
    for name in whole:
        without = {key: value for key, value in whole.items() if key != name}
        assert len(faults("GET /", 200, without)) == 1, name
    unsafe = whole | {
        "content-security-policy": policy.replace("style-src 'self'", "style-src 'unsafe-inline'")
    }
    assert len(faults("GET /", 200, unsafe)) == 1
