"""What a person needs to see of a quarantined row: its problems, and what users said there."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dspyui_core.datasets import nfc, row_key
from dspyui_core.datasets.reports.report import Quarantined
from dspyui_core.spec import canonical_json
from dspyui_core.store.journal import Entry

# What marks a reviewer's word in the journal; nobody else's payload has it.
REVIEWED: Final = "review"
_LONGEST_PLACE = 200
Place = tuple[str, int | str | None]


def row_contents(
    found: Sequence[Quarantined],
    answers: Mapping[str, Entry],
    spoken: Mapping[str, Sequence[Entry]],
) -> dict[str, dict[str, Any]]:
    """By key, the content of an item for each row that may not pass, in the order given.

    `answers` and `spoken` are the predictions and the feedback by trace. A row whose problems
    change is another item: what a person decided was about the problems that it had.
    """
    places: dict[Place, list[Quarantined]] = defaultdict(list)
    for problem in found:
        places[problem.source, problem.row or problem.trace_id].append(problem)
    return {
        _key(place, problems): _content(problems, answers, spoken)
        for place, problems in places.items()
    }


def told_problems(content: Mapping[str, Any]) -> list[str]:
    """The problems of a row, a line each."""
    return [f"{p['column']}: {p['reason']}" for p in content.get("problems", ())]


def _key(place: Place, problems: Sequence[Quarantined]) -> str:
    told = canonical_json([[p.check, p.column, p.reason, p.value] for p in problems])
    digest = hashlib.sha256(told.encode()).hexdigest()
    where = ":".join(str(part) for part in place)
    return f"{where[:_LONGEST_PLACE]}:{digest[:16]}"


def _content(
    problems: Sequence[Quarantined],
    answers: Mapping[str, Entry],
    spoken: Mapping[str, Sequence[Entry]],
) -> dict[str, Any]:
    first = problems[0]
    content: dict[str, Any] = {
        "source": first.source,
        "row": first.row,
        "trace_id": first.trace_id,
        "problems": [_problem(problem) for problem in problems],
    }
    answer = answers.get(first.trace_id or "")
    if answer is not None:
        inputs = answer.payload.get("inputs") or {}
        content |= {
            "input_key": row_key(nfc(inputs)),
            "inputs": inputs,
            "answered": answer.payload.get("outputs") or {},
            "said": _said(answer, spoken.get(answer.trace_id, ())),
        }
    return content


def _problem(problem: Quarantined) -> dict[str, Any]:
    placed = (f" (trace {problem.trace_id})", f" (in {problem.source})")
    reason = problem.reason
    for words in placed:
        reason = reason.removesuffix(words)
    kept = problem.model_dump(include={"check", "column", "value", "remedy"})
    return {**kept, "reason": reason}


def _said(answer: Entry, spoken: Sequence[Entry]) -> list[dict[str, Any]]:
    """The labels that each user's latest word gives this input."""
    latest = {entry.voter: entry for entry in spoken}
    labelled = ((entry, _labels(answer, entry)) for entry in latest.values())
    return [{"user": entry.user_id, "labels": labels} for entry, labels in labelled if labels]


def _labels(answer: Entry, word: Entry) -> dict[str, Any]:
    payload, outputs = word.payload, dict(answer.payload.get("outputs") or {})
    correction = payload.get("corrected_output")
    if payload.get("retracted") or (payload.get("rating") == "thumbs_down" and not correction):
        return {}
    if correction and not isinstance(correction, Mapping):
        only = next(iter(outputs), None)
        return {only: correction} if only is not None and len(outputs) == 1 else {}
    return {**outputs, **(correction or {})}
