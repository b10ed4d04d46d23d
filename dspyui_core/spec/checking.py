"""The sections of `dataset.checks`, one for each check that can be told more than to run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Slot

from dspyui_core.spec.base import Section

# What follows where a check finds something; `off` leaves it out.
WholeSeverity = Literal["off", "warn", "block"]
RowSeverity = Literal["off", "warn", "quarantine", "block"]
_WHOLE = "What follows where it finds something; block stops a turn, off leaves the check out."
_ROWS = (
    "What follows for the rows it finds: warn counts them, quarantine takes them out, "
    "block stops a turn, off leaves the check out."
)


class ExactDuplicatesSpec(Section):
    """Rows that say again what another row says, whatever their case, width and spaces."""

    severity: WholeSeverity = Slot("warn", description=_WHOLE)


class NearDuplicatesSpec(Section):
    """Rows that nearly repeat others; they share a split in any case."""

    severity: WholeSeverity = Slot("warn", description=_WHOLE)


class ClassBalanceSpec(Section):
    """Label values with few rows; one class alone always blocks."""

    severity: WholeSeverity = Slot("warn", description=_WHOLE)
    largest_to_smallest: float = Slot(
        50, gt=1, description="How many times the rows of the smallest label the largest may have."
    )
    evenness: float = Slot(
        0.5,
        ge=0,
        le=1,
        description="Least entropy of the labels, as a share of what equal shares would have.",
    )


class LabelNoiseSpec(Section):
    """Labels that the other rows make unlikely; they go to the inbox and are never changed."""

    severity: WholeSeverity = Slot("warn", description=_WHOLE)
    minimum_rows: int = Slot(
        100, ge=20, description="Train and validation rows below which it does not judge."
    )
    maximum_rows: int = Slot(
        20_000, ge=100, description="Rows it looks at, drawn by hash where there are more."
    )
    worst: int = Slot(50, ge=1, le=1_000, description="Most labels that it doubts.")


class DriftSpec(Section):
    """Labels and lengths against the version before, beyond what chance does to as many rows."""

    severity: WholeSeverity = Slot("warn", description=_WHOLE)
    stability: float = Slot(
        0.1, gt=0, description="Least population stability index of labels that is drift."
    )
    divergence: float = Slot(
        0.15, gt=0, le=1, description="Least Jensen-Shannon distance of labels that is drift."
    )
    lengths: float = Slot(
        0.1, gt=0, le=1, description="Least Kolmogorov-Smirnov distance of lengths that is drift."
    )


class PersonalDataSpec(Section):
    """E-mail addresses, phone and card numbers, IBANs, IP addresses, keys; reports mask them."""

    severity: RowSeverity = Slot("warn", description=_ROWS)


class InjectedInstructionsSpec(Section):
    """Feedback that speaks to the LM, or hides text: in its comment, correction or inputs."""

    severity: RowSeverity = Slot("quarantine", description=_ROWS)
    longest_blob: int = Slot(
        200, ge=40, description="Characters of encoded text from which on it counts as hidden."
    )


class CopiedInputSpec(Section):
    """Feedback whose corrected text is the input again."""

    severity: RowSeverity = Slot("quarantine", description=_ROWS)
    containment: float = Slot(
        0.95,
        gt=0.5,
        le=1,
        description="Share of a correction's character 4-grams that the input has, and back.",
    )


class LanguageChangeSpec(Section):
    """Corrections in another script or language than the program's other answers."""

    severity: RowSeverity = Slot("warn", description=_ROWS)
    minimum_words: int = Slot(8, ge=4, description="Words below which a language is not guessed.")


class RaterTrustSpec(Section):
    """Users whose words need somebody else's: too many of them, or too many that look wrong."""

    severity: RowSeverity = Slot("quarantine", description=_ROWS)
    minimum_words: int = Slot(
        10, ge=5, description="What a user has to have said before they are judged by it."
    )
    error: float = Slot(
        0.01, gt=0, lt=0.5, description="Chance that any user is distrusted who errs as all do."
    )


class BurstSpec(Section):
    """Much feedback from one user within an hour, or from all who are not authenticated."""

    severity: RowSeverity = Slot("warn", description=_ROWS)
    minimum_words: int = Slot(
        30, ge=5, description="Feedback of one user within an hour that may be a burst."
    )
    error: float = Slot(
        1e-6, gt=0, lt=0.5, description="Chance of so much feedback at the usual rate."
    )


class CheckSections(Section):
    """One section per check, by the check's name."""

    exact_duplicates: ExactDuplicatesSpec = Slot(
        ExactDuplicatesSpec(), description="Rows that repeat others."
    )
    near_duplicates: NearDuplicatesSpec = Slot(
        NearDuplicatesSpec(), description="Rows that nearly repeat others."
    )
    class_balance: ClassBalanceSpec = Slot(ClassBalanceSpec(), description="Rare labels.")
    label_noise: LabelNoiseSpec = Slot(LabelNoiseSpec(), description="Labels that look wrong.")
    drift: DriftSpec = Slot(DriftSpec(), description="What is unlike the version before.")
    personal_data: PersonalDataSpec = Slot(PersonalDataSpec(), description="Personal data.")
    injected_instructions: InjectedInstructionsSpec = Slot(
        InjectedInstructionsSpec(), description="Feedback that speaks to the LM."
    )
    copied_input: CopiedInputSpec = Slot(
        CopiedInputSpec(), description="Corrections that repeat the input."
    )
    language_change: LanguageChangeSpec = Slot(
        LanguageChangeSpec(), description="Corrections in another language."
    )
    rater_trust: RaterTrustSpec = Slot(
        RaterTrustSpec(), description="Users who need somebody to agree with them."
    )
    burst: BurstSpec = Slot(BurstSpec(), description="Much feedback of one user at once.")
