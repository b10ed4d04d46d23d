"""The decision page: what was decided about a candidate, why, and on what evidence."""

from __future__ import annotations

from typing import Final

from dspyui_core.pages.answers import changed_answers, failures
from dspyui_core.pages.charts import Scale, axis, whisker
from dspyui_core.pages.contents import DecisionReport, ScoredProgram
from dspyui_core.pages.markup import NOTHING, Html, tag
from dspyui_core.pages.style import document
from dspyui_core.pages.tables import Column, facts, section, table
from dspyui_core.records import Comparison, SliceComparison

__all__ = ["decision_page"]

_TOLD: Final = {
    "promoted": ("Promoted", "good"),
    "refused": ("Refused", "bad"),
    "inconclusive": ("Inconclusive", "wait"),
    "awaiting-approval": ("Waits for a person to approve it", "wait"),
    "abandoned": ("Abandoned: the decision was not recorded", "bad"),
}
_OPEN: Final = {
    "promote": ("To be promoted", "good"),
    "refuse": ("To be refused", "bad"),
    "inconclusive": ("Inconclusive", "wait"),
    "ask": ("To be approved by a person", "wait"),
}


def decision_page(report: DecisionReport) -> str:
    """A turn's decision as one self-contained HTML page.

    It shows people's words: the inputs of the changed answers that the report holds, and of no
    other row. Whatever users and LMs wrote is escaped, and clipped where it is long.
    """
    return document(
        f"{report.program}: decision of turn {report.turn}",
        tag("h1", f"{report.program}: turn {report.turn}"),
        tag("p", f"{report.facts.opened_at:%Y-%m-%d %H:%M} UTC", class_="quiet"),
        _verdict(report),
        section("Scores on the holdout", _scores(report)),
        section("The difference", _difference(report)),
        section("Slices", _slices(report)),
        section("Recent inputs of production", _replay(report)),
        section("What the holdout has spent, and can show", _wear(report)),
        section("Changed answers", changed_answers(report)),
        section("Failed rows", failures(report)),
        section("Where it comes from", _origin(report)),
    )


def _verdict(report: DecisionReport) -> Html:
    told, kind = _TOLD.get(report.outcome or "", _OPEN[report.verdict])
    subject = "the uncompiled baseline" if report.subject == "baseline" else "the candidate"
    version = report.facts.model_version
    about = f"{told}: {subject}" + ("" if version is None else f", version {version}")
    return tag(
        "div",
        tag("strong", about),
        tag("p", report.message) if report.message else "",
        tag("ul", *(tag("li", reason) for reason in report.reasons)),
        class_=f"verdict {kind}",
    )


def _scores(report: DecisionReport) -> Html:
    ends = [end for s in report.scores for end in _ends(s) or (s.score,)]
    scale = Scale.around(ends)
    columns = [
        Column("program"),
        Column("score", "number"),
        Column("interval", "plot", axis(scale)),
        Column("macro F1", "number"),
        Column("failed", "number"),
        Column("p50 / p95 ms", "number"),
        Column("USD per 1,000", "number"),
    ]
    rows = [_scored(s, scale) for s in report.scores]
    about = f"Mean score of each program with its {report.comparison.confidence:.0%} interval"
    return table(columns, rows, caption=f"{about}, on {report.comparison.rows} holdout rows")


def _scored(scored: ScoredProgram, scale: Scale) -> list[object]:
    ends = _ends(scored)
    told = f"{scored.role} {scored.score:.3f}"
    if ends is not None:
        told += f", interval {ends[0]:.3f} to {ends[1]:.3f}"
    kind = "ours" if scored.role == "candidate" else "theirs"
    spent = scored.latency
    return [
        scored.role,
        f"{scored.score:.3f}",
        whisker(scale, scored.score, ends, kind=kind, told=told),
        ", ".join(f"{value:.3f}" for value in scored.macro_f1.values()),
        scored.failed,
        "" if spent is None else f"{spent.p50:,.0f} / {spent.p95:,.0f}",
        "unknown" if scored.usd_per_1000 is None else f"{scored.usd_per_1000:.4f}",
    ]


def _ends(scored: ScoredProgram) -> tuple[float, float] | None:
    found = scored.interval
    return None if found is None else (found.low, found.high)


