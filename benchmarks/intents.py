"""The program that benchmarks let answer: three intents, the embedded LM, 16 demos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LABELS = ("card_arrival", "lost_card", "refund")
WRONG_EVERY = 5
QUESTION = {"text": "my new card has still not come in the post"}
SPEC: dict[str, Any] = {
    "name": "intents",
    "signature": {
        "instructions": "Name the intent.",
        "inputs": {"text": "str"},
        "outputs": {"intent": {"type": "literal", "values": list(LABELS)}},
    },
    "dataset": {"sources": "rows.csv"},
}


@dataclass(frozen=True)
class Served:
    """A loaded version, as serving sees one."""

    program: Any
    spec: Any
    version: int


def response(request: Any, number: int) -> Any:
    """The lm15.Response that names the intent of row `number`, and is wrong on every fifth row."""
    from dspy import lm15

    said = LABELS[(number + (number % WRONG_EVERY == 0)) % 3]
    return lm15.Response(
        id=None,
        model=request.model,
        message=lm15.Message.assistant(f"[[ ## intent ## ]]\n{said}\n\n[[ ## completed ## ]]"),
        finish_reason="stop",
        usage=lm15.Usage(input_tokens=900, output_tokens=12),
    )


def program() -> Any:
    """A program with 16 demos, as a small compiled one has."""
    import dspy

    made = dspy.Predict(f"text: str -> intent: Literal{list(LABELS)}")
    texts = ("where is my card number {}", "i lost card {} in town", "pay me back order {}")
    made.demos = [
        dspy.Example(text=texts[n % 3].format(n), intent=LABELS[n % 3]).with_inputs("text")
        for n in range(16)
    ]
    return made
