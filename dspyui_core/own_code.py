"""The user's own code: importing it, making a program of it, and how its fields fit a spec."""

from __future__ import annotations

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dspy

from dspyui_core.errors import FlywheelError, Problem, SpecError
from dspyui_core.fields import Field
from dspyui_core.lms import redacted
from dspyui_core.signatures import field_of
from dspyui_core.spec import Choice

__all__ = [
    "check_forward",
    "check_options",
    "forward_arguments",
    "import_python",
    "make_program",
    "output_doubts",
    "signature_parameter",
]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
# Values of one kind may be equal, those of two kinds never are.
_KINDS = {"str": "text", "literal": "text", "int": "number", "float": "number"}


def import_python(target: str, *, workspace: Path | None = None) -> Any:
    """The user's own `package.module:Name`, found in the workspace or among installed packages.

    The workspace is appended to the import path, so that it shadows nothing. Raises SpecError
    where there is no such thing, and where its module raises.
    """
    if workspace is not None and str(workspace.resolve()) not in sys.path:
        sys.path.append(str(workspace.resolve()))
    module_name, _, attribute = target.partition(":")
    with _own_failures(f"cannot import python:{target}", workspace):
        try:
            return getattr(importlib.import_module(module_name), attribute)
        except (ImportError, AttributeError) as error:
            raise SpecError(
                f"cannot import python:{target}: {error}",
                hint="check the name, and that the workspace or an installed package holds it",
            ) from error


def signature_parameter(code: Any, options: Mapping[str, Any]) -> inspect.Parameter | None:
    """The parameter that takes the spec's signature, or None: the program has its own signatures.

    It is the one called `signature`, or else the first one, where it is required and no option.
    """
    parameters = _parameters(code)
    for parameter in parameters:
        if parameter.name == "signature" and parameter.name not in options:
            return parameter
    first = next((p for p in parameters if p.kind in _POSITIONAL), None)
    is_open = first is not None and first.default is first.empty and first.name not in options
    return first if is_open else None


def make_program(
    choice: Choice, signature: type[dspy.Signature] | None, *, workspace: Path | None = None
) -> dspy.Module:
    """The program that a `python:` class or function makes.

    It is called with the options as keywords, and with the signature where it takes one. Raises
    SpecError where it cannot be called so, where it raises, and where it makes no dspy.Module.
    """
    code = import_python(choice.target, workspace=workspace)
    if isinstance(code, dspy.Module):
        kind = type(code).__name__
        raise SpecError(f"{choice.name} is a {kind} already", hint=f"name its class: {kind}")
    takes = signature_parameter(code, choice.options)
    by_name = takes is not None and takes.name == "signature" and takes.kind in _NAMED
    arguments = () if takes is None or by_name else (signature,)
    keywords = {"signature": signature} if by_name else {}
    check_options(code, choice, *arguments, **keywords)
    with _own_failures(f"{choice.name} cannot be made", workspace):
        built = code(*arguments, **keywords, **choice.options)
    if not isinstance(built, dspy.Module):
        raise SpecError(f"{choice.name} makes a {type(built).__name__}, not a dspy.Module")
    return built


def check_options(code: Any, choice: Choice, *arguments: Any, **keywords: Any) -> None:
    """Raises SpecError where the user's own code cannot be called like this with its options."""
    if not callable(code):
        raise SpecError(f"{choice.name} is a {type(code).__name__}, which cannot be called")
    # Of a class its __init__, as dspy.Module's metaclass takes anything; None stands for self.
    is_class = isinstance(code, type)
    called, first = (code.__init__, [None]) if is_class else (code, [])
    try:
        inspect.signature(called).bind(*first, *arguments, **keywords, **choice.options)
    except TypeError as error:
        raise SpecError(
            f"{choice.name} cannot be called with these options: {error}",
            hint=f"options: {', '.join(choice.options) or 'none'}",
        ) from None


def forward_arguments(kind: type[dspy.Module]) -> list[str]:
    """The names of the inputs that a program's forward asks for. SpecError without a forward."""
    parameters = _forward_parameters(kind)
    return [p.name for p in parameters if p.kind in _NAMED and p.default is p.empty]


def check_forward(name: str, program: dspy.Module, inputs: Sequence[str]) -> None:
    """Raise SpecError where the program's forward cannot be called with these inputs, by name."""
    parameters = _forward_parameters(type(program))
    takes = [p.name for p in parameters if p.kind in _NAMED]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    asked = forward_arguments(type(program))
    problems = [
        Problem(f"signature.inputs.{field}", "is no argument of forward")
        for field in inputs
        if field not in takes and not takes_any
    ]
    problems += [
        Problem(f"signature.inputs.{field}", "is missing; forward asks for it")
        for field in asked
        if field not in inputs
    ]
    if problems:
        raise SpecError(
            f"forward of {name} takes {', '.join(takes) or 'no inputs'}; "
            f"the spec's inputs are {', '.join(inputs)}",
            problems,
            hint="give the inputs forward's names; dataset.columns says which column each one is",
        )


def output_doubts(name: str, program: dspy.Module, outputs: Sequence[Field]) -> list[str]:
    """What speaks against the program giving these outputs; a forward may still make them itself.

    A program without predictors is one of the doubts, as compiling cannot change it.
    """
    predictors = [found for _, found in program.named_sub_modules(dspy.Predict)]
    if not predictors:
        return [f"{name} has no predictor that __init__ sets, so compiling it changes nothing"]
    slots = {n: slot for p in predictors for n, slot in p.signature.output_fields.items()}
    unknown = [field.name for field in outputs if field.name not in slots]
    doubts = [
        f"no predictor of {name} gives {', '.join(unknown)} (they give {', '.join(slots)}); "
        "unless its forward adds that, every answer is wrong"
    ]
    found = {n: field_of(n, slot) for n, slot in slots.items()}
    return (doubts if unknown else []) + [
        f"{name} gives {field.name} as {own.type}, the spec says {field.type}"
        for field in outputs
        if (own := found.get(field.name)) is not None
        if _KINDS.get(own.type, own.type) != _KINDS.get(field.type, field.type)
    ]


def _parameters(code: Any) -> list[inspect.Parameter]:
    """The parameters of a class, without self, or of anything else that can be called."""
    if isinstance(code, type):
        kind: Any = code
        return list(inspect.signature(kind.__init__).parameters.values())[1:]
    return list(inspect.signature(code).parameters.values()) if callable(code) else []


def _forward_parameters(kind: type[dspy.Module]) -> list[inspect.Parameter]:
    forward = getattr(kind, "forward", None)
    if forward is None:
        raise SpecError(
            f"{kind.__name__} has no forward", hint="DSPy calls it with the inputs, by name"
        )
    return list(inspect.signature(forward).parameters.values())[1:]


@contextmanager
def _own_failures(what: str, workspace: Path | None) -> Iterator[None]:
    """Raise SpecError for what the user's own code raises in the block."""
    try:
        yield
    except FlywheelError:
        raise
    except Exception as error:
        reason = redacted(f"{type(error).__name__}: {error}")
        raise SpecError(f"{what}: {reason}", hint=_place(error, workspace)) from error


def _place(error: Exception, workspace: Path | None) -> str:
    """Where in the workspace's own files it was raised, as what to do; "" for elsewhere."""
    frames = traceback.extract_tb(error.__traceback__) if workspace is not None else []
    folder = str((workspace or Path()).resolve())
    own = [f for f in frames if f.filename.startswith(folder) and "site-packages" not in f.filename]
    return f"look at line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""
