"""U1: bad files and odd requests, sent to a running server through its forms, with the controls that must fail."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from tests.reliability import bad_files as bad
from tests.reliability.panel import TRIVIAL, Result, vendor
from tests.reliability.posted import Got, Part, Sender, body_of
from tests.reliability.site import PEOPLE, Site, load, percentile_95, site_on
from tests.server import ExampleDatabase
from tests.unit.importers import corpus

# --- U1: bad files


def answer_to(site: Site, one: bad.Bad, path: str) -> tuple[Got, Got]:
    """What a bad file is answered with, and the page that a person ends on."""
    sender = site.next_person()
    got = sender.send_file(path, one.build(), one.filename)
    return got, sender.get(got.location) if got.status == 302 else got


@dataclass
class Sent:
    """What became of bad files."""

    wrong: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    files: int = 0

    def note(self, name: str, got: Got, page: Got, says: Sequence[str]) -> None:
        self.files += 1
        self.seconds += [got.seconds, *([page.seconds] if page is not got else [])]
        self.statuses.update({got.status, page.status})
        missing = [words for words in says if " ".join(words.split()) not in page.words]
        if missing or got.status not in {302, 422} or page.status not in {200, 422}:
            self.wrong.append(f"{name}: {got.status}, {page.status}, without {missing}")

    @property
    def server_errors(self) -> int:
        return sum(number for status, number in self.statuses.items() if status >= 500)


def send_bad_files(site: Site, every: int) -> Sent:
    sent = Sent()
    public = Sender(site.port)
    public.open_form("/verify/")
    for path, files in (
        (site.table_path(), list(bad.bad_tables())),
        (site.document_path, list(bad.bad_documents())),
        ("/verify/", list(bad.files_to_verify())),
    ):
        for one in files[::every]:
            if path == "/verify/":
                got = public.send_file(path, one.build(), one.filename)
                sent.note(one.name, got, got, one.says)
            else:
                sent.note(one.name, *answer_to(site, one, path), one.says)
    return sent


def u1_bad_files(
    database: ExampleDatabase, every: int, *, most_seconds: tuple[float, float] | None = (3, 20)
) -> list[Result]:
    """Every so many-th bad file, then the odd requests: no error of the server, nothing stored, no worker restarted.

    `most_seconds`: the pass lines of p95 and of the slowest; None where times do not count.
    """
    with site_on(database) as site:
        before, workers = site.stored(), site.workers
        sent = send_bad_files(site, every)
        after_files = site.stored()
        odd = odd_requests(site)
        after = site.stored()
        restarts = len(set(workers) ^ set(site.workers))
    p95, worst = percentile_95(sent.seconds), max(sent.seconds)
    never_stored = ("rows", "documents", "questions")
    stored = sum(after_files[name] - before[name] for name in never_stored)
    figures = {
        "files": sent.files,
        "wrong": sent.wrong,
        "odd_requests": len(odd),
        "odd_wrong": [name for name, right in odd.items() if not right],
        "server_errors": sent.server_errors,
        "rows_stored": stored + after["rows"],
        "worker_restarts": restarts,
        "p95_s": round(p95, 2),
        "worst_s": round(worst, 2),
        "load": load(),
        "faults": after["faults"],
    }
    never = ("wrong", "odd_wrong", "server_errors", "rows_stored", "worker_restarts", "faults")
    in_time = most_seconds is None or (p95 <= most_seconds[0] and worst <= most_seconds[1])
    passed = not any(figures[name] for name in never) and in_time
    return [Result("U1", vendor(database), passed, figures)]


def u1_control_trusting(database: ExampleDatabase, every: int) -> list[Result]:
    """An application that takes every cell for what it should be must answer with errors of the server."""
    with site_on(database, application="tests.reliability.unsafe_files:trusting()") as site:
        sent = send_bad_files(site, every)
    figures = {"wrong": len(sent.wrong), "server_errors": sent.server_errors}
    return [Result("U1", vendor(database), sent.server_errors > 0, figures, is_control=True)]


def odd_requests(site: Site) -> dict[str, bool]:
    """What only a request can get wrong; was each answered as it must be?"""
    path, sender = site.table_path(), site.person(PEOPLE - 1)
    good = corpus.GOOD.encode()
    found: dict[str, bool] = {}
    for number, (name, filename) in enumerate(bad.ODD_NAMES.items()):
        content = good + f"Name {number},1,50,2,50\n".encode()
        got = sender.send_file(path, content, filename)
        page = sender.get(got.location) if got.status == 302 else got
        found[f"name: {name}"] = page.status == 200 and ".." not in page.words and "\u202e" not in page.words
    file = Part("file", good, "a.csv")
    found["two files"] = "two files were sent" in sender.send(path, [file, file]).words
    found["no file"] = "no file was chosen" in sender.send(path, []).words
    found["100 parts"] = sender.send(path, [*(Part(f"x{n}", b"1") for n in range(100)), file]).status == 302
    found["2,000 parts"] = (
        sender.send(path, [*(Part(f"x{n}", b"1") for n in range(2000)), file]).status == 400
    )
    found["no boundary"] = sender.send(path, [file], "multipart/form-data").status in {400, 403}
    found["cut off"] = is_nothing_left_of_half_a_file(site, sender, path)
    found |= previews_of_others(site, sender, good)
    return found


def is_nothing_left_of_half_a_file(site: Site, sender: Sender, path: str) -> bool:
    """Half of a file, then the connection is closed: nothing of it is stored, and the next request is answered."""
    before = site.stored()
    body = body_of(
        [Part("csrfmiddlewaretoken", sender.token.encode()), Part("file", bytes(10**6), "half.csv")]
    )
    with sender.connect() as connection:
        connection.sendall(sender.head_of(path, len(body)) + body[: len(body) // 2])
    return sender.get(TRIVIAL).status == 404 and site.stored() == before


def previews_of_others(site: Site, sender: Sender, good: bytes) -> dict[str, bool]:
    """The same file twice, altered hidden fields, another's preview, and a question that is closed."""
    path = site.table_path()
    content = good + b"Twice,1,50,2,50\n"
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(sender.send_file, path, content) for _ in range(2)]
        places = {one.result().location for one in both}
    preview = min(places)
    confirm = {"action": "confirm", "accepted_warnings": "yes", "rows0-leave_out": "on"}
    other = {"sha256": hashlib.sha256(b"another file").hexdigest()}
    elsewhere = preview.replace(f"/{site.facts['question']}/", f"/{site.facts['other']}/")
    guideline, question = site.facts["foreign"]
    stranger = site.sender(
        site.facts["stranger"], f"/guidelines/{guideline}/{question}/evidence/uploads/new/"
    )
    closed = sender.send_file(site.table_path("closed"), content)
    return {
        "sent twice at once": len(places) == 1 and preview != "",
        "another sha256": sender.post(preview, confirm | other).status in {409, 422},
        "preview of another question": sender.get(elsewhere).status == 404,
        "preview of another guideline": stranger.get(preview).status == 404
        and stranger.post(preview, confirm | other).status == 404,
        "closed question": closed.status == 409 and "nothing" not in closed.location,
    }


