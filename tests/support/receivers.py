"""Owns what notifications are sent to in tests: a web address and a mail server on loopback."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def web_receiver(*statuses: int) -> Iterator[tuple[str, list[Any]]]:
    """An address, and the JSON documents that are posted to it and taken.

    The first are answered with `statuses` instead, and not taken.
    """
    posted: list[Any] = []
    refusals = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = refusals.pop(0) if refusals else 204
            if status == 204:
                posted.append(document)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/told?token=sesame", posted


@contextmanager
def mail_receiver() -> Iterator[tuple[str, list[str]]]:
    """An Apprise URL of a mail server, and the mails that it gets."""
    mails: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.answer("220 here")
            while line := self.rfile.readline().decode().strip():
                if line.upper() == "DATA":
                    self.answer("354 go on")
                    mails.append(self.mail())
                self.answer("221 bye" if line.upper() == "QUIT" else "250 ok")

        def mail(self) -> str:
            lines = iter(lambda: self.rfile.readline().decode().rstrip("\r\n"), ".")
            return "\n".join(lines)

        def answer(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        sender = "from=flywheel@example.com&to=ana@example.com"
        yield f"mailto://127.0.0.1:{port}?{sender}&format=text", mails


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[int]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
