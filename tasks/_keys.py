"""How artifacts and limits are named in Prefect."""

from __future__ import annotations

# The tag of runs that may be started again after they were cut off: repeating one changes nothing.
RESUMES = "dspyui-resumes"


def artifact_key(name: str) -> str:
    """A name as Prefect wants artifact keys: lower case letters, digits and dashes."""
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower())


def limit_name(program: str) -> str:
    """The global limit of a program's turns; runs that are to hold it carry it as a tag."""
    return f"dspyui-program-{program}"
