"""What evidence by cells says of a picture, and how far to believe it, in words and rows."""

from __future__ import annotations

from collections.abc import Sequence

from bloodui.render.overlay import is_doubtful
from models.bundle.card import EvidenceCheck
from models.cells.evidence import Evidence, Remaining
from models.rate import percent

BY_CELLS = "cells"
"""The method, beside the keys of `SALIENCY_METHODS`."""
TITLE = "Evidence by cells"
_MOST_NAMED = 8
_A_POINT = 0.01
_NOUNS = {
    "cells": ("cell", "cells"),
    "parts": ("part of the cell and its surroundings", "parts of the cell and its surroundings"),
    "blocks": ("block of the picture", "blocks of the picture"),
}


def evidence_in_words(evidence: Evidence) -> tuple[str, ...]:
    """Sentences: which parts carry the answer, and what is left of it without them.

    Where the answer stays without any of them, that comes first, and none carries it.
    """
    n, name, half = len(evidence.parts), evidence.class_name, evidence.without_half
    sentences = list(reads_in_words(evidence))
    if n > 1 or not (evidence.reads_the_picture or evidence.are_all_that_is_seen):
        sentences += _on_carriers(evidence)
    if n > 2 and evidence.carriers:
        which = (
            "move it most" if _hardly_falls(evidence) else "speak for it most, or least against it,"
        )
        sentences.append(
            f"With the {half.n_gone} of {n} that {which} gone, it {_said(half, name)}."
        )
    if evidence.are_all_that_is_seen:
        sentences.append("It sees nothing else of the picture: where no cell is found it declines.")
    elif not evidence.reads_the_picture:
        sentences.append(_without_all(evidence, "it"))
    if evidence.n_unweighed:
        sentences.append(
            f"{evidence.n_unweighed} smaller cells were not weighed; they go only with all others."
        )
    return tuple(sentences)


def reads_in_words(evidence: Evidence) -> tuple[str, ...]:
    """That the answer stays without any of the parts, and what that means; empty where it falls."""
    if not evidence.reads_the_picture:
        return ()
    meaning = (
        "So it reads the picture, not the cells."
        if evidence.kind == "cells"
        else "So its answer does not rest on what is there to see."
    )
    return _without_all(evidence, "the model"), meaning


def reads_in_brief(evidence: Evidence) -> str:
    """That the answer stays without any of the parts, in a line; "" where it falls."""
    return " ".join(reads_in_words(evidence))


def evidence_rows(evidence: Evidence) -> list[dict[str, object]]:
    """A row for each part that was weighed, the one that speaks for the class most first."""
    return [
        {
            "Taken away": evidence.parts[number].name.capitalize(),
            f"Log-odds of {evidence.class_name} fall by": round(float(evidence.weights[number]), 2),
            "Carries most": "yes" if number in evidence.carriers else "",
        }
        for number in evidence.order
    ]


def evidence_in_brief(check: EvidenceCheck | None) -> str:
    """Whether evidence by cells may be believed on a model, in a line.

    Args:
        check: Of evidence of that kind on that model; None where it was never checked.
    """
    if check is None:
        return f"{TITLE} was never checked on this model: nothing says how far to believe it."
    if is_doubtful(check):
        return f"{TITLE} failed its check on this model: it is not to be believed."
    return f"{TITLE} passed its check on this model."


