"""A study of five folds on a Ray cluster of two processors against one of one processor.

Both clusters are real and on this machine; each fold trains in one thread. The study has five folds
at random and five by group of one small recipe, so ten folds that take about as long; reading the
images, joining the cluster, and gathering the answers are in the time of both.

    python benchmarks/ray_study.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

RECIPE = """
title = "Drawn"
task = "all-subtypes"
model = { architecture = "efficientnet-lite0", input_px = 96, weights = { kind = "package" } }
steps = [{ name = "resize", parameters = { size_px = 96, fit = "stretch" } }]
fit = { head_epochs = 0, epochs = 2, batch = 16 }
split = [{ kind = "random", folds = 5 }, { kind = "grouped", folds = 5 }]
"""


def main() -> None:
    """Run the study on one processor, then on two, and print the ratio."""
    from models.tensorflow_environment import LEARNING, tell_tensorflow

    tell_tensorflow(LEARNING)
    from drawn.dataset import write_synthetic_dataset
    from tests.training.ray_cluster import cluster
    from training.data.index import read_index
    from training.studies.plan import parse_study
    from training.studies.study import run_study

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        labels = ("Benign", "Early", "Pre", "Pro")
        index = read_index(
            write_synthetic_dataset(root / "drawn", labels=labels, n_per_label=48, seed=1)
        )
        (root / "drawn-lite0.toml").write_text(RECIPE)
        study = parse_study(
            {"title": "Five folds", "recipes": [str(root / "drawn-lite0.toml")]}, name="five-folds"
        )
        seconds = {}
        for cpus in (1, 2):
            with cluster(cpus=cpus) as found:
                began = time.perf_counter()
                not_run = run_study(study, index, root / str(cpus), ray_address=found.tasks)
                seconds[cpus] = time.perf_counter() - began
            if not_run:
                sys.exit(f"not run: {not_run}")
            print(f"{cpus} processor{'s' if cpus > 1 else ''}: {seconds[cpus]:.0f} s", flush=True)
    print(f"ratio: {seconds[2] / seconds[1]:.2f} (wanted: at most 0.60)")


if __name__ == "__main__":
    main()
