"""What a model says of several images: as CSV, and as one HTML file like the report on one image.

Streamlit is not imported. Files are named only where a reader asked for that.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from bloodui.render.text import decided
from bloodui.reports.html import ReportRequest, image_view
from bloodui.reports.template import template
from models.bundle.card import Card
from models.bundle.manifest import Manifest
from models.opinion import Opinion
from models.rate import percent
from models.table_cell import as_cell

TEMPLATE = "batch.html.j2"
PICTURE_PX = 560
"""Pictures of a report on many are smaller than in that on one: there may be 200."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """An image of several.

    Attributes:
        label: What the image is called, such as "Image 1".
        name: Of its file, where the reader asked for it; else "".
        opinion: None where the image could not be read, or the model failed.
        verdict: Of `verdict_of`.
        why: The reason for the decision, or why there is none.
        report: What the report shows of the image; None where it was not read.
    """

    label: str
    name: str
    opinion: Opinion | None
    verdict: str
    why: str
    report: ReportRequest | None

    @property
    def top_class(self) -> str:
        """The class that comes first, where there are probabilities; else ""."""
        prediction = self.opinion.prediction if self.opinion else None
        return prediction.classes[prediction.top_class] if prediction else ""

    @property
    def probability(self) -> float | None:
        """Of that class, 0–1."""
        prediction = self.opinion.prediction if self.opinion else None
        return float(prediction.probabilities[prediction.top_class]) if prediction else None

    @property
    def quality(self) -> str:
        """The verdict on the image's quality; "" where it was not measured."""
        return self.opinion.quality.verdict if self.opinion else ""


def verdict_of(opinion: Opinion | None, *, is_read: bool) -> str:
    """What came of an image in a word or two; `VERDICTS` has them all."""
    if opinion is None:
        return "No answer" if is_read else "Not read"
    return decided(opinion.decision)


VERDICTS = ("Answered", "Not proven", "Abstained", "Outside", "Declined", "No answer", "Not read")


def batch_csv(entries: Sequence[Entry], manifest: Manifest, *, is_named: bool) -> bytes:
    """A row an image, safe in a spreadsheet; `p_` and a class's name is its probability.

    Args:
        entries: The images.
        manifest: The model's.
        is_named: Whether there is a column with the names of the files.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(
        [
            "image",
            *(["file"] if is_named else []),
            *("sha256", "model", "verdict", "top_class", "probability", "prediction_set"),
            *("quality", "why"),
            *(as_cell(f"p_{name}") for name in manifest.classes),
        ]
    )
    for each in entries:
        prediction = each.opinion.prediction if each.opinion else None
        likely = [f"{p:.6f}" for p in prediction.probabilities] if prediction else []
        chosen = prediction.prediction_set or () if prediction else ()
        row = [
            each.label,
            *([each.name] if is_named else []),
            each.opinion.micrograph.sha256 if each.opinion else "",
            manifest.id,
            each.verdict,
            each.top_class,
            "" if each.probability is None else f"{each.probability:.6f}",
            " ".join(manifest.classes[index] for index in chosen),
            each.quality,
            each.why,
            *(likely or [""] * len(manifest.classes)),
        ]
        table.writerow([as_cell(cell) for cell in row])
    return text.getvalue().encode()


def batch_html(
    entries: Sequence[Entry],
    card: Card,
    figures: Sequence[dict[str, str]],
    *,
    version: str,
    made: dt.datetime,
) -> str:
    """The report on all images: a table of verdicts, each image, and the model once.

    Args:
        entries: At least one with a report.
        card: The model's.
        figures: Rows of the card's table, as the page shows them.
        version: Of this program.
        made: When the report was made, with its time zone.
    """
    manifest = next(each.opinion.manifest for each in entries if each.opinion)
    return template(TEMPLATE).render(
        entries=[
            (
                each,
                "" if each.probability is None else percent(each.probability),
                image_view(each.report, picture_px=PICTURE_PX) if each.report else None,
            )
            for each in entries
        ],
        counts=[
            (verdict, n)
            for verdict in VERDICTS
            if (n := sum(each.verdict == verdict for each in entries))
        ],
        is_named=any(each.name for each in entries),
        manifest=manifest,
        card=card,
        figures=figures,
        version=version,
        made=made.strftime("%Y-%m-%d %H:%M %Z").strip(),
    )
