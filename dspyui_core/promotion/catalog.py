"""The promotion rules that a spec adds: what one is, and which are listed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pydantic import BaseModel

from dspyui_core.extensions import PROMOTION_RULES
from dspyui_core.promotion.findings import Evidence, Finding
from dspyui_core.spec import PromotionSpec

__all__ = ["PromotionRule", "listed"]


class PromotionRule(ABC):
    """An entry of the catalog: made from its `Options`, it says what it finds in the evidence.

    It can only hold back: a verdict is never better than the worst finding. What it says depends
    on the evidence and its options alone, or a decision could not be explained later.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseModel]]

    def __init__(self, options: Any) -> None:
        self._options = options

    @abstractmethod
    def judge(self, evidence: Evidence) -> Finding | None:
        """`passed`, `against` or `lacking`; None where there is nothing to look at."""


def listed(policy: PromotionSpec) -> tuple[PromotionRule, ...]:
    """The rules of `promotion.rules`, in their order.

    Raises SpecError where one is no longer installed.
    """
    return tuple(
        PROMOTION_RULES.get(rule.name)(PROMOTION_RULES.options(rule.name, rule.options))
        for rule in policy.rules
    )
