"""`python -m training saliency`: how far to believe a bundle's maps, on its own test images."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from models.bundle import BundleContents, read_bundle
from models.card import SaliencyCheck, parse_card
from models.cells import cells_on_input
from models.errors import DatasetError
from models.keras_archive import load_archive
from models.manifest import CARD_FILE, MODEL_FILE
from models.micrograph import read_micrograph
from models.prediction import softmax
from models.runtime import Model
from models.saliency import SALIENCY_METHODS
from training.audits.own_split import own_split
from training.audits.saliency import SaliencyAudit, Viewed, agreements, check_maps, shares_of
from training.audits.saliency_weights import unchanged_part
from training.collection import spread_out
from training.datasets.index import DatasetIndex, read_index
from training.saliency_check import check_saliency, mask_on_input
from training.stored import write_json

if TYPE_CHECKING:
    import keras

    from training.collection import Collection

METHODS = ("grad-cam", "grad-cam++", "layercam")
"""Those that take a moment an image; the others are for who asks for them."""
LIMIT = 60
# Maps of that many images are made again with other weights: a mean correlation is then known
# to about 0.1.
_MOST_RANDOMISED = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `python -m training saliency`."""
    parser.add_argument("--bundle", type=Path, required=True, help="folder of a bundle")
    parser.add_argument("--index", type=Path, required=True, help="index.csv that it was made from")
    parser.add_argument(
        "--dataset", help="measure the share alone, on all images of this data set with masks"
    )
    parser.add_argument("--method", action="append", choices=tuple(SALIENCY_METHODS))
    parser.add_argument(
        "--limit", type=int, default=LIMIT, help="so many images, evenly; 0 for all"
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write")


def main(arguments: argparse.Namespace) -> int:
    """Measure, write JSON and tell the verdicts."""
    contents, index = read_bundle(arguments.bundle), read_index(arguments.index)
    methods = tuple(arguments.method or METHODS)
    if arguments.dataset:
        write_json(arguments.out, _on_masks(contents, index, arguments, methods))
        return 0
    audit = audit_saliency(contents, index, methods=methods, limit=arguments.limit)
    write_json(arguments.out, audit.to_dict())
    sys.stdout.write("".join(f"{line}\n" for line in audit.lines()))
    return 0


def audit_saliency(
    contents: BundleContents, index: DatasetIndex, *, methods: Sequence[str], limit: int = LIMIT
) -> SaliencyAudit:
    """Check a bundle's saliency methods on test images of its own split.

    Args:
        contents: A verified bundle of one network.
        index: The images that it was made from.
        methods: Keys of `SALIENCY_METHODS`.
        limit: So many test images, spread evenly; 0 for all. Those without cells are left out.

    Raises:
        DatasetError: The bundle is an ensemble, the index another than its own, or its test
            images have too few cells or groups.
    """
    model, network = _loaded(contents)
    collection, split = own_split(model, index)
    chosen = spread_out(split.test, limit)
    images, n_masks = _viewed(model, collection, chosen, methods)
    checks = _checks(model, network, images, methods)
    told = f"{checks[0].n} of {len(chosen)} test images, {checks[0].groups} groups; cells from "
    return SaliencyAudit(
        model=model.manifest.id,
        network_sha256=contents.manifest.files[MODEL_FILE],
        images=f"{told}{n_masks} masks, else from their stain",
        shares=shares_of(images),
        checks=checks,
        agreement=agreements(images),
    )


def _loaded(contents: BundleContents) -> tuple[Model, keras.Model]:
    """The model of a bundle, and the network inside it, whose weights can be drawn anew."""
    if contents.manifest.members:
        raise DatasetError(
            f"Expected a bundle of one network, received the ensemble '{contents.manifest.id}'. "
            f"Its maps are those of its first member: give {contents.manifest.members[0].id}."
        )
    network = load_archive(contents.files[MODEL_FILE])
    card = parse_card(contents.files[CARD_FILE])
    return Model(manifest=contents.manifest, card=card, network=network), network


def _viewed(
    model: Model, collection: Collection, chosen: np.ndarray, methods: Sequence[str]
) -> tuple[list[Viewed], int]:
    """The images that show cells, with their maps; and on how many the cells are annotated."""
    images, n_masks = [], 0
    for item in tqdm(chosen, desc="Saliency", leave=False, disable=None):
        rgb, record = collection.pictures.rgb[item], collection.records[item]
        micrograph = read_micrograph(record.path.read_bytes())
        region = model.prepare(micrograph)[-1].region
        if record.mask is None:
            cells = cells_on_input(micrograph.rgb, rgb, region)
        else:
            cells = mask_on_input(record, region, rgb.shape[0])
        if not cells.any():
            continue
        n_masks += record.mask is not None
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
    model: Model, network: keras.Model, images: Sequence[Viewed], methods: Sequence[str]
) -> tuple[SaliencyCheck, ...]:
    step = max(1, -(-len(images) // _MOST_RANDOMISED))
    some = images[::step]
    unchanged = {}
    for method in methods:

        def explain(item: int, method: str = method) -> np.ndarray:
            return model.explain(some[item].rgb, some[item].class_index, method).map

        maps = [image.maps[method] for image in some]
        head, whole = (
            unchanged_part(network, explain, maps, is_head_alone=alone) for alone in (True, False)
        )
        unchanged[method] = (head, whole)
    return check_maps(
        lambda rgb: softmax(model.logits(rgb), model.manifest.temperature), images, unchanged
    )


def _on_masks(
    contents: BundleContents,
    index: DatasetIndex,
    arguments: argparse.Namespace,
    methods: Sequence[str],
) -> dict[str, object]:
    """The share alone, on the masks of a data set, whatever the model learned from."""
    name = arguments.dataset
    records = [each for each in index.records if each.dataset == name and each.mask is not None]
    if not records:
        raise DatasetError(
            f"Expected images of {name} with masks, received none. "
            "Choose a data set whose rows have a mask."
        )
    if arguments.limit:
        records = records[:: max(1, len(records) // arguments.limit)][: arguments.limit]
    return asdict(check_saliency(_loaded(contents)[0], records, methods=methods, images=name))
