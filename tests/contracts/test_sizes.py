"""Sizes are a compass: files to 300 lines, functions to 60 and nine in ten of them to 25.

A file is counted without its declarative tables (assignments at module level that span several
lines: columns, catalogs, `__all__`). A function is counted from its `def` to its last line; of a
command only the body counts, since its signature is what `--help` shows.
"""

from __future__ import annotations

import ast

from contracts.source import ROOT, Function, Source, sources, statements

LONGEST_FILE = 300
LONGEST_FUNCTION = 60
USUAL_FUNCTION = 25
USUAL_SHARE = 0.9
MOST_FILES_IN_THE_CORES_ROOT = 28


def _file_length(source: Source) -> int:
    assigned = [n for n in source.tree.body if isinstance(n, ast.Assign | ast.AnnAssign)]
    tables = sum(_span(node) for node in assigned if _span(node) > 1)
    return len(source.text.splitlines()) - tables


def _function_length(source: Source, function: Function) -> int:
    body = statements(function)
    if _is_command(source, function):
        return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
    return _span(function)


def _is_command(source: Source, function: Function) -> bool:
    return source.module.startswith("deployments.cli.") and not function.name.startswith("_")


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _functions() -> dict[str, int]:
    return {
        f"{source.name}:{function.lineno} {function.name}": _function_length(source, function)
        for source in sources()
        for function in source.functions()
    }


def test_no_file_is_longer_than_300_lines() -> None:
    lengths = {source.name: _file_length(source) for source in sources()}

    assert not {name: length for name, length in lengths.items() if length > LONGEST_FILE}


def test_no_function_is_longer_than_60_lines() -> None:
    assert not {name: long for name, long in _functions().items() if long > LONGEST_FUNCTION}


def test_nine_functions_in_ten_have_at_most_25_lines() -> None:
    lengths = _functions().values()

    assert sum(length <= USUAL_FUNCTION for length in lengths) >= USUAL_SHARE * len(lengths)


def test_the_root_of_the_core_holds_at_most_28_modules() -> None:
    assert len(list((ROOT / "dspyui_core").glob("*.py"))) <= MOST_FILES_IN_THE_CORES_ROOT


def test_every_module_opens_with_one_sentence_on_what_it_owns() -> None:
    silent = [source.name for source in sources() if not ast.get_docstring(source.tree)]

    assert not silent


def test_every_public_function_and_class_has_a_docstring() -> None:
    silent = [
        f"{source.name}: {node.name}"
        for source in sources()
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]

    assert not silent
