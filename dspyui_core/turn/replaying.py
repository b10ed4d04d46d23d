"""Replay: what a candidate answers to the recent inputs of production, against the champion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dspyui_core.datasets import Gold, fold, nfc, row_key
from dspyui_core.datasets.splitting.ledger import read_ledger
from dspyui_core.errors import InputError, LMError
from dspyui_core.metrics import create_exact_match_metric
from dspyui_core.mlflow_loader import LoadedModel, load_model_from_run
from dspyui_core.mlflow_registry import CHALLENGER
from dspyui_core.records import Replay, ReplayChange
from dspyui_core.runner import Replayed, Served, checked_inputs, replay_inputs
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.journal import Entry
from dspyui_core.turn.adopting import candidate_run
from dspyui_core.turn.steps import Progress, Snapshot, counted, silent
from dspyui_core.workspace import Workspace

__all__ = ["SHOWN", "ReplayReport", "replay", "replay_recent"]

# So many changed answers a person reads.
SHOWN: Final = 20
_ORDER: Final = ("loss", "win", "")
Same = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


class ReplayReport(Replay):
    """A replay on a person's word: of a version, or of the candidate in a run."""

    program: str
    version: int | None
    run: str | None


@dataclass(slots=True)
class _Asked:
    """An input of production with its answers, the newest first."""

    inputs: Mapping[str, Any]
    answers: list[Entry] = field(default_factory=list)

    def said_by(self, version: int | None) -> Mapping[str, Any] | None:
        """The newest answer of a version that did not fail, or None."""
        by_it = (a.payload for a in self.answers if a.version == version)
        return next((said["outputs"] for said in by_it if not said.get("error")), None)


def replay(
    ws: Workspace,
    program: str,
    *,
    version: int | None = None,
    candidate: str | None = None,
    last: int = 200,
    on_progress: Progress = silent,
) -> ReplayReport:
    """Let a version, or the candidate of a run or turn, answer the `last` inputs of production.

    By default the waiting challenger answers. Inputs are distinct, the newest first, and none is of
    the holdout; the champion's answer is the recorded one where it gave one, and asked for where
    not. Nothing is recorded. A candidate may have learned from the very corrections that count as
    wins. Raises ModelNotFoundError, RunNotFoundError, InputError for another program's candidate,
    LMError where every input failed.
    """
    champion = ws.models.load_model(program)
    run = None if candidate is None else candidate_run(ws, candidate)
    served = _chosen(ws, program, version, run)
    if served.spec.name != program:
        raise InputError(
            f"run {candidate!r} holds a candidate of {served.spec.name!r}, not of {program!r}",
            hint="take the id of one of the program's turns from dspyui status",
        )
    upto = ws.journal.last_position(program)
    asked = _recent(ws, program, last, upto=upto)
    found = _compared(ws, champion, served, asked, upto, on_progress)
    return ReplayReport(program=program, version=served.version, run=run, **dict(found))


def replay_recent(
    ws: Workspace, snapshot: Snapshot, candidate: Served, on_progress: Progress
) -> Replay | None:
    """A turn's replay on as many inputs as its spec asks for; None for 0, or without a champion.

    Only what was journaled before the turn counts, so that a resumed turn sees the same. Its
    numbers decide; what users asked is not kept: it would outlive its answers in the journal.
    """
    spec = snapshot.spec
    if not spec.promotion.replay or snapshot.champion is None:
        return None
    champion = ws.models.load_model(spec.name, version=snapshot.champion)
    upto = snapshot.dataset.feedback_upto
    asked = _recent(ws, spec.name, spec.promotion.replay, upto=upto)
    found = _compared(ws, champion, candidate, asked, upto, on_progress)
    return found.model_copy(update={"changes": ()})


def _chosen(ws: Workspace, program: str, version: int | None, run: str | None) -> LoadedModel:
    if run is not None:
        return load_model_from_run(ws.client, run, workspace=ws.folder)
    if version is not None:
        return ws.models.load_model(program, version=version)
    return ws.models.load_model(program, alias=CHALLENGER)


def _recent(ws: Workspace, program: str, last: int, *, upto: int) -> list[_Asked]:
    """The newest distinct inputs, at most `last`, that the holdout does not have."""
    held = _holdout_keys(ws, program)
    found: dict[str, _Asked] = {}
    for entry in ws.journal.newest(program, upto=upto):
        inputs = entry.payload.get("inputs")
        if not inputs:
            # What was forgotten says nothing any more.
            continue
        key = row_key(nfc(inputs))
        if key in held:
            continue
        if key not in found and len(found) == last:
            break
        found.setdefault(key, _Asked(inputs)).answers.append(entry)
    return list(found.values())


