"""The one composition root: settings in, every part of the core wired, opened when first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dspyui_core.errors import ModelNotFoundError, StoreError
from dspyui_core.settings import Settings
from dspyui_core.store.engine import open_engine
from dspyui_core.store.journal import Entry, Journal
from dspyui_core.store.locks import exclusive, turn_lock
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
    from dspyui_core.promotion import LedgerEntry, Releases
    from dspyui_core.runner import Answer, Journaled, Recorder
    from dspyui_core.spec import LmSpec, SignatureSpec

__all__ = ["Workspace"]


class Workspace:
    """Everything that one home holds. Heavy parts are imported when they are first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.home.resolve()
        self.folder = settings.workspace.resolve()
        self._lms: dict[LmSpec, dspy.LM] = {}

    @classmethod
    def open(cls, home: Path | None = None, settings: Settings | None = None) -> Self:
        """A workspace on a home, created where it does not exist.

        Raises StoreError where the home cannot be written.
        """
        chosen = settings or Settings.read()
        if home is not None:
            chosen = chosen.model_copy(update={"home": home})
        workspace = cls(chosen)
        workspace._make_home()
        return workspace

    def close(self) -> None:
        """Let go of the state database."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    @contextmanager
    def lock(self, program: str) -> Iterator[None]:
        """Hold the one right to run a turn of this program; BusyError where somebody has it."""
        with turn_lock(self.home / "locks", program):
            yield

    @contextmanager
    def mirroring(self) -> Iterator[None]:
        """Wait for the one right to copy from this home's journal to MLflow, and hold it."""
        with exclusive(self.home / "locks" / "mirror.lock"):
            yield

    @cached_property
    def engine(self) -> Engine:
        """The state database, migrated."""
        return open_engine(self.settings.store_url())

    @cached_property
    def journal(self) -> Journal:
        """Predictions and feedback."""
        return Journal(self.engine)

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
        return Releases(ledger, self.client, self.watermarks, moved=self._forget_alias)

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
            self._lms[spec] = self._opened_lm(spec)
        return self._lms[spec]

    def _opened_lm(self, spec: LmSpec) -> dspy.LM:
        from dspyui_core.lms import open_lm

        return open_lm(
            spec.name,
            cache_dir=self.home / "lm-cache",
            timeout=spec.timeout,
            num_retries=spec.num_retries,
            temperature=spec.temperature,
            max_tokens=spec.max_tokens,
            api_base=spec.api_base,
        )

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
        """Answer with the champion (or a version), recorded in the journal."""
        from dspyui_core.runner import generate_program_response

        served: LoadedModel = self.models.load_model(program, version=version)
        return generate_program_response(
            served,
            inputs,
            lm=self.lm(served.spec.lm),
            journal=self.journal,
            user_id=user_id,
            span_bytes=self.settings.journal.span_bytes,
        )

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
    def snapshots(self) -> Path:
        """Where dataset versions are."""
        return self.home / "datasets"

    def _resolved(
        self, name: str, /, *, version: int | None, stage: str | None, alias: str | None
    ) -> int:
        from dspyui_core.mlflow_loader import resolve_version
        from dspyui_core.mlflow_tracking import require_answer

        require_answer(self.settings.tracking_uri())
        return resolve_version(self.client, name, version=version, stage=stage, alias=alias)

    def _forget_alias(self, program: str) -> None:
        # Who never loaded a version has nothing to forget, and need not import what loads.
        if "models" in self.__dict__:
            self.models.invalidate_cache(program)

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

    def _make_home(self) -> None:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the home {self.home} cannot be written: {error.strerror}",
                hint="set DSPYUI_HOME to a folder you may write to",
            ) from error
        if str(self.folder) not in sys.path:
            # python: parts of specs live in the workspace; appended, so that it shadows nothing.
            sys.path.append(str(self.folder))
