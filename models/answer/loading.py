"""From a bundle's folder to what answers: one network, or an ensemble of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from models.answer.converted import converted
from models.answer.ensemble import Ensemble, member_contents
from models.answer.openvino_network import OpenVinoNetwork
from models.answer.reference import Reference, read_reference
from models.answer.runtime import Model
from models.bundle.card import parse_card
from models.bundle.folder import BundleContents, read_bundle
from models.bundle.keras_file import load_archive
from models.bundle.manifest import (
    CARD_FILE,
    IR_NETWORK,
    IR_WEIGHTS,
    MODEL_FILE,
    REFERENCE_FILE,
)
from models.errors import BundleError

_GPU_DRIVER = Path("/proc/driver/nvidia/version")


def load_model(directory: Path, *, cache: Path | None = None) -> Model:
    """The one network in a bundle, every file of which was compared with its recorded hash.

    Args:
        directory: The bundle's folder.
        cache: Folder where a network is kept for OpenVINO whose bundle has it for Keras alone;
            TensorFlow runs such a one where None.

    Raises:
        BundleTamperedError: a file is altered, missing, added or a link; the message names it.
        BundleError: the folder is no bundle, holds an ensemble, or its network is not what the
            manifest says.
    """
    contents = read_bundle(directory)
    if contents.manifest.members:
        raise BundleError(
            f"'{contents.manifest.id}' is an ensemble, and this takes one network. "
            f"Give one of its members: {', '.join(m.id for m in contents.manifest.members)}."
        )
    return model_of(contents, cache=cache)


def load_answerer(
    directory: Path, *, cache: Path | None = None, threads: int | None = None
) -> Model | Ensemble:
    """Whatever in a bundle gives opinions: a model or an ensemble. As `load_model`.

    Args:
        threads: With which OpenVINO answers; as many as it finds good where None.
    """
    contents = read_bundle(directory)
    if not contents.manifest.members:
        return model_of(contents, cache=cache, threads=threads)
    return Ensemble(
        manifest=contents.manifest,
        card=parse_card(contents.files[CARD_FILE]),
        members=tuple(
            model_of(member, cache=cache, threads=threads) for member in member_contents(contents)
        ),
        reference=_reference(contents),
    )


def model_of(
    contents: BundleContents, *, cache: Path | None = None, threads: int | None = None
) -> Model:
    """The model in a verified bundle of one network, see `load_answerer`. Raises BundleError."""
    manifest, reference = contents.manifest, _reference(contents)
    archive = contents.files[MODEL_FILE]
    compiled: Mapping[str, bytes] | None = None
    if not _has_gpu():
        if IR_NETWORK in contents.files and IR_WEIGHTS in contents.files:
            compiled = contents.files
        elif cache is not None:
            domain = reference.domain if reference else None
            compiled = converted(
                archive,
                cache,
                layer=manifest.saliency_layer,
                domain_layer=domain.layer if domain else manifest.saliency_layer,
            )
    return Model(
        manifest=manifest,
        card=parse_card(contents.files[CARD_FILE]),
        network=lambda: load_archive(archive),
        compiled=OpenVinoNetwork(compiled, threads=threads) if compiled else None,
        reference=reference,
    )


def _has_gpu() -> bool:
    """Whether TensorFlow would answer on a GPU; asked only where its driver is there."""
    if not _GPU_DRIVER.exists():
        return False
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def _reference(contents: BundleContents) -> Reference | None:
    data = contents.files.get(REFERENCE_FILE)
    return read_reference(data) if data is not None else None
