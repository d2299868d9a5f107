"""Evidence by cells on a field of 20 cells, against the plain opinion.

    python -m benchmarks.evidence [--repeats 15] [--model ID] [--cells 20]

Fields are drawn with so many cells as the finder sees; both are asked in turn, warm, about other
fields each time. Evidence: cells found, painted over, and the network asked once for each, and
three times more. It comes after the opinion. Wanted: at most 1 s on two cores.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.clock import in_turn
from benchmarks.peers import MODEL, bundle_of


def main() -> None:
    """Measure, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--model", default=MODEL, help="id of a shipped model")
    parser.add_argument("--cells", type=int, default=20, help="number of cells of a field")
    arguments = parser.parse_args()
    from models.answer.loading import load_answerer
    from models.cells.evidence import evidence_on
    from models.cells.parts import parts_of
    from models.image.micrograph import micrograph_from_rgb
    from models.opinion import Opinion, opinion_on

    model = load_answerer(bundle_of(arguments.model))
    fields = [
        micrograph_from_rgb(rgb)
        for rgb in _fields(arguments.cells, lambda rgb: parts_of(rgb, (0, 0, *rgb.shape[1::-1])))
    ]

    def opinion(number: int) -> Opinion:
        field = fields[number % len(fields)]
        return opinion_on(field, model, despite_domain=True, despite_quality=True)

    given = [opinion(number) for number in range(len(fields))]
    taken = in_turn(
        {
            "opinion": opinion,
            "find": lambda number: parts_of(
                fields[number % len(fields)].rgb, given[number % len(given)].pictures[-1].region
            ),
            "evidence": lambda number: evidence_on(given[number % len(given)], model),
        },
        repeats=arguments.repeats,
        warm_ups=2,
    )
    print(
        f"{arguments.model}, {len(fields)} drawn fields of {arguments.cells} cells: plain opinion "
        f"{taken.median_s('opinion'):.3f} s, evidence by cells {taken.median_s('evidence'):.3f} s "
        f"(finding them {taken.median_s('find'):.3f} s), ratio "
        f"{taken.ratio('evidence', 'opinion'):.1f}; processor time "
        f"{np.median(taken.processor['evidence']):.2f} s. Wanted: at most 1 s."
    )


def _fields(n_cells: int, parts_in: object) -> list[np.ndarray]:
    """Three drawn fields in which so many cells are found."""
    from drawn.smears import draw

    found = []
    for seed in range(400):
        rgb = draw("Pre" if seed % 2 else "Early", seed=seed).rgb
        if len(parts_in(rgb).parts) == n_cells:  # type: ignore[operator]
            found.append(rgb)
        if len(found) == 3:
            break
    if not found:
        raise SystemExit(f"No drawn field has {n_cells} cells. Give another number.")
    return found


if __name__ == "__main__":
    main()
