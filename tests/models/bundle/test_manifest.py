"""A manifest holds only what is allowed, comes back as it was, and names the key that is wrong."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from models.bundle.folder import read_manifest
from models.bundle.manifest import Manifest
from models.errors import BundleError


def test_manifest_comes_back_from_json_as_it_was(tiny_bundle: Path) -> None:
    manifest = read_manifest(tiny_bundle)
    assert Manifest.from_json(manifest.to_json()).to_dict() == manifest.to_dict()
    assert copy.deepcopy(manifest).to_dict() == manifest.to_dict()


def test_manifest_cannot_be_changed(tiny_bundle: Path) -> None:
    with pytest.raises(TypeError):
        read_manifest(tiny_bundle).files["model.keras"] = "0" * 64  # type: ignore[index]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", 2),
        ("id", "../secrets"),
        ("id", "Upper-Case"),
        ("id", "ab"),
        ("title", ""),
        ("title", "Two\nlines"),
        ("title", "\x1b[31mred"),
        ("title", "turned \u202eround"),
        ("classes", ["blast", "nor\x00mal"]),
        ("input_px", 0),
        ("input_px", True),
        ("classes", ("Benign",)),
        ("classes", ("Benign", "Benign")),
        ("modality", "x-ray"),
        ("steps", ()),
        ("temperature", 0.0),
        ("temperature", float("nan")),
        ("answer_threshold", 1.5),
        ("created", "yesterday"),
        ("parameters_millions", -1),
        ("files", {"../model.keras": "0" * 64}),
        ("files", {"model.keras": "abc"}),
        ("files", {"manifest.json": "0" * 64}),
    ],
)
def test_manifest_names_the_key_whose_value_is_not_allowed(
    key: str, value: object, tiny_bundle: Path
) -> None:
    with pytest.raises(BundleError, match=rf"\b{key}\S* of the manifest"):
        read_manifest(tiny_bundle).changed(**{key: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_manifest_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match="manifest"):
        Manifest.from_json(text.encode())


def test_manifest_with_half_a_character_is_refused(tiny_bundle: Path) -> None:
    text = read_manifest(tiny_bundle).to_json().decode().replace("Tiny", "\\ud800")
    with pytest.raises(BundleError, match="whole characters"):
        Manifest.from_json(text.encode())
