"""The door for `mlflow models serve`: MLflow copies this file into a version and runs the copy.

It holds no logic of its own: the installed core rebuilds the program from the version's JSON files.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import set_model

from dspyui_core import programs
from dspyui_core.errors import InputError
from dspyui_core.evaluation import outputs_of
from dspyui_core.fields import parse_row
from dspyui_core.lms import open_lm, using_lm


class ServedProgram(mlflow.pyfunc.PythonModel):
    """A program behind MLflow's pyfunc interface: a table of inputs in, rows of outputs out."""

    def load_context(self, context: Any) -> None:
        """Rebuild the program and open its LM.

        The LM's key comes from the environment, the program's `python:` parts from installed code.
        """
        loaded = programs.load(Path(context.artifacts["program"]))
        self._program, self._spec = loaded.program, loaded.spec
        lm = loaded.spec.lm.model_dump(exclude={"name"})
        self._lm = open_lm(loaded.spec.lm.name, cache_dir=None, **lm)

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Answer each row of the table; raises InputError for the first row that does not fit."""
        with using_lm(self._lm):
            return [self._answer(row) for row in _rows(model_input)]

    def _answer(self, row: Mapping[str, Any]) -> dict[str, Any]:
        inputs, problems = parse_row(self._spec.signature.inputs, row)
        if problems:
            raise InputError("the input does not fit the program's signature", problems)
        names = [field.name for field in self._spec.signature.outputs]
        return outputs_of(self._program(**inputs), names)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(name): _plain(cell) for name, cell in row.items()} for row in table.to_dict("records")
    ]


def _plain(cell: Any) -> Any:
    # MLflow hands lists over as arrays and numbers as NumPy scalars.
    return cell.tolist() if hasattr(cell, "tolist") else cell


# Models-from-code: MLflow looks for what was set while the file ran.
set_model(ServedProgram())
