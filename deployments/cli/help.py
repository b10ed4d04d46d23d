"""What stands below a command's options in its help: examples that work, and its exit codes."""

from __future__ import annotations

EXITS = "0 done, 1 failed, 2 bad usage or bad input"
GATED_EXITS = f"{EXITS}, 3 the gate said no"
# Click keeps the lines of a paragraph that opens with this character as they are.
AS_IT_IS = "\b\n"


def page(*examples: tuple[str, str] | str, exits: str = "") -> str:
    """The epilog of a command's help.

    An example is a command line, or a pair of one and what it does. `exits` lists the exit codes,
    separated by commas; by default those that every command has.
    """
    shown = [AS_IT_IS + "Examples:", *(_example(example) for example in examples)]
    codes = [f"  {code.strip()}" for code in (exits or EXITS).split(",")]
    return "\n".join(shown) + f"\n\n{AS_IT_IS}Exit codes:\n" + "\n".join(codes)


def _example(example: tuple[str, str] | str) -> str:
    if isinstance(example, str):
        return f"  $ {example}"
    command, meaning = example
    return f"  $ {command}\n      {meaning}"
