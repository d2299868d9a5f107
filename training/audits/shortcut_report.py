"""A model beside its shortcuts: figures with intervals, and what they mean in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.bundle.card import Shortcut
from models.rate import Rate
from training.audits.chance import LEAST_SKILL, skill

MODEL, ALTERED, BASELINE = "model", "altered", "baseline"

# A shortcut that goes half of the model's way from chance explains much of the model.
_MUCH = 0.5
# Over the number of baselines: a clean set raises an alarm in one of a thousand audits.
_SIGNIFICANCE = 0.001


@dataclass(frozen=True, kw_only=True)
class ShortcutReport:
    """What a shortcut audit measured.

    Attributes:
        model: Bundle id.
        images: What was judged, in a sentence.
        classes: Names.
        majority: Share of the largest class in the test part: accuracy of one answer for all.
        subjects: The model first, then the model on altered pictures, then the baselines.
    """

    model: str
    images: str
    classes: tuple[str, ...]
    majority: float
    subjects: tuple[Shortcut, ...]

    @property
    def chance(self) -> float:
        """Balanced accuracy of guessing."""
        return 1 / len(self.classes)

    @property
    def baselines(self) -> tuple[Shortcut, ...]:
        """What answers without looking at a cell."""
        return tuple(subject for subject in self.subjects if subject.kind == BASELINE)

    @property
    def shortcuts(self) -> tuple[str, ...]:
        """Names of the baselines that are well above chance."""
        return tuple(
            subject.name
            for subject in self.baselines
            if is_shortcut(
                subject.balanced_accuracy.value,
                self.chance,
                p_value=subject.p_value,
                n_baselines=len(self.baselines),
            )
        )

    def subject(self, name: str) -> Shortcut:
        """The subject of that name. Raises KeyError where there is none."""
        return {subject.name: subject for subject in self.subjects}[name]

    @property
    def verdict(self) -> tuple[str, ...]:
        """How far above its shortcuts the model is, in sentences."""
        model = self.subjects[0].balanced_accuracy
        best = max(self.baselines, key=lambda subject: subject.balanced_accuracy.value)
        sentences = [self._grade(model, best)]
        if self.shortcuts:
            sentences.append(f"Well above chance without a cell: {', '.join(self.shortcuts)}.")
        for subject in self.subjects:
            if subject.kind != ALTERED:
                continue
            figure = subject.balanced_accuracy
            change = "falls" if subject.gap.is_above(0) else "does not clearly fall"
            left = "still above chance" if figure.is_above(self.chance) else "no better than chance"
            sentences.append(f"With {subject.name} it {change}, to {figure.in_percent}: {left}.")
        return tuple(sentences)

    def _grade(self, model: Rate, best: Shortcut) -> str:
        shortcut = f"{best.name} alone: {best.balanced_accuracy.in_percent}"
        if not model.is_above(self.chance):
            return (
                f"The model's balanced accuracy, {model.in_percent}, is not clearly above chance "
                f"({100 * self.chance:.1f} %); {shortcut}."
            )
        if not best.gap.is_above(0):
            return (
                f"The model, {model.in_percent}, is not clearly better than a shortcut; {shortcut}."
                " Nothing shows that it looks at cells."
            )
        share = skill(best.balanced_accuracy.value, self.chance) / skill(model.value, self.chance)
        amount = "Much" if share >= _MUCH else "Little"
        gap = f"{100 * best.gap.value:.1f} points "
        gap += f"({best.gap.interval_in_percent})"
        return (
            f"The model, {model.in_percent} balanced accuracy, is {gap} above its best shortcut; "
            f"{shortcut}. {amount} of it could be a shortcut: that one goes "
            f"{100 * max(0.0, share):.0f} % of its way from chance."
        )

    def lines(self) -> Iterator[str]:
        """The report as lines of text."""
        yield f"{self.model}: {self.images}"
        for subject in self.subjects:
            yield (
                f"{subject.kind}, {subject.name}: accuracy {subject.accuracy.in_percent}, "
                f"balanced {subject.balanced_accuracy.in_percent}"
            )
        yield f"guessing: accuracy {100 * self.majority:.1f} %, balanced {100 * self.chance:.1f} %"
        yield from self.verdict


def is_shortcut(strength: float, chance: float, *, p_value: float | None, n_baselines: int) -> bool:
    """Whether a balanced accuracy is a quarter of the way from chance to perfect, and no chance."""
    is_strong = skill(strength, chance) >= LEAST_SKILL
    return is_strong and p_value is not None and p_value < _SIGNIFICANCE / n_baselines
