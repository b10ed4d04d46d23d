"""Taking: what stands on a trace in MLflow, compared with what the journal has of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from mlflow.entities import Trace, TraceInfo

from dspyui_core.errors import TraceNotFoundError
from dspyui_core.feedback.checking import Outputs
from dspyui_core.fields import Field
from dspyui_core.mirror.assessments import position_of
from dspyui_core.mirror.foreign import prediction_of
from dspyui_core.mirror.naming import (
    MLFLOW,
    ORIGIN,
    Voter,
    is_from_mlflow,
    journal_trace_id,
    mlflow_trace_id,
)
from dspyui_core.mirror.reading import Said, UnfitError, edited_there, said_there
from dspyui_core.records import Record
from dspyui_core.store.journal import Entry, Journal, New, NewFeedback, NewPrediction

_AT_ONCE: Final = 100
_TOLD: Final = 5
_DIGEST: Final = "assessments"
_SAID: Final = ("rating", "corrected_output", "comment")


class PickedUp(Record):
    """What entered the journal from MLflow.

    `unfit` counts what does not fit the program and stays out; `reasons` tells of the first few.
    It is looked at again every time.
    """

    predictions: int = 0
    feedback: int = 0
    retractions: int = 0
    unfit: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def entries(self) -> int:
        """How many entries the journal got."""
        return self.predictions + self.feedback + self.retractions


@dataclass(frozen=True, slots=True)
class _Known:
    """A voter's newest entry that came from MLflow, and whether the voter said more since."""

    entry: Entry
    stands: bool = True


