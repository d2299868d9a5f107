"""What a card measured, in words and rows, for pages and reports: Streamlit is not imported."""

from __future__ import annotations

from collections.abc import Mapping

from models.answer.answer_bound import MOST_EMPTIED, emptied_at
from models.answer.saliency import SALIENCY_METHODS
from models.bundle.card import Card, Evaluation, LeftOut, Timing
from models.bundle.manifest import Manifest
from models.image.degradation import STRENGTHS
from models.rate import Rate, percent

SPLITS: Mapping[str, str] = {
    "random": "images split at random",
    "grouped": "patients, cases or blocks kept apart",
    "leave_one_dataset_out": "each data set left out once",
}
ROBUSTNESS_NOTE = (
    "Accuracy on test images of the model's own that were made worse before its steps, with the "
    "95 % interval over groups. Strength 1 is hardly visible; at 5 no reader would accept the "
    "image. The most probable class counts, whether or not the model would have answered."
)
SHORTCUTS_NOTE = (
    "On the same test images: the model, the model on altered pictures, and baselines that answer "
    "without looking at a cell. A baseline near the model shows what could be a shortcut; p tells "
    "how likely such a figure is by chance (labels exchanged between groups)."
)
DOMAIN_NOTE = (
    "Share of images that the model turns away as not of its own kind: few of its own test images, "
    "and as many as can be of all others. AUROC: how well its distance tells them apart, 0.5 by "
    "chance. Photographs and printed pages stand for what is uploaded by mistake. Intervals are "
    "drawn over groups; where all of these agree, they are Wilson's over groups."
)
SALIENCY_NOTE = (
    "On test images of the model's own. A map may be believed if more of it lies on cells than of "
    "a blob in the middle and of a random map, if blurring what it marks costs more of the answer "
    "than with these (deletion: area under the falling curve, less is better), both with the whole "
    "interval of its lead above 0, and if it changes with the network's weights."
)
EVIDENCE_NOTE = (
    "On test images of the model's own. Cells (or the nucleus, cytoplasm and surroundings of a "
    "single one, or blocks) are taken away one after the other until half of them are gone: the "
    "mean probability of the class over these steps, less being better, beside the same parts in "
    "random order and in the order of Grad-CAM's mean over each. Evidence by cells may be believed "
    "where the whole interval of its lead over random order is above 0. With all gone: how many "
    "images keep their class, and its probability; a model that keeps it reads the picture, not "
    "the cells."
)
RISK_NOTE = (
    "On images that it had not learned from, of its own laboratories; each patient, case or block "
    "counts once. It answers from the loosest threshold at which the share of wrong answers is "
    "proven to stay below what is allowed, with 90 % confidence, and at every stricter one, too; "
    "thresholds are passed over at which it answers less than half of the images, or has too few "
    "patients, cases or blocks to prove anything. Where none is left, it never answers."
)
_EMPTIED_NOTE = (
    "Nor does this model answer from a threshold at which it would answer more than {most} of its "
    "own fields with all cells painted out (n {n}): it would read the picture, not only the cells."
)
SUBGROUPS_NOTE = (
    "Test images of data sets that it learned from, of other groups: none of this is another "
    "laboratory. For that read what was measured with a data set left out, if anything was."
)
MISTAKES_NOTE = "The wrong answers of highest probability among the test images of each class."
_RATES = ("accuracy", "balanced accuracy", "sensitivity", "specificity", "precision")


def rate_in_words(figure: Rate) -> str:
    """A figure with its interval and n: "98.4 % (97.4 to 99.0), n = 946 of 120 groups".

    Rates are in per cent; areas, correlations and errors are plain numbers.
    """
    value = figure.in_percent if figure.name.startswith(_RATES) else figure.in_decimals
    return f"{value}, {figure.size_in_words}"


def timing_in_words(timing: Timing) -> str:
    """A time with its spread and where it was: "21.3 ms (20.9 to 23.0), 2 cores, AMD EPYC"."""
    spread = f"{timing.low_ms:.1f} to {timing.high_ms:.1f}"
    return f"{timing.median_ms:.1f} ms ({spread}), {timing.device}"


def split_in_words(split: str) -> str:
    """A kind of split as a heading: "Patients, cases or blocks kept apart"."""
    words = SPLITS.get(split, split)
    return words[:1].upper() + words[1:]


def figure_rows(evaluation: Evaluation) -> list[dict[str, str]]:
    """A row for each figure of an evaluation, prediction sets included."""
    return [
        {"Figure": figure.name, "Value (95 % interval)": rate_in_words(figure)}
        for figure in evaluation.figures
    ]


def risk_note(manifest: Manifest) -> str:
    """What the curve of a model's risk means."""
    if not manifest.emptied:
        return RISK_NOTE
    n = manifest.emptied[0].n_images
    return f"{RISK_NOTE} {_EMPTIED_NOTE.format(most=percent(MOST_EMPTIED), n=n)}"


def risk_rows(manifest: Manifest) -> list[dict[str, str]]:
    """A row for each threshold that was looked at; empty where nothing was measured."""
    rows = []
    for risk in manifest.risk:
        row = {
            "Answers from": f"{100 * risk.threshold:g} %",
            "Answered": percent(risk.answered),
            "Wrong of those answered": percent(risk.wrong),
            "Proven at most": percent(risk.bound),
            "Patients, cases or blocks": f"{risk.n_groups:,}",
        }
        emptied = emptied_at(manifest.emptied, risk.threshold)
        if emptied is not None:
            row["Answered with all cells painted out"] = percent(emptied.answered)
        rows.append(row)
    return rows


