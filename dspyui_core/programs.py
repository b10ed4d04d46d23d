"""Programs: build, save, load and digest; the only way in and out of program.json."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import dspy

from dspyui_core.errors import ProgramError, SpecError
from dspyui_core.modules import RetrievedDemos, create_dspy_module
from dspyui_core.own_code import import_python
from dspyui_core.signatures import build_signature
from dspyui_core.spec import ProgramSpec, canonical_json

__all__ = [
    "PROGRAM_FORMAT",
    "LabelledRow",
    "LoadedProgram",
    "build",
    "demos_for",
    "digest",
    "example_of",
    "load",
    "save",
]

PROGRAM_FORMAT = 1
PROGRAM_FILE = "program.json"
SPEC_FILE = "spec.json"


class LabelledRow(Protocol):
    """What compiling and evaluating need of a row."""

    @property
    def row_id(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def labels(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class LoadedProgram:
    """A program rebuilt from its files; `warnings` says where the user's code differs."""

    program: dspy.Module
    spec: ProgramSpec
    digest: str
    warnings: tuple[str, ...] = ()


def build(spec: ProgramSpec, *, workspace: Path | None = None) -> dspy.Module:
    """The uncompiled program of a spec whose open literals are frozen."""
    open_fields = [field.name for field in spec.signature.outputs if field.open]
    if open_fields:
        raise ProgramError(
            f"the values of {', '.join(open_fields)} are not known yet",
            hint="they are taken from the data: validate a dataset first",
        )
    signature = build_signature(spec.signature)
    return create_dspy_module(spec.module, signature, workspace=workspace)


def digest(program: dspy.Module, spec: ProgramSpec) -> str:
    """sha256 over what answers: the program's state, its shape, signature, module and LM."""
    content = {
        "state": _state(program),
        "shape": _shape(program),
        **spec.model_dump(mode="json", include={"name", "signature", "module", "lm"}),
    }
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def save(
    program: dspy.Module, spec: ProgramSpec, folder: Path, *, workspace: Path | None = None
) -> str:
    """Write program.json and spec.json into a folder and return the digest.

    JSON only: no pickle, no LM object, no key, no prompt history, no path of this machine.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = digest(program, spec)
    envelope = {
        "program_format": PROGRAM_FORMAT,
        "digest": name,
        "shape": _shape(program),
        "sources": _own_sources(spec, program, workspace),
        "spec": _portable(spec),
    }
    _write(folder / PROGRAM_FILE, _state(program))
    _write(folder / SPEC_FILE, envelope)
    return name


def load(folder: Path, *, workspace: Path | None = None) -> LoadedProgram:
    """Rebuild a saved program with the installed code; nothing in the folder is executed.

    Raises ProgramError where a file is missing, damaged, or of a newer format.
    """
    envelope = _read(folder / SPEC_FILE)
    if envelope.get("program_format") != PROGRAM_FORMAT:
        raise ProgramError(
            f"program format {envelope.get('program_format')!r} is not {PROGRAM_FORMAT}",
            hint="install the version of dspyui that wrote it",
        )
    with _undamaged(folder):
        spec = ProgramSpec.model_validate(envelope["spec"])
    built = build(spec, workspace=workspace)
    with _undamaged(folder):
        program = _shaped(built, envelope["shape"])
        changed = _changed_sources(envelope["sources"], spec, program, workspace)
    with _as_made(spec, changed), _undamaged(folder):
        program.load_state(_read(folder / PROGRAM_FILE))
        found, written = digest(program, spec), str(envelope["digest"])
        if found != written:
            raise ProgramError(
                f"{folder / PROGRAM_FILE} does not match its digest {written[:12]}",
                hint="the files were changed after they were written; register the run again",
            )
    return LoadedProgram(program, spec, found, tuple(map(_not_as_made, changed)))


def demos_for(program: dspy.Module, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The demos in a program's prompt for these inputs, field values by name, the nearest last.

    A program that does not retrieve them has the same ones for every input, in predictor order.
    """
    if isinstance(program, RetrievedDemos):
        return program.demos_for(inputs)
    return [dict(demo) for predictor in program.predictors() for demo in predictor.demos]


