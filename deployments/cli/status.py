"""`dspyui status`: what the programs of this home and its stack are doing, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployments.cli import output
from deployments.cli.backup import size
from deployments.cli.help import page
from deployments.cli.options import Json

if TYPE_CHECKING:
    from dspyui_core.turn import ProgramStatus
    from dspyui_core.upkeep import Use

EPILOG = page("dspyui status", ("dspyui status --json", "for a program to read"))


def status(as_json: Json = False) -> None:
    """Show what every program is doing, how much room this home takes, and its local stack.

    Its champion, its newest turn, what its users sent, and what MLflow has not yet. Then the parts
    of the home with their sizes, and what the settings let expire.
    """
    from deployments.stack.reading import full_status
    from deployments.stack.screen import as_text
    from dspyui_core.workspace import Workspace

    found = full_status(Workspace.open())
    if as_json:
        output.document(found.model_dump(mode="json"))
        return
    if found.stack is not None:
        output.text(as_text(found.stack))
    if not found.programs:
        output.text("no programs yet: dspyui run data-flywheel --program FILE")
    output.text("\n".join([*map(_program, found.programs), *_use(found.use)]))


def _program(state: ProgramStatus) -> str:
    turn = f"turn {state.turn} {state.outcome}" if state.turn else "no turn yet"
    pinned = " (pinned)" if state.pinned is not None else ""
    return (
        f"{state.program}: {'paused, ' if state.paused else ''}"
        f"champion {state.champion or '-'}{pinned}, {turn}, "
        f"{state.predictions} predictions, {state.feedback} feedback, "
        f"{_unmirrored(state)}"
    )


def _unmirrored(state: ProgramStatus) -> str:
    age = f", the oldest {state.unmirrored_seconds:.1f} s old" if state.unmirrored else ""
    return f"{state.unmirrored} not in MLflow yet{age}"


def _use(use: Use) -> list[str]:
    sizes = {
        "state": use.state_bytes,
        "MLflow": use.mlflow_bytes,
        "artifacts": use.artifact_bytes,
        "datasets": use.dataset_bytes,
        "LM cache": use.lm_cache_bytes,
        "batches": use.batch_bytes,
        "exports": use.export_bytes,
        "backups": use.backup_bytes,
    }
    shown = [f"{name} {size(count)}" for name, count in sizes.items() if count is not None]
    journal = (
        f"journal: {use.entries} entries, {use.with_spans} with spans, {size(use.journal_bytes)}"
    )
    return [f"home: {', '.join(shown)}", f"{journal}; {_limits(use)}"]


def _limits(use: Use) -> str:
    """What expires, in words."""
    limits = use.limits
    told = [
        f"unrated answers expire after {limits.keep_days:g} days" if limits.keep_days else "",
        f"spans after {limits.keep_span_days:g} days" if limits.keep_span_days else "",
        f"at most {limits.max_mb:g} MB" if limits.max_mb else "",
    ]
    return ", ".join(filter(None, told)) or "nothing expires"
