"""People with a browser each: one kept-open connection, a session, and the form's own hidden values."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.reliability.history import Outcome, Write

ANSWER_SECONDS = 120.0


class ConnectionBroke(Exception):
    """No whole answer came back: nobody knows whether the request was served. `is_empty`: not a byte of it did."""

    def __init__(self, reason: str, *, is_empty: bool) -> None:
        super().__init__(reason)
        self.is_empty = is_empty


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    cookies: dict[str, str]
    location: str = ""

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Browser:
    """One request at a time to one server on this machine."""

    port: int
    session: str = ""
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    # How often a kept-open connection turned out to be closed, and the request was sent again on a new one.
    resent: int = 0

    async def get(self, path: str) -> Answer:
        return await self._request("GET", path, b"")

    async def post(self, path: str, form: Mapping[str, Any], *, in_place: bool = True) -> Answer:
        """Send a form; `in_place` as the page's script does, otherwise as a browser without one."""
        body = urlencode({**form, "csrfmiddlewaretoken": self.token}, doseq=True).encode()
        return await self._request("POST", path, body, "HX-Request: true\r\n" if in_place else "")

    async def post_file(self, path: str, name: str, content: bytes) -> Answer:
        """Send a file in the field `file`."""
        boundary = "----a-boundary-that-is-in-no-file"
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{self.token}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        )
        body = parts.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return await self._request("POST", path, body, kind=f"multipart/form-data; boundary={boundary}")

    async def open_form(self, path: str) -> Answer:
        """Open a page and take the token of its form."""
        answer = await self.get(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.text)
        if answer.status != 200 or found is None:
            raise RuntimeError(f"{path} answers {answer.status}, without a form")
        self.token = found.group(1)
        return answer

    async def _request(
        self,
        method: str,
        path: str,
        body: bytes,
        more: str = "",
        kind: str = "application/x-www-form-urlencoded",
    ) -> Answer:
        cookies = self.cookies | ({"sessionid": self.session} if self.session else {})
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Cookie: {'; '.join(f'{name}={value}' for name, value in cookies.items())}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
        ]
        content = ("\r\n".join(lines) + "\r\n" + more + "\r\n").encode() + body
        is_reused = self.writer is not None
        try:
            answer, keep = await self._send(content)
        except ConnectionBroke as error:
            if not is_reused or not error.is_empty:
                raise
            # As browsers do: the server may have closed the connection while nobody used it.
            self.resent += 1
            answer, keep = await self._send(content)
        if not keep:
            self.close()
        self.cookies |= answer.cookies
        return answer

    async def _send(self, content: bytes) -> tuple[Answer, bool]:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await self._connection()
                writer.write(content)
                await writer.drain()
                return await read_answer(reader)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            self.close()
            is_empty = isinstance(error, ConnectionError) or getattr(error, "partial", None) == b""
            raise ConnectionBroke(repr(error), is_empty=is_empty) from error

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.reader is None or self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self.reader, self.writer

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def end(self) -> None:
        """Close the connection and wait until it is: the event loop ends next."""
        writer = self.writer
        self.close()
        if writer is not None:
            with suppress(OSError):
                await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """One answer, and whether the server keeps the connection open."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in head[1:])]
    cookies = dict(value.partition(";")[0].split("=", 1) for name, value in headers if name == "set-cookie")
    values = dict(headers)
    body = await reader.readexactly(int(values.get("content-length", 0)))
    if values.get("transfer-encoding") == "chunked":
        body = await read_chunks(reader)
    return Answer(status, body, cookies, values.get("location", "")), values.get(
        "connection", ""
    ).lower() != "close"


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
        if size == 0:
            return b"".join(parts)


@dataclass
class Voter:
    """A member at one device. Every request that casts a vote is added to the history that all of them share."""

    member: int
    browser: Browser
    question_path: str
    history: list[Write]
    versions: dict[str, int] = field(default_factory=dict)
    # What the last answer said.
    page: str = ""

    async def vote(self, item: str, option: str, comment: str, op: str, version: int | None = None) -> Write:
        """Send one vote, made on top of the version that this device knows; afterwards it knows the newer one.

        `version` is given to send an old form once more.
        """
        if version is None:
            version = self.versions.get(item, 0)
        form = {"options": option, "comment": comment, "revision": str(version), "op": op}
        sent, status, text = time.monotonic(), 0, ""
        try:
            answer = await self.browser.post(f"{self.question_path}votes/{item}/", form)
            status, text = answer.status, answer.text
        except ConnectionBroke:
            pass
        self.page = text
        write = Write(
            member=self.member,
            item=item,
            version=version,
            option=option,
            comment=comment,
            op=op,
            outcome=outcome(status, text),
            status=status,
            sent=sent,
            answered=time.monotonic(),
        )
        self.history.append(write)
        if write.outcome is Outcome.ACKNOWLEDGED:
            self.versions[item] = max(version + 1, self.versions.get(item, 0))
        elif stale := re.search(r'name="over" value="(\d+)"', text):
            self.versions[item] = int(stale.group(1))
        return write


def outcome(status: int, text: str) -> Outcome:
    """503 is our own page: “not saved”, or “perhaps”. Any other failure of the server says nothing."""
    if status == 503 and "Perhaps not saved" in text:
        return Outcome.UNKNOWN
    if status in {200, 302, 303}:
        return Outcome.ACKNOWLEDGED
    return Outcome.REFUSED if 400 <= status < 500 or status == 503 else Outcome.UNKNOWN
