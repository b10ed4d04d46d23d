"""The check `long_inputs`: inputs with far more words than a prompt should hold."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dspyui_core.datasets import Assigned, Check, CheckResult, input_text
from dspyui_core.text import words


class Options(BaseModel):
    """Options of long_inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    words: int = Field(300, ge=1, description="Most words of an input.")
    share: float = Field(0.01, ge=0, le=1, description="Share of longer rows that is all right.")
    severity: Literal["warn", "block"] = Field("warn", description="What more of them do.")


class LongInputs(Check):
    """Warns, or blocks, where more than a share of the rows have long inputs."""

    name = "long_inputs"
    Options = Options

    def run(self, dataset: Assigned) -> CheckResult:
        """Count the words of every row's inputs."""
        limit, share = self._options.words, self._options.share
        long = [row for row in dataset.rows if len(words(input_text(row.inputs))) > limit]
        if len(long) <= share * len(dataset.rows):
            return self.passed()
        return self.found(
            long,
            f"{len(long)} of {len(dataset.rows)} rows have over {limit} words: shorten them, "
            "or raise the option words",
            severity=self._options.severity,
        )
