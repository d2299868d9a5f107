"""How far to believe a bundle's maps, on its own test images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tqdm import tqdm

from models.answer.prediction import softmax
from models.answer.runtime import Model
from models.bundle.card import SaliencyCheck
from models.image.cell_mask import cells_on_input, placed_mask, stained_mask
from models.image.micrograph import read_micrograph
from training.audits.saliency import SaliencyAudit, Viewed, agreements, check_maps, two_groups
from training.audits.saliency_weights import unchanged_part
from training.audits.subject import Subject
from training.data.collection import spread_out
from training.data.index import ImageRecord
from training.errors import DatasetError

if TYPE_CHECKING:
    from training.data.collection import Collection

METHODS = ("grad-cam", "grad-cam++", "layercam")
"""Those that take a moment an image; the others are for who asks for them."""
MAPS = 40
"""Number of images, each of them asked some hundred times."""
# Maps of that many images are made again with other weights: a mean correlation is then known
# to about 0.1.
_MOST_RANDOMISED = 30


def audit_saliency(
    subject: Subject, *, methods: Sequence[str] = METHODS, limit: int = MAPS
) -> SaliencyAudit:
    """Check a bundle's saliency methods on test images of its own split.

    Args:
        subject: Who is audited. An ensemble shows the maps of its first member.
        methods: Keys of `SALIENCY_METHODS`.
        limit: Number of test images, spread evenly; 0 for all. Those without cells are left out.

    Raises:
        DatasetError: The test images have too few cells or groups.
    """
    model = subject.members[0]
    chosen = spread_out(subject.split.test, limit)
    images, n_masks = _viewed(model, subject.collections[0], chosen, methods)
    two_groups(images)
    checks = _checks(model, images, methods)
    sample = f"{checks[0].n} of {len(chosen)} test images, {checks[0].groups} groups; cells from "
    return SaliencyAudit(
        model=model.manifest.id,
        images=f"{sample}{n_masks} masks, else from their stain",
        checks=checks,
        agreement=agreements(images),
    )


def _viewed(
    model: Model, collection: Collection, chosen: np.ndarray, methods: Sequence[str]
) -> tuple[list[Viewed], int]:
    """The images that show cells, with their maps; and on how many the cells are annotated."""
    images, n_masks = [], 0
    for item in tqdm(chosen, desc="Saliency", leave=False, disable=None):
        rgb, record = collection.pictures.rgb[item], collection.records[item]
        micrograph = read_micrograph(record.path.read_bytes())
        seen = model.prepare(micrograph)[-1]
        if seen.is_sheet:
            cells = stained_mask(seen.rgb)
        elif record.mask is None:
            cells = cells_on_input(micrograph.rgb, rgb, seen.region)
        else:
            cells = mask_on_input(record, seen.region, rgb.shape[0])
        if not cells.any():
            continue
        n_masks += record.mask is not None and not seen.is_sheet
        first = int(model.logits(rgb[np.newaxis])[0].argmax())
        images.append(
            Viewed(
                rgb=rgb,
                cells=cells,
                group=int(collection.groups["grouped"][item]),
                class_index=first,
                maps={method: model.explain(rgb, first, method).map for method in methods},
            )
        )
    return images, n_masks


def _checks(
    model: Model, images: Sequence[Viewed], methods: Sequence[str]
) -> tuple[SaliencyCheck, ...]:
    # Weights drawn anew are those of the Keras network
    changeable = model.on_tensorflow()
    step = max(1, -(-len(images) // _MOST_RANDOMISED))
    some = images[::step]
    unchanged = {}
    for method in methods:

        def explain(item: int, method: str = method) -> np.ndarray:
            return changeable.explain(some[item].rgb, some[item].class_index, method).map

        maps = [image.maps[method] for image in some]
        head, whole = (
            unchanged_part(changeable.network, explain, maps, is_head_alone=alone)
            for alone in (True, False)
        )
        unchanged[method] = (head, whole)
    return check_maps(
        lambda rgb: softmax(model.logits(rgb), model.manifest.temperature), images, unchanged
    )


def mask_on_input(
    record: ImageRecord, region: tuple[float, float, float, float], side: int
) -> np.ndarray:
    """The cell's mask, cut and scaled as the model's input was: (side, side) bool.

    Raises:
        DatasetError: The record's mask is not readable.
    """
    mask = cv2.imread(str(record.mask), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise DatasetError(f"The mask of {record.name} cannot be read. Repair the file.")
    return placed_mask(mask, region, side)
