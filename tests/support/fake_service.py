"""Owns a service for the stack's tests: it answers on an inherited socket, or does what it is told.

Run as a module with the socket's number (or -) and what to do: `serve`, `fail`, `silent`, `once`,
`fork` (serve, with a child in a session of its own whose number is written to the third argument).
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Says goodbye in a file where it is asked to end.
SLEEPER = """
import pathlib, signal, sys, time

def told(*_):
    pathlib.Path(sys.argv[1]).write_text("goodbye")
    sys.exit()

signal.signal(signal.SIGTERM, told)
time.sleep(600)
"""


class Answer(BaseHTTPRequestHandler):
    """200 to every GET, with the process's number."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())

    def log_message(self, *_: object) -> None:
        return


def serve(descriptor: int) -> None:
    """Answer on the socket until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer, bind_and_activate=False)
    server.socket = socket.socket(fileno=descriptor)
    server.server_activate()
    print("serving", flush=True)
    server.serve_forever()


def main(descriptor: str, deed: str, *more: str) -> None:
    """Do as told."""
    if deed == "fail":
        print("I cannot find my shoes", flush=True)
        sys.exit(7)
    if deed == "once":
        print("done", flush=True)
        return
    if deed == "fork":
        command = [sys.executable, "-c", SLEEPER, f"{more[0]}.ended"]
        child = subprocess.Popen(command, start_new_session=True)
        Path(more[0]).write_text(str(child.pid))
    if deed == "silent":
        time.sleep(600)
    serve(int(descriptor))


if __name__ == "__main__":
    main(*sys.argv[1:])
