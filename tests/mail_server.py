"""A mail server of a test's own, on this machine, that can keep one letter waiting: for killing whoever sends it.

It can also break off: after so many letters of a connection, and whenever it hears a certain address.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

SECONDS = 60.0


@dataclass
class MailServer:
    """`accepted` are the addresses whose letter it has taken. The letter with the number `hold` is kept waiting.

    A connection is taken `a_connection` letters at most, and ends without a word where it names `breaks_off_at`.
    """

    hold: int = 0
    a_connection: int = 1_000
    breaks_off_at: str = "nobody"
    port: int = 0
    n_connections: int = 0
    accepted: list[str] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def wait_for_the_letter(self) -> None:
        assert self.waiting.wait(SECONDS), "the letter to be kept waiting never came"


class _Talk(socketserver.StreamRequestHandler):
    mail: MailServer
    timeout = SECONDS

    def handle(self) -> None:
        self.say("220 test")
        self.mail.n_connections += 1
        address, n_taken = "", 0
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 go on")
                while self.rfile.readline() not in {b".\r\n", b""}:
                    pass
                if len(self.mail.accepted) + 1 == self.mail.hold and not self.mail.waiting.is_set():
                    self.mail.waiting.set()
                    # Whoever sent it is killed now, and the connection ends before it is taken.
                    self.mail.go_on.wait(SECONDS)
                    return
                self.mail.accepted.append(address)
                n_taken += 1
            elif verb == b"MAIL" and n_taken == self.mail.a_connection:
                self.say("421 enough for one connection")
                return
            elif verb == b"RCPT":
                address = line.decode().partition("<")[2].partition(">")[0]
                if address == self.mail.breaks_off_at:
                    return
            self.say("221 bye" if verb == b"QUIT" else "250 good")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server(
    *, hold: int = 0, a_connection: int = 1_000, breaks_off_at: str = "nobody"
) -> Iterator[MailServer]:
    mail = MailServer(hold=hold, a_connection=a_connection, breaks_off_at=breaks_off_at)
    talk = type("Talk", (_Talk,), {"mail": mail})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), talk) as server:
        server.daemon_threads = True
        mail.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield mail
        finally:
            mail.go_on.set()
            server.shutdown()
            thread.join()
