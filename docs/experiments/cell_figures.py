"""Figures of a run of a cell model, for each data set that was left out, and for people left out.

    python -m docs.experiments.cell_figures RUN

RUN is the folder of `python -m training run blood-cells-mobilenet`. A cell is named where its first
kind is as probable as the bundle's threshold asks for: that of the last split, which makes it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from models.bundle.folder import read_manifest
from models.cells.count import BLAST, KINDS, OTHER

NORMAL = ("lymphocyte", "monocyte", "neutrophil")


def print_figures(run: Path) -> None:
    """Print a line for each split and data set: AUROC of blasts, balanced accuracy, by kind."""
    manifest = read_manifest(run / "bundle")
    print(f"named from {manifest.answer_threshold:.3f}")
    kinds = [kind for kind in KINDS if kind != OTHER]
    for path in sorted(run.glob("*/predictions.csv")):
        for name, cells in pd.read_csv(path).groupby("dataset"):
            cells = cells[cells["truth"] != OTHER]
            truth = cells["truth"].to_numpy()
            said = np.array(kinds)[cells[kinds].to_numpy().argmax(axis=1)]
            first = cells[list(KINDS)].idxmax(axis=1).to_numpy()
            is_blast = truth == BLAST
            right = {kind: (said[truth == kind] == kind).mean() for kind in kinds if kind in truth}
            auroc = "–"
            if is_blast.any() and not is_blast.all():
                auroc = f"{roc_auc_score(is_blast, cells[BLAST]):.3f}"
            is_normal = np.isin(truth, NORMAL)
            is_named = cells[list(KINDS)].to_numpy().max(axis=1) >= manifest.answer_threshold
            print(
                f"{path.parent.name}, {name}: n {len(cells)}, AUROC {auroc}, balanced accuracy "
                f"{np.mean(list(right.values())):.3f} of {len(right)} kinds, normal as blast "
                f"{(first[is_normal] == BLAST).sum()} of {is_normal.sum()}, named so "
                f"{(first[is_normal & is_named] == BLAST).sum()}; named {is_named.mean():.3f}, "
                f"rightly {(first[is_named] == truth[is_named]).sum()} of {is_named.sum()}; "
                + ", ".join(f"{kind} {share:.2f}" for kind, share in right.items())
            )


if __name__ == "__main__":
    print_figures(Path(sys.argv[1]))
