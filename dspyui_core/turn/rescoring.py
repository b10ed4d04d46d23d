"""Re-scoring: the champion answers its holdout again, to see whether its LM is still the same."""

from __future__ import annotations

from collections.abc import Sequence

from dspyui_core import programs
from dspyui_core.comparison import compare
from dspyui_core.errors import InputError
from dspyui_core.mlflow_loader import LoadedModel
from dspyui_core.mlflow_registry import model_version
from dspyui_core.mlflow_tracking import read_evaluation_table
from dspyui_core.records import Comparison, Record, ScoreCard, ScoreRow
from dspyui_core.review import Inbox
from dspyui_core.spec import read_spec
from dspyui_core.turn.asked import ProgramFile
from dspyui_core.turn.evaluating import EVALUATION_TABLE, Contender, score_again
from dspyui_core.turn.steps import Progress, Snapshot, recorded, silent
from dspyui_core.workspace import Workspace

__all__ = ["Rescore", "RescoreRequest", "rescore", "rescore_champion"]


class RescoreRequest(Record):
    """Whose champion answers its holdout again."""

    program: ProgramFile


class Rescore(Record):
    """The champion's scores on its holdout now, compared with those of the turn that made it.

    `comparison` is now minus then, on the same rows; it `dropped` where the whole interval lies
    below 0. `item` is the number in the inbox under which a person looks at that.
    """

    program: str
    version: int
    turn: str
    dataset_version: str
    failed: int
    comparison: Comparison
    dropped: bool
    item: int | None = None

    @property
    def markdown(self) -> str:
        """What was found, for a person to read in an artifact."""
        said = "worse than it was" if self.dropped else "no worse than it was"
        item = "" if self.item is None else f"\n\nItem {self.item} in the inbox."
        return f"**{self.program}: {said}**\n\n{self.reason}; {self.failed} rows failed now.{item}"

    @property
    def reason(self) -> str:
        """What was found, with the numbers, in one line."""
        found = self.comparison
        return (
            f"version {self.version} scored {found.opponent_score:.3f} in turn {self.turn} and "
            f"scores {found.candidate_score:.3f} now on the same {found.rows} holdout rows: "
            f"difference {found.difference:+.3f}, {found.confidence:.0%} interval "
            f"{found.low:+.3f} to {found.high:+.3f}"
        )


def rescore_champion(
    ws: Workspace, request: RescoreRequest, *, on_progress: Progress = silent
) -> Rescore:
    """`rescore` for the program of a spec file, as a schedule asks for it."""
    return rescore(ws, read_spec(request.program).name, on_progress=on_progress)


def rescore(
    ws: Workspace, program: str, *, dry_run: bool = False, on_progress: Progress = silent
) -> Rescore:
    """Let the champion answer the holdout that it was released on again, past the cache.

    A provider that changes its LM underneath shows as a drop, which opens an item in the inbox
    unless `dry_run`. It is no look at the holdout: it decides nothing about a candidate, and spends
    none of the epoch's error. Each re-score is a test of its own: of a program that did not change,
    one in 40 drops by chance at 95 % confidence, and one whose LM is noisy and that was lucky when
    it was released more often; `evaluation.repeats` make that rarer.

    Raises ModelNotFoundError, InputError where no turn of this home scored the champion, LMError
    where every row failed.
    """
    model = ws.models.load_model(program)
    version = model.version or 0
    made = model_version(ws.client, program, version)
    turn_id = made.tags.get("dspyui.turn", "")
    if ws.turns.step(turn_id, "evaluate") is None:
        raise _unscored(program, version)
    snapshot = recorded(ws, turn_id, "snapshot", Snapshot)
    then = _rows_then(ws, model, made.run_id, snapshot)
    contender = Contender(model.program, model.spec, model.digest, version)
    now = score_again(ws, snapshot, contender, on_progress=on_progress)
    comparison = compare(
        *_common(then, now),
        name="then",
        confidence=snapshot.spec.promotion.confidence,
        seed=snapshot.spec.seed,
    )
    found = Rescore(
        program=program,
        version=version,
        turn=turn_id,
        dataset_version=snapshot.dataset.version,
        failed=now.failed,
        comparison=comparison,
        dropped=comparison.high < 0,
    )
    return found if dry_run or not found.dropped else _opened(ws, found)


def _rows_then(
    ws: Workspace, model: LoadedModel, run_id: str, snapshot: Snapshot
) -> tuple[ScoreRow, ...]:
    """The version's own scores in the run that it was made in, where it was the candidate or the
    baseline.
    """
    baseline = programs.build(snapshot.spec, workspace=ws.folder)
    is_baseline = model.digest == programs.digest(baseline, snapshot.spec)
    role = "baseline" if is_baseline else "candidate"
    table = read_evaluation_table(ws.client, run_id, EVALUATION_TABLE)
    rows = [row for row in table if row["program"] == role]
    if not rows:
        raise _unscored(snapshot.spec.name, model.version or 0)
    return tuple(ScoreRow(row_id=row["row_id"], score=row["score"]) for row in rows)


def _common(then: Sequence[ScoreRow], now: ScoreCard) -> tuple[ScoreCard, ScoreCard]:
    """Both on the rows that both have: what was forgotten since is in one of them only."""
    known = {row.row_id for row in then} & {row.row_id for row in now.rows}
    before, after = (
        now.model_copy(update={"rows": tuple(row for row in rows if row.row_id in known)})
        for rows in (then, now.rows)
    )
    return before, after


def _opened(ws: Workspace, found: Rescore) -> Rescore:
    """The re-score with its item in the inbox: one for a version, however often it is told."""
    content = {
        "version": found.version,
        "dropped": True,
        "scores": {
            "then": found.comparison.opponent_score,
            "now": found.comparison.candidate_score,
        },
        "reasons": [found.reason],
    }
    key = f"re-score of version {found.version}"
    item = Inbox(ws.engine).open_item(found.program, "rollback", key, content)
    return found.model_copy(update={"item": item.seq})


def _unscored(program: str, version: int) -> InputError:
    return InputError(
        f"version {version} of {program!r} was scored by no turn of this home",
        hint="ask in the home whose turn registered it, or take a turn",
    )
