"""One turn of the loop, step by step; every finished step is recorded and never redone."""

from __future__ import annotations

from dspyui_core.turn.adopting import Adopted, adopt_run, would_adopt
from dspyui_core.turn.approving import (
    Question,
    answer_question,
    expire_approvals,
    plan_reopen,
    question,
    refuse_overdue,
    reopen_item,
)
from dspyui_core.turn.batching import BatchRequest, answer_file, answer_some, plan_file
from dspyui_core.turn.by_hand import (
    Promoted,
    PromoteRequest,
    RollbackRequest,
    promote_by_hand,
    roll_back_by_hand,
)
from dspyui_core.turn.check_runs import keep_check
from dspyui_core.turn.checking import ShownSuite, check_data, show_suite, write_default_suite
from dspyui_core.turn.chunks import Chunk, ChunkScored
from dspyui_core.turn.compiling import compile_candidate
from dspyui_core.turn.curve import learning_curve
from dspyui_core.turn.data_pages import check_page, turn_data
from dspyui_core.turn.deciding import decide_release
from dspyui_core.turn.differing import VersionDiff, version_diff
from dspyui_core.turn.evaluating import evaluate_programs
from dspyui_core.turn.exporting import ExportRequest, export_feedback
from dspyui_core.turn.filtering import Filtered, FilterRequest, filter_feedback
from dspyui_core.turn.finishing import failed_report, finish
from dspyui_core.turn.judging import Disagreement, JudgeReport, judge_the_judge
from dspyui_core.turn.labelling import (
    ImportedLabels,
    LabelSheet,
    Sampled,
    draw_sample,
    export_sheet,
    import_sheet,
    plan_import,
    plan_sample,
    plan_sheet,
)
from dspyui_core.turn.lineage import AnswerLineage, DemoOrigin, answer_lineage
from dspyui_core.turn.merging import Merged, MergeRequest, merge_files
from dspyui_core.turn.mirroring import (
    MirrorPlan,
    MirrorReport,
    MirrorRun,
    ProgramLag,
    follow,
    lags,
    mirror_all,
    mirror_program,
    mirrored_programs,
)
from dspyui_core.turn.opening import Opened, TurnRequest, open_turn, request_spec
from dspyui_core.turn.passing import may_pass
from dspyui_core.turn.planning import TurnPlan, plan_turn
from dspyui_core.turn.rebuild_base import RebuildPlan, RebuildRequest
from dspyui_core.turn.rebuilding import Rebuilt, RebuiltAnswer, plan_rebuild, rebuild_version
from dspyui_core.turn.releasing import Concluded, Registered, conclude, register_version
from dspyui_core.turn.replaying import SHOWN, ReplayReport, replay
from dspyui_core.turn.reporting import decision_report, last_decided
from dspyui_core.turn.rescoring import Rescore, RescoreRequest, rescore, rescore_champion
from dspyui_core.turn.reviewing import (
    PlannedReview,
    accept_item,
    plan_accept,
    plan_reject,
    reject_item,
    with_answer,
)
from dspyui_core.turn.scoring import FileScore, ScoredAnswer, score_file
from dspyui_core.turn.scoring_chunks import score_chunk
from dspyui_core.turn.showing import (
    TurnDetails,
    changed_table,
    page_link,
    run_link,
    score_table,
    turn_details,
    turn_links,
)
from dspyui_core.turn.status import HomeStatus, ProgramStatus, home_status
from dspyui_core.turn.steps import Counted, Evaluated, counted
from dspyui_core.turn.telling import data_markdown, decision_markdown
from dspyui_core.turn.tracing import RowDataset, RowLineage, RowUse, RowVersion, row_lineage
from dspyui_core.turn.versions import (
    DatasetVersion,
    VersionDetails,
    dataset_versions,
    programs_with_data,
    version_details,
    version_page,
)
from dspyui_core.turn.watching import WatchReport, WatchRequest, watch_champion

__all__ = [
    "SHOWN",
    "Adopted",
    "AnswerLineage",
    "BatchRequest",
    "Chunk",
    "ChunkScored",
    "Concluded",
    "Counted",
    "DatasetVersion",
    "DemoOrigin",
    "Disagreement",
    "Evaluated",
    "ExportRequest",
    "FileScore",
    "FilterRequest",
    "Filtered",
    "HomeStatus",
    "ImportedLabels",
    "JudgeReport",
    "LabelSheet",
    "MergeRequest",
    "Merged",
    "MirrorPlan",
    "MirrorReport",
    "MirrorRun",
    "Opened",
    "PlannedReview",
    "ProgramLag",
    "ProgramStatus",
    "PromoteRequest",
    "Promoted",
    "Question",
    "RebuildPlan",
    "RebuildRequest",
    "Rebuilt",
    "RebuiltAnswer",
    "Registered",
    "ReplayReport",
    "Rescore",
    "RescoreRequest",
    "RollbackRequest",
    "RowDataset",
    "RowLineage",
    "RowUse",
    "RowVersion",
    "Sampled",
    "ScoredAnswer",
    "ShownSuite",
    "TurnDetails",
    "TurnPlan",
    "TurnRequest",
    "VersionDetails",
    "VersionDiff",
    "WatchReport",
    "WatchRequest",
    "accept_item",
    "adopt_run",
    "answer_file",
    "answer_lineage",
    "answer_question",
    "answer_some",
    "changed_table",
    "check_data",
    "check_page",
    "compile_candidate",
    "conclude",
    "counted",
    "data_markdown",
    "dataset_versions",
    "decide_release",
    "decision_markdown",
    "decision_report",
    "draw_sample",
    "evaluate_programs",
    "expire_approvals",
    "export_feedback",
    "export_sheet",
    "failed_report",
    "filter_feedback",
    "finish",
    "follow",
    "home_status",
    "import_sheet",
    "judge_the_judge",
    "keep_check",
    "lags",
    "last_decided",
    "learning_curve",
    "may_pass",
    "merge_files",
    "mirror_all",
    "mirror_program",
    "mirrored_programs",
    "open_turn",
    "page_link",
    "plan_accept",
    "plan_file",
    "plan_import",
    "plan_rebuild",
    "plan_reject",
    "plan_reopen",
    "plan_sample",
    "plan_sheet",
    "plan_turn",
    "programs_with_data",
    "promote_by_hand",
    "question",
    "rebuild_version",
    "refuse_overdue",
    "register_version",
    "reject_item",
    "reopen_item",
    "replay",
    "request_spec",
    "rescore",
    "rescore_champion",
    "roll_back_by_hand",
    "row_lineage",
    "run_link",
    "score_chunk",
    "score_file",
    "score_table",
    "show_suite",
    "turn_data",
    "turn_details",
    "turn_links",
    "version_details",
    "version_diff",
    "version_page",
    "watch_champion",
    "with_answer",
    "would_adopt",
    "write_default_suite",
]