class Taker:
    """Records what is new, trace by trace, and counts it."""

    def __init__(
        self,
        journal: Journal,
        store: Any,
        program: str,
        inputs: Sequence[Field],
        outputs: Sequence[Field],
    ) -> None:
        self.picked_up = PickedUp()
        self._journal, self._store, self._program = journal, store, program
        self._inputs, self._outputs = inputs, outputs
        self._corrections = Outputs(outputs)
        self._known = _known(journal, program)
        self._seen: set[tuple[str, Voter]] = set()

    def take(self, infos: Sequence[TraceInfo]) -> None:
        """Record what is new on these traces."""
        spoken = {info.trace_id: self._new(info) for info in infos}
        edited = {info.trace_id: edited_there(info) for info in infos}
        chosen = [info for info in infos if spoken[info.trace_id] or edited[info.trace_id]]
        there = self._journal.find_predictions([_ours(info) for info in chosen])
        absent = [info.trace_id for info in chosen if _ours(info) not in there]
        loaded = self._store.batch_get_traces(absent) if absent else []
        traces = {trace.info.trace_id: trace for trace in loaded}
        for info in chosen:
            known = there.get(_ours(info))
            self._take_said(info, spoken[info.trace_id], known, traces.get(info.trace_id))
            if known is not None:
                self._take_edits(info, edited[info.trace_id])

    def take_back(self) -> None:
        """Retract what was picked up once and is no longer in MLflow, though its trace is."""
        gone: dict[str, list[Entry]] = defaultdict(list)
        for (trace_id, voter), known in self._known.items():
            retracted = known.entry.payload.get("retracted")
            if known.stands and not retracted and (trace_id, voter) not in self._seen:
                gone[trace_id].append(known.entry)
        ids = sorted(gone)
        for start in range(0, len(ids), _AT_ONCE):
            for info in self._store.batch_get_trace_infos(ids[start : start + _AT_ONCE]):
                still = {said.voter for said in said_there(info)}
                for entry in gone[info.trace_id]:
                    if entry.voter not in still:
                        self._retract(entry)

    def _new(self, info: TraceInfo) -> list[Said]:
        spoken = said_there(info)
        self._seen |= {(info.trace_id, said.voter) for said in spoken}
        return [said for said in spoken if not self._is_known(info.trace_id, said)]

    def _is_known(self, trace_id: str, said: Said) -> bool:
        known = self._known.get((trace_id, said.voter))
        return known is not None and known.entry.payload.get(_DIGEST) == said.digest

    def _take_said(
        self, info: TraceInfo, spoken: Sequence[Said], there: Entry | None, trace: Trace | None
    ) -> None:
        for said in spoken:
            try:
                new: list[New] = [*self._answer(info, there, trace), self._feedback(info, said)]
                self._journal.append(new)
            except UnfitError as error:
                self._leave_out(info, said, error)
            except TraceNotFoundError:
                # Forgotten in the journal, which does not take the answer again.
                continue
            else:
                self._count(predictions=len(new) - 1, feedback=1)
                there = there or self._journal.find_prediction(_ours(info))

    def _answer(
        self, info: TraceInfo, there: Entry | None, trace: Trace | None
    ) -> list[NewPrediction]:
        if there is not None:
            return []
        if trace is None:
            raise UnfitError("its spans are not in MLflow")
        return [prediction_of(trace, self._program, self._inputs, self._outputs)]

    def _feedback(self, info: TraceInfo, said: Said) -> NewFeedback:
        payload = {**said.payload(self._corrections), ORIGIN: MLFLOW, _DIGEST: said.digest}
        before = self._known.get((info.trace_id, said.voter))
        # What was said before is part of the key: who goes back to it says something new.
        place = 0 if before is None else before.entry.position
        name, authenticated = said.voter
        key = f"{MLFLOW}:{info.trace_id}:{said.digest}:{place}"
        return NewFeedback(_ours(info), payload, key, name, authenticated, at=said.at)

    def _take_edits(self, info: TraceInfo, edited: Sequence[Said]) -> None:
        """Record edits of what the mirror wrote; it writes them anew, as it does all feedback.

        Nobody is authenticated by an edit: of who was, the own words stand.
        """
        if not edited:
            return
        stored = {entry.position: entry for entry in self._on(info)}
        for said in edited:
            entry = stored.get(max(map(position_of, said.parts.values())))
            try:
                payload = said.payload(self._corrections)
            except UnfitError as error:
                self._leave_out(info, said, error)
                continue
            if entry is None or _same(payload, entry.payload):
                continue
            key = f"{MLFLOW}:{info.trace_id}:{said.digest}"
            if not self._journal.find_feedback([key]):
                name = said.voter[0]
                self._journal.append([NewFeedback(_ours(info), payload, key, name, at=said.at)])
                self._count(feedback=1)

    def _on(self, info: TraceInfo) -> Sequence[Entry]:
        return self._journal.feedback_on([_ours(info)]).get(_ours(info), ())

    def _retract(self, entry: Entry) -> None:
        name, authenticated = entry.voter
        payload = {"retracted": True, ORIGIN: MLFLOW, _DIGEST: ""}
        key = f"{MLFLOW}:{mlflow_trace_id(entry.trace_id)}:gone:{entry.position}"
        self._journal.append([NewFeedback(entry.trace_id, payload, key, name, authenticated)])
        self._count(retractions=1)

    def _leave_out(self, info: TraceInfo, said: Said, error: UnfitError) -> None:
        self._count(unfit=1)
        if len(self.picked_up.reasons) < _TOLD:
            reason = f"{info.trace_id}, {said.voter[0] or 'nobody named'}: {error}"
            reasons = (*self.picked_up.reasons, reason)
            self.picked_up = self.picked_up.model_copy(update={"reasons": reasons})

    def _count(self, **more: int) -> None:
        counts = {name: getattr(self.picked_up, name) + count for name, count in more.items()}
        self.picked_up = self.picked_up.model_copy(update=counts)


def _known(journal: Journal, program: str) -> dict[tuple[str, Voter], _Known]:
    known: dict[tuple[str, Voter], _Known] = {}
    for entry in journal.since(0, program=program, kind="feedback"):
        key = (mlflow_trace_id(entry.trace_id), entry.voter)
        if is_from_mlflow(entry):
            known[key] = _Known(entry)
        elif key in known:
            known[key] = replace(known[key], stands=False)
    return known


def _ours(info: TraceInfo) -> str:
    return journal_trace_id(info.trace_id, info.tags)


def _same(payload: Mapping[str, Any], recorded: Mapping[str, Any]) -> bool:
    return all((payload.get(name) or None) == (recorded.get(name) or None) for name in _SAID)