def example_of(row: LabelledRow) -> dspy.Example:
    """A row as DSPy's example: inputs and labels, the inputs marked."""
    return dspy.Example(**row.inputs, **row.labels).with_inputs(*row.inputs)


def _state(program: dspy.Module) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(json.dumps(program.dump_state(), default=_plain))
    return state


def _shape(program: dspy.Module) -> dict[str, Any]:
    return {"retrieved_demos": program.k} if isinstance(program, RetrievedDemos) else {}


def _shaped(program: dspy.Module, shape: Mapping[str, Any]) -> dspy.Module:
    k = shape.get("retrieved_demos")
    return program if k is None else RetrievedDemos(program, k=k)


def _portable(spec: ProgramSpec) -> dict[str, Any]:
    content = spec.model_dump(mode="json")
    for source in content["dataset"]["sources"]:
        source["path"] = Path(source["path"]).name
    return content


def _own_sources(spec: ProgramSpec, program: dspy.Module, workspace: Path | None) -> dict[str, str]:
    """A hash of each `python:` part; of a module also of its predictors' fields and their types.

    Those may stand outside the class, and are the part of a signature that no state brings back.
    """
    hashes = {}
    for choice in (spec.module, spec.metric):
        if choice.is_python:
            own = [_source(choice.target, workspace)]
            own += _fields(program) if choice is spec.module else []
            hashes[choice.target] = hashlib.sha256("\n".join(own).encode()).hexdigest()
    return hashes


def _source(target: str, workspace: Path | None) -> str:
    """The source of a class or function; of another object, which may be called too, its class's.

    Nothing where the code is gone, as a version serves without its metric, or has no source.
    """
    try:
        code = import_python(target, workspace=workspace)
        return inspect.getsource(code if inspect.isroutine(code) else _class_of(code))
    except (SpecError, OSError, TypeError):
        return ""


def _class_of(code: Any) -> type:
    return code if isinstance(code, type) else type(code)


def _fields(program: dspy.Module) -> list[str]:
    return [
        f"{name}.{field}: {slot.annotation!r}"
        for name, predictor in program.named_predictors()
        for field, slot in predictor.signature.fields.items()
    ]


def _changed_sources(
    sources: Mapping[str, str], spec: ProgramSpec, program: dspy.Module, workspace: Path | None
) -> tuple[str, ...]:
    """The `python:` parts that are not what they were."""
    now = _own_sources(spec, program, workspace)
    return tuple(target for target, was in sources.items() if now.get(target) != was)


def _not_as_made(target: str) -> str:
    return f"python:{target} is not the code this version was made with"


@contextmanager
def _as_made(spec: ProgramSpec, changed: Sequence[str]) -> Iterator[None]:
    """A state that does not fit a module that changed is no damage of the files."""
    try:
        yield
    except ProgramError as error:
        if not (spec.module.is_python and spec.module.target in changed):
            raise
        raise ProgramError(
            f"{_not_as_made(spec.module.target)}, and its state no longer fits: {error.message}",
            hint="bring that code back, or take a new turn",
        ) from error


@contextmanager
def _undamaged(folder: Path) -> Iterator[None]:
    """Whatever does not fit in the files of a program means that somebody changed them."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ProgramError(
            f"the program in {folder} is damaged: {type(error).__name__}: {error}",
            hint="the files were changed after they were written; register the run again",
        ) from error


def _plain(value: Any) -> Any:
    if isinstance(value, dspy.Example):
        return value.toDict()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    raise ProgramError(f"a {type(value).__name__} in the program's state is not JSON")


def _write(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProgramError(
            f"no {path.name} in {path.parent}", hint="the artifact is incomplete"
        ) from None
    except ValueError as error:
        raise ProgramError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise ProgramError(f"{path} holds a {type(content).__name__}, not an object")
    return content
