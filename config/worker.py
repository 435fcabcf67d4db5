"""gunicorn's worker of threads, which waits for no client for ever.

gunicorn reads a request for as long as its client takes to send it; as many clients as there are threads, sending a
byte a second each, would hold the whole site. Here who is too slow is cut off, and the thread serves the next. A proxy
that takes requests whole, and answers too, is better still (docs/reliability.md).
"""

from __future__ import annotations

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

SECONDS = 20.0
"""For the head of a request and the first of its body; then a second more for each SLOWEST bytes that came."""
SLOWEST = 16 * 1024
PIECE, SECONDS_A_PIECE = 64 * 1024, 20.0
"""What of an answer a client takes within so long, at least."""


class BoundedSocket(socket.socket):
    """A connection on which a request has to come, and an answer has to be taken, in time."""

    began = 0.0
    received = 0

    def begin(self) -> None:
        self.began, self.received = time.monotonic(), 0

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Raises ConnectionResetError where the request is not there in time."""
        left = self.began + SECONDS + self.received / SLOWEST - time.monotonic()
        own = self.gettimeout()
        if left <= 0:
            raise ConnectionResetError(errno.ECONNRESET, "the request came too slowly")
        self.settimeout(left if own is None else min(left, own))
        try:
            data = super().recv(size, flags)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the request did not come") from error
        finally:
            self.settimeout(own)
        self.received += len(data)
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        """Raises ConnectionResetError where the answer is not taken in time."""
        whole, own = memoryview(data), self.gettimeout()
        try:
            for start in range(0, len(whole), PIECE):
                self.settimeout(SECONDS_A_PIECE)
                super().sendall(whole[start : start + PIECE], flags)
        except TimeoutError as error:
            raise ConnectionResetError(errno.ECONNRESET, "the answer was taken too slowly") from error
        finally:
            self.settimeout(own)

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        """As of a file's bytes by `sendall`: the system's own way waits for ever. The number of bytes sent."""
        file.seek(offset)
        sent = 0
        while data := file.read(PIECE if count is None else min(PIECE, count - sent)):
            self.sendall(data)
            sent += len(data)
        return sent


class Worker(ThreadWorker):
    def enqueue_req(self, conn: TConn) -> None:
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket(fileno=conn.sock.detach())
            conn.sock.setblocking(False)
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> object:
        conn.sock.begin()
        return super().handle(conn)
