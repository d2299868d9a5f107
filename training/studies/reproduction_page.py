"""A paper done again as one HTML file, and as a section of docs/results.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.rate import Rate
from training.data.adapters import expected_counts
from training.errors import DatasetError
from training.judge.measures import confusion_matrix
from training.judge.predictions import Predictions, read_predictions
from training.runs.curves import STYLE, chart_in_html, learning_chart
from training.studies.claims import Paper
from training.studies.reproduction import (
    HEAD_ALONE,
    PaperRun,
    ReproducedFigure,
    Reproduction,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

_OURS, _CLAIMED, _HONEST = "#2a6f97", "#888888", "#c1666b"
_HEADINGS = (
    "model",
    "figure",
    "claimed",
    "ours, split as the paper",
    "ours, patients, cases or blocks apart",
    "difference on the paper's split",
)
NOT_MEASURED = "not measured"
_FEW_GROUPS = 5
"""Of fewer patients, subjects or cases there is no interval: so few tell of themselves alone."""
_PURPOSE = "For research and teaching, not for diagnosis."


def lines_of(reproduction: Reproduction) -> list[tuple[str, ...]]:
    """The table: a line for each figure that the paper prints, see `_HEADINGS`."""
    return [
        (
            " ".join(filter(None, [each.model, each.classifier])),
            each.figure if each.part == "test" else f"{each.figure}, {_PART_WORDS[each.part]}",
            _number(each, each.claimed, is_ours=False) + (f" ({each.note})" if each.note else ""),
            _measured(each, each.own),
            _measured(each, each.honest),
            _difference(each),
        )
        for each in reproduction.figures
    ]


_PART_WORDS = {
    "validation": "validation",
    "both": "mean of test and validation",
    "training": "training",
}


def _number(figure: ReproducedFigure, value: float | None, *, is_ours: bool = True) -> str:
    if value is None:
        return "–"
    if not figure.is_share:
        return f"{value:,.4g} s"
    return f"{100 * value:.1f} %" if is_ours else f"{100 * value:.4g} %"


def _measured(figure: ReproducedFigure, ours: Rate | None) -> str:
    if ours is None:
        return NOT_MEASURED
    if not figure.is_share:
        return _number(figure, ours.value)
    if ours.groups is not None and ours.groups < _FEW_GROUPS:
        ours = ours.changed(low=None, high=None)
    return f"{ours.in_percent}, {ours.size_in_words}" if ours.n else ours.in_percent


def _difference(figure: ReproducedFigure) -> str:
    if figure.own is None or figure.claimed is None or figure.note:
        return ""
    if figure.is_share:
        return f"{100 * (figure.own.value - figure.claimed):+.1f} points"
    return f"× {figure.own.value / figure.claimed:.2g}" if figure.claimed else ""


def verdict(reproduction: Reproduction) -> str:
    """How many figures were measured, and what became of the accuracies, in a few sentences."""
    if any("a smoke run" in how for how in reproduction.departures.values()):
        return "A smoke run: it shows that all of it runs, and no figure of it means anything."
    claimed = [each for each in reproduction.figures if each.claimed is not None]
    measured = [each for each in claimed if each.own or each.honest]
    words = f"{len(measured)} of {len(claimed)} figures of the paper were measured."
    for each in measured:
        if (each.figure, each.part, each.classifier) != ("accuracy", "test", "") or each.note:
            continue
        how = reproduction.departures.get(each.model, "")
        frozen = ", its backbone frozen" if how.startswith(HEAD_ALONE) else ""
        other = f" (not the paper's protocol{frozen})" if how else ""
        words += f" {each.model}{other}: claimed {_number(each, each.claimed, is_ours=False)}, "
        words += f"here {_measured(each, each.own)}; patients, cases or blocks apart "
        words += f"{_measured(each, each.honest)}."
    return words


def _images_in_words(reproduction: Reproduction) -> str:
    """The images of each data set, beside the number that its release has."""
    parts = []
    for name, n in reproduction.images.items():
        whole = sum(expected_counts(name)[0].values())
        parts.append(f"{name} {n:,}" + (f" of {whole:,}" if whole > n else ""))
    return f"Images: {', '.join(parts)}; {reproduction.created}."


def is_measured(line: Sequence[str]) -> bool:
    """Whether a line of the table has a figure of ours."""
    return tuple(line[3:5]) != (NOT_MEASURED, NOT_MEASURED)


def section_of(described: Paper, reproduction: Reproduction | None, name: str) -> str:
    """A section of the results, as Markdown: the table, what was changed and what was not run.

    Args:
        described: The paper.
        reproduction: What became of it; None where it was not run.
        name: Of the paper.
    """
    parts = [f"### {described.title}", "", f"{described.source}. Its split: {described.split}.", ""]
    if reproduction is None:
        return "\n".join([*parts, f"Not run: `python -m training reproduce {name}`.", ""])
    parts += [f"**{_on_a_line(verdict(reproduction))}**", ""]
    parts += [f"- {_on_a_line(f'{m}: {how}')}" for m, how in reproduction.departures.items()]
    parts += [f"- Not run: {_on_a_line(line)}" for line in _by_reason(reproduction.not_run)]
    run = [line for line in lines_of(reproduction) if is_measured(line)]
    parts += ["", f"| {' | '.join(_HEADINGS)} |", "|" + "---|" * len(_HEADINGS)]
    parts += [f"| {' | '.join(map(_on_a_line, line))} |" for line in run]
    taken = _on_a_line(_images_in_words(reproduction))
    return "\n".join([*parts, "", taken, ""])


def _by_reason(not_run: Mapping[str, str]) -> list[str]:
    """The models that were not run, those of one reason together."""
    reasons: dict[str, list[str]] = {}
    for model, why in not_run.items():
        reasons.setdefault(why, []).append(model)
    return [f"{', '.join(models)}. {why}" for why, models in reasons.items()]


def _on_a_line(words: str) -> str:
    """Words for a line of Markdown, whatever an error has put into them."""
    line = " ".join(words.split()).encode("utf-8", "replace").decode("utf-8")
    return escape(line, quote=False).replace("|", "\\|")


def reproduction_page(
    described: Paper, reproduction: Reproduction, runs: Mapping[str, PaperRun]
) -> str:
    """The page as HTML, whole in itself: verdict, table, and the charts that papers draw.

    Args:
        described: The paper.
        reproduction: Its figures beside ours.
        runs: Every finished run by its model's name.
    """
    page = _Page()
    title = f"{described.title}, done again"
    page.add(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>",
        f"<p><b>{escape(verdict(reproduction))}</b></p>",
        f"<p>{escape(described.source)}. Its split: {escape(described.split)}. {_PURPOSE}</p>",
        _notes(
            f"Not the paper's protocol: {len(reproduction.departures)}",
            [f"{model}: {how}" for model, how in reproduction.departures.items()],
        ),
        _notes(f"Not run: {len(reproduction.not_run)}", _by_reason(reproduction.not_run)),
        f"<p>{escape(_images_in_words(reproduction))}</p>",
        _table(_HEADINGS, sorted(lines_of(reproduction), key=lambda line: not is_measured(line))),
    )
    for figure in (_bench_chart(reproduction), _size_chart(reproduction)):
        if figure is not None:
            page.chart(figure)
    for model, run in runs.items():
        page.add(f"<h2>{escape(model)}</h2>")
        for history in run.histories:
            page.add(
                f"<h3>{escape(history.split.replace('_', ' '))} split, fold {history.fold + 1}: "
                "accuracy and loss over the epochs</h3>"
            )
            page.chart(learning_chart(history, has_key=True))
        for split in run.figures:
            for heading, chart in _answers(run.folder / split, split):
                page.add(f"<h3>{escape(heading)}</h3>")
                page.chart(chart)
    page.add("</html>")
    return page.text


class _Page:
    """The parts of a page; the first chart brings the library along."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._has_library = False

    def add(self, *parts: str) -> None:
        self._parts += [part for part in parts if part]

    def chart(self, figure: go.Figure) -> None:
        self._parts.append(chart_in_html(figure, has_library=not self._has_library))
        self._has_library = True

    @property
    def text(self) -> str:
        return "\n".join(self._parts) + "\n"


