"""Rows: one example with its provenance, its key and the content hash of many."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Self

from dspyui_core.records import SplitName
from dspyui_core.spec import canonical_json
from dspyui_core.text import normalise

Trust = Literal["gold", "confirmed", "proposed"]
# The source of labelled samples; a file's name is never like that, it has an ending.
AUDIT: Final = "audit sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One example; `inputs` and `labels` hold typed values by field name.

    `key` identifies the normalised input, `row_id` the input with its labels. `split` is `auto`
    until the ledger decides. Gold rows have a 1-based `data_row`, feedback rows a journal
    `position`, a trace and perhaps a user. `slices` are the metadata that the spec asks for,
    column to text; feedback has none.
    """

    row_id: str
    key: str
    inputs: Mapping[str, Any]
    labels: Mapping[str, Any]
    trust: Trust
    source: str
    split: SplitName | Literal["auto"] = "auto"
    data_row: int | None = None
    position: int | None = None
    trace_id: str | None = None
    user_id: str | None = None
    slices: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, inputs: Mapping[str, Any], labels: Mapping[str, Any], trust: Trust, **origin: Any
    ) -> Self:
        """A row with its key and id computed; text values become NFC."""
        inputs, labels = nfc(inputs), nfc(labels)
        key = row_key(inputs)
        row_id = _sha256(key + canonical_json(labels))[:32]
        return cls(row_id=row_id, key=key, inputs=inputs, labels=labels, trust=trust, **origin)

    @property
    def is_feedback(self) -> bool:
        """Whether users said it, rather than the user's file."""
        return self.trust != "gold"

    @property
    def sample(self) -> int | None:
        """The number in the inbox of a labelled sample, None for any other row."""
        return self.data_row if self.source == AUDIT else None

    @property
    def from_file(self) -> bool:
        """Whether it is the user's own: neither feedback nor a labelled sample."""
        return not self.is_feedback and self.sample is None


def row_key(inputs: Mapping[str, Any]) -> str:
    """sha256 over every input field, text normalised: equal inputs share it, whatever the label.

    Absent optional values do not count, so a new optional field leaves old keys as they are.
    """
    present = {name: value for name, value in inputs.items() if value is not None}
    return _sha256(canonical_json(_texts(present, normalise)))


def input_text(inputs: Mapping[str, Any]) -> str:
    """All input values as one normalised text, in the order of their names."""
    values = (inputs[name] for name in sorted(inputs) if inputs[name] is not None)
    return normalise(" ".join(v if isinstance(v, str) else canonical_json(v) for v in values))


def content_hash(rows: Iterable[Row]) -> str:
    """sha256 over the sorted sha256 of each row's content, as canonical JSON.

    That is inputs, labels and trust, and the metadata of a row that has some.

    The same on any machine and from any file format; the order of the rows does not matter.
    """
    hashes = sorted(_sha256(canonical_json(_content(row))) for row in rows)
    return _sha256("".join(hashes))


def nfc(value: Any) -> Any:
    """The value with all its texts in Unicode's composed form, so that equal texts are equal."""
    return _texts(value, lambda text: unicodedata.normalize("NFC", text))


def _content(row: Row) -> dict[str, Any]:
    content = {"inputs": nfc(row.inputs), "labels": nfc(row.labels), "trust": row.trust}
    return {**content, "slices": nfc(row.slices)} if row.slices else content


def _texts(value: Any, change: Any) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _texts(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(item, change) for item in value]
    return value


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
