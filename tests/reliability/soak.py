"""V12: a panel at its work for a while. No answer is an error of the server, and nothing grows."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from tests.reliability.client import Answer, Browser, ConnectionBroke, Voter
from tests.reliability.faults import EXAMPLE, NEVER
from tests.reliability.growth import SPARE, Looks, connections_to
from tests.reliability.history import check
from tests.reliability.panel import SAFE, Panel, Result, gather, not_measured, panel_on, vendor
from tests.reliability.processes import PROC
from tests.server import ExampleDatabase

THREADS = 4
MOST_GROWTH = 0.10
NO_PDF = "The PDF could not be made"
VISITOR, PASSWORD = "visitor@example.org", "a-long-pass-phrase-2026"
FILE = (
    "study,year,events_intervention,n_intervention,events_comparison,n_comparison\n"
    "{name} 2019,2019,12,40,9,41\n"
)


@dataclass(frozen=True)
class Soak:
    """`pause`: seconds that each member thinks on average before the next act; `warm_up` seconds are not compared."""

    members: int
    seconds: float
    warm_up: float
    pause: float
    rounds: int = 8


@dataclass
class Site:
    """The panel's site while everybody works on it. `answers` counts statuses by what was done, `put_off` PDFs that
    were to be asked for again (P3).
    """

    panel: Panel
    work: dict[str, Any]
    size: Soak
    end: float
    answers: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    put_off: int = 0
    # The number of the round that is open, and that in which each member last voted.
    number: int = 1
    seen: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.draw = self.panel.draw
        self.takes_files = f"{EXAMPLE}takes-files/evidence/"

    async def keep_on(self, act: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            await asyncio.sleep(min(self.draw.expovariate(1 / pause), 4 * pause))
            if time.monotonic() > self.end:
                return
            await act()

    async def count(self, what: str, answer: Awaitable[Answer]) -> Answer | None:
        """None where no answer came, which is counted as status 0."""
        try:
            found = await answer
        except ConnectionBroke:
            self.answers[what][0] += 1
            return None
        if found.status == 503 and NO_PDF in found.text:
            self.put_off += 1
            return found
        self.answers[what][found.status] += 1
        return found

    async def member(self, voter: Voter) -> None:
        acts: dict[Callable[[Voter], Awaitable[None]], int] = {
            self.read: 45,
            self.vote: 35,
            self.discuss: 8,
            self.export: 4,
            self.send_something_wrong: 8,
        }

        async def one() -> None:
            (act,) = self.draw.choices(list(acts), weights=list(acts.values()))
            await act(voter)

        await self.keep_on(one, self.size.pause)

    async def read(self, voter: Voter) -> None:
        path, item = self.panel.path, self.draw.choice(self.panel.items)
        guideline = f"/guidelines/{self.panel.facts['guideline']}/"
        pages = ("/", guideline, path, path, f"{path}criteria/{item}/", f"{path}history/", f"{path}rounds/")
        await self.count("read", voter.browser.get(self.draw.choice(pages)))

    async def vote(self, voter: Voter) -> None:
        # A form of the round before is an old form.
        if self.seen.get(voter.member) != self.number:
            self.seen[voter.member] = self.number
            voter.versions.clear()
        write = await self.panel.vote(voter, self.draw.choice(self.panel.items))
        self.answers["vote"][write.status] += 1

    async def discuss(self, voter: Voter) -> None:
        if self.number == 1:
            await self.read(voter)
            return
        item = self.draw.choice(self.panel.items)
        form = {"text": f"A thought about {item}.", "op": self.panel.op()}
        path = f"{self.panel.path}rounds/{self.number - 1}/notes/{item}/"
        await self.count("discuss", voter.browser.post(path, form, in_place=False))

    async def export(self, voter: Voter) -> None:
        await self.count("JSON", voter.browser.get(f"{self.panel.path}document.json"))

    async def send_something_wrong(self, voter: Voter) -> None:
        browser, item = voter.browser, self.panel.items[0]
        path = f"{self.panel.path}votes/{item}/"
        wrong: tuple[Callable[[], Awaitable[Answer]], ...] = (
            partial(browser.get, "/no-such-page/"),
            partial(browser.get, f"{path}?x=%00%ff"),
            partial(browser.get, "/guidelines/ilcor-als/no-such-question/"),
            partial(browser.post, path, {"options": "no-such-option", "revision": "x", "op": "y"}),
            partial(browser.post, path, {"comment": "x" * 25_000, "revision": "0", "op": self.panel.op()}),
            partial(self.without_token, browser, path),
            partial(browser.post_file, f"{self.takes_files}uploads/new/", "trials.csv", b"\x00\xff" * 50),
        )
        await self.count("wrong", self.draw.choice(wrong)())

    async def without_token(self, browser: Browser, path: str) -> Answer:
        token, browser.token = browser.token, ""
        try:
            return await browser.post(path, {"comment": "Without a token."})
        finally:
            browser.token = token

    async def visitor(self) -> None:
        """Somebody who signs in with a password, looks, and signs out."""

        async def one() -> None:
            browser = self.panel.browser("")
            browser.session = ""
            try:
                await browser.open_form("/sign-in/")
                form = {"username": VISITOR, "password": PASSWORD}
                await self.count("sign in", browser.post("/sign-in/", form, in_place=False))
                page = await self.count("read", browser.get("/"))
                token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text if page else "")
                browser.token = token.group(1) if token else ""
                await self.count("sign out", browser.post("/sign-out/", {}, in_place=False))
            finally:
                self.panel.browsers.remove(browser)
                await browser.end()

        await self.keep_on(one, self.size.seconds / 20)

    async def methodologist(self) -> None:
        browser = self.panel.browser(self.work["methodologist"])
        await browser.open_form(f"{self.takes_files}uploads/new/")

        async def one() -> None:
            file = FILE.format(name=f"Trial {self.panel.op()}").encode()
            sent = await self.count(
                "upload", browser.post_file(f"{self.takes_files}uploads/new/", "trials.csv", file)
            )
            if sent and sent.location:
                await self.count("read", browser.get(sent.location))
                discard = browser.post(sent.location, {"action": "discard"}, in_place=False)
                await self.count("discard", discard)

        await self.keep_on(one, self.size.seconds / 10)

    async def staff(self) -> None:
        browser = self.panel.browser(self.panel.facts["chair"][1])
        reader = self.panel.browser(self.work["staff"])

        async def one() -> None:
            await self.count("PDF", browser.get(f"{self.panel.path}document.pdf"))
            await self.count("PDF", reader.get(f"{EXAMPLE}{self.work['reviewed']}/document.pdf"))

        await self.keep_on(one, self.size.seconds / 20)

    async def chair(self) -> None:
        """Closes the round and opens the next, again and again; members meet closed rounds."""
        browser = self.panel.browser(self.panel.facts["chair"][1])
        await browser.open_form(f"{self.panel.path}rounds/{self.number}/close/")
        while True:
            await asyncio.sleep(self.size.seconds / self.size.rounds)
            if time.monotonic() > self.end:
                return
            path = f"{self.panel.path}rounds/"
            await self.count("close", browser.post(f"{path}{self.number}/close/", {}, in_place=False))
            form = {"items": self.panel.items, "blind": "blind", "rule": "who_two_thirds"}
            opened = await self.count("open", browser.post(f"{path}new/", form, in_place=False))
            # Later than ten minutes after a sign-in a close asks who is there: the round then goes on.
            self.number += bool(opened and opened.status == 302)

    async def all(self) -> None:
        voters = await self.panel.voters(range(self.size.members))
        await gather(
            [
                *(self.member(voter) for voter in voters),
                *(one() for one in (self.visitor, self.methodologist, self.staff, self.chair)),
            ]
        )

    def figures(self) -> dict[str, Any]:
        statuses = sum(self.answers.values(), Counter())
        wrong = {
            f"{what} {status}": n
            for what, counted in self.answers.items()
            for status, n in counted.items()
            if status == 0 or status >= 500
        }
        return {
            "requests": statuses.total(),
            "errors": [f"{n} x {what}" for what, n in wrong.items()],
            "done": {what: dict(sorted(counted.items())) for what, counted in sorted(self.answers.items())},
            "pdfs_put_off": self.put_off,
            "rounds": self.number,
        }


def live(database: ExampleDatabase, size: Soak, application: str) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"TMPDIR": folder}),
        panel_on(database, size.members, application=application) as panel,
    ):
        work = panel.stage("set_up_work", VISITOR)
        looks = Looks(panel.server, Path(folder), counting(database, panel))
        start = time.monotonic()
        site = Site(panel, work, size, start + size.seconds)

        async def whole() -> None:
            await gather([site.all(), looks.go_on(size.seconds)])

        panel.run(whole())
        found = check(panel.history, panel.stored()).figures()
        grown = looks.figures(start + size.warm_up)
    return site.figures() | grown | {name: found[name] for name in NEVER if name in {"faults", "lost"}}


def counting(database: ExampleDatabase, panel: Panel) -> Callable[[], int]:
    """How many connections to its database there are; none to be counted on SQLite."""
    if database.postgres is None:
        return lambda: 0
    name = panel.server.database_url.rpartition("/")[2].partition("?")[0]
    return partial(connections_to, database.postgres.url("postgres"), name)


def v12_soak(database: ExampleDatabase, size: Soak, control: Soak) -> list[Result]:
    """Mixed work of a whole panel: no answer 5xx, no growth. The control keeps something of every request."""
    if not PROC.is_dir():
        return [not_measured("V12", vendor(database), "without /proc nobody tells what a process holds")]
    found = live(database, size, SAFE)
    wrong = live(database, control, "tests.reliability.unsafe:leaking()")
    most = 2 * THREADS if database.postgres else 0
    never = ("errors", "faults", "lost")
    passed = not any(found[name] for name in never) and found["most_connections"] <= most
    return [
        Result("V12", vendor(database), passed and not grows(found), found),
        Result("V12", vendor(database), len(grows(wrong)) == 3, wrong, is_control=True),
    ]


def grows(found: dict[str, Any]) -> list[str]:
    """What has grown."""
    return [
        name
        for name, most in (
            ("mib_growth", MOST_GROWTH),
            ("more_open_files", SPARE),
            ("more_temporary_files", SPARE),
        )
        if found[name] > most
    ]
