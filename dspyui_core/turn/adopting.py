"""Registering a turn's candidate by hand: what was not released stays in its run until then."""

from __future__ import annotations

from dataclasses import dataclass

from dspyui_core.errors import RunNotFoundError, TurnNotFoundError
from dspyui_core.mlflow_loader import load_model_from_run
from dspyui_core.mlflow_registry import register_model, version_metadata, version_with_digest
from dspyui_core.mlflow_tracking import TURN_TAG, RunFacts, logged_digest, run_facts
from dspyui_core.records import CandidateRef, Record
from dspyui_core.spec import ProgramSpec
from dspyui_core.store.turns import TurnRow
from dspyui_core.turn.steps import recorded
from dspyui_core.workspace import Workspace

__all__ = ["Adopted", "adopt_run", "candidate_run", "would_adopt"]

# Which metric of a run holds which program's score on the holdout.
SCORES = {
    "baseline": "baseline_score",
    "champion": "champion_score",
    "candidate": "evaluation_score",
}


class Adopted(Record):
    """A run's candidate as a version; `version` is None where one has yet to be made of it.

    `known` says whether this very program was registered already: then nothing is made.
    """

    program: str
    run: str
    digest: str
    version: int | None
    known: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A candidate in its run, and the turn it is of, where this home knows that."""

    run_id: str
    digest: str
    spec: ProgramSpec
    facts: RunFacts
    turn: TurnRow | None


def adopt_run(ws: Workspace, run: str) -> Adopted:
    """Make a version of the candidate in a run, given by its MLflow run id or its turn's id.

    It serves nobody: a person promotes it, or not. The same program is the same version. Raises
    RunNotFoundError where there is no such run or no candidate in it, ProgramError where the
    candidate is damaged.
    """
    found = _found(ws, run)
    planned = _adopted(ws, found)
    if planned.known:
        return planned
    version = register_model(
        ws.client,
        found.spec.name,
        found.run_id,
        digest=found.digest,
        metadata=version_metadata(
            found.spec,
            optimizer=found.facts.params.get("optimizer", ""),
            evaluation_score=found.facts.metrics.get(SCORES["candidate"]),
        ),
        lineage=_origin(ws, found),
    )
    return planned.model_copy(update={"version": version})


def would_adopt(ws: Workspace, run: str) -> Adopted:
    """What `adopt_run` would do. Raises what it raises; nothing is written."""
    return _adopted(ws, _found(ws, run))


def candidate_run(ws: Workspace, run: str) -> str:
    """The MLflow run of a turn, or the run itself. Raises RunNotFoundError without a candidate."""
    run_id = _run_of_turn(ws, run) or run
    run_facts(ws.client, run_id)
    if logged_digest(ws.client, run_id) is None:
        raise RunNotFoundError(
            run,
            message=f"run {run!r} keeps no candidate",
            hint="take the id of a turn from dspyui status, or of a run from MLflow",
        )
    return run_id


def _adopted(ws: Workspace, found: _Found) -> Adopted:
    version = version_with_digest(ws.client, found.spec.name, found.digest)
    return Adopted(
        program=found.spec.name,
        run=found.run_id,
        digest=found.digest,
        version=version,
        known=version is not None,
    )


def _found(ws: Workspace, run: str) -> _Found:
    run_id = candidate_run(ws, run)
    facts = run_facts(ws.client, run_id)
    loaded = load_model_from_run(ws.client, run_id, workspace=ws.folder)
    turn = _turn(ws, facts.tags.get(TURN_TAG, ""))
    return _Found(run_id, loaded.digest, loaded.spec, facts, turn)


def _run_of_turn(ws: Workspace, turn_id: str) -> str | None:
    """The run of a turn, None where this is the id of no turn."""
    if _turn(ws, turn_id) is None:
        return None
    if ws.turns.step(turn_id, "compile") is None:
        raise RunNotFoundError(
            turn_id,
            message=f"turn {turn_id!r} ended before it compiled a candidate",
            hint="name a turn that compiled one: dspyui status",
        )
    return recorded(ws, turn_id, "compile", CandidateRef).run_id


def _turn(ws: Workspace, turn_id: str) -> TurnRow | None:
    try:
        return ws.turns.get(turn_id)
    except TurnNotFoundError:
        return None


def _origin(ws: Workspace, found: _Found) -> dict[str, object]:
    tags, metrics = found.facts.tags, found.facts.metrics
    scores = {role: round(metrics[key], 6) for role, key in SCORES.items() if key in metrics}
    return {
        "turn": tags.get(TURN_TAG),
        "dataset_version": tags.get("dspyui.dataset_version"),
        "spec_hash": tags.get("dspyui.spec_hash"),
        "feedback_upto": None if found.turn is None else found.turn.feedback_upto,
        "scores": scores,
        "predecessor": None if found.turn is None else found.turn.champion,
        "registered_by": ws.settings.user,
    }