def _notes(heading: str, notes: Sequence[str]) -> str:
    if not notes:
        return ""
    lines = "".join(f"<li>{escape(each)}</li>" for each in notes)
    return f"<details open><summary>{heading}</summary><ul>{lines}</ul></details>"


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in line)}</tr>" for line in lines
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _answers(folder: Path, split: str) -> Iterator[tuple[str, go.Figure]]:
    """Confusion matrix and ROC curves of a run's test images."""
    try:
        answers = read_predictions(folder)
    except DatasetError:
        return  # of an earlier version: the table has its figures all the same
    words = f"{split.replace('_', ' ')} split, {len(answers.labels):,} test images"
    yield f"Confusion matrix, {words}", confusion_chart(answers)
    yield f"ROC, {words}", roc_chart(answers)


def confusion_chart(answers: Predictions) -> go.Figure:
    """How many images of each class were given each class; colour is the share of the class."""
    import plotly.graph_objects as go

    counts = confusion_matrix(answers.answers, answers.labels, len(answers.classes))
    names = [escape(name) for name in answers.classes]
    figure = go.Figure(
        go.Heatmap(
            z=counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
            x=names,
            y=names,
            text=counts,
            texttemplate="%{text}",
            zmin=0,
            zmax=1,
            colorscale="Blues",
            showscale=False,
        )
    )
    figure.update_xaxes(title="Answer", side="bottom")
    figure.update_yaxes(title="Truth", autorange="reversed")
    return _sized(figure, height=160 + 42 * len(names))


