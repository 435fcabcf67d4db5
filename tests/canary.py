"""A server on this machine that nothing should ask for anything: it notes what it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

SECRET = b"canary-4711"


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """Its address, and what it was asked for. `/moved` leads on to another address."""
    asked: list[str] = []

    class Canary(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            moved = self.path.startswith("/moved")
            self.send_response(302 if moved else 200)
            if moved:
                self.send_header("Location", "/secret.txt")
            self.end_headers()
            self.wfile.write(SECRET)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
