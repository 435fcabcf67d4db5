"""Two servers on one PostgreSQL serve one person in turns: nothing that a request needs lies in a process."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.conftest import TEST_DATABASE
from tests.launcher import ROOT
from tests.server import ExampleDatabase, RunningServer

pytestmark = pytest.mark.skipif(
    TEST_DATABASE != "postgres", reason="several servers share a PostgreSQL alone"
)

GUIDELINE = "/guidelines/ilcor-als"
TRIALS = ROOT / "fixtures" / "ilcor-mcs-after-rosc" / "trials" / "survival_longest_sourced_13trials.csv"


@dataclass
class Person:
    """Each request goes to the next server, with the cookies of all that came before."""

    servers: list[RunningServer]
    cookies: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turns = cycle(self.servers)

    def request(
        self, method: str, path: str, body: bytes = b"", kind: str = "application/x-www-form-urlencoded"
    ) -> tuple[int, str, bytes]:
        """Status, where it leads, and the body."""
        place = urlsplit(next(self.turns).url)
        self.asked.append(str(place.port))
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": kind,
        }
        with closing(http.client.HTTPConnection("127.0.0.1", place.port or 0, timeout=60)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return answer.status, answer.headers.get("Location", ""), content

    def page(self, path: str) -> str:
        status, _, content = self.request("GET", path)
        assert status == 200, (path, status)
        return content.decode()

    def token(self, page: str) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found is not None
        return found.group(1)

    def send(self, path: str, page: str, **values: str) -> str:
        """Send a form that was got from the other server; where it leads."""
        form = values | {"csrfmiddlewaretoken": self.token(page)}
        status, leads_to, content = self.request("POST", path, urlencode(form).encode())
        assert status == 302, (path, status, content.decode()[-3000:])
        return leads_to

    def sign_in(self, email: str) -> None:
        page = self.page("/sign-in/")
        self.send("/sign-in/", page, username=email, password="demo-panel-2026")


@pytest.fixture
def two_servers(example_database: ExampleDatabase, tmp_path: Path) -> Iterator[list[RunningServer]]:
    name = example_database.copy()
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    servers = [RunningServer(example_database.url(name), folder) for folder in folders]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.kill()
        example_database.drop(name)


def test_one_person_is_served_by_two_servers_in_turns(two_servers: list[RunningServer]) -> None:
    a_file_goes_to_the_other_server_than_its_preview(two_servers)
    a_vote_is_seen_at_the_other_server(two_servers)
    exports_are_the_same_bytes(two_servers)
    asked = an_end_is_an_end_everywhere(two_servers)
    assert asked == {server.url.rpartition(":")[2] for server in two_servers}


def a_file_goes_to_the_other_server_than_its_preview(servers: list[RunningServer]) -> None:
    methodologist = Person(servers)
    methodologist.sign_in("methodologist@example.org")
    evidence = f"{GUIDELINE}/mcs-after-rosc-update/evidence/"
    page = methodologist.page(f"{evidence}uploads/new/")
    boundary = "a-boundary-that-is-in-no-file"
    body = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
            f"{methodologist.token(page)}\r\n--{boundary}\r\n"
            'Content-Disposition: form-data; name="file"; filename="trials.csv"\r\nContent-Type: text/csv\r\n\r\n'
        ).encode()
        + TRIALS.read_bytes()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    status, preview, _ = methodologist.request(
        "POST", f"{evidence}uploads/new/", body, f"multipart/form-data; boundary={boundary}"
    )
    assert status == 302
    shown = methodologist.page(preview)
    outcome, population = (first_choice(shown, f"rows0-{name}") for name in ("outcome", "population"))
    given = {
        name: first_choice(shown, f"rows0-{name}") for name in ("measure", "model", "method", "tau2", "ci")
    }
    row = methodologist.send(
        preview,
        shown,
        action="confirm",
        sha256=hidden(shown, "sha256"),
        accepted_warnings="yes",
        **{"rows0-outcome": outcome, "rows0-population": population},
        **{f"rows0-{name}": one for name, one in given.items()},
    )
    assert "13 studies" in methodologist.page(row)
    assert "13 studies" in methodologist.page(row)


def first_choice(page: str, name: str) -> str:
    """The chosen value of a select, or the first that is one."""
    found = re.search(rf'<select name="{name}".*?</select>', page, re.DOTALL)
    assert found is not None, name
    chosen = re.findall(r'<option value="([^"]+)" selected', found[0]) or re.findall(
        r'<option value="([^"]+)"', found[0]
    )
    return str(chosen[0])


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def a_vote_is_seen_at_the_other_server(servers: list[RunningServer]) -> None:
    member = Person(servers)
    member.sign_in("panel@example.org")
    question = f"{GUIDELINE}/mcs-after-rosc-vote/"
    criterion, item = f"{question}criteria/problem/", "problem"
    page = member.page(criterion)
    option = re.search(r'name="options" value="(\w+)"', page) or re.search(
        r'value="(\w+)"[^>]*name="options"', page
    )
    assert option is not None
    words = "Said at the one, read at the other."
    given = {"options": option[1], "comment": words, "revision": "0", "op": hidden(page, "op")}
    member.send(f"{question}votes/{item}/", page, **given)
    assert words in member.page(criterion)
    assert words in member.page(criterion)


def exports_are_the_same_bytes(servers: list[RunningServer]) -> None:
    chair = Person(servers)
    chair.sign_in("chair@example.org")
    for path in (
        "mcs-after-rosc/document.json",
        "mcs-after-rosc/document.pdf",
        "mcs-after-rosc-update/document.json",
    ):
        first, second = (chair.request("GET", f"{GUIDELINE}/{path}") for _ in range(2))
        assert first[0] == 200, path
        assert first == second, path


def an_end_is_an_end_everywhere(servers: list[RunningServer]) -> set[str]:
    """The ports that were asked."""
    staff = Person(servers)
    staff.sign_in("staff@example.org")
    page = staff.page(f"{GUIDELINE}/")
    kept = dict(staff.cookies)
    staff.send("/sign-out/", page)
    staff.cookies = kept
    for _ in servers:
        status, leads_to, _ = staff.request("GET", f"{GUIDELINE}/")
        assert (status, leads_to.partition("?")[0]) == (302, "/sign-in/")
    return set(staff.asked)
