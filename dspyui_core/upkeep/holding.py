"""Who still holds what was forgotten: versions, runs, files and copies, which stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from mlflow.exceptions import MlflowException

from dspyui_core.datasets import Taken, nfc, row_key
from dspyui_core.errors import ModelNotFoundError, ProgramError
from dspyui_core.mlflow_loader import saved_state
from dspyui_core.mlflow_registry import CHALLENGER, CHAMPION, DIGEST_TAG, versions
from dspyui_core.mlflow_tracking import logged_digest, model_uri
from dspyui_core.records import ModelVersion, Record
from dspyui_core.upkeep.subjects import Belongings
from dspyui_core.workspace import Workspace

__all__ = ["Holder", "holding_files", "holding_programs", "own_rows"]

Kind = Literal["version", "run", "file", "backup", "export", "job", "prefect"]
# A text as long as this is no coincidence, wherever in a program it stands.
_LONG = 20
_BLOCK = 1 << 20
# How a columnar export begins.
_PACKED = b"PAR1"
_PART = 60
_COPIES: Final[tuple[tuple[Kind, str, str], ...]] = (
    ("export", "exports", "delete it, and tell whoever it was for"),
    ("job", "batches", "delete it when its answers are where you want them"),
)
_WORDS: Final[Mapping[str, str]] = {
    "file": "your own",
    "job": "batch job's",
    "prefect": "Prefect's folder",
}
_BACKUP = "made before: delete it when you no longer need it"
_PREFECT = "its record of runs quotes it: remove that folder while no run goes on"
_RETRAIN = (
    "after this, dspyui program rebuild --program {program} --version {version} makes it again "
    "without; promote that, then delete this in MLflow"
)
_SERVES = "the prompts of its new answers go on quoting it: "


class Holder(Record):
    """Something that still holds a forgotten input or what was said about it, and what to do.

    `name` is a version's number, a run's id or a path; `serves` marks the champion.
    """

    kind: Kind
    name: str
    program: str = ""
    serves: bool = False
    remedy: str = ""

    def __str__(self) -> str:
        of = f" of {self.program}" if self.program and self.kind in ("version", "run") else ""
        what = _WORDS.get(self.kind, self.kind)
        return f"{what} {self.name}{of}{', the champion' if self.serves else ''}"


def holding_programs(ws: Workspace, found: Belongings, runs: Sequence[str]) -> tuple[Holder, ...]:
    """The versions and the candidates in `runs` that have one of the inputs among their demos.

    What cannot be read is listed, too.
    """
    registered = _versions(ws, found.program)
    digests = {version.tags.get(DIGEST_TAG, "") for version in registered}
    held = [_version(version) for version in registered if _in_version(ws, found, version)]
    for run_id in runs:
        digest = logged_digest(ws.client, run_id)
        # What is registered is listed as a version.
        if digest is not None and digest not in digests:
            uri = model_uri(ws.client, run_id)
            if _in_program(ws, found, uri, f"run {run_id}"):
                remedy = "a candidate that does not serve: delete the run in MLflow, then mlflow gc"
                held.append(Holder(kind="run", name=run_id, program=found.program, remedy=remedy))
    return tuple(held)


def own_rows(found: Belongings, taken: Taken) -> Iterator[Holder]:
    """The rows of the user's own files with one of the inputs; these files are never written."""
    remedy = "your own row asks the same, and stays in the datasets as well"
    if found.gold_too:
        remedy = "the file is yours: delete that row in it, or the next turn takes it in again"
    for place in taken.gold:
        yield Holder(kind="file", name=place, program=found.program, remedy=remedy)


def holding_files(home: Path, found: Belongings) -> Iterator[Holder]:
    """Exports, answered files, backups and Prefect's record, as far as they may hold any of it.

    Backups are listed without a look into them.
    """
    traces = [trace.encode() for trace in found.all_traces]
    for kind, folder, remedy in _COPIES:
        for path in _files(home / folder):
            if _holds(path, traces):
                yield Holder(kind=kind, name=str(path.relative_to(home)), remedy=remedy)
    for path in (*_files(home / "backups"), *sorted(home.glob("state.db.before-*"))):
        yield Holder(kind="backup", name=str(path.relative_to(home)), remedy=_BACKUP)
    texts = [text[:_PART].encode() for text in found.texts if text.isascii()]
    if any(_holds(path, [*traces, *texts]) for path in _files(home / "prefect")):
        yield Holder(kind="prefect", name="prefect", remedy=_PREFECT)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _versions(ws: Workspace, program: str) -> list[ModelVersion]:
    try:
        return versions(ws.client, program)
    except ModelNotFoundError:
        return []


def _version(version: ModelVersion) -> Holder:
    waits = "it waits as the challenger; " if CHALLENGER in version.aliases else ""
    now = _SERVES if CHAMPION in version.aliases else waits
    return Holder(
        kind="version",
        name=str(version.version),
        program=version.name,
        serves=CHAMPION in version.aliases,
        remedy=now + _RETRAIN.format(program=version.name, version=version.version),
    )


def _in_version(ws: Workspace, found: Belongings, version: ModelVersion) -> bool:
    number = str(version.version)
    uri = ws.client.get_model_version_download_uri(version.name, number)
    return _in_program(ws, found, uri, f"{version.name} {number}")


def _in_program(ws: Workspace, found: Belongings, uri: str, what: str) -> bool:
    try:
        state = saved_state(ws.client, uri, what=what)
    except (ProgramError, MlflowException, ValueError):
        return True
    return _Sought(found).is_in(state)


class _Sought:
    """The inputs that are looked for in the JSON of a program."""

    def __init__(self, found: Belongings) -> None:
        inputs = list(found.inputs)
        self._keys = found.keys
        self._names = {tuple(sorted(values)) for values in inputs}
        self._texts = [text for text in found.texts if len(text) >= _LONG]

    def is_in(self, content: Any) -> bool:
        """Whether a demo has one of the inputs, or any text quotes one."""
        if isinstance(content, str):
            return any(text in content for text in self._texts)
        if isinstance(content, Mapping):
            return self._is_demo(content) or any(map(self.is_in, content.values()))
        return isinstance(content, list) and any(map(self.is_in, content))

    def _is_demo(self, content: Mapping[str, Any]) -> bool:
        asked = ({name: content.get(name) for name in names} for names in self._names)
        return any(any(values.values()) and row_key(nfc(values)) in self._keys for values in asked)


def _holds(path: Path, needles: Sequence[bytes]) -> bool:
    """Whether one of these stands in a file, or may stand in it: what is packed is not searched."""
    if not needles:
        return False
    longest = max(map(len, needles))
    tail = b""
    with path.open("rb") as stream:
        if stream.read(4) == _PACKED:
            return True
        stream.seek(0)
        while block := stream.read(_BLOCK):
            window = tail + block
            if any(needle in window for needle in needles):
                return True
            tail = window[-longest:]
    return False
