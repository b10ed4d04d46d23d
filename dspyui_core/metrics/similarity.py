"""The metric `similarity`: how close each output's text is to its label's, computed locally."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from pydantic import BaseModel

from dspyui_core.fields import Field as OutputField
from dspyui_core.metrics.exact import FieldOptions, compared_fields
from dspyui_core.text import cosine, normalise


class Similarity:
    """The mean over the compared outputs of the cosine similarity of label and output, 0..1.

    Vectors are weighted word and character n-gram counts; no embedding service is called.
    """

    Options = FieldOptions

    def __init__(self, options: FieldOptions, outputs: Sequence[OutputField]) -> None:
        self._fields = compared_fields(options, outputs)

    def __call__(self, example: Any, prediction: Any, trace: Any = None) -> float:
        """Score one prediction."""
        return fmean(
            _alike(_text(example[field]), _text(prediction[field])) for field in self._fields
        )


def _alike(label: str, answer: str) -> float:
    # The cosine of texts without words is 0, also where they are the same.
    return 1.0 if normalise(label) == normalise(answer) else cosine(label, answer)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(plain, ensure_ascii=False, sort_keys=True)
