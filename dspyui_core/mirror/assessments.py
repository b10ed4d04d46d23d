"""Feedback as MLflow's assessments: what a voter said last stands there, and nothing else of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlflow.entities import Assessment, AssessmentSource, Expectation, Feedback
from mlflow.exceptions import MlflowException

from dspyui_core.mirror.naming import (
    COMMENT,
    CORRECTION,
    POSITION,
    RATING,
    Voter,
    derived,
    is_from_mlflow,
    marked_voter,
    marks_of,
    mlflow_trace_id,
)
from dspyui_core.mlflow_tracking import is_missing
from dspyui_core.store.journal import Entry

# More ids make MLflow's own queries slow.
_AT_ONCE = 100
Known = Mapping[str, Sequence[Assessment]]


@dataclass(frozen=True, slots=True)
class Settled:
    """How many assessments were made, and how much feedback found no trace."""

    assessments: int = 0
    orphans: int = 0

    def __add__(self, other: Settled) -> Settled:
        return Settled(self.assessments + other.assessments, self.orphans + other.orphans)


def assessments_on(store: Any, trace_ids: Iterable[str]) -> dict[str, Sequence[Assessment]]:
    """By trace, the assessments that MLflow has; traces it does not have are left out."""
    ids = sorted(set(trace_ids))
    pages = [ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE)]
    infos = [info for page in pages for info in store.batch_get_trace_infos(page)]
    return {info.trace_id: info.assessments for info in infos}


def settle(store: Any, entries: Iterable[Entry], known: Known) -> Settled:
    """Make the latest of these entries of each voter on each trace the only one that stands.

    `known` has the assessments of every trace that MLflow has, and nothing for the others.
    """
    latest = {(mlflow_trace_id(entry.trace_id), entry.voter): entry for entry in entries}
    settled = Settled()
    for (trace_id, voter), entry in latest.items():
        if trace_id in known:
            mine = _made_for(voter, known[trace_id])
            settled += _settle_one(store, entry, trace_id, mine)
        else:
            settled += Settled(orphans=1)
    return settled


def assessments_of(entry: Entry, trace_id: str) -> list[Assessment]:
    """What feedback looks like in MLflow; nothing for a retraction, and for what came from there.

    The ids derive from the entry's position.
    """
    payload = entry.payload
    if payload.get("retracted") or is_from_mlflow(entry):
        return []
    marks, at = marks_of(entry), int(entry.at.timestamp() * 1000)
    facts: Mapping[str, Any] = {
        "trace_id": trace_id,
        "source": AssessmentSource(source_type="HUMAN", source_id=_shown(entry)),
        "metadata": marks,
        "create_time_ms": at,
        "last_update_time_ms": at,
    }
    made: list[Assessment] = []
    if payload.get("rating") is not None:
        made.append(Feedback(name=RATING, value=payload["rating"], **facts))
    if payload.get("corrected_output") is not None:
        made.append(Expectation(name=CORRECTION, value=payload["corrected_output"], **facts))
    if payload.get("comment"):
        made.append(Feedback(name=COMMENT, value=payload["comment"], **facts))
    for assessment in made:
        key = f"{trace_id}:{entry.position}:{assessment.name}"
        assessment.assessment_id = f"a-{derived(key, 32)}"
    return made


def position_of(assessment: Assessment) -> int:
    """The journal position that an assessment of the mirror was made from."""
    return int((assessment.metadata or {})[POSITION])


def _settle_one(store: Any, entry: Entry, trace_id: str, mine: Sequence[Assessment]) -> Settled:
    if any(position_of(found) > entry.position for found in mine):
        return Settled()
    known = {found.assessment_id for found in mine}
    wanted = [made for made in assessments_of(entry, trace_id) if made.assessment_id not in known]
    try:
        for assessment in wanted:
            store.create_assessment(assessment)
        # Superseded feedback is deleted, not overridden: MLflow's search finds overridden ones too.
        for found in mine:
            if position_of(found) < entry.position:
                store.delete_assessment(trace_id, found.assessment_id)
    except MlflowException as error:
        if not is_missing(error):
            raise
        return Settled(orphans=1)
    return Settled(assessments=len(wanted))


def _made_for(voter: Voter, found: Iterable[Assessment]) -> list[Assessment]:
    return [one for one in found if marked_voter(one.metadata) == voter]


def _shown(entry: Entry) -> str:
    return marks_of(entry)["dspyui.user"]