LEFT_OUT_NOTE = (
    "A model of the same recipe that had never seen a data set was shown its images. Its first "
    "class is counted, whether it would have abstained or not."
)


def confusion_rows(evaluation: Evaluation | LeftOut) -> list[dict[str, str]]:
    """A row for each true class, a column for each answer, in images."""
    return [
        {
            "Truth \\ model": truth,
            **{name: str(count) for name, count in zip(evaluation.classes, row, strict=True)},
        }
        for truth, row in zip(evaluation.classes, evaluation.confusion, strict=True)
    ]


def robustness_rows(card: Card) -> list[dict[str, str]]:
    """A row a kind of worse images, a column a strength; empty where it was not measured."""
    found = {(row.kind, row.strength): row.accuracy for row in card.robustness}
    rows = []
    for kind in STRENGTHS:
        cells = {
            f"Strength {strength}": found[kind, strength].in_percent
            for strength in range(1, len(STRENGTHS[kind]) + 1)
            if (kind, strength) in found
        }
        if cells:
            as_it_is = {"As they are": found["", 0].in_percent} if ("", 0) in found else {}
            rows.append({"Made worse by": kind} | as_it_is | cells)
    return rows


def shortcut_rows(card: Card) -> list[dict[str, str]]:
    """A row for everyone who answered in the shortcut audit; empty where there was none."""
    return [
        {
            "Who answered": row.name if row.kind != "altered" else f"the model, {row.name}",
            "Accuracy": row.accuracy.in_percent,
            "Balanced accuracy": row.balanced_accuracy.in_percent,
            "Below the model by (points)": "–"
            if row.kind == "model"
            else f"{100 * row.gap.value:.1f} ({row.gap.interval_in_percent})",
            "By chance (p)": "–" if row.p_value is None else f"{row.p_value:.4f}",
            "n": f"{row.accuracy.n:,}",
        }
        for row in card.shortcuts
    ]


def shortcut_verdict(card: Card, manifest: Manifest) -> tuple[str, ...]:
    """How far above its shortcuts the model is, in sentences; none where there was no audit."""
    if not any(row.kind == "baseline" for row in card.shortcuts):
        return ()
    from training.audits.shortcut_report import ShortcutReport

    report = ShortcutReport(
        model=manifest.id,
        images="",
        classes=manifest.classes,
        majority=0.0,
        subjects=card.shortcuts,
    )
    return report.verdict


def domain_rows(card: Card) -> list[dict[str, str]]:
    """A row for each kind of image that the domain check was tried on; empty where it was not."""
    return [
        {
            "Images": row.kind,
            "Turned away": row.turned_away.in_percent,
            "AUROC of the distance": row.auroc.in_decimals if row.auroc else "–",
            "n": f"{row.turned_away.n:,}",
        }
        for row in card.domain
    ]


def saliency_rows(card: Card) -> list[dict[str, str]]:
    """Three rows for each saliency method that was checked; empty where none was."""
    rows = []
    for check in card.saliency:
        method = SALIENCY_METHODS.get(check.method, check.method)
        verdict = "may be believed" if check.passes else "not to be believed"
        for name, contest in (("On cells", check.share), ("Deletion", check.deletion)):
            rows.append(
                {
                    "Map": method,
                    "Verdict": verdict,
                    "Measure": name,
                    "Its own": contest.own.in_decimals,
                    "Better than a blob by": contest.over_gaussian.in_decimals,
                    "Better than a random map by": contest.over_random.in_decimals,
                    "n": f"{check.n:,}",
                }
            )
        drawn = f"{check.randomised_network:.2f}, the last layer alone {check.randomised_head:.2f}"
        rows.append(
            {
                "Map": method,
                "Verdict": verdict,
                "Measure": "Correlation with maps of random weights",
                "Its own": drawn,
                "Better than a blob by": "–",
                "Better than a random map by": "–",
                "n": f"{check.n:,}",
            }
        )
    return rows


def mistake_rows(card: Card) -> list[dict[str, str]]:
    """A row for each of the surest mistakes; empty where none were collected."""
    return [
        {
            "Truth": mistake.truth,
            "Answer": mistake.answer,
            "Probability": percent(mistake.probability),
            "Of the truth": percent(mistake.truth_probability),
            "File": mistake.path,
            "SHA-256": mistake.sha256,
        }
        for mistake in card.mistakes
    ]


def subgroup_rows(card: Card) -> list[dict[str, str]]:
    """A row for each data set among the test images; empty where none was measured."""
    return [
        {"Figure": figure.name, "Value (95 % interval)": rate_in_words(figure)}
        for figure in card.subgroups
    ]


def lacking(card: Card) -> tuple[str, ...]:
    """What audits could still add to a card, in words; empty where it has everything."""
    parts = {
        "a model beside its shortcuts": card.shortcuts,
        "accuracy on images made worse": card.robustness,
        "the surest mistakes": card.robustness,  # measured together; there may be no mistake
        "what it takes for its own kind": card.domain,
        "checks of the saliency maps": card.saliency,
        "a check of evidence by cells": card.evidence,
        "the time of an inference": card.timing,
    }
    return tuple(name for name, found in parts.items() if not found)
