"""What the keys of the JSON documents mean, where the record itself does not say it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

Row = tuple[str, str, str]


class Shape(Enum):
    """Documents that no record stands for: name, type and meaning of each key."""

    NEW_WORKSPACE: tuple[Row, ...] = (
        ("program", "text", "The program's name."),
        ("spec", "path", "The spec."),
        ("written", "list of path", "The files that were written; none with --dry-run."),
        ("inputs", "list of object", "What was guessed of each input: its column, type, and why."),
        ("outputs", "list of object", "What was guessed of each output, likewise."),
        ("left_out", "object: text to text", "Columns that are not used, and why."),
        ("split_column", "text or null", "The column that names each row's split."),
        ("doubts", "list of text", "What could be meant otherwise."),
        ("dataset", "object, as in: A dataset check", "What the gate says of the data."),
        ("key", "text or null", "What to do for the LM's key, where it is not there."),
        ("next", "list of text", "The commands to run next."),
    )
    RECORDED_FEEDBACK: tuple[Row, ...] = (
        ("trace_id", "text", "The answer that it is about."),
        ("position", "whole number", "Its place in the journal."),
        ("program", "text", "The program that answered."),
    )
    LISTED_MODEL: tuple[Row, ...] = (
        ("name", "text", "The program's name."),
        ("champion", "whole number or null", "The version that serves."),
        ("challenger", "whole number or null", "The version that waits for a person."),
    )
    SHOWN_MODEL: tuple[Row, ...] = (
        ("name", "text", "The program's name."),
        ("versions", "list of object", "Its versions, the oldest first."),
        ("decisions", "list of object", "Its decisions, the newest first."),
    )
    BENCHMARK: tuple[Row, ...] = (
        ("name", "text", "The benchmark."),
        ("rows", "list of object", "What was measured; each benchmark has its own columns."),
        ("ratios[].name", "text", "What is held against a bar."),
        ("ratios[].value", "number", "What was measured."),
        ("ratios[].bar", "number", "What it is held against."),
        ("ratios[].holds", "true or false", "Whether it holds."),
    )
    ERROR: tuple[Row, ...] = (
        ("error.code", "text", "Stable; `usage` and `unforeseen` are the command's own."),
        ("error.message", "text", "What happened, with the value."),
        ("error.hint", "text", "What to do. Not with `usage` and `unforeseen`."),
        ("error.problems", "list of text", "Every problem of a wrong input. Likewise."),
        ("error.retryable", "true or false", "Whether to simply try again. Likewise."),
    )


MEANINGS: Final[Mapping[str, Mapping[str, str]]] = {
    "Turn": {
        "program": "The program's name.",
        "turn": "The turn's id; null where none was opened.",
        "outcome": "How it ended.",
        "dataset": "The dataset version it used; null where it has none.",
        "scores": "Mean scores on the holdout.",
        "decision": "The verdict; null where it did not come so far.",
        "model_version": "The version it registered.",
        "lm": "What was asked of LMs.",
        "seconds": "What its steps took, together.",
        "message": "Why, where no decision says it.",
    },
    "TurnDataset": {
        "version": "The content hash.",
        "rows": "Rows that have a split.",
        "train": "Rows that optimizers learn from.",
        "validation": "Rows that optimizers select on.",
        "holdout": "Rows that only comparisons read.",
        "quarantined": "Rows that may not pass.",
        "parked": "Feedback on what is, or nearly is, a holdout input.",
    },
    "TurnScores": {
        "baseline": "The uncompiled program.",
        "champion": "The version that serves.",
        "candidate": "What was compiled.",
    },
    "TurnDecision": {
        "verdict": "What the promotion policy says.",
        "reasons": "Every reason, the numbers included.",
    },
    "TurnLM": {
        "calls": "Calls, cached answers included.",
        "usd": "What they cost; null where a price is unknown.",
    },
    "CandidateRef": {
        "digest": "The content hash of the program.",
        "run_id": "The MLflow run that holds it.",
        "optimizer": "The optimizer that made it.",
        "note": "What the optimizer says of it.",
        "validation_score": "Its mean score on the validation rows.",
    },
    "Decision": {
        "verdict": "What the promotion policy says.",
        "subject": "What it lets pass.",
        "reasons": "Every reason, the numbers included.",
        "evidence": "The comparison that it rests on.",
    },
    "Registered": {"version": "The version's number."},
    "Promoted": {
        "program": "The program's name.",
        "version": "The version that serves now.",
        "decision": "The decision's number in the ledger.",
    },
    "TurnPlan": {
        "program": "The program's name.",
        "action": "How a turn would begin.",
        "turn": "The turn that would be resumed, or the last one where nothing is new.",
        "abandons": "An open turn that would be closed first.",
        "steps": "What would be done.",
        "dataset": "The dataset version that it would use.",
        "new_feedback": "Usable feedback rows since the last turn.",
        "minimum_feedback": "How many of them a turn needs.",
        "champion": "The version that serves.",
        "lm": "The LM's name.",
        "optimizer": "The optimizer's name.",
        "reason": "Why there is nothing to do, or what blocks it.",
    },
    "FileScore": {
        "program": "The program's name.",
        "version": "The version that answered.",
        "metric": "The metric's name.",
        "rows": "Rows that were scored.",
        "skipped": "Copies and rows that do not fit the signature.",
        "score": "The mean score; a failed row counts as 0.",
        "interval": "Its confidence interval.",
        "failed": "Rows that failed.",
        "answers": "Every row.",
    },
    "Interval": {"low": "The lower end.", "high": "The upper end."},
    "ScoredAnswer": {
        "inputs": "What was asked.",
        "labels": "What is right.",
        "outputs": "What was answered.",
        "score": "The row's score; null where it failed.",
        "error": "Why it failed.",
    },
    "AnswerLineage": {
        "trace_id": "The answer's trace.",
        "program": "The program's name.",
        "inputs": "What was asked.",
        "outputs": "What was answered.",
        "version": "The version that answered.",
        "turn": "The turn that made it.",
        "run_id": "That turn's MLflow run.",
        "dataset_version": "The dataset version it was compiled on.",
        "demos": "The demos in its prompt, the nearest first.",
    },
    "DemoOrigin": {
        "inputs": "The demo's inputs.",
        "labels": "The demo's outputs.",
        "row_id": "The row it is; null where the optimizer wrote it.",
        "trust": "Whose word the row is.",
        "source": "The data file, for a gold row.",
        "data_row": "The data row in it.",
        "trace_id": "What the feedback was about, for a row from feedback.",
        "user_id": "Who gave it.",
        "position": "Its place in the journal.",
        "answered": "What the program had answered there.",
    },
    "Exported": {
        "program": "The program's name.",
        "rows": "Rows that were written.",
        "path": "The file.",
        "consumer": "Who it was for.",
        "position": "The journal position that it reaches to.",
    },
    "Change": {
        "program": "The program's name.",
        "version": "The version that would serve.",
        "serving": "The version that serves now.",
    },
    "Adopted": {
        "program": "The program's name.",
        "run": "The MLflow run that holds the candidate.",
        "digest": "The content hash of the program.",
        "version": "The version; null where a dry run would make it.",
        "known": "Whether this very program was registered already.",
    },
    "DemoReport": {
        "program": "The program's name.",
        "turns": "Its two turns.",
        "feedback": "What users asked and said between them.",
        "holdout": "Scores on the holdout.",
        "test": "Scores on rows that no turn touches.",
        "seconds": "What it took.",
    },
    "DemoFeedback": {
        "predictions": "Answers that were given.",
        "ratings": "Answers that were rated.",
        "corrections": "Answers that were corrected.",
        "exported": "Rows that an export has.",
    },
    "FirstAndLast": {
        "first": "The champion after the first turn.",
        "last": "The champion after the last turn.",
    },
    "OnTest": {
        "first": "The champion after the first turn.",
        "last": "The champion after the last turn.",
        "rows": "Rows of the test file.",
    },
    "Finding": {
        "name": "What was looked at.",
        "status": "Whether it is in the way.",
        "found": "What was found.",
        "remedy": "What to do; empty where there is nothing to do.",
    },
    "DatasetReport": {
        "verdict": "Whether a turn may use it.",
        "rows": "Rows looked at.",
        "accepted": "Rows that have a split.",
        "quarantined": "Every reason why a row may not pass.",
        "checks": "Every check, also those that found nothing.",
        "seconds": "What it took.",
    },
    "Quarantined": {
        "row": "The 1-based data row of the file; null for feedback.",
        "column": "The column.",
        "reason": "What is wrong.",
        "value": "What was found there.",
        "remedy": "What to do.",
    },
    "CheckResult": {
        "name": "The check.",
        "severity": "What follows from it.",
        "count": "Rows it is about (classes for class_balance).",
        "rows": "Their data rows.",
        "message": "In words.",
    },
    "ProgramCheck": {
        "program": "The program's name.",
        "signature": "Inputs and outputs with their types.",
        "module": "The module's name.",
        "metric": "The metric's name.",
        "optimizer": "The optimizer's name.",
        "lm": "The LM's name.",
        "spec_hash": "The hash of all that changes a turn.",
        "warnings": "What may be wrong with the user's own module.",
        "key": "What to do for the LM's key, where it is not there.",
    },
    "Answer": {
        "program": "The program's name.",
        "version": "The version that answered.",
        "trace_id": "What feedback names.",
        "outputs": "Output names to values.",
        "latency_ms": "Milliseconds that the program took.",
    },
    "ProgramStatus": {
        "program": "The program's name.",
        "champion": "The version that serves.",
        "challenger": "The version that waits for a person.",
        "turn": "Its newest turn.",
        "outcome": "How that turn ended; `open` where it has not.",
        "predictions": "Answers in the journal.",
        "feedback": "Feedback entries in the journal.",
        "unmirrored": "Journal entries that MLflow has not yet.",
    },
    "ModelVersion": {
        "name": "The program's name.",
        "version": "The version's number.",
        "stage": "Derived from its aliases and the decisions about it.",
        "aliases": "`champion` or `challenger`.",
        "run_id": "The MLflow run that made it.",
        "created_at": "When it was registered.",
        "tags": "Metadata and lineage, all texts.",
    },
    "LedgerEntry": {
        "seq": "The decision's number.",
        "program": "The program's name.",
        "predecessor": "The number of the decision it was made on top of; 0 for the first.",
        "turn_id": "The turn that it concludes.",
        "kind": "Who decides: a turn, a person, or somebody who moved the alias (external).",
        "verdict": "`promote` makes the version the champion.",
        "version": "The version that it is about.",
        "reasons": "Every reason.",
        "evidence": "The comparison that it rests on; empty for a person's word.",
        "actor": "Who decided.",
        "epoch": "The period with one fixed holdout.",
        "look": "How many turns read a comparison from that holdout so far.",
        "at": "When.",
    },
}
