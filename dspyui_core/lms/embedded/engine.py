"""The embedded LM as a DSPy engine: canonical request in, canonical response out, no network.

Deterministic and without weights: all it knows is in the prompt, so compiling a program truly
changes its answers. Usage counts one token per four characters, rounded up.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from dspy import lm15

from dspyui_core.lms.embedded.learner import answer
from dspyui_core.lms.embedded.prompt import Task, read_prompt
from dspyui_core.lms.embedded.schema import write_value

# The usual rule of thumb for English; the embedded LM has no tokenizer of its own.
CHARACTERS_PER_TOKEN: Final = 4


class InContextEngine:
    """Answers a request by similarity to the demos in it; thread-safe, holds nothing.

    `complete` raises lm15.InvalidRequestError for a prompt that no chat or JSON adapter made.
    """

    usd_per_call: ClassVar[float] = 0.0

    def complete(self, request: Any) -> Any:
        """Return the lm15.Response to an lm15.Request."""
        prompt = read_prompt(request)
        text = _written(prompt.task, answer(prompt))
        return lm15.Response(
            id=None,
            model=request.model,
            message=lm15.Message.assistant(text),
            finish_reason="stop",
            usage=lm15.Usage(
                input_tokens=_tokens(_characters(request)), output_tokens=_tokens(len(text))
            ),
        )


class AsyncInContextEngine:
    """The same engine to be awaited; it answers in milliseconds, so it does not leave the loop."""

    usd_per_call: ClassVar[float] = 0.0

    async def complete(self, request: Any) -> Any:
        """Return the lm15.Response to an lm15.Request."""
        return InContextEngine().complete(request)


def _written(task: Task, answers: dict[str, Any]) -> str:
    if task.as_json:
        return json.dumps(answers, ensure_ascii=False)
    sections = [f"[[ ## {name} ## ]]\n{write_value(value)}" for name, value in answers.items()]
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])


def _characters(request: Any) -> int:
    system = request.system if isinstance(request.system, str) else ""
    return len(system) + sum(len(message.text or "") for message in request.messages)


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
