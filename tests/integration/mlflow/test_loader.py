"""Loading versions: which one, only as data, in another process, and by MLflow's own server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dspyui_core import programs
from dspyui_core.errors import InputError, ModelNotFoundError, ProgramError, RunNotFoundError
from dspyui_core.lms import open_lm, using_lm
from dspyui_core.mlflow_loader import load_model_from_registry, load_model_from_run
from dspyui_core.mlflow_registry import CHAMPION, set_alias
from dspyui_core.mlflow_service import register_compiled_model
from dspyui_core.mlflow_tracking import packaging
from support.processes import free_port, running, wait_until

QUESTIONS = [
    f"message {number}: {'please refund' if number % 3 else 'where is the parcel'}"
    for number in range(100)
]

IN_ANOTHER_PROCESS = """
import json, sys
import mlflow
from dspyui_core.lms import open_lm, using_lm
from dspyui_core.mlflow_loader import load_model_from_registry
from dspyui_core.mlflow_tracking import open_client

uri, name = sys.argv[1:]
questions = json.load(sys.stdin)
program = load_model_from_registry(open_client(uri), name, version=1).program
with using_lm(open_lm("embedded/in-context", cache_dir=None)):
    ours = [program(text=text).topic for text in questions]
served = mlflow.pyfunc.load_model(f"models:/{name}/1")
theirs = [row["topic"] for row in served.predict([{"text": text} for text in questions])]
print(json.dumps([ours, theirs]))
"""


def register(home: Any, name: str, saved: Any, *, turn: str = "") -> int:
    run_id = home.run(f"{name}{turn}")
    return register_compiled_model(
        home.client, name, run_id, saved.folder, saved.spec, optimizer="labeled_few_shot"
    )


def artifact(home: Any, name: str, version: int = 1) -> Path:
    return Path(home.client.get_model_version(name, str(version)).source.removeprefix("file://"))


def answers(program: Any) -> list[str]:
    with using_lm(open_lm("embedded/in-context", cache_dir=None)):
        return [program(text=text).topic for text in QUESTIONS]


def outside(home: Any) -> dict[str, str]:
    """The environment of a process that may not unpickle and knows MLflow by its URI alone."""
    core = str(Path(programs.__file__).parents[1])
    # MLflow starts `uvicorn` by name, as in an activated environment.
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | {
        "PYTHONPATH": core,
        "PATH": tools,
        "MLFLOW_TRACKING_URI": home.uri,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def test_the_champion_is_the_default_and_production_means_the_same(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    register(home, name, save(name, demos=2))
    second = save(name, demos=4)
    register(home, name, second, turn="-b")
    set_alias(home.client, name, CHAMPION, 2)
    by_default = load_model_from_registry(home.client, name)
    by_stage = load_model_from_registry(home.client, name, stage="Production")
    by_number = load_model_from_registry(home.client, name, version=1)
    assert (by_default.version, by_default.digest) == (2, second.digest)
    assert (by_stage.version, by_number.version) == (2, 1)


def test_a_version_without_champion_or_of_an_unknown_model_is_not_found(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    register(home, name, save(name))
    for arguments in ({}, {"stage": "Staging"}, {"alias": "odd"}, {"version": 7}):
        with pytest.raises(ModelNotFoundError, match=name):
            load_model_from_registry(home.client, name, **arguments)
    with pytest.raises(ModelNotFoundError, match="dspyui model list"):
        load_model_from_registry(home.client, f"{name}-typo")


def test_a_stage_that_names_no_single_version_is_refused(home: Any, name: str) -> None:
    with pytest.raises(InputError, match="Production or Staging"):
        load_model_from_registry(home.client, name, stage="Archived")
    with pytest.raises(InputError, match="not several"):
        load_model_from_registry(home.client, name, version=1, alias=CHAMPION)


def test_code_planted_in_an_artifact_does_not_run(
    home: Any, name: str, save: Callable[..., Any], tmp_path: Path
) -> None:
    saved, mark = save(name), tmp_path / "it-ran"
    register(home, name, saved)
    planted = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    for found in artifact(home, name).rglob("*.py"):
        found.write_text(planted + found.read_text())
    (artifact(home, name) / "artifacts" / "program" / "__init__.py").write_text(planted)
    loaded = load_model_from_registry(home.client, name, version=1)
    assert loaded.digest == saved.digest
    assert not mark.exists()


def test_a_program_changed_in_the_artifact_store_is_refused(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    register(home, name, save(name, demos=2))
    other = save(name, demos=4)
    for file in ("program.json", "spec.json"):
        target = artifact(home, name) / "artifacts" / "program" / file
        target.write_text((other.folder / file).read_text())
    with pytest.raises(ProgramError, match="was replaced"):
        load_model_from_registry(home.client, name, version=1)


def test_a_model_that_is_not_ours_says_what_is_missing(home: Any, name: str) -> None:
    home.client.create_registered_model(name)
    home.client.create_model_version(name, f"{home.artifacts}/none", await_creation_for=0)
    with pytest.raises(ProgramError, match=r"program\.json"):
        load_model_from_registry(home.client, name, version=1)


def test_a_candidate_loads_from_its_run(home: Any, name: str, save: Callable[..., Any]) -> None:
    saved, run_id = save(name), home.run(name)
    packaging.log_program(home.client, run_id, saved.folder, saved.spec)
    loaded = load_model_from_run(home.client, run_id)
    assert (loaded.version, loaded.digest) == (None, saved.digest)
    with pytest.raises(RunNotFoundError):
        load_model_from_run(home.client, "0" * 32)


def test_the_artifact_holds_text_files_only_and_no_path_key_or_pickle(
    home: Any, name: str, save: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    saved = save(name, lm="openai/some-lm")
    (saved.folder / "notes.bin").write_bytes(b"not part of it")
    register(home, name, saved)
    files = [path for path in artifact(home, name).rglob("*") if path.is_file()]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert {path.suffix or path.name for path in files} == {
        ".json", ".yaml", ".txt", ".py", "MLmodel"
    }  # fmt: skip
    for unwanted in ("sk-secret-of-the-test", ".pkl", str(saved.folder), "not part of it"):
        assert unwanted not in text
    assert "openai/some-lm" in text


def test_the_packaged_files_are_those_that_programs_reads() -> None:
    assert packaging._FILES == (programs.PROGRAM_FILE, programs.SPEC_FILE)


def test_a_version_answers_alike_in_another_process_that_may_not_unpickle(
    home: Any, name: str, save: Callable[..., Any]
) -> None:
    saved = save(name)
    register(home, name, saved)
    here = answers(programs.load(saved.folder).program)
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, home.uri, name],
        input=json.dumps(QUESTIONS),
        env=outside(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = json.loads(done.stdout.splitlines()[-1])
    assert len(set(here)) == 2
    assert ours == here
    assert theirs == here


def test_mlflow_serves_a_version(
    home: Any, name: str, save: Callable[..., Any], tmp_path: Path
) -> None:
    saved, port, log = save(name), free_port(), tmp_path / "serve.log"
    register(home, name, saved)
    set_alias(home.client, name, CHAMPION, 1)
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{name}@champion",
        "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    with running(command, env=outside(home), log=log) as server:
        wait_until(lambda: server.poll() is not None or _is_up(port), 120, interval=0.3)
        assert server.poll() is None, log.read_text()
        body = {"dataframe_records": [{"text": "where is my parcel"}, {"text": "refund please"}]}
        found = _post(f"http://127.0.0.1:{port}/invocations", body)
    assert [row["topic"] for row in found["predictions"]] == ["shipping", "refund"]


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _post(url: str, body: Any) -> Any:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
