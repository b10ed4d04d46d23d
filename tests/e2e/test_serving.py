"""Owns the proof that a registered version answers elsewhere exactly as it does here."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from dspyui_core.lms import using_lm
from support import tiny
from support.home import Home
from support.processes import free_port, running, wait_until

TEXTS = [text for text, _ in (*tiny.unseen(), *tiny.rows()[:36])]
NO_PICKLE = {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}

# Another process, which knows MLflow and the home's address only.
MLFLOW_ONLY = """
import json, os, sys
import mlflow, pandas

mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
model = mlflow.pyfunc.load_model("models:/desk/1")
print(json.dumps(model.predict(pandas.DataFrame({"text": json.load(sys.stdin)}))))
"""
# Another process, which loads with our own loader.
OUR_LOADER = """
import json, sys
from dspyui_core.lms import using_lm
from dspyui_core.workspace import Workspace

workspace = Workspace.open()
model = workspace.models.load_model("desk", stage="Production")
with using_lm(workspace.lm(model.spec.lm)):
    answers = [{"desk": model.program(text=text).desk} for text in json.load(sys.stdin)]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(trained: Home) -> list[dict[str, str]]:
    """The champion's answers to 100 inputs in this process."""
    workspace = trained.opened()
    model = workspace.models.load_model("desk")
    with using_lm(workspace.lm(model.spec.lm)):
        found = [{"desk": model.program(text=text).desk} for text in TEXTS]
    workspace.close()
    assert len(found) == 100
    assert {answer["desk"] for answer in found} == set(tiny.LABELS)
    return found


@pytest.mark.parametrize("code", [MLFLOW_ONLY, OUR_LOADER], ids=["mlflow-only", "our-loader"])
def test_a_version_answers_the_same_in_another_process_without_pickle(
    trained: Home, answers: list[dict[str, str]], code: str
) -> None:
    other = trained.run(
        [sys.executable, "-c", code], stdin=json.dumps(TEXTS), **NO_PICKLE, **_tracking(trained)
    )

    assert other.code == 0, other.stderr
    assert json.loads(other.stdout.splitlines()[-1]) == answers


def test_mlflow_models_serve_answers_the_same(
    trained: Home, answers: list[dict[str, str]], tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
    command += ["-m", "models:/desk/1", "--host", "127.0.0.1", "--port", str(port)]
    # MLflow starts uvicorn by name, so the interpreter's own folder has to be on the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = trained.environment(PATH=path, **NO_PICKLE, **_tracking(trained))
    log = tmp_path / "serve.log"
    with running(command, env=env, cwd=tmp_path, log=log) as server:
        up = f"http://127.0.0.1:{port}/ping"
        wait_until(lambda: _status(up) == 200 or server.poll() is not None, 90)
        assert server.poll() is None, log.read_text()

        served = _invoke(port, {"dataframe_records": [{"text": text} for text in TEXTS]})

    assert served == {"predictions": answers}
    wait_until(lambda: not trained.processes(), 30)


def _tracking(home: Home) -> dict[str, str]:
    return {"MLFLOW_TRACKING_URI": f"sqlite:///{home.path / 'mlflow' / 'mlflow.db'}"}


def _status(url: str) -> int:
    try:
        with urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except OSError:
        return 0


def _invoke(port: int, body: object) -> object:
    request = Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)
