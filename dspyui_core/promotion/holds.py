"""What a person holds still: a paused program and a pinned champion, as decisions of the ledger."""

from __future__ import annotations

from typing import Literal

from dspyui_core.errors import InputError
from dspyui_core.mlflow_registry import versions
from dspyui_core.promotion.ledger import LedgerEntry
from dspyui_core.promotion.releases import Releases
from dspyui_core.promotion.standing import Standing, named, standing
from dspyui_core.records import Record

__all__ = ["Hold", "HoldKind", "hold_still", "would_hold"]

HoldKind = Literal["pause", "resume", "pin", "unpin"]


class Hold(Record):
    """A decision that changes nobody who serves: of a pin, `version` is the one that stays."""

    program: str
    kind: HoldKind
    version: int | None = None


def hold_still(
    releases: Releases,
    program: str,
    kind: HoldKind,
    *,
    reason: str,
    actor: str,
    version: int | None = None,
) -> LedgerEntry:
    """Pause or resume a program, pin its champion or unpin it; `version` only guards a pin.

    Turns of a paused program, or of one whose champion is pinned, go as far as their decision, and
    ask instead of promoting. A pinned champion is not replaced by hand either, but rolled back.
    Raises InputError where it is so already, or where another version serves,
    ModelNotFoundError for an unknown program, ConflictError where somebody decided meanwhile.
    """
    releases.reconcile(program)
    last = releases.ledger.last(program)
    planned = would_hold(releases, program, kind, version=version)
    return releases.ledger.append(
        program,
        predecessor=last,
        kind=kind,
        verdict="hold" if kind in ("pause", "pin") else "free",
        version=planned.version,
        reasons=(reason,),
        actor=actor,
    )


def would_hold(
    releases: Releases, program: str, kind: HoldKind, *, version: int | None = None
) -> Hold:
    """What `hold_still` would do. Raises what it raises; nothing is written."""
    history = releases.ledger.history(program)
    if not history:
        # A name that nobody knows is an error; a program without decisions is not.
        versions(releases.client, program)
    found = standing(history)
    if kind in ("pause", "resume"):
        _refuse_repeated(program, kind, found)
        return Hold(program=program, kind=kind)
    if kind == "unpin":
        if found.pinned is None:
            raise _is_so(f"no version of {program!r} is pinned", program)
        return Hold(program=program, kind=kind, version=found.pinned.version)
    return Hold(program=program, kind=kind, version=_pinnable(releases, program, version, found))


def _refuse_repeated(program: str, kind: HoldKind, found: Standing) -> None:
    if kind == "pause" and found.paused is not None:
        raise _is_so(f"{program!r} is paused already, by {found.paused.actor}", program)
    if kind == "resume" and found.paused is None:
        raise _is_so(f"{program!r} is not paused", program)


def _pinnable(releases: Releases, program: str, version: int | None, found: Standing) -> int:
    serving = releases.serving(program)
    if serving is None or version not in (None, serving):
        raise InputError(
            f"only who serves can be pinned, and that is {named(serving)} of {program!r}",
            hint=f"promote it first: dspyui model promote {program} VERSION --reason WHY",
        )
    if found.pinned is not None:
        raise _is_so(f"{named(serving)} of {program!r} is pinned already", program)
    return serving


def _is_so(message: str, program: str) -> InputError:
    return InputError(message, hint=f"who, when and why: dspyui model history {program}")
