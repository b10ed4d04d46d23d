"""The page of the errors: their codes, what each means, and the exit codes of the command."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr

from deployments.cli import output
from deployments.cli.run import EXIT_CODES
from dspyui_core import errors
from dspyui_core.errors import FlywheelError
from generating.markdown import code, doc, page, table

INTRODUCTION = (
    "Every failure that is raised on purpose is a `FlywheelError` of `dspyui_core.errors`. It has "
    "a `code` that stays (for machines), a `message` (what happened, with the value), a `hint` "
    "(what to do), and says whether it is `retryable`: whether the same call may succeed later "
    "without a change. An error about an input lists every problem of it."
)
CODES = (
    (output.DONE, "done: it did what was asked"),
    (output.FAILED, "it failed"),
    (output.BAD_INPUT, "wrong usage, or wrong input: change something before you repeat it"),
    (output.GATE_SAID_NO, "it worked, and the gate said no"),
    (130, "stopped with Ctrl-C"),
)


def errors_page() -> str:
    """The tree of errors, and what the command exits with."""
    return page(
        "Errors and exit codes",
        INTRODUCTION,
        table(
            ("error", "a kind of", "code", "exit code", "retryable", "meaning"),
            [_row(kind) for kind in tree(FlywheelError)],
        ),
        "With `--json` an error is a document, too: [its shape](json.md).",
        "## Exit codes",
        table(("exit code", "meaning"), [(str(number), words) for number, words in CODES]),
        "A turn exits by its outcome:",
        table(
            ("outcome", "exit code"),
            [(code(outcome), str(number)) for outcome, number in EXIT_CODES.items()],
        ),
    )


def tree(kind: type[FlywheelError]) -> Iterator[type[FlywheelError]]:
    """An error class and all below it."""
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield from tree(inner)


def exit_code_of(kind: type[FlywheelError]) -> int:
    """What the command exits with when this error reaches it."""

    def fail() -> None:
        raise kind("it")

    with redirect_stderr(io.StringIO()):
        return output.exit_code(fail)


def _row(kind: type[FlywheelError]) -> tuple[str, ...]:
    parent = kind.__base__ if kind is not FlywheelError else None
    return (
        code(kind.__name__),
        code(parent.__name__ if parent is not None else ""),
        code(kind.code),
        str(exit_code_of(kind)),
        "yes" if kind.retryable else "no",
        doc(kind),
    )
