"""What a command prints: one JSON document or text on stdout, everything else on stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from dspyui_core.errors import FlywheelError, InputError, NotFoundError

if TYPE_CHECKING:
    from rich.console import Console

PLAIN_WIDTH = 110
# A file's name may hold bytes that are no UTF-8.
UNWRITABLE = "backslashreplace"
DONE, FAILED, BAD_INPUT, GATE_SAID_NO = 0, 1, 2, 3
INTERRUPTED = 130
TRACEBACK = "DSPYUI_TRACEBACK"

_stdout = {"descriptor": 1}


@contextmanager
def owned_stdout() -> Iterator[None]:
    """Keep descriptor 1 for this command's result; whoever else prints, prints to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    _stdout["descriptor"] = kept
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        _stdout["descriptor"] = 1


def console(width: int = PLAIN_WIDTH) -> Console:
    """A console for a person, on the command's own standard output; `width` where it is no
    terminal.
    """
    from rich.console import Console

    stream = os.fdopen(os.dup(_stdout["descriptor"]), "w", encoding="utf-8", errors=UNWRITABLE)
    return Console(file=stream, width=None if stream.isatty() else width, highlight=False)


def quiet_console() -> Console:
    """A console that shows nothing, for a command that only prints its JSON."""
    from rich.console import Console

    return Console(quiet=True)


def document(content: Mapping[str, Any] | list[Any]) -> None:
    """Print the command's one JSON document."""
    text(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def text(content: str) -> None:
    """Print the command's result."""
    pieces([content, "\n"])


def pieces(content: Iterable[str]) -> None:
    """Print the command's result as it comes, to the last byte as it is."""
    sys.stdout.flush()
    descriptor = os.dup(_stdout["descriptor"])
    with os.fdopen(descriptor, "w", encoding="utf-8", errors=UNWRITABLE, newline="") as stream:
        stream.writelines(content)


def say(message: str) -> None:
    """Tell a person something; never part of the result."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def show_progress() -> None:
    """Let the flywheel's own log, and nobody else's, reach stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    hear(handler)


def hear(handler: logging.Handler) -> None:
    """Let the flywheel's own log, and nobody else's chatter, reach a handler."""
    log = logging.getLogger("dspyui")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    logging.getLogger("dspy").setLevel(logging.WARNING)
    # A line for each failed row, which the turn itself counts and names.
    logging.getLogger("dspy.utils.parallelizer").setLevel(logging.CRITICAL)


def exit_code(command: Callable[[], Any]) -> int:
    """Run a command; an error becomes a message and an exit code."""
    try:
        code = _outcome(command)
    except BrokenPipeError:
        # Whoever read the result has gone, as `head` does: no error of ours.
        return FAILED
    if code == INTERRUPTED:
        say("stopped; a run goes on with the same command")
    return code


def _outcome(command: Callable[[], Any]) -> int:
    try:
        result = command()
        # Typer itself turns Ctrl-C into a code.
        return result if isinstance(result, int) else DONE
    except FlywheelError as error:
        return report(error)
    except typer.Exit as error:
        return error.exit_code
    except typer.TyperException as error:
        return _misused(error)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the edge that turns the unforeseen into a code
        return _unforeseen(error)


def _misused(error: typer.TyperException) -> int:
    """Show what is wrong with the command line itself."""
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    if message.startswith("Usage:"):
        # A noun without a verb: the help says it all.
        say(message)
        return BAD_INPUT
    say(f"error: {message}")
    if context is not None:
        say(f"hint: {context.command_path} --help")
    if _wants_json():
        document({"error": {"code": "usage", "message": message}})
    return BAD_INPUT


def report(error: FlywheelError) -> int:
    """Show one of our errors and return its exit code."""
    say(f"error: {error.message}")
    for problem in getattr(error, "problems", ())[:50]:
        say(f"  - {problem}")
    if error.hint:
        say(f"hint: {error.hint}")
    if _wants_json():
        document({"error": described(error)})
    return BAD_INPUT if isinstance(error, InputError | NotFoundError) else FAILED


def described(error: FlywheelError) -> dict[str, Any]:
    """An error as JSON."""
    problems = [str(problem) for problem in getattr(error, "problems", ())]
    return {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "problems": problems,
        "retryable": error.retryable,
    }


def _wants_json() -> bool:
    return "--json" in sys.argv


def _unforeseen(error: Exception) -> int:
    if os.environ.get(TRACEBACK):
        traceback.print_exc()
    say(f"error: {type(error).__name__}: {error}")
    say(f"hint: this is unforeseen; {TRACEBACK}=1 shows where it happened")
    if _wants_json():
        unforeseen = {"code": "unforeseen", "message": f"{type(error).__name__}: {error}"}
        document({"error": unforeseen})
    return FAILED
