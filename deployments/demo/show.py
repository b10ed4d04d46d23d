"""What a person sees of the demonstration, chapter by chapter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from deployments.demo.story import Change, Changed, Chapter, Traced
from deployments.demo.traffic import Traffic
from dspyui_core.turn import DemoOrigin, Evaluated

VERDICTS = {"promoted": "green", "refused": "red", "inconclusive": "yellow", "blocked": "red"}
BAR_CELLS = 40
CHANGES_SHOWN = 4
REASONS_SHOWN = 4
EXCERPT = 84
DEMOS_SHOWN = 4


class Show:
    """Prints each chapter on the command's own standard output."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._chapter = 0

    def opening(self, title: str, where: Path) -> None:
        """Say what is going to happen."""
        self._console.print(
            Panel(
                Text.assemble(
                    ("A user's correction becomes a gated, reversible release.\n", "bold"),
                    f"{title}\nNo key, no network: the embedded LM learns from its prompt alone; "
                    f"it is no language model.\nhome: {where}",
                ),
                title="dspyui demo",
                title_align="left",
                border_style="cyan",
            )
        )

    def turn(self, chapter: Chapter, title: str) -> None:
        """A turn: its data, what was quarantined, the score card, and the verdict with reasons."""
        turn, details = chapter.turn, chapter.details
        self._heading(title)
        if turn.dataset is not None:
            data = turn.dataset
            feedback = details.dataset.feedback_rows if details.dataset else 0
            self._say(
                f"dataset {data.version[:12]}: {data.train} train, {data.validation} validation, "
                f"{data.holdout} holdout rows; {feedback} of them from feedback"
            )
            self._say(f"{data.quarantined} quarantined, {data.parked} parked", style="dim")
        self._quarantine(chapter)
        if details.candidate is not None:
            self._say(f"compiled by {details.candidate.optimizer}: {details.candidate.note}")
        if details.evaluated is not None:
            self._print(_scorecard(details.evaluated))
        self._verdict(chapter)

    def traffic(self, traffic: Traffic, exported: int) -> None:
        """What was asked and what came back."""
        self._heading("Live traffic, and what users say of it")
        self._say(
            f"{traffic.predictions} messages answered, each one on disk before its answer is "
            f"returned; {traffic.users} users, {traffic.silent} of whom never say anything"
        )
        down = traffic.ratings - traffic.thumbs_up
        self._say(
            f"{traffic.ratings} ratings: {traffic.thumbs_up} thumbs up, {down} thumbs down, "
            f"{traffic.corrections} with a correction; {exported} rows exported"
        )
        self._say(
            f"{traffic.wrong} of the ratings are wrong (careless users): nobody tells the program "
            "which",
            style="dim",
        )

    def changed(self, changed: Changed) -> None:
        """The first and the last champion on messages that no turn ever touches."""
        first, last = changed.first, changed.last
        self._heading(f"On {first.rows} test messages that no turn ever touches")
        if first.version == last.version:
            self._say(f"version {first.version} still serves: {first.score:.3f}")
            return
        table = _score_table()
        for score in (first, last):
            table.add_row(
                f"version {score.version}",
                *_score(score.score, score.interval.low, score.interval.high),
            )
        self._print(table)
        self._say(
            f"{len(changed.better)} messages are answered right that were not before, "
            f"{len(changed.worse)} the other way round"
        )
        self._print(_changes(changed))

    def traced(self, traced: Traced | None) -> None:
        """One answer, back to the users in its prompt."""
        self._heading("Where an answer comes from")
        if traced is None:
            self._say("no answer rests on a correction yet")
            return
        lineage, correction = traced.lineage, traced.correction
        self._say(_quoted(lineage.inputs), style="bold")
        self._say(
            f"{_values(lineage.outputs)}   by version {lineage.version}, made in turn "
            f"{lineage.turn} from dataset {lineage.dataset_version[:12]}"
        )
        self._say(f"nearest of {len(lineage.demos)} demos in its prompt:", style="dim")
        shown = list(lineage.demos[:DEMOS_SHOWN])
        if correction not in shown:
            shown[-1] = correction
        self._print(Group(*(_demo(demo, is_it=demo is correction) for demo in shown)))

    def closing(
        self, home: Path, program: str, traced: Traced | None, *, kept: bool, seconds: float
    ) -> None:
        """Where to look next."""
        self._heading(f"Done in {seconds:.0f} s. Where to look next")
        if not kept:
            self._say("This home is removed now. To keep one and look around:")
            self._say("  dspyui demo --keep demo-home", style="cyan")
            return
        trace = f"dspyui lineage {traced.lineage.trace_id}" if traced else ""
        lines = [
            (f"export DSPYUI_HOME={home}", "these commands, on this home:"),
            ("dspyui status", "what the program is doing"),
            (f"dspyui model show {program}", "versions, and every decision with its reasons"),
            (trace, "the answer above, back to its users"),
            (f"dspyui model rollback {program} --reason 'just looking'", "take the release back"),
            # Without the first word MLflow's server looks for a price list on the network.
            (
                "LITELLM_LOCAL_MODEL_COST_MAP=True mlflow ui --backend-store-uri "
                f"sqlite:///{home / 'mlflow' / 'mlflow.db'}",
                "runs, traces, feedback and versions in the browser",
            ),
        ]
        table = Table.grid(padding=(0, 3))
        for command, meaning in lines:
            if command:
                table.add_row(
                    Text(command, style="cyan", overflow="fold"), Text(meaning, style="dim")
                )
        self._print(table)

    def _verdict(self, chapter: Chapter) -> None:
        turn = chapter.turn
        colour = VERDICTS.get(turn.outcome, "cyan")
        serves = f": version {turn.model_version} serves" if turn.outcome == "promoted" else ""
        self._print(Text.assemble((f"{turn.outcome}{serves}", f"bold {colour}")))
        for reason in turn.decision.reasons if turn.decision else (turn.message,):
            self._say(f"• {reason}", style="dim")

    def _quarantine(self, chapter: Chapter) -> None:
        reasons = Counter(
            (row.reason.partition(" (trace")[0], row.remedy) for row in chapter.details.quarantined
        )
        for (reason, remedy), count in reasons.most_common(REASONS_SHOWN):
            self._say(f"quarantined {count}x: {reason}; {remedy}", style="yellow")

    def _heading(self, title: str) -> None:
        self._chapter += 1
        self._console.print()
        self._console.print(Rule(f"[bold]{self._chapter}  {title}[/]", align="left", style="cyan"))

    def _say(self, words: str, *, style: str = "") -> None:
        self._print(Text(words, style=style))

    def _print(self, what: RenderableType) -> None:
        self._console.print(Padding(what, (0, 2)))


