"""The exception tree: every failure this project raises on purpose.

Each error carries a `code` (stable, for machines), a `hint` (what to do next) and `retryable`
(whether the same call may succeed later without a change).

    FlywheelError
    ├── InputError              something a person wrote or sent is wrong; lists every problem
    │   ├── SpecError           a program spec does not validate
    │   ├── DatasetError        a dataset file cannot be read as the spec says
    │   └── FeedbackError       a rating, correction or comment is not acceptable
    ├── NotFoundError           a name that does not exist
    │   ├── ModelNotFoundError
    │   ├── TraceNotFoundError
    │   ├── RunNotFoundError
    │   └── TurnNotFoundError
    ├── HoldoutError            a reader other than the comparison asked for the holdout
    ├── SplitError              a split that does not exist, or rows that fit no split
    ├── ConflictError           somebody else decided first: the champion moved
    ├── BusyError               another turn of this program is running
    ├── StoreError              the state database or the home cannot be read or written
    ├── ProgramError            a saved program cannot be built or loaded here
    ├── LMError                 the LM did not answer
    └── ServerError             the Prefect server cannot be reached or started
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one value of an input.

    `row` is the 1-based data row of a file, or None where the input is not a table;
    `column` is the column or the dotted key.
    """

    column: str
    reason: str
    value: Any = None
    remedy: str = ""
    row: int | None = None

    def __str__(self) -> str:
        place = f"row {self.row}, {self.column}" if self.row is not None else self.column
        found = "" if self.value is None else f" (found {_shortened(self.value)})"
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}: {self.reason}{found}{remedy}"


class FlywheelError(Exception):
    """Base of every error raised on purpose by this project."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class InputError(FlywheelError):
    """Raised when something a person wrote or sent is wrong; `problems` holds all of it."""

    code = "bad-input"

    def __init__(self, message: str, problems: Sequence[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [super().__str__(), *(f"  - {problem}" for problem in self.problems)]
        return "\n".join(lines)


class SpecError(InputError):
    """Raised when a program spec does not validate."""

    code = "bad-spec"


class DatasetError(InputError):
    """Raised when a dataset file cannot be read as the spec says."""

    code = "bad-dataset"


class FeedbackError(InputError):
    """Raised when a rating, a correction or a comment is not acceptable."""

    code = "bad-feedback"


class NotFoundError(FlywheelError):
    """Raised when a name does not exist; `message` says it where a part of a name is missing."""

    code = "not-found"
    noun: ClassVar[str] = "thing"

    def __init__(self, name: object, *, message: str = "", hint: str = "") -> None:
        super().__init__(message or f"no {self.noun} {name!r}", hint=hint)
        self.name = name


class ModelNotFoundError(NotFoundError):
    """Raised when a model name, version or alias does not exist."""

    code = "model-not-found"
    noun = "model"


class TraceNotFoundError(NotFoundError):
    """Raised when feedback names a trace that was never recorded."""

    code = "trace-not-found"
    noun = "trace"


class RunNotFoundError(NotFoundError):
    """Raised when an MLflow run does not exist or holds no candidate."""

    code = "run-not-found"
    noun = "run"


class TurnNotFoundError(NotFoundError):
    """Raised when a turn does not exist."""

    code = "turn-not-found"
    noun = "turn"


class HoldoutError(FlywheelError):
    """Raised when a reader other than the comparison asks for the holdout."""

    code = "holdout-guarded"


class SplitError(FlywheelError):
    """Raised when a split does not exist or rows fit no split."""

    code = "bad-split"


class ConflictError(FlywheelError):
    """Raised when somebody else decided first: the champion moved meanwhile."""

    code = "conflict"


class BusyError(FlywheelError):
    """Raised when another turn of the same program holds the lock."""

    code = "busy"
    retryable = True


class StoreError(FlywheelError):
    """Raised when the state database or the home cannot be read or written."""

    code = "store"


class ProgramError(FlywheelError):
    """Raised when a saved program cannot be built or loaded here."""

    code = "bad-program"


class LMError(FlywheelError):
    """Raised when the LM did not answer."""

    code = "lm"
    retryable = True


class ServerError(FlywheelError):
    """Raised when the Prefect server cannot be reached or started."""

    code = "server"
    retryable = True


def _shortened(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
