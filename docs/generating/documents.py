"""The JSON documents that commands print, each with the record or the table that says its keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployments.demo.story import DemoReport
from deployments.doctor import Finding
from deployments.provisioning import Provisioned
from deployments.stack.control import Ended, Plan
from deployments.stack.reading import FullStatus
from deployments.stack.state import Stack
from dspyui_core.compiler import ProgramCheck
from dspyui_core.data_exporter import Exported
from dspyui_core.datasets import DatasetReport
from dspyui_core.feedback import Imported, ProgramStats
from dspyui_core.pages import DecisionReport, LearningCurve
from dspyui_core.promotion import Change, Hold, LedgerEntry
from dspyui_core.records import CandidateRef, Decision, ModelVersion, Turn
from dspyui_core.review import ReviewItem
from dspyui_core.runner import Answer, BatchPlan, BatchReport
from dspyui_core.turn import (
    Adopted,
    AnswerLineage,
    DatasetVersion,
    FileScore,
    Filtered,
    ImportedLabels,
    JudgeReport,
    LabelSheet,
    Merged,
    MirrorPlan,
    MirrorRun,
    PlannedReview,
    Promoted,
    RebuildPlan,
    Rebuilt,
    Registered,
    ReplayReport,
    Rescore,
    RowLineage,
    Sampled,
    ShownSuite,
    TurnPlan,
    VersionDetails,
    VersionDiff,
    WatchReport,
)
from dspyui_core.upkeep import Backup, Forgotten, PlannedBackup, Restored, Retired
from generating.meanings import Shape

__all__ = ["DOCUMENTS", "Document"]


@dataclass(frozen=True, slots=True)
class Document:
    """One shape: its title, who prints it, and what says which keys are in it."""

    title: str
    commands: tuple[str, ...]
    shape: Any
    words: str = ""
    without: tuple[str, ...] = ()


DOCUMENTS = (
    Document(
        "A turn",
        ("run data-flywheel",),
        Turn,
        "The commands of its steps print it where the turn ends before them. Where an error "
        "stops a turn, this is printed as far as it came, with the outcome `failed`; the turn "
        "stays open and the same command resumes it.",
    ),
    Document("A candidate", ("run compile-program",), CandidateRef),
    Document("A decision", ("run evaluate-program",), Decision),
    Document("A registered version", ("run register-model",), Registered),
    Document("A promotion", ("run promote-model", "run rollback-model"), Promoted),
    Document(
        "The plan of a turn",
        (),
        TurnPlan,
        'Printed by the commands of a turn with `--dry-run`, which adds `"dry_run": true`.',
    ),
    Document(
        "A dataset check",
        ("dataset check", "run validate-dataset"),
        DatasetReport,
        "In the MLflow run of a turn, `data/report.json` holds the first rows of each check, and "
        "`doubts`: the labels that look wrong.",
        without=(
            "change",
            "doubts",
            "held_back",
            "left_out",
            "parked",
            "previous",
            "quarantined[].check",
            "quarantined[].repeats",
            "quarantined[].source",
            "quarantined[].trace_id",
            "shape",
            "splits",
            "suite",
            "version",
        ),
    ),
    Document(
        "Dataset versions",
        ("dataset show",),
        DatasetVersion,
        "A list of them, the newest of each program first.",
    ),
    Document(
        "A dataset version", (), VersionDetails, "Printed by `dspyui dataset show VERSION --json`."
    ),
    Document("What differs between two versions", ("dataset diff",), VersionDiff),
    Document(
        "A suite of expectations",
        ("dataset suite",),
        ShownSuite,
        "`suite` is the file's content, in Great Expectations' own words.",
    ),
    Document(
        "A merge of data files",
        ("dataset merge",),
        Merged,
        'With `--dry-run` what would be written, and `"dry_run": true`.',
    ),
    Document(
        "Filtered feedback",
        ("dataset filter",),
        Filtered,
        'With `--dry-run` what would be written, and `"dry_run": true`.',
    ),
    Document("A checked spec", ("program check",), ProgramCheck),
    Document("A version's score on a file", ("program evaluate",), FileScore),
    Document("A replay of production's inputs", ("program replay",), ReplayReport),
    Document(
        "The champion scored again",
        ("program rescore", "run rescore-champion"),
        Rescore,
        'With `--dry-run` no item is put into the inbox, and it says `"dry_run": true`.',
    ),
    Document(
        "A watched champion",
        ("run watch-champion",),
        WatchReport,
        'With `--dry-run` nothing is done about it, and it says `"dry_run": true`.',
    ),
    Document("A judge against people", ("program judge",), JudgeReport),
    Document("What a decision rests on", ("program report",), DecisionReport),
    Document("A learning curve", ("program curve",), LearningCurve),
    Document("A new workspace", ("init",), Shape.NEW_WORKSPACE),
    Document("An answer", ("predict",), Answer, "With `--file` a list of them, one a line."),
    Document("Recorded feedback", ("feedback add", "feedback retract"), Shape.RECORDED_FEEDBACK),
    Document(
        "An import of feedback",
        ("feedback import",),
        Imported,
        'With `--dry-run` what it would come to, and `"dry_run": true`.',
    ),
    Document(
        "Statistics of feedback",
        ("feedback stats",),
        ProgramStats,
        "A list of them, one a program.",
    ),
    Document("Where an answer comes from", ("lineage",), AnswerLineage),
    Document("Where a row is used", (), RowLineage, "Printed by `dspyui lineage --row`."),
    Document("A version made again", ("program rebuild",), Rebuilt),
    Document(
        "The plan of a rebuild",
        (),
        RebuildPlan,
        'Printed by `dspyui program rebuild --dry-run`, which adds `"dry_run": true`.',
    ),
    Document(
        "A written export",
        ("export", "run export-feedback"),
        Exported,
        "`dspyui export` prints this with `--out`; without it, the rows themselves as a list.",
    ),
    Document(
        "A batch job",
        ("run batch-inference",),
        BatchReport,
        "The counts are of the whole job, however often it was interrupted.",
    ),
    Document(
        "The plan of a batch job",
        (),
        BatchPlan,
        'Printed by `dspyui run batch-inference --dry-run`, which adds `"dry_run": true`.',
    ),
    Document("A backup", ("backup",), Backup, "Printed by `dspyui restore --dry-run`, too."),
    Document(
        "The plan of a backup",
        (),
        PlannedBackup,
        'Printed by `dspyui backup --dry-run`, which adds `"dry_run": true`.',
    ),
    Document("A restored home", ("restore",), Restored),
    Document(
        "What was forgotten",
        ("forget",),
        Forgotten,
        'With `--dry-run` what would be, and `"dry_run": true`. A repeat prints it once more.',
    ),
    Document(
        "What expired",
        (),
        Retired,
        'Printed by `dspyui forget --expired`; with `--dry-run` it adds `"dry_run": true`.',
    ),
    Document(
        "A run of the mirror",
        ("mirror",),
        MirrorRun,
        "With `--follow` it is printed at the end, with everything that was copied by then.",
    ),
    Document(
        "The plan of the mirror",
        (),
        MirrorPlan,
        'Printed by `dspyui mirror --dry-run`, which adds `"dry_run": true`.',
    ),
    Document("The state of a home", ("status",), FullStatus),
    Document(
        "A local stack",
        ("up",),
        Stack,
        "`dspyui up` prints it once all of it is up, and goes on; with `--detach` it returns.",
    ),
    Document(
        "The plan of a stack",
        (),
        Plan,
        'Printed by `dspyui up --dry-run`, which adds `"dry_run": true`.',
    ),
    Document(
        "An ended stack",
        ("down",),
        Ended,
        'With `--dry-run` what would be ended, and `"dry_run": true`.',
    ),
    Document(
        "What was deployed",
        ("deploy",),
        Provisioned,
        "Each piece as its kind and name, as `deployment data-flywheel/support`.",
    ),
    Document("Models", ("model list",), Shape.LISTED_MODEL, "A list, one a model."),
    Document("A model", ("model show",), Shape.SHOWN_MODEL),
    Document("A version", (), ModelVersion, "One of the `versions` of a model."),
    Document(
        "A decision of the ledger",
        (
            "model promote",
            "model rollback",
            "model acknowledge",
            "model history",
            "model pin",
            "model unpin",
            "program pause",
            "program resume",
        ),
        LedgerEntry,
        "`dspyui model history` prints a list of them, the newest first.",
    ),
    Document(
        "A change of who serves",
        (),
        Change,
        "Printed by the commands that promote and roll back with `--dry-run`, which adds "
        '`"dry_run": true`.',
    ),
    Document(
        "An item of the inbox",
        ("review list", "review show", "review accept", "review reject", "review reopen"),
        ReviewItem,
        "`dspyui review list` prints a list of them, the oldest first.",
    ),
    Document(
        "The plan of a review",
        (),
        PlannedReview,
        "Printed by `dspyui review accept` and `reject` with `--dry-run`, which adds "
        '`"dry_run": true`.',
    ),
    Document(
        "A drawn sample",
        ("review sample",),
        Sampled,
        'With `--dry-run` what would be drawn, and `"dry_run": true`.',
    ),
    Document(
        "A sheet to label",
        ("review export",),
        LabelSheet,
        'With `--dry-run` what would be written, and `"dry_run": true`.',
    ),
    Document(
        "An import of labels",
        ("review import",),
        ImportedLabels,
        'With `--dry-run` what it would come to, and `"dry_run": true`.',
    ),
    Document(
        "What would be held still",
        (),
        Hold,
        "Printed by the commands that pause, resume, pin and unpin with `--dry-run`, which adds "
        '`"dry_run": true`.',
    ),
    Document("A candidate registered by hand", ("model register",), Adopted),
    Document("The demonstration", ("demo",), DemoReport),
    Document("What the doctor found", ("doctor",), Finding, "A list, one a check."),
    Document("A benchmark", (), Shape.BENCHMARK, "Printed by each script in `benchmarks/`."),
    Document("An error", (), Shape.ERROR, "Printed by any command that fails."),
)