def roc_chart(answers: Predictions) -> go.Figure:
    """Sensitivity over the share of false alarms, each class against the others."""
    import plotly.graph_objects as go
    from sklearn.metrics import roc_curve

    figure = go.Figure()
    for number, name in enumerate(answers.classes):
        is_it = answers.labels == number
        if is_it.any() and not is_it.all():
            false_alarms, found, _ = roc_curve(is_it, answers.probabilities[:, number])
            figure.add_scatter(x=false_alarms, y=found, name=escape(name), mode="lines")
    figure.update_xaxes(title="1 − specificity", range=[0, 1])
    figure.update_yaxes(title="Sensitivity", range=[0, 1.005])
    return _sized(figure, height=380)


def _bench_chart(reproduction: Reproduction) -> go.Figure | None:
    """The accuracy of each classifier, claimed and ours, as bars; None without a bench."""
    import plotly.graph_objects as go

    found = [e for e in reproduction.figures if e.classifier and e.figure == "accuracy"]
    if not any(each.own or each.honest for each in found):
        return None
    names = [f"{escape(each.model)}: {escape(each.classifier)}" for each in found]
    figure = go.Figure()
    columns = (
        ("claimed", _CLAIMED, [each.claimed for each in found]),
        ("ours, split as the paper", _OURS, [_value(each.own) for each in found]),
        ("ours, subjects apart", _HONEST, [_value(each.honest) for each in found]),
    )
    for name, colour, values in columns:
        figure.add_bar(y=names, x=values, name=name, orientation="h", marker={"color": colour})
    figure.update_xaxes(title="Accuracy", range=[0, 1])
    figure.update_yaxes(autorange="reversed")
    return _sized(figure, height=140 + 34 * len(names))


def _size_chart(reproduction: Reproduction) -> go.Figure | None:
    """Accuracy over seconds of training, claimed and ours; None where seconds are not claimed."""
    import plotly.graph_objects as go

    seconds = {e.model: e for e in reproduction.figures if e.figure == "seconds of training"}
    accuracies = {
        each.model: each
        for each in reproduction.figures
        if (each.figure, each.part) == ("accuracy", "test") and each.model in seconds
    }
    if len(accuracies) < 2:
        return None
    figure = go.Figure()
    figure.add_scatter(
        x=[seconds[model].claimed for model in accuracies],
        y=[each.claimed for each in accuracies.values()],
        text=[escape(model) for model in accuracies],
        mode="markers+text",
        textposition="top center",
        name="claimed",
        marker={"color": _CLAIMED, "size": 11},
    )
    ours = [
        (s.value, a.value, model)
        for model, each in accuracies.items()
        if (s := seconds[model].own) and (a := each.own)
    ]
    figure.add_scatter(
        x=[x for x, _, _ in ours],
        y=[y for _, y, _ in ours],
        text=[escape(model) for _, _, model in ours],
        mode="markers+text",
        textposition="top center",
        name="ours, split as the paper",
        marker={"color": _OURS, "size": 11},
    )
    figure.update_xaxes(title="Seconds of training")
    figure.update_yaxes(title="Accuracy")
    return _sized(figure, height=380)


def _value(ours: Rate | None) -> float | None:
    return None if ours is None else ours.value


def _sized(figure: go.Figure, *, height: int) -> go.Figure:
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 30, "b": 10})
    return figure