def _difference(report: DecisionReport) -> Html:
    found, effect = report.comparison, report.minimum_effect
    scale = Scale.around([0.0, effect, found.low, found.high])
    rules = [(0.0, "zero"), (effect, "least")]
    told = f"difference {found.difference:+.3f}, interval {found.low:+.3f} to {found.high:+.3f}"
    columns = [
        Column(f"candidate minus {found.opponent}"),
        Column("interval", "plot", axis(scale, sign=True)),
        Column("better", "number"),
        Column("worse", "number"),
        Column("p", "number"),
        Column("allowed p", "number"),
    ]
    row = [
        f"{found.difference:+.3f} ({found.low:+.3f} to {found.high:+.3f})",
        whisker(
            scale, found.difference, (found.low, found.high), kind="ours", told=told, rules=rules
        ),
        found.wins,
        found.losses,
        f"{found.p_value:.2g}",
        "" if report.wear is None else f"{report.wear.level:.2g}",
    ]
    about = f"The same rows for both; the solid line is 0, the dashed one minimum_effect {effect:g}"
    return tag("div", table(columns, [row], caption=about), _method(found))


def _method(found: Comparison) -> Html:
    told = f"By {found.method}. p: how likely such a gain is where the candidate is no better."
    return tag("p", told, class_="quiet")


def _slices(report: DecisionReport) -> Html:
    found = report.slices
    ends = [end for s in found for end in (s.low, s.high)]
    scale = Scale.around([0.0, *ends])
    columns = [
        Column("slice"),
        Column("rows", "number"),
        Column(report.comparison.opponent, "number"),
        Column("candidate", "number"),
        Column("difference", "number"),
        Column("interval", "plot", axis(scale, sign=True)),
    ]
    about = "Each interval is for its slice alone: of many, some lie beside 0 by chance"
    return table(columns, [_slice(s, scale) for s in found], caption=about)


def _slice(found: SliceComparison, scale: Scale) -> list[object]:
    ends = (found.low, found.high)
    told = f"difference {found.difference:+.3f}, interval {ends[0]:+.3f} to {ends[1]:+.3f}"
    return [
        tag("bdi", f"{found.column} = {found.value}"[:200], dir="auto"),
        found.rows,
        f"{found.opponent_score:.3f}",
        f"{found.candidate_score:.3f}",
        f"{found.difference:+.3f}",
        whisker(scale, found.difference, ends, kind="ours", told=told, rules=[(0.0, "zero")]),
    ]


def _replay(report: DecisionReport) -> Html:
    found = report.replay
    if found is None or found.agreement is None:
        return NOTHING
    told = f"{found.wins} changed towards it, {found.losses} away from it"
    return facts(
        [
            ("inputs", str(found.rows)),
            ("answered as the champion does", f"{found.agreement:.1%}"),
            ("changed", str(found.changed)),
            ("with feedback", f"{found.rated}: {told}"),
            ("without an answer", str(found.failed)),
            # What users asked is not kept here, so that it can be forgotten in one place.
            ("one by one", f"dspyui program replay {report.program} --candidate {report.turn}"),
        ]
    )


def _wear(report: DecisionReport) -> Html:
    wear = report.wear
    if wear is None:
        return NOTHING
    known = [
        ("epoch", str(wear.epoch)),
        ("look", f"{wear.look} of {wear.planned}"),
        ("p that this look allows", f"{wear.level:.2g}" if wear.level else "none is left"),
        ("spent so far", f"{wear.spent:.4g} of {wear.error:g}"),
    ]
    if wear.detectable is not None:
        gain = f"{wear.detectable:.3f}, with 80 % power"
        known.append(("smallest gain that it shows", gain))
    if wear.rows_needed is not None:
        rows = f"{wear.rows_needed:,} holdout rows"
        known.append((f"to show {report.minimum_effect:g}", rows))
    return facts(known)


def _origin(report: DecisionReport) -> Html:
    known = report.facts
    return facts(
        [
            ("turn", report.turn),
            ("MLflow run", known.run_id),
            ("dataset version", known.dataset_version),
            (
                "rows",
                f"{known.train} train, {known.validation} validation, {known.holdout} holdout",
            ),
            (
                "feedback",
                f"{known.feedback_rows} rows, up to journal position {known.feedback_upto}",
            ),
            ("spec", known.spec_hash),
            ("metric", known.metric),
            ("LM", known.lm),
            ("optimizer", f"{known.optimizer}: {known.note}" if known.note else known.optimizer),
            ("candidate", known.digest),
            ("champion when it began", None if known.champion is None else str(known.champion)),
            ("core version", known.core_version),
        ]
    )
