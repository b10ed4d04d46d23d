"""Opening an LM by name and scoping it to a block of code."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import dspy
from dspy.clients.cache import Cache
from dspy.utils.exceptions import LMError as DSPyLMError

from dspyui_core.errors import LMError
from dspyui_core.lms.embedded import AsyncInContextEngine, InContextEngine
from dspyui_core.lms.failures import redacted
from dspyui_core.lms.listening import listening
from dspyui_core.lms.usage import Meter, MeteredLM

EMBEDDED_LM: Final = "embedded/in-context"

# DSPy's default is 30 GB in the home directory and a million answers in memory.
CACHE_BYTES: Final = 1_000_000_000
CACHE_ENTRIES: Final = 10_000
_ADDRESSES: Final = ("api_base", "base_url")

_cache_lock = threading.Lock()


class AddressedCache(Cache):
    """DSPy's cache of answers, except that two servers that call their LM alike share none."""

    def cache_key(
        self, request: dict[str, Any], ignored_args_for_cache_key: list[str] | None = None
    ) -> str:
        """A hash of the request and the address it goes to; the API key is no part of it."""
        kept = [name for name in ignored_args_for_cache_key or () if name not in _ADDRESSES]
        return str(super().cache_key(request, kept))


def open_lm(
    name: str,
    *,
    cache_dir: Path | None,
    timeout: float = 60.0,
    num_retries: int = 3,
    temperature: float | None = None,
    max_tokens: int | None = None,
    api_base: str | None = None,
) -> MeteredLM:
    """Return the LM called `name`: "embedded/in-context", or any LiteLLM name ("openai/...").

    Answers are cached on disk in `cache_dir`, in memory only where it is None; the embedded LM
    needs no cache and takes none of the settings. `timeout` is in seconds and per attempt;
    timeouts, rate limits and server errors are tried `num_retries` times more, with growing waits.
    The API key comes from the environment when a call is made, and is never stored here.
    Raises LMError for a name or settings that DSPy refuses; an unknown one may show at a call only.
    """
    if name == EMBEDDED_LM:
        return _embedded()
    # LiteLLM reads this on import, which DSPy delays to the first call that needs it; without it
    # the import asks the network for a price list.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    configure_cache(cache_dir)
    address = {} if api_base is None else {"api_base": api_base}
    settings = {"timeout": timeout, "temperature": temperature, "max_tokens": max_tokens}
    try:
        return MeteredLM(name, num_retries=num_retries, **settings, **address)
    except (ValueError, DSPyLMError) as error:
        hint = f'name it like "openai/gpt-4o-mini" or "{EMBEDDED_LM}"'
        raise LMError(f"LM {name!r} cannot be opened: {redacted(str(error))}", hint=hint) from error


def _embedded() -> MeteredLM:
    return MeteredLM(
        EMBEDDED_LM,
        engine=InContextEngine(),
        async_engine=AsyncInContextEngine(),
        cache=False,
        num_retries=0,
    )


def configure_cache(cache_dir: Path | None) -> None:
    """Point DSPy's one cache of this process at `cache_dir`, or keep it in memory where None.

    Does nothing where it points there already. What is read from disk is plain data only.
    """
    wanted = None if cache_dir is None else str(cache_dir)
    with _cache_lock:
        # Through vars(): asking for dspy.cache would make the default one first.
        current = vars(dspy).get("cache")
        if isinstance(current, AddressedCache) and _disk_folder(current) == wanted:
            return
        made = AddressedCache(
            enable_disk_cache=wanted is not None,
            enable_memory_cache=True,
            disk_cache_dir=wanted,
            disk_size_limit_bytes=CACHE_BYTES,
            memory_max_entries=CACHE_ENTRIES,
            restrict_pickle=True,
        )
        # As dspy.configure_cache does it, or who first asks for the default one overwrites this.
        with dspy._cache_lock:
            dspy.cache = made


def _disk_folder(cache: Any) -> str | None:
    return cache.disk_cache_dir if cache.enable_disk_cache else None


@contextmanager
def using_lm(lm: Any, *, meter: Meter | None = None) -> Iterator[Any]:
    """Make `lm` the LM of everything called in the block, and count its calls with `meter`.

    A meter of an enclosing block goes on counting too.
    """
    # DSPy skips update_history, and with it the meters, while its history is disabled.
    with dspy.context(lm=lm, disable_history=False, **listening(meter)):
        yield lm


@contextmanager
def metered(lm: Any = None) -> Iterator[Meter]:
    """Yield a meter that counts the LM calls of the block; `lm` also makes it the block's LM."""
    meter = Meter()
    if lm is not None:
        with using_lm(lm, meter=meter):
            yield meter
        return
    with dspy.context(disable_history=False, **listening(meter)):
        yield meter


@contextmanager
def metered_apart() -> Iterator[Meter]:
    """Yield a meter that counts the block's LM calls alone: those of enclosing blocks do not."""
    others = [each for each in dspy.settings.get("callbacks", []) if not isinstance(each, Meter)]
    with dspy.context(callbacks=others), metered() as meter:
        yield meter
