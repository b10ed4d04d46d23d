"""An OpenAI-compatible chat-completions server on loopback that answers from a script.

with OpenAIServer([RateLimited(), Reply("[[ ## label ## ]]\\nrefund")]) as server:
    lm = open_lm("openai/test-model", cache_dir=None, api_base=server.address)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from dspy import lm15

from dspyui_core.lms.embedded import InContextEngine

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """A well-formed answer: a text, or a function from the request's body to one."""

    text: str | Callable[[Body], str]


@dataclass(frozen=True)
class RateLimited:
    """HTTP 429; `retry_after` is the seconds that the header asks the client to wait."""

    retry_after: float = 0.0


@dataclass(frozen=True)
class Slow:
    """An answer that comes after `seconds`, or never when the server stops before."""

    seconds: float


@dataclass(frozen=True)
class Broken:
    """Any status with any body, such as a 500, or a 200 that is no JSON."""

    status: int
    body: str


Step = Reply | RateLimited | Slow | Broken


@dataclass(frozen=True)
class Received:
    """One request as it came in; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Body


def embedded_answer(body: Body) -> str:
    """Answer a chat-completions body as the embedded LM does."""
    system = "\n".join(m["content"] for m in body["messages"] if m["role"] == "system")
    turns = [m for m in body["messages"] if m["role"] != "system"]
    makers = {"user": lm15.Message.user, "assistant": lm15.Message.assistant}
    request = lm15.Request(
        model=body["model"],
        system=system or None,
        messages=tuple(makers[turn["role"]](turn["content"]) for turn in turns),
    )
    return str(InContextEngine().complete(request).message.text)


class OpenAIServer:
    """Plays the steps of `script` one per request; the last step answers all further ones.

    `port` is a loopback port, by default any free one.
    """

    def __init__(
        self, script: Sequence[Step] = (Reply(embedded_answer),), *, port: int = 0
    ) -> None:
        self._script = tuple(script)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.received: list[Received] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def address(self) -> str:
        """The `api_base` of this server."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next_step(self, received: Received) -> Step:
        """Record a request and return the step that answers it."""
        with self._lock:
            self.received.append(received)
            return self._script[min(len(self.received), len(self._script)) - 1]

    def wait(self, seconds: float) -> None:
        """Wait like a slow LM, but not longer than the server lives."""
        self._stopped.wait(seconds)


def _handler(server: OpenAIServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length))
            headers = {name.lower(): value for name, value in self.headers.items()}
            step = server.next_step(Received(self.path, headers, body))
            if isinstance(step, Slow):
                server.wait(step.seconds)
            status, text, extra = _answer(step, body)
            try:
                self._send(status, text.encode(), extra)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has given up waiting

        def _send(self, status: int, payload: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing: the tests read `received`."""

    return Handler


def _answer(step: Step, body: Body) -> tuple[int, str, dict[str, str]]:
    match step:
        case RateLimited(retry_after):
            error = {"error": {"message": "slow down", "type": "rate_limit", "code": "rate_limit"}}
            return 429, json.dumps(error), {"Retry-After": str(retry_after)}
        case Broken(status, text):
            return status, text, {}
        case Reply(text):
            content = text if isinstance(text, str) else text(body)
            return 200, json.dumps(_completion(body, content)), {}
        case Slow():
            return 200, json.dumps(_completion(body, "too late")), {}


def _completion(body: Body, content: str) -> dict[str, Any]:
    prompt = sum(len(message["content"].split()) for message in body["messages"])
    answered = len(content.split())
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": content},
            }
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": answered,
            "total_tokens": prompt + answered,
        },
    }