def _scorecard(evaluated: Evaluated) -> RenderableType:
    table = _score_table()
    for role, score in evaluated.scores.items():
        ends = evaluated.intervals[role]
        table.add_row(role, *_score(score, ends.low, ends.high))
    compared = evaluated.comparison
    words = (
        f"candidate - {compared.opponent}: {compared.difference:+.3f}, "
        f"{compared.confidence:.0%} interval {compared.low:+.3f} to {compared.high:+.3f} "
        f"on {compared.rows} rows ({compared.wins} better, {compared.losses} worse)"
    )
    return Group(table, Text(words))


def _score_table() -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    table.add_column("score", justify="right")
    table.add_column("95 % interval")
    table.add_column(f"0{'1'.rjust(BAR_CELLS - 1)}")
    return table


def _score(score: float, low: float, high: float) -> tuple[str, str, Text]:
    return f"{score:.3f}", f"{low:.3f} to {high:.3f}", _bar(score, low, high)


def _bar(score: float, low: float, high: float) -> Text:
    """The score on a line from 0 to 1, its interval around it."""
    at = [min(BAR_CELLS - 1, int(value * BAR_CELLS)) for value in (low, score, high)]
    cells = ["─" if at[0] <= cell <= at[2] else " " for cell in range(BAR_CELLS)]
    cells[at[1]] = "●"
    return Text("".join(cells), style="green")


def _changes(changed: Changed) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in (
        "message",
        "right",
        f"version {changed.first.version}",
        f"version {changed.last.version}",
    ):
        table.add_column(heading, overflow="fold")
    for change in [*changed.better[:CHANGES_SHOWN], *changed.worse[:1]]:
        table.add_row(*_change(change))
    return table


def _change(change: Change) -> tuple[str, str, Text, Text]:
    good, bad = ("green", "red") if change.gain > 0 else ("red", "green")
    return (
        _quoted(change.last.inputs, longest=EXCERPT // 2),
        _values(change.last.labels),
        Text(_values(change.first.outputs), style=bad),
        Text(_values(change.last.outputs), style=good),
    )


def _demo(demo: DemoOrigin, *, is_it: bool) -> RenderableType:
    return Group(
        Text(
            f"{'>' if is_it else ' '} {_quoted(demo.inputs)}", style="bold green" if is_it else ""
        ),
        Text(f"    {_values(demo.labels)}   {_origin(demo)}", style="green" if is_it else "dim"),
    )


def _origin(demo: DemoOrigin) -> str:
    if demo.trace_id is None or demo.answered is None:
        return f"row {demo.data_row} of {demo.source}"
    said = f"corrected from {_values(demo.answered)}" if demo.corrected else "confirmed"
    return f"{said} by {demo.user_id} on {demo.trace_id[:11]}…"


def _quoted(inputs: object, *, longest: int = EXCERPT) -> str:
    text = " ".join(_values(inputs).split())
    return f"“{text if len(text) <= longest else text[: longest - 1] + '…'}”"


def _values(values: object) -> str:
    return ", ".join(map(str, values.values())) if isinstance(values, dict) else str(values)
