"""The parts of a program spec, what each may hold, and the identity of the whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field as Slot
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from dspyui_core.extensions import METRICS, SECRET
from dspyui_core.fields import Field
from dspyui_core.spec.base import Choice, Section
from dspyui_core.spec.data import DatasetSpec, Source
from dspyui_core.spec.feeding import FeedbackSpec
from dspyui_core.spec.starting import ScheduleSpec, TriggerSpec
from dspyui_core.spec.watching import WatchSpec

# By the length of the input text scores are told apart anyway.
LENGTH_SLICE = "input length"
NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
# dspy.Predict's own keywords, and what dspy.Example and dspy.Prediction keep under these names.
TAKEN_NAMES = frozenset(
    {"base", "completions", "config", "demos", "lm", "new_signature", "signature"}
)

# These say what is told, when turns start, and what comes after one: no turn is another by them.
UNTURNED = {"description", "schedule", "trigger", "watch"}


class SignatureSpec(Section):
    """The task in words, and the typed inputs and outputs, by field name."""

    instructions: str = Slot(min_length=1, description="The task in words, for the LM.")
    inputs: tuple[Field, ...] = Slot(min_length=1, description="What it is given: name to type.")
    outputs: tuple[Field, ...] = Slot(min_length=1, description="What it answers: name to type.")

    @model_validator(mode="before")
    @classmethod
    def _from_named_fields(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        named = {key: _fields(value[key]) for key in ("inputs", "outputs") if key in value}
        return {**value, **named}

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [field.name for field in (*self.inputs, *self.outputs)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"a field name is used twice: {', '.join(twice)}")
        taken = sorted(TAKEN_NAMES.intersection(names))
        if taken:
            raise ValueError(f"a field has a name that DSPy uses itself: {', '.join(taken)}")
        return self

    @model_validator(mode="after")
    def _inputs_are_known(self) -> Self:
        unknown = [field.name for field in self.inputs if field.open]
        if unknown:
            raise ValueError(
                f"the values of an input are not taken from the data: {', '.join(unknown)}; "
                "list them, or make it a str"
            )
        return self


class LmSpec(Section):
    """An LM: `embedded/in-context` or any LiteLLM name; its key is the environment's."""

    name: str = Slot(
        "embedded/in-context", min_length=1, description="The LM, as LiteLLM names it."
    )
    api_base: str | None = Slot(None, description="Address of an own server; no credentials.")
    temperature: float | None = Slot(None, ge=0, description="Default: what the provider takes.")
    max_tokens: int | None = Slot(None, ge=1, description="Most tokens of one answer.")
    timeout: float = Slot(60, gt=0, description="Seconds that one attempt may take.")
    num_retries: int = Slot(3, ge=0, description="Further attempts after a passing failure.")

    @model_validator(mode="before")
    @classmethod
    def _from_a_plain_name(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("api_base")
    @classmethod
    def _holds_no_secret(cls, address: str | None) -> str | None:
        # The spec goes into every version; a provider's key has no place in it.
        parts = urlsplit(address or "")
        if parts.username or parts.password or parts.query:
            raise PydanticCustomError(
                SECRET, "holds credentials or a query; put the key in the environment"
            )
        return address


class EvaluationSpec(Section):
    """How programs are scored."""

    repeats: int = Slot(
        1,
        ge=1,
        le=20,
        description="How often each row is answered, past the cache; its score is the mean.",
    )


class PromotionSpec(Section):
    """When a candidate may replace the champion; scores and effects are 0..1."""

    error: float = Slot(
        0.04, gt=0, lt=0.5, description="Chance that an epoch promotes any that is no better."
    )
    looks: int = Slot(20, ge=1, description="Looks at one holdout that share this chance.")
    confidence: float = Slot(0.95, gt=0.5, lt=1, description="Of the intervals that are shown.")
    minimum_effect: float = Slot(0.01, ge=0, le=1, description="The smallest gain worth a release.")
    minimum_holdout: int = Slot(20, ge=1, description="Rows below which nothing is concluded.")
    max_detectable: float | None = Slot(
        None,
        gt=0,
        le=1,
        description="Compile nothing where the holdout shows only larger gains than this.",
    )
    max_slice_loss: float | None = Slot(
        None, gt=0, le=1, description="What no slice may lose; that it does not must be shown."
    )
    max_failures: float = Slot(
        0.05, ge=0, le=1, description="Share of failed rows that a candidate may have."
    )
    max_cost: float | None = Slot(
        None, gt=0, description="How many times the opponent's price an answer may cost."
    )
    max_latency: float | None = Slot(
        None, gt=0, description="How many times the opponent's median time an answer may take."
    )
    minimum_kappa: float = Slot(
        0.4,
        ge=0,
        le=1,
        description="Agreement with people's ratings below which an LM judge may not decide.",
    )
    replay: int = Slot(
        0,
        ge=0,
        le=10_000,
        description="Recent production inputs that a candidate answers, too; each costs LM calls.",
    )
    approval: Literal["auto", "manual"] = Slot(
        "auto", description="manual: a person promotes what the evidence lets pass."
    )
    approval_hours: int = Slot(
        168, ge=1, description="Hours after which a version that nobody approved is refused."
    )
    rules: tuple[Choice, ...] = Slot(
        (), description="Further rules of the catalog, by name; each may only hold back."
    )


class ProgramSpec(Section):
    """Everything a user says about one program."""

    name: str = Slot(description="Lower case letters, digits and dashes.")
    description: str = Slot("", description="For people; changes nothing.")
    signature: SignatureSpec = Slot(description="The task and its typed fields.")
    module: Choice = Slot(Choice(name="predict"), description="How the LM is asked.")
    metric: Choice = Slot(Choice(name="exact_match"), description="How an answer is scored.")
    lm: LmSpec = Slot(LmSpec(), description="Which LM answers, and how it is called.")
    judge: LmSpec = Slot(LmSpec(), description="The LM that the metric llm_judge asks.")
    optimizer: Choice = Slot(Choice(name="auto"), description="How a candidate is compiled.")
    dataset: DatasetSpec = Slot(description="The gold rows.")
    evaluation: EvaluationSpec = Slot(EvaluationSpec(), description="How programs are scored.")
    promotion: PromotionSpec = Slot(PromotionSpec(), description="When a candidate is released.")
    feedback: FeedbackSpec = Slot(FeedbackSpec(), description="When feedback is enough.")
    watch: WatchSpec = Slot(WatchSpec(), description="When a new champion is taken back.")
    schedule: ScheduleSpec | None = Slot(None, description="When the clock starts a turn.")
    trigger: TriggerSpec | None = Slot(None, description="When feedback starts a turn.")
    seed: int = Slot(0, description="Of everything random in a turn.")

    @field_validator("name")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        if not re.fullmatch(NAME_PATTERN, name):
            raise ValueError("takes lower case letters, digits and dashes, at most 63")
        return name

    @model_validator(mode="after")
    def _columns_name_fields(self) -> Self:
        fields = {f.name for f in (*self.signature.inputs, *self.signature.outputs)}
        unknown = sorted(set(self.dataset.columns) - fields)
        if unknown:
            raise ValueError(
                f"dataset.columns maps {', '.join(unknown)}, which the signature does not have; "
                f"fields: {', '.join(sorted(fields))}"
            )
        return self

    @model_validator(mode="after")
    def _slices_are_metadata(self) -> Self:
        taken = {f.name for f in self.fields} | {self.column_of(f.name) for f in self.fields}
        wrong = [c for c in self.dataset.slices if c in taken or c == LENGTH_SLICE]
        if wrong:
            raise ValueError(
                f"dataset.slices names {', '.join(wrong)}: labels and the {LENGTH_SLICE} slice "
                "scores already; name columns that are no field"
            )
        return self

    @property
    def fields(self) -> tuple[Field, ...]:
        """Inputs, then outputs."""
        return (*self.signature.inputs, *self.signature.outputs)

    @property
    def asks_judge(self) -> bool:
        """Whether the metric asks the judge."""
        if self.metric.is_python:
            return False
        return bool(getattr(METRICS.get(self.metric.name), "asks_judge", False))

    @property
    def lms(self) -> tuple[LmSpec, ...]:
        """Every LM that a turn calls: who answers, and who judges."""
        return (self.lm, self.judge) if self.asks_judge else (self.lm,)

    def column_of(self, field: str) -> str:
        """The data column a field is read from."""
        return self.dataset.columns.get(field, field)

    def with_outputs(self, outputs: tuple[Field, ...]) -> ProgramSpec:
        """This spec with its outputs replaced, e.g. by frozen literals."""
        signature = self.signature.model_copy(update={"outputs": outputs})
        return self.model_copy(update={"signature": signature})

    def with_data(self, path: Path) -> ProgramSpec:
        """This spec reading one other file, split automatically."""
        sources = (Source(path=path),)
        return self.model_copy(
            update={"dataset": self.dataset.model_copy(update={"sources": sources})}
        )

    def identity(self) -> str:
        """sha256 over all that changes a turn; not paths, nor what is in `UNTURNED`."""
        content = self.model_dump(mode="json", exclude=UNTURNED)
        for source in content["dataset"]["sources"]:
            source.pop("path")
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return _CANONICAL.encode(value)


# Made once: json.dumps makes an encoder for each call, and every row is written this way.
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _fields(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return [_field(name, content) for name, content in value.items()]


def _field(name: str, content: Any) -> Any:
    if not isinstance(content, Mapping):
        return {"name": name, "type": content}
    nested = dict(content)
    if "items" in nested:
        nested["items"] = _field("item", nested["items"])
    if "fields" in nested:
        nested["fields"] = _fields(nested["fields"])
    return {"name": name, **nested}
