"""The one composition root: settings in, every part of the core wired, opened when first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dspyui_core.errors import ModelNotFoundError, StoreError
from dspyui_core.events import Launcher, Silent, serving_event
from dspyui_core.files import make_home
from dspyui_core.settings import Settings
from dspyui_core.storage import Derived, Place, place_of
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.rights import right_to_mirror, right_to_turn
from dspyui_core.store.turns import Turns
from dspyui_core.store.watermarks import Watermarks

if TYPE_CHECKING:
    import dspy
    from mlflow import MlflowClient
    from sqlalchemy import Engine

    from dspyui_core.data_exporter import DataExporter
    from dspyui_core.feedback import FeedbackService
    from dspyui_core.fields import Field
    from dspyui_core.mirror import Mirrored, PickedUp
    from dspyui_core.mlflow_loader import LoadedModel
    from dspyui_core.model_manager import ModelManager
    from dspyui_core.promotion import Holdback, LedgerEntry, Releases
    from dspyui_core.runner import Answer, Journaled, Recorder
    from dspyui_core.spec import LmSpec, SignatureSpec

__all__ = ["Workspace"]


class Workspace:
    """Everything that one home holds. Heavy parts are imported when they are first asked for."""

    def __init__(self, settings: Settings, launcher: Launcher | None = None) -> None:
        self.settings = settings
        self.launcher = launcher or Silent()
        self.home = settings.home.resolve()
        self.folder = settings.workspace.resolve()
        self.derived = Derived(self.home)
        self._lms: dict[LmSpec, dspy.LM] = {}

    @classmethod
    def open(
        cls,
        home: Path | None = None,
        settings: Settings | None = None,
        *,
        launcher: Launcher | None = None,
    ) -> Self:
        """A workspace on a home, created where it does not exist; `launcher` hears what happens.

        Raises StoreError where the home cannot be written.
        """
        chosen = settings or Settings.read()
        chosen = chosen if home is None else chosen.model_copy(update={"home": home})
        workspace = cls(chosen, launcher)
        make_home(workspace.home)
        # python: parts of specs live in the workspace; appended, so that it shadows nothing.
        sys.path += {str(workspace.folder)} - {*sys.path}
        return workspace

    def close(self) -> None:
        """Let go of the state database."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    def lock(self, program: str) -> AbstractContextManager[None]:
        """Hold the one right to run a turn of this program; BusyError where somebody has it."""
        return right_to_turn(self.home, self.engine, program)

    def mirroring(self) -> AbstractContextManager[None]:
        """Wait for the one right to copy from this journal to MLflow, and hold it."""
        return right_to_mirror(self.home, self.engine)

    @cached_property
    def engine(self) -> Engine:
        """The state database, migrated."""
        return open_engine(self.settings.store_url())

    @cached_property
    def journal(self) -> Journal:
        """Predictions and feedback."""
        return Journal(self.engine, launcher=self.launcher)

    @cached_property
    def turns(self) -> Turns:
        """Turns and their steps."""
        return Turns(self.engine)

    @cached_property
    def watermarks(self) -> Watermarks:
        """How far each consumer has read."""
        return Watermarks(self.engine)

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's tracking server and registry."""
        from dspyui_core.mlflow_tracking import open_client

        return open_client(self.settings.tracking_uri())

    @cached_property
    def releases(self) -> Releases:
        """Who serves, and every decision about it."""
        from dspyui_core.promotion import Ledger, Releases

        ledger = Ledger(self.engine)
        return Releases(ledger, self.client, self.watermarks, moved=self._moved)

    @cached_property
    def models(self) -> ModelManager[LoadedModel]:
        """Loaded versions, cached."""
        from mlflow.exceptions import MlflowException

        from dspyui_core.mlflow_loader import load_version
        from dspyui_core.model_manager import ModelManager

        return ModelManager(
            self._resolved,
            partial(load_version, self.client, workspace=self.folder),
            ttl=self.settings.serving.ttl,
            away=(MlflowException, StoreError),
        )

    @cached_property
    def feedback(self) -> FeedbackService:
        """Ratings, corrections and comments."""
        from dspyui_core.feedback import FeedbackService

        return FeedbackService(self.journal, output_fields=self._output_fields)

    @cached_property
    def exporter(self) -> DataExporter:
        """Feedback as training data."""
        from dspyui_core.data_exporter import DataExporter

        return DataExporter(self.journal, self.watermarks)

    def lm(self, spec: LmSpec) -> dspy.LM:
        """The LM a spec names, opened once."""
        if spec not in self._lms:
            from dspyui_core.lms import open_lm

            self._lms[spec] = open_lm(**spec.model_dump(), cache_dir=self.home / "lm-cache")
        return self._lms[spec]

    def experiment(self, program: str) -> str:
        """The id of a program's MLflow experiment, created where there is none."""
        from dspyui_core.mlflow_tracking import experiment

        name = f"{self.settings.project}/{program}"
        return experiment(self.client, name, self.settings.artifact_root())

    def predict(
        self,
        program: str,
        inputs: dict[str, object],
        *,
        version: int | None = None,
        user_id: str | None = None,
    ) -> Answer:
        """Answer with the champion (or whom `holdback` leaves, or a version), recorded."""
        from dspyui_core.runner import generate_program_response, new_trace_id

        trace_id = new_trace_id()
        served: LoadedModel = self.models.load_model(program, version=version)
        if version is None and served.spec.watch.holdback:
            served = self.holdback.served(served, key=user_id or trace_id)
        return generate_program_response(
            served,
            inputs,
            lm=self.lm(served.spec.lm),
            journal=self.journal,
            user_id=user_id,
            new_id=lambda: trace_id,
            span_bytes=self.settings.journal.span_bytes,
        )

    @cached_property
    def holdback(self) -> Holdback[LoadedModel]:
        """Whom the champion before still answers."""
        from dspyui_core.promotion import Holdback, Ledger

        return Holdback(Ledger(self.engine), self.models.load_model, ttl=self.settings.serving.ttl)

    @cached_property
    def recorder(self) -> Recorder:
        """Records answers that somebody else's server gives, and counts those it could not."""
        from dspyui_core.runner import Recorder

        return Recorder(lambda: self.journal, span_bytes=self.settings.journal.span_bytes)

    def journaled(
        self, program: Any, name: str, *, version: int | None = None, strict: bool = False
    ) -> Journaled:
        """The program, called as before, with every answer recorded under a program's name.

        A failing journal never breaks an answer, unless `strict`; `recorder.stats` counts.
        """
        from dspyui_core.runner import Journaled

        return Journaled(program, name, recorder=self.recorder, version=version, strict=strict)

    def record_prediction(
        self, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any] | None, **facts: Any
    ) -> str | None:
        """Record one answer; see `Recorder.record_prediction`, which takes the same arguments."""
        return self.recorder.record_prediction(name, inputs, outputs, **facts)

    def mirror(self, program: str, *, stop: Callable[[], bool] = lambda: False) -> Mirrored:
        """Copy what the journal has and MLflow has not; ends after a batch where `stop` says so."""
        from dspyui_core.mirror import mirror_once

        with self.mirroring():
            return mirror_once(
                self.journal,
                self.watermarks,
                self.client,
                program=program,
                experiment_id=self.experiment(program),
                stop=stop,
            )

    def pick_up(self, program: str, signature: SignatureSpec) -> PickedUp:
        """Take what people said in MLflow itself about a program's traces into the journal."""
        from dspyui_core.mirror import pick_up

        with self.mirroring():
            return pick_up(
                self.journal,
                self.client,
                program=program,
                experiment_id=self.experiment(program),
                inputs=signature.inputs,
                outputs=signature.outputs,
            )

    def promote(self, program: str, version: int | None, *, reason: str) -> LedgerEntry:
        """Promote a version by hand; it is served by this process from now on."""
        actor = self.settings.user
        return self._told(self.releases.promote(program, version, reason=reason, actor=actor))

    def rollback(self, program: str, version: int | None, *, reason: str) -> LedgerEntry:
        """Let an earlier champion serve again; by this process from now on."""
        before, actor = self.releases.champion(program), self.settings.user
        entry = self.releases.rollback(program, version, reason=reason, actor=actor)
        return self._told(entry, before=before)

    def _told(self, entry: LedgerEntry, *, before: int | None = None) -> LedgerEntry:
        """The decision, which the inbox knows of by now; `before` served until then."""
        from dspyui_core.review import Inbox, follow

        follow(Inbox(self.engine), entry, before=before)
        return entry

    @property
    def snapshots(self) -> Place:
        """Where dataset versions are."""
        return place_of(self.settings.dataset_address(), self.home / "datasets")

    def _resolved(
        self, name: str, /, *, version: int | None, stage: str | None, alias: str | None
    ) -> int:
        from dspyui_core.mlflow_loader import resolve_version
        from dspyui_core.mlflow_tracking import require_answer

        require_answer(self.settings.tracking_uri())
        return resolve_version(self.client, name, version=version, stage=stage, alias=alias)

    def _moved(self, entry: LedgerEntry) -> None:
        # Who never loaded a version has nothing to forget, and need not import what loads.
        if "models" in self.__dict__:
            self.models.invalidate_cache(entry.program)
        if event := serving_event(entry.kind):
            self.launcher.emit(event, entry.program, entry.told)

    def _output_fields(self, prediction: Entry) -> Sequence[Field]:
        """The typed outputs of who answered: a version, else the champion, else by the answer."""
        from dspyui_core.feedback import fields_of

        try:
            model = self.models.load_model(prediction.program, version=prediction.version)
        except ModelNotFoundError:
            if prediction.version is not None:
                raise
            return fields_of(prediction.payload.get("outputs") or {})
        return model.spec.signature.outputs