def evidence_worth(check: EvidenceCheck | None) -> tuple[str, ...]:
    """Sentences on what evidence by cells is worth on a model, as measured.

    Args:
        check: As in `evidence_in_brief`.
    """
    if check is None:
        return (f"{evidence_in_brief(check)} Its outlines are drawn in grey and faint.",)
    _, several = _NOUNS[check.kind]
    lead = check.over_random
    verdict = (
        "That is clearly better than chance."
        if check.passes
        else "That is not clearly better than chance: its outlines are drawn in grey and faint, "
        "and are not to be believed."
    )
    return (
        f"On {check.n} of this model's test images ({check.groups} groups) {several} were taken "
        "away one after the other, half of them. In the order of this evidence the class keeps a "
        f"mean probability of {check.own.value:.3f}, in random order {check.random:.3f}, in "
        f"Grad-CAM's order {check.grad_cam:.3f}; less is better. The lead over random order is "
        f"{lead.in_decimals}. {verdict}",
        f"With all of them gone {check.keeps_class.in_percent} of these images keep their class; "
        f"its mean probability is {check.probability_without.value:.2f}, the median "
        f"{check.median_without.value:.2f}.",
    )


def checked_rows(checks: Sequence[EvidenceCheck]) -> list[dict[str, str]]:
    """A row for each kind of parts that was checked; empty where none was."""
    return [
        {
            "Taken away": check.kind,
            "Verdict": "may be believed" if check.passes else "not to be believed",
            "Probability, half gone": check.own.in_decimals,
            "Lower than in random order by": check.over_random.in_decimals,
            "Than in Grad-CAM's order by": check.over_grad_cam.in_decimals,
            "Grad-CAM's lead over random": check.grad_cam_over_random.in_decimals,
            "All gone: class stays": check.keeps_class.in_percent,
            "Its probability, mean": check.probability_without.in_decimals,
            "Median": check.median_without.in_decimals,
            "n": f"{check.n:,} of {check.groups:,} groups",
        }
        for check in checks
    ]


def _on_carriers(evidence: Evidence) -> list[str]:
    """Sentences on the parts that carry most: of the answer, or of the little that parts add."""
    n, carriers, name = len(evidence.parts), evidence.carriers, evidence.class_name
    one, several = _NOUNS[evidence.kind]
    k = len(carriers)
    if not carriers:
        which = f"None of the {n} {several}" if n > 1 else f"The one {one} does not"
        return [
            f"{which} {'carries' if n > 1 else 'carry'} the answer {name}: it does not weaken when "
            "one alone is taken away."
        ]
    which = _listed([evidence.parts[number].name for number in sorted(carriers)])
    verb = "carries" if k == 1 else "carry"
    those = "this 1" if k == 1 else f"these {k}"
    if evidence.reads_the_picture:
        first = f"Of what little the {several} add, {those} of {n} {verb} most: {which}."
    elif n > 1 and _hardly_falls(evidence):
        first = f"No few {several} carry the answer {name}; it is moved most by {which}."
    else:
        of = f"{those.capitalize()} of {n} {several}" if n > 1 else f"This {one}"
        first = f"{of} {verb} most of the answer {name}: {which}."
    gone = "it" if k == 1 else "them"
    return [first, f"With {gone} gone the model {_said(evidence.without_carriers, name)}."]


def _hardly_falls(evidence: Evidence) -> bool:
    """Whether the answer stays, less than a point lower, without the parts that carry most."""
    left = evidence.without_carriers
    return left.keeps_class and evidence.probability - left.probability < _A_POINT


def _without_all(evidence: Evidence, who: str) -> str:
    one, several = _NOUNS[evidence.kind]
    everything = evidence.without_all
    all_of = f"all {everything.n_gone} {several}" if everything.n_gone > 1 else f"the {one}"
    return f"With {all_of} gone {who} {_said(everything, evidence.class_name)}."


def _said(remaining: Remaining, class_name: str) -> str:
    share = percent(remaining.probability)
    if remaining.keeps_class:
        return f"still puts {class_name} first ({share})"
    return f"puts {remaining.first_class} first ({class_name}: {share})"


def _listed(names: Sequence[str]) -> str:
    """Names with "and" before the last; of many the first few."""
    if len(names) == 1:
        return names[0]
    numbers = [name.removeprefix("cell ") for name in names]
    if all(number.isdigit() for number in numbers):
        names = [f"cells {numbers[0]}", *numbers[1:]]
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