def _holdout_keys(ws: Workspace, program: str) -> Collection[str]:
    """The keys of the holdout's inputs, by the ledger: no row of it is read."""
    places = read_ledger(ws.engine, program).places
    return {key for key, place in places.items() if place.split == "holdout"}


def _compared(
    ws: Workspace,
    champion: LoadedModel,
    candidate: Served,
    asked: Sequence[_Asked],
    upto: int,
    on_progress: Progress,
) -> Replay:
    fitting = [one for one in asked if _fits(candidate.spec, one) and _fits(champion.spec, one)]
    known = [one.said_by(champion.version) for one in fitting]
    missing = [one for one, said in zip(fitting, known, strict=True) if said is None]
    asked_now = iter(_answers(ws, champion, missing, "champion", on_progress))
    before = [next(asked_now) if said is None else Replayed(said) for said in known]
    after = _answers(ws, candidate, fitting, "candidate", on_progress)
    _refuse_silence(after)
    same = _same(candidate.spec)
    wanted = _wanted(ws, champion.spec, fitting, upto)
    changes = [
        _change(one, old, new, wanted.get(row_key(nfc(one.inputs))), same)
        for one, old, new in zip(fitting, before, after, strict=True)
        if old.error or new.error or not same(old.outputs, new.outputs)
    ]
    verdicts = [change.verdict for change in changes]
    return Replay(
        champion=champion.version or 0,
        rows=len(fitting),
        agreement=1 - len(changes) / len(fitting) if fitting else None,
        changed=len(changes),
        failed=sum(bool(new.error) for new in after),
        unfit=len(asked) - len(fitting),
        rated=sum(row_key(nfc(one.inputs)) in wanted for one in fitting),
        wins=verdicts.count("win"),
        losses=verdicts.count("loss"),
        changes=tuple(sorted(changes, key=lambda change: _ORDER.index(change.verdict))),
    )


def _fits(spec: ProgramSpec, one: _Asked) -> bool:
    try:
        checked_inputs(spec, one.inputs)
    except InputError:
        return False
    return True


def _answers(
    ws: Workspace, served: Served, asked: Sequence[_Asked], who: str, on_progress: Progress
) -> tuple[Replayed, ...]:
    return replay_inputs(
        served,
        [checked_inputs(served.spec, one.inputs) for one in asked],
        lm=ws.lm(served.spec.lm),
        threads=ws.settings.lm.threads,
        on_progress=lambda done, total: on_progress(
            counted(f"replaying {who}", done, total, "inputs")
        ),
    )


def _refuse_silence(answers: Sequence[Replayed]) -> None:
    """An LM that is away says nothing about a candidate."""
    if answers and all(answer.error for answer in answers):
        raise LMError(
            f"every replayed input of the candidate failed: {answers[0].error}",
            hint="mend the cause, then run the same command",
        )


def _same(spec: ProgramSpec) -> Same:
    """Whether two answers are alike, as the metric exact_match compares."""
    metric = create_exact_match_metric(spec.signature.outputs)
    names = [output.name for output in spec.signature.outputs]

    def alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        left, right = ({name: said.get(name) for name in names} for said in (one, other))
        return bool(metric(left, right))

    return alike


def _wanted(
    ws: Workspace, spec: ProgramSpec, asked: Iterable[_Asked], upto: int
) -> Mapping[str, Mapping[str, Any]]:
    """By input, what users hold to be right, as a dataset version would have it; ties are left."""
    answers = [answer for one in asked for answer in one.answers]
    words = ws.journal.feedback_on([answer.trace_id for answer in answers])
    said = [word for spoken in words.values() for word in spoken if word.position <= upto]
    entries = sorted([*answers, *said], key=lambda entry: entry.position)
    nobodys = Gold(spec=spec, rows=(), quarantined=(), left_out=0, total=0, sources=())
    return {row.key: row.labels for row in fold(nobodys, entries, upto=upto).rows}


def _change(
    one: _Asked,
    old: Replayed,
    new: Replayed,
    wanted: Mapping[str, Any] | None,
    same: Same,
) -> ReplayChange:
    was, is_now = (
        wanted is not None and not said.error and same(said.outputs, wanted) for said in (old, new)
    )
    verdict = ("win" if is_now else "loss") if was != is_now else ""
    return ReplayChange(
        trace_id=one.answers[0].trace_id,
        inputs=one.inputs,
        champion=old.outputs,
        candidate=new.outputs,
        wanted=wanted,
        verdict=verdict,
        error=new.error,
    )
