"""A running server with people who send files: what the scenarios of uploads and of documents begin with."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.panel import SAFE, run_stage, server_on
from tests.reliability.posted import Sender
from tests.reliability.processes import workers_of
from tests.server import ExampleDatabase, RunningServer

STAGE = "tests.reliability.upload_stage"
PEOPLE = 24
# Fewer than anybody may send within an hour.
FILES_EACH = 18


@dataclass
class Site:
    """A running server with methodologists who are signed in; each sends FILES_EACH files, then the next one does."""

    server: RunningServer
    facts: dict[str, Any]
    sent: int = 0
    _known: dict[str, Sender] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return int(self.server.url.rpartition(":")[2])

    @property
    def workers(self) -> list[int]:
        assert self.server.process is not None
        return workers_of(self.server.process.pid)

    def table_path(self, question: str = "question") -> str:
        return f"/guidelines/{self.facts['guideline']}/{self.facts[question]}/evidence/uploads/new/"

    @property
    def document_path(self) -> str:
        return f"/guidelines/{self.facts['guideline']}/import/"

    def person(self, number: int) -> Sender:
        return self.sender(self.facts["people"][number], self.table_path())

    def next_person(self) -> Sender:
        self.sent += 1
        return self.person(self.sent // FILES_EACH % len(self.facts["people"]))

    def sender(self, session: str, form: str) -> Sender:
        if session not in self._known:
            self._known[session] = Sender(self.port, session)
            self._known[session].open_form(form)
        return self._known[session]

    def stage(self, command: str, *arguments: object) -> dict[str, Any]:
        return run_stage(self.server, command, *arguments, module=STAGE)

    def stored(self) -> dict[str, Any]:
        return self.stage("count", self.facts["guideline"])


@contextmanager
def site_on(database: ExampleDatabase, *, application: str = SAFE) -> Iterator[Site]:
    """A server with people who may send files."""
    with server_on(database, PEOPLE, module=STAGE, application=application) as (server, facts):
        yield Site(server, facts)


def percentile_95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def load() -> float:
    """How busy the machine is: processes that run or wait, over the last minute."""
    return round(os.getloadavg()[0], 1)
