"""A case in a line, and its differential as a table."""

from __future__ import annotations

from collections.abc import Sequence

from bloodui.render.differential_words import blast_words, left_out_in_words
from bloodui.render.palette import code_of, colour_of
from bloodui.render.text import as_html, unbroken
from models.cells.count import Differential, KindCount


def verdict(counted: Differential, *, n_fields: int, n_cut_off: int) -> str:
    """What was counted, in a line; Markdown."""
    n, fields = counted.n_white, f"{n_fields:,} field{'' if n_fields == 1 else 's'}"
    first = f"{n:,} white cell{'' if n == 1 else 's'} counted in {fields}."
    cut_off = f"Cut off by the edge, not counted: {n_cut_off:,}." if n_cut_off else ""
    unnamed = ""
    if counted.is_mostly_unnamed:
        named = counted.n_white + counted.n_erythroblasts + counted.n_other
        unnamed = (
            f"**The model names {named:,} of {named + counted.n_unnamed:,} cells:** it does not "
            "know such pictures well, and also what it names may be wrong."
            if counted.n_by_reader == 0
            else f"**{counted.n_unnamed:,} of {named + counted.n_unnamed:,} cells have no name.**"
        )
    words = [unnamed, f"**{first}**", *blast_words(counted), left_out_in_words(counted), cut_off]
    return unbroken(" ".join(each for each in words if each))


def in_percent(share: float) -> str:
    """A share as per cent, with a decimal where it is small."""
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def between(low: float, high: float) -> str:
    """Two limits in per cent: "12.7 to 29.2"."""
    return f"{100 * low:.1f} to {100 * high:.1f}"


def differential_html(counted: Differential, classes: Sequence[str]) -> str:
    """The differential as a table: kind, cells, share with its limits, drawn and in numbers.

    Where most cells have no name there are numbers of cells alone, since no share can be told.
    """
    is_told = not counted.is_mostly_unnamed
    rows = "".join(_row(each, list(classes), is_told=is_told) for each in counted.kinds)
    return f'<div class="bloodui-differential" role="table" aria-label="Differential">{rows}</div>'


def _row(count: KindCount, classes: list[str], *, is_told: bool) -> str:
    colour = colour_of(classes, classes.index(count.name))
    mark = f'<span class="code" style="--kind:{colour}">{as_html(code_of(count.name))}</span>'
    share, drawn, limits = "–", "", ""
    if is_told and count.share is not None and count.share.bounds is not None:
        share = as_html(in_percent(count.share.value))
        wide = count.with_error
        drawn = (
            (_reach(wide, "wide") if wide else "")
            + _reach(count.share.bounds, "exact")
            + f'<i class="at" style="left:{100 * count.share.value:.2f}%"></i>'
        )
        limits = between(*count.share.bounds)
        if wide:
            same = between(*wide) == limits
            limits += f"<br>with error: {'the same' if same else between(*wide)}"
    by_reader = f' title="{count.n_by_reader} named by you"' if count.n_by_reader else ""
    return (
        f'<div class="kind" role="row">{mark}'
        f'<span class="name" role="rowheader">{as_html(count.name)}</span>'
        f'<span class="share" role="cell">{share}</span>'
        f'<span class="n" role="cell"{by_reader}>{count.n}</span>'
        f'<span class="drawn" role="presentation">{drawn}</span>'
        f'<span class="limits" role="cell">{limits}</span></div>'
    )


def _reach(limits: tuple[float, float], kind: str) -> str:
    low, high = limits
    return f'<i class="{kind}" style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></i>'
