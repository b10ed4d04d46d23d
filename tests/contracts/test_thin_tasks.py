"""A task is a named policy plus one core call; refs cross task borders, never rows or programs."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from prefect import Flow, Task
from prefect.cache_policies import NO_CACHE
from pydantic import TypeAdapter

from contracts.source import Function, Source, dotted, sources, statements

POLICIES = ("ONCE", "PATIENT")
MOST_STATEMENTS = 3


def _tasks() -> Iterator[tuple[Source, Function, ast.expr]]:
    """Every function with @task, and the decorator."""
    for source in sources("tasks"):
        for function in source.functions():
            for decorator in function.decorator_list:
                called = decorator.func if isinstance(decorator, ast.Call) else decorator
                if dotted(called) in ("task", "prefect.task"):
                    yield source, function, decorator


TASKS = [pytest.param(*found, id=found[1].name) for found in _tasks()]
MODULES = sorted({s.module for s in sources("tasks", "flows") if "._" not in s.module})


def _wrapped(kind: type[Any]) -> list[Any]:
    """Every Prefect task or flow of the packages, as it is after import."""
    modules = [importlib.import_module(name) for name in MODULES]
    found = {id(x): x for m in modules for x in vars(m).values() if isinstance(x, kind)}
    return list(found.values())


@pytest.mark.parametrize(("source", "function", "decorator"), TASKS)
def test_a_task_is_no_more_than_three_statements(
    source: Source, function: Function, decorator: ast.expr
) -> None:
    inside = [n for s in statements(function) for n in ast.walk(s) if isinstance(n, ast.stmt)]

    assert len(inside) <= MOST_STATEMENTS, f"{source.name}: {function.name}"


@pytest.mark.parametrize(("source", "function", "decorator"), TASKS)
def test_a_task_names_itself_and_its_policy(
    source: Source, function: Function, decorator: ast.expr
) -> None:
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []

    assert [k.arg for k in keywords] == ["name", None], f"{source.name}: {function.name}"
    assert dotted(keywords[1].value) in POLICIES


def test_prefect_caches_no_task_and_keeps_no_result() -> None:
    tasks = _wrapped(Task)

    assert len(tasks) == len(TASKS)
    for task in tasks:
        assert task.cache_policy == NO_CACHE
        assert task.persist_result is False


def test_what_crosses_a_task_or_flow_border_has_a_json_schema() -> None:
    """A DataFrame, a program, a client or a workspace has none."""
    for wrapped in (*_wrapped(Task), *_wrapped(Flow)):
        for hint in get_type_hints(wrapped).values():
            TypeAdapter(hint).json_schema()


def test_a_flow_calls_tasks_and_never_the_core() -> None:
    called = {
        (source.name, node.module)
        for source in sources("flows")
        for node in source.nodes(ast.ImportFrom)
        if node.module.startswith("dspyui_core")
        for alias in node.names
        if not alias.name[0].isupper()
    }

    assert not called
