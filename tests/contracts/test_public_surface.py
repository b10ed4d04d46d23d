"""The names that others may rely on: seed names and their fixed arguments, and every `__all__`."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from operator import attrgetter

import pytest

from contracts.source import Source, sources

# Public door -> its first arguments, where they are fixed.
SEED_NAMES: dict[str, tuple[str, ...]] = {
    "signatures.create_custom_signature": (),
    "modules.create_dspy_module": (),
    "metrics.create_metric": (),
    "metrics.create_exact_match_metric": (),
    "metrics.create_cosine_similarity_metric": (),
    "metrics.create_llm_judge_metric": (),
    "compiler.compile_program": (),
    "runner.load_program_metadata": (),
    "runner.generate_program_response": (),
    "runner.validate_csv_headers": (),
    "runner.run_batch_inference": (),
    "mlflow_tracking.init_mlflow": (),
    "mlflow_tracking.truncate_param": (),
    "mlflow_tracking.track_compilation": (),
    "mlflow_tracking.log_compilation_metrics": (),
    "mlflow_tracking.log_compilation_artifacts": (),
    "mlflow_tracking.log_evaluation_table": (),
    "mlflow_tracking.compute_dataset_hash": (),
    "mlflow_tracking.log_dataset_metadata": (),
    "mlflow_tracking.get_mlflow_ui_url": ("experiment_id", "model_name", "model_version"),
    "mlflow_registry.register_model": (),
    "mlflow_registry.transition_model_stage": (),
    "mlflow_loader.load_model_from_registry": (),
    "mlflow_loader.load_model_from_run": (),
    "mlflow_loader.list_registered_models": (),
    "mlflow_loader.list_model_versions": (),
    "mlflow_loader.get_model_metadata": (),
    "mlflow_service.register_compiled_model": (),
    "model_manager.ModelManager.load_model": ("self", "name", "version", "stage", "alias"),
    "model_manager.ModelManager.invalidate_cache": ("self", "name"),
    "model_manager.ModelManager.invalidate_all": ("self",),
    "model_manager.ModelManager.get_cache_stats": ("self",),
    "feedback.FeedbackService.record_feedback": (
        "self",
        "trace_id",
        "rating",
        "corrected_output",
        "comment",
        "user_id",
    ),
    "feedback.FeedbackService.validate_trace_exists": ("self", "trace_id"),
    "data_exporter.DataExporter.query_traces_with_feedback": (
        "self",
        "model_name",
        "rating",
        "start_date",
        "end_date",
        "limit",
    ),
    "data_exporter.DataExporter.export_training_data": ("self", "traces_df", "format"),
    "data_exporter.DataExporter.export_streaming": ("self", "model_name", "rating", "format"),
}


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, each by name: the order that ruff keeps."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _listed(source: Source) -> list[str] | None:
    """The names in a file's `__all__`, or None where it has none."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return None


LISTED = {source.module: names for source in sources() if (names := _listed(source)) is not None}


def _imports() -> Iterator[tuple[str, str, str]]:
    """(who imports, from which module, which name) inside the four packages."""
    for source in sources():
        for node in source.nodes(ast.ImportFrom):
            for alias in node.names:
                yield source.module, node.module or "", alias.name


@pytest.mark.parametrize("name", SEED_NAMES)
def test_a_seed_name_is_a_callable_with_its_fixed_arguments(name: str) -> None:
    module, _, path = name.partition(".")

    door = attrgetter(path)(importlib.import_module(f"dspyui_core.{module}"))

    assert callable(door)
    fixed = SEED_NAMES[name]
    assert tuple(inspect.signature(door).parameters)[: len(fixed)] == fixed
    assert inspect.getdoc(door)


def test_a_stage_transition_says_what_becomes_of_the_version_before() -> None:
    registry = importlib.import_module("dspyui_core.mlflow_registry")

    assert "archive_existing" in inspect.signature(registry.transition_model_stage).parameters


@pytest.mark.parametrize("module", LISTED)
def test_a_list_of_public_names_is_sorted_and_every_name_exists(module: str) -> None:
    names = LISTED[module]

    assert names == sorted(set(names), key=_rank)
    assert not [name for name in names if not hasattr(importlib.import_module(module), name)]


def test_whatever_another_module_imports_is_in_the_list_of_its_home() -> None:
    modules = {source.module for source in sources()}
    unlisted = {
        f"{importer} imports {home}.{name}"
        for importer, home, name in _imports()
        if home in LISTED and name not in LISTED[home]
        if f"{home}.{name}" not in modules
    }

    assert not unlisted


def test_a_package_that_only_opens_its_modules_lists_all_it_imports() -> None:
    doors = [s for s in sources() if s.path.name == "__init__.py" and s.module in LISTED]
    for source in doors:
        if not any(source.functions()):
            own = [i for i in source.nodes(ast.ImportFrom) if i.module.startswith(source.module)]
            brought = {alias.name for node in own for alias in node.names}
            assert brought <= set(LISTED[source.module]), source.name


def test_nobody_imports_a_private_name_of_another_package() -> None:
    reached = {
        f"{importer} imports {home}.{name}"
        for importer, home, name in _imports()
        if name.startswith("_") and name != "__version__"
        if home.split(".")[0] in ("dspyui_core", "tasks", "flows", "deployments")
        if home.rpartition(".")[0] != importer.rpartition(".")[0]
    }

    assert not reached
