"""Under which name a run that asked a person ends, and what it says."""

from __future__ import annotations

from dspyui_core.turn import Question

ASKS = "promote-model"
STATES = {"accepted": "Approved", "rejected": "Refused", "withdrawn": "Superseded"}


def settled_message(asked: Question) -> str:
    """What became of a question, who said so, and why."""
    told = f"version {asked.version} of {asked.program}, item {asked.item} in the inbox"
    return f"{told}: {asked.answered}" if asked.answered else told
