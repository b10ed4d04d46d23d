"""Doubles that users can use too: a scripted LM, a tiny program with its rows, simulated users."""

from __future__ import annotations

import json
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from dspy import lm15

from dspyui_core.datasets import Row
from dspyui_core.feedback import FeedbackService
from dspyui_core.fields import Field
from dspyui_core.lms import MeteredLM
from dspyui_core.lms.embedded.prompt import read_prompt
from dspyui_core.spec import ProgramSpec, parse_spec
from dspyui_core.store.journal import Entry

__all__ = [
    "Opinion",
    "ScriptedLM",
    "SimulatedUser",
    "simulated_users",
    "tiny_rows",
    "tiny_spec",
]

# What an LM is told to say: outputs by name, a raw text, or an error to raise.
Line = Mapping[str, Any] | str | Exception

_TOPICS: Mapping[str, str] = {
    "billing": "invoice refund receipt charge price discount deposit payment euros subscription",
    "delivery": "parcel courier address tracking warehouse van doorstep customs shipment box",
    "account": "password login profile username session avatar privacy badge security newsletter",
}
_FRAMES = ("my {} and {}", "{} without any {}?", "where is {} for this {}", "a {}, then {} again")


class ScriptedLM(MeteredLM):
    """An LM that says its lines in turn, then what `rule` makes of a question's inputs.

    A line is a mapping of outputs, a raw text (which need not parse), or an exception to raise;
    lm15's errors arrive as DSPy's. After a text that does not parse DSPy's chat adapter asks once
    more, in JSON. Without a rule it fails once its lines are over. `heard` holds the inputs' text
    of every question. Thread-safe; costs nothing and calls nobody.
    """

    def __init__(self, *lines: Line, rule: Callable[[str], Line] | None = None) -> None:
        script = _Script(lines, rule)
        super().__init__(
            "scripted/lm", engine=script, async_engine=_Awaited(script), cache=False, num_retries=0
        )
        self.heard = script.heard


class _Script:
    usd_per_call: ClassVar[float] = 0.0

    def __init__(self, lines: Sequence[Line], rule: Callable[[str], Line] | None) -> None:
        self.heard: list[str] = []
        self._lines = deque(lines)
        self._rule = rule
        self._lock = threading.Lock()

    def complete(self, request: Any) -> Any:
        """Return the lm15.Response to an lm15.Request, or raise the line."""
        prompt = read_prompt(request)
        line = self._next(prompt.query)
        if isinstance(line, Exception):
            raise line
        text = line if isinstance(line, str) else _written(line, as_json=prompt.task.as_json)
        return lm15.Response(
            id=None,
            model=request.model,
            message=lm15.Message.assistant(text),
            finish_reason="stop",
            usage=lm15.Usage(input_tokens=1, output_tokens=1),
        )

    def _next(self, question: str) -> Line:
        with self._lock:
            self.heard.append(question)
            if self._lines:
                return self._lines.popleft()
        if self._rule is None:
            return lm15.InvalidRequestError("the scripted LM has said all its lines")
        return self._rule(question)


class _Awaited:
    usd_per_call: ClassVar[float] = 0.0

    def __init__(self, script: _Script) -> None:
        self._script = script

    async def complete(self, request: Any) -> Any:
        """The same, to be awaited."""
        return self._script.complete(request)


def tiny_spec(**changes: Any) -> ProgramSpec:
    """A program `tiny` from `text` to a `topic` of three, with top-level keys replaced."""
    content: dict[str, Any] = {
        "name": "tiny",
        "signature": {
            "instructions": "Name the topic of a customer's message.",
            "inputs": {"text": "str"},
            "outputs": {"topic": {"type": "literal", "values": list(_TOPICS)}},
        },
        "dataset": {"sources": "tiny.csv"},
    }
    return parse_spec(content | changes)


def tiny_rows(count: int = 24) -> tuple[Row, ...]:
    """Up to 120 gold rows of the tiny program, the topics in turn, no two of them alike.

    The embedded LM learns them: the words of a topic share nothing with its name.
    """
    rows = [
        Row.of({"text": text}, {"topic": topic}, "gold", source="tiny")
        for apart, frame in enumerate(_FRAMES, start=1)
        for place in range(10)
        for topic, words in _TOPICS.items()
        for text in (frame.format(words.split()[place], words.split()[(place + apart) % 10]),)
    ]
    return tuple(rows[:count])


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a user says of an answer; a correction names the outputs that should have been else."""

    rating: str
    corrected_output: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """A user who knows the labels, and is careless now and then.

    `noise` is the share of answers judged wrongly (a good one corrected to another literal value,
    a bad one praised); `corrects` the share of thumbs down that come with a correction. What a
    user says of an answer depends on the seed, the name and the answer, not on the order.
    """

    user_id: str
    outputs: Sequence[Field]
    seed: int = 0
    noise: float = 0.0
    corrects: float = 1.0

    def opinion(self, answer: Mapping[str, Any], labels: Mapping[str, Any]) -> Opinion:
        """What this user says of an answer whose labels are known."""
        told = json.dumps([dict(answer), dict(labels)], sort_keys=True, default=str)
        chance = random.Random(f"{self.seed} {self.user_id} {told}")
        careless = chance.random() < self.noise
        right = all(answer.get(name) == label for name, label in labels.items())
        if right != careless:
            return Opinion("thumbs_up")
        believed = self._mistaken(labels, chance) if careless else labels
        meant = {name: value for name, value in believed.items() if answer.get(name) != value}
        speaks = bool(meant) and chance.random() < self.corrects
        return Opinion("thumbs_down", meant if speaks else None)

    def tell(
        self,
        service: FeedbackService,
        trace_id: str,
        answer: Mapping[str, Any],
        labels: Mapping[str, Any],
    ) -> Entry:
        """Record this user's opinion of a recorded answer, as an authenticated user."""
        said = self.opinion(answer, labels)
        return service.record_feedback(
            trace_id,
            said.rating,
            said.corrected_output,
            user_id=self.user_id,
            idempotency_key=f"{self.user_id} {trace_id}",
            authenticated=True,
        )

    def _mistaken(self, labels: Mapping[str, Any], chance: random.Random) -> dict[str, Any]:
        mistaken = dict(labels)
        for field in self.outputs:
            others = [v for v in field.values or () if v != labels.get(field.name)]
            if isinstance(field.values, tuple) and others:
                mistaken[field.name] = chance.choice(others)
        return mistaken


def simulated_users(
    spec: ProgramSpec, count: int, *, seed: int = 0, noise: float = 0.0, corrects: float = 1.0
) -> tuple[SimulatedUser, ...]:
    """So many users of a program, `user-1` and on, each with ways of their own."""
    outputs = spec.signature.outputs
    return tuple(
        SimulatedUser(f"user-{number}", outputs, seed, noise, corrects)
        for number in range(1, count + 1)
    )


def _written(outputs: Mapping[str, Any], *, as_json: bool) -> str:
    if as_json:
        return json.dumps(outputs, ensure_ascii=False)
    sections = [f"[[ ## {name} ## ]]\n{_text(value)}" for name, value in outputs.items()]
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
