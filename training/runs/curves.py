"""How the networks of a run learned, as one HTML file: curves, best epochs, seconds an epoch."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from training.errors import DatasetError
from training.progress import EpochDone

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MEASURES = ("accuracy", "loss")
_BEST = {"val_loss": "lowest loss", "val_accuracy": "highest accuracy"}
"""What of the validation images settles a best epoch, and how it is marked."""
_FEW_EPOCHS = 12
_FOLD = re.compile(r"fold-\d+")
_TRAIN, _VALIDATION = "#2a6f97", "#c1666b"
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 62em; padding: 0 1em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; } td, th { padding: 0.2em 0.9em 0.2em 0; text-align: left; }
"""


@dataclass(frozen=True, kw_only=True)
class FoldHistory:
    """The figures of every epoch in which the whole network of one fold learned.

    Attributes:
        split: Kind of the split plan.
        fold: Number of the fold, from 0.
        epochs: (n,) int, from 1.
        figures: (n,) float by name: "accuracy", "loss", "val_accuracy", "val_loss" and, of runs
            that measured it, "seconds".
    """

    split: str
    fold: int
    epochs: tuple[int, ...]
    figures: dict[str, tuple[float, ...]]

    def best(self, name: str) -> int | None:
        """Where among the epochs the lowest loss or the highest other figure stands, the first of
        several; None where the figure was never a number."""
        sign = 1 if name.endswith("loss") else -1
        known = [
            (sign * value, place)
            for place, value in enumerate(self.figures.get(name, ()))
            if math.isfinite(value)
        ]
        return min(known)[1] if known else None


def read_histories(run: Path) -> tuple[FoldHistory, ...]:
    """The history of every fold of a run, in the order of splits and folds.

    Args:
        run: Folder of the run.

    Raises:
        DatasetError: No network learned there as a whole, or a history cannot be read.
    """
    found = _histories(run)
    if not found:
        raise DatasetError(
            f"The folder {run.name} holds no history of a network that learned as a whole. Name "
            "the folder of a run whose recipe has fit.epochs above 0."
        )
    return found


def epochs_of(run: Path, split: str) -> tuple[EpochDone, ...]:
    """The same figures of one kind of split as a run reports them; none where no network learned
    there as a whole.

    Raises DatasetError where a history cannot be read.
    """
    return tuple(
        EpochDone(
            split=split,
            fold=history.fold,
            phase="whole",
            epoch=epoch,
            epochs=len(history.epochs),
            values={name: values[place] for name, values in history.figures.items()},
        )
        for history in _histories(run, split)
        for place, epoch in enumerate(history.epochs)
    )


def _histories(run: Path, split: str = "*") -> tuple[FoldHistory, ...]:
    """Those of one kind of split, or of all, in the order of splits and folds."""
    paths = run.glob(f"{split}/fold-*/history.csv")
    found = [_history(path) for path in paths if _FOLD.fullmatch(path.parent.name)]
    return tuple(sorted(found, key=lambda each: (each.split, each.fold)))


def _history(path: Path) -> FoldHistory:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            # An epoch that a stop cut short stands there again, and the last one counts.
            rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
        names = list(next(iter(rows.values()))) if rows else []
        figures = {
            name: tuple(float(rows[epoch][name]) for epoch in sorted(rows))
            for name in names
            if name != "epoch"
        }
    except (OSError, UnicodeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise DatasetError(
            f"The history of {path.parent.parent.name}/{path.parent.name} cannot be read "
            f"({type(error).__name__}). Run the recipe again."
        ) from error
    return FoldHistory(
        split=path.parent.parent.name,
        fold=int(path.parent.name.removeprefix("fold-")),
        epochs=tuple(epoch + 1 for epoch in sorted(rows)),
        figures=figures,
    )


def curves_page(histories: Sequence[FoldHistory], *, title: str, summary: str = "") -> str:
    """The page as HTML, whole in itself.

    Args:
        histories: Of every fold.
        title: Heading.
        summary: What the run's card says in a sentence or two.
    """
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{STYLE}</style><h1>{escape(title)}</h1>",
        f"<p>{escape(summary)}</p>" if summary else "",
        f'<p><span style="color:{_TRAIN}">Images that were learned from</span>, as they were '
        f'varied; <span style="color:{_VALIDATION}">validation images</span>. Dotted are the epoch '
        "of the lowest validation loss and that of the highest validation accuracy. For research "
        "and teaching, not for diagnosis.</p>",
    ]
    for number, history in enumerate(histories):
        name = f"{history.split.replace('_', ' ')} split, fold {history.fold + 1}"
        chart = chart_in_html(learning_chart(history), has_library=not number)
        parts += [f"<h2>{escape(name)}</h2>{chart}", _table(history)]
    return "\n".join(part for part in parts if part) + "\n</html>\n"


def _table(history: FoldHistory) -> str:
    rows = []
    for name, best in _BEST.items():
        place = history.best(name)
        if place is not None:
            figures = (
                f"{each.replace('val_', 'validation ')} {values[place]:.4f}"
                for each, values in history.figures.items()
                if each != "seconds"
            )
            rows.append(
                (
                    f"Epoch of the {best} of validation",
                    f"{history.epochs[place]}: {', '.join(figures)}",
                )
            )
    seconds = history.figures.get("seconds", ())
    if seconds:
        words = f"{median(seconds):.1f} in the middle, {sum(seconds):.0f} in all"
        rows.append(("Seconds an epoch", words))
    rows.append(("Epochs", str(len(history.epochs))))
    lines = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    return f"<table>{lines}</table>"


def chart_in_html(figure: go.Figure, *, has_library: bool) -> str:
    """A chart as a part of a page.

    Args:
        figure: What it shows.
        has_library: Whether it brings along what draws all charts of the page, so that the page
            can be read where there is no network: the first one alone.
    """
    figure.update_layout(template="plotly_white")
    return str(
        figure.to_html(
            full_html=False, include_plotlyjs=has_library, config={"displayModeBar": False}
        )
    )


def learning_chart(history: FoldHistory, *, has_key: bool = False) -> go.Figure:
    """Accuracy and loss over the epochs, of images learned from and of validation images.

    Args:
        history: Of one fold.
        has_key: Whether it says itself which line is which.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=1, cols=2, subplot_titles=[each.capitalize() for each in _MEASURES])
    for column, measure in enumerate(_MEASURES, start=1):
        for name, colour in ((measure, _TRAIN), (f"val_{measure}", _VALIDATION)):
            if name in history.figures:
                line = go.Scatter(
                    x=history.epochs,
                    y=history.figures[name],
                    name="validation" if name.startswith("val_") else "learned from",
                    mode="lines+markers",
                    showlegend=has_key and column == 1,
                    line={"color": colour},
                )
                figure.add_trace(line, row=1, col=column)
        for name, words in _BEST.items():
            place = history.best(name)
            if place is not None:
                figure.add_vline(
                    x=history.epochs[place],
                    line={"dash": "dot", "color": "#888"},
                    annotation_text=words,
                    annotation_position="top left" if name == "val_loss" else "bottom right",
                    row=1,
                    col=column,
                )
    few = len(history.epochs) <= _FEW_EPOCHS
    figure.update_xaxes(title="Epoch", tickformat="d", dtick=1 if few else None)
    figure.update_layout(
        height=340, margin={"l": 10, "r": 10, "t": 50, "b": 10}, showlegend=has_key
    )
    return figure
