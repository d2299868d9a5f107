"""A quiz's results as CSV, one row an answer, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from bloodui.quiz.instructor import Results
from models.table_cell import as_cell

COLUMNS = (
    "alias",
    "image",
    "truth",
    "answer",
    "confidence",
    "elapsed_s",
    "timed_out",
    "correct",
)


def results_csv(results: Results) -> str:
    """Every answer of every resident; images are numbered from 1, as residents see them."""
    classes = results.quiz.rules.classes
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for attempt in results.attempts:
        for given in attempt.answers:
            truth = results.truths[given.position]
            row = (
                attempt.alias,
                given.position + 1,
                classes[truth],
                None if given.answer is None else classes[given.answer],
                given.confidence,
                f"{given.elapsed_s:.1f}",
                str(given.timed_out).lower(),
                str(given.answer == truth).lower(),
            )
            writer.writerow(as_cell(value) for value in row)
    return text.getvalue()
