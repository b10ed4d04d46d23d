"""What no file of the four packages does."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from contracts.source import ROOT, Source, dotted, sources

# Each is an edge that turns any failure into a status.
EDGES = {
    "deployments/cli/output.py": 1,  # an unforeseen error becomes an exit code
    "dspyui_core/compiler.py": 1,  # the first row's own failure is told where rows are counted
    "dspyui_core/events.py": 1,  # an event that cannot be told is counted; nobody waits for it
    "dspyui_core/evaluation/answering.py": 1,  # a crashing program: a failed row
    "dspyui_core/evaluation/scoring.py": 1,  # a crashing metric: a failed row
    "dspyui_core/optimizers/protocol.py": 1,  # a failed validation row is noted, then raised
    "dspyui_core/own_code.py": 1,  # the user's module or class that raises is a wrong spec
    "dspyui_core/runner/answering.py": 1,  # a failed prediction is recorded, then raised
    "dspyui_core/runner/journaled.py": 2,  # a failed answer is recorded, then raised; async too
    "dspyui_core/runner/plain.py": 2,  # a value whose own serialiser or repr fails is told in words
    "dspyui_core/runner/recording.py": 1,  # what was not recorded is counted; the answer is given
    "dspyui_core/store/group_commit.py": 1,  # a failed transaction fails each of its callers
    "dspyui_core/turn/reporting.py": 1,  # a page that cannot be made is told in the turn's message
}
PICKLES = {"cloudpickle", "dill", "joblib", "pickle", "shelve"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")


def _imported(source: Source) -> Iterator[str]:
    """The first part of every imported name."""
    for node in source.nodes(ast.Import, ast.ImportFrom):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        else:
            yield (node.module or "").split(".")[0]


def _caught(handler: ast.ExceptHandler) -> set[str]:
    """The names of what a handler catches; a bare `except` catches BaseException."""
    if handler.type is None:
        return {"BaseException"}
    return {dotted(node) for node in ast.walk(handler.type)}


def _called(source: Source) -> set[str]:
    return {dotted(call.func) for call in source.nodes(ast.Call)}


def test_nothing_is_pickled() -> None:
    assert not [s.name for s in sources() if PICKLES & set(_imported(s))]
    assert not [s.name for s in sources() if re.search(r"\.pkl\b|mlflow\.dspy\b", s.text)]


def test_the_lm_is_scoped_and_dspy_never_configured() -> None:
    banned = {"dspy.configure", "dspy.settings.configure", "configure"}

    assert not [s.name for s in sources() if banned & _called(s)]


def test_nothing_is_left_for_later() -> None:
    assert not [s.name for s in sources() if UNFINISHED.search(s.text)]


def test_every_exception_is_caught_at_the_listed_edges_only() -> None:
    found = Counter(
        source.name
        for source in sources()
        for handler in source.nodes(ast.ExceptHandler)
        if "Exception" in _caught(handler)
    )

    assert found == EDGES


def test_a_handler_that_also_catches_the_end_of_the_process_raises_it_again() -> None:
    swallowed = [
        f"{source.name}:{handler.lineno}"
        for source in sources()
        for handler in source.nodes(ast.ExceptHandler)
        if "BaseException" in _caught(handler)
        if not isinstance(handler.body[-1], ast.Raise)
    ]

    assert not swallowed


def test_nobody_prints_past_the_commands_own_output() -> None:
    assert not [s.name for s in sources() if {"print", "sys.stdout.write"} & _called(s)]


def test_no_task_or_flow_is_called_behind_prefects_back() -> None:
    calls = [(s.name, name) for s in sources() for name in _called(s) if name.endswith(".fn")]

    assert not calls


def test_mlflows_own_stages_are_never_used() -> None:
    stage_calls = ("transition_model_version_stage", "get_latest_versions", "current_stage")

    assert not [s.name for s in sources() if any(call in s.text for call in stage_calls)]


def test_settings_are_read_at_an_entry_point_only() -> None:
    reading = {s.name for s in sources() if {"Settings", "settings.Settings"} & _called(s)}

    assert reading <= {"dspyui_core/workspace.py"} | {s.name for s in sources("deployments")}


def test_no_module_of_the_core_reads_the_environment_for_itself() -> None:
    """Setting a library's switch before it is imported is the one use of it."""
    reading = {
        source.name
        for source in sources("dspyui_core")
        if {"os.getenv", "os.environ.get"} & _called(source)
        or any(
            dotted(node.value) == "os.environ" and isinstance(node.ctx, ast.Load)
            for node in source.nodes(ast.Subscript)
        )
    }

    assert not reading


def test_there_is_one_folder_of_tests_and_no_init_in_it() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
