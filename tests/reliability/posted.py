"""Files as a browser sends them, and as no browser does: whole requests of `multipart/form-data`, byte by byte."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

ANSWER_SECONDS = 120.0
BOUNDARY = "----a-boundary-that-is-in-no-file"


@dataclass(frozen=True)
class Part:
    """A field of a form: a file where it has a name, even an empty one."""

    field: str
    content: bytes
    filename: str | None = None


@dataclass(frozen=True)
class Got:
    """An answer; `words` is what a reader sees of it, in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def words(self) -> str:
        text = re.sub(r"<(script|style)\b.*?</\1>", " ", self.body.decode(errors="replace"), flags=re.S)
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split()).casefold()


def body_of(parts: Sequence[Part], boundary: str = BOUNDARY) -> bytes:
    body = b""
    for part in parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{part.field}"'
        if part.filename is not None:
            head += f'; filename="{part.filename}"\r\nContent-Type: application/octet-stream'
        body += head.encode() + b"\r\n\r\n" + part.content + b"\r\n"
    return body + f"--{boundary}--\r\n".encode()


@dataclass
class Sender:
    """Somebody who is signed in, or nobody where the session is empty; each request has a connection of its own."""

    port: int
    session: str = ""
    token: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Got:
        return self._ask("GET", path, b"", {})

    def open_form(self, path: str) -> Got:
        """Open a page and take the token of its form."""
        got = self.get(path)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', got.body.decode(errors="replace"))
        if got.status != 200 or found is None:
            raise RuntimeError(f"{path} answers {got.status}, without a form")
        self.token = found.group(1)
        return got

    def send_file(self, path: str, content: bytes, name: str = "trials.csv") -> Got:
        return self.send(path, [Part("file", content, name)])

    def send(
        self, path: str, parts: Sequence[Part], kind: str = f"multipart/form-data; boundary={BOUNDARY}"
    ) -> Got:
        token = Part("csrfmiddlewaretoken", self.token.encode())
        return self._ask("POST", path, body_of([token, *parts]), {"Content-Type": kind})

    def post(self, path: str, form: dict[str, str]) -> Got:
        body = urlencode(form | {"csrfmiddlewaretoken": self.token}).encode()
        return self._ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def head_of(self, path: str, length: int) -> bytes:
        """The first lines of a request with a file, for those who do not send the rest."""
        lines = [f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Cookie: {self._cookie()}"]
        lines += [f"Content-Type: multipart/form-data; boundary={BOUNDARY}", f"Content-Length: {length}"]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_SECONDS)

    def _cookie(self) -> str:
        cookies = self.cookies | ({"sessionid": self.session} if self.session else {})
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Got:
        start = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, body or None, headers | {"Cookie": self._cookie()})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, found, content, time.monotonic() - start)
