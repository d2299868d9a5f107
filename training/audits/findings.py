"""What a leakage audit can find, and what of it a run must not start on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class LeakageFinding:
    """One way in which a figure on the test part may come out too good.

    Attributes:
        name: A key of `training.recipes.leaks.LEAKS`.
        sentence: The finding for people.
        where: The data set, or the split, that it was found in.
        n: Number of images that it rests on.
        is_blocking: Whether a run refuses to start on it.
        strength, chance: Balanced accuracy of a probe, cross-validated, and what guessing
            reaches, 0 to 1; None for pictures and groups on two sides, which are counted.
        p_value: Of a permutation test of the strength; None where there was none.
        paths: A few of the images, as the index names them.
    """

    name: str
    sentence: str
    where: str
    n: int
    is_blocking: bool
    strength: float | None = None
    chance: float | None = None
    p_value: float | None = None
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LeakageReport:
    """What a leakage audit found.

    Attributes:
        n_images: Number of images that were audited.
        n_probes: Number of probes whether something outside the picture tells the label.
        findings: What was found; those that block first.
        allowed: Names of leaks that the recipe allows.
    """

    n_images: int
    n_probes: int
    findings: tuple[LeakageFinding, ...]
    allowed: tuple[str, ...] = ()

    @property
    def refused(self) -> tuple[LeakageFinding, ...]:
        """Findings that a run must not start on."""
        return tuple(
            found for found in self.findings if found.is_blocking and found.name not in self.allowed
        )

    @property
    def overridden(self) -> tuple[LeakageFinding, ...]:
        """Findings that a run would not start on, had the recipe not allowed them by name."""
        return tuple(
            found for found in self.findings if found.is_blocking and found.name in self.allowed
        )

    def to_dict(self) -> dict[str, Any]:
        """The report in JSON's own types."""
        return asdict(self)

    def in_words(self, found: LeakageFinding) -> str:
        """One finding with its name, and with what a run makes of it."""
        grade = "note"
        if found.is_blocking:
            is_allowed = found.name in self.allowed
            grade = "allowed by the recipe" if is_allowed else "a run would refuse"
        return f"{found.name} ({grade}): {found.sentence}"

    def lines(self) -> Iterator[str]:
        """The report as lines of text."""
        n_findings = len(self.findings)
        yield (
            f"{self.n_images} images, {self.n_probes} probes: {n_findings} "
            f"finding{'' if n_findings == 1 else 's'}"
        )
        for found in self.findings:
            yield self.in_words(found)
            yield from (f"  {path}" for path in found.paths)
        if self.refused:
            yield how_to_override(self.refused)


def how_to_override(findings: tuple[LeakageFinding, ...]) -> str:
    """How a person says that a run may start all the same."""
    names = ", ".join(f'"{name}"' for name in dict.fromkeys(found.name for found in findings))
    return (
        f"To run all the same, write allow_leaks = [{names}] at the top of the recipe; the model's "
        "card will say so in red."
    )