# --- U1: clients that send a byte a second


SLOW_CLIENTS = 4
SLOW_SECONDS = 40.0


def u1_slow_clients(database: ExampleDatabase) -> list[Result]:
    """As many as a process has threads begin a file and send a byte a second: the next person waits a while only."""
    waited = wait_beside_slow_clients(database)
    figures = {"slow_clients": SLOW_CLIENTS, "waited_s": waited, "load": load()}
    return [Result("U1 slow", vendor(database), waited is not None, figures)]


def u1_control_patient(database: ExampleDatabase) -> list[Result]:
    """gunicorn's own threads wait as long as they are made to."""
    waited = wait_beside_slow_clients(database, "--worker-class gthread")
    figures = {"slow_clients": SLOW_CLIENTS, "answered": waited is not None}
    return [Result("U1 slow", vendor(database), waited is None, figures, is_control=True)]


def wait_beside_slow_clients(database: ExampleDatabase, options: str = "") -> float | None:
    """Seconds until a page is answered, None where it is not within SLOW_SECONDS."""
    os.environ["GUNICORN_CMD_ARGS"] = options
    try:
        with site_on(database) as site:
            sender = site.person(0)
            over = Event()
            clients = [sender.connect() for _ in range(SLOW_CLIENTS * len(site.workers))]
            try:
                for one in clients:
                    one.sendall(sender.head_of(site.table_path(), 10**6))
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(drip, clients, over)
                    try:
                        return first_answer(site.port)
                    finally:
                        over.set()
            finally:
                for one in clients:
                    one.close()
    finally:
        del os.environ["GUNICORN_CMD_ARGS"]


def drip(clients: Sequence[Any], over: Event) -> None:
    while not over.wait(1):
        for one in clients:
            with suppress(OSError):
                one.sendall(b"-")


def first_answer(port: int) -> float | None:
    time.sleep(2)  # the slow ones have taken their threads
    start = time.monotonic()
    sender = Sender(port)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(sender.get, TRIVIAL)
        try:
            asked.result(SLOW_SECONDS)
        except TimeoutError:
            return None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    return round(time.monotonic() - start, 1)
