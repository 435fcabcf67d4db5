"""A2: the acts of A1 through HTTP, four people at once; afterwards some order of them must explain everything.

What four people were answered, and what is stored then, must come out of the model in at least one order of their acts.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.launcher import ROOT
from tests.reliability.acts import Draw, at_once
from tests.reliability.client import Answer, Browser, ConnectionBroke
from tests.reliability.model import Act, PanelModel, Said, explained
from tests.server import RunningServer, application_environment

AT_ONCE = 4
MOST_DELAY = 0.03
SECONDS_FOR_A_LETTER = 30.0
PAGES = ("", "rounds/", "rounds/{number}/", "criteria/{item}/", "history/", "meeting/", "document.json")


class Broken(Exception):
    """No order of the acts explains what was answered and stored; or an answer that must never come."""


class Staged:
    """`tests.reliability.stage` as a process that stays, on the database of a running server."""

    def __init__(self, server: RunningServer) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.stage", "serve"],
            cwd=ROOT,
            env=application_environment(server.database_url, server.folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *command: object) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{command[0]} broke")
        return json.loads(line)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


@dataclass
class Crowd:
    """The people of one history; each has a device for every act that goes on at once."""

    server: RunningServer
    staged: Staged
    number: int
    done: Counter[str] = field(default_factory=Counter)
    server_errors: int = 0

    def __post_init__(self) -> None:
        self.facts = self.staged.ask("set_up_history", self.number)
        port = int(self.server.url.rpartition(":")[2])
        self.devices = {
            name: [Browser(port, session) for _ in range(AT_ONCE)]
            for name, (_, session) in self.facts["people"].items()
        }
        options = {item: tuple(keys) for item, keys in self.facts["options"].items()}
        self.model = PanelModel(roles=dict(self.facts["roles"]), items=tuple(options))
        self.random = Random(self.number)  # noqa: S311 -- a test, not a secret
        self.draw = Draw(self.random, self.model, options, at_once)
        self.read()

    def read(self) -> None:
        people = {pk: name for name, (pk, _) in self.facts["people"].items()}
        self.stored = self.staged.ask("read_history", self.facts["slug"], people, self.draw.model.items[0])

    @property
    def guideline(self) -> str:
        return f"/guidelines/{self.facts['slug']}/"

    @property
    def question(self) -> str:
        return f"{self.guideline}{self.facts['slug']}/"

    async def live(self, batches: int, deadline: float) -> None:
        """Raises Broken at the first acts that nothing explains."""
        try:
            for devices in self.devices.values():
                first, *others = devices
                await first.open_form("/")
                for device in others:
                    device.token, device.cookies = first.token, dict(first.cookies)
            for _ in range(batches):
                if time.monotonic() > deadline:
                    return
                await self.batch()
        finally:
            for device in (device for devices in self.devices.values() for device in devices):
                await device.end()

    async def batch(self) -> None:
        acts = [self.draw.act() for _ in range(AT_ONCE)]
        hidden, number = self.words_of_votes(), self.model.number
        delays = [self.random.uniform(0, MOST_DELAY) for _ in acts]
        answers = await asyncio.gather(
            *(
                self.ask(act, self.devices[act.by][n], delay)
                for n, (act, delay) in enumerate(zip(acts, delays, strict=True))
            )
        )
        await asyncio.to_thread(self.read)
        said = [(act, self.said(act, answer)) for act, answer in zip(acts, answers, strict=True)]
        after = explained(self.model, said, self.stored["facts"])
        if after is None or self.stored["faults"]:
            raise Broken(
                f"history {self.number}: no order of {said} leads from {self.model.facts()} to {self.stored}"
            )
        if after.is_open and after.number == number:
            self.require_blind(acts, answers, hidden)
        self.server_errors += sum(answer is not None and answer.status >= 500 for answer in answers)
        self.done.update(f"{act.kind}, {answered}" for act, answered in said)
        self.model = self.draw.model = after

    def words_of_votes(self) -> dict[str, str]:
        """What nobody but its author may read while the round is open."""
        return {text: who for (who, _), (_, text, _) in self.model.votes.items() if text.startswith("Words")}

    def require_blind(
        self, acts: Sequence[Act], answers: Sequence[Answer | None], hidden: Mapping[str, str]
    ) -> None:
        for act, answer in zip(acts, answers, strict=True):
            seen = [text for text, who in hidden.items() if who != act.by and answer and text in answer.text]
            if seen:
                raise Broken(f"history {self.number}: {act} showed {seen}")

    @staticmethod
    def said(act: Act, answer: Answer | None) -> Said:
        if answer is None:
            raise Broken(f"{act} was not answered")
        if answer.status in {200, 302}:
            return Said.DONE
        return Said.STALE if answer.status == 409 and 'name="over"' in answer.text else Said.REFUSED

    async def ask(self, act: Act, browser: Browser, delay: float) -> Answer | None:
        """The answer, None where none came. The delay lets each act be first now and then."""
        await asyncio.sleep(delay)
        try:
            if act.kind == "look":
                return await browser.get(self.page())
            if act.kind == "upload":
                file = (
                    "study,year,events_intervention,n_intervention,events_comparison,n_comparison\n"
                    f"{act.text} 2019,2019,12,40,9,41\n"
                )
                return await browser.post_file(
                    f"{self.question}evidence/uploads/new/", "trials.csv", file.encode()
                )
            path, form = self.form(act)
            return await browser.post(path, form, in_place=act.kind in {"vote", "edit"})
        except ConnectionBroke:
            return None

    def page(self) -> str:
        chosen = self.random.choice(PAGES if self.model.number else PAGES[:2])
        return self.question + chosen.format(number=self.model.number, item=self.model.items[0])

    def form(self, act: Act) -> tuple[str, dict[str, Any]]:
        """Where an act's form is sent, and what it holds."""
        people, member = self.facts["people"], self.stored["memberships"].get(act.on, 0)
        match act.kind:
            case "vote":
                values = {"options": list(act.options), "comment": act.text, "revision": act.version}
                return f"{self.question}votes/{act.on}/", values | {"op": act.op}
            case "open":
                values = {"items": list(self.model.items), "blind": "blind", "rule": self.facts["rule"]}
                return f"{self.question}rounds/new/", values
            case "close":
                return f"{self.question}rounds/{act.version}/close/", {}
            case "void":
                ballot = self.stored["ballots"][f"{act.version} {act.on}"]
                return f"{self.question}rounds/{act.version}/void/", {
                    "ballot": ballot,
                    "reason": "Left the room.",
                }
            case "manage":
                scope = f"for/{self.facts['slug']}/" if act.options == ("question",) else ""
                return f"{self.guideline}conflicts/members/{people[act.on][0]}/{scope}", {
                    "level": act.text,
                    "confirmed": "on",
                }
            case "change_role":
                return f"{self.guideline}people/{member}/role/", {"role": act.text}
            case "leave":
                return f"{self.guideline}people/{member}/end/", {}
            case "invite":
                values = {"name": act.on, "email": self.email(act.on), "role": act.text}
                return f"{self.guideline}people/invite/", values
            case "accept":
                return self.link_for(act.by), {}
            case "begin":
                return f"{self.question}rounds/begin/", {}
            case "edit":
                values = {"research_evidence": act.text, "revision": act.version}
                return f"{self.question}criteria/{self.model.items[0]}/texts/", values
        raise ValueError(f"no page for {act}")

    def email(self, name: str) -> str:
        return f"{name}-{self.number}@example.org"

    def link_for(self, name: str) -> str:
        """The way of the link in the newest invitation of somebody; the request beside it may still be sending it."""
        until = time.monotonic() + SECONDS_FOR_A_LETTER
        while time.monotonic() < until:
            for letter in reversed(self.server.letters()):
                if letter["To"] == self.email(name):
                    found = re.search(r"/invitations/\d+/[\w-]+/", letter.get_content())
                    assert found is not None
                    return found.group()
            time.sleep(0.1)
        raise Broken(f"{name} was invited and has no letter")
