"""What a person sees of `dspyui lineage --row`: who said a row, and which versions contain it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployments.cli.lineage import origin, values_text

if TYPE_CHECKING:
    from dspyui_core.turn import RowLineage, RowUse, RowVersion

DEMOS = {
    True: "in its demos",
    False: "in the rows it was compiled from, not in its demos",
    None: "in the rows it was compiled from; its program cannot be read",
}


def row_lines(found: RowLineage) -> list[str]:
    """A row's use, program by program."""
    return [f"row {found.row_id}", *(line for use in found.programs for line in _use(use))]


def _use(use: RowUse) -> list[str]:
    splits = sorted({dataset.split for dataset in use.datasets})
    count = len(use.datasets)
    where = f"{' and '.join(splits)} of {count} dataset version{'' if count == 1 else 's'}"
    lines = [f"{use.program}: {where}, the newest {use.datasets[0].version[:12]}"]
    if use.row is None:
        return [*lines, "  a holdout row is not shown, and no version was made from it"]
    lines += [f"  {values_text(use.row.inputs)}"]
    lines += [f"  {values_text(use.row.labels)}  {origin(use.row)}"]
    if use.row.comment:
        lines.append(f"  said: {' '.join(use.row.comment.split())}")
    return [*lines, *(map(_version, use.versions) if use.versions else ["  no version has it"])]


def _version(version: RowVersion) -> str:
    serves = ", the champion" if version.stage == "Production" else ""
    return f"  version {version.version}{serves}, turn {version.turn}: {DEMOS[version.in_demos]}"
